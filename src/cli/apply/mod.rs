//! `jumpgate apply`.
//!
//! Reads and plans without a lock; with nothing to do nothing is written. Otherwise it
//! takes the locks, reads and plans again, carries that out, and reads back. `jumpgate
//! rotate` goes the same way with another plan.

mod anchor;
mod ended;
mod gates;
mod left_out;
mod locks;
mod metrics;
mod passed;
mod place;
mod progress;
mod recorded;
mod result;
mod rounds;
mod sessions;
mod stop;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use self::gates::{allowed, anchored, clocks_agree, comes_after, leave_out_wrong_clocks};
use self::locks::Locks;
use self::metrics::Metrics;
use self::progress::Progress;
pub(super) use self::result::ApplyReport;
use self::rounds::Round;
use self::stop::Stop;
use super::plan::Format;
use super::provenance::{self, Merged, Proof};
use super::source::Source;
use super::{Outcome, block_on, could_not_run, file, width};
use crate::access::model::{Access, Provenance};
use crate::desired::{self, Desired};
use crate::grants::{self, Grant};
use crate::jumpserver::Reader;
use crate::names::InstanceName;
use crate::observed::Observed;
use crate::plan::finding::Severity;
use crate::plan::guard::Removals;
use crate::plan::renew::Which;
use crate::plan::{self, Focus, Plan};
use crate::report::{self, Look, Report};
use crate::{apply, credentials, observe};

#[derive(Debug, clap::Args)]
#[command(mut_arg("rev", |arg| arg.help("The commit to apply [default: HEAD]")))]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) source: Source,
    /// Do not ask: for cron.
    #[arg(long)]
    pub(super) yes: bool,
    /// Apply only the plan with this checksum, as `plan` printed it.
    #[arg(long, value_name = "CHECKSUM", value_parser = gates::checksum)]
    pub(super) expect: Option<String>,
    /// Let the guard pass up to so many accesses that are taken away before their end.
    #[arg(long, value_name = "COUNT")]
    pub(super) allow_removals: Option<usize>,
    /// The server of this instance may be another one than at the last apply.
    #[arg(long, value_name = "INSTANCE")]
    pub(super) new_server: Vec<InstanceName>,
    /// The anchor is gone from JumpServer, and it is right to make it again.
    #[arg(long)]
    pub(super) new_anchor: bool,
    /// Apply this commit although it does not come after the one that was applied last.
    #[arg(long)]
    pub(super) allow_rollback: bool,
    /// Wait at most so many seconds for another run to end, in place of giving up at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(super) lock_timeout: u32,
    /// Write what the run did as Prometheus text, also when it fails. Before anything else it is
    /// tried whether the file can be written.
    #[arg(long, value_name = "FILE")]
    pub(super) metrics_file: Option<PathBuf>,
    /// Write what the run did as JSON to a file too, as `--format json` prints it: for
    /// `jumpgate notify --apply`. A run that has no result leaves the file as it is. Before
    /// anything else it is tried whether the file can be written.
    #[arg(long, value_name = "FILE")]
    pub(super) result_file: Option<PathBuf>,
    /// Ask for at least so much about how something new was merged, whatever policy.yaml says.
    #[arg(long, value_enum, value_name = "HOW")]
    pub(super) provenance: Option<Provenance>,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
}

impl Args {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.lock_timeout.into())
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    start(args, None)
}

/// A run that renews passwords and does nothing else.
pub(super) struct Renewal<'r> {
    /// Whose passwords, by the files.
    pub(super) which: &'r (dyn Fn(&Access) -> Result<Which, Outcome> + Sync),
    /// Whether it only shows what it would do.
    pub(super) dry_run: bool,
}

