//! Targets of a permission of ours that were perhaps renamed in JumpServer by hand.
//!
//! What git asks for is missing then, and the permission opens something that git does not
//! name. That is a hole and no revocation: nothing tells the two apart, so what is there stays.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::finding::{Finding, Kind};
use super::targets::Targets;
use crate::access::model::Access;
use crate::desired::Desired;
use crate::jumpserver::spec::{Live, PermissionSpec};

/// Finds what a permission keeps.
pub(super) struct Renamed<'i, 'a> {
    access: &'a Access,
    live: &'a Live,
    all: &'i Desired<'a>,
    /// Every asset and node that git names, worked out when something is missing.
    named: OnceLock<HashSet<&'i str>>,
}

/// What a permission opens and keeps, though git does not name it.
#[derive(Debug, Default)]
pub(super) struct Kept<'w> {
    pub(super) targets: Targets,
    /// What git asks for in this permission and JumpServer does not have.
    missing: Vec<&'w str>,
}

impl<'i, 'a> Renamed<'i, 'a> {
    pub(super) fn new(access: &'a Access, live: &'a Live, all: &'i Desired<'a>) -> Self {
        Self { access, live, all, named: OnceLock::new() }
    }

    /// What stays of a live permission of ours, beside what is wanted of it.
    pub(super) fn kept<'w>(&self, wanted: &'w PermissionSpec, live: &PermissionSpec) -> Kept<'w> {
        let mut kept = Kept::default();
        let assets = wanted.assets.iter().filter(|name| !self.live.assets.contains_key(*name));
        let nodes = wanted.nodes.iter().filter(|path| !self.live.nodes.contains_key(*path));
        for (missing, wanted, live, into) in [
            (assets.collect::<Vec<_>>(), &wanted.assets, &live.assets, &mut kept.targets.assets),
            (nodes.collect(), &wanted.nodes, &live.nodes, &mut kept.targets.nodes),
        ] {
            if missing.is_empty() {
                continue;
            }
            let unnamed = live.difference(wanted).filter(|name| !self.names(name));
            into.extend(unnamed.cloned());
            if !into.is_empty() {
                kept.missing.extend(missing.into_iter().map(String::as_str));
            }
        }
        kept
    }

    fn names(&self, target: &str) -> bool {
        let named = self.named.get_or_init(|| {
            let entries = self.access.servers.iter();
            let offered = entries.flat_map(|entry| entry.nodes.iter().chain(&entry.assets));
            let asked = self.all.permissions.values();
            let asked =
                asked.flat_map(|wanted| wanted.spec.assets.iter().chain(&wanted.spec.nodes));
            let instances = self.access.instances.values().map(|instance| &instance.asset);
            offered.chain(asked).chain(instances).map(String::as_str).collect()
        });
        named.contains(target)
    }
}

impl Kept<'_> {
    /// Tells what the permission of this name keeps.
    pub(super) fn finding(&self, name: &str) -> Option<Finding> {
        let Targets { assets, nodes } = &self.targets;
        let kept: Vec<&str> = assets.iter().chain(nodes).map(String::as_str).collect();
        (!kept.is_empty()).then(|| {
            let text = format!(
                "the permission {name} keeps {}, which git does not name: JumpServer does not have \
                 {} any more, so it may have been renamed",
                kept.join(", "),
                self.missing.join(", "),
            );
            Finding::new(Kind::Renamed, text).help(
                "when it was renamed, write its new name into the inventory and the requests; when \
                 not, take what is missing out of the requests, and what is kept goes",
            )
        })
    }
}
