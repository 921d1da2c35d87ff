//! A plan in words. One [`Report`] is what text and JSON both show.

mod approvals;
mod audit;
mod check;
mod comparison;
mod comparison_text;
mod csv;
mod drift;
pub mod github;
pub mod gitlab;
pub mod html;
mod import;
mod list;
pub mod markdown;
mod mine;
mod phrase;
mod problem;
pub mod sarif;
mod text;
mod unused;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

pub use approvals::{APPROVALS, Approvals};
pub use audit::{render_csv as audit_csv, render_text as audit_text};
pub use check::{CheckReport, Holds, Told};
pub use comparison::{COMPARISON, Comparison, Counts, Live};
pub use comparison_text::{render as render_comparison, render_change};
pub use drift::{
    Change as DriftChange, Context as DriftContext, DRIFT, Drift, How, render as drift_text,
};
pub use import::render as import_text;
pub use list::list;
pub use mine::mine;
pub use problem::Problem;
pub(crate) use text::wrap;
pub use text::{Look, render};
pub use unused::{
    Context as UnusedContext, UNUSED, Unused, last as last_use, render as unused_text,
    words as use_words,
};

use crate::access::model::Access;
use crate::names::{Owner, PersonName};
use crate::observed::Observed;
use crate::period::Edge;
use crate::plan::finding::{Finding, Severity};
use crate::plan::guard::{Removals, Stop};
use crate::plan::reason::Reason;
use crate::plan::{Item, Phase, Plan, Target, What};

/// The version of the JSON form.
pub const SCHEMA: &str = "jumpgate.plan/1";

/// A plan as people and programs read it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Report {
    /// The version of this form.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The owner.
    pub owner: Owner,
    /// Where JumpServer answers.
    pub jumpserver: String,
    /// The organization that answered.
    pub organization: String,
    /// The commit; none for a folder that is no commit.
    pub commit: Option<String>,
    /// The moment that the plan is for, with the offset of the repo's zone.
    pub at: String,
    /// The same for the same steps: `apply --expect` takes it.
    pub checksum: String,
    /// How much there is to do.
    pub summary: Summary,
    /// What is in the way, risky or odd; the worst first.
    pub findings: Vec<Finding>,
    /// The steps by person, in the order of their names; without a person last.
    pub people: Vec<Person>,
    /// What is taken away; by the whole plan, also where it is narrowed to some targets or people.
    pub removals: Removals,
    /// Why the guard stops the whole plan.
    pub stop: Option<Stop>,
    /// The guard's words.
    pub stop_message: Option<String>,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// New objects.
    pub add: usize,
    /// Changed ones.
    pub change: usize,
    /// Ended ones.
    pub end: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are risks.
    pub risks: usize,
    /// Findings that are warnings.
    pub warnings: usize,
}

/// The steps of one person.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Person {
    /// The person; none when the repo knows nobody by that user name.
    pub person: Option<PersonName>,
    /// The name for people.
    pub name: Option<String>,
    /// The steps, in the order of the plan.
    pub steps: Vec<Entry>,
}

/// One step in words.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Entry {
    /// Its position in the plan, from 0.
    pub number: usize,
    /// Whether something comes, changes or goes.
    pub sign: Sign,
    /// Where.
    pub target: Target,
    /// When, relative to the others.
    pub phase: Phase,
    /// Whether somebody can do more by it than before; there when it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(with = "Option<bool>")]
    pub gives: bool,
    /// Whether it takes something away; there when it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(with = "Option<bool>")]
    pub takes: bool,
    /// What it is about, in a few words.
    pub title: String,
    /// What it changes, in plain words.
    pub words: Vec<String>,
    /// The requests that it comes from.
    pub because: Vec<Reason>,
    /// Whether it takes access away before its recorded end, or switches off a user whose file
    /// does not say that he left.
    pub early_end: bool,
    /// The step itself.
    pub what: What,
}

/// Whether something comes, changes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// Something new.
    Add,
    /// Something changes.
    Change,
    /// Something ends.
    End,
}

/// What a report is made from besides the plan.
pub struct Context<'a> {
    /// The access repo.
    pub access: &'a Access,
    /// What was read.
    pub observed: &'a Observed,
    /// The moment.
    pub moment: Timestamp,
    /// The commit, when there is one.
    pub commit: Option<&'a str>,
}

impl Report {
    /// Puts a plan into words.
    pub fn of(plan: &Plan, context: &Context<'_>) -> Self {
        let Context { access, observed, moment, commit } = *context;
        let mut people: BTreeMap<(bool, Option<&PersonName>), Vec<Entry>> = BTreeMap::new();
        let mut summary = Summary::default();
        for (number, item) in plan.items.iter().enumerate() {
            let entry = entry(number, item, access);
            *match entry.sign {
                Sign::Add => &mut summary.add,
                Sign::Change => &mut summary.change,
                Sign::End => &mut summary.end,
            } += 1;
            let person = item.person.as_ref();
            people.entry((person.is_none(), person)).or_default().push(entry);
        }
        for finding in &plan.findings {
            match finding.severity {
                Severity::Error => summary.errors += 1,
                Severity::Risk => summary.risks += 1,
                Severity::Warning => summary.warnings += 1,
                Severity::Notice => {}
            }
        }
        let people = people.into_iter().map(|((_, person), steps)| Person {
            name: person.and_then(|name| access.people.get(name)).map(|file| file.display.clone()),
            person: person.cloned(),
            steps,
        });
        Self {
            schema: SCHEMA,
            owner: access.config.owner.clone(),
            jumpserver: access.config.url.to_string(),
            organization: observed.jumpserver.organization.1.clone(),
            commit: commit.map(str::to_owned),
            at: Edge::moment(moment, &access.config.zone).text,
            checksum: plan.checksum(),
            summary,
            findings: plan.findings.clone(),
            people: people.collect(),
            removals: plan.removals,
            stop: plan.stop,
            stop_message: plan.stop_message(),
        }
    }

    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }
}

/// A step in words.
pub fn entry(number: usize, item: &Item, access: &Access) -> Entry {
    let (sign, title, words) = words::item(item, access);
    Entry {
        number,
        sign,
        target: item.target.clone(),
        phase: item.phase,
        gives: item.what.gives(),
        takes: item.what.takes(),
        title,
        words,
        because: item.because.clone(),
        early_end: item.early_end,
        what: item.what.clone(),
    }
}
