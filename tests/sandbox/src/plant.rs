//! Putting seeds into the state.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::Version;
use crate::account_create;
use crate::actions;
use crate::assets;
use crate::auth;
use crate::labels;
use crate::model::{
    AccessKey, Account, Group, Node, Org, Permission, Role, Row, Session, Template,
};
use crate::nodes;
use crate::permissions;
use crate::platforms;
use crate::rbac::{self, DELETE_USER};
use crate::seed::{
    NewAccount, NewAsset, NewGroup, NewNode, NewPermission, NewRole, NewTemplate, NewUser, Seed,
};
use crate::state::{DEFAULT_ORG, ROOT_ORG, State};
use crate::table::Table;
use crate::users;

/// Who made the objects of a seed.
const CREATOR: &str = "Administrator";

/// Puts a whole seed in; the error names what a part of it refers to in vain.
pub(crate) fn plant(state: &mut State, seed: Seed) -> Result<(), String> {
    for node in seed.nodes {
        add_node(state, node);
    }
    for role in seed.roles {
        add_role(state, role);
    }
    for user in seed.users {
        add_user(state, user);
    }
    for group in seed.groups {
        put_group(state, group)?;
    }
    for template in seed.templates {
        add_template(state, template);
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
        state.access_keys.insert(key.id, AccessKey { secret: key.secret, user, date_created });
    }
    Ok(())
}

/// The node with this path, made where it is missing. Unlike over HTTP the root may be
/// written in any case, so that one seed serves both versions.
pub(crate) fn node_at(state: &mut State, path: &str) -> Uuid {
    if let Some(id) = by_id(&state.nodes, path) {
        return id;
    }
    let root = state.org_name(DEFAULT_ORG);
    let path = path.trim_start_matches('/');
    let (first, below) = path.split_once('/').unwrap_or((path, ""));
    let below = if first.eq_ignore_ascii_case(&root) { below } else { path };
    nodes::by_path(state, DEFAULT_ORG, &format!("/{root}/{below}"))
}

/// The object that a seed names by its id.
fn by_id<T: Row>(table: &Table<T>, text: &str) -> Option<Uuid> {
    text.parse().ok().filter(|id| table.contains(*id))
}

pub(crate) fn user_id(state: &State, username: &str) -> Result<Uuid, String> {
    if let Some(id) = by_id(&state.users, username) {
        return Ok(id);
    }
    state
        .users
        .find(ROOT_ORG, username)
        .map(|user| user.id)
        .ok_or_else(|| format!("there is no user {username}"))
}

pub(crate) fn asset_id(state: &State, name: &str) -> Result<Uuid, String> {
    if let Some(id) = by_id(&state.assets, name) {
        return Ok(id);
    }
    state
        .assets
        .find(DEFAULT_ORG, name)
        .map(|asset| asset.id)
        .ok_or_else(|| format!("there is no asset {name}"))
}

/// Puts an organisation in that people work in.
pub(crate) fn add_organization(state: &mut State, name: &str) -> Uuid {
    let (id, date_created) = (Uuid::new_v4(), state.stamp());
    let (name, created_by) = (name.to_owned(), CREATOR.to_owned());
    state.orgs.push(Org { id, name, created_by, date_created, entered: true });
    id
}

/// Puts a user in. One with a known user name changes that user instead, who also takes
/// the id: so a seed can give the administrator another one.
pub(crate) fn add_user(state: &mut State, new: NewUser) -> Uuid {
    let now = state.stamp();
    let known = state.users.find(ROOT_ORG, &new.username).map(|user| user.id);
    let id = new.id.or(known).unwrap_or_else(Uuid::new_v4);
    let mut user = match known.and_then(|known| state.users.remove(known)) {
        Some(user) => user,
        None => users::fresh(id, CREATOR, now),
    };
    if let Some(known) = known {
        rename(state, known, id);
    }
    let or_else = |text: String, other: String| if text.is_empty() { other } else { text };
    user.id = id;
    user.name = or_else(new.name, new.username.clone());
    user.email = or_else(new.email, format!("{}@example.com", new.username));
    user.username = new.username;
    user.is_active = !new.disabled;
    user.date_expired = new.date_expired.unwrap_or(user.date_expired);
    user.date_joined = new.date_joined.unwrap_or(user.date_joined);
    user.last_login = new.last_login.or(user.last_login);
    user.password = new.password;
    user.comment = new.comment;
    user.labels = labels::ids(state, DEFAULT_ORG, &new.labels);
    if !new.roles.is_empty() {
        let system = |id: &Uuid| state.roles.get(*id).is_some_and(|role| role.system);
        (user.system_roles, user.org_roles) = new.roles.iter().copied().partition(system);
    }
    if new.admin {
        user.system_roles = vec![rbac::SYSTEM_ADMIN];
    }
    give_rights(state, &mut user, &new.rights);
    state.users.insert(user);
    for name in new.groups {
        let group = add_group(state, &name);
        state.group_users.add(group, id);
    }
    id
}

