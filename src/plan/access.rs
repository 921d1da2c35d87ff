//! The permissions of a plan: what each should say, given what is blocked and what is held.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use uuid::Uuid;

use super::accounts::{Accounts, over};
use super::adopt::Adopting;
use super::finding::{Finding, Kind};
use super::hold;
use super::hosts::Hosts;
use super::left;
use super::ours::Ours;
use super::people::People;
use super::permissions::{self, Conflict, Step, Want};
use super::release::{Fate, Released};
use super::renamed::{Kept, Renamed};
use super::servers::Servers;
use crate::access::model::Access;
use crate::desired::{Desired, Wanted};
use crate::jumpserver::spec::{Live, PermissionSpec, SeenPermission};
use crate::mark::Mark;
use crate::names::{InstanceName, PersonName, RequestName};
use crate::naming;
use crate::on_end::OnEnds;
use crate::period::Edge;

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
    pub(super) allowed: &'i Desired<'a>,
    /// What becomes of the permissions that requests adopt.
    pub(super) adopting: &'i Adopting,
    /// The requests that are released.
    pub(super) released: &'i Released<'a>,
    /// Whose requests break policy: the user in JumpServer and the request.
    pub(super) violating: &'i BTreeSet<(&'a str, &'a RequestName)>,
    pub(super) moment: Timestamp,
}

/// The steps about permissions, and the marks that they write, by id.
#[derive(Default)]
pub(super) struct Permissions {
    pub(super) steps: Vec<Step>,
    pub(super) marks: BTreeMap<Uuid, Mark>,
    /// How many permissions are ours.
    pub(super) owned: usize,
    pub(super) findings: Vec<Finding>,
}

/// Plans the permissions.
pub(super) fn plan(inputs: &Inputs<'_, '_>) -> Permissions {
    let owner = &inputs.access.config.owner;
    let holders = holders(inputs.access);
    let on_ends = OnEnds::of(inputs.access);
    let renamed = Renamed::new(inputs.access, inputs.live, inputs.all);
    let mut wants = BTreeMap::new();
    let mut held_back = Vec::new();
    let mut findings = Vec::new();
    for (name, wanted) in &inputs.all.permissions {
        let taken = inputs.adopting.taken.get(name);
        let own = inputs.ours.find(name);
        let live = own.or(taken);
        let made = || naming::permission_id(owner, &inputs.live.organization.0, name);
        let id = live.map_or_else(made, |seen| seen.id);
        if inputs.adopting.refused.contains(name) {
            continue;
        }
        let fate = inputs.released.fate(Some(wanted), None);
        if fate == Fate::Released && !is_narrowed_first(wanted, live) {
            continue;
        }
        if live.is_some() {
            let what = || format!("the permission {name}");
            findings.extend(inputs.released.shared(fate, what, wanted));
        }
        let kept = own.map(|seen| renamed.kept(&wanted.spec, &seen.spec));
        findings.extend(kept.as_ref().and_then(|kept| kept.finding(name)));
        let want = want(inputs, id, name, wanted, live, &holders, kept.unwrap_or_default());
        if let Some(allowed) = inputs.allowed.permissions.get(name) {
            held_back.extend(rest(&allowed.spec, want.as_ref().map(|(spec, _)| &**spec)));
        }
        if let Some((spec, mark)) = want {
            let group = group(name);
            let adopts = taken.map(|seen| seen.spec.clone());
            wants.insert(id, Want { spec, mark, group, adopts });
        }
    }
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
        let Some(mark) = seen.mark.as_ref().filter(|_| !wants.contains_key(&seen.id)) else {
            continue;
        };
        if let Some(name) = released(inputs, seen, mark) {
            given_back.insert(seen.id, name);
            continue;
        }
        let kept = match kept_by_violation(inputs, seen, mark) {
            true => Some(seen.spec.clone()),
            false => kept_until_replaced(inputs, seen, mark, &held_back, &renamed),
        };
        if kept.is_none()
            && let Some(until) = left::waits(seen, &on_ends, inputs.moment)
        {
            findings.push(left_until(seen, until, inputs.access));
            let (spec, mark) = (Cow::Borrowed(&seen.spec), mark.clone());
            let group = group(&seen.spec.name);
            wants.insert(seen.id, Want { spec, mark, group, adopts: None });
        }
        if let Some(spec) = kept {
            let (spec, group) = (Cow::Owned(spec), group(&seen.spec.name));
            wants.insert(seen.id, Want { spec, mark: mark.clone(), group, adopts: None });
        }
    }
    for (id, want) in &mut wants {
        let live = inputs.live.permissions.get(id).filter(|seen| permissions::is_ours(owner, seen));
        let left = live.and_then(|seen| seen.mark.as_ref()?.left.clone());
        want.mark.left = left.filter(|left| left::until(left, &on_ends, inputs.moment).is_some());
    }
    let (steps, conflicts) = permissions::compare(
        owner,
        &wants,
        &given_back,
        &inputs.live.permissions,
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
    let marks = wants.into_iter().map(|(id, want)| (id, want.mark)).collect();
    Permissions { steps, marks, owned, findings }
}

