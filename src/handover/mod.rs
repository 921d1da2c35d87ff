//! The password's way between JumpServer and a database server, as steps.
//!
//! JumpServer knows a password before the server has it, or the server has the one that
//! JumpServer knows beside it. The mark of the account in JumpServer says how far the
//! password is: `pending` before the server is touched, `done` with the server's own time
//! of the change once it was read back, `narrowing` while something is taken away and
//! sessions are ended, `rotating` before the server gets a second password, `ending` while
//! the account goes. From any state in which a run was cut, the same function gives the
//! steps that lead on. Passwords and generations are made when the steps are carried out:
//! the same state gives the same steps.
//!
//! Where the server keeps an old password beside the new one, a password in use is replaced
//! without a moment in which what JumpServer holds does not work. The server has two places,
//! and the one thing that must hold is that JumpServer's password is in one of them: when it
//! is the present one, the new one is added (RETAIN CURRENT PASSWORD moves it to the second
//! place); when it is the old one already, since a run was cut there, only the present one
//! is replaced. JumpServer gets the new one then, the instance's own asset last, and the old
//! one is discarded.

mod adopt;
mod release;
mod step;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::jumpserver::spec::SeenAssetAccount;
use crate::mark::{Handover, HandoverState};
use crate::mysql::spec::{Held, SeenAccount};
use crate::names::Owner;

pub use adopt::{Unfit, adoption};
pub use release::release;
pub use step::Step;

/// What was seen of one account on both sides.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// The account on the server.
    pub server: Option<&'a SeenAccount>,
    /// The account on each asset that is to have it: the instance's own asset first, then
    /// those of its replicas and aliases.
    pub assets: Vec<(&'a str, Option<&'a SeenAssetAccount>)>,
    /// Accounts of the same name with our mark on assets that were the instance's before.
    pub former: Vec<&'a SeenAssetAccount>,
    /// Accounts of the same name with our mark on assets of aliases that cannot be opened now:
    /// they say that the account is ours, and go with it, and else nothing happens to them.
    pub closed: Vec<&'a SeenAssetAccount>,
    /// Whether the server can keep an old password of this account beside a new one.
    pub keeps_old: bool,
    /// Whether the account is to get a new password in any case.
    pub renew: bool,
    /// The host of the accounts at the last apply, when it was another one and nothing shows
    /// that what the server has at the new one is ours.
    pub moved_from: Option<&'a str>,
}

/// Something that a reader of the plan should know about the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// The password was changed by another hand; it is replaced.
    PasswordChanged,
    /// An old password still works beside the present one; it is discarded.
    OldPassword,
    /// A run that renewed the password was cut; this is led to its end.
    RenewalCut,
    /// The account is gone from the server by another hand; it is made again.
    GoneFromServer,
    /// The account is gone from an asset by another hand, or was made anew there.
    GoneFromAsset {
        /// The asset.
        asset: String,
    },
    /// Someone locked the account. That is a decision: the lock stays.
    Locked,
    /// Our mark stands there without our label.
    LabelStripped {
        /// The asset.
        asset: String,
    },
    /// Someone switched the account off in JumpServer. That is a decision: it stays.
    SwitchedOff {
        /// The asset.
        asset: String,
    },
}

/// Why nothing can be done about an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "conflict", rename_all = "kebab-case")]
pub enum Conflict {
    /// The server has an account of this name that is not ours.
    #[error("the server already has this account, and jumpgate did not make it")]
    OnServer,
    /// The host of the accounts changed, and the server has an account of this name at the new
    /// one that is not ours.
    #[error(
        "the server already has this account, and jumpgate did not make it: its own stands at the \
         `account-host` of the last apply, {former}, and stays as it is until this one is gone"
    )]
    AtNewHost {
        /// The host of before.
        former: String,
    },
    /// An asset has an account of this name that is not ours.
    #[error("asset {asset} already has this account in JumpServer, and jumpgate did not make it")]
    OnAsset {
        /// The asset.
        asset: String,
    },
    /// An account carries our label, but not our mark: a copy, or edited by hand.
    #[error(
        "the account on asset {asset} carries our label without our mark: a copy, or edited by hand"
    )]
    Copy {
        /// The asset.
        asset: String,
    },
}

