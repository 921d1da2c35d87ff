//! Is an answer the recorded one? Values must be the same, but for what the server makes
//! up, which must have the same shape.

use serde_json::Value;

use crate::recording::Recording;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Exact,
    /// Any UUID.
    Uuid,
    /// Any date in the server's format, or null.
    Date,
    /// Any value of the same type, or null in place of it.
    Type,
    /// An address whose host is left out.
    Link,
    /// A list in any order.
    Set,
    /// Rows of a page that holds a part of an unordered list.
    Shape,
}

/// What differs, one line each.
pub(crate) fn differences(recording: &Recording, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let expected = match &recording.answer {
        Value::String(text) if text.is_empty() => Value::Null,
        other => other.clone(),
    };
    let actual = shortened(&expected, actual);
    let comparison = Comparison { recording };
    let any_order = comparison.is_unordered();
    let rule = if any_order { Rule::Set } else { Rule::Exact };
    comparison.value("", rule, &expected, &actual, &mut found);
    found
}

/// Shortens an answer the way some recordings of version 4 are: to the number of rows, or
/// to the names of users.
fn shortened(expected: &Value, actual: &Value) -> Value {
    if expected.get("rows").is_some() {
        let mut short = match actual {
            Value::Array(_) => serde_json::json!({}),
            other => other.clone(),
        };
        let rows = actual.get("results").unwrap_or(actual).clone();
        if let Some(object) = short.as_object_mut() {
            object.remove("results");
            object.insert("rows".to_owned(), rows.as_array().map_or(0, Vec::len).into());
            if expected.get("first").is_some() {
                object.insert("first".to_owned(), rows[0]["name"].clone());
            }
        }
        return short;
    }
    if let (Some(Value::String(_)), Value::Array(rows)) = (expected.get(0), actual)
        && rows.iter().all(|row| row.get("username").is_some())
    {
        return rows.iter().map(|row| row["username"].clone()).collect();
    }
    actual.clone()
}

struct Comparison<'a> {
    recording: &'a Recording,
}

