//! What is git's: what carries this owner's label and a mark that names the very object.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::model::Access;
use crate::jumpserver::everything::Everything;
use crate::jumpserver::spec::{SeenAssetAccount, SeenPermission};
use crate::mysql::spec::AccountName;
use crate::names::{InstanceName, Owner};

/// What of the targets is git's.
#[derive(Debug)]
pub struct Ours<'a> {
    owner: &'a Owner,
    /// The database accounts of ours by the instance that holds them: user names.
    databases: BTreeMap<&'a InstanceName, BTreeSet<&'a str>>,
    /// The same by the name of the asset in JumpServer.
    assets: BTreeMap<&'a str, BTreeSet<&'a str>>,
    hosts: BTreeMap<&'a InstanceName, &'a str>,
}

impl<'a> Ours<'a> {
    /// Looks through the accounts that JumpServer holds: a mark there is what makes an
    /// account of a database git's.
    pub fn new(access: &'a Access, everything: &'a Everything) -> Self {
        let owner = &access.config.owner;
        let mut assets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for account in &everything.accounts {
            if is_ours_account(owner, &account.seen) {
                assets.entry(&account.seen.asset).or_default().insert(&account.seen.username);
            }
        }
        let mut databases: BTreeMap<&InstanceName, BTreeSet<&str>> = BTreeMap::new();
        let mut hosts = BTreeMap::new();
        for (name, instance) in &access.instances {
            if instance.same_accounts_as.is_none() {
                hosts.insert(name, instance.account_host.as_str());
                databases.insert(name, assets.get(&*instance.asset).cloned().unwrap_or_default());
            }
        }
        Self { owner, databases, assets, hosts }
    }

    /// Whether a permission is git's. A copy is not.
    pub fn permission(&self, seen: &SeenPermission) -> bool {
        seen.labelled
            && seen
                .mark
                .as_ref()
                .is_some_and(|mark| mark.owner == *self.owner && mark.id == seen.id)
    }

    /// Whether an account in JumpServer is git's.
    pub fn asset_account(&self, seen: &SeenAssetAccount) -> bool {
        is_ours_account(self.owner, seen)
    }

    /// Whether an account of an instance is git's: the same user name at another host is
    /// another account.
    pub fn database_account(&self, instance: &InstanceName, name: &AccountName) -> bool {
        self.user_name(instance, &name.user)
            && self.hosts.get(instance).is_some_and(|host| *host == name.host)
    }

    /// Whether an account of git's on an instance has this user name.
    pub fn user_name(&self, instance: &InstanceName, user: &str) -> bool {
        self.databases.get(instance).is_some_and(|users| users.contains(user))
    }

    /// Whether an account of git's on an asset has this user name.
    pub fn has_on_asset(&self, asset: &str, user: &str) -> bool {
        self.assets.get(asset).is_some_and(|users| users.contains(user))
    }

    /// The user names of git's accounts on an asset.
    pub fn on_asset(&self, asset: &str) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        self.assets.get(asset).into_iter().flatten().copied()
    }
}

fn is_ours_account(owner: &Owner, seen: &SeenAssetAccount) -> bool {
    seen.labelled
        && seen.mark.as_ref().is_some_and(|mark| mark.owner == *owner && mark.id == seen.id)
}
