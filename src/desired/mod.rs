//! From grants and a moment to the desired state of every target.

mod accounts;
mod join;
mod permissions;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub(crate) use accounts::include;
pub(crate) use permissions::{CONNECT, DATABASE_PROTOCOLS};

use crate::access::model::{Access, PeopleSource};
use crate::adoption::Adoptions;
use crate::grants::Grant;
use crate::jumpserver::spec::PermissionSpec;
use crate::mysql::spec::{AccountName, Grants};
use crate::names::{InstanceName, PersonName, RequestName};

/// What all targets should look like at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired<'a> {
    /// Permissions, by name.
    pub permissions: Permissions<'a>,
    /// Database accounts, by the instance that holds them and their user name.
    pub accounts: Accounts<'a>,
    /// Users of JumpServer by user name; empty unless people come from the repo.
    pub users: BTreeMap<&'a str, UserSpec>,
    /// What exists already and becomes one of these.
    pub adoptions: Adoptions<'a>,
}

/// Wanted permissions, by name.
pub type Permissions<'a> = BTreeMap<String, Wanted<'a, PermissionSpec>>;

/// Wanted accounts, by the instance that holds them and their user name.
pub type Accounts<'a> = BTreeMap<(&'a InstanceName, String), Wanted<'a, AccountSpec>>;

/// Something that is wanted, for whom, and because of which grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a, S> {
    /// What it should look like.
    pub spec: S,
    /// For whom.
    pub person: &'a PersonName,
    /// The grants that it comes from, never empty.
    pub because: Vec<&'a Grant<'a>>,
    /// When the last of them ends; `None` is no end.
    pub end: Option<Timestamp>,
}

impl<'a> Desired<'a> {
    /// The accounts on one instance by user name, in its order. It costs what it gives,
    /// however many other instances there are.
    pub fn accounts_on<'d>(
        &'d self,
        instance: &'d InstanceName,
    ) -> impl Iterator<Item = (&'d str, &'d Wanted<'a, AccountSpec>)> {
        let accounts: &'d BTreeMap<(&'d InstanceName, String), Wanted<'a, AccountSpec>> =
            &self.accounts;
        accounts
            .range((instance, String::new())..)
            .take_while(move |((holder, _), _)| *holder == instance)
            .map(|((_, user), wanted)| (user.as_str(), wanted))
    }
}

impl<S> Wanted<'_, S> {
    /// The requests that it comes from, each with when the last of its grants here ends.
    pub fn requests(&self) -> BTreeMap<RequestName, Option<Timestamp>> {
        let mut requests: BTreeMap<RequestName, Option<Timestamp>> = BTreeMap::new();
        for grant in &self.because {
            let end = end_of(grant);
            match requests.get_mut(grant.because.request) {
                Some(known) => *known = later(*known, end),
                None => {
                    requests.insert(grant.because.request.clone(), end);
                }
            }
        }
        requests
    }
}

/// A database account, and where its password goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSpec {
    /// The account on the server.
    pub name: AccountName,
    /// What it may do.
    pub grants: Grants,
    /// The assets in JumpServer that get the account: the instance's own, then those of
    /// its replicas and aliases.
    pub assets: Vec<String>,
    /// Whether the name is one that a request adopts.
    pub adopted: bool,
}

/// A user of JumpServer that the repo makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSpec {
    /// The user name.
    pub username: String,
    /// The display name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}

/// The desired state at `moment`.
///
/// Permissions on hosts are there before they start, since they carry their start;
/// accounts and their permissions are there from the start on. What is over is gone.
pub fn at<'a>(access: &'a Access, grants: &'a [Grant<'a>], moment: Timestamp) -> Desired<'a> {
    let adoptions = Adoptions::of(access);
    let (permissions, accounts) = rayon::join(
        || permissions::wanted(&adoptions, access, grants, moment),
        || accounts::wanted(&adoptions, access, grants, moment),
    );
    let mut desired = Desired { permissions, accounts, users: BTreeMap::new(), adoptions };
    if access.config.source == PeopleSource::Repo {
        let here = access
            .people
            .values()
            .filter(|person| person.left.as_ref().is_none_or(|left| moment < left.at));
        desired.users = here
            .map(|person| {
                let spec = UserSpec {
                    username: person.jumpserver.clone(),
                    name: person.display.clone(),
                    email: person.email.clone().unwrap_or_default(),
                };
                (person.jumpserver.as_str(), spec)
            })
            .collect();
    }
    desired
}

/// The later of two ends, where `None` is no end.
pub(crate) fn later(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    Some(a?.max(b?))
}

/// The earlier of two ends, where `None` is no end.
pub(crate) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (end, None) | (None, end) => end,
    }
}

/// When a grant ends; `None` is no end.
fn end_of(grant: &Grant<'_>) -> Option<Timestamp> {
    grant.period.until.as_ref().map(|edge| edge.at)
}
