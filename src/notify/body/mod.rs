//! What each kind of channel takes, and what its answers mean. One file a kind; each names
//! where its facts come from.

mod dingtalk;
mod feishu;
mod slack;
#[cfg(test)]
mod tests;
mod webhook;
mod wecom;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::Sha256;

use super::Message;
use crate::access::notify::Kind;

/// A request to a channel: everything but its address.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// What is added to the address.
    pub query: Vec<(&'static str, String)>,
    /// Headers besides the type of the body.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Value,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The message was taken.
    Taken,
    /// Not now: it came too soon behind others, or something passing is wrong.
    Later(String),
    /// Not at all.
    Refused(String),
}

/// The longest text of a message, in bytes as they are sent ([`length`]).
pub fn longest(kind: &Kind) -> usize {
    match kind {
        Kind::Mail { .. } | Kind::Webhook { .. } => 60_000,
        Kind::Slack => slack::LONGEST,
        Kind::Feishu => feishu::LONGEST,
        Kind::DingTalk => dingtalk::LONGEST,
        Kind::WeCom => wecom::LONGEST,
    }
}

/// How many bytes a text has as it is sent: what begins a mention or a tag becomes longer.
pub fn length(kind: &Kind, text: &str) -> usize {
    match kind {
        Kind::Mail { .. } | Kind::Webhook { .. } => text.len(),
        Kind::Slack => slack::escaped(text).len(),
        Kind::Feishu | Kind::DingTalk | Kind::WeCom => inert(text).len(),
    }
}

/// How long to wait between two messages of one channel, so that its limits are kept.
pub fn pause(kind: &Kind) -> Duration {
    match kind {
        Kind::Mail { .. } | Kind::Webhook { .. } => Duration::ZERO,
        // "1 per second" (Slack, "Rate limits"); 5 a second and 100 a minute (Feishu).
        Kind::Slack | Kind::Feishu => Duration::from_secs(1),
        // 20 a minute both.
        Kind::DingTalk | Kind::WeCom => Duration::from_secs(3),
    }
}

/// The request that carries a message.
///
/// # Errors
/// When none can, in words: mail goes another way, and a text may be too long.
pub fn post(
    kind: &Kind,
    message: &Message,
    owner: &str,
    secret: Option<&SecretString>,
    moment: Timestamp,
) -> Result<Post, &'static str> {
    Ok(match kind {
        Kind::Mail { .. } => return Err("it is no address of the web"),
        Kind::Slack => slack::post(message),
        Kind::Feishu => feishu::post(message, secret, moment),
        Kind::DingTalk => dingtalk::post(message, secret, moment),
        Kind::WeCom => wecom::post(message)?,
        Kind::Webhook { template } => webhook::post(template, message, owner, secret),
    })
}

/// What a channel's answer means: its status and its body.
pub fn answer(kind: &Kind, status: u16, body: &str) -> Answer {
    if status == 429 || status >= 500 {
        return Answer::Later(format!("status {status}"));
    }
    if !(200..300).contains(&status) {
        return Answer::Refused(match body.trim() {
            "" => format!("status {status}"),
            said => format!("status {status}: {said}"),
        });
    }
    match kind {
        Kind::Mail { .. } | Kind::Webhook { .. } => Answer::Taken,
        Kind::Slack => slack::answer(body),
        Kind::Feishu => feishu::answer(body),
        Kind::DingTalk => dingtalk::answer(body),
        Kind::WeCom => wecom::answer(body),
    }
}

/// An answer that carries a number of its own: 0 is success, whatever the status says.
fn numbered(body: &str, (number, words): (&str, &str), later: &[i64]) -> Answer {
    let value: Option<Value> = serde_json::from_str(body).ok();
    let code = value.as_ref().and_then(|value| value.get(number)?.as_i64());
    let said = value.as_ref().and_then(|value| value.get(words)?.as_str()).unwrap_or_default();
    match code {
        Some(0) => Answer::Taken,
        Some(code) if later.contains(&code) => Answer::Later(format!("{number} {code}: {said}")),
        Some(code) => Answer::Refused(format!("{number} {code}: {said}")),
        None => Answer::Refused(format!("its answer has no {number}")),
    }
}

/// A text in which nothing is a mention or a tag: `@` and `<` are what those begin with, and
/// none of these systems documents a way to escape them in plain text.
fn inert(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '@' => '＠',
            '<' => '＜',
            '>' => '＞',
            c => c,
        })
        .collect()
}

/// Title and text as one.
fn whole(message: &Message) -> String {
    inert(&format!("{}\n\n{}", message.title, message.text))
}

/// HMAC-SHA256 in base64.
fn signature(key: &[u8], text: &[u8]) -> String {
    // A key of any length is one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(text);
    STANDARD.encode(mac.finalize().into_bytes())
}

fn exposed(secret: &SecretString) -> &str {
    secret.expose_secret()
}
