//! `users/groups/`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::bulk::{self, IdFilter};
use crate::dates;
use crate::errors::{self, Invalid, Outcome, Problems, Reply};
use crate::fields;
use crate::filters;
use crate::http::Request;
use crate::labels;
use crate::model::Group;
use crate::paging::{self, ID_AND_NAME};
use crate::rbac::right;
use crate::state::{State, visible};

/// Serves `users/groups/...`.
pub(crate) fn serve(state: &mut State, request: &Request, rest: &[String]) -> Outcome {
    request.caller.must(&right(&request.call.method, "users", "usergroup"))?;
    let [id] = rest else {
        return if rest.is_empty() { collection(state, request) } else { Err(errors::no_route()) };
    };
    let id = filters::find(&state.groups, request, id, "UserGroup", state.version)?;
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
    Ok(Reply::ok(paging::pick(request.call, show(state, request, id, false), ID_AND_NAME)))
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
                |drafts| filters::repeated(drafts.iter().filter_map(|draft| draft.name.as_deref())),
            )
        }
        "PUT" | "PATCH" => bulk::update_checked(
            state,
            request,
            "UserGroup",
            |state, id| state.groups.contains(id),
            |state, body, id| check(state, request, body, Some(id)),
            |state, id, draft| {
                write(state, request, Some(id), draft);
                show(state, request, id, false)
            },
        ),
        "DELETE" => {
            let rows = filtered(state, request);
            let total = state.groups.iter().filter(|row| visible(row.org, request.org)).count();
            bulk::allow_delete(request, rows.len(), total)?;
            for id in rows {
                remove(state, id);
            }
            Ok(Reply::empty(204))
        }
        other => Err(errors::method_not_allowed(other)),
    }
}

fn filtered(state: &State, request: &Request) -> Vec<Uuid> {
    let call = request.call;
    let ids = IdFilter::of(state, request);
    let labels = labels::Filter::of(state, call, request.org);
    let search = filters::Search::of(call);
    let mut rows: Vec<&Group> = state
        .groups
        .iter()
        .filter(|row| {
            visible(row.org, request.org)
                && ids.keeps_id(row.id)
                && filters::name(call, &row.name)
                && labels.keeps(&row.labels)
                && search.finds(&[&row.name])
        })
        .collect();
    filters::sort(&mut rows, call, |row, field| match field {
        "date_created" => row.date_created.to_string(),
        _ => row.name.clone(),
    });
    rows.into_iter().map(|row| row.id).collect()
}

#[derive(Debug)]
struct Draft {
    id: Option<Uuid>,
    name: Option<String>,
    comment: Option<String>,
    users: Option<Vec<Uuid>>,
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
    filters::unique(&state.groups, request.org, name.as_deref(), old, &mut problems);
    let id = old
        .is_none()
        .then(|| fields::chosen_id(body, &state.groups, "User group", &mut problems))
        .flatten();
    let comment = fields::comment(body, &mut problems);
    let users = fields::objects(body, "users", &state.users, |_| true, &mut problems);
    problems.finish()?;
    Ok(Draft { id, name, comment, users, labels: labels::read(state, body)? })
}

fn write(state: &mut State, request: &Request, old: Option<Uuid>, draft: Draft) -> Uuid {
    let id = old.or(draft.id).unwrap_or_else(Uuid::new_v4);
    let labels = draft.labels.map(|texts| labels::ids(state, request.org, &texts));
    let now = state.stamp();
    let mut group = state.groups.remove(id).unwrap_or_else(|| Group {
        id,
        org: request.org,
        name: String::new(),
        comment: String::new(),
        created_by: request.caller.name.clone(),
        date_created: now,
        labels: Vec::new(),
    });
    group.name = draft.name.unwrap_or(group.name);
    group.comment = draft.comment.unwrap_or(group.comment);
    group.labels = labels.unwrap_or(group.labels);
    state.groups.insert(group);
    if let Some(users) = draft.users {
        state.group_users.replace(id, &users);
    }
    id
}

fn remove(state: &mut State, id: Uuid) {
    state.groups.remove(id);
    state.group_users.forget(id);
    state.permission_groups.forget(id);
}

fn show(state: &State, request: &Request, id: Uuid, listed: bool) -> Value {
    let Some(group) = state.groups.get(id) else {
        return Value::Null;
    };
    let mut row = json!({
        "id": id,
        "name": group.name,
        "comment": group.comment,
        "created_by": group.created_by,
        "labels": labels::write(state, &group.labels),
        "org_id": group.org,
        "org_name": state.org_name(group.org),
        "date_created": dates::write(group.date_created, &request.call.zone),
    });
    if listed {
        row["users_amount"] = json!(state.group_users.amount(id));
    } else {
        let mut users: Vec<_> =
            state.group_users.members(id).filter_map(|user| state.users.get(user)).collect();
        users.sort_by(|a, b| a.name.cmp(&b.name));
        row["users"] = users
            .iter()
            .map(|user| {
                json!({
                    "id": user.id,
                    "name": user.name,
                    "is_service_account": user.is_service_account,
                })
            })
            .collect();
    }
    row
}
