//! Which approvals were given, and what is missing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::need::Need;
use crate::access::model::{Access, Party};
use crate::names::{ForgeGroup, PersonName};

/// A pull request as the forge tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pull {
    /// The login of whoever opened it.
    pub author: String,
    /// The logins of those who wrote its commits, as far as they are known.
    pub writers: BTreeSet<String>,
    /// The addresses of those who wrote its commits.
    pub addresses: BTreeSet<String>,
    /// Merges in the branch of which nobody can tell whether they hold an edit: who made them
    /// counts as one who wrote.
    pub unread: Vec<String>,
    /// The commit that would be merged, or was.
    pub head: String,
    /// When it was merged; what was said later does not count.
    pub merged: Option<Timestamp>,
    /// When it was last made to go into another branch; what was said before does not count.
    pub retargeted: Option<Timestamp>,
    /// The reviews, in the order in which they were given.
    pub reviews: Vec<Review>,
    /// Who is in which group of the forge.
    pub groups: BTreeMap<ForgeGroup, Members>,
}

/// The logins in a group; why they could not be read, in words.
pub type Members = Result<BTreeSet<String>, String>;

/// One review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The login of the reviewer.
    pub reviewer: String,
    /// What it says.
    pub state: State,
    /// The commit that was looked at; none when the forge does not tell.
    pub commit: Option<String>,
    /// When it was given.
    pub at: Option<Timestamp>,
}

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Yes.
    Approved,
    /// No: it takes an earlier yes back.
    ChangesRequested,
    /// A review that no longer counts.
    Dismissed,
    /// Words alone: an earlier yes stays.
    Commented,
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Verdict {
    /// Each need, and what was given.
    pub needs: Vec<Judged>,
    /// Approvals that do not count.
    pub passed_over: Vec<PassedOver>,
}

/// A need, and what was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Judged {
    /// What is needed.
    #[serde(flatten)]
    pub need: Need,
    /// The approvals that count.
    pub given: Vec<Given>,
    /// How many are missing.
    pub missing: u32,
    /// How many people may still approve; none when a group is not known.
    pub able: Option<u32>,
    /// Whether the owners of the rules step in, since too few owners may approve.
    pub stepped_in: bool,
    /// Groups whose members are not known, and why.
    pub unknown: Vec<String>,
}

/// An approval that counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Given {
    /// The login at the forge.
    pub login: String,
    /// The person, as the base knows him.
    pub person: Option<PersonName>,
}

/// An approval that does not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct PassedOver {
    /// The login at the forge.
    pub login: String,
    /// Why, as words that fit behind the login.
    pub why: String,
}

impl Pull {
    /// The approvals that stand, or stood at the merge, by login: of each reviewer the latest
    /// review that says yes or no, when it says yes. It may be of an older commit.
    pub fn approvals(&self) -> Vec<&Review> {
        let mut latest: BTreeMap<String, &Review> = BTreeMap::new();
        let mut reviews: Vec<&Review> = self.reviews.iter().collect();
        reviews.sort_by_key(|review| review.at);
        for review in reviews {
            let in_time = match (self.merged, review.at) {
                (Some(merged), Some(at)) => at <= merged,
                _ => true,
            };
            if in_time && review.state != State::Commented {
                latest.insert(review.reviewer.to_lowercase(), review);
            }
        }
        latest.into_values().filter(|review| review.state == State::Approved).collect()
    }
}

impl Verdict {
    /// What another judge found, too: of a need that both have, as much is missing as either
    /// says.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for judged in other.needs {
            match self.needs.iter_mut().find(|known| known.need == judged.need) {
                Some(known) if known.missing >= judged.missing => {}
                Some(known) => *known = judged,
                None => self.needs.push(judged),
            }
        }
        self.passed_over.extend(other.passed_over);
        self.passed_over.sort();
        self.passed_over.dedup();
        let given = self.needs.iter().flat_map(|judged| &judged.given);
        let counts: BTreeSet<&String> = given.map(|given| &given.login).collect();
        self.passed_over.retain(|passed| !counts.contains(&passed.login));
        self
    }

    /// Whether nothing is missing.
    pub fn is_satisfied(&self) -> bool {
        self.needs.iter().all(|judged| judged.missing == 0)
    }

    /// Whether something is missing that nobody is left to give.
    pub fn is_hopeless(&self) -> bool {
        self.needs.iter().any(Judged::is_hopeless)
    }

    /// What is missing, in words; none when nothing is.
    pub fn missing(&self) -> Option<String> {
        let missing: Vec<String> = self
            .needs
            .iter()
            .filter(|judged| judged.missing > 0)
            .map(|judged| Need { count: judged.missing, ..judged.need.clone() }.to_string())
            .collect();
        (!missing.is_empty()).then(|| missing.join("; "))
    }
}

