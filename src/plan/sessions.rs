//! What becomes of the open sessions of database accounts, as policy sets it for the
//! environment, and what there is to tell about them.
//!
//! `disconnect` ends them right after what they used is gone. `report` counts and leaves
//! them. `disconnect after` needs a memory that outlives the run: the account's mark in
//! JumpServer says `ending` or `narrowing`, and since when. At once the account is locked
//! and loses everything (or what is taken away), so nothing new can be opened; only the
//! last part of the way waits: ending the sessions, dropping the account, settling the
//! mark. Until then an apply finds nothing to do; the first one after that time, or with
//! no session left, goes on. So a run that is cut anywhere is taken up by the next.
//!
//! The server does not say since when a session is open, so after a narrowing the sessions
//! that began meanwhile are ended with the others. Sessions that may be of another hand,
//! as after a password was changed, are ended at once whatever is set.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::accounts::AccountStep;
use super::finding::{Finding, Kind};
use crate::access::sessions::OnEnd;
use crate::handover::{Seen, Step, Way, is_empty};
use crate::jumpserver::spec::SeenAssetAccount;
use crate::mark::{HandoverState, Mark};
use crate::mysql::live::Live;
use crate::mysql::spec::AccountName;
use crate::names::InstanceName;
use crate::period::Edge;

/// The step about sessions of an account of which something ends.
pub(super) fn step(on_end: OnEnd) -> Step {
    match on_end {
        OnEnd::Report => Step::LeaveSessions,
        OnEnd::Disconnect => Step::KillSessions,
        OnEnd::After(_) => Step::AwaitSessions,
    }
}

/// The step about sessions of an account that stays: one that cannot wait when the password
/// is replaced too, since the mark has to become `done`.
pub(super) fn step_of_stay(on_end: OnEnd, way: &Way, new_password: bool) -> Step {
    match on_end {
        _ if way.another_hand => Step::KillSessions,
        OnEnd::After(_) if new_password => Step::KillSessions,
        on_end => step(on_end),
    }
}

/// A step, when it is about sessions.
pub(super) fn about_sessions(step: &AccountStep) -> Option<&Step> {
    match step {
        AccountStep::Handover(
            step @ (Step::KillSessions | Step::LeaveSessions | Step::AwaitSessions),
        ) => Some(step),
        _ => None,
    }
}

/// Since when sessions of an account in this state are left open, by its mark.
fn left_since(account: &SeenAssetAccount, state: HandoverState) -> Option<Timestamp> {
    let handover = account.mark.as_ref()?.handover.as_ref()?;
    handover.ended.filter(|_| handover.state == state)
}

/// Until when the open sessions of an account in this state are left: nothing about them
/// is to be done before. `None` when they are due, none is open, or nobody can see whether
/// one is.
pub(super) fn left_until(
    on_end: OnEnd,
    state: HandoverState,
    seen: &Seen<'_>,
    told: &Told<'_>,
    moment: Timestamp,
) -> Option<Timestamp> {
    let OnEnd::After(_) = on_end else { return None };
    let since = seen.assets.iter().find_map(|(_, account)| left_since((*account)?, state))?;
    let until = on_end.due(since).filter(|until| *until > moment)?;
    told.open().map(|_| until)
}

/// Whether an account has ended already: it is marked as ending, locked, and holds nothing.
/// What is left to do takes nothing away.
pub(super) fn is_over(mark: &Mark, seen: &Seen<'_>) -> bool {
    let ending = mark.handover.as_ref().map(|handover| handover.state);
    ending == Some(HandoverState::Ending) && seen.server.is_none_or(is_empty)
}

/// The steps of an ending account without those that wait: while its sessions are left,
/// and it is locked and holds nothing, there is nothing to do.
pub(super) fn while_left(steps: Vec<Step>) -> Vec<Step> {
    let waits = |step: &Step| {
        matches!(step, Step::AwaitSessions | Step::Drop | Step::DeleteAssetAccount { .. })
    };
    steps.into_iter().filter(|step| !waits(step)).collect()
}

