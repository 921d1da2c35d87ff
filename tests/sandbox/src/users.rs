//! `users/users/` and `users/profile/`.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::bulk::{self, IdFilter};
use crate::dates;
use crate::errors::{self, Invalid, Outcome, Problems, Reply};
use crate::fields;
use crate::http::Request;
use crate::labels;
use crate::model::User;
use crate::paging::{self, Sizes};
use crate::rbac::{self, right};
use crate::show_users::{Shape, show, show_roles, suggestion, valid};
use crate::state::{DEFAULT_ORG, ROOT_ORG, State, scatter};

const SIZES: Sizes = Sizes {
    mini: &["id", "name", "username"],
    small: &[
        "id",
        "name",
        "username",
        "email",
        "wechat",
        "phone",
        "mfa_level",
        "source",
        "wecom_id",
        "dingtalk_id",
        "feishu_id",
        "lark_id",
        "slack_id",
        "ukey_sn",
        "created_by",
        "updated_by",
        "comment",
    ],
};

/// Serves `users/users/...`.
pub(crate) fn serve(state: &mut State, request: &Request, rest: &[String]) -> Outcome {
    let method = request.call.method.as_str();
    match rest {
        [] => {
            request.caller.must(&right(method, "users", "user"))?;
            collection(state, request)
        }
        [word] if word == "invite" => {
            request.caller.must("users.invite_user")?;
            invite(state, request)
        }
        [word] if word == "suggestions" => {
            request.caller.must("users.view_user")?;
            let mut rows = filtered(state, request);
            rows.truncate(10);
            Ok(paging::list(request.call, &rows, SIZES, |id| suggestion(state, request, *id)))
        }
        [id] => {
            request.caller.must(&right(method, "users", "user"))?;
            one(state, request, id)
        }
        [id, word] if word == "remove" && method == "POST" => {
            request.caller.must("users.remove_user")?;
            let id = find(state, request, id)?;
            state.users.change(id, |user| user.org_roles.clear());
            leave(state, id);
            Ok(Reply::empty(204))
        }
        _ => Err(errors::no_route()),
    }
}

fn collection(state: &mut State, request: &Request) -> Outcome {
    match request.call.method.as_str() {
        "GET" => {
            let rows = filtered(state, request);
            Ok(paging::list(request.call, &rows, SIZES, |id| {
                state
                    .users
                    .get(*id)
                    .map_or(Value::Null, |user| show(state, request, user, Shape::List))
            }))
        }
        "POST" => bulk::create_checked(
            state,
            request,
            |state, body| check(state, request, body, None),
            |state, draft| write(state, request, None, draft),
            |drafts| {
                let mut names: Vec<_> = drafts.iter().map(|draft| &draft.username).collect();
                names.sort();
                names.windows(2).any(|pair| pair[0] == pair[1])
            },
        ),
        "PUT" | "PATCH" => bulk::update_checked(
            state,
            request,
            "User",
            |state, id| state.users.contains(id),
            |state, body, id| check(state, request, body, Some(id)),
            |state, id, draft| write(state, request, Some(id), draft),
        ),
        "DELETE" => {
            let rows = filtered(state, request);
            let total = state.users.iter().filter(|user| member(user, request.org)).count();
            if rows.len() == total && request.call.param("spm").is_none() {
                return Err(errors::refused(
                    "Unable to delete all users",
                    "unable_to_delete_all_users",
                ));
            }
            for id in rows.into_iter().filter(|id| *id != request.caller.user) {
                remove(state, id);
            }
            Ok(Reply::empty(204))
        }
        other => Err(errors::method_not_allowed(other)),
    }
}

