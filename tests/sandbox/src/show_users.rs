//! Users as answers show them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Version;
use crate::dates;
use crate::http::Request;
use crate::labels;
use crate::model::{User, choice, reference};
use crate::rbac;
use crate::state::{DEFAULT_ORG, ROOT_ORG, State};

/// Which answer a user is shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    List,
    One,
    Made,
    Changed,
}

/// May he log in?
pub(crate) fn valid(user: &User, now: Timestamp) -> bool {
    user.is_active && user.date_expired >= now
}

/// Roles as references; `named` ones carry their name too.
pub(crate) fn show_roles(state: &State, roles: &[Uuid], named: bool) -> Value {
    roles
        .iter()
        .filter_map(|id| state.roles.get(*id))
        .map(|role| {
            let mut shown = json!({"id": role.id, "display_name": role.name});
            if named {
                shown["name"] = json!(role.name);
            }
            shown
        })
        .collect()
}

fn base(state: &State, request: &Request, user: &User) -> Map<String, Value> {
    let now = state.now();
    let zone = &request.call.zone;
    let admin = rbac::is_superuser(user);
    let v4 = state.version == Version::V4;
    let mut groups: Vec<_> =
        state.group_users.owners(user.id).filter_map(|id| state.groups.get(id)).collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let groups: Vec<Value> = groups.iter().map(|group| reference(group.id, &group.name)).collect();
    let avatar = if admin { "admin" } else { "user" };
    let seen = request.caller.may("rbac.view_systemrolebinding");
    let mut row = Map::new();
    let fixed = json!({
        "id": user.id,
        "name": user.name,
        "username": user.username,
        "email": user.email,
        "wechat": "",
        "phone": null,
        "mfa_level": {"value": 0, "label": if v4 { "Disabled" } else { "Disable" }},
        "source": choice("local", "Local"),
        "created_by": user.created_by,
        "updated_by": user.updated_by,
        "comment": user.comment,
        "avatar_url": format!("/static/img/avatar/{avatar}.png"),
        "groups": groups,
        "labels": labels::write(state, &user.labels),
        "password_strategy": choice("email", "Reset link will be generated and sent to the user"),
        "is_superuser": admin,
        "is_service_account": user.is_service_account,
        "is_valid": valid(user, now),
        "is_expired": user.date_expired < now,
        "is_active": user.is_active,
        "is_otp_secret_key_bound": false,
        "can_public_key_auth": true,
        "mfa_enabled": false,
        "need_update_password": false,
        "mfa_force_enabled": false,
        "is_first_login": !admin,
        "login_blocked": false,
        "date_expired": dates::write(user.date_expired, zone),
        "date_joined": dates::write(user.date_joined, zone),
        "last_login": user.last_login.map(|at| dates::write(at, zone)),
        "date_updated": dates::write(user.date_updated, zone),
        "date_api_key_last_used": null,
        "date_password_last_updated": dates::write(user.date_joined, zone),
    });
    if let Value::Object(fixed) = fixed {
        row.extend(fixed);
    }
    if v4 {
        row.insert("ukey_sn".to_owned(), Value::Null);
        row.insert("can_ukey_auth".to_owned(), json!(false));
        row.insert("is_face_code_set".to_owned(), json!(false));
    }
    if seen {
        row.insert("system_roles".to_owned(), show_roles(state, &user.system_roles, false));
    }
    row
}

/// What version 3 always shows, and version 4 only to those who write or log in.
fn add_wide(state: &State, request: &Request, user: &User, row: &mut Map<String, Value>) {
    for field in ["wecom_id", "dingtalk_id", "feishu_id", "lark_id", "slack_id"] {
        row.insert(field.to_owned(), Value::Null);
    }
    let admin = user.system_roles.contains(&rbac::SYSTEM_ADMIN)
        || user.org_roles.contains(&rbac::ORG_ADMIN);
    row.insert("is_org_admin".to_owned(), json!(admin));
    if request.caller.may("rbac.view_orgrolebinding") {
        row.insert("org_roles".to_owned(), show_roles(state, &user.org_roles, true));
    }
}

