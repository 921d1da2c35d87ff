//! Any address that takes JSON: a template whose texts are filled in. A text stays inside of the
//! string that it is put into.

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use secrecy::SecretString;
use serde_json::Value;
use sha2::Sha256;

use super::{Post, exposed};
use crate::notify::Message;

/// Carries `sha256=` and the HMAC-SHA256 of the body in hex, with the channel's secret.
const HEADER: &str = "x-jumpgate-signature";

pub(super) fn post(
    template: &Value,
    message: &Message,
    owner: &str,
    secret: Option<&SecretString>,
) -> Post {
    let fill = |text: &str| filled(text, message, owner);
    let body = walk(template, &fill);
    let mut headers = Vec::new();
    if let Some(secret) = secret
        && let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(exposed(secret).as_bytes())
    {
        // The same bytes that are sent: the body's shortest form.
        mac.update(body.to_string().as_bytes());
        let sum = HEXLOWER.encode(&mac.finalize().into_bytes());
        headers.push((HEADER, format!("sha256={sum}")));
    }
    Post { query: Vec::new(), headers, body }
}

/// The places of a text, filled in once: what is put in is not looked at again.
fn filled(text: &str, message: &Message, owner: &str) -> String {
    let places = [("{title}", &*message.title), ("{text}", &*message.text), ("{owner}", owner)];
    let mut rest = text;
    let mut filled = String::new();
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        match places.iter().find(|(place, _)| rest.starts_with(place)) {
            Some((place, value)) => {
                filled.push_str(value);
                rest = &rest[place.len()..];
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled + rest
}

fn walk(value: &Value, fill: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text)),
        Value::Array(values) => values.iter().map(|value| walk(value, fill)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), walk(value, fill))).collect()
        }
        value => value.clone(),
    }
}
