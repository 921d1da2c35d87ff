//! A permission as the server stores it: by ids, for comparing what was written.

use std::collections::BTreeSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::date::whole_seconds;
use super::error::Error;
use super::reader::Reader;
use super::row::{AccountRow, Named, PermissionRow, labelled};
use super::spec::{PermissionSpec, SeenAssetAccount};
use super::transport::Read;
use crate::mark::Mark;
use crate::names::Owner;

/// A permission by ids, as one request for it shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPermission {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its users.
    pub users: BTreeSet<Uuid>,
    /// Its user groups.
    pub groups: BTreeSet<Uuid>,
    /// Its assets.
    pub assets: BTreeSet<Uuid>,
    /// Its nodes.
    pub nodes: BTreeSet<Uuid>,
    /// Account names.
    pub accounts: BTreeSet<String>,
    /// Protocols.
    pub protocols: BTreeSet<String>,
    /// Actions.
    pub actions: BTreeSet<String>,
    /// From when, to the second.
    pub start: Timestamp,
    /// Until when, to the second.
    pub end: Timestamp,
    /// Whether it is switched on.
    pub active: bool,
    /// Whether it carries the owner's label.
    pub labelled: bool,
    /// The mark in its comment.
    pub mark: Option<Mark>,
    /// The comment.
    pub comment: String,
}

impl StoredPermission {
    /// What a row that holds its members says.
    pub(crate) fn of(row: PermissionRow, owner: &Owner) -> Self {
        let ids = |list: Option<Vec<Named>>| -> BTreeSet<Uuid> {
            list.unwrap_or_default().into_iter().map(|named| named.id).collect()
        };
        Self {
            id: row.id,
            labelled: labelled(&row.labels, owner),
            mark: Mark::parse(&row.comment),
            name: row.name,
            users: ids(row.users),
            groups: ids(row.user_groups),
            assets: ids(row.assets),
            nodes: ids(row.nodes),
            accounts: row.accounts.into_iter().collect(),
            protocols: row.protocols.into_iter().collect(),
            actions: row.actions,
            start: row.date_start,
            end: row.date_expired,
            active: row.is_active,
            comment: row.comment,
        }
    }

    /// What the server keeps of a permission that is to be made.
    pub(crate) fn expected(id: Uuid, wanted: &NewPermission) -> Self {
        let spec = &wanted.spec;
        Self {
            id,
            name: spec.name.trim().to_owned(),
            users: wanted.users.clone(),
            groups: BTreeSet::new(),
            assets: wanted.assets.clone(),
            nodes: wanted.nodes.clone(),
            accounts: spec.accounts.clone(),
            protocols: spec.protocols.clone(),
            actions: spec.actions.clone(),
            start: whole_seconds(spec.start),
            end: whole_seconds(spec.end),
            active: spec.active,
            labelled: true,
            mark: Mark::parse(&wanted.comment),
            comment: wanted.comment.trim().to_owned(),
        }
    }

    /// The fields in which two differ, by the names people use.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let fields = [
            ("name", self.name != other.name),
            ("users", self.users != other.users),
            ("user groups", self.groups != other.groups),
            ("assets", self.assets != other.assets),
            ("nodes", self.nodes != other.nodes),
            ("accounts", self.accounts != other.accounts),
            ("protocols", self.protocols != other.protocols),
            ("actions", self.actions != other.actions),
            ("start", self.start != other.start),
            ("end", self.end != other.end),
            ("active", self.active != other.active),
            ("label", self.labelled != other.labelled),
            ("comment", self.comment.trim() != other.comment.trim()),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// A permission to make: what it says, and the ids of what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPermission {
    /// What it says; its user, asset and node names stand for the ids below.
    pub spec: PermissionSpec,
    /// The users.
    pub users: BTreeSet<Uuid>,
    /// The assets.
    pub assets: BTreeSet<Uuid>,
    /// The nodes.
    pub nodes: BTreeSet<Uuid>,
    /// The comment, with the mark.
    pub comment: String,
}

impl Reader {
    /// The permission with this id as it is stored now; none when there is none.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn permission(
        &self,
        owner: &Owner,
        id: Uuid,
    ) -> Result<Option<StoredPermission>, Error> {
        permission(self.http(), owner, id).await
    }

    /// The account on an asset with this id; none when there is none.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn account(
        &self,
        owner: &Owner,
        id: Uuid,
    ) -> Result<Option<SeenAssetAccount>, Error> {
        Ok(account(self.http(), id).await?.map(|row| row.seen(owner)))
    }
}

pub(crate) async fn permission(
    http: &Read,
    owner: &Owner,
    id: Uuid,
) -> Result<Option<StoredPermission>, Error> {
    let row: Option<PermissionRow> = http.find(&format!("perms/asset-permissions/{id}")).await?;
    Ok(row.map(|row| StoredPermission::of(row, owner)))
}

pub(crate) async fn account(http: &Read, id: Uuid) -> Result<Option<AccountRow>, Error> {
    http.find(&format!("accounts/accounts/{id}")).await
}
