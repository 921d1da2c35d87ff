//! Users of JumpServer: who left, whom git does not know, who never came, who may do all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::reach::{Reach, Way};
use super::{Door, DoorKind, Fault, Kind, LISTED, Next, Risk, Terms, Who, day, listed, worst};
use crate::access::model::{Access, Person};
use crate::jumpserver::everything::User;
use crate::names::PersonName;

/// Finds the users with whom something is wrong, among those who can log in and matter here:
/// people of the access repo, whoever reaches one of its assets, and administrators.
pub(super) fn find(
    access: &Access,
    reach: &Reach<'_>,
    terms: &Terms,
    moment: Timestamp,
) -> Vec<Door> {
    let mut ways: BTreeMap<&str, Vec<&Way<'_>>> = BTreeMap::new();
    for way in reach.ways.iter().filter(|way| !way.assets.is_empty()) {
        for user in way.users.iter() {
            ways.entry(user).or_default().push(way);
        }
    }
    let active = reach.users.values().filter(|user| user.seen.active && !user.service);
    active
        .filter_map(|user| {
            let ways = ways.get(user.seen.username.as_str()).map_or(&[][..], Vec::as_slice);
            let person = reach.person(&user.seen.username);
            let person = person.and_then(|name| Some((name, access.people.get(name)?)));
            door(access, reach, terms, moment, user, person, ways)
        })
        .collect()
}

/// The first few assets that some ways reach; one more name than is listed says that there
/// are others.
fn some_assets<'a>(ways: &[&Way<'a>]) -> String {
    let mut found: BTreeSet<&'a str> = BTreeSet::new();
    for asset in ways.iter().flat_map(|way| way.assets.iter()) {
        found.insert(asset);
        if found.len() > LISTED {
            let names: Vec<&str> = found.into_iter().take(LISTED).collect();
            return format!("{} and more", names.join(", "));
        }
    }
    listed(found)
}

fn door(
    access: &Access,
    reach: &Reach<'_>,
    terms: &Terms,
    moment: Timestamp,
    user: &User,
    person: Option<(&PersonName, &Person)>,
    reached: &[&Way<'_>],
) -> Option<Door> {
    let mut faults = Vec::new();
    let left = person.and_then(|(_, person)| person.left.as_ref());
    let gone = left.filter(|edge| edge.at <= moment);
    if let Some(edge) = gone {
        let risk = if reached.is_empty() { Risk::Medium } else { Risk::High };
        faults.push(Fault::new(Kind::Left, risk, format!("left on {}", edge.text)));
    }
    let (administers, everything) = if user.seen.administrator {
        (Some("is an administrator of the whole system"), "everything in JumpServer")
    } else if user.organization_administrator {
        (Some("is an administrator of the organization"), "everything in the organization")
    } else {
        (None, "")
    };
    if let Some(what) = administers {
        faults.push(Fault::new(Kind::Administrator, Risk::High, what));
    }
    if person.is_none() && !reached.is_empty() {
        let what = format!("no people file has the JumpServer user {}", user.seen.username);
        faults.push(Fault::new(Kind::Stranger, Risk::Medium, what));
    }
    if person.is_some() || !reached.is_empty() || administers.is_some() {
        faults.extend(idle(terms, moment, user));
    }
    if faults.is_empty() {
        return None;
    }
    let name = &user.seen.username;
    let id = user.seen.id;
    let next = match faults.iter().map(|fault| (fault.risk, fault.code)).min() {
        Some((_, Kind::Administrator)) => {
            Next::look(access, reach.organization, id, !user.seen.administrator)
        }
        Some((_, Kind::Stranger)) => Next::jumpgate(
            "write the people file of who still works here, and switch off who does not",
            "import people",
        ),
        Some((_, Kind::Left)) => Next::switch_off(
            "switch the user off (the same with true switches it on again)",
            access,
            reach.organization,
            "users/users",
            id,
        ),
        _ => Next::switch_off(
            "ask whether he still needs it; if not, switch the user off (the same with true \
             switches it on again)",
            access,
            reach.organization,
            "users/users",
            id,
        ),
    };
    let opens = if administers.is_some() {
        everything.to_owned()
    } else if reached.is_empty() {
        "JumpServer, and nothing of the access repo today".to_owned()
    } else {
        some_assets(reached)
    };
    Some(Door {
        risk: worst(&faults),
        target: "jumpserver".into(),
        kind: DoorKind::User,
        name: name.clone(),
        id: Some(id),
        opens,
        people: vec![Who { user: name.clone(), person: person.map(|(name, _)| name.clone()) }],
        people_count: 1,
        faults,
        next,
        site: person.map(|(_, person)| person.site.clone()),
    })
}

/// Whether the user never came, or not for long. A key that is used for the API counts.
fn idle(terms: &Terms, moment: Timestamp, user: &User) -> Option<Fault> {
    match user.last_login.max(user.key_used) {
        Some(last) => (moment.duration_since(last) > terms.unused).then(|| {
            Fault::new(Kind::Unused, Risk::Low, format!("was last here on {}", day(last)))
        }),
        None => {
            let joined = user.joined?;
            (moment.duration_since(joined) > terms.first_login).then(|| {
                let what = format!("was made on {} and never logged in", day(joined));
                Fault::new(Kind::NeverUsed, Risk::Low, what)
            })
        }
    }
}
