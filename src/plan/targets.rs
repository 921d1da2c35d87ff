//! Assets and nodes together: what grants name, and what permissions open.

use std::collections::BTreeSet;

use crate::access::model::Access;
use crate::grants::{Grant, ServerTarget, Want};
use crate::jumpserver::spec::PermissionSpec;

/// Assets by name, and nodes by path.
#[derive(Debug, Clone, Default)]
pub(super) struct Targets {
    pub(super) assets: BTreeSet<String>,
    pub(super) nodes: BTreeSet<String>,
}

impl Targets {
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

    /// Adds others.
    pub(super) fn extend(&mut self, others: Self) {
        self.assets.extend(others.assets);
        self.nodes.extend(others.nodes);
    }

    /// Adds them to what a permission is to say.
    pub(super) fn add_to(self, spec: &mut PermissionSpec) {
        spec.assets.extend(self.assets);
        spec.nodes.extend(self.nodes);
    }
}
