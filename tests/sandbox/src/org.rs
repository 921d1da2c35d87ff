//! Organisations: which one a request works in, and `orgs/orgs/`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::dates;
use crate::errors::{self, Outcome, Problems, Reply};
use crate::fields;
use crate::http::{Call, Request};
use crate::model::Org;
use crate::paging::{self, ID_AND_NAME};
use crate::state::{DEFAULT_ORG, ROOT_ORG, SYSTEM_ORG, State};
use crate::users;

/// The organisation of a request: `oid`, then the header. What is unknown, and what the
/// community edition can not enter, is the default one without a word.
pub(crate) fn current(state: &State, call: &Call) -> Uuid {
    let asked = call.param("oid").or_else(|| call.header("x-jms-org")).unwrap_or_default();
    match asked.trim().to_ascii_lowercase().as_str() {
        "root" => ROOT_ORG,
        "system" => SYSTEM_ORG,
        text => match text.parse::<Uuid>() {
            Ok(id) if id == ROOT_ORG || id == SYSTEM_ORG => id,
            Ok(id) if state.orgs.iter().any(|org| org.id == id && org.entered) => id,
            _ => DEFAULT_ORG,
        },
    }
}

/// Serves `orgs/orgs/...`.
pub(crate) fn serve(state: &mut State, request: &Request, rest: &[String]) -> Outcome {
    match (request.call.method.as_str(), rest) {
        ("GET", [word]) if word == "current" => Ok(Reply::ok(show_current(state, request.org))),
        ("GET", []) => {
            request.caller.must("orgs.view_organization")?;
            let rows: Vec<&Org> = state.orgs.iter().collect();
            Ok(paging::list(request.call, &rows, ID_AND_NAME, |org| show(state, request, org)))
        }
        ("POST", []) => {
            // Version 3 makes one that nobody can enter.
            if state.version == Version::V4 || !request.caller.may("orgs.view_organization") {
                return Err(errors::denied());
            }
            let body = request.call.json()?;
            let mut problems = Problems::default();
            let name = fields::text(&body, "name", 128, true, &mut problems);
            problems.finish().map_err(errors::Invalid::reply)?;
            let org = Org {
                id: Uuid::new_v4(),
                name: name.unwrap_or_default(),
                created_by: request.caller.name.clone(),
                date_created: state.stamp(),
                entered: false,
            };
            state.orgs.push(org.clone());
            Ok(Reply::json(201, show(state, request, &org)))
        }
        ("GET", [id]) => {
            request.caller.must("orgs.view_organization")?;
            let org = id
                .parse::<Uuid>()
                .ok()
                .and_then(|id| state.orgs.iter().find(|org| org.id == id))
                .ok_or_else(|| errors::no_object("Organization"))?;
            Ok(Reply::ok(show(state, request, org)))
        }
        (method, _) => Err(errors::method_not_allowed(method)),
    }
}

fn show_current(state: &State, org: Uuid) -> Value {
    let mut row = json!({
        "id": org,
        "name": state.org_name(org),
        "is_default": org == DEFAULT_ORG,
        "is_root": org == ROOT_ORG,
        "comment": "",
    });
    if state.version == Version::V4 {
        row["is_system"] = json!(org == SYSTEM_ORG);
    }
    row
}

fn show(state: &State, request: &Request, org: &Org) -> Value {
    let zones = match state.version {
        Version::V3 => "domains_amount",
        Version::V4 => "zones_amount",
    };
    // An organisation made by hand begins with its root node.
    let made = ![DEFAULT_ORG, SYSTEM_ORG].contains(&org.id);
    let nodes = state.nodes.iter().filter(|row| row.org == org.id).count() + usize::from(made);
    let members = || state.users.iter().filter(|user| users::member(user, org.id)).count();
    json!({
        "id": org.id,
        "name": org.name,
        "resource_statistics": {
            "users_amount": if org.entered { members() } else { 0 },
            "groups_amount": state.groups.iter().filter(|row| row.org == org.id).count(),
            "assets_amount": state.assets.iter().filter(|row| row.org == org.id).count(),
            "nodes_amount": nodes,
            zones: 0,
            "asset_perms_amount": state.permissions.iter().filter(|row| row.org == org.id).count(),
        },
        "is_default": org.id == DEFAULT_ORG,
        "is_root": false,
        "internal": !made,
        "date_created": dates::write(org.date_created, &request.call.zone),
        "created_by": org.created_by,
        "comment": "",
    })
}
