//! What has to change about permissions, in a safe order.
//!
//! A permission is a product of people, assets, accounts, actions and one period. So a
//! change of what it opens alone is split in two, wider first and narrower after what
//! replaces it, and people who lose it are taken out before others get it; any other change is
//! one request, which the server carries out whole.

mod growth;
#[cfg(test)]
mod tests;
mod within;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use self::growth::Growth;
use self::within::lies_in;
pub(super) use self::within::{is_part, within};
use super::targets::Targets;
use super::{Phase, hold};
use crate::jumpserver::spec::{Live, PermissionSpec, SeenPermission};
use crate::mark::Mark;
use crate::names::Owner;

/// A permission that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want<'w> {
    /// What it should say.
    pub spec: Cow<'w, PermissionSpec>,
    /// Its mark; the id in it is the permission's.
    pub mark: Mark,
    /// Permissions of one person and one login or level: these replace one another.
    pub group: &'w str,
    /// The one with this id is of another hand and is adopted: what it says then, which means
    /// the same as what it says now.
    pub adopts: Option<PermissionSpec>,
}

/// What to do about one permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// Make it.
    Create {
        /// What it says.
        spec: PermissionSpec,
    },
    /// Change it.
    Update {
        /// What it says now.
        from: Box<PermissionSpec>,
        /// What it says then.
        to: Box<PermissionSpec>,
        /// Whether the mark or the label has to be written.
        mark: bool,
    },
    /// Take over one that another hand made: it gets our name, mark and label, and what it
    /// gives stays.
    Adopt {
        /// What it says now.
        from: Box<PermissionSpec>,
        /// What it says then, which means the same.
        to: Box<PermissionSpec>,
        /// Whether nothing else about it differs from what is wanted.
        whole: bool,
    },
    /// Give it back as it is: our mark and label go, and nothing that it gives.
    Release {
        /// What it says now.
        from: Box<PermissionSpec>,
        /// The name that it gets.
        name: String,
    },
    /// Delete it.
    Delete {
        /// What it says now.
        from: PermissionSpec,
    },
}

impl Action {
    /// Whether somebody can do more by it than before.
    pub fn gives(&self) -> bool {
        match self {
            Self::Create { .. } => true,
            Self::Adopt { .. } | Self::Delete { .. } | Self::Release { .. } => false,
            Self::Update { from, to, .. } => is_somebodys(to) && !within(to, from),
        }
    }

    /// The assets that somebody can open by it as he could not before.
    pub(super) fn opens_newly(&self) -> Vec<&str> {
        let (to, before) = match self {
            Self::Adopt { .. } | Self::Delete { .. } | Self::Release { .. } => return Vec::new(),
            Self::Create { spec } => (spec, None),
            Self::Update { from, to, .. } => {
                // In another period or with another account each of them is new.
                let same = Targets::of(from).replace_in(to);
                (&**to, within(&same, from).then_some(&from.assets))
            }
        };
        let known = |asset: &&String| before.is_some_and(|before| before.contains(*asset));
        to.assets.iter().filter(|asset| !known(asset)).map(String::as_str).collect()
    }

    /// Whether it takes anything away; of a permission that is switched off, or that nobody has,
    /// nothing is left.
    pub fn takes(&self) -> bool {
        match self {
            Self::Create { .. } | Self::Adopt { .. } | Self::Release { .. } => false,
            Self::Delete { from } => from.active && is_somebodys(from),
            Self::Update { from, to, .. } => is_somebodys(from) && !within(from, to),
        }
    }
}

/// One step: one request to JumpServer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The permission.
    pub id: Uuid,
    /// What to do.
    pub action: Action,
    /// When.
    pub phase: Phase,
    /// Steps that must have succeeded before, as positions in the list.
    pub needs: Vec<usize>,
    /// Whether it takes access away before the end that its own mark records.
    pub early_end: bool,
}

/// Why a permission is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "conflict", rename_all = "kebab-case")]
pub enum Conflict {
    /// A permission of another hand has the name.
    #[error("permission {name} ({id}) exists already, and jumpgate did not make it")]
    NameTaken {
        /// The name.
        name: String,
        /// The id of the permission that has it.
        id: Uuid,
    },
    /// It carries our label without our mark: a copy, or edited by hand.
    #[error(
        "permission {name} ({id}) carries our label without our mark: a copy, or edited by hand"
    )]
    Copy {
        /// The name.
        name: String,
        /// Its id.
        id: Uuid,
    },
}

