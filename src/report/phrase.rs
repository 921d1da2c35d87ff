//! Sentences of our own words and of texts from outside, kept apart until they are shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::approval::{Need, Subject};
use crate::effect::{Danger, Kind, Row, Side, Span, Thing};
pub(super) use crate::plural::count;
use crate::visible::clean;

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Our own words.
    Ours(String),
    /// A text from outside: a name, a path.
    Theirs(String),
}

/// A sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Phrase(pub(super) Vec<Part>);

impl Phrase {
    pub(super) fn ours(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Ours(text.into()));
        self
    }

    pub(super) fn theirs(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Theirs(text.into()));
        self
    }

    pub(super) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// At most `most` of the texts, and how many more there are.
    pub(super) fn list<'a>(
        mut self,
        texts: impl ExactSizeIterator<Item = &'a str>,
        most: usize,
    ) -> Self {
        let all = texts.len();
        for (number, text) in texts.take(most).enumerate() {
            if number > 0 {
                self = self.ours(", ");
            }
            self = self.theirs(text);
        }
        if all > most { self.ours(format!(" and {} more", all - most)) } else { self }
    }

    /// For a terminal.
    pub(super) fn text(&self) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Ours(text) => text.clone(),
            Part::Theirs(text) => clean(text),
        });
        parts.collect()
    }
}

/// Approvals that are needed, of whom, for what.
pub(super) fn need(need: &Need) -> Phrase {
    let emergency = need.subject == Subject::Emergency;
    let mut phrase = Phrase::default();
    phrase = phrase.ours(match emergency {
        true => "a merge by ".to_owned(),
        false => format!("{} of ", count(need.count as usize, "approval")),
    });
    for (number, party) in need.of.iter().enumerate() {
        if number > 0 {
            phrase = phrase.ours(if number + 1 == need.of.len() { " or " } else { ", " });
        }
        phrase = phrase.theirs(party.to_string());
    }
    if need.of.is_empty() {
        phrase = phrase.ours("anybody in people/ with a name at the forge");
    }
    phrase
        .ours(match need.subject {
            Subject::Instance | Subject::Servers => " for ",
            Subject::Rules => " for the rules in ",
            Subject::Emergency | Subject::Afterwards => " for the emergency ",
        })
        .theirs(need.what.as_str())
}

/// A level or login, and where: at most `most` places of a kind.
pub(super) fn thing(thing: &Thing, most: usize) -> Phrase {
    match thing {
        Thing::Servers { login, accounts, nodes, assets, .. } => {
            let mut phrase = Phrase::default().theirs(login.as_str());
            if accounts.iter().any(|account| account != login.as_str()) {
                let accounts = accounts.iter().map(String::as_str);
                phrase = phrase.ours(" (logs in as ").list(accounts, most).ours(")");
            }
            phrase = phrase.ours(" on ");
            if !nodes.is_empty() {
                let nodes_list = nodes.iter().map(String::as_str);
                phrase = phrase.list(nodes_list, most).ours(" and everything below");
            }
            if !nodes.is_empty() && !assets.is_empty() {
                phrase = phrase.ours(", ");
            }
            phrase.list(assets.iter().map(String::as_str), most)
        }
        Thing::Database { instance, level, privileges, scopes, .. } => {
            let privileges: Vec<&str> = privileges.iter().map(|one| one.sql()).collect();
            Phrase::default()
                .theirs(level.as_str())
                .ours(format!(" ({}) on ", privileges.join(", ")))
                .theirs(instance.as_str())
                .ours(": ")
                .list(scopes.iter().map(String::as_str), most)
        }
    }
}

/// What else differs between two things that look alike in [`thing`].
pub(super) fn fine_print(side: &Side) -> Phrase {
    match &side.thing {
        Thing::Servers { protocols, actions, .. } => Phrase::default()
            .ours("by ")
            .list(protocols.iter().map(String::as_str), 12)
            .ours("; may ")
            .list(actions.iter().map(String::as_str), 12)
            .ours("; user ")
            .theirs(side.user.as_str()),
        Thing::Database { server, account_host, asset, .. } => Phrase::default()
            .ours("server ")
            .theirs(server.as_str())
            .ours(", asset ")
            .theirs(asset.as_str())
            .ours(", from ")
            .theirs(account_host.as_str())
            .ours("; user ")
            .theirs(side.user.as_str()),
    }
}

