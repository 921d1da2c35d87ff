//! Why something changes: the requests, where they stand, from when until when.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::accounts::over;
use crate::access::model::{Access, Site};
use crate::grants::Grant;
use crate::names::{RequestName, TeamName};
use crate::period::Edge;

/// A request that something comes from, or came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Reason {
    /// The request.
    pub request: RequestName,
    /// How it stands to what happens.
    pub state: State,
    /// Its file and the line that asks; none when the repo has it no more.
    pub site: Option<Site>,
    /// The reason in the words of its author.
    pub reason: Option<String>,
    /// The team through which the person is meant.
    pub team: Option<TeamName>,
    /// From when, with its offset; none is at once.
    pub from: Option<String>,
    /// Until when, with its offset; none is no end.
    pub until: Option<String>,
}

/// How a request stands to what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It asks for this.
    Asks,
    /// Its end has passed.
    Ended,
    /// It is in the repo and asks for this no more.
    Changed,
    /// The repo has it no more.
    Removed,
}

/// The requests of grants, each once.
pub(super) fn asking(because: &[&Grant<'_>]) -> Vec<Reason> {
    let mut reasons: BTreeMap<&RequestName, Reason> = BTreeMap::new();
    for grant in because {
        reasons.entry(grant.because.request).or_insert_with(|| Reason {
            request: grant.because.request.clone(),
            state: State::Asks,
            site: Some(grant.because.site.clone()),
            reason: Some(grant.because.reason.to_owned()),
            team: grant.because.team.cloned(),
            from: grant.period.from.as_ref().map(|edge| edge.text.clone()),
            until: grant.period.until.as_ref().map(|edge| edge.text.clone()),
        });
    }
    reasons.into_values().collect()
}

/// What became of the requests that a mark names.
pub(super) fn gone(
    access: &Access,
    requests: &BTreeMap<RequestName, Option<Timestamp>>,
    moment: Timestamp,
) -> Vec<Reason> {
    requests
        .iter()
        .map(|(name, end)| {
            let known = access.requests.get(name);
            let state = match known {
                _ if over(*end, moment) => State::Ended,
                Some(_) => State::Changed,
                None => State::Removed,
            };
            Reason {
                request: name.clone(),
                state,
                site: known.map(|request| request.site.clone()),
                reason: known.map(|request| request.reason.clone()),
                team: None,
                from: None,
                until: end.map(|end| Edge::end_text(end, &access.config.zone)),
            }
        })
        .collect()
}
