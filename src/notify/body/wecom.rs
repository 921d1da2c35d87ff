//! WeCom, robots of a group. Source: "Group robot configuration" (`msgtype` text; `content` of at
//! most 2,048 bytes; `<@userid>` in it is a mention; 20 messages a minute) and "Global error
//! codes" (`errcode` 0 is success, also in status 200; -1 is busy, 45009 too many, 93000 a wrong
//! address).

use serde_json::json;

use super::{Answer, Post, numbered, whole};
use crate::notify::Message;

/// The most bytes of a text.
const MOST: usize = 2_048;

/// With room for the title, and for signs that become longer.
pub(super) const LONGEST: usize = 1_700;

pub(super) fn post(message: &Message) -> Post {
    let mut content = whole(message);
    while content.len() > MOST {
        content.pop();
    }
    let body = json!({ "msgtype": "text", "text": { "content": content } });
    Post { query: Vec::new(), headers: Vec::new(), body }
}

pub(super) fn answer(body: &str) -> Answer {
    numbered(body, ("errcode", "errmsg"), &[-1, 45_009])
}