impl Judged {
    /// Whether more is needed than people are left to give.
    pub fn is_hopeless(&self) -> bool {
        self.able.is_some_and(|able| able < self.need.count)
    }
}

/// Counts the reviews of a pull request. The base says who is who; `gainers` get something by
/// it, and at `moment` people may have left.
///
/// Of each person the latest review that says yes or no counts, and a yes only on the head
/// commit. One person is one approval for each need.
pub fn judge(
    base: &Access,
    needs: Vec<Need>,
    gainers: &BTreeSet<PersonName>,
    pull: &Pull,
    moment: Timestamp,
) -> Verdict {
    let people = People::new(base, gainers, pull, moment);
    let (mut approvers, mut passed_over) = (Vec::new(), Vec::new());
    for review in pull.approvals() {
        let login = review.reviewer.clone();
        let stale = match &review.commit {
            Some(commit) if *commit == pull.head => None,
            Some(commit) => {
                let short = commit.get(..12).unwrap_or(commit);
                Some(format!("approved an older state ({short})"))
            }
            None => Some("approved, and the forge does not tell which state".to_owned()),
        };
        let elsewhere = pull.retargeted.is_some_and(|since| review.at.is_none_or(|at| at <= since));
        let stale = stale.or_else(|| {
            elsewhere.then(|| "approved it before it went into this branch".to_owned())
        });
        match stale.or_else(|| people.barred(&login)) {
            Some(why) => passed_over.push(PassedOver { login, why }),
            None => approvers.push(login),
        }
    }
    let needs: Vec<Judged> = needs.into_iter().map(|need| people.count(need, &approvers)).collect();
    for login in approvers {
        let counts =
            needs.iter().any(|judged| judged.given.iter().any(|given| given.login == login));
        if !counts && !needs.is_empty() {
            let why = "is none of those who are asked".to_owned();
            passed_over.push(PassedOver { login, why });
        }
    }
    passed_over.sort();
    Verdict { needs, passed_over }
}

/// Whether a login at the forge is one of some parties, by the base's people and what the pull
/// request's forge tells of groups.
pub fn is_one_of(base: &Access, pull: &Pull, login: &str, of: &BTreeSet<Party>) -> bool {
    People::new(base, &BTreeSet::new(), pull, Timestamp::MIN).may(login, of)
}

/// Who is who.
struct People<'a> {
    base: &'a Access,
    gainers: &'a BTreeSet<PersonName>,
    pull: &'a Pull,
    moment: Timestamp,
    /// By login, in lower case.
    by_login: BTreeMap<String, &'a PersonName>,
}

impl<'a> People<'a> {
    fn new(
        base: &'a Access,
        gainers: &'a BTreeSet<PersonName>,
        pull: &'a Pull,
        moment: Timestamp,
    ) -> Self {
        let people = base.people.iter();
        let by_login = people.filter_map(|(name, file)| Some((file.forge.as_ref()?, name)));
        let by_login = by_login.map(|(login, name)| (login.to_lowercase(), name)).collect();
        Self { base, gainers, pull, moment, by_login }
    }

