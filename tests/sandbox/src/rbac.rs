//! Roles and rights.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::bulk;
use crate::dates;
use crate::errors::{self, Invalid, Outcome, Problems, Reply};
use crate::fields;
use crate::http::Request;
use crate::model::{Role, choice};
use crate::paging::{self, ID_AND_NAME};
use crate::state::{ROOT_ORG, State};

pub(crate) const SYSTEM_ADMIN: Uuid = Uuid::from_u128(1);
pub(crate) const SYSTEM_AUDITOR: Uuid = Uuid::from_u128(2);
pub(crate) const SYSTEM_USER: Uuid = Uuid::from_u128(3);
pub(crate) const SYSTEM_COMPONENT: Uuid = Uuid::from_u128(4);
pub(crate) const ORG_ADMIN: Uuid = Uuid::from_u128(5);
pub(crate) const ORG_AUDITOR: Uuid = Uuid::from_u128(6);
pub(crate) const ORG_USER: Uuid = Uuid::from_u128(7);

/// The right that exists for system roles alone.
pub(crate) const DELETE_USER: &str = "users.delete_user";

/// Numbers on version 3 and 4, and the code name.
const RIGHTS: &[(u32, u32, &str)] = &[
    (7, 7, "users.add_user"),
    (8, 8, "users.change_user"),
    (9, 9, DELETE_USER),
    (10, 10, "users.view_user"),
    (11, 11, "users.invite_user"),
    (12, 12, "users.remove_user"),
    (14, 18, "users.add_usergroup"),
    (15, 19, "users.change_usergroup"),
    (16, 20, "users.delete_usergroup"),
    (17, 21, "users.view_usergroup"),
    (30, 26, "assets.add_asset"),
    (31, 27, "assets.change_asset"),
    (32, 28, "assets.delete_asset"),
    (33, 29, "assets.view_asset"),
    (51, 42, "assets.add_node"),
    (52, 43, "assets.change_node"),
    (53, 44, "assets.delete_node"),
    (54, 45, "assets.view_node"),
    (67, 50, "assets.view_platform"),
    (132, 135, "accounts.add_account"),
    (133, 136, "accounts.change_account"),
    (134, 137, "accounts.delete_account"),
    (135, 138, "accounts.view_account"),
    (140, 143, "accounts.view_accountsecret"),
    (146, 147, "accounts.add_accounttemplate"),
    (147, 148, "accounts.change_accounttemplate"),
    (148, 149, "accounts.delete_accounttemplate"),
    (149, 150, "accounts.view_accounttemplate"),
    (202, 226, "perms.add_assetpermission"),
    (203, 227, "perms.change_assetpermission"),
    (204, 228, "perms.delete_assetpermission"),
    (205, 229, "perms.view_assetpermission"),
    (219, 243, "perms.view_userassets"),
    (260, 290, "terminal.view_session"),
    (261, 291, "terminal.terminate_session"),
    (300, 320, "authentication.add_superconnectiontoken"),
    (320, 340, "audits.view_operatelog"),
    (340, 360, "orgs.view_organization"),
    (520, 620, "rbac.view_permission"),
    (521, 621, "rbac.add_orgrole"),
    (522, 622, "rbac.change_orgrole"),
    (523, 623, "rbac.delete_orgrole"),
    (524, 624, "rbac.view_orgrole"),
    (525, 625, "rbac.add_systemrole"),
    (526, 626, "rbac.change_systemrole"),
    (527, 627, "rbac.delete_systemrole"),
    (528, 628, "rbac.view_systemrole"),
    (536, 636, "rbac.view_orgrolebinding"),
    (540, 639, "rbac.view_systemrolebinding"),
    (600, 640, "labels.view_label"),
];

/// Does a user administer the whole system?
pub(crate) fn is_superuser(user: &crate::model::User) -> bool {
    user.system_roles.contains(&SYSTEM_ADMIN)
}

/// Who sends a request, and what he may do.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: Uuid,
    pub(crate) name: String,
    everything: bool,
    rights: BTreeSet<String>,
    system_rights: BTreeSet<String>,
}

impl Caller {
    /// Gathers the rights of a user.
    pub(crate) fn of(state: &State, user: &crate::model::User) -> Caller {
        let rights = |roles: &[Uuid]| -> BTreeSet<String> {
            roles
                .iter()
                .filter_map(|role| state.roles.get(*role))
                .flat_map(|role| role.rights.iter().cloned())
                .collect()
        };
        let system_rights = rights(&user.system_roles);
        let mut all = rights(&user.org_roles);
        all.extend(system_rights.iter().cloned());
        Caller {
            user: user.id,
            name: user.name.clone(),
            everything: is_superuser(user),
            rights: all,
            system_rights,
        }
    }

    /// Does he administer the whole system?
    pub(crate) fn is_superuser(&self) -> bool {
        self.everything
    }

