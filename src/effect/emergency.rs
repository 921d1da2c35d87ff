//! What a pull request does about emergencies: brings one, approves one afterwards, or takes
//! one away that nobody approved.

use std::collections::{BTreeMap, BTreeSet};

use super::Effect;
use super::judge::Judge;
use crate::access::model::{Access, Emergency, Party, Request, Scope};
use crate::grants::Grant;
use crate::names::{PersonName, RequestName};
use crate::plan::finding::{Finding, Kind};
use crate::plural::listed;

/// An emergency of the base about which the branch says the last word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Who got something by it: none of them has that word.
    pub people: BTreeSet<PersonName>,
    /// Who answers for what it reached, for each target.
    pub owners: BTreeSet<BTreeSet<Party>>,
    /// Who approves it, as the branch says; none when the branch takes it away.
    pub by: Option<PersonName>,
}

impl Settled {
    /// Whether somebody is one of some owners, as far as git tells; where nobody owns it,
    /// everybody is.
    pub fn is_by(&self, base: &Access, by: &PersonName, owners: &BTreeSet<Party>) -> bool {
        owners.is_empty() || is_one(base, by, owners)
    }
}

/// The emergencies that the branch settles: it names another owner who approved, or the
/// request, its mark, or a person or target of it goes without anybody's approval. Whoever got
/// something by it, and whatever it reached, must still stand there when somebody approves.
pub(super) fn settled(
    base: &Access,
    head: &Access,
    grants: &[Grant<'_>],
    judge: &Judge<'_>,
) -> BTreeMap<RequestName, Settled> {
    let mut settled: BTreeMap<RequestName, Settled> = BTreeMap::new();
    for (name, request) in &base.requests {
        let Some(old) = &request.emergency else { continue };
        let new = emergency(head, name);
        let by = new.and_then(|new| new.approved.clone());
        let is_settled = match new {
            Some(_) if by.is_some() && by != old.approved => true,
            Some(_) => {
                let new = head.requests.get(name);
                old.approved.is_none() && new.is_some_and(|new| takes_out(request, new))
            }
            None => old.approved.is_none(),
        };
        if is_settled {
            let people = request.parties.iter().filter_map(|(party, _)| match party {
                Party::Person(person) => Some(person.clone()),
                Party::Team(_) | Party::Group(_) => None,
            });
            let people = people.collect();
            settled.insert(name.clone(), Settled { people, by, owners: BTreeSet::new() });
        }
    }
    // Most pull requests settle nothing, and then nobody looks at all grants.
    let grants = if settled.is_empty() { &[] } else { grants };
    for grant in grants {
        let Some(settled) = settled.get_mut(grant.because.request) else { continue };
        settled.people.insert(grant.person.clone());
        for (_, owners) in judge.reached(grant) {
            let owners: BTreeSet<Party> = owners.iter().cloned().collect();
            settled.owners.extend((!owners.is_empty()).then_some(owners));
        }
    }
    for settled in settled.values_mut().filter(|settled| settled.owners.is_empty()) {
        // What it reached is gone, or nobody owns it.
        settled.owners.insert(base.policy.owners.iter().cloned().collect());
    }
    settled
}

/// Whether a person or a target of a request is not in it any more. Its end may come sooner.
fn takes_out(old: &Request, new: &Request) -> bool {
    let parties =
        |request: &Request| request.parties.iter().map(|(party, _)| party.clone()).collect();
    let (before, after): (BTreeSet<Party>, BTreeSet<Party>) = (parties(old), parties(new));
    !before.is_subset(&after) || !targets(old).is_subset(&targets(new))
}

/// What a request reaches: the login or level, where, and which part of a database.
fn targets(request: &Request) -> BTreeSet<(&str, &str, Option<&Scope>)> {
    let servers = request.servers.iter().flat_map(|want| {
        let places = want.nodes.iter().chain(&want.assets);
        places.map(|(place, _)| (want.login.as_str(), place.as_str(), None))
    });
    let databases = request.databases.iter().flat_map(|want| {
        want.instances.iter().flat_map(|(instance, _)| {
            let (level, instance) = (want.level.as_str(), instance.as_str());
            want.tables.iter().map(move |(scope, _)| (level, instance, Some(scope)))
        })
    });
    servers.chain(databases).collect()
}

fn emergency<'a>(access: &'a Access, name: &RequestName) -> Option<&'a Emergency> {
    access.requests.get(name)?.emergency.as_ref()
}

