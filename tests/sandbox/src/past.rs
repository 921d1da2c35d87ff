//! What happened: `audits/operate-logs/`, and putting past entries and sessions in.
//!
//! The shape of an entry is the recorded one of 4.10.19; order, filters and the right are those
//! of the published source of both versions (`apps/audits`). Nothing is logged by itself: on
//! 3.10 the recorded list stayed empty, and what is logged of a change is not of interest here.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::dates;
use crate::errors::{self, Outcome};
use crate::filters;
use crate::http::Request;
use crate::model::choice;
use crate::paging::{self, Sizes};
use crate::plant;
use crate::running::{Running, expect};
use crate::state::{DEFAULT_ORG, State, visible};

/// An entry of the operate log.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    id: Uuid,
    user: String,
    action: String,
    resource_type: String,
    resource: String,
    at: Timestamp,
}

/// Entries have no name.
const ID: Sizes = Sizes { mini: &["id"], small: &[] };

/// Serves `audits/operate-logs/`.
pub(crate) fn operate_logs(state: &State, request: &Request) -> Outcome {
    request.caller.must("audits.view_operatelog")?;
    let call = request.call;
    if call.method != "GET" {
        return Err(errors::method_not_allowed(&call.method));
    }
    let date = |name: &str| call.param(name).and_then(|text| dates::read(text, &call.zone).ok());
    let (from, to) = (date("date_from"), date("date_to"));
    let mut rows: Vec<&Logged> = state
        .operate_log
        .iter()
        .filter(|_| visible(DEFAULT_ORG, request.org))
        .filter(|row| from.is_none_or(|from| row.at >= from) && to.is_none_or(|to| row.at <= to))
        .filter(|row| {
            filters::exact_or_folded(call, "resource", &row.resource)
                && filters::exact_or_folded(call, "user", &row.user)
                && filters::exact(call, "action", &row.action)
                && filters::exact(call, "resource_type", &row.resource_type)
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.at, row.id)));
    Ok(paging::list(call, &rows, ID, |row| show(state, request, row)))
}

fn show(state: &State, request: &Request, row: &Logged) -> Value {
    let label: String = row.action.chars().take(1).flat_map(char::to_uppercase).collect();
    let label = label + row.action.get(1..).unwrap_or_default();
    json!({
        "id": row.id,
        "user": row.user,
        "action": choice(&row.action, &label),
        "resource_type": row.resource_type,
        "resource": row.resource,
        "remote_addr": "192.0.2.7",
        "org_id": DEFAULT_ORG,
        "org_name": state.org_name(DEFAULT_ORG),
        "datetime": dates::write(row.at, &request.call.zone),
    })
}

/// What happened, put in. Nothing of it appears in the log of requests.
impl Running {
    /// Puts an entry into the operate log, as of now: who did what to which object.
    ///
    /// # Panics
    /// When there is no such user.
    pub fn log(&self, username: &str, action: &str, resource_type: &str, resource: &str) {
        self.with(|state| {
            let id = expect(plant::user_id(state, username));
            let name = state.users.get(id).map(|user| user.name.clone()).unwrap_or_default();
            let at = state.now();
            state.operate_log.push(Logged {
                id: Uuid::new_v4(),
                user: format!("{name}({username})"),
                action: action.to_owned(),
                resource_type: resource_type.to_owned(),
                resource: resource.to_owned(),
                at,
            });
        });
    }

    /// A session that is over: of a person on an asset, with the account of this user name
    /// there, begun at a moment.
    ///
    /// # Panics
    /// When there is no such user, asset or account.
    pub fn add_session(
        &self,
        user: &str,
        asset: &str,
        username: &str,
        protocol: &str,
        begun: Timestamp,
    ) -> Uuid {
        self.with(|state| {
            let id = expect(plant::open_session(state, user, asset, username, protocol));
            state.sessions.change(id, |row| {
                row.is_finished = true;
                row.date_start = begun;
            });
            id
        })
    }
}