    /// Has he this right? Deleting users counts only from a system role.
    pub(crate) fn may(&self, right: &str) -> bool {
        self.everything
            || if right == DELETE_USER {
                self.system_rights.contains(right)
            } else {
                self.rights.contains(right)
            }
    }

    /// Fails with 403 when he has not.
    pub(crate) fn must(&self, right: &str) -> Result<(), Reply> {
        if self.may(right) { Ok(()) } else { Err(errors::denied()) }
    }

    /// The code names that `users/profile/` lists.
    pub(crate) fn listed(&self) -> Vec<&str> {
        if self.everything {
            RIGHTS.iter().map(|(_, _, code)| *code).collect()
        } else {
            self.rights.iter().map(String::as_str).collect()
        }
    }
}

/// The right that a method needs on a model: `perms.view_assetpermission`.
pub(crate) fn right(method: &str, app: &str, model: &str) -> String {
    let verb = match method {
        "POST" => "add",
        "PUT" | "PATCH" => "change",
        "DELETE" => "delete",
        _ => "view",
    };
    format!("{app}.{verb}_{model}")
}

/// The roles of a fresh installation.
pub(crate) fn builtin_roles(version: Version, now: Timestamp) -> Vec<Role> {
    let user = match version {
        Version::V3 => "User",
        Version::V4 => "SystemUser",
    };
    let auditor: &[&str] = match version {
        Version::V3 => &[],
        Version::V4 => &["users.view_user", "assets.view_asset", "audits.view_operatelog"],
    };
    let all: Vec<&str> = RIGHTS.iter().map(|(_, _, code)| *code).collect();
    let org_admin: Vec<&str> = all
        .iter()
        .copied()
        .filter(|code| *code != DELETE_USER && !code.contains("systemrole"))
        .collect();
    let make = |id, name: &str, system, rights: &[&str]| Role {
        id,
        org: ROOT_ORG,
        name: name.to_owned(),
        system,
        builtin: true,
        rights: rights.iter().map(|right| (*right).to_owned()).collect(),
        comment: String::new(),
        created_by: "System".to_owned(),
        date_created: now,
        date_updated: now,
        unique: unique(system, name),
    };
    vec![
        make(SYSTEM_ADMIN, "SystemAdmin", true, &all),
        make(SYSTEM_AUDITOR, "SystemAuditor", true, auditor),
        make(SYSTEM_COMPONENT, "SystemComponent", true, &[]),
        make(SYSTEM_USER, user, true, &[]),
        make(ORG_ADMIN, "OrgAdmin", false, &org_admin),
        make(ORG_AUDITOR, "OrgAuditor", false, auditor),
        make(ORG_USER, "OrgUser", false, &[]),
    ]
}

/// The unique key of a role.
pub(crate) fn unique(system: bool, name: &str) -> String {
    format!("{}/{name}", if system { "system" } else { "org" })
}

fn number(version: Version, entry: &(u32, u32, &str)) -> u32 {
    match version {
        Version::V3 => entry.0,
        Version::V4 => entry.1,
    }
}

fn show_right(version: Version, entry: &(u32, u32, &str)) -> Value {
    let (app, code) = entry.2.split_once('.').unwrap_or(("", entry.2));
    let model = code.split_once('_').map_or(code, |(_, model)| model);
    json!({
        "id": number(version, entry),
        "name": format!("Can {}", code.replace('_', " ")),
        "content_type": {"id": number(version, entry) / 4 + 1, "app_label": app, "model": model},
        "codename": code,
    })
}

/// `rbac/permissions/`.
pub(crate) fn permissions(state: &State, request: &Request) -> Outcome {
    request.caller.must("rbac.view_permission")?;
    let rows: Vec<_> = RIGHTS.iter().collect();
    Ok(paging::list(request.call, &rows, ID_AND_NAME, |entry| show_right(state.version, entry)))
}

/// `rbac/role-bindings/`: the roles of users.
pub(crate) fn bindings(state: &State, request: &Request) -> Outcome {
    request.caller.must("rbac.view_orgrole")?;
    if request.call.method != "GET" {
        return Err(errors::denied());
    }
    let wanted = request.call.param("user").and_then(|id| id.parse::<Uuid>().ok());
    let mut rows = Vec::new();
    for user in state.users.iter().filter(|user| wanted.is_none_or(|id| id == user.id)) {
        for role in &user.system_roles {
            rows.push((user, *role, true));
        }
        for role in &user.org_roles {
            rows.push((user, *role, false));
        }
    }
    let org = crate::state::DEFAULT_ORG;
    Ok(paging::list(request.call, &rows, ID_AND_NAME, |(user, role, system)| {
        json!({
            "id": Uuid::new_v5(&user.id, role.as_bytes()),
            "user": {"id": user.id, "name": user.name, "username": user.username},
            "role": role,
            "scope": if *system { "system" } else { "org" },
            "org": (!system).then_some(org),
            "org_name": if *system { String::new() } else { state.org_name(org) },
        })
    }))
}

