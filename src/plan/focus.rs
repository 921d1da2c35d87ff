//! A plan narrowed to some targets or people.

use std::collections::BTreeSet;

use super::{Item, Plan, Target};
use crate::names::{InstanceName, PersonName};

/// To what a plan is narrowed; empty parts narrow nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Focus {
    /// Only these instances.
    pub instances: BTreeSet<InstanceName>,
    /// Also (or only) JumpServer's own objects, when targets are named.
    pub jumpserver: bool,
    /// Only these people.
    pub people: BTreeSet<PersonName>,
}

impl Focus {
    /// Whether it narrows anything.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an instance has to be read.
    pub fn reads(&self, instance: &InstanceName) -> bool {
        (self.instances.is_empty() && !self.jumpserver) || self.instances.contains(instance)
    }

    fn has(&self, item: &Item) -> bool {
        let target = (self.instances.is_empty() && !self.jumpserver)
            || match &item.target {
                Target::JumpServer => self.jumpserver,
                Target::Instance(name) => self.instances.contains(name),
            };
        let person = self.people.is_empty()
            || item.person.as_ref().is_some_and(|person| self.people.contains(person))
            || !item.others.is_disjoint(&self.people);
        target && person
    }

    /// The plan without what lies outside of the focus. Steps keep what they need: with a
    /// step that lies outside and is needed, its follower goes too.
    pub fn narrow(&self, plan: Plan) -> Plan {
        if self.is_all() {
            return plan;
        }
        let mut places: Vec<Option<usize>> = Vec::with_capacity(plan.items.len());
        let mut items: Vec<Item> = Vec::new();
        for mut item in plan.items {
            let needs: Option<Vec<usize>> = item.needs.iter().map(|need| places[*need]).collect();
            match needs {
                Some(needs) if self.has(&item) => {
                    item.needs = needs;
                    item.after = item.after.iter().filter_map(|after| places[*after]).collect();
                    places.push(Some(items.len()));
                    items.push(item);
                }
                _ => places.push(None),
            }
        }
        let findings = plan.findings.into_iter();
        let findings =
            findings.filter(|finding| self.people.is_empty() || finding.concerns(&self.people));
        Plan { items, findings: findings.collect(), narrowed: true, ..plan }
    }
}
