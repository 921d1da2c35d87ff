//! DingTalk, custom robots. Source: "Custom robot access" (`msgtype` text; `timestamp` in
//! milliseconds and `sign` in the address: HMAC-SHA256 with the secret over the timestamp, a line
//! break and the secret; 20 messages a minute; `errcode` 0 is success, also in status 200, 310000
//! a security setting that is not met, 130101 and 90030 too many). Mentions are told apart, in
//! `at`.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

use super::{Answer, Post, exposed, numbered, signature, whole};
use crate::notify::Message;

/// Well below the 20,000 bytes of a body, since a character of a text may be escaped in JSON.
pub(super) const LONGEST: usize = 5_000;

pub(super) fn post(message: &Message, secret: Option<&SecretString>, moment: Timestamp) -> Post {
    let body = json!({
        "msgtype": "text",
        "text": { "content": whole(message) },
        "at": { "isAtAll": false },
    });
    let mut query = Vec::new();
    if let Some(secret) = secret {
        let timestamp = moment.as_millisecond().to_string();
        let signed = format!("{timestamp}\n{}", exposed(secret));
        let sign = signature(exposed(secret).as_bytes(), signed.as_bytes());
        query = vec![("timestamp", timestamp), ("sign", sign)];
    }
    Post { query, headers: Vec::new(), body }
}

pub(super) fn answer(body: &str) -> Answer {
    numbered(body, ("errcode", "errmsg"), &[130_101, 90_030, -1])
}
