//! All steps in one list, each with what has to be done before it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::access::{Permissions, group};
use super::accounts::{Accounts, Planned};
use super::guard::Removals;
use super::left;
use super::people::UserChange;
use super::permissions::{Action, Step};
use super::reason::{self, Reason};
use super::{Item, Phase, Target, What, ask};
use crate::access::model::Access;
use crate::desired::Desired;
use crate::jumpserver::spec::{Live, PermissionSpec};
use crate::mark::Mark;
use crate::names::{InstanceName, PersonName};
use crate::naming;
use crate::on_end::OnEnds;

/// What the items are described from.
pub(super) struct Inputs<'i, 'a> {
    pub(super) access: &'a Access,
    pub(super) live: &'a Live,
    pub(super) all: &'i Desired<'a>,
    pub(super) on_ends: &'i OnEnds<'a>,
    pub(super) moment: Timestamp,
}

/// The items in their order: ends, then what is new, then what was replaced. A permission
/// on databases comes after the accounts that it opens, and goes before them. What it opens
/// newly has lost everything that it is to lose: else somebody would get what nobody asked for.
pub(super) fn items(
    inputs: &Inputs<'_, '_>,
    users: Vec<UserChange>,
    accounts: Accounts<'_>,
    mut permissions: Permissions,
) -> (Vec<Item>, Removals) {
    if users.is_empty() && accounts.planned.is_empty() && permissions.steps.is_empty() {
        return (Vec::new(), Removals::default());
    }
    let people: BTreeMap<&str, &PersonName> = inputs
        .access
        .people
        .iter()
        .map(|(name, person)| (person.jumpserver.as_str(), name))
        .collect();
    let marks = inputs.live.accounts.values().filter_map(|account| {
        let mark = account.mark.as_ref().filter(|mark| mark.id == account.id)?;
        Some(((account.asset.as_str(), account.username.as_str()), mark))
    });
    let mut list = List {
        inputs,
        people,
        marks: marks.collect(),
        items: Vec::new(),
        opening: BTreeMap::new(),
        removals: Removals::default(),
    };
    let mut places = Vec::with_capacity(permissions.steps.len());
    let steps = std::mem::take(&mut permissions.steps);
    let (ends, rest): (Vec<Step>, Vec<Step>) =
        steps.into_iter().partition(|step| step.phase == Phase::Ends);
    // `needs` points at positions of the whole list; ends need nothing and come first.
    for step in ends {
        places.push(list.permission(step, &permissions, &[], Vec::new()));
    }
    let (replaced, accounts): (Vec<Planned<'_>>, Vec<Planned<'_>>) =
        accounts.planned.into_iter().partition(|planned| planned.replaced);
    let (widening, ending): (Vec<Planned<'_>>, Vec<Planned<'_>>) =
        accounts.into_iter().partition(|planned| planned.grows);
    let mut narrowed: BTreeMap<(InstanceName, String), usize> = BTreeMap::new();
    for planned in ending {
        let after = list.opening.get(&planned.change.account.user).cloned().unwrap_or_default();
        let key = narrowing(&planned);
        let place = list.account(planned, Phase::Ends, Vec::new(), after);
        narrowed.extend(key.map(|key| (key, place)));
    }
    let (disabled, made): (Vec<UserChange>, Vec<UserChange>) =
        users.into_iter().partition(|change| matches!(change, UserChange::Disable { .. }));
    for change in disabled {
        list.user(change, Phase::Ends);
    }
    let mut created: BTreeMap<String, usize> = BTreeMap::new();
    for change in made {
        let name = match &change {
            UserChange::Create { username, .. } => Some(username.clone()),
            _ => None,
        };
        let place = list.user(change, Phase::New);
        created.extend(name.map(|name| (name, place)));
    }
    let mut ready: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for planned in widening {
        let user = planned.change.account.user.clone();
        // Its mark names the user.
        let person = planned.person.and_then(|person| inputs.access.people.get(person));
        let made = person.and_then(|person| created.get(&person.jumpserver)).copied();
        let key = narrowing(&planned);
        let place = list.account(planned, Phase::New, made.into_iter().collect(), Vec::new());
        ready.entry(user).or_default().push(place);
        narrowed.extend(key.map(|key| (key, place)));
    }
    for planned in replaced {
        let target = Target::Instance(planned.change.instance.clone());
        let new = ready.get(&planned.change.account.user).into_iter().flatten();
        let needs = new.filter(|place| list.items[**place].target == target).copied().collect();
        list.account(planned, Phase::Replaced, needs, Vec::new());
    }
    let holders = match narrowed.is_empty() {
        true => BTreeMap::new(),
        false => ask::by_asset(inputs.access),
    };
    for step in rest {
        let after = match step.phase {
            Phase::New => spec(&step.action)
                .accounts
                .iter()
                .flat_map(|user| ready.get(user).into_iter().flatten().copied())
                .collect(),
            _ => Vec::new(),
        };
        let mut needs: Vec<usize> = step.needs.iter().map(|need| places[*need]).collect();
        if step.phase == Phase::New {
            let spec = spec(&step.action);
            needs.extend(spec.users.iter().filter_map(|user| created.get(user)));
            let opened = step.action.opens_newly();
            let holders: BTreeSet<&InstanceName> =
                opened.into_iter().filter_map(|asset| holders.get(asset).copied()).collect();
            needs.extend(holders.into_iter().flat_map(|holder| {
                let keys = spec.accounts.iter().map(|user| (holder.clone(), user.clone()));
                keys.filter_map(|key| narrowed.get(&key)).copied()
            }));
        }
        places.push(list.permission(step, &permissions, &needs, after));
    }
    (list.items, list.removals)
}

