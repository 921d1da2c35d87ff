//! What there is to tell.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::applied::{Applied, How, Sign};
use crate::access::model::{Access, Party};
use crate::access::notify::What;
use crate::emergency;
use crate::grants::{Grant, Offers, ServerTarget, Want};
use crate::names::{InstanceName, PersonName};
use crate::period::Edge;
use crate::plural::listed;

/// How many places or titles one line names.
const NAMED: usize = 5;

/// One thing to tell, in texts as they came: whoever shows them cleans them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What kind of thing.
    pub what: What,
    /// The same for the same thing: it is told once.
    pub key: String,
    /// Whom it is about.
    pub person: Option<PersonName>,
    /// Who answers for it.
    pub owners: BTreeSet<Party>,
    /// What it is about: what is held, or what an apply changed.
    pub things: Vec<String>,
    /// When it ends.
    pub until: Option<String>,
    /// Why, in the words of its author, or of a server that refused.
    pub why: Option<String>,
    /// The request that it comes from.
    pub request: Option<String>,
    /// The file of that request, when a later end can be written there.
    pub file: Option<String>,
}

/// From what events come.
pub struct Inputs<'a> {
    /// The access repo.
    pub access: &'a Access,
    /// Its grants.
    pub grants: &'a [Grant<'a>],
    /// The moment.
    pub moment: Timestamp,
    /// So many days before an end it is told.
    pub days: &'a BTreeSet<u32>,
    /// What the last apply did.
    pub applied: Option<&'a Applied>,
}

/// Where files are edited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// An address with `{path}` in it.
    pub edit: Option<String>,
    /// The folder of the access repo below the root of its repository.
    pub folder: String,
}

impl Links {
    /// Where files of a repository are edited, as the environment of a CI job tells it: GitHub,
    /// Gitea and Forgejo Actions, GitLab CI.
    pub fn edit_of(environment: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        if let Some(project) = environment("CI_PROJECT_URL") {
            let branch = environment("CI_DEFAULT_BRANCH")?;
            return Some(format!("{}/-/edit/{branch}/{{path}}", project.trim_end_matches('/')));
        }
        let (server, repository) =
            (environment("GITHUB_SERVER_URL")?, environment("GITHUB_REPOSITORY")?);
        let branch = environment("GITHUB_REF_NAME")?;
        let gitea = environment("GITEA_ACTIONS").or_else(|| environment("FORGEJO_ACTIONS"));
        let form = if gitea.is_some() { "_edit" } else { "edit" };
        Some(format!("{}/{repository}/{form}/{branch}/{{path}}", server.trim_end_matches('/')))
    }

    /// The address at which a file of the access repo is edited.
    pub(super) fn to(&self, file: &str) -> Option<String> {
        let edit = self.edit.as_ref().filter(|edit| edit.starts_with("https://"))?;
        let mut path = String::new();
        for byte in
            self.folder.bytes().chain((!self.folder.is_empty()).then_some(b'/')).chain(file.bytes())
        {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                    path.push(char::from(byte));
                }
                byte => path.push_str(&format!("%{byte:02X}")),
            }
        }
        Some(edit.replace("{path}", &path))
    }
}

/// Everything that there is to tell, whether it was told or not, in a fixed order.
pub fn events(inputs: &Inputs<'_>) -> Vec<Event> {
    let mut events = open_emergencies(inputs);
    if let Some(applied) = inputs.applied {
        events.extend(of_apply(inputs.access, applied));
    }
    events.extend(ending(inputs));
    let place = |what: What| What::ALL.iter().position(|one| *one == what);
    events.sort_by(|a, b| {
        (place(a.what), &a.person, &a.key).cmp(&(place(b.what), &b.person, &b.key))
    });
    events
}

/// Access that is held now and ends within the days, and that no other request carries on.
fn ending(inputs: &Inputs<'_>) -> Vec<Event> {
    let Inputs { access, grants, moment, days, .. } = *inputs;
    let Some(furthest) = days.last() else { return Vec::new() };
    let ahead = |days: u32| moment + SignedDuration::from_hours(24 * i64::from(days));
    let soon = |grant: &&Grant<'_>| {
        let end = grant.period.end();
        // What was given back does not end with its request.
        grant.period.contains(moment) && end <= ahead(*furthest) && !grant.because.released
    };
    let people: BTreeSet<&PersonName> =
        grants.iter().filter(soon).map(|grant| grant.person).collect();
    // What else the same people have of the same things: only these can carry them on.
    let mut held: BTreeMap<(&PersonName, String), Vec<&Grant<'_>>> = BTreeMap::new();
    let ours = grants.iter().filter(|grant| !grant.because.released);
    for grant in ours.filter(|grant| people.contains(grant.person)) {
        let (kind, place) = thing(grant);
        held.entry((grant.person, format!("{kind} {place}"))).or_default().push(grant);
    }
    let offers = Offers::new(&access.servers);
    let mut found: BTreeMap<(&str, &PersonName, Timestamp), Event> = BTreeMap::new();
    for grant in grants.iter().filter(soon) {
        let Some(until) = &grant.period.until else { continue };
        let (kind, place) = thing(grant);
        let others = held.get(&(grant.person, format!("{kind} {place}")));
        let carried_on = others
            .into_iter()
            .flatten()
            .any(|other| other.period.start() <= until.at && other.period.end() > until.at);
        if carried_on {
            continue;
        }
        let name = grant.because.request.as_str();
        let Some(request) = access.requests.get(grant.because.request) else { continue };
        let event = found.entry((name, grant.person, until.at)).or_insert_with(|| {
            // Each number of days is one reminder.
            let days = days.iter().find(|days| until.at <= ahead(**days)).unwrap_or(furthest);
            Event {
                what: What::Ending,
                key: format!("ending/{name}/{}/{}/{days}d", grant.person, until.at),
                person: Some(grant.person.clone()),
                owners: BTreeSet::new(),
                things: Vec::new(),
                until: Some(until.text.clone()),
                why: Some(grant.because.reason.to_owned()),
                request: Some(name.to_owned()),
                // An emergency is not carried on by its own file.
                file: (!grant.because.emergency).then(|| request.site.file.to_string()),
            }
        });
        match event.things.iter_mut().find(|thing| thing.starts_with(&format!("{kind}: "))) {
            Some(thing) => thing.push_str(&format!(", {place}")),
            None => event.things.push(format!("{kind}: {place}")),
        }
        let owners = match grant.want {
            Want::Server { target, .. } => offers.find(target).map(|entry| &entry.owners),
            Want::Database { instance, .. } => {
                access.instances.get(instance).map(|one| &one.owners)
            }
        };
        event.owners.extend(owners.into_iter().flatten().cloned());
    }
    let shortened = found.into_values().map(|mut event| {
        for thing in &mut event.things {
            if let Some((kind, places)) = thing.split_once(": ") {
                *thing = format!("{kind}: {}", listed(places.split(", "), NAMED));
            }
        }
        event
    });
    shortened.collect()
}