/// One user.
pub(crate) fn show(state: &State, request: &Request, user: &User, shape: Shape) -> Value {
    let mut row = base(state, request, user);
    match (state.version, shape) {
        (Version::V4, Shape::List) => {}
        (Version::V4, Shape::One) => {
            row.insert("has_public_keys".to_owned(), json!(false));
        }
        _ => add_wide(state, request, user, &mut row),
    }
    if shape == Shape::Changed {
        row.remove("password_strategy");
    }
    Value::Object(row)
}

/// A row of `users/users/suggestions/`.
pub(crate) fn suggestion(state: &State, request: &Request, id: Uuid) -> Value {
    let Some(user) = state.users.get(id) else {
        return Value::Null;
    };
    let mut row = base(state, request, user);
    add_wide(state, request, user, &mut row);
    let roles: Vec<&str> = user
        .org_roles
        .iter()
        .filter_map(|id| state.roles.get(*id))
        .map(|role| role.name.as_str())
        .collect();
    let mut by_org = Map::new();
    by_org.insert(state.org_name(DEFAULT_ORG), json!(roles));
    row.insert("orgs_roles".to_owned(), Value::Object(by_org));
    row.insert("org_roles".to_owned(), json!([]));
    Value::Object(row)
}

/// `users/profile/`, which the answer of a login (`wide`) repeats with more fields.
pub(crate) fn profile(state: &State, request: &Request, user: &User, wide: bool) -> Value {
    let mut row = base(state, request, user);
    row.insert("system_roles".to_owned(), show_roles(state, &user.system_roles, false));
    for field in ["public_key_comment", "public_key_hash_md5", "guide_url"] {
        row.insert(field.to_owned(), json!(""));
    }
    row.insert("receive_backends".to_owned(), json!(["site_msg", "email"]));
    if state.version == Version::V4 {
        row.insert("lang".to_owned(), json!("en"));
        row.insert("has_jdmc".to_owned(), json!(true));
    }
    if wide || state.version == Version::V3 {
        add_wide(state, request, user, &mut row);
        row.insert("org_roles".to_owned(), show_roles(state, &user.org_roles, true));
    }
    if state.version == Version::V3 {
        add_orgs(state, &mut row);
        row.insert("perms".to_owned(), json!(request.caller.listed()));
    }
    if wide {
        row.insert("last_login".to_owned(), json!(dates::write(state.now(), &request.call.zone)));
    }
    Value::Object(row)
}

fn add_orgs(state: &State, row: &mut Map<String, Value>) {
    let org = |id: Uuid, name: String| {
        let mut org = json!({
            "id": id, "name": name, "is_default": id == DEFAULT_ORG, "is_root": id == ROOT_ORG,
        });
        if state.version == Version::V4 {
            org["is_system"] = json!(false);
        }
        org
    };
    let entered = state.orgs.iter().filter(|org| org.entered);
    let entered: Vec<Value> = entered.map(|one| org(one.id, one.name.clone())).collect();
    let below = |root: &str| {
        let root = org(ROOT_ORG, root.to_owned());
        Value::from_iter(std::iter::once(root).chain(entered.iter().cloned()))
    };
    row.insert("console_orgs".to_owned(), below("GLOBAL"));
    row.insert("audit_orgs".to_owned(), below("GLOBAL"));
    row.insert("workbench_orgs".to_owned(), below("All organizations"));
}

/// `users/profile/permissions/`.
pub(crate) fn own_permissions(state: &State, request: &Request) -> Value {
    let username = state.users.get(request.caller.user).map(|user| user.username.clone());
    let mut row = Map::new();
    row.insert("id".to_owned(), json!(request.caller.user));
    row.insert("username".to_owned(), json!(username));
    add_orgs(state, &mut row);
    if state.version == Version::V4 {
        let console = row.get("console_orgs").cloned().unwrap_or_default();
        row.insert("pam_orgs".to_owned(), console);
    }
    row.insert("perms".to_owned(), json!(request.caller.listed()));
    Value::Object(row)
}
