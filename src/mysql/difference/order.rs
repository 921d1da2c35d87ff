//! In which order changes are safe.

use std::collections::BTreeSet;

use super::{Naming, Steps};
use crate::mysql::privilege::Privileges;
use crate::mysql::spec::{Change, Held, Object, Row};

impl Steps {
    /// The changes in the order in which they are safe ([`super::difference`]).
    pub(super) fn ordered(mut self, held: &Held, naming: Naming) -> Vec<Change> {
        if self.grants.is_empty() && self.revokes.is_empty() {
            return Vec::new();
        }
        let added: BTreeSet<String> = self
            .grants
            .iter()
            .chain(self.revokes.iter().filter_map(|(_, again)| again.as_ref()))
            .filter_map(|object| database_of(object, naming))
            .collect();
        let adds_to = |object: &Object| match object {
            Object::Database { stored, .. } => {
                added.iter().any(|database| naming.covers(stored, database))
            }
            Object::Table { .. } | Object::Columns { .. } | Object::Routine { .. } => {
                database_of(object, naming).is_some_and(|database| added.contains(&database))
            }
            Object::Global { .. } | Object::Role { .. } | Object::Proxy { .. } => !added.is_empty(),
        };
        self.revokes.sort_by_cached_key(|(object, _)| rank(object, naming));
        let late_patterns: Vec<&str> = self
            .revokes
            .iter()
            .filter(|(object, _)| adds_to(object))
            .filter_map(|(object, _)| match object {
                Object::Database { stored, .. } if naming.database(stored).is_none() => {
                    Some(stored.as_str())
                }
                _ => None,
            })
            .collect();
        let is_late = |object: &Object| {
            adds_to(object)
                || match object {
                    // Behind a pattern that goes late, lest the pattern open meanwhile. Of
                    // two patterns the order is kept too.
                    Object::Database { stored, .. } => match naming.database(stored) {
                        Some(database) => late_patterns.iter().any(|p| naming.covers(p, &database)),
                        None => !late_patterns.is_empty(),
                    },
                    _ => false,
                }
        };
        let late: Vec<bool> = self.revokes.iter().map(|(object, _)| is_late(object)).collect();
        let (mut options, mut early) = (Vec::new(), Vec::new());
        let (mut rows, mut end) = (Vec::new(), Vec::new());
        // Late rows that hold nothing but GRANT OPTION: to take it is to take the row.
        let mut bare = Vec::new();
        for ((mut object, again), late) in self.revokes.into_iter().zip(late) {
            let into = match &object {
                _ if !late => &mut early,
                Object::Database { stored, .. } => {
                    if held.databases.get(stored).is_some_and(|row| row.privileges.is_empty()) {
                        bare.push(stored.clone());
                    }
                    &mut rows
                }
                _ => &mut end,
            };
            let option = if late { grant_option_of(&mut object, held) } else { None };
            options.extend(option.map(Change::Revoke));
            if !is_nothing(&object) {
                into.push(Change::Revoke(object));
            }
            into.extend(again.map(Change::Grant));
        }
        let holds = |row: &Row| !row.privileges.is_empty();
        let waits = |object: &Object| {
            database_of(object, naming).is_some_and(|one| {
                // Its own row hides the others, and goes only when something takes its place.
                let own = held.databases.get(&*naming.stored(&one));
                !own.is_some_and(holds) && bare.iter().any(|stored| naming.covers(stored, &one))
            })
        };
        // A new row of a database hides the patterns that gave its tables something.
        self.grants.sort_by_key(|object| matches!(object, Object::Database { .. }));
        let (last, first): (Vec<_>, Vec<_>) = self.grants.into_iter().partition(waits);
        let grants = |objects: Vec<Object>| objects.into_iter().map(Change::Grant);
        let mut changes = options;
        changes.extend(early);
        changes.extend(grants(first));
        changes.extend(rows);
        changes.extend(grants(last));
        changes.extend(end);
        changes
    }
}

/// Takes the GRANT OPTION out of what is revoked, as something to revoke by itself. It stays in
/// the row of a database that holds nothing else: without it there is no row.
fn grant_option_of(object: &mut Object, held: &Held) -> Option<Object> {
    let none = Privileges::new();
    match object {
        Object::Database { stored, grant_option, .. }
            if *grant_option && !held.databases.get(stored)?.privileges.is_empty() =>
        {
            *grant_option = false;
            let stored = stored.clone();
            Some(Object::Database { stored, privileges: none, grant_option: true })
        }
        Object::Table { table, grant_option, .. } if *grant_option => {
            *grant_option = false;
            let table = table.clone();
            Some(Object::Table { table, privileges: none, grant_option: true })
        }
        Object::Global { privileges } => {
            let privileges = BTreeSet::from([privileges.take(GRANT_OPTION)?]);
            Some(Object::Global { privileges })
        }
        Object::Routine { routine, privileges } => {
            let privileges = BTreeSet::from([privileges.take(GRANT_OPTION)?]);
            Some(Object::Routine { routine: routine.clone(), privileges })
        }
        _ => None,
    }
}

/// How a GRANT OPTION is called among privileges that are kept by name.
const GRANT_OPTION: &str = "GRANT OPTION";

/// Whether nothing is left to revoke.
fn is_nothing(object: &Object) -> bool {
    match object {
        Object::Database { privileges, grant_option, .. }
        | Object::Table { privileges, grant_option, .. } => privileges.is_empty() && !grant_option,
        Object::Global { privileges } | Object::Routine { privileges, .. } => privileges.is_empty(),
        Object::Columns { privileges, .. } => privileges.is_empty(),
        Object::Role { .. } | Object::Proxy { .. } => false,
    }
}

/// The one database of an object, folded.
fn database_of(object: &Object, naming: Naming) -> Option<String> {
    match object {
        Object::Database { stored, .. } => naming.database(stored),
        Object::Table { table, .. } | Object::Columns { table, .. } => {
            Some(naming.fold(&table.database).into_owned())
        }
        Object::Routine { routine, .. } => Some(naming.fold(&routine.database).into_owned()),
        Object::Global { .. } | Object::Role { .. } | Object::Proxy { .. } => None,
    }
}

/// The order of revokes: what reaches furthest first, patterns before single databases.
fn rank(object: &Object, naming: Naming) -> (u8, (usize, usize)) {
    match object {
        Object::Global { .. } => (0, (0, 0)),
        Object::Role { .. } => (1, (0, 0)),
        Object::Proxy { .. } => (2, (0, 0)),
        Object::Database { stored, .. } if naming.database(stored).is_none() => {
            (3, naming.special(stored))
        }
        Object::Database { .. } => (4, (0, 0)),
        Object::Table { .. } => (5, (0, 0)),
        Object::Columns { .. } => (6, (0, 0)),
        Object::Routine { .. } => (7, (0, 0)),
    }
}
