//! What was read of one server for a plan: complete, or it does not exist.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::dialect::Dialect;
use super::sessions::may_be_from;
use super::spec::{AccountName, Held, SeenAccount, TableName};

/// What to look for on a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// How the user names of all accounts of ours begin, such as `jump_db_`. Every account
    /// that begins so is read, whatever its host.
    pub account_prefix: String,
    /// User names of accounts to read besides, whatever their host: those that were adopted.
    pub users: BTreeSet<String>,
    /// Databases of which to say whether they exist.
    pub databases: BTreeSet<String>,
    /// Tables of which to say whether they exist, each with columns of which to say so.
    pub tables: BTreeMap<TableName, BTreeSet<String>>,
}

impl Ask {
    /// Whether accounts of a user name are asked for.
    pub fn has_user(&self, user: &str) -> bool {
        user.starts_with(&self.account_prefix) || self.users.contains(user)
    }
}

/// What was read of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// What the server is.
    pub server: Server,
    /// The user names that were asked about besides those that begin as asked.
    pub users: BTreeSet<String>,
    /// Accounts whose user name is as asked, by name. Grants on databases and tables
    /// of one work for another of the same user name too, when a client matches both hosts.
    pub accounts: BTreeMap<AccountName, SeenAccount>,
    /// Names of that kind under which there are grants on databases or tables and no account:
    /// they work for an account of the same user name in the same way.
    pub leftovers: BTreeSet<AccountName>,
    /// What everybody who can log in holds besides his own grants.
    pub everybody: Vec<Everybody>,
    /// Whether what was asked about exists.
    pub existing: Existing,
    /// Open sessions of accounts whose user name is as asked, in order; `None` when the
    /// reader may not see sessions of others.
    pub sessions: Option<Vec<SeenSession>>,
}

/// An open session. The server does not say since when it is open, nor of which account
/// of its user name it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeenSession {
    /// The user name of the login.
    pub user: String,
    /// From which host, as the server names it.
    pub from: String,
}

impl Live {
    /// The open sessions that may be of an account, when sessions can be seen.
    pub fn sessions_of<'s>(
        &'s self,
        name: &AccountName,
    ) -> Option<impl Iterator<Item = &'s SeenSession>> {
        let sessions = self.sessions.as_ref()?;
        let first = AccountName { user: name.user.clone(), host: String::new() };
        let alike = self.accounts.range(first..).map(|(other, _)| other);
        let alike = alike.take_while(|other| other.user == name.user);
        let alone = alike.filter(|other| other.host != name.host).count() == 0;
        let start = sessions.partition_point(|session| session.user < name.user);
        let name = name.clone();
        let user = name.user.clone();
        let of_user = sessions[start..].iter().take_while(move |session| session.user == user);
        Some(of_user.filter(move |session| alone || may_be_from(&name.host, &session.from)))
    }
}

/// What a server is, and how it is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `host:port`, for messages.
    pub label: String,
    /// Kind, version and the settings that change the meaning of grants.
    pub dialect: Dialect,
    /// Which server it is: MySQL's server_uuid; on MariaDB host name, port and server_id.
    pub identity: String,
    /// The account of this run's own login.
    pub login: AccountName,
    /// Why it cannot be written, in words, when it cannot: read-only, or a replica.
    pub not_writable: Option<String>,
    /// The server's UTC clock minus the local one.
    pub skew: SignedDuration,
    /// Whether the connection is protected by TLS.
    pub encrypted: bool,
}

/// Something that opens a server to accounts without standing in their grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Everybody {
    /// What it is.
    pub source: EverybodySource,
    /// What it gives.
    pub held: Held,
}

/// What gives something to everybody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EverybodySource {
    /// An account without a user name: its grants on databases hold for all from that host.
    Anonymous(AccountName),
    /// MariaDB's PUBLIC.
    Public,
    /// A mandatory role of MySQL, active at every login.
    MandatoryRole(AccountName),
}

/// Whether databases, tables and columns exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Existing {
    /// Databases asked about.
    pub databases: BTreeMap<String, Known>,
    /// Tables asked about.
    pub tables: BTreeMap<TableName, Known>,
    /// Columns asked about: table, then column.
    pub columns: BTreeMap<TableName, BTreeMap<String, Known>>,
}

/// Whether something exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It does.
    Exists,
    /// It does not; names that are near it, the nearest first.
    Missing {
        /// Near names.
        near: Vec<String>,
    },
    /// The reader may not see it.
    NotChecked,
}
