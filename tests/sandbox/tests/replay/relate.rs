//! What an address, a body and an answer say about objects beside the ones they show.

use serde_json::{Value, json};

use crate::builder::{Builder, join, text};
use crate::derive::{ids_in_path, parameter, parameters};
use crate::dictionary::{Kind, id_of, rows};
use crate::recording::Recording;

impl Builder<'_> {
    /// `perms/users/<id>/assets/<id>/`: the two, and the accounts of the answer.
    pub(crate) fn user_in_path(&mut self, recording: &Recording) {
        let Some((_, rest)) = recording.path.split_once("/perms/users/") else {
            return;
        };
        let ids = ids_in_path(rest);
        if let Some(id) = ids.first().filter(|_| !recording.name.contains("unknown")) {
            self.by_id(Kind::User, id);
        }
        for row in rows(&recording.answer) {
            self.add(Kind::Asset, row, false);
        }
        let Some(asset) = ids.get(1) else { return };
        self.by_id(Kind::Asset, asset);
        for account in recording.answer["permed_accounts"].as_array().into_iter().flatten() {
            if account["alias"].as_str().is_some_and(|alias| alias.starts_with('@')) {
                continue;
            }
            let mut account = account.clone();
            account["asset"] = json!({"id": asset});
            account["secret_type"] = json!({"value": account["secret_type"]});
            self.add(Kind::Account, &account, false);
        }
    }

    /// A row that is known by one of its other fields gets its id; one that no recording
    /// knows gets a new one.
    pub(crate) fn identified(&self, kind: Kind, row: &Value) -> Value {
        let mut row = row.clone();
        if row.get("id").is_some() || !row.is_object() {
            return row;
        }
        let known = ["full_value", "username", "name"]
            .iter()
            .filter(|field| row[**field].is_string())
            .find_map(|field| self.dictionary.find(kind, field, &row[*field]));
        // A user who got another user name later keeps his name.
        let mut name = text(&row["username"]);
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let known = known.or_else(|| self.dictionary.find(kind, "name", &json!(name)));
        row["id"] = known.map_or_else(|| json!(uuid::Uuid::new_v4()), |known| known["id"].clone());
        row
    }

    /// Who is listed by a group is in it.
    pub(crate) fn join_group(&mut self, path: &str, row: &Value) {
        let (Some(group), Some(id)) = (parameter(path, "group_id"), id_of(row)) else {
            return;
        };
        self.reference(Kind::Group, &json!(group));
        if let Some(known) = self.groups.get_mut(&group) {
            join(&mut known["users"], id);
        }
    }

    /// The rows of a table of relations: those of the answer, those that stand in the way
    /// of a POST, the one that a DELETE takes away.
    pub(crate) fn pairs(&mut self, recording: &Recording) {
        if !recording.path.contains("-relations/") {
            return;
        }
        let mut pairs: Vec<Value> = Vec::new();
        match (recording.method.as_str(), recording.status) {
            ("GET", _) => pairs.extend(rows(&recording.answer).into_iter().cloned()),
            ("DELETE", _) => {
                let fields = parameters(&recording.path).into_iter();
                pairs.push(fields.map(|(field, id)| (field, json!(id))).collect());
            }
            ("POST", 400) => {
                let body = recording.body.as_ref().expect("a body");
                let items = body.as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
                for (at, item) in items.into_iter().enumerate() {
                    let answer = recording.answer.get(at).unwrap_or(&recording.answer);
                    if answer.get("non_field_errors").is_some() {
                        pairs.push(item);
                    }
                }
            }
            _ => {}
        }
        for pair in pairs {
            self.pair(&pair);
        }
    }

    pub(crate) fn pair(&mut self, pair: &Value) {
        for (field, kind) in [
            ("user", Kind::User),
            ("usergroup", Kind::Group),
            ("asset", Kind::Asset),
            ("node", Kind::Node),
            ("assetpermission", Kind::Permission),
        ] {
            if let Some(id) = pair[field].as_str() {
                let display = pair[format!("{field}_display")].as_str().unwrap_or_default();
                let known = self.dictionary.get(kind, id).cloned();
                let name = display.split('(').next().unwrap_or_default();
                let row =
                    known.unwrap_or_else(|| json!({"id": id, "name": name, "full_value": display}));
                self.add(kind, &row, false);
            }
        }
        let member = ["user", "usergroup", "asset", "node"].into_iter().find(|field| {
            pair[*field].is_string() && (pair["assetpermission"].is_string() || *field == "user")
        });
        let Some(member) = member else { return };
        match pair["assetpermission"].as_str() {
            Some(permission) => {
                let list = match member {
                    "user" => "users",
                    "usergroup" => "user_groups",
                    "asset" => "assets",
                    _ => "nodes",
                };
                let known = self.permissions.iter_mut().find(|row| row["id"] == permission);
                if let (Some(known), Some(id)) = (known, pair[member].as_str()) {
                    join(&mut known[list], id);
                }
            }
            None => {
                let group = pair["usergroup"].as_str().and_then(|id| self.groups.get_mut(id));
                if let (Some(group), Some(id)) = (group, pair["user"].as_str()) {
                    join(&mut group["users"], id);
                }
            }
        }
    }

    /// What stands in the way of a refused request.
    pub(crate) fn conflicts(&mut self, recording: &Recording, kind: Option<Kind>) {
        let (Some(kind), Some(body)) = (kind, &recording.body) else {
            return;
        };
        let text = recording.answer.to_string();
        if kind == Kind::Node && text.contains("same level") {
            let row = self.identified(kind, &json!({"value": body["value"]}));
            let row = self.dictionary.find(kind, "value", &body["value"]).cloned().unwrap_or(row);
            self.add(kind, &row, false);
        }
        if !text.contains("unique") && !text.contains("exists") {
            return;
        }
        let items = match body {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        };
        for (at, item) in items.into_iter().enumerate() {
            let answer = recording.answer.get(at).unwrap_or(&recording.answer).to_string();
            if kind == Kind::Account {
                self.account_like(item);
                continue;
            }
            for (field, words) in [
                ("id", "\"id\""),
                ("username", "\"username\""),
                ("email", "\"email\""),
                ("name", "\"name\""),
            ] {
                let Some(value) = item.get(field).filter(|_| answer.contains(words)) else {
                    continue;
                };
                if let Some(row) = self.dictionary.find(kind, field, value) {
                    self.add(kind, &row.clone(), false);
                }
            }
        }
    }

    /// The accounts of the same asset with the same name or user name.
    pub(crate) fn account_like(&mut self, item: &Value) {
        let same = |row: &&Value| {
            let here = id_of(&row["asset"]) == id_of(&item["asset"]);
            here && (row["username"] == item["username"] || row["name"] == item["name"])
        };
        let rows: Vec<Value> = self.dictionary.all(Kind::Account).filter(same).cloned().collect();
        for row in rows {
            self.add(Kind::Account, &row, false);
        }
    }
}
