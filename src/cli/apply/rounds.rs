//! A server that is slow to answer holds nobody up: the others are planned and changed while
//! it is waited for, and when it answers in the end, a second round does what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::try_join;
use jiff::Timestamp;

use super::gates::{agreed, allowed, anchored, comes_after, leave_out_wrong_clocks};
use super::locks::Locks;
use super::metrics::Metrics;
use super::result::{self, ApplyReport};
use super::{Asked, Run, remember, show, under_locks};
use crate::cli::{Outcome, could_not_run, plan::Format, print_result};
use crate::names::InstanceName;
use crate::observe::Reading;
use crate::observed::{Instance, Observed};
use crate::plan::finding::{Finding, Severity};
use crate::plan::guard::Removals;
use crate::plan::{self, Focus, Item, Plan};
use crate::visible::clean;
use crate::{apply, credentials};

/// When no database server has answered for so long, the others do not wait any longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// What one round did.
pub(super) struct Round {
    /// What was carried out.
    pub(super) plan: Plan,
    /// What it was made from.
    pub(super) observed: Observed,
    /// The moment that it was made for.
    pub(super) moment: Timestamp,
    /// How each step went.
    pub(super) outcomes: Vec<apply::Outcome>,
    /// What a new look at the systems still asks for; none when they could not be read.
    pub(super) left: Option<Plan>,
    /// Instances where a step was done and that could not be looked at again, and why.
    pub(super) unread: BTreeMap<InstanceName, String>,
    /// Whether the anchor could not be told what was done.
    pub(super) forgotten: bool,
    /// Whether it left out a server that another run holds.
    pub(super) held: bool,
}

impl Round {
    /// Of which nothing was read back yet.
    pub(super) fn new(
        plan: Plan,
        observed: Observed,
        moment: Timestamp,
        outcomes: Vec<apply::Outcome>,
    ) -> Self {
        let (left, unread, forgotten, held) = (None, BTreeMap::new(), false, false);
        Self { plan, observed, moment, outcomes, left, unread, forgotten, held }
    }
}

/// Plans and applies: in one round, or in two when a server answers late.
pub(super) async fn go(run: &Run<'_>, metrics: &mut Metrics) -> Result<Outcome, Outcome> {
    let Run { args, asked, reader, .. } = *run;
    let environment = &credentials::environment;
    let mut rounds = Vec::new();
    let mut silent = BTreeMap::new();
    loop {
        let moment = Timestamp::now();
        let desired = asked.desired(moment);
        let focus = without(asked, &silent);
        let mut reading = Reading::begin(asked.access, &desired, reader, environment, &focus);
        // Somebody who looks at the plan, or has looked at it, wants all of it. A renewal is
        // not urgent, and a second round would renew what the first one did once more.
        let all = !args.yes || args.expect.is_some() || asked.renew.is_some();
        let late = match !all && rounds.is_empty() {
            true => reading.soon(PATIENCE).await.cloned(),
            false => reading.rest().await.map(|()| BTreeSet::new()),
        };
        let late = late.map_err(|error| could_not_run(&error));
        let late = match late {
            Ok(late) => late,
            Err(outcome) => return finish(run, rounds, metrics, Some(outcome)),
        };
        for name in &late {
            anstream::eprintln!("{name} has not answered yet; the others do not wait for it");
        }
        let mut observed = reading.observed();
        observed.instances.extend(silent.clone());
        leave_out_wrong_clocks(&mut observed);
        let before = taken(&rounds);
        let rest = async { reading.rest().await.map_err(|error| could_not_run(&error)) };
        let round = one(run, observed, moment, before, metrics);
        let mut round = match try_join(round, rest).await {
            Ok((round, ())) => round,
            Err(outcome) => return finish(run, rounds, metrics, Some(outcome)),
        };
        // In one run none is waited for twice.
        let held = round.observed.instances.iter();
        silent.extend(
            held.filter(|(_, there)| matches!(there, Instance::Held(_)))
                .map(|(name, there)| (name.clone(), there.clone())),
        );
        let mut answered = false;
        for name in &late {
            match reading.instance(name) {
                Some(Instance::Unreadable(why)) => {
                    anstream::eprintln!("{name}: {}", clean(why));
                    silent.insert(name.clone(), Instance::Unreadable(why.clone()));
                }
                _ => answered = true,
            }
        }
        if !late.is_empty() {
            // They are told as they turned out to be.
            round.observed.instances.extend(silent.clone());
            round.plan.findings = asked.plan(&round.observed, round.moment).findings;
        }
        rounds.push(round);
        if !answered || run.stop.heard() {
            return finish(run, rounds, metrics, None);
        }
    }
}

