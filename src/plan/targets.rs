//! Assets and nodes together: what grants name, and what permissions open.

use std::collections::BTreeSet;

use crate::access::model::Access;
use crate::grants::{Grant, ServerTarget, Want};
use crate::jumpserver::spec::{Live, PermissionSpec, SeenAsset};
use crate::node_path::with_parents;

/// Assets by name, and nodes by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Targets {
    pub(super) assets: BTreeSet<String>,
    pub(super) nodes: BTreeSet<String>,
}

impl Targets {
    /// What a permission names.
    pub(super) fn of(spec: &PermissionSpec) -> Self {
        Self { assets: spec.assets.clone(), nodes: spec.nodes.clone() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.assets.is_empty() && self.nodes.is_empty()
    }

    /// Adds what a grant names.
    pub(super) fn name(&mut self, access: &Access, grant: &Grant<'_>) {
        match grant.want {
            Want::Server { target: ServerTarget::Node(path), .. } => {
                self.nodes.insert(path.to_owned());
            }
            Want::Server { target: ServerTarget::Asset(name), .. } => {
                self.assets.insert(name.to_owned());
            }
            Want::Database { instance, .. } => {
                self.assets.extend(access.instances.get(instance).map(|one| one.asset.clone()));
            }
        }
    }

    /// Those that others do not name.
    pub(super) fn without(&self, others: &Self) -> Self {
        Self { assets: &self.assets - &others.assets, nodes: &self.nodes - &others.nodes }
    }

    /// Adds others.
    pub(super) fn extend(&mut self, others: Self) {
        self.assets.extend(others.assets);
        self.nodes.extend(others.nodes);
    }

    /// What both give: of two of which one lies in the other, the one that lies in it. `live`
    /// knows what there is, and where.
    pub(super) fn common(&self, other: &Self, live: &Live) -> Self {
        let both = Self { assets: &self.assets & &other.assets, nodes: &self.nodes & &other.nodes };
        let mut common = both.clone();
        for (these, those) in [(self, other), (other, self)] {
            let nodes = these.nodes.iter().filter(|node| {
                live.nodes.contains_key(*node) && those.has_node(node) && !both.has_node(node)
            });
            common.nodes.extend(nodes.cloned());
        }
        // What a node gives already needs no name beside it.
        let nodes = Self { nodes: common.nodes.clone(), ..Self::default() };
        for (these, those) in [(self, other), (other, self)] {
            let assets = these
                .assets
                .iter()
                .filter(|asset| those.has_asset(asset, live) && !nodes.has_asset(asset, live));
            common.assets.extend(assets.cloned());
        }
        common
    }

    /// Whether all of these lie in others.
    pub(super) fn lie_in(&self, others: &Self, live: &Live) -> bool {
        self.nodes.iter().all(|node| others.has_node(node))
            && self.assets.iter().all(|asset| others.has_asset(asset, live))
    }

    /// Whether an asset is one of these, or stands in one of the nodes or below it.
    pub(super) fn has_asset(&self, name: &str, live: &Live) -> bool {
        let stands = |asset: &SeenAsset| asset.nodes.iter().any(|node| self.has_node(node));
        self.assets.contains(name) || live.assets.get(name).is_some_and(stands)
    }

    /// Whether a node is one of these or lies below one.
    pub(super) fn has_node(&self, path: &str) -> bool {
        with_parents(path).any(|node| self.nodes.contains(node))
    }

    /// A permission that says what another one says, and names these.
    pub(super) fn replace_in(self, spec: &PermissionSpec) -> PermissionSpec {
        let Self { assets, nodes } = self;
        PermissionSpec { assets, nodes, ..spec.clone() }
    }

    /// Adds them to what a permission is to say.
    pub(super) fn add_to(self, spec: &mut PermissionSpec) {
        spec.assets.extend(self.assets);
        spec.nodes.extend(self.nodes);
    }
}
