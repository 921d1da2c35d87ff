//! The access repo after its checks: every name resolved, every period an instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use uuid::Uuid;

use super::notify::Notify;
pub use super::party::Party;
use super::sessions::OnEnd;
use crate::diagnostic::Diagnostic;
use crate::mysql::privilege::Privileges;
use crate::names::{
    Environment, InstanceName, LevelName, LoginName, Owner, PersonName, Prefix, RequestName,
    TeamName,
};
use crate::period::{Edge, Period};

/// A place in a file of the access repo; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
pub struct Site {
    /// The path from the root of the repo, with `/`.
    pub file: Arc<str>,
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// A whole access repo that passed its checks.
#[derive(Debug, Clone)]
pub struct Access {
    /// `jumpgate.yaml`.
    pub config: Config,
    /// `policy.yaml`.
    pub policy: Policy,
    /// `people/`.
    pub people: BTreeMap<PersonName, Person>,
    /// `teams/`.
    pub teams: BTreeMap<TeamName, Team>,
    /// `inventory/databases/`.
    pub instances: BTreeMap<InstanceName, Instance>,
    /// `inventory/servers.yaml`, in its order.
    pub servers: Vec<ServerEntry>,
    /// `requests/`, ended ones too (their names may point at nothing).
    pub requests: BTreeMap<RequestName, Request>,
    /// `notify.yaml`, where there is one.
    pub notify: Option<Notify>,
    /// What is valid, and a person should know: by file and line.
    pub notices: Vec<Diagnostic>,
}

impl Access {
    /// Whether the repo has a person who has not left by a moment.
    pub fn is_here(&self, name: &PersonName, moment: Timestamp) -> bool {
        self.people.get(name).is_some_and(|person| !person.has_left(moment))
    }

    /// The instance that holds the accounts which an instance shows: itself, unless it is a
    /// replica or an alias.
    pub fn holder<'a>(&'a self, name: &'a InstanceName) -> &'a InstanceName {
        let found = self.instances.get(name);
        found.and_then(|instance| instance.same_accounts_as.as_ref()).unwrap_or(name)
    }

    /// The environment of the instance that holds the accounts which an instance shows.
    pub fn holder_environment(&self, name: &InstanceName) -> Option<&Environment> {
        self.instances.get(self.holder(name)).map(|holder| &holder.environment)
    }

    /// Whether an instance gives nothing any more: it is retired, or the one whose accounts it
    /// shows.
    pub fn is_retired(&self, name: &InstanceName) -> bool {
        let retired = |name| self.instances.get(name).is_some_and(|instance| instance.retired);
        retired(name) || retired(self.holder(name))
    }
}

/// The settings of `jumpgate.yaml`, defaults filled in.
#[derive(Debug, Clone)]
pub struct Config {
    /// The mark on everything that this repo owns.
    pub owner: Owner,
    /// The zone in which days and wall times are meant.
    pub zone: TimeZone,
    /// Where JumpServer answers: http(s), no query, a path is kept, no `/` at the end.
    pub url: url::Url,
    /// The organization of JumpServer, by name or id.
    pub organization: String,
    /// Who makes the users of JumpServer.
    pub source: PeopleSource,
    /// Kinds of accounts on hosts.
    pub logins: BTreeMap<LoginName, Login>,
    /// Kinds of accounts on databases.
    pub levels: BTreeMap<LevelName, Privileges>,
    /// The first part of all names given.
    pub prefix: Prefix,
    /// How much may be taken away in one run.
    pub guard: Guard,
}

/// Who makes the users of JumpServer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleSource {
    /// LDAP, SSO or an administrator: jumpgate never writes users.
    JumpServer,
    /// The people files: jumpgate makes users, and disables those that it made.
    Repo,
}

/// A kind of account on hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// User names on the assets, in the order written.
    pub accounts: Vec<String>,
    /// Protocols of JumpServer, such as `ssh`; never `all`.
    pub protocols: Vec<String>,
    /// Actions of JumpServer: connect, upload, download, copy, paste, delete, share.
    pub actions: BTreeSet<String>,
}

/// How much may be taken away in one run without a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// The greatest count.
    pub removals: u32,
    /// The greatest share of what is owned, in percent.
    pub percent: u32,
}

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Where the file is.
    pub site: Site,
    /// The name for people.
    pub display: String,
    /// The e-mail address; there when people come from the repo.
    pub email: Option<String>,
    /// The user name in JumpServer.
    pub jumpserver: String,
    /// The user's id in JumpServer, said by hand after a user was made anew.
    pub jumpserver_id: Option<Uuid>,
    /// The user name at the git forge.
    pub forge: Option<String>,
    /// When the person leaves: over at the end of that day.
    pub left: Option<Edge>,
}

