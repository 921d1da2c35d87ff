//! New accounts, and what comes of one that is there already.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::account_change::{Change, apply};
use crate::errors::{Invalid, Problems, Reply};
use crate::fields;
use crate::http::Request;
use crate::labels;
use crate::model::{Account, Template};
use crate::state::{State, visible};

/// The words about an account that is there.
pub(crate) const EXISTS: &str = "Account already exists";

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

/// Makes an account, and gives its id.
pub(crate) fn create(state: &mut State, request: &Request, body: &Value) -> Result<Uuid, Invalid> {
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

/// Refuses an SSH key that is none.
pub(crate) fn check_key(kind: &str, secret: Option<&str>) -> Result<(), Invalid> {
    let bad = kind == "ssh_key" && secret.is_some_and(|secret| !secret.contains("PRIVATE KEY"));
    if bad {
        return Err(Reply::json(400, json!(["private key invalid or passphrase error"])).into());
    }
    Ok(())
}

/// The account of the same asset that one switches from.
pub(crate) fn su_from(state: &State, asset: Uuid, body: &Value) -> Option<Uuid> {
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

/// Accounts that come inside a new asset.
pub(crate) fn add_inline(state: &mut State, request: &Request, asset: Uuid, body: &Value) {
    let mut body = body.clone();
    body["asset"] = json!(asset);
    // One that can not be made is left out: the asset is there already.
    let _ = create(state, request, &body);
}
