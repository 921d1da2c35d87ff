//! The permissions of JumpServer that are ours, found by the names that they should have.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use uuid::Uuid;

use super::permissions;
use crate::access::model::Access;
use crate::desired::Desired;
use crate::jumpserver::spec::{Live, SeenPermission};
use crate::names::Owner;
use crate::naming;

/// The permissions that are ours, by their names. One that was adopted has the id that it had.
pub(super) struct Ours<'l> {
    owner: &'l Owner,
    live: &'l Live,
    names: HashMap<&'l str, &'l SeenPermission>,
    /// Names that more than one permission has, whosever they are.
    doubled: HashSet<&'l str>,
    /// The ids that we give the wanted ones whose name none has.
    nameless: HashSet<Uuid>,
    groups: OnceLock<HashSet<&'l str>>,
}

impl<'l> Ours<'l> {
    pub(super) fn of(access: &'l Access, live: &'l Live, all: &Desired<'_>) -> Self {
        let owner = &access.config.owner;
        let mut names = HashMap::with_capacity(live.permissions.len());
        let mut doubled = HashSet::new();
        let (ours, others): (Vec<_>, Vec<_>) =
            live.permissions.values().partition(|seen| permissions::is_ours(owner, seen));
        for seen in ours {
            if names.insert(seen.spec.name.as_str(), seen).is_some() {
                doubled.insert(seen.spec.name.as_str());
            }
        }
        let others = others.into_iter().map(|seen| seen.spec.name.as_str());
        doubled.extend(others.filter(|name| names.contains_key(name)));
        let nameless = all.permissions.keys().filter(|name| !names.contains_key(name.as_str()));
        let id = |name: &String| naming::permission_id(owner, &live.organization.0, name);
        let nameless = nameless.map(id).collect();
        Self { owner, live, names, doubled, nameless, groups: OnceLock::new() }
    }

    /// The one that has the place of a name: by the name itself, or by the id of one that we
    /// made and somebody called otherwise.
    pub(super) fn find(&self, name: &str) -> Option<&'l SeenPermission> {
        let named = self.names.get(name).copied().filter(|seen| !self.nameless.contains(&seen.id));
        named.or_else(|| {
            let id = naming::permission_id(self.owner, &self.live.organization.0, name);
            self.live.permissions.get(&id).filter(|seen| self.has(seen))
        })
    }

    /// The one that has a name and the place of another one that is wanted: somebody called it
    /// so.
    pub(super) fn misnamed(&self, name: &str) -> Option<&'l SeenPermission> {
        self.names.get(name).copied().filter(|seen| self.nameless.contains(&seen.id))
    }

    /// Whether no other permission has a name of ours.
    pub(super) fn is_alone(&self, name: &str) -> bool {
        !self.doubled.contains(name)
    }

    /// Whether one is ours.
    pub(super) fn has(&self, seen: &SeenPermission) -> bool {
        permissions::is_ours(self.owner, seen)
    }

    /// Whether one is ours that differs from a name only in its period.
    pub(super) fn has_in_group(&self, group: &str) -> bool {
        let groups = || self.names.keys().map(|name| super::access::group(name)).collect();
        self.groups.get_or_init(groups).contains(group)
    }
}