    /// The person with a login at the forge, whatever its case.
    fn of(&self, login: &str) -> Option<&'a PersonName> {
        self.by_login.get(&login.to_lowercase()).copied()
    }

    /// Why somebody's approval does not count, whatever it is for.
    fn barred(&self, login: &str) -> Option<String> {
        let same = |other: &str| other.to_lowercase() == login.to_lowercase();
        if same(&self.pull.author) {
            return Some("opened it".to_owned());
        }
        if self.pull.writers.iter().any(|writer| same(writer)) {
            return Some("wrote a part of it".to_owned());
        }
        let Some(name) = self.of(login) else { return self.may_gain(login) };
        if self.wrote(name) {
            return Some("wrote a part of it".to_owned());
        }
        self.unfit(name)
    }

    /// Why somebody whom no file names may be one who gets something by it.
    fn may_gain(&self, login: &str) -> Option<String> {
        let nameless = |name: &&&PersonName| {
            self.base.people.get(**name).is_none_or(|person| person.forge.is_none())
        };
        let gainer = self.gainers.iter().find(|name| nameless(&name))?;
        Some(format!(
            "may be {gainer}, who gets something by it: in the base neither is `{login}` \
             the `forge` of anybody in people/, nor has {gainer} one (a new person comes first, by \
             a pull request of his own)"
        ))
    }

    /// Whether somebody wrote a part of it, by his address.
    fn wrote(&self, name: &PersonName) -> bool {
        let email = self.base.people.get(name).and_then(|person| person.email.as_ref());
        email.is_some_and(|email| {
            self.pull.addresses.iter().any(|address| address.eq_ignore_ascii_case(email))
        })
    }

    /// Why nobody can approve, whoever wrote it.
    fn unfit(&self, name: &PersonName) -> Option<String> {
        let person = self.base.people.get(name)?;
        if self.gainers.contains(name) {
            return Some("gets something by it".to_owned());
        }
        person.has_left(self.moment).then(|| "has left".to_owned())
    }

    /// Whether the one person who is named as the one who approves has said so, where his own
    /// approval cannot count: he opened it, or he approves what he wrote in.
    fn said_so(&self, need: &Need) -> bool {
        let (Some(among), [Party::Person(name)]) =
            (&need.named_among, need.of.iter().collect::<Vec<_>>().as_slice())
        else {
            return false;
        };
        let is_his = |login: &str| self.of(login) == Some(name) && self.may(login, among);
        let approves = |review: &&Review| {
            review.commit.as_ref() == Some(&self.pull.head) && is_his(&review.reviewer)
        };
        self.unfit(name).is_none()
            && (is_his(&self.pull.author) || self.pull.approvals().iter().any(approves))
    }

    fn count(&self, mut need: Need, approvers: &[String]) -> Judged {
        if self.said_so(&need) {
            need.of = need.named_among.take().unwrap_or_default();
        }
        let mut able = self.able(&need);
        let rules = &self.base.policy.owners;
        let too_few = able.is_some_and(|able| able < need.count);
        let others = rules.iter().any(|party| !need.of.contains(party));
        // Nobody steps in for somebody who is named.
        let named = need.named_among.is_some();
        let stepped_in = too_few && others && !named && !need.of.is_empty();
        if stepped_in {
            need.of.extend(rules.iter().cloned());
            able = self.able(&need);
        }
        let given: Vec<Given> = approvers
            .iter()
            .filter(|login| self.counts(login, &need))
            .map(|login| Given { login: login.clone(), person: self.of(login).cloned() })
            .collect();
        let counted = u32::try_from(given.len()).unwrap_or(u32::MAX);
        let parties = need.of.iter().chain(need.named_among.iter().flatten());
        let unknown = parties.filter_map(|party| match party {
            Party::Group(group) => match self.pull.groups.get(group) {
                Some(Ok(_)) => None,
                Some(Err(why)) => Some(format!("{party}: {why}")),
                None => Some(format!("{party}: it was not asked for")),
            },
            Party::Person(_) | Party::Team(_) => None,
        });
        Judged {
            missing: need.count.saturating_sub(counted),
            unknown: unknown.collect(),
            able,
            stepped_in,
            given,
            need,
        }
    }

    /// Whether somebody's approval is one that is needed.
    fn counts(&self, login: &str, need: &Need) -> bool {
        let among = need.named_among.as_ref();
        self.may(login, &need.of) && among.is_none_or(|among| self.may(login, among))
    }

    /// Whether somebody is one of those who are asked.
    fn may(&self, login: &str, of: &BTreeSet<Party>) -> bool {
        let person = self.of(login);
        if of.is_empty() {
            return person.is_some();
        }
        of.iter().any(|party| match party {
            Party::Person(name) => person == Some(name),
            Party::Team(team) => {
                let team = self.base.teams.get(team);
                team.is_some_and(|team| person.is_some_and(|name| team.members.contains(name)))
            }
            Party::Group(group) => match self.pull.groups.get(group) {
                Some(Ok(members)) => {
                    members.iter().any(|member| member.to_lowercase() == login.to_lowercase())
                }
                _ => false,
            },
        })
    }

    /// How many people may approve; none when a group is not known.
    fn able(&self, need: &Need) -> Option<u32> {
        let of = &need.of;
        let mut logins: BTreeSet<String> = BTreeSet::new();
        let mut put = |name: &PersonName| {
            let forge = self.base.people.get(name).and_then(|person| person.forge.as_ref());
            logins.extend(forge.map(|login| login.to_lowercase()));
        };
        if of.is_empty() {
            self.base.people.keys().for_each(&mut put);
        }
        let mut groups = Vec::new();
        for party in of {
            party.people(self.base).for_each(&mut put);
            if let Party::Group(group) = party {
                groups.push(self.pull.groups.get(group)?.as_ref().ok()?);
            }
        }
        let members = groups.into_iter().flatten().map(|login| login.to_lowercase());
        logins.extend(members);
        for party in need.named_among.iter().flatten() {
            if let Party::Group(group) = party {
                self.pull.groups.get(group)?.as_ref().ok()?;
            }
        }
        logins.retain(|login| self.barred(login).is_none() && self.counts(login, need));
        Some(u32::try_from(logins.len()).unwrap_or(u32::MAX))
    }
}
