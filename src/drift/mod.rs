//! What differs on the targets from what was applied last, though git did not change.
//! Pure: files, what was read and a moment in, a [`Found`] out.
//!
//! The plan of the commit that was applied last, against what the targets show, holds two
//! kinds of differences: those that time brought since that commit (an end or a start that has
//! come, which the next apply carries out), and those that another hand made. Time is the
//! cause when the object is just what the same files asked for at an earlier moment since the
//! commit was made.

mod due;
mod hands;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

pub use hands::{Hand, Logs, names, told_by};

use crate::access::model::{Access, Site};
use crate::desired;
use crate::grants::Grant;
use crate::mark::HandoverState;
use crate::names::InstanceName;
use crate::observed::Observed;
use crate::plan::finding::{Finding, Kind, Severity};
use crate::plan::{self, Item, Plan, Target, Unproven, What};

/// For so long what time brought waits for the next apply; then it counts as drift, as no
/// apply runs, or another hand took back what one did.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// What drift is found from.
pub struct Inputs<'a> {
    /// The files of the commit that was applied last.
    pub access: &'a Access,
    /// Their grants.
    pub grants: &'a [Grant<'a>],
    /// What was read of the targets.
    pub observed: &'a Observed,
    /// When the commit was made: it was not applied before.
    pub since: Timestamp,
    /// The moment.
    pub moment: Timestamp,
    /// Requests that get nothing new because of how they were merged.
    pub unproven: &'a Unproven,
}

impl Inputs<'_> {
    /// The plan of the same files at a moment.
    pub fn plan(&self, moment: Timestamp) -> Plan {
        plan::make(&plan::Inputs {
            access: self.access,
            grants: self.grants,
            desired: &desired::at(self.access, self.grants, moment),
            observed: self.observed,
            moment,
            new_servers: &BTreeSet::new(),
            unproven: self.unproven,
        })
    }
}

/// One object that differs, with the steps that would take it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The steps, never empty.
    pub items: Vec<Item>,
    /// Since when the next apply was due to carry it out; none when another hand made it.
    pub due: Option<Timestamp>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What another hand changed, and what is due for too long.
    pub changes: Vec<Object>,
    /// What the next apply carries out.
    pub due: Vec<Object>,
    /// What apply itself has begun and not ended: a run that was cut, or sessions that are
    /// left for a time.
    pub begun: Vec<Object>,
    /// What shows another hand, and has no step.
    pub signs: Vec<Finding>,
    /// What could not be compared. What else is in the way of a request is the plan's to tell.
    pub errors: Vec<Finding>,
}

/// Finds what differs.
pub fn find(inputs: &Inputs<'_>) -> Found {
    let plan = inputs.plan(inputs.moment);
    let mut found = Found::default();
    let mut open: BTreeMap<Key, Object> = BTreeMap::new();
    for (key, items) in by_object(plan.items) {
        let object = Object { items, due: None };
        match is_begun(inputs, &key) {
            true => found.begun.push(object),
            false => {
                open.insert(key, object);
            }
        }
    }
    due::tell_apart(inputs, &mut open);
    for object in open.into_values() {
        match object.due {
            Some(due) if inputs.moment.duration_since(due) < PATIENCE => found.due.push(object),
            _ => found.changes.push(object),
        }
    }
    for finding in plan.findings {
        if is_sign(finding.code) {
            found.signs.push(finding);
        } else if finding.severity == Severity::Error && hinders(inputs.access, &finding) {
            found.errors.push(finding);
        }
    }
    found
}

/// What makes an object different from all others: where, of which kind, and its name.
type Key = (Target, u8, String);

fn key(item: &Item) -> Key {
    let (kind, name) = match &item.what {
        What::User { .. } => (0, item.name.clone()),
        What::Permission { id, .. } => (1, id.to_string()),
        What::Account { change } => (2, change.account.to_string()),
    };
    (item.target.clone(), kind, name)
}

/// The steps by the object that they are about, in their order.
fn by_object(items: Vec<Item>) -> BTreeMap<Key, Vec<Item>> {
    let mut objects: BTreeMap<Key, Vec<Item>> = BTreeMap::new();
    for item in items {
        objects.entry(key(&item)).or_default().push(item);
    }
    objects
}

/// Whether the marks of an account say that apply is in the middle of something.
fn is_begun(inputs: &Inputs<'_>, (target, _, name): &Key) -> bool {
    let Target::Instance(instance) = target else { return false };
    let assets = assets(inputs.access, instance);
    inputs.observed.jumpserver.accounts.values().any(|account| {
        let ours = account
            .mark
            .as_ref()
            .filter(|mark| mark.owner == inputs.access.config.owner && mark.id == account.id);
        let state = ours.and_then(|mark| mark.handover.as_ref()).map(|handover| handover.state);
        assets.contains(account.asset.as_str())
            && name.split_once('@').is_some_and(|(user, _)| user == account.username)
            && state.is_some_and(|state| state != HandoverState::Done)
    })
}

/// The assets on which the accounts of an instance stand.
fn assets<'a>(access: &'a Access, instance: &InstanceName) -> BTreeSet<&'a str> {
    let here = access
        .instances
        .iter()
        .filter(|(name, one)| *name == instance || one.same_accounts_as.as_ref() == Some(instance));
    here.map(|(_, one)| one.asset.as_str()).collect()
}

/// Whether something could not be compared because of what is found.
fn hinders(access: &Access, finding: &Finding) -> bool {
    let of_instance = |site: &Site| access.instances.values().any(|one| one.site.file == site.file);
    match finding.code {
        Kind::Unreadable
        | Kind::OneServerTwice
        | Kind::NotWritable
        | Kind::UnknownPrivilege
        | Kind::Orphan
        | Kind::NoAnchor
        // Something else has the name of what may be missing.
        | Kind::InTheWay
        | Kind::Misnamed
        // What is missing of it is not asked for.
        | Kind::MergeNotKnown => true,
        // Of an instance nothing is looked at then.
        Kind::AssetMissing | Kind::AssetWrongKind => finding.site.as_ref().is_some_and(of_instance),
        _ => false,
    }
}

/// Whether a finding shows what another hand did.
fn is_sign(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::OtherServer
            | Kind::UserMadeAnew
            | Kind::Copy
            | Kind::LabelStripped
            | Kind::Locked
            | Kind::ChangedByHand
            | Kind::SwitchedOff
            | Kind::DirectLogin
    )
}
