//! The names of databases and tables, for the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::existing::Sight;
use super::facts::{fields, text};
use super::reader::Reader;
use super::statement::literal;
use crate::access::scope::SYSTEM_DATABASES;
use crate::catalog::{Names, Tables};

impl Reader {
    /// Reads the names of all databases and tables but the server's own, or of these databases
    /// alone, with columns when asked: four queries at most. What the login may not see is
    /// left out by the server, and then the answer is told to be partial.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn names(
        &mut self,
        databases: Option<&BTreeSet<String>>,
        columns: bool,
    ) -> Result<Tables, Error> {
        let mine = self.tables.mine(&mut self.session, &self.facts).await?;
        let naming = self.facts.server.dialect.naming();
        let sight = Sight::new(&self.facts, &mine);
        let wanted: Option<BTreeSet<String>> =
            databases.map(|all| all.iter().map(|name| naming.fold(name).into_owned()).collect());
        let mut names = Names::new();
        let query = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA";
        for row in self.session.rows("show its databases", query).await? {
            let Some(name) = fields(Some(row)).and_then(|[name]| text(name)) else { continue };
            let system = SYSTEM_DATABASES.iter().any(|system| system.eq_ignore_ascii_case(&name));
            let name = naming.fold(&name).into_owned();
            if !system && wanted.as_ref().is_none_or(|wanted| wanted.contains(&name)) {
                names.insert(name, BTreeMap::new());
            }
        }
        let partial = !sight.sees_databases() || names.keys().any(|name| !sight.sees_tables(name));
        if !names.is_empty() {
            self.tables_of(&mut names, columns).await?;
        }
        Ok(Tables { any_case: naming.lower, partial, databases: names })
    }

    /// Fills in the tables of databases.
    async fn tables_of(&mut self, names: &mut Names, columns: bool) -> Result<(), Error> {
        let naming = self.facts.server.dialect.naming();
        let within: Vec<String> = names.keys().map(|name| literal(name)).collect();
        let within = within.join(", ");
        let query = format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN \
             ({within})"
        );
        for row in self.session.rows("show its tables", &query).await? {
            if let Some([database, table]) = fields(Some(row))
                && let (Some(database), Some(table)) = (text(database), text(table))
                && let Some(tables) = names.get_mut(&*naming.fold(&database))
            {
                tables.insert(naming.fold(&table).into_owned(), Vec::new());
            }
        }
        if !columns {
            return Ok(());
        }
        let query = format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE \
             TABLE_SCHEMA IN ({within}) ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"
        );
        for row in self.session.rows("show its columns", &query).await? {
            if let Some([database, table, column]) = fields(Some(row))
                && let (Some(database), Some(table), Some(column)) =
                    (text(database), text(table), text(column))
                && let Some(tables) = names.get_mut(&*naming.fold(&database))
                && let Some(columns) = tables.get_mut(&*naming.fold(&table))
            {
                columns.push(column);
            }
        }
        Ok(())
    }
}
