//! Permissions of other hands that reach a database asset and open an account of ours, or
//! take it away.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

use super::{Ask, Reader};
use crate::jumpserver::error::Error;
use crate::jumpserver::page;
use crate::jumpserver::row::{PermissionRow, labelled};
use crate::jumpserver::spec::{ALL, ForeignPermission, SeenAssetAccount};
use crate::mark::Mark;
use crate::names::Owner;

impl Reader {
    /// The permissions that reach one of the assets, directly or by a node above it, are
    /// not ours, and touch an account of ours or one that may be made.
    pub(super) async fn foreign(
        &self,
        ask: &Ask,
        databases: &BTreeMap<String, Uuid>,
        accounts: &[SeenAssetAccount],
    ) -> Result<Vec<ForeignPermission>, Error> {
        // All names of ours on any of the assets: one too many is a hint, one too few a hole.
        let ours: &BTreeSet<String> = &ask
            .account_users
            .iter()
            .chain(accounts.iter().filter(|seen| seen.labelled).map(|seen| &seen.username))
            .map(|name| name.to_lowercase())
            .collect();
        // Collected first: a stream over borrowed pairs could not be sent between threads.
        let lists: Vec<_> = databases
            .iter()
            .map(|(asset, id)| async move {
                let id = id.to_string();
                let rows: Vec<PermissionRow> =
                    page::PERMISSIONS.all(&self.http, &[("asset_id", &id)]).await?;
                Ok::<_, Error>(
                    rows.into_iter()
                        .filter(|row| !is_ours(row, &ask.owner) && touches(row, ours))
                        .map(|row| ForeignPermission {
                            id: row.id,
                            name: row.name,
                            asset: asset.clone(),
                            accounts: row.accounts.into_iter().collect(),
                            valid: row.is_valid,
                            end: row.date_expired,
                        })
                        .collect(),
                )
            })
            .collect();
        let per_asset: Vec<Vec<ForeignPermission>> =
            stream::iter(lists).buffered(self.http.limits().parallel.max(1)).try_collect().await?;
        let mut found: Vec<ForeignPermission> = per_asset.into_iter().flatten().collect();
        found.sort_by(|a, b| (&a.asset, &a.name, a.id).cmp(&(&b.asset, &b.name, b.id)));
        Ok(found)
    }
}

/// With our label and a mark that names this very permission. A copy is not.
fn is_ours(row: &PermissionRow, owner: &Owner) -> bool {
    labelled(&row.labels, owner)
        && Mark::parse(&row.comment).is_some_and(|mark| mark.owner == *owner && mark.id == row.id)
}

/// Whether it opens one of these accounts, or excludes one (`!name`, in 4.10).
fn touches(row: &PermissionRow, ours: &BTreeSet<String>) -> bool {
    row.accounts.iter().any(|account| {
        let name = account.strip_prefix('!').unwrap_or(account);
        account == ALL || ours.contains(&name.to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(accounts: &[&str], labels: &[&str], comment: &str) -> PermissionRow {
        serde_json::from_value(serde_json::json!({
            "id": Uuid::from_u128(7), "name": "p", "labels": labels, "accounts": accounts,
            "comment": comment, "org_id": Uuid::from_u128(2), "is_active": true,
            "date_start": "2026-11-01T00:00:00Z", "date_expired": "2027-01-01T00:00:00Z"
        }))
        .expect("a row")
    }

    #[test]
    fn what_opens_or_excludes_an_account_touches_it() {
        let ours = BTreeSet::from(["jump_db_fanlichun_r".to_owned()]);
        for text in ["@ALL", "jump_db_fanlichun_r", "JUMP_DB_FANLICHUN_R", "!jump_db_fanlichun_r"] {
            assert!(touches(&row(&[text], &[], ""), &ours), "{text}");
        }
        for text in ["root", "!root", "@INPUT", "@USER", "jump_db_fanlichun"] {
            assert!(!touches(&row(&[text], &[], ""), &ours), "{text}");
        }
    }

    #[test]
    fn a_copy_is_not_ours() {
        let owner: Owner = "acme".parse().expect("an owner");
        let mark = |id: u128| Mark {
            owner: owner.clone(),
            id: Uuid::from_u128(id),
            user: None,
            requests: Default::default(),
            end: None,
            handover: None,
            left: None,
        };
        let label = ["jumpgate:acme"];
        assert!(is_ours(&row(&[], &label, &mark(7).comment("x")), &owner));
        assert!(!is_ours(&row(&[], &label, &mark(8).comment("x")), &owner));
        assert!(!is_ours(&row(&[], &[], &mark(7).comment("x")), &owner));
        assert!(!is_ours(&row(&[], &label, "by hand"), &owner));
    }
}
