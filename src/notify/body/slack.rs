//! Slack, incoming webhooks. Sources: "Sending messages using incoming webhooks" (`text`, the
//! answer `ok`), "Formatting text for app surfaces" (`&`, `<` and `>` are all that has a meaning
//! and are escaped; `<!channel>` is a mention), "Changes to errors for incoming webhooks" (words
//! behind 400, 403, 404 and 410), "Rate limits" (one a second, 429 with `Retry-After`).

use serde_json::json;

use super::{Answer, Post};
use crate::notify::Message;

/// Slack cuts at 40,000 characters and advises 4,000.
pub(super) const LONGEST: usize = 4_000;

pub(super) fn post(message: &Message) -> Post {
    let text = escaped(&format!("{}\n\n{}", message.title, message.text));
    let body = json!({ "text": text, "mrkdwn": false });
    Post { query: Vec::new(), headers: Vec::new(), body }
}

/// A text in which nothing is a mention or a tag.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // `@here` is no mention unless names are linked; it is none in any case.
    text.replace('@', "＠")
}

pub(super) fn answer(body: &str) -> Answer {
    match body.trim() {
        "ok" => Answer::Taken,
        said => Answer::Refused(format!("it answered {said}")),
    }
}
