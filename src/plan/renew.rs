//! The plan that renews passwords: the accounts that were chosen get new ones, and nothing
//! else that is pending is done.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::access::Permissions;
use super::adopt::Adopting;
use super::finding::Kind;
use super::guard::Removals;
use super::ours::Ours;
use super::release::Released;
use super::{Allowed, Inputs, Item, Plan, What, accounts, order, people, servers};
use crate::handover::Step;
use crate::names::{InstanceName, PersonName};
use crate::on_end::OnEnds;
use crate::plan::accounts::AccountStep;

/// Whose passwords are renewed; empty parts leave nothing out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// Only these people's.
    pub people: BTreeSet<PersonName>,
    /// Only those on these instances, which hold accounts of their own.
    pub instances: BTreeSet<InstanceName>,
    /// Only those that were set before this moment, or nobody knows when.
    pub before: Option<Timestamp>,
}

impl Which {
    pub(super) fn has_instance(&self, instance: &InstanceName) -> bool {
        self.instances.is_empty() || self.instances.contains(instance)
    }

    pub(super) fn has_person(&self, person: Option<&PersonName>) -> bool {
        self.people.is_empty() || person.is_some_and(|person| self.people.contains(person))
    }

    /// Whether a password that was set then is old enough.
    pub(super) fn is_due(&self, changed: Option<Timestamp>) -> bool {
        self.before.is_none_or(|before| changed.is_none_or(|changed| changed < before))
    }
}

/// What of a server is told here, too: why nothing can be done on it, or how it differs.
const SERVERS: [Kind; 7] = [
    Kind::Unreadable,
    Kind::OtherServer,
    Kind::OneServerTwice,
    Kind::NotWritable,
    Kind::AssetMissing,
    Kind::AssetWrongKind,
    Kind::ServerNotice,
];

/// Makes the plan.
pub fn make(inputs: &Inputs<'_>, which: &Which) -> Plan {
    let Inputs { access, desired: all, observed, moment, .. } = *inputs;
    let live = &observed.jumpserver;
    let people = people::find(access, &Ours::of(access, live, all), all, live);
    let servers = servers::find(access, all, observed, inputs.new_servers);
    let accounts = accounts::renew(
        &accounts::Inputs {
            access,
            grants: inputs.grants,
            live,
            owned: &accounts::Owned::of(access, live),
            adopting: &Adopting::default(),
            released: &Released::of(access, moment, inputs.unproven),
            servers: &servers,
            people: &people,
            all,
            allowed: Allowed(None),
            moment,
        },
        which,
    );
    let mut findings: Vec<_> = servers
        .findings
        .iter()
        .filter(|finding| SERVERS.contains(&finding.code))
        .cloned()
        .collect();
    findings.extend(accounts.findings.iter().cloned());
    findings.sort();
    findings.dedup();
    let owned = accounts.owned;
    let (items, removals) = order::items(
        &order::Inputs { access, live, all, on_ends: &OnEnds::of(access), moment },
        Vec::new(),
        accounts,
        Permissions::default(),
    );
    let removals = Removals { owned, ..removals };
    Plan { items, findings, removals, stop: None, narrowed: false }
}

/// Whether a step is about a password.
pub fn renews(item: &Item) -> bool {
    let What::Account { change } = &item.what else { return false };
    change.steps.iter().any(|step| {
        matches!(
            step,
            AccountStep::Handover(
                Step::StoreSecret { .. }
                    | Step::HandOver { .. }
                    | Step::SetPassword
                    | Step::AddPassword
                    | Step::DiscardOldPassword
            )
        )
    })
}
