//! The files as people write them: their keys, before any meaning.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::yaml::Spanned;

pub(super) type Text = Spanned<String>;
pub(super) type Texts = Vec<Text>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConfigFile {
    pub(super) version: Spanned<u32>,
    pub(super) owner: Text,
    pub(super) time_zone: Text,
    pub(super) jumpserver: JumpServerPart,
    pub(super) people: Option<PeoplePart>,
    pub(super) logins: Option<BTreeMap<String, Spanned<LoginPart>>>,
    pub(super) levels: Option<BTreeMap<String, Spanned<Texts>>>,
    pub(super) prefix: Option<Text>,
    pub(super) guard: Option<GuardPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct JumpServerPart {
    pub(super) url: Text,
    pub(super) organization: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PeoplePart {
    pub(super) source: Source,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    Jumpserver,
    Repo,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LoginPart {
    pub(super) accounts: Texts,
    pub(super) protocols: Texts,
    pub(super) actions: Texts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct GuardPart {
    pub(super) removals: u32,
    pub(super) percent: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PolicyFile {
    pub(super) environments: Texts,
    #[serde(default)]
    pub(super) limits: Vec<Spanned<LimitPart>>,
    pub(super) exposed_accounts: Option<Exposed>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Exposed {
    Refuse,
    Allow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LimitPart {
    pub(super) when: WhenPart,
    pub(super) end: Option<Required>,
    pub(super) longest: Option<Text>,
    pub(super) approvals: Option<u32>,
    pub(super) deny: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Required {
    Required,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WhenPart {
    pub(super) environment: Option<Text>,
    pub(super) login: Option<Text>,
    pub(super) level: Option<Text>,
    pub(super) scope: Option<ScopeWord>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum ScopeWord {
    Database,
    Table,
    Columns,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PersonFile {
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) jumpserver: Option<String>,
    pub(super) jumpserver_id: Option<Text>,
    pub(super) forge: Option<String>,
    pub(super) left: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TeamFile {
    pub(super) members: Texts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct InstanceFile {
    pub(super) address: Text,
    pub(super) asset: Text,
    pub(super) environment: Text,
    #[serde(default)]
    pub(super) owners: Texts,
    pub(super) account_host: Text,
    pub(super) levels: Option<Spanned<Texts>>,
    pub(super) databases: Option<Spanned<Texts>>,
    pub(super) tls: Option<TlsPart>,
    pub(super) same_accounts_as: Option<Text>,
    pub(super) state: Option<State>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Retired,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TlsPart {
    pub(super) mode: Option<Mode>,
    pub(super) ca: Option<Text>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    Verify,
    Require,
    Off,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServersFile {
    pub(super) servers: Vec<Spanned<ServerPart>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServerPart {
    pub(super) environment: Text,
    #[serde(default)]
    pub(super) owners: Texts,
    pub(super) logins: Spanned<Texts>,
    #[serde(default)]
    pub(super) nodes: Texts,
    #[serde(default)]
    pub(super) assets: Texts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RequestFile {
    pub(super) r#for: Spanned<OneOrMany>,
    pub(super) reason: Text,
    pub(super) from: Option<Text>,
    pub(super) until: Option<Text>,
    pub(super) servers: Option<Spanned<Vec<Spanned<ServerAsk>>>>,
    pub(super) databases: Option<Spanned<Vec<Spanned<DatabaseAsk>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServerAsk {
    pub(super) login: Text,
    pub(super) nodes: Option<Spanned<Texts>>,
    pub(super) assets: Option<Spanned<Texts>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DatabaseAsk {
    pub(super) instance: Spanned<OneOrMany>,
    pub(super) level: Text,
    pub(super) tables: Spanned<Texts>,
}

/// One text, or a list of texts.
pub(super) enum OneOrMany {
    One(String),
    Many(Texts),
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
