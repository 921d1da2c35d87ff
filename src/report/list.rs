//! What may be asked for, for a terminal.

use owo_colors::OwoColorize;

use super::mine::{period, soon};
use super::text::{Look, wrap};
use crate::access::model::ScopeKind;
use crate::answers::{Held, Kind, Known, List, Offer, On, State, What};
use crate::policy::Terms;

/// What may be asked for, in lines of the width.
pub fn list(list: &List, look: Look) -> String {
    let mut text = String::new();
    for found in &list.offers {
        if !text.is_empty() {
            text.push('\n');
        }
        offer(&mut text, look, found, list.person.as_ref().map(AsRef::as_ref));
    }
    text
}

fn offer(text: &mut String, look: Look, offer: &Offer, person: Option<&str>) {
    let owners = match offer.owners.as_slice() {
        [] => "owned by nobody".to_owned(),
        owners => format!("owned by {}", owners.join(", ")),
    };
    let (title, mut lines) = match &offer.what {
        What::Servers { nodes, assets } => {
            let nodes = nodes.iter().map(|node| format!("{node} and everything below it"));
            let all: Vec<String> = nodes.chain(assets.iter().cloned()).collect();
            (all.join(", "), Vec::new())
        }
        What::Instance { name, databases, known, same_accounts_as } => {
            let mut words = match (databases, known) {
                (Some(databases), _) => format!("databases {}", databases.join(", ")),
                (None, Some(known)) if !known.databases.is_empty() => {
                    format!("all databases but the system's: {}", known.databases.join(", "))
                }
                (None, _) => "all databases but the system's".to_owned(),
            };
            if let Some(Known { day, tables, .. }) = known {
                let s = if *tables == 1 { "" } else { "s" };
                words.push_str(&format!(" ({tables} table{s} on {day})"));
            }
            let main = same_accounts_as.iter();
            let main = main.map(|main| format!("shows the accounts and data of {main}"));
            (name.to_string(), std::iter::once(words).chain(main).collect())
        }
    };
    let title = format!("{title} ({}, {owners})", offer.environment);
    lines.extend(offer.kinds.iter().map(|kind| kind_words(kind, &offer.what)));
    if let Some(person) = person {
        lines.extend(offer.has.iter().map(|held| has_words(person, held)));
        if offer.has.is_empty() {
            lines.push(format!("{person} has nothing of it"));
        }
    }
    let begin = text.len();
    wrap(text, look, "", "  ", &title);
    if look.colours {
        let plain = text.split_off(begin);
        let bold = plain.lines().map(|line| format!("{}\n", line.bold()));
        text.extend(bold);
    }
    for line in lines {
        wrap(text, look, "  ", "    ", &line);
    }
}

fn kind_words(kind: &Kind, what: &What) -> String {
    let word = match what {
        What::Servers { .. } => "login",
        What::Instance { .. } => "level",
    };
    let terms: Vec<String> = kind.terms.iter().map(on_words).collect();
    match terms.is_empty() {
        true => format!("{word} {}: fits nothing here", kind.name),
        false => format!("{word} {}: {}", kind.name, terms.join("; ")),
    }
}

fn on_words(on: &On) -> String {
    let terms = terms_words(&on.terms);
    let Some(scopes) = &on.scopes else { return terms };
    let scopes = scopes.iter().map(|scope| match scope {
        ScopeKind::Database => "whole databases",
        ScopeKind::Table => "tables",
        ScopeKind::Columns => "columns",
    });
    format!("{}: {terms}", scopes.collect::<Vec<_>>().join(" and "))
}

fn terms_words(terms: &Terms) -> String {
    if !terms.denied.is_empty() {
        return format!("not allowed ({})", terms.denied.join("; "));
    }
    let end = match (terms.longest_days, terms.end) {
        (Some(1), _) => "at most 1 day".to_owned(),
        (Some(days), _) => format!("at most {days} days"),
        (None, true) => "with an end".to_owned(),
        (None, false) => "also without an end".to_owned(),
    };
    let approvals = match terms.approvals {
        0 => "no approval asked for".to_owned(),
        1 => "1 approval".to_owned(),
        count => format!("{count} approvals"),
    };
    format!("{end}, {approvals}")
}

fn has_words(person: &str, held: &Held) -> String {
    let things: Vec<String> =
        held.things.iter().map(|thing| format!("{} on {}", thing.kind, thing.on)).collect();
    if held.state == State::Released {
        return format!("{person} had {}, released ({})", things.join("; "), held.request);
    }
    let (verb, period) = match (held.state, &held.until) {
        (State::Upcoming, _) => ("will have", period(held)),
        (_, Some(until)) => ("has", format!("until {until}")),
        (_, None) => ("has", "WITHOUT END".to_owned()),
    };
    let soon = soon(held).map(|soon| format!(", {soon}")).unwrap_or_default();
    format!("{person} {verb} {}, {period}{soon} ({})", things.join("; "), held.request)
}