/// Carries out what git asks for, or a renewal.
pub(super) fn start(args: &Args, renewal: Option<&Renewal<'_>>) -> Outcome {
    // A wrong path would else be told after everything was done, by every run.
    if let Some(Err(error)) = args.metrics_file.as_deref().map(file::can_replace) {
        return could_not_run(&error);
    }
    block_on(async {
        let mut metrics = Metrics::default();
        let (Ok(outcome) | Err(outcome)) = apply(args, renewal, &mut metrics).await;
        match args.metrics_file.as_ref().map(|path| metrics.write(path, outcome)) {
            Some(Err(error)) => outcome.and(could_not_run(&error)),
            _ => outcome,
        }
    })
}

/// The files that are applied, and what they ask for.
struct Asked<'a> {
    access: &'a Access,
    grants: &'a [Grant<'a>],
    commit: &'a str,
    new_servers: BTreeSet<InstanceName>,
    /// How what is new was merged, as far as it was looked at: each round adds to it.
    proof: RefCell<Proof>,
    /// Only passwords are renewed, and these.
    renew: Option<Which>,
}

impl<'a> Asked<'a> {
    fn desired(&self, moment: Timestamp) -> Desired<'a> {
        desired::at(self.access, self.grants, moment)
    }

    /// What a plan is made from, for as long as it takes.
    fn with<T>(
        &self,
        observed: &Observed,
        moment: Timestamp,
        make: impl FnOnce(&plan::Inputs<'_>) -> T,
    ) -> T {
        make(&plan::Inputs {
            access: self.access,
            grants: self.grants,
            desired: &self.desired(moment),
            observed,
            moment,
            new_servers: &self.new_servers,
            unproven: &self.proof.borrow().unproven,
        })
    }

    fn plan(&self, observed: &Observed, moment: Timestamp) -> Plan {
        let mut plan = self.with(observed, moment, |inputs| match &self.renew {
            None => plan::make(inputs),
            Some(which) => plan::renew::make(inputs, which),
        });
        self.proof.borrow().tell(&mut plan);
        plan
    }

    /// What is still to be done after a run; of what else is pending a renewal knows
    /// nothing.
    fn left(&self, observed: &Observed, moment: Timestamp) -> Plan {
        let mut plan = self.with(observed, moment, plan::make);
        if self.renew.is_some() {
            plan.items.retain(plan::renew::renews);
        }
        plan
    }

    /// Which servers are read.
    fn focus(&self) -> Focus {
        let instances = self.renew.as_ref().map(|which| which.instances.clone());
        Focus { instances: instances.unwrap_or_default(), ..Focus::default() }
    }

    fn report(&self, plan: &Plan, observed: &Observed, moment: Timestamp) -> Report {
        let context =
            report::Context { access: self.access, observed, moment, commit: Some(self.commit) };
        Report::of(plan, &context)
    }
}

impl Run<'_> {
    /// What is wanted to be known of how something new was merged.
    fn provenance(&self) -> Provenance {
        let given = self.args.provenance.unwrap_or_default();
        self.asked.access.policy.provenance.max(given)
    }

    /// Finds out how that was merged which is new in the face of these targets.
    async fn prove(&self, observed: &Observed, moment: Timestamp) -> Result<(), Outcome> {
        let Self { args, source, asked, .. } = self;
        if asked.renew.is_some() {
            // A new password gives nobody anything new.
            return Ok(());
        }
        let merged = Merged {
            dir: &source.dir,
            commit: asked.commit,
            access: asked.access,
            grants: asked.grants,
            wanted: self.provenance(),
            anchor: observed.jumpserver.anchor.as_ref().filter(|_| !args.allow_rollback),
            as_it_is: args.allow_rollback,
            moment,
        };
        let new = asked.plan(observed, moment);
        let proof =
            provenance::check(&merged, &new).await.map_err(|error| could_not_run(&error))?;
        asked.proof.borrow_mut().add(proof);
        Ok(())
    }
}

