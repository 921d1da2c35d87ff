//! Which access nobody uses, as people and programs read it.

mod text;

use serde::Serialize;

use jiff::Timestamp;

pub use text::render;

use super::csv;
use crate::access::model::{Access, Site};
use crate::names::{Environment, Owner, PersonName, RequestName, TeamName};
use crate::period::Edge;
use crate::usage::{Judged, State, Unknown};

/// The version of the JSON form.
pub const UNUSED: &str = "jumpgate.unused/1";

/// Which access nobody uses.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Unused {
    /// The version of this form.
    #[schemars(extend("const" = UNUSED))]
    pub schema: &'static str,
    /// The owner.
    pub owner: Owner,
    /// The commit of the files; none for a folder that is no commit.
    pub commit: Option<String>,
    /// When the records were read, with the offset of the repo's zone.
    pub at: String,
    /// For how many days nobody used what is listed.
    pub days: u32,
    /// Since when JumpServer has records, as far as it has any.
    pub records_since: Option<String>,
    /// How many accesses there are, by what is known of them.
    pub counts: Counts,
    /// Access that nobody used for so long, by request and person.
    pub unused: Vec<Line>,
    /// Access of which it is not known whether somebody uses it.
    pub unknown: Vec<Line>,
    /// What the database servers could not tell.
    pub notes: Vec<String>,
}

/// How many accesses there are.
#[derive(Debug, Clone, Copy, Default, Serialize, schemars::JsonSchema)]
pub struct Counts {
    /// Used.
    pub used: usize,
    /// Not used.
    pub unused: usize,
    /// Younger than the days.
    pub young: usize,
    /// Not known.
    pub unknown: usize,
}

/// One access.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Line {
    /// The request.
    pub request: RequestName,
    /// The line that asks for it.
    pub site: Site,
    /// Who.
    pub person: PersonName,
    /// The team through which the person is meant.
    pub team: Option<TeamName>,
    /// What: `app on pay-web-01`, `r on orders-prod`.
    pub opens: String,
    /// The environment of the target.
    pub environment: Environment,
    /// Until when, with its offset; none is no end.
    pub until: Option<String>,
    /// When it was last used, as far as records go; to the second.
    #[schemars(with = "Option<String>")]
    pub last_used: Option<Timestamp>,
    /// What is known, in words.
    pub words: String,
}

/// What a report is made from besides what was judged.
pub struct Context<'a> {
    /// The files.
    pub access: &'a Access,
    /// Their commit, when it was a commit.
    pub commit: Option<&'a str>,
    /// The moment.
    pub moment: Timestamp,
    /// The term in days.
    pub days: u32,
    /// When the oldest session on record began.
    pub oldest: Option<Timestamp>,
    /// What the database servers could not tell.
    pub notes: Vec<String>,
}

impl Unused {
    /// Puts what was judged into words.
    pub fn of(judged: &[Judged<'_>], context: Context<'_>) -> Self {
        let Context { access, commit, moment, days, oldest, notes } = context;
        let zone = &access.config.zone;
        let mut counts = Counts::default();
        let (mut unused, mut unknown) = (Vec::new(), Vec::new());
        for one in judged {
            let line = || Line {
                request: one.entry.request.clone(),
                site: one.entry.site.clone(),
                person: one.entry.person.clone(),
                team: one.entry.team.cloned(),
                opens: one.entry.opens.to_string(),
                environment: one.entry.environment.clone(),
                until: one.entry.period.until.as_ref().map(|edge| edge.text.clone()),
                last_used: last(one),
                words: words(one, zone),
            };
            match one.state {
                State::Used(_) | State::Connected(_) => counts.used += 1,
                State::Young(_) => counts.young += 1,
                State::Unused(_) => {
                    counts.unused += 1;
                    unused.push(line());
                }
                State::Unknown(_) => {
                    counts.unknown += 1;
                    unknown.push(line());
                }
            }
        }
        Self {
            schema: UNUSED,
            owner: access.config.owner.clone(),
            commit: commit.map(str::to_owned),
            at: Edge::moment(moment, zone).text,
            days,
            records_since: oldest.map(|oldest| Edge::moment(oldest, zone).text),
            counts,
            unused,
            unknown,
            notes,
        }
    }

    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }

    /// One row an access, for a spreadsheet (RFC 4180).
    pub fn csv(&self) -> String {
        let head = [
            "state",
            "request",
            "person",
            "team",
            "opens",
            "environment",
            "until",
            "last_used",
            "words",
            "file",
            "line",
        ];
        let mut text = csv::row(head);
        for (state, lines) in [("unused", &self.unused), ("unknown", &self.unknown)] {
            for line in lines {
                text.push_str(&csv::row([
                    state,
                    line.request.as_str(),
                    line.person.as_str(),
                    line.team.as_ref().map_or("", |team| team.as_str()),
                    &line.opens,
                    line.environment.as_str(),
                    line.until.as_deref().unwrap_or(""),
                    &line.last_used.map(|at| at.to_string()).unwrap_or_default(),
                    &line.words,
                    &line.site.file,
                    &line.site.line.to_string(),
                ]));
            }
        }
        text
    }
}

/// When an access was last used, as far as records go.
pub fn last(one: &Judged<'_>) -> Option<Timestamp> {
    match one.state {
        State::Used(last) => Some(last),
        State::Unused(last) => last,
        State::Connected(_) | State::Young(_) | State::Unknown(_) => None,
    }
}

/// What is known of the use of an access.
pub fn words(one: &Judged<'_>, zone: &jiff::tz::TimeZone) -> String {
    let at = |moment| Edge::moment(moment, zone).text;
    let mut words = match one.state {
        State::Used(last) => format!("last used {}", at(last)),
        State::Connected(since) => {
            format!("no session on record, and its account connected since {}", at(since))
        }
        State::Young(since) => format!("as it is only since {}", at(since)),
        State::Unused(Some(last)) => format!("last used {}", at(last)),
        State::Unused(None) => "no session on record".to_owned(),
        State::Unknown(Unknown::NoRecords) => "JumpServer has no session on record".to_owned(),
        State::Unknown(Unknown::RecordsBegin(oldest)) => {
            format!("no session on record, and records begin only {}", at(oldest))
        }
        State::Unknown(Unknown::NotThere) => {
            "JumpServer has no such user or target: its records cannot be looked up".to_owned()
        }
    };
    match one.counted {
        Some((0, since)) => {
            words.push_str(&format!("; its account did not connect since {}", at(since)));
        }
        Some((count, since)) if !matches!(one.state, State::Connected(_)) => {
            words.push_str(&format!(
                "; its account connected {count} times since {}, nobody knows when",
                at(since)
            ))
        }
        _ => {}
    }
    words
}
