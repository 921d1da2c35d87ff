//! What a pull request needs, by the base's policy and owners.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::rules;
use crate::access::model::{Access, Party, ServerEntry};
use crate::effect::{Effect, Reached};
use crate::names::PersonName;
use crate::plural::listed;

/// What is compared.
pub struct Inputs<'a> {
    /// What the branch starts from: it says who must approve.
    pub base: &'a Access,
    /// The branch.
    pub head: &'a Access,
    /// What the branch changes.
    pub effect: &'a Effect,
    /// The paths that differ in the whole repository, from its root.
    pub paths: &'a BTreeSet<String>,
}

/// Approvals that are needed for one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Need {
    /// What kind of thing it is.
    pub subject: Subject,
    /// Which: an instance, the places of servers, edited files.
    pub what: String,
    /// How many people must approve; 0 for an emergency.
    pub count: u32,
    /// Of whom, or who may merge an emergency; empty is everybody in `people/` with a name at the forge.
    #[schemars(with = "Vec<String>")]
    pub of: BTreeSet<Party>,
    /// The owners of whom the one person in `of` must be one, as the file names him as the one
    /// who approves; any of them approves in his place when he opened the pull request himself,
    /// or wrote in it and approves it too.
    #[serde(skip)]
    pub named_among: Option<BTreeSet<Party>>,
}

/// What approvals are for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// Access to an instance.
    Instance,
    /// Access to servers of one entry of the inventory.
    Servers,
    /// Edits of what judges later pull requests.
    Rules,
    /// An emergency: no approval is needed, and those who are named alone may merge it.
    Emergency,
    /// The approval of an emergency after it was merged.
    Afterwards,
}

/// What the branch needs: nothing for what it takes away.
pub fn needs(inputs: &Inputs<'_>) -> Vec<Need> {
    let policy = &inputs.base.policy;
    let mut needs = Vec::new();
    for (target, asked) in &inputs.effect.reached {
        // What many requests share needs the owners even where policy asks for no approval.
        let least = u32::from(asked.shared && !asked.owners.is_empty());
        let count = asked.approvals.max(least);
        if count == 0 {
            continue;
        }
        let (subject, what) = match target {
            Reached::Instance(name) => (Subject::Instance, name.to_string()),
            Reached::Servers(site) => {
                let entries = &inputs.base.servers;
                let entry = entries.iter().find(|entry| site.as_ref() == Some(&entry.site));
                (Subject::Servers, entry.map_or_else(|| "new servers".to_owned(), places))
            }
        };
        let mut of = asked.owners.clone();
        if of.is_empty() {
            of.extend(policy.owners.iter().cloned());
        }
        needs.push(Need { subject, what, count, of, named_among: None });
    }
    let mut edits: BTreeMap<BTreeSet<Party>, (u32, BTreeSet<String>)> = BTreeMap::new();
    for edit in rules::edits(inputs) {
        let (count, files) = edits.entry(edit.of).or_default();
        *count = (*count).max(edit.count);
        files.insert(edit.file);
    }
    for (of, (count, files)) in edits {
        let what = listed(files.iter().map(String::as_str), 5);
        needs.push(Need { subject: Subject::Rules, what, count, of, named_among: None });
    }
    for request in &inputs.effect.emergencies {
        let of = policy.emergency.iter().flat_map(|rule| rule.mergers.iter().cloned()).collect();
        let what = request.to_string();
        let subject = Subject::Emergency;
        needs.push(Need { subject, what, count: 0, of, named_among: None });
    }
    for (request, settled) in &inputs.effect.settled {
        let is_owner = |by: &PersonName, owners| settled.is_by(inputs.base, by, owners);
        let by = settled.by.as_ref();
        let any = by.is_some_and(|by| settled.owners.iter().any(|owners| is_owner(by, owners)));
        for owners in &settled.owners {
            // The file says whose approval it is, so it is his own, where he can give one.
            let named = by.filter(|by| !any || is_owner(by, owners));
            let of = named.map_or_else(|| owners.clone(), |by| [Party::Person(by.clone())].into());
            needs.push(Need {
                subject: Subject::Afterwards,
                what: request.to_string(),
                count: 1,
                of,
                named_among: named.map(|_| owners.clone()),
            });
        }
    }
    needs
}

/// The people who get more by the branch, or got it by an emergency that the branch settles.
pub fn gainers(effect: &Effect) -> BTreeSet<PersonName> {
    let wider = effect.rows.iter().filter(|row| row.kind.widens());
    let settled = effect.settled.values().flat_map(|settled| settled.people.iter().cloned());
    wider.map(|row| row.person.clone()).chain(settled).collect()
}

fn places(entry: &ServerEntry) -> String {
    listed(entry.nodes.iter().chain(&entry.assets).map(String::as_str), 3)
}

impl Need {
    /// Of whom, in words: `team/payments or liwei`.
    pub fn whom(&self) -> String {
        let names: Vec<String> = self.of.iter().map(Party::to_string).collect();
        match names.split_last() {
            None => "anybody in people/ with a name at the forge".to_owned(),
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        }
    }

    /// What it is for, in words.
    pub fn subject(&self) -> String {
        match self.subject {
            Subject::Instance | Subject::Servers => self.what.clone(),
            Subject::Rules => format!("the rules in {}", self.what),
            Subject::Emergency | Subject::Afterwards => format!("the emergency {}", self.what),
        }
    }
}

impl fmt::Display for Need {
    /// `2 approvals of team/payments for orders-prod`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subject == Subject::Emergency {
            return write!(f, "a merge by {} for {}", self.whom(), self.subject());
        }
        let s = if self.count == 1 { "" } else { "s" };
        write!(f, "{} approval{s} of {} for {}", self.count, self.whom(), self.subject())
    }
}
