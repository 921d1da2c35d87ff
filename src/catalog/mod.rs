//! The catalogue: what there is to ask for, as it was last read from the servers. One
//! generated file of the access repo, so that checks, completion and editors know names
//! without a server. It decides nothing: what exists is found out by the plan.

mod check;
mod differ;
mod names;
mod parse;
mod schema;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

pub use check::check;
pub use differ::{Difference, differences, settled};
pub use names::scopes_of_all;
pub use parse::{Wrong, parse};
pub use schema::request;
pub use text::text;

use crate::access::model::Access;
use crate::names::InstanceName;
use crate::repo::Tree;

/// The file, in the root of the access repo.
pub const PATH: &str = "catalog.yaml";

/// The largest catalogue that is read, in bytes: some million names.
pub const FILE_MAX: usize = 64 * 1024 * 1024;

/// What there is, by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// The day on which it was read (UTC).
    pub read: Date,
    /// Of JumpServer; none when it was never read.
    pub jumpserver: Option<Part<Places>>,
    /// By instance that holds data of its own; those that were never read are left out.
    pub instances: BTreeMap<InstanceName, Part<Tables>>,
}

/// A part, which may be older than the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<T> {
    /// The day on which it was read, when that is not the day of the whole: it could not be
    /// read since.
    pub kept_from: Option<Date>,
    /// What it holds.
    pub holds: T,
}

/// Places of JumpServer that may be asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Nodes, offered ones and those below them.
    pub nodes: BTreeSet<String>,
    /// Assets that the inventory offers by name, or that stand in or below an offered node.
    pub assets: BTreeSet<String>,
}

/// The columns of each table, by database and table; empty where they were not read.
pub type Names = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Databases and tables of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables {
    /// Whether the server takes names of databases and tables in any case.
    pub any_case: bool,
    /// Whether the reader may have been shown a part only: what is not here may be there.
    pub partial: bool,
    /// The names.
    pub databases: Names,
}

impl Catalog {
    /// That of a repo; none when it has none.
    ///
    /// # Errors
    /// When it is not as `jumpgate catalog` writes it.
    pub fn of(tree: &Tree) -> Option<Result<Self, Wrong>> {
        tree.files.get(PATH).map(|bytes| parse(bytes))
    }

    /// The part of an instance, or of the one whose accounts and data it shows.
    pub fn instance(&self, access: &Access, name: &InstanceName) -> Option<&Part<Tables>> {
        self.instances.get(access.holder(name))
    }

    /// Whether columns of some table were read.
    pub fn has_columns(&self) -> bool {
        let parts = self.instances.values();
        let mut tables = parts.flat_map(|part| part.holds.databases.values()).flatten();
        tables.any(|(_, columns)| !columns.is_empty())
    }

    /// The day on which a part was read.
    pub fn day<T>(&self, part: &Part<T>) -> Date {
        part.kept_from.unwrap_or(self.read)
    }
}

/// What was read of the servers, each part by itself.
#[derive(Debug)]
pub struct Read {
    /// JumpServer.
    pub jumpserver: Result<Places, String>,
    /// The instances that hold data of their own.
    pub instances: BTreeMap<InstanceName, Result<Tables, String>>,
}

/// The catalogue of what was read on a day. A part that could not be read stays as `old` has
/// it, and one that is not asked for any more goes.
pub fn renew(old: Option<&Catalog>, read: Read, day: Date) -> Catalog {
    fn part<T: Clone>(read: Result<T, String>, old: Option<(&Part<T>, Date)>) -> Option<Part<T>> {
        match (read, old) {
            (Ok(holds), _) => Some(Part { kept_from: None, holds }),
            (Err(_), Some((part, day))) => {
                Some(Part { kept_from: Some(day), holds: part.holds.clone() })
            }
            (Err(_), None) => None,
        }
    }
    let before = old.and_then(|old| old.jumpserver.as_ref().map(|part| (part, old.day(part))));
    let jumpserver = part(read.jumpserver, before);
    let instances = read.instances.into_iter().filter_map(|(name, read)| {
        let before = old.and_then(|old| old.instances.get(&name).map(|part| (part, old.day(part))));
        part(read, before).map(|part| (name, part))
    });
    Catalog { read: day, jumpserver, instances: instances.collect() }
}

/// Which of JumpServer's nodes and assets may be asked for: `assets` by name, with the nodes
/// that they stand in.
pub fn places<'a>(
    access: &Access,
    nodes: impl Iterator<Item = &'a str>,
    assets: impl Iterator<Item = (&'a str, &'a BTreeSet<String>)>,
) -> Places {
    let offers = crate::grants::Offers::new(&access.servers);
    let of_instances: BTreeSet<&str> =
        access.instances.values().map(|instance| instance.asset.as_str()).collect();
    let nodes = nodes.filter(|path| offers.node(path).is_some());
    let assets = assets.filter(|(name, within)| {
        let below = || within.iter().any(|node| offers.node(node).is_some());
        !offers.matching(name).is_empty() || (below() && !of_instances.contains(name))
    });
    Places {
        nodes: nodes.map(str::to_owned).collect(),
        assets: assets.map(|(name, _)| name.to_owned()).collect(),
    }
}

/// Which databases of an instance may be asked for, on it and on those that show its data;
/// none is all but the system's.
pub fn offered(access: &Access, name: &InstanceName) -> Option<BTreeSet<String>> {
    let same = access.instances.iter().filter(|(other, instance)| {
        !instance.retired && (*other == name || instance.same_accounts_as.as_ref() == Some(name))
    });
    let mut all = BTreeSet::new();
    for (_, instance) in same {
        all.extend(instance.databases.as_ref()?.iter().cloned());
    }
    Some(all)
}
