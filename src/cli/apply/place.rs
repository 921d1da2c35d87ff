//! Where an account holds what requests gave, and which changes take that away.

use std::collections::{BTreeMap, BTreeSet};

use crate::mysql::difference::Naming;
use crate::mysql::privilege::{Privilege, Privileges};
use crate::mysql::spec::{Change, Grants, Held, Object, TableName};

/// Where an account holds something: in the place that is named, or else around or within it,
/// as git may have it in other words since it was given.
pub(super) struct Places<'h> {
    held: &'h Held,
    naming: Naming,
    /// By the stored form of the name.
    databases: BTreeMap<String, Privileges>,
    tables: BTreeMap<TableName, Privileges>,
    /// Each column in lower case.
    columns: BTreeMap<(TableName, String), Privileges>,
}

impl<'h> Places<'h> {
    /// The places in which `gave` is held.
    pub(super) fn of(gave: &Grants, held: &'h Held, naming: Naming) -> Self {
        let (databases, tables, columns) = Default::default();
        let mut places = Self { held, naming, databases, tables, columns };
        for (database, privileges) in &gave.databases {
            places.database(database, *privileges);
        }
        for (table, privileges) in &gave.tables {
            places.table(table, *privileges);
        }
        for (table, columns) in &gave.columns {
            for (column, privileges) in columns {
                places.column(table, column, *privileges);
            }
        }
        places
    }

    fn database(&mut self, name: &str, privileges: Privileges) {
        if self.around(name, privileges) {
            return;
        }
        let (held, name) = (self.held, self.naming.fold(name));
        let tables = held.tables.keys().chain(held.columns.keys());
        for table in tables.filter(|table| table.database == *name) {
            self.within(table, privileges);
        }
    }

    fn table(&mut self, name: &TableName, privileges: Privileges) {
        let table = self.naming.table(name).into_owned();
        if self.held.tables.contains_key(&table) || !self.around(&name.database, privileges) {
            self.within(&table, privileges);
        }
    }

    fn column(&mut self, table: &TableName, column: &str, privileges: Privileges) {
        let name = self.naming.table(table).into_owned();
        let column = column.to_lowercase();
        let columns = self.held.columns.get(&name);
        if columns.is_some_and(|held| held.keys().any(|held| held.to_lowercase() == column)) {
            *self.columns.entry((name, column)).or_default() |= privileges;
        } else if self.held.tables.contains_key(&name) {
            *self.tables.entry(name).or_default() |= privileges;
        } else {
            self.around(&table.database, privileges);
        }
    }

    /// Notes the row of a whole database, when there is one.
    fn around(&mut self, database: &str, privileges: Privileges) -> bool {
        let stored = self.naming.stored(database);
        let there = self.held.databases.contains_key(&*stored);
        if there {
            *self.databases.entry(stored.into_owned()).or_default() |= privileges;
        }
        there
    }

    /// Notes the row of a table, or else its columns.
    fn within(&mut self, table: &TableName, privileges: Privileges) {
        if self.held.tables.contains_key(table) {
            *self.tables.entry(table.clone()).or_default() |= privileges;
            return;
        }
        for column in self.held.columns.get(table).into_iter().flat_map(BTreeMap::keys) {
            let column = (table.clone(), column.to_lowercase());
            *self.columns.entry(column).or_default() |= privileges;
        }
    }

    /// Of changes in a safe order those that take away what is held in these places, with what
    /// belongs to them: a pattern that a row hides as long as it is there, and what somebody
    /// keeps of what goes. For each change what is left of it.
    pub(super) fn only(&self, changes: &[&Change]) -> Vec<Option<Change>> {
        let part = |change: &&Change| match change {
            Change::Revoke(object) => self.part(object),
            Change::Grant(_) => None,
        };
        let revoked: Vec<Object> = changes.iter().filter_map(part).collect();
        let left = |change: &&Change| match change {
            Change::Revoke(object) => self
                .part(object)
                .or_else(|| self.is_hidden(object, &revoked).then(|| object.clone()))
                .map(Change::Revoke),
            Change::Grant(object) => {
                revoked.iter().any(|gone| self.gives(gone, object)).then(|| (*change).clone())
            }
        };
        changes.iter().map(left).collect()
    }

    /// The part of a revoke that takes away what is held in these places.
    fn part(&self, object: &Object) -> Option<Object> {
        match object {
            Object::Database { stored, privileges, grant_option } => {
                let (given, row) = (self.databases.get(stored)?, self.held.databases.get(stored)?);
                let privileges = goes(*privileges, row.privileges, *given)?;
                let (stored, grant_option) = (stored.clone(), *grant_option);
                Some(Object::Database { stored, privileges, grant_option })
            }
            Object::Table { table, privileges, grant_option } => {
                let (given, row) = (self.tables.get(table)?, self.held.tables.get(table)?);
                let privileges = goes(*privileges, row.privileges, *given)?;
                let (table, grant_option) = (table.clone(), *grant_option);
                Some(Object::Table { table, privileges, grant_option })
            }
            Object::Columns { table, privileges } => {
                let privileges = self.columns_of(table, privileges);
                let table = table.clone();
                (!privileges.is_empty()).then_some(Object::Columns { table, privileges })
            }
            // No request gives these.
            _ => None,
        }
    }

    fn columns_of(
        &self,
        table: &TableName,
        all: &BTreeMap<Privilege, BTreeSet<String>>,
    ) -> BTreeMap<Privilege, BTreeSet<String>> {
        let mut left: BTreeMap<Privilege, BTreeSet<String>> = BTreeMap::new();
        let names: BTreeSet<&String> = all.values().flatten().collect();
        for name in names {
            let takes = all.iter().filter(|(_, columns)| columns.contains(name));
            let takes = takes.map(|(privilege, _)| *privilege).collect();
            let row = self.held.columns.get(table).and_then(|columns| columns.get(name));
            let given = self.columns.get(&(table.clone(), name.to_lowercase()));
            let (Some(row), Some(given)) = (row, given) else { continue };
            for privilege in goes(takes, *row, *given).unwrap_or_default() {
                left.entry(privilege).or_default().insert(name.clone());
            }
        }
        left
    }

    /// Whether a revoke is of a pattern that gives more once one of these rows is gone.
    fn is_hidden(&self, object: &Object, revoked: &[Object]) -> bool {
        let Object::Database { stored: pattern, .. } = object else { return false };
        self.naming.database(pattern).is_none()
            && revoked.iter().any(|gone| match gone {
                Object::Database { stored, .. } => self
                    .naming
                    .database(stored)
                    .is_some_and(|database| self.naming.covers(pattern, &database)),
                _ => false,
            })
    }

    /// Whether what is granted is held by way of what goes.
    fn gives(&self, gone: &Object, granted: &Object) -> bool {
        let (Object::Table { table, .. } | Object::Columns { table, .. }) = granted else {
            return false;
        };
        match gone {
            Object::Database { stored, .. } => *stored == self.naming.stored(&table.database),
            Object::Table { table: gone, .. } => gone == table,
            _ => false,
        }
    }
}

/// What goes of what is taken from a row in which something was given that has ended. When
/// nobody keeps anything of the row, all of it: a level may give less by now.
fn goes(takes: Privileges, row: Privileges, given: Privileges) -> Option<Privileges> {
    let goes = if row.is_subset(takes) { takes } else { takes & given };
    (!goes.is_empty()).then_some(goes)
}