/// The steps for one account, in order, and what to tell about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Way {
    /// The steps; a step is carried out only after all before it.
    pub steps: Vec<Step>,
    /// For the reader of the plan.
    pub notes: Vec<Note>,
    /// Whether open sessions must be ended, even when nothing is taken away now: they may
    /// be of another hand, or of before a run that was cut.
    pub ends_sessions: bool,
    /// Whether they may be of another hand: then they are ended whatever is set.
    pub another_hand: bool,
}

/// Whose an account on an asset is.
enum Whose<'a> {
    Nobodys,
    Ours(&'a SeenAssetAccount, &'a Handover),
}

/// The way to an account that is wanted.
///
/// # Errors
/// A [`Conflict`] when something of another hand is in the way.
pub fn toward(owner: &Owner, seen: &Seen<'_>) -> Result<Way, Conflict> {
    let mut way = Way::default();
    let mut owned = !(seen.former.is_empty() && seen.closed.is_empty());
    let mut states = Vec::new();
    for (asset, account) in &seen.assets {
        match whose(owner, asset, *account)? {
            Whose::Nobodys => states.push(None),
            Whose::Ours(account, handover) => {
                owned = true;
                note_asset(&mut way.notes, asset, account);
                states.push(Some(handover));
            }
        }
    }
    let evidence = seen.server.and_then(|server| server.evidence.as_ref());
    let evidently = evidence.is_some_and(|evidence| evidence.owner == owner.as_str());
    if seen.server.is_some() && !evidently {
        if !owned {
            return Err(Conflict::OnServer);
        }
        if let Some(former) = seen.moved_from {
            return Err(Conflict::AtNewHost { former: former.to_owned() });
        }
    }

    let any =
        |state: HandoverState| states.iter().flatten().any(|handover| handover.state == state);
    let locked = seen.server.is_some_and(|server| server.locked);
    let ending = |one: &&Handover| one.state == HandoverState::Ending;
    let locked_by_us =
        locked && states.iter().copied().flatten().filter(ending).any(|one| !one.locked_before);
    // A cut run may have taken something away, or replaced the password of another hand.
    way.ends_sessions = seen.server.is_some()
        && [
            HandoverState::Ending,
            HandoverState::Pending,
            HandoverState::Narrowing,
            HandoverState::Rotating,
        ]
        .into_iter()
        .any(any);
    way.another_hand = seen.server.is_some() && any(HandoverState::Pending);
    let stands = stands(states.first().copied().flatten(), seen.server);
    if stands == Stands::Present && alike(&states) && !seen.renew {
        if seen.server.is_some_and(|server| server.old_password) {
            way.notes.push(Note::OldPassword);
            way.steps.push(Step::DiscardOldPassword);
        }
        way.steps.push(Step::Grants);
    } else if seen.keeps_old && matches!(stands, Stands::Present | Stands::Old) {
        if any(HandoverState::Rotating) {
            way.notes.push(Note::RenewalCut);
        }
        beside(&mut way, seen, stands, any(HandoverState::Rotating));
    } else {
        let changed = stands == Stands::No { changed: true };
        way.ends_sessions |= changed;
        way.another_hand |= changed;
        if owned || evidently {
            note_gone(&mut way.notes, seen, &states, changed);
        }
        for (asset, account) in &seen.assets {
            let account = account.map(|account| account.id);
            way.steps.push(Step::StoreSecret { asset: (*asset).to_owned(), account });
        }
        way.steps.push(match seen.server {
            Some(_) => Step::SetPassword,
            None => Step::CreateAccount,
        });
        if seen.server.is_some_and(|server| server.old_password) {
            way.steps.push(Step::DiscardOldPassword);
        }
        way.steps.push(Step::Grants);
        if locked_by_us {
            way.steps.push(Step::Unlock);
        }
        way.steps.extend(
            seen.assets.iter().map(|(asset, _)| Step::MarkDone { asset: (*asset).to_owned() }),
        );
    }
    if locked && !locked_by_us {
        way.notes.push(Note::Locked);
    }
    way.steps.extend(seen.former.iter().map(|account| forget(account)));
    Ok(way)
}

