//! What a plan has to read: it follows what the access repo names, not the size of the
//! systems.

use std::collections::BTreeSet;

use crate::access::model::Access;
use crate::desired::Desired;
use crate::jumpserver::Ask;
use crate::mysql;
use crate::names::InstanceName;
use crate::naming;

/// What to read of JumpServer for a desired state.
pub fn jumpserver(access: &Access, desired: &Desired<'_>) -> Ask {
    let config = &access.config;
    let mut ask = Ask::new(config.owner.clone());
    for (name, wanted) in &desired.permissions {
        ask.permissions.insert(name.clone());
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
        if let Some(person) = access.people.get(wanted.person) {
            ask.users.insert(person.jumpserver.clone());
        }
    }
    ask.users.extend(desired.users.keys().map(|&user| user.to_owned()));
    ask.database_assets =
        access.instances.values().map(|instance| instance.asset.clone()).collect();
    ask
}

/// What to read of one database server.
pub fn server(access: &Access, desired: &Desired<'_>, instance: &InstanceName) -> mysql::live::Ask {
    let mut ask = mysql::live::Ask {
        account_prefix: naming::account_prefix(&access.config.prefix),
        ..Default::default()
    };
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

/// The instances that hold accounts: those of the inventory that are no aliases.
pub fn holders(access: &Access) -> impl Iterator<Item = &InstanceName> {
    access
        .instances
        .iter()
        .filter(|(_, instance)| instance.same_accounts_as.is_none())
        .map(|(name, _)| name)
}
