//! How two catalogues differ, part by part.

use std::collections::BTreeSet;

use super::{Catalog, Tables};
use crate::access::model::Scope;

/// After so many days a catalogue is written again though nothing changed, so that its age
/// tells when somebody looked last.
const SAME_DAYS: i32 = 7;

/// So many names of each difference are told.
const TOLD: usize = 3;

/// What came to a part and what went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part: `nodes`, `assets`, or an instance.
    pub part: String,
    /// How many names came.
    pub came: usize,
    /// How many went.
    pub went: usize,
    /// Some of them, with `+` or `-` before them.
    pub some: Vec<String>,
}

/// What `new` has and `old` has not, and the other way round; days play no part.
pub fn differences(old: Option<&Catalog>, new: &Catalog) -> Vec<Difference> {
    let mut all = Vec::new();
    let none = BTreeSet::new();
    let of = |catalog: &Catalog| catalog.jumpserver.as_ref().map(|part| part.holds.clone());
    let before = old.and_then(of).unwrap_or_default();
    let after = of(new).unwrap_or_default();
    all.extend(difference("nodes", &before.nodes, &after.nodes));
    all.extend(difference("assets", &before.assets, &after.assets));
    let names: BTreeSet<_> =
        old.iter().copied().chain([new]).flat_map(|catalog| catalog.instances.keys()).collect();
    for name in names {
        let flat = |catalog: &Catalog| catalog.instances.get(name).map(|part| flat(&part.holds));
        let before = old.and_then(flat);
        let after = flat(new);
        let (before, after) = (before.as_ref().unwrap_or(&none), after.as_ref().unwrap_or(&none));
        all.extend(difference(name.as_str(), before, after));
    }
    all
}

/// The catalogue to write: with the day of `old` when nothing else differs and that day is
/// not long ago.
pub fn settled(old: Option<&Catalog>, new: Catalog) -> Catalog {
    let Some(old) = old else { return new };
    let recent = (new.read - old.read).get_days();
    let undated = Catalog { read: old.read, ..new.clone() };
    if undated == *old && (0..SAME_DAYS).contains(&recent) { undated } else { new }
}

fn difference(part: &str, old: &BTreeSet<String>, new: &BTreeSet<String>) -> Option<Difference> {
    let came: Vec<&String> = new.difference(old).collect();
    let went: Vec<&String> = old.difference(new).collect();
    if came.is_empty() && went.is_empty() {
        return None;
    }
    let some = came.iter().take(TOLD).map(|name| format!("+{name}"));
    let some = some.chain(went.iter().take(TOLD).map(|name| format!("-{name}")));
    Some(Difference {
        part: part.to_owned(),
        came: came.len(),
        went: went.len(),
        some: some.collect(),
    })
}

/// The names of an instance, as requests write them.
fn flat(tables: &Tables) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (database, tables) in &tables.databases {
        all.insert(Scope::Database(database.clone()).to_string());
        for (table, columns) in tables {
            let (database, table) = (database.clone(), table.clone());
            all.insert(match columns.as_slice() {
                [] => Scope::Table(database, table).to_string(),
                some => Scope::Columns(database, table, some.iter().cloned().collect()).to_string(),
            });
        }
    }
    if tables.any_case {
        all.insert("names in any case".to_owned());
    }
    if tables.partial {
        all.insert("a part only".to_owned());
    }
    all
}
