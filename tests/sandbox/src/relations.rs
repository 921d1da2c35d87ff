//! The tables between permissions and what they name, and between groups and users.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::bulk;
use crate::errors::{self, Invalid, Outcome, Problems, Reply, invalid_pk};
use crate::http::Request;
use crate::model::Row;
use crate::paging::{self, Page, Sizes};
use crate::rbac::right;
use crate::show_assets;
use crate::state::{State, scatter, visible};
use crate::table::{Pairs, Table};

const SIZES: Sizes = Sizes { mini: &["id"], small: &[] };

/// One of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    PermissionUsers,
    PermissionGroups,
    PermissionAssets,
    PermissionNodes,
    GroupUsers,
}

impl Relation {
    /// The table at an address below `perms/`.
    pub(crate) fn of_permissions(part: &str) -> Option<Relation> {
        match part {
            "asset-permissions-users-relations" => Some(Relation::PermissionUsers),
            "asset-permissions-user-groups-relations" => Some(Relation::PermissionGroups),
            "asset-permissions-assets-relations" => Some(Relation::PermissionAssets),
            "asset-permissions-nodes-relations" => Some(Relation::PermissionNodes),
            _ => None,
        }
    }

    fn owner(self) -> &'static str {
        if self == Relation::GroupUsers { "usergroup" } else { "assetpermission" }
    }

    fn member(self) -> &'static str {
        match self {
            Relation::PermissionUsers | Relation::GroupUsers => "user",
            Relation::PermissionGroups => "usergroup",
            Relation::PermissionAssets => "asset",
            Relation::PermissionNodes => "node",
        }
    }

    fn pairs(self, state: &State) -> &Pairs {
        match self {
            Relation::PermissionUsers => &state.permission_users,
            Relation::PermissionGroups => &state.permission_groups,
            Relation::PermissionAssets => &state.permission_assets,
            Relation::PermissionNodes => &state.permission_nodes,
            Relation::GroupUsers => &state.group_users,
        }
    }

    fn pairs_mut(self, state: &mut State) -> &mut Pairs {
        match self {
            Relation::PermissionUsers => &mut state.permission_users,
            Relation::PermissionGroups => &mut state.permission_groups,
            Relation::PermissionAssets => &mut state.permission_assets,
            Relation::PermissionNodes => &mut state.permission_nodes,
            Relation::GroupUsers => &mut state.group_users,
        }
    }

    /// The organisation and the shown name of an owner.
    fn owner_of(self, state: &State, id: Uuid) -> Option<(Uuid, String)> {
        match self {
            Relation::GroupUsers => state.groups.get(id).map(|row| (row.org, row.name.clone())),
            _ => state.permissions.get(id).map(|row| (row.org, row.name.clone())),
        }
    }

    /// The shown name of a member; version 4 shows more of it.
    fn member_display(self, state: &State, id: Uuid) -> Option<String> {
        let wide = state.version == Version::V4;
        match self {
            Relation::GroupUsers => state.users.get(id).map(|row| row.name.clone()),
            Relation::PermissionUsers => state.users.get(id).map(|row| {
                if wide { format!("{}({})", row.name, row.username) } else { row.name.clone() }
            }),
            Relation::PermissionGroups => state.groups.get(id).map(|row| row.name.clone()),
            Relation::PermissionAssets => state
                .assets
                .get(id)
                .map(|row| if wide { show_assets::display(row) } else { row.name.clone() }),
            Relation::PermissionNodes => state.nodes.get(id).map(|row| row.full_value.clone()),
        }
    }

    fn has_member(self, state: &State, id: Uuid, org: Uuid) -> bool {
        fn there<T: Row>(table: &Table<T>, id: Uuid, org: Uuid) -> bool {
            table.get(id).is_some_and(|row| visible(row.org(), org))
        }
        match self {
            Relation::PermissionUsers | Relation::GroupUsers => state.users.contains(id),
            Relation::PermissionGroups => there(&state.groups, id, org),
            Relation::PermissionAssets => there(&state.assets, id, org),
            Relation::PermissionNodes => there(&state.nodes, id, org),
        }
    }

    /// The two fields in the order of the message about a pair that is there.
    fn unique_words(self) -> String {
        let (one, other) = match self {
            Relation::GroupUsers => (self.member(), self.owner()),
            _ => (self.owner(), self.member()),
        };
        format!("The fields {one}, {other} must make a unique set.")
    }
}

