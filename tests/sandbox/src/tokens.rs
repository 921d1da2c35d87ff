//! Connection tokens: the proof that a person may really connect.

use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::actions::{self, CONNECT};
use crate::dates;
use crate::effective;
use crate::errors::{self, Invalid, Outcome, Problems, Reply};
use crate::fields;
use crate::http::Request;
use crate::model::reference;
use crate::show_assets;
use crate::state::State;

/// `authentication/connection-token/`, and the `super-` one of the system's
/// administrator for any user.
pub(crate) fn serve(state: &State, request: &Request, superuser: bool) -> Outcome {
    if superuser {
        request.caller.must("authentication.add_superconnectiontoken")?;
    }
    if request.call.method != "POST" {
        return Err(errors::method_not_allowed(&request.call.method));
    }
    let body = request.call.json()?;
    let mut problems = Problems::default();
    let mut text = |field: &str| match body.get(field) {
        None | Some(Value::Null) => {
            problems.add(field, "This field is required.");
            String::new()
        }
        Some(value) => fields::id_text(value),
    };
    let asset = text("asset");
    let account = text("account");
    let protocol = text("protocol");
    let method = text("connect_method");
    let user =
        if superuser { text("user").parse().unwrap_or_default() } else { request.caller.user };
    problems.finish().map_err(Invalid::reply)?;
    let refused =
        || Reply::json(400, json!({"code": "perm_account_invalid", "detail": "Account not found"}));
    let asset =
        asset.parse::<Uuid>().ok().and_then(|id| state.assets.get(id)).ok_or_else(refused)?;
    let user = state.users.get(user).ok_or_else(refused)?;
    let usable = effective::usable(state, user.id, asset.id)
        .into_iter()
        .find(|usable| usable.alias == account && usable.actions & CONNECT != 0)
        .ok_or_else(refused)?;
    let now = state.now();
    let zone = &request.call.zone;
    let mut row = json!({
        "id": Uuid::new_v4(),
        "value": crate::auth::secret_text(16),
        "user": reference(user.id, &user.name),
        "asset": reference(asset.id, &asset.name),
        "account": account,
        "input_username": "",
        "connect_method": method,
        "connect_options": {
            "file_name_conflict_resolution": "replace", "terminal_theme_name": "Default",
        },
        "protocol": protocol,
        "actions": actions::write(usable.actions, state.version),
        "from_ticket": null,
        "from_ticket_info": {},
        "created_by": request.caller.name,
        "updated_by": request.caller.name,
        "org_id": asset.org,
        "org_name": state.org_name(asset.org),
        "expire_time": 299,
        "is_expired": false,
        "user_display": format!("{}({})", user.name, user.username),
        "asset_display": show_assets::display(asset),
        "is_active": true,
        "is_reusable": false,
        "date_expired": dates::write(now + SignedDuration::from_mins(5), zone),
        "date_created": dates::write(now, zone),
        "date_updated": dates::write(now, zone),
    });
    if state.version == Version::V4 {
        row["input_secret_type"] = json!("");
        row["face_monitor_token"] = Value::Null;
        row["remote_addr"] = json!("127.0.0.1");
        row["connect_options"]["backspaceAsCtrlH"] = json!(false);
        row["connect_options"]["lang"] = json!("en");
    }
    Ok(Reply::json(201, row))
}