/// What there is of permissions.
pub struct There<'l> {
    owner: &'l Owner,
    live: &'l Live,
    /// By name, worked out when something is wanted.
    names: OnceLock<HashMap<&'l str, &'l SeenPermission>>,
}

impl<'l> There<'l> {
    /// What was read, for this owner.
    pub fn new(owner: &'l Owner, live: &'l Live) -> Self {
        Self { owner, live, names: OnceLock::new() }
    }

    /// What is in the way of a permission with this id: something of another hand has the id, or
    /// something else the name.
    pub fn in_the_way(&self, id: &Uuid, want: &Want<'_>) -> Option<&'l SeenPermission> {
        let names = self.names.get_or_init(|| {
            let all = self.live.permissions.values();
            all.map(|seen| (seen.spec.name.as_str(), seen)).collect()
        });
        let taken = names.get(want.spec.name.as_str()).copied().filter(|seen| seen.id != *id);
        let there = self.live.permissions.get(id);
        let other = there.filter(|seen| !is_ours(self.owner, seen) && want.adopts.is_none());
        other.or(taken)
    }

    /// What of one of ours stays under the name that it has, while something else has the one
    /// that it should have: what is wanted of it and it gives already.
    fn narrowed<'w>(&self, seen: &SeenPermission, want: &Want<'w>) -> Option<Want<'w>> {
        let mut mark = seen.mark.clone().filter(|_| is_ours(self.owner, seen))?;
        let spec = PermissionSpec {
            name: seen.spec.name.clone(),
            ..hold::permission(&want.spec, &seen.spec, self.live)
        };
        mark.requests.retain(|request, _| want.mark.requests.contains_key(request));
        mark.left.clone_from(&want.mark.left);
        Some(Want { spec: Cow::Owned(spec), mark, ..want.clone() })
    }
}

/// The steps from the live permissions to the wanted ones, what is in the way, and the marks of
/// those that keep their name and lose something, as something else has the name that they
/// should have.
///
/// `settled` are wanted too, and as they should be ([`is_settled`]).
/// `released` are those that are given back, each with the name that it gets.
/// `groups` names the group of a live permission of ours that nobody wants any more.
/// `moment` decides which recorded ends have passed. The order is fixed: the same input
/// gives the same list.
pub fn compare(
    there: &There<'_>,
    wanted: &BTreeMap<Uuid, Want<'_>>,
    settled: &HashSet<Uuid>,
    released: &BTreeMap<Uuid, String>,
    groups: impl Fn(&SeenPermission) -> String,
    moment: Timestamp,
) -> (Vec<Step>, Vec<Conflict>, BTreeMap<Uuid, Mark>) {
    let (owner, live) = (there.owner, &there.live.permissions);
    let mut conflicts: Vec<_> = live
        .values()
        .filter(|seen| seen.labelled && !is_ours(owner, seen))
        .map(|seen| Conflict::Copy { name: seen.spec.name.clone(), id: seen.id })
        .collect();
    let (mut changes, mut narrowed) = (Vec::new(), BTreeMap::new());
    for (id, want) in wanted {
        if let Some(foreign) = there.in_the_way(id, want) {
            if !foreign.labelled {
                let (name, id) = (foreign.spec.name.clone(), foreign.id);
                conflicts.push(Conflict::NameTaken { name, id });
            }
            // What it is to lose waits for no name.
            if let Some(seen) = live.get(id)
                && let Some(less) = there.narrowed(seen, want)
            {
                let actions = update(seen, &less).into_iter();
                changes.extend(actions.map(|action| (*id, want.group, action)));
                narrowed.insert(*id, less.mark);
            }
            continue;
        }
        match live.get(id) {
            None => changes.push((
                *id,
                want.group,
                Action::Create { spec: want.spec.clone().into_owned() },
            )),
            Some(seen) => {
                let actions = match &want.adopts {
                    Some(same) => adopt(&seen.spec, same, &want.spec),
                    None => update(seen, want),
                };
                changes.extend(actions.into_iter().map(|action| (*id, want.group, action)));
            }
        }
    }
    let gone: Vec<_> = live
        .values()
        .filter(|seen| !settled.contains(&seen.id) && !wanted.contains_key(&seen.id))
        .filter(|seen| is_ours(owner, seen))
        .map(|seen| (seen, groups(seen)))
        .collect();
    for (seen, group) in &gone {
        let action = match released.get(&seen.id) {
            Some(name) => Action::Release { from: Box::new(seen.spec.clone()), name: name.clone() },
            None => Action::Delete { from: seen.spec.clone() },
        };
        changes.push((seen.id, group, action));
    }
    (order(changes, there.live, moment), conflicts, narrowed)
}

