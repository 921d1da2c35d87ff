//! JumpServer's operate log: who changed an object.
//!
//! By the published source of 3.10.9 and 4.10.19 (`apps/audits`): a row names an object by its
//! text of that moment (`resource`, at most 128 characters) and not by its id; the list has the
//! newest first, is filtered by `resource` (4.10 ignores case) and from `date_from` on, and
//! needs the right `audits.view_operatelog`. Rows are kept for 180 days unless set otherwise.
//! 3.10 on PostgreSQL cannot save a row (FACTS of 3.10.9: the list stays empty).

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::Deserialize;

use super::error::Error;
use super::reader::Reader;
use super::row::{Choice, moment, text};
use super::{anchor, date, page};
use crate::names::Owner;

/// How many rows about one name are looked at.
const ROWS: usize = 50;

/// The longest name that a row holds, in characters.
const LONGEST: usize = 128;

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The user: `name(username)`.
    pub user: String,
    /// What was done: `create`, `update`, `delete`, ...
    pub action: String,
    /// The object, as it was called then.
    pub resource: String,
    /// From which address.
    pub from: Option<String>,
    /// When.
    pub at: Timestamp,
}

#[derive(Deserialize)]
struct LogRow {
    #[serde(default, deserialize_with = "text")]
    user: String,
    action: Choice,
    #[serde(default, deserialize_with = "text")]
    resource: String,
    #[serde(default, deserialize_with = "text")]
    remote_addr: String,
    #[serde(deserialize_with = "moment")]
    datetime: Timestamp,
}

#[derive(Deserialize)]
struct Maker {
    #[serde(default, deserialize_with = "text")]
    created_by: String,
}

impl Reader {
    /// The newest rows of the log about objects with these names, since a moment.
    ///
    /// # Errors
    /// When a request fails; without the right with
    /// [`Forbidden`](super::error::ErrorKind::Forbidden).
    pub async fn operate_log(
        &self,
        names: &BTreeSet<String>,
        since: Timestamp,
    ) -> Result<Vec<Logged>, Error> {
        let from = date::write(since);
        let asked = names.iter().map(|name| {
            let from = from.as_str();
            async move {
                let name: String = name.chars().take(LONGEST).collect();
                let filter = [("resource", name.as_str()), ("date_from", from)];
                let rows: Vec<LogRow> = page::OPERATE_LOGS.some(self.http(), &filter, ROWS).await?;
                // A filter that was not understood gives too many.
                let rows = rows
                    .into_iter()
                    .filter(|row| row.resource == name && row.datetime >= since)
                    .map(Logged::from);
                Ok::<_, Error>(rows.collect::<Vec<_>>())
            }
        });
        let asked: Vec<_> = asked.collect();
        let parallel = self.http().limits().parallel.max(1);
        let found: Vec<Vec<Logged>> = stream::iter(asked).buffered(parallel).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// How many rows the log has.
    ///
    /// # Errors
    /// As [`Reader::operate_log`].
    pub async fn operate_log_rows(&self) -> Result<usize, Error> {
        page::OPERATE_LOGS.count(self.http(), &[]).await
    }

    /// The name of the user who made the anchor: the one with which jumpgate applies.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn anchor_maker(&self, owner: &Owner) -> Result<Option<String>, Error> {
        let id = anchor::id(owner, self.organization().id);
        let found: Option<Maker> =
            self.http().find(&format!("{}/{id}", page::PERMISSIONS.path)).await?;
        Ok(found.map(|maker| maker.created_by).filter(|name| !name.is_empty()))
    }
}

impl From<LogRow> for Logged {
    fn from(row: LogRow) -> Self {
        Self {
            user: row.user,
            action: row.action.word(),
            resource: row.resource,
            from: Some(row.remote_addr).filter(|from| !from.is_empty()),
            at: row.datetime,
        }
    }
}
