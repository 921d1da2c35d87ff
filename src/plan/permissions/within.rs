//! Whether one permission gives nothing but what another one gives.

use crate::jumpserver::spec::{ANY_PROTOCOL, Live, PermissionSpec};
use crate::plan::targets::Targets;

/// Whether everything that `a` gives, `b` gives too, as things stand: a node gives the assets in
/// and below it.
pub(super) fn lies_in(a: &PermissionSpec, b: &PermissionSpec, live: &Live) -> bool {
    let (these, those) = (Targets::of(a), Targets::of(b));
    !a.active || (within(&those.clone().replace_in(a), b) && these.lie_in(&those, live))
}

/// Whether everything that `a` gives, `b` gives too, and `a` names nothing in vain: what stands in
/// a node that both name could lose that name, and nobody would lose anything.
pub(in crate::plan) fn is_part(a: &PermissionSpec, b: &PermissionSpec, live: &Live) -> bool {
    let (these, those) = (Targets::of(a), Targets::of(b));
    let part = these.common(&those, live);
    !a.active || (within(&those.replace_in(a), b) && part == these)
}

/// Whether everything that `a` gives, `b` gives too, by the names in both.
pub(in crate::plan) fn within(a: &PermissionSpec, b: &PermissionSpec) -> bool {
    if !a.active {
        return true;
    }
    b.active
        && a.start >= b.start
        && a.end <= b.end
        && a.users.is_subset(&b.users)
        && a.groups.is_subset(&b.groups)
        && a.assets.is_subset(&b.assets)
        && a.nodes.is_subset(&b.nodes)
        && a.accounts.is_subset(&b.accounts)
        // Of another hand it may say that any protocol goes.
        && (b.protocols.contains(ANY_PROTOCOL) || a.protocols.is_subset(&b.protocols))
        && a.actions.is_subset(&b.actions)
}
