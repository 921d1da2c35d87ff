//! `inventory/` as people write it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{List, Text, value};
use crate::access::schema;
use crate::yaml::Spanned;

/// `inventory/databases/NAME.yaml`: a MySQL or MariaDB server. The name of the file is the
/// instance's name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct InstanceFile {
    /// Where accounts are made: `host:port`, the port being 3306 when it is left out.
    #[schemars(with = "String")]
    pub(in crate::access) address: Text,
    /// What people open in JumpServer, by its exact name; it may be a replica or a proxy.
    #[schemars(with = "String")]
    pub(in crate::access) asset: Text,
    /// One of the environments of `policy.yaml`.
    #[schemars(with = "String")]
    pub(in crate::access) environment: Text,
    /// Who approves requests for it: people, teams as `team/NAME`, groups of the forge as
    /// `forge/PATH`. Default: nobody.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) owners: Option<List>,
    /// The host part of the accounts: from where JumpServer connects, such as `10.8.0.%`.
    /// `%` alone is a risk that the plan shows.
    #[schemars(with = "String", regex(pattern = "^[A-Za-z0-9._%:/-]{1,255}$"))]
    pub(in crate::access) account_host: Text,
    /// The levels that may be asked for. Default: all.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) levels: Option<List>,
    /// The databases that may be asked for. Default: all but the server's own.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) databases: Option<List>,
    /// How jumpgate connects. Default: `mode: verify`.
    #[serde(default, deserialize_with = "value")]
    pub(in crate::access) tls: Option<TlsPart>,
    /// This is a replica or another name of that instance: it gets no accounts of its own,
    /// and their passwords go to its asset too.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) same_accounts_as: Option<Text>,
    /// `retired`: everything here ends with the next apply; then the file may go.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<State>")]
    pub(in crate::access) state: Option<Text>,
}

/// What becomes of an instance.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(in crate::access) enum State {
    /// Everything there ends.
    Retired,
}

/// How jumpgate connects to a server.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct TlsPart {
    /// `verify` (default) checks the certificate; `require` encrypts without checking;
    /// `off` does neither. The last two are shown as risks.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Mode>")]
    pub(in crate::access) mode: Option<Text>,
    /// A PEM file in `inventory/` with the authority of the certificate, by its path from the
    /// root of the repo. Default: the authorities of the web.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) ca: Option<Text>,
}

/// How a connection is made.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(in crate::access) enum Mode {
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
pub(in crate::access) struct ServersFile {
    /// The entries.
    #[schemars(with = "Vec<ServerPart>", length(min = 1))]
    pub(in crate::access) servers: Spanned<Vec<Spanned<ServerPart>>>,
}

/// Servers with the same environment, owners and logins.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct ServerPart {
    /// One of the environments of `policy.yaml`.
    #[schemars(with = "String")]
    pub(in crate::access) environment: Text,
    /// Who approves requests for them: people, teams as `team/NAME`, groups of the forge as
    /// `forge/PATH`. Default: nobody.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) owners: Option<List>,
    /// The logins that may be asked for here.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in crate::access) logins: List,
    /// Nodes of JumpServer by their whole paths, such as `/Default/payments/prod`; a
    /// request may name one of them or one below.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<schema::NodePath>>", length(min = 1))]
    pub(in crate::access) nodes: Option<List>,
    /// Assets by name; `*` stands for any characters.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) assets: Option<List>,
}
