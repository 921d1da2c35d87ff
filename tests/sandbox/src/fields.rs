//! Reading the fields of a request's object, with the server's messages.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::dates;
use crate::errors::{Problems, invalid_pk};
use crate::http::Call;
use crate::model::Row;
use crate::table::Table;

const REQUIRED: &str = "This field is required.";
const NULL: &str = "This field may not be null.";
const BLANK: &str = "This field may not be blank.";

/// A required or optional text that may not be blank, its ends trimmed.
pub(crate) fn text(
    body: &Value,
    field: &str,
    most: usize,
    required: bool,
    problems: &mut Problems,
) -> Option<String> {
    let text = loose_text(body, field, most, required, problems)?;
    if text.is_empty() {
        problems.add(field, BLANK);
        return None;
    }
    Some(text)
}

/// A text that may be blank, its ends trimmed.
pub(crate) fn loose_text(
    body: &Value,
    field: &str,
    most: usize,
    required: bool,
    problems: &mut Problems,
) -> Option<String> {
    let text = match body.get(field) {
        None => {
            if required {
                problems.add(field, REQUIRED);
            }
            return None;
        }
        Some(Value::Null) => {
            problems.add(field, NULL);
            return None;
        }
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => {
            problems.add(field, "Not a valid string.");
            return None;
        }
    };
    if text.chars().count() > most {
        problems.add(field, format!("Ensure this field has no more than {most} characters."));
        return None;
    }
    Some(text)
}

/// A comment: no limit was met.
pub(crate) fn comment(body: &Value, problems: &mut Problems) -> Option<String> {
    loose_text(body, "comment", usize::MAX, false, problems)
}

/// A yes or no.
pub(crate) fn flag(body: &Value, field: &str, problems: &mut Problems) -> Option<bool> {
    match body.get(field)? {
        Value::Bool(flag) => Some(*flag),
        Value::Null => {
            problems.add(field, NULL);
            None
        }
        Value::String(text) if matches!(text.as_str(), "true" | "True" | "1") => Some(true),
        Value::String(text) if matches!(text.as_str(), "false" | "False" | "0") => Some(false),
        Value::Number(number) => Some(number.as_i64() != Some(0)),
        _ => {
            problems.add(field, "Must be a valid boolean.");
            None
        }
    }
}

/// A date.
pub(crate) fn date(
    call: &Call,
    body: &Value,
    field: &str,
    problems: &mut Problems,
) -> Option<Timestamp> {
    match body.get(field)? {
        Value::Null => {
            problems.add(field, NULL);
            None
        }
        Value::String(text) => match dates::read(text, &call.zone) {
            Ok(moment) => Some(moment),
            Err(bad) => {
                problems.add(field, bad.message());
                None
            }
        },
        _ => {
            problems.add(field, dates::BadDate::Format.message());
            None
        }
    }
}

/// A list of texts; `Err(())` is the 500 that a number in it brings.
pub(crate) fn texts(
    body: &Value,
    field: &str,
    problems: &mut Problems,
) -> Result<Option<Vec<String>>, ()> {
    match body.get(field) {
        None => Ok(None),
        Some(Value::Null) => {
            problems.add(field, NULL);
            Ok(None)
        }
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or(()))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(other) => {
            problems.add(field, not_a_list(other));
            Ok(None)
        }
    }
}

/// Python's name of a JSON value's type, in the message of a list field.
pub(crate) fn not_a_list(value: &Value) -> String {
    let kind = match value {
        Value::String(_) => "str",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::Object(_) => "dict",
        Value::Array(_) => "list",
        Value::Null => "NoneType",
    };
    format!("Expected a list of items but got type \"{kind}\".")
}

/// The id inside `"<id>"`, `{"id": ..}` or `{"pk": ..}`.
pub(crate) fn id_text(value: &Value) -> String {
    let inner = value.get("id").or_else(|| value.get("pk")).unwrap_or(value);
    match inner {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A list of objects of a table, by id; `seen` says whether the request sees one.
pub(crate) fn objects<T: Row>(
    body: &Value,
    field: &str,
    table: &Table<T>,
    seen: impl Fn(&T) -> bool,
    problems: &mut Problems,
) -> Option<Vec<Uuid>> {
    let items = match body.get(field)? {
        Value::Array(items) => items,
        Value::Null => {
            problems.add(field, NULL);
            return None;
        }
        other => {
            problems.add(field, not_a_list(other));
            return None;
        }
    };
    let mut ids = Vec::with_capacity(items.len());
    for item in items {
        let text = id_text(item);
        match text.parse::<Uuid>() {
            Ok(id) if table.get(id).is_some_and(&seen) => {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            Ok(_) => problems.add(field, invalid_pk(&text)),
            Err(_) => problems.add(field, format!("“{text}” is not a valid UUID.")),
        }
    }
    Some(ids)
}

/// The id that a client chose, or none; one that a row has is refused in `class`'s name.
pub(crate) fn chosen_id<T: Row>(
    body: &Value,
    table: &Table<T>,
    class: &str,
    problems: &mut Problems,
) -> Option<Uuid> {
    let text = match body.get("id")? {
        Value::String(text) => text,
        Value::Null => return None,
        other => {
            problems.set("id", json!([format!("“{other}” is not a valid UUID.")]));
            return None;
        }
    };
    match text.parse::<Uuid>() {
        Ok(id) if table.contains(id) => {
            problems.add("id", format!("{class} with this id already exists."));
            None
        }
        Ok(id) => Some(id),
        Err(_) => {
            problems.add("id", "Must be a valid UUID.");
            None
        }
    }
}
