//! `perms/asset-permissions/`.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::account_create;
use crate::actions;
use crate::bulk;
use crate::dates;
use crate::effective;
use crate::errors::{self, Invalid, Outcome, Problems, Reply};
use crate::fields;
use crate::filters;
use crate::http::Request;
use crate::labels;
use crate::model::{Permission, Row, reference};
use crate::paging::{self, ID_AND_NAME};
use crate::permission_filters::filtered;
use crate::rbac::right;
use crate::state::{State, visible};
use crate::table::{Pairs, Table};

const CLASS: &str = "AssetPermission";

/// Serves `perms/asset-permissions/...`.
pub(crate) fn serve(state: &mut State, request: &Request, rest: &[String]) -> Outcome {
    let method = request.call.method.as_str();
    request.caller.must(&right(method, "perms", "assetpermission"))?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    if let ("OPTIONS", []) = (method, rest.as_slice()) {
        return Ok(Reply::ok(options()));
    }
    let (id, below) = match rest.as_slice() {
        [] => return collection(state, request),
        [id, below @ ..] => (*id, below),
    };
    let id = filters::find(&state.permissions, request, id, CLASS, state.version)?;
    match (method, below) {
        (_, []) => one(state, request, id),
        ("GET", ["accounts"]) => effective::accounts_of(state, request, id),
        ("GET", ["assets", "all"]) => effective::assets_of(state, request, id),
        ("GET", ["users", "all"]) => effective::users_of(state, request, id),
        _ => Err(errors::no_route()),
    }
}

fn collection(state: &mut State, request: &Request) -> Outcome {
    match request.call.method.as_str() {
        "GET" => {
            let rows = filtered(state, request);
            Ok(paging::list(request.call, &rows, ID_AND_NAME, |id| show(state, request, *id, true)))
        }
        "POST" => {
            filters::must_save_in_an_org(state, request)?;
            bulk::create_checked(
                state,
                request,
                |state, body| check(state, request, body, None),
                |state, draft| {
                    let id = write(state, request, None, draft);
                    show(state, request, id, false)
                },
                |drafts| {
                    filters::repeated(drafts.iter().filter_map(|draft| draft.name.as_deref()))
                        || drafts.iter().filter_map(|draft| draft.id).collect::<HashSet<_>>().len()
                            < drafts.iter().filter(|draft| draft.id.is_some()).count()
                },
            )
        }
        "PUT" | "PATCH" => bulk::update_checked(
            state,
            request,
            CLASS,
            |state, id| state.permissions.get(id).is_some_and(|row| visible(row.org, request.org)),
            |state, body, id| check(state, request, body, Some(id)),
            |state, id, draft| {
                write(state, request, Some(id), draft);
                show(state, request, id, false)
            },
        ),
        "DELETE" => {
            let rows = filtered(state, request);
            let total =
                state.permissions.iter().filter(|row| visible(row.org, request.org)).count();
            bulk::allow_delete(request, rows.len(), total)?;
            for id in rows {
                remove(state, id);
            }
            Ok(Reply::empty(204))
        }
        other => Err(errors::method_not_allowed(other)),
    }
}

fn one(state: &mut State, request: &Request, id: Uuid) -> Outcome {
    match request.call.method.as_str() {
        "GET" => {}
        "PUT" | "PATCH" => {
            let body = request.call.json()?;
            let draft = check(state, request, &body, Some(id)).map_err(Invalid::reply)?;
            write(state, request, Some(id), draft);
        }
        "DELETE" => {
            remove(state, id);
            return Ok(Reply::empty(204));
        }
        other => return Err(errors::method_not_allowed(other)),
    }
    let row = show(state, request, id, false);
    Ok(Reply::ok(paging::pick(request.call, row, ID_AND_NAME)))
}

/// Removes a permission with its relations.
pub(crate) fn remove(state: &mut State, id: Uuid) {
    state.permissions.remove(id);
    state.permission_users.forget(id);
    state.permission_groups.forget(id);
    state.permission_assets.forget(id);
    state.permission_nodes.forget(id);
}

/// The checked fields of a request; what is `None` was not sent.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<Uuid>,
    pub(crate) name: Option<String>,
    pub(crate) users: Option<Vec<Uuid>>,
    pub(crate) user_groups: Option<Vec<Uuid>>,
    pub(crate) assets: Option<Vec<Uuid>>,
    pub(crate) nodes: Option<Vec<Uuid>>,
    pub(crate) accounts: Option<Vec<String>>,
    pub(crate) protocols: Option<Vec<String>>,
    pub(crate) actions: Option<u8>,
    pub(crate) date_start: Option<Timestamp>,
    pub(crate) date_expired: Option<Timestamp>,
    pub(crate) is_active: Option<bool>,
    pub(crate) comment: Option<String>,
    pub(crate) labels: Option<Vec<String>>,
}

