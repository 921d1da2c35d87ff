//! What an apply did: for people in a few lines, for programs as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::apply::{Outcome, Sessions};
use crate::cli;
use crate::plan::{Item, Plan, Target, What};
use crate::report::{Report, clean};

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
    /// Steps that were done and that a new look at the systems asks for again.
    differs: Vec<String>,
}

/// What became of open sessions, on each side.
#[derive(Debug, Clone, Copy, Default, Serialize, schemars::JsonSchema)]
struct SessionsEnded {
    /// Those of database accounts, on the servers.
    databases: Sessions,
    /// Those of JumpServer, to servers and databases alike.
    jumpserver: Sessions,
}

impl SessionsEnded {
    fn of(plan: &Plan, outcomes: &[Outcome]) -> Self {
        let mut all = Self::default();
        for (item, outcome) in plan.items.iter().zip(outcomes) {
            let Outcome::Done { sessions, .. } = outcome else { continue };
            let side = match item.target {
                Target::Instance(_) => &mut all.databases,
                Target::JumpServer => &mut all.jumpserver,
            };
            *side = side.and(*sessions);
        }
        all
    }

    /// A line for people, when there were sessions.
    fn text(self) -> String {
        let part = |word: &str, databases: usize, jumpserver: usize| {
            let places = [(databases, "on databases"), (jumpserver, "in JumpServer")];
            let places: Vec<String> = places
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, place)| format!("{count} {place}"))
                .collect();
            (!places.is_empty()).then(|| format!("{word}: {}", places.join(", ")))
        };
        let parts = [
            part("ended", self.databases.ended, self.jumpserver.ended),
            part("left open", self.databases.left, self.jumpserver.left),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true => String::new(),
            false => format!("Open sessions {}.\n", parts.join("; ")),
        }
    }
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
        let noted = |outcome: &Outcome| matches!(outcome, Outcome::Done { note: Some(_), .. });
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
            sessions: SessionsEnded::of(plan, &outcomes),
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
        // Plain data with string keys always has a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
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
        text.push_str(&self.sessions.text());
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
