//! The permissions of a plan: `want` says what each should say, `gone` what becomes of those
//! that nobody wants any more, `violating` what stays of what breaks policy.

mod gone;
mod violating;
mod want;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use rayon::prelude::*;
use uuid::Uuid;

use super::accounts::Accounts;
use super::adopt::Adopting;
use super::finding::{Finding, Kind};
use super::hosts::Hosts;
use super::left;
use super::ours::Ours;
use super::people::{self, People};
use super::permissions::{self, Conflict, Step, Want};
use super::release::Released;
use super::renamed::Renamed;
use super::servers::Servers;
use super::{Allowed, SIDE_BY_SIDE};
use crate::access::model::Access;
use crate::desired::Desired;
use crate::jumpserver::spec::Live;
use crate::mark::Mark;
use crate::names::RequestName;
use crate::on_end::OnEnds;

/// Everything that the work on permissions reads.
pub(super) struct Inputs<'i, 'a> {
    pub(super) access: &'a Access,
    pub(super) live: &'a Live,
    pub(super) ours: &'i Ours<'a>,
    pub(super) servers: &'i Servers<'a>,
    pub(super) people: &'i People<'a>,
    pub(super) hosts: &'i Hosts,
    pub(super) accounts: &'i Accounts<'a>,
    /// What all grants ask for, and what those ask for that keep policy.
    pub(super) all: &'i Desired<'a>,
    pub(super) allowed: Allowed<'i, 'a>,
    /// What becomes of the permissions that requests adopt.
    pub(super) adopting: &'i Adopting,
    /// The requests that are released.
    pub(super) released: &'i Released<'a>,
    /// Whose requests break policy: the user in JumpServer and the request.
    pub(super) violating: &'i BTreeSet<(&'a str, &'a RequestName)>,
    /// What becomes of sessions where access ends.
    pub(super) on_ends: &'i OnEnds<'a>,
    pub(super) moment: Timestamp,
}

/// The steps about permissions, and the marks that they write, by id.
#[derive(Default)]
pub(super) struct Permissions {
    pub(super) steps: Vec<Step>,
    pub(super) marks: BTreeMap<Uuid, Mark>,
    /// The names of those that keep another one, as something else has theirs.
    pub(super) names: BTreeMap<Uuid, String>,
    /// How many permissions are ours.
    pub(super) owned: usize,
    pub(super) findings: Vec<Finding>,
}