/// Says what a reviewer must know of emergencies, and refuses what they are not for.
pub(super) fn tell(base: &Access, head: &Access, effect: &mut Effect) {
    let mut findings = Vec::new();
    for name in &effect.emergencies {
        if let Some(request) = head.requests.get(name) {
            findings.push(asked(base, head, request));
        }
    }
    for (name, settled) in &effect.settled {
        findings.push(told(base, head, name, settled));
    }
    for (name, request) in &head.requests {
        let Some(new) = &request.emergency else { continue };
        let old = emergency(base, name);
        if new.approved.is_some() && old.is_none() {
            let text = "an emergency is approved after it was merged: `approved-afterwards:` \
                        comes with a pull request of its own";
            findings.push(Finding::new(Kind::BeyondPolicy, text).at(&request.site));
        }
        if old.is_some() && effect.emergencies.contains(name) {
            let text = "an emergency that is merged gives nothing more and lasts no longer: write \
                        another request";
            findings.push(Finding::new(Kind::BeyondPolicy, text).at(&request.site));
        }
    }
    effect.findings.extend(findings);
}

/// What an emergency asks for, of whoever may merge it.
fn asked(base: &Access, head: &Access, request: &Request) -> Finding {
    let rule = base.policy.emergency.as_ref();
    let mergers = rule.map_or(&[][..], |rule| &rule.mergers);
    let names: Vec<String> = mergers.iter().map(Party::to_string).collect();
    let why = request.emergency.as_ref().map_or("", |emergency| &emergency.reason);
    let mut text = format!(
        "EMERGENCY, without the usual approvals: {why}. Only {} may merge it; it stays a finding \
         until an owner approves it afterwards",
        names.join(" or ")
    );
    let own: BTreeSet<&PersonName> =
        people(head, request).filter(|person| is_one(base, person, mergers)).collect();
    if !own.is_empty() {
        let own = listed(own.into_iter().map(AsRef::as_ref), 5);
        text.push_str(&format!(
            ". {own} may merge it and gets something by it: allowed, and then somebody else \
             approves it afterwards"
        ));
    }
    Finding::new(Kind::EmergencyAsked, text).at(&request.site)
}

/// What is said of an emergency that is settled.
fn told(base: &Access, head: &Access, name: &RequestName, settled: &Settled) -> Finding {
    let site = head.requests.get(name).or_else(|| base.requests.get(name));
    let at = |finding: Finding| match site {
        Some(request) => finding.at(&request.site),
        None => finding,
    };
    let Some(by) = &settled.by else {
        let what = if emergency(head, name).is_some() { "a part of " } else { "" };
        let text = format!("takes away {what}the emergency {name}, which no owner has approved");
        return at(Finding::new(Kind::EmergencyAsked, text));
    };
    let wrong = if settled.people.contains(by) {
        Some("got something by it: nobody approves for himself")
    } else if !base.people.contains_key(by) {
        Some("is nobody whom the base knows")
    } else if !settled.owners.iter().any(|owners| settled.is_by(base, by, owners)) {
        Some("owns nothing of what it reached")
    } else {
        None
    };
    at(match wrong {
        Some(why) => {
            Finding::new(Kind::BeyondPolicy, format!("{by} cannot approve this emergency: {why}"))
        }
        None => Finding::new(
            Kind::EmergencyAsked,
            format!("{by} approves the emergency {name} afterwards: then it is a finding no more"),
        ),
    })
}

/// The people of a request.
fn people<'a>(access: &'a Access, request: &'a Request) -> impl Iterator<Item = &'a PersonName> {
    request.parties.iter().flat_map(|(party, _)| party.people(access))
}

/// Whether somebody is one of some parties, as far as git tells: a group of the forge may
/// hold anybody who has a name there.
fn is_one<'p>(
    access: &Access,
    person: &PersonName,
    of: impl IntoIterator<Item = &'p Party>,
) -> bool {
    of.into_iter().any(|party| match party {
        Party::Person(name) => name == person,
        Party::Team(team) => {
            access.teams.get(team).is_some_and(|team| team.members.contains(person))
        }
        Party::Group(_) => access.people.get(person).is_some_and(|person| person.forge.is_some()),
    })
}
