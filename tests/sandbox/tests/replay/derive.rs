//! What must exist before a recorded request: read off its address, its body and its
//! answer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jumpgate_sandbox::{Seed, Version};
use serde_json::{Value, json};

use crate::dictionary::{Dictionary, Kind, id_of, kind_of, kind_of_field, rows};
use crate::recording::Recording;

/// Builds the seed of a recording.
pub(crate) fn seed(dictionary: &Dictionary, recording: &Recording) -> Seed {
    let mut builder = Builder::new(dictionary, recording.version);
    builder.administrator();
    let kind = kind_of(&recording.path);
    let good = recording.status < 300;
    let created: BTreeSet<String> =
        match (recording.method.as_str(), good && !on_invalid(recording)) {
            ("POST", true) => rows(&recording.answer)
                .into_iter()
                .filter_map(id_of)
                .map(str::to_owned)
                .collect(),
            _ => BTreeSet::new(),
        };
    // A permission whose accounts, assets or users are asked for.
    let below = recording
        .path
        .split_once("/asset-permissions/")
        .filter(|_| kind != Some(Kind::Permission));
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
            builder.into_group(&recording.path, &row);
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
        for id in parameter(&recording.path, "ids")
            .iter()
            .flat_map(|ids| ids.split(','))
        {
            if !id.is_empty() && !recording.name.contains("unknown") {
                builder.by_id(kind, id);
            }
        }
        if let (Some(name), "DELETE") = (
            parameter(&recording.path, "name"),
            recording.method.as_str(),
        ) {
            let row = builder.identified(kind, &json!({"name": name}));
            builder.add(kind, &row, false);
        }
        // Rows of a list that are good while another is not.
        if !good && matches!(recording.method.as_str(), "PATCH" | "PUT") {
            let answers = recording.answer.as_array().into_iter().flatten();
            let items = recording
                .body
                .as_ref()
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            for (item, _) in items
                .zip(answers)
                .filter(|(_, answer)| **answer == json!({}))
            {
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
    let mode = recording
        .body
        .as_ref()
        .and_then(|body| body["on_invalid"].as_str());
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
    let overwritten = recording
        .body
        .as_ref()
        .is_some_and(|body| body["on_invalid"] == json!("update"));
    if !overwritten && !matches!(recording.method.as_str(), "PATCH" | "PUT") {
        return row.clone();
    }
    let body = match &recording.body {
        Some(Value::Array(items)) => items.iter().find(|item| item["id"] == row["id"]).cloned(),
        other => other.clone(),
    };
    let body = body.unwrap_or(Value::Null);
    let mut row = row.clone();
    let fields: Vec<String> = body
        .as_object()
        .into_iter()
        .flatten()
        .map(|(field, _)| field.clone())
        .collect();
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

fn parameter(path: &str, name: &str) -> Option<String> {
    parameters(path)
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

fn ids_in_path(path: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap_or(path);
    path.split('/')
        .filter(|part| uuid::Uuid::parse_str(part).is_ok())
        .map(str::to_owned)
        .collect()
}

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

struct Builder<'a> {
    dictionary: &'a Dictionary,
    version: Version,
    done: BTreeSet<(Kind, String)>,
    users: BTreeMap<String, Value>,
    groups: BTreeMap<String, Value>,
    nodes: Vec<Value>,
    assets: BTreeMap<String, Value>,
    permissions: Vec<Value>,
    templates: Vec<Value>,
    roles: Vec<Value>,
    fillers: usize,
}

impl<'a> Builder<'a> {
    fn new(dictionary: &'a Dictionary, version: Version) -> Builder<'a> {
        Builder {
            dictionary,
            version,
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
    fn administrator(&mut self) {
        if let Some(row) = self
            .dictionary
            .find(Kind::User, "username", &json!("admin"))
        {
            self.add(Kind::User, &row.clone(), false);
        }
    }

    /// Adds an object by what the dictionary knows of it, or nearly nothing.
    fn by_id(&mut self, kind: Kind, id: &str) {
        let row = self.dictionary.get(kind, id).cloned();
        let row = row.unwrap_or_else(|| json!({"id": id, "name": format!("unknown-{id}")}));
        self.add(kind, &row, false);
    }

    /// Adds what a value refers to, if any recording knows it.
    fn reference(&mut self, kind: Kind, value: &Value) {
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

    fn references_of(&mut self, body: &Value, created: &BTreeSet<String>) {
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
                for text in body["accounts"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                {
                    if let Some(id) = text.strip_prefix('%') {
                        self.reference(Kind::Template, &json!(id));
                    }
                }
            }
            _ => {}
        }
    }

    /// `perms/users/<id>/assets/<id>/`: the two, and the accounts of the answer.
    fn user_in_path(&mut self, recording: &Recording) {
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
        for account in recording.answer["permed_accounts"]
            .as_array()
            .into_iter()
            .flatten()
        {
            if account["alias"]
                .as_str()
                .is_some_and(|alias| alias.starts_with('@'))
            {
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
    fn identified(&self, kind: Kind, row: &Value) -> Value {
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
    fn into_group(&mut self, path: &str, row: &Value) {
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
    fn pairs(&mut self, recording: &Recording) {
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
                let items = body
                    .as_array()
                    .cloned()
                    .unwrap_or_else(|| vec![body.clone()]);
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

    fn pair(&mut self, pair: &Value) {
        for (field, kind) in [
            ("user", Kind::User),
            ("usergroup", Kind::Group),
            ("asset", Kind::Asset),
            ("node", Kind::Node),
            ("assetpermission", Kind::Permission),
        ] {
            if let Some(id) = pair[field].as_str() {
                let display = pair[format!("{field}_display")]
                    .as_str()
                    .unwrap_or_default();
                let known = self.dictionary.get(kind, id).cloned();
                let name = display.split('(').next().unwrap_or_default();
                let row =
                    known.unwrap_or_else(|| json!({"id": id, "name": name, "full_value": display}));
                self.add(kind, &row, false);
            }
        }
        let member = ["user", "usergroup", "asset", "node"]
            .into_iter()
            .find(|field| {
                pair[*field].is_string()
                    && (pair["assetpermission"].is_string() || *field == "user")
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
                let known = self
                    .permissions
                    .iter_mut()
                    .find(|row| row["id"] == permission);
                if let (Some(known), Some(id)) = (known, pair[member].as_str()) {
                    join(&mut known[list], id);
                }
            }
            None => {
                let group = pair["usergroup"]
                    .as_str()
                    .and_then(|id| self.groups.get_mut(id));
                if let (Some(group), Some(id)) = (group, pair["user"].as_str()) {
                    join(&mut group["users"], id);
                }
            }
        }
    }

    /// What stands in the way of a refused request.
    fn conflicts(&mut self, recording: &Recording, kind: Option<Kind>) {
        let (Some(kind), Some(body)) = (kind, &recording.body) else {
            return;
        };
        let text = recording.answer.to_string();
        if kind == Kind::Node && text.contains("same level") {
            let row = self.identified(kind, &json!({"value": body["value"]}));
            let row = self
                .dictionary
                .find(kind, "value", &body["value"])
                .cloned()
                .unwrap_or(row);
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
            let answer = recording
                .answer
                .get(at)
                .unwrap_or(&recording.answer)
                .to_string();
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
    fn account_like(&mut self, item: &Value) {
        let same = |row: &&Value| {
            let here = id_of(&row["asset"]) == id_of(&item["asset"]);
            here && (row["username"] == item["username"] || row["name"] == item["name"])
        };
        let rows: Vec<Value> = self
            .dictionary
            .all(Kind::Account)
            .filter(same)
            .cloned()
            .collect();
        for row in rows {
            self.add(Kind::Account, &row, false);
        }
    }

    fn add(&mut self, kind: Kind, row: &Value, main: bool) {
        let Some(id) = id_of(row).map(str::to_owned) else {
            return;
        };
        if !self.done.insert((kind, id.clone())) {
            return;
        }
        // A row may be a part of what is known; what it says itself comes first.
        let mut full = self
            .dictionary
            .get(kind, &id)
            .cloned()
            .unwrap_or_else(|| json!({}));
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

    fn user(&mut self, id: &str, row: &Value, main: bool) {
        let username = row["username"].as_str().map_or_else(
            || format!("{}-{}", text(&row["name"]).to_lowercase(), &id[..4]),
            str::to_owned,
        );
        let mut roles = Vec::new();
        for role in ["system_roles", "org_roles"]
            .iter()
            .flat_map(|field| row[*field].as_array())
            .flatten()
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

    fn role(&mut self, id: &str, row: &Value) {
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

    fn group(&mut self, id: &str, row: &Value, main: bool) {
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

    fn node(&mut self, id: &str, row: &Value) {
        self.nodes.push(json!({
            "id": id,
            "path": row["full_value"].as_str().map_or_else(
                || format!("/Default/{}", text(&row["name"])),
                str::to_owned,
            ),
            "key": row["key"].as_str(),
        }));
    }

    fn asset(&mut self, id: &str, row: &Value, main: bool) {
        let mut places = Vec::new();
        let listed = row["nodes_display"].as_array();
        for (at, node) in row["nodes"].as_array().into_iter().flatten().enumerate() {
            let path = listed.and_then(|paths| paths.get(at)).cloned();
            let known = id_of(node)
                .and_then(|id| self.dictionary.get(Kind::Node, id))
                .is_some();
            match path.filter(|_| !known) {
                Some(path) => self.add(
                    Kind::Node,
                    &json!({"id": node["id"], "full_value": path}),
                    false,
                ),
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
                if let Some(accounts) = self
                    .assets
                    .get_mut(id)
                    .and_then(|asset| asset["accounts"].as_array_mut())
                {
                    accounts.push(account);
                }
            }
        }
    }

    fn account(&mut self, id: &str, row: &Value) {
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
    fn home(&mut self) -> String {
        let id = "5f000000-0000-4000-8000-000000000001";
        self.add(Kind::Asset, &json!({"id": id, "name": "home"}), false);
        id.to_owned()
    }

    fn permission(&mut self, id: &str, row: &Value, own: &Value, main: bool) {
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
    fn filled(&mut self, kind: Kind, have: u64, wanted: u64) -> Vec<Value> {
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

    fn finish(mut self) -> Seed {
        self.nodes
            .sort_by_key(|node| text(&node["path"]).matches('/').count());
        let seed = json!({
            "nodes": self.nodes,
            "roles": self.roles,
            "users": self.users.into_values().collect::<Vec<_>>(),
            "groups": self.groups.into_values().collect::<Vec<_>>(),
            "templates": self.templates,
            "assets": self.assets.into_values().collect::<Vec<_>>(),
            "permissions": self.permissions,
        });
        let _ = self.version;
        serde_json::from_value(seed).expect("a seed that fits")
    }
}

fn join(list: &mut Value, id: &str) {
    if let Some(items) = list.as_array_mut()
        && !items.contains(&json!(id))
    {
        items.push(json!(id));
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
