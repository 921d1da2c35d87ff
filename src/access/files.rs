//! The files as people write them: their keys, before any meaning.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::schema;
use crate::yaml::Spanned;

pub(super) type Text = Spanned<String>;
pub(super) type Texts = Vec<Text>;
/// A list with its own place, for the error that it is empty.
pub(super) type List = Spanned<Texts>;

/// `jumpgate.yaml`: whose access this repo looks after, and where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConfigFile {
    /// The version of the file format: 1.
    #[schemars(with = "u32", extend("const" = 1))]
    pub(super) version: Spanned<u32>,
    /// The name of this access repo, the mark on everything that it owns: 1 to 40
    /// lower-case letters, digits and `-`. It cannot be changed later without adopting
    /// everything anew.
    #[schemars(with = "String", regex(pattern = "^[a-z0-9-]{1,40}$"))]
    pub(super) owner: Text,
    /// The zone in which days and times of day are meant, such as `Asia/Shanghai` or `UTC`.
    #[schemars(with = "String")]
    pub(super) time_zone: Text,
    /// Where JumpServer is.
    pub(super) jumpserver: JumpServerPart,
    /// Who makes the users of JumpServer.
    #[serde(default, deserialize_with = "value")]
    pub(super) people: Option<PeoplePart>,
    /// Kinds of accounts on servers, by name (1 to 20 lower-case letters and digits, not
    /// `db`). Default: `app` with the account `app`, and `root` with `root` and
    /// `Administrator`; both with ssh, sftp, rdp, vnc and connect, upload, download, copy,
    /// paste. What stands here takes the place of both.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<BTreeMap<String, LoginPart>>")]
    pub(super) logins: Option<Spanned<BTreeMap<String, Spanned<LoginPart>>>>,
    /// Named sets of MySQL privileges (the name is 1 to 20 lower-case letters and digits).
    /// Default: `r: [SELECT]` and `rw: [SELECT, INSERT, UPDATE, DELETE]`. What stands here
    /// takes the place of both. Privileges that reach beyond a database are not possible.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<BTreeMap<String, schema::Privileges>>")]
    pub(super) levels: Option<Spanned<BTreeMap<String, List>>>,
    /// The first part of all names that jumpgate gives: 1 to 12 lower-case letters and
    /// digits. Default: `jump`. A second repo on the same JumpServer needs another.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", regex(pattern = "^[a-z0-9]{1,12}$"))]
    pub(super) prefix: Option<Text>,
    /// How much one run may take away without a flag. Default: 10 removals or 20 percent,
    /// whichever comes first.
    #[serde(default, deserialize_with = "value")]
    pub(super) guard: Option<GuardPart>,
}

/// Where JumpServer is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct JumpServerPart {
    /// The address, such as `https://jump.acme.example`, with a path where it has one.
    #[schemars(with = "String", regex(pattern = "^https?://"))]
    pub(super) url: Text,
    /// The organization, by name or id. Default: `Default`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) organization: Option<Text>,
}

/// Who makes the users of JumpServer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PeoplePart {
    /// `jumpserver` (default): users come from LDAP, SSO or an administrator, and jumpgate
    /// never writes them. `repo`: jumpgate makes users from `people/`, and switches off
    /// those that it made when they leave.
    pub(super) source: Source,
}

/// Who makes the users of JumpServer.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Source {
    /// LDAP, SSO or an administrator.
    Jumpserver,
    /// jumpgate, from `people/`.
    Repo,
}

/// A kind of account on servers.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LoginPart {
    /// User names on the servers, as JumpServer has them.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) accounts: Texts,
    /// Protocols of JumpServer by name, such as `ssh`, `sftp`, `rdp`, `vnc`; never `all`.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) protocols: Texts,
    /// What people may do in a session.
    #[schemars(with = "Vec<schema::ActionWord>", length(min = 1))]
    pub(super) actions: Texts,
}

/// How much one run may take away without a flag; the run stops at whichever comes first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct GuardPart {
    /// The greatest number of removals. Default: 10.
    #[serde(default, deserialize_with = "value")]
    pub(super) removals: Option<u32>,
    /// The greatest share of everything owned, in percent: 0 to 100. Default: 20.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<u32>", range(max = 100))]
    pub(super) percent: Option<Spanned<u32>>,
}

