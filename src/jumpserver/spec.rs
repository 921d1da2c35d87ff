//! The objects of JumpServer: what is compared (by name, without ids), and what was seen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::access::model::Provenance;
use crate::mark::Mark;

/// The account text that opens every account that JumpServer holds for an asset.
pub const ALL: &str = "@ALL";
/// The protocol of a permission that lets any protocol go.
pub const ANY_PROTOCOL: &str = "all";

/// What a permission says, by names. The same type for what is wanted and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PermissionSpec {
    /// Its name, unique in the organization.
    pub name: String,
    /// User names (not display names). A user whom the organization does not show stands
    /// here by id.
    pub users: BTreeSet<String>,
    /// User groups by name; none in a permission of ours.
    pub groups: BTreeSet<String>,
    /// Asset names.
    pub assets: BTreeSet<String>,
    /// Node paths, such as `/Default/payments/prod`.
    pub nodes: BTreeSet<String>,
    /// Account names on the assets, or `@ALL`, `@INPUT`, `!root`, ...
    pub accounts: BTreeSet<String>,
    /// Protocols.
    pub protocols: BTreeSet<String>,
    /// Actions: connect, upload, download, copy, paste, delete, share.
    pub actions: BTreeSet<String>,
    /// From when, to the second.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// Until when, to the second.
    #[schemars(with = "String")]
    pub end: Timestamp,
    /// Whether it is switched on.
    pub active: bool,
}

/// A permission as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenPermission {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    pub spec: PermissionSpec,
    /// The ids of its users, each with the name in [`Self::spec`]: a user made anew has another
    /// id.
    pub user_ids: BTreeMap<Uuid, String>,
    /// Whether it carries our label.
    pub labelled: bool,
    /// The mark in its comment, of whichever owner.
    pub mark: Option<Mark>,
    /// The comment as it stands.
    pub comment: String,
}

/// A permission of another hand that opens an account of ours, or takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignPermission {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The asset that it reaches, by name.
    pub asset: String,
    /// Its account names as they stand (`@ALL`, `jump_db_fanlichun_r`, `!root`, ...).
    pub accounts: BTreeSet<String>,
    /// Whether it opens anything today (active, started, not ended).
    pub valid: bool,
    /// Until when.
    pub end: Timestamp,
}

/// A user as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenUser {
    /// The id.
    pub id: Uuid,
    /// The user name.
    pub username: String,
    /// The display name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// Whether it is enabled.
    pub active: bool,
    /// Whether the user's own date has passed.
    pub expired: bool,
    /// Whether he administers the whole of JumpServer.
    pub administrator: bool,
    /// Groups by name.
    pub groups: BTreeSet<String>,
    /// Whether it carries our label.
    pub labelled: bool,
    /// The mark in its comment, of whichever owner.
    pub mark: Option<Mark>,
    /// The comment as it stands.
    pub comment: String,
}

/// An asset as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAsset {
    /// The id.
    pub id: Uuid,
    /// The name, unique in the organization.
    pub name: String,
    /// Host name or address.
    pub address: String,
    /// The category: `host`, `database`, `device`, `cloud`, `web`, ...
    pub category: String,
    /// The type within the category: `linux`, `windows`, `mysql`, `mariadb`, ...
    pub kind: String,
    /// Protocols by name, with their ports.
    pub protocols: BTreeMap<String, u16>,
    /// The paths of the nodes in which it stands.
    pub nodes: BTreeSet<String>,
    /// Whether it is switched on.
    pub active: bool,
    /// The ids of the directory services that it joined (4.10): people enter it by their
    /// accounts, too.
    pub directories: BTreeSet<Uuid>,
}

impl SeenAsset {
    /// The ids of the assets whose accounts open it: its own, and its directory services'.
    pub fn homes(&self) -> impl Iterator<Item = Uuid> {
        std::iter::once(self.id).chain(self.directories.iter().copied())
    }
}

