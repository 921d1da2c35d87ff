//! What may be kept of something that gets nothing new: never more than is wanted, never
//! more than is there.

use std::collections::BTreeSet;

use crate::jumpserver::spec::PermissionSpec;
use crate::mysql::difference::Naming;
use crate::mysql::spec::{Grants, Held};

/// The part of a wanted permission that a live one gives already.
///
/// The users stay as they are: a user who is gone, or made anew, cannot be compared.
pub(super) fn permission(wanted: &PermissionSpec, live: &PermissionSpec) -> PermissionSpec {
    let both = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.intersection(b).cloned().collect();
    PermissionSpec {
        name: wanted.name.clone(),
        users: live.users.clone(),
        groups: both(&wanted.groups, &live.groups),
        assets: both(&wanted.assets, &live.assets),
        nodes: both(&wanted.nodes, &live.nodes),
        accounts: both(&wanted.accounts, &live.accounts),
        protocols: both(&wanted.protocols, &live.protocols),
        actions: both(&wanted.actions, &live.actions),
        start: wanted.start.max(live.start),
        end: wanted.end.min(live.end),
        active: wanted.active && live.active,
    }
}

/// The part of wanted grants that an account holds already.
pub(super) fn grants(wanted: &Grants, held: &Held, naming: Naming) -> Grants {
    let mut kept = Grants::default();
    for (database, privileges) in &wanted.databases {
        if let Some(row) = held.databases.get(&*naming.stored(database)) {
            let both = *privileges & row.privileges;
            if !both.is_empty() {
                kept.databases.insert(database.clone(), both);
            }
        }
    }
    for (table, privileges) in &wanted.tables {
        if let Some(row) = held.tables.get(&*naming.table(table)) {
            let both = *privileges & row.privileges;
            if !both.is_empty() {
                kept.tables.insert(table.clone(), both);
            }
        }
    }
    for (table, columns) in &wanted.columns {
        let Some(there) = held.columns.get(&*naming.table(table)) else { continue };
        for (column, privileges) in columns {
            let found = there.iter().find(|(name, _)| name.to_lowercase() == column.to_lowercase());
            let both = found.map(|(_, held)| *privileges & *held).unwrap_or_default();
            if !both.is_empty() {
                kept.columns.entry(table.clone()).or_default().insert(column.clone(), both);
            }
        }
    }
    kept
}

/// Both together.
pub(super) fn union(mut a: Grants, b: Grants) -> Grants {
    for (database, privileges) in b.databases {
        a.databases.entry(database).or_default().extend(privileges);
    }
    for (table, privileges) in b.tables {
        a.tables.entry(table).or_default().extend(privileges);
    }
    for (table, columns) in b.columns {
        let into = a.columns.entry(table).or_default();
        for (column, privileges) in columns {
            into.entry(column).or_default().extend(privileges);
        }
    }
    a
}

/// Whether nothing is granted.
pub(super) fn is_nothing(grants: &Grants) -> bool {
    grants.databases.is_empty() && grants.tables.is_empty() && grants.columns.is_empty()
}
