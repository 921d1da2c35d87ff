//! What lets people in and is not git's, in the cells of the matrix.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::data::{Column, Filling, Person, Row};
use crate::access::model::Access;
use crate::answers::{Entry, Target, Ways};
use crate::audit::reach::Names;
use crate::audit::{Observed, listed};
use crate::jumpserver::spec::SeenPermission;

/// Where a way stands: all but its accounts. Accounts of a server that open the same to the
/// same people stand together.
type Key = [usize; 5];

/// Adds every way in that is not git's to each of the targets. One whose server could not be
/// read says so; a replica's is the one whose accounts it shows.
pub(super) fn add<'a>(
    filling: &mut Filling<'a>,
    access: &Access,
    ways: &Ways<'a>,
    observed: &'a Observed,
) {
    filling.live = true;
    let nodes: BTreeSet<&'a str> = filling
        .targets
        .iter()
        .filter(|target| target.kind == Column::Node)
        .map(|target| target.name)
        .collect();
    let mut to_nodes = ways.to_nodes(&nodes);
    let mut users = Users::default();
    for place in 0..filling.targets.len() {
        let target = &filling.targets[place];
        let entries = match target.kind {
            Column::Node => to_nodes.remove(target.name).unwrap_or_default(),
            Column::Asset => ways.to(&Target::Asset(target.name.to_owned())),
            Column::Instance => {
                let Ok(name) = target.name.parse() else { continue };
                if let Some(Err(why)) = observed.instances.get(access.holder(&name)) {
                    filling.targets[place].unreadable = Some(why);
                }
                ways.to(&Target::Instance { name, database: None, table: None })
            }
        };
        let mut found: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
        for entry in entries.into_iter().filter(|entry| !entry.git) {
            let key = key(filling, ways, &mut users, place, &entry);
            found.entry(key).or_default().extend(entry.accounts);
        }
        for ([set, target, permission, may, notes], accounts) in found {
            let accounts = filling.texts.of(listed(accounts.iter().map(String::as_str)));
            filling.ways.push([set, target, permission, accounts, may, notes]);
        }
    }
}

fn key<'a>(
    filling: &mut Filling<'a>,
    ways: &Ways<'a>,
    users: &mut Users<'a>,
    target: usize,
    entry: &Entry<'a>,
) -> Key {
    let (set, permission) = match entry.permission {
        Some(seen) => {
            let set = users.set(filling, ways, &entry.users);
            (set, filling.permissions.of((&seen.spec.name, by(seen))))
        }
        None => {
            let row = users.row(filling, "", Row::Anybody);
            (filling.sets.of(vec![row]), filling.permissions.of(("", entry.secret.to_owned())))
        }
    };
    let may = filling.texts.of(entry.may.clone());
    let notes = filling.texts.of(entry.notes.join("; "));
    [set, target, permission, may, notes]
}

/// How a permission comes to people and targets other than by their names.
fn by(seen: &SeenPermission) -> String {
    let spec = &seen.spec;
    let mut by = Vec::new();
    if !spec.groups.is_empty() {
        by.push(format!("group {}", listed(spec.groups.iter().map(String::as_str))));
    }
    if !spec.nodes.is_empty() {
        by.push(format!("node {}", listed(spec.nodes.iter().map(String::as_str))));
    }
    by.join(", ")
}

/// The users of JumpServer that have a row.
#[derive(Default)]
struct Users<'a> {
    /// Rows of users whom git does not know.
    strangers: HashMap<&'a str, usize>,
    /// The places of sets that were looked up already. The sets are kept, so that no other
    /// one can come to stand at the address of one of them.
    known: HashMap<*const BTreeSet<&'a str>, (usize, Names<'a>)>,
}

impl<'a> Users<'a> {
    fn set(&mut self, filling: &mut Filling<'a>, ways: &Ways<'a>, names: &Names<'a>) -> usize {
        if let Some((set, _)) = self.known.get(&Rc::as_ptr(names)) {
            return *set;
        }
        let mut rows: Vec<usize> = names
            .iter()
            .map(|user| {
                let person = ways.person(user).and_then(|name| filling.rows.get(name.as_str()));
                match person {
                    Some(row) => *row,
                    None => self.row(filling, user, Row::Stranger),
                }
            })
            .collect();
        rows.sort_unstable();
        let set = filling.sets.of(rows);
        self.known.insert(Rc::as_ptr(names), (set, Rc::clone(names)));
        set
    }

    /// The row of somebody who is no person of the access repo.
    fn row(&mut self, filling: &mut Filling<'a>, name: &'a str, kind: Row) -> usize {
        *self.strangers.entry(name).or_insert_with(|| {
            let teams = String::new();
            filling.people.push(Person { name, display: name, teams, left: None, kind });
            filling.people.len() - 1
        })
    }
}
