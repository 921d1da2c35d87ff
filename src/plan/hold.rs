//! What may be kept of something that gets nothing new: never more than is wanted, never
//! more than is there.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::targets::Targets;
use crate::jumpserver::spec::{ALL, ANY_PROTOCOL, Live, PermissionSpec};
use crate::mysql::difference::Naming;
use crate::mysql::privilege::Privileges;
use crate::mysql::spec::{Grants, Held, TableName};

/// The part of a wanted permission that one gives already that is `there`: a node gives the assets
/// in and below it. `live` knows where they stand.
///
/// A user who was renamed is another one by his name: who calls this knows who keeps it.
pub(super) fn permission(
    wanted: &PermissionSpec,
    there: &PermissionSpec,
    live: &Live,
) -> PermissionSpec {
    let both = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.intersection(b).cloned().collect();
    let Targets { assets, nodes } = Targets::of(wanted).common(&Targets::of(there), live);
    PermissionSpec {
        name: wanted.name.clone(),
        users: both(&wanted.users, &there.users),
        groups: both(&wanted.groups, &there.groups),
        assets,
        nodes,
        // Of another hand, or changed by it, it may say that any goes.
        accounts: match there.accounts.contains(ALL) {
            true => wanted.accounts.clone(),
            false => both(&wanted.accounts, &there.accounts),
        },
        protocols: match there.protocols.contains(ANY_PROTOCOL) {
            true => wanted.protocols.clone(),
            false => both(&wanted.protocols, &there.protocols),
        },
        actions: both(&wanted.actions, &there.actions),
        start: wanted.start.max(there.start),
        end: wanted.end.min(there.end),
        active: wanted.active && there.active,
    }
}

/// Whether a permission that is kept opens anything while it holds.
pub(super) fn opens(spec: &PermissionSpec) -> bool {
    let somewhere = !spec.assets.is_empty() || !spec.nodes.is_empty();
    let how = [&spec.accounts, &spec.protocols, &spec.actions];
    somewhere && how.iter().all(|set| !set.is_empty())
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

/// What of wanted grants an account holds in another form, without what `given` gives: of a
/// database its tables, of a table its columns, or as a part of what it holds on the whole.
pub(super) fn inner(wanted: &Grants, held: &Held, naming: Naming, given: &Grants) -> Grants {
    let mut inner = Grants::default();
    let (asked, given) = (Whole::of(wanted, naming), Whole::of(given, naming));
    let held_on = |name: &TableName| {
        let database = held.databases.get(&*naming.stored(&name.database));
        let rows = database.into_iter().chain(held.tables.get(&*naming.table(name)));
        rows.fold(Privileges::empty(), |all, row| all | row.privileges)
    };
    for (name, privileges) in &wanted.tables {
        add_table(&mut inner, name, (*privileges & held_on(name)) - given.on_table(name));
    }
    for (name, columns) in &wanted.columns {
        let (more, given) = (held_on(name), given.on_table(name));
        for (column, privileges) in columns {
            add_column(&mut inner, name, column, (*privileges & more) - given);
        }
    }
    for (name, row) in &held.tables {
        let both = row.privileges & asked.on_database(&name.database);
        add_table(&mut inner, name, both - given.on_table(name));
    }
    for (name, columns) in &held.columns {
        let (more, given) = (asked.on_table(name), given.on_table(name));
        for (column, privileges) in columns {
            add_column(&mut inner, name, column, (*privileges & more) - given);
        }
    }
    inner
}

/// What grants give on whole databases and tables, by the names that a server keeps.
struct Whole<'g> {
    databases: BTreeMap<Cow<'g, str>, Privileges>,
    tables: BTreeMap<Cow<'g, TableName>, Privileges>,
    naming: Naming,
}

impl<'g> Whole<'g> {
    fn of(grants: &'g Grants, naming: Naming) -> Self {
        let mut whole = Self { databases: BTreeMap::new(), tables: BTreeMap::new(), naming };
        for (name, privileges) in &grants.databases {
            *whole.databases.entry(naming.fold(name)).or_default() |= *privileges;
        }
        for (name, privileges) in &grants.tables {
            *whole.tables.entry(naming.table(name)).or_default() |= *privileges;
        }
        whole
    }

    fn on_database(&self, name: &str) -> Privileges {
        self.databases.get(&*self.naming.fold(name)).copied().unwrap_or_default()
    }

    /// Also by its database.
    fn on_table(&self, name: &TableName) -> Privileges {
        let own = self.tables.get(&*self.naming.table(name)).copied().unwrap_or_default();
        own | self.on_database(&name.database)
    }
}

fn add_table(grants: &mut Grants, name: &TableName, privileges: Privileges) {
    if !privileges.is_empty() {
        *grants.tables.entry(name.clone()).or_default() |= privileges;
    }
}

fn add_column(grants: &mut Grants, name: &TableName, column: &str, privileges: Privileges) {
    if !privileges.is_empty() {
        let columns = grants.columns.entry(name.clone()).or_default();
        *columns.entry(column.to_owned()).or_default() |= privileges;
    }
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
