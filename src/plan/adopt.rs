//! Permissions of other hands that requests adopt: which can be taken over as they are.
//!
//! What a permission gives to others, or in ways that the format does not know, would be lost
//! by adopting it: then it is left alone as it is, and none is made beside it. What it gives
//! this person beyond the request, or below it, is a change like any other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::Allowed;
use super::access::group;
use super::finding::{Finding, Kind};
use super::ours::Ours;
use super::people::People;
use crate::adoption::Line;
use crate::desired::{CONNECT, Desired, Wanted};
use crate::jumpserver::spec::{ANY_PROTOCOL, Live, PermissionSpec, SeenAsset, SeenPermission};
use crate::node_path::is_in;
use crate::period::Period;

/// An end from here on (2080-01-01) is none: JumpServer gives what is made without one an end
/// after seventy years, and nobody has had it for longer than its first release.
pub(crate) const NO_END: i64 = 3_471_292_800;

/// What becomes of the permissions that requests adopt.
#[derive(Debug, Default)]
pub(super) struct Adopting {
    /// Those that are taken over, by the names that they get: as they are, with what means the
    /// same said as jumpgate says it.
    pub(super) taken: BTreeMap<String, SeenPermission>,
    /// Names under which nothing is made, since what should take the place cannot.
    pub(super) refused: BTreeSet<String>,
    /// The ids of those that are taken over.
    pub(super) ids: BTreeSet<Uuid>,
    /// What to tell.
    pub(super) findings: Vec<Finding>,
}

/// Looks at every permission that a desired one adopts. `allowed` is what keeps policy.
pub(super) fn find(
    live: &Live,
    ours: &Ours<'_>,
    people: &People<'_>,
    all: &Desired<'_>,
    allowed: Allowed<'_, '_>,
    moment: Timestamp,
) -> Adopting {
    let mut adopting = Adopting::default();
    if !all.adoptions.has_permissions() {
        return adopting;
    }
    let assets = live.assets.iter().map(|(name, asset)| (name.as_str(), asset)).collect();
    let names: BTreeMap<&str, &SeenPermission> =
        live.permissions.values().map(|seen| (seen.spec.name.as_str(), seen)).collect();
    for (name, wanted) in &all.permissions {
        let Some(line) = all.adoptions.permission(name) else { continue };
        let there = names.get(line.name).copied().filter(|seen| !ours.has(seen));
        if ours.find(name).is_some() {
            adopting.findings.extend(there.map(|seen| beside(seen, name, line, wanted)));
            continue;
        }
        let Some(seen) = there else {
            if allowed.permission(name, wanted).is_some() && !ours.has_in_group(group(name)) {
                let text = format!(
                    "JumpServer has no permission {}: {name} is made in its place",
                    line.name
                );
                let finding = Finding::new(Kind::NothingToAdopt, text).at(line.site);
                adopting.findings.push(finding.about(wanted.person));
            }
            continue;
        };
        // What gets nothing new adopts nothing; why is told where it is found. What is
        // released is foreign again.
        if people.blocked.contains(wanted.person) || allowed.permission(name, wanted).is_none() {
            adopting.refused.insert(name.clone());
            continue;
        }
        match refusal(seen, wanted, names.get(name.as_str()).copied()) {
            Some(why) => {
                let text = format!(
                    "the permission {} cannot become {name}: {why}. It is left as it is, and \
                     {name} is not made",
                    line.name
                );
                let finding = Finding::new(Kind::NotAdopted, text).at(line.site);
                adopting.findings.push(finding.about(wanted.person).help(
                    "make it one for this person alone in JumpServer, or take the `adopts` out: \
                     then a new one is made beside it",
                ));
                adopting.refused.insert(name.clone());
            }
            None => {
                let database = wanted.because.iter().any(|grant| grant.want.level().is_some());
                let spec = same_meaning(&seen.spec, &wanted.spec, database, &assets, moment);
                let seen = SeenPermission { spec, ..seen.clone() };
                adopting.ids.insert(seen.id);
                adopting.taken.insert(name.clone(), seen);
            }
        }
    }
    adopting
}

