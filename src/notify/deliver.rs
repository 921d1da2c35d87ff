//! Who is told what: messages for each channel and recipient, without what was told already.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::event::{Event, Links};
use super::{Message, State, body, words};
use crate::access::model::{Access, Party};
use crate::access::notify::{Channel, Kind, Notify};
use crate::names::PersonName;

/// So many messages one recipient gets at once; what comes behind is counted.
const AT_ONCE: usize = 5;

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The channel.
    pub channel: String,
    /// The address that gets it, for mail.
    pub to: Option<String>,
    /// What is sent.
    pub message: Message,
    /// What is noted when it arrived.
    pub keys: Vec<String>,
}

/// What a run has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    /// The messages.
    pub deliveries: Vec<Delivery>,
    /// People without an address who would have got something.
    pub unreachable: BTreeSet<PersonName>,
    /// Groups of the forge that own something: nobody here knows whom to mail.
    pub groups: BTreeSet<Party>,
    /// The keys of everything that there is to tell, told or not.
    pub standing: BTreeSet<String>,
}

/// What is told at a moment, of all `events`.
pub fn deliveries(
    access: &Access,
    notify: &Notify,
    events: &[Event],
    state: &State,
    links: &Links,
    moment: Timestamp,
) -> Round {
    let mut round = Round::default();
    for (name, channel) in &notify.channels {
        let told = events.iter().filter(|event| channel.events.contains(&event.what));
        let told: Vec<&Event> = told.filter(|event| is_about(access, channel, event)).collect();
        let mut boxes: BTreeMap<Option<String>, Vec<&Event>> = BTreeMap::new();
        for event in told {
            for to in recipients(access, channel, event, moment, &mut round) {
                boxes.entry(to).or_default().push(event);
            }
        }
        for (to, events) in boxes {
            let key = |event: &Event| match &to {
                Some(to) => format!("{name}/{to}/{}", event.key),
                None => format!("{name}/{}", event.key),
            };
            round.standing.extend(events.iter().map(|event| key(event)));
            let new: Vec<(&Event, String)> =
                events.into_iter().map(|event| (event, key(event))).collect();
            let new: Vec<_> = new.into_iter().filter(|(_, key)| !state.has(key)).collect();
            let one = Recipient { access, notify, links, name, channel, to: to.clone() };
            round.deliveries.extend(one.pages(&new));
        }
    }
    round
}

/// Whether a channel is about whom an event is about. What is about nobody goes to channels for
/// everybody.
fn is_about(access: &Access, channel: &Channel, event: &Event) -> bool {
    channel.about.is_empty()
        || channel
            .about
            .iter()
            .any(|party| party.people(access).any(|person| event.people.contains(person)))
}

/// Who gets an event: addresses for mail, the channel itself for the rest.
fn recipients(
    access: &Access,
    channel: &Channel,
    event: &Event,
    moment: Timestamp,
    round: &mut Round,
) -> BTreeSet<Option<String>> {
    let Kind::Mail { to, .. } = &channel.kind else { return BTreeSet::from([None]) };
    let mut people: BTreeSet<&PersonName> = BTreeSet::new();
    if to.people {
        people.extend(&event.people);
    }
    if to.owners {
        let mut owners = owners(access, &event.owners, moment, &mut round.groups);
        if owners.is_empty() {
            owners = self::owners(access, &access.policy.owners, moment, &mut round.groups);
        }
        people.extend(owners);
    }
    let mut addresses: BTreeSet<Option<String>> =
        to.addresses.iter().map(|address| Some(address.clone())).collect();
    for person in people {
        match access.people.get(person).and_then(|file| file.email.clone()) {
            Some(address) => {
                addresses.insert(Some(address));
            }
            None => {
                round.unreachable.insert(person.clone());
            }
        }
    }
    addresses
}

/// The people behind some owners who have not left; of a group nobody knows them, so it is
/// noted.
fn owners<'a>(
    access: &'a Access,
    owners: impl IntoIterator<Item = &'a Party>,
    moment: Timestamp,
    groups: &mut BTreeSet<Party>,
) -> BTreeSet<&'a PersonName> {
    let mut people = BTreeSet::new();
    for party in owners {
        if matches!(party, Party::Group(_)) {
            groups.insert(party.clone());
        }
        let known = party.people(access);
        people.extend(known.filter(|name| access.is_here(name, moment)));
    }
    people
}

struct Recipient<'a> {
    access: &'a Access,
    notify: &'a Notify,
    links: &'a Links,
    name: &'a str,
    channel: &'a Channel,
    to: Option<String>,
}

impl Recipient<'_> {
    /// The messages about some events: as many as the channel's longest text asks for.
    fn pages(&self, events: &[(&Event, String)]) -> Vec<Delivery> {
        let language = self.notify.language;
        let owner = self.access.config.owner.as_str();
        let longest = body::longest(&self.channel.kind);
        let length = |text: &str| body::length(&self.channel.kind, text);
        let mut pages: Vec<(Vec<&Event>, Vec<String>, String)> = Vec::new();
        // Of the last page, as it is sent.
        let mut used = 0;
        let mut left_out = Vec::new();
        for (event, key) in events {
            let entry = cut(&words::entry(language, event, self.links), longest / 2, length);
            let size = length(&entry) + 1;
            if pages.is_empty() || used + size > longest {
                if pages.len() == AT_ONCE {
                    left_out.push(key.clone());
                    continue;
                }
                pages.push(Default::default());
                used = 0;
            }
            used += size;
            let Some((shown, keys, text)) = pages.last_mut() else { continue };
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&entry);
            shown.push(event);
            keys.push(key.clone());
        }
        if let Some((_, keys, text)) = pages.last_mut().filter(|_| !left_out.is_empty()) {
            text.push('\n');
            text.push_str(&words::more(language, left_out.len()));
            keys.extend(left_out);
        }
        let pages = pages.into_iter().map(|(shown, keys, text)| Delivery {
            channel: self.name.to_owned(),
            to: self.to.clone(),
            message: Message { title: words::title(language, owner, &shown), text },
            keys,
        });
        pages.collect()
    }
}

/// A text of at most so many bytes, each character by its `length`.
fn cut(text: &str, most: usize, length: impl Fn(&str) -> usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub('…'.len_utf8());
    let fits = |c: &char| {
        let size = length(c.encode_utf8(&mut [0; 4]));
        let fits = size <= left;
        left = left.saturating_sub(size);
        fits
    };
    let shown: String = text.chars().take_while(fits).collect();
    format!("{shown}…")
}
