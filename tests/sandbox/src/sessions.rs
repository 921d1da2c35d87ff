//! `terminal/sessions/` and `terminal/tasks/kill-session/`: what is open, and ending it.
//!
//! No exchange of these was recorded: fields, filters, rights and the answer are those of
//! the published source of both versions (`apps/terminal`). There the kill is a task that
//! the component of the session fetches in its own time; here it is carried out at once.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::dates;
use crate::errors::{self, Outcome, Reply};
use crate::filters;
use crate::http::Request;
use crate::model::Session;
use crate::paging::{self, Sizes};
use crate::state::{State, visible};

/// Sessions have no name.
const ID: Sizes = Sizes { mini: &["id"], small: &[] };

/// Serves `terminal/sessions/...`.
pub(crate) fn serve(state: &State, request: &Request, rest: &[String]) -> Outcome {
    if request.call.method != "GET" {
        return Err(errors::method_not_allowed(&request.call.method));
    }
    request.caller.must("terminal.view_session")?;
    match rest {
        [] => {
            let call = request.call;
            let finished = match call.param("is_finished").map(str::to_lowercase).as_deref() {
                Some("1" | "true") => Some(true),
                Some("0" | "false") => Some(false),
                _ => None,
            };
            let date =
                |name: &str| call.param(name).and_then(|text| dates::read(text, &call.zone).ok());
            let (from, to) = (date("date_from"), date("date_to"));
            let mut rows: Vec<&Session> = state
                .sessions
                .iter()
                .filter(|row| visible(row.org, request.org))
                .filter(|row| finished.is_none_or(|finished| row.is_finished == finished))
                .filter(|row| from.is_none_or(|from| row.date_start >= from))
                .filter(|row| to.is_none_or(|to| row.date_start <= to))
                .filter(|row| {
                    filters::exact(call, "user_id", &row.user.to_string())
                        && filters::exact(call, "asset_id", &row.asset.to_string())
                        && filters::exact_or_folded(call, "account", &account(state, row))
                        && filters::exact(call, "protocol", &row.protocol)
                })
                .collect();
            match call.param("order") {
                Some("id") => rows.sort_by_key(|row| row.id),
                Some("date_start") => rows.sort_by_key(|row| (row.date_start, row.id)),
                // The newest first.
                _ => rows.sort_by_key(|row| std::cmp::Reverse((row.date_start, row.id))),
            }
            Ok(paging::list(call, &rows, ID, |row| show(state, request, row)))
        }
        [id] => {
            let id: Uuid = id.parse().unwrap_or_default();
            let row = state.sessions.get(id).filter(|row| visible(row.org, request.org));
            let row = row.ok_or_else(|| errors::no_object("Session"))?;
            Ok(Reply::ok(show(state, request, row)))
        }
        _ => Err(errors::no_route()),
    }
}

/// Serves `terminal/tasks/kill-session/`: the body is a list of ids; those that are open
/// come back.
pub(crate) fn kill(state: &mut State, request: &Request) -> Outcome {
    if request.call.method != "POST" {
        return Err(errors::method_not_allowed(&request.call.method));
    }
    request.caller.must("terminal.terminate_session")?;
    let body = request.call.json()?;
    let ids: Vec<String> = body
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    let open = |state: &State, id: &str| {
        let row = id.parse().ok().and_then(|id| state.sessions.get(id));
        row.is_some_and(|row| !row.is_finished && visible(row.org, request.org))
    };
    let ok: Vec<String> = ids.into_iter().filter(|id| open(state, id)).collect();
    for id in &ok {
        state.sessions.change(id.parse().unwrap_or_default(), |row| row.is_finished = true);
    }
    Ok(Reply::ok(json!({"ok": ok})))
}

/// The account as a component writes it.
fn account(state: &State, row: &Session) -> String {
    match state.accounts.get(row.account) {
        Some(account) => format!("{}({})", account.name, account.username),
        None => row.account_text.clone(),
    }
}

fn show(state: &State, request: &Request, row: &Session) -> Value {
    let user = state.users.get(row.user);
    let asset = state.assets.get(row.asset);
    json!({
        "id": row.id,
        "user": user.map(|user| format!("{}({})", user.name, user.username)).unwrap_or_default(),
        "asset": asset.map(|asset| format!("{}({})", asset.name, asset.address)).unwrap_or_default(),
        "user_id": row.user,
        "asset_id": row.asset,
        "account": account(state, row),
        "account_id": row.account,
        "protocol": row.protocol,
        "type": {"value": "normal", "label": "Normal"},
        "login_from": {"value": "WT", "label": "Web Terminal"},
        "remote_addr": "192.0.2.7",
        "is_success": true,
        "is_finished": row.is_finished,
        "has_replay": false,
        "has_command": false,
        "date_start": dates::write(row.date_start, &request.call.zone),
        "date_end": Value::Null,
        "comment": Value::Null,
        "terminal_display": "koko",
        "is_locked": false,
        "command_amount": 0,
        "error_reason": {"value": "", "label": ""},
        "can_replay": false,
        "can_join": !row.is_finished,
        "can_terminate": !row.is_finished,
        "org_id": row.org,
    })
}
