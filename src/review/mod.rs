//! Access reviews: a list of who has what, for people to answer, and what their answers mean.
//! Pure: entries and texts in, texts and answers out.

mod answers;
mod list;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use answers::{Answers, read};
pub use list::{Facts, List, render};

use crate::access::model::{Access, Party};
use crate::entries::{self, Entry};
use crate::grants::Offers;
use crate::names::{Environment, Owner, PersonName, TeamName};

/// Which access a review is about: every part that is there must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// People of this team, or meant through it.
    pub team: Option<TeamName>,
    /// Targets of this owner, as the inventory writes it.
    pub owner: Option<Party>,
    /// Targets of this environment.
    pub environment: Option<Environment>,
    /// This person.
    pub person: Option<PersonName>,
}

impl Scope {
    /// Whether an access is one of those. `offers` are those of the access repo.
    pub fn has(&self, access: &Access, offers: &Offers<'_>, entry: &Entry<'_>) -> bool {
        let team = self.team.as_ref().is_none_or(|name| {
            let member = access.teams.get(name).is_some_and(|t| t.members.contains(entry.person));
            member || entry.team == Some(name)
        });
        team && self.person.as_ref().is_none_or(|person| person == entry.person)
            && self.environment.as_ref().is_none_or(|one| entry.environments.contains(&one))
            && self
                .owner
                .as_ref()
                .is_none_or(|owner| entries::owners(access, offers, entry.opens).contains(owner))
    }

    /// It in words: `team payments, environment prod`; `all access` without any part.
    pub fn words(&self) -> String {
        let parts = [
            self.team.as_ref().map(|team| format!("team {team}")),
            self.owner.as_ref().map(|owner| format!("owner {owner}")),
            self.environment.as_ref().map(|one| format!("environment {one}")),
            self.person.as_ref().map(|person| format!("person {person}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "all access".to_owned() } else { parts.join(", ") }
    }
}

/// What a line of a list is known by: it changes when the access does.
pub fn id(owner: &Owner, entry: &Entry<'_>) -> String {
    let end = entry.period.until.as_ref().map(|edge| edge.at);
    let start = entry.period.from.as_ref().map(|edge| edge.at);
    let at = |moment: Option<Timestamp>| moment.map(|at| at.to_string()).unwrap_or_default();
    let parts = [
        owner.to_string(),
        entry.request.to_string(),
        entry.person.to_string(),
        entry.words(),
        at(start),
        at(end),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    data_encoding::HEXLOWER.encode(&hash.finalize()[..6])
}
