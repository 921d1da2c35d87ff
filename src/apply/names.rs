//! From names to the ids that JumpServer wants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use uuid::Uuid;

use crate::jumpserver::spec::Live;

/// The ids behind the names, as they were read under the lock.
pub(super) struct Names {
    users: Mutex<BTreeMap<String, Uuid>>,
    assets: BTreeMap<String, Uuid>,
    nodes: BTreeMap<String, Uuid>,
}

impl Names {
    pub(super) fn of(live: &Live) -> Self {
        Self {
            users: Mutex::new(
                live.users.iter().map(|(name, user)| (name.clone(), user.id)).collect(),
            ),
            assets: live.assets.iter().map(|(name, asset)| (name.clone(), asset.id)).collect(),
            nodes: live.nodes.iter().map(|(path, node)| (path.clone(), node.id)).collect(),
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

    pub(super) fn nodes(&self, paths: &BTreeSet<String>) -> Result<BTreeSet<Uuid>> {
        let node = |path: &String| {
            let id = self.nodes.get(path).copied();
            id.with_context(|| format!("JumpServer has no node {path}"))
        };
        paths.iter().map(node).collect()
    }
}
