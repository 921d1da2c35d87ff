//! Objects of recordings as objects of a seed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jumpgate_sandbox::Seed;
use serde_json::{Value, json};

use crate::dictionary::{Dictionary, Kind, id_of, kind_of_field};

fn moment(text: &Value) -> Option<String> {
    let text = text.as_str()?;
    let moment = Timestamp::strptime("%Y/%m/%d %H:%M:%S %z", text).ok()?;
    Some(moment.to_string())
}

fn label_texts(row: &Value) -> Vec<String> {
    row["labels"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|label| match label.as_str() {
            Some(text) => text.to_owned(),
            None => format!(
                "{}:{}",
                label["name"].as_str().unwrap_or_default(),
                label["value"].as_str().unwrap_or_default()
            ),
        })
        .collect()
}

/// Gathers what a seed is to hold.
pub(crate) struct Builder<'a> {
    pub(crate) dictionary: &'a Dictionary,
    pub(crate) done: BTreeSet<(Kind, String)>,
    pub(crate) users: BTreeMap<String, Value>,
    pub(crate) groups: BTreeMap<String, Value>,
    pub(crate) nodes: Vec<Value>,
    pub(crate) assets: BTreeMap<String, Value>,
    pub(crate) permissions: Vec<Value>,
    pub(crate) templates: Vec<Value>,
    pub(crate) roles: Vec<Value>,
    pub(crate) fillers: usize,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(dictionary: &'a Dictionary) -> Builder<'a> {
        Builder {
            dictionary,
            done: BTreeSet::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            nodes: Vec::new(),
            assets: BTreeMap::new(),
            permissions: Vec::new(),
            templates: Vec::new(),
            roles: Vec::new(),
            fillers: 0,
        }
    }

    /// The administrator keeps the recorded id.
    pub(crate) fn administrator(&mut self) {
        if let Some(row) = self.dictionary.find(Kind::User, "username", &json!("admin")) {
            self.add(Kind::User, &row.clone(), false);
        }
    }

    /// Adds an object by what the dictionary knows of it, or nearly nothing.
    pub(crate) fn by_id(&mut self, kind: Kind, id: &str) {
        let row = self.dictionary.get(kind, id).cloned();
        let row = row.unwrap_or_else(|| json!({"id": id, "name": format!("unknown-{id}")}));
        self.add(kind, &row, false);
    }

    /// Adds what a value refers to, if any recording knows it.
    pub(crate) fn reference(&mut self, kind: Kind, value: &Value) {
        let items = match value {
            Value::Array(items) => items.clone(),
            other => vec![other.clone()],
        };
        for item in items {
            if let Some(id) = id_of(&item)
                && let Some(row) = self.dictionary.get(kind, id)
            {
                self.add(kind, &row.clone(), false);
            } else if item.is_object() && id_of(&item).is_some() {
                self.add(kind, &item, false);
            }
        }
    }

    pub(crate) fn references_of(&mut self, body: &Value, created: &BTreeSet<String>) {
        match body {
            Value::Array(items) => {
                for item in items {
                    self.references_of(item, created);
                }
            }
            Value::Object(fields) => {
                for (field, value) in fields {
                    if let Some(kind) = kind_of_field(field)
                        && !id_of(value).is_some_and(|id| created.contains(id))
                    {
                        self.reference(kind, value);
                    }
                }
                for text in
                    body["accounts"].as_array().into_iter().flatten().filter_map(Value::as_str)
                {
                    if let Some(id) = text.strip_prefix('%') {
                        self.reference(Kind::Template, &json!(id));
                    }
                }
            }
            _ => {}
        }
    }

    pub(crate) fn add(&mut self, kind: Kind, row: &Value, main: bool) {
        let Some(id) = id_of(row).map(str::to_owned) else {
            return;
        };
        if !self.done.insert((kind, id.clone())) {
            return;
        }
        // A row may be a part of what is known; what it says itself comes first.
        let mut full = self.dictionary.get(kind, &id).cloned().unwrap_or_else(|| json!({}));
        for (field, value) in row.as_object().into_iter().flatten() {
            full[field] = value.clone();
        }
        match kind {
            Kind::User => self.user(&id, &full, main),
            Kind::Group => self.group(&id, &full, main),
            Kind::Node => self.node(&id, &full),
            Kind::Asset => self.asset(&id, &full, main),
            Kind::Account => self.account(&id, &full),
            Kind::Template => self.templates.push(json!({
                "id": id, "name": full["name"], "username": full["username"], "secret": "template-secret",
            })),
            Kind::Permission => self.permission(&id, &full, row, main),
            Kind::Role => self.role(&id, &full),
        }
    }

    pub(crate) fn user(&mut self, id: &str, row: &Value, main: bool) {
        let username = row["username"].as_str().map_or_else(
            || format!("{}-{}", text(&row["name"]).to_lowercase(), &id[..4]),
            str::to_owned,
        );
        let mut roles = Vec::new();
        for role in
            ["system_roles", "org_roles"].iter().flat_map(|field| row[*field].as_array()).flatten()
        {
            self.reference(Kind::Role, role);
            roles.push(role["id"].clone());
        }
        // Both scopes or none: a part of the roles would take the others away.
        let some = |field: &str| row[field].as_array().is_some_and(|roles| !roles.is_empty());
        let whole = some("system_roles") && some("org_roles");
        self.users.insert(
            id.to_owned(),
            json!({
                "id": id,
                "username": username,
                "name": text(&row["name"]),
                "email": text(&row["email"]),
                "comment": row["comment"],
                "disabled": row["is_active"] == json!(false),
                "date_expired": moment(&row["date_expired"]),
                "labels": label_texts(row),
                "roles": if whole { roles } else { Vec::new() },
            }),
        );
        if main || username == "admin" {
            for group in row["groups"].as_array().into_iter().flatten() {
                self.reference(Kind::Group, group);
                if let Some(known) = id_of(group).and_then(|id| self.groups.get_mut(id)) {
                    join(&mut known["users"], id);
                }
            }
        }
    }

    pub(crate) fn role(&mut self, id: &str, row: &Value) {
        if id.starts_with("00000000-") {
            return;
        }
        self.roles.push(json!({
            "id": id,
            "name": text(if row["name"].is_null() { &row["display_name"] } else { &row["name"] }),
            "system": row["scope"]["value"] == json!("system"),
            "comment": text(&row["comment"]),
        }));
    }

    pub(crate) fn group(&mut self, id: &str, row: &Value, main: bool) {
        let mut members = Vec::new();
        if main {
            for user in row["users"].as_array().into_iter().flatten() {
                self.reference(Kind::User, user);
                members.push(user["id"].clone());
            }
            if row.get("users").is_none() || members.is_empty() {
                members = self.filled(Kind::User, 0, row["users_amount"].as_u64().unwrap_or(0));
            }
        }
        let old = self.groups.get(id).map(|group| group["users"].clone());
        self.groups.insert(
            id.to_owned(),
            json!({
                "id": id,
                "name": text(&row["name"]),
                "comment": text(&row["comment"]),
                "labels": label_texts(row),
                "users": old.unwrap_or(Value::Array(members)),
            }),
        );
    }

    pub(crate) fn node(&mut self, id: &str, row: &Value) {
        self.nodes.push(json!({
            "id": id,
            "path": row["full_value"].as_str().map_or_else(
                || format!("/Default/{}", text(&row["name"])),
                str::to_owned,
            ),
            "key": row["key"].as_str(),
        }));
    }

    pub(crate) fn asset(&mut self, id: &str, row: &Value, main: bool) {
        let mut places = Vec::new();
        let listed = row["nodes_display"].as_array();
        for (at, node) in row["nodes"].as_array().into_iter().flatten().enumerate() {
            let path = listed.and_then(|paths| paths.get(at)).cloned();
            let known = id_of(node).and_then(|id| self.dictionary.get(Kind::Node, id)).is_some();
            match path.filter(|_| !known) {
                Some(path) => {
                    self.add(Kind::Node, &json!({"id": node["id"], "full_value": path}), false)
                }
                None => self.reference(Kind::Node, node),
            }
            places.push(node["id"].clone());
        }
        let platform = row["platform"]["name"].as_str().unwrap_or("Linux");
        self.assets.insert(
            id.to_owned(),
            json!({
                "id": id,
                "name": text(&row["name"]),
                "address": text(&row["address"]),
                "platform": platform,
                "nodes": places,
                "db_name": text(if row["db_name"].is_null() { &row["spec_info"]["db_name"] } else { &row["db_name"] }),
                "comment": text(&row["comment"]),
                "labels": label_texts(row),
                "accounts": [],
            }),
        );
        if main {
            for number in 0..row["accounts_amount"].as_u64().unwrap_or(0) {
                let account = json!({"username": format!("filler-{number}")});
                if let Some(accounts) =
                    self.assets.get_mut(id).and_then(|asset| asset["accounts"].as_array_mut())
                {
                    accounts.push(account);
                }
            }
        }
    }

    pub(crate) fn account(&mut self, id: &str, row: &Value) {
        self.reference(Kind::Asset, &row["asset"]);
        self.reference(Kind::Account, &row["su_from"]);
        let home = id_of(&row["asset"]).map_or_else(|| self.home(), str::to_owned);
        let Some(asset) = self.assets.get_mut(&home) else {
            return;
        };
        let has_secret = row["has_secret"] != json!(false);
        let account = json!({
            "id": id,
            "username": text(&row["username"]),
            "name": text(&row["name"]),
            "secret": has_secret.then_some("before"),
            "secret_type": row["secret_type"]["value"].as_str().unwrap_or_default(),
            "su_from": row["su_from"]["id"].as_str(),
            "privileged": row["privileged"] == json!(true),
            "no_secret_reset": row["secret_reset"] == json!(false),
            "comment": text(&row["comment"]),
            "labels": label_texts(row),
        });
        if let Some(accounts) = asset["accounts"].as_array_mut() {
            accounts.push(account);
        }
    }

    /// An asset for accounts of which only the id is known.
    pub(crate) fn home(&mut self) -> String {
        let id = "5f000000-0000-4000-8000-000000000001";
        self.add(Kind::Asset, &json!({"id": id, "name": "home"}), false);
        id.to_owned()
    }

    pub(crate) fn permission(&mut self, id: &str, row: &Value, own: &Value, main: bool) {
        let mut shown = json!({
            "id": id,
            "name": text(&row["name"]),
            "accounts": row["accounts"].as_array().cloned().unwrap_or_default(),
            "protocols": row["protocols"].as_array(),
            "actions": row["actions"].as_array().map(|actions| {
                actions.iter().map(|action| action["value"].clone()).collect::<Vec<_>>()
            }),
            "date_start": moment(&row["date_start"]),
            "date_expired": moment(&row["date_expired"]),
            "inactive": row["is_active"] == json!(false),
            "comment": text(&row["comment"]),
            "labels": label_texts(row),
        });
        for (field, kind) in [
            ("users", Kind::User),
            ("user_groups", Kind::Group),
            ("assets", Kind::Asset),
            ("nodes", Kind::Node),
        ] {
            let amount = own[format!("{field}_amount")].as_u64();
            let mut members = Vec::new();
            for member in row[field].as_array().into_iter().flatten() {
                let full = amount
                    .is_some_and(|amount| members.len() as u64 >= amount && own[field].is_null());
                if main && !full {
                    self.reference(kind, member);
                    members.push(member["id"].clone());
                }
            }
            if let (true, Some(amount)) = (main && own[field].is_null(), amount) {
                let have = members.len() as u64;
                members.extend(self.filled(kind, have, amount));
            }
            shown[field] = Value::Array(members);
        }
        self.permissions.push(shown);
    }

    /// Objects without a recording, to make a number right.
    pub(crate) fn filled(&mut self, kind: Kind, have: u64, wanted: u64) -> Vec<Value> {
        (have..wanted)
            .map(|_| {
                self.fillers += 1;
                let id = uuid::Uuid::new_v4().to_string();
                let name = format!("zz-filler-{}", self.fillers);
                let row = match kind {
                    Kind::Node => json!({"id": id, "full_value": format!("/Default/{name}")}),
                    _ => json!({"id": id, "name": name, "username": name}),
                };
                self.add(kind, &row, false);
                json!(id)
            })
            .collect()
    }

    pub(crate) fn finish(mut self) -> Seed {
        self.nodes.sort_by_key(|node| text(&node["path"]).matches('/').count());
        let seed = json!({
            "nodes": self.nodes,
            "roles": self.roles,
            "users": self.users.into_values().collect::<Vec<_>>(),
            "groups": self.groups.into_values().collect::<Vec<_>>(),
            "templates": self.templates,
            "assets": self.assets.into_values().collect::<Vec<_>>(),
            "permissions": self.permissions,
        });
        serde_json::from_value(seed).expect("a seed that fits")
    }
}

/// Adds an id to a list once.
pub(crate) fn join(list: &mut Value, id: &str) {
    if let Some(items) = list.as_array_mut()
        && !items.contains(&json!(id))
    {
        items.push(json!(id));
    }
}

/// A value's text, or nothing.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
