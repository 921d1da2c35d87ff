//! What people really get: the sum of the permissions that hold now.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::actions;
use crate::assets;
use crate::dates;
use crate::errors::{self, Outcome, Reply};
use crate::filters;
use crate::http::Request;
use crate::model::{Account, Asset, Permission};
use crate::nodes;
use crate::paging::{self, ID_AND_NAME};
use crate::permission_filters::of_user;
use crate::platforms;
use crate::show_accounts;
use crate::show_assets;
use crate::state::State;

/// The permissions that a user has now, his groups' among them.
pub(crate) fn permissions_of(state: &State, user: Uuid) -> Vec<&Permission> {
    let now = state.now();
    of_user(state, Some(user), true)
        .into_iter()
        .filter_map(|id| state.permissions.get(id))
        .filter(|row| row.is_valid(now))
        .collect()
}

/// Every asset that a permission names or reaches by a node.
fn reach(state: &State, permission: Uuid) -> HashSet<Uuid> {
    let mut found: HashSet<Uuid> = state.permission_assets.members(permission).collect();
    for node in state.permission_nodes.members(permission) {
        for below in nodes::subtree(state, node) {
            found.extend(state.asset_nodes.owners(below));
        }
    }
    found
}

/// Does a permission reach one asset? Cheaper than [`reach`].
fn reaches(state: &State, permission: Uuid, above: &HashSet<Uuid>, asset: Uuid) -> bool {
    state.permission_assets.number(permission, asset).is_some()
        || state.permission_nodes.members(permission).any(|node| above.contains(&node))
}

/// Serves `perms/users/<id>/assets/...`; `self` is the caller.
pub(crate) fn serve(state: &State, request: &Request, user: &str, rest: &[String]) -> Outcome {
    let id = if user == "self" {
        request.caller.user
    } else {
        request.caller.must("perms.view_userassets")?;
        user.parse().unwrap_or_default()
    };
    if !state.users.contains(id) {
        return Err(errors::no_object("User"));
    }
    if request.call.method != "GET" {
        return Err(errors::method_not_allowed(&request.call.method));
    }
    match rest {
        [] => {
            let mut found = HashSet::new();
            for permission in permissions_of(state, id) {
                found.extend(reach(state, permission.id));
            }
            let call = request.call;
            let search = filters::Search::of(call);
            let mut rows: Vec<&Asset> = found
                .into_iter()
                .filter_map(|asset| state.assets.get(asset))
                .filter(|asset| {
                    asset.is_active
                        && filters::name(call, &asset.name)
                        && filters::exact(call, "address", &asset.address)
                        && search.finds(&[&asset.name, &asset.address])
                })
                .collect();
            filters::sort(&mut rows, call, |asset, _| asset.name.clone());
            Ok(paging::list(call, &rows, ID_AND_NAME, |asset| {
                show_assets::show_common(state, request, asset)
            }))
        }
        [asset] => {
            let asset = asset.parse().unwrap_or_default();
            one_asset(state, request, id, asset)
        }
        _ => Err(errors::no_route()),
    }
}

fn one_asset(state: &State, request: &Request, user: Uuid, asset: Uuid) -> Outcome {
    let missing = || errors::no_object("Object");
    let row = state.assets.get(asset).filter(|row| row.is_active).ok_or_else(missing)?;
    let above = above(state, asset);
    let held: Vec<&Permission> = permissions_of(state, user)
        .into_iter()
        .filter(|permission| reaches(state, permission.id, &above, asset))
        .collect();
    if held.is_empty() {
        return Err(missing());
    }
    let mut shown = show_assets::show_common(state, request, row);
    shown["spec_info"] = show_assets::spec_info(state, row);
    let any = |name: &str| {
        held.iter().any(|permission| {
            permission.protocols.iter().any(|protocol| protocol == "all" || protocol == name)
        })
    };
    shown["permed_protocols"] = row
        .protocols
        .iter()
        .filter(|(name, _)| any(name))
        .map(|(name, port)| {
            json!({
                "name": name,
                "port": port,
                "public": true,
                "setting": platforms::protocol_setting(name),
            })
        })
        .collect();
    shown["permed_accounts"] = accounts(state, &held, user, asset)
        .iter()
        .map(|account| account.show(state, request))
        .collect();
    Ok(Reply::ok(paging::pick(request.call, shown, ID_AND_NAME)))
}

