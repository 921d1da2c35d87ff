//! A request as the handlers see it.

use axum::http::HeaderMap;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::Version;
use crate::errors::{self, Reply};
use crate::rbac::Caller;

/// One request, its address already taken apart.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) version: Version,
    /// Upper case.
    pub(crate) method: String,
    /// The path as sent, without the query.
    pub(crate) path: String,
    /// The path and query as sent.
    pub(crate) target: String,
    /// What stands behind `/api/v1/`, taken apart at `/` and decoded.
    pub(crate) parts: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The zone of dates in the answer: `X-TZ`, or the server's.
    pub(crate) zone: TimeZone,
}

/// A [`Call`] whose caller is known.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) call: &'a Call,
    pub(crate) caller: Caller,
    /// The organisation that the request works in.
    pub(crate) org: uuid::Uuid,
}

impl Call {
    /// The last value of a query parameter that is not empty.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .rev()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A request header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON; an empty body is an empty object.
    pub(crate) fn json(&self) -> Result<Value, Reply> {
        let kind = self.header("content-type").unwrap_or("application/json");
        if !kind.starts_with("application/json") && !self.body.is_empty() {
            return Err(errors::parse_error(
                "Missing filename. Request should include a Content-Disposition header with a \
                 filename parameter.",
            ));
        }
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let text = String::from_utf8_lossy(&self.body);
            errors::parse_error(&python_json_error(&text, error.column()))
        })
    }
}

/// The words of Python's JSON reader for the two commonest faults.
fn python_json_error(text: &str, column: usize) -> String {
    let opened = text.trim_start().strip_prefix('{').map(str::trim_start);
    if opened.is_some_and(|rest| !rest.starts_with('"') && !rest.starts_with('}')) {
        let at = text.find('{').map_or(1, |at| at + 1);
        return format!(
            "JSON parse error - Expecting property name enclosed in double quotes: line 1 column \
             {} (char {at})",
            at + 1
        );
    }
    let ended = column >= text.trim_end().len();
    let at = if ended { text.len() + 1 } else { column.max(1) };
    format!("JSON parse error - Expecting value: line 1 column {at} (char {})", at - 1)
}

/// Takes a query apart and decodes it.
pub(crate) fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key, true), decode(value, true))
        })
        .collect()
}

/// Undoes percent encoding; `plus` also turns `+` into a blank, as in queries.
pub(crate) fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if plus && bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Encodes text for a query the way the server writes `next`.
pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                // Writing into a String does not fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_decode_and_encode() {
        let query = parse_query("name=a%2Fb+c&limit=1&flag");
        assert_eq!(query[0], ("name".to_owned(), "a/b c".to_owned()));
        assert_eq!(query[2], ("flag".to_owned(), String::new()));
        assert_eq!(encode("/Default/prod"), "%2FDefault%2Fprod");
        assert_eq!(decode("%zz%", false), "%zz%");
    }

    #[test]
    fn json_errors_have_the_words_of_the_server() {
        assert!(python_json_error("{bad", 2).ends_with("line 1 column 2 (char 1)"));
        assert!(
            python_json_error("{\"name\": ", 9).starts_with("JSON parse error - Expecting value")
        );
    }
}