/// From when until when.
pub(super) fn periods(periods: &[Span]) -> Phrase {
    let one = |span: &Span| match (&span.from, &span.until) {
        (Some(from), Some(until)) => format!("from {from} until {until}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), None) => format!("from {from}, WITHOUT END"),
        (None, None) => "WITHOUT END".to_owned(),
    };
    let mut texts: Vec<String> = periods.iter().take(4).map(one).collect();
    if periods.len() > 4 {
        texts.push(format!("{} more", periods.len() - 4));
    }
    Phrase::default().ours(texts.join(", and "))
}

/// A row in one sentence: who (one or more) gets what where until when.
pub(super) fn sentence(people: &[&str], row: &Row, most: usize) -> Phrase {
    let phrase = Phrase::default().list(people.iter().copied(), most);
    let s = if people.len() == 1 { "s" } else { "" };
    let whole = |side: &Side| thing(&side.thing, most).ours(" ").then(periods(&side.periods));
    match (&row.before, &row.after) {
        (None, Some(after)) => phrase.ours(format!(" get{s} ")).then(whole(after)),
        (Some(before), None) => phrase.ours(format!(" lose{s} ")).then(whole(before)),
        (Some(before), Some(after)) if before.thing == after.thing && before.user == after.user => {
            let only = if row.kind == Kind::Narrowed { " only " } else { " " };
            let verb = if row.kind == Kind::Changed { "get" } else { "keep" };
            phrase
                .ours(format!(" {verb}{s} "))
                .then(thing(&after.thing, most))
                .ours(only)
                .then(periods(&after.periods))
                .ours(" (was ")
                .then(periods(&before.periods))
                .ours(")")
        }
        (Some(before), Some(after)) => phrase
            .ours(format!(" get{s} "))
            .then(whole(after))
            .ours(" in place of ")
            .then(whole(before)),
        (None, None) => phrase,
    }
}

/// Rows that say the same of several people, in the order of the first of each.
pub(super) fn alike<'r>(rows: &[&'r Row]) -> Vec<(Vec<&'r str>, &'r Row)> {
    let mut places = BTreeMap::new();
    let mut alike: Vec<(Vec<&str>, &Row)> = Vec::new();
    let bare = |side: &'r Option<Side>| {
        side.as_ref().map(|side| (&side.thing, &side.periods, &side.environment))
    };
    for row in rows {
        // Another user of JumpServer is about one person.
        let moved = match (&row.before, &row.after) {
            (Some(before), Some(after)) if before.user != after.user => Some(&row.person),
            _ => None,
        };
        let key = (row.kind, bare(&row.before), bare(&row.after), &row.dangers, row.refused, moved);
        let place = *places.entry(key).or_insert_with(|| {
            alike.push((Vec::new(), row));
            alike.len() - 1
        });
        alike[place].0.push(row.person.as_str());
    }
    alike
}

/// Dangers in a few words.
pub(super) fn dangers(dangers: &BTreeSet<Danger>) -> String {
    dangers.iter().map(|danger| danger.title()).collect::<Vec<_>>().join(", ")
}

/// A kind of change in a word.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Removed => "removed",
        Kind::Narrowed => "narrowed",
        Kind::Added => "added",
        Kind::Renewed => "renewed",
        Kind::Changed => "changed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::tests::between;

    #[test]
    fn who_has_it_sooner_gets_it_and_who_has_it_longer_keeps_it() {
        let asks = |from: &str, until: &str| {
            format!(
                "for: fanlichun\nreason: refunds\nfrom: {from}\nuntil: {until}\ndatabases:\n  \
                 - instance: orders-prod\n    level: r\n    tables: [billing.invoices]\n"
            )
        };
        let base = asks("2026-12-05", "2027-01-10");
        for (from, until, says) in [
            ("2026-11-01", "2027-01-10", "fanlichun gets r "),
            ("2026-12-05", "2027-01-20", "fanlichun keeps r "),
        ] {
            let head = asks(from, until);
            let found =
                between(&[("requests/PAY-1.yaml", &base)], &[("requests/PAY-1.yaml", &head)]);
            let text = sentence(&["fanlichun"], &found.rows[0], 8).text();
            assert!(text.starts_with(says) && text.contains(" (was from 2026-12-05"), "{text}");
        }
    }
}