/// What a grant gives: the account, and the place, in words that are the same in every
/// language.
fn thing(grant: &Grant<'_>) -> (String, String) {
    match grant.want {
        Want::Server { login, target, .. } => {
            let (ServerTarget::Node(place) | ServerTarget::Asset(place)) = target;
            (login.to_string(), place.to_owned())
        }
        Want::Database { instance, level, scope, .. } => {
            (format!("{instance} ({level})"), scope.to_string())
        }
    }
}

/// Emergencies that wait for an owner.
fn open_emergencies(inputs: &Inputs<'_>) -> Vec<Event> {
    let open = inputs.access.requests.iter().filter_map(|(name, request)| {
        let emergency = request.emergency.as_ref().filter(|one| one.approved.is_none())?;
        let parties: Vec<String> =
            request.parties.iter().map(|(party, _)| party.to_string()).collect();
        Some(Event {
            what: What::Emergency,
            key: format!("emergency/{name}"),
            person: None,
            owners: emergency::owners(inputs.access, request),
            things: vec![listed(parties.iter().map(String::as_str), NAMED)],
            until: request.period.until.as_ref().map(|until| until.text.clone()),
            why: Some(emergency.reason.clone()),
            request: Some(name.to_string()),
            file: None,
        })
    });
    open.collect()
}

/// What an apply gave and took away by person, each step that failed, and an end that still
/// stands.
fn of_apply(access: &Access, applied: &Applied) -> Vec<Event> {
    let mut events: BTreeMap<(&str, Option<&str>), Event> = BTreeMap::new();
    let mut failed = Vec::new();
    let of = |instance: Option<InstanceName>| {
        let instance = instance.and_then(|name| access.instances.get(&name));
        instance.map_or_else(BTreeSet::new, |one| one.owners.iter().cloned().collect())
    };
    for person in &applied.plan.people {
        for entry in &person.steps {
            let because = entry.because.first();
            let mut event = Event {
                what: if entry.sign == Sign::End { What::Removed } else { What::Granted },
                key: String::new(),
                person: person.person.as_deref().and_then(|name| name.parse().ok()),
                owners: of(entry.instance()),
                things: vec![entry.title.clone()],
                until: None,
                why: because.and_then(|because| because.reason.clone()),
                request: because.map(|because| because.request.clone()),
                file: None,
            };
            match applied.how(entry) {
                How::NotBegun => {}
                How::Failed(why) => {
                    event.what = What::Failed;
                    event.key = format!("failed/{}", short(&[&entry.title, why]));
                    event.why = Some(why.to_owned());
                    failed.push(event);
                }
                How::Done => {
                    if event.what == What::Granted {
                        event.until = because.and_then(|because| because.until.clone());
                    }
                    let key = (event.what.word(), person.person.as_deref());
                    match events.entry(key) {
                        std::collections::btree_map::Entry::Vacant(free) => {
                            free.insert(event);
                        }
                        std::collections::btree_map::Entry::Occupied(mut there) => {
                            let there = there.get_mut();
                            there.things.extend(event.things);
                            there.owners.extend(event.owners);
                            // Of several requests none speaks for all.
                            if there.request != event.request {
                                (there.request, there.why, there.until) = (None, None, None);
                            }
                        }
                    }
                }
            }
        }
    }
    let mut events: Vec<Event> = events.into_values().collect();
    for event in &mut events {
        let person = event.person.as_ref().map_or("", AsRef::as_ref);
        let things = event.things.join("\n");
        let key = short(&[&applied.plan.at, person, &things]);
        event.key = format!("{}/{key}", event.what.word());
        event.things = vec![listed(event.things.iter().map(String::as_str), NAMED)];
    }
    events.extend(failed);
    events.extend(applied.oldest_overdue_end.map(|end| Event {
        what: What::Overdue,
        key: format!("overdue/{end}"),
        person: None,
        owners: BTreeSet::new(),
        things: Vec::new(),
        until: Some(Edge::end_text(end, &access.config.zone)),
        why: None,
        request: None,
        file: None,
    }));
    events
}

/// A short text that stands for long ones.
fn short(texts: &[&str]) -> String {
    HEXLOWER.encode(&Sha256::digest(texts.join("\n"))[..12])
}
