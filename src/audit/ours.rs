//! What is git's: what carries this owner's label and a mark that names the very object.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::model::Access;
use crate::jumpserver::everything::Everything;
use crate::jumpserver::spec::{SeenAssetAccount, SeenPermission};
use crate::mark::Handover;
use crate::mysql::spec::{AccountName, SeenAccount};
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
    /// How far the passwords of git's accounts are, by the name of the asset.
    handovers: BTreeMap<(&'a str, &'a str), &'a Handover>,
    own: BTreeMap<&'a InstanceName, &'a str>,
}

impl<'a> Ours<'a> {
    /// Looks through the accounts that JumpServer holds: a mark there is what makes an
    /// account of a database git's.
    pub fn new(access: &'a Access, everything: &'a Everything) -> Self {
        let owner = &access.config.owner;
        let mut assets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut handovers = BTreeMap::new();
        for account in everything.accounts.iter().map(|account| &account.seen) {
            if is_ours_account(owner, account) {
                assets.entry(&account.asset).or_default().insert(&account.username);
                let handover = account.mark.as_ref().and_then(|mark| mark.handover.as_ref());
                let place = (account.asset.as_str(), account.username.as_str());
                handovers.extend(handover.map(|handover| (place, handover)));
            }
        }
        let mut databases: BTreeMap<&InstanceName, BTreeSet<&str>> = BTreeMap::new();
        let (mut hosts, mut own) = (BTreeMap::new(), BTreeMap::new());
        for (name, instance) in &access.instances {
            if instance.same_accounts_as.is_none() {
                hosts.insert(name, instance.account_host.as_str());
                own.insert(name, instance.asset.as_str());
                databases.insert(name, assets.get(&*instance.asset).cloned().unwrap_or_default());
            }
        }
        Self { owner, databases, assets, hosts, handovers, own }
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
    /// another account. The mark is about one of them, and where it tells which, also while the
    /// host of an instance changes, that one is; else the one at the host of now.
    pub fn database_account(
        &self,
        instance: &InstanceName,
        accounts: &BTreeMap<AccountName, SeenAccount>,
        name: &AccountName,
    ) -> bool {
        if !self.user_name(instance, &name.user) {
            return false;
        }
        let (Some(host), Some(own)) = (self.hosts.get(instance), self.own.get(instance)) else {
            return false;
        };
        let handover = self.handovers.get(&(*own, name.user.as_str()));
        let is_meant = |account: &&SeenAccount| {
            handover.is_some_and(|one| one.is_of(&account.name.host, account.password_changed))
        };
        let at = |host: &str| AccountName { user: name.user.clone(), host: host.to_owned() };
        if !accounts.get(&at(host)).as_ref().is_some_and(is_meant) {
            let alike = accounts.range(at("")..).map(|(_, account)| account);
            let mut alike = alike.take_while(|account| account.name.user == name.user);
            if let Some(other) = alike.find(is_meant) {
                return other.name == *name;
            }
        }
        *host == name.host
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
