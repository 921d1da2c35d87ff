//! Everything in the organization. Only the audit reads so: the cost of a plan must not
//! follow the size of JumpServer.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::future::{try_join, try_join4};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::users::Users;
use super::{Reader, TRIES, permissions};
use crate::jumpserver::error::{Error, ErrorKind};
use crate::jumpserver::everything::{Account, Everything, User};
use crate::jumpserver::page;
use crate::jumpserver::row::{
    AccountRow, AssetRow, Key, PermissionRow, Row, UserRow, maybe_moment, moment,
};
use crate::jumpserver::spec::SeenAsset;
use crate::names::Owner;

/// JumpServer's own role for administrators of an organization, the same in all of them. No row
/// of a user says who has it, and the filter by it needs no right beyond reading users.
const ORGANIZATION_ADMINISTRATOR: &str = "00000000-0000-0000-0000-000000000005";

/// A user with the record of his logins.
#[derive(Debug, Clone, Deserialize)]
struct UserRecord {
    #[serde(flatten)]
    row: UserRow,
    #[serde(default, deserialize_with = "maybe_moment")]
    last_login: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_moment")]
    date_api_key_last_used: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_moment")]
    date_joined: Option<Timestamp>,
    #[serde(default)]
    is_service_account: bool,
}

impl Row for UserRecord {
    fn key(&self) -> Key {
        self.row.key()
    }
}

/// An account with when it was saved.
#[derive(Debug, Clone, Deserialize)]
struct AccountRecord {
    #[serde(flatten)]
    row: AccountRow,
    #[serde(deserialize_with = "moment")]
    date_updated: Timestamp,
}

impl Row for AccountRecord {
    fn key(&self) -> Key {
        self.row.key()
    }
}

impl Reader {
    /// Reads all users, assets, nodes, permissions with whom and what they name, and
    /// accounts. Sends only GET requests.
    ///
    /// # Errors
    /// When a request fails, or a list stays incomplete: what comes is complete.
    pub async fn everything(&self, owner: &Owner) -> Result<Everything, Error> {
        let mut last = None;
        for _ in 0..TRIES {
            match self.everything_once(owner).await {
                // Objects that went away between two requests.
                Err(error) if error.kind == ErrorKind::NotFound && error.code.is_some() => {
                    last = Some(error);
                }
                other => return other,
            }
        }
        Err(last.unwrap_or_else(|| {
            Error::new(ErrorKind::Incomplete, "JumpServer changed while it was read")
        }))
    }

    async fn everything_once(&self, owner: &Owner) -> Result<Everything, Error> {
        let http = &self.http;
        let administrators = [("org_roles", ORGANIZATION_ADMINISTRATOR)];
        let ((users, administrators), assets, accounts, (nodes, rows)) = try_join4(
            try_join(
                page::USERS.all::<UserRecord>(http, &[]),
                page::USERS.all::<UserRow>(http, &administrators),
            ),
            page::ASSETS.all::<AssetRow>(http, &[]),
            page::ACCOUNTS.all::<AccountRecord>(http, &[]),
            try_join(self.nodes(), page::PERMISSIONS.all::<PermissionRow>(http, &[])),
        )
        .await?;
        let members = self.members(&rows).await?;
        let names = Users {
            seen: BTreeMap::new(),
            names: users.iter().map(|user| (user.row.id, user.row.username.clone())).collect(),
            near: BTreeMap::new(),
        };
        let excludes = assets.iter().any(AssetRow::excludes);
        let assets: HashMap<Uuid, SeenAsset> =
            assets.into_iter().map(|row| (row.id, SeenAsset::from(row))).collect();
        let permissions = permissions::seen(owner, rows, &members, &names, &assets, &nodes);
        let administrators: HashSet<Uuid> = administrators.iter().map(|row| row.id).collect();
        let users = users.into_iter().map(|record| User {
            organization_administrator: administrators.contains(&record.row.id),
            seen: record.row.seen(owner),
            last_login: record.last_login,
            key_used: record.date_api_key_last_used,
            joined: record.date_joined,
            service: record.is_service_account,
        });
        let accounts = accounts
            .into_iter()
            .map(|record| Account { seen: record.row.seen(owner), saved: record.date_updated });
        let mut everything = Everything {
            organization: (self.organization.id.to_string(), self.organization.name.clone()),
            users: users.collect(),
            assets: assets.into_values().collect(),
            nodes: nodes.into_values().collect(),
            permissions,
            accounts: accounts.collect(),
            excludes,
        };
        // The same data in the same order, whatever a server or a map does.
        everything.users.sort_by(|a, b| a.seen.username.cmp(&b.seen.username));
        everything.assets.sort_by(|a, b| a.name.cmp(&b.name));
        everything.permissions.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
        let place = |account: &Account| {
            (account.seen.asset.clone(), account.seen.username.clone(), account.seen.id)
        };
        everything.accounts.sort_by_cached_key(place);
        Ok(everything)
    }
}