/// Serves one of the tables.
pub(crate) fn serve(
    state: &mut State,
    request: &Request,
    relation: Relation,
    rest: &[String],
) -> Outcome {
    let method = request.call.method.as_str();
    let needed = match relation {
        Relation::GroupUsers => right(method, "users", "usergroup"),
        _ => right(method, "perms", "assetpermission"),
    };
    request.caller.must(&needed)?;
    match (method, rest) {
        ("GET", []) => {
            let rows = filtered(state, request, relation)?;
            Ok(paging::list(request.call, &rows, SIZES, |row| show(state, relation, *row, true)))
        }
        ("POST", []) => {
            let displays = state.version == Version::V4 && relation != Relation::GroupUsers;
            bulk::create_checked(
                state,
                request,
                |state, body| check(state, request, relation, body),
                |state, (owner, member)| {
                    let number = relation.pairs_mut(state).add(owner, member);
                    show(state, relation, (number, owner, member), displays)
                },
                |pairs| {
                    let mut pairs = pairs.to_vec();
                    pairs.sort();
                    pairs.windows(2).any(|two| two[0] == two[1])
                },
            )
        }
        ("DELETE", []) => {
            let rows = filtered(state, request, relation)?;
            let total = relation
                .pairs(state)
                .rows()
                .filter(|(_, owner, _)| {
                    relation
                        .owner_of(state, *owner)
                        .is_some_and(|(org, _)| visible(org, request.org))
                })
                .count();
            bulk::allow_delete(request, rows.len(), total)?;
            for (number, _, _) in rows {
                relation.pairs_mut(state).remove(number);
            }
            Ok(Reply::empty(204))
        }
        (_, [number]) => {
            let missing = || errors::no_object("Object");
            let number: i64 = number.parse().map_err(|_| missing())?;
            let (owner, member) = relation.pairs(state).get(number).ok_or_else(missing)?;
            match method {
                "GET" => Ok(Reply::ok(show(state, relation, (number, owner, member), true))),
                "DELETE" => {
                    relation.pairs_mut(state).remove(number);
                    Ok(Reply::empty(204))
                }
                other => Err(errors::method_not_allowed(other)),
            }
        }
        (other, _) => Err(errors::method_not_allowed(other)),
    }
}

/// The object that a filter names. One that is not there is no choice (by the source of both
/// versions, whose filters of relations are fields of forms).
fn chosen(
    request: &Request,
    field: &str,
    there: impl Fn(Uuid) -> bool,
) -> Result<Option<Uuid>, Reply> {
    let Some(text) = request.call.param(field) else { return Ok(None) };
    match text.parse().ok().filter(|id| there(*id)) {
        Some(id) => Ok(Some(id)),
        None => {
            let words = "Select a valid choice. That choice is not one of the available choices.";
            Err(Reply::json(400, json!({field: [words]})))
        }
    }
}

/// The rows that the filters leave. Without `order=id` they come in no order, another on
/// each page: pages overlap and rows are lost.
fn filtered(
    state: &State,
    request: &Request,
    relation: Relation,
) -> Result<Vec<(i64, Uuid, Uuid)>, Reply> {
    let call = request.call;
    let owner = chosen(request, relation.owner(), |id| {
        relation.owner_of(state, id).is_some_and(|(org, _)| visible(org, request.org))
    })?;
    let member =
        chosen(request, relation.member(), |id| relation.has_member(state, id, request.org))?;
    let numbers = call.param("ids").or(call.param("id")).map(|ids| {
        ids.split(',').filter_map(|id| id.trim().parse::<i64>().ok()).collect::<Vec<_>>()
    });
    let pairs = relation.pairs(state);
    let candidates: Vec<(i64, Uuid, Uuid)> = match (owner, member) {
        (Some(owner), _) => pairs
            .members(owner)
            .filter_map(|member| Some((pairs.number(owner, member)?, owner, member)))
            .collect(),
        (None, Some(member)) => pairs
            .owners(member)
            .filter_map(|owner| Some((pairs.number(owner, member)?, owner, member)))
            .collect(),
        (None, None) => pairs.rows().collect(),
    };
    let mut rows: Vec<_> = candidates
        .into_iter()
        .filter(|(number, one, other)| {
            relation.owner_of(state, *one).is_some_and(|(org, _)| visible(org, request.org))
                && member.is_none_or(|member| member == *other)
                && numbers.as_ref().is_none_or(|numbers| numbers.contains(number))
        })
        .collect();
    match call.param("order") {
        Some("id") => rows.sort_by_key(|row| row.0),
        Some("-id") => rows.sort_by_key(|row| std::cmp::Reverse(row.0)),
        _ => {
            let salt = u64::try_from(Page::of(call).offset).unwrap_or(0);
            rows.sort_by_key(|row| scatter(salt, row.0));
        }
    }
    Ok(rows)
}

fn check(
    state: &State,
    request: &Request,
    relation: Relation,
    body: &Value,
) -> Result<(Uuid, Uuid), Invalid> {
    let mut problems = Problems::default();
    let mut side = |field: &str, there: &dyn Fn(Uuid) -> bool| -> Uuid {
        let Some(value) = body.get(field) else {
            problems.add(field, "This field is required.");
            return Uuid::nil();
        };
        let text = crate::fields::id_text(value);
        match text.parse::<Uuid>() {
            Ok(id) if there(id) => id,
            Ok(_) => {
                problems.add(field, invalid_pk(&text));
                Uuid::nil()
            }
            Err(_) => {
                problems.add(field, format!("“{text}” is not a valid UUID."));
                Uuid::nil()
            }
        }
    };
    let owner = side(relation.owner(), &|id| {
        relation.owner_of(state, id).is_some_and(|(org, _)| visible(org, request.org))
    });
    let member = side(relation.member(), &|id| relation.has_member(state, id, request.org));
    if relation.pairs(state).number(owner, member).is_some() {
        problems.add("non_field_errors", relation.unique_words());
    }
    problems.finish()?;
    Ok((owner, member))
}

fn show(state: &State, relation: Relation, row: (i64, Uuid, Uuid), displays: bool) -> Value {
    let (number, owner, member) = row;
    let mut shown = json!({"id": number, relation.member(): member, relation.owner(): owner});
    if displays {
        let of_owner = relation.owner_of(state, owner).map(|(_, name)| name);
        shown[format!("{}_display", relation.member())] =
            json!(relation.member_display(state, member));
        shown[format!("{}_display", relation.owner())] = json!(of_owner);
    }
    shown
}
