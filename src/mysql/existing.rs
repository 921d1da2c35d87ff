//! Whether the databases, tables and columns of requests exist, as far as the reader may
//! see them. INFORMATION_SCHEMA leaves out what it may not show, so a name that is not
//! there is only called missing when the reader sees all names of its kind.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::facts::{Facts, fields, text};
use super::live::{Ask, Existing, Known};
use super::naming::Naming;
use super::privilege::Privilege;
use super::session::Session;
use super::spec::{Held, TableName};
use super::statement::literal;

/// How many near names are told.
const NEAR: usize = 3;

/// Looks for what was asked. `mine` is what the reader holds.
pub(super) async fn existing(
    session: &mut Session,
    facts: &Facts,
    ask: &Ask,
    mine: &[Held],
) -> Result<Existing, Error> {
    let naming = facts.server.dialect.naming();
    let sight = Sight { naming, mine };
    let mut existing = Existing::default();
    let databases: BTreeSet<&str> = ask
        .databases
        .iter()
        .map(String::as_str)
        .chain(ask.tables.keys().map(|table| table.database.as_str()))
        .collect();
    if databases.is_empty() {
        return Ok(existing);
    }
    let all = databases_there(session).await?;
    for name in databases {
        let known = known(naming.fold(name).into_owned(), &all, sight.sees_databases());
        existing.databases.insert(name.to_owned(), known);
    }
    if ask.tables.is_empty() {
        return Ok(existing);
    }
    let tables = tables_there(session, naming, ask).await?;
    let columns = columns_there(session, naming, ask).await?;
    let (no_tables, no_columns) = (BTreeSet::new(), BTreeSet::new());
    for (table, asked) in &ask.tables {
        let folded = naming.table(table).into_owned();
        let whole = existing.databases.get(&table.database);
        let gone = matches!(whole, Some(Known::Missing { .. }));
        let there = tables.get(&folded.database).unwrap_or(&no_tables);
        let table_known = if gone {
            Known::Missing { near: Vec::new() }
        } else {
            known(folded.table.clone(), there, sight.sees_tables(&folded.database))
        };
        let missing = matches!(table_known, Known::Missing { .. });
        existing.tables.insert(table.clone(), table_known);
        let there = columns.get(&folded).unwrap_or(&no_columns);
        for column in asked {
            let known = if missing {
                Known::Missing { near: Vec::new() }
            } else if there.iter().any(|name| name.to_lowercase() == column.to_lowercase()) {
                Known::Exists
            } else {
                known(column.clone(), there, sight.sees_columns(&folded))
            };
            existing.columns.entry(table.clone()).or_default().insert(column.clone(), known);
        }
    }
    Ok(existing)
}

/// One name among those that are there.
fn known(name: String, there: &BTreeSet<String>, sees_all: bool) -> Known {
    if there.contains(&name) {
        Known::Exists
    } else if sees_all {
        Known::Missing { near: near(&name, there) }
    } else {
        Known::NotChecked
    }
}

/// The names that could have been meant, the nearest first.
fn near(name: &str, there: &BTreeSet<String>) -> Vec<String> {
    let lower = name.to_lowercase();
    let most = (name.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &String)> = there
        .iter()
        .map(|other| (strsim::damerau_levenshtein(&lower, &other.to_lowercase()), other))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    near.sort();
    near.into_iter().take(NEAR).map(|(_, other)| other.clone()).collect()
}

/// What INFORMATION_SCHEMA shows to the reader: whatever he holds something on.
pub(super) struct Sight<'a> {
    pub(super) naming: Naming,
    pub(super) mine: &'a [Held],
}

impl Sight<'_> {
    /// A right on everything shows every name, unless `partial_revokes` may have holes in it.
    pub(super) fn globally(&self, privileges: impl Fn(&str) -> bool) -> bool {
        !self.naming.literal
            && self.mine.iter().any(|held| held.global.iter().any(|name| privileges(name)))
    }

    pub(super) fn sees_databases(&self) -> bool {
        self.mine.iter().any(|held| held.global.contains("SHOW DATABASES"))
            || self.globally(on_tables)
    }

    pub(super) fn sees_tables(&self, database: &str) -> bool {
        self.globally(on_tables) || self.on_database(database, |name| on_tables(name.sql()))
    }

    fn sees_columns(&self, table: &TableName) -> bool {
        self.globally(on_columns)
            || self.on_database(&table.database, |name| on_columns(name.sql()))
            || self
                .mine
                .iter()
                .filter_map(|held| held.tables.get(table))
                .any(|row| row.privileges.iter().any(|privilege| on_columns(privilege.sql())))
    }

    fn on_database(&self, database: &str, privileges: impl Fn(Privilege) -> bool) -> bool {
        self.mine.iter().any(|held| {
            held.databases.iter().any(|(stored, row)| {
                row.privileges.iter().any(&privileges) && self.naming.covers(stored, database)
            })
        })
    }
}

