//! The JSON schema of requests with the names of one access repo, so that an editor offers
//! them. People, teams, instances, levels and logins are those of the repo and no others; for
//! nodes, assets and tables the list is what is known, and others are taken.

use schemars::Schema;
use serde_json::{Value, json};

use super::{Catalog, names};
use crate::access::model::Access;
use crate::access::schema::{FILES, FileKind};

/// So many tables are offered: an editor holds the list in memory. Whole databases come first.
const MOST_TABLES: usize = 10_000;

/// The schema of `requests/**/*.yaml` in this repo.
pub fn request(access: &Access, catalog: Option<&Catalog>) -> Schema {
    let file = FILES.iter().find(|kind| kind.name == "request");
    let mut schema = file.map(FileKind::schema).unwrap_or_default();
    let people = access.people.keys().map(ToString::to_string);
    let teams = access.teams.keys().map(|team| format!("team/{team}"));
    let parties: Vec<String> = people.chain(teams).collect();
    let entries = || access.servers.iter();
    let known = catalog.map(|known| known.servers(access)).unwrap_or_default();
    let (known_nodes, known_assets): (Vec<String>, Vec<String>) =
        known.into_iter().partition(|name| name.starts_with('/'));
    let offered = entries().flat_map(|entry| &entry.assets).filter(|name| !name.contains('*'));
    let nodes = entries().flat_map(|entry| &entry.nodes).cloned().chain(known_nodes);
    let assets = offered.cloned().chain(known_assets);
    let instances = access.instances.keys().map(ToString::to_string);
    let levels = access.config.levels.keys().map(ToString::to_string);
    let logins = access.config.logins.keys().map(ToString::to_string);
    let tables = names::scopes_of_all(access, catalog, MOST_TABLES);
    for (place, names, form) in [
        ("/properties/for", parties, Form::OneOrMany),
        ("/$defs/DatabaseAsk/properties/instance", instances.collect(), Form::OneOrMany),
        ("/$defs/DatabaseAsk/properties/level", levels.collect(), Form::One),
        ("/$defs/DatabaseAsk/properties/tables/items", tables, Form::Open),
        ("/$defs/ServerAsk/properties/login", logins.collect(), Form::One),
        ("/$defs/ServerAsk/properties/nodes/items", sorted(nodes), Form::Open),
        ("/$defs/ServerAsk/properties/assets/items", sorted(assets), Form::Open),
    ] {
        if let Some(Value::Object(at)) = schema.pointer_mut(place).filter(|_| !names.is_empty()) {
            fill(at, &names, form);
        }
    }
    schema
}

/// What stands at a place of the schema.
#[derive(Clone, Copy)]
enum Form {
    /// One of the names.
    One,
    /// One of the names, or a list of them.
    OneOrMany,
    /// One of the names, or any other text.
    Open,
}

fn fill(at: &mut serde_json::Map<String, Value>, names: &[String], form: Form) {
    match form {
        Form::One => {
            at.insert("enum".to_owned(), json!(names));
        }
        Form::OneOrMany => {
            let one = json!({ "type": "string", "enum": names });
            let many = json!({ "type": "array", "items": one, "minItems": 1, "uniqueItems": true });
            at.insert("anyOf".to_owned(), json!([one, many]));
        }
        Form::Open => {
            let other = json!({ "type": "string" });
            at.insert("anyOf".to_owned(), json!([{ "enum": names }, other]));
        }
    }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let all: std::collections::BTreeSet<String> = names.collect();
    all.into_iter().collect()
}