fn check(
    state: &State,
    request: &Request,
    body: &Value,
    old: Option<Uuid>,
) -> Result<Draft, Invalid> {
    let mut problems = Problems::default();
    let full = request.call.method != "PATCH";
    let id = old
        .is_none()
        .then(|| fields::chosen_id(body, &state.permissions, "Asset permission", &mut problems))
        .flatten();
    let name = fields::text(body, "name", 128, full, &mut problems);
    filters::unique(&state.permissions, request.org, name.as_deref(), old, &mut problems);
    let users = fields::objects(body, "users", &state.users, |_| true, &mut problems);
    let user_groups = related(request, body, "user_groups", &state.groups, &mut problems);
    let assets = related(request, body, "assets", &state.assets, &mut problems);
    let nodes = related(request, body, "nodes", &state.nodes, &mut problems);
    let accounts =
        fields::texts(body, "accounts", &mut problems).map_err(|()| errors::internal())?;
    let protocols =
        fields::texts(body, "protocols", &mut problems).map_err(|()| errors::internal())?;
    let actions = match body.get("actions") {
        None => None,
        Some(value) => match actions::read(value) {
            Ok(bits) => Some(bits),
            Err(message) => {
                problems.add("actions", message);
                None
            }
        },
    };
    let date_start = fields::date(request.call, body, "date_start", &mut problems);
    let date_expired = fields::date(request.call, body, "date_expired", &mut problems);
    let is_active = fields::flag(body, "is_active", &mut problems);
    let comment = fields::comment(body, &mut problems);
    problems.finish()?;
    Ok(Draft {
        id,
        name,
        users,
        user_groups,
        assets,
        nodes,
        accounts,
        protocols,
        actions,
        date_start,
        date_expired,
        is_active,
        comment,
        labels: labels::read(state, body)?,
    })
}

fn related<T: Row>(
    request: &Request,
    body: &Value,
    field: &str,
    table: &Table<T>,
    problems: &mut Problems,
) -> Option<Vec<Uuid>> {
    fields::objects(body, field, table, |row| visible(row.org(), request.org), problems)
}

/// Makes or changes a permission. POST and PUT give what was not sent its default, which
/// is wide: every action, every protocol, 70 years, active; PUT keeps the relations, the
/// labels and the comment.
fn write(state: &mut State, request: &Request, old: Option<Uuid>, draft: Draft) -> Uuid {
    let full = request.call.method != "PATCH";
    let id = old.or(draft.id).unwrap_or_else(Uuid::new_v4);
    let now = state.stamp();
    let accounts = draft.accounts.clone().or_else(|| full.then(Vec::new));
    let accounts = accounts.map(|accounts| with_templates(state, request, &draft, old, accounts));
    let accounts = accounts.map(|accounts| state.as_set(accounts));
    let labels = draft.labels.as_ref().map(|texts| labels::ids(state, request.org, texts));
    let mut row = state
        .permissions
        .remove(id)
        .unwrap_or_else(|| fresh(id, request.org, &request.caller.name, now));
    if full {
        row.protocols = vec!["all".to_owned()];
        row.actions = actions::ALL;
        row.date_start = state.now();
        row.date_expired = now + dates::FOREVER;
        row.is_active = true;
    }
    row.name = draft.name.unwrap_or(row.name);
    row.accounts = accounts.unwrap_or(row.accounts);
    row.protocols = draft.protocols.unwrap_or(row.protocols);
    row.actions = draft.actions.unwrap_or(row.actions);
    row.date_start = draft.date_start.unwrap_or(row.date_start);
    row.date_expired = draft.date_expired.unwrap_or(row.date_expired);
    row.is_active = draft.is_active.unwrap_or(row.is_active);
    row.comment = draft.comment.unwrap_or(row.comment);
    row.labels = labels.unwrap_or(row.labels);
    state.permissions.insert(row);
    for (pairs, members) in [
        (&mut state.permission_users, draft.users),
        (&mut state.permission_groups, draft.user_groups),
        (&mut state.permission_assets, draft.assets),
        (&mut state.permission_nodes, draft.nodes),
    ] {
        if let Some(members) = members {
            pairs.replace(id, &members);
        }
    }
    id
}

