//! `requests/` as people write them.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{List, Text, Texts, value};
use crate::access::schema;
use crate::yaml::Spanned;

/// `requests/**/NAME.yaml`: one request: one reason, one approval, one period.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["servers"] }, { "required": ["databases"] }]))]
pub(in crate::access) struct RequestFile {
    /// Whom it is for: a person, a team as `team/NAME`, or a list of these.
    #[schemars(with = "schema::OneOrMany")]
    pub(in crate::access) r#for: Spanned<OneOrMany>,
    /// Why, in a few words. In quotes when it holds `#` or `: `.
    #[schemars(with = "String", length(min = 1))]
    pub(in crate::access) reason: Text,
    /// The first day or moment: `2026-12-01`, `2026-12-01 18:00` in the repo's zone, or
    /// `2026-12-01T18:00:00+08:00`. Default: as soon as it is merged.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<schema::Edge>")]
    pub(in crate::access) from: Option<Text>,
    /// The last day, or the moment at which it ends, in the same forms. Default: no end,
    /// where policy allows it.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<schema::Edge>")]
    pub(in crate::access) until: Option<Text>,
    /// What happened, when this is an emergency: it is merged without the usual approvals by
    /// those whom policy names, for hours only (`from` and `until` are moments), and an owner
    /// approves it afterwards.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", length(min = 1))]
    pub(in crate::access) emergency: Option<Text>,
    /// The owner who approved the emergency after it was merged, by the name of his file:
    /// written in a pull request of its own (`jumpgate approve-emergency`).
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) approved_afterwards: Option<Text>,
    /// The servers asked for. One of `servers` and `databases` must be there.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<ServerAsk>>", length(min = 1))]
    pub(in crate::access) servers: Option<Spanned<Vec<Spanned<ServerAsk>>>>,
    /// The databases asked for. One of `servers` and `databases` must be there.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<DatabaseAsk>>", length(min = 1))]
    pub(in crate::access) databases: Option<Spanned<Vec<Spanned<DatabaseAsk>>>>,
    /// `true`: what this request has in JumpServer and in databases stays as it is and is
    /// jumpgate's no longer. Nobody gains or loses anything; then the file may go.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<bool>", extend("const" = true))]
    pub(in crate::access) release: Option<Spanned<bool>>,
}

/// A login on servers. One of `nodes` and `assets` must be there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["nodes"] }, { "required": ["assets"] }]))]
pub(in crate::access) struct ServerAsk {
    /// A login that the inventory offers there, such as `app` or `root`.
    #[schemars(with = "String")]
    pub(in crate::access) login: Text,
    /// Nodes by their whole paths. A node means everything in and below it, also what is
    /// added later.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<schema::NodePath>>", length(min = 1))]
    pub(in crate::access) nodes: Option<List>,
    /// Assets by their exact names.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) assets: Option<List>,
    /// A permission that exists in JumpServer, by its exact name: it becomes this request's
    /// in place of a new one. Only in a request for one person.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", length(min = 1))]
    pub(in crate::access) adopts: Option<Text>,
}

/// A level on parts of instances.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct DatabaseAsk {
    /// An instance of the inventory, or a list of these.
    #[schemars(with = "schema::OneOrMany")]
    pub(in crate::access) instance: Spanned<OneOrMany>,
    /// A level, such as `r` or `rw`.
    #[schemars(with = "String")]
    pub(in crate::access) level: Text,
    /// What of the instance: `database.*`, `database.table` or `database.table(column,
    /// ...)`. Names are literal; other characters than letters, digits, `_`, `$`, `-` stand
    /// in back-ticks.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in crate::access) tables: List,
    /// What exists already and becomes this request's in place of something new. Only in a
    /// request for one person.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<AdoptsPart>")]
    pub(in crate::access) adopts: Option<Spanned<AdoptsPart>>,
}

/// What exists already and becomes a request's. One of `account` and `permission` must be
/// there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("anyOf" = [{ "required": ["account"] }, { "required": ["permission"] }]))]
pub(in crate::access) struct AdoptsPart {
    /// The user name of an account on the server, at the instance's `account-host`, which
    /// JumpServer holds with its password. It keeps its name as long as this stands here. The
    /// entry names exactly one instance then.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", length(min = 1, max = 32))]
    pub(in crate::access) account: Option<Text>,
    /// A permission in JumpServer, by its exact name.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", length(min = 1))]
    pub(in crate::access) permission: Option<Text>,
}

/// One text, or a list of texts.
pub(in crate::access) enum OneOrMany {
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