impl Person {
    /// Whether the person has left by a moment.
    pub fn has_left(&self, moment: Timestamp) -> bool {
        self.left.as_ref().is_some_and(|left| left.at <= moment)
    }
}

/// A team.
#[derive(Debug, Clone)]
pub struct Team {
    /// Where the file is.
    pub site: Site,
    /// The people in it.
    pub members: BTreeSet<PersonName>,
}

/// A MySQL or MariaDB server.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Where the file is.
    pub site: Site,
    /// Host name or address, where accounts are made.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The asset that people open in JumpServer.
    pub asset: String,
    /// The environment for policy.
    pub environment: Environment,
    /// Who answers for it.
    pub owners: Vec<Party>,
    /// The host part of accounts, in lower case.
    pub account_host: String,
    /// The levels that may be asked for.
    pub levels: Arc<BTreeSet<LevelName>>,
    /// The databases that may be asked for; `None` is all but the system's.
    pub databases: Option<BTreeSet<String>>,
    /// How the connection is protected.
    pub tls: Tls,
    /// The instance whose accounts this one shows: a replica or alias.
    pub same_accounts_as: Option<InstanceName>,
    /// `state: retired`: everything here ends.
    pub retired: bool,
}

/// How the connection to an instance is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// What is demanded.
    pub mode: TlsMode,
    /// PEM certificates to trust in place of the public ones: the file's path in the
    /// repo and its bytes.
    pub ca: Option<(Arc<str>, Arc<[u8]>)>,
}

/// What is demanded of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// TLS with a certificate that is trusted and names the host.
    Verify,
    /// TLS with any certificate.
    Require,
    /// No TLS.
    Off,
}

/// An entry of `inventory/servers.yaml`: what may be asked for.
#[derive(Debug, Clone)]
pub struct ServerEntry {
    /// Where the entry begins.
    pub site: Site,
    /// The environment for policy.
    pub environment: Environment,
    /// Who answers for it.
    pub owners: Vec<Party>,
    /// The logins that may be asked for.
    pub logins: BTreeSet<LoginName>,
    /// Node paths, such as `/Default/payments/prod`.
    pub nodes: Vec<String>,
    /// Asset names; `*` stands for any characters.
    pub assets: Vec<String>,
}

/// The rules of `policy.yaml`.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The environments that there are.
    pub environments: Vec<Environment>,
    /// The limits, in the order written.
    pub limits: Vec<Limit>,
    /// Whether an account is made although a foreign permission opens it.
    pub exposed_accounts: ExposedAccounts,
    /// Who approves edits of the rules themselves, and steps in where the owners of a target
    /// may not approve.
    pub owners: Vec<Party>,
    /// What apply wants to know of how something new was merged.
    pub provenance: Provenance,
    /// What becomes of open sessions when access ends, where it is set.
    pub sessions: BTreeMap<Environment, OnEnd>,
    /// Who may merge an emergency, where there can be one.
    pub emergency: Option<EmergencyRule>,
}

/// `emergency:` of `policy.yaml`.
#[derive(Debug, Clone)]
pub struct EmergencyRule {
    /// Where it begins.
    pub site: Site,
    /// Who may merge one.
    pub mergers: Vec<Party>,
    /// How long one may be at most, in hours.
    pub longest_hours: u32,
}

impl Policy {
    /// What becomes of open sessions in an environment when access ends.
    pub fn on_end(&self, environment: &Environment) -> OnEnd {
        self.sessions.get(environment).copied().unwrap_or_default()
    }
}

/// What apply wants to know of how something new was merged, the least first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// Nothing: what is merged counts.
    #[default]
    Off,
    /// What git tells: nothing that needs approvals was pushed past a pull request.
    Git,
    /// What the forge tells: the pull request had the approvals that the rules ask for.
    Forge,
}

/// What happens to a database account that a foreign permission would open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExposedAccounts {
    /// It is not made, and nothing new is granted to it.
    Refuse,
    /// It is made, and the plan reports it.
    Allow,
}

/// One limit: a grant keeps every limit whose `when` matches.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Where the entry begins.
    pub site: Site,
    /// To what it applies.
    pub when: When,
    /// Whether an end is required.
    pub end_required: bool,
    /// The longest period, in days of the calendar.
    pub longest_days: Option<u32>,
    /// How many approvals a request needs (judged with the forge's reviews).
    pub approvals: Option<u32>,
    /// Refused altogether, with what to do instead.
    pub deny: Option<String>,
}

