//! The accounts in JumpServer that are ours.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::access::model::Access;
use crate::jumpserver::spec::{Live, SeenAssetAccount};
use crate::names::InstanceName;
use crate::plan::finding::{Finding, Kind};

/// The accounts on assets that carry our mark, by instance and user name.
pub(in crate::plan) struct Owned<'a> {
    by_instance: BTreeMap<&'a InstanceName, HashMap<&'a str, Vec<&'a SeenAssetAccount>>>,
    /// Everything on assets that a plan may have to look at, by asset and user name.
    pub(super) on_asset: HashMap<(&'a str, &'a str), &'a SeenAssetAccount>,
    /// How many there are.
    pub(super) count: usize,
    /// What is odd about them.
    pub(super) findings: Vec<Finding>,
}

impl<'a> Owned<'a> {
    pub(in crate::plan) fn of(access: &'a Access, live: &'a Live) -> Self {
        let mut by_asset: BTreeMap<&str, &InstanceName> = BTreeMap::new();
        for (name, instance) in &access.instances {
            by_asset.insert(&instance.asset, instance.same_accounts_as.as_ref().unwrap_or(name));
        }
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
        for account in live.accounts.values() {
            owned.on_asset.insert((&account.asset, &account.username), account);
            let ours = account.mark.as_ref().is_some_and(|mark| {
                mark.owner == access.config.owner
                    && mark.id == account.id
                    && mark.handover.is_some()
            });
            if !ours {
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