/// The steps about an account that stays without those that settle its mark, which says
/// since when sessions are left.
pub(super) fn while_left_narrowed(steps: Vec<AccountStep>) -> Vec<AccountStep> {
    let waits = |step: &AccountStep| {
        matches!(step, AccountStep::Mark { .. } | AccountStep::Handover(Step::AwaitSessions))
    };
    steps.into_iter().filter(|step| !waits(step)).collect()
}

/// An account whose sessions there is something to tell about.
pub(super) struct Told<'t> {
    pub(super) instance: &'t InstanceName,
    pub(super) name: &'t AccountName,
    pub(super) live: &'t Live,
}

impl Told<'_> {
    /// How many sessions are open, and from where: `2 sessions from 10.8.0.5`.
    fn open(&self) -> Option<(usize, String)> {
        let hosts: Vec<&str> =
            self.live.sessions_of(self.name)?.map(|session| session.from.as_str()).collect();
        let count = hosts.len();
        let from: BTreeSet<&str> = hosts.into_iter().filter(|from| !from.is_empty()).collect();
        let from = from.into_iter().collect::<Vec<_>>().join(", ");
        let sessions = if count == 1 { "session" } else { "sessions" };
        let from = if from.is_empty() { from } else { format!(" from {from}") };
        (count > 0).then(|| (count, format!("{count} {sessions}{from}")))
    }

    /// Sessions that are open on an account of which something ends now.
    pub(super) fn ends(&self, step: &Step, on_end: OnEnd) -> Option<Finding> {
        let (count, open) = self.open()?;
        let (they, are) = if count == 1 { ("it", "is") } else { ("they", "are") };
        let becomes = match (step, on_end) {
            (Step::LeaveSessions, _) => format!("{they} {are} left, as set"),
            (Step::AwaitSessions, OnEnd::After(minutes)) => {
                format!("{they} {are} ended {minutes} minutes after the access")
            }
            _ => format!("{they} {are} ended with the access"),
        };
        let text = format!("{} on {} has {open}: {becomes}", self.name, self.instance);
        Some(Finding::new(Kind::OpenSessions, text))
    }

    /// Sessions that are left for a while.
    pub(super) fn left(&self, until: Timestamp, zone: &TimeZone) -> Option<Finding> {
        let (_, open) = self.open()?;
        let until = Edge::moment(until, zone).text;
        let text = format!(
            "{} on {} has {open} with access that has ended: left until {until}, as set",
            self.name, self.instance
        );
        Some(Finding::new(Kind::OpenSessions, text))
    }

    /// Sessions on an account whose password another hand changed. JumpServer does not know
    /// that password, so one that began since is a direct login.
    pub(super) fn direct(&self, changed: Option<Timestamp>, zone: &TimeZone) -> Option<Finding> {
        let (count, open) = self.open()?;
        let since = match changed {
            Some(at) => format!(" at {}", Edge::moment(at, zone).text),
            None => String::new(),
        };
        let they = if count == 1 { "it is" } else { "they are" };
        let text = format!(
            "{} on {} has {open}, and its password was changed by another hand{since}: JumpServer \
             does not know that password, so a session that began since is a direct login, past \
             JumpServer; {they} ended",
            self.name, self.instance
        );
        let finding = Finding::new(Kind::DirectLogin, text);
        Some(finding.help("ask who works from there; the server's log tells when they logged in"))
    }
}

/// Sessions of accounts that begin like ours and that the server does not have any more.
pub(super) fn of_gone_accounts(instance: &InstanceName, live: &Live) -> Vec<Finding> {
    let known = |user: &str| {
        let first = AccountName { user: user.to_owned(), host: String::new() };
        live.accounts.range(first..).next().is_some_and(|(name, _)| name.user == user)
    };
    let gone: BTreeSet<&str> = live
        .sessions
        .iter()
        .flatten()
        .map(|session| session.user.as_str())
        .filter(|user| !known(user))
        .collect();
    let told = gone.into_iter().filter_map(|user| {
        let name = AccountName { user: user.to_owned(), host: String::new() };
        let (_, open) = Told { instance, name: &name, live }.open()?;
        let text = format!(
            "{user} is no account of {instance} any more and has {open}: what such a session could \
             do in its current database it may do until it ends"
        );
        let finding = Finding::new(Kind::SessionsOutlive, text);
        Some(finding.help("end them on the server (KILL), unless they were left on purpose"))
    });
    told.collect()
}
