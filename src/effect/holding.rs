//! What one person holds of one thing: from when until when, and on which terms.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::row::{Kind, Side, Span, Thing};
use crate::access::model::{Access, Instance, Login, Scope};
use crate::grants::{Grant, ServerTarget, Want};
use crate::mysql;
use crate::mysql::privilege::{Privilege, Privileges};
use crate::names::{InstanceName, LevelName, LoginName};
use crate::period::Edge;

/// The smallest thing that somebody can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom<'a> {
    /// A login at one place.
    Server(&'a LoginName, ServerTarget<'a>),
    /// A level on one scope of an instance.
    Scope(&'a InstanceName, &'a LevelName, &'a Scope),
}

/// What the revision makes of it.
#[derive(Debug, Clone, Copy)]
enum Terms<'a> {
    Server(Option<&'a Login>),
    Database { privileges: Option<Privileges>, at: Option<&'a Instance>, asset: &'a str },
}

/// All grants of one atom in one revision, never empty.
#[derive(Debug, Clone)]
pub(super) struct Holding<'a> {
    pub(super) grants: Vec<&'a Grant<'a>>,
    /// The user of JumpServer.
    user: &'a str,
    terms: Terms<'a>,
}

/// The holdings of one person's grants.
pub(super) fn of<'a>(
    access: &'a Access,
    grants: &[&'a Grant<'a>],
) -> BTreeMap<Atom<'a>, Holding<'a>> {
    let mut holdings: BTreeMap<Atom<'_>, Holding<'_>> = BTreeMap::new();
    for grant in grants {
        let (atom, terms) = match grant.want {
            Want::Server { login, target, .. } => {
                (Atom::Server(login, target), Terms::Server(access.config.logins.get(login)))
            }
            Want::Database { instance, level, scope, .. } => {
                let opened = access.instances.get(instance);
                let terms = Terms::Database {
                    privileges: access.config.levels.get(level).copied(),
                    at: access.instances.get(access.holder(instance)),
                    asset: opened.map_or("", |found| found.asset.as_str()),
                };
                (Atom::Scope(instance, level, scope), terms)
            }
        };
        let user = access.people.get(grant.person).map_or("", |person| &person.jumpserver);
        let holding = Holding { grants: Vec::new(), user, terms };
        holdings.entry(atom).or_insert(holding).grants.push(grant);
    }
    holdings
}

/// A stretch of time that is covered.
#[derive(Debug, Clone, Copy)]
struct Stretch<'a> {
    start: Timestamp,
    end: Timestamp,
    from: Option<&'a Edge>,
    until: Option<&'a Edge>,
}

impl<'a> Holding<'a> {
    /// With those of its grants alone that are kept; none when none is.
    pub(super) fn only(&self, keeps: impl Fn(&Grant<'_>) -> bool) -> Option<Self> {
        let grants = self.grants.iter().copied().filter(|grant| keeps(grant));
        let grants: Vec<&'a Grant<'a>> = grants.collect();
        (!grants.is_empty()).then_some(Self { grants, ..*self })
    }

    /// The time that its grants cover together, without overlaps.
    fn covered(&self) -> Vec<Stretch<'a>> {
        let mut all: Vec<Stretch<'a>> = self
            .grants
            .iter()
            .map(|grant| Stretch {
                start: grant.period.start(),
                end: grant.period.end(),
                from: grant.period.from.as_ref(),
                until: grant.period.until.as_ref(),
            })
            .collect();
        all.sort_by_key(|stretch| (stretch.start, stretch.end));
        let mut merged: Vec<Stretch<'a>> = Vec::new();
        for next in all {
            match merged.last_mut() {
                Some(last) if next.start <= last.end => {
                    if next.end > last.end {
                        (last.end, last.until) = (next.end, next.until);
                    }
                }
                _ => merged.push(next),
            }
        }
        merged
    }

    /// The time that is covered from `moment` on.
    fn ahead(&self, moment: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        self.covered().iter().map(|stretch| (stretch.start.max(moment), stretch.end)).collect()
    }

