//! `accounts/accounts/`: what JumpServer logs in with. A secret goes in and never comes
//! out.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::bulk::{self, IdFilter};
use crate::errors::{self, Invalid, Outcome, Problems, Reply};
use crate::fields;
use crate::filters;
use crate::http::Request;
use crate::labels;
use crate::model::{Account, Template};
use crate::nodes;
use crate::paging::{self, ID_AND_NAME, Page};
use crate::rbac::right;
use crate::show_accounts::show;
use crate::state::{State, scatter, visible};

const EXISTS: &str = "Account already exists";

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
    let node =
        call.param("node_id").map(|text| nodes::subtree(state, text.parse().unwrap_or_default()));
    let has_secret = call.param("has_secret").map(|text| matches!(text, "true" | "True" | "1"));
    let of_asset = |row: &Account| asset.is_none_or(|asset| asset == Some(row.asset));
    let candidates: Vec<&Account> = match asset {
        Some(Some(asset)) => {
            state.asset_accounts.members(asset).filter_map(|id| state.accounts.get(id)).collect()
        }
        _ => state.accounts.iter().collect(),
    };
    let mut rows: Vec<&Account> = candidates
        .into_iter()
        .filter(|row| {
            let home = state.assets.get(row.asset);
            visible(row.org, request.org)
                && of_asset(row)
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

/// The asset of a new account.
fn asset_of(state: &State, request: &Request, body: &Value) -> Result<Uuid, Invalid> {
    let mut problems = Problems::default();
    let found = match body.get("asset") {
        None | Some(Value::Null) => {
            problems.set("asset", json!("This field is required."));
            None
        }
        Some(value) => {
            let id = fields::id_text(value).parse::<Uuid>().ok();
            let seen = id.filter(|id| {
                state.assets.get(*id).is_some_and(|asset| visible(asset.org, request.org))
            });
            if seen.is_none() {
                problems.add("asset", "Asset not found");
            }
            seen
        }
    };
    problems.finish()?;
    Ok(found.unwrap_or_default())
}

fn template_of<'a>(state: &'a State, body: &Value) -> Option<&'a Template> {
    let text = fields::id_text(body.get("template")?);
    state.templates.get(text.parse().ok()?)
}

/// Which rule an account on an asset would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clash {
    /// The user name with this type of secret is there.
    Username(Uuid),
    /// The name is there.
    Name(Uuid),
}

/// Is there an account like this on the asset?
pub(crate) fn clash(
    state: &State,
    asset: Uuid,
    name: Option<&str>,
    username: &str,
    kind: &str,
) -> Option<Clash> {
    let there = |id| state.accounts.get(id);
    state
        .asset_accounts
        .members(asset)
        .filter_map(there)
        .find(|row| row.username == username && row.secret_type == kind)
        .map(|row| Clash::Username(row.id))
        .or_else(|| {
            let key = Account::unique(asset, name?);
            let org = state.assets.get(asset)?.org;
            state.accounts.find(org, &key).map(|row| Clash::Name(row.id))
        })
}

fn create(state: &mut State, request: &Request, body: &Value) -> Result<Uuid, Invalid> {
    let mut problems = Problems::default();
    let asset = asset_of(state, request, body)?;
    let template = template_of(state, body).cloned();
    let id = fields::chosen_id(body, &state.accounts, "Account", &mut problems);
    let username = match (&template, body.get("username")) {
        (Some(template), None) => Some(template.username.clone()),
        _ => fields::loose_text(body, "username", 128, true, &mut problems),
    };
    let name = match (&template, body.get("name")) {
        (Some(template), None) => Some(template.name.clone()),
        _ => fields::loose_text(body, "name", 128, false, &mut problems)
            .filter(|name| !name.is_empty()),
    };
    let comment = fields::comment(body, &mut problems);
    let privileged = fields::flag(body, "privileged", &mut problems);
    let is_active = fields::flag(body, "is_active", &mut problems);
    let secret_reset = fields::flag(body, "secret_reset", &mut problems);
    problems.finish()?;
    let username = username.unwrap_or_default();
    let kind = secret_type(body, template.as_ref());
    let secret = body
        .get("secret")
        .and_then(Value::as_str)
        .filter(|secret| !secret.is_empty())
        .map(str::to_owned)
        .or_else(|| template.as_ref().and_then(|template| template.secret.clone()));
    check_key(&kind, secret.as_deref())?;
    let su_from = su_from(state, asset, body);
    if let Some(clash) = clash(state, asset, name.as_deref(), &username, &kind) {
        match taken(state, request, body, clash)? {
            Some(old) => return Ok(old),
            None => return Ok(overwrite(state, request, body, clash)),
        }
    }
    let labels = labels::read(state, body)?.map(|texts| labels::ids(state, request.org, &texts));
    let mut draft = fresh(state, request, id, asset, name, &username);
    draft.secret_type = kind;
    draft.secret = secret;
    draft.comment = comment.unwrap_or_default();
    draft.privileged = privileged.unwrap_or(false);
    draft.is_active = is_active.unwrap_or(true);
    draft.secret_reset = secret_reset.unwrap_or(true);
    draft.su_from = su_from;
    draft.template = template.map(|template| template.id);
    draft.labels = labels.unwrap_or_default();
    let id = draft.id;
    keep(state, draft);
    Ok(id)
}

