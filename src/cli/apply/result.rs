//! What an apply did: for people in a few lines, for programs as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::sessions::SessionsEnded;
use crate::access::model::Access;
use crate::apply::Outcome;
use crate::cli::{self, file};
use crate::names::InstanceName;
use crate::observed::{Instance, Observed};
use crate::plan::{Item, Plan, Target, What};
use crate::report::Report;
use crate::visible::clean;

/// The version of the JSON form.
pub(crate) const SCHEMA: &str = "jumpgate.apply/1";

/// What an apply did.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub(crate) struct ApplyReport {
    /// The version of this form.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// The plan that was carried out.
    plan: Report,
    /// How each step went, by its number in the plan.
    steps: Vec<StepResult>,
    /// How many steps were done.
    done: usize,
    /// How many failed.
    failed: usize,
    /// How many were not begun.
    skipped: usize,
    /// What became of open sessions where access ended.
    sessions: SessionsEnded,
    /// Whether the systems could be read again after the steps, each instance where a step
    /// was done among them.
    read_back: bool,
    /// Instances where a step was done and that could not be looked at again, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    unread: BTreeMap<InstanceName, String>,
    /// Steps that were done and that a new look at the systems asks for again.
    differs: Vec<String>,
    /// The oldest end that has passed and still stands, when there is one.
    #[schemars(with = "Option<String>")]
    oldest_overdue_end: Option<Timestamp>,
}

/// How one step went.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
struct StepResult {
    /// Its position in the plan, from 0.
    number: usize,
    /// The name of what it is about.
    name: String,
    #[serde(flatten)]
    outcome: Outcome,
    /// Whether it was done and a new look asks for it again; there when it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(with = "Option<bool>")]
    differs: bool,
}

impl ApplyReport {
    /// `left` is the plan after everything: what it still asks for was not kept. It is none
    /// when the systems could not be read again.
    pub(crate) fn of(
        report: Report,
        plan: &Plan,
        outcomes: Vec<Outcome>,
        left: Option<&Plan>,
    ) -> Self {
        let noted = |outcome: &Outcome| matches!(outcome, Outcome::Done { note: Some(_), .. });
        let differs = |(item, outcome): (&Item, &Outcome)| {
            outcome.is_done()
                && !noted(outcome)
                && left.is_some_and(|left| left.items.iter().any(|again| same(item, again)))
        };
        let differs: Vec<bool> = plan.items.iter().zip(&outcomes).map(differs).collect();
        let names = plan.items.iter().zip(&differs).filter(|(_, differs)| **differs);
        let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
        Self {
            schema: SCHEMA,
            plan: report,
            done: count(Outcome::is_done),
            failed: count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            skipped: count(|outcome| matches!(outcome, Outcome::Skipped { .. })),
            sessions: SessionsEnded::of(plan, &outcomes),
            read_back: left.is_some(),
            unread: BTreeMap::new(),
            differs: names.map(|(item, _)| item.name.clone()).collect(),
            oldest_overdue_end: None,
            steps: plan
                .items
                .iter()
                .zip(outcomes)
                .zip(differs)
                .enumerate()
                .map(|(number, ((item, outcome), differs))| StepResult {
                    number,
                    name: item.name.clone(),
                    outcome,
                    differs,
                })
                .collect(),
        }
    }

    /// With the instances that could not be looked at again.
    pub(crate) fn unread(mut self, unread: BTreeMap<InstanceName, String>) -> Self {
        self.read_back &= unread.is_empty();
        self.unread = unread;
        self
    }

    /// With the oldest end that has passed and still stands.
    pub(crate) fn overdue(mut self, end: Option<Timestamp>) -> Self {
        self.oldest_overdue_end = end;
        self
    }

    /// How many steps were done, failed, were skipped.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (self.done, self.failed, self.skipped)
    }

    /// The JSON form.
    pub(crate) fn json(&self) -> String {
        crate::visible::json(self)
    }

    /// Writes the JSON form to a file, whole or not at all; in error, why not.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        file::replace(path, format!("{}\n", self.json()).as_bytes())
            .map_err(|error| file::cannot_be_written(path, &error))
    }

    /// The last lines for people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("Applied: {} done", self.done);
        if self.failed > 0 {
            let _ = write!(text, ", {} failed", self.failed);
        }
        if self.skipped > 0 {
            let _ = write!(text, ", {} skipped", self.skipped);
        }
        if !self.differs.is_empty() {
            text.push_str("; read back: DIFFERS from what was written:\n");
            for name in &self.differs {
                let _ = writeln!(text, "  {}", clean(name));
            }
        } else if !self.read_back {
            text.push_str("; it could not be read back.\n");
        } else {
            text.push_str(if self.done > 0 { "; read back: as written.\n" } else { ".\n" });
        }
        for (name, why) in &self.unread {
            let _ = writeln!(text, "{name} could not be read back: {}", clean(why));
        }
        text.push_str(&self.sessions.text());
        if self.failed > 0 || self.skipped > 0 {
            text.push_str("The next apply goes on from here.\n");
        }
        text
    }

    /// How it ended.
    pub(crate) fn outcome(&self) -> cli::Outcome {
        let whole = self.read_back && self.failed == 0 && self.skipped == 0;
        if !whole || !self.differs.is_empty() { cli::Outcome::InPart } else { cli::Outcome::Done }
    }
}

/// Instances where a step was done and of which a new look could not tell whether it stands:
/// a plan has nothing to say of a server that it cannot work on.
pub(super) fn unread(
    plan: &Plan,
    outcomes: &[Outcome],
    access: &Access,
    after: &Observed,
) -> BTreeMap<InstanceName, String> {
    let done = plan.items.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_done());
    let names = done.filter_map(|(item, _)| match &item.target {
        Target::Instance(name) => Some(name),
        Target::JumpServer => None,
    });
    let why = |name: &InstanceName| match after.instances.get(name) {
        Some(Instance::Read(_)) => {
            let asset = access.instances.get(name).map(|instance| instance.asset.as_str());
            let there = asset.is_some_and(|asset| after.jumpserver.assets.contains_key(asset));
            (!there).then(|| "its asset in JumpServer is gone".to_owned())
        }
        Some(Instance::Unreadable(why) | Instance::Held(why)) => Some(why.clone()),
        Some(Instance::NotAsked) | None => Some("it was not read".to_owned()),
    };
    names.filter_map(|name| Some((name.clone(), why(name)?))).collect()
}

/// Whether two steps are about the same object.
pub(super) fn same(a: &Item, b: &Item) -> bool {
    match (&a.what, &b.what) {
        (What::Permission { id: a, .. }, What::Permission { id: b, .. }) => a == b,
        (What::Account { change: a }, What::Account { change: b }) => {
            a.instance == b.instance && a.account == b.account
        }
        (What::User { .. }, What::User { .. }) => a.name == b.name,
        _ => false,
    }
}