/// Whether a permission carries this owner's mark, and is the one that the mark was
/// written for.
pub fn is_ours(owner: &Owner, seen: &SeenPermission) -> bool {
    seen.mark.as_ref().is_some_and(|mark| mark.owner == *owner && mark.id == seen.id)
}

/// Whether a permission of ours is what it should be. One with a note on sessions that are
/// left is not: they may be due.
pub fn is_settled(seen: &SeenPermission, want: &Want<'_>) -> bool {
    want.adopts.is_none()
        && want.mark.left.is_none()
        && seen.labelled
        && seen.mark.as_ref() == Some(&want.mark)
        && seen.spec == *want.spec
}

/// The requests that make a permission what it should be. Who is not to have it any more goes
/// before others get anything, and waits for nothing that they need.
fn update(seen: &SeenPermission, want: &Want<'_>) -> Vec<Action> {
    let mark = !seen.labelled || seen.mark.as_ref() != Some(&want.mark);
    let (from, to) = (&seen.spec, &*want.spec);
    let fewer = PermissionSpec {
        name: to.name.clone(),
        users: &from.users & &to.users,
        groups: &from.groups & &to.groups,
        ..from.clone()
    };
    // A user who is made in this run is in the mark only with the permission.
    if within(from, &fewer) || within(to, from) || want.mark.user.is_none() {
        return between(from, to, mark);
    }
    let mut actions = vec![change(from, &fewer, mark)];
    actions.extend(between(&fewer, to, false));
    actions
}

/// The request that takes a permission over, and those that make it what it should be.
fn adopt(from: &PermissionSpec, same: &PermissionSpec, to: &PermissionSpec) -> Vec<Action> {
    let (from, same) = (Box::new(from.clone()), Box::new(same.clone()));
    let rest = between(&same, to, false);
    let mut actions = vec![Action::Adopt { from, to: same, whole: rest.is_empty() }];
    actions.extend(rest);
    actions
}

/// The requests from one permission to another: none, one, or two.
fn between(from: &PermissionSpec, to: &PermissionSpec, mark: bool) -> Vec<Action> {
    if from == to && !mark {
        return Vec::new();
    }
    let between = PermissionSpec {
        assets: from.assets.union(&to.assets).cloned().collect(),
        nodes: from.nodes.union(&to.nodes).cloned().collect(),
        ..to.clone()
    };
    if only_members(from, to) && between != *from && between != *to {
        return vec![change(from, &between, mark), change(&between, to, false)];
    }
    vec![change(from, to, mark)]
}

/// Whether two differ in nothing but what they open.
fn only_members(from: &PermissionSpec, to: &PermissionSpec) -> bool {
    *from == Targets::of(from).replace_in(to)
}

fn change(from: &PermissionSpec, to: &PermissionSpec, mark: bool) -> Action {
    Action::Update { from: Box::new(from.clone()), to: Box::new(to.clone()), mark }
}

