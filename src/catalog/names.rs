//! Names of a catalogue, as requests write them and the inventory offers them.

use std::collections::BTreeSet;

use super::Catalog;
use crate::access::model::{Access, Instance, Scope};
use crate::access::scope;
use crate::grants::{Offers, ServerTarget};
use crate::names::InstanceName;
use crate::visible::is_hidden;

/// Whether a name can be offered: its text is what one sees.
fn is_plain(name: &str) -> bool {
    !name.chars().any(is_hidden)
}

impl Catalog {
    /// Nodes and assets that a request may name, offered by the inventory now.
    pub fn servers(&self, access: &Access) -> Vec<String> {
        let Some(part) = &self.jumpserver else { return Vec::new() };
        let offers = Offers::new(&access.servers);
        let nodes = part.holds.nodes.iter();
        let nodes = nodes.filter(|node| offers.find(ServerTarget::Node(node)).is_some());
        let assets = part.holds.assets.iter();
        let assets = assets.filter(|asset| offers.matching(asset).len() == 1);
        nodes.chain(assets).filter(|name| is_plain(name)).cloned().collect()
    }

    /// Databases that an instance offers.
    pub fn databases(&self, access: &Access, name: &InstanceName) -> Vec<&str> {
        let Some(instance) = access.instances.get(name) else { return Vec::new() };
        let part = self.instance(access, name);
        let all = part.iter().flat_map(|part| part.holds.databases.keys());
        all.map(String::as_str).filter(|database| offers(instance, database)).collect()
    }

    /// What may stand in `tables:` for all of some instances: their whole databases first,
    /// then tables. At most `most`.
    pub fn scopes(&self, access: &Access, instances: &[&InstanceName], most: usize) -> Vec<String> {
        let of = |name: &InstanceName| {
            let mut all = BTreeSet::new();
            let Some(instance) = access.instances.get(name) else { return all };
            let part = self.instance(access, name);
            for (database, tables) in part.iter().flat_map(|part| &part.holds.databases) {
                if !offers(instance, database) {
                    continue;
                }
                all.insert((false, Scope::Database(database.clone())));
                let tables =
                    tables.keys().map(|table| Scope::Table(database.clone(), table.clone()));
                all.extend(tables.map(|table| (true, table)));
            }
            all
        };
        let mut sets = instances.iter().map(|name| of(name));
        let first = sets.next().unwrap_or_default();
        let all = sets.fold(first, |all, set| all.intersection(&set).cloned().collect());
        let texts = all.into_iter().map(|(_, scope)| scope.to_string());
        texts.filter(|text| is_plain(text) && scope::parse(text).is_ok()).take(most).collect()
    }
}

/// What may stand in `tables:` of a request for one of all instances: databases that the
/// inventory names or the catalogue knows, then tables. At most `most`.
pub fn scopes_of_all(access: &Access, catalog: Option<&Catalog>, most: usize) -> Vec<String> {
    let live = || access.instances.iter().filter(|(_, instance)| !instance.retired);
    let named = live().flat_map(|(_, instance)| instance.databases.iter().flatten());
    let named = named.map(|database| Scope::Database(database.clone()).to_string());
    let mut databases: BTreeSet<String> = named.filter(|text| is_plain(text)).collect();
    let mut tables = BTreeSet::new();
    for (name, _) in live() {
        let scopes = catalog.map(|known| known.scopes(access, &[name], most)).unwrap_or_default();
        for scope in scopes {
            let set = if scope.ends_with(".*") { &mut databases } else { &mut tables };
            set.insert(scope);
        }
    }
    databases.into_iter().chain(tables).take(most).collect()
}

fn offers(instance: &Instance, database: &str) -> bool {
    instance.databases.as_ref().is_none_or(|all| all.contains(database))
}
