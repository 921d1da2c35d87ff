//! `assets/assets/`, `assets/hosts/` and `assets/databases/`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::account_create;
use crate::accounts;
use crate::bulk::{self, IdFilter};
use crate::errors::{self, Invalid, Outcome, Problems, Reply, invalid_pk};
use crate::fields;
use crate::filters;
use crate::http::Request;
use crate::labels;
use crate::model::{Asset, Row};
use crate::nodes;
use crate::paging::{self, ID_AND_NAME};
use crate::platforms::{self, Platform};
use crate::rbac::right;
use crate::show_assets::show;
use crate::state::{State, visible};

/// Which of the three addresses was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Assets,
    Hosts,
    Databases,
}

impl View {
    fn category(self) -> Option<&'static str> {
        match self {
            View::Assets => None,
            View::Hosts => Some("host"),
            View::Databases => Some("database"),
        }
    }
}

/// Serves the three addresses.
pub(crate) fn serve(state: &mut State, request: &Request, view: View, rest: &[String]) -> Outcome {
    request.caller.must(&right(&request.call.method, "assets", "asset"))?;
    match rest {
        [] => collection(state, request, view),
        [id] => one(state, request, view, id),
        _ => Err(errors::no_route()),
    }
}

fn collection(state: &mut State, request: &Request, view: View) -> Outcome {
    match request.call.method.as_str() {
        "GET" => {
            let rows = filtered(state, request, view);
            Ok(paging::list(request.call, &rows, ID_AND_NAME, |id| {
                show(state, request, view, *id, false)
            }))
        }
        "POST" if view == View::Assets => Err(errors::plain(
            400,
            "Cannot create asset directly, you should create a host or other",
        )),
        "POST" => {
            filters::must_save_in_an_org(state, request)?;
            bulk::create_checked(
                state,
                request,
                |state, body| check(state, request, view, body, None),
                |state, draft| {
                    let id = write(state, request, None, draft);
                    show(state, request, view, id, false)
                },
                |drafts| filters::repeated(drafts.iter().filter_map(|draft| draft.name.as_deref())),
            )
        }
        "PUT" | "PATCH" => bulk::update_checked(
            state,
            request,
            "Asset",
            |state, id| state.assets.contains(id),
            |state, body, id| check(state, request, view, body, Some(id)),
            |state, id, draft| {
                write(state, request, Some(id), draft);
                show(state, request, view, id, false)
            },
        ),
        "DELETE" => {
            let rows = filtered(state, request, view);
            let total = state
                .assets
                .iter()
                .filter(|row| visible(row.org, request.org) && in_view(state, row, view))
                .count();
            bulk::allow_delete(request, rows.len(), total)?;
            for id in rows {
                remove(state, id);
            }
            Ok(Reply::empty(204))
        }
        other => Err(errors::method_not_allowed(other)),
    }
}

fn one(state: &mut State, request: &Request, view: View, id: &str) -> Outcome {
    let class = match view {
        View::Assets => "Asset",
        View::Hosts => "Host",
        View::Databases => "Database",
    };
    let id = filters::find(&state.assets, request, id, class, state.version)?;
    if !state.assets.get(id).is_some_and(|row| in_view(state, row, view)) {
        return Err(errors::no_object(class));
    }
    match request.call.method.as_str() {
        "GET" => {
            let row = show(state, request, view, id, true);
            state.assets_widened = true;
            Ok(Reply::ok(paging::pick(request.call, row, ID_AND_NAME)))
        }
        "PUT" | "PATCH" => {
            let body = request.call.json()?;
            let draft = check(state, request, view, &body, Some(id)).map_err(Invalid::reply)?;
            write(state, request, Some(id), draft);
            Ok(Reply::ok(show(state, request, view, id, false)))
        }
        "DELETE" => {
            remove(state, id);
            Ok(Reply::empty(204))
        }
        other => Err(errors::method_not_allowed(other)),
    }
}

/// The platform of an asset; one that is gone counts as Linux.
pub(crate) fn platform(state: &State, asset: &Asset) -> Platform {
    platforms::by_id(state.version, asset.platform)
        .or_else(|| platforms::by_id(state.version, 1))
        .copied()
        .unwrap_or(platforms::FALLBACK)
}

fn in_view(state: &State, asset: &Asset, view: View) -> bool {
    view.category().is_none_or(|category| platform(state, asset).category() == category)
}

