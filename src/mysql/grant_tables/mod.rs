//! Reads accounts and what they hold out of the grant tables.
//!
//! The tables are the only source: they fail loudly when the reader may not see them,
//! while INFORMATION_SCHEMA leaves rows out and SHOW GRANTS leaves out what works for
//! everybody.

#[cfg(test)]
mod fuzz_tests;
mod query;
mod rows;
mod words;

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::dialect::Dialect;
use super::error::Error;
use super::facts::{Facts, fields, text};
use super::live::Ask;
use super::rights;
use super::session::Session;
use super::spec::{AccountName, Held, SeenAccount};

use query::{Columns, Filter};
use rows::Collector;
pub(super) use rows::Found;

/// The grant tables of one server.
#[derive(Debug, Clone, Default)]
pub(super) struct GrantTables {
    /// Read once: they change only with the version of the server.
    columns: Option<Columns>,
}

impl GrantTables {
    /// The accounts whose user name is asked for, the ones without a user name, and those
    /// with the given names.
    pub(super) async fn accounts(
        &mut self,
        session: &mut Session,
        facts: &Facts,
        ask: &Ask,
        names: Vec<AccountName>,
    ) -> Result<IndexMap<AccountName, Found>, Error> {
        let filter = Filter {
            prefix: Some(ask.account_prefix.clone()),
            users: ask.users.iter().cloned().collect(),
            anonymous: true,
            names,
            all: false,
        };
        self.read(session, facts, &filter).await
    }

    /// Every name that the tables hold.
    pub(super) async fn everything(
        &mut self,
        session: &mut Session,
        facts: &Facts,
    ) -> Result<BTreeMap<AccountName, Found>, Error> {
        let all = Filter { all: true, ..Filter::default() };
        Ok(self.read(session, facts, &all).await?.into_iter().collect())
    }

    /// One account.
    pub(super) async fn account(
        &mut self,
        session: &mut Session,
        facts: &Facts,
        name: &AccountName,
    ) -> Result<Option<SeenAccount>, Error> {
        let filter = Filter { names: vec![name.clone()], ..Filter::default() };
        let found = self.read(session, facts, &filter).await?.swap_remove(name);
        Ok(found.and_then(|found| found.seen(name.clone())))
    }

    /// What we hold ourselves, active roles included.
    pub(super) async fn mine(
        &mut self,
        session: &mut Session,
        facts: &Facts,
    ) -> Result<Vec<Held>, Error> {
        let names = std::iter::once(&facts.me).chain(&facts.my_roles).cloned().collect();
        let filter = Filter { names, ..Filter::default() };
        let found = self.read(session, facts, &filter).await?;
        Ok(found.into_values().map(|found| found.held).collect())
    }

    async fn read(
        &mut self,
        session: &mut Session,
        facts: &Facts,
        filter: &Filter,
    ) -> Result<IndexMap<AccountName, Found>, Error> {
        let dialect = &facts.server.dialect;
        let answer = match self.columns(session, dialect).await {
            Ok(columns) => {
                let query = query::all(dialect, columns, filter)?;
                let mut collector = Collector::new(columns);
                let mut good = true;
                // As they arrive: the server reads the next ones meanwhile.
                let each = |row: mysql_async::Row| good &= collector.take(row.unwrap()).is_some();
                let answer = session.each_row("show its accounts", &query, each).await;
                answer.map(|()| good.then(|| collector.found()))
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(found) => found.ok_or_else(|| session.malformed("a row of its grant tables")),
            Err(error) if denied(&error) => {
                let needs = unreadable(session, facts).await?;
                // Denied, and yet every table can be read: tell what the server said.
                if needs.is_empty() {
                    return Err(error);
                }
                Err(Error::Unreadable {
                    server: session.server().to_owned(),
                    user: session.user().to_owned(),
                    needs,
                })
            }
            Err(error) => Err(error),
        }
    }

    async fn columns(
        &mut self,
        session: &mut Session,
        dialect: &Dialect,
    ) -> Result<&Columns, Error> {
        if self.columns.is_none() {
            let user = if dialect.is_mariadb() {
                Vec::new()
            } else {
                privilege_columns(session, "user").await?
            };
            self.columns = Some(Columns { user, db: privilege_columns(session, "db").await? });
        }
        // There now: put there above.
        Ok(self.columns.get_or_insert_default())
    }
}

async fn privilege_columns(session: &mut Session, table: &str) -> Result<Vec<String>, Error> {
    // SHOW COLUMNS leaves out columns that the login may not read; this fails instead.
    let whole = format!("SELECT * FROM mysql.{table} LIMIT 0");
    session.rows("show its accounts", &whole).await?;
    let query = format!("SHOW COLUMNS FROM mysql.{table}");
    let rows = session.rows("show its accounts", &query).await?;
    let name = |row: mysql_async::Row| row.unwrap().into_iter().next().and_then(text);
    Ok(rows
        .into_iter()
        .filter_map(name)
        .filter(|column| words::of_column(column).is_some())
        .collect())
}

/// Whether the server refused for want of rights (database, table, column, global).
pub(super) fn denied(error: &Error) -> bool {
    matches!(error.code(), Some(1044 | 1142 | 1143 | 1227))
}

/// The statements that make the grant tables readable which are not.
pub(super) async fn unreadable(session: &mut Session, facts: &Facts) -> Result<Vec<String>, Error> {
    let mut needs = Vec::new();
    for table in facts.server.dialect.grant_tables() {
        // All columns, so that a right on some of them does not pass.
        let query = format!("SELECT * FROM mysql.{table} LIMIT 0");
        match session.rows("show its accounts", &query).await {
            Ok(_) => {}
            Err(error) if denied(&error) => needs.push(rights::read_table(table, &facts.me)),
            Err(error) => return Err(error),
        }
    }
    Ok(needs)
}

/// One value of the only row.
pub(super) async fn one(
    session: &mut Session,
    doing: &str,
    query: &str,
) -> Result<Option<String>, Error> {
    let row = session.rows(doing, query).await?.into_iter().next();
    Ok(fields(row).and_then(|[value]| text(value)))
}