/// A permission with the wide defaults.
pub(crate) fn fresh(id: Uuid, org: Uuid, creator: &str, now: Timestamp) -> Permission {
    Permission {
        id,
        org,
        name: String::new(),
        accounts: Vec::new(),
        protocols: vec!["all".to_owned()],
        actions: actions::ALL,
        date_start: now,
        date_expired: now + dates::FOREVER,
        is_active: true,
        comment: String::new(),
        created_by: creator.to_owned(),
        date_created: now,
        labels: Vec::new(),
    }
}

/// Puts user names in place of `%<template id>`, and makes the templates' accounts on
/// the assets of the permission.
fn with_templates(
    state: &mut State,
    request: &Request,
    draft: &Draft,
    old: Option<Uuid>,
    accounts: Vec<String>,
) -> Vec<String> {
    let assets: Vec<Uuid> = match (&draft.assets, old) {
        (Some(assets), _) => assets.clone(),
        (None, Some(id)) => state.permission_assets.members(id).collect(),
        (None, None) => Vec::new(),
    };
    accounts
        .into_iter()
        .map(|text| {
            let template = text
                .strip_prefix('%')
                .and_then(|id| id.parse().ok())
                .and_then(|id| state.templates.get(id))
                .cloned();
            let Some(template) = template else {
                return text;
            };
            for asset in &assets {
                let name = Some(template.name.clone());
                let kind = &template.secret_type;
                if account_create::clash(state, *asset, name.as_deref(), &template.username, kind)
                    .is_some()
                {
                    continue;
                }
                let mut account =
                    account_create::fresh(state, request, None, *asset, name, &template.username);
                account.secret.clone_from(&template.secret);
                account.secret_type.clone_from(kind);
                account.template = Some(template.id);
                account_create::keep(state, account);
            }
            template.username
        })
        .collect()
}

fn references<T: Row>(
    pairs: &Pairs,
    id: Uuid,
    table: &Table<T>,
    name: impl Fn(&T) -> &str,
) -> Value {
    let mut rows: Vec<&T> = pairs.members(id).filter_map(|member| table.get(member)).collect();
    rows.sort_by(|a, b| name(a).cmp(name(b)));
    rows.into_iter().map(|row| reference(row.id(), name(row))).collect()
}

/// One permission. A list holds amounts in place of the relations.
fn show(state: &State, request: &Request, id: Uuid, listed: bool) -> Value {
    let Some(row) = state.permissions.get(id) else {
        return Value::Null;
    };
    let now = state.now();
    let zone = &request.call.zone;
    let mut shown = json!({
        "id": id,
        "name": row.name,
        "labels": labels::write(state, &row.labels),
        "accounts": row.accounts,
        "protocols": row.protocols,
        "actions": actions::write(row.actions, state.version),
        "created_by": row.created_by,
        "comment": row.comment,
        "org_id": row.org,
        "org_name": state.org_name(row.org),
        "is_active": row.is_active,
        "is_expired": row.is_expired(now),
        "is_valid": row.is_valid(now),
        "from_ticket": false,
        "date_created": dates::write(row.date_created, zone),
        "date_start": dates::write(row.date_start, zone),
        "date_expired": dates::write(row.date_expired, zone),
    });
    if listed || state.version == Version::V4 {
        shown["users_amount"] = json!(state.permission_users.amount(id));
        shown["user_groups_amount"] = json!(state.permission_groups.amount(id));
        shown["assets_amount"] = json!(state.permission_assets.amount(id));
        shown["nodes_amount"] = json!(state.permission_nodes.amount(id));
    }
    if !listed {
        shown["users"] = references(&state.permission_users, id, &state.users, |row| &row.name);
        shown["user_groups"] =
            references(&state.permission_groups, id, &state.groups, |row| &row.name);
        shown["assets"] = references(&state.permission_assets, id, &state.assets, |row| &row.name);
        shown["nodes"] = references(&state.permission_nodes, id, &state.nodes, |row| &row.value);
    }
    shown
}

/// The answer to OPTIONS: the names and limits of the fields that can be written.
fn options() -> Value {
    let field = |kind: &str, required: bool, label: &str| {
        json!({
            "type": kind, "required": required, "read_only": false, "label": label, "write_only": false,
        })
    };
    let mut fields = json!({
        "id": field("string", false, "ID"),
        "name": field("string", true, "Name"),
        "users": field("m2m_related_field", false, "User"),
        "user_groups": field("m2m_related_field", false, "User group"),
        "assets": field("m2m_related_field", false, "Asset"),
        "nodes": field("m2m_related_field", false, "Node"),
    });
    fields["name"]["max_length"] = json!(128);
    json!({
        "name": "Asset Permission List",
        "renders": ["application/json", "text/csv", "application/xlsx"],
        "parses": [
            "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/csv",
            "text/xlsx", "*/*",
        ],
        "actions": {"POST": fields},
    })
}