impl Comparison<'_> {
    /// Lists that the server gives in no order.
    fn is_unordered(&self) -> bool {
        let path = &self.recording.path;
        path.contains("-relations/") || path.contains("/accounts/accounts/")
    }

    fn is_partial(&self) -> bool {
        let answer = &self.recording.answer;
        answer["next"].is_string() || answer["previous"].is_string()
    }

    fn is_create(&self) -> bool {
        self.recording.method == "POST" && self.recording.status == 201
    }

    fn was_sent(&self, field: &str) -> bool {
        let sent = |body: &Value| body.get(field).is_some();
        match &self.recording.body {
            Some(Value::Array(items)) => items.iter().any(sent),
            Some(body) => sent(body),
            None => false,
        }
    }

    fn rule(&self, place: &str, field: &str) -> Rule {
        let recording = self.recording;
        let top = place.is_empty() || place == "[]" || place == ".results[]";
        let wide = self.is_create() || recording.method == "PUT";
        match field {
            "date_start" | "date_expired" if wide && !self.was_sent(field) => Rule::Date,
            "date_created"
            | "date_updated"
            | "date_joined"
            | "date_password_last_updated"
            | "last_login"
            | "date_api_key_last_used"
            | "date_last_used"
            | "date_verified" => Rule::Date,
            "id" if place.contains("labels") => Rule::Uuid,
            "id" if recording.path.contains("/access-keys/") => Rule::Uuid,
            "id" if place.ends_with("meta.data") || recording.path.contains("/labels/labels/") => {
                Rule::Uuid
            }
            "id" if top && recording.path.contains("-relations") => Rule::Type,
            "id" if top && self.is_create() && !self.was_sent("id") => Rule::Uuid,
            "id" if recording.path.contains("/rbac/role-bindings") => Rule::Uuid,
            "task" | "spm" => Rule::Uuid,
            "token" | "value" if recording.path.contains("/authentication/") && top => Rule::Type,
            // Numbers that depend on what was done before the recording.
            "version" | "users_amount" if top && !recording.path.contains("/users/groups/") => {
                Rule::Type
            }
            "res_count" => Rule::Type,
            "time" | "db_time" | "redis_time" => Rule::Type,
            "key" if self.is_create() => Rule::Type,
            // Seeds are all made by the administrator.
            "created_by" if recording.method != "POST" || !top => Rule::Type,
            "updated_by" if recording.method == "GET" => Rule::Type,
            "next" | "previous" => Rule::Link,
            "perms" => Rule::Type,
            "accounts" | "permed_accounts" => Rule::Set,
            "results" if self.is_unordered() && self.is_partial() => Rule::Shape,
            "results" if self.is_unordered() => Rule::Set,
            _ => Rule::Exact,
        }
    }

    fn value(
        &self,
        place: &str,
        rule: Rule,
        expected: &Value,
        actual: &Value,
        found: &mut Vec<String>,
    ) {
        let mut differ =
            || found.push(format!("{place}: {} is {}", brief(expected), brief(actual)));
        match rule {
            Rule::Uuid => {
                let id = |value: &Value| {
                    value.as_str().is_some_and(|text| uuid::Uuid::parse_str(text).is_ok())
                };
                if !id(actual) {
                    differ();
                }
            }
            Rule::Date => {
                if !actual.is_null() && !actual.as_str().is_some_and(is_date) {
                    differ();
                }
            }
            Rule::Type => {
                let same = std::mem::discriminant(expected) == std::mem::discriminant(actual);
                if !same && !actual.is_null() && !expected.is_null() {
                    differ();
                }
            }
            Rule::Link => {
                let path = |value: &Value| {
                    value
                        .as_str()
                        .map(|text| text.find("/api/").map_or(text, |at| &text[at..]).to_owned())
                };
                if path(expected) != path(actual) {
                    differ();
                }
            }
            Rule::Shape => {
                if !same_shape(expected, actual) {
                    differ();
                }
            }
            Rule::Exact | Rule::Set => match (expected, actual) {
                (Value::Object(wanted), Value::Object(have)) => {
                    for field in wanted.keys().filter(|field| !have.contains_key(*field)) {
                        found.push(format!("{place}.{field} is missing"));
                    }
                    for field in have.keys().filter(|field| !wanted.contains_key(*field)) {
                        found.push(format!("{place}.{field} is there too"));
                    }
                    for (field, wanted) in wanted {
                        if let Some(have) = have.get(field) {
                            let virtual_id =
                                field == "id" && have_text(actual, "alias").starts_with('@');
                            let rule =
                                if virtual_id { Rule::Uuid } else { self.rule(place, field) };
                            self.value(&format!("{place}.{field}"), rule, wanted, have, found);
                        }
                    }
                }
                (Value::Array(wanted), Value::Array(have)) => {
                    self.list(place, rule, wanted, have, found)
                }
                (Value::String(wanted), Value::String(have)) if shortened_text(wanted, have) => {}
                _ if expected != actual => differ(),
                _ => {}
            },
        }
    }

    fn list(
        &self,
        place: &str,
        rule: Rule,
        wanted: &[Value],
        have: &[Value],
        found: &mut Vec<String>,
    ) {
        // `"... 2 more left out of this recording"`
        let cut = wanted
            .last()
            .and_then(Value::as_str)
            .is_some_and(|text| text.contains("more left out"));
        let wanted = if cut { &wanted[..wanted.len() - 1] } else { wanted };
        if wanted.len() != have.len() && !(cut && have.len() > wanted.len()) {
            found.push(format!("{place}: {} rows are {}", wanted.len(), have.len()));
            return;
        }
        let inside = format!("{place}[]");
        if rule == Rule::Set {
            for (at, wanted) in wanted.iter().enumerate() {
                let tries: Vec<Vec<String>> = have
                    .iter()
                    .map(|have| {
                        let mut inner = Vec::new();
                        self.value(&inside, Rule::Exact, wanted, have, &mut inner);
                        inner
                    })
                    .collect();
                let best = tries.into_iter().min_by_key(Vec::len).unwrap_or_default();
                found.extend(best.into_iter().map(|line| format!("row {at}: {line}")));
            }
            return;
        }
        for (wanted, have) in wanted.iter().zip(have) {
            self.value(&inside, Rule::Exact, wanted, have, found);
        }
    }
}

/// The same keys and types; lists of the same length.
fn same_shape(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| same_shape(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(field, one)| {
                    other.get(field).is_some_and(|other| same_shape(one, other))
                })
        }
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// Long texts are recorded as `len 20000` or `ccc...(4000)`.
fn shortened_text(wanted: &str, have: &str) -> bool {
    let length = wanted
        .strip_prefix("len ")
        .or_else(|| wanted.split_once("...(").and_then(|(_, rest)| rest.strip_suffix(')')));
    length.is_some_and(|length| length.parse() == Ok(have.chars().count()))
}

fn have_text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn is_date(text: &str) -> bool {
    jiff::Timestamp::strptime("%Y/%m/%d %H:%M:%S %z", text).is_ok()
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    text.chars().take(160).collect()
}