/// The accounts of an asset and of the directory services that it joined (in version 4, by
/// the source `Asset.all_accounts`).
pub(crate) fn all_accounts(state: &State, id: Uuid) -> impl Iterator<Item = Uuid> + '_ {
    let homes = std::iter::once(id).chain(state.asset_directories.members(id));
    homes.flat_map(|home| state.asset_accounts.members(home))
}

/// Removes an asset with its accounts; permissions lose it and stay.
pub(crate) fn remove(state: &mut State, id: Uuid) {
    let accounts: Vec<Uuid> = state.asset_accounts.members(id).collect();
    for account in accounts {
        accounts::remove(state, account);
    }
    state.assets.remove(id);
    state.asset_nodes.forget(id);
    state.asset_directories.forget(id);
    state.permission_assets.forget(id);
}

fn filtered(state: &State, request: &Request, view: View) -> Vec<Uuid> {
    let call = request.call;
    let ids = IdFilter::of(state, request);
    let labels = labels::Filter::of(state, call, request.org);
    let search = filters::Search::of(call);
    let direct =
        call.param("show_current_asset").is_some_and(|value| value == "1" || value == "true");
    // A node that is not there filters nothing (by the source, `get_node_from_request`).
    let node = call.param("node").or(call.param("node_id"));
    let node = node.and_then(|text| nodes::by_id_or_key(state, text));
    let below = node.map(|node| if direct { vec![node] } else { nodes::subtree(state, node) });
    let number = call.param("platform");
    let active = call.param("is_active").map(|text| matches!(text, "true" | "True" | "1"));
    let mut rows: Vec<&Asset> = state
        .assets
        .iter()
        .filter(|row| {
            visible(row.org, request.org)
                && in_view(state, row, view)
                && ids.keeps_id(row.id)
                && filters::name(call, &row.name)
                && filters::exact(call, "address", &row.address)
                && number.is_none_or(|number| number == row.platform.to_string())
                && call
                    .param("category")
                    .is_none_or(|category| platform(state, row).category() == category)
                && active.is_none_or(|active| active == row.is_active)
                && labels.keeps(&row.labels)
                && search.finds(&[&row.name, &row.address, &row.comment])
                && below.as_ref().is_none_or(|below| {
                    state.asset_nodes.members(row.id).any(|node| below.contains(&node))
                })
        })
        .collect();
    filters::sort(&mut rows, call, |row, field| match field {
        "address" => row.address.clone(),
        "date_created" => row.date_created.to_string(),
        _ => row.name.clone(),
    });
    rows.into_iter().map(|row| row.id).collect()
}

#[derive(Debug)]
struct Draft {
    id: Option<Uuid>,
    name: Option<String>,
    address: Option<String>,
    platform: Option<u32>,
    protocols: Option<Vec<(String, u16)>>,
    nodes: Option<Vec<Uuid>>,
    paths: Option<Vec<String>>,
    comment: Option<String>,
    is_active: Option<bool>,
    db_name: Option<String>,
    use_ssl: Option<bool>,
    allow_invalid_cert: Option<bool>,
    labels: Option<Vec<String>>,
    accounts: Vec<Value>,
}

fn check(
    state: &State,
    request: &Request,
    view: View,
    body: &Value,
    old: Option<Uuid>,
) -> Result<Draft, Invalid> {
    let full = request.call.method != "PATCH";
    let mut problems = Problems::default();
    let platform = check_platform(state, view, body, full)?;
    let name = fields::text(body, "name", 128, full, &mut problems);
    filters::unique(&state.assets, request.org, name.as_deref(), old, &mut problems);
    let address = fields::text(body, "address", 767, full, &mut problems);
    let id = old
        .is_none()
        .then(|| fields::chosen_id(body, &state.assets, "Asset", &mut problems))
        .flatten();
    let comment = fields::comment(body, &mut problems);
    let is_active = fields::flag(body, "is_active", &mut problems);
    let nodes = fields::objects(
        body,
        "nodes",
        &state.nodes,
        |node| visible(node.org(), request.org),
        &mut problems,
    );
    let paths = body
        .get("nodes_display")
        .and_then(Value::as_array)
        .map(|paths| paths.iter().filter_map(|path| path.as_str().map(str::to_owned)).collect());
    let protocols = body.get("protocols").and_then(Value::as_array).map(|items| {
        items
            .iter()
            .filter_map(|item| {
                let port = item.get("port").and_then(Value::as_u64).unwrap_or(0);
                let name = item.get("name")?.as_str()?.to_owned();
                Some((name, u16::try_from(port).unwrap_or(0)))
            })
            .collect()
    });
    let db_name = fields::loose_text(body, "db_name", 1024, false, &mut problems);
    let use_ssl = fields::flag(body, "use_ssl", &mut problems);
    let allow_invalid_cert = fields::flag(body, "allow_invalid_cert", &mut problems);
    problems.finish()?;
    Ok(Draft {
        id,
        name,
        address,
        platform,
        protocols,
        nodes,
        paths,
        comment,
        is_active,
        db_name,
        use_ssl,
        allow_invalid_cert,
        labels: labels::read(state, body)?,
        accounts: body.get("accounts").and_then(Value::as_array).cloned().unwrap_or_default(),
    })
}