/// Puts the changes in order and says what each needs.
fn order(changes: Vec<(Uuid, &str, Action)>, live: &Live, moment: Timestamp) -> Vec<Step> {
    let growth = Growth::of(&changes, live);
    let mut changes: Vec<_> = changes
        .into_iter()
        .map(|(id, group, action)| {
            let phase = match grows(&action) {
                true => Phase::New,
                false if growth.replacing(id, group, &action).is_empty() => Phase::Ends,
                false => Phase::Replaced,
            };
            (phase, group, id, action)
        })
        .collect();
    // Stable: the wider half of an update stays before its narrower one.
    changes.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    let mut new: BTreeMap<Uuid, Vec<usize>> = BTreeMap::new();
    let mut ends: BTreeMap<Uuid, usize> = BTreeMap::new();
    let mut wider: BTreeMap<&str, Vec<PermissionSpec>> = BTreeMap::new();
    for (_, group, _, action) in &changes {
        if let Action::Create { spec: to } = action {
            wider.entry(group).or_default().push(to.clone());
        } else if let Action::Update { to, .. } = action {
            wider.entry(group).or_default().push((**to).clone());
        }
    }
    let mut steps = Vec::new();
    let mut adopted = Adopted::default();
    for (position, (phase, group, id, action)) in changes.into_iter().enumerate() {
        let mut needs = Vec::new();
        match phase {
            Phase::Ends => drop(ends.insert(id, position)),
            Phase::New => {
                needs.extend(ends.get(&id));
                new.entry(id).or_default().push(position);
            }
            Phase::Replaced => {
                let before = growth.replacing(id, group, &action).into_iter();
                needs.extend(before.flat_map(|id| new.get(&id)).flatten().copied());
                needs.sort_unstable();
            }
        }
        adopted.needs(position, id, phase, &action, &mut needs);
        let recorded = live.permissions.get(&id).and_then(|seen| seen.mark.as_ref()?.end);
        let early_end = loses(&action, live)
            && recorded.is_none_or(|end| end > moment)
            && !replaced(&action, wider.get(group), live, moment);
        steps.push(Step { id, action, phase, needs, early_end });
    }
    steps
}

/// What steps about adopted permissions need besides.
#[derive(Default)]
struct Adopted {
    /// Where each is taken over.
    places: BTreeMap<Uuid, usize>,
    /// By user, where access comes.
    new: BTreeMap<String, Vec<usize>>,
}

impl Adopted {
    /// A permission is changed only when it is ours, and what an adopted one loses may be
    /// what a new one of another login or level gives: so it waits for all that is new for
    /// its people.
    fn needs(
        &mut self,
        position: usize,
        id: Uuid,
        phase: Phase,
        action: &Action,
        needs: &mut Vec<usize>,
    ) {
        if let Some(place) = self.places.get(&id) {
            needs.push(*place);
            if let (Phase::Replaced, Action::Update { from, .. }) = (phase, action) {
                let new = from.users.iter().filter_map(|user| self.new.get(user));
                needs.extend(new.flatten());
            }
            needs.sort_unstable();
            needs.dedup();
        }
        match action {
            Action::Adopt { .. } => {
                self.places.insert(id, position);
            }
            Action::Create { spec } => {
                for user in &spec.users {
                    self.new.entry(user.clone()).or_default().push(position);
                }
            }
            Action::Update { .. } | Action::Delete { .. } | Action::Release { .. } => {}
        }
    }
}

/// Whether what goes is given by a permission of the same group that comes and holds now,
/// as when the period of a request is edited: then it only ends on another day.
fn replaced(
    action: &Action,
    wider: Option<&Vec<PermissionSpec>>,
    live: &Live,
    moment: Timestamp,
) -> bool {
    let Action::Delete { from } = action else { return false };
    let gives = |to: &PermissionSpec| {
        let holds = to.start <= moment.max(from.start) && to.end > moment;
        holds && lies_in(&PermissionSpec { start: to.start, end: to.end, ..from.clone() }, to, live)
    };
    wider.is_some_and(|wider| wider.iter().any(gives))
}

/// Whether somebody can do less by what stays than before: what is only named otherwise, as an
/// asset by the node in which it stands, is taken from nobody.
fn loses(action: &Action, live: &Live) -> bool {
    match action {
        Action::Update { from, to, .. } => action.takes() && !lies_in(from, to, live),
        action => action.takes(),
    }
}

/// Whether the others of a group wait for a change: for what gives something, and until what is
/// adopted is ours.
fn grows(action: &Action) -> bool {
    action.gives() || matches!(action, Action::Adopt { .. })
}

/// Whether anybody has what a permission says.
fn is_somebodys(spec: &PermissionSpec) -> bool {
    !spec.users.is_empty() || !spec.groups.is_empty()
}
