//! What a permission should say now, given what is blocked and what is held.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::violating::{Stays, Violating};
use super::{Inputs, group};
use crate::desired::Wanted;
use crate::jumpserver::spec::{Live, PermissionSpec, SeenPermission};
use crate::mark::Mark;
use crate::names::{InstanceName, RequestName};
use crate::naming;
use crate::plan::accounts::recorded;
use crate::plan::ask;
use crate::plan::finding::{Finding, Kind};
use crate::plan::hold;
use crate::plan::people;
use crate::plan::permissions::{self, Want};
use crate::plan::release::Fate;
use crate::plan::renamed::Renamed;
use crate::plan::targets::Targets;

/// Looks at permissions that are wanted.
pub(super) struct Wanting<'r, 'i, 'a> {
    inputs: &'r Inputs<'i, 'a>,
    renamed: &'r Renamed<'i, 'a>,
    violating: &'r Violating<'i, 'a>,
    holders: BTreeMap<&'a str, &'a InstanceName>,
}

/// What was found about some of them.
#[derive(Default)]
pub(super) struct Looked<'w> {
    /// What each should be, by id and in the order of their names; nothing for those of ours
    /// that are as they should be.
    pub(super) wants: Vec<(Uuid, Option<Want<'w>>)>,
    /// What keeps policy and is not made now, since something is in the way.
    pub(super) held_back: Vec<PermissionSpec>,
    pub(super) findings: Vec<Finding>,
}

impl<'r, 'i, 'a> Wanting<'r, 'i, 'a> {
    pub(super) fn new(
        inputs: &'r Inputs<'i, 'a>,
        renamed: &'r Renamed<'i, 'a>,
        violating: &'r Violating<'i, 'a>,
    ) -> Self {
        Self { inputs, renamed, violating, holders: ask::by_asset(inputs.access) }
    }

    /// Looks at some of them, each with its name.
    pub(super) fn look<'w>(
        &self,
        some: &[(&'w String, &'w Wanted<'a, PermissionSpec>)],
    ) -> Looked<'w> {
        let mut looked = Looked::default();
        for (name, wanted) in some {
            self.one(name, wanted, &mut looked);
        }
        looked
    }

    fn one<'w>(
        &self,
        name: &'w str,
        wanted: &'w Wanted<'a, PermissionSpec>,
        looked: &mut Looked<'w>,
    ) {
        let Self { inputs, renamed, violating, holders } = self;
        let taken = inputs.adopting.taken.get(name);
        let own = inputs.ours.find(name);
        let live = own.or(taken);
        if let Some(seen) = inputs.ours.misnamed(name) {
            let allowed = inputs.allowed.permission(name, wanted);
            looked.held_back.extend(allowed.map(|allowed| allowed.spec.clone()));
            looked.findings.push(misnamed(name, seen).about(wanted.person));
            if own.is_none() {
                return;
            }
        }
        let owner = &inputs.access.config.owner;
        let made = || naming::permission_id(owner, &inputs.live.organization.0, name);
        let id = live.map_or_else(made, |seen| seen.id);
        if inputs.adopting.refused.contains(name) {
            let allowed = inputs.allowed.permission(name, wanted);
            looked.held_back.extend(allowed.map(|allowed| allowed.spec.clone()));
            return;
        }
        let fate = inputs.released.fate(Some(wanted), None);
        if fate == Fate::Released && !is_narrowed_first(wanted, live, inputs.live) {
            return;
        }
        if live.is_some() {
            let what = || format!("the permission {name}");
            looked.findings.extend(inputs.released.shared(fate, what, wanted));
        }
        let kept = own.map(|seen| renamed.kept(&wanted.spec, &seen.spec));
        looked.findings.extend(kept.as_ref().and_then(|kept| kept.finding(name)));
        let stays = own.and_then(|seen| Some(violating.stays(&seen.spec, seen.mark.as_ref()?)));
        let stays = stays.unwrap_or_default();
        let renamed = kept.map(|kept| kept.targets).unwrap_or_default();
        let there = There { live, stays, renamed };
        let want = want(inputs, id, name, wanted, there, holders);
        if let Some(allowed) = inputs.allowed.permission(name, wanted) {
            let made = want.as_ref().map(|(spec, _)| &**spec);
            looked.held_back.extend(rest(&allowed.spec, made));
        }
        let Some((spec, mark)) = want else { return };
        let adopts = taken.map(|seen| seen.spec.clone());
        let want = Want { spec, mark, group: group(name), adopts };
        let settled = own
            .is_some_and(|seen| inputs.ours.is_alone(name) && permissions::is_settled(seen, &want));
        looked.wants.push((id, (!settled).then_some(want)));
    }
}