/// The name that a permission gets when it is given back, when it is.
fn released(inputs: &Inputs<'_, '_>, seen: &SeenPermission, mark: &Mark) -> Option<String> {
    let derived = &seen.spec.name;
    let wanted = inputs.all.permissions.get(derived);
    if inputs.released.fate(wanted, Some(mark)) != Fate::Released
        || !gives_no_more(inputs, seen, wanted, mark)
    {
        return None;
    }
    let before = inputs.all.adoptions.permission(derived).map(|line| line.name);
    let free = |name: &&str| {
        inputs
            .live
            .permissions
            .values()
            .all(|other| other.id == seen.id || other.spec.name != *name)
    };
    Some(before.filter(free).unwrap_or(derived).to_owned())
}

/// Whether a permission that is to be given back gives more than the released requests ask
/// for, so that it is made narrower before: only what they ask for was approved to stay.
fn is_narrowed_first(wanted: &Wanted<'_, PermissionSpec>, live: Option<&SeenPermission>) -> bool {
    let Some((seen, mark)) = live.and_then(|seen| Some((seen, seen.mark.as_ref()?))) else {
        return false;
    };
    // What none of them ever had ends whole.
    let theirs = wanted.requests().keys().any(|request| mark.requests.contains_key(request));
    theirs && !permissions::within(&seen.spec, &wanted.spec)
}

/// Whether a permission of ours gives nothing but what released requests ask for. What nobody
/// wants under its name may be wanted under another, as when the period changed as well.
fn gives_no_more(
    inputs: &Inputs<'_, '_>,
    seen: &SeenPermission,
    wanted: Option<&Wanted<'_, PermissionSpec>>,
    mark: &Mark,
) -> bool {
    if let Some(wanted) = wanted {
        return permissions::within(&seen.spec, &wanted.spec);
    }
    inputs.all.permissions.values().any(|other| {
        let database = other.because.iter().any(|grant| grant.want.level().is_some());
        let mut spec = seen.spec.clone();
        if database {
            // The account may have had the name that it was adopted with.
            spec.accounts.clone_from(&other.spec.accounts);
        }
        inputs.released.fate(Some(other), None) == Fate::Released
            && other.requests().keys().any(|request| mark.requests.contains_key(request))
            && permissions::within(&spec, &other.spec)
    })
}

/// Says that sessions behind a permission that has ended are left for a while.
fn left_until(seen: &SeenPermission, until: Timestamp, access: &Access) -> Finding {
    let text = format!(
        "{} has ended, and open sessions in JumpServer that nothing else allows are left until {}, \
         as set",
        seen.spec.name,
        Edge::moment(until, &access.config.zone).text
    );
    Finding::new(Kind::OpenSessions, text)
}