/// The nodes that have one path: only one of them, unless somebody moved or renamed nodes.
/// JumpServer holds the path to be unique nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenNode {
    /// The ids.
    pub ids: BTreeSet<Uuid>,
    /// The path, such as `/Default/payments/prod`.
    pub path: String,
}

/// An account on an asset as it was seen. Its secret can never be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAssetAccount {
    /// The id.
    pub id: Uuid,
    /// The asset, by name.
    pub asset: String,
    /// The asset's id.
    pub asset_id: Uuid,
    /// The account's own name.
    pub name: String,
    /// The user name on the asset.
    pub username: String,
    /// `password`, `ssh_key`, ...
    pub secret_type: String,
    /// Whether it holds a secret, where that was asked.
    pub has_secret: Option<bool>,
    /// Whether it is switched on.
    pub active: bool,
    /// Whether it carries our label.
    pub labelled: bool,
    /// The mark in its comment, of whichever owner.
    pub mark: Option<Mark>,
    /// The comment as it stands.
    pub comment: String,
}

/// The anchor: which commit was applied last, and which server each instance is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
pub struct Anchor {
    /// The last applied commit, as 40 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The merges whose first parent is not the branch that they came into, and the parent that
    /// is; 40 hex digits each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub turns: BTreeMap<String, String>,
    /// How far edits of the rules were judged; none before anybody asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<JudgedRules>,
    /// By instance.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<String, AnchoredInstance>,
}

/// How far it was judged how edits of the rules were merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct JudgedRules {
    /// The last commit up to which they were good, as 40 hex digits.
    pub commit: String,
    /// How it was judged.
    pub provenance: Provenance,
    /// Where they were not: from after one commit up to another. What came there was judged by
    /// rules that nobody had approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<[String; 2]>,
}

/// What an instance was when it was last applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct AnchoredInstance {
    /// The server's identity: MySQL's server_uuid; on MariaDB host name, port, server_id.
    pub server: String,
    /// The id of its asset.
    pub asset: Uuid,
    /// The host part of the accounts there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_host: Option<String>,
}

/// What was read of JumpServer for one plan. Complete, or it does not exist.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// The organization, as JumpServer names it: id and name.
    pub organization: (String, String),
    /// Users asked for that exist, by exact user name, and every user with our label.
    pub users: BTreeMap<String, SeenUser>,
    /// Assets asked for by name, those below nodes asked for, and all of permissions of
    /// ours or asked for; by name.
    pub assets: BTreeMap<String, SeenAsset>,
    /// All nodes, by path.
    pub nodes: BTreeMap<String, SeenNode>,
    /// Permissions with our label, our mark, or a name that ours would have; by id.
    pub permissions: BTreeMap<Uuid, SeenPermission>,
    /// Accounts on database assets: those with our label, our mark, or a user name that
    /// ours would have; by id.
    pub accounts: BTreeMap<Uuid, SeenAssetAccount>,
    /// User names of the logins (such as `app`) by the assets that have them, or a directory
    /// service of theirs: asset name, then user names.
    pub login_accounts: BTreeMap<String, BTreeSet<String>>,
    /// Permissions of other hands that reach a database asset of ours with an account
    /// text that opens or excludes accounts of ours.
    pub foreign: Vec<ForeignPermission>,
    /// Whether `!name` among the accounts of a permission takes one away (4.10); in 3.10 it
    /// is a text like any other. Seen by a field of assets that only 4.10 has.
    pub excludes: bool,
    /// The anchor, when there is one.
    pub anchor: Option<Anchor>,
    /// For names asked for that do not exist: names that look like them.
    pub near: Near,
}

/// Names that look like names that do not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Near {
    /// User names, by the one asked for.
    pub users: BTreeMap<String, Vec<String>>,
    /// Assets, by the name asked for.
    pub assets: BTreeMap<String, Vec<String>>,
}
