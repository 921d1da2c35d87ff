//! `accounts/accounts/`: what JumpServer logs in with. A secret goes in and never comes
//! out.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::account_change::{apply, check_change};
use crate::account_create::create;
use crate::assets;
use crate::bulk::{self, IdFilter};
use crate::errors::{self, Invalid, Outcome, Reply};
use crate::fields;
use crate::filters;
use crate::http::Request;
use crate::labels;
use crate::model::Account;
use crate::nodes;
use crate::paging::{self, ID_AND_NAME, Page};
use crate::rbac::right;
use crate::show_accounts::show;
use crate::state::{State, scatter, visible};

/// Serves `accounts/accounts/...`.
pub(crate) fn serve(state: &mut State, request: &Request, rest: &[String]) -> Outcome {
    let method = request.call.method.as_str();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (method, rest.as_slice()) {
        ("POST", ["bulk"]) => {
            request.caller.must("accounts.add_account")?;
            crate::account_bulk::serve(state, request)
        }
        ("PATCH", ["clear-secret"]) => {
            request.caller.must("accounts.change_account")?;
            clear(state, request)
        }
        ("POST", ["tasks"]) => {
            request.caller.must("accounts.view_account")?;
            Ok(Reply::json(201, json!({"task": Uuid::new_v4()})))
        }
        (_, []) => {
            request.caller.must(&right(method, "accounts", "account"))?;
            collection(state, request)
        }
        (_, [id]) => {
            request.caller.must(&right(method, "accounts", "account"))?;
            one(state, request, id)
        }
        _ => Err(errors::no_route()),
    }
}

fn collection(state: &mut State, request: &Request) -> Outcome {
    match request.call.method.as_str() {
        "GET" => {
            let rows = filtered(state, request)?;
            Ok(paging::list(request.call, &rows, ID_AND_NAME, |id| {
                show(state, request, *id, false)
            }))
        }
        "POST" => {
            filters::must_save_in_an_org(state, request)?;
            // Objects of a list are checked one after the other, so undo by hand.
            let before: Vec<Uuid> = state.accounts.iter().map(|row| row.id).collect();
            let known: std::collections::HashSet<Uuid> = before.into_iter().collect();
            let made = bulk::create(state, request, |state, body| {
                let id = create(state, request, body)?;
                Ok(show(state, request, id, false))
            });
            if made.is_err() {
                let new: Vec<Uuid> = state
                    .accounts
                    .iter()
                    .map(|row| row.id)
                    .filter(|id| !known.contains(id))
                    .collect();
                for id in new {
                    remove(state, id);
                }
            }
            made
        }
        "PUT" | "PATCH" => bulk::update_checked(
            state,
            request,
            "Account",
            |state, id| state.accounts.contains(id),
            |state, body, id| check_change(state, request, body, id),
            |state, id, change| {
                apply(state, request, id, change);
                show(state, request, id, false)
            },
        ),
        "DELETE" => {
            let rows = filtered(state, request)?;
            let total = state.accounts.iter().filter(|row| visible(row.org, request.org)).count();
            bulk::allow_delete(request, rows.len(), total)?;
            for id in rows {
                remove(state, id);
            }
            Ok(Reply::empty(204))
        }
        other => Err(errors::method_not_allowed(other)),
    }
}

fn one(state: &mut State, request: &Request, id: &str) -> Outcome {
    let id = filters::find(&state.accounts, request, id, "Account", Version::V3)
        .map_err(|_| errors::no_object("Account"))?;
    match request.call.method.as_str() {
        "GET" => {
            let row = show(state, request, id, true);
            Ok(Reply::ok(paging::pick(request.call, row, ID_AND_NAME)))
        }
        "PUT" | "PATCH" => {
            let body = request.call.json()?;
            let change = check_change(state, request, &body, id).map_err(Invalid::reply)?;
            apply(state, request, id, change);
            Ok(Reply::ok(show(state, request, id, false)))
        }
        "DELETE" => {
            remove(state, id);
            Ok(Reply::empty(204))
        }
        other => Err(errors::method_not_allowed(other)),
    }
}

