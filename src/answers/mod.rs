//! Who has what by git, and why: answers from the grants of a repo.

mod held;
mod live;
mod merged;
mod mine;
mod offer;
mod target;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;

pub use held::{Held, Thing, against_policy, ends_soon, held};
pub use live::{Entry, WayIn, Ways, holders, ways};
pub use merged::{Approval, ByForge, Merged, Somebody};
pub use mine::{Connect, MINE_SCHEMA, Mine, Waiting, mine};
pub use offer::{Kind, Known, LIST_SCHEMA, List, Offer, On, What, databases, servers};
pub use target::{Target, UnknownTarget};

use crate::access::model::{Access, Scope};
use crate::grants::{Grant, ServerTarget, Want};
use crate::names::{PersonName, RequestName, TeamName};
use crate::repo::Origin;

/// The version of the JSON form.
pub const SCHEMA: &str = "jumpgate.who/1";

/// An answer: the grants on a target.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Answer {
    /// The version of this form.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The target that was asked about.
    pub target: String,
    /// The commit, when the answer is about one.
    pub commit: Option<String>,
    /// The grants, by person.
    pub grants: Vec<Found>,
    /// Every way in that the servers have, by git or not; none when they were not asked, or
    /// when one of them could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ways: Option<Vec<WayIn>>,
    /// Which server could not be read, and why: what ways there are is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// One grant on the target.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Found {
    /// Who.
    pub person: PersonName,
    /// The login or level.
    pub kind: String,
    /// On what, in words.
    pub on: String,
    /// Whether it holds now, is ahead, or is over.
    pub state: State,
    /// From when, with its offset; none is at once.
    pub from: Option<String>,
    /// Until when, with its offset; none is no end.
    pub until: Option<String>,
    /// The request.
    pub request: RequestName,
    /// The file of the request.
    pub file: String,
    /// The line that asks.
    pub line: u32,
    /// The reason, in the words of its author.
    pub reason: String,
    /// The team through which the person is meant.
    pub team: Option<TeamName>,
    /// Who wrote the request as it stands, and who merged it; none when the file is in no
    /// commit.
    pub origin: Option<Origin>,
    /// What the forge tells of how it was merged; none when it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forge: Option<ByForge>,
}

/// Whether a grant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It holds now.
    Active,
    /// It begins later.
    Upcoming,
    /// Its request is released, and not over: it gives nothing through jumpgate any more.
    Released,
    /// It is over.
    Ended,
}

impl State {
    /// How a grant stands at a moment.
    fn of(grant: &Grant<'_>, moment: Timestamp) -> Self {
        match &grant.period {
            period if period.is_over(moment) => Self::Ended,
            _ if grant.because.released => Self::Released,
            period if period.has_started(moment) => Self::Active,
            _ => Self::Upcoming,
        }
    }
}

/// What a released request means, in words.
pub const RELEASED: &str = "released: jumpgate gives nothing by it any more, and what it had \
                            stands by another hand's until somebody takes it away";

/// The grants on a target, of one person or of everybody, by person; what is over only when
/// asked for. `origin` finds where a request's file comes from.
pub fn find(
    access: &Access,
    grants: &[Grant<'_>],
    target: &Target,
    person: Option<&PersonName>,
    moment: Timestamp,
    ended: bool,
    origin: impl Fn(&str) -> Option<Origin>,
) -> Vec<Found> {
    let mut found: Vec<Found> = grants
        .iter()
        .filter(|grant| person.is_none_or(|person| grant.person == person))
        .filter(|grant| target.reached_by(access, &grant.want))
        .filter_map(|grant| {
            let state = State::of(grant, moment);
            (ended || state != State::Ended).then(|| of(grant, state, &origin))
        })
        .collect();
    found.sort_by(|a, b| {
        (&a.person, a.state, &a.kind, &a.on, &a.request)
            .cmp(&(&b.person, b.state, &b.kind, &b.on, &b.request))
    });
    found
}

fn of(grant: &Grant<'_>, state: State, origin: &impl Fn(&str) -> Option<Origin>) -> Found {
    let (kind, on) = match grant.want {
        Want::Server { login, target, .. } => (format!("login {login}"), server_words(target).1),
        Want::Database { instance, level, scope, .. } => {
            (format!("level {level}"), format!("{instance}: {}", scope_words(scope)))
        }
    };
    let site = grant.because.site;
    Found {
        person: grant.person.clone(),
        kind,
        on,
        state,
        from: grant.period.from.as_ref().map(|edge| edge.text.clone()),
        until: grant.period.until.as_ref().map(|edge| edge.text.clone()),
        request: grant.because.request.clone(),
        file: site.file.to_string(),
        line: site.line,
        reason: grant.because.reason.to_owned(),
        team: grant.because.team.cloned(),
        origin: origin(&site.file),
        forge: None,
    }
}

/// The name of a target, and it in words.
fn server_words(target: ServerTarget<'_>) -> (String, String) {
    match target {
        ServerTarget::Node(path) => (path.to_owned(), format!("{path} and everything below it")),
        ServerTarget::Asset(name) => (name.to_owned(), name.to_owned()),
    }
}

pub(crate) fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::Database(database) => format!("{database}.*"),
        Scope::Table(database, table) => format!("{database}.{table}"),
        Scope::Columns(database, table, columns) => {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            format!("{database}.{table} ({})", columns.join(", "))
        }
    }
}

impl Answer {
    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }
}
