//! Permissions: made with every field, changed field by field, removed by id.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{Labelled, Writer, in_the_way, kept_otherwise, taken};
use crate::jumpserver::date::{self, whole_seconds};
use crate::jumpserver::error::{Error, ErrorKind};
use crate::jumpserver::page;
use crate::jumpserver::row::PermissionRow;
use crate::jumpserver::stored::{self, NewPermission, StoredPermission};
use crate::jumpserver::transport::Content;
use crate::mark::Mark;
use crate::names::Owner;

const PATH: &str = "perms/asset-permissions";

/// Everything: a field left out would mean all accounts' actions, or seventy years.
#[derive(Serialize)]
struct Body<'a> {
    id: Uuid,
    name: &'a str,
    users: &'a BTreeSet<Uuid>,
    user_groups: [Uuid; 0],
    assets: &'a BTreeSet<Uuid>,
    nodes: &'a BTreeSet<Uuid>,
    accounts: &'a BTreeSet<String>,
    protocols: &'a BTreeSet<String>,
    actions: &'a BTreeSet<String>,
    date_start: String,
    date_expired: String,
    is_active: bool,
    comment: &'a str,
    labels: [String; 1],
}

/// What changes of a permission: absolute values, only those that differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PermissionPatch {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<BTreeSet<Uuid>>,
    /// All user groups: of a permission of ours, none.
    #[serde(rename = "user_groups", skip_serializing_if = "Option::is_none")]
    pub groups: Option<BTreeSet<Uuid>>,
    /// All assets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assets: Option<BTreeSet<Uuid>>,
    /// All nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<BTreeSet<Uuid>>,
    /// Account names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<BTreeSet<String>>,
    /// Protocols.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocols: Option<BTreeSet<String>>,
    /// Actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<BTreeSet<String>>,
    /// From when; to the second.
    #[serde(
        rename = "date_start",
        serialize_with = "moment",
        skip_serializing_if = "Option::is_none"
    )]
    pub start: Option<Timestamp>,
    /// Until when; to the second.
    #[serde(
        rename = "date_expired",
        serialize_with = "moment",
        skip_serializing_if = "Option::is_none"
    )]
    pub end: Option<Timestamp>,
    /// Whether it is switched on.
    #[serde(rename = "is_active", skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The comment, with the mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// All labels, as `name:value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

fn moment<S: serde::Serializer>(moment: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => to.serialize_str(&date::write(*moment)),
        None => to.serialize_none(),
    }
}

impl PermissionPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `stored` as it must look when the change was taken.
    fn applied_to(&self, stored: &StoredPermission, owner: &Owner) -> StoredPermission {
        let mut wanted = stored.clone();
        let new = self.clone();
        wanted.name = new.name.unwrap_or(wanted.name);
        wanted.users = new.users.unwrap_or(wanted.users);
        wanted.groups = new.groups.unwrap_or(wanted.groups);
        wanted.assets = new.assets.unwrap_or(wanted.assets);
        wanted.nodes = new.nodes.unwrap_or(wanted.nodes);
        wanted.accounts = new.accounts.unwrap_or(wanted.accounts);
        wanted.protocols = new.protocols.unwrap_or(wanted.protocols);
        wanted.actions = new.actions.unwrap_or(wanted.actions);
        wanted.start = new.start.map_or(wanted.start, whole_seconds);
        wanted.end = new.end.map_or(wanted.end, whole_seconds);
        wanted.active = new.active.unwrap_or(wanted.active);
        wanted.comment = new.comment.unwrap_or(wanted.comment);
        if let Some(labels) = new.labels {
            wanted.labelled = labels.contains(&Mark::label(owner));
        }
        wanted
    }
}