/// All targets but the silent ones.
fn without(asked: &Asked<'_>, silent: &BTreeMap<InstanceName, Instance>) -> Focus {
    let focus = asked.focus();
    if silent.is_empty() {
        return focus;
    }
    let holders = plan::ask::holders(asked.access);
    let left = holders.filter(|name| focus.reads(name) && !silent.contains_key(*name));
    Focus { jumpserver: true, instances: left.cloned().collect(), people: BTreeSet::new() }
}

/// One round: from what was observed to what was carried out.
async fn one(
    run: &Run<'_>,
    observed: Observed,
    moment: Timestamp,
    before: Removals,
    metrics: &mut Metrics,
) -> Result<Round, Outcome> {
    let Run { args, source, asked, reader, stop, .. } = *run;
    comes_after(args, source, asked.commit, observed.jumpserver.anchor.as_ref())?;
    run.prove(&observed, moment).await?;
    let plan = asked.plan(&observed, moment);
    anchored(&observed.jumpserver, &plan, args.new_anchor)?;
    let report = asked.report(&plan, &observed, moment);
    metrics.errors = report.summary.errors;
    metrics.overdue =
        plan::overdue::oldest(&asked.access.config.owner, &observed.jumpserver, moment);
    metrics.looked = true;
    if run.dry_run {
        match args.format {
            Format::Json => anstream::println!("{}", report.json()),
            Format::Text => show(&report),
        }
        return Err(crate::cli::plan::outcome(&plan, false));
    }
    if plan.is_empty() {
        // A renewal does not apply the commit, so it says nothing of it.
        if asked.renew.is_none() {
            remember(run, &observed, &plan).await?;
        }
        let left = Some(plan.clone());
        return Ok(Round { left, ..Round::new(plan, observed, moment, Vec::new()) });
    }
    if args.format == Format::Text {
        show(&report);
    }
    allowed(args, asked.access, &plan, before)?;
    agreed(args)?;
    let environment = &credentials::environment;
    let mut locks =
        Locks::take(asked.access, reader, (&plan, &observed), environment, args.patience(), stop)
            .await?;
    let held = locks.are_held();
    if held && (!args.yes || args.expect.is_some()) {
        // Somebody who looked at the plan wants all of it.
        locks.release().await;
        could_not_run(
            &"the plan that was shown cannot be carried out as a whole, so nothing was done; run it \
              again",
        );
        return Err(Outcome::Held);
    }
    locks.leave_out(&observed);
    let round = under_locks(run, &mut locks, &plan, before, metrics).await;
    locks.release().await;
    round.map(|round| Round { held, ..round })
}

/// What the rounds so far took away.
fn taken(rounds: &[Round]) -> Removals {
    let removals = rounds.iter().map(|round| round.plan.removals);
    removals.fold(Removals::default(), Removals::with)
}

/// Tells what all rounds did; `stopped` is how another one ended that did nothing.
fn finish(
    run: &Run<'_>,
    rounds: Vec<Round>,
    metrics: &mut Metrics,
    stopped: Option<Outcome>,
) -> Result<Outcome, Outcome> {
    let Run { args, asked, .. } = *run;
    let Some(round) = rounds.into_iter().reduce(joined) else {
        return Err(stopped.unwrap_or(Outcome::Done));
    };
    let Round { mut plan, observed, moment, outcomes, left, unread, forgotten, held } = round;
    if !plan.is_empty() {
        // The guard let it through.
        plan.stop = None;
    }
    let report = asked.report(&plan, &observed, moment);
    metrics.errors = report.summary.errors;
    let quiet = |finding: &Finding| finding.severity == Severity::Notice;
    let (nothing, all_quiet) = (plan.is_empty(), plan.findings.iter().all(quiet));
    let result = ApplyReport::of(report.clone(), &plan, outcomes, left.as_ref());
    let result = result.unread(unread).overdue(metrics.overdue);
    (metrics.done, metrics.failed, metrics.skipped) = result.counts();
    let written = match &args.result_file {
        Some(path) => {
            result.write(path).map_or_else(|error| could_not_run(&error), |()| Outcome::Done)
        }
        None => Outcome::Done,
    };
    let printed = match args.format {
        Format::Json => print_result(&format!("{}\n", result.json())),
        Format::Text if !nothing => print_result(&result.text()),
        Format::Text if all_quiet => print_result(match asked.renew {
            None => "Nothing to do: everything is as git says.\n",
            Some(_) => "Nothing to do: no account that was chosen has such a password.\n",
        }),
        Format::Text => {
            show(&report);
            Outcome::Done
        }
    };
    let kept = if forgotten { Outcome::InPart } else { Outcome::Done };
    let locked = if held { Outcome::Held } else { Outcome::Done };
    let outcome = result.outcome().and(kept).and(locked);
    let outcome = outcome.and(crate::cli::plan::outcome(&plan, false));
    Ok(outcome.and(written).and(printed).and(stopped.unwrap_or(Outcome::Done)))
}

