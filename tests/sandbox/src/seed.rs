//! Putting objects in without HTTP: from Rust, or from a JSON file.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::Version;
use crate::accounts;
use crate::actions;
use crate::assets;
use crate::auth;
use crate::labels;
use crate::model::{AccessKey, Account, Group, Permission, Role};
use crate::nodes;
use crate::permissions;
use crate::platforms;
use crate::rbac::{self, DELETE_USER};
use crate::state::{DEFAULT_ORG, ROOT_ORG, State};
use crate::users;

/// Who made the objects of a seed.
const CREATOR: &str = "Administrator";

/// A user to put in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewUser {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The user name, which must be unique.
    pub username: String,
    /// The shown name; the user name when it is empty.
    pub name: String,
    /// The address; one at example.com when it is empty.
    pub email: String,
    /// Disabled users can not log in.
    pub disabled: bool,
    /// The end of the user; 70 years from now when it is left out.
    pub date_expired: Option<Timestamp>,
    /// The password for `authentication/auth/`.
    pub password: Option<String>,
    /// The comment.
    pub comment: Option<String>,
    /// Labels, `name:value`.
    pub labels: Vec<String>,
    /// Names of groups, made where they are missing.
    pub groups: Vec<String>,
    /// Code names such as `users.view_user`; with any, the user gets a role of his own.
    pub rights: Vec<String>,
    /// Is he an administrator of the whole system?
    pub admin: bool,
}

impl NewUser {
    /// A user with this user name and defaults for the rest.
    pub fn named(username: &str) -> NewUser {
        NewUser {
            username: username.to_owned(),
            ..NewUser::default()
        }
    }
}

/// An asset to put in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewAsset {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The name, which must be unique.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// The name of its platform, such as `Linux`, `Windows`, `MySQL`, `MariaDB`.
    pub platform: String,
    /// The port of its first protocol; the platform's when it is left out.
    pub port: Option<u16>,
    /// Paths of nodes, made where they are missing; the root when there are none.
    pub nodes: Vec<String>,
    /// The comment.
    pub comment: String,
    /// Labels, `name:value`.
    pub labels: Vec<String>,
    /// Accounts on it.
    pub accounts: Vec<NewAccount>,
}

impl NewAsset {
    /// A Linux host below the root node.
    pub fn host(name: &str, address: &str) -> NewAsset {
        NewAsset::of("Linux", name, address)
    }

    /// A MySQL server below the root node.
    pub fn mysql(name: &str, address: &str, port: u16) -> NewAsset {
        NewAsset {
            port: Some(port),
            ..NewAsset::of("MySQL", name, address)
        }
    }

    /// A MariaDB server below the root node.
    pub fn mariadb(name: &str, address: &str, port: u16) -> NewAsset {
        NewAsset {
            port: Some(port),
            ..NewAsset::of("MariaDB", name, address)
        }
    }

    /// An asset of a platform, below the root node.
    pub fn of(platform: &str, name: &str, address: &str) -> NewAsset {
        NewAsset {
            name: name.to_owned(),
            address: address.to_owned(),
            platform: platform.to_owned(),
            ..NewAsset::default()
        }
    }

    /// Hangs it below a node, by its path.
    #[must_use]
    pub fn below(mut self, node: &str) -> NewAsset {
        self.nodes.push(node.to_owned());
        self
    }
}

/// An account to put in.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewAccount {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The user name.
    pub username: String,
    /// The name; the user name when it is empty.
    pub name: String,
    /// What it logs in with.
    pub secret: Option<String>,
    /// The comment.
    pub comment: String,
    /// Labels, `name:value`.
    pub labels: Vec<String>,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A permission to put in, its objects by name. Its defaults are the server's wide ones.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewPermission {
    /// The id; a random one when it is left out.
    pub id: Option<Uuid>,
    /// The name, which must be unique.
    pub name: String,
    /// User names.
    pub users: Vec<String>,
    /// Names of groups.
    pub user_groups: Vec<String>,
    /// Names of assets.
    pub assets: Vec<String>,
    /// Paths of nodes.
    pub nodes: Vec<String>,
    /// Accounts, such as `root` or `@ALL`.
    pub accounts: Vec<String>,
    /// Protocols; all when it is left out.
    pub protocols: Option<Vec<String>>,
    /// Actions; all seven when it is left out. Unknown ones are left out.
    pub actions: Option<Vec<String>>,
    /// From when it holds; now when it is left out.
    pub date_start: Option<Timestamp>,
    /// Until when it holds; 70 years from now when it is left out.
    pub date_expired: Option<Timestamp>,
    /// Switched off.
    pub inactive: bool,
    /// The comment.
    pub comment: String,
    /// Labels, `name:value`.
    pub labels: Vec<String>,
}

