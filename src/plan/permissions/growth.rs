//! What comes by the changes of permissions, and in whose place.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Action, grows, only_members};
use crate::jumpserver::spec::{Live, PermissionSpec};
use crate::plan::targets::Targets;

/// What comes in each group, by the permission that gives it.
pub(super) struct Growth<'g> {
    groups: BTreeMap<&'g str, Vec<Grows>>,
    live: &'g Live,
}

/// What comes by one permission, and for whom.
struct Grows {
    id: Uuid,
    targets: Targets,
    users: BTreeSet<String>,
}

impl<'g> Growth<'g> {
    pub(super) fn of(changes: &[(Uuid, &'g str, Action)], live: &'g Live) -> Self {
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, group, action) in changes.iter().filter(|(_, _, action)| grows(action)) {
            let users = match action {
                Action::Create { spec } => &spec.users,
                Action::Update { to, .. } | Action::Adopt { to, .. } => &to.users,
                Action::Release { .. } | Action::Delete { .. } => continue,
            };
            let grows = Grows { id: *id, targets: moved(action).1, users: users.clone() };
            groups.entry(*group).or_default().push(grows);
        }
        Self { groups, live }
    }

    /// The permissions that take the place of what a change takes away: they give something of
    /// it to those who lose it, or it is the rest of the same change. What gives something else,
    /// or gives it to somebody else, is not waited for.
    pub(super) fn replacing(&self, id: Uuid, group: &str, action: &Action) -> BTreeSet<Uuid> {
        let Some(growing) = self.groups.get(group) else { return BTreeSet::new() };
        let (lost, _) = moved(action);
        let losing = losing(action);
        let replaces = |other: &&Grows| {
            !losing.is_disjoint(&other.users)
                && (other.id == id || !lost.common(&other.targets, self.live).is_empty())
        };
        growing.iter().filter(replaces).map(|other| other.id).collect()
    }
}

/// The users who lose something by a change that takes away: all of them, unless it only takes
/// some of them out.
fn losing(action: &Action) -> BTreeSet<String> {
    match action {
        Action::Update { from, to, .. } => {
            let (name, groups) = (to.name.clone(), to.groups.clone());
            let others =
                PermissionSpec { name, users: to.users.clone(), groups, ..(**from).clone() };
            match from.users != to.users && others == **to {
                true => &from.users - &to.users,
                false => from.users.clone(),
            }
        }
        Action::Adopt { from, .. } | Action::Release { from, .. } => from.users.clone(),
        Action::Delete { from } => from.users.clone(),
        Action::Create { .. } => BTreeSet::new(),
    }
}

/// What goes and what comes by a change: of one that changes more than its members all of both.
fn moved(action: &Action) -> (Targets, Targets) {
    match action {
        Action::Create { spec } => (Targets::default(), Targets::of(spec)),
        Action::Update { from, to, .. } => {
            let (before, after) = (Targets::of(from), Targets::of(to));
            match from != to && only_members(from, to) {
                true => (before.without(&after), after.without(&before)),
                false => (before, after),
            }
        }
        Action::Adopt { from, to, .. } => (Targets::of(from), Targets::of(to)),
        Action::Release { from, .. } => (Targets::of(from), Targets::default()),
        Action::Delete { from } => (Targets::of(from), Targets::default()),
    }
}
