//! What a pull request changes, as people and programs read it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Entry, Person, Sign, entry};
use crate::access::model::Access;
use crate::approval::Need;
use crate::effect::{Effect, Kind, Row, Setting};
use crate::names::{Owner, PersonName};
use crate::plan::Plan;
use crate::plan::finding::{Finding, Kind as FindingKind, Severity};
use crate::plan::guard::Stop;
use crate::plan::reason::State;

/// The version of the JSON form.
pub const COMPARISON: &str = "jumpgate.effect/1";

/// What a pull request changes. Without the live state, the same two revisions give the same
/// bytes as long as the same requests have ended.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Comparison {
    /// The version of this form.
    pub schema: &'static str,
    /// The owner, as the base says.
    pub owner: Owner,
    /// The commit that it is compared with and judged by.
    pub base: String,
    /// The commit that it is about; none for files that are no commit.
    pub head: Option<String>,
    /// How much there is.
    pub summary: Counts,
    /// The changes by person.
    pub rows: Vec<Row>,
    /// What is edited of rules and targets.
    pub settings: Vec<Setting>,
    /// What breaks the base's policy, and what a reviewer must know; the worst first.
    pub findings: Vec<Finding>,
    /// The most approvals that a limit of the base asks for.
    pub approvals: u32,
    /// Who answers for the targets that are reached.
    pub owners: BTreeSet<String>,
    /// Which approvals the base asks for, and of whom.
    pub needs: Vec<Need>,
    /// It laid over the live state.
    pub live: Live,
}

/// How much a pull request changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Counts {
    /// People whose access changes.
    pub people: usize,
    /// Rows by kind.
    pub removed: usize,
    /// Access that becomes less.
    pub narrowed: usize,
    /// New access.
    pub added: usize,
    /// Access that lasts longer.
    pub renewed: usize,
    /// Access that becomes another.
    pub changed: usize,
    /// Rows to look at twice.
    pub dangerous: usize,
}

impl Counts {
    /// The kinds of rows that there are, as `2 added`, and what to look at twice; nothing when
    /// there are no rows.
    pub fn words(&self) -> Option<String> {
        let kinds = [
            (self.removed, "removed"),
            (self.narrowed, "narrowed"),
            (self.added, "added"),
            (self.renewed, "renewed"),
            (self.changed, "changed"),
        ];
        let kinds = kinds.into_iter().filter(|(number, _)| *number > 0);
        let kinds: Vec<String> = kinds.map(|(number, what)| format!("{number} {what}")).collect();
        let twice = match self.dangerous {
            0 => String::new(),
            number => format!("; {number} to look at twice"),
        };
        (!kinds.is_empty()).then(|| format!("{}{twice}", kinds.join(", ")))
    }

    /// `1 person`, `2 people`.
    pub fn people(&self) -> String {
        match self.people {
            1 => "1 person".to_owned(),
            number => format!("{number} people"),
        }
    }
}

/// What the next apply would do, if the branch were merged now.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Live {
    /// Nothing was read.
    NotRead {
        /// Why, in words.
        why: String,
        /// Whether it should have been read.
        failed: bool,
    },
    /// It was read.
    Read {
        /// The steps that come with the branch, by person.
        people: Vec<Person>,
        /// Steps that are pending without the branch: drift, or merged and not yet applied.
        pending: Vec<Entry>,
        /// Ends that are due without the branch.
        due: usize,
        /// What the plan has to tell because of the branch.
        findings: Vec<Finding>,
        /// How many findings there are without the branch, too.
        known: usize,
        /// Why the guard would stop it.
        stop: Option<Stop>,
        /// The guard's words.
        stop_message: Option<String>,
    },
}

impl Comparison {
    /// Puts an effect into words.
    pub fn of(
        effect: Effect,
        needs: Vec<Need>,
        base: &Access,
        commits: (String, Option<String>),
        live: Live,
    ) -> Self {
        let mut summary = Counts::default();
        let people: BTreeSet<_> = effect.rows.iter().map(|row| &row.person).collect();
        summary.people = people.len();
        for row in &effect.rows {
            *match row.kind {
                Kind::Removed => &mut summary.removed,
                Kind::Narrowed => &mut summary.narrowed,
                Kind::Added => &mut summary.added,
                Kind::Renewed => &mut summary.renewed,
                Kind::Changed => &mut summary.changed,
            } += 1;
            summary.dangerous += usize::from(!row.dangers.is_empty());
        }
        Self {
            schema: COMPARISON,
            owner: base.config.owner.clone(),
            base: commits.0,
            head: commits.1,
            summary,
            rows: effect.rows,
            settings: effect.settings,
            findings: effect.findings,
            approvals: effect.approvals,
            owners: effect.owners,
            needs,
            live,
        }
    }

