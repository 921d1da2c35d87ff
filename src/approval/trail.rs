//! The way back through the history: what of some requests no commit has brought yet.
//!
//! What somebody has may have been asked for by another request once: a file that moved, was
//! copied or was split brings nothing itself. So with each thing goes which requests give it at
//! the point that the way has come to, and a commit that shows it as new or wider is the one
//! that brought it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::brought::{self, Atom};
use crate::access::model::{Access, Party};
use crate::effect::{self, Effect};
use crate::grants::{self, Grant};
use crate::names::{PersonName, RequestName};

/// What is still to be found, by the request that it was asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    open: BTreeMap<RequestName, Open>,
}

/// What one request gives, as far as nothing looked at so far has brought it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Open {
    /// What people get, and which requests give it at this point.
    atoms: BTreeMap<Atom, BTreeSet<RequestName>>,
    /// What it adopts, or that it gives back, and the request that says so at this point.
    handed: BTreeMap<String, RequestName>,
}

/// One step of the way.
#[derive(Debug, Clone, Copy)]
pub struct Between<'a> {
    /// The state before it.
    pub base: &'a Access,
    /// The state behind it.
    pub head: &'a Access,
    /// What it changed.
    pub effect: &'a Effect,
    /// What is over.
    pub moment: Timestamp,
}

impl Trail {
    /// Of what some requests give and is not over, and of what they adopt or give back.
    pub fn new(
        access: &Access,
        grants: &[Grant<'_>],
        requests: &BTreeSet<&RequestName>,
        moment: Timestamp,
    ) -> Self {
        let mut open: BTreeMap<RequestName, Open> = BTreeMap::new();
        let some = grants.iter().filter(|grant| requests.contains(grant.because.request));
        for grant in some.filter(|grant| !grant.period.is_over(moment)) {
            let name = grant.because.request;
            let one = open.entry(name.clone()).or_insert_with(|| {
                let handed = access.requests.get(name).map(|request| request.handed());
                let handed = handed.into_iter().flatten().map(|what| (what, name.clone()));
                Open { handed: handed.collect(), ..Open::default() }
            });
            // What is given back is nobody's here any more: how that came is what is asked.
            if !grant.because.released {
                one.atoms.entry(brought::atom(grant)).or_default().insert(name.clone());
            }
        }
        Self { open }
    }

    /// Whether nothing is left to be found.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Leaves a request out from here on.
    pub fn leave(&mut self, request: &RequestName) {
        self.open.remove(request);
    }

    /// Leaves all requests out from here on, and names them.
    pub fn leave_all(&mut self) -> Vec<RequestName> {
        std::mem::take(&mut self.open).into_keys().collect()
    }

    /// The requests of which a step brought something.
    pub fn brought_by(&self, step: &Between<'_>) -> Vec<RequestName> {
        let brought = brought::brought(step.effect);
        let touched = self.open.iter().filter(|(_, one)| {
            let handed = |(what, by): (&String, &RequestName)| before(step, what, by).is_none();
            one.atoms.iter().any(|(atom, by)| is_brought(&brought, atom, by))
                || one.handed.iter().any(handed)
        });
        touched.map(|(name, _)| name.clone()).collect()
    }

    /// Goes on to the state before a step: what the step brought is found, the rest goes on with
    /// the requests that gave it there. Leaves those out, and names them, of which something was
    /// given by none and came from nowhere.
    pub fn back(&mut self, step: &Between<'_>) -> Vec<RequestName> {
        let brought = brought::brought(step.effect);
        let (before_it, mut lost) = (self.holders(step), Vec::new());
        self.open.retain(|name, one| {
            one.atoms.retain(|atom, by| !is_brought(&brought, atom, by));
            let mut known = one.handed.values().all(|by| step.head.requests.contains_key(by));
            for (atom, by) in &mut one.atoms {
                match before_it.get(atom) {
                    Some(holders) => by.clone_from(holders),
                    None => known = false,
                }
            }
            let handed = std::mem::take(&mut one.handed).into_iter().filter_map(|(what, by)| {
                let by = before(step, &what, &by)?.clone();
                Some((what, by))
            });
            one.handed = handed.collect();
            if !known {
                lost.push(name.clone());
            }
            known && !(one.atoms.is_empty() && one.handed.is_empty())
        });
        lost
    }

    /// Which requests give what is open, in the state before a step.
    fn holders(&self, step: &Between<'_>) -> BTreeMap<Atom, BTreeSet<RequestName>> {
        let atoms = || self.open.values().flat_map(|one| one.atoms.keys());
        let people: BTreeSet<&PersonName> = atoms().map(|atom| &atom.person).collect();
        let wanted: BTreeSet<&Atom> = atoms().collect();
        let mut holders: BTreeMap<Atom, BTreeSet<RequestName>> = BTreeMap::new();
        let grants = grants::of(step.base);
        let live = grants.iter().filter(|grant| !grant.period.is_over(step.moment));
        for grant in live.filter(|grant| people.contains(grant.person)) {
            let atom = brought::atom(grant);
            if wanted.contains(&atom) {
                holders.entry(atom).or_default().insert(grant.because.request.clone());
            }
        }
        holders
    }

    /// The files that make what is open, in the state that the way has come to: those of the
    /// requests that give it, of the teams that they are for, and of the people.
    pub fn files(&self, access: &Access) -> BTreeSet<String> {
        let mut names: BTreeSet<&RequestName> = BTreeSet::new();
        let mut people: BTreeSet<&PersonName> = BTreeSet::new();
        for one in self.open.values() {
            names.extend(one.handed.values());
            for (atom, by) in &one.atoms {
                people.insert(&atom.person);
                names.extend(by);
            }
        }
        let mut files = BTreeSet::new();
        for request in names.into_iter().filter_map(|name| access.requests.get(name)) {
            files.insert(request.site.file.to_string());
            for (party, _) in &request.parties {
                if let Party::Team(team) = party
                    && let Some(team) = access.teams.get(team)
                {
                    files.insert(team.site.file.to_string());
                }
            }
        }
        let people = people.into_iter().filter_map(|person| access.people.get(person));
        files.extend(people.map(|person| person.site.file.to_string()));
        files
    }
}

fn is_brought(
    brought: &BTreeMap<&RequestName, BTreeSet<Atom>>,
    atom: &Atom,
    by: &BTreeSet<RequestName>,
) -> bool {
    by.iter().any(|request| brought.get(request).is_some_and(|atoms| atoms.contains(atom)))
}

/// The request that handed the same over before a step; none when the step brought it.
fn before<'a>(step: &Between<'a>, what: &str, by: &RequestName) -> Option<&'a RequestName> {
    let now = step.head.requests.get(by)?;
    let (name, old) = effect::handed_before(step.base, step.head, by, now, step.moment)?;
    old.handed().contains(what).then_some(name)
}
