//! `notify.yaml` as people write it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{List, Text, value};
use crate::yaml::Spanned;

/// `notify.yaml`: who is told what, and how. Addresses of webhooks and secrets come from the
/// environment (`JUMPGATE_NOTIFY_<CHANNEL>_URL` and `_SECRET`), never from here.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct NotifyFile {
    /// The language of the messages: `en` (default) or `zh`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", regex(pattern = "^(en|zh)$"))]
    pub(in crate::access) language: Option<Text>,
    /// So many days before an end people are told; one reminder for each number. Default: `[14]`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<u32>>", length(min = 1))]
    pub(in crate::access) days: Option<Spanned<Vec<Spanned<u32>>>>,
    /// Where a file is edited at the forge, such as
    /// `https://github.com/acme/access/edit/main/{path}`. In CI it is found by itself.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", regex(pattern = "^https://"))]
    pub(in crate::access) edit_link: Option<Text>,
    /// The channels by name (lower-case letters, digits and `-`).
    #[schemars(with = "BTreeMap<String, ChannelPart>")]
    pub(in crate::access) channels: Spanned<BTreeMap<String, Spanned<ChannelPart>>>,
}

/// A way to tell people.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct ChannelPart {
    /// `mail`, `slack`, `feishu` (also Lark), `dingtalk`, `wecom` or `webhook`.
    #[schemars(
        with = "String",
        regex(pattern = "^(mail|slack|feishu|lark|dingtalk|wecom|webhook)$")
    )]
    pub(in crate::access) kind: Text,
    /// What is told: `ending`, `granted`, `removed`, `changed`, `failed`, `overdue`, `emergency`.
    /// Default: all.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) events: Option<List>,
    /// About whom: people and teams as `team/NAME`. Default: everybody.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) about: Option<List>,
    /// The sender's address of mail.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) from: Option<Text>,
    /// Who gets mail: `people` (default) are those whom something is about, `owners` those who
    /// answer for it, and addresses get everything.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in crate::access) to: Option<List>,
    /// The JSON body of a webhook; `{title}`, `{text}` and `{owner}` in its texts are filled in.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) template: Option<Text>,
}
