//! What `jumpgate apply --format json` wrote, as far as people are told of it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::access::notify::What;
use crate::names::InstanceName;
use crate::plan::reason::State;

/// The version that is read.
const SCHEMA: &str = "jumpgate.apply/1";

/// What there is to say of a step that is done by its own answer alone.
const DIFFERS: &str = "it was written, and a new look shows that it does not stand";

/// What an apply did.
#[derive(Debug, Clone, Deserialize)]
pub struct Applied {
    schema: String,
    pub(super) plan: Plan,
    /// In the order of their numbers.
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
    sign: Sign,
    #[serde(default)]
    gives: bool,
    #[serde(default)]
    takes: bool,
    target: Value,
    pub(super) title: String,
    words: Vec<String>,
    pub(super) because: Vec<Because>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sign {
    Add,
    Change,
    End,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Because {
    pub(super) request: String,
    state: State,
    pub(super) reason: Option<String>,
    pub(super) until: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Step {
    number: usize,
    outcome: Outcome,
    #[serde(default)]
    differs: bool,
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
        let mut applied: Self = serde_json::from_str(text).map_err(|error| {
            format!("it is not what `jumpgate apply --format json` prints: {error}")
        })?;
        if applied.schema != SCHEMA {
            return Err(format!("it is {}, and this version reads {SCHEMA}", applied.schema));
        }
        if applied.plan.owner != owner {
            return Err(format!("it is of the owner {}, not of {owner}", applied.plan.owner));
        }
        applied.steps.sort_by_key(|step| step.number);
        Ok(applied)
    }

    /// How the step of an entry went.
    pub(super) fn how(&self, entry: &Entry) -> How<'_> {
        let found = self.steps.binary_search_by_key(&entry.number, |step| step.number);
        let Some(step) = found.ok().and_then(|at| self.steps.get(at)) else {
            return How::NotBegun;
        };
        match step.outcome {
            Outcome::Done if step.differs => How::Failed(DIFFERS),
            Outcome::Done => How::Done,
            Outcome::Failed => How::Failed(step.why.as_deref().unwrap_or_default()),
            Outcome::Skipped => How::NotBegun,
        }
    }
}

impl Because {
    /// Whether it is why something is told: what is given comes from a request that asks, and
    /// what is taken away from one that asks no more.
    pub(super) fn tells(&self, what: What) -> bool {
        match what {
            What::Granted => self.state == State::Asks,
            What::Removed => self.state != State::Asks,
            _ => true,
        }
    }
}

impl Entry {
    /// What is told of it when it is done: a change may give and take at once, or do neither.
    pub(super) fn whats(&self) -> Vec<What> {
        match self.sign {
            Sign::Add => vec![What::Granted],
            Sign::End => vec![What::Removed],
            Sign::Change if !self.gives && !self.takes => vec![What::Changed],
            Sign::Change => {
                let given = self.gives.then_some(What::Granted);
                given.into_iter().chain(self.takes.then_some(What::Removed)).collect()
            }
        }
    }

    /// What it is about; of a change also what changes, since its name does not tell.
    pub(super) fn thing(&self) -> String {
        match (self.sign, self.words.as_slice()) {
            (Sign::Change, words @ [_, ..]) => format!("{} ({})", self.title, words.join("; ")),
            _ => self.title.clone(),
        }
    }

    /// The instance that it is about.
    pub(super) fn instance(&self) -> Option<InstanceName> {
        self.target.get("instance")?.as_str()?.parse().ok()
    }
}
