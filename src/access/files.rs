//! The files as people write them: their keys, before any meaning. The comments on keys
//! are what an editor shows, by way of the JSON schemas.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::yaml::Spanned;

pub(super) type Text = Spanned<String>;
pub(super) type Texts = Vec<Text>;
/// A list with its own place, for the error that it is empty.
pub(super) type List = Spanned<Texts>;

/// A key that may be left out, and has a value when it is there.
fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(reader: D) -> Result<Option<T>, D::Error> {
    T::deserialize(reader).map(Some)
}

/// The settings of an access repo: version, owner, time-zone and jumpserver are enough.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConfigFile {
    /// The version of the file format: 1.
    #[schemars(with = "u32", range(min = 1, max = 1))]
    pub(super) version: Spanned<u32>,
    /// The name of this access repo, the mark on everything that it makes. Two repos on one
    /// JumpServer need two names. It cannot be changed later without leaving everything
    /// behind.
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9-]{1,40}$"))]
    pub(super) owner: Text,
    /// The zone in which days and times are meant, such as Asia/Shanghai.
    #[schemars(with = "String")]
    pub(super) time_zone: Text,
    /// The JumpServer whose permissions are made.
    pub(super) jumpserver: JumpServerPart,
    /// Where the users of JumpServer come from.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "PeoplePart")]
    pub(super) people: Option<PeoplePart>,
    /// Kinds of accounts on hosts, by name: lower-case letters and digits, not `db`. Left
    /// out, there are `app` and `root`.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "BTreeMap<String, LoginPart>")]
    pub(super) logins: Option<Spanned<BTreeMap<String, Spanned<LoginPart>>>>,
    /// Kinds of accounts on databases, by name: for each the privileges of MySQL that it
    /// holds. Left out, there are `r: [SELECT]` and `rw: [SELECT, INSERT, UPDATE, DELETE]`.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub(super) levels: Option<Spanned<BTreeMap<String, List>>>,
    /// The first part of every name that is given: `jump` when left out. A second repo on the
    /// same JumpServer needs another.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9]{1,12}$"))]
    pub(super) prefix: Option<Text>,
    /// How much one run may take away before it stops: at whichever comes first.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "GuardPart")]
    pub(super) guard: Option<GuardPart>,
}

/// A JumpServer and its organization.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct JumpServerPart {
    /// Its address: https://host, with a path where there is one.
    #[schemars(with = "String", regex(pattern = r"^https?://"))]
    pub(super) url: Text,
    /// The organization, by name or id: `Default` when left out.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) organization: Option<Text>,
}

/// Where users come from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PeoplePart {
    /// `jumpserver`: LDAP, SSO or an administrator makes the users. `repo`: jumpgate makes
    /// them, and disables those that it made when they leave.
    pub(super) source: Source,
}

#[derive(Deserialize, Clone, Copy, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Source {
    Jumpserver,
    Repo,
}

/// A kind of account on hosts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LoginPart {
    /// User names on the hosts.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) accounts: Texts,
    /// Protocols of JumpServer, such as ssh, sftp, rdp; never `all`.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) protocols: Texts,
    /// What JumpServer lets people do.
    #[schemars(with = "Vec<Action>", length(min = 1))]
    pub(super) actions: Texts,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[allow(dead_code, reason = "it is there for the schema")]
enum Action {
    Connect,
    Upload,
    Download,
    Copy,
    Paste,
    Delete,
    Share,
}

/// How much one run may take away before it stops.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct GuardPart {
    /// The greatest number of removals: 10 when left out.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "u32")]
    pub(super) removals: Option<u32>,
    /// The greatest share of what there is, in percent: 20 when left out.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "u32", range(max = 100))]
    pub(super) percent: Option<Spanned<u32>>,
}

/// What may be asked for, for how long, and with how many approvals.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PolicyFile {
    /// The environments that the inventory sorts its targets into.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) environments: List,
    /// Limits: access keeps every limit whose `when` matches, so adding one never loosens.
    #[serde(default)]
    #[schemars(with = "Vec<LimitPart>")]
    pub(super) limits: Vec<Spanned<LimitPart>>,
    /// What happens to a database account that a permission of somebody else would open to
    /// all: `refuse` (when left out) does not make it, `allow` makes it and reports it.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Exposed")]
    pub(super) exposed_accounts: Option<Exposed>,
}

#[derive(Deserialize, Clone, Copy, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Exposed {
    Refuse,
    Allow,
}

/// One limit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LimitPart {
    /// To what it applies; `{}` is everything.
    pub(super) when: WhenPart,
    /// `required`: access needs an end.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Required")]
    pub(super) end: Option<Required>,
    /// How far ahead the end may be, in days, such as 90d; an end is then required.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String", regex(pattern = r"^[0-9]+d$"))]
    pub(super) longest: Option<Text>,
    /// How many people other than the author approve the request.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "u32")]
    pub(super) approvals: Option<u32>,
    /// Refuses it altogether; the text says what to do instead.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) deny: Option<Text>,
}

#[derive(Deserialize, Clone, Copy, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Required {
    Required,
}

/// To what a limit applies: every key that is there must match.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WhenPart {
    /// An environment.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) environment: Option<Text>,
    /// A login on hosts.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) login: Option<Text>,
    /// A level on databases.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) level: Option<Text>,
    /// How much of a database: the whole, whole tables, or columns.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "ScopeWord")]
    pub(super) scope: Option<ScopeWord>,
}

#[derive(Deserialize, Clone, Copy, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum ScopeWord {
    Database,
    Table,
    Columns,
}

