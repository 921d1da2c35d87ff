//! The steps of a handover.

use serde::Serialize;
use uuid::Uuid;

/// One step on the way, about one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// JumpServer: write the new password, and the mark as `pending`, in one request. One
    /// that says `ending` stays so: the account may be locked by us.
    StoreSecret {
        /// The asset.
        asset: String,
        /// The account there; `None` makes it.
        account: Option<Uuid>,
    },
    /// Server: CREATE USER with the hash of the new password, no privileges yet.
    CreateAccount,
    /// Server: ALTER USER with the hash of the new password. An old password beside the
    /// one before stays.
    SetPassword,
    /// JumpServer: the mark as `done` on an account that another hand made, with the label, a
    /// generation of its own and the server's time of the change; the password stays.
    Adopt {
        /// The asset.
        asset: String,
        /// The account there.
        account: Uuid,
    },
    /// Server: the owner and the generation of the mark into the account's ATTRIBUTE.
    WriteEvidence {
        /// The account in JumpServer that has the mark.
        account: Uuid,
    },
    /// Server: our words out of the account's ATTRIBUTE.
    RemoveEvidence,
    /// JumpServer: the mark and the label off an account that is given back; the password
    /// stays.
    Release {
        /// The asset.
        asset: String,
        /// The account there.
        account: Uuid,
    },
    /// JumpServer: the mark as `rotating`, before the server gets a second password.
    MarkRotating {
        /// The asset.
        asset: String,
        /// The account there.
        account: Uuid,
    },
    /// Server: ALTER USER with the hash of the new password RETAIN CURRENT PASSWORD.
    AddPassword,
    /// JumpServer: write the password that the server has, and the mark as `done`, in one
    /// request.
    HandOver {
        /// The asset.
        asset: String,
        /// The account there; `None` makes it.
        account: Option<Uuid>,
    },
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
    /// JumpServer: the mark as `ending`, and whether the account is locked already.
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
