//! What a plan has to read: it follows what the access repo names, not the size of the
//! systems.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::model::Access;
use crate::desired::Desired;
use crate::jumpserver::Ask;
use crate::jumpserver::spec::Live;
use crate::mysql;
use crate::names::InstanceName;
use crate::naming;

/// What to read of JumpServer for a desired state.
pub fn jumpserver(access: &Access, desired: &Desired<'_>) -> Ask {
    let config = &access.config;
    let mut ask = Ask::new(config.owner.clone());
    for (name, wanted) in &desired.permissions {
        ask.permissions.insert(name.clone());
        let adopted = desired.adoptions.permission(name);
        ask.permissions.extend(adopted.map(|line| line.name.to_owned()));
        ask.users.extend(wanted.spec.users.iter().cloned());
        ask.nodes.extend(wanted.spec.nodes.iter().cloned());
    }
    for wanted in desired.permissions.values() {
        let database = wanted.because.iter().any(|grant| grant.want.level().is_some());
        if !database {
            ask.assets.extend(wanted.spec.assets.iter().cloned());
            ask.login_accounts.extend(wanted.spec.accounts.iter().cloned());
        }
    }
    for ((_, user), wanted) in &desired.accounts {
        ask.account_users.insert(user.clone());
        if wanted.spec.adopted {
            let assets = wanted.spec.assets.iter();
            ask.adopted_accounts.extend(assets.map(|asset| (asset.clone(), user.clone())));
        }
        if let Some(person) = access.people.get(wanted.person) {
            ask.users.insert(person.jumpserver.clone());
        }
    }
    ask.users.extend(desired.users.keys().map(|&user| user.to_owned()));
    ask.database_assets =
        access.instances.values().map(|instance| instance.asset.clone()).collect();
    ask
}

/// The accounts of ours whose names do not tell that they are, by the instance that holds
/// them: they were adopted, perhaps by a request that is gone.
pub fn strays(access: &Access, live: &Live) -> BTreeMap<InstanceName, BTreeSet<String>> {
    let prefix = naming::account_prefix(&access.config.prefix);
    let mut strays: BTreeMap<InstanceName, BTreeSet<String>> = BTreeMap::new();
    let ours = live.accounts.values().filter(|account| {
        let mark = account.mark.as_ref();
        !account.username.starts_with(&prefix)
            && mark.is_some_and(|mark| mark.owner == access.config.owner && mark.id == account.id)
    });
    let by_asset = by_asset(access);
    for account in ours {
        if let Some(holder) = by_asset.get(account.asset.as_str()) {
            strays.entry((*holder).clone()).or_default().insert(account.username.clone());
        }
    }
    strays
}

/// The instances that hold the accounts of the assets, by the assets' names.
pub(super) fn by_asset(access: &Access) -> BTreeMap<&str, &InstanceName> {
    let assets = access.instances.iter();
    assets.map(|(name, instance)| (instance.asset.as_str(), access.holder(name))).collect()
}

/// What to read of one database server; `strays` are accounts of ours on it that git may not
/// name any more.
pub fn server(
    access: &Access,
    desired: &Desired<'_>,
    instance: &InstanceName,
    strays: Option<&BTreeSet<String>>,
) -> mysql::live::Ask {
    let mut ask = mysql::live::Ask {
        account_prefix: naming::account_prefix(&access.config.prefix),
        users: adopted(desired, instance),
        ..Default::default()
    };
    ask.users.extend(strays.into_iter().flatten().cloned());
    for (_, wanted) in desired.accounts_on(instance) {
        let grants = &wanted.spec.grants;
        ask.databases.extend(grants.databases.keys().cloned());
        for table in grants.tables.keys() {
            ask.databases.insert(table.database.clone());
            ask.tables.entry(table.clone()).or_default();
        }
        for (table, columns) in &grants.columns {
            ask.databases.insert(table.database.clone());
            let asked: &mut BTreeSet<String> = ask.tables.entry(table.clone()).or_default();
            asked.extend(columns.keys().cloned());
        }
    }
    ask
}

/// The names of accounts on an instance that requests adopt, also of those that are over.
pub fn adopted(desired: &Desired<'_>, instance: &InstanceName) -> BTreeSet<String> {
    let here = desired.adoptions.accounts().filter(|(holder, ..)| *holder == instance);
    let lines = here.map(|(_, _, line)| line.name.to_owned());
    let wanted = desired.accounts_on(instance).filter(|(_, wanted)| wanted.spec.adopted);
    lines.chain(wanted.map(|(user, _)| user.to_owned())).collect()
}

/// The instances that hold accounts: those of the inventory that are no aliases.
pub fn holders(access: &Access) -> impl Iterator<Item = &InstanceName> {
    access
        .instances
        .iter()
        .filter(|(_, instance)| instance.same_accounts_as.is_none())
        .map(|(name, _)| name)
}
