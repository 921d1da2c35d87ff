//! Drift as text for a terminal, or for a file.

use std::fmt::Write as _;

use owo_colors::Style;

use super::{Change, Drift, Due, How};
use crate::drift::Hand;
use crate::period::Edge;
use crate::plan::finding::Finding;
use crate::report::text::{Look, heading, paint, wrap};
use crate::visible::clean;

/// The text.
pub fn render(drift: &Drift, zone: &jiff::tz::TimeZone, look: Look) -> String {
    let mut page = Page { text: String::new(), look, zone };
    page.head(drift);
    page.changes(&drift.changes);
    if let Some(words) = drift.logs.words().filter(|_| !drift.changes.is_empty()) {
        page.wrapped("", "", words);
        page.text.push('\n');
    }
    page.findings("Signs of another hand", &drift.signs);
    page.findings("Errors: this could not be compared", &drift.errors);
    page.due("Due: the next apply does it", &drift.due);
    page.due("Begun by an apply: the next one ends it", &drift.begun);
    let line = paint(page.look, &drift.summary(), Style::new().bold());
    page.text.push_str(&line);
    page.text.push('\n');
    page.text
}

/// An entry of the log in words.
pub(in crate::report) fn hand(hand: &Hand, zone: &jiff::tz::TimeZone) -> String {
    let at = Edge::moment(hand.at, zone).text;
    let from = hand.from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
    let applies = if hand.applies { " (the user with which jumpgate applies)" } else { "" };
    format!("{} by {} on {at}{from}{applies}", hand.action, hand.user)
}

/// How an object differs, in words behind its title.
pub(in crate::report) fn how(change: &Change) -> String {
    let how = match change.how {
        How::Missing => "is missing",
        How::Differs => "differs",
        How::Extra => "is not by git",
    };
    match &change.due_since {
        Some(since) => format!("{how}: due since {since}, and no apply did it"),
        None => how.to_owned(),
    }
}

struct Page<'z> {
    text: String,
    look: Look,
    zone: &'z jiff::tz::TimeZone,
}

impl Page<'_> {
    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        wrap(&mut self.text, self.look, first, rest, text);
    }

    fn head(&mut self, drift: &Drift) {
        let commit = drift.commit.get(..12).unwrap_or(&drift.commit);
        let applied = format!("{} at {}, against commit {commit}", drift.owner, drift.at);
        self.wrapped("", "  ", &format!("{applied} of {}, applied last", drift.since));
        let place = format!("JumpServer {} ({})", drift.jumpserver, drift.organization);
        self.wrapped("", "  ", &place);
        self.text.push('\n');
    }

    fn changes(&mut self, changes: &[Change]) {
        let mut last = None;
        for change in changes {
            if last != Some(&change.person) {
                if last.is_some() {
                    self.text.push('\n');
                }
                let title = match (&change.person, &change.display) {
                    (Some(id), Some(name)) if name != id.as_str() => {
                        format!("{id} ({})", clean(name))
                    }
                    (Some(id), _) => id.to_string(),
                    (None, _) => "nobody in this repo".to_owned(),
                };
                heading(&mut self.text, self.look, &title);
                last = Some(&change.person);
            }
            self.change(change);
        }
        if !changes.is_empty() {
            self.text.push('\n');
        }
    }

    fn change(&mut self, change: &Change) {
        let (sign, style) = match change.how {
            How::Missing => ("-", Style::new().red()),
            How::Differs => ("~", Style::new().yellow()),
            How::Extra => ("+", Style::new().magenta()),
        };
        let sign = paint(self.look, sign, style);
        let _ = writeln!(self.text, "  {sign} {}", clean(&change.title));
        self.wrapped("      ", "        ", &how(change));
        for words in &change.undo {
            self.wrapped("      undo: ", "        ", words);
        }
        for reason in &change.because {
            let words = reason.reason.as_deref().unwrap_or(reason.request.as_str());
            self.wrapped("      ", "        ", &format!("because \"{words}\""));
        }
        for one in &change.hands {
            let words = hand(one, self.zone);
            self.wrapped("      log: ", "        ", &words);
        }
    }

    fn findings(&mut self, title: &str, findings: &[Finding]) {
        if findings.is_empty() {
            return;
        }
        heading(&mut self.text, self.look, title);
        for finding in findings {
            let first = format!("  {} ", finding.code);
            self.wrapped(&first, "        ", &finding.message);
            if let Some(help) = &finding.help {
                self.wrapped("        ", "        ", &format!("-> {help}"));
            }
        }
        self.text.push('\n');
    }

    fn due(&mut self, title: &str, due: &[Due]) {
        if due.is_empty() {
            return;
        }
        heading(&mut self.text, self.look, title);
        for one in due {
            let since = one.since.as_ref().map(|since| format!(", since {since}"));
            let words = format!("{}{}", one.title, since.unwrap_or_default());
            self.wrapped("  ", "    ", &words);
        }
        self.text.push('\n');
    }
}