/// With what one run works.
#[derive(Clone, Copy)]
struct Run<'r> {
    args: &'r Args,
    source: &'r Source,
    asked: &'r Asked<'r>,
    reader: &'r Reader,
    stop: &'r Stop,
    /// Whether it only shows what it would do.
    dry_run: bool,
}

async fn apply(
    args: &Args,
    renewal: Option<&Renewal<'_>>,
    metrics: &mut Metrics,
) -> Result<Outcome, Outcome> {
    let source = Source {
        dir: args.source.dir.clone(),
        // What is merged, not what lies about in the folder.
        rev: Some(args.source.rev.clone().unwrap_or_else(|| "HEAD".to_owned())),
    };
    if let Some(path) = &args.result_file {
        file::can_replace(path).map_err(|error| could_not_run(&error))?;
    }
    let (now, stop) = (Timestamp::now(), Stop::default());
    let tree = source.tree()?;
    if args.source.rev.is_none() && renewal.is_none() {
        left_out::note(&args.source.dir, &tree);
    }
    let commit = tree.commit.clone().unwrap_or_default();
    let access = match crate::access::load(&tree, now) {
        Ok(access) => access,
        Err(errors) => {
            super::source::print(&tree, &errors);
            if renewal.is_none() {
                ended::apply(args, &source, &commit, &stop, metrics).await;
            }
            return Err(Outcome::Invalid);
        }
    };
    let grants = grants::of(&access);
    let asked = Asked {
        access: &access,
        grants: &grants,
        commit: &commit,
        new_servers: args.new_server.iter().cloned().collect(),
        proof: RefCell::default(),
        renew: renewal.map(|renewal| (renewal.which)(&access)).transpose()?,
    };
    let environment = &credentials::environment;
    let reader =
        observe::jumpserver(&access, environment).await.map_err(|error| could_not_run(&error))?;
    clocks_agree(reader.skew())?;
    let run = Run {
        args,
        source: &source,
        asked: &asked,
        reader: &reader,
        stop: &stop,
        dry_run: renewal.is_some_and(|renewal| renewal.dry_run),
    };
    rounds::go(&run, metrics).await
}

/// Nothing has to change, and still an older commit must not be applied after this one, and
/// what a run that was cut did not come to say is said.
async fn remember(run: &Run<'_>, observed: &Observed, plan: &Plan) -> Result<(), Outcome> {
    let Run { args, source, asked, reader, stop, .. } = *run;
    let before = anchor::before(run, observed).map_err(|error| could_not_run(&error))?;
    let anchor = anchor::after(asked, observed, &before, &[]);
    if observed.jumpserver.anchor.as_ref() == Some(&anchor) {
        return Ok(());
    }
    let environment = &credentials::environment;
    let locks =
        Locks::take(asked.access, reader, (plan, observed), environment, args.patience(), stop)
            .await?;
    let outcome = match reader.anchor(&asked.access.config.owner).await {
        // Another run came between: it said what there is to say.
        Ok(there) if there != observed.jumpserver.anchor => {
            comes_after(args, source, asked.commit, there.as_ref())
        }
        Ok(_) => locks.writer().put_anchor(&anchor).await.map_err(|error| could_not_run(&error)),
        Err(error) => Err(could_not_run(&error)),
    };
    locks.release().await;
    outcome
}