/// Why the password of an account is not renewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unready {
    /// Something of another hand is in the way.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// It is on its way out.
    #[error("it is on its way out")]
    Ending,
    /// Its password was changed by another hand: open sessions have to be ended, too.
    #[error("it was changed by another hand, which an apply puts right")]
    Changed,
    /// It is missing somewhere, or an apply that took something away was cut.
    #[error("it is not complete on both sides, which an apply puts right")]
    Incomplete,
}

/// The way to a new password of an account that stands on both sides, or whose renewal was
/// cut; [`Step::Grants`] stands for nothing but the end of sessions.
///
/// # Errors
/// [`Unready`] when an apply has to come first.
pub fn renewal(owner: &Owner, seen: &Seen<'_>) -> Result<Way, Unready> {
    let way = toward(owner, &Seen { renew: true, ..seen.clone() })?;
    let mut states = Vec::new();
    for (_, account) in &seen.assets {
        let mark = account.and_then(|account| account.mark.as_ref());
        let handover = mark.and_then(|mark| mark.handover.as_ref());
        states.push(handover.ok_or(Unready::Incomplete)?.state);
    }
    if seen.server.is_none() || !seen.former.is_empty() {
        return Err(Unready::Incomplete);
    }
    let any = |state| states.contains(&state);
    if any(HandoverState::Ending) {
        Err(Unready::Ending)
    } else if way.notes.contains(&Note::PasswordChanged) {
        Err(Unready::Changed)
    } else if any(HandoverState::Narrowing) {
        // Its mark says that sessions have to be ended: a renewal would write over it.
        Err(Unready::Incomplete)
    } else {
        Ok(way)
    }
}

/// The way out of an account that nobody asks for any more. Nothing is done to accounts
/// that are not ours.
pub fn away(owner: &Owner, seen: &Seen<'_>) -> Way {
    let mut way = Way::default();
    let mut ours = Vec::new();
    for (asset, account) in &seen.assets {
        if let Ok(Whose::Ours(account, handover)) = whose(owner, asset, *account) {
            note_asset(&mut way.notes, asset, account);
            ours.push((account, Some(handover)));
        }
    }
    ours.extend(
        seen.former.iter().chain(&seen.closed).map(|account| {
            (*account, account.mark.as_ref().and_then(|mark| mark.handover.as_ref()))
        }),
    );
    let evidence = seen.server.and_then(|server| server.evidence.as_ref());
    let evidently = evidence.is_some_and(|evidence| evidence.owner == owner.as_str());
    if ours.is_empty() && !evidently {
        return way;
    }
    if let Some(server) = seen.server {
        for (account, handover) in &ours {
            if handover.is_none_or(|handover| handover.state != HandoverState::Ending) {
                let (asset, account) = (account.asset.clone(), account.id);
                way.steps.push(Step::MarkEnding { asset, account });
            }
        }
        if !server.locked {
            way.steps.push(Step::Lock);
        }
        if !is_empty(server) {
            way.steps.push(Step::RevokeAll);
        }
        way.steps.extend([Step::KillSessions, Step::Drop]);
    }
    // The account on the instance's own asset is what says that all of this is ours: last.
    way.steps.extend(ours.iter().rev().map(|(account, _)| forget(account)));
    way
}

/// Whether an account is locked and holds nothing: all that is left is to drop it, which the
/// server refuses while it is a definer.
pub fn is_empty(server: &SeenAccount) -> bool {
    server.locked && server.held == Held::default()
}

