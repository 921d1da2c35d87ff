//! The rows of answers, in the shapes of both versions, and how they are understood.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::date;
use super::spec::{SeenAsset, SeenAssetAccount, SeenUser};
use crate::mark::{LABEL, Mark};
use crate::names::Owner;

/// A row that can be told from others.
pub(crate) trait Row {
    /// What makes the row different from all others of its list.
    fn key(&self) -> Key;
}

/// The id of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Of an object.
    Id(Uuid),
    /// Of a relation.
    Number(i64),
}

/// A word with a label for people, or the word alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Choice {
    /// `{"value": "connect", "label": "Connect (All protocols)"}`
    Shown {
        /// The word.
        value: String,
    },
    /// `"connect"`
    Word(String),
}

impl Choice {
    pub(crate) fn word(self) -> String {
        match self {
            Self::Shown { value } | Self::Word(value) => value,
        }
    }
}

/// A label: a text in 3.10, an object in 4.10.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Label {
    /// 4.10.
    Parts {
        /// Before the colon.
        name: String,
        /// After it.
        value: String,
    },
    /// 3.10: `name:value`.
    Text(String),
}

impl Label {
    /// `name:value`, as both versions take it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Parts { name, value } => format!("{name}:{value}"),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Whether the label of an owner is among them.
pub(crate) fn labelled(labels: &[Label], owner: &Owner) -> bool {
    labels.iter().any(|label| match label {
        Label::Parts { name, value } => name == LABEL && value == owner.as_str(),
        Label::Text(text) => *text == Mark::label(owner),
    })
}

/// An object by its id and shown name.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Named {
    /// The id.
    pub(crate) id: Uuid,
    /// The name for people.
    pub(crate) name: String,
}

/// A permission, of a list or alone.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PermissionRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) labels: Vec<Label>,
    #[serde(default)]
    #[serde(deserialize_with = "accounts")]
    pub(crate) accounts: Vec<String>,
    #[serde(default)]
    pub(crate) protocols: Vec<String>,
    #[serde(default, deserialize_with = "words")]
    pub(crate) actions: BTreeSet<String>,
    #[serde(deserialize_with = "moment")]
    pub(crate) date_start: Timestamp,
    #[serde(deserialize_with = "moment")]
    pub(crate) date_expired: Timestamp,
    pub(crate) is_active: bool,
    #[serde(default)]
    pub(crate) is_valid: bool,
    #[serde(default, deserialize_with = "text")]
    pub(crate) comment: String,
    pub(crate) org_id: Uuid,
    pub(crate) users_amount: Option<usize>,
    pub(crate) user_groups_amount: Option<usize>,
    pub(crate) assets_amount: Option<usize>,
    pub(crate) nodes_amount: Option<usize>,
    pub(crate) users: Option<Vec<Named>>,
    pub(crate) user_groups: Option<Vec<Named>>,
    pub(crate) assets: Option<Vec<Named>>,
    pub(crate) nodes: Option<Vec<Named>>,
}

impl Row for PermissionRow {
    fn key(&self) -> Key {
        Key::Id(self.id)
    }
}

/// One row of a table between permissions and what they name.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RelationRow {
    pub(crate) id: i64,
    pub(crate) assetpermission: Uuid,
    #[serde(alias = "user", alias = "usergroup", alias = "asset", alias = "node")]
    pub(crate) member: Uuid,
    #[serde(
        default,
        alias = "user_display",
        alias = "usergroup_display",
        alias = "asset_display",
        alias = "node_display",
        deserialize_with = "text"
    )]
    pub(crate) display: String,
}

impl Row for RelationRow {
    fn key(&self) -> Key {
        Key::Number(self.id)
    }
}

/// A user.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct UserRow {
    pub(crate) id: Uuid,
    pub(crate) username: String,
    pub(crate) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) email: String,
    pub(crate) is_active: bool,
    #[serde(default)]
    pub(crate) is_expired: bool,
    #[serde(default)]
    pub(crate) is_superuser: bool,
    #[serde(default)]
    pub(crate) groups: Vec<Named>,
    #[serde(default)]
    pub(crate) labels: Vec<Label>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) comment: String,
}

impl Row for UserRow {
    fn key(&self) -> Key {
        Key::Id(self.id)
    }
}

impl UserRow {
    /// The user as seen by an owner.
    pub(crate) fn seen(self, owner: &Owner) -> SeenUser {
        SeenUser {
            id: self.id,
            labelled: labelled(&self.labels, owner),
            mark: Mark::parse(&self.comment),
            username: self.username,
            name: self.name,
            email: self.email,
            active: self.is_active,
            expired: self.is_expired,
            administrator: self.is_superuser,
            groups: self.groups.into_iter().map(|group| group.name).collect(),
            comment: self.comment,
        }
    }
}

/// A protocol of an asset.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProtocolRow {
    name: String,
    port: i64,
}

/// An asset.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AssetRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) address: String,
    category: Choice,
    #[serde(rename = "type")]
    kind: Choice,
    #[serde(default)]
    protocols: Vec<ProtocolRow>,
    #[serde(default)]
    pub(crate) nodes_display: Vec<String>,
    #[serde(default = "yes")]
    is_active: bool,
    #[serde(default)]
    directory_services: Vec<Named>,
    /// Whether it has a field of this name, whatever it holds: in 3.10 that is `domain`.
    #[serde(default, rename = "zone", deserialize_with = "there")]
    has_zone: bool,
}

impl AssetRow {
    /// Whether the server that gave it takes an account away for `!name` among the accounts of
    /// a permission: 4.10 does, and to 3.10 it is a text like any other.
    pub(crate) fn excludes(&self) -> bool {
        self.has_zone
    }
}

