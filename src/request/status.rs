//! Where a request stands, from git, the forge and the live state.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::PullRequest;
use crate::access::model::Request;
use crate::answers::ends_soon;
use crate::names::PersonName;
use crate::repo::Origin;
use crate::visible;

/// The version of the JSON form.
pub const SCHEMA: &str = "jumpgate.status/1";

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The version of this form.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The name of the request.
    pub request: String,
    /// Where it stands.
    pub state: State,
    /// Its file.
    pub path: Option<String>,
    /// The reason, in the words of its author.
    pub reason: Option<String>,
    /// From when, with its offset; none is as soon as it is merged.
    pub from: Option<String>,
    /// Until when, with its offset; none is no end.
    pub until: Option<String>,
    /// The branch that it stands in, when it is not merged.
    pub branch: Option<String>,
    /// Its pull request, as the forge knows it.
    pub pull_request: Option<PullRequest>,
    /// Who wrote and who merged it; none before it is merged.
    pub origin: Option<Origin>,
    /// What the policy that is merged has against it: it gets nothing new then.
    pub against_policy: Vec<String>,
    /// What it says of an emergency.
    pub emergency: Option<Emergency>,
    /// Whether JumpServer and the databases are as it says; none when they were not asked.
    pub applied: Option<Applied>,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It stands in a branch, or its pull request is open.
    Open,
    /// Its pull request was closed and not merged.
    Refused,
    /// It is merged, and begins later.
    Upcoming,
    /// It is merged, and its period runs.
    Active,
    /// As active, and it ends within two weeks.
    Ending,
    /// It is merged and released, and not over: it gives nothing through jumpgate any more.
    Released,
    /// It is merged, and over.
    Ended,
    /// Its pull request was merged, and the file is not there now: it was taken back, or this
    /// clone is older.
    Gone,
}

/// A request that is merged without the usual approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Emergency {
    /// What happened, in the words of its author.
    pub reason: String,
    /// The owner who approved it afterwards; none when nobody has.
    pub approved_afterwards: Option<PersonName>,
}

/// Whether the live state is as a request says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Applied {
    /// Whether nothing is left to do for it.
    pub done: bool,
    /// The steps of the next apply because of it.
    pub pending: usize,
    /// What stands in its way, in words.
    pub findings: Vec<String>,
}

/// Where a pull request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// It is open.
    Open,
    /// It is merged.
    Merged,
    /// It is closed, and not merged.
    Closed,
}

/// Where a request stands: `merged` is its file on the base, `in_branch` says that it stands
/// in a branch. None when nothing knows it.
pub fn state(
    merged: Option<&Request>,
    in_branch: bool,
    pull: Option<Pull>,
    moment: Timestamp,
) -> Option<State> {
    if let Some(request) = merged {
        return Some(match &request.period {
            period if period.is_over(moment) => State::Ended,
            _ if request.release => State::Released,
            period if !period.has_started(moment) => State::Upcoming,
            period if ends_soon(period.end(), moment).is_some() => State::Ending,
            _ => State::Active,
        });
    }
    match pull {
        Some(Pull::Open) => Some(State::Open),
        Some(Pull::Closed) => Some(State::Refused),
        Some(Pull::Merged) => Some(State::Gone),
        None => in_branch.then_some(State::Open),
    }
}

impl Status {
    /// The JSON form.
    pub fn json(&self) -> String {
        visible::json(self)
    }
}