fn above(state: &State, asset: Uuid) -> HashSet<Uuid> {
    state.asset_nodes.members(asset).flat_map(|node| nodes::ancestors(state, node)).collect()
}

/// An account that a user may use on an asset.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Usable {
    /// The real account, or a made-up id of a virtual one.
    pub(crate) id: Uuid,
    pub(crate) alias: String,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) has_secret: bool,
    pub(crate) secret_type: String,
    pub(crate) actions: u8,
    pub(crate) date_expired: Timestamp,
}

impl Usable {
    fn show(&self, state: &State, request: &Request) -> Value {
        let mut row = json!({
            "id": self.id,
            "alias": self.alias,
            "name": self.name,
            "username": self.username,
            "has_username": true,
            "has_secret": self.has_secret,
            "secret_type": self.secret_type,
            "actions": actions::write(self.actions, state.version),
        });
        if state.version == Version::V4 {
            row["date_expired"] = json!(dates::write(self.date_expired, &request.call.zone));
        }
        row
    }
}

/// The accounts of an asset that a user may use, by the permissions that reach it.
pub(crate) fn usable(state: &State, user: Uuid, asset: Uuid) -> Vec<Usable> {
    let above = above(state, asset);
    let held: Vec<&Permission> = permissions_of(state, user)
        .into_iter()
        .filter(|permission| reaches(state, permission.id, &above, asset))
        .collect();
    accounts(state, &held, user, asset)
}

/// What a text of permissions adds up to: the bits of its actions, and its latest end.
type Sum = (i32, Timestamp);

/// What the texts of permissions add up to on an asset that holds these user names. As the
/// source does it (`PermAssetDetailUtil.parse_alias_action_date_expire`).
fn sums<'s>(
    state: &State,
    held: &[&'s Permission],
    usernames: &BTreeSet<&'s str>,
) -> BTreeMap<&'s str, Sum> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    let add = |sums: &mut BTreeMap<&'s str, Sum>, text: &'s str, (bits, end): Sum| {
        let sum = sums.entry(text).or_insert((0, end));
        *sum = (sum.0 | bits, sum.1.max(end));
    };
    for permission in held {
        let sum = (i32::from(permission.actions), permission.date_expired);
        permission.accounts.iter().for_each(|text| add(&mut sums, text, sum));
    }
    if let Some(all) = sums.remove("@ALL").filter(|(bits, _)| *bits != 0) {
        usernames.iter().for_each(|username| add(&mut sums, username, all));
    }
    if state.version == Version::V3 {
        return sums;
    }
    // `!name` takes away in all permissions, as one number from another: what is left may be
    // actions that nobody allowed, or less than nothing.
    let excluded: Vec<(&str, Sum)> = sums
        .iter()
        .filter(|(text, _)| text.starts_with('!'))
        .map(|(text, sum)| (*text, *sum))
        .collect();
    for (text, (bits, _)) in excluded {
        sums.remove(text);
        if let Some(sum) = sums.get_mut(text.trim_start_matches('!')) {
            sum.0 -= bits;
        }
    }
    sums.retain(|_, (bits, _)| *bits > 0);
    sums
}

