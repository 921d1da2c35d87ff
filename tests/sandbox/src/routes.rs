//! From an address to its handler.

use serde_json::Value;

use crate::account_bulk;
use crate::accounts;
use crate::assets::{self, View};
use crate::auth;
use crate::bulk;
use crate::effective;
use crate::errors::{self, Body, Outcome, Reply};
use crate::groups;
use crate::http::{Call, Request};
use crate::labels;
use crate::language;
use crate::nodes;
use crate::org;
use crate::past;
use crate::permissions;
use crate::platforms;
use crate::rbac;
use crate::relations::{self, Relation};
use crate::sessions;
use crate::settings;
use crate::show_users;
use crate::state::State;
use crate::tokens;
use crate::users;

/// Carries a request out.
pub(crate) fn answer(state: &mut State, call: &Call) -> Reply {
    let (Ok(reply) | Err(reply)) = dispatch(state, call);
    finish(call, reply)
}

fn dispatch(state: &mut State, call: &Call) -> Outcome {
    let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
    if !call.path.ends_with('/') && call.method != "GET" {
        // A client that follows this turns the write into a read.
        let reply = Reply::html(301, "", "").with_header("Location", format!("{}/", call.path));
        return Err(Reply { body: Body::Html(String::new()), ..reply });
    }
    match parts.as_slice() {
        ["authentication", "auth"] => return auth::login(state, call),
        ["settings", "public", "open"] if call.method == "GET" => {
            return Ok(Reply::ok(settings::open(state.version)));
        }
        _ => {}
    }
    if !known(&parts) {
        return Err(errors::no_route());
    }
    let caller = auth::caller(state, call)?;
    let request = Request { call, caller, org: org::current(state, call) };
    serve(state, &request, &parts)
}

/// Is there a view at this address? An unknown address is 404 before anyone logs in.
fn known(parts: &[&str]) -> bool {
    match parts {
        ["users", second, ..] => {
            matches!(*second, "users" | "profile" | "groups" | "users-groups-relations")
        }
        ["assets", second, ..] => {
            matches!(*second, "assets" | "hosts" | "databases" | "nodes" | "platforms")
        }
        ["accounts", second, ..] => {
            matches!(*second, "accounts" | "account-templates" | "account-secrets")
        }
        ["perms", "asset-permissions", ..] | ["perms", "users", _, "assets", ..] => true,
        ["perms", second, ..] => Relation::of_permissions(second).is_some(),
        ["rbac", second, ..] => matches!(
            *second,
            "permissions" | "org-roles" | "system-roles" | "role-bindings" | "org-role-bindings"
        ),
        ["authentication", second] => matches!(
            *second,
            "access-keys" | "access-tokens" | "connection-token" | "super-connection-token"
        ),
        ["terminal", "sessions", ..] | ["terminal", "tasks", "kill-session"] => true,
        ["labels", "labels"]
        | ["orgs", "orgs", ..]
        | ["audits", "operate-logs"]
        | ["settings", "public", ..]
        | ["common", "resources", "cache"] => true,
        _ => false,
    }
}

fn serve(state: &mut State, request: &Request, parts: &[&str]) -> Outcome {
    let rest = request.call.parts.get(2..).unwrap_or_default();
    let method = request.call.method.as_str();
    match parts {
        ["users", "users", ..] => users::serve(state, request, rest),
        ["users", "profile"] => profile(state, request),
        ["users", "profile", "permissions"] if method == "GET" => {
            Ok(Reply::ok(show_users::own_permissions(state, request)))
        }
        ["users", "groups", ..] => groups::serve(state, request, rest),
        ["users", "users-groups-relations", ..] => {
            relations::serve(state, request, Relation::GroupUsers, rest)
        }
        ["assets", "assets", ..] => assets::serve(state, request, View::Assets, rest),
        ["assets", "hosts", ..] => assets::serve(state, request, View::Hosts, rest),
        ["assets", "databases", ..] => assets::serve(state, request, View::Databases, rest),
        ["assets", "nodes", ..] => nodes::serve(state, request, rest),
        ["assets", "platforms", ..] => platforms::serve(request, rest),
        ["accounts", "accounts", ..] => accounts::serve(state, request, rest),
        ["accounts", "account-templates", ..] => account_bulk::templates(state, request, rest),
        ["accounts", "account-secrets", ..] => {
            request.caller.must("accounts.view_accountsecret")?;
            Err(errors::confirm("mfa"))
        }
        ["perms", "asset-permissions", ..] => permissions::serve(state, request, rest),
        ["perms", "users", user, "assets", ..] => {
            let below = request.call.parts.get(4..).unwrap_or_default();
            effective::serve(state, request, user, below)
        }
        ["perms", table, ..] => match Relation::of_permissions(table) {
            Some(relation) => relations::serve(state, request, relation, rest),
            None => Err(errors::no_route()),
        },
        ["rbac", "permissions"] => rbac::permissions(state, request),
        ["rbac", "role-bindings" | "org-role-bindings"] => rbac::bindings(state, request),
        ["rbac", "org-roles", ..] => rbac::roles(state, request, false, rest),
        ["rbac", "system-roles", ..] => rbac::roles(state, request, true, rest),
        ["authentication", "access-keys"] => auth::access_keys(state, request),
        ["authentication", "access-tokens"] if method == "GET" => {
            Ok(Reply::ok(Value::Array(Vec::new())))
        }
        ["authentication", "connection-token"] => tokens::serve(state, request, false),
        ["authentication", "super-connection-token"] => tokens::serve(state, request, true),
        ["terminal", "sessions", ..] => sessions::serve(state, request, rest),
        ["terminal", "tasks", "kill-session"] => sessions::kill(state, request),
        ["labels", "labels"] => labels::list(state, request),
        ["orgs", "orgs", ..] => org::serve(state, request, rest),
        ["audits", "operate-logs"] => past::operate_logs(state, request),
        ["settings", "public"] if method == "GET" => Ok(Reply::ok(settings::public(state.version))),
        ["common", "resources", "cache"] => bulk::cache(state, request),
        _ => Err(errors::method_not_allowed(method)),
    }
}

fn profile(state: &State, request: &Request) -> Outcome {
    if request.call.method != "GET" {
        return Err(errors::method_not_allowed(&request.call.method));
    }
    let user = state.users.get(request.caller.user).ok_or_else(|| errors::no_object("User"))?;
    Ok(Reply::ok(show_users::profile(state, request, user, false)))
}

/// The last touch: pages for those who sent no JSON, and the language.
fn finish(call: &Call, mut reply: Reply) -> Reply {
    let json = call.header("content-type").is_some_and(|kind| kind.contains("application/json"));
    let broken = Body::Json(serde_json::json!({"error": "Server internal error"}));
    match (reply.status, &reply.body) {
        (404, Body::Html(_)) if json => {
            reply.body = Body::Json(serde_json::json!({"error": "Not found"}))
        }
        (500, Body::Html(_)) if json => reply.body = broken,
        (500, body) if !json && *body == broken => reply.body = errors::internal_page().body,
        _ => {}
    }
    if reply.status >= 400
        && let Body::Json(body) = &mut reply.body
    {
        language::translate(call, body);
    }
    reply
}