/// Removes an account.
pub(crate) fn remove(state: &mut State, id: Uuid) {
    state.accounts.remove(id);
    state.asset_accounts.forget(id);
}

/// The rows of a list. Without an order by date the accounts come by name, and those of
/// one name in any order, another on each page: pages overlap and rows are lost.
fn filtered(state: &State, request: &Request) -> Result<Vec<Uuid>, Reply> {
    let call = request.call;
    let ids = IdFilter::of(state, request);
    let labels = labels::Filter::of(state, call, request.org);
    let search = filters::Search::of(call);
    let asset = call
        .param("asset")
        .or(call.param("asset_id"))
        .map(|text| text.parse::<Uuid>().ok().filter(|id| state.assets.contains(*id)));
    if asset == Some(None) && state.version == Version::V4 {
        return Err(errors::no_object("Asset"));
    }
    // A node that is not there filters nothing.
    let node = call.param("node_id").and_then(|text| nodes::by_id_or_key(state, text));
    let node = node.map(|node| nodes::subtree(state, node));
    let has_secret = match call.param("has_secret") {
        Some("true" | "True" | "1") => Some(true),
        Some("false" | "False" | "0") => Some(false),
        _ => None,
    };
    // By the source of 3.10.9 (`AccountFilterSet.filter_has_secret`): it filters by `secret`,
    // and the field is called `_secret`.
    if has_secret.is_some() && state.version == Version::V3 {
        return Err(errors::internal());
    }
    let candidates: Vec<&Account> = match asset {
        Some(Some(asset)) => {
            assets::all_accounts(state, asset).filter_map(|id| state.accounts.get(id)).collect()
        }
        Some(None) => Vec::new(),
        None => state.accounts.iter().collect(),
    };
    let mut rows: Vec<&Account> = candidates
        .into_iter()
        .filter(|row| {
            let home = state.assets.get(row.asset);
            visible(row.org, request.org)
                && ids.keeps_id(row.id)
                && filters::exact_or_folded(call, "username", &row.username)
                && filters::exact(call, "secret_type", &row.secret_type)
                && call
                    .param("address")
                    .is_none_or(|address| home.is_some_and(|asset| asset.address == address))
                && has_secret.is_none_or(|has| has == row.secret.is_some())
                && node.as_ref().is_none_or(|nodes| {
                    state.asset_nodes.members(row.asset).any(|node| nodes.contains(&node))
                })
                && labels.keeps(&row.labels)
                && search.finds(&[
                    &row.username,
                    &row.name,
                    &row.comment,
                    home.map_or("", |asset| &asset.name),
                    home.map_or("", |asset| &asset.address),
                ])
        })
        .collect();
    let order = call.param("order").unwrap_or_default();
    match order.trim_start_matches('-') {
        "date_created" => rows.sort_by_key(|row| (row.date_created, row.id)),
        "date_updated" => rows.sort_by_key(|row| (row.date_updated, row.id)),
        _ => {
            let page = Page::of(call);
            let salt = u64::try_from(page.offset).unwrap_or(0);
            rows.sort_by(|a, b| {
                a.name.cmp(&b.name).then_with(|| scatter(salt, a.id).cmp(&scatter(salt, b.id)))
            });
        }
    }
    if order.starts_with('-') {
        rows.reverse();
    }
    Ok(rows.into_iter().map(|row| row.id).collect())
}

fn clear(state: &mut State, request: &Request) -> Outcome {
    let body = request.call.json()?;
    let ids: Vec<Uuid> = body
        .get("account_ids")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|id| fields::id_text(id).parse().ok())
        .collect();
    for id in ids {
        state.accounts.change(id, |row| {
            row.secret = None;
            row.secrets += 1;
        });
    }
    Ok(Reply::empty(200))
}
