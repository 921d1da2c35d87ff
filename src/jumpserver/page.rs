//! Whole lists, page by page, and the proof that nothing of them is missing.
//!
//! The server cuts a list without `limit` silently, and pages of a list without a total
//! order overlap and lose rows. So `limit` and an order are always sent, and as many
//! different ids must arrive as the server counts.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{Error, ErrorKind};
use super::row::Row;
use super::transport::Read;

/// How often a list that changed while it was read is read again.
const TRIES: usize = 3;

/// More rows than this are no list of JumpServer's: a count alone may ask for no memory.
const MOST: usize = 10_000_000;

/// A list of the server: where, in which order, by pages of which size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List {
    /// The path below `api/v1/`.
    pub(crate) path: &'static str,
    /// The total order; none where the server's own one is.
    order: Option<&'static str>,
    /// Rows of a page.
    size: usize,
    /// What a row costs the server, in microseconds.
    pub(crate) row_cost: u64,
}

/// What one small request costs, in microseconds.
pub(crate) const REQUEST_COST: u64 = 30_000;

/// Users. They cost most: smaller pages, so that several come at once. By default they are
/// ordered by their names for people, which many may share.
pub(crate) const USERS: List =
    List { path: "users/users", order: Some("username"), size: 500, row_cost: 2_300 };
/// Assets of all kinds.
pub(crate) const ASSETS: List =
    List { path: "assets/assets", order: Some("name"), size: 500, row_cost: 1_000 };
/// Nodes.
pub(crate) const NODES: List =
    List { path: "assets/nodes", order: None, size: 1_000, row_cost: 200 };
/// Permissions.
pub(crate) const PERMISSIONS: List =
    List { path: "perms/asset-permissions", order: None, size: 1_000, row_cost: 300 };
/// Accounts on assets.
pub(crate) const ACCOUNTS: List =
    List { path: "accounts/accounts", order: Some("date_created"), size: 1_000, row_cost: 400 };
/// Sessions, the oldest first: new ones move no page. They cannot be ordered by their id (by
/// the source of both versions, `OrderingFielderFieldsMixin`); by default the newest are first.
pub(crate) const SESSIONS: List =
    List { path: "terminal/sessions", order: Some("date_start"), size: 1_000, row_cost: 1_000 };
/// The operate log, the newest first. Only single pages of it are read: nothing is unique
/// and steady in its order.
pub(crate) const OPERATE_LOGS: List =
    List { path: "audits/operate-logs", order: None, size: 1_000, row_cost: 1_000 };
/// Organizations.
pub(crate) const ORGANIZATIONS: List =
    List { path: "orgs/orgs", order: None, size: 1_000, row_cost: 1_000 };

/// A table between permissions and what they name.
pub(crate) const fn relation(path: &'static str) -> List {
    List { path, order: Some("id"), size: 1_000, row_cost: 500 }
}

#[derive(Deserialize)]
struct Envelope<T> {
    count: usize,
    results: Vec<T>,
}

impl List {
    /// How many rows the list has with these filters.
    pub(crate) async fn count(&self, read: &Read, filter: &[(&str, &str)]) -> Result<usize, Error> {
        let page: Envelope<serde_json::Value> = self.page(read, filter, 1, 0).await?;
        Ok(page.count)
    }

    /// Up to `most` rows: not the whole list.
    pub(crate) async fn some<T: DeserializeOwned>(
        &self,
        read: &Read,
        filter: &[(&str, &str)],
        most: usize,
    ) -> Result<Vec<T>, Error> {
        Ok(self.page(read, filter, most, 0).await?.results)
    }

    /// All rows with these filters.
    ///
    /// # Errors
    /// When a request fails, or the list stays incomplete however often it is read.
    pub(crate) async fn all<T: DeserializeOwned + Row>(
        &self,
        read: &Read,
        filter: &[(&str, &str)],
    ) -> Result<Vec<T>, Error> {
        let mut missing = 0;
        for _ in 0..TRIES {
            match self.once(read, filter).await? {
                Ok(rows) => return Ok(rows),
                Err(lost) => missing = lost,
            }
        }
        let mut error = Error::new(
            ErrorKind::Incomplete,
            format!(
                "the list {} did not come completely: {missing} rows differ from what JumpServer \
                 counts",
                self.path
            ),
        );
        error.request = Some(format!("GET /api/v1/{}/", self.path));
        Err(error.advise("run again when fewer changes are made in JumpServer"))
    }

    /// All rows for each of `values` of one filter, side by side.
    pub(crate) async fn each<T: DeserializeOwned + Row>(
        &self,
        read: &Read,
        parameter: &str,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Vec<T>, Error> {
        let lists: Vec<_> = values
            .into_iter()
            .map(|value| async move { self.all(read, &[(parameter, value.as_ref())]).await })
            .collect();
        let found: Vec<Vec<T>> =
            stream::iter(lists).buffered(read.limits().parallel.max(1)).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Reads it once; the inner error is by how many rows it is wrong.
    async fn once<T: DeserializeOwned + Row>(
        &self,
        read: &Read,
        filter: &[(&str, &str)],
    ) -> Result<Result<Vec<T>, usize>, Error> {
        let first: Envelope<T> = self.page(read, filter, self.size, 0).await?;
        let count = first.count;
        if count > MOST {
            return Ok(Err(count));
        }
        let mut rows = first.results;
        // A server may give smaller pages than asked for.
        let step = rows.len();
        if step < count && step > 0 {
            let offsets: Vec<usize> = (step..count).step_by(step).collect();
            let pages: Vec<Envelope<T>> = stream::iter(offsets)
                .map(|offset| self.page(read, filter, step, offset))
                .buffered(read.limits().parallel.max(1))
                .try_collect()
                .await?;
            for page in pages {
                if page.count != count {
                    return Ok(Err(page.count.abs_diff(count)));
                }
                rows.extend(page.results);
            }
        }
        let mut seen = HashSet::with_capacity(rows.len());
        rows.retain(|row| seen.insert(row.key()));
        Ok(if rows.len() == count { Ok(rows) } else { Err(rows.len().abs_diff(count)) })
    }

    async fn page<T: DeserializeOwned>(
        &self,
        read: &Read,
        filter: &[(&str, &str)],
        limit: usize,
        offset: usize,
    ) -> Result<Envelope<T>, Error> {
        let (limit, offset) = (limit.to_string(), offset.to_string());
        let mut query = filter.to_vec();
        if let Some(order) = self.order {
            query.push(("order", order));
        }
        query.push(("limit", &limit));
        query.push(("offset", &offset));
        read.get(self.path, &query).await
    }
}
