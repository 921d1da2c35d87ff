//! Who and what a permission names: the list leaves it out, so it comes from the tables
//! behind it, or from one request for each permission, whichever costs less.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

use super::{Reader, whole_is_cheaper};
use crate::jumpserver::error::Error;
use crate::jumpserver::page::{self, List};
use crate::jumpserver::row::{PermissionRow, RelationRow};

/// Below this many permissions no tables are looked at.
const FEW: usize = 12;

/// The tables: users, groups, assets, nodes.
pub(crate) const TABLES: [List; 4] = [
    page::relation("perms/asset-permissions-users-relations"),
    page::relation("perms/asset-permissions-user-groups-relations"),
    page::relation("perms/asset-permissions-assets-relations"),
    page::relation("perms/asset-permissions-nodes-relations"),
];

/// What one permission names, by ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Members {
    pub(super) users: BTreeSet<Uuid>,
    /// With their names.
    pub(super) groups: BTreeMap<Uuid, String>,
    pub(super) assets: BTreeSet<Uuid>,
    pub(super) nodes: BTreeSet<Uuid>,
}

impl Members {
    fn of(row: &PermissionRow) -> Self {
        let ids = |list: &Option<Vec<super::Named>>| -> BTreeSet<Uuid> {
            list.iter().flatten().map(|named| named.id).collect()
        };
        Self {
            users: ids(&row.users),
            groups: row
                .user_groups
                .iter()
                .flatten()
                .map(|group| (group.id, group.name.clone()))
                .collect(),
            assets: ids(&row.assets),
            nodes: ids(&row.nodes),
        }
    }

    fn amounts(&self) -> [usize; 4] {
        [self.users.len(), self.groups.len(), self.assets.len(), self.nodes.len()]
    }
}

fn amounts(row: &PermissionRow) -> [Option<usize>; 4] {
    [row.users_amount, row.user_groups_amount, row.assets_amount, row.nodes_amount]
}

impl Reader {
    /// What each of the permissions names, by the permission's id.
    pub(super) async fn members(
        &self,
        rows: &[PermissionRow],
    ) -> Result<HashMap<Uuid, Members>, Error> {
        let mut found: HashMap<Uuid, Members> =
            rows.iter().map(|row| (row.id, Members::default())).collect();
        let mut singly: Vec<&PermissionRow> =
            rows.iter().filter(|row| amounts(row) != [Some(0); 4]).collect();
        if singly.len() > FEW && self.tables_are_cheaper(singly.len()).await? {
            self.read_tables(&mut found).await?;
            // The list says how many there are; where that differs, the permission itself
            // is asked.
            singly.retain(|row| {
                let have = found.get(&row.id).map(Members::amounts).unwrap_or_default();
                amounts(row) != have.map(Some)
            });
        }
        let requests: Vec<_> = singly
            .into_iter()
            .map(|row| async move {
                let path = format!("{}/{}", page::PERMISSIONS.path, row.id);
                let row: PermissionRow = self.http.get(&path, &[]).await?;
                Ok::<_, Error>((row.id, Members::of(&row)))
            })
            .collect();
        let read: Vec<(Uuid, Members)> = stream::iter(requests)
            .buffered(self.http.limits().parallel.max(1))
            .try_collect()
            .await?;
        found.extend(read);
        Ok(found)
    }

    async fn tables_are_cheaper(&self, permissions: usize) -> Result<bool, Error> {
        let counts = try_join_all(TABLES.iter().map(|table| table.count(&self.http, &[]))).await?;
        let rows = counts.iter().sum();
        Ok(whole_is_cheaper(permissions, rows, TABLES[0].row_cost))
    }

    async fn read_tables(&self, found: &mut HashMap<Uuid, Members>) -> Result<(), Error> {
        let read =
            try_join_all(TABLES.iter().map(|table| table.all::<RelationRow>(&self.http, &[])))
                .await?;
        for (table, rows) in read.into_iter().enumerate() {
            for row in rows {
                let Some(members) = found.get_mut(&row.assetpermission) else { continue };
                match table {
                    0 => {
                        members.users.insert(row.member);
                    }
                    1 => {
                        members.groups.insert(row.member, row.display);
                    }
                    2 => {
                        members.assets.insert(row.member);
                    }
                    _ => {
                        members.nodes.insert(row.member);
                    }
                }
            }
        }
        Ok(())
    }
}