/// The steps to a new password beside the one that JumpServer holds.
fn beside(way: &mut Way, seen: &Seen<'_>, stands: Stands, rotating: bool) {
    let asset_account = |(asset, account): &(&str, Option<&SeenAssetAccount>)| {
        ((*asset).to_owned(), account.map(|account| account.id))
    };
    // What is taken away goes by the mark as it stands.
    way.steps.push(Step::Grants);
    if stands == Stands::Present {
        // After a cut an old password is taken for JumpServer's: none may stand there now.
        if seen.server.is_some_and(|server| server.old_password) {
            way.notes.push(Note::OldPassword);
            way.steps.push(Step::DiscardOldPassword);
        }
        if !rotating && let Some((asset, Some(account))) = seen.assets.first().map(asset_account) {
            way.steps.push(Step::MarkRotating { asset, account });
        }
        way.steps.push(Step::AddPassword);
    } else {
        way.steps.push(Step::SetPassword);
    }
    // The mark on the instance's own asset says how far this is: it changes last.
    let (own, others) = seen.assets.split_at(seen.assets.len().min(1));
    for (asset, account) in others.iter().chain(own).map(asset_account) {
        way.steps.push(Step::HandOver { asset, account });
    }
    way.steps.push(Step::DiscardOldPassword);
}

/// How the password that JumpServer holds stands on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// It is the present one.
    Present,
    /// It is the old one beside another.
    Old,
    /// It may not work.
    No {
        /// Whether the server's password was changed by another hand.
        changed: bool,
    },
}

/// How the password on the instance's own asset stands.
fn stands(own: Option<&Handover>, server: Option<&SeenAccount>) -> Stands {
    let (Some(own), Some(server)) = (own, server) else { return Stands::No { changed: false } };
    match own.state {
        HandoverState::Pending | HandoverState::Ending => return Stands::No { changed: false },
        HandoverState::Rotating if server.old_password => return Stands::Old,
        HandoverState::Rotating | HandoverState::Done | HandoverState::Narrowing => {}
    }
    let evidence = server.evidence.as_ref();
    let untouched = own.changed == server.password_changed
        && evidence.is_none_or(|evidence| evidence.generation == own.generation);
    if untouched { Stands::Present } else { Stands::No { changed: true } }
}

/// Whether all assets have the same password, and no run was cut between them.
fn alike(states: &[Option<&Handover>]) -> bool {
    let first = states.first().copied().flatten();
    states.iter().all(|handover| {
        handover.is_some_and(|handover| {
            complete(handover) && first.is_some_and(|first| first.generation == handover.generation)
        })
    })
}

/// Whether both sides had the same password.
fn complete(handover: &Handover) -> bool {
    matches!(handover.state, HandoverState::Done | HandoverState::Narrowing)
}

fn whose<'a>(
    owner: &Owner,
    asset: &str,
    account: Option<&'a SeenAssetAccount>,
) -> Result<Whose<'a>, Conflict> {
    let Some(account) = account else { return Ok(Whose::Nobodys) };
    match &account.mark {
        Some(mark) if mark.owner == *owner && mark.id == account.id => {
            match mark.handover.as_ref() {
                Some(handover) => Ok(Whose::Ours(account, handover)),
                None => Err(Conflict::Copy { asset: asset.to_owned() }),
            }
        }
        _ if account.labelled => Err(Conflict::Copy { asset: asset.to_owned() }),
        _ => Err(Conflict::OnAsset { asset: asset.to_owned() }),
    }
}

fn note_asset(notes: &mut Vec<Note>, asset: &str, account: &SeenAssetAccount) {
    if !account.labelled {
        notes.push(Note::LabelStripped { asset: asset.to_owned() });
    }
    if !account.active {
        notes.push(Note::SwitchedOff { asset: asset.to_owned() });
    }
}

/// Says what another hand took away, when it was complete before.
fn note_gone(notes: &mut Vec<Note>, seen: &Seen<'_>, states: &[Option<&Handover>], changed: bool) {
    let done = |handover: &Option<&Handover>| handover.is_some_and(complete);
    if changed {
        notes.push(Note::PasswordChanged);
    } else if seen.server.is_none() && states.first().is_some_and(done) {
        notes.push(Note::GoneFromServer);
    } else if seen.server.is_some()
        && states.first().is_some_and(Option::is_none)
        && let Some((asset, _)) = seen.assets.first()
    {
        notes.push(Note::GoneFromAsset { asset: (*asset).to_owned() });
    }
}

fn forget(account: &SeenAssetAccount) -> Step {
    Step::DeleteAssetAccount { asset: account.asset.clone(), account: account.id }
}
