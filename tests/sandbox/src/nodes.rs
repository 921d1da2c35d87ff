//! `assets/nodes/`: the tree that assets hang in.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::bulk::{self, IdFilter};
use crate::errors::{self, Invalid, Outcome, Problems, Reply};
use crate::fields;
use crate::filters;
use crate::http::Request;
use crate::model::{Node, Row};
use crate::paging::{self, ID_AND_NAME};
use crate::rbac::right;
use crate::state::{DEFAULT_ORG, State, visible};

const SAME_NAME: &str = "The same level node name cannot be the same";

/// Serves `assets/nodes/...`.
pub(crate) fn serve(state: &mut State, request: &Request, rest: &[String]) -> Outcome {
    let method = request.call.method.as_str();
    request.caller.must(&right(method, "assets", "node"))?;
    let parts: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (method, parts.as_slice()) {
        ("GET", []) => {
            let rows = filtered(state, request);
            Ok(paging::list(request.call, &rows, ID_AND_NAME, |id| show(state, *id)))
        }
        ("POST", []) => {
            filters::must_save_in_an_org(state, request)?;
            bulk::create(state, request, |state, body| create(state, request.org, body))
        }
        ("DELETE", []) => {
            let rows = filtered(state, request);
            let total = state.nodes.iter().filter(|row| visible(row.org, request.org)).count();
            bulk::allow_delete(request, rows.len(), total)?;
            for id in rows {
                remove(state, id)?;
            }
            Ok(Reply::empty(204))
        }
        ("GET", ["children", "tree"]) => {
            root(state, request.org);
            Ok(Reply::ok(tree(state, request)))
        }
        ("GET", ["children"]) => {
            let root = root(state, request.org);
            children(state, request, root)
        }
        (_, [id, "children"]) => {
            let id = filters::find(&state.nodes, request, id, "Node", Version::V3)?;
            match method {
                "GET" => children(state, request, id),
                "POST" => create_child(state, request, id),
                other => Err(errors::method_not_allowed(other)),
            }
        }
        (_, [id]) => {
            let id = filters::find(&state.nodes, request, id, "Node", state.version)?;
            one(state, request, id)
        }
        _ => Err(errors::no_route()),
    }
}

fn one(state: &mut State, request: &Request, id: Uuid) -> Outcome {
    match request.call.method.as_str() {
        "GET" => {}
        "PUT" | "PATCH" => {
            let body = request.call.json()?;
            let mut problems = Problems::default();
            let value = fields::text(&body, "value", 128, false, &mut problems);
            let parent = state.nodes.get(id).map(|node| parent_path(&node.full_value).to_owned());
            if let (Some(value), Some(parent)) = (&value, &parent)
                && state
                    .nodes
                    .find(request.org, &format!("{parent}/{value}"))
                    .is_some_and(|other| other.id != id)
            {
                problems.add("value", SAME_NAME);
            }
            problems.finish().map_err(Invalid::reply)?;
            if let Some(value) = value {
                rename(state, id, &value);
            }
        }
        "DELETE" => {
            remove(state, id)?;
            return Ok(Reply::empty(204));
        }
        other => return Err(errors::method_not_allowed(other)),
    }
    Ok(Reply::ok(paging::pick(request.call, show(state, id), ID_AND_NAME)))
}

