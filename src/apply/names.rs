//! From names to the ids that JumpServer wants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use uuid::Uuid;

use crate::jumpserver::spec::Live;

/// The ids behind the names, as they were read under the lock.
pub(super) struct Names {
    users: Mutex<BTreeMap<String, Uuid>>,
    assets: BTreeMap<String, Uuid>,
    nodes: BTreeMap<String, BTreeSet<Uuid>>,
}

impl Names {
    pub(super) fn of(live: &Live) -> Self {
        Self {
            users: Mutex::new(
                live.users.iter().map(|(name, user)| (name.clone(), user.id)).collect(),
            ),
            assets: live.assets.iter().map(|(name, asset)| (name.clone(), asset.id)).collect(),
            nodes: live.nodes.iter().map(|(path, node)| (path.clone(), node.ids.clone())).collect(),
        }
    }

    /// Adds a user that was made in this run.
    pub(super) fn made(&self, username: &str, id: Uuid) {
        self.users.lock().unwrap_or_else(PoisonError::into_inner).insert(username.to_owned(), id);
    }

    /// The id of a user; a name that is an id stands for itself.
    pub(super) fn user(&self, name: &str) -> Result<Uuid> {
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users
            .get(name)
            .copied()
            .or_else(|| name.parse().ok())
            .with_context(|| format!("JumpServer has no user {name}"))
    }

    pub(super) fn users(&self, names: &BTreeSet<String>) -> Result<BTreeSet<Uuid>> {
        names.iter().map(|name| self.user(name)).collect()
    }

    pub(super) fn asset(&self, name: &str) -> Result<Uuid> {
        let id = self.assets.get(name).copied();
        id.with_context(|| format!("JumpServer has no asset {name}"))
    }

    pub(super) fn assets(&self, names: &BTreeSet<String>) -> Result<BTreeSet<Uuid>> {
        names.iter().map(|name| self.asset(name)).collect()
    }

    /// The ids of nodes. Where several have one path, those of them that are `held` already.
    pub(super) fn nodes(
        &self,
        paths: &BTreeSet<String>,
        held: &BTreeSet<Uuid>,
    ) -> Result<BTreeSet<Uuid>> {
        let mut found = BTreeSet::new();
        for path in paths {
            let ids = self.nodes.get(path);
            let ids = ids.with_context(|| format!("JumpServer has no node {path}"))?;
            match ids.len() {
                1 => found.extend(ids),
                many if ids.is_disjoint(held) => bail!("JumpServer has {many} nodes {path}"),
                _ => found.extend(ids.intersection(held)),
            }
        }
        Ok(found)
    }

    /// Whether one of the paths means several nodes.
    pub(super) fn are_ambiguous(&self, paths: &BTreeSet<String>) -> bool {
        paths.iter().any(|path| self.nodes.get(path).is_some_and(|ids| ids.len() > 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jumpserver::spec::SeenNode;

    #[test]
    fn a_path_that_means_several_nodes_means_those_that_are_held() {
        let [one, first, second, other] = [1, 2, 3, 4].map(Uuid::from_u128);
        let mut live = Live::default();
        for (path, ids) in [("/D/one", vec![one]), ("/D/two", vec![first, second])] {
            let node = SeenNode { ids: ids.into_iter().collect(), path: path.to_owned() };
            live.nodes.insert(path.to_owned(), node);
        }
        let names = Names::of(&live);
        let ids = |paths: &[&str], held: &[Uuid]| {
            let paths = paths.iter().map(|path| (*path).to_owned()).collect();
            names.nodes(&paths, &held.iter().copied().collect()).map_err(|error| error.to_string())
        };
        assert_eq!(ids(&["/D/one"], &[]), Ok(BTreeSet::from([one])));
        assert_eq!(ids(&["/D/one", "/D/two"], &[second]), Ok(BTreeSet::from([one, second])));
        for held in [&[][..], &[other]] {
            assert_eq!(ids(&["/D/two"], held), Err("JumpServer has 2 nodes /D/two".to_owned()));
        }
        assert!(ids(&["/D/none"], &[]).is_err());
    }
}
