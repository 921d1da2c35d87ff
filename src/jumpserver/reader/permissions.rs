//! Permissions: those with the label, and what else bears our mark or a name of ours.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::members::Members;
use super::users::Users;
use super::{Ask, Reader, whole_is_cheaper};
use crate::jumpserver::error::{Error, ErrorKind};
use crate::jumpserver::page;
use crate::jumpserver::row::{PermissionRow, labelled};
use crate::jumpserver::spec::{PermissionSpec, SeenAsset, SeenPermission};
use crate::mark::Mark;
use crate::names::Owner;

/// Up to this many permissions the whole list is read: two pages, and marks without their
/// label are found too.
const SMALL: usize = 2_000;

impl Reader {
    /// The rows of permissions with the owner's label, the owner's mark or a name asked
    /// for (in any case: some databases do not tell them apart).
    pub(super) async fn permission_rows(&self, ask: &Ask) -> Result<Vec<PermissionRow>, Error> {
        let names: BTreeSet<String> =
            ask.permissions.iter().map(|name| name.to_lowercase()).collect();
        let wanted = |row: &PermissionRow| {
            labelled(&row.labels, &ask.owner)
                || Mark::parse(&row.comment).is_some_and(|mark| mark.owner == ask.owner)
                || names.contains(&row.name.to_lowercase())
        };
        let count = page::PERMISSIONS.count(&self.http, &[]).await?;
        let whole = count <= SMALL
            || whole_is_cheaper(ask.permissions.len(), count, page::PERMISSIONS.row_cost);
        let mut rows: Vec<PermissionRow>;
        if whole {
            rows = page::PERMISSIONS.all(&self.http, &[]).await?;
        } else {
            let label = Mark::label(&ask.owner);
            rows = page::PERMISSIONS.all(&self.http, &[("labels", &label)]).await?;
            let known: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
            let missing: Vec<&String> =
                ask.permissions.iter().filter(|name| !known.contains(name.as_str())).collect();
            let named: Vec<PermissionRow> =
                page::PERMISSIONS.each(&self.http, "name", missing).await?;
            rows.extend(named);
        }
        let stray = rows.iter().find(|row| row.org_id != self.organization.id);
        if let Some(stray) = stray {
            return Err(Error::unexpected(
                "GET",
                "/api/v1/perms/asset-permissions/",
                format!("the permission {} is of another organization", stray.name),
            ));
        }
        let mut seen = BTreeSet::new();
        rows.retain(|row| wanted(row) && seen.insert(row.id));
        Ok(rows)
    }
}

/// Makes sure that every asset and node of the owner's permissions was read: where one goes,
/// JumpServer takes it out of its permissions, so a list without it was not complete.
pub(super) fn whole(
    owner: &Owner,
    rows: &[PermissionRow],
    members: &HashMap<Uuid, Members>,
    assets: &HashMap<Uuid, SeenAsset>,
    nodes: &HashMap<Uuid, String>,
) -> Result<(), Error> {
    let ours = |row: &&PermissionRow| {
        labelled(&row.labels, owner)
            || Mark::parse(&row.comment).is_some_and(|mark| mark.owner == *owner)
    };
    for row in rows.iter().filter(ours) {
        let Some(members) = members.get(&row.id) else { continue };
        let asset = members.assets.iter().find(|id| !assets.contains_key(id));
        let node = members.nodes.iter().find(|id| !nodes.contains_key(id));
        let lost = asset.map(|id| ("asset", page::ASSETS, id));
        if let Some((kind, list, id)) = lost.or(node.map(|id| ("node", page::NODES, id))) {
            return Err(Error::new(
                ErrorKind::Incomplete,
                format!(
                    "the permission {} names the {kind} {id}, and the list {} does not have it: \
                     the list was not read completely",
                    row.name, list.path
                ),
            )
            .advise(
                "run again; when it stays, see whether the user of the token is shown everything \
                 in this organization",
            ));
        }
    }
    Ok(())
}

/// The permissions with the names of everything in them.
pub(super) fn seen(
    owner: &Owner,
    rows: Vec<PermissionRow>,
    members: &HashMap<Uuid, Members>,
    users: &Users,
    assets: &HashMap<Uuid, SeenAsset>,
    nodes: &HashMap<Uuid, String>,
) -> Vec<SeenPermission> {
    let none = Members::default();
    rows.into_iter()
        .map(|row| {
            let members = members.get(&row.id).unwrap_or(&none);
            // What the organization does not show keeps its id for a name.
            let user = |id: &Uuid| users.names.get(id).cloned().unwrap_or_else(|| id.to_string());
            let user_ids: BTreeMap<_, _> = members.users.iter().map(|id| (*id, user(id))).collect();
            let asset = |id: &Uuid| {
                assets.get(id).map_or_else(|| id.to_string(), |asset| asset.name.clone())
            };
            let node = |id: &Uuid| nodes.get(id).cloned().unwrap_or_else(|| id.to_string());
            SeenPermission {
                id: row.id,
                labelled: labelled(&row.labels, owner),
                mark: Mark::parse(&row.comment),
                spec: PermissionSpec {
                    name: row.name,
                    users: user_ids.values().cloned().collect(),
                    groups: members.groups.values().cloned().collect(),
                    assets: members.assets.iter().map(asset).collect(),
                    nodes: members.nodes.iter().map(node).collect(),
                    accounts: row.accounts.into_iter().collect(),
                    protocols: row.protocols.into_iter().collect(),
                    actions: row.actions,
                    start: row.date_start,
                    end: row.date_expired,
                    active: row.is_active,
                },
                user_ids,
                comment: row.comment,
            }
        })
        .collect()
}