    /// The privileges that it gives on a database.
    pub(super) fn privileges(&self) -> impl Iterator<Item = Privilege> + '_ {
        let privileges = match self.terms {
            Terms::Database { privileges, .. } => privileges,
            Terms::Server(_) => None,
        };
        privileges.into_iter().flatten()
    }

    /// The accounts on hosts that it opens.
    pub(super) fn accounts(&self) -> &'a [String] {
        match self.terms {
            Terms::Server(Some(login)) => &login.accounts,
            _ => &[],
        }
    }

    /// The user of JumpServer.
    pub(super) fn user(&self) -> &'a str {
        self.user
    }

    /// Whether it has no end.
    pub(super) fn is_endless(&self) -> bool {
        self.grants.iter().any(|grant| grant.period.until.is_none())
    }

    /// It in words.
    pub(super) fn side(&self, atom: Atom<'_>) -> Side {
        let thing = match atom {
            Atom::Server(name, target) => {
                let login = match self.terms {
                    Terms::Server(login) => login,
                    Terms::Database { .. } => None,
                };
                let (mut nodes, mut assets) = (BTreeSet::new(), BTreeSet::new());
                match target {
                    ServerTarget::Node(path) => nodes.insert(path.to_owned()),
                    ServerTarget::Asset(asset) => assets.insert(asset.to_owned()),
                };
                Thing::Servers {
                    login: name.clone(),
                    accounts: login.map_or_else(Vec::new, |login| login.accounts.clone()),
                    protocols: login.map_or_else(Vec::new, |login| login.protocols.clone()),
                    actions: login.map_or_else(BTreeSet::new, |login| login.actions.clone()),
                    nodes,
                    assets,
                }
            }
            Atom::Scope(instance, level, scope) => {
                let (at, asset) = match self.terms {
                    Terms::Database { at, asset, .. } => (at, asset),
                    Terms::Server(_) => (None, ""),
                };
                Thing::Database {
                    instance: instance.clone(),
                    level: level.clone(),
                    privileges: self.privileges().collect(),
                    scopes: BTreeSet::from([scope.to_string()]),
                    server: at.map_or_else(String::new, |at| mysql::address(&at.host, at.port)),
                    account_host: at.map_or_else(String::new, |at| at.account_host.clone()),
                    asset: asset.to_owned(),
                }
            }
        };
        let environment = self.grants.first().map(|grant| grant.want.environment().to_string());
        let text = |edge: Option<&Edge>| edge.map(|edge| edge.text.clone());
        let periods = self.covered().into_iter();
        Side {
            user: self.user.to_owned(),
            environment: environment.unwrap_or_default(),
            thing,
            periods: periods
                .map(|stretch| Span { from: text(stretch.from), until: text(stretch.until) })
                .collect(),
        }
    }
}

/// Whether both give the same from `moment` on.
pub(super) fn same(before: &Holding<'_>, after: &Holding<'_>, moment: Timestamp) -> bool {
    same_terms(before, after) && before.ahead(moment) == after.ahead(moment)
}

fn same_terms(before: &Holding<'_>, after: &Holding<'_>) -> bool {
    before.user == after.user
        && no_wider(before.terms, after.terms)
        && no_wider(after.terms, before.terms)
}

/// Whether `after` gives nothing that `before` does not give.
fn no_wider(before: Terms<'_>, after: Terms<'_>) -> bool {
    match (before, after) {
        (Terms::Server(Some(before)), Terms::Server(Some(after))) => {
            after.accounts.iter().all(|account| before.accounts.contains(account))
                && after.protocols.iter().all(|protocol| before.protocols.contains(protocol))
                && after.actions.is_subset(&before.actions)
        }
        (
            Terms::Database { privileges: Some(before), at: Some(old), asset: old_asset },
            Terms::Database { privileges: Some(after), at: Some(new), asset: new_asset },
        ) => {
            after.is_subset(before)
                && (&old.host, old.port, &old.account_host)
                    == (&new.host, new.port, &new.account_host)
                && old_asset == new_asset
        }
        (Terms::Server(None), Terms::Server(None)) => true,
        _ => false,
    }
}

/// How the access of two revisions that are not the same differs.
pub(super) fn kind(before: &Holding<'_>, after: &Holding<'_>, moment: Timestamp) -> Kind {
    let covers = |outer: &Holding<'_>, inner: &Holding<'_>| {
        let outer = outer.ahead(moment);
        let within = |(start, end): (Timestamp, Timestamp)| {
            outer.iter().any(|(from, until)| *from <= start && end <= *until)
        };
        inner.ahead(moment).into_iter().all(within)
    };
    // Somebody who has it sooner, or again, has something new.
    let goes_on = || {
        let had = before.ahead(moment);
        let had =
            |start: Timestamp| had.iter().any(|(from, until)| (*from..=*until).contains(&start));
        after.ahead(moment).into_iter().all(|(start, _)| had(start))
    };
    let same_user = before.user == after.user;
    if same_user && no_wider(before.terms, after.terms) && covers(before, after) {
        Kind::Narrowed
    } else if same_terms(before, after) && covers(after, before) && goes_on() {
        Kind::Renewed
    } else {
        Kind::Changed
    }
}

/// Whether a grant of `after` was there before for the same person and request, at the same time or
/// longer, on the same terms.
pub(super) fn keeps(
    before: Option<&Holding<'_>>,
    after: &Holding<'_>,
    atom: Atom<'_>,
    grant: &Grant<'_>,
) -> bool {
    before.is_some_and(|before| {
        let (old, new) = (before.side(atom), after.side(atom));
        let same = (old.user, old.environment, old.thing) == (new.user, new.environment, new.thing);
        let is_it = |old: &Grant<'_>| {
            old.because.request == grant.because.request
                && old.period.start() <= grant.period.start()
                && grant.period.end() <= old.period.end()
        };
        same && before.grants.iter().any(|old| is_it(old))
    })
}