/// `policy.yaml`: environments, and the limits that every request keeps.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PolicyFile {
    /// The environments that there are, such as `prod` and `test`.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) environments: List,
    /// Limits. A request keeps all whose `when` matches, so adding one never loosens
    /// anything. Default: none.
    #[serde(default)]
    #[schemars(with = "Vec<LimitPart>")]
    pub(super) limits: Vec<Spanned<LimitPart>>,
    /// What happens to a database account that a foreign permission with `@ALL` would open
    /// to other people: `refuse` (default) gives it nothing new, `allow` shows it as a
    /// risk.
    #[serde(default, deserialize_with = "value")]
    pub(super) exposed_accounts: Option<Exposed>,
    /// Who approves edits of the rules themselves (`jumpgate.yaml`, `policy.yaml`, the
    /// inventory, names of people at the forge, CODEOWNERS, CI), and steps in where the owners
    /// of a target may not approve: people, teams as `team/NAME`, groups of the forge as
    /// `forge/PATH`. Default: nobody.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) owners: Option<List>,
    /// What apply wants to know of how something new was merged before it is granted: `off`
    /// (default) nothing, `git` that it was not pushed past a pull request, `forge` that its
    /// pull request had the approvals that the rules ask for.
    #[serde(default, deserialize_with = "value")]
    pub(super) provenance: Option<ProvenanceWord>,
    /// What becomes of open sessions when access ends, by environment: `report` leaves and
    /// counts them, `disconnect` ends them at once, `disconnect after 30m` (1m to 24h) ends
    /// them so long after the end. It is meant for sessions of database accounts and of
    /// JumpServer alike. Default, also for environments that are not named: `disconnect`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<BTreeMap<String, schema::OnEnd>>")]
    pub(super) sessions: Option<SessionsPart>,
}

/// What apply wants to know of how something new was merged.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum ProvenanceWord {
    /// Nothing.
    Off,
    /// What git tells.
    Git,
    /// What the forge tells.
    Forge,
}

/// What happens to exposed accounts.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Exposed {
    /// They get nothing new.
    Refuse,
    /// They are made, and shown as risks.
    Allow,
}

/// One limit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LimitPart {
    /// What it is for; every part that is there must match. `{}` matches everything.
    pub(super) when: WhenPart,
    /// `required`: the request must have an `until`.
    #[serde(default, deserialize_with = "value")]
    pub(super) end: Option<Required>,
    /// The longest period, in days, such as `90d`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", regex(pattern = "^[0-9]{1,5}d$"))]
    pub(super) longest: Option<Text>,
    /// How many approvals the pull request needs.
    #[serde(default, deserialize_with = "value")]
    pub(super) approvals: Option<u32>,
    /// It is not possible at all; the text says what to do in its place.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) deny: Option<Text>,
}

/// It must be there.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Required {
    /// It must be there.
    Required,
}

/// What a limit is for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WhenPart {
    /// Targets of this environment.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) environment: Option<Text>,
    /// This login; such a limit never matches databases.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) login: Option<Text>,
    /// This level; such a limit never matches servers.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) level: Option<Text>,
    /// What of a database: a whole `database`, a whole `table`, or `columns`.
    #[serde(default, deserialize_with = "value")]
    pub(super) scope: Option<ScopeWord>,
}

/// What of a database.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum ScopeWord {
    /// A whole database.
    Database,
    /// A whole table.
    Table,
    /// Columns of a table.
    Columns,
}

/// `people/NAME.yaml`: a person. The name of the file is the person's name in this repo:
/// lower-case letters, digits, `.`, `_` and `-`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PersonFile {
    /// The name for people.
    #[schemars(with = "String", length(min = 1))]
    pub(super) name: Text,
    /// The e-mail address. Needed when `people.source` is `repo`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) email: Option<Text>,
    /// The user name in JumpServer. Default: the name of the file.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) jumpserver: Option<Text>,
    /// The user's id in JumpServer. Written after a user was made anew there, when it is
    /// the same human.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    pub(super) jumpserver_id: Option<Text>,
    /// The user name at the git forge.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) forge: Option<Text>,
    /// The last day of the person: all access ends with it.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<schema::Edge>")]
    pub(super) left: Option<Text>,
}

