//! When what is merged is invalid: nothing new is given, and the ends that the live marks
//! record and that have passed are still carried out.

use jiff::Timestamp;

use super::Args;
use super::gates::{clocks_agree, comes_after, leave_out_wrong_clocks};
use super::locks::Locks;
use super::metrics::Metrics;
use super::recorded;
use super::rounds::PATIENCE;
use super::stop::Stop;
use crate::access::model::Access;
use crate::cli::source::Source;
use crate::cli::{Outcome, could_not_run};
use crate::desired::Desired;
use crate::grants::{self, Grant};
use crate::jumpserver::Reader;
use crate::jumpserver::spec::Live;
use crate::names::InstanceName;
use crate::observe::Reading;
use crate::observed::{Instance, Observed};
use crate::period::Edge;
use crate::plan::{Focus, ask, overdue};
use crate::repo::{self, Tree};
use crate::visible::clean;
use crate::{access, apply, credentials, desired, observe};

/// How many commits are looked at for one whose files are valid.
const BACK: usize = 100;

/// Carries out the recorded ends that have passed, by the files of the last commit that
/// was valid. Errors are told; the exit code is that of the invalid files.
pub(super) async fn apply(
    args: &Args,
    source: &Source,
    commit: &str,
    stop: &Stop,
    metrics: &mut Metrics,
) {
    let now = Timestamp::now();
    let Some((from, access)) = last_valid(source, commit, now) else {
        anstream::eprintln!(
            "no valid commit among the last {BACK}: recorded ends wait until the files are mended"
        );
        return;
    };
    let short = from.get(..12).unwrap_or(&from);
    anstream::eprintln!("nothing new is given; recorded ends are carried out by commit {short}");
    let grants = grants::of(&access);
    // An error was told where it happened; what was done before it is told all the same.
    let went = ends((args, source, commit), &access, &grants, stop, metrics).await;
    tell(&access, metrics, went.is_ok());
}

/// Says what became of the ends. The marks in JumpServer say what has passed, whether or not the
/// server behind one could be worked on.
fn tell(access: &Access, metrics: &Metrics, whole: bool) {
    let Metrics { done, failed, skipped, .. } = *metrics;
    if done + failed + skipped > 0 {
        let steps = if done == 1 { "step" } else { "steps" };
        let mut text = format!("recorded ends that have passed: {done} {steps} done");
        for (count, how) in [(failed, "failed"), (skipped, "skipped")] {
            if count > 0 {
                text.push_str(&format!(", {count} {how}"));
            }
        }
        anstream::eprintln!("{text}");
    }
    match metrics.overdue {
        Some(end) => {
            let end = Edge::moment(end, &access.config.zone).text;
            anstream::eprintln!("the oldest end that has passed and still stands was {end}");
        }
        None if whole && done + failed + skipped == 0 => {
            anstream::eprintln!("no recorded end has passed");
        }
        None => {}
    }
}

fn last_valid(source: &Source, commit: &str, now: Timestamp) -> Option<(String, Access)> {
    for before in repo::before(&source.dir, commit, BACK).ok()? {
        let tree = Tree::revision(&source.dir, &before).ok()?;
        if let Ok(access) = access::load(&tree, now) {
            return Some((before, access));
        }
    }
    None
}

/// With what the ends are carried out.
struct Ending<'e> {
    args: &'e Args,
    source: &'e Source,
    access: &'e Access,
    grants: &'e [Grant<'e>],
    commit: &'e str,
    reader: &'e Reader,
    stop: &'e Stop,
}

