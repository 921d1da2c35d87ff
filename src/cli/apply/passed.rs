//! What of a database account has passed the end that its marks record, when the files are
//! invalid: that goes, whatever else a plan would take from the account before its end.
//!
//! What an account holds does not say which request gave it; the lines of the request do. What
//! goes beside that, since git has changed or another hand gave it, waits for valid files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::place::Places;
use crate::access::model::Access;
use crate::adoption::Adoptions;
use crate::desired;
use crate::grants::{self, Grant, Want};
use crate::handover::Step;
use crate::jumpserver::spec::Live;
use crate::mark::{HandoverState, Mark};
use crate::mysql::difference::{Naming, difference};
use crate::mysql::spec::{Change, Grants, Held};
use crate::names::RequestName;
use crate::observed::{Instance, Observed};
use crate::plan::accounts::{AccountChange, AccountStep, over};

/// By what is judged whether something has passed its end.
pub(super) struct Passed<'e> {
    access: &'e Access,
    grants: &'e [Grant<'e>],
    adoptions: Adoptions<'e>,
    observed: &'e Observed,
    moment: Timestamp,
}

impl<'e> Passed<'e> {
    pub(super) fn of(
        access: &'e Access,
        grants: &'e [Grant<'e>],
        observed: &'e Observed,
        moment: Timestamp,
    ) -> Self {
        Self { access, grants, adoptions: Adoptions::of(access), observed, moment }
    }

    pub(super) fn live(&self) -> &'e Live {
        &self.observed.jumpserver
    }

    pub(super) fn moment(&self) -> Timestamp {
        self.moment
    }

    /// The part of a change that carries out recorded ends. `early` says that the whole of it
    /// would take something before its end.
    pub(super) fn account(&self, change: AccountChange, early: bool) -> Option<AccountChange> {
        let marks = self.marks(&change);
        if !change.steps.iter().all(leads_out) {
            return self.narrowed(change, &marks);
        }
        let all = !marks.is_empty() && marks.iter().all(|mark| self.has_ended(mark));
        if all && !early { Some(change) } else { self.stays(change, &marks) }
    }

    /// The marks of an account: those that the steps are about, and that on the instance's own
    /// asset.
    fn marks(&self, change: &AccountChange) -> Vec<&'e Mark> {
        let instance = self.access.instances.get(&change.instance);
        let asset = instance.map(|instance| &instance.asset);
        let about: BTreeSet<Uuid> = change.steps.iter().filter_map(is_about).collect();
        let accounts = self.live().accounts.iter().filter(|(id, seen)| {
            let own = seen.username == change.account.user && Some(&seen.asset) == asset;
            own || about.contains(id)
        });
        let marks = accounts.filter_map(|(id, seen)| Some((id, seen.mark.as_ref()?)));
        let owner = &self.access.config.owner;
        marks.filter(|(id, mark)| mark.id == **id && mark.owner == *owner).map(|(_, m)| m).collect()
    }

    /// Whether all of an account has ended, or is on its way out.
    fn has_ended(&self, mark: &Mark) -> bool {
        state(mark) == Some(HandoverState::Ending)
            || over(mark.end, self.moment)
            || mark.requests.values().all(|end| over(*end, self.moment))
    }

    /// Of an account that stays, what it loses: nothing that it gets, and no new password.
    fn narrowed(&self, mut change: AccountChange, marks: &[&Mark]) -> Option<AccountChange> {
        let ended = self.ended(marks);
        let changes: Vec<&Change> = change.steps.iter().filter_map(grants_of).collect();
        let (held, naming) = self.held(&change)?;
        let kept = Places::of(&self.gave(&change, &ended), held, naming).only(&changes);
        let narrowed = kept.iter().any(Option::is_some);
        let mut kept = kept.into_iter();
        let mut steps = Vec::new();
        for step in std::mem::take(&mut change.steps) {
            match step {
                AccountStep::Grants { .. } => {
                    let change = kept.next().flatten();
                    steps.extend(change.map(|change| AccountStep::Grants { change }));
                }
                AccountStep::Mark { .. } => steps.push(step),
                AccountStep::Handover(ref about) => {
                    if is_about_sessions(about) || matches!(about, Step::MarkNarrowing { .. }) {
                        steps.push(step);
                    }
                }
            }
        }
        // A run that was cut left sessions behind.
        let marked = steps.iter().any(|step| matches!(step, AccountStep::Mark { .. }));
        if !(narrowed || marked && is_cut(marks)) {
            return None;
        }
        self.keep(&mut change, marks, &ended);
        Some(AccountChange { steps, ..change })
    }

    /// Of an account that nobody asks for by these files and that has not ended as a whole, what
    /// it loses.
    fn stays(&self, mut change: AccountChange, marks: &[&Mark]) -> Option<AccountChange> {
        let ended = self.ended(marks);
        let (held, naming) = self.held(&change)?;
        let forgotten: Vec<(String, Uuid)> = change.steps.iter().filter_map(forgets).collect();
        // The one on the instance's own asset is the last.
        let (asset, account) = forgotten.last().cloned()?;
        let sessions = change.steps.iter().find_map(about_sessions)?.clone();
        let known = [Some(HandoverState::Done), Some(HandoverState::Narrowing)];
        if !marks.iter().all(|mark| known.contains(&state(mark))) {
            return None;
        }
        let all = difference(held, &Grants::default(), naming).ok()?;
        let places = Places::of(&self.gave(&change, &ended), held, naming);
        let changes = places.only(&all.iter().collect::<Vec<_>>());
        let changes: Vec<Change> = changes.into_iter().flatten().collect();
        let cut = is_cut(marks);
        if changes.is_empty() && (!cut || self.waits(&change, &sessions, marks)) {
            return None;
        }
        let mut steps = Vec::new();
        if !cut && sessions != Step::LeaveSessions {
            steps.push(AccountStep::Handover(Step::MarkNarrowing { asset, account }));
        }
        steps.extend(changes.into_iter().map(|change| AccountStep::Grants { change }));
        steps.push(AccountStep::Handover(sessions));
        let mark = |(asset, account)| AccountStep::Mark { asset, account };
        steps.extend(forgotten.into_iter().map(mark));
        self.keep(&mut change, marks, &ended);
        Some(AccountChange { steps, ..change })
    }

    /// What the account holds, by the names of its server.
    fn held(&self, change: &AccountChange) -> Option<(&'e Held, Naming)> {
        let live = self.observed.instances.get(&change.instance).and_then(Instance::live)?;
        Some((&live.accounts.get(&change.account)?.held, live.server.dialect.naming()))
    }

    /// The requests whose end has passed by every mark that names them.
    fn ended<'m>(&self, marks: &[&'m Mark]) -> BTreeSet<&'m RequestName> {
        let all: BTreeMap<_, _> = marks.iter().flat_map(|mark| &mark.requests).collect();
        let runs = |request: &RequestName| {
            let mut ends = marks.iter().filter_map(|mark| mark.requests.get(request));
            ends.any(|end| !over(*end, self.moment))
        };
        all.into_keys().filter(|request| !runs(request)).collect()
    }

    /// What requests give to the account by these files.
    fn gave(&self, change: &AccountChange, requests: &BTreeSet<&RequestName>) -> Grants {
        let mut gave = Grants::default();
        let all = requests.iter().flat_map(|request| grants::of_request(self.grants, request));
        for grant in all {
            let Want::Database { instance, level, scope, .. } = grant.want else { continue };
            let holder = self.access.holder(instance);
            if *holder == change.instance
                && self.adoptions.user(self.access, holder, grant.person, level)
                    == change.account.user
                && let Some(privileges) = self.access.config.levels.get(level)
            {
                desired::include(&mut gave, scope, *privileges);
            }
        }
        gave
    }

    /// Lets the marks name what has not ended, also what git does not ask for any more.
    fn keep(&self, change: &mut AccountChange, marks: &[&Mark], ended: &BTreeSet<&RequestName>) {
        change.mark.requests.retain(|request, _| !ended.contains(request));
        for (request, end) in marks.iter().flat_map(|mark| &mark.requests) {
            if !ended.contains(request) {
                change.mark.requests.entry(request.clone()).or_insert(*end);
            }
        }
    }

    /// Whether nothing is to be done yet about sessions that are left open for a time.
    fn waits(&self, change: &AccountChange, sessions: &Step, marks: &[&Mark]) -> bool {
        let since = marks.iter().filter_map(|mark| mark.handover.as_ref()?.ended).max();
        let instance = self.access.instances.get(&change.instance);
        let until = instance.zip(since).and_then(|(instance, since)| {
            self.access.policy.on_end(&instance.environment).due(since)
        });
        *sessions == Step::AwaitSessions && until.is_some_and(|until| until > self.moment)
    }
}

