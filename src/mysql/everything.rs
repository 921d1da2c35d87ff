//! All accounts of a server and what they hold: what an audit looks at.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::existing::{Sight, existing, global_databases};
use super::facts::{fields, login, text};
use super::grant_tables::denied;
use super::live::{Ask, Existing, Server};
use super::reader::Reader;
use super::spec::{AccountName, Held, SeenAccount, TableName};

/// Everything that the grant tables of one server hold. Complete, but for what is an
/// [`Option`]: none there is what the login may not see.
#[derive(Debug, Clone)]
pub struct Everything {
    /// What the server is.
    pub server: Server,
    /// The account that read it.
    pub me: AccountName,
    /// All accounts, roles and anonymous ones too.
    pub accounts: BTreeMap<AccountName, SeenAccount>,
    /// Grants under a name that has no account. An account made under the name holds them
    /// at once.
    pub leftovers: BTreeMap<AccountName, Held>,
    /// What MariaDB's PUBLIC holds: everybody holds it.
    pub public: Option<Held>,
    /// Roles that every account has (MySQL).
    pub mandatory_roles: BTreeSet<AccountName>,
    /// The roles that are active after a login, by account. On MySQL those that are granted
    /// count only when they stand here or when `activate_all_roles_on_login` is on.
    pub default_roles: Option<BTreeMap<AccountName, BTreeSet<AccountName>>>,
    /// Whether all roles are active after a login (`activate_all_roles_on_login`, MySQL).
    pub activates_all_roles: bool,
    /// The names of all databases.
    pub databases: Option<BTreeSet<String>>,
    /// Whether what grants name exists.
    pub existing: Existing,
    /// Views, routines, triggers and events by the account whose rights they use.
    pub definers: BTreeMap<AccountName, BTreeSet<String>>,
    /// Kinds of objects whose definers the login may not see: `views`, `routines`,
    /// `triggers`, `events`.
    pub definers_unseen: Vec<&'static str>,
}

impl Reader {
    /// Reads everything: all grant tables at one moment in one query, and at most nine more
    /// for what exists, default roles and definers. Sends only queries.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the login may not see the grant tables.
    pub async fn everything(&mut self) -> Result<Everything, Error> {
        let facts = &self.facts;
        let dialect = &facts.server.dialect;
        let session = &mut self.session;
        let found = self.tables.everything(session, facts).await?;
        let mine: Vec<Held> = std::iter::once(&facts.me)
            .chain(&facts.my_roles)
            .filter_map(|name| found.get(name))
            .map(|found| found.held.clone())
            .collect();
        let public_name = AccountName { user: "PUBLIC".into(), host: String::new() };
        let (mut accounts, mut leftovers, mut public) = (BTreeMap::new(), BTreeMap::new(), None);
        for (name, found) in found {
            if dialect.is_mariadb() && name == public_name {
                public = Some(found.held).filter(|held| *held != Held::default());
                continue;
            }
            let held = found.held.clone();
            match found.seen(name.clone()) {
                Some(seen) => {
                    accounts.insert(name, seen);
                }
                None => {
                    leftovers.insert(name, held);
                }
            }
        }
        let naming = dialect.naming();
        let mut ask = Ask::default();
        let all = accounts.values().map(|account| &account.held).chain(leftovers.values());
        for held in all.chain(&public) {
            ask.databases.extend(held.databases.keys().filter_map(|name| naming.database(name)));
            ask.databases.extend(held.routines.keys().map(|routine| routine.database.clone()));
            for table in held.tables.keys() {
                ask.tables.entry(table.clone()).or_default();
            }
            for (table, columns) in &held.columns {
                let asked: &mut BTreeSet<String> = ask.tables.entry(table.clone()).or_default();
                asked.extend(columns.keys().cloned());
            }
        }
        // A grant on a table of MySQL's own is none that anybody lost.
        ask.tables.retain(|table, _| !SYSTEM.contains(&table.database.as_str()));
        let existing = existing(session, facts, &ask, &mine, 0).await?;
        let sight = Sight::new(facts, &mine);
        let databases = global_databases(session, &sight).await?;
        let default_roles = default_roles(self).await?;
        let (definers, definers_unseen) = definers(self, &mine).await?;
        let facts = &self.facts;
        Ok(Everything {
            server: facts.server.clone(),
            me: facts.me.clone(),
            accounts,
            leftovers,
            public,
            mandatory_roles: facts.mandatory_roles.iter().cloned().collect(),
            default_roles,
            activates_all_roles: facts.activates_all_roles,
            databases,
            existing,
            definers,
            definers_unseen,
        })
    }
}

