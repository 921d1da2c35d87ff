//! Looking into the state without HTTP.

use jiff::Timestamp;
use uuid::Uuid;

use crate::actions;
use crate::effective;
use crate::model::{Account, Permission};
use crate::state::{ROOT_ORG, State};

/// An account as it is stored, its secret included.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Its id.
    pub id: Uuid,
    /// The name of its asset.
    pub asset: String,
    /// Its name.
    pub name: String,
    /// The user name that it logs in with.
    pub username: String,
    /// What it logs in with.
    pub secret: Option<String>,
    /// Its comment.
    pub comment: String,
    /// Its labels, `name:value`.
    pub labels: Vec<String>,
    /// Is it in use?
    pub is_active: bool,
}

impl std::fmt::Debug for AccountView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountView")
            .field("id", &self.id)
            .field("asset", &self.asset)
            .field("name", &self.name)
            .field("username", &self.username)
            .field("has_secret", &self.secret.is_some())
            .field("comment", &self.comment)
            .field("labels", &self.labels)
            .field("is_active", &self.is_active)
            .finish()
    }
}

/// A permission as it is stored, everything by name and sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionView {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The user names that it names.
    pub users: Vec<String>,
    /// The groups.
    pub user_groups: Vec<String>,
    /// The assets.
    pub assets: Vec<String>,
    /// The nodes, by their whole path.
    pub nodes: Vec<String>,
    /// The accounts.
    pub accounts: Vec<String>,
    /// The protocols, in their order.
    pub protocols: Vec<String>,
    /// The actions, in the server's order.
    pub actions: Vec<String>,
    /// From when it holds.
    pub date_start: Timestamp,
    /// Until when it holds.
    pub date_expired: Timestamp,
    /// Is it switched on?
    pub is_active: bool,
    /// Does it hold now?
    pub is_valid: bool,
    /// Its comment.
    pub comment: String,
    /// Its labels, `name:value`.
    pub labels: Vec<String>,
    /// The name of who made it.
    pub created_by: String,
}

fn label_texts(state: &State, labels: &[Uuid]) -> Vec<String> {
    labels.iter().filter_map(|id| state.labels.get(*id)).map(|label| label.text.clone()).collect()
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

pub(crate) fn permission(state: &State, row: &Permission) -> PermissionView {
    let id = row.id;
    PermissionView {
        id,
        name: row.name.clone(),
        users: sorted(
            state
                .permission_users
                .members(id)
                .filter_map(|id| state.users.get(id))
                .map(|row| row.username.clone()),
        ),
        user_groups: sorted(
            state
                .permission_groups
                .members(id)
                .filter_map(|id| state.groups.get(id))
                .map(|row| row.name.clone()),
        ),
        assets: sorted(
            state
                .permission_assets
                .members(id)
                .filter_map(|id| state.assets.get(id))
                .map(|row| row.name.clone()),
        ),
        nodes: sorted(
            state
                .permission_nodes
                .members(id)
                .filter_map(|id| state.nodes.get(id))
                .map(|row| row.full_value.clone()),
        ),
        accounts: sorted(row.accounts.iter().cloned()),
        protocols: row.protocols.clone(),
        actions: actions::names(row.actions).into_iter().map(str::to_owned).collect(),
        date_start: row.date_start,
        date_expired: row.date_expired,
        is_active: row.is_active,
        is_valid: row.is_valid(state.now()),
        comment: row.comment.clone(),
        labels: label_texts(state, &row.labels),
        created_by: row.created_by.clone(),
    }
}

pub(crate) fn permissions(state: &State) -> Vec<PermissionView> {
    let mut rows: Vec<_> = state.permissions.iter().map(|row| permission(state, row)).collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    rows
}

fn account(state: &State, row: &Account) -> AccountView {
    AccountView {
        id: row.id,
        asset: state.assets.get(row.asset).map(|asset| asset.name.clone()).unwrap_or_default(),
        name: row.name.clone(),
        username: row.username.clone(),
        secret: row.secret.clone(),
        comment: row.comment.clone(),
        labels: label_texts(state, &row.labels),
        is_active: row.is_active,
    }
}

pub(crate) fn accounts(state: &State) -> Vec<AccountView> {
    let mut rows: Vec<_> = state.accounts.iter().map(|row| account(state, row)).collect();
    rows.sort_by(|a, b| (&a.asset, &a.name).cmp(&(&b.asset, &b.name)));
    rows
}

pub(crate) fn secret(state: &State, asset: &str, username: &str) -> Option<String> {
    let asset = state.assets.iter().find(|row| row.name == asset)?;
    state
        .asset_accounts
        .members(asset.id)
        .filter_map(|id| state.accounts.get(id))
        .find(|row| row.username == username)
        .and_then(|row| row.secret.clone())
}

/// The user names of the accounts of an asset that somebody may connect with now.
pub(crate) fn usable(state: &State, username: &str, asset: &str) -> Vec<String> {
    let user = state.users.find(ROOT_ORG, username).map(|row| row.id);
    let asset = state.assets.iter().find(|row| row.name == asset).map(|row| row.id);
    let (Some(user), Some(asset)) = (user, asset) else {
        return Vec::new();
    };
    sorted(
        effective::usable(state, user, asset)
            .into_iter()
            .filter(|usable| usable.actions & actions::CONNECT != 0)
            .map(|usable| usable.username),
    )
}
