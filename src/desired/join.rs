//! Two desired states as one question.

use super::{AccountSpec, Desired, Wanted};
use crate::jumpserver::spec::PermissionSpec;

impl<'a> Desired<'a> {
    /// Adds what another desired state names, so that one reading answers for both. The
    /// result is something to ask about, nothing to make.
    pub fn join(&mut self, other: Desired<'a>) {
        for (name, wanted) in other.permissions {
            match self.permissions.entry(name) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(wanted);
                }
                std::collections::btree_map::Entry::Occupied(entry) => {
                    permission(&mut entry.into_mut().spec, wanted.spec);
                }
            }
        }
        for (name, wanted) in other.accounts {
            match self.accounts.entry(name) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(wanted);
                }
                std::collections::btree_map::Entry::Occupied(entry) => {
                    account(entry.into_mut(), wanted.spec);
                }
            }
        }
        for (name, user) in other.users {
            self.users.entry(name).or_insert(user);
        }
        self.adoptions.join(other.adoptions);
    }
}

fn permission(spec: &mut PermissionSpec, other: PermissionSpec) {
    spec.users.extend(other.users);
    spec.nodes.extend(other.nodes);
    spec.assets.extend(other.assets);
    spec.accounts.extend(other.accounts);
}

fn account(wanted: &mut Wanted<'_, AccountSpec>, other: AccountSpec) {
    let grants = &mut wanted.spec.grants;
    for (database, privileges) in other.grants.databases {
        grants.databases.entry(database).or_default().extend(privileges);
    }
    for (table, privileges) in other.grants.tables {
        grants.tables.entry(table).or_default().extend(privileges);
    }
    for (table, columns) in other.grants.columns {
        let known = grants.columns.entry(table).or_default();
        for (column, privileges) in columns {
            known.entry(column).or_default().extend(privileges);
        }
    }
}