/// Puts a new account in.
pub(crate) fn keep(state: &mut State, account: Account) {
    state.asset_accounts.add(account.asset, account.id);
    state.accounts.insert(account);
}

/// A new account; a name that is not given is the user name, with a few more characters
/// when that is taken.
pub(crate) fn fresh(
    state: &mut State,
    request: &Request,
    id: Option<Uuid>,
    asset: Uuid,
    name: Option<String>,
    username: &str,
) -> Account {
    let org = state.assets.get(asset).map_or(request.org, |asset| asset.org);
    let name = name.unwrap_or_else(|| {
        let free = state.accounts.find(org, &Account::unique(asset, username)).is_none();
        if free {
            username.to_owned()
        } else {
            format!("{username}_{}", crate::auth::secret_text(4))
        }
    });
    let now = state.stamp();
    Account {
        id: id.unwrap_or_else(Uuid::new_v4),
        org,
        asset,
        unique: Account::unique(asset, &name),
        name,
        username: username.to_owned(),
        secret_type: "password".to_owned(),
        secret: None,
        privileged: false,
        is_active: true,
        secret_reset: true,
        comment: String::new(),
        su_from: None,
        template: None,
        shown_version: match state.version {
            Version::V3 => 1,
            Version::V4 => 0,
        },
        secrets: 1,
        created_by: Some(request.caller.name.clone()),
        date_created: now,
        date_updated: now,
        labels: Vec::new(),
    }
}

fn secret_type(body: &Value, template: Option<&Template>) -> String {
    body.get("secret_type")
        .map(|value| value.get("value").unwrap_or(value))
        .and_then(Value::as_str)
        .map(str::to_owned)
        .or_else(|| template.map(|template| template.secret_type.clone()))
        .unwrap_or_else(|| "password".to_owned())
}

fn check_key(kind: &str, secret: Option<&str>) -> Result<(), Invalid> {
    let bad = kind == "ssh_key" && secret.is_some_and(|secret| !secret.contains("PRIVATE KEY"));
    if bad {
        return Err(Reply::json(400, json!(["private key invalid or passphrase error"])).into());
    }
    Ok(())
}

fn su_from(state: &State, asset: Uuid, body: &Value) -> Option<Uuid> {
    let id = fields::id_text(body.get("su_from")?).parse().ok()?;
    state.accounts.get(id).filter(|row| row.asset == asset).map(|row| row.id)
}

/// What comes of an account that is there: an error, the old one as it is, or `None` for
/// overwriting it. Version 4 refuses whatever `on_invalid` says.
fn taken(
    state: &State,
    request: &Request,
    body: &Value,
    clash: Clash,
) -> Result<Option<Uuid>, Invalid> {
    let mut problems = Problems::default();
    if request.call.version == Version::V4 {
        match clash {
            Clash::Username(_) => problems.add(
                "username",
                format!("{EXISTS}. Field(s): Username, Asset, Secret type must be unique."),
            ),
            Clash::Name(_) => {
                problems.add("name", format!("{EXISTS}. Field(s): Name, Asset must be unique."));
            }
        }
        problems.finish()?;
        return Ok(None);
    }
    let (Clash::Username(id) | Clash::Name(id)) = clash;
    let mode = body.get("on_invalid").map(|value| value.get("value").unwrap_or(value));
    match mode.and_then(Value::as_str) {
        Some("skip") => Ok(state.accounts.contains(id).then_some(id)),
        Some("update") => Ok(None),
        Some("error") => {
            let words = match clash {
                Clash::Username(_) => {
                    "The fields username, asset, secret_type must make a unique set."
                }
                Clash::Name(_) => "The fields name, asset must make a unique set.",
            };
            problems.add("non_field_errors", words);
            problems.finish()?;
            Ok(None)
        }
        _ => Err(Reply::json(400, json!([EXISTS])).into()),
    }
}

