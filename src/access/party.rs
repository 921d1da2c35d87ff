//! Who is named by an entry of `owners`, `for` and their like.

use std::fmt;

use serde::Serialize;

use super::model::Access;
use crate::names::{ForgeGroup, PersonName, TeamName};

/// One entry of an owners list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// `fanlichun`.
    Person(PersonName),
    /// `team/payments`.
    Team(TeamName),
    /// `forge/acme/dba`: a group at the git forge, which alone knows its members. Owners can
    /// be groups; requests are never for one.
    Group(ForgeGroup),
}

impl fmt::Display for Party {
    /// As the files write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => f.write_str(person.as_str()),
            Self::Team(team) => write!(f, "team/{team}"),
            Self::Group(group) => write!(f, "forge/{group}"),
        }
    }
}

impl Serialize for Party {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Party {
    /// The people who are meant, as far as git tells: the forge alone knows who is in a group of
    /// it, and a team that the repo does not have has nobody.
    pub fn people<'a>(&'a self, access: &'a Access) -> impl Iterator<Item = &'a PersonName> {
        let (person, team) = match self {
            Self::Person(person) => (Some(person), None),
            Self::Team(team) => (None, access.teams.get(team)),
            Self::Group(_) => (None, None),
        };
        person.into_iter().chain(team.into_iter().flat_map(|team| &team.members))
    }
}