/// To what a limit applies: every part that is there must match.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// The environment of the target.
    pub environment: Option<Environment>,
    /// The login; a limit with it never matches databases.
    pub login: Option<LoginName>,
    /// The level; a limit with it never matches servers.
    pub level: Option<LevelName>,
    /// The kind of scope; a limit with it never matches servers.
    pub scope: Option<ScopeKind>,
}

/// How much of a database something reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeKind {
    /// A whole database.
    Database,
    /// A whole table.
    Table,
    /// Columns of a table.
    Columns,
}

/// One file of `requests/`.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the file begins.
    pub site: Site,
    /// Whom it is for, in the order written.
    pub parties: Vec<(Party, Site)>,
    /// Why, for people.
    pub reason: String,
    /// From when until when.
    pub period: Period,
    /// Whether it is merged without the usual approvals, and why.
    pub emergency: Option<Emergency>,
    /// Hosts asked for.
    pub servers: Vec<ServerWant>,
    /// Databases asked for.
    pub databases: Vec<DatabaseWant>,
    /// `release: true`: what it has becomes foreign again, as it is.
    pub release: bool,
}

impl Request {
    /// Whether it adopts anything.
    pub fn adopts(&self) -> bool {
        self.adopted().next().is_some()
    }

    /// The names that it adopts, each with its place.
    pub fn adopted(&self) -> impl Iterator<Item = (&str, &Site)> {
        let servers = self.servers.iter().flat_map(|want| &want.adopts);
        let databases = self
            .databases
            .iter()
            .flat_map(|want| want.adopts.account.iter().chain(&want.adopts.permission));
        servers.chain(databases).map(|(name, site)| (name.as_str(), site))
    }

    /// What changes hands by it, in words: each thing that it adopts and by which entry, and
    /// that it gives back what it has. These words are compared, and shown to nobody.
    pub fn handed(&self) -> BTreeSet<String> {
        let servers = self.servers.iter().filter_map(|want| {
            let (name, _) = want.adopts.as_ref()?;
            Some(format!("adopts the permission {name} as {}", want.login))
        });
        let databases = self.databases.iter().flat_map(|want| {
            let instances: Vec<&str> = want.instances.iter().map(|(one, _)| one.as_str()).collect();
            let place = format!("as {} on {}", want.level, instances.join(", "));
            let account = want.adopts.account.iter();
            let account = account.map(|(name, _)| format!("adopts the account {name}"));
            let permission = want.adopts.permission.iter();
            let permission = permission.map(|(name, _)| format!("adopts the permission {name}"));
            account.chain(permission).map(move |what| format!("{what} {place}")).collect::<Vec<_>>()
        });
        let release = self.release.then(|| "gives back what it has".to_owned());
        servers.chain(databases).chain(release).collect()
    }
}

/// What a request says of an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// What happened, in the words of its author.
    pub reason: String,
    /// The owner who approved it afterwards.
    pub approved: Option<PersonName>,
}

/// One entry of `servers:` in a request.
#[derive(Debug, Clone)]
pub struct ServerWant {
    /// The login.
    pub login: LoginName,
    /// Node paths, each with its place.
    pub nodes: Vec<(String, Site)>,
    /// Asset names, each with its place.
    pub assets: Vec<(String, Site)>,
    /// The permission that becomes this request's, by its name in JumpServer.
    pub adopts: Option<(String, Site)>,
}

/// One entry of `databases:` in a request.
#[derive(Debug, Clone)]
pub struct DatabaseWant {
    /// The instances, each with its place.
    pub instances: Vec<(InstanceName, Site)>,
    /// The level.
    pub level: LevelName,
    /// What of the instances, each with its place.
    pub tables: Vec<(Scope, Site)>,
    /// What exists already and becomes this request's.
    pub adopts: Adopts,
}

/// What exists on an instance and in JumpServer and becomes a request's.
#[derive(Debug, Clone, Default)]
pub struct Adopts {
    /// The user name of an account of the only instance of its entry.
    pub account: Option<(String, Site)>,
    /// A permission, by its name in JumpServer.
    pub permission: Option<(String, Site)>,
}

/// What of an instance: literal names, never patterns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// `orders.*`
    Database(String),
    /// `billing.invoices`: database and table.
    Table(String, String),
    /// `billing.cards(id, last4)`: database, table, columns.
    Columns(String, String, BTreeSet<String>),
}

impl Scope {
    /// The kind of scope.
    pub fn kind(&self) -> ScopeKind {
        match self {
            Self::Database(_) => ScopeKind::Database,
            Self::Table(..) => ScopeKind::Table,
            Self::Columns(..) => ScopeKind::Columns,
        }
    }

    /// The database.
    pub fn database(&self) -> &str {
        match self {
            Self::Database(database) | Self::Table(database, _) | Self::Columns(database, ..) => {
                database
            }
        }
    }
}
