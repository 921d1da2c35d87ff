//! `policy.yaml` as people write it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{List, Text, value};
use crate::access::schema;
use crate::yaml::Spanned;

/// `policy.yaml`: environments, and the limits that every request keeps.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct PolicyFile {
    /// The environments that there are, such as `prod` and `test`.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in crate::access) environments: List,
    /// Limits. A request keeps all whose `when` matches, so adding one never loosens
    /// anything. Default: none.
    #[serde(default)]
    #[schemars(with = "Vec<LimitPart>")]
    pub(in crate::access) limits: Vec<Spanned<LimitPart>>,
    /// What happens to a database account that a foreign permission with `@ALL` would open
    /// to other people: `refuse` (default) gives it nothing new, `allow` shows it as a
    /// risk.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Exposed>")]
    pub(in crate::access) exposed_accounts: Option<Text>,
    /// Who approves edits of the rules themselves (`jumpgate.yaml`, `policy.yaml`, the
    /// inventory, names of people at the forge, CODEOWNERS, CI), and steps in where the owners
    /// of a target may not approve: people, teams as `team/NAME`, groups of the forge as
    /// `forge/PATH`. Default: nobody.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) owners: Option<List>,
    /// What apply wants to know of how something new was merged before it is granted: `off`
    /// (default) nothing, `git` that it was not pushed past a pull request, `forge` that its
    /// pull request had the approvals that the rules ask for.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<ProvenanceWord>")]
    pub(in crate::access) provenance: Option<Text>,
    /// What becomes of open sessions when access ends, by environment: `report` leaves and
    /// counts them, `disconnect` ends them at once, `disconnect after 30m` (1m to 24h) ends
    /// them so long after the end. It is meant for sessions of database accounts and of
    /// JumpServer alike. Default, also for environments that are not named: `disconnect`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<BTreeMap<String, schema::OnEnd>>")]
    pub(in crate::access) sessions: Option<SessionsPart>,
    /// Who may merge a request that is marked `emergency:` without the usual approvals, and how
    /// long one may be. Default: there are no emergencies.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<EmergencyPart>")]
    pub(in crate::access) emergency: Option<Spanned<EmergencyPart>>,
}

/// Emergencies.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct EmergencyPart {
    /// Who may merge one: people, teams as `team/NAME`, groups of the forge as `forge/PATH`.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in crate::access) mergers: List,
    /// How long one may be at most, in hours, such as `4h` (1h to 72h).
    #[schemars(with = "String", regex(pattern = "^[0-9]{1,2}h$"))]
    pub(in crate::access) longest: Text,
}

/// What apply wants to know of how something new was merged.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(in crate::access) enum ProvenanceWord {
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
pub(in crate::access) enum Exposed {
    /// They get nothing new.
    Refuse,
    /// They are made, and shown as risks.
    Allow,
}

/// One limit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct LimitPart {
    /// What it is for; every part that is there must match. `{}` matches everything.
    pub(in crate::access) when: WhenPart,
    /// `required`: the request must have an `until`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Required>")]
    pub(in crate::access) end: Option<Text>,
    /// The longest period, in days, such as `90d`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", regex(pattern = "^[0-9]{1,5}d$"))]
    pub(in crate::access) longest: Option<Text>,
    /// How many approvals the pull request needs.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<u32>")]
    pub(in crate::access) approvals: Option<Spanned<u32>>,
    /// It is not possible at all; the text says what to do in its place.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) deny: Option<Text>,
}

/// It must be there.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(in crate::access) enum Required {
    /// It must be there.
    Required,
}

/// What a limit is for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct WhenPart {
    /// Targets of this environment.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) environment: Option<Text>,
    /// This login; such a limit never matches databases.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) login: Option<Text>,
    /// This level; such a limit never matches servers.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) level: Option<Text>,
    /// What of a database: a whole `database`, a whole `table`, or `columns`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<ScopeWord>")]
    pub(in crate::access) scope: Option<Text>,
}

/// What of a database.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(in crate::access) enum ScopeWord {
    /// A whole database.
    Database,
    /// A whole table.
    Table,
    /// Columns of a table.
    Columns,
}

/// A text for each of some names, in the order written, each with its place.
pub(in crate::access) struct SessionsPart(pub(in crate::access) Vec<(Text, Text)>);

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