fn one(state: &mut State, request: &Request, id: &str) -> Outcome {
    let id = find(state, request, id)?;
    // By the source of both versions (`UserObjectPermission`).
    let shielded = state.users.get(id).is_some_and(rbac::is_superuser);
    if request.call.method != "GET" && shielded && !request.caller.is_superuser() {
        return Err(errors::denied());
    }
    match request.call.method.as_str() {
        "GET" => {
            let user = state.users.get(id).ok_or_else(|| errors::no_object("User"))?;
            Ok(Reply::ok(paging::pick(request.call, show(state, request, user, Shape::One), SIZES)))
        }
        "PUT" | "PATCH" => {
            let body = request.call.json()?;
            let draft = check(state, request, &body, Some(id)).map_err(Invalid::reply)?;
            Ok(Reply::ok(write(state, request, Some(id), draft)))
        }
        "DELETE" if id == request.caller.user => Err(Reply::json(
            403,
            json!({
                "detail": "You cannot delete yourself. Please disable it instead.",
                "code": "permission_denied",
            }),
        )),
        "DELETE" => {
            remove(state, id);
            Ok(Reply::empty(204))
        }
        other => Err(errors::method_not_allowed(other)),
    }
}

/// Is a user seen from an organisation? Everyone from the root, members from those that
/// people work in: here a role counts in all of them.
pub(crate) fn member(user: &User, org: Uuid) -> bool {
    match org {
        ROOT_ORG => true,
        crate::state::SYSTEM_ORG => false,
        _ => !user.org_roles.is_empty(),
    }
}

fn find(state: &State, request: &Request, id: &str) -> Result<Uuid, Reply> {
    id.parse::<Uuid>()
        .ok()
        .filter(|id| state.users.get(*id).is_some_and(|user| member(user, request.org)))
        .ok_or_else(|| errors::no_object("User"))
}

fn filtered(state: &State, request: &Request) -> Vec<Uuid> {
    let call = request.call;
    let ids = IdFilter::of(state, request);
    let labels = labels::Filter::of(state, call, request.org);
    let same = |wanted: Option<&str>, have: &str, folds: bool| {
        wanted.is_none_or(|wanted| {
            wanted == have || (folds && wanted.to_lowercase() == have.to_lowercase())
        })
    };
    let folds = state.version == Version::V4;
    let group = call.param("group_id").or(call.param("groups")).map(|text| {
        text.parse::<Uuid>()
            .ok()
            .or_else(|| state.groups.find(DEFAULT_ORG, text).map(|group| group.id))
    });
    let outside = call.param("exclude_group_id").and_then(|id| id.parse::<Uuid>().ok());
    let active = call.param("is_active").map(|text| matches!(text, "true" | "True" | "1"));
    // A role is named by its id or its name, and one that is not there gives nobody.
    let role = |param: &str| {
        call.param(param).map(|text| {
            let named = state.roles.iter().find(|role| role.name == text).map(|role| role.id);
            text.parse::<Uuid>().ok().or(named)
        })
    };
    let (org_role, system_role) = (role("org_roles"), role("system_roles"));
    let has = |wanted: Option<Option<Uuid>>, roles: &[Uuid]| {
        wanted.is_none_or(|role| role.is_some_and(|role| roles.contains(&role)))
    };
    let search = call.param("search").or(call.param("q")).map(str::to_lowercase);
    let found = |user: &User| {
        search.as_ref().is_none_or(|part| {
            [&user.username, &user.email, &user.name]
                .iter()
                .any(|text| text.to_lowercase().contains(part))
        })
    };
    let now = state.now();
    let mut rows: Vec<&User> = state
        .users
        .iter()
        .filter(|user| {
            member(user, request.org)
                && ids.keeps_id(user.id)
                && same(call.param("username"), &user.username, folds)
                && same(call.param("name"), &user.name, folds)
                && same(call.param("email"), &user.email, false)
                && labels.keeps(&user.labels)
                && active.is_none_or(|active| active == user.is_active)
                && has(org_role, &user.org_roles)
                && has(system_role, &user.system_roles)
                && group.is_none_or(|group| {
                    group.is_some_and(|group| state.group_users.number(group, user.id).is_some())
                })
                && outside.is_none_or(|group| state.group_users.number(group, user.id).is_none())
                && found(user)
        })
        .collect();
    let order = call.param("order").unwrap_or("name");
    // What the order leaves open comes in any order, another on each page.
    let salt = u64::try_from(paging::Page::of(call).offset).unwrap_or(0);
    rows.sort_by(|a, b| {
        let by = match order.trim_start_matches('-') {
            "username" => a.username.cmp(&b.username),
            "email" => a.email.cmp(&b.email),
            "date_joined" => a.date_joined.cmp(&b.date_joined),
            "is_valid" => valid(a, now).cmp(&valid(b, now)),
            "id" => a.id.cmp(&b.id),
            _ => a.name.cmp(&b.name),
        };
        let by = if order.starts_with('-') { by.reverse() } else { by };
        by.then_with(|| scatter(salt, a.id).cmp(&scatter(salt, b.id)))
    });
    rows.into_iter().map(|user| user.id).collect()
}

