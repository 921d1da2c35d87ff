//! What must exist before a recorded request: read off its address, its body and its
//! answer.

use std::collections::BTreeSet;

use jumpgate_sandbox::Seed;
use serde_json::{Value, json};

use crate::builder::Builder;
use crate::dictionary::{Dictionary, Kind, id_of, kind_of, kind_of_field, rows};
use crate::recording::Recording;

/// Builds the seed of a recording.
pub(crate) fn seed(dictionary: &Dictionary, recording: &Recording) -> Seed {
    let mut builder = Builder::new(dictionary);
    builder.administrator();
    let kind = kind_of(&recording.path);
    let good = recording.status < 300;
    let created: BTreeSet<String> =
        match (recording.method.as_str(), good && !on_invalid(recording)) {
            ("POST", true) => {
                rows(&recording.answer).into_iter().filter_map(id_of).map(str::to_owned).collect()
            }
            _ => BTreeSet::new(),
        };
    // A permission whose accounts, assets or users are asked for.
    let below =
        recording.path.split_once("/asset-permissions/").filter(|_| kind != Some(Kind::Permission));
    if let Some(id) = below.and_then(|(_, rest)| ids_in_path(rest).into_iter().next()) {
        builder.by_id(Kind::Permission, &id);
    }
    let kept = on_invalid(recording);
    if let (Some(kind), true) = (kind, good && (recording.method != "POST" || kept)) {
        let mut rows = rows(&recording.answer);
        if recording.path.contains("order=-date") {
            rows.reverse();
        }
        for row in rows {
            let row = builder.identified(kind, &before(recording, row));
            builder.add(kind, &row, true);
            builder.join_group(&recording.path, &row);
        }
        for name in names(&recording.answer) {
            let row = builder.identified(kind, &json!({"username": name}));
            builder.add(kind, &row, true);
        }
    }
    if let (Some(kind), false) = (kind.filter(|_| below.is_none()), recording.status == 404) {
        for id in ids_in_path(&recording.path) {
            builder.by_id(kind, &id);
        }
        for id in parameter(&recording.path, "ids").iter().flat_map(|ids| ids.split(',')) {
            if !id.is_empty() && !recording.name.contains("unknown") {
                builder.by_id(kind, id);
            }
        }
        if let (Some(name), "DELETE") =
            (parameter(&recording.path, "name"), recording.method.as_str())
        {
            let row = builder.identified(kind, &json!({"name": name}));
            builder.add(kind, &row, false);
        }
        // Rows of a list that are good while another is not.
        if !good && matches!(recording.method.as_str(), "PATCH" | "PUT") {
            let answers = recording.answer.as_array().into_iter().flatten();
            let items = recording.body.as_ref().and_then(Value::as_array).into_iter().flatten();
            for (item, _) in items.zip(answers).filter(|(_, answer)| **answer == json!({})) {
                builder.reference(kind, item);
            }
        }
    }
    for (field, value) in parameters(&recording.path) {
        if let Some(kind) = kind_of_field(&field) {
            builder.reference(kind, &json!(value));
        }
    }
    builder.pairs(recording);
    builder.user_in_path(recording);
    for (kind, id) in crate::views::needs(recording) {
        builder.by_id(kind, &id);
    }
    builder.references_of(recording.body.as_ref().unwrap_or(&Value::Null), &created);
    for row in rows(&recording.answer) {
        builder.references_of(row, &created);
    }
    if !good {
        builder.conflicts(recording, kind);
    }
    builder.finish()
}

/// A POST that finds the account that is there: 201, and nothing was made.
fn on_invalid(recording: &Recording) -> bool {
    let mode = recording.body.as_ref().and_then(|body| body["on_invalid"].as_str());
    matches!(mode, Some("skip" | "update")) && recording.path.ends_with("/accounts/accounts/")
}

/// The rows of an answer that are shortened to user names.
fn names(answer: &Value) -> Vec<String> {
    let rows = answer.as_array().into_iter().flatten();
    rows.filter_map(Value::as_str)
        .filter(|text| !text.contains("more left out"))
        .map(str::to_owned)
        .collect()
}

/// What a row was before the recorded change: each field that was sent had another value.
fn before(recording: &Recording, row: &Value) -> Value {
    let overwritten =
        recording.body.as_ref().is_some_and(|body| body["on_invalid"] == json!("update"));
    if !overwritten && !matches!(recording.method.as_str(), "PATCH" | "PUT") {
        return row.clone();
    }
    let body = match &recording.body {
        Some(Value::Array(items)) => items.iter().find(|item| item["id"] == row["id"]).cloned(),
        other => other.clone(),
    };
    let body = body.unwrap_or(Value::Null);
    let mut row = row.clone();
    let fields: Vec<String> =
        body.as_object().into_iter().flatten().map(|(field, _)| field.clone()).collect();
    for field in fields {
        match field.as_str() {
            "users" | "user_groups" | "groups" | "assets" | "nodes" | "labels" => {
                row[&field] = json!([])
            }
            "comment" => row[&field] = json!("before"),
            "actions" => row[&field] = json!([{"value": "share"}]),
            "is_active" => row[&field] = json!(row["is_active"] == json!(false)),
            "username" if recording.path.contains("/users/") => row[&field] = json!("before"),
            _ => {}
        }
    }
    if recording.method == "PUT" && recording.path.contains("/asset-permissions/") {
        row["accounts"] = json!(["before"]);
        row["protocols"] = json!(["ssh"]);
        row["actions"] = json!([{"value": "connect"}]);
        row["is_active"] = json!(false);
        row["date_start"] = json!("2026/11/01 08:00:00 +0800");
        row["date_expired"] = json!("2027/01/01 07:59:59 +0800");
    }
    row
}

/// The parameters of a query.
pub(crate) fn parameters(path: &str) -> Vec<(String, String)> {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// One parameter of a query.
pub(crate) fn parameter(path: &str, name: &str) -> Option<String> {
    parameters(path).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The UUIDs of a path.
pub(crate) fn ids_in_path(path: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap_or(path);
    path.split('/').filter(|part| uuid::Uuid::parse_str(part).is_ok()).map(str::to_owned).collect()
}
