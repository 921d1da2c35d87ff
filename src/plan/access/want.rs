//! What a permission should say now, given what is blocked and what is held.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::violating::{Stays, Violating};
use super::{Inputs, group};
use crate::desired::Wanted;
use crate::jumpserver::spec::{PermissionSpec, SeenPermission};
use crate::mark::Mark;
use crate::names::{InstanceName, RequestName};
use crate::naming;
use crate::plan::accounts::recorded;
use crate::plan::ask;
use crate::plan::finding::{Finding, Kind};
use crate::plan::hold;
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
            return;
        }
        let fate = inputs.released.fate(Some(wanted), None);
        if fate == Fate::Released && !is_narrowed_first(wanted, live) {
            return;
        }
        if live.is_some() {
            let what = || format!("the permission {name}");
            looked.findings.extend(inputs.released.shared(fate, what, wanted));
        }
        let kept = own.map(|seen| renamed.kept(&wanted.spec, &seen.spec));
        looked.findings.extend(kept.as_ref().and_then(|kept| kept.finding(name)));
        let stays = own.and_then(|seen| Some(violating.stays(&seen.spec, seen.mark.as_ref()?)));
        let mut stays = stays.unwrap_or_default();
        stays.targets.extend(kept.map(|kept| kept.targets).unwrap_or_default());
        let there = There { own, live, stays };
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
fn is_narrowed_first(wanted: &Wanted<'_, PermissionSpec>, live: Option<&SeenPermission>) -> bool {
    let Some((seen, mark)) = live.and_then(|seen| Some((seen, seen.mark.as_ref()?))) else {
        return false;
    };
    // What none of them ever had ends whole.
    let theirs = wanted.requests().keys().any(|request| mark.requests.contains_key(request));
    theirs && !permissions::within(&seen.spec, &wanted.spec)
}

/// What there is of a permission, and what of it stays whatever is wanted.
struct There<'l> {
    /// When it is ours.
    own: Option<&'l SeenPermission>,
    /// Also when it is to be ours.
    live: Option<&'l SeenPermission>,
    /// What may have been renamed, and what breaks policy.
    stays: Stays,
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
    let There { own, live, stays } = there;
    let live_mark = live.and_then(|seen| seen.mark.as_ref());
    // What a request never gave it keeps for nobody.
    let had = |request: &RequestName| {
        live_mark.is_some_and(|mark| recorded(mark, request, inputs.moment).is_some())
    };
    let holdable = || {
        let mut targets = Targets::default();
        // Of what is taken over nothing is recorded yet.
        let grants = wanted.because.iter().copied();
        grants
            .filter(|grant| own.is_none() || had(grant.because.request))
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
        let mut spec = hold::permission(&wanted.spec, &live.spec);
        let targets = holdable();
        spec.assets.retain(|asset| targets.assets.contains(asset));
        spec.nodes.retain(|node| targets.nodes.contains(node));
        stays.targets.add_to(&mut spec);
        inputs.people.take_others_out(live.id, &mut spec);
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
    let pick = |held: &BTreeSet<String>,
                allowed: Option<&BTreeSet<String>>,
                live: Option<&BTreeSet<String>>| {
        let new = allowed.into_iter().flatten().filter(|target| may(target));
        let stays = |target: &&String| {
            held.contains(*target) || allowed.is_some_and(|allowed| allowed.contains(*target))
        };
        let held = live.into_iter().flatten().filter(stays);
        new.chain(held).cloned().collect::<BTreeSet<String>>()
    };
    let all = stays.targets.is_empty()
        && allowed.is_some_and(|allowed| {
            let (wanted, allowed) = (&wanted.spec, &allowed.spec);
            (&allowed.assets, &allowed.nodes) == (&wanted.assets, &wanted.nodes)
                && wanted.assets.iter().chain(&wanted.nodes).all(may)
        });
    let spec = match all {
        // The usual case, and what is live already adds nothing to it.
        true => Cow::Borrowed(&wanted.spec),
        false => {
            let held = holdable();
            let allowed = allowed.map(|allowed| &allowed.spec);
            let live = live.map(|seen| &seen.spec);
            let (assets, nodes) =
                (allowed.map(|spec| &spec.assets), allowed.map(|spec| &spec.nodes));
            let mut spec = PermissionSpec {
                assets: pick(&held.assets, assets, live.map(|spec| &spec.assets)),
                nodes: pick(&held.nodes, nodes, live.map(|spec| &spec.nodes)),
                ..wanted.spec.clone()
            };
            stays.targets.add_to(&mut spec);
            Cow::Owned(spec)
        }
    };
    let mut requests = allowed.map(Wanted::requests).unwrap_or_default();
    let others = wanted.because.iter().map(|grant| grant.because.request);
    for request in others.chain(&stays.requests) {
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
