//! What a commit brought: the smallest things that requests give.

use std::collections::{BTreeMap, BTreeSet};

use crate::effect::{Effect, Thing};
use crate::grants::{Grant, ServerTarget, Want};
use crate::names::{PersonName, RequestName};

/// The smallest thing that a person gets: a login at one place, a level on one scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Atom {
    /// Who.
    pub person: PersonName,
    /// What and where.
    pub what: String,
}

/// What a grant gives.
pub(super) fn atom(grant: &Grant<'_>) -> Atom {
    let what = match grant.want {
        Want::Server { login, target: ServerTarget::Node(path), .. } => node(login, path),
        Want::Server { login, target: ServerTarget::Asset(name), .. } => asset(login, name),
        Want::Database { instance, level, scope, .. } => scope_of(instance, level, scope),
    };
    Atom { person: grant.person.clone(), what }
}

/// What a comparison shows as new or wider, as adopted or as given back, by request.
pub fn brought(effect: &Effect) -> BTreeMap<&RequestName, BTreeSet<Atom>> {
    let mut all: BTreeMap<&RequestName, BTreeSet<Atom>> = BTreeMap::new();
    for row in effect.rows.iter().filter(|row| row.kind.widens()) {
        let Some(after) = &row.after else { continue };
        let what: Vec<String> = match &after.thing {
            Thing::Servers { login, nodes, assets, .. } => {
                let nodes = nodes.iter().map(|path| node(login, path));
                nodes.chain(assets.iter().map(|name| asset(login, name))).collect()
            }
            Thing::Database { instance, level, scopes, .. } => {
                scopes.iter().map(|scope| scope_of(instance, level, scope)).collect()
            }
        };
        for source in &row.because {
            let atoms =
                what.iter().map(|what| Atom { person: row.person.clone(), what: what.clone() });
            all.entry(&source.request).or_default().extend(atoms);
        }
    }
    for (request, handed) in &effect.handed {
        let atoms =
            handed.iter().map(|(person, what)| Atom { person: person.clone(), what: what.clone() });
        all.entry(request).or_default().extend(atoms);
    }
    all
}

fn node(login: &impl std::fmt::Display, path: &str) -> String {
    format!("{login} on node {path}")
}

fn asset(login: &impl std::fmt::Display, name: &str) -> String {
    format!("{login} on asset {name}")
}

fn scope_of(
    instance: &impl std::fmt::Display,
    level: &impl std::fmt::Display,
    scope: &impl std::fmt::Display,
) -> String {
    format!("{level} on {instance}: {scope}")
}
