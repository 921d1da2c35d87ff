//! What must be so before anything is written.

use std::io::{IsTerminal, Write};

use jiff::SignedDuration;

use super::Args;
use crate::access::model::Access;
use crate::cli::source::Source;
use crate::cli::{Outcome, could_not_run};
use crate::jumpserver::spec::{Anchor, Live};
use crate::observed::{self, Observed};
use crate::plan::guard::Removals;
use crate::plan::{CHECKSUM_LEN, Plan, guard};
use crate::repo::{self, Descent};

/// By how much a server's clock may differ from this machine's.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Ends and starts go by the clock: a machine whose clock is wrong must not decide.
pub(super) fn clocks_agree(skew: Option<SignedDuration>) -> Result<(), Outcome> {
    match skew {
        Some(skew) if skew.abs() <= SKEW => Ok(()),
        Some(skew) => Err(could_not_run(&format!(
            "JumpServer's clock differs from this machine's by {} seconds, and 60 are allowed: \
             nothing is applied until both are right",
            skew.as_secs()
        ))),
        None => Err(could_not_run(
            &"JumpServer sent no Date, so nobody knows whether this machine's clock is right",
        )),
    }
}

pub(super) fn leave_out_wrong_clocks(observed: &mut Observed) {
    for instance in observed.instances.values_mut() {
        let Some(skew) = instance.live().map(|live| live.server.skew) else { continue };
        if skew.abs() > SKEW {
            *instance = observed::Instance::Unreadable(format!(
                "its clock differs from this machine's by {} seconds, and 60 are allowed",
                skew.as_secs()
            ));
        }
    }
}

/// An older commit, or another history, must not undo what was applied, unless that is
/// wanted.
pub(super) fn comes_after(
    args: &Args,
    source: &Source,
    commit: &str,
    anchor: Option<&Anchor>,
) -> Result<(), Outcome> {
    let Some(applied) = anchor.and_then(|anchor| anchor.commit.as_deref()) else { return Ok(()) };
    if args.allow_rollback {
        return Ok(());
    }
    let descent = repo::descent(&source.dir, commit, applied);
    match descent.map_err(|error| could_not_run(&error))? {
        Descent::Descends => Ok(()),
        Descent::Elsewhere => Err(could_not_run(&format!(
            "commit {commit} does not come from {applied}, which was applied last: pull, or find \
             out who rewrote the history; --allow-rollback applies it all the same"
        ))),
        Descent::Unknown => Err(could_not_run(&format!(
            "this clone does not have commit {applied}, which was applied last: fetch the whole \
             history (git fetch --unshallow); when that commit is gone for good, \
             --allow-rollback applies this one"
        ))),
    }
}

/// Owned objects without an anchor: somebody deleted it, or the label found nothing.
pub(super) fn anchored(live: &Live, plan: &Plan, new_anchor: bool) -> Result<(), Outcome> {
    // What the first apply takes over is of no apply before.
    let taken = plan.items.iter().filter(|item| item.what.adopts()).count();
    let owned = plan.removals.owned.saturating_sub(taken);
    if live.anchor.is_some() || owned == 0 || new_anchor {
        return Ok(());
    }
    anstream::eprintln!(
        "error: JumpServer has {owned} objects of this owner and no anchor, so nobody knows which \
         commit was applied last. When the anchor was deleted by hand, run once with --new-anchor"
    );
    Err(Outcome::Refused)
}

/// A checksum as `plan` prints it: a text that is none could never be the plan's.
pub(super) fn checksum(text: &str) -> Result<String, String> {
    let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    match text.len() == CHECKSUM_LEN && text.chars().all(hex) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "expected the checksum that `plan` printed: {CHECKSUM_LEN} characters of 0-9 and a-f"
        )),
    }
}

/// Whether the guard and `--expect` let a plan through. What a run took away `before`
/// counts, too.
pub(super) fn allowed(
    args: &Args,
    access: &Access,
    plan: &Plan,
    before: Removals,
) -> Result<(), Outcome> {
    let removals = plan.removals.with(before);
    if let Err(stop) = guard::judge(access.config.guard, removals, args.allow_removals) {
        anstream::eprintln!("error: {stop}");
        return Err(Outcome::Refused);
    }
    match &args.expect {
        Some(expected) if *expected != plan.checksum() => {
            anstream::eprintln!(
                "error: the plan is another one now (checksum {}, expected {expected}): nothing \
                 was done",
                plan.checksum()
            );
            Err(Outcome::Refused)
        }
        _ => Ok(()),
    }
}

/// Asks, unless `--yes` says that nobody is there to answer.
pub(super) fn agreed(args: &Args) -> Result<(), Outcome> {
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(could_not_run(&"nobody is there to answer: --yes applies without asking"));
    }
    anstream::eprint!("\nApply this? Only `yes` does: ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    match std::io::stdin().read_line(&mut answer) {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        _ => {
            anstream::eprintln!("Nothing was done.");
            Err(Outcome::CouldNotRun)
        }
    }
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
