//! Permissions of ours that nobody wants under their name any more: given back, kept for a
//! while, or left until their sessions are due.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::violating::{Stays, Violating};
use super::{Inputs, group, split};
use crate::access::model::Access;
use crate::desired::Wanted;
use crate::jumpserver::spec::{PermissionSpec, SeenPermission};
use crate::mark::Mark;
use crate::period::{Edge, Period};
use crate::plan::accounts::over;
use crate::plan::finding::{Finding, Kind};
use crate::plan::hold;
use crate::plan::permissions;
use crate::plan::release::Fate;
use crate::plan::renamed::Renamed;

/// The name that a permission gets when it is given back, when it is.
pub(super) fn released(
    inputs: &Inputs<'_, '_>,
    seen: &SeenPermission,
    mark: &Mark,
) -> Option<String> {
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

/// Whether a permission of ours gives nothing but what released requests ask for. What nobody
/// wants under its name may be wanted under another, as when the period changed as well.
fn gives_no_more(
    inputs: &Inputs<'_, '_>,
    seen: &SeenPermission,
    wanted: Option<&Wanted<'_, PermissionSpec>>,
    mark: &Mark,
) -> bool {
    if let Some(wanted) = wanted {
        return permissions::is_part(&seen.spec, &wanted.spec, inputs.live);
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
            && permissions::is_part(&spec, &other.spec, inputs.live)
    })
}

/// Says that sessions behind a permission that has ended are left for a while.
pub(super) fn left_until(seen: &SeenPermission, until: Timestamp, access: &Access) -> Finding {
    let text = format!(
        "{} has ended, and open sessions in JumpServer that nothing else allows are left until {}, \
         as set",
        seen.spec.name,
        Edge::moment(until, &access.config.zone).text
    );
    Finding::new(Kind::OpenSessions, text)
}

/// What stays of a permission that nobody wants any more, as one of another period takes
/// its place and cannot be made now: what both give.
pub(super) fn kept_until_replaced(
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
            let users = inputs.people.who_keep(seen, &wanted.users);
            let end = wanted.end.min(recorded_end(mark));
            let asked = PermissionSpec { users, end, ..wanted.clone() };
            let mut part = hold::permission(&asked, &seen.spec, inputs.live);
            renamed.kept(wanted, &seen.spec).targets.add_to(&mut part);
            part
        })
        .filter(|part| is_kept(part, seen));
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

/// What stays of a permission that nobody wants under its name because of requests that break
/// policy now, though they ask for another period: until the end that it records.
pub(super) fn kept_by_violation(
    inputs: &Inputs<'_, '_>,
    seen: &SeenPermission,
    mark: &Mark,
    violating: &Violating<'_, '_>,
) -> Option<(PermissionSpec, Mark)> {
    if over(mark.end, inputs.moment) {
        return None;
    }
    let Stays { targets, like, requests } = violating.stays(&seen.spec, mark);
    let wanted = like?;
    // In the period that it was made for, which another hand may have made longer.
    let asked = PermissionSpec {
        name: seen.spec.name.clone(),
        users: inputs.people.who_keep(seen, &wanted.users),
        start: start(&seen.spec.name, &inputs.access.config.zone),
        end: recorded_end(mark),
        ..wanted.clone()
    };
    let spec = targets.replace_in(&hold::permission(&asked, &seen.spec, inputs.live));
    if !is_kept(&spec, seen) {
        return None;
    }
    let mut mark = mark.clone();
    mark.requests.retain(|request, _| requests.contains(request));
    Some((spec, mark))
}

/// Whether what is kept of a permission stands for somebody. What gives nobody anything may stay
/// so.
fn is_kept(kept: &PermissionSpec, seen: &SeenPermission) -> bool {
    hold::opens(kept) && (!kept.users.is_empty() || seen.spec.users.is_empty())
}

/// When a permission with this mark was to end.
fn recorded_end(mark: &Mark) -> Timestamp {
    mark.end.unwrap_or_else(|| Period::default().end())
}

/// When a permission of this name was to start: the mark does not record that.
fn start(name: &str, zone: &TimeZone) -> Timestamp {
    let from = split(name).1.and_then(|period| period.split_once('-')).map(|(from, _)| from);
    let from = from.and_then(|from| Edge::start_of(from, zone));
    from.unwrap_or_else(|| Period::default().start())
}