fn state(mark: &Mark) -> Option<HandoverState> {
    mark.handover.as_ref().map(|handover| handover.state)
}

/// Whether a run was cut after it began to take something away.
fn is_cut(marks: &[&Mark]) -> bool {
    marks.iter().any(|mark| state(mark) == Some(HandoverState::Narrowing))
}

/// Whether a step is one of those by which an account goes.
fn leads_out(step: &AccountStep) -> bool {
    let AccountStep::Handover(step) = step else { return false };
    is_about_sessions(step)
        || matches!(
            step,
            Step::MarkEnding { .. }
                | Step::Lock
                | Step::RevokeAll
                | Step::Drop
                | Step::DeleteAssetAccount { .. }
        )
}

/// The account in JumpServer that a step is about.
fn is_about(step: &AccountStep) -> Option<Uuid> {
    match step {
        AccountStep::Mark { account, .. }
        | AccountStep::Handover(
            Step::MarkEnding { account, .. }
            | Step::MarkNarrowing { account, .. }
            | Step::DeleteAssetAccount { account, .. },
        ) => Some(*account),
        _ => None,
    }
}

/// The account that goes from JumpServer by a step, and its asset.
fn forgets(step: &AccountStep) -> Option<(String, Uuid)> {
    match step {
        AccountStep::Handover(Step::DeleteAssetAccount { asset, account }) => {
            Some((asset.clone(), *account))
        }
        _ => None,
    }
}

fn grants_of(step: &AccountStep) -> Option<&Change> {
    match step {
        AccountStep::Grants { change } => Some(change),
        AccountStep::Mark { .. } | AccountStep::Handover(_) => None,
    }
}

fn about_sessions(step: &AccountStep) -> Option<&Step> {
    match step {
        AccountStep::Handover(step) if is_about_sessions(step) => Some(step),
        _ => None,
    }
}

fn is_about_sessions(step: &Step) -> bool {
    matches!(step, Step::KillSessions | Step::LeaveSessions | Step::AwaitSessions)
}

#[cfg(test)]
#[path = "passed_tests.rs"]
mod tests;
