//! Addresses below `/sandbox/`, which no real JumpServer has. They need a
//! private token of the administrator.
//!
//! - `GET /sandbox/secret?asset=NAME&username=NAME`: `{"secret": TEXT or null}`.
//! - `POST /sandbox/clock` with `{"offset_seconds": N}`: moves the clock; gives
//!   `{"now": RFC 3339}`.
//! - `GET /sandbox/requests`: the log of requests; `DELETE` empties it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::errors::{self, Reply};
use crate::http::Call;
use crate::peek;
use crate::server::{Server, lock};

/// Serves the addresses.
pub(crate) fn serve(server: &Server, call: &Call, parts: &[&str]) -> Reply {
    let token = call.header("authorization").and_then(|text| text.strip_prefix("Token "));
    let known = token.is_some_and(|token| {
        let state = lock(&server.state);
        state.tokens.get(token) == Some(&state.admin)
    });
    if !known {
        return errors::denied();
    }
    match (call.method.as_str(), parts) {
        ("GET", ["secret"]) => {
            let (Some(asset), Some(username)) = (call.param("asset"), call.param("username"))
            else {
                return errors::plain(400, "asset and username are needed");
            };
            let secret = peek::secret(&lock(&server.state), asset, username);
            Reply::ok(json!({"asset": asset, "username": username, "secret": secret}))
        }
        ("POST", ["clock"]) => {
            let seconds = call
                .json()
                .ok()
                .and_then(|body| body.get("offset_seconds").and_then(Value::as_i64));
            let Some(seconds) = seconds else {
                return errors::plain(400, "offset_seconds must be a whole number");
            };
            let mut state = lock(&server.state);
            state.offset = SignedDuration::from_secs(seconds);
            Reply::ok(json!({"now": state.now().to_string()}))
        }
        ("GET", ["requests"]) => {
            let rows: Vec<Value> = lock(&server.log)
                .entries
                .iter()
                .map(|entry| {
                    json!({
                        "method": entry.method,
                        "path": entry.path,
                        "body": entry.body,
                        "status": entry.status,
                    })
                })
                .collect();
            Reply::ok(Value::Array(rows))
        }
        ("DELETE", ["requests"]) => {
            lock(&server.log).clear();
            Reply::empty(204)
        }
        _ => errors::no_route(),
    }
}
