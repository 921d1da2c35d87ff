//! Assets as answers show them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::assets::{View, all_accounts, platform};
use crate::dates;
use crate::http::Request;
use crate::labels;
use crate::model::{Asset, choice, reference};
use crate::state::State;

/// `name(address)`.
pub(crate) fn display(asset: &Asset) -> String {
    format!("{}({})", asset.name, asset.address)
}

/// What is particular to the kind of the asset.
pub(crate) fn spec_info(state: &State, asset: &Asset) -> Value {
    if platform(state, asset).category() == "database" {
        json!({
            "db_name": asset.db_name,
            "use_ssl": asset.use_ssl,
            "allow_invalid_cert": asset.allow_invalid_cert,
        })
    } else {
        json!({})
    }
}

/// The nodes of an asset, as references and as paths.
fn places(state: &State, id: Uuid) -> (Vec<Value>, Vec<String>) {
    let mut nodes: Vec<_> =
        state.asset_nodes.members(id).filter_map(|node| state.nodes.get(node)).collect();
    nodes.sort_by(|a, b| a.full_value.cmp(&b.full_value));
    nodes.into_iter().map(|node| (reference(node.id, &node.value), node.full_value.clone())).unzip()
}

/// The fields that the view of a person shares with the views of assets.
pub(crate) fn show_common(state: &State, request: &Request, asset: &Asset) -> Value {
    let platform = platform(state, asset);
    let zone = match state.version {
        Version::V3 => "domain",
        Version::V4 => "zone",
    };
    json!({
        "id": asset.id,
        "name": asset.name,
        "address": asset.address,
        "comment": asset.comment,
        zone: null,
        "platform": {"id": asset.platform, "name": platform.name},
        "nodes": places(state, asset.id).0,
        "labels": labels::write(state, &asset.labels),
        "category": platform.show_category(),
        "type": platform.show_type(),
        "connectivity": choice("-", "Unknown"),
        "created_by": asset.created_by,
        "org_id": asset.org,
        "org_name": state.org_name(asset.org),
        "is_active": asset.is_active,
        "date_verified": null,
        "date_created": dates::write(asset.date_created, &request.call.zone),
    })
}

/// One asset; `detail` is the answer for one by its id.
pub(crate) fn show(state: &State, request: &Request, view: View, id: Uuid, detail: bool) -> Value {
    let Some(asset) = state.assets.get(id) else {
        return Value::Null;
    };
    let platform = platform(state, asset);
    let mut row = show_common(state, request, asset);
    row["protocols"] =
        asset.protocols.iter().map(|(name, port)| json!({"name": name, "port": port})).collect();
    row["nodes_display"] = json!(places(state, id).1);
    row["auto_config"] = platform.auto_config(state.version);
    // A host with another kind of platform, as version 3 takes it, shows no words.
    if view == View::Hosts && platform.category() != "host" {
        for field in ["category", "type"] {
            row[field]["label"] = row[field]["value"].clone();
        }
    }
    if view == View::Databases {
        row["db_name"] = json!(asset.db_name);
        row["use_ssl"] = json!(asset.use_ssl);
        row["allow_invalid_cert"] = json!(asset.allow_invalid_cert);
        for field in ["ca_cert", "client_cert", "client_key"] {
            row[field] = json!("");
        }
        if state.version == Version::V4 {
            row["pg_ssl_mode"] = choice("prefer", "Prefer");
        }
    }
    if state.version == Version::V4 {
        row["platform"]["type"] = platform.show_type()["value"].take();
        let directories = state.asset_directories.members(id);
        row["directory_services"] = directories
            .filter_map(|directory| state.assets.get(directory))
            .map(|directory| reference(directory.id, &directory.name))
            .collect();
        row["accounts_amount"] = json!(all_accounts(state, id).count());
        row["date_last_login"] = Value::Null;
        row["date_updated"] = json!(dates::write(asset.date_updated, &request.call.zone));
        if detail {
            row["accounts"] = json!([]);
        }
    }
    let wide = detail || state.assets_widened;
    if wide || view == View::Hosts {
        row["gathered_info"] = json!({});
    }
    if wide {
        row["spec_info"] = spec_info(state, asset);
    }
    row
}