/// A whole seed, as a JSON file holds it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seed {
    /// Paths of nodes.
    pub nodes: Vec<String>,
    /// Users.
    pub users: Vec<NewUser>,
    /// Assets with their accounts.
    pub assets: Vec<NewAsset>,
    /// Permissions.
    pub permissions: Vec<NewPermission>,
    /// Private tokens and the user names that they stand for.
    pub tokens: std::collections::BTreeMap<String, String>,
    /// Access keys.
    pub access_keys: Vec<NewAccessKey>,
}

/// An access key to put in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccessKey {
    /// Its id.
    pub id: Uuid,
    /// Its secret.
    pub secret: String,
    /// The user name that it stands for.
    pub username: String,
}

impl std::fmt::Debug for NewAccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccessKey")
            .field("id", &self.id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Puts a whole seed in; the error names what a part of it refers to in vain.
pub(crate) fn plant(state: &mut State, seed: Seed) -> Result<(), String> {
    for path in &seed.nodes {
        node_at(state, path);
    }
    for user in seed.users {
        add_user(state, user);
    }
    for asset in seed.assets {
        add_asset(state, asset)?;
    }
    for permission in seed.permissions {
        add_permission(state, permission)?;
    }
    for (token, username) in seed.tokens {
        let id = user_id(state, &username)?;
        state.tokens.insert(token, id);
    }
    for key in seed.access_keys {
        let user = user_id(state, &key.username)?;
        let date_created = state.stamp();
        state.access_keys.insert(
            key.id,
            AccessKey {
                secret: key.secret,
                user,
                date_created,
            },
        );
    }
    Ok(())
}

/// The node with this path, made where it is missing. Unlike over HTTP the root may be
/// written in any case, so that one seed serves both versions.
pub(crate) fn node_at(state: &mut State, path: &str) -> Uuid {
    let root = state.org_name(DEFAULT_ORG);
    let path = path.trim_start_matches('/');
    let (first, below) = path.split_once('/').unwrap_or((path, ""));
    let below = if first.eq_ignore_ascii_case(&root) {
        below
    } else {
        path
    };
    nodes::by_path(state, DEFAULT_ORG, &format!("/{root}/{below}"))
}

pub(crate) fn user_id(state: &State, username: &str) -> Result<Uuid, String> {
    state
        .users
        .find(ROOT_ORG, username)
        .map(|user| user.id)
        .ok_or_else(|| format!("there is no user {username}"))
}

pub(crate) fn asset_id(state: &State, name: &str) -> Result<Uuid, String> {
    state
        .assets
        .find(DEFAULT_ORG, name)
        .map(|asset| asset.id)
        .ok_or_else(|| format!("there is no asset {name}"))
}

pub(crate) fn add_user(state: &mut State, new: NewUser) -> Uuid {
    let now = state.stamp();
    let mut user = users::fresh(new.id.unwrap_or_else(Uuid::new_v4), CREATOR, now);
    let or_else = |text: String, other: String| if text.is_empty() { other } else { text };
    user.name = or_else(new.name, new.username.clone());
    user.email = or_else(new.email, format!("{}@example.com", new.username));
    user.username = new.username;
    user.is_active = !new.disabled;
    user.date_expired = new.date_expired.unwrap_or(user.date_expired);
    user.password = new.password;
    user.comment = new.comment;
    user.labels = labels::ids(state, DEFAULT_ORG, &new.labels);
    if new.admin {
        user.system_roles = vec![rbac::SYSTEM_ADMIN];
    }
    let id = user.id;
    give_rights(state, &mut user, &new.rights);
    state.users.insert(user);
    for name in new.groups {
        let group = add_group(state, &name);
        state.group_users.add(group, id);
    }
    id
}

/// Makes roles of a user's own. Deleting users is possible from a system role alone.
fn give_rights(state: &mut State, user: &mut crate::model::User, rights: &[String]) {
    if rights.is_empty() {
        return;
    }
    let now = state.stamp();
    let (system, org): (BTreeSet<String>, BTreeSet<String>) = rights
        .iter()
        .cloned()
        .partition(|right| right == DELETE_USER);
    for (system, rights) in [(true, system), (false, org)] {
        if rights.is_empty() {
            continue;
        }
        let name = format!("role-of-{}", user.username);
        let role = Role {
            id: Uuid::new_v4(),
            org: ROOT_ORG,
            unique: rbac::unique(system, &name),
            name,
            system,
            builtin: false,
            rights,
            comment: String::new(),
            created_by: CREATOR.to_owned(),
            date_created: now,
            date_updated: now,
        };
        if system {
            user.system_roles.push(role.id);
        } else {
            user.org_roles = vec![role.id];
        }
        state.roles.insert(role);
    }
}

pub(crate) fn add_group(state: &mut State, name: &str) -> Uuid {
    if let Some(group) = state.groups.find(DEFAULT_ORG, name) {
        return group.id;
    }
    let group = Group {
        id: Uuid::new_v4(),
        org: DEFAULT_ORG,
        name: name.to_owned(),
        comment: String::new(),
        created_by: CREATOR.to_owned(),
        date_created: state.stamp(),
        labels: Vec::new(),
    };
    let id = group.id;
    state.groups.insert(group);
    id
}

pub(crate) fn add_asset(state: &mut State, new: NewAsset) -> Result<Uuid, String> {
    let name = if new.platform.is_empty() {
        "Linux"
    } else {
        &new.platform
    };
    let platform = platforms::by_name(state.version, name)
        .ok_or_else(|| format!("there is no platform {name} on this version"))?;
    let now = state.stamp();
    let id = new.id.unwrap_or_else(Uuid::new_v4);
    let mut asset = assets::fresh(id, DEFAULT_ORG, CREATOR, now);
    asset.name = new.name;
    asset.address = new.address;
    asset.platform = platform.id(state.version);
    asset.protocols = platform
        .protocols
        .iter()
        .map(|(name, port)| ((*name).to_owned(), new.port.unwrap_or(*port)))
        .collect();
    asset.comment = new.comment;
    asset.labels = labels::ids(state, DEFAULT_ORG, &new.labels);
    state.assets.insert(asset);
    for path in &new.nodes {
        let node = node_at(state, path);
        state.asset_nodes.add(id, node);
    }
    if new.nodes.is_empty() {
        let root = nodes::root(state, DEFAULT_ORG);
        state.asset_nodes.add(id, root);
    }
    for account in new.accounts {
        add_account(state, id, account);
    }
    Ok(id)
}

pub(crate) fn add_account(state: &mut State, asset: Uuid, new: NewAccount) -> Uuid {
    let now = state.stamp();
    let name = if new.name.is_empty() {
        new.username.clone()
    } else {
        new.name
    };
    let account = Account {
        id: new.id.unwrap_or_else(Uuid::new_v4),
        org: DEFAULT_ORG,
        asset,
        unique: Account::unique(asset, &name),
        name,
        username: new.username,
        secret_type: "password".to_owned(),
        secret: new.secret,
        privileged: false,
        is_active: true,
        secret_reset: true,
        comment: new.comment,
        su_from: None,
        template: None,
        shown_version: u32::from(state.version == Version::V3),
        secrets: 1,
        created_by: Some(CREATOR.to_owned()),
        date_created: now,
        date_updated: now,
        labels: labels::ids(state, DEFAULT_ORG, &new.labels),
    };
    let id = account.id;
    accounts::keep(state, account);
    id
}

pub(crate) fn add_permission(state: &mut State, new: NewPermission) -> Result<Uuid, String> {
    let now = state.stamp();
    let id = new.id.unwrap_or_else(Uuid::new_v4);
    let users: Vec<Uuid> = new
        .users
        .iter()
        .map(|name| user_id(state, name))
        .collect::<Result<_, _>>()?;
    let things: Vec<Uuid> = new
        .assets
        .iter()
        .map(|name| asset_id(state, name))
        .collect::<Result<_, _>>()?;
    let groups: Vec<Uuid> = new
        .user_groups
        .iter()
        .map(|name| add_group(state, name))
        .collect();
    let places: Vec<Uuid> = new.nodes.iter().map(|path| node_at(state, path)).collect();
    let fresh = permissions::fresh(id, DEFAULT_ORG, CREATOR, now);
    let named = |names: &Vec<String>| {
        actions::read(&serde_json::json!(names)).unwrap_or_else(|_| {
            let known = |name: &&String| actions::read(&serde_json::json!([name])).is_ok();
            let known: Vec<&String> = names.iter().filter(known).collect();
            actions::read(&serde_json::json!(known)).unwrap_or(0)
        })
    };
    let permission = Permission {
        name: new.name,
        accounts: state.as_set(new.accounts),
        protocols: new.protocols.unwrap_or(fresh.protocols),
        actions: new.actions.as_ref().map_or(fresh.actions, named),
        date_start: new.date_start.unwrap_or(now),
        date_expired: new.date_expired.unwrap_or(fresh.date_expired),
        is_active: !new.inactive,
        comment: new.comment,
        labels: labels::ids(state, DEFAULT_ORG, &new.labels),
        ..permissions::fresh(id, DEFAULT_ORG, CREATOR, now)
    };
    state.permissions.insert(permission);
    state.permission_users.replace(id, &users);
    state.permission_groups.replace(id, &groups);
    state.permission_assets.replace(id, &things);
    state.permission_nodes.replace(id, &places);
    Ok(id)
}

/// A new private token of a user.
pub(crate) fn add_token(state: &mut State, user: Uuid) -> String {
    let token = auth::secret_text(40);
    state.tokens.insert(token.clone(), user);
    token
}

/// A new access key of a user: its id and its secret.
pub(crate) fn add_access_key(state: &mut State, user: Uuid) -> (Uuid, String) {
    let id = Uuid::new_v4();
    let secret = Uuid::new_v4().to_string();
    let date_created = state.stamp();
    state.access_keys.insert(
        id,
        AccessKey {
            secret: secret.clone(),
            user,
            date_created,
        },
    );
    (id, secret)
}