#[derive(Debug)]
struct Draft {
    id: Option<Uuid>,
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
    comment: Option<Option<String>>,
    password: Option<String>,
    is_active: Option<bool>,
    date_expired: Option<Timestamp>,
    groups: Option<Vec<Uuid>>,
    system_roles: Option<Vec<Uuid>>,
    org_roles: Option<Vec<Uuid>>,
    labels: Option<Vec<String>>,
}

fn check(
    state: &State,
    request: &Request,
    body: &Value,
    old: Option<Uuid>,
) -> Result<Draft, Invalid> {
    let mut problems = Problems::default();
    let full = request.call.method != "PATCH";
    let name = fields::text(body, "name", 128, full, &mut problems);
    let username = fields::text(body, "username", 128, full, &mut problems);
    let email = fields::text(body, "email", 128, full, &mut problems);
    let others = |user: &&User| Some(user.id) != old;
    if let Some(username) = &username
        && state.users.find(ROOT_ORG, username).filter(others).is_some()
    {
        problems.add("username", "User with this Username already exists.");
    }
    if let Some(email) = &email {
        if !email.contains('@') {
            problems.add("email", "Enter a valid email address.");
        }
        let taken = |user: &User| user.email == *email && Some(user.id) != old;
        if state.version == Version::V3 && state.users.iter().any(taken) {
            problems.add("email", "User with this Email already exists.");
        }
    }
    let comment = match body.get("comment") {
        Some(Value::Null) => Some(None),
        _ => fields::comment(body, &mut problems).map(Some),
    };
    let id = match old {
        None => fields::chosen_id(body, &state.users, "User", &mut problems),
        Some(_) => None,
    };
    let custom = body.get("password_strategy").map(|value| value.get("value").unwrap_or(value))
        == Some(&json!("custom"));
    let password = body
        .get("password")
        .and_then(Value::as_str)
        .filter(|_| custom || old.is_some())
        .map(str::to_owned);
    let is_active = fields::flag(body, "is_active", &mut problems);
    let date_expired = match body.get("date_expired") {
        Some(Value::Null) => None,
        _ => fields::date(request.call, body, "date_expired", &mut problems),
    };
    let groups = fields::objects(body, "groups", &state.groups, |_| true, &mut problems);
    let system_roles =
        fields::objects(body, "system_roles", &state.roles, |role| role.system, &mut problems);
    let org_roles =
        fields::objects(body, "org_roles", &state.roles, |role| !role.system, &mut problems);
    problems.finish()?;
    let labels = labels::read(state, body)?;
    Ok(Draft {
        id,
        name,
        username,
        email,
        comment,
        password,
        is_active,
        date_expired,
        groups,
        system_roles,
        org_roles,
        labels,
    })
}

