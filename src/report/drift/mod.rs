//! What differs from what was applied last, as people and programs read it.

mod text;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

pub use text::render;
pub(super) use text::{hand, how};

use super::words;
use crate::access::model::Access;
use crate::drift::{Found, Hand, Logs, Object};
use crate::names::{Owner, PersonName};
use crate::observed::Observed;
use crate::period::Edge;
use crate::plan::Target;
use crate::plan::finding::Finding;
use crate::plan::reason::{Reason, State};

/// The version of the JSON form.
pub const DRIFT: &str = "jumpgate.drift/1";

/// What differs.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Drift {
    /// The version of this form.
    #[schemars(extend("const" = DRIFT))]
    pub schema: &'static str,
    /// The owner.
    pub owner: Owner,
    /// Where JumpServer answers.
    pub jumpserver: String,
    /// The organization that answered.
    pub organization: String,
    /// The commit that was applied last, as 40 hex digits.
    pub commit: String,
    /// When that commit was made, with the offset of the repo's zone.
    pub since: String,
    /// When the targets were read, with the offset of the repo's zone.
    pub at: String,
    /// Whether there is any drift.
    pub drift: bool,
    /// What another hand changed, or what was due for too long: by person.
    pub changes: Vec<Change>,
    /// What shows another hand, and has no step that takes it back.
    pub signs: Vec<Finding>,
    /// What time brought, and the next apply carries out: no drift.
    pub due: Vec<Due>,
    /// What an apply has begun and the next one ends: no drift.
    pub begun: Vec<Due>,
    /// What could not be compared, and why.
    pub errors: Vec<Finding>,
    /// How far JumpServer's operate log could be asked who it was.
    pub logs: Logs,
}

/// An object that differs.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Change {
    /// Where.
    pub target: Target,
    /// Whom it is about; none when the repo knows nobody by that user name.
    pub person: Option<PersonName>,
    /// His name for people.
    pub display: Option<String>,
    /// The object, in a few words.
    pub title: String,
    /// How it differs.
    pub how: How,
    /// What an apply of that commit does about it, in plain words.
    pub undo: Vec<String>,
    /// The requests that ask for the object.
    pub because: Vec<Reason>,
    /// Since when an apply was due to do this; none when another hand is the cause.
    pub due_since: Option<String>,
    /// Who it may have been, by JumpServer's operate log since the commit; the most likely
    /// first.
    pub hands: Vec<Hand>,
}

/// How an object differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// It is not there.
    Missing,
    /// It says something else.
    Differs,
    /// It is there, and nothing asks for it.
    Extra,
}

/// Something that the next apply does, and is no drift.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Due {
    /// Where.
    pub target: Target,
    /// The object, in a few words.
    pub title: String,
    /// What the next apply does about it, in plain words.
    pub apply: Vec<String>,
    /// Since when; none where an apply has begun it.
    pub since: Option<String>,
}

/// What a report is made from besides what was found.
pub struct Context<'a> {
    /// The files of the commit that was applied last.
    pub access: &'a Access,
    /// What was read.
    pub observed: &'a Observed,
    /// The commit that was applied last.
    pub commit: &'a str,
    /// When it was made.
    pub since: Timestamp,
    /// When the targets were read.
    pub moment: Timestamp,
    /// For each of the changes, who it may have been.
    pub hands: Vec<Vec<Hand>>,
    /// How far the log could be asked.
    pub logs: Logs,
}

impl Drift {
    /// Puts what was found into words.
    pub fn of(found: Found, context: Context<'_>) -> Self {
        let Context { access, observed, commit, since, moment, hands, logs } = context;
        let text = |at: Timestamp| Edge::moment(at, &access.config.zone).text;
        let mut hands = hands.into_iter();
        let mut changes: Vec<Change> = found
            .changes
            .iter()
            .map(|object| {
                let (how, title, undo) = told(object, access);
                let person = object.items.first().and_then(|item| item.person.clone());
                let file = person.as_ref().and_then(|name| access.people.get(name));
                Change {
                    target: target(object),
                    display: file.map(|file| file.display.clone()),
                    person,
                    title,
                    how,
                    undo,
                    because: because(object),
                    due_since: object.due.map(text),
                    hands: hands.next().unwrap_or_default(),
                }
            })
            .collect();
        changes.sort_by(|a, b| {
            let key = |one: &Change| (one.person.is_none(), one.person.clone(), one.target.clone());
            (key(a), &a.title).cmp(&(key(b), &b.title))
        });
        let due = |objects: &[Object]| -> Vec<Due> {
            objects
                .iter()
                .map(|object| {
                    let (_, title, apply) = told(object, access);
                    Due { target: target(object), title, apply, since: object.due.map(text) }
                })
                .collect()
        };
        Self {
            schema: DRIFT,
            owner: access.config.owner.clone(),
            jumpserver: access.config.url.to_string(),
            organization: observed.jumpserver.organization.1.clone(),
            commit: commit.to_owned(),
            since: text(since),
            at: text(moment),
            drift: !changes.is_empty() || !found.signs.is_empty(),
            due: due(&found.due),
            begun: due(&found.begun),
            changes,
            signs: found.signs,
            errors: found.errors,
            logs,
        }
    }

    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }

    /// What there is, in one line.
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        if !self.changes.is_empty() {
            parts.push(super::phrase::count(self.changes.len(), "change"));
        }
        if !self.signs.is_empty() {
            parts.push(super::phrase::count(self.signs.len(), "sign") + " of another hand");
        }
        match parts.as_slice() {
            [] if self.errors.is_empty() => "No drift".to_owned(),
            [] => "No drift in what could be compared".to_owned(),
            parts => format!("Drift: {}", parts.join(", ")),
        }
    }
}

fn target(object: &Object) -> Target {
    object.items.first().map_or(Target::JumpServer, |item| item.target.clone())
}

/// How an object differs, its title, and what apply does.
fn told(object: &Object, access: &Access) -> (How, String, Vec<String>) {
    let mut told = (How::Differs, String::new(), Vec::new());
    for (number, item) in object.items.iter().enumerate() {
        let (sign, title, words) = words::item(item, access);
        if number == 0 {
            told.0 = match sign {
                super::Sign::Add => How::Missing,
                super::Sign::Change => How::Differs,
                super::Sign::End => How::Extra,
            };
            told.1 = title;
        }
        for words in words {
            if !told.2.contains(&words) {
                told.2.push(words);
            }
        }
    }
    told
}

/// The requests that ask for an object, each once.
fn because(object: &Object) -> Vec<Reason> {
    let reasons = object.items.iter().flat_map(|item| &item.because);
    let asks = reasons.filter(|reason| reason.state == State::Asks);
    let each: BTreeMap<_, _> =
        asks.map(|reason| (reason.request.clone(), reason.clone())).collect();
    each.into_values().collect()
}