impl Writer {
    /// Makes a permission with an id of ours. One that stands there already exactly as
    /// wanted, from an attempt whose answer was lost, is a success.
    ///
    /// # Errors
    /// `Conflict` when the id or the name is taken by something else.
    pub async fn create_permission(&self, id: Uuid, new: &NewPermission) -> Result<(), Error> {
        let spec = &new.spec;
        refuse_templates(&spec.accounts)?;
        let content = Content::json(&Body {
            id,
            name: &spec.name,
            users: &new.users,
            user_groups: [],
            assets: &new.assets,
            nodes: &new.nodes,
            accounts: &spec.accounts,
            protocols: &spec.protocols,
            actions: &spec.actions,
            date_start: date::write(spec.start),
            date_expired: date::write(spec.end),
            is_active: spec.active,
            comment: &new.comment,
            labels: self.labels(),
        })?;
        let what = format!("the permission {}", spec.name);
        let expected = StoredPermission::expected(id, new);
        match self.create::<PermissionRow>(PATH, content, None).await? {
            Ok(row) => {
                let made = StoredPermission::of(row, &self.owner);
                if made.id != id {
                    return Err(kept_otherwise(&what, &["id"]));
                }
                match made.differences(&expected).as_slice() {
                    [] => Ok(()),
                    fields => Err(kept_otherwise(&what, fields)),
                }
            }
            Err(refused) => match stored::permission(&self.read, &self.owner, id).await? {
                None => match self.permission_named(&spec.name).await? {
                    None => Err(refused),
                    Some(other) => Err(taken(&what, other)),
                },
                Some(there) => match there.differences(&expected).as_slice() {
                    [] => Ok(()),
                    fields => Err(in_the_way(&what, fields)),
                },
            },
        }
    }

    /// The permission that has a name.
    async fn permission_named(&self, name: &str) -> Result<Option<Uuid>, Error> {
        let rows: Vec<PermissionRow> = page::PERMISSIONS.all(&self.read, &[("name", name)]).await?;
        let wanted = name.trim().to_lowercase();
        Ok(rows.into_iter().find(|row| row.name.to_lowercase() == wanted).map(|row| row.id))
    }

    /// Changes the fields of a permission that are given, and nothing else. An empty
    /// change sends nothing.
    ///
    /// # Errors
    /// When the request fails, or the answer does not show the new values.
    pub async fn patch_permission(&self, id: Uuid, patch: &PermissionPatch) -> Result<(), Error> {
        if patch.is_empty() {
            return Ok(());
        }
        refuse_templates(patch.accounts.iter().flatten())?;
        let path = format!("{PATH}/{id}");
        let row: PermissionRow = self.change(&path, Content::json(patch)?, None).await?;
        let stored = StoredPermission::of(row, &self.owner);
        let wanted = patch.applied_to(&stored, &self.owner);
        match stored.differences(&wanted).as_slice() {
            [] if stored.id == id => Ok(()),
            [] => Err(kept_otherwise("the permission", &["id"])),
            fields => Err(kept_otherwise(&format!("the permission {}", stored.name), fields)),
        }
    }

    /// Changes a permission of another hand and gives it the owner's label, in one request;
    /// its other labels stay.
    ///
    /// # Errors
    /// As [`Writer::patch_permission`].
    pub async fn adopt_permission(&self, id: Uuid, patch: &PermissionPatch) -> Result<(), Error> {
        let labels = Some(self.labels_with_ours(Labelled::Permission(id)).await?);
        self.patch_permission(id, &PermissionPatch { labels, ..patch.clone() }).await
    }

    /// Takes the owner's label and the comment off a permission that is given back, and gives
    /// it a name, in one request; what it gives and its other labels stay.
    ///
    /// # Errors
    /// As [`Writer::patch_permission`].
    pub async fn release_permission(&self, id: Uuid, name: &str) -> Result<(), Error> {
        let labels = Some(self.labels_without_ours(Labelled::Permission(id)).await?);
        let (name, comment) = (Some(name.to_owned()), Some(String::new()));
        let patch = PermissionPatch { name, comment, labels, ..PermissionPatch::default() };
        self.patch_permission(id, &patch).await
    }

    /// Removes a permission; one that is gone already is a success.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn delete_permission(&self, id: Uuid) -> Result<(), Error> {
        self.remove(&format!("{PATH}/{id}")).await
    }
}

/// `%<template>` would make accounts on the assets.
fn refuse_templates<'a>(accounts: impl IntoIterator<Item = &'a String>) -> Result<(), Error> {
    match accounts.into_iter().find(|account| account.starts_with('%')) {
        None => Ok(()),
        Some(account) => Err(Error::new(
            ErrorKind::Settings,
            format!("{account} names an account template, and a permission with it makes accounts"),
        )),
    }
}