/// The instance and the user name of an account, when it stays and holds less then.
fn narrowing(planned: &Planned<'_>) -> Option<(InstanceName, String)> {
    let change = &planned.change;
    change.narrows().then(|| (change.instance.clone(), change.account.user.clone()))
}

/// What a permission says after a step, or said before its end.
fn spec(action: &Action) -> &PermissionSpec {
    match action {
        Action::Create { spec } | Action::Delete { from: spec } => spec,
        Action::Update { to, .. } | Action::Adopt { to, .. } => to,
        Action::Release { from, .. } => from,
    }
}

struct List<'i, 'o, 'a> {
    inputs: &'i Inputs<'o, 'a>,
    people: BTreeMap<&'a str, &'a PersonName>,
    /// The marks of accounts by asset and user name.
    marks: BTreeMap<(&'a str, &'a str), &'a Mark>,
    items: Vec<Item>,
    /// By account, the steps so far about permissions that open it.
    opening: BTreeMap<String, Vec<usize>>,
    removals: Removals,
}

impl List<'_, '_, '_> {
    fn push(&mut self, item: Item, shrinks: bool) -> usize {
        if item.early_end {
            self.removals.counted += 1;
        } else if shrinks {
            self.removals.ended += 1;
        }
        self.items.push(item);
        self.items.len() - 1
    }

    fn permission(
        &mut self,
        step: Step,
        permissions: &Permissions,
        needs: &[usize],
        after: Vec<usize>,
    ) -> usize {
        let said = spec(&step.action);
        let name = permissions.names.get(&step.id).unwrap_or(&said.name);
        let (person, others) = self.whose(&step.action, name);
        let wanted = self.inputs.all.permissions.get(name);
        let before = self.inputs.live.permissions.get(&step.id).and_then(|seen| seen.mark.as_ref());
        let delete = matches!(step.action, Action::Delete { .. });
        let released = matches!(step.action, Action::Release { .. });
        let mut because = match wanted {
            Some(wanted) if !delete => reason::asking(&wanted.because),
            _ => Vec::new(),
        };
        let mark = permissions.marks.get(&step.id).filter(|_| !delete && !released).cloned();
        if let Some(mark) = &mark {
            because.retain(|reason| mark.requests.contains_key(&reason.request));
        }
        if let Some(before) = before {
            self.gone(before, &mut because);
        }
        for account in &said.accounts {
            self.opening.entry(account.clone()).or_default().push(self.items.len());
        }
        let left = match &step.action {
            Action::Update { from, to, .. } => left::taken(from, Some(to), self.inputs.moment),
            Action::Delete { from } => left::taken(from, None, self.inputs.moment),
            Action::Create { .. } | Action::Adopt { .. } | Action::Release { .. } => None,
        };
        let sessions =
            left.map(|left| left::settings(&left, self.inputs.on_ends)).unwrap_or_default();
        let item = Item {
            target: Target::JumpServer,
            phase: step.phase,
            person,
            others,
            name: said.name.clone(),
            what: What::Permission {
                id: step.id,
                action: Box::new(step.action),
                mark: mark.map(Box::new),
            },
            because,
            early_end: step.early_end,
            sessions,
            needs: needs.to_vec(),
            after,
        };
        self.push(item, delete)
    }

    /// Whom a step about a permission is for, by the name that it should have, and who else
    /// stands in it.
    fn whose(&self, action: &Action, name: &str) -> (Option<PersonName>, BTreeSet<PersonName>) {
        let said = spec(action);
        let before = match action {
            Action::Update { from, .. } => Some(&from.users),
            _ => None,
        };
        let users = said.users.iter().chain(before.into_iter().flatten());
        let mut people =
            users.filter_map(|user| Some((*self.people.get(user.as_str())?).clone())).peekable();
        let named = naming::person(group(name)).and_then(|person| person.parse().ok());
        let named = named.filter(|person| self.inputs.access.people.contains_key(person));
        let person = named.or_else(|| people.peek().cloned());
        let others = people.filter(|other| person.as_ref() != Some(other)).collect();
        (person, others)
    }

    /// Adds the requests of a mark that do not ask any more.
    fn gone(&self, before: &Mark, because: &mut Vec<Reason>) {
        let gone = before
            .requests
            .iter()
            .filter(|(request, _)| because.iter().all(|reason| reason.request != **request))
            .map(|(request, end)| (request.clone(), *end))
            .collect();
        because.extend(reason::gone(self.inputs.access, &gone, self.inputs.moment));
    }

    fn account(
        &mut self,
        planned: Planned<'_>,
        phase: Phase,
        needs: Vec<usize>,
        after: Vec<usize>,
    ) -> usize {
        let Planned { change, person, early_end, shrinks, .. } = planned;
        let key = (&change.instance, change.account.user.clone());
        let wanted = self.inputs.all.accounts.get(&key);
        let mut because = match wanted {
            Some(wanted) if wanted.spec.name == change.account => reason::asking(&wanted.because),
            _ => reason::gone(self.inputs.access, &change.mark.requests, self.inputs.moment),
        };
        // What is refused asks in vain: the mark names what gets something or keeps it.
        because.retain(|reason| change.mark.requests.contains_key(&reason.request));
        let before = wanted.and_then(|wanted| {
            wanted.spec.assets.iter().find_map(|asset| {
                self.marks.get(&(asset.as_str(), change.account.user.as_str())).copied()
            })
        });
        if let Some(before) = before {
            self.gone(before, &mut because);
        }
        let instance = self.inputs.access.instances.get(&change.instance);
        let policy = &self.inputs.access.policy;
        // Its steps do not say how long they wait.
        let sessions = instance.filter(|_| change.awaits_sessions());
        let sessions = sessions.map(|instance| policy.on_end(&instance.environment)).into_iter();
        let sessions = sessions.collect();
        let item = Item {
            target: Target::Instance(change.instance.clone()),
            phase,
            person: person.cloned(),
            others: BTreeSet::new(),
            name: change.account.user.clone(),
            what: What::Account { change },
            because,
            early_end,
            sessions,
            needs,
            after,
        };
        self.push(item, shrinks)
    }

    fn user(&mut self, change: UserChange, phase: Phase) -> usize {
        let (UserChange::Create { username, .. }
        | UserChange::Update { username, .. }
        | UserChange::Disable { username, .. }) = &change;
        let disabled = matches!(change, UserChange::Disable { .. });
        let person = self.people.get(username.as_str()).copied();
        // Only his file says that somebody leaves: a file that is gone is a hole.
        let (people, moment) = (&self.inputs.access.people, self.inputs.moment);
        let left = person.is_some_and(|person| people[person].has_left(moment));
        let item = Item {
            target: Target::JumpServer,
            phase,
            person: person.cloned(),
            others: BTreeSet::new(),
            name: username.clone(),
            what: What::User { change },
            because: Vec::new(),
            early_end: disabled && !left,
            sessions: BTreeSet::new(),
            needs: Vec::new(),
            after: Vec::new(),
        };
        self.push(item, disabled)
    }
}
