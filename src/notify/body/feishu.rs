//! Feishu and Lark, custom bots. Source: "Custom bot usage guide" (`msg_type` text, `content`;
//! `timestamp` in seconds and `sign`: HMAC-SHA256 of nothing, its key being the timestamp, a line
//! break and the secret; a body of at most 20 KB; 100 messages a minute and 5 a second; `code` 0
//! is success, also in status 200, 19021 a wrong signature, 19024 a missing keyword, 9499 a bad
//! body, 11232 too many). `<at user_id="all">` in a text is a mention.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

use super::{Answer, Post, exposed, numbered, signature, whole};
use crate::notify::Message;

/// Well below 20 KB, since a character of a text may be escaped in JSON.
pub(super) const LONGEST: usize = 6_000;

pub(super) fn post(message: &Message, secret: Option<&SecretString>, moment: Timestamp) -> Post {
    let mut body = json!({ "msg_type": "text", "content": { "text": whole(message) } });
    if let Some(secret) = secret {
        let timestamp = moment.as_second().to_string();
        let key = format!("{timestamp}\n{}", exposed(secret));
        body["sign"] = signature(key.as_bytes(), b"").into();
        body["timestamp"] = timestamp.into();
    }
    Post { query: Vec::new(), headers: Vec::new(), body }
}

pub(super) fn answer(body: &str) -> Answer {
    numbered(body, ("code", "msg"), &[11232])
}
