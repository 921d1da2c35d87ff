//! Lists: pages, their silent cuts, and the choice of fields.

use serde_json::{Value, json};

use crate::Version;
use crate::errors::Reply;
use crate::http::{Call, encode};

/// What a list call asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// The answer is an envelope with `count`.
    pub(crate) enveloped: bool,
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

impl Page {
    /// Reads `limit` and `offset`. A limit that is no positive number counts as none:
    /// version 3 then answers everything, version 4 the first 200 rows; both without an
    /// envelope and without regard to `offset`.
    pub(crate) fn of(call: &Call) -> Page {
        let most = match call.version {
            Version::V3 => 10_000,
            Version::V4 => 1_000,
        };
        let limit = call
            .param("limit")
            .and_then(|text| text.trim().parse::<usize>().ok())
            .filter(|limit| *limit > 0);
        match limit {
            Some(limit) => Page {
                enveloped: true,
                limit: limit.min(most),
                offset: call.param("offset").and_then(|text| text.trim().parse().ok()).unwrap_or(0),
            },
            None => Page {
                enveloped: false,
                limit: match call.version {
                    Version::V3 => usize::MAX,
                    Version::V4 => 200,
                },
                offset: 0,
            },
        }
    }
}

/// Which fields the small answers of a resource hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) mini: &'static [&'static str],
    pub(crate) small: &'static [&'static str],
}

/// The sizes of most resources.
pub(crate) const ID_AND_NAME: Sizes = Sizes { mini: &["id", "name"], small: &[] };

/// Answers one page of `rows`, turning only the rows of the page into JSON.
pub(crate) fn list<K>(
    call: &Call,
    rows: &[K],
    sizes: Sizes,
    mut write: impl FnMut(&K) -> Value,
) -> Reply {
    let page = Page::of(call);
    let results: Vec<Value> = rows
        .iter()
        .skip(page.offset)
        .take(page.limit)
        .map(|row| pick(call, write(row), sizes))
        .collect();
    if !page.enveloped {
        return Reply::ok(Value::Array(results));
    }
    let count = rows.len();
    let next = page.offset.saturating_add(page.limit);
    Reply::ok(json!({
        "count": count,
        "next": (next < count).then(|| link(call, page.limit, next)),
        "previous": (page.offset > 0)
            .then(|| link(call, page.limit, page.offset.saturating_sub(page.limit))),
        "results": results,
    }))
}

/// Keeps the fields that `fields` or `fields_size` name.
pub(crate) fn pick(call: &Call, row: Value, sizes: Sizes) -> Value {
    let Value::Object(mut row) = row else {
        return row;
    };
    if let Some(fields) = call.param("fields") {
        let wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
        row.retain(|key, _| wanted.contains(&key.as_str()));
    } else {
        let kept = match call.param("fields_size") {
            Some("mini") => sizes.mini,
            Some("small") => sizes.small,
            _ => &[],
        };
        if !kept.is_empty() {
            row.retain(|key, _| kept.contains(&key.as_str()));
        }
    }
    Value::Object(row)
}

/// An absolute address made from the Host header, its parameters in order of their names.
fn link(call: &Call, limit: usize, offset: usize) -> String {
    let host = call.header("host").unwrap_or("localhost");
    let mut query: Vec<(&str, String)> = call
        .query
        .iter()
        .filter(|(key, _)| key != "limit" && key != "offset")
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    query.push(("limit", limit.to_string()));
    if offset > 0 {
        query.push(("offset", offset.to_string()));
    }
    query.sort();
    let query: Vec<String> =
        query.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    format!("http://{host}{}?{}", call.path, query.join("&"))
}
