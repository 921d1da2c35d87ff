//! What an apply did: for people in a few lines, for programs as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::apply::Outcome;
use crate::cli;
use crate::plan::{Item, Plan, What};
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
    /// Steps that were done and that a new look at the systems asks for again.
    differs: Vec<String>,
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
}

impl ApplyReport {
    /// `left` is the plan after everything: what it still asks for was not kept.
    pub(crate) fn of(report: Report, plan: &Plan, outcomes: Vec<Outcome>, left: &Plan) -> Self {
        let noted = |outcome: &Outcome| matches!(outcome, Outcome::Done { note: Some(_) });
        let differs = plan
            .items
            .iter()
            .zip(&outcomes)
            .filter(|(item, outcome)| {
                outcome.is_done()
                    && !noted(outcome)
                    && left.items.iter().any(|again| same(item, again))
            })
            .map(|(item, _)| item.name.clone())
            .collect();
        let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
        Self {
            schema: SCHEMA,
            plan: report,
            done: count(Outcome::is_done),
            failed: count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            skipped: count(|outcome| matches!(outcome, Outcome::Skipped { .. })),
            differs,
            steps: plan
                .items
                .iter()
                .zip(outcomes)
                .enumerate()
                .map(|(number, (item, outcome))| StepResult {
                    number,
                    name: item.name.clone(),
                    outcome,
                })
                .collect(),
        }
    }

    /// The JSON form.
    pub(crate) fn json(&self) -> String {
        crate::visible::json(self)
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
        if self.differs.is_empty() {
            text.push_str(if self.done > 0 { "; read back: as written.\n" } else { ".\n" });
        } else {
            text.push_str("; read back: DIFFERS from what was written:\n");
            for name in &self.differs {
                let _ = writeln!(text, "  {}", clean(name));
            }
        }
        if self.failed > 0 || self.skipped > 0 {
            text.push_str("The next apply goes on from here.\n");
        }
        text
    }

    /// How it ended.
    pub(crate) fn outcome(&self) -> cli::Outcome {
        if self.failed > 0 || self.skipped > 0 || !self.differs.is_empty() {
            cli::Outcome::InPart
        } else {
            cli::Outcome::Done
        }
    }
}

/// Whether two steps are about the same object.
fn same(a: &Item, b: &Item) -> bool {
    match (&a.what, &b.what) {
        (What::Permission { id: a, .. }, What::Permission { id: b, .. }) => a == b,
        (What::Account { change: a }, What::Account { change: b }) => {
            a.instance == b.instance && a.account == b.account
        }
        (What::User { .. }, What::User { .. }) => a.name == b.name,
        _ => false,
    }
}
