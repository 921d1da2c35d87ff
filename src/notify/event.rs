//! What there is to tell.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::applied::{Applied, Because, How};
use crate::access::model::{Access, Party};
use crate::access::notify::What;
use crate::emergency;
use crate::entries::{self, Opens};
use crate::grants::{self, Grant, Offers, ServerTarget, Want};
use crate::names::PersonName;
use crate::period::Edge;
use crate::plural::listed;

/// How many places, titles or people one line names.
pub(super) const NAMED: usize = 5;

/// One thing to tell, in texts as they came: whoever shows them cleans them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What kind of thing.
    pub what: What,
    /// The same for the same thing: it is told once.
    pub key: String,
    /// Whom it is about.
    pub people: BTreeSet<PersonName>,
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
        (place(a.what), &a.people, &a.key).cmp(&(place(b.what), &b.people, &b.key))
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
    let mut found: BTreeMap<(&str, &PersonName, Timestamp), Ending> = BTreeMap::new();
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
        let ending = found.entry((name, grant.person, until.at)).or_insert_with(|| {
            // Each number of days is one reminder.
            let days = days.iter().find(|days| until.at <= ahead(**days)).unwrap_or(furthest);
            // Whoever leaves is not carried on by a later end, and no emergency by its own file.
            let own = request.period.until.as_ref().is_some_and(|own| own.at == until.at);
            let event = Event {
                what: What::Ending,
                key: format!("ending/{name}/{}/{}/{days}d", grant.person, until.at),
                people: BTreeSet::from([grant.person.clone()]),
                owners: BTreeSet::new(),
                things: Vec::new(),
                until: Some(until.text.clone()),
                why: Some(grant.because.reason.to_owned()),
                request: Some(name.to_owned()),
                file: (own && !grant.because.emergency).then(|| request.site.file.to_string()),
            };
            Ending { event, places: BTreeMap::new() }
        });
        ending.places.entry(kind).or_default().push(place);
        let owners = entries::owners(access, &offers, Opens::of(grant.want));
        ending.event.owners.extend(owners.iter().cloned());
    }
    found.into_values().map(Ending::told).collect()
}

/// An end that is told, with the places of each kind of access.
struct Ending {
    event: Event,
    places: BTreeMap<String, Vec<String>>,
}

impl Ending {
    /// The event, which names the first places of each kind.
    fn told(self) -> Event {
        let things = self.places.iter().map(|(kind, places)| {
            format!("{kind}: {}", listed(places.iter().map(String::as_str), NAMED))
        });
        Event { things: things.collect(), ..self.event }
    }
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
        let people = grants::people(inputs.access, request);
        let is_here = |name: &&PersonName| inputs.access.is_here(name, inputs.moment);
        let parties: Vec<String> =
            request.parties.iter().map(|(party, _)| party.to_string()).collect();
        Some(Event {
            what: What::Emergency,
            key: format!("emergency/{name}"),
            people: people.into_keys().filter(is_here).cloned().collect(),
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

/// What an apply gave, took away and changed by person, each step that failed, and an end that
/// still stands.
fn of_apply(access: &Access, applied: &Applied) -> Vec<Event> {
    let mut done: BTreeMap<(What, Option<&str>), Done<'_>> = BTreeMap::new();
    let mut events = Vec::new();
    for person in &applied.plan.people {
        let name = person.person.as_deref();
        for entry in &person.steps {
            let instance = entry.instance().and_then(|name| access.instances.get(&name));
            let owners = instance.into_iter().flat_map(|instance| instance.owners.iter().cloned());
            match applied.how(entry) {
                How::NotBegun => {}
                How::Failed(why) => events.push(Event {
                    what: What::Failed,
                    key: format!("failed/{}", short(&[&entry.title, why])),
                    people: parsed(name),
                    owners: owners.collect(),
                    things: vec![entry.title.clone()],
                    until: None,
                    why: Some(why.to_owned()),
                    request: only(entry.because.iter().map(|one| one.request.as_str())),
                    file: None,
                }),
                How::Done => {
                    for what in entry.whats() {
                        let one = done.entry((what, name)).or_default();
                        one.things.push(entry.thing());
                        one.owners.extend(owners.clone());
                        one.because.extend(entry.because.iter().filter(|one| one.tells(what)));
                    }
                }
            }
        }
    }
    let told = done.into_iter().map(|((what, name), done)| {
        let things = done.things.join("\n");
        let key = short(&[&applied.plan.at, name.unwrap_or_default(), &things]);
        // Of several requests none speaks for all.
        let request = only(done.because.iter().map(|one| one.request.as_str()));
        let why = request.as_ref().and(done.because.first()).and_then(|one| one.reason.clone());
        // No end is one of them, too.
        let ends = done.because.iter().map(|one| one.until.as_deref().unwrap_or_default());
        Event {
            what,
            key: format!("{}/{key}", what.word()),
            people: parsed(name),
            things: vec![listed(done.things.iter().map(String::as_str), NAMED)],
            until: only(ends).filter(|end| what == What::Granted && !end.is_empty()),
            why,
            request,
            owners: done.owners,
            file: None,
        }
    });
    events.extend(told);
    events.extend(applied.oldest_overdue_end.map(|end| Event {
        what: What::Overdue,
        key: format!("overdue/{end}"),
        people: BTreeSet::new(),
        owners: BTreeSet::new(),
        things: Vec::new(),
        until: Some(Edge::end_text(end, &access.config.zone)),
        why: None,
        request: None,
        file: None,
    }));
    events
}

/// What an apply did of one kind for one person.
#[derive(Default)]
struct Done<'a> {
    things: Vec<String>,
    owners: BTreeSet<Party>,
    because: Vec<&'a Because>,
}

/// A name as it stands in a result, when it can be one.
fn parsed(name: Option<&str>) -> BTreeSet<PersonName> {
    name.and_then(|name| name.parse().ok()).into_iter().collect()
}

/// The text that all of some are; none when they differ, or there is none.
fn only<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut texts = texts;
    let first = texts.next()?;
    texts.all(|text| text == first).then(|| first.to_owned())
}

/// A short text that stands for long ones.
fn short(texts: &[&str]) -> String {
    HEXLOWER.encode(&Sha256::digest(texts.join("\n"))[..12])
}