/// `teams/NAME.yaml`: a team. Requests name it `team/NAME`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TeamFile {
    /// The people, by the names of their files. A team has no teams in it.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) members: List,
}

/// `inventory/databases/NAME.yaml`: a MySQL or MariaDB server. The name of the file is the
/// instance's name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct InstanceFile {
    /// Where accounts are made: `host:port`, the port being 3306 when it is left out.
    #[schemars(with = "String")]
    pub(super) address: Text,
    /// What people open in JumpServer, by its exact name; it may be a replica or a proxy.
    #[schemars(with = "String")]
    pub(super) asset: Text,
    /// One of the environments of `policy.yaml`.
    #[schemars(with = "String")]
    pub(super) environment: Text,
    /// Who approves requests for it: people, teams as `team/NAME`, groups of the forge as
    /// `forge/PATH`. Default: nobody.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) owners: Option<List>,
    /// The host part of the accounts: from where JumpServer connects, such as `10.8.0.%`.
    /// `%` alone is a risk that the plan shows.
    #[schemars(with = "String", regex(pattern = "^[A-Za-z0-9._%:/-]{1,255}$"))]
    pub(super) account_host: Text,
    /// The levels that may be asked for. Default: all.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) levels: Option<List>,
    /// The databases that may be asked for. Default: all but the server's own.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) databases: Option<List>,
    /// How jumpgate connects. Default: `mode: verify`.
    #[serde(default, deserialize_with = "value")]
    pub(super) tls: Option<TlsPart>,
    /// This is a replica or another name of that instance: it gets no accounts of its own,
    /// and their passwords go to its asset too.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) same_accounts_as: Option<Text>,
    /// `retired`: everything here ends with the next apply; then the file may go.
    #[serde(default, deserialize_with = "value")]
    pub(super) state: Option<State>,
}

/// What becomes of an instance.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum State {
    /// Everything there ends.
    Retired,
}

/// How jumpgate connects to a server.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TlsPart {
    /// `verify` (default) checks the certificate; `require` encrypts without checking;
    /// `off` does neither. The last two are shown as risks.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Mode>")]
    pub(super) mode: Option<Spanned<Mode>>,
    /// A PEM file with the authority of the certificate, by its path from the root of the
    /// repo. Default: the authorities of the web.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(super) ca: Option<Text>,
}

/// How a connection is made.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Mode {
    /// Encrypted, with a certificate that is checked.
    Verify,
    /// Encrypted, the certificate unchecked.
    Require,
    /// Neither.
    Off,
}

/// `inventory/servers.yaml`: the servers that may be asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServersFile {
    /// The entries.
    #[schemars(with = "Vec<ServerPart>", length(min = 1))]
    pub(super) servers: Spanned<Vec<Spanned<ServerPart>>>,
}

/// Servers with the same environment, owners and logins.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServerPart {
    /// One of the environments of `policy.yaml`.
    #[schemars(with = "String")]
    pub(super) environment: Text,
    /// Who approves requests for them: people, teams as `team/NAME`, groups of the forge as
    /// `forge/PATH`. Default: nobody.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) owners: Option<List>,
    /// The logins that may be asked for here.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) logins: List,
    /// Nodes of JumpServer by their whole paths, such as `/Default/payments/prod`; a
    /// request may name one of them or one below.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<schema::NodePath>>", length(min = 1))]
    pub(super) nodes: Option<List>,
    /// Assets by name; `*` stands for any characters.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) assets: Option<List>,
}

