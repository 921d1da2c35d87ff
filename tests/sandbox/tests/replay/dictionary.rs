//! Everything that the recordings of a version tell about their objects.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::recording::Recording;

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    User,
    Group,
    Node,
    Asset,
    Account,
    Template,
    Permission,
    Role,
}

/// The kind that a path lists or shows.
pub(crate) fn kind_of(path: &str) -> Option<Kind> {
    let path = path.split('?').next().unwrap_or(path);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(2).collect();
    match parts.as_slice() {
        ["users", "users", ..] => Some(Kind::User),
        ["users", "groups", ..] => Some(Kind::Group),
        ["assets", "assets" | "hosts" | "databases", ..] => Some(Kind::Asset),
        ["assets", "nodes", ..] => Some(Kind::Node),
        ["accounts", "accounts", ..] => Some(Kind::Account),
        ["accounts", "account-templates", ..] => Some(Kind::Template),
        ["perms", "asset-permissions", _, "accounts"] => Some(Kind::Account),
        ["perms", "asset-permissions", _, _, ..] => None,
        ["perms", "asset-permissions", ..] => Some(Kind::Permission),
        ["rbac", "org-roles" | "system-roles"] => Some(Kind::Role),
        ["rbac", "org-roles" | "system-roles", _] => Some(Kind::Role),
        _ => None,
    }
}

/// The kind of the objects that a field refers to.
pub(crate) fn kind_of_field(field: &str) -> Option<Kind> {
    match field {
        "user" | "users" | "user_id" => Some(Kind::User),
        "user_groups" | "groups" | "usergroup" | "group_id" | "user_group_id" => Some(Kind::Group),
        "asset" | "assets" | "asset_id" => Some(Kind::Asset),
        "node" | "nodes" | "node_id" => Some(Kind::Node),
        "assetpermission" => Some(Kind::Permission),
        "su_from" | "account_ids" => Some(Kind::Account),
        "template" => Some(Kind::Template),
        "system_roles" | "org_roles" | "role" => Some(Kind::Role),
        _ => None,
    }
}

/// The rows of an answer: itself, its items or its results.
pub(crate) fn rows(answer: &Value) -> Vec<&Value> {
    let list = answer.get("results").unwrap_or(answer);
    match list {
        Value::Array(items) => items.iter().filter(|item| item.is_object()).collect(),
        // A page that is shortened to the number of its rows.
        Value::Object(fields) if fields.contains_key("rows") => Vec::new(),
        Value::Object(_) => vec![list],
        _ => Vec::new(),
    }
}

/// The text of an id: `"<id>"`, `{"id"}` or `{"pk"}`.
pub(crate) fn id_of(value: &Value) -> Option<&str> {
    let inner = value.get("id").or_else(|| value.get("pk")).unwrap_or(value);
    inner.as_str().filter(|text| uuid::Uuid::parse_str(text).is_ok())
}

/// The fullest known form of each object.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    known: HashMap<(Kind, String), Value>,
}

impl Dictionary {
    /// Gathers from all recordings.
    pub(crate) fn of(recordings: &[Recording]) -> Dictionary {
        let mut dictionary = Dictionary::default();
        for recording in recordings.iter().filter(|recording| recording.status < 300) {
            let kind = kind_of(&recording.path);
            for row in rows(&recording.answer) {
                if let Some(kind) = kind {
                    dictionary.learn(kind, row);
                }
                dictionary.learn_inside(row);
            }
        }
        dictionary
    }

    fn learn(&mut self, kind: Kind, row: &Value) {
        let Some(id) = id_of(row) else { return };
        let size = |value: &Value| value.as_object().map_or(0, serde_json::Map::len);
        let entry = self.known.entry((kind, id.to_owned())).or_insert_with(|| row.clone());
        if size(row) > size(entry) {
            *entry = row.clone();
        }
    }

    fn learn_inside(&mut self, row: &Value) {
        for (field, value) in row.as_object().into_iter().flatten() {
            if field == "nodes" {
                let paths = row.get("nodes_display").and_then(Value::as_array);
                for (at, node) in value.as_array().into_iter().flatten().enumerate() {
                    let path = paths.and_then(|paths| paths.get(at)).cloned();
                    let name = node.get("name").and_then(Value::as_str).unwrap_or_default();
                    let path = path.unwrap_or_else(|| json!(format!("/Default/{name}")));
                    if let Some(id) = id_of(node) {
                        self.learn(Kind::Node, &json!({"id": id, "full_value": path}));
                    }
                }
                continue;
            }
            let Some(kind) = kind_of_field(field) else {
                continue;
            };
            let items = match value {
                Value::Array(items) => items.iter().collect(),
                other => vec![other],
            };
            for item in items.into_iter().filter(|item| item.is_object()) {
                self.learn(kind, item);
                self.learn_inside(item);
            }
        }
    }

    /// What is known of an object.
    pub(crate) fn get(&self, kind: Kind, id: &str) -> Option<&Value> {
        self.known.get(&(kind, id.to_owned()))
    }

    /// Every object of a kind, by id.
    pub(crate) fn all(&self, kind: Kind) -> impl Iterator<Item = &Value> {
        let mut rows: Vec<_> = self.known.iter().filter(|((known, _), _)| *known == kind).collect();
        rows.sort_by(|a, b| a.0.cmp(b.0));
        rows.into_iter().map(|(_, row)| row)
    }

    /// An object of a kind with a value in a field.
    pub(crate) fn find(&self, kind: Kind, field: &str, value: &Value) -> Option<&Value> {
        let mut found: Vec<&Value> = self
            .known
            .iter()
            .filter(|((known, _), row)| *known == kind && row.get(field) == Some(value))
            .map(|(_, row)| row)
            .collect();
        found.sort_by_key(|row| row["id"].to_string());
        found.into_iter().next()
    }
}
