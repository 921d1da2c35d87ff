//! Rows by id and by unique key, and the tables between two kinds of rows.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::model::Row;

/// Rows with an index over what is unique in an organisation.
#[derive(Debug, Clone)]
pub(crate) struct Table<T> {
    rows: HashMap<Uuid, T>,
    keys: HashMap<(Uuid, String), Uuid>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { rows: HashMap::new(), keys: HashMap::new() }
    }
}

impl<T: Row> Table<T> {
    pub(crate) fn get(&self, id: Uuid) -> Option<&T> {
        self.rows.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    pub(crate) fn contains(&self, id: Uuid) -> bool {
        self.rows.contains_key(&id)
    }

    /// The row with this unique key in an organisation.
    pub(crate) fn find(&self, org: Uuid, key: &str) -> Option<&T> {
        self.keys.get(&(org, key.to_owned())).and_then(|id| self.rows.get(id))
    }

    /// Puts a row in, in place of one with the same id.
    pub(crate) fn insert(&mut self, row: T) {
        self.remove(row.id());
        self.keys.insert((row.org(), row.unique_key().to_owned()), row.id());
        self.rows.insert(row.id(), row);
    }

    pub(crate) fn remove(&mut self, id: Uuid) -> Option<T> {
        let row = self.rows.remove(&id)?;
        let key = (row.org(), row.unique_key().to_owned());
        // A twin that was planted may have it.
        if self.keys.get(&key) == Some(&id) {
            self.keys.remove(&key);
        }
        Some(row)
    }

    /// Changes a row, keeping the index right.
    pub(crate) fn change(&mut self, id: Uuid, change: impl FnOnce(&mut T)) {
        if let Some(mut row) = self.remove(id) {
            change(&mut row);
            self.insert(row);
        }
    }
}

/// Pairs of an owner (a permission, a group, an asset) and a member, each with the
/// number of its row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs {
    rows: BTreeMap<i64, (Uuid, Uuid)>,
    by_owner: HashMap<Uuid, BTreeMap<Uuid, i64>>,
    by_member: HashMap<Uuid, BTreeMap<Uuid, i64>>,
    last: i64,
}

impl Pairs {
    /// Adds a pair and gives its number; one that is there keeps its own.
    pub(crate) fn add(&mut self, owner: Uuid, member: Uuid) -> i64 {
        if let Some(number) = self.number(owner, member) {
            return number;
        }
        self.last += 1;
        self.rows.insert(self.last, (owner, member));
        self.by_owner.entry(owner).or_default().insert(member, self.last);
        self.by_member.entry(member).or_default().insert(owner, self.last);
        self.last
    }

    pub(crate) fn number(&self, owner: Uuid, member: Uuid) -> Option<i64> {
        self.by_owner.get(&owner)?.get(&member).copied()
    }

    pub(crate) fn get(&self, number: i64) -> Option<(Uuid, Uuid)> {
        self.rows.get(&number).copied()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (i64, Uuid, Uuid)> + '_ {
        self.rows.iter().map(|(number, (owner, member))| (*number, *owner, *member))
    }

    pub(crate) fn members(&self, owner: Uuid) -> impl Iterator<Item = Uuid> + '_ {
        self.by_owner.get(&owner).into_iter().flat_map(|members| members.keys().copied())
    }

    pub(crate) fn owners(&self, member: Uuid) -> impl Iterator<Item = Uuid> + '_ {
        self.by_member.get(&member).into_iter().flat_map(|owners| owners.keys().copied())
    }

    /// How many members an owner has.
    pub(crate) fn amount(&self, owner: Uuid) -> usize {
        self.by_owner.get(&owner).map_or(0, BTreeMap::len)
    }

    pub(crate) fn remove(&mut self, number: i64) {
        if let Some((owner, member)) = self.rows.remove(&number) {
            take(&mut self.by_owner, owner, member);
            take(&mut self.by_member, member, owner);
        }
    }

    /// Makes `members` the members of an owner; pairs that stay keep their numbers.
    pub(crate) fn replace(&mut self, owner: Uuid, members: &[Uuid]) {
        let gone: Vec<i64> = self
            .by_owner
            .get(&owner)
            .into_iter()
            .flatten()
            .filter(|(member, _)| !members.contains(member))
            .map(|(_, number)| *number)
            .collect();
        for number in gone {
            self.remove(number);
        }
        for member in members {
            self.add(owner, *member);
        }
    }

    /// Removes an object from both sides.
    pub(crate) fn forget(&mut self, id: Uuid) {
        let gone: Vec<i64> = [self.by_owner.get(&id), self.by_member.get(&id)]
            .into_iter()
            .flatten()
            .flat_map(|side| side.values().copied())
            .collect();
        for number in gone {
            self.remove(number);
        }
    }
}

fn take(side: &mut HashMap<Uuid, BTreeMap<Uuid, i64>>, one: Uuid, other: Uuid) {
    if let Some(rest) = side.get_mut(&one) {
        rest.remove(&other);
        if rest.is_empty() {
            side.remove(&one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_keep_their_numbers_and_forget_both_sides() {
        let [permission, alice, bob] = [Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3)];
        let mut pairs = Pairs::default();
        let first = pairs.add(permission, alice);
        assert_eq!(pairs.add(permission, alice), first);
        pairs.replace(permission, &[alice, bob]);
        assert_eq!(pairs.number(permission, alice), Some(first));
        assert_eq!(pairs.amount(permission), 2);
        pairs.forget(alice);
        assert_eq!(pairs.members(permission).collect::<Vec<_>>(), [bob]);
        assert_eq!(pairs.owners(alice).count(), 0);
    }
}
