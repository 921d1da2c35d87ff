//! `accounts/accounts/bulk/` (one account on many assets) and
//! `accounts/account-templates/`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::account_change::{self, Change};
use crate::account_create::{self, Clash};
use crate::accounts;
use crate::bulk;
use crate::dates;
use crate::errors::{self, Invalid, Outcome, Problems, Reply};
use crate::fields;
use crate::filters;
use crate::http::Request;
use crate::model::{Template, choice};
use crate::paging::{self, ID_AND_NAME};
use crate::rbac::right;
use crate::show_assets;
use crate::state::{State, visible};

/// Makes one account on many assets; the answer says for each what came of it.
pub(crate) fn serve(state: &mut State, request: &Request) -> Outcome {
    let body = request.call.json()?;
    let mut problems = Problems::default();
    let ids = fields::objects(
        &body,
        "assets",
        &state.assets,
        |asset| visible(asset.org, request.org),
        &mut problems,
    );
    if ids.is_none() && body.get("assets").is_none() {
        problems.add("assets", "This field is required.");
    }
    let template = body
        .get("template")
        .map(fields::id_text)
        .and_then(|id| id.parse().ok())
        .and_then(|id| state.templates.get(id))
        .cloned();
    let username = match &template {
        Some(template) => Some(template.username.clone()),
        None => fields::loose_text(&body, "username", 128, true, &mut problems),
    };
    problems.finish().map_err(Invalid::reply)?;
    let username = username.unwrap_or_default();
    let text = |field: &str| body.get(field).and_then(Value::as_str).map(str::to_owned);
    let name = text("name")
        .or_else(|| template.as_ref().map(|template| template.name.clone()))
        .unwrap_or_else(|| username.clone());
    let kind = text("secret_type")
        .or_else(|| template.as_ref().map(|template| template.secret_type.clone()))
        .unwrap_or_else(|| "password".to_owned());
    let secret =
        text("secret").or_else(|| template.as_ref().and_then(|template| template.secret.clone()));
    let on_invalid = text("on_invalid").unwrap_or_else(|| "error".to_owned());
    let mut results = Vec::new();
    let mut failed = false;
    let mut made = Vec::new();
    for asset in ids.unwrap_or_default() {
        let (state_word, error) =
            match account_create::clash(state, asset, Some(&name), &username, &kind) {
                None => {
                    let mut account = account_create::fresh(
                        state,
                        request,
                        None,
                        asset,
                        Some(name.clone()),
                        &username,
                    );
                    account.secret_type.clone_from(&kind);
                    account.secret.clone_from(&secret);
                    account.template = template.as_ref().map(|template| template.id);
                    made.push(account.id);
                    account_create::keep(state, account);
                    ("created", None)
                }
                Some(_) if on_invalid == "skip" => ("skipped", None),
                Some(Clash::Username(id) | Clash::Name(id)) if on_invalid == "update" => {
                    account_change::apply(state, request, id, only_secret(secret.clone()));
                    ("updated", None)
                }
                Some(_) => {
                    failed = true;
                    ("error", Some("Account already exists"))
                }
            };
        let shown = state.assets.get(asset).map(show_assets::display).unwrap_or_default();
        let mut row = json!({"asset": shown, "state": state_word});
        match error {
            Some(error) => row["error"] = json!(error),
            None => row["changed"] = json!(state_word != "skipped"),
        }
        if state.version == Version::V4 {
            row["account"] = json!(name);
        }
        results.push(row);
    }
    // With errors only they are shown. Version 3 takes the rest back, version 4 keeps it.
    if failed {
        results.retain(|row| row["state"] == "error");
        if state.version == Version::V3 {
            for id in made {
                accounts::remove(state, id);
            }
        }
    }
    let status = if failed && state.version == Version::V3 { 400 } else { 200 };
    Ok(Reply::json(status, Value::Array(results)))
}

fn only_secret(secret: Option<String>) -> Change {
    Change {
        name: None,
        secret,
        comment: None,
        privileged: None,
        is_active: None,
        secret_reset: None,
        su_from: None,
        labels: None,
    }
}

/// Serves `accounts/account-templates/...`.
pub(crate) fn templates(state: &mut State, request: &Request, rest: &[String]) -> Outcome {
    let method = request.call.method.as_str();
    request.caller.must(&right(method, "accounts", "accounttemplate"))?;
    match (method, rest) {
        ("GET", []) => {
            let mut rows: Vec<&Template> =
                state.templates.iter().filter(|row| visible(row.org, request.org)).collect();
            filters::sort(&mut rows, request.call, |row, _| row.name.clone());
            Ok(paging::list(request.call, &rows, ID_AND_NAME, |row| {
                show_template(state, request, row)
            }))
        }
        ("POST", []) => {
            bulk::create(state, request, |state, body| create_template(state, request, body))
        }
        (_, [id]) => {
            let id =
                filters::find(&state.templates, request, id, "AccountTemplate", state.version)?;
            match method {
                "GET" => {
                    let row = state
                        .templates
                        .get(id)
                        .ok_or_else(|| errors::no_object("AccountTemplate"))?;
                    Ok(Reply::ok(show_template(state, request, row)))
                }
                "DELETE" => {
                    state.templates.remove(id);
                    Ok(Reply::empty(204))
                }
                other => Err(errors::method_not_allowed(other)),
            }
        }
        (other, _) => Err(errors::method_not_allowed(other)),
    }
}

fn create_template(state: &mut State, request: &Request, body: &Value) -> Result<Value, Invalid> {
    let mut problems = Problems::default();
    let name = fields::text(body, "name", 128, true, &mut problems);
    filters::unique(&state.templates, request.org, name.as_deref(), None, &mut problems);
    let username = fields::loose_text(body, "username", 128, false, &mut problems);
    let id = fields::chosen_id(body, &state.templates, "Account template", &mut problems);
    problems.finish()?;
    let text = |field: &str| body.get(field).and_then(Value::as_str).map(str::to_owned);
    let template = Template {
        id: id.unwrap_or_else(Uuid::new_v4),
        org: request.org,
        name: name.unwrap_or_default(),
        username: username.unwrap_or_default(),
        secret_type: text("secret_type").unwrap_or_else(|| "password".to_owned()),
        secret: text("secret").filter(|secret| !secret.is_empty()),
        created_by: request.caller.name.clone(),
        date_created: state.stamp(),
    };
    state.templates.insert(template.clone());
    Ok(show_template(state, request, &template))
}

fn show_template(state: &State, request: &Request, template: &Template) -> Value {
    let date = dates::write(template.date_created, &request.call.zone);
    let label = if template.secret_type == "ssh_key" { "SSH key" } else { "Password" };
    let mut row = json!({
        "id": template.id,
        "name": template.name,
        "username": template.username,
        "secret_type": choice(&template.secret_type, label),
        "created_by": template.created_by,
        "comment": "",
        "labels": [],
        "secret_strategy": choice("specific", "Specific secret"),
        "password_rules": {
            "length": 16, "lowercase": true, "uppercase": true, "digit": true, "symbol": true,
            "exclude_symbols": "",
        },
        "push_params": {},
        "platforms": [],
        "su_from": null,
        "org_id": template.org,
        "org_name": state.org_name(template.org),
        "privileged": false,
        "is_active": true,
        "auto_push": false,
        "date_created": date,
        "date_updated": date,
    });
    if state.version == Version::V3 {
        row["spec_info"] = json!({});
    }
    row
}
