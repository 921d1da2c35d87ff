//! One access of one person on one target by one request: what is asked about when access is
//! looked over, and what of a file goes when the answer is no. Pure.
//!
//! A database is one target with all that is asked for of it, since one account opens all of
//! it.

mod removal;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

pub use removal::{Removal, removal};

use crate::access::model::{Access, Party, Scope, Site};
use crate::grants::{Grant, Offers, ServerTarget, Want};
use crate::names::{
    Environment, InstanceName, LevelName, LoginName, PersonName, RequestName, TeamName,
};
use crate::period::Period;

/// What one access opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opens<'a> {
    /// A login on a host, or on all hosts of a node.
    Server(&'a LoginName, ServerTarget<'a>),
    /// A level on a database instance.
    Database(&'a InstanceName, &'a LevelName),
}

impl<'a> Opens<'a> {
    /// What a grant opens.
    pub fn of(want: Want<'a>) -> Self {
        match want {
            Want::Server { login, target, .. } => Self::Server(login, target),
            Want::Database { instance, level, .. } => Self::Database(instance, level),
        }
    }
}

impl fmt::Display for Opens<'_> {
    /// `app on pay-web-01`, `app on /Default/payments`, `r on orders-prod`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(login, ServerTarget::Node(target) | ServerTarget::Asset(target)) => {
                write!(f, "{login} on {target}")
            }
            Self::Database(instance, level) => write!(f, "{level} on {instance}"),
        }
    }
}

/// One access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The request.
    pub request: &'a RequestName,
    /// Who.
    pub person: &'a PersonName,
    /// The team through which the person is meant.
    pub team: Option<&'a TeamName>,
    /// What.
    pub opens: Opens<'a>,
    /// What of a database, as the request writes it.
    pub scopes: Vec<&'a Scope>,
    /// The environment of the target.
    pub environment: &'a Environment,
    /// The environments whose rules it keeps: also that of the instance whose accounts an alias
    /// shows.
    pub environments: Vec<&'a Environment>,
    /// From when until when.
    pub period: Period,
    /// The first line that asks for it.
    pub site: &'a Site,
    /// The reason, in the words of its author.
    pub reason: &'a str,
}

/// What tells one access from all others.
pub type Key<'a> = (&'a RequestName, &'a PersonName, Opens<'a>);

impl<'a> Entry<'a> {
    /// What tells it from all others.
    pub fn key(&self) -> Key<'a> {
        (self.request, self.person, self.opens)
    }

    /// What it opens in words, with what of a database.
    pub fn words(&self) -> String {
        let scopes: Vec<String> = self.scopes.iter().map(|scope| scope.to_string()).collect();
        match scopes.as_slice() {
            [] => self.opens.to_string(),
            scopes => format!("{}: {}", self.opens, scopes.join(", ")),
        }
    }
}

/// Every access that grants give at a moment, by request, person and target. What was given back
/// is none: no edit of a file takes it away.
pub fn of<'a>(grants: &[Grant<'a>], moment: Timestamp) -> Vec<Entry<'a>> {
    let mut entries: BTreeMap<Key<'a>, Entry<'a>> = BTreeMap::new();
    let live = grants
        .iter()
        .filter(|grant| grant.period.start() <= moment && !grant.period.is_over(moment))
        .filter(|grant| !grant.because.released);
    for grant in live {
        let opens = Opens::of(grant.want);
        let entry = entries.entry((grant.because.request, grant.person, opens));
        let entry = entry.or_insert_with(|| Entry {
            request: grant.because.request,
            person: grant.person,
            team: grant.because.team,
            opens,
            scopes: Vec::new(),
            environment: grant.want.environment(),
            environments: grant.want.environments().collect(),
            period: grant.period.clone().into_owned(),
            site: grant.because.site,
            reason: grant.because.reason,
        });
        if let Want::Database { scope, .. } = grant.want {
            entry.scopes.push(scope);
        }
    }
    entries.into_values().collect()
}

/// The owners of an access's target: of the instance, or of the entry of the inventory, whose
/// `offers` are made once for all.
pub fn owners<'a>(access: &'a Access, offers: &Offers<'a>, opens: Opens<'_>) -> &'a [Party] {
    match opens {
        Opens::Database(instance, _) => {
            access.instances.get(instance).map_or(&[], |instance| &instance.owners)
        }
        Opens::Server(_, target) => offers.find(target).map_or(&[], |entry| &entry.owners),
    }
}
