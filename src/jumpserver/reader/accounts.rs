//! Accounts on assets: on databases those of ours and in our way, on hosts which of the
//! logins' user names there are.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

use super::{Ask, Reader, whole_is_cheaper};
use crate::jumpserver::error::Error;
use crate::jumpserver::everything::Everything;
use crate::jumpserver::page;
use crate::jumpserver::row::{AccountRow, labelled};
use crate::jumpserver::spec::SeenAssetAccount;
use crate::jumpserver::stored;
use crate::mark::Mark;
use crate::names::Owner;

/// Below this many assets no count is asked for first.
const FEW: usize = 4;

impl Reader {
    /// The accounts with the owner's label, on whichever asset: also on those that left
    /// the inventory.
    pub(super) async fn labelled_accounts(&self, owner: &Owner) -> Result<Vec<AccountRow>, Error> {
        let label = Mark::label(owner);
        let mut rows: Vec<AccountRow> =
            page::ACCOUNTS.all(&self.http, &[("labels", &label)]).await?;
        rows.retain(|row| labelled(&row.labels, owner));
        Ok(rows)
    }

    /// The accounts on databases that hold no secret. The rows of a list do not say it, only a
    /// single account does. 4.10 can filter by it; to 3.10 the filter is an error (status 500:
    /// by its source `AccountFilterSet` asks for a field that has another name), so there each
    /// is asked.
    ///
    /// # Errors
    /// When a request fails, or the list stays incomplete.
    pub async fn accounts_without_secret(
        &self,
        everything: &Everything,
    ) -> Result<BTreeSet<Uuid>, Error> {
        let databases: BTreeSet<Uuid> = everything
            .assets
            .iter()
            .filter(|asset| asset.category == "database")
            .map(|asset| asset.id)
            .collect();
        if everything.excludes {
            let rows: Vec<AccountRow> =
                page::ACCOUNTS.all(&self.http, &[("has_secret", "false")]).await?;
            let rows = rows.into_iter().filter(|row| databases.contains(&row.asset.id));
            return Ok(rows.map(|row| row.id).collect());
        }
        let asked: Vec<_> = everything
            .accounts
            .iter()
            .filter(|account| databases.contains(&account.seen.asset_id))
            .map(|account| stored::account(&self.http, account.seen.id))
            .collect();
        let parallel = self.http.limits().parallel.max(1);
        let read: Vec<Option<AccountRow>> =
            stream::iter(asked).buffered(parallel).try_collect().await?;
        let empty = read.into_iter().flatten().filter(|row| row.has_secret == Some(false));
        Ok(empty.map(|row| row.id).collect())
    }

    /// The accounts on database assets that have the owner's label or mark, or a user
    /// name asked for (in any case); `more` are labelled ones that were read already.
    pub(super) async fn database_accounts(
        &self,
        ask: &Ask,
        databases: &BTreeMap<String, Uuid>,
        more: Vec<AccountRow>,
    ) -> Result<Vec<SeenAssetAccount>, Error> {
        let names: BTreeSet<String> =
            ask.account_users.iter().map(|name| name.to_lowercase()).collect();
        let ids: BTreeSet<Uuid> = databases.values().copied().collect();
        let mut rows = self.accounts_on(&ids, None).await?;
        let known: BTreeSet<Uuid> = rows.iter().map(|row| row.id).collect();
        // One that was made or removed in between counts as it was seen last.
        rows.extend(
            more.into_iter().filter(|row| !known.contains(&row.id) && !ids.contains(&row.asset.id)),
        );
        let seen: Vec<SeenAssetAccount> = rows
            .into_iter()
            .map(|row| row.seen(&ask.owner))
            .filter(|account| {
                account.labelled
                    || account.mark.as_ref().is_some_and(|mark| mark.owner == ask.owner)
                    || names.contains(&account.username.to_lowercase())
            })
            .collect();
        self.with_secrets(ask, seen).await
    }

    /// Says of accounts that are to be adopted, and are not yet, whether they hold a secret:
    /// lists do not (3.10.9 and 4.10.19).
    async fn with_secrets(
        &self,
        ask: &Ask,
        seen: Vec<SeenAssetAccount>,
    ) -> Result<Vec<SeenAssetAccount>, Error> {
        if ask.adopted_accounts.is_empty() {
            return Ok(seen);
        }
        // Collected first: a stream over borrowed rows could not be sent between threads.
        let asked: Vec<_> = seen
            .into_iter()
            .map(|account| async move {
                let key = (account.asset.clone(), account.username.clone());
                if account.mark.is_some() || !ask.adopted_accounts.contains(&key) {
                    return Ok(account);
                }
                // One that is gone meanwhile counts as it was seen last, without a secret.
                let one = stored::account(&self.http, account.id).await?;
                let has_secret = one.and_then(|row| row.has_secret);
                Ok(SeenAssetAccount { has_secret, ..account })
            })
            .collect();
        stream::iter(asked).buffered(self.http.limits().parallel.max(1)).try_collect().await
    }

    /// Which of the logins' user names the assets have: by the asset's name. `homes` says where
    /// their accounts stand, and which assets those open.
    pub(super) async fn login_accounts(
        &self,
        ask: &Ask,
        homes: &BTreeMap<Uuid, BTreeSet<String>>,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        if homes.is_empty() || ask.login_accounts.is_empty() {
            return Ok(found);
        }
        let ids: BTreeSet<Uuid> = homes.keys().copied().collect();
        for row in self.accounts_on(&ids, Some(&ask.login_accounts)).await? {
            if !ask.login_accounts.contains(&row.username) {
                continue;
            }
            for asset in homes.get(&row.asset.id).into_iter().flatten() {
                found.entry(asset.clone()).or_default().insert(row.username.clone());
            }
        }
        Ok(found)
    }

    /// The accounts on these assets; with `users` at least those with such a user name.
    async fn accounts_on(
        &self,
        assets: &BTreeSet<Uuid>,
        users: Option<&BTreeSet<String>>,
    ) -> Result<Vec<AccountRow>, Error> {
        let mut whole = false;
        if assets.len() > FEW {
            let mut count = 0;
            match users {
                None => count = page::ACCOUNTS.count(&self.http, &[]).await?,
                Some(users) => {
                    for user in users {
                        count += page::ACCOUNTS.count(&self.http, &[("username", user)]).await?;
                    }
                }
            }
            whole = whole_is_cheaper(assets.len(), count, page::ACCOUNTS.row_cost);
        }
        let read: Vec<AccountRow> = match users {
            Some(users) if whole => page::ACCOUNTS.each(&self.http, "username", users).await?,
            None if whole => page::ACCOUNTS.all(&self.http, &[]).await?,
            _ => {
                let assets = assets.iter().map(Uuid::to_string);
                page::ACCOUNTS.each(&self.http, "asset", assets).await?
            }
        };
        // A filter that was not understood gives too many, never too few; and 4.10 gives those
        // of the directory services of an asset with its own.
        Ok(read.into_iter().filter(|row| assets.contains(&row.asset.id)).collect())
    }
}