/// Plans the permissions.
pub(super) fn plan(inputs: &Inputs<'_, '_>) -> Permissions {
    let owner = &inputs.access.config.owner;
    let renamed = Renamed::new(inputs.access, inputs.live, inputs.all);
    let violating = violating::Violating::of(inputs, &renamed);
    let wanting = want::Wanting::new(inputs, &renamed, &violating);
    let all: Vec<_> = inputs.all.permissions.iter().collect();
    let parts: Vec<_> = all.par_chunks(SIDE_BY_SIDE).map(|part| wanting.look(part)).collect();
    let mut settled = HashSet::with_capacity(all.len());
    let mut wants = BTreeMap::new();
    let mut held_back = Vec::new();
    let mut findings = Vec::new();
    for part in parts {
        for (id, want) in part.wants {
            // Of two names that lead to one permission, renamed by hand, the last one counts.
            match want {
                Some(want) => {
                    settled.remove(&id);
                    wants.insert(id, want);
                }
                None => {
                    wants.remove(&id);
                    settled.insert(id);
                }
            }
        }
        held_back.extend(part.held_back);
        findings.extend(part.findings);
    }
    let there = permissions::There::new(owner, inputs.live);
    // What another hand's is in the way of is not made either.
    let stopped = wants.iter().filter(|(id, want)| there.in_the_way(id, want).is_some());
    held_back.extend(stopped.map(|(_, want)| want.spec.clone().into_owned()));
    let ours = inputs.live.permissions.values().filter(|seen| permissions::is_ours(owner, seen));
    let mut owned = 0;
    let mut given_back = BTreeMap::new();
    for seen in ours {
        owned += 1;
        if !seen.labelled {
            let text = format!("the permission {} has lost its label", seen.spec.name);
            let text = if wants.contains_key(&seen.id) { text + ": it is put back" } else { text };
            findings.push(Finding::new(Kind::LabelStripped, text));
        }
        if settled.contains(&seen.id) || wants.contains_key(&seen.id) {
            continue;
        }
        let Some(mark) = seen.mark.as_ref() else { continue };
        if let Some(name) = gone::released(inputs, seen, mark) {
            given_back.insert(seen.id, name);
            continue;
        }
        let kept = gone::kept_by_violation(inputs, seen, mark, &violating);
        let kept = kept.or_else(|| {
            let kept = gone::kept_until_replaced(inputs, seen, mark, &held_back, &renamed)?;
            Some((kept, mark.clone()))
        });
        if kept.is_none()
            && let Some(until) = left::waits(seen, inputs.on_ends, inputs.moment)
        {
            findings.push(gone::left_until(seen, until, inputs.access));
            let (spec, mark) = (Cow::Borrowed(&seen.spec), mark.clone());
            let group = group(&seen.spec.name);
            wants.insert(seen.id, Want { spec, mark, group, adopts: None });
        }
        let kept = kept.or_else(|| {
            let stays = inputs.people.tells_of_another(seen.id) && !wants.contains_key(&seen.id);
            stays.then(|| people::emptied(seen, mark))
        });
        if let Some((spec, mark)) = kept {
            let (spec, group) = (Cow::Owned(spec), group(&seen.spec.name));
            wants.insert(seen.id, Want { spec, mark, group, adopts: None });
        }
    }
    for (id, want) in &mut wants {
        let live = inputs.live.permissions.get(id).filter(|seen| permissions::is_ours(owner, seen));
        let left = live.and_then(|seen| seen.mark.as_ref()?.left.clone());
        want.mark.left =
            left.filter(|left| left::until(left, inputs.on_ends, inputs.moment).is_some());
    }
    let (steps, conflicts, narrowed) = permissions::compare(
        &there,
        &wants,
        &settled,
        &given_back,
        |seen| group(&seen.spec.name).to_owned(),
        inputs.moment,
    );
    findings.extend(conflicts.iter().map(|conflict| {
        let (kind, help) = match conflict {
            Conflict::NameTaken { .. } => {
                (Kind::InTheWay, "rename or remove it in JumpServer, after finding out who uses it")
            }
            Conflict::Copy { .. } => (
                Kind::Copy,
                "remove it in JumpServer, or take our label off when someone else looks after it",
            ),
        };
        Finding::new(kind, conflict.to_string()).help(help)
    }));
    let name = |id: &Uuid| Some((*id, wants.get(id)?.spec.name.clone()));
    let names = narrowed.keys().filter_map(name).collect();
    let mut marks: BTreeMap<Uuid, Mark> =
        wants.into_iter().map(|(id, want)| (id, want.mark)).collect();
    marks.extend(narrowed);
    Permissions { steps, marks, names, owned, findings }
}

/// The name of a permission without its period: permissions of one group replace one
/// another.
pub(super) fn group(name: &str) -> &str {
    split(name).0
}

/// The name of a permission without its period, and the period, when there is one.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('_') {
        Some((group, period)) if is_period(period) => (group, Some(period)),
        _ => (name, None),
    }
}

fn is_period(text: &str) -> bool {
    let edge = |text: &str| {
        let (day, time) = text.split_at_checked(8).unwrap_or(("", ""));
        day.len() == 8
            && day.bytes().all(|byte| byte.is_ascii_digit())
            && (time.is_empty()
                || (time.len() == 6
                    && time.starts_with('T')
                    && time.ends_with('Z')
                    && time[1..5].bytes().all(|byte| byte.is_ascii_digit())))
    };
    match text.split_once('-') {
        Some((from, until)) => edge(from) && (until.is_empty() || edge(until)),
        None => edge(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_is_no_part_of_the_group() {
        for (name, base) in [
            ("jump_app_fanlichun", "jump_app_fanlichun"),
            ("jump_app_fanlichun_20270228", "jump_app_fanlichun"),
            ("jump_app_fanlichun_20261201-20270228", "jump_app_fanlichun"),
            ("jump_app_fanlichun_20261201-", "jump_app_fanlichun"),
            ("jump_db_fan_lichun_r_20270228T1830Z", "jump_db_fan_lichun_r"),
            ("jump_db_x_2027022", "jump_db_x_2027022"),
            ("jump_db_x_20270228T183", "jump_db_x_20270228T183"),
            ("日本_20270228x", "日本_20270228x"),
        ] {
            assert_eq!(group(name), base);
        }
    }
}
