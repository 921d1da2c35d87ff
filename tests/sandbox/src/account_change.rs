//! Changing accounts.

use serde_json::Value;
use uuid::Uuid;

use crate::Version;
use crate::account_create::{EXISTS, check_key, su_from};
use crate::errors::{self, Invalid, Problems};
use crate::fields;
use crate::http::Request;
use crate::labels;
use crate::model::Account;
use crate::state::State;

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

/// Reads a PUT or PATCH.
pub(crate) fn check_change(
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