/// The server's own databases.
pub const SYSTEM: [&str; 4] = ["mysql", "sys", "performance_schema", "information_schema"];

/// The roles that are active after a login; none when the login may not see them.
async fn default_roles(
    reader: &mut Reader,
) -> Result<Option<BTreeMap<AccountName, BTreeSet<AccountName>>>, Error> {
    let dialect = &reader.facts.server.dialect;
    let query = if dialect.is_mariadb() {
        "SELECT User, Host, JSON_VALUE(Priv, '$.default_role'), '' FROM mysql.global_priv \
         WHERE JSON_VALUE(Priv, '$.default_role') <> ''"
    } else if dialect.has_roles() {
        "SELECT USER, HOST, DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST FROM mysql.default_roles"
    } else {
        return Ok(Some(BTreeMap::new()));
    };
    let rows = match reader.session.rows("show its default roles", query).await {
        Ok(rows) => rows,
        Err(error) if denied(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut found: BTreeMap<AccountName, BTreeSet<AccountName>> = BTreeMap::new();
    for row in rows {
        let names = fields(Some(row))
            .and_then(|[a, b, c, d]| Some((text(a)?, text(b)?, text(c)?, text(d)?)));
        let Some((user, host, role, role_host)) = names else {
            return Err(reader.session.malformed("a default role"));
        };
        let role = AccountName { user: role, host: role_host };
        found.entry(AccountName { user, host }).or_default().insert(role);
    }
    Ok(Some(found))
}

/// A kind of object that has a definer, and which global privileges show all of its kind.
/// Each was tried with one privilege alone on MySQL 9.7, MariaDB 10.11 and 11.8: without one
/// of these the list is shorter and nothing says so.
struct Definable {
    kind: &'static str,
    query: &'static str,
    shown_by: &'static [&'static str],
}

const DEFINABLE: [Definable; 4] = [
    Definable {
        kind: "views",
        query: "SELECT 'view', TABLE_SCHEMA, TABLE_NAME, DEFINER FROM information_schema.VIEWS",
        shown_by: &["REFERENCES", "SELECT", "SHOW VIEW", "TRIGGER"],
    },
    Definable {
        kind: "routines",
        query: "SELECT 'routine', ROUTINE_SCHEMA, ROUTINE_NAME, DEFINER \
                FROM information_schema.ROUTINES",
        shown_by: &["SELECT", "EXECUTE", "CREATE ROUTINE", "SHOW_ROUTINE", "SHOW CREATE ROUTINE"],
    },
    Definable {
        kind: "triggers",
        query: "SELECT 'trigger', TRIGGER_SCHEMA, TRIGGER_NAME, DEFINER \
                FROM information_schema.TRIGGERS",
        shown_by: &["TRIGGER"],
    },
    Definable {
        kind: "events",
        query: "SELECT 'event', EVENT_SCHEMA, EVENT_NAME, DEFINER FROM information_schema.EVENTS",
        shown_by: &["EVENT"],
    },
];

/// What has a definer, by definer; and the kinds of which not all may be seen.
async fn definers(
    reader: &mut Reader,
    mine: &[Held],
) -> Result<(BTreeMap<AccountName, BTreeSet<String>>, Vec<&'static str>), Error> {
    let sight = Sight::new(&reader.facts, mine);
    let mut found: BTreeMap<AccountName, BTreeSet<String>> = BTreeMap::new();
    let mut unseen = Vec::new();
    for definable in DEFINABLE {
        if !sight.globally(|held| definable.shown_by.contains(&held)) {
            unseen.push(definable.kind);
        }
        for row in reader.session.rows("show its definers", definable.query).await? {
            let parts = fields(Some(row))
                .and_then(|[a, b, c, d]| Some((text(a)?, text(b)?, text(c)?, text(d)?)));
            let Some((kind, database, name, definer)) = parts else {
                return Err(reader.session.malformed("a definer"));
            };
            // An event has none where its account may not be seen.
            let Some(definer) = login(&definer) else { continue };
            if !SYSTEM.contains(&database.as_str()) {
                found.entry(definer).or_default().insert(format!("{kind} {database}.{name}"));
            }
        }
    }
    Ok((found, unseen))
}

impl Everything {
    /// Whether a table is known to be gone.
    pub fn is_table_gone(&self, table: &TableName) -> bool {
        matches!(self.existing.tables.get(table), Some(super::live::Known::Missing { .. }))
    }

    /// Whether a database is known to be gone.
    pub fn is_database_gone(&self, database: &str) -> bool {
        matches!(self.existing.databases.get(database), Some(super::live::Known::Missing { .. }))
    }
}
