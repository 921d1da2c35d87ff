//! The accounts in JumpServer that are ours.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::access::model::Access;
use crate::jumpserver::spec::{Live, SeenAssetAccount};
use crate::mark::Mark;
use crate::names::{InstanceName, Owner};
use crate::plan::ask;
use crate::plan::finding::{Finding, Kind};

/// The accounts on assets that carry our mark, by instance and user name.
pub(in crate::plan) struct Owned<'a> {
    by_instance: BTreeMap<&'a InstanceName, HashMap<&'a str, Vec<&'a SeenAssetAccount>>>,
    /// What stands on assets in the place of an account of ours, by asset and user name.
    pub(super) on_asset: HashMap<(&'a str, &'a str), &'a SeenAssetAccount>,
    /// How many there are.
    pub(super) count: usize,
    /// What is odd about them.
    pub(super) findings: Vec<Finding>,
}

/// How an account on an asset stands in the place of ours with its user name, the most last:
/// JumpServer keeps one for each kind of secret, and no two of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// It has the name that ours would have, and another kind of secret.
    Name,
    /// It has a password, too.
    Password,
    /// It is ours.
    Ours,
}

/// Where an account stands; none beside the place of ours.
fn place(owner: &Owner, account: &SeenAssetAccount) -> Option<Place> {
    let ours =
        |mark: &Mark| mark.owner == *owner && mark.id == account.id && mark.handover.is_some();
    if account.mark.as_ref().is_some_and(ours) {
        Some(Place::Ours)
    } else if account.secret_type == "password" {
        Some(Place::Password)
    } else {
        (account.name == account.username).then_some(Place::Name)
    }
}

impl<'a> Owned<'a> {
    pub(in crate::plan) fn of(access: &'a Access, live: &'a Live) -> Self {
        let by_asset = ask::by_asset(access);
        let anchor = live.anchor.as_ref();
        let anchored = |asset: Uuid| {
            let (name, _) = anchor?.instances.iter().find(|(_, known)| known.asset == asset)?;
            access.instances.keys().find(|instance| instance.as_str() == name)
        };
        let mut owned = Self {
            by_instance: BTreeMap::new(),
            on_asset: HashMap::with_capacity(live.accounts.len()),
            count: 0,
            findings: Vec::new(),
        };
        let mut orphans: BTreeMap<&str, usize> = BTreeMap::new();
        let owner = &access.config.owner;
        for account in live.accounts.values() {
            let key = (account.asset.as_str(), account.username.as_str());
            let here = place(owner, account);
            if here > owned.on_asset.get(&key).and_then(|there| place(owner, there)) {
                owned.on_asset.insert(key, account);
            }
            if here != Some(Place::Ours) {
                continue;
            }
            owned.count += 1;
            let instance = by_asset.get(account.asset.as_str()).copied();
            match instance.or_else(|| anchored(account.asset_id)) {
                Some(instance) => owned
                    .by_instance
                    .entry(instance)
                    .or_default()
                    .entry(&account.username)
                    .or_default()
                    .push(account),
                None => *orphans.entry(&account.asset).or_default() += 1,
            }
        }
        for (asset, count) in orphans {
            let text = format!(
                "asset {asset} has {count} database account{} of ours, and no instance of the \
                 inventory has this asset: nothing changes there",
                if count == 1 { "" } else { "s" }
            );
            let finding = Finding::new(Kind::Orphan, text);
            owned.findings.push(finding.help(
                "put the instance's file back with `state: retired`, apply, and then take it away",
            ));
        }
        owned
    }

    /// Their user names on an instance, in no order.
    pub(super) fn users(&self, instance: &InstanceName) -> impl Iterator<Item = &'a str> {
        self.by_instance.get(instance).into_iter().flat_map(|users| users.keys().copied())
    }

    pub(super) fn of_user(&self, instance: &InstanceName, user: &str) -> &[&'a SeenAssetAccount] {
        self.by_instance.get(instance).and_then(|users| users.get(user)).map_or(&[], Vec::as_slice)
    }
}