/// Carries out what it can without waiting for a server that is slow to answer, then what is
/// to be done there when it answers in the end.
async fn ends(
    (args, source, commit): (&Args, &Source, &str),
    access: &Access,
    grants: &[Grant<'_>],
    stop: &Stop,
    metrics: &mut Metrics,
) -> Result<(), Outcome> {
    let environment = &credentials::environment;
    let reader =
        observe::jumpserver(access, environment).await.map_err(|error| could_not_run(&error))?;
    clocks_agree(reader.skew())?;
    let desired = desired::at(access, grants, Timestamp::now());
    let ending = Ending { args, source, access, grants, commit, reader: &reader, stop };
    let mut focus = Focus::default();
    let mut reading = Reading::begin(access, &desired, &reader, environment, &focus);
    let late = reading.soon(PATIENCE).await.map_err(|error| could_not_run(&error))?.clone();
    ending.carry_out(reading.observed(), &focus, metrics).await?;
    if stop.heard() {
        return Ok(());
    }
    reading.rest().await.map_err(|error| could_not_run(&error))?;
    let answered = |name: &InstanceName| reading.instance(name).and_then(Instance::live).is_some();
    focus.instances = late.into_iter().filter(answered).collect();
    if focus.instances.is_empty() {
        return Ok(());
    }
    // What was read at first has changed by what was done.
    let again = observe::all(access, &desired, &reader, environment, &focus).await;
    let again = again.map_err(|error| could_not_run(&error))?;
    ending.carry_out(again, &focus, metrics).await
}

impl Ending<'_> {
    /// Carries out the ends at the targets that were read.
    async fn carry_out(
        &self,
        mut observed: Observed,
        focus: &Focus,
        metrics: &mut Metrics,
    ) -> Result<(), Outcome> {
        let Self { args, source, access, grants, commit, reader, stop } = *self;
        let environment = &credentials::environment;
        leave_out_wrong_clocks(&mut observed);
        self.look(&observed.jumpserver, metrics);
        comes_after(args, source, commit, observed.jumpserver.anchor.as_ref())?;
        let plan = recorded::plan(access, grants, &observed, Timestamp::now());
        if plan.is_empty() {
            self.tell_unread(&observed, metrics);
            return Ok(());
        }
        let desired = desired::at(access, grants, Timestamp::now());
        let mut locks =
            Locks::take(access, reader, (&plan, &observed), environment, args.patience(), stop)
                .await?;
        locks.leave_out(&observed);
        let went = self.under_locks(&mut locks, &desired, focus, metrics).await;
        locks.release().await;
        went
    }

    async fn under_locks(
        &self,
        locks: &mut Locks,
        desired: &Desired<'_>,
        focus: &Focus,
        metrics: &mut Metrics,
    ) -> Result<(), Outcome> {
        let Self { args, source, access, grants, commit, reader, stop } = *self;
        let environment = &credentials::environment;
        let (others, locked) = locks.read(access, desired, focus).await;
        let again = observe::all(access, desired, reader, environment, &others).await;
        let mut observed = again.map_err(|error| could_not_run(&error))?;
        // Another run may have come between.
        comes_after(args, source, commit, observed.jumpserver.anchor.as_ref())?;
        observed.instances.extend(locked);
        leave_out_wrong_clocks(&mut observed);
        let plan = recorded::plan(access, grants, &observed, Timestamp::now());
        let writer = locks.writer();
        let live = &observed.jumpserver;
        let means = apply::Means { access, live, reader, writer: &writer, stop: stop.listen() };
        let tell = |place: usize, outcome: &apply::Outcome| {
            if let apply::Outcome::Failed { why } = outcome {
                let name = clean(&plan.items[place].name);
                anstream::eprintln!("FAILED {name}: {}", clean(why));
            }
        };
        let outcomes = apply::carry_out(&plan, &means, locks.servers(), &tell).await;
        metrics.count(&outcomes);
        let after = reader.observe(&ask::jumpserver(access, desired)).await;
        let after = after.map_err(|error| could_not_run(&error))?;
        self.look(&after, metrics);
        self.tell_unread(&observed, metrics);
        Ok(())
    }

    /// Looks for ends that have passed and still stand.
    fn look(&self, live: &Live, metrics: &mut Metrics) {
        metrics.looked = true;
        metrics.overdue = overdue::oldest(&self.access.config.owner, live, Timestamp::now());
    }

    /// Where an end still stands, says which servers it may be on that could not be worked on.
    fn tell_unread(&self, observed: &Observed, metrics: &Metrics) {
        for (name, instance) in &observed.instances {
            if let Instance::Unreadable(why) = instance
                && metrics.overdue.is_some()
            {
                anstream::eprintln!("{name}: {}", clean(why));
            }
        }
    }
}