/// `requests/**/NAME.yaml`: one request: one reason, one approval, one period.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["servers"] }, { "required": ["databases"] }]))]
pub(super) struct RequestFile {
    /// Whom it is for: a person, a team as `team/NAME`, or a list of these.
    #[schemars(with = "schema::OneOrMany")]
    pub(super) r#for: Spanned<OneOrMany>,
    /// Why, in a few words. In quotes when it holds `#` or `: `.
    #[schemars(with = "String", length(min = 1))]
    pub(super) reason: Text,
    /// The first day or moment: `2026-12-01`, `2026-12-01 18:00` in the repo's zone, or
    /// `2026-12-01T18:00:00+08:00`. Default: as soon as it is merged.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<schema::Edge>")]
    pub(super) from: Option<Text>,
    /// The last day, or the moment at which it ends, in the same forms. Default: no end,
    /// where policy allows it.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<schema::Edge>")]
    pub(super) until: Option<Text>,
    /// The servers asked for. One of `servers` and `databases` must be there.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<ServerAsk>>", length(min = 1))]
    pub(super) servers: Option<Spanned<Vec<Spanned<ServerAsk>>>>,
    /// The databases asked for. One of `servers` and `databases` must be there.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<DatabaseAsk>>", length(min = 1))]
    pub(super) databases: Option<Spanned<Vec<Spanned<DatabaseAsk>>>>,
    /// `true`: what this request has in JumpServer and in databases stays as it is and is
    /// jumpgate's no longer. Nobody gains or loses anything; then the file may go.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<bool>", extend("const" = true))]
    pub(super) release: Option<Spanned<bool>>,
}

/// A login on servers. One of `nodes` and `assets` must be there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["nodes"] }, { "required": ["assets"] }]))]
pub(super) struct ServerAsk {
    /// A login that the inventory offers there, such as `app` or `root`.
    #[schemars(with = "String")]
    pub(super) login: Text,
    /// Nodes by their whole paths. A node means everything in and below it, also what is
    /// added later.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<schema::NodePath>>", length(min = 1))]
    pub(super) nodes: Option<List>,
    /// Assets by their exact names.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) assets: Option<List>,
    /// A permission that exists in JumpServer, by its exact name: it becomes this request's
    /// in place of a new one. Only in a request for one person.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", length(min = 1))]
    pub(super) adopts: Option<Text>,
}

/// A level on parts of instances.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DatabaseAsk {
    /// An instance of the inventory, or a list of these.
    #[schemars(with = "schema::OneOrMany")]
    pub(super) instance: Spanned<OneOrMany>,
    /// A level, such as `r` or `rw`.
    #[schemars(with = "String")]
    pub(super) level: Text,
    /// What of the instance: `database.*`, `database.table` or `database.table(column,
    /// ...)`. Names are literal; other characters than letters, digits, `_`, `$`, `-` stand
    /// in back-ticks.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) tables: List,
    /// What exists already and becomes this request's in place of something new. Only in a
    /// request for one person.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<AdoptsPart>")]
    pub(super) adopts: Option<Spanned<AdoptsPart>>,
}

/// What exists already and becomes a request's. One of `account` and `permission` must be
/// there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["account"] }, { "required": ["permission"] }]))]
pub(super) struct AdoptsPart {
    /// The user name of an account on the server, at the instance's `account-host`, which
    /// JumpServer holds with its password. It keeps its name as long as this stands here. The
    /// entry names exactly one instance then.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", length(min = 1, max = 32))]
    pub(super) account: Option<Text>,
    /// A permission in JumpServer, by its exact name.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", length(min = 1))]
    pub(super) permission: Option<Text>,
}

/// The value of a key that may be left out. A key without a value is an error: `until:`
/// must not mean "no end".
fn value<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A text for each of some names, in the order written, each with its place.
pub(super) struct SessionsPart(pub(super) Vec<(Text, Text)>);

impl<'de> Deserialize<'de> for SessionsPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = SessionsPart;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a block of environments")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SessionsPart, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(SessionsPart(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// One text, or a list of texts.
pub(super) enum OneOrMany {
    One(String),
    Many(Texts),
    /// A number, or `true` or `false`, where a text belongs.
    Other,
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            fn visit_bool<E>(self, _: bool) -> Result<OneOrMany, E> {
                Ok(OneOrMany::Other)
            }

            fn visit_i64<E>(self, _: i64) -> Result<OneOrMany, E> {
                Ok(OneOrMany::Other)
            }

            fn visit_u64<E>(self, _: u64) -> Result<OneOrMany, E> {
                Ok(OneOrMany::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<OneOrMany, E> {
                Ok(OneOrMany::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Texts::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany::Many(texts))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