/// Tells of a permission that has to wait for its name.
fn misnamed(name: &str, seen: &SeenPermission) -> Finding {
    let text = format!(
        "the permission {name} has to wait: {} has its name, which jumpgate made for something \
         else that is wanted and which was renamed since",
        seen.id
    );
    Finding::new(Kind::Misnamed, text).help(
        "an apply gives it its own name back, and the next one makes what waits; `jumpgate drift` \
         tells who renamed it",
    )
}

/// Whether a permission that is to be given back gives more than the released requests ask
/// for, so that it is made narrower before: only what they ask for was approved to stay.
fn is_narrowed_first(
    wanted: &Wanted<'_, PermissionSpec>,
    seen: Option<&SeenPermission>,
    live: &Live,
) -> bool {
    let Some((seen, mark)) = seen.and_then(|seen| Some((seen, seen.mark.as_ref()?))) else {
        return false;
    };
    // What none of them ever had ends whole.
    let theirs = wanted.requests().keys().any(|request| mark.requests.contains_key(request));
    theirs && !permissions::is_part(&seen.spec, &wanted.spec, live)
}

/// What there is of a permission, and what of it stays whatever is wanted.
struct There<'l> {
    /// When it is ours, or is to be.
    live: Option<&'l SeenPermission>,
    /// What breaks policy.
    stays: Stays<'l>,
    /// What may have been renamed.
    renamed: Targets,
}