fn accounts(state: &State, held: &[&Permission], user: Uuid, asset: Uuid) -> Vec<Usable> {
    let mut rows: Vec<&Account> = assets::all_accounts(state, asset)
        .filter_map(|id| state.accounts.get(id))
        .filter(|account| account.is_active)
        .collect();
    rows.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let usernames: BTreeSet<&str> = rows.iter().map(|row| row.username.as_str()).collect();
    let sums = sums(state, held, &usernames);
    let own = state.users.get(user).map_or("", |user| user.username.as_str());
    let bits = |sum: i32| u8::try_from(sum & i32::from(actions::ALL)).unwrap_or(0);
    let mut found = Vec::new();
    for account in rows {
        // `@USER` is the account of the user's own name, where there is one.
        let of_own = sums.get("@USER").filter(|_| account.username == own);
        let granted: Vec<&Sum> =
            sums.get(account.username.as_str()).into_iter().chain(of_own).collect();
        let Some(end) = granted.iter().map(|(_, end)| *end).max() else {
            continue;
        };
        found.push(Usable {
            id: account.id,
            alias: match state.version {
                Version::V3 => account.name.clone(),
                Version::V4 => account.id.to_string(),
            },
            name: account.name.clone(),
            username: account.username.clone(),
            has_secret: account.secret.is_some(),
            secret_type: account.secret_type.clone(),
            actions: bits(granted.iter().fold(0, |bits, (more, _)| bits | more)),
            date_expired: end,
        });
    }
    for (alias, name, username) in
        [("@INPUT", "Manual input", "@INPUT"), ("@USER", "Dynamic user", own)]
    {
        if alias == "@USER" && usernames.contains(own) {
            continue;
        }
        if let Some((sum, end)) = sums.get(alias) {
            found.push(Usable {
                id: Uuid::new_v5(&user, alias.as_bytes()),
                alias: alias.to_owned(),
                name: name.to_owned(),
                username: username.to_owned(),
                has_secret: false,
                secret_type: "password".to_owned(),
                actions: bits(*sum),
                date_expired: *end,
            });
        }
    }
    found
}

/// `perms/asset-permissions/<id>/accounts/`: real accounts only.
pub(crate) fn accounts_of(state: &State, request: &Request, id: Uuid) -> Outcome {
    let Some(permission) = state.permissions.get(id) else {
        return Err(errors::no_object("AssetPermission"));
    };
    let names: BTreeSet<&str> = permission.accounts.iter().map(String::as_str).collect();
    let mut rows: Vec<&Account> = reach(state, id)
        .into_iter()
        .flat_map(|asset| state.asset_accounts.members(asset))
        .filter_map(|account| state.accounts.get(account))
        .filter(|account| names.contains("@ALL") || names.contains(account.username.as_str()))
        .collect();
    rows.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(paging::list(request.call, &rows, ID_AND_NAME, |account| {
        show_accounts::show(state, request, account.id, false)
    }))
}

/// `perms/asset-permissions/<id>/assets/all/`.
pub(crate) fn assets_of(state: &State, request: &Request, id: Uuid) -> Outcome {
    let mut rows: Vec<&Asset> =
        reach(state, id).into_iter().filter_map(|asset| state.assets.get(asset)).collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(paging::list(
        request.call,
        &rows,
        ID_AND_NAME,
        |asset| json!({"asset": asset.id, "asset_display": show_assets::display(asset)}),
    ))
}

/// `perms/asset-permissions/<id>/users/all/`.
pub(crate) fn users_of(state: &State, request: &Request, id: Uuid) -> Outcome {
    let mut found: HashSet<Uuid> = state.permission_users.members(id).collect();
    for group in state.permission_groups.members(id) {
        found.extend(state.group_users.members(group));
    }
    let mut rows: Vec<_> = found.into_iter().filter_map(|user| state.users.get(user)).collect();
    rows.sort_by(|a, b| a.username.cmp(&b.username));
    Ok(paging::list(
        request.call,
        &rows,
        ID_AND_NAME,
        |user| json!({"user": user.id, "user_display": format!("{}({})", user.name, user.username)}),
    ))
}
