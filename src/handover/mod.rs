//! The password's way between JumpServer and a database server, as steps.
//!
//! JumpServer knows a password before the server has it. The mark of the account in
//! JumpServer says how far the password is: `pending` before the server is touched,
//! `done` with the server's own time of the change once it was read back, `narrowing`
//! while something is taken away and sessions are ended, `ending` while the account goes. From any state in which a run was cut, the same function gives the
//! steps that lead on. Passwords and generations are made when the steps are carried
//! out: the same state gives the same steps.

#[cfg(test)]
mod tests;

use serde::Serialize;
use uuid::Uuid;

use crate::jumpserver::spec::SeenAssetAccount;
use crate::mark::{Handover, HandoverState};
use crate::mysql::spec::SeenAccount;
use crate::names::Owner;

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
}

/// One step on the way, about one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// JumpServer: write the new password, and the mark as `pending`, in one request.
    StoreSecret {
        /// The asset.
        asset: String,
        /// The account there; `None` makes it.
        account: Option<Uuid>,
    },
    /// Server: CREATE USER with the hash of the new password, no privileges yet.
    CreateAccount,
    /// Server: ALTER USER with the hash of the new password.
    SetPassword,
    /// Server: DISCARD OLD PASSWORD.
    DiscardOldPassword,
    /// Server: ACCOUNT UNLOCK, of a lock that was ours.
    Unlock,
    /// Server: the difference of what is held and what is wanted.
    Grants,
    /// JumpServer: the mark as `done`, with the server's time of the change.
    MarkDone {
        /// The asset.
        asset: String,
    },
    /// JumpServer: the mark as `narrowing`, before anything is taken away.
    MarkNarrowing {
        /// The asset.
        asset: String,
        /// The account there.
        account: Uuid,
    },
    /// JumpServer: the mark as `ending`.
    MarkEnding {
        /// The asset.
        asset: String,
        /// The account there.
        account: Uuid,
    },
    /// Server: ACCOUNT LOCK.
    Lock,
    /// Server: REVOKE all that is held.
    RevokeAll,
    /// Server: end the account's open sessions.
    KillSessions,
    /// Server: count the account's open sessions, and leave them.
    LeaveSessions,
    /// Server: leave the account's open sessions until as long after the end as is set, and
    /// then end them. The steps after it wait until none is open.
    AwaitSessions,
    /// Server: DROP USER.
    Drop,
    /// JumpServer: delete the account.
    DeleteAssetAccount {
        /// The asset.
        asset: String,
        /// The account there.
        account: Uuid,
    },
}

/// Something that a reader of the plan should know about the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// The password was changed by another hand; it is replaced.
    PasswordChanged,
    /// An old password still works beside the present one; it is discarded.
    OldPassword,
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
    let mut owned = !seen.former.is_empty();
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
    if seen.server.is_some() && !owned && !evidently {
        return Err(Conflict::OnServer);
    }

    let any =
        |state: HandoverState| states.iter().flatten().any(|handover| handover.state == state);
    let ending = any(HandoverState::Ending);
    // A cut run may have taken something away, or replaced the password of another hand.
    way.ends_sessions = seen.server.is_some()
        && (ending || any(HandoverState::Pending) || any(HandoverState::Narrowing));
    way.another_hand = seen.server.is_some() && any(HandoverState::Pending);
    match settled(&states, seen.server) {
        Settled::Yes => {
            if seen.server.is_some_and(|server| server.old_password) {
                way.notes.push(Note::OldPassword);
                way.steps.push(Step::DiscardOldPassword);
            }
            way.steps.push(Step::Grants);
        }
        Settled::No { changed } => {
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
            if ending && seen.server.is_some_and(|server| server.locked) {
                way.steps.push(Step::Unlock);
            }
            way.steps.extend(
                seen.assets.iter().map(|(asset, _)| Step::MarkDone { asset: (*asset).to_owned() }),
            );
        }
    }
    if !ending && seen.server.is_some_and(|server| server.locked) {
        way.notes.push(Note::Locked);
    }
    way.steps.extend(seen.former.iter().map(|account| forget(account)));
    Ok(way)
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
        seen.former.iter().map(|account| {
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
        way.steps.extend([Step::RevokeAll, Step::KillSessions, Step::Drop]);
    }
    // The account on the instance's own asset is what says that all of this is ours: last.
    way.steps.extend(ours.iter().rev().map(|(account, _)| forget(account)));
    way
}

/// Whether both sides have the same password.
enum Settled {
    Yes,
    No {
        /// Whether the server's password was changed by another hand.
        changed: bool,
    },
}

fn settled(states: &[Option<&Handover>], server: Option<&SeenAccount>) -> Settled {
    let (Some(server), Some(Some(first))) = (server, states.first()) else {
        return Settled::No { changed: false };
    };
    let same = states.iter().all(|handover| {
        handover
            .is_some_and(|handover| complete(handover) && handover.generation == first.generation)
    });
    if !same {
        return Settled::No { changed: false };
    }
    let evidence = server.evidence.as_ref();
    let untouched = first.changed == server.password_changed
        && evidence.is_none_or(|evidence| evidence.generation == first.generation);
    if untouched { Settled::Yes } else { Settled::No { changed: true } }
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