fn beside(
    seen: &SeenPermission,
    name: &str,
    line: Line<'_>,
    wanted: &Wanted<'_, PermissionSpec>,
) -> Finding {
    let text = format!(
        "the permission {} ({}) stands beside {name}, which is jumpgate's already: it is not \
         adopted and goes on giving what it gives",
        line.name, seen.id
    );
    let finding = Finding::new(Kind::AdoptedBeside, text).at(line.site).about(wanted.person);
    finding.help("remove it in JumpServer when nobody needs it, and take the `adopts` out")
}

/// Why a permission cannot be taken over, when it cannot. `holder` is what has the name that
/// it would get.
fn refusal(
    seen: &SeenPermission,
    wanted: &Wanted<'_, PermissionSpec>,
    holder: Option<&SeenPermission>,
) -> Option<String> {
    let spec = &seen.spec;
    let list =
        |texts: Vec<&String>| texts.iter().map(|text| text.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(mark) = &seen.mark {
        return Some(format!("it carries the mark of jumpgate's owner {}", mark.owner));
    }
    if seen.labelled {
        return Some("it carries our label without our mark: a copy, or edited by hand".to_owned());
    }
    if let Some(other) = holder.filter(|other| other.id != seen.id) {
        return Some(format!("another permission ({}) has that name", other.id));
    }
    let others: Vec<&String> = spec.users.difference(&wanted.spec.users).collect();
    if !others.is_empty() {
        return Some(format!("{} would lose what it gives", list(others)));
    }
    if !spec.groups.is_empty() {
        let groups = list(spec.groups.iter().collect());
        return Some(format!("the people of {groups} would lose what it gives"));
    }
    // `@ALL`, `@INPUT`, `!root`, `%template`: no request can ask for these.
    let special = |account: &&String| account.starts_with(['@', '!', '%']);
    let special: Vec<&String> = spec.accounts.iter().filter(special).collect();
    if !special.is_empty() {
        return Some(format!("no request can say its accounts {}", list(special)));
    }
    None
}

/// What a permission says, with what means the same written as jumpgate writes it: by this the
/// person can do exactly what he can do now.
/// `database` says whether it opens databases, `assets` are all that it may reach, by name.
pub(crate) fn same_meaning(
    spec: &PermissionSpec,
    want: &PermissionSpec,
    database: bool,
    assets: &BTreeMap<&str, &SeenAsset>,
    moment: Timestamp,
) -> PermissionSpec {
    let mut same = PermissionSpec { name: want.name.clone(), ..spec.clone() };
    // It has begun, so when it began says nothing any more.
    if spec.start <= moment && want.start <= moment {
        same.start = want.start;
    }
    let no_end = Period::default().end();
    if want.end == no_end && spec.end.as_second() >= NO_END {
        same.end = no_end;
    }
    // Of a database JumpServer opens sessions and nothing else (by the labels of its actions:
    // the others are of SSH, SFTP, RDP and VNC).
    if database && spec.actions.contains(CONNECT) {
        same.actions.clone_from(&want.actions);
    }
    if database && spoken_alike(spec, want, assets) {
        same.protocols.clone_from(&want.protocols);
    }
    if spec.protocols.contains(ANY_PROTOCOL) && speaks_only(want, assets) {
        same.protocols.clone_from(&want.protocols);
    }
    same
}

/// Whether of the protocols that the assets speak both name the same: a database speaks one.
fn spoken_alike(
    spec: &PermissionSpec,
    want: &PermissionSpec,
    assets: &BTreeMap<&str, &SeenAsset>,
) -> bool {
    want.nodes.is_empty()
        && want.assets.iter().all(|name| {
            assets.get(name.as_str()).is_some_and(|asset| {
                asset.protocols.keys().all(|protocol| {
                    spec.protocols.contains(protocol) == want.protocols.contains(protocol)
                })
            })
        })
}

/// Whether everything that a permission opens speaks its protocols and no others, so that any
/// protocol is no more than these.
fn speaks_only(want: &PermissionSpec, assets: &BTreeMap<&str, &SeenAsset>) -> bool {
    let below = |node: &String| want.nodes.iter().any(|top| is_in(node, top));
    want.assets.iter().all(|asset| assets.contains_key(asset.as_str()))
        && assets
            .values()
            .filter(|asset| want.assets.contains(&asset.name) || asset.nodes.iter().any(below))
            .all(|asset| asset.protocols.keys().all(|name| want.protocols.contains(name)))
}
