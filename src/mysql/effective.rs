//! What somebody may really do on a database or a table: rows of grants do not simply add up.
//!
//! A row for exactly one database hides every pattern that matches it. Grants on everything,
//! on databases, on tables and on columns add up. (Each was tried on MySQL 9.7, MariaDB 10.11
//! and 11.8.)

use std::collections::BTreeMap;

use super::naming::Naming;
use super::privilege::{Privilege, Privileges};
use super::spec::{Held, TableName};

/// What is held on a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effective {
    /// On all of the place.
    pub privileges: Privileges,
    /// On single columns, or on single tables when the place is a database.
    pub parts: BTreeMap<String, Privileges>,
    /// Rows that count for nothing here, as another one hides them.
    pub hidden: Vec<String>,
    /// Patterns of which only one counts here; which one differs between servers. What all
    /// of them give is among the privileges.
    pub unsure: Vec<String>,
}

impl Effective {
    /// Whether it is nothing at all.
    pub fn is_nothing(&self) -> bool {
        self.privileges.is_empty() && self.parts.is_empty()
    }

    /// Adds what another holder has, such as a role.
    pub fn add(&mut self, other: Self) {
        self.privileges |= other.privileges;
        for (part, privileges) in other.parts {
            *self.parts.entry(part).or_default() |= privileges;
        }
        self.hidden.extend(other.hidden);
        self.unsure.extend(other.unsure);
    }
}

/// What is held on a database, and on one table of it when one is named.
pub fn on(naming: Naming, held: &Held, database: &str, table: Option<&str>) -> Effective {
    let database = naming.fold(database).into_owned();
    let mut found = Effective {
        privileges: held.global.iter().filter_map(|name| Privilege::parse(name)).collect(),
        ..Effective::default()
    };
    let exact = naming.stored(&database);
    let patterns = held
        .databases
        .iter()
        .filter(|(stored, _)| **stored != exact && naming.covers(stored, &database));
    match held.databases.get(&*exact) {
        Some(row) => {
            found.privileges |= row.privileges;
            found.hidden.extend(patterns.map(|(stored, _)| stored.clone()));
        }
        None => {
            let matching: Vec<_> = patterns.collect();
            for (_, row) in &matching {
                found.privileges |= row.privileges;
            }
            if matching.len() > 1 {
                found.unsure.extend(matching.into_iter().map(|(stored, _)| stored.clone()));
            }
        }
    }
    match table {
        Some(table) => {
            let name = TableName { database, table: naming.fold(table).into_owned() };
            if let Some(row) = held.tables.get(&name) {
                found.privileges |= row.privileges;
            }
            for (column, privileges) in held.columns.get(&name).into_iter().flatten() {
                let more = *privileges - found.privileges;
                if !more.is_empty() {
                    found.parts.insert(column.clone(), more);
                }
            }
        }
        None => {
            let tables = held.tables.iter().filter(|(name, _)| name.database == database);
            for (name, row) in tables {
                *found.parts.entry(name.table.clone()).or_default() |= row.privileges;
            }
            let columns = held.columns.iter().filter(|(name, _)| name.database == database);
            for (name, columns) in columns {
                let of = columns.values().fold(Privileges::new(), |all, some| all | *some);
                *found.parts.entry(name.table.clone()).or_default() |= of;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql::spec::Row;
    use Privilege::{Delete, Insert, Select, Update};

    fn held(rows: &[(&str, Privilege)]) -> Held {
        let rows = rows.iter().map(|(stored, privilege)| {
            let row = Row { privileges: (*privilege).into(), grant_option: false };
            ((*stored).to_owned(), row)
        });
        Held { databases: rows.collect(), ..Held::default() }
    }

    fn on_table(held: &Held, database: &str) -> Effective {
        on(Naming::default(), held, database, Some("t"))
    }

    #[test]
    fn an_exact_row_hides_a_pattern() {
        let held = held(&[("pay%", Select), (r"pay\_eu", Delete)]);
        let there = on_table(&held, "pay_eu");
        assert_eq!(there.privileges, Delete);
        assert_eq!(there.hidden, ["pay%"]);
        assert_eq!(on_table(&held, "pay_us").privileges, Select);
        assert!(on_table(&held, "orders").is_nothing());
    }

    #[test]
    fn of_several_patterns_nobody_knows_which_counts() {
        let there = on_table(&held(&[("pay%", Select), ("pay_eu", Insert)]), "pay_eu");
        assert_eq!(there.privileges, Select | Insert);
        assert_eq!(there.unsure, ["pay%", "pay_eu"]);
    }

    #[test]
    fn tables_and_columns_add_up_with_rows() {
        let mut held = held(&[("billing", Select)]);
        let cards = TableName { database: "billing".into(), table: "t".into() };
        let columns = [("id".to_owned(), Select | Update)].into();
        held.columns.insert(cards, columns);
        let there = on_table(&held, "billing");
        assert_eq!(there.privileges, Select);
        assert_eq!(there.parts, [("id".to_owned(), Update.into())].into());
        let whole = on(Naming::default(), &held, "billing", None);
        assert_eq!(whole.parts, [("t".to_owned(), Select | Update)].into());
    }
}
