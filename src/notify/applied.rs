//! What `jumpgate apply --format json` wrote, as far as people are told of it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::names::InstanceName;

/// The version that is read.
const SCHEMA: &str = "jumpgate.apply/1";

/// What an apply did.
#[derive(Debug, Clone, Deserialize)]
pub struct Applied {
    schema: String,
    pub(super) plan: Plan,
    steps: Vec<Step>,
    pub(super) oldest_overdue_end: Option<Timestamp>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Plan {
    pub(super) owner: String,
    pub(super) at: String,
    pub(super) people: Vec<Person>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Person {
    pub(super) person: Option<String>,
    pub(super) steps: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Entry {
    number: usize,
    pub(super) sign: Sign,
    target: Value,
    pub(super) title: String,
    pub(super) because: Vec<Because>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Sign {
    Add,
    Change,
    End,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Because {
    pub(super) request: String,
    pub(super) reason: Option<String>,
    pub(super) until: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Step {
    number: usize,
    outcome: Outcome,
    why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Done,
    Failed,
    Skipped,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How<'a> {
    Done,
    Failed(&'a str),
    NotBegun,
}

impl Applied {
    /// Reads what an apply printed for the access repo of `owner`.
    ///
    /// # Errors
    /// When it is something else, in words.
    pub fn parse(text: &str, owner: &str) -> Result<Self, String> {
        let applied: Self = serde_json::from_str(text).map_err(|error| {
            format!("it is not what `jumpgate apply --format json` prints: {error}")
        })?;
        if applied.schema != SCHEMA {
            return Err(format!("it is {}, and this version reads {SCHEMA}", applied.schema));
        }
        if applied.plan.owner != owner {
            return Err(format!("it is of the owner {}, not of {owner}", applied.plan.owner));
        }
        Ok(applied)
    }

    pub(super) fn how(&self, entry: &Entry) -> How<'_> {
        let step = self.steps.iter().find(|step| step.number == entry.number);
        match step.map(|step| (step.outcome, step.why.as_deref())) {
            Some((Outcome::Done, _)) => How::Done,
            Some((Outcome::Failed, why)) => How::Failed(why.unwrap_or_default()),
            Some((Outcome::Skipped, _)) | None => How::NotBegun,
        }
    }
}

impl Entry {
    /// The instance that it is about.
    pub(super) fn instance(&self) -> Option<InstanceName> {
        self.target.get("instance")?.as_str()?.parse().ok()
    }
}