fn parent_path(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn rename(state: &mut State, id: Uuid, value: &str) {
    let Some((old, org)) = state.nodes.get(id).map(|node| (node.full_value.clone(), node.org))
    else {
        return;
    };
    let new = format!("{}/{value}", parent_path(&old));
    let below = format!("{old}/");
    let moved: Vec<Uuid> = state
        .nodes
        .iter()
        .filter(|node| node.org == org && node.full_value.starts_with(&below))
        .map(Row::id)
        .collect();
    for child in moved {
        state.nodes.change(child, |node| node.full_value.replace_range(..old.len(), &new));
    }
    state.nodes.change(id, |node| {
        value.clone_into(&mut node.value);
        node.full_value = new;
    });
}

/// The root node of an organisation, made when it is first needed.
pub(crate) fn root(state: &mut State, org: Uuid) -> Uuid {
    let name = state.org_name(org);
    if let Some(node) = state.nodes.find(org, &format!("/{name}")) {
        return node.id;
    }
    if let Some(node) = state.nodes.iter().find(|node| node.org == org && !node.key.contains(':')) {
        return node.id;
    }
    let key = if org == DEFAULT_ORG { "1" } else { "2" };
    let node = Node {
        id: Uuid::new_v4(),
        org,
        key: key.to_owned(),
        full_value: format!("/{name}"),
        value: name,
        children: 0,
    };
    let id = node.id;
    state.nodes.insert(node);
    id
}

/// The node with this path, made with its parents where it is missing. A path with
/// another root goes below the organisation's own.
pub(crate) fn by_path(state: &mut State, org: Uuid, path: &str) -> Uuid {
    let top = root(state, org);
    let top_value = state.nodes.get(top).map(|node| node.value.clone()).unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
    if parts.peek() == Some(&top_value.as_str()) {
        parts.next();
    }
    let mut at = top;
    for part in parts {
        at = child(state, at, part, None);
    }
    at
}

/// The child of a node with this name, made where it is missing.
fn child(state: &mut State, parent: Uuid, value: &str, id: Option<Uuid>) -> Uuid {
    let Some((org, path, key, count)) = state.nodes.get(parent).map(|node| {
        (node.org, format!("{}/{value}", node.full_value), node.key.clone(), node.children)
    }) else {
        return parent;
    };
    if let Some(node) = state.nodes.find(org, &path) {
        return node.id;
    }
    state.nodes.change(parent, |node| node.children += 1);
    let node = Node {
        id: id.unwrap_or_else(Uuid::new_v4),
        org,
        key: format!("{key}:{count}"),
        value: value.to_owned(),
        full_value: path,
        children: 0,
    };
    let id = node.id;
    state.nodes.insert(node);
    id
}

fn create(state: &mut State, org: Uuid, body: &Value) -> Result<Value, Invalid> {
    let mut problems = Problems::default();
    let id = fields::chosen_id(body, &state.nodes, "Node", &mut problems);
    let path = fields::loose_text(body, "full_value", 4096, false, &mut problems);
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        problems.finish()?;
        let id = by_path(state, org, &path);
        return Ok(show(state, id));
    }
    let value = fields::text(body, "value", 128, true, &mut problems);
    let top = root(state, org);
    if let (Some(value), Some(node)) = (&value, state.nodes.get(top)) {
        let path = format!("{}/{value}", node.full_value);
        if state.nodes.find(org, &path).is_some() {
            problems.add("value", SAME_NAME);
        }
    }
    problems.finish()?;
    let id = child(state, top, &value.unwrap_or_default(), id);
    Ok(show(state, id))
}

fn create_child(state: &mut State, request: &Request, parent: Uuid) -> Outcome {
    let body = request.call.json()?;
    let mut problems = Problems::default();
    let value = fields::text(&body, "value", 128, false, &mut problems);
    problems.finish().map_err(Invalid::reply)?;
    let value = value.unwrap_or_else(|| "New node".to_owned());
    let taken = state.nodes.get(parent).is_some_and(|node| {
        let path = format!("{}/{value}", node.full_value);
        state.nodes.find(node.org, &path).is_some()
    });
    if taken {
        return Err(errors::refused(SAME_NAME, "error"));
    }
    let id = child(state, parent, &value, None);
    Ok(Reply::json(201, show(state, id)))
}

fn children(state: &State, request: &Request, parent: Uuid) -> Outcome {
    let Some(parent) = state.nodes.get(parent) else {
        return Err(errors::no_object("Node"));
    };
    let mut rows: Vec<&Node> = state
        .nodes
        .iter()
        .filter(|node| {
            node.org == parent.org
                && node.key.rsplit_once(':').is_some_and(|(key, _)| key == parent.key)
        })
        .collect();
    rows.sort_by(|a, b| a.value.cmp(&b.value));
    let rows: Vec<Uuid> = rows.into_iter().map(|node| node.id).collect();
    Ok(paging::list(request.call, &rows, ID_AND_NAME, |id| show(state, *id)))
}

