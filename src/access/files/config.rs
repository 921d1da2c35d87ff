//! `jumpgate.yaml` as people write it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{List, Text, Texts, value};
use crate::access::schema;
use crate::yaml::Spanned;

/// `jumpgate.yaml`: whose access this repo looks after, and where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct ConfigFile {
    /// The version of the file format: 1.
    #[schemars(with = "u32", extend("const" = 1))]
    pub(in crate::access) version: Spanned<u32>,
    /// The name of this access repo, the mark on everything that it owns: 1 to 40
    /// lower-case letters, digits and `-`. It cannot be changed later without adopting
    /// everything anew.
    #[schemars(with = "String", regex(pattern = "^[a-z0-9-]{1,40}$"))]
    pub(in crate::access) owner: Text,
    /// The zone in which days and times of day are meant, such as `Asia/Shanghai` or `UTC`.
    #[schemars(with = "String")]
    pub(in crate::access) time_zone: Text,
    /// Where JumpServer is.
    pub(in crate::access) jumpserver: JumpServerPart,
    /// Who makes the users of JumpServer.
    #[serde(default, deserialize_with = "value")]
    pub(in crate::access) people: Option<PeoplePart>,
    /// Kinds of accounts on servers, by name (1 to 20 lower-case letters and digits, not
    /// `db`). Default: `app` with the account `app`, and `root` with `root` and
    /// `Administrator`; both with ssh, sftp, rdp, vnc and connect, upload, download, copy,
    /// paste. What stands here takes the place of both.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<BTreeMap<String, LoginPart>>")]
    pub(in crate::access) logins: Option<Spanned<BTreeMap<String, Spanned<LoginPart>>>>,
    /// Named sets of MySQL privileges (the name is 1 to 20 lower-case letters and digits).
    /// Default: `r: [SELECT]` and `rw: [SELECT, INSERT, UPDATE, DELETE]`. What stands here
    /// takes the place of both. Privileges that reach beyond a database are not possible.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<BTreeMap<String, schema::Privileges>>")]
    pub(in crate::access) levels: Option<Spanned<BTreeMap<String, List>>>,
    /// The first part of all names that jumpgate gives: 1 to 12 lower-case letters and
    /// digits. Default: `jump`. A second repo on the same JumpServer needs another.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", regex(pattern = "^[a-z0-9]{1,12}$"))]
    pub(in crate::access) prefix: Option<Text>,
    /// How much one run may take away without a flag. Default: 10 removals or 20 percent,
    /// whichever comes first.
    #[serde(default, deserialize_with = "value")]
    pub(in crate::access) guard: Option<GuardPart>,
}

/// Where JumpServer is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct JumpServerPart {
    /// The address, such as `https://jump.acme.example`, with a path where it has one.
    #[schemars(with = "String", regex(pattern = "^https?://"))]
    pub(in crate::access) url: Text,
    /// The organization, by name or id. Default: `Default`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) organization: Option<Text>,
}

/// Who makes the users of JumpServer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct PeoplePart {
    /// `jumpserver` (default): users come from LDAP, SSO or an administrator, and jumpgate
    /// never writes them. `repo`: jumpgate makes users from `people/`, and switches off
    /// those that it made when they leave.
    #[schemars(with = "Source")]
    pub(in crate::access) source: Text,
}

/// Who makes the users of JumpServer.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(in crate::access) enum Source {
    /// LDAP, SSO or an administrator.
    Jumpserver,
    /// jumpgate, from `people/`.
    Repo,
}

/// A kind of account on servers.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct LoginPart {
    /// User names on the servers, as JumpServer has them.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in crate::access) accounts: Texts,
    /// Protocols of JumpServer by name, such as `ssh`, `sftp`, `rdp`, `vnc`; never `all`.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in crate::access) protocols: Texts,
    /// What people may do in a session.
    #[schemars(with = "Vec<schema::ActionWord>", length(min = 1))]
    pub(in crate::access) actions: Texts,
}

/// How much one run may take away without a flag; the run stops at whichever comes first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct GuardPart {
    /// The greatest number of removals. Default: 10.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<u32>")]
    pub(in crate::access) removals: Option<Spanned<u32>>,
    /// The greatest share of everything owned, in percent: 0 to 100. Default: 20.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<u32>", range(max = 100))]
    pub(in crate::access) percent: Option<Spanned<u32>>,
}
