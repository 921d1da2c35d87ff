//! Accounts and what they hold: the same types for what is wanted and what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::naming::Naming;
use super::privilege::{Privilege, Privileges};

/// An account: user name and host, both as the server stores them (the host in lower
/// case).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
pub struct AccountName {
    /// The user name, with its case.
    pub user: String,
    /// The host part, such as `10.8.0.%`.
    pub host: String,
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.host)
    }
}

/// A table by its literal names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
pub struct TableName {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

/// What an account is to hold: literal names, the union of the live requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Grants {
    /// On whole databases.
    pub databases: BTreeMap<String, Privileges>,
    /// On whole tables.
    pub tables: BTreeMap<TableName, Privileges>,
    /// On columns: table, then column.
    pub columns: BTreeMap<TableName, BTreeMap<String, Privileges>>,
}

/// What an account holds, as the grant tables say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Global privileges, static and dynamic, by their SQL names (`PROCESS`,
    /// `CONNECTION_ADMIN`); `GRANT OPTION` is one of them. USAGE is nothing.
    pub global: BTreeSet<String>,
    /// Rows of mysql.db by the stored form of the name, a pattern unless escaped.
    pub databases: BTreeMap<String, Row>,
    /// Rows of mysql.tables_priv: whole-table privileges; names are literal.
    pub tables: BTreeMap<TableName, Row>,
    /// Rows of mysql.columns_priv: table, then column.
    pub columns: BTreeMap<TableName, BTreeMap<String, Privileges>>,
    /// Rows of mysql.procs_priv.
    pub routines: BTreeMap<Routine, BTreeSet<String>>,
    /// Roles granted to the account, each with whether it may grant it on.
    pub roles: BTreeMap<AccountName, bool>,
    /// Accounts that it may act as (mysql.proxies_priv).
    pub proxies: BTreeSet<AccountName>,
    /// Privileges in the grant tables that this version of jumpgate does not know, as
    /// `database.PRIVILEGE`: they cannot be compared, so the account is reported and left.
    pub unknown: BTreeSet<String>,
}

impl Held {
    /// The grants on databases alone. Of grants without a user name only these work for
    /// everybody who comes from their host, whether their account works, is locked or is gone
    /// (tried on MySQL 9.7, MariaDB 10.11 and 11.8).
    pub fn on_databases(&self) -> Self {
        Self { databases: self.databases.clone(), ..Self::default() }
    }
}

/// Privileges of one row, and whether its holder may hand them on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Row {
    /// The privileges.
    pub privileges: Privileges,
    /// WITH GRANT OPTION.
    pub grant_option: bool,
}

/// A stored routine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
pub struct Routine {
    /// The database.
    pub database: String,
    /// The routine.
    pub name: String,
    /// `PROCEDURE`, `FUNCTION`, `PACKAGE`, ... as stored, upper case.
    pub kind: String,
}

/// An account that was seen on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAccount {
    /// Its name.
    pub name: AccountName,
    /// Whether logins are locked.
    pub locked: bool,
    /// Whether it is a role (MariaDB says so; MySQL's roles are accounts).
    pub is_role: bool,
    /// The authentication plugin.
    pub plugin: String,
    /// Whether it has no password at all (an empty hash with a password plugin).
    pub no_password: bool,
    /// Whether an old password still works beside the present one (MySQL).
    pub old_password: bool,
    /// When the password was last set, to the second; `None` where the server does not say.
    pub password_changed: Option<Timestamp>,
    /// jumpgate's own words in the account's ATTRIBUTE (MySQL 8.0.21 and later).
    pub evidence: Option<Evidence>,
    /// What it holds.
    pub held: Held,
}

/// Whether accounts of an authentication plugin log in with a password whose hash the server
/// holds; the empty name is the server's default.
pub fn is_password_plugin(plugin: &str) -> bool {
    matches!(
        plugin,
        "" | "mysql_native_password"
            | "mysql_old_password"
            | "caching_sha2_password"
            | "sha256_password"
            | "ed25519"
            | "parsec"
    )
}

/// The ATTRIBUTE key `jumpgate` of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Evidence {
    /// The owner.
    pub owner: String,
    /// The generation of the password, as the mark in JumpServer has it.
    pub generation: String,
}

/// One thing to grant or to revoke: becomes one statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(tag = "on", rename_all = "kebab-case")]
pub enum Object {
    /// Global privileges by name (revoked only, never granted).
    Global {
        /// SQL names.
        privileges: BTreeSet<String>,
    },
    /// A row of mysql.db.
    Database {
        /// The name in the form in which the server stores it: escaped, unless
        /// `partial_revokes` makes names literal, or a row made by hand.
        stored: String,
        /// The privileges.
        #[schemars(with = "BTreeSet<Privilege>")]
        privileges: Privileges,
        /// GRANT OPTION (revoked only, never granted).
        grant_option: bool,
    },
    /// A whole table.
    Table {
        /// The table.
        table: TableName,
        /// The privileges.
        #[schemars(with = "BTreeSet<Privilege>")]
        privileges: Privileges,
        /// GRANT OPTION (revoked only, never granted).
        grant_option: bool,
    },
    /// Columns of a table.
    Columns {
        /// The table.
        table: TableName,
        /// By privilege, the columns as the table spells them.
        privileges: BTreeMap<Privilege, BTreeSet<String>>,
    },
    /// A routine (revoked only).
    Routine {
        /// The routine.
        routine: Routine,
        /// SQL names, `GRANT OPTION` among them.
        privileges: BTreeSet<String>,
    },
    /// A role (revoked only).
    Role {
        /// The role.
        role: AccountName,
    },
    /// The right to act as another account (revoked only).
    Proxy {
        /// The other account.
        account: AccountName,
    },
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |privileges: &BTreeSet<String>| Vec::from_iter(privileges.clone()).join(", ");
        let list = |privileges: Privileges, grant_option: bool| {
            let option = grant_option.then_some("GRANT OPTION");
            let names = privileges.iter().map(Privilege::sql);
            names.chain(option).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Global { privileges } => write!(f, "{} on *.*", words(privileges)),
            Self::Database { stored, privileges, grant_option } => {
                let name = Naming::default().database(stored);
                let name = name.as_deref().unwrap_or(stored);
                write!(f, "{} on {name}.*", list(*privileges, *grant_option))
            }
            Self::Table { table, privileges, grant_option } => {
                write!(f, "{} on {table}", list(*privileges, *grant_option))
            }
            Self::Columns { table, privileges } => {
                let parts = privileges.iter().map(|(privilege, columns)| {
                    format!("{} ({})", privilege.sql(), words(columns))
                });
                write!(f, "{} on {table}", parts.collect::<Vec<_>>().join(", "))
            }
            Self::Routine { routine, privileges } => {
                let Routine { database, name, kind } = routine;
                write!(f, "{} on {} {database}.{name}", words(privileges), kind.to_lowercase())
            }
            Self::Role { role } if role.host.is_empty() => write!(f, "the role {}", role.user),
            Self::Role { role } => write!(f, "the role {role}"),
            Self::Proxy { account } => write!(f, "PROXY on {account}"),
        }
    }
}

/// A change of what an account holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(tag = "verb", content = "what", rename_all = "kebab-case")]
pub enum Change {
    /// GRANT.
    Grant(Object),
    /// REVOKE.
    Revoke(Object),
}
