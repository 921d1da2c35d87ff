//! WeCom, robots of a group. Source: "Group robot configuration" (`msgtype` text; `content` of at
//! most 2,048 bytes; `<@userid>` in it is a mention; 20 messages a minute) and "Global error
//! codes" (`errcode` 0 is success, also in status 200; -1 is busy, 45009 too many, 93000 a wrong
//! address).

use serde_json::json;

use super::{Answer, Post, numbered, whole};
use crate::notify::Message;

/// The most bytes of a text.
const MOST: usize = 2_048;

/// With room for the title, and for the line that counts what does not fit.
pub(super) const LONGEST: usize = 1_700;

/// The request; an error when the text is too long, since what is cut off would count as told.
pub(super) fn post(message: &Message) -> Result<Post, &'static str> {
    let content = whole(message);
    if content.len() > MOST {
        return Err("the message is longer than WeCom takes");
    }
    let body = json!({ "msgtype": "text", "text": { "content": content } });
    Ok(Post { query: Vec::new(), headers: Vec::new(), body })
}

pub(super) fn answer(body: &str) -> Answer {
    numbered(body, ("errcode", "errmsg"), &[-1, 45_009])
}
