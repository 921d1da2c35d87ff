//! Accounts on assets: on databases those of ours and in our way, on hosts which of the
//! logins' user names there are.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use uuid::Uuid;

use super::{Ask, Reader, whole_is_cheaper};
use crate::jumpserver::error::Error;
use crate::jumpserver::page;
use crate::jumpserver::row::AccountRow;
use crate::jumpserver::spec::SeenAssetAccount;
use crate::mark::Mark;

/// Below this many assets no count is asked for first.
const FEW: usize = 4;

impl Reader {
    /// The accounts on database assets that have the owner's label or mark, or a user
    /// name asked for (in any case).
    pub(super) async fn database_accounts(
        &self,
        ask: &Ask,
        databases: &BTreeMap<String, Uuid>,
    ) -> Result<Vec<SeenAssetAccount>, Error> {
        let names: BTreeSet<String> =
            ask.account_users.iter().map(|name| name.to_lowercase()).collect();
        let ids: BTreeSet<Uuid> = databases.values().copied().collect();
        let label = Mark::label(&ask.owner);
        // By the label also those on assets that the inventory has no more.
        let (on_assets, labelled) = try_join(
            self.accounts_on(&ids, None),
            page::ACCOUNTS.all::<AccountRow>(&self.http, &[("labels", &label)]),
        )
        .await?;
        let rows: BTreeMap<Uuid, AccountRow> =
            on_assets.into_iter().chain(labelled).map(|row| (row.id, row)).collect();
        Ok(rows
            .into_values()
            .map(|row| row.seen(&ask.owner))
            .filter(|account| {
                account.labelled
                    || account.mark.as_ref().is_some_and(|mark| mark.owner == ask.owner)
                    || names.contains(&account.username.to_lowercase())
            })
            .collect())
    }

    /// Which of the logins' user names the assets have: by the asset's name.
    pub(super) async fn login_accounts(
        &self,
        ask: &Ask,
        assets: &BTreeMap<Uuid, String>,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        if assets.is_empty() || ask.login_accounts.is_empty() {
            return Ok(found);
        }
        let ids: BTreeSet<Uuid> = assets.keys().copied().collect();
        for row in self.accounts_on(&ids, Some(&ask.login_accounts)).await? {
            if let Some(asset) = assets.get(&row.asset.id)
                && ask.login_accounts.contains(&row.username)
            {
                found.entry(asset.clone()).or_default().insert(row.username);
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
        // A filter that was not understood gives too many, never too few.
        Ok(read.into_iter().filter(|row| assets.contains(&row.asset.id)).collect())
    }
}
