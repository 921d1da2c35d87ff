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
use super::spec::{Held, Row, TableName};
use super::statement::literal;

/// How many near names are told.
pub(super) const NEAR: usize = 3;

/// Looks for what was asked. `mine` is what the reader holds; `most` is how many near names
/// are told of what is missing.
pub(super) async fn existing(
    session: &mut Session,
    facts: &Facts,
    ask: &Ask,
    mine: &[Held],
    most: usize,
) -> Result<Existing, Error> {
    let naming = facts.server.dialect.naming();
    let sight = Sight::new(facts, mine);
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
    let all = databases_there(session, naming).await?;
    for name in databases {
        let known = known(naming.fold(name).into_owned(), &all, sight.sees_databases(), most);
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
            known(folded.table.clone(), there, sight.sees_tables(&folded.database), most)
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
                known(column.clone(), there, sight.sees_columns(&folded), most)
            };
            existing.columns.entry(table.clone()).or_default().insert(column.clone(), known);
        }
    }
    Ok(existing)
}

/// One name among those that are there.
fn known(name: String, there: &BTreeSet<String>, sees_all: bool, most: usize) -> Known {
    if there.contains(&name) {
        Known::Exists
    } else if sees_all {
        Known::Missing { near: near(&name, there, most) }
    } else {
        Known::NotChecked
    }
}

/// So many names that could have been meant, the nearest first.
fn near(name: &str, there: &BTreeSet<String>, most: usize) -> Vec<String> {
    if most == 0 {
        return Vec::new();
    }
    let lower = name.to_lowercase();
    let length = lower.chars().count();
    let apart = (length / 3).max(1);
    let mut near: Vec<(usize, &String)> = there
        .iter()
        .filter_map(|other| {
            let text = other.to_lowercase();
            // As far apart as they differ in length, at least.
            let may_be_near = text.chars().count().abs_diff(length) <= apart;
            may_be_near.then(|| (strsim::damerau_levenshtein(&lower, &text), other))
        })
        .filter(|(distance, _)| *distance <= apart)
        .collect();
    near.sort();
    near.into_iter().take(most).map(|(_, other)| other.clone()).collect()
}

/// What INFORMATION_SCHEMA shows to the reader: whatever he holds something on.
pub(super) struct Sight<'a> {
    naming: Naming,
    /// Whether the rows of active roles add up with those of the account (MariaDB): on MySQL
    /// one may hide the other.
    adds_up: bool,
    mine: &'a [Held],
}

impl<'a> Sight<'a> {
    /// `mine` is what the account holds, and each of its active roles.
    pub(super) fn new(facts: &Facts, mine: &'a [Held]) -> Self {
        let dialect = &facts.server.dialect;
        Self { naming: dialect.naming(), adds_up: dialect.is_mariadb(), mine }
    }

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

    /// Whether one of these privileges is held on a database for sure: its own row hides
    /// patterns, and which of several patterns counts is not the same on all servers.
    fn on_database(&self, database: &str, privileges: impl Fn(Privilege) -> bool) -> bool {
        let shows = |row: &Row| row.privileges.iter().any(&privileges);
        let own = self.naming.stored(database);
        let covering = |held: &'a Held| {
            held.databases.iter().filter(|(stored, _)| self.naming.covers(stored, database))
        };
        if self.adds_up || self.mine.len() < 2 {
            return self.mine.iter().any(|held| match held.databases.get(&*own) {
                Some(row) => shows(row),
                None => all(covering(held).map(|(_, row)| row), shows),
            });
        }
        all(self.mine.iter().flat_map(covering).map(|(_, row)| row), shows)
    }
}

/// Whether there are rows, and all of them are so.
fn all<'r>(mut rows: impl Iterator<Item = &'r Row>, are: impl Fn(&Row) -> bool) -> bool {
    rows.next().is_some_and(&are) && rows.all(are)
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
    let there = databases_there(session, sight.naming).await?;
    Ok(sight.sees_databases().then_some(there))
}

async fn databases_there(session: &mut Session, naming: Naming) -> Result<BTreeSet<String>, Error> {
    let query = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA";
    let rows = session.rows("show its databases", query).await?;
    let name = |row| fields(Some(row)).and_then(|[name]| text(name));
    Ok(rows.into_iter().filter_map(name).map(|name| naming.fold(&name).into_owned()).collect())
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
        assert_eq!(near("order", &there, NEAR), ["Order", "orders"]);
        assert_eq!(near("order", &there, 1), ["Order"]);
        assert_eq!(near("zzz", &there, NEAR), Vec::<String>::new());
    }

    #[test]
    fn only_who_sees_all_may_call_a_name_missing() {
        let there = names(&["orders"]);
        assert_eq!(known("orders".into(), &there, false, NEAR), Known::Exists);
        assert_eq!(known("billing".into(), &there, false, NEAR), Known::NotChecked);
        assert_eq!(
            known("billing".into(), &there, true, NEAR),
            Known::Missing { near: Vec::new() }
        );
    }

    #[test]
    fn holes_in_a_global_right_are_minded() {
        let held = Held { global: names(&["REFERENCES"]), ..Held::default() };
        let mine = [held];
        let sight = |literal| Sight {
            naming: Naming { literal, lower: false },
            adds_up: false,
            mine: &mine,
        };
        assert!(sight(false).sees_databases() && sight(false).sees_tables("x"));
        assert!(!sight(true).sees_databases() && !sight(true).sees_tables("x"));
    }

    fn rows(rows: &[(&str, Privilege)]) -> Held {
        let row =
            |privilege: &Privilege| Row { privileges: (*privilege).into(), grant_option: false };
        let rows = rows.iter().map(|(stored, privilege)| ((*stored).to_owned(), row(privilege)));
        Held { databases: rows.collect(), ..Held::default() }
    }

    #[test]
    fn a_row_that_hides_a_pattern_is_minded() {
        use Privilege::{Execute, References};
        let sees = |mine: &[Held], adds_up| {
            Sight { naming: Naming::default(), adds_up, mine }.sees_tables("pay_eu")
        };
        let pattern = rows(&[("pay%", References)]);
        let hidden = rows(&[("pay%", References), ("pay\\_eu", Execute)]);
        let two = rows(&[("pay%", References), ("pay_e%", Execute)]);
        let own = rows(&[("pay%", Execute), ("pay\\_eu", References)]);
        for adds_up in [false, true] {
            let alone = |held: &Held| sees(std::slice::from_ref(held), adds_up);
            assert!(alone(&pattern) && alone(&own) && !alone(&hidden) && !alone(&two));
            assert!(!alone(&rows(&[("hr", References)])));
        }
        // A role may hide what the account has, where they do not add up.
        let role = rows(&[("pay\\_eu", Execute)]);
        assert!(sees(&[pattern.clone(), role.clone()], true));
        assert!(!sees(&[pattern.clone(), role], false));
        assert!(sees(&[pattern, rows(&[("pay\\_eu", References)])], false));
    }
}