/// The work that needs the locks.
async fn under_locks(
    run: &Run<'_>,
    locks: &mut Locks,
    confirmed: &Plan,
    before: Removals,
    metrics: &mut Metrics,
) -> Result<Round, Outcome> {
    let Run { args, source, asked, reader, .. } = *run;
    let moment = Timestamp::now();
    let observed = read_locked(asked, reader, locks, moment).await?;
    // Another run may have come between.
    comes_after(args, source, asked.commit, observed.jumpserver.anchor.as_ref())?;
    let plan = asked.plan(&observed, moment);
    anchored(&observed.jumpserver, &plan, args.new_anchor)?;
    asked.proof.borrow().covers(&plan).map_err(|error| could_not_run(&error))?;
    let other = plan.checksum() != confirmed.checksum();
    if other {
        if !args.yes || args.expect.is_some() {
            return Err(could_not_run(
                &"something changed since the plan was shown, so nothing was done; run it again",
            ));
        }
        allowed(args, asked.access, &plan, before)?;
    }
    let report = asked.report(&plan, &observed, moment);
    if args.format == Format::Text && (other || !warns_alike(&plan, confirmed)) {
        anstream::println!("\nSince that plan was made something changed. What is done now:\n");
        show(&report);
    }
    let anchor = anchor::before(run, &observed).map_err(|error| could_not_run(&error))?;
    let writer = locks.writer();
    // A renewal does not apply the commit, so it says nothing of it.
    if asked.renew.is_none()
        && let Err(error) = writer.put_anchor(&anchor).await
    {
        return Err(could_not_run(&error));
    }
    let stop = run.stop.listen();
    let progress = Progress::new(&plan, &report, args.format == Format::Text);
    let outcomes = {
        let means = apply::Means {
            access: asked.access,
            live: &observed.jumpserver,
            reader,
            writer: &writer,
            stop,
        };
        let tell = |place: usize, outcome: &apply::Outcome| progress.tell(place, outcome);
        apply::carry_out(&plan, &means, locks.servers(), &tell).await
    };
    progress.finish();

    // Read back: what is still planned was not kept as it was written.
    let later = Timestamp::now();
    let after = read_locked(asked, reader, locks, later).await.ok();
    let mut round = Round::new(plan, observed, moment, outcomes);
    if let Some(after) = &after {
        let failed: Vec<&InstanceName> = failed_instances(&round.plan, &round.outcomes);
        let last = anchor::after(asked, after, &anchor, &failed);
        if last != anchor
            && asked.renew.is_none()
            && let Err(error) = writer.put_anchor(&last).await
        {
            could_not_run(&error);
            anstream::eprintln!(
                "what was done stands, but JumpServer does not hold which servers it was done on: \
                 run the same command again"
            );
            round.forgotten = true;
        }
        round.unread = result::unread(&round.plan, &round.outcomes, asked.access, after);
        let owner = &asked.access.config.owner;
        metrics.overdue = plan::overdue::oldest(owner, &after.jumpserver, later);
    }
    round.left = after.map(|after| asked.left(&after, later));
    Ok(round)
}

/// Whether two plans warn of the same.
fn warns_alike(one: &Plan, other: &Plan) -> bool {
    let [one, other] = [one, other]
        .map(|plan| plan.findings.iter().filter(|finding| finding.severity != Severity::Notice));
    one.eq(other)
}

fn show(report: &Report) {
    let colours = std::io::stdout().is_terminal();
    anstream::print!("{}", report::render(report, Look { width: width(), colours }));
}

/// Reads again: locked servers by the connection that holds the lock.
async fn read_locked(
    asked: &Asked<'_>,
    reader: &Reader,
    locks: &mut Locks,
    moment: Timestamp,
) -> Result<Observed, Outcome> {
    let desired = asked.desired(moment);
    let environment = &credentials::environment;
    let (focus, locked) = locks.read(asked.access, &desired, &asked.focus()).await;
    let mut observed = observe::all(asked.access, &desired, reader, environment, &focus)
        .await
        .map_err(|error| could_not_run(&error))?;
    observed.instances.extend(locked);
    leave_out_wrong_clocks(&mut observed);
    Ok(observed)
}

fn failed_instances<'a>(plan: &'a Plan, outcomes: &[apply::Outcome]) -> Vec<&'a InstanceName> {
    let items = plan.items.iter().zip(outcomes).filter(|(_, outcome)| !outcome.is_done());
    items
        .filter_map(|(item, _)| match &item.target {
            plan::Target::Instance(name) => Some(name),
            plan::Target::JumpServer => None,
        })
        .collect()
}
