//! What to change so that an account holds exactly what it should, and in which order.

mod order;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub use super::naming::Naming;
use super::privilege::{Privilege, Privileges};
use super::spec::{Change, Grants, Held, Object, Row, TableName};

/// Columns by privilege, as an [`Object::Columns`] holds them.
type Columns = BTreeMap<Privilege, BTreeSet<String>>;

/// The account holds privileges that this jumpgate does not know: what they give cannot be
/// compared, so nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("holds privileges that this version does not know: {}", .0.iter().cloned().collect::<Vec<_>>().join(", "))]
pub struct UnknownPrivileges(pub BTreeSet<String>);

/// The changes from what an account holds to what it should hold, in the order in which
/// they are safe. Nothing held and wanted is touched; an account that is right gives none.
///
/// First what nothing replaces is revoked, then what is new is granted, then what was
/// replaced is revoked, so that what both states give is there all the time, and what
/// neither gives at no time. A row that is a pattern goes before the row of one database:
/// a specific row hides a pattern, and taking it away first would open the pattern. For the same
/// reason grants on tables come before those on databases, whose rows are new.
///
/// What hands on goes before anything is granted, as it would hand that on too. Only the row of
/// a database that holds nothing but GRANT OPTION has to wait for the patterns that it hides, and
/// what is new there waits for it. What a role hands on is not known.
///
/// One gap cannot be closed: revoking a privilege on a table takes it from the table's
/// columns too (tried on MySQL 9.7, MariaDB 10.11 and 11.8), so where a whole table
/// becomes some of its columns, these are granted right after the revoke.
pub fn difference(
    held: &Held,
    want: &Grants,
    naming: Naming,
) -> Result<Vec<Change>, UnknownPrivileges> {
    if !held.unknown.is_empty() {
        return Err(UnknownPrivileges(held.unknown.clone()));
    }
    let mut steps = Steps::default();
    databases(held, want, naming, &mut steps);
    tables(held, want, naming, &mut steps);
    beyond(held, &mut steps);
    Ok(steps.ordered(held, naming))
}

/// Whether a change takes something away.
pub fn narrows(change: &Change) -> bool {
    matches!(change, Change::Revoke(_))
}

/// Whether a grant follows the revoke that takes it away too: of a whole table, and so of
/// columns that are held as well.
pub fn gives_back(before: &Change, change: &Change) -> bool {
    match (before, change) {
        (
            Change::Revoke(Object::Table { table, .. }),
            Change::Grant(Object::Columns { table: same, .. }),
        ) => table == same,
        _ => false,
    }
}

/// The pattern that would give something new once this row of a database is gone, as the row
/// hides it. In the order of [`difference`] patterns go first, so that there is none, unless
/// the server let one of them stay. Two patterns are taken to cover the same databases.
pub fn opens<'h>(held: &'h Held, object: &Object, naming: Naming) -> Option<&'h str> {
    let Object::Database { stored, privileges, grant_option } = object else { return None };
    let row = held.databases.get(stored)?;
    let goes = row.privileges.is_subset(*privileges) && (!row.grant_option || *grant_option);
    if !goes {
        return None;
    }
    let database = naming.database(stored);
    let hides =
        |pattern: &str| database.as_ref().is_none_or(|database| naming.covers(pattern, database));
    let gives_more = |other: &Row| {
        !other.privileges.is_subset(row.privileges) || (other.grant_option && !row.grant_option)
    };
    held.databases
        .iter()
        .filter(|(other, _)| *other != stored && naming.database(other).is_none() && hides(other))
        .find(|(_, other)| gives_more(other))
        .map(|(pattern, _)| pattern.as_str())
}

/// The changes, before they are put in order.
#[derive(Default)]
struct Steps {
    grants: Vec<Object>,
    /// Each with the grant that must follow it at once, if any.
    revokes: Vec<(Object, Option<Object>)>,
}

fn databases(held: &Held, want: &Grants, naming: Naming, steps: &mut Steps) {
    let alike = |((stored, row), (name, privileges)): ((&String, &Row), (&String, &Privileges))| {
        *stored == naming.stored(name) && is(row, *privileges)
    };
    if held.databases.len() == want.databases.len()
        && held.databases.iter().zip(&want.databases).all(alike)
    {
        return;
    }
    let mut wanted: BTreeMap<Cow<'_, str>, Privileges> = BTreeMap::new();
    for (database, privileges) in &want.databases {
        *wanted.entry(naming.stored(database)).or_default() |= *privileges;
    }
    for (stored, row) in &held.databases {
        let keep = wanted.get(stored.as_str()).copied().unwrap_or_default();
        let privileges = row.privileges - keep;
        if !privileges.is_empty() || row.grant_option {
            let object = Object::Database {
                stored: stored.clone(),
                privileges,
                grant_option: row.grant_option,
            };
            steps.revokes.push((object, None));
        }
    }
    for (stored, privileges) in wanted {
        let there = held.databases.get(&*stored).map(|row| row.privileges).unwrap_or_default();
        let privileges = privileges - there;
        if !privileges.is_empty() {
            let stored = stored.into_owned();
            steps.grants.push(Object::Database { stored, privileges, grant_option: false });
        }
    }
}

