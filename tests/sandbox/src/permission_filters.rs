//! Which permissions a list shows, and in what order.

use std::collections::HashSet;

use uuid::Uuid;

use crate::bulk::IdFilter;
use crate::filters;
use crate::http::Request;
use crate::labels;
use crate::model::Permission;
use crate::nodes;
use crate::state::{State, visible};

/// The ids of the permissions that the filters leave, in order.
pub(crate) fn filtered(state: &State, request: &Request) -> Vec<Uuid> {
    let call = request.call;
    let ids = IdFilter::of(state, request);
    let labels = labels::Filter::of(state, call, request.org);
    let search = filters::Search::of(call);
    let related = Related::of(state, request);
    let truth = |name: &str| call.param(name).map(|text| matches!(text, "true" | "True" | "1"));
    let (is_valid, is_effective) = (truth("is_valid"), truth("is_effective"));
    let (is_active, from_ticket) = (truth("is_active"), truth("from_ticket"));
    let account = call.param("accounts");
    let now = state.now();
    let keeps = |row: &Permission| {
        visible(row.org, request.org)
            && ids.keeps_id(row.id)
            && filters::name(call, &row.name)
            && search.finds(&[&row.name])
            && labels.keeps(&row.labels)
            && is_active.is_none_or(|wanted| wanted == row.is_active)
            && from_ticket != Some(true)
            && is_valid.is_none_or(|wanted| wanted == row.is_valid(now))
            && is_effective
                .is_none_or(|wanted| wanted == (row.is_valid(now) && reaches(state, row)))
            && account.is_none_or(|account| {
                row.accounts.iter().any(|text| text == account || text == "@ALL")
            })
            && related.keeps(row.id)
    };
    // A filter by name is the commonest; it needs no walk over all of them.
    let exact = call
        .param("name")
        .filter(|_| state.version == crate::Version::V3 && request.org != crate::state::ROOT_ORG);
    let mut rows: Vec<&Permission> = match exact {
        Some(name) => {
            state.permissions.find(request.org, name).into_iter().filter(|row| keeps(row)).collect()
        }
        None => state.permissions.iter().filter(|row| keeps(row)).collect(),
    };
    filters::sort(&mut rows, call, |row, field| match field {
        "date_created" => row.date_created.to_string(),
        "date_start" => row.date_start.to_string(),
        "date_expired" => row.date_expired.to_string(),
        "comment" => row.comment.clone(),
        _ => row.name.clone(),
    });
    rows.into_iter().map(|row| row.id).collect()
}

/// Does a permission join somebody with something by some account?
fn reaches(state: &State, row: &Permission) -> bool {
    let id = row.id;
    let people = state.permission_users.amount(id) + state.permission_groups.amount(id);
    let things = state.permission_assets.amount(id) + state.permission_nodes.amount(id);
    people > 0 && things > 0 && !row.accounts.is_empty()
}

/// The sets that filters by person, asset and node leave.
struct Related(Vec<HashSet<Uuid>>);

impl Related {
    fn of(state: &State, request: &Request) -> Related {
        let call = request.call;
        // Inheritance counts unless `all=0`.
        let inherit = call.param("all") != Some("0");
        let mut sets = Vec::new();
        let user = call
            .param("user_id")
            .map(|id| id.parse().ok())
            .or_else(|| call.param("username").map(|name| by_username(state, name)));
        if let Some(user) = user {
            sets.push(of_user(state, user, inherit));
        }
        let group = call.param("user_group_id").map(|id| id.parse().ok()).or_else(|| {
            call.param("user_group")
                .map(|name| state.groups.find(request.org, name).map(|group| group.id))
        });
        if let Some(group) = group {
            sets.push(
                group.map(|id| state.permission_groups.owners(id).collect()).unwrap_or_default(),
            );
        }
        let assets = call
            .param("asset_id")
            .map(|id| id.parse().into_iter().collect::<Vec<Uuid>>())
            .or_else(|| {
                call.param("asset_name").map(|name| {
                    state.assets.find(request.org, name).map(|asset| asset.id).into_iter().collect()
                })
            })
            .or_else(|| {
                call.param("address").map(|address| {
                    let there = state.assets.iter().filter(|asset| asset.address == address);
                    there.map(|asset| asset.id).collect()
                })
            });
        if let Some(assets) = assets {
            sets.push(of_assets(state, &assets, inherit));
        }
        let node = call.param("node_id").map(|id| id.parse().ok()).or_else(|| {
            call.param("node_name")
                .map(|name| state.nodes.iter().find(|node| node.value == name).map(|node| node.id))
        });
        if let Some(node) = node {
            sets.push(node.map(|id| of_nodes(state, &[id], inherit)).unwrap_or_default());
        }
        Related(sets)
    }

    fn keeps(&self, id: Uuid) -> bool {
        self.0.iter().all(|set| set.contains(&id))
    }
}

fn by_username(state: &State, name: &str) -> Option<Uuid> {
    state.users.find(crate::state::ROOT_ORG, name).map(|user| user.id)
}

/// The permissions of a user, with those of his groups.
pub(crate) fn of_user(state: &State, user: Option<Uuid>, inherit: bool) -> HashSet<Uuid> {
    let Some(user) = user else {
        return HashSet::new();
    };
    let mut found: HashSet<Uuid> = state.permission_users.owners(user).collect();
    if inherit {
        for group in state.group_users.owners(user) {
            found.extend(state.permission_groups.owners(group));
        }
    }
    found
}

fn of_assets(state: &State, assets: &[Uuid], inherit: bool) -> HashSet<Uuid> {
    let mut found = HashSet::new();
    for asset in assets {
        found.extend(state.permission_assets.owners(*asset));
        if inherit {
            let places: Vec<Uuid> = state.asset_nodes.members(*asset).collect();
            found.extend(of_nodes(state, &places, true));
        }
    }
    found
}

fn of_nodes(state: &State, places: &[Uuid], inherit: bool) -> HashSet<Uuid> {
    let mut found = HashSet::new();
    for place in places {
        let nodes = if inherit { nodes::ancestors(state, *place) } else { vec![*place] };
        for node in nodes {
            found.extend(state.permission_nodes.owners(node));
        }
    }
    found
}
