//! Open sessions in JumpServer behind a permission that ends or is narrowed.
//!
//! A permission that goes is switched off first, in one request with a mark that says what
//! it gave and since when not; then the sessions behind it are looked for and told to end,
//! and only then it is deleted. A narrowing writes the same into the mark of the permission
//! that stays, in the request that narrows it. So a run that is cut in between leaves behind
//! what the next one needs, and `disconnect after` waits on the same note: until then the
//! permission is left as it is. A permission that ran out by itself needs no note: its own
//! end says since when.
//!
//! Where a permission names environments with different settings, each session goes by the
//! setting of its own asset.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::permissions::within;
use crate::access::sessions::OnEnd;
use crate::jumpserver::spec::{PermissionSpec, SeenPermission};
use crate::mark::Left;
use crate::on_end::OnEnds;

/// What a change takes away of what a permission gave; `to` is none when it goes.
pub fn taken(from: &PermissionSpec, to: Option<&PermissionSpec>, since: Timestamp) -> Option<Left> {
    let mut left = Left {
        since,
        assets: from.assets.clone(),
        nodes: from.nodes.clone(),
        accounts: from.accounts.clone(),
        protocols: from.protocols.clone(),
        actions: from.actions.clone(),
    };
    let Some(to) = to else { return Some(left) };
    if within(from, to) {
        return None;
    }
    let others =
        PermissionSpec { assets: from.assets.clone(), nodes: from.nodes.clone(), ..to.clone() };
    if others == *from {
        left.assets.retain(|asset| !to.assets.contains(asset));
        left.nodes.retain(|node| !to.nodes.contains(node));
    }
    Some(left)
}

/// Whether a permission gives something at a moment.
pub fn gives(spec: &PermissionSpec, moment: Timestamp) -> bool {
    spec.active && spec.start <= moment && spec.end > moment
}

/// What a permission gave that goes at a moment, and since when it does not.
pub fn gone(seen: &SeenPermission, moment: Timestamp) -> Left {
    let mark = seen.mark.as_ref();
    let since = match mark {
        _ if seen.spec.end <= moment => seen.spec.end,
        Some(mark) => mark.ended_at(&BTreeMap::<_, ()>::new(), moment),
        None => moment,
    };
    let whole = taken(&seen.spec, None, since).unwrap_or_default();
    match mark.and_then(|mark| mark.left.clone()) {
        Some(left) => whole.and(left),
        None => whole,
    }
}

/// The settings for what a permission gave.
pub fn settings(left: &Left, on_ends: &OnEnds<'_>) -> BTreeSet<OnEnd> {
    on_ends.named(&left.assets, &left.nodes)
}

/// Until when nothing is to be done about the sessions behind what a permission gave: the
/// first moment at which some of them are due, when that is still to come.
pub fn until(left: &Left, on_ends: &OnEnds<'_>, moment: Timestamp) -> Option<Timestamp> {
    let due = |on_end: OnEnd| on_end.due(left.since).unwrap_or(left.since);
    let first = settings(left, on_ends).into_iter().map(due).min()?;
    (first > moment).then_some(first)
}

/// Until when a permission that goes and gives nothing any more is left as it is.
pub(super) fn waits(
    seen: &SeenPermission,
    on_ends: &OnEnds<'_>,
    moment: Timestamp,
) -> Option<Timestamp> {
    if gives(&seen.spec, moment) || seen.spec.start > moment {
        return None;
    }
    // Switched off by another hand, it has no note, and begins with one.
    let noted = seen.spec.end <= moment || seen.mark.as_ref().is_some_and(|m| m.left.is_some());
    if !noted {
        return None;
    }
    until(&gone(seen, moment), on_ends, moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(assets: &[&str], actions: &[&str]) -> PermissionSpec {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        PermissionSpec {
            name: "jump_app_fanlichun".to_owned(),
            users: texts(&["fanlichun"]),
            groups: BTreeSet::new(),
            assets: texts(assets),
            nodes: BTreeSet::new(),
            accounts: texts(&["app"]),
            protocols: texts(&["ssh"]),
            actions: texts(actions),
            start: at("2026-12-01T00:00:00Z"),
            end: at("2027-03-01T00:00:00Z"),
            active: true,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn only_what_goes_is_taken() {
        let since = at("2027-01-01T00:00:00Z");
        let taken = |from: &PermissionSpec, to: &PermissionSpec| taken(from, Some(to), since);
        let both = spec(&["a", "b"], &["connect", "upload"]);
        let one = spec(&["a"], &["connect", "upload"]);
        let assets =
            |left: Option<Left>| left.map(|left| left.assets.into_iter().collect::<Vec<_>>());
        assert_eq!(assets(taken(&one, &both)), None);
        assert_eq!(assets(taken(&both, &one)), Some(vec!["b".to_owned()]));
        let less = spec(&["a", "b"], &["connect"]);
        assert_eq!(assets(taken(&both, &less)), Some(vec!["a".to_owned(), "b".to_owned()]));
        let off = PermissionSpec { active: false, ..both.clone() };
        assert_eq!(assets(taken(&both, &off)), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(assets(taken(&off, &one)), None);
    }
}
