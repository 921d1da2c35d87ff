//! The accounts of MySQL and MariaDB: one for each person, level and instance, with the
//! union of what the person's live requests ask there.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

use super::{AccountSpec, Accounts, Wanted, end_of, later};
use crate::access::model::{Access, Scope};
use crate::adoption::Adoptions;
use crate::grants::{self, Grant, Want};
use crate::mysql::privilege::Privileges;
use crate::mysql::spec::{AccountName, Grants, TableName};
use crate::names::InstanceName;

/// The accounts that the grants ask for at `moment`.
pub(super) fn wanted<'a>(
    adoptions: &Adoptions<'a>,
    access: &'a Access,
    grants: &'a [Grant<'a>],
    moment: Timestamp,
) -> Accounts<'a> {
    let mut accounts = Accounts::new();
    let assets = assets(access);
    for group in grants::groups(grants) {
        let [grant, ..] = group else { continue };
        let Want::Database { instance, level, .. } = grant.want else { continue };
        if !grant.period.contains(moment) {
            continue;
        }
        let holder = access.holder(instance);
        let Some(server) = access.instances.get(holder) else { continue };
        let Some(privileges) = access.config.levels.get(level) else { continue };
        let user = adoptions.user(access, holder, grant.person, level);
        let adopted = adoptions.account(holder, grant.person, level).is_some();
        let wanted = match accounts.entry((holder, user)) {
            Entry::Occupied(entry) => {
                let wanted = entry.into_mut();
                wanted.end = later(wanted.end, end_of(grant));
                wanted
            }
            Entry::Vacant(entry) => {
                let name =
                    AccountName { user: entry.key().1.clone(), host: server.account_host.clone() };
                let assets = assets.get(holder).cloned().unwrap_or_default();
                let grants = Grants::default();
                let spec = AccountSpec { name, grants, assets, adopted };
                let (person, because, end) = (grant.person, Vec::new(), end_of(grant));
                entry.insert(Wanted { spec, person, because, end })
            }
        };
        wanted.because.extend(group);
        for grant in group {
            if let Want::Database { scope, .. } = grant.want {
                include(&mut wanted.spec.grants, scope, *privileges);
            }
        }
    }
    accounts
}

/// By instance that holds accounts: its own asset, then those of its replicas and aliases.
fn assets(access: &Access) -> BTreeMap<&InstanceName, Vec<String>> {
    let mut assets: BTreeMap<_, Vec<String>> = BTreeMap::new();
    let (aliases, holders): (Vec<_>, Vec<_>) =
        access.instances.iter().partition(|(_, instance)| instance.same_accounts_as.is_some());
    for (name, instance) in holders {
        assets.insert(name, vec![instance.asset.clone()]);
    }
    for (_, alias) in aliases.into_iter().filter(|(_, alias)| !alias.retired) {
        if let Some(list) = alias.same_accounts_as.as_ref().and_then(|name| assets.get_mut(name))
            && !list.contains(&alias.asset)
        {
            list.push(alias.asset.clone());
        }
    }
    assets
}

/// Adds privileges on a scope to what an account holds.
pub(crate) fn include(grants: &mut Grants, scope: &Scope, privileges: Privileges) {
    match scope {
        Scope::Database(database) => {
            *grants.databases.entry(database.clone()).or_default() |= privileges;
        }
        Scope::Table(database, table) => {
            let table = TableName { database: database.clone(), table: table.clone() };
            *grants.tables.entry(table).or_default() |= privileges;
        }
        Scope::Columns(database, table, columns) => {
            let table = TableName { database: database.clone(), table: table.clone() };
            let held = grants.columns.entry(table).or_default();
            for column in columns {
                *held.entry(column.clone()).or_default() |= privileges;
            }
        }
    }
}