/// `rbac/org-roles/` and `rbac/system-roles/`, and what lies below them.
pub(crate) fn roles(
    state: &mut State,
    request: &Request,
    system: bool,
    rest: &[String],
) -> Outcome {
    let model = if system { "systemrole" } else { "orgrole" };
    request.caller.must(&right(&request.call.method, "rbac", model))?;
    match (request.call.method.as_str(), rest) {
        ("GET", []) => {
            let mut rows: Vec<&Role> =
                state.roles.iter().filter(|role| role.system == system).collect();
            rows.sort_by(|a, b| (!a.builtin, &a.name).cmp(&(!b.builtin, &b.name)));
            Ok(paging::list(request.call, &rows, ID_AND_NAME, |role| show(state, request, role)))
        }
        ("POST", []) => {
            bulk::create(state, request, |state, body| write(state, request, system, body, None))
        }
        (method, [id]) => {
            let id = find(state, system, id)?;
            match method {
                "GET" => {}
                "PATCH" | "PUT" => {
                    let body = request.call.json()?;
                    write(state, request, system, &body, Some(id)).map_err(Invalid::reply)?;
                }
                "DELETE" => {
                    state.roles.remove(id);
                    return Ok(Reply::empty(204));
                }
                other => return Err(errors::method_not_allowed(other)),
            }
            let role = state.roles.get(id).ok_or_else(errors::denied)?;
            Ok(Reply::ok(show(state, request, role)))
        }
        ("GET", [id, permissions]) if permissions == "permissions" => {
            let id = find(state, system, id)?;
            let role = state.roles.get(id).ok_or_else(errors::denied)?;
            let rows: Vec<_> =
                RIGHTS.iter().filter(|entry| role.rights.contains(entry.2)).collect();
            Ok(paging::list(request.call, &rows, ID_AND_NAME, |entry| {
                show_right(state.version, entry)
            }))
        }
        (method, _) => Err(errors::method_not_allowed(method)),
    }
}

fn find(state: &State, system: bool, id: &str) -> Result<Uuid, Reply> {
    let class = if system { "SystemRole" } else { "OrgRole" };
    id.parse::<Uuid>()
        .ok()
        .filter(|id| state.roles.get(*id).is_some_and(|role| role.system == system))
        .ok_or_else(|| errors::no_object(class))
}

fn write(
    state: &mut State,
    request: &Request,
    system: bool,
    body: &Value,
    old: Option<Uuid>,
) -> Result<Value, Invalid> {
    let mut problems = Problems::default();
    let partial = request.call.method == "PATCH";
    let name = fields::text(body, "name", 128, !partial, &mut problems);
    if !partial && body.get("scope").is_none_or(Value::is_null) {
        problems.add("scope", "This field is required.");
    }
    let mut rights = None;
    if let Some(numbers) = body.get("permissions").and_then(Value::as_array) {
        let mut named = BTreeSet::new();
        for value in numbers {
            let wanted = value.as_u64().or_else(|| value.get("pk").and_then(Value::as_u64));
            // Numbers of rights that the sandbox has no view for are taken and forgotten.
            if let Some(entry) =
                RIGHTS.iter().find(|entry| Some(u64::from(number(state.version, entry))) == wanted)
            {
                named.insert(entry.2.to_owned());
            }
        }
        rights = Some(named);
    }
    problems.finish()?;
    let now = state.stamp();
    let comment = body.get("comment").and_then(Value::as_str).map(str::to_owned);
    let id = old.unwrap_or_else(Uuid::new_v4);
    if old.is_none() {
        let name = name.clone().unwrap_or_default();
        state.roles.insert(Role {
            id,
            org: ROOT_ORG,
            unique: unique(system, &name),
            name,
            system,
            builtin: false,
            rights: BTreeSet::new(),
            comment: String::new(),
            created_by: request.caller.name.clone(),
            date_created: now,
            date_updated: now,
        });
    }
    state.roles.change(id, |role| {
        role.date_updated = now;
        if let Some(name) = name {
            role.unique = unique(system, &name);
            role.name = name;
        }
        if let Some(rights) = rights {
            role.rights = rights;
        }
        if let Some(comment) = comment {
            role.comment = comment;
        }
    });
    Ok(state.roles.get(id).map_or(Value::Null, |role| show(state, request, role)))
}

fn show(state: &State, request: &Request, role: &Role) -> Value {
    let users = state
        .users
        .iter()
        .filter(|user| user.system_roles.contains(&role.id) || user.org_roles.contains(&role.id))
        .count();
    let (scope, label) = if role.system { ("system", "System") } else { ("org", "Organization") };
    json!({
        "id": role.id,
        "name": role.name,
        "display_name": role.name,
        "scope": choice(scope, label),
        "users_amount": users,
        "builtin": role.builtin,
        "date_created": dates::write(role.date_created, &request.call.zone),
        "date_updated": dates::write(role.date_updated, &request.call.zone),
        "created_by": role.created_by,
        "updated_by": role.created_by,
        "comment": role.comment,
    })
}
