//! What a plan wants to know of JumpServer.

use std::collections::BTreeSet;

use crate::names::Owner;

/// What to read. Everything that carries the owner's label is read besides.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whose things to look for.
    pub owner: Owner,
    /// Names of permissions that may be made: what stands in their way is found.
    pub permissions: BTreeSet<String>,
    /// User names, exact.
    pub users: BTreeSet<String>,
    /// Names of assets, exact.
    pub assets: BTreeSet<String>,
    /// Paths of nodes: the assets in and below them.
    pub nodes: BTreeSet<String>,
    /// Names of the assets of database instances: their accounts, and who else reaches
    /// them.
    pub database_assets: BTreeSet<String>,
    /// User names of database accounts that may be made.
    pub account_users: BTreeSet<String>,
    /// Accounts on database assets that are to be adopted, by asset and user name: whether they
    /// hold a secret is asked of each.
    pub adopted_accounts: BTreeSet<(String, String)>,
    /// User names of the logins: which of the assets have such an account.
    pub login_accounts: BTreeSet<String>,
}

impl Ask {
    /// Asks for what the owner has, and nothing besides.
    pub fn new(owner: Owner) -> Self {
        Self {
            owner,
            permissions: BTreeSet::new(),
            users: BTreeSet::new(),
            assets: BTreeSet::new(),
            nodes: BTreeSet::new(),
            database_assets: BTreeSet::new(),
            account_users: BTreeSet::new(),
            adopted_accounts: BTreeSet::new(),
            login_accounts: BTreeSet::new(),
        }
    }
}