    /// Whether the base's policy is broken, or its guard would stop the next apply.
    pub fn is_refused(&self) -> bool {
        let stopped = matches!(self.live, Live::Read { stop: Some(_), .. });
        stopped || self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Whether a part could not be looked at, or could not be done.
    pub fn is_partial(&self) -> bool {
        match &self.live {
            Live::NotRead { failed, .. } => *failed,
            Live::Read { findings, .. } => findings.iter().any(|finding| {
                finding.severity == Severity::Error && !finding.code.breaks_policy()
            }),
        }
    }

    /// Whether nobody's access and no rule changes.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.settings.is_empty()
    }

    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }
}

impl Live {
    /// What comes with the branch, and what is pending without it.
    pub fn of(base: &Plan, head: &Plan, base_access: &Access, access: &Access) -> Self {
        let words = |entry: &Entry| {
            (entry.target.clone(), entry.title.clone(), entry.words.clone(), entry.sign as u8)
        };
        let entries = |plan: &Plan, access: &Access| -> Vec<Entry> {
            let items = plan.items.iter().enumerate();
            items.map(|(number, item)| entry(number, item, access)).collect()
        };
        let before = entries(base, base_access);
        let known: BTreeSet<_> = before.iter().map(words).collect();
        let mut people: BTreeMap<_, Person> = BTreeMap::new();
        let mut still = BTreeSet::new();
        for (item, entry) in head.items.iter().zip(entries(head, access)) {
            if known.contains(&words(&entry)) {
                still.insert(words(&entry));
                continue;
            }
            let key = (item.person.is_none(), item.person.clone());
            let person = people.entry(key).or_insert_with(|| Person {
                name: item
                    .person
                    .as_ref()
                    .and_then(|name| access.people.get(name))
                    .map(|file| file.display.clone()),
                person: item.person.clone(),
                steps: Vec::new(),
            });
            person.steps.push(entry);
        }
        let is_due = |entry: &Entry| {
            entry.sign == Sign::End
                && !entry.because.is_empty()
                && entry.because.iter().all(|reason| reason.state == State::Ended)
        };
        let mut pending: Vec<Entry> = before;
        pending.retain(|entry| still.contains(&words(entry)));
        let all = pending.len();
        pending.retain(|entry| !is_due(entry));
        let findings = more(&base.findings, &head.findings);
        Self::Read {
            people: people.into_values().collect(),
            due: all - pending.len(),
            pending,
            known: head.findings.len() - findings.len(),
            findings,
            stop: head.stop,
            stop_message: head.stop_message(),
        }
    }
}

/// The findings that `head` has and `base` has not. One whose line only moved is not among
/// them; a second one of the same words and file is.
fn more<'f>(base: &'f [Finding], head: &'f [Finding]) -> Vec<Finding> {
    type Words<'f> = (
        Severity,
        FindingKind,
        &'f str,
        Option<&'f PersonName>,
        &'f BTreeSet<PersonName>,
        Option<&'f str>,
    );
    fn words(one: &Finding) -> Words<'_> {
        let file = one.site.as_ref().map(|site| &*site.file);
        (one.severity, one.code, &one.message, one.person.as_ref(), &one.others, file)
    }
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for one in base {
        *known.entry(words(one)).or_default() += 1;
    }
    // What stands where it stood is known before what may have moved.
    let same: BTreeSet<&Finding> = base.iter().collect();
    let mut take = |one: &'f Finding| match known.get_mut(&words(one)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    };
    let (stand, others): (Vec<&Finding>, Vec<&Finding>) =
        head.iter().partition(|one| same.contains(one));
    for one in stand {
        take(one);
    }
    others.into_iter().filter(|one| !take(one)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::model::Site;

    #[test]
    fn a_line_that_moved_brings_no_finding_of_its_own() {
        let finding = |file: &str, line: u32, message: &str| {
            let site = Site { file: file.into(), line, column: 1 };
            Finding::new(FindingKind::AgainstPolicy, message).at(&site)
        };
        let base = [finding("a.yaml", 8, "no end"), finding("b.yaml", 3, "no end")];
        let moved = [finding("a.yaml", 9, "no end"), finding("b.yaml", 3, "no end")];
        assert_eq!(more(&base, &moved), []);
        // Another line with the same words is new: the one that did not stand there.
        let second = [finding("a.yaml", 8, "no end"), finding("a.yaml", 7, "no end")];
        assert_eq!(more(&base, &second), second[1..]);
        let others = [finding("c.yaml", 8, "no end"), finding("a.yaml", 8, "too long")];
        assert_eq!(more(&base, &others), others);
        assert_eq!(more(&[], &base), base);
    }

    #[test]
    fn what_is_not_there_is_not_counted() {
        assert_eq!(Counts::default().words(), None);
        let some = Counts { people: 1, renewed: 1, dangerous: 1, ..Counts::default() };
        assert_eq!(some.words().as_deref(), Some("1 renewed; 1 to look at twice"));
        assert_eq!(some.people(), "1 person");
        let all = Counts {
            people: 12,
            removed: 3,
            narrowed: 2,
            added: 4,
            renewed: 1,
            changed: 1,
            dangerous: 0,
        };
        let words = all.words();
        assert_eq!(words.as_deref(), Some("3 removed, 2 narrowed, 4 added, 1 renewed, 1 changed"));
        assert_eq!(all.people(), "12 people");
    }
}
