//! What exists already and becomes a request's: by which names git knows it. No moment plays
//! a part here.
//!
//! A line `adopts:` is read in two ways. An adopted account keeps its name, so the line says
//! how the account of its person, level and instance is called as long as it stands, also
//! when its request is over. An adopted permission gets the derived name, so the line says
//! which permission of another hand may take that place; once it has, it says nothing more.

use std::collections::BTreeMap;

use crate::access::model::{Access, Party, Request, Site};
use crate::names::{InstanceName, LevelName, PersonName};
use crate::naming::{self, Kind};

/// Everything that the requests of a repo adopt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoptions<'a> {
    accounts: BTreeMap<(&'a InstanceName, &'a PersonName, &'a LevelName), Line<'a>>,
    permissions: BTreeMap<String, Line<'a>>,
}

/// One thing that is adopted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The name of what exists.
    pub name: &'a str,
    /// Where the request says so.
    pub site: &'a Site,
}

impl<'a> Adoptions<'a> {
    /// What the requests of a repo adopt.
    ///
    /// Where several lines are about one place, which the checks allow only when all but one
    /// belong to requests that are over, the one that ends last counts.
    pub fn of(access: &'a Access) -> Self {
        let mut adoptions = Self::default();
        let mut requests: Vec<(&Request, &PersonName)> =
            access.requests.values().filter_map(adopter).collect();
        requests.sort_by_key(|(request, _)| (request.period.end(), &request.site));
        for &(request, person) in &requests {
            for want in &request.databases {
                if let (Some((name, site)), [(instance, _)]) =
                    (&want.adopts.account, want.instances.as_slice())
                    && let Some(holder) = holder(access, instance)
                {
                    adoptions.accounts.insert((holder, person, &want.level), Line { name, site });
                }
            }
        }
        for (request, person) in requests {
            for (derived, (name, site)) in permissions(access, request, person, &adoptions) {
                adoptions.permissions.insert(derived, Line { name, site });
            }
        }
        adoptions
    }

    /// The account that was adopted for a person's level on an instance that holds accounts.
    pub fn account(
        &self,
        holder: &InstanceName,
        person: &PersonName,
        level: &LevelName,
    ) -> Option<Line<'a>> {
        // The usual case: nothing is adopted, and nothing is looked for.
        (!self.accounts.is_empty()).then(|| self.accounts.get(&(holder, person, level)).copied())?
    }

    /// All accounts that were adopted: the instance, whose, and the line.
    pub fn accounts(
        &self,
    ) -> impl Iterator<Item = (&'a InstanceName, &'a PersonName, Line<'a>)> + '_ {
        self.accounts.iter().map(|((holder, person, _), line)| (*holder, *person, *line))
    }

    /// Whether any permission is adopted.
    pub fn has_permissions(&self) -> bool {
        !self.permissions.is_empty()
    }

    /// The permission of another hand that may take the place of one of this name.
    pub fn permission(&self, derived: &str) -> Option<Line<'a>> {
        self.permissions.get(derived).copied()
    }

    /// Adds what others adopt, where nothing is said of the same place.
    pub(crate) fn join(&mut self, other: Self) {
        for (place, line) in other.accounts {
            self.accounts.entry(place).or_insert(line);
        }
        for (place, line) in other.permissions {
            self.permissions.entry(place).or_insert(line);
        }
    }

    /// The user name of a person's account of a level on an instance that holds accounts.
    pub fn user(
        &self,
        access: &Access,
        holder: &InstanceName,
        person: &PersonName,
        level: &LevelName,
    ) -> String {
        match self.account(holder, person, level) {
            Some(line) => line.name.to_owned(),
            None => naming::account(&access.config.owner, &access.config.prefix, person, level),
        }
    }
}

/// What decides the name of the permission that opens `user`.
pub fn kind<'a>(
    access: &Access,
    person: &PersonName,
    level: &'a LevelName,
    user: &'a str,
) -> Kind<'a> {
    let derived = naming::account(&access.config.owner, &access.config.prefix, person, level);
    if user == derived { Kind::Level(level) } else { Kind::Adopted(level, user) }
}

/// The instance that holds the accounts of one that a request names.
pub fn holder<'a>(access: &'a Access, instance: &InstanceName) -> Option<&'a InstanceName> {
    access.instances.get_key_value(access.holder(instance)).map(|(name, _)| name)
}

/// The permissions that a request for one person adopts: by the names that they get, each
/// with its own name and place.
pub fn permissions<'a>(
    access: &'a Access,
    request: &'a Request,
    person: &PersonName,
    adoptions: &Adoptions<'_>,
) -> Vec<(String, (&'a str, &'a Site))> {
    let prefix = &access.config.prefix;
    let left = access.people.get(person).and_then(|person| person.left.as_ref());
    let period = left.map_or_else(|| request.period.clone(), |left| request.period.cut(left));
    let servers = request.servers.iter().filter_map(|want| {
        let (name, site) = want.adopts.as_ref()?;
        let derived = naming::permission(prefix, Kind::Login(&want.login), person, &period);
        Some((derived, (name.as_str(), site)))
    });
    let databases = request.databases.iter().filter_map(|want| {
        let (name, site) = want.adopts.permission.as_ref()?;
        // A permission opens one account name; of several instances the first counts.
        let holder = want.instances.iter().find_map(|(instance, _)| holder(access, instance))?;
        let user = adoptions.user(access, holder, person, &want.level);
        let kind = kind(access, person, &want.level, &user);
        Some((naming::permission(prefix, kind, person, &period), (name.as_str(), site)))
    });
    servers.chain(databases).collect()
}

/// A request that adopts, with its person.
fn adopter(request: &Request) -> Option<(&Request, &PersonName)> {
    match request.parties.as_slice() {
        [(Party::Person(person), _)] if request.adopts() => Some((request, person)),
        _ => None,
    }
}
