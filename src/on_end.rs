//! What becomes of open sessions on a target when access to it ends: the setting of its
//! environment.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::model::{Access, Policy};
use crate::access::sessions::OnEnd;
use crate::grants::{Offers, ServerTarget};
use crate::names::Environment;

/// The settings by target, ready to be asked.
pub struct OnEnds<'a> {
    policy: &'a Policy,
    databases: BTreeMap<&'a str, &'a Environment>,
    offers: Offers<'a>,
}

impl<'a> OnEnds<'a> {
    /// Those of an access repo.
    pub fn of(access: &'a Access) -> Self {
        let databases = access.instances.values();
        Self {
            policy: &access.policy,
            databases: databases
                .map(|instance| (instance.asset.as_str(), &instance.environment))
                .collect(),
            offers: Offers::new(&access.servers),
        }
    }

    /// The setting for an asset by its name, or by the paths of the nodes in which it
    /// stands. What the inventory does not know any more has the default.
    pub fn asset<'n>(&self, name: &str, nodes: impl IntoIterator<Item = &'n String>) -> OnEnd {
        let by_name = || self.offers.find(ServerTarget::Asset(name));
        let by_node = || nodes.into_iter().find_map(|node| self.offers.node(node));
        let environment = self
            .databases
            .get(name)
            .copied()
            .or_else(|| by_name().or_else(by_node).map(|entry| &entry.environment));
        environment.map(|environment| self.policy.on_end(environment)).unwrap_or_default()
    }

    /// The settings for everything that a permission names.
    pub fn named(&self, assets: &BTreeSet<String>, nodes: &BTreeSet<String>) -> BTreeSet<OnEnd> {
        let assets = assets.iter().map(|asset| self.asset(asset, []));
        let nodes = nodes.iter().map(|node| {
            let entry = self.offers.node(node);
            entry.map(|entry| self.policy.on_end(&entry.environment)).unwrap_or_default()
        });
        assets.chain(nodes).collect()
    }
}
