//! The permissions of JumpServer that are ours, found by the names that they should have.

use std::collections::{BTreeMap, BTreeSet};

use super::access::group;
use super::permissions;
use crate::access::model::Access;
use crate::jumpserver::spec::{Live, SeenPermission};
use crate::names::Owner;
use crate::naming;

/// The permissions that are ours, by their names. One that was adopted has the id that it had.
pub(super) struct Ours<'l> {
    owner: &'l Owner,
    live: &'l Live,
    names: BTreeMap<&'l str, &'l SeenPermission>,
    groups: BTreeSet<&'l str>,
}

impl<'l> Ours<'l> {
    pub(super) fn of(access: &'l Access, live: &'l Live) -> Self {
        let owner = &access.config.owner;
        let ours = live.permissions.values().filter(|seen| permissions::is_ours(owner, seen));
        let names: BTreeMap<&str, &SeenPermission> =
            ours.map(|seen| (seen.spec.name.as_str(), seen)).collect();
        let groups = names.keys().map(|name| group(name)).collect();
        Self { owner, live, names, groups }
    }

    /// The one that has the place of a name: by the name itself, or by the id of one that we
    /// made and somebody called otherwise.
    pub(super) fn find(&self, name: &str) -> Option<&'l SeenPermission> {
        self.names.get(name).copied().or_else(|| {
            let id = naming::permission_id(self.owner, &self.live.organization.0, name);
            self.live.permissions.get(&id).filter(|seen| self.has(seen))
        })
    }

    /// Whether one is ours.
    pub(super) fn has(&self, seen: &SeenPermission) -> bool {
        permissions::is_ours(self.owner, seen)
    }

    /// Whether one is ours that differs from a name only in its period.
    pub(super) fn has_in_group(&self, group: &str) -> bool {
        self.groups.contains(group)
    }
}