/// The instance that holds the accounts of an asset.
fn holders(access: &Access) -> BTreeMap<&str, &InstanceName> {
    let holders = access.instances.iter().map(|(name, instance)| {
        (instance.asset.as_str(), instance.same_accounts_as.as_ref().unwrap_or(name))
    });
    holders.collect()
}

/// What a permission should say now, and its mark; nothing when it should not be there.
fn want<'a, 'w>(
    inputs: &Inputs<'_, 'a>,
    id: Uuid,
    name: &str,
    wanted: &'w Wanted<'a, PermissionSpec>,
    live: Option<&SeenPermission>,
    holders: &BTreeMap<&'a str, &'a InstanceName>,
    kept: Kept<'_>,
) -> Option<(Cow<'w, PermissionSpec>, Mark)> {
    let live_mark = live.and_then(|seen| seen.mark.as_ref());
    if inputs.people.blocked.contains(wanted.person) {
        let live = live?;
        let mut mark = live.mark.clone()?;
        let requests = wanted.requests();
        mark.requests.retain(|request, _| requests.contains_key(request));
        let mut spec = hold::permission(&wanted.spec, &live.spec);
        kept.add_to(&mut spec);
        return some(Cow::Owned(spec), mark);
    }
    let database = wanted.because.iter().any(|grant| grant.want.level().is_some());
    let may = |target: &String| {
        if !database {
            return !inputs.hosts.blocked.contains(target);
        }
        let Some(&holder) = holders.get(target.as_str()) else { return false };
        let blocked = wanted
            .spec
            .accounts
            .iter()
            .any(|user| inputs.accounts.blocked.contains(&(holder, user.clone())));
        !blocked
            && !inputs.servers.closed.contains(target.as_str())
            && inputs.servers.usable.contains_key(holder)
    };
    let allowed = inputs.allowed.permissions.get(name);
    let pick = |all: &BTreeSet<String>,
                allowed: Option<&BTreeSet<String>>,
                live: Option<&BTreeSet<String>>| {
        let new = allowed.into_iter().flatten().filter(|target| may(target));
        let held = live.into_iter().flatten().filter(|target| all.contains(*target));
        new.chain(held).cloned().collect::<BTreeSet<String>>()
    };
    let all = kept.is_empty()
        && allowed.is_some_and(|allowed| {
            let (wanted, allowed) = (&wanted.spec, &allowed.spec);
            (&allowed.assets, &allowed.nodes) == (&wanted.assets, &wanted.nodes)
                && wanted.assets.iter().chain(&wanted.nodes).all(may)
        });
    let spec = match all {
        // The usual case, and what is live already adds nothing to it.
        true => Cow::Borrowed(&wanted.spec),
        false => {
            let (assets, nodes) = (&wanted.spec.assets, &wanted.spec.nodes);
            let allowed = allowed.map(|allowed| &allowed.spec);
            let live = live.map(|seen| &seen.spec);
            let mut spec = PermissionSpec {
                assets: pick(
                    assets,
                    allowed.map(|spec| &spec.assets),
                    live.map(|spec| &spec.assets),
                ),
                nodes: pick(nodes, allowed.map(|spec| &spec.nodes), live.map(|spec| &spec.nodes)),
                ..wanted.spec.clone()
            };
            kept.add_to(&mut spec);
            Cow::Owned(spec)
        }
    };
    let mut requests = allowed.map(Wanted::requests).unwrap_or_default();
    for grant in &wanted.because {
        let request = grant.because.request;
        if !requests.contains_key(request)
            && let Some(end) = live_mark.and_then(|mark| mark.requests.get(request))
        {
            requests.insert(request.clone(), *end);
        }
    }
    let mark = Mark {
        owner: inputs.access.config.owner.clone(),
        id,
        user: inputs.people.users.get(wanted.person).copied(),
        requests,
        end: wanted.end,
        handover: None,
        left: None,
    };
    some(spec, mark)
}