fn write(state: &mut State, request: &Request, old: Option<Uuid>, draft: Draft) -> Value {
    let now = state.stamp();
    let id = old.or(draft.id).unwrap_or_else(Uuid::new_v4);
    let labels = draft.labels.map(|texts| labels::ids(state, DEFAULT_ORG, &texts));
    let mut user = match state.users.remove(id) {
        Some(user) => user,
        None => fresh(id, &request.caller.name, now),
    };
    let set = |old: &mut String, new: Option<String>| {
        if let Some(new) = new {
            *old = new;
        }
    };
    set(&mut user.name, draft.name);
    set(&mut user.username, draft.username);
    set(&mut user.email, draft.email);
    user.comment = draft.comment.unwrap_or(user.comment);
    user.password = draft.password.or(user.password);
    user.is_active = draft.is_active.unwrap_or(user.is_active);
    user.date_expired = draft.date_expired.unwrap_or(user.date_expired);
    user.system_roles =
        draft.system_roles.filter(|roles| !roles.is_empty()).unwrap_or(user.system_roles);
    user.org_roles = draft.org_roles.filter(|roles| !roles.is_empty()).unwrap_or(user.org_roles);
    user.labels = labels.unwrap_or(user.labels);
    user.date_updated = now;
    user.updated_by.clone_from(&request.caller.name);
    state.users.insert(user);
    if let Some(groups) = draft.groups {
        let old: Vec<Uuid> =
            state.group_users.owners(id).filter(|group| !groups.contains(group)).collect();
        for group in old {
            if let Some(number) = state.group_users.number(group, id) {
                state.group_users.remove(number);
            }
        }
        for group in groups {
            state.group_users.add(group, id);
        }
    }
    let shape = if old.is_none() { Shape::Made } else { Shape::Changed };
    state.users.get(id).map_or(Value::Null, |user| show(state, request, user, shape))
}

/// A user with the roles that he gets when none are sent.
pub(crate) fn fresh(id: Uuid, creator: &str, now: Timestamp) -> User {
    User {
        id,
        org: ROOT_ORG,
        name: String::new(),
        username: String::new(),
        email: String::new(),
        comment: None,
        password: None,
        is_active: true,
        is_service_account: false,
        date_expired: now + dates::FOREVER,
        date_joined: now,
        last_login: None,
        date_updated: now,
        created_by: creator.to_owned(),
        updated_by: creator.to_owned(),
        system_roles: vec![rbac::SYSTEM_USER],
        org_roles: vec![rbac::ORG_USER],
        labels: Vec::new(),
    }
}

/// Deletes a user for good: his permissions and groups lose him, and stay.
pub(crate) fn remove(state: &mut State, id: Uuid) {
    state.users.remove(id);
    leave(state, id);
    state.tokens.retain(|_, user| *user != id);
    state.bearers.retain(|_, (user, _)| *user != id);
    state.access_keys.retain(|_, key| key.user != id);
}

/// Takes a user out of the permissions and groups of the organisation.
fn leave(state: &mut State, id: Uuid) {
    state.permission_users.forget(id);
    state.group_users.forget(id);
}

fn invite(state: &mut State, request: &Request) -> Outcome {
    let body = request.call.json()?;
    let mut problems = Problems::default();
    let users =
        fields::objects(&body, "users", &state.users, |_| true, &mut problems).unwrap_or_default();
    let roles =
        fields::objects(&body, "org_roles", &state.roles, |role| !role.system, &mut problems)
            .unwrap_or_default();
    problems.finish().map_err(Invalid::reply)?;
    let there =
        users.iter().filter_map(|id| state.users.get(*id)).find(|user| member(user, DEFAULT_ORG));
    if let Some(user) = there {
        return Err(errors::plain(
            400,
            &format!(
                "This user {} is already a member of the organization. No need to invite again",
                user.username
            ),
        ));
    }
    for id in &users {
        let roles = if roles.is_empty() { vec![rbac::ORG_USER] } else { roles.clone() };
        state.users.change(*id, |user| user.org_roles = roles);
    }
    Ok(Reply::json(201, json!({"users": users, "org_roles": show_roles(state, &roles, true)})))
}