/// Two rounds as one. A step that failed and was tried again is told once.
fn joined(first: Round, second: Round) -> Round {
    let again = |place: usize| {
        let item = &first.plan.items[place];
        let failed = first.outcomes.get(place).is_none_or(|outcome| !outcome.is_done());
        failed && second.plan.items.iter().any(|other| result::same(item, other))
    };
    let mut places: Vec<Option<usize>> = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    let mut outcomes = Vec::new();
    for (place, item) in first.plan.items.iter().enumerate() {
        if again(place) {
            places.push(None);
            continue;
        }
        let mut item = item.clone();
        item.needs = item.needs.iter().filter_map(|need| places[*need]).collect();
        item.after = item.after.iter().filter_map(|after| places[*after]).collect();
        places.push(Some(items.len()));
        items.push(item);
        outcomes.extend(first.outcomes.get(place).cloned());
    }
    let shift = items.len();
    items.extend(second.plan.items.into_iter().map(|mut item| {
        for place in item.needs.iter_mut().chain(&mut item.after) {
            *place += shift;
        }
        item
    }));
    outcomes.extend(second.outcomes);
    let removals = second.plan.removals.with(first.plan.removals);
    // What was read again by the second one is not unread any more.
    let mut unread = first.unread;
    unread.retain(|name, _| second.observed.instances.get(name).and_then(Instance::live).is_none());
    unread.extend(second.unread);
    let held = first.held || second.held;
    Round { plan: Plan { items, removals, ..second.plan }, outcomes, unread, held, ..second }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::people::UserChange;
    use crate::plan::tests::world::World;
    use crate::plan::{Phase, Target, What};

    fn item(name: &str, needs: &[usize]) -> Item {
        let change = UserChange::Create {
            username: name.to_owned(),
            name: name.to_owned(),
            email: String::new(),
        };
        Item {
            target: Target::JumpServer,
            phase: Phase::New,
            person: None,
            others: Default::default(),
            name: name.to_owned(),
            what: What::User { change },
            because: Vec::new(),
            early_end: false,
            sessions: Default::default(),
            needs: needs.to_vec(),
            after: needs.to_vec(),
        }
    }

    /// The second round read the server again after the steps of the first one.
    #[test]
    fn what_is_read_again_is_not_unread() {
        let name: InstanceName = "orders-prod".parse().expect("a name");
        let first = || {
            let why = "the connection broke".to_owned();
            let unread = [(name.clone(), why)].into();
            Round { unread, ..round(Vec::new(), Vec::new(), 0) }
        };
        let again = |observed| Round { observed, ..round(Vec::new(), Vec::new(), 0) };
        assert!(joined(first(), again(World::new().observed)).unread.is_empty());
        assert_eq!(joined(first(), again(Observed::default())).unread, first().unread);
    }

    fn round(items: Vec<Item>, outcomes: Vec<apply::Outcome>, counted: usize) -> Round {
        let removals = Removals { counted, ended: 0, owned: 9 };
        let plan = Plan { items, findings: Vec::new(), removals, stop: None, narrowed: false };
        Round::new(plan, Observed::default(), Timestamp::UNIX_EPOCH, outcomes)
    }

    #[test]
    fn two_rounds_are_told_as_one() {
        let done = || apply::Outcome::Done { note: None, sessions: Default::default() };
        let failed = || apply::Outcome::Failed { why: "no".to_owned() };
        let first = vec![item("a", &[]), item("b", &[]), item("c", &[0, 1]), item("d", &[1])];
        let first = round(first, vec![done(), failed(), done(), failed()], 2);
        let second = round(vec![item("b", &[]), item("e", &[0])], vec![done(), failed()], 1);
        let both = joined(first, second);
        let told: Vec<(&str, &[usize], bool)> = both
            .plan
            .items
            .iter()
            .zip(&both.outcomes)
            .map(|(item, outcome)| (item.name.as_str(), &*item.needs, outcome.is_done()))
            .collect();
        // b was tried again; d was not, and stays as it failed.
        let expected: [(&str, &[usize], bool); 5] = [
            ("a", &[], true),
            ("c", &[0], true),
            ("d", &[], false),
            ("b", &[], true),
            ("e", &[3], false),
        ];
        assert_eq!(told, expected);
        assert_eq!(both.plan.removals.counted, 3);
    }
}