/// A person; the name of the file is the person's name in requests and teams.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PersonFile {
    /// The name for people, in any script.
    #[schemars(with = "String", length(min = 1))]
    pub(super) name: Text,
    /// The e-mail address; required when `people.source` is `repo`.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) email: Option<Text>,
    /// The user name in JumpServer, where it is not the file's name.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) jumpserver: Option<Text>,
    /// The user's id in JumpServer. Needed only when the user was made anew there, to say
    /// that it is still the same human.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) jumpserver_id: Option<Text>,
    /// The user name at the git forge, by which approvals are counted.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) forge: Option<Text>,
    /// The last day of this person: all access ends with it.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) left: Option<Text>,
}

/// A team; a request names it as team/NAME.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TeamFile {
    /// The people in it, by the names of their files; no teams.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) members: List,
}

/// A MySQL or MariaDB server; the name of the file is its name in requests.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct InstanceFile {
    /// host:port of the server on which accounts are made; the port is 3306 when left out.
    #[schemars(with = "String")]
    pub(super) address: Text,
    /// The asset that people open in JumpServer; it may be a replica or proxy.
    #[schemars(with = "String", length(min = 1))]
    pub(super) asset: Text,
    /// The environment, one of policy.yaml.
    #[schemars(with = "String")]
    pub(super) environment: Text,
    /// Who answers for it: people, and teams as team/NAME.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) owners: Option<List>,
    /// From where JumpServer connects: the host part of the accounts, such as 10.8.0.%.
    #[schemars(with = "String", length(min = 1, max = 255))]
    pub(super) account_host: Text,
    /// The levels that may be asked for: all when left out.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) levels: Option<List>,
    /// The databases that may be asked for: all but the server's own when left out.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) databases: Option<List>,
    /// How the connection to the server is protected.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "TlsPart")]
    pub(super) tls: Option<TlsPart>,
    /// The instance whose accounts are used here too: for a replica or another way to the
    /// same server.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) same_accounts_as: Option<Text>,
    /// `retired`: ends all access here; afterwards the file may go.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "State")]
    pub(super) state: Option<State>,
}

#[derive(Deserialize, Clone, Copy, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum State {
    Retired,
}

/// How a connection is protected.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TlsPart {
    /// `verify` (when left out): a trusted certificate that names the host. `require`: any
    /// certificate. `off`: no TLS. The last two are shown as risks.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Mode")]
    pub(super) mode: Option<Spanned<Mode>>,
    /// A PEM file of this repo with the certificates to trust, by its path from the root.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) ca: Option<Text>,
}

#[derive(Deserialize, Clone, Copy, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Mode {
    Verify,
    Require,
    Off,
}

/// The hosts that may be asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServersFile {
    /// Entries; an asset that is asked for matches exactly one.
    #[schemars(with = "Vec<ServerPart>", length(min = 1))]
    pub(super) servers: Spanned<Vec<Spanned<ServerPart>>>,
}

/// Hosts of one environment with the same owners.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServerPart {
    /// The environment, one of policy.yaml.
    #[schemars(with = "String")]
    pub(super) environment: Text,
    /// Who answers for them: people, and teams as team/NAME.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) owners: Option<List>,
    /// The logins that may be asked for.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) logins: List,
    /// Nodes of JumpServer by their whole path; one below may be asked for too.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<String>", length(min = 1), inner(regex(pattern = r"^/.*[^/]$")))]
    pub(super) nodes: Option<List>,
    /// Assets of JumpServer by name; `*` stands for any characters.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) assets: Option<List>,
}

/// A request for access: one reason, one approval, one period. It needs `servers`,
/// `databases` or both.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["servers"] }, { "required": ["databases"] }]))]
pub(super) struct RequestFile {
    /// Whom it is for: a person, team/NAME, or a list of these.
    #[schemars(with = "OneOrMany")]
    pub(super) r#for: Spanned<OneOrMany>,
    /// Why, for people; with the ticket's number where there is one.
    #[schemars(with = "String", length(min = 1))]
    pub(super) reason: Text,
    /// The first day (2026-12-01), or a time in the repo's zone (2026-12-01 18:00), or a
    /// moment with its offset (2026-12-01T18:00:00+08:00). Left out, it begins when merged.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) from: Option<Text>,
    /// The last day, a time, or a moment. Policy may require it.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "String")]
    pub(super) until: Option<Text>,
    /// Hosts.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<ServerAsk>", length(min = 1))]
    pub(super) servers: Option<Spanned<Vec<Spanned<ServerAsk>>>>,
    /// Databases.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<DatabaseAsk>", length(min = 1))]
    pub(super) databases: Option<Spanned<Vec<Spanned<DatabaseAsk>>>>,
}

/// Hosts with one login. It needs `nodes`, `assets` or both.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["nodes"] }, { "required": ["assets"] }]))]
pub(super) struct ServerAsk {
    /// The kind of account, such as app or root.
    #[schemars(with = "String")]
    pub(super) login: Text,
    /// Nodes by their whole path: everything in and below them, also what is added later.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<String>", length(min = 1), inner(regex(pattern = r"^/.*[^/]$")))]
    pub(super) nodes: Option<List>,
    /// Assets by name; no patterns.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) assets: Option<List>,
}

/// Parts of databases with one level.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DatabaseAsk {
    /// The instance, or a list of instances: names of files in inventory/databases.
    #[schemars(with = "OneOrMany")]
    pub(super) instance: Spanned<OneOrMany>,
    /// The level, such as r or rw.
    #[schemars(with = "String")]
    pub(super) level: Text,
    /// What of it: database.*, database.table, or database.table(column, column). There are
    /// no patterns; odd names stand in back-ticks.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) tables: List,
}

/// One text, or a list of texts.
pub(super) enum OneOrMany {
    One(String),
    Many(Texts),
    /// A number, or `true` or `false`, where a text belongs.
    Other,
}

impl JsonSchema for OneOrMany {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            ],
        })
    }
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
