//! All of an organization: what an audit looks at.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::spec::{SeenAsset, SeenAssetAccount, SeenPermission, SeenUser};

/// Everything in one organization that opens doors. Complete, or it does not exist.
#[derive(Debug, Clone, Default)]
pub struct Everything {
    /// The organization, as JumpServer names it: id and name.
    pub organization: (String, String),
    /// All users.
    pub users: Vec<User>,
    /// All assets.
    pub assets: Vec<SeenAsset>,
    /// The paths of all nodes.
    pub nodes: BTreeSet<String>,
    /// All permissions, ours too.
    pub permissions: Vec<SeenPermission>,
    /// All accounts on assets, ours too.
    pub accounts: Vec<Account>,
    /// Whether `!name` among the accounts of a permission takes one away (4.10); in 3.10 it
    /// is a text like any other. Seen by a field of assets that only 4.10 has.
    pub excludes: bool,
}

/// A user with what JumpServer knows of his logins.
#[derive(Debug, Clone)]
pub struct User {
    /// The user.
    pub seen: SeenUser,
    /// Whether he administers this organization.
    pub organization_administrator: bool,
    /// His last login to JumpServer's pages; none is never.
    pub last_login: Option<Timestamp>,
    /// When a key of his was last used for the API.
    pub key_used: Option<Timestamp>,
    /// When he was made.
    pub joined: Option<Timestamp>,
    /// Whether it is a component of JumpServer and no human.
    pub service: bool,
}

/// An account on an asset with its age. Its secret can never be read, and neither can when
/// it was set.
#[derive(Debug, Clone)]
pub struct Account {
    /// The account.
    pub seen: SeenAssetAccount,
    /// When the account was last saved. Whoever sets a secret saves the account: the secret
    /// is at least as old.
    pub saved: Timestamp,
}