impl Row for AssetRow {
    fn key(&self) -> Key {
        Key::Id(self.id)
    }
}

impl From<AssetRow> for SeenAsset {
    fn from(row: AssetRow) -> Self {
        let protocols: BTreeMap<String, u16> = row
            .protocols
            .into_iter()
            .map(|protocol| (protocol.name, u16::try_from(protocol.port).unwrap_or(0)))
            .collect();
        Self {
            id: row.id,
            name: row.name,
            address: row.address,
            category: row.category.word(),
            kind: row.kind.word(),
            protocols,
            nodes: row.nodes_display.into_iter().collect(),
            active: row.is_active,
            directories: row.directory_services.into_iter().map(|named| named.id).collect(),
        }
    }
}

/// A node.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NodeRow {
    pub(crate) id: Uuid,
    pub(crate) full_value: String,
}

impl Row for NodeRow {
    fn key(&self) -> Key {
        Key::Id(self.id)
    }
}

/// An account on an asset.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AccountRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) username: String,
    pub(crate) secret_type: Choice,
    pub(crate) asset: Named,
    #[serde(default = "yes")]
    pub(crate) is_active: bool,
    /// Only in the answer about one account.
    pub(crate) has_secret: Option<bool>,
    #[serde(default)]
    pub(crate) labels: Vec<Label>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) comment: String,
}

impl Row for AccountRow {
    fn key(&self) -> Key {
        Key::Id(self.id)
    }
}

impl AccountRow {
    /// The account as seen by an owner.
    pub(crate) fn seen(self, owner: &Owner) -> SeenAssetAccount {
        SeenAssetAccount {
            id: self.id,
            asset: self.asset.name,
            asset_id: self.asset.id,
            labelled: labelled(&self.labels, owner),
            mark: Mark::parse(&self.comment),
            name: self.name,
            username: self.username,
            secret_type: self.secret_type.word(),
            has_secret: self.has_secret,
            active: self.is_active,
            comment: self.comment,
        }
    }
}

/// An organization.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OrganizationRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) is_root: bool,
}

impl Row for OrganizationRow {
    fn key(&self) -> Key {
        Key::Id(self.id)
    }
}

fn yes() -> bool {
    true
}

/// Whether a field is there, null too.
fn there<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(from).map(|_| true)
}

/// A text; null is the empty one.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(from)?.unwrap_or_default())
}

/// What JumpServer's pages write beside accounts that are picked one by one. It opens nothing
/// (tried on both versions), so it says nothing about a permission.
const PICKED: &str = "@SPEC";

fn accounts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let mut accounts = Vec::<String>::deserialize(from)?;
    accounts.retain(|name| name != PICKED);
    Ok(accounts)
}

fn words<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<String>, D::Error> {
    Ok(Vec::<Choice>::deserialize(from)?.into_iter().map(Choice::word).collect())
}

/// A moment.
pub(crate) fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(from)?;
    date::parse(&text).ok_or_else(|| serde::de::Error::custom("a date of another form"))
}

/// A moment, or null.
pub(crate) fn maybe_moment<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let other = || serde::de::Error::custom("a date of another form");
    date::parse(&text).map(Some).ok_or_else(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        "gitops".parse().expect("an owner")
    }

    #[test]
    fn labels_of_both_versions_are_the_same() {
        let three = r#"["jumpgate:gitops", "k:v"]"#;
        let four = r#"[{"id":"43ef1d83-8aa2-453a-b10a-165ddfad8802","name":"jumpgate","value":"gitops","color":""}]"#;
        let other = r#"["jumpgate:other", "owner:gitops"]"#;
        for (text, expected) in [(three, true), (four, true), (other, false), ("[]", false)] {
            let labels: Vec<Label> = serde_json::from_str(text).expect("labels");
            assert_eq!(labelled(&labels, &owner()), expected, "{text}");
        }
    }

    #[test]
    fn a_permission_of_a_list_has_amounts_and_no_members() {
        let row: PermissionRow = serde_json::from_value(serde_json::json!({
            "id": "bd887c4f-7c90-4110-b3fc-da0e9ab54600", "name": "p", "labels": [],
            "accounts": ["root", "@SPEC"], "protocols": ["ssh"],
            "actions": [{"value": "connect", "label": "Connect (All protocols)"}],
            "comment": null, "users_amount": 1, "user_groups_amount": 0,
            "assets_amount": 2, "nodes_amount": 0,
            "org_id": "00000000-0000-0000-0000-000000000002",
            "is_active": true, "is_expired": false, "is_valid": true,
            "date_start": "2026/11/01 08:00:00 +0800",
            "date_expired": "2027/01/01 07:59:59 +0800"
        }))
        .expect("a row");
        assert_eq!(row.actions, BTreeSet::from(["connect".to_owned()]));
        assert_eq!(row.accounts, ["root"]);
        assert_eq!(row.date_start.to_string(), "2026-11-01T00:00:00Z");
        assert_eq!(row.assets_amount, Some(2));
        assert!(row.users.is_none());
        assert_eq!(row.comment, "");
    }

    #[test]
    fn a_relation_names_its_member_by_kind() {
        let row: RelationRow = serde_json::from_value(serde_json::json!({
            "id": 7, "user": "4ef4be9f-4e46-4011-8ea3-7cc5a335aca6",
            "user_display": "Carol(carol)",
            "assetpermission": "9eadf5b4-f3f2-40b1-80cf-42a0efe7caf1",
            "assetpermission_display": "REQ-1 alice web01"
        }))
        .expect("a row");
        assert_eq!(row.member.to_string(), "4ef4be9f-4e46-4011-8ea3-7cc5a335aca6");
    }
}