/// What a permission should say now, and its mark; nothing when it should not be there.
fn want<'a, 'w>(
    inputs: &Inputs<'_, 'a>,
    id: Uuid,
    name: &str,
    wanted: &'w Wanted<'a, PermissionSpec>,
    there: There<'_>,
    holders: &BTreeMap<&'a str, &'a InstanceName>,
) -> Option<(Cow<'w, PermissionSpec>, Mark)> {
    let There { live, mut stays, renamed } = there;
    stays.targets.extend(renamed.clone());
    let live_mark = live.and_then(|seen| seen.mark.as_ref());
    // What a request never gave it keeps for nobody.
    let had = |request: &RequestName| {
        live_mark.is_some_and(|mark| recorded(mark, request, inputs.moment).is_some())
    };
    let holdable = || {
        let mut targets = Targets::default();
        // Of what is taken over nothing is recorded, and the next plan must find nothing to take.
        let grants = wanted.because.iter().copied();
        grants
            .filter(|grant| had(grant.because.request))
            .for_each(|grant| targets.name(inputs.access, grant));
        targets
    };
    if inputs.people.blocked.contains(wanted.person) {
        let live = live?;
        let mut mark = live.mark.clone()?;
        let requests = wanted.requests();
        mark.requests.retain(|request, _| {
            requests.contains_key(request) || stays.requests.contains(request)
        });
        let asked = holdable().replace_in(&wanted.spec);
        let spec = keep(inputs, live, asked, &Targets::default(), stays.targets)?;
        return some(Cow::Owned(spec), mark);
    }
    let login = wanted.because.iter().find_map(|grant| grant.want.login());
    let may = |target: &String| {
        if let Some(login) = login {
            return !inputs.hosts.is_blocked(target, login);
        }
        let Some(&holder) = holders.get(target.as_str()) else { return false };
        let blocked =
            wanted.spec.accounts.iter().any(|user| inputs.accounts.is_blocked(holder, user));
        !blocked
            && !inputs.servers.closed.contains(target.as_str())
            && inputs.servers.usable.contains_key(holder)
    };
    let allowed = inputs.allowed.permission(name, wanted);
    let all = stays.targets.is_empty()
        && allowed.is_some_and(|allowed| {
            let (wanted, allowed) = (&wanted.spec, &allowed.spec);
            (&allowed.assets, &allowed.nodes) == (&wanted.assets, &wanted.nodes)
                && wanted.assets.iter().chain(&wanted.nodes).all(may)
        });
    let mut keeps = true;
    let spec = match all {
        // The usual case, and what is live already adds nothing to it.
        true => Cow::Borrowed(&wanted.spec),
        false => {
            let mut new = Targets::default();
            if let Some(allowed) = allowed {
                let may = |targets: &BTreeSet<String>| {
                    targets.iter().filter(|target| may(target)).cloned().collect::<Vec<_>>()
                };
                new.assets.extend(may(&allowed.spec.assets));
                new.nodes.extend(may(&allowed.spec.nodes));
            }
            let mut asked = holdable();
            asked.extend(allowed.map(|allowed| Targets::of(&allowed.spec)).unwrap_or_default());
            let asked = asked.replace_in(&wanted.spec);
            if let Some(seen) = live.filter(|seen| inputs.people.is_anothers(seen.id))
                && new.is_empty()
            {
                // It was made for somebody else, and the person has nothing of it to keep.
                let (spec, mark) = people::emptied(seen, seen.mark.as_ref()?);
                return Some((Cow::Owned(spec), mark));
            }
            let kept = live.and_then(|seen| keep(inputs, seen, asked, &new, stays.targets));
            keeps = kept.is_some();
            Cow::Owned(beside(inputs, wanted, new, kept, renamed))
        }
    };
    let mut requests = allowed.map(Wanted::requests).unwrap_or_default();
    let others = wanted.because.iter().map(|grant| grant.because.request);
    for request in others.chain(&stays.requests) {
        if keeps
            && !requests.contains_key(request)
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

/// What is kept of a permission: the part of it that is asked for, and what stays whatever is
/// asked for. Nothing beside what is new for somebody who does not have it: he would get both.
fn keep(
    inputs: &Inputs<'_, '_>,
    seen: &SeenPermission,
    asked: PermissionSpec,
    new: &Targets,
    stays: Targets,
) -> Option<PermissionSpec> {
    let users = inputs.people.who_keep(seen, &asked.users);
    if !new.is_empty() && users != asked.users {
        return None;
    }
    let asked = PermissionSpec { users, ..asked };
    let mut kept = hold::permission(&asked, &seen.spec, inputs.live);
    stays.add_to(&mut kept);
    Some(kept)
}

/// What a permission says that gives new targets and keeps others. All of it has the same
/// accounts, protocols and actions: so nothing new of these goes to the new targets either while
/// others are only kept. `named` keeps its name where a new node would do, too.
fn beside(
    inputs: &Inputs<'_, '_>,
    wanted: &Wanted<'_, PermissionSpec>,
    mut new: Targets,
    kept: Option<PermissionSpec>,
    mut named: Targets,
) -> PermissionSpec {
    let live = inputs.live;
    let mut spec = wanted.spec.clone();
    if let Some(kept) = kept.filter(|kept| new.is_empty() || gives(kept, inputs.moment)) {
        // What is named itself stays so, also below a node that is new.
        named.extend(Targets::of(&wanted.spec));
        let mut old = Targets::of(&kept);
        old.assets.retain(|asset| named.assets.contains(asset) || !new.has_asset(asset, live));
        old.nodes.retain(|node| named.nodes.contains(node) || !new.has_node(node));
        if !old.lie_in(&new, live) {
            spec = kept;
        }
        new.extend(old);
    }
    new.replace_in(&spec)
}

/// A permission without anything to open, or anybody to open it as, is none.
fn some(spec: Cow<'_, PermissionSpec>, mark: Mark) -> Option<(Cow<'_, PermissionSpec>, Mark)> {
    hold::opens(&spec).then_some((spec, mark))
}

/// Whether a permission gives anything now or later.
fn gives(spec: &PermissionSpec, moment: Timestamp) -> bool {
    hold::opens(spec) && spec.active && spec.end > moment
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