/// Privileges that show the names of tables.
fn on_tables(privilege: &str) -> bool {
    matches!(
        privilege,
        "SELECT"
            | "INSERT"
            | "UPDATE"
            | "DELETE"
            | "CREATE"
            | "DROP"
            | "REFERENCES"
            | "INDEX"
            | "ALTER"
    )
}

/// Privileges that show the names of columns.
fn on_columns(privilege: &str) -> bool {
    matches!(privilege, "SELECT" | "INSERT" | "UPDATE" | "REFERENCES")
}

/// The names of all databases, when the reader may see all.
pub(super) async fn global_databases(
    session: &mut Session,
    sight: &Sight<'_>,
) -> Result<Option<BTreeSet<String>>, Error> {
    let there = databases_there(session).await?;
    Ok(sight.sees_databases().then_some(there))
}

async fn databases_there(session: &mut Session) -> Result<BTreeSet<String>, Error> {
    let query = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA";
    let rows = session.rows("show its databases", query).await?;
    Ok(rows.into_iter().filter_map(|row| fields(Some(row)).and_then(|[name]| text(name))).collect())
}

async fn tables_there(
    session: &mut Session,
    naming: Naming,
    ask: &Ask,
) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
    let databases =
        ask.tables.keys().map(|table| naming.fold(&table.database).into_owned()).collect();
    let query = format!(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ({})",
        list(databases)
    );
    let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in session.rows("show its tables", &query).await? {
        if let Some([database, table]) = fields(Some(row))
            && let (Some(database), Some(table)) = (text(database), text(table))
        {
            there
                .entry(naming.fold(&database).into_owned())
                .or_default()
                .insert(naming.fold(&table).into_owned());
        }
    }
    Ok(there)
}

async fn columns_there(
    session: &mut Session,
    naming: Naming,
    ask: &Ask,
) -> Result<BTreeMap<TableName, BTreeSet<String>>, Error> {
    let asked = || ask.tables.iter().filter(|(_, columns)| !columns.is_empty());
    let mut there: BTreeMap<TableName, BTreeSet<String>> = BTreeMap::new();
    if asked().next().is_none() {
        return Ok(there);
    }
    let query = format!(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS \
         WHERE TABLE_SCHEMA IN ({}) AND TABLE_NAME IN ({})",
        list(asked().map(|(table, _)| naming.fold(&table.database).into_owned()).collect()),
        list(asked().map(|(table, _)| naming.fold(&table.table).into_owned()).collect())
    );
    for row in session.rows("show its columns", &query).await? {
        if let Some([database, table, column]) = fields(Some(row))
            && let (Some(database), Some(table), Some(column)) =
                (text(database), text(table), text(column))
        {
            let table = naming.table(&TableName { database, table }).into_owned();
            there.entry(table).or_default().insert(column);
        }
    }
    Ok(there)
}

fn list(names: BTreeSet<String>) -> String {
    names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_nearest_names_are_told() {
        let there = names(&["orders", "Order", "borders", "billing"]);
        assert_eq!(near("order", &there), ["Order", "orders"]);
        assert_eq!(near("zzz", &there), Vec::<String>::new());
    }

    #[test]
    fn only_who_sees_all_may_call_a_name_missing() {
        let there = names(&["orders"]);
        assert_eq!(known("orders".into(), &there, false), Known::Exists);
        assert_eq!(known("billing".into(), &there, false), Known::NotChecked);
        assert_eq!(known("billing".into(), &there, true), Known::Missing { near: Vec::new() });
    }

    #[test]
    fn holes_in_a_global_right_are_minded() {
        let held = Held { global: names(&["REFERENCES"]), ..Held::default() };
        let mine = [held];
        let sight = |literal| Sight { naming: Naming { literal, lower: false }, mine: &mine };
        assert!(sight(false).sees_databases() && sight(false).sees_tables("x"));
        assert!(!sight(true).sees_databases() && !sight(true).sees_tables("x"));
    }
}