/// `on_invalid=update` of version 3. What is not sent falls back to its default.
fn overwrite(state: &mut State, request: &Request, body: &Value, clash: Clash) -> Uuid {
    let (Clash::Username(id) | Clash::Name(id)) = clash;
    let text =
        |field: &str| body.get(field).and_then(Value::as_str).map(|text| text.trim().to_owned());
    let change = Change {
        name: None,
        secret: text("secret").filter(|secret| !secret.is_empty()),
        comment: text("comment"),
        privileged: Some(body.get("privileged").and_then(Value::as_bool).unwrap_or(false)),
        is_active: body.get("is_active").and_then(Value::as_bool),
        secret_reset: None,
        su_from: None,
        labels: labels::read(state, body).ok().flatten(),
    };
    apply(state, request, id, change);
    id
}

/// What a PUT or PATCH changes; the user name, the asset and the type of the secret are
/// ignored without a word.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) name: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) comment: Option<String>,
    pub(crate) privileged: Option<bool>,
    pub(crate) is_active: Option<bool>,
    pub(crate) secret_reset: Option<bool>,
    pub(crate) su_from: Option<Option<Uuid>>,
    pub(crate) labels: Option<Vec<String>>,
}

fn check_change(
    state: &State,
    request: &Request,
    body: &Value,
    id: Uuid,
) -> Result<Change, Invalid> {
    let Some(old) = state.accounts.get(id) else {
        return Err(errors::no_object("Account").into());
    };
    let mut problems = Problems::default();
    if request.call.method == "PUT" {
        fields::loose_text(body, "username", 128, true, &mut problems);
    }
    let name = fields::text(body, "name", 128, false, &mut problems);
    if let Some(name) = &name
        && let Some(other) = state.accounts.find(old.org, &Account::unique(old.asset, name))
        && other.id != id
    {
        match state.version {
            Version::V3 => {
                problems.add("non_field_errors", "The fields name, asset must make a unique set.");
            }
            Version::V4 => {
                problems.add("name", format!("{EXISTS}. Field(s): Name, Asset must be unique."));
            }
        }
    }
    let comment = fields::comment(body, &mut problems);
    let privileged = fields::flag(body, "privileged", &mut problems);
    let is_active = fields::flag(body, "is_active", &mut problems);
    let secret_reset = fields::flag(body, "secret_reset", &mut problems);
    problems.finish()?;
    let secret = body
        .get("secret")
        .and_then(Value::as_str)
        .filter(|secret| !secret.is_empty())
        .map(str::to_owned);
    check_key(&old.secret_type, secret.as_deref())?;
    Ok(Change {
        name,
        secret,
        comment,
        privileged,
        is_active,
        secret_reset,
        su_from: body.get("su_from").map(|_| su_from(state, old.asset, body)),
        labels: labels::read(state, body)?,
    })
}

/// Carries out a change. The shown version of version 3 lags one save behind.
pub(crate) fn apply(state: &mut State, request: &Request, id: Uuid, change: Change) {
    let labels = change.labels.map(|texts| labels::ids(state, request.org, &texts));
    let now = state.stamp();
    let version = state.version;
    state.accounts.change(id, |row| {
        if let Some(name) = change.name {
            row.unique = Account::unique(row.asset, &name);
            row.name = name;
        }
        if version == Version::V3 {
            row.shown_version = row.secrets;
        }
        if let Some(secret) = change.secret {
            if row.secret.as_ref() != Some(&secret) {
                if version == Version::V4 {
                    row.shown_version = row.secrets;
                }
                row.secrets += 1;
            }
            row.secret = Some(secret);
        }
        row.comment = change.comment.unwrap_or(std::mem::take(&mut row.comment));
        row.privileged = change.privileged.unwrap_or(row.privileged);
        row.is_active = change.is_active.unwrap_or(row.is_active);
        row.secret_reset = change.secret_reset.unwrap_or(row.secret_reset);
        row.su_from = change.su_from.unwrap_or(row.su_from);
        row.labels = labels.unwrap_or(std::mem::take(&mut row.labels));
        row.template = None;
        row.date_updated = now;
    });
}

/// Accounts that come inside a new asset.
pub(crate) fn add_inline(state: &mut State, request: &Request, asset: Uuid, body: &Value) {
    let mut body = body.clone();
    body["asset"] = json!(asset);
    // One that can not be made is left out: the asset is there already.
    let _ = create(state, request, &body);
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
