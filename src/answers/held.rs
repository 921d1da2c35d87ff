//! What one person holds, by request: since when, until when, and as which accounts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{State, scope_words, server_words};
use crate::access::model::Access;
use crate::adoption::{self, Adoptions};
use crate::grants::{Grant, Want};
use crate::names::{RequestName, TeamName};
use crate::policy;
use crate::repo::Origin;

/// An end within so many days is soon.
const SOON_DAYS: i64 = 14;

/// In how many whole days something ends (0 is within a day), when that is soon.
pub fn ends_soon(end: Timestamp, moment: Timestamp) -> Option<i64> {
    let left = end.duration_since(moment).as_hours() / 24;
    (left < SOON_DAYS).then_some(left)
}

/// What policy has against some grants, each once.
pub fn against_policy<'g, 'a: 'g>(
    access: &Access,
    grants: impl IntoIterator<Item = &'g Grant<'a>>,
    moment: Timestamp,
) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for broken in grants.into_iter().flat_map(|grant| policy::judge(access, grant, moment)) {
        if !told.contains(&broken.message) {
            told.push(broken.message);
        }
    }
    told
}

/// What a person holds by one request.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Held {
    /// The request.
    pub request: RequestName,
    /// Whether it holds now, is ahead, or is over.
    pub state: State,
    /// From when, with its offset; none is as soon as it is merged.
    pub from: Option<String>,
    /// Until when, with its offset; none is no end.
    pub until: Option<String>,
    /// In how many days it ends (0 is within a day), when that is within two weeks.
    pub ends_in_days: Option<i64>,
    /// The reason, in the words of its author.
    pub reason: String,
    /// The team through which the person is meant.
    pub team: Option<TeamName>,
    /// The file of the request.
    pub file: String,
    /// Who wrote it, and who merged it when; none when the file is in no commit.
    pub origin: Option<Origin>,
    /// What it gives.
    pub things: Vec<Thing>,
    /// What policy has against it: it gets nothing new then, and keeps what it has to its end.
    pub refused: Vec<String>,
}

/// Something that is held: a login at one place, or a level on parts of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Thing {
    /// The login or level.
    pub kind: String,
    /// On what, in words.
    pub on: String,
    /// What to open in JumpServer: a node, or an asset.
    pub open: String,
    /// As which accounts.
    pub accounts: Vec<String>,
}

/// What `grants` of one person give, by request: what is active first, then what ends first.
/// `origin` finds where a request's file comes from.
pub fn held<'g, 'a: 'g>(
    (access, adoptions): (&Access, &Adoptions<'_>),
    grants: impl IntoIterator<Item = &'g Grant<'a>>,
    moment: Timestamp,
    origin: impl Fn(&str) -> Option<Origin>,
) -> Vec<Held> {
    let mut by_request: BTreeMap<&RequestName, Vec<&Grant<'_>>> = BTreeMap::new();
    for grant in grants {
        by_request.entry(grant.because.request).or_default().push(grant);
    }
    let mut all: Vec<(State, Timestamp, Held)> = Vec::new();
    for (request, grants) in by_request {
        // A person has one period in one request.
        let Some(first) = grants.first() else { continue };
        let period = &first.period;
        let state = State::of(first, moment);
        let soon = ends_soon(period.end(), moment).filter(|_| state == State::Active);
        let refused = against_policy(access, grants.iter().copied(), moment);
        let file = first.because.site.file.to_string();
        let held = Held {
            request: request.clone(),
            state,
            from: period.from.as_ref().map(|edge| edge.text.clone()),
            until: period.until.as_ref().map(|edge| edge.text.clone()),
            ends_in_days: soon,
            reason: first.because.reason.to_owned(),
            team: first.because.team.cloned(),
            origin: origin(&file),
            file,
            things: things(access, adoptions, &grants),
            refused: match state {
                State::Active | State::Upcoming => refused,
                State::Released | State::Ended => Vec::new(),
            },
        };
        all.push((state, period.end(), held));
    }
    all.sort_by(|a, b| (a.0, a.1, &a.2.request).cmp(&(b.0, b.1, &b.2.request)));
    all.into_iter().map(|(.., held)| held).collect()
}

/// The things that grants of one request give; scopes of one instance and level are one.
fn things(access: &Access, adoptions: &Adoptions<'_>, grants: &[&Grant<'_>]) -> Vec<Thing> {
    let mut things: Vec<Thing> = Vec::new();
    for grant in grants {
        match grant.want {
            Want::Server { login, target, .. } => {
                let accounts = access.config.logins.get(login).map(|login| login.accounts.clone());
                let (open, on) = server_words(target);
                things.push(Thing {
                    kind: format!("login {login}"),
                    on,
                    open,
                    accounts: accounts.unwrap_or_default(),
                });
            }
            Want::Database { instance, level, scope, .. } => {
                let (kind, words) = (format!("level {level}"), scope_words(scope));
                let start = format!("{instance}: ");
                let same = |thing: &&mut Thing| thing.kind == kind && thing.on.starts_with(&start);
                if let Some(thing) = things.iter_mut().find(same) {
                    thing.on.push_str(&format!(", {words}"));
                    continue;
                }
                let holder = adoption::holder(access, instance).unwrap_or(instance);
                let account = adoptions.user(access, holder, grant.person, level);
                let asset = access.instances.get(instance).map(|found| found.asset.clone());
                things.push(Thing {
                    kind,
                    on: start + &words,
                    open: asset.unwrap_or_default(),
                    accounts: vec![account],
                });
            }
        }
    }
    things
}