/// Whether a row holds these privileges and nothing else.
fn is(row: &Row, privileges: Privileges) -> bool {
    row.privileges == privileges && !row.grant_option
}

fn tables(held: &Held, want: &Grants, naming: Naming, steps: &mut Steps) {
    let alike =
        |((seen, row), (name, privileges)): ((&TableName, &Row), (&TableName, &Privileges))| {
            *seen == *naming.table(name) && is(row, *privileges)
        };
    if held.columns.is_empty()
        && want.columns.is_empty()
        && held.tables.len() == want.tables.len()
        && held.tables.iter().zip(&want.tables).all(alike)
    {
        return;
    }
    let mut whole: BTreeMap<Cow<'_, TableName>, Privileges> = BTreeMap::new();
    for (table, privileges) in &want.tables {
        *whole.entry(naming.table(table)).or_default() |= *privileges;
    }
    let mut parts: BTreeMap<Cow<'_, TableName>, Columns> = BTreeMap::new();
    for (table, columns) in &want.columns {
        let by_privilege = parts.entry(naming.table(table)).or_default();
        turn(columns, by_privilege);
    }
    let names: BTreeSet<&TableName> = held
        .tables
        .keys()
        .chain(held.columns.keys())
        .chain(whole.keys().map(AsRef::as_ref))
        .chain(parts.keys().map(AsRef::as_ref))
        .collect();
    let none = Columns::new();
    for table in names {
        let row = held.tables.get(table).copied().unwrap_or_default();
        let wanted = whole.get(table).copied().unwrap_or_default();
        let (added, gone) = (wanted - row.privileges, row.privileges - wanted);
        let mut held_parts = Columns::new();
        if let Some(columns) = held.columns.get(table) {
            turn(columns, &mut held_parts);
        }
        let parts = columns(&held_parts, parts.get(table).unwrap_or(&none), gone);
        let object = |privileges| Object::Columns { table: table.clone(), privileges };
        if !added.is_empty() {
            steps.grants.push(Object::Table {
                table: table.clone(),
                privileges: added,
                grant_option: false,
            });
        }
        if !parts.added.is_empty() {
            steps.grants.push(object(parts.added));
        }
        if !gone.is_empty() || row.grant_option {
            let again = (!parts.again.is_empty()).then(|| object(parts.again));
            let table = Object::Table {
                table: table.clone(),
                privileges: gone,
                grant_option: row.grant_option,
            };
            steps.revokes.push((table, again));
        }
        if !parts.gone.is_empty() {
            steps.revokes.push((object(parts.gone), None));
        }
    }
}

/// Privileges by column become columns by privilege.
fn turn(columns: &BTreeMap<String, Privileges>, into: &mut Columns) {
    for (column, privileges) in columns {
        for privilege in *privileges {
            into.entry(privilege).or_default().insert(column.clone());
        }
    }
}

struct Parts {
    added: Columns,
    gone: Columns,
    /// To be granted after the revoke on the table that takes them away.
    again: Columns,
}

/// Columns are compared without case, and revoked as they are stored: the server keeps the
/// spelling of the grant, and a REVOKE must repeat it.
fn columns(held: &Columns, want: &Columns, gone_from_table: Privileges) -> Parts {
    let mut parts = Parts { added: Columns::new(), gone: Columns::new(), again: Columns::new() };
    let none = BTreeSet::new();
    let privileges: BTreeSet<_> = held.keys().chain(want.keys()).copied().collect();
    for privilege in privileges {
        let held = held.get(&privilege).unwrap_or(&none);
        let want = want.get(&privilege).unwrap_or(&none);
        if gone_from_table.contains(privilege) {
            put(&mut parts.again, privilege, want.iter().cloned().collect());
            continue;
        }
        let without = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            let other: BTreeSet<String> = other.iter().map(|c| c.to_lowercase()).collect();
            one.iter().filter(|c| !other.contains(&c.to_lowercase())).cloned().collect()
        };
        put(&mut parts.added, privilege, without(want, held));
        put(&mut parts.gone, privilege, without(held, want));
    }
    parts
}

fn put(columns: &mut Columns, privilege: Privilege, names: BTreeSet<String>) {
    if !names.is_empty() {
        columns.insert(privilege, names);
    }
}

/// What is never granted: global privileges, routines, roles, proxies.
fn beyond(held: &Held, steps: &mut Steps) {
    if !held.global.is_empty() {
        let object = Object::Global { privileges: held.global.clone() };
        steps.revokes.push((object, None));
    }
    for role in held.roles.keys() {
        steps.revokes.push((Object::Role { role: role.clone() }, None));
    }
    for account in &held.proxies {
        steps.revokes.push((Object::Proxy { account: account.clone() }, None));
    }
    for (routine, privileges) in &held.routines {
        let object = Object::Routine { routine: routine.clone(), privileges: privileges.clone() };
        steps.revokes.push((object, None));
    }
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::carry_out;