/// Reads `platform`: a number, `{"pk"}` or `{"id"}`.
fn check_platform(
    state: &State,
    view: View,
    body: &Value,
    full: bool,
) -> Result<Option<u32>, Invalid> {
    let mut problems = Problems::default();
    let Some(value) = body.get("platform") else {
        if full {
            problems.set("platform", json!("Platform not exist"));
        }
        problems.finish()?;
        return Ok(None);
    };
    let text = fields::id_text(value);
    let found = text.parse().ok().and_then(|id| platforms::by_id(state.version, id));
    match found {
        None => {
            let field = if state.version == Version::V4 { "Platform" } else { "platform" };
            problems.add(field, invalid_pk(&text));
        }
        // Version 3 takes any platform, and the asset goes where the platform belongs.
        Some(platform)
            if state.version == Version::V4
                && view.category().is_some_and(|category| category != platform.category()) =>
        {
            let words = format!("Platform does not match: {}", platform.name);
            problems.set("platform", json!({"platform": words}));
        }
        Some(_) => {}
    }
    problems.finish()?;
    Ok(found.map(|platform| platform.id(state.version)))
}

fn write(state: &mut State, request: &Request, old: Option<Uuid>, draft: Draft) -> Uuid {
    let id = old.or(draft.id).unwrap_or_else(Uuid::new_v4);
    let labels = draft.labels.map(|texts| labels::ids(state, request.org, &texts));
    let now = state.stamp();
    let mut asset = state
        .assets
        .remove(id)
        .unwrap_or_else(|| fresh(id, request.org, &request.caller.name, now));
    asset.name = draft.name.unwrap_or(asset.name);
    asset.address = draft.address.unwrap_or(asset.address);
    asset.platform = draft.platform.unwrap_or(asset.platform);
    asset.comment = draft.comment.unwrap_or(asset.comment);
    asset.is_active = draft.is_active.unwrap_or(asset.is_active);
    asset.db_name = draft.db_name.unwrap_or(asset.db_name);
    asset.use_ssl = draft.use_ssl.unwrap_or(asset.use_ssl);
    asset.allow_invalid_cert = draft.allow_invalid_cert.unwrap_or(asset.allow_invalid_cert);
    asset.labels = labels.unwrap_or(asset.labels);
    asset.date_updated = now;
    match draft.protocols {
        Some(protocols) => asset.protocols = protocols,
        None if old.is_none() => {
            asset.protocols = platform(state, &asset)
                .protocols
                .iter()
                .map(|(name, port)| ((*name).to_owned(), *port))
                .collect();
        }
        None => {}
    }
    let org = asset.org;
    state.assets.insert(asset);
    let mut places = draft.nodes.unwrap_or_default();
    for path in draft.paths.unwrap_or_default() {
        places.push(nodes::by_path(state, org, &path));
    }
    if places.is_empty() && old.is_none() {
        places.push(nodes::root(state, org));
    }
    if !places.is_empty() {
        state.asset_nodes.replace(id, &places);
    }
    for account in draft.accounts {
        account_create::add_inline(state, request, id, &account);
    }
    id
}

/// An asset of which nothing is known yet.
pub(crate) fn fresh(id: Uuid, org: Uuid, creator: &str, now: jiff::Timestamp) -> Asset {
    Asset {
        id,
        org,
        name: String::new(),
        address: String::new(),
        platform: 1,
        protocols: Vec::new(),
        comment: String::new(),
        is_active: true,
        db_name: String::new(),
        use_ssl: false,
        allow_invalid_cert: false,
        created_by: creator.to_owned(),
        date_created: now,
        date_updated: now,
        labels: Vec::new(),
    }
}