/// The node with an id, or with a key.
pub(crate) fn by_id_or_key(state: &State, text: &str) -> Option<Uuid> {
    match text.parse() {
        Ok(id) => state.nodes.contains(id).then_some(id),
        Err(_) => state.nodes.iter().find(|node| node.key == text).map(|node| node.id),
    }
}

/// A node and everything below it.
pub(crate) fn subtree(state: &State, id: Uuid) -> Vec<Uuid> {
    let Some(top) = state.nodes.get(id) else {
        return Vec::new();
    };
    let below = format!("{}/", top.full_value);
    state
        .nodes
        .iter()
        .filter(|node| {
            node.org == top.org && (node.id == id || node.full_value.starts_with(&below))
        })
        .map(|node| node.id)
        .collect()
}

/// A node and everything above it.
pub(crate) fn ancestors(state: &State, id: Uuid) -> Vec<Uuid> {
    let Some(node) = state.nodes.get(id) else {
        return Vec::new();
    };
    let mut found = vec![id];
    let mut path = parent_path(&node.full_value);
    while !path.is_empty() {
        if let Some(above) = state.nodes.find(node.org, path) {
            found.push(above.id);
        }
        path = parent_path(path);
    }
    found
}

fn remove(state: &mut State, id: Uuid) -> Result<(), Reply> {
    let Some(node) = state.nodes.get(id) else {
        return Ok(());
    };
    if !node.key.contains(':') {
        let words = format!("You can't delete the root node ({})", node.value);
        return Err(errors::plain(403, &words));
    }
    let below = subtree(state, id);
    if below.iter().any(|node| state.asset_nodes.owners(*node).next().is_some()) {
        return Err(errors::plain(403, "Deletion failed and the node contains assets"));
    }
    for id in below {
        state.nodes.remove(id);
        state.permission_nodes.forget(id);
    }
    Ok(())
}

fn filtered(state: &State, request: &Request) -> Vec<Uuid> {
    let call = request.call;
    let ids = IdFilter::of(state, request);
    let search = filters::Search::of(call);
    let mut rows: Vec<&Node> = state
        .nodes
        .iter()
        .filter(|node| {
            visible(node.org, request.org)
                && ids.keeps_id(node.id)
                && filters::exact(call, "value", &node.value)
                && filters::exact(call, "key", &node.key)
                && search.finds(&[&node.full_value])
        })
        .collect();
    rows.sort_by(|a, b| {
        let parent = |node: &Node| node.key.rsplit_once(':').map_or("", |(key, _)| key).to_owned();
        (parent(a), &a.value).cmp(&(parent(b), &b.value))
    });
    if call.param("order").is_some_and(|order| order == "id") {
        rows.sort_by_key(|node| node.id);
    }
    rows.into_iter().map(|node| node.id).collect()
}

fn show(state: &State, id: Uuid) -> Value {
    let Some(node) = state.nodes.get(id) else {
        return Value::Null;
    };
    json!({
        "id": id,
        "key": node.key,
        "value": node.value,
        "org_id": node.org,
        "name": node.value,
        "full_value": node.full_value,
        "org_name": state.org_name(node.org),
    })
}

fn tree(state: &State, request: &Request) -> Value {
    let mut rows: Vec<&Node> = state
        .nodes
        .iter()
        .filter(|node| visible(node.org, request.org) && node.key.matches(':').count() < 2)
        .collect();
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows.iter()
        .map(|node| {
            let below = subtree(state, node.id);
            let mut assets: Vec<Uuid> =
                below.iter().flat_map(|id| state.asset_nodes.owners(*id)).collect();
            assets.sort();
            assets.dedup();
            let name = format!("{} ({})", node.value, assets.len());
            json!({
                "id": node.key,
                "name": name,
                "title": name,
                "pId": node.key.rsplit_once(':').map_or("", |(key, _)| key),
                "isParent": true,
                "open": !node.key.contains(':'),
                "meta": {
                    "data": {"id": node.id, "key": node.key, "value": node.value},
                    "type": "node",
                },
            })
        })
        .collect()
}
