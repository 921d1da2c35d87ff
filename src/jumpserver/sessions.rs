//! Sessions that are open in JumpServer: found by the person, ended by their ids.
//!
//! Ending is a task for the component that holds the session (`terminal/tasks/`), which
//! fetches its tasks in its own time. So an answer means: told to end. A session that has
//! ended by itself is left out of the answer, and is no error. No exchange of these was
//! recorded: shapes and behaviour are those of the published source of 3.10.9 and 4.10.19; the
//! list, its filter and the order to end were tried on 4.10.19 with sessions put into its database.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::error::Error;
use super::page;
use super::reader::Reader;
use super::row::{AssetRow, Choice, Key, Row, moment};
use super::spec::SeenAsset;
use super::transport::Content;
use super::writer::Writer;

/// A session that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Its id.
    pub id: Uuid,
    /// The asset's id.
    pub asset: Uuid,
    /// The account, as JumpServer shows it: `name(username)`.
    pub account: String,
    /// The protocol, such as `ssh`.
    pub protocol: String,
}

impl OpenSession {
    /// Whether it uses the account with this user name.
    pub fn is_as(&self, username: &str) -> bool {
        is_as(&self.account, username)
    }
}

impl PastSession {
    /// Whether it used the account with this user name.
    pub fn is_as(&self, username: &str) -> bool {
        is_as(&self.account, username)
    }
}

/// Whether the account that JumpServer shows as `name(username)` has this user name.
fn is_as(account: &str, username: &str) -> bool {
    let inner = account.strip_suffix(')');
    account == username || inner.is_some_and(|inner| inner.ends_with(&format!("({username}")))
}

/// A session on record, open or over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastSession {
    /// The user's id.
    pub user: Uuid,
    /// The asset's id.
    pub asset: Uuid,
    /// The account, as JumpServer shows it: `name(username)`.
    pub account: String,
    /// When it began.
    pub begun: Timestamp,
}

/// Session records of some users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// The sessions, in no order.
    pub sessions: Vec<PastSession>,
    /// When the oldest session of anybody on record began; none without any record.
    /// JumpServer deletes records after 200 days unless set otherwise.
    pub oldest: Option<Timestamp>,
}

/// What a person may use on an asset now, by all permissions together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usable {
    /// User names of accounts, with the actions that are allowed.
    pub accounts: BTreeMap<String, BTreeSet<String>>,
    /// Protocols.
    pub protocols: BTreeSet<String>,
}

#[derive(Deserialize)]
struct SessionRow {
    id: Uuid,
    #[serde(default)]
    user_id: String,
    #[serde(default)]
    asset_id: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    protocol: String,
    is_finished: bool,
    #[serde(default = "yes")]
    is_success: bool,
    #[serde(deserialize_with = "moment")]
    date_start: Timestamp,
}

fn yes() -> bool {
    true
}

impl Row for SessionRow {
    fn key(&self) -> Key {
        Key::Id(self.id)
    }
}

#[derive(Deserialize)]
struct UsableRow {
    #[serde(default)]
    permed_accounts: Vec<UsableAccount>,
    #[serde(default)]
    permed_protocols: Vec<UsableProtocol>,
}

#[derive(Deserialize)]
struct UsableAccount {
    #[serde(default)]
    username: String,
    #[serde(default)]
    actions: Vec<Choice>,
}

#[derive(Deserialize)]
struct UsableProtocol {
    name: String,
}

#[derive(Deserialize)]
struct Told {
    ok: Vec<Uuid>,
}

impl Reader {
    /// The open sessions of a person, on assets that are known.
    ///
    /// # Errors
    /// When a request fails, or the list stays incomplete.
    pub async fn open_sessions(&self, user: Uuid) -> Result<Vec<OpenSession>, Error> {
        let text = user.to_string();
        let filter = [("user_id", text.as_str()), ("is_finished", "0")];
        let rows: Vec<SessionRow> = page::SESSIONS.all(self.http(), &filter).await?;
        let is = |id: &str, wanted: Uuid| id.parse() == Ok(wanted);
        // A filter that was not understood gives too many.
        let open = rows.into_iter().filter(|row| !row.is_finished && is(&row.user_id, user));
        Ok(open
            .filter_map(|row| {
                let asset = row.asset_id.parse().ok()?;
                let (account, protocol) = (row.account, row.protocol);
                Some(OpenSession { id: row.id, asset, account, protocol })
            })
            .collect())
    }

    /// The sessions on record of these users, those that failed to open left out.
    ///
    /// # Errors
    /// When a request fails, or a list stays incomplete.
    pub async fn records(&self, users: &BTreeSet<Uuid>) -> Result<Records, Error> {
        let oldest: Vec<SessionRow> = page::SESSIONS.some(self.http(), &[], 1).await?;
        let Some(oldest) = oldest.first().map(|row| row.date_start) else {
            return Ok(Records::default());
        };
        let ids = users.iter().map(Uuid::to_string);
        let rows: Vec<SessionRow> = page::SESSIONS.each(self.http(), "user_id", ids).await?;
        let sessions = rows.into_iter().filter(|row| row.is_success).filter_map(|row| {
            let user = row.user_id.parse().ok().filter(|user| users.contains(user))?;
            let (asset, account) = (row.asset_id.parse().ok()?, row.account);
            Some(PastSession { user, asset, account, begun: row.date_start })
        });
        Ok(Records { sessions: sessions.collect(), oldest: Some(oldest) })
    }

    /// What a person may use on an asset now. A person or asset that is gone, or out of
    /// reach, gives nothing.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn usable(&self, user: Uuid, asset: Uuid) -> Result<Usable, Error> {
        let path = format!("perms/users/{user}/assets/{asset}");
        let Some(row) = self.http().find::<UsableRow>(&path).await? else {
            return Ok(Usable::default());
        };
        let mut usable = Usable::default();
        for account in row.permed_accounts {
            let actions = account.actions.into_iter().map(Choice::word);
            usable.accounts.entry(account.username).or_default().extend(actions);
        }
        usable.protocols = row.permed_protocols.into_iter().map(|row| row.name).collect();
        Ok(usable)
    }

    /// An asset by its id; none when there is none.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn asset(&self, id: Uuid) -> Result<Option<SeenAsset>, Error> {
        let row: Option<AssetRow> = self.http().find(&format!("assets/assets/{id}")).await?;
        Ok(row.map(SeenAsset::from))
    }
}

impl Writer {
    /// Tells sessions to end, and gives how many were still open. Telling twice is
    /// harmless.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn end_sessions(&self, ids: &BTreeSet<Uuid>) -> Result<usize, Error> {
        if ids.is_empty() {
            return Ok(0);
        }
        let path = "terminal/tasks/kill-session";
        let answer = self.post(path, Content::json(ids)?).await?;
        let told: Told = answer.json()?;
        Ok(told.ok.iter().filter(|id| ids.contains(id)).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_session_is_known_by_its_user_name() {
        let session = |account: &str| OpenSession {
            id: Uuid::nil(),
            asset: Uuid::nil(),
            account: account.to_owned(),
            protocol: "ssh".to_owned(),
        };
        for (account, username, is) in [
            ("app(app)", "app", true),
            ("for people(app)", "app", true),
            ("app", "app", true),
            ("app(root)", "app", false),
            ("root(myapp)", "app", false),
            ("app(app) ", "app", false),
            ("", "app", false),
        ] {
            assert_eq!(session(account).is_as(username), is, "{account} {username}");
        }
    }
}
