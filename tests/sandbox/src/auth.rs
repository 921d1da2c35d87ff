//! Who sends a request: private tokens, logins, access keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::Version;
use crate::dates;
use crate::errors::{self, Outcome, Reply};
use crate::http::Call;
use crate::model::User;
use crate::rbac::Caller;
use crate::show_users;
use crate::state::{DEFAULT_ORG, State};

/// Failed logins that lock a user name.
const MOST_FAILURES: u32 = 7;

fn unauthorized(version: Version, detail: &str, code: &str) -> Reply {
    let challenge = match version {
        Version::V3 => "Bearer",
        Version::V4 => "Signature realm=\"api\",headers=\"(request-target) date\"",
    };
    Reply::json(401, json!({"detail": detail, "code": code}))
        .with_header("WWW-Authenticate", challenge)
}

/// 401 of a request without credentials.
pub(crate) fn missing(version: Version) -> Reply {
    unauthorized(version, "Authentication credentials were not provided.", "not_authenticated")
}

fn failed(version: Version, detail: &str) -> Reply {
    unauthorized(version, detail, "authentication_failed")
}

/// Finds the caller of a request.
pub(crate) fn caller(state: &State, call: &Call) -> Result<Caller, Reply> {
    let header = call.header("authorization").unwrap_or_default();
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    let version = state.version;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "token" => {
            let user = state
                .tokens
                .get(rest.trim())
                .and_then(|id| state.users.get(*id))
                .ok_or_else(|| failed(version, "Invalid token."))?;
            // Version 4 lets the token of an expired user through.
            active(state, user, version == Version::V3)?
        }
        "bearer" => bearer(state, rest.trim())?,
        "signature" => active(state, signed(state, call, rest)?, version == Version::V3)?,
        _ => return Err(missing(version)),
    };
    Ok(Caller::of(state, user))
}

fn active<'a>(state: &State, user: &'a User, expiry_counts: bool) -> Result<&'a User, Reply> {
    if !user.is_active {
        return Err(failed(state.version, "User inactive or deleted."));
    }
    if expiry_counts && user.date_expired < state.now() {
        return Err(errors::denied());
    }
    Ok(user)
}

fn bearer<'a>(state: &'a State, token: &str) -> Result<&'a User, Reply> {
    let user = state
        .bearers
        .get(token)
        .filter(|(_, end)| *end > state.now())
        .and_then(|(id, _)| state.users.get(*id));
    match (user, state.version) {
        (Some(user), _) if !user.is_active || user.date_expired < state.now() => {
            Err(errors::denied())
        }
        (Some(user), _) => Ok(user),
        (None, Version::V3) => Err(failed(Version::V3, "Invalid token or cache refreshed.")),
        (None, Version::V4) => Err(missing(Version::V4)),
    }
}

/// Checks an HTTP signature. The date is not looked at: an old one is as good.
fn signed<'a>(state: &'a State, call: &Call, parameters: &str) -> Result<&'a User, Reply> {
    let wrong = || failed(state.version, "Invalid signature.");
    let parameter = |name: &str| {
        parameters.split(',').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key.trim() == name).then(|| value.trim_matches('"').to_owned())
        })
    };
    let id = parameter("keyId").unwrap_or_default();
    let id: Uuid = id.parse().map_err(|_| errors::internal_page())?;
    let names = parameter("headers").unwrap_or_else(|| "date".to_owned());
    let names: Vec<String> = names.split_whitespace().map(str::to_ascii_lowercase).collect();
    if !["(request-target)", "date"].iter().all(|must| names.iter().any(|name| name == must)) {
        return Err(errors::internal_page());
    }
    let key = state.access_keys.get(&id).ok_or_else(wrong)?;
    let mut lines = Vec::with_capacity(names.len());
    for name in &names {
        if name == "(request-target)" {
            lines.push(format!("{name}: {} {}", call.method.to_ascii_lowercase(), call.target));
        } else {
            let value = call.header(name).ok_or_else(errors::internal_page)?;
            lines.push(format!("{name}: {value}"));
        }
    }
    let signature =
        STANDARD.decode(parameter("signature").unwrap_or_default()).map_err(|_| wrong())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.secret.as_bytes()).map_err(|_| wrong())?;
    mac.update(lines.join("\n").as_bytes());
    mac.verify_slice(&signature).map_err(|_| wrong())?;
    state.users.get(key.user).ok_or_else(wrong)
}

/// `authentication/auth/`: a name and a password for a token of 24 hours.
pub(crate) fn login(state: &mut State, call: &Call) -> Outcome {
    if call.method != "POST" {
        return Err(errors::method_not_allowed(&call.method));
    }
    let body = call.json()?;
    let part = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (username, password) = (part("username"), part("password"));
    let found = state
        .users
        .find(crate::state::ROOT_ORG, username)
        .filter(|user| user.password.as_deref() == Some(password))
        .map(|user| (user.id, user.is_active, user.date_expired));
    let failures = state.failures.get(username).copied().unwrap_or(0);
    let Some((id, is_active, end)) = found.filter(|_| failures < MOST_FAILURES) else {
        state.failures.insert(username.to_owned(), failures + 1);
        return Err(bad_password(MOST_FAILURES.saturating_sub(failures)));
    };
    if !is_active || end < state.now() {
        return Err(Reply::json(
            400,
            json!({"error": "user_expired", "msg": "Your account has expired"}),
        ));
    }
    state.failures.remove(username);
    let token = secret_text(36);
    let expires = state.now() + SignedDuration::from_hours(24);
    state.bearers.insert(token.clone(), (id, expires));
    let user = state.users.get(id).ok_or_else(errors::denied)?;
    let caller = Caller::of(state, user);
    let request = crate::http::Request { call, caller, org: DEFAULT_ORG };
    Ok(Reply::json(
        201,
        json!({
            "token": token,
            "keyword": "Bearer",
            "date_expired": dates::write(expires, &call.zone),
            "user": show_users::profile(state, &request, user, true),
        }),
    ))
}

fn bad_password(left: u32) -> Reply {
    Reply::json(
        400,
        json!({
            "error": "password_failed",
            "msg": format!(
                "The username or password you entered is incorrect, please enter it again. You can \
                 also try {left} times (The account will be temporarily locked for 30 minutes)"
            ),
        }),
    )
}

/// `authentication/access-keys/`: reading one's own works with a token, making one does
/// not.
pub(crate) fn access_keys(state: &State, request: &crate::http::Request) -> Outcome {
    match request.call.method.as_str() {
        "GET" => {
            let rows: Vec<_> = state
                .access_keys
                .iter()
                .filter(|(_, key)| key.user == request.caller.user)
                .collect();
            Ok(crate::paging::list(request.call, &rows, crate::paging::ID_AND_NAME, |(id, key)| {
                json!({
                    "id": id,
                    "is_active": true,
                    "date_created": dates::write(key.date_created, &request.call.zone),
                    "date_last_used": dates::write(state.now(), &request.call.zone),
                    "ip_group": ["*"],
                })
            }))
        }
        _ => Err(errors::confirm("password")),
    }
}

/// Random letters and digits.
pub(crate) fn secret_text(length: usize) -> String {
    let mut text = String::with_capacity(length + 32);
    while text.len() < length {
        text.push_str(&Uuid::new_v4().simple().to_string());
    }
    text.truncate(length);
    text
}