/// A permission without anything to open is none.
fn some(spec: Cow<'_, PermissionSpec>, mark: Mark) -> Option<(Cow<'_, PermissionSpec>, Mark)> {
    (!spec.assets.is_empty() || !spec.nodes.is_empty()).then_some((spec, mark))
}

/// What of a permission that keeps policy is not made now, since something is in the way.
fn rest(allowed: &PermissionSpec, made: Option<&PermissionSpec>) -> Option<PermissionSpec> {
    if made.is_some_and(|made| {
        allowed.assets.is_subset(&made.assets) && allowed.nodes.is_subset(&made.nodes)
    }) {
        return None;
    }
    let mut rest = allowed.clone();
    if let Some(made) = made {
        rest.assets.retain(|asset| !made.assets.contains(asset));
        rest.nodes.retain(|node| !made.nodes.contains(node));
    }
    (!rest.assets.is_empty() || !rest.nodes.is_empty()).then_some(rest)
}

/// What stays of a permission that nobody wants any more, as one of another period takes
/// its place and cannot be made now: what both give.
fn kept_until_replaced(
    inputs: &Inputs<'_, '_>,
    seen: &SeenPermission,
    mark: &Mark,
    held_back: &[PermissionSpec],
    renamed: &Renamed<'_, '_>,
) -> Option<PermissionSpec> {
    if over(mark.end, inputs.moment) {
        return None;
    }
    let parts = held_back
        .iter()
        .filter(|wanted| group(&wanted.name) == group(&seen.spec.name))
        .map(|wanted| {
            let mut part = hold::permission(wanted, &seen.spec);
            renamed.kept(wanted, &seen.spec).add_to(&mut part);
            part
        })
        .filter(|part| !part.assets.is_empty() || !part.nodes.is_empty());
    let mut kept = parts.reduce(|mut all, part| {
        all.assets.extend(part.assets);
        all.nodes.extend(part.nodes);
        all.start = all.start.min(part.start);
        all.end = all.end.max(part.end);
        all
    })?;
    kept.name.clone_from(&seen.spec.name);
    Some(kept)
}

/// Whether a permission comes from a request that breaks policy now: it stays until the
/// end that it records, though the request now asks for another period.
fn kept_by_violation(inputs: &Inputs<'_, '_>, seen: &SeenPermission, mark: &Mark) -> bool {
    !over(mark.end, inputs.moment)
        && seen.spec.users.iter().any(|user| {
            mark.requests.keys().any(|request| inputs.violating.contains(&(user.as_str(), request)))
        })
}

/// The name of a permission without its period: permissions of one group replace one
/// another.
pub(super) fn group(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((group, period)) if is_period(period) => group,
        _ => name,
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

/// The marks of what each person holds already: by it a user made anew is found.
pub(super) fn owned_by<'a>(
    access: &'a Access,
    ours: &Ours<'_>,
    all: &Desired<'a>,
    live: &Live,
) -> HashMap<&'a PersonName, BTreeSet<Uuid>> {
    let owner = &access.config.owner;
    let mut owned: HashMap<&PersonName, BTreeSet<Uuid>> = HashMap::new();
    for (name, wanted) in &all.permissions {
        let seen = ours.find(name);
        if let Some(user) = seen.and_then(|seen| seen.mark.as_ref()?.user) {
            owned.entry(wanted.person).or_default().insert(user);
        }
    }
    let accounts = all.accounts.iter();
    let people: HashMap<&str, &PersonName> =
        accounts.map(|((_, user), wanted)| (user.as_str(), wanted.person)).collect();
    for account in live.accounts.values() {
        let mark = account.mark.as_ref();
        let mark = mark.filter(|mark| mark.owner == *owner && mark.id == account.id);
        if let Some(user) = mark.and_then(|mark| mark.user)
            && let Some(person) = people.get(account.username.as_str())
        {
            owned.entry(person).or_default().insert(user);
        }
    }
    owned
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
