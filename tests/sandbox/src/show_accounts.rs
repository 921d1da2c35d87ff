//! Accounts as answers show them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::assets;
use crate::dates;
use crate::http::Request;
use crate::labels;
use crate::model::{Account, choice};
use crate::state::State;

/// The label of a type of secret.
fn secret_type(value: &str) -> Value {
    let label = match value {
        "ssh_key" => "SSH key",
        "access_key" => "Access key",
        "token" => "Token",
        "api_key" => "API key",
        _ => "Password",
    };
    choice(value, label)
}

fn spec_info(account: &Account) -> Value {
    if account.secret_type == "ssh_key" { json!({"ssh_key_fingerprint": ""}) } else { json!({}) }
}

/// One account; `detail` is the answer for one by its id.
pub(crate) fn show(state: &State, request: &Request, id: Uuid, detail: bool) -> Value {
    let Some(account) = state.accounts.get(id) else {
        return Value::Null;
    };
    let zone = &request.call.zone;
    let su_from = account
        .su_from
        .and_then(|id| state.accounts.get(id))
        .map(|other| json!({"id": other.id, "name": other.name, "username": other.username}));
    let source = match account.template {
        Some(_) => choice("template", "Template"),
        None => choice("local", "Local"),
    };
    let mut row = json!({
        "id": id,
        "name": account.name,
        "username": account.username,
        "secret_type": secret_type(&account.secret_type),
        "created_by": account.created_by,
        "comment": account.comment,
        "labels": labels::write(state, &account.labels),
        "su_from": su_from,
        "asset": asset(state, account),
        "version": account.shown_version,
        "source": source,
        "source_id": account.template,
        "connectivity": choice("-", "Unknown"),
        "org_id": account.org,
        "org_name": state.org_name(account.org),
        "privileged": account.privileged,
        "is_active": account.is_active,
        "date_created": dates::write(account.date_created, zone),
        "date_updated": dates::write(account.date_updated, zone),
    });
    if state.version == Version::V3 || detail {
        row["spec_info"] = spec_info(account);
    }
    if detail {
        row["has_secret"] = json!(account.secret.is_some());
    }
    if state.version == Version::V4 {
        for field in [
            "ds",
            "login_by",
            "change_secret_status",
            "date_last_login",
            "date_verified",
            "date_change_secret",
        ] {
            row[field] = Value::Null;
        }
        row["secret_reset"] = json!(account.secret_reset);
    }
    row
}

fn asset(state: &State, account: &Account) -> Value {
    let Some(asset) = state.assets.get(account.asset) else {
        return Value::Null;
    };
    let platform = assets::platform(state, asset);
    let mut row = json!({
        "id": asset.id,
        "name": asset.name,
        "address": asset.address,
        "type": platform.show_type(),
        "category": platform.show_category(),
        "platform": {"id": asset.platform, "name": platform.name},
        "auto_config": platform.auto_config(state.version),
    });
    if state.version == Version::V4 {
        row["platform"]["type"] = platform.show_type()["value"].take();
    }
    row
}