/// Gives what belongs to one id of a user to another.
fn rename(state: &mut State, old: Uuid, new: Uuid) {
    if old == new {
        return;
    }
    if state.admin == old {
        state.admin = new;
    }
    for user in state.tokens.values_mut().filter(|user| **user == old) {
        *user = new;
    }
    for key in state.access_keys.values_mut().filter(|key| key.user == old) {
        key.user = new;
    }
    for pairs in [&mut state.group_users, &mut state.permission_users] {
        let owners: Vec<Uuid> = pairs.owners(old).collect();
        pairs.forget(old);
        for owner in owners {
            pairs.add(owner, new);
        }
    }
}

/// Makes roles of a user's own. Deleting users is possible from a system role alone.
fn give_rights(state: &mut State, user: &mut crate::model::User, rights: &[String]) {
    if rights.is_empty() {
        return;
    }
    let now = state.stamp();
    let (system, org): (BTreeSet<String>, BTreeSet<String>) =
        rights.iter().cloned().partition(|right| right == DELETE_USER);
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
    if let Some(id) = by_id(&state.groups, name) {
        return id;
    }
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

/// Puts a group in; one with a known name changes that group, and takes the id.
fn put_group(state: &mut State, new: NewGroup) -> Result<(), String> {
    let known = state.groups.find(DEFAULT_ORG, &new.name).map(|group| group.id);
    if let Some(known) = known {
        state.groups.remove(known);
        state.group_users.forget(known);
    }
    let group = Group {
        id: new.id.or(known).unwrap_or_else(Uuid::new_v4),
        org: DEFAULT_ORG,
        name: new.name,
        comment: new.comment,
        created_by: CREATOR.to_owned(),
        date_created: state.stamp(),
        labels: labels::ids(state, DEFAULT_ORG, &new.labels),
    };
    let id = group.id;
    state.groups.insert(group);
    for user in &new.users {
        let user = user_id(state, user)?;
        state.group_users.add(id, user);
    }
    Ok(())
}

fn add_node(state: &mut State, new: NewNode) {
    let made = node_at(state, &new.path);
    let Some(mut node) = state.nodes.remove(made) else {
        return;
    };
    node.id = new.id.unwrap_or(made);
    node.key = new.key.unwrap_or(node.key);
    let place =
        node.key.rsplit_once(':').map(|(above, number)| (above.to_owned(), number.parse::<u32>()));
    state.nodes.insert(node);
    // The next child must not get the same key.
    if let Some((above, Ok(number))) = place {
        let parent = state.nodes.iter().find(|node| node.key == above).map(Row::id);
        if let Some(parent) = parent {
            state.nodes.change(parent, |node| node.children = node.children.max(number + 1));
        }
    }
}

/// Another node with the path of one that is there.
pub(crate) fn add_twin_node(state: &mut State, path: &str) -> Uuid {
    let first = node_at(state, path);
    let Some(node) = state.nodes.get(first).cloned() else {
        return first;
    };
    let parent = node.key.rsplit_once(':').map_or("", |(parent, _)| parent);
    let above = state.nodes.iter().find(|node| node.key == parent).map(|node| node.id);
    let mut key = node.key.clone();
    if let Some(above) = above {
        state.nodes.change(above, |above| {
            key = format!("{}:{}", above.key, above.children);
            above.children += 1;
        });
    }
    let twin = Node { id: Uuid::new_v4(), key, children: 0, ..node.clone() };
    let id = twin.id;
    state.nodes.insert(twin);
    // A path that is looked up still means the first.
    state.nodes.insert(node);
    id
}

fn add_role(state: &mut State, new: NewRole) {
    let now = state.stamp();
    state.roles.insert(Role {
        id: new.id.unwrap_or_else(Uuid::new_v4),
        org: ROOT_ORG,
        unique: rbac::unique(new.system, &new.name),
        name: new.name,
        system: new.system,
        builtin: false,
        rights: new.rights.into_iter().collect(),
        comment: new.comment,
        created_by: CREATOR.to_owned(),
        date_created: now,
        date_updated: now,
    });
}

fn add_template(state: &mut State, new: NewTemplate) {
    let date_created = state.stamp();
    state.templates.insert(Template {
        id: new.id.unwrap_or_else(Uuid::new_v4),
        org: DEFAULT_ORG,
        name: new.name,
        username: new.username,
        secret_type: "password".to_owned(),
        secret: new.secret,
        created_by: CREATOR.to_owned(),
        date_created,
    });
}

pub(crate) fn add_asset(state: &mut State, new: NewAsset) -> Result<Uuid, String> {
    let name = if new.platform.is_empty() { "Linux" } else { &new.platform };
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
    asset.db_name = new.db_name;
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
    for directory in &new.directories {
        let directory = asset_id(state, directory)?;
        state.asset_directories.add(id, directory);
    }
    for account in new.accounts {
        add_account(state, id, account);
    }
    Ok(id)
}

pub(crate) fn add_account(state: &mut State, asset: Uuid, new: NewAccount) -> Uuid {
    let now = state.stamp();
    let name = if new.name.is_empty() { new.username.clone() } else { new.name };
    let account = Account {
        id: new.id.unwrap_or_else(Uuid::new_v4),
        org: DEFAULT_ORG,
        asset,
        unique: Account::unique(asset, &name),
        name,
        username: new.username,
        secret_type: if new.secret_type.is_empty() {
            "password".to_owned()
        } else {
            new.secret_type
        },
        secret: new.secret,
        privileged: new.privileged,
        is_active: true,
        secret_reset: !new.no_secret_reset,
        comment: new.comment,
        su_from: new.su_from,
        template: None,
        shown_version: u32::from(state.version == Version::V3),
        secrets: 1,
        created_by: Some(CREATOR.to_owned()),
        date_created: now,
        date_updated: new.date_updated.unwrap_or(now),
        labels: labels::ids(state, DEFAULT_ORG, &new.labels),
    };
    let id = account.id;
    account_create::keep(state, account);
    id
}

pub(crate) fn add_permission(state: &mut State, new: NewPermission) -> Result<Uuid, String> {
    let now = state.stamp();
    let id = new.id.unwrap_or_else(Uuid::new_v4);
    let users: Vec<Uuid> =
        new.users.iter().map(|name| user_id(state, name)).collect::<Result<_, _>>()?;
    let things: Vec<Uuid> =
        new.assets.iter().map(|name| asset_id(state, name)).collect::<Result<_, _>>()?;
    let groups: Vec<Uuid> = new.user_groups.iter().map(|name| add_group(state, name)).collect();
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
        date_start: new.date_start.unwrap_or_else(|| state.now()),
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

/// A session that is open; gives its id.
pub(crate) fn open_session(
    state: &mut State,
    user: &str,
    asset: &str,
    username: &str,
    protocol: &str,
) -> Result<Uuid, String> {
    let user = user_id(state, user)?;
    let asset = asset_id(state, asset)?;
    let account = state
        .asset_accounts
        .members(asset)
        .filter_map(|id| state.accounts.get(id))
        .find(|account| account.username == username)
        .map(|account| (account.id, format!("{}({})", account.name, account.username)));
    let (account, account_text) =
        account.ok_or_else(|| format!("there is no account {username} on that asset"))?;
    let id = Uuid::new_v4();
    let date_start = state.stamp();
    state.sessions.insert(Session {
        id,
        org: DEFAULT_ORG,
        user,
        asset,
        account,
        account_text,
        protocol: protocol.to_owned(),
        is_finished: false,
        date_start,
        unique: id.to_string(),
    });
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
    state.access_keys.insert(id, AccessKey { secret: secret.clone(), user, date_created });
    (id, secret)
}
