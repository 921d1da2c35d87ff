//! An audit as text, the worst doors first.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use owo_colors::{OwoColorize, Style};

use crate::audit::{Audit, Door, Risk};
use crate::plural::first_of;
use crate::report::text::{Look, wrap};
use crate::visible::clean;

/// How many people a door names.
const PEOPLE: usize = 8;

/// The text of an audit. `zone` is the one of the access repo.
pub fn render(audit: &Audit, zone: &TimeZone, look: Look) -> String {
    let mut page = Page { text: String::new(), look };
    page.head(audit, zone);
    page.emergencies(audit);
    for door in &audit.doors {
        page.door(door);
    }
    page.foot(audit);
    page.text
}

struct Page {
    text: String,
    look: Look,
}

impl Page {
    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        wrap(&mut self.text, self.look, first, rest, text);
    }

    fn head(&mut self, audit: &Audit, zone: &TimeZone) {
        let at = audit.moment.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M %:z");
        let what = match &audit.commit {
            Some(commit) => format!("commit {}", commit.get(..12).unwrap_or(commit)),
            None => "the files of the folder".to_owned(),
        };
        self.wrapped("", "  ", &format!("{} at {at}, {what}", audit.owner));
        for target in &audit.targets {
            if let Some(why) = &target.unreadable {
                self.wrapped("", "  ", &format!("{} could not be read: {why}", target.name));
            }
            for unseen in &target.unseen {
                self.wrapped("", "  ", &format!("not seen on {}: {unseen}", target.name));
            }
        }
        self.text.push('\n');
    }

    fn emergencies(&mut self, audit: &Audit) {
        for finding in &audit.emergencies {
            let text = format!("{} {}", finding.code, finding.message);
            self.wrapped("emergency: ", "  ", &text);
            if let Some(site) = &finding.site {
                self.wrapped("  ", "  ", &format!("{}:{}", site.file, site.line));
            }
            self.wrapped("  next: ", "    ", finding.help.as_deref().unwrap_or_default());
            self.text.push('\n');
        }
    }

    fn door(&mut self, door: &Door) {
        let word = door.risk.word();
        let title = clean(&door.title());
        if self.look.colours {
            let style = match door.risk {
                Risk::Critical => Style::new().red().bold(),
                Risk::High => Style::new().red(),
                Risk::Medium => Style::new().yellow(),
                Risk::Low => Style::new().cyan(),
            };
            let _ = writeln!(self.text, "{}: {}", word.style(style), title.bold());
        } else {
            let _ = writeln!(self.text, "{word}: {title}");
        }
        self.wrapped("  opens ", "    ", &door.opens);
        if door.people_count > 0 {
            self.wrapped("  for ", "    ", &people(door));
        }
        for fault in &door.faults {
            let text = format!("{} {}: {}", fault.code, fault.what, fault.why);
            self.wrapped("  ", "    ", &text);
        }
        self.wrapped("  next: ", "    ", &door.next.text);
        // Not wrapped: it is there to be copied.
        let _ = writeln!(self.text, "    {}\n", clean(&door.next.command));
    }

    fn foot(&mut self, audit: &Audit) {
        let doors = audit.doors.len();
        if doors == 0 {
            self.text.push_str("Every door that was seen came through git.\n");
        } else {
            let counts: Vec<String> = Risk::ALL
                .into_iter()
                .map(|risk| (audit.counts.get(&risk).copied().unwrap_or(0), risk))
                .filter(|(count, _)| *count > 0)
                .map(|(count, risk)| format!("{count} {}", risk.word()))
                .collect();
            let noun = if doors == 1 { "door" } else { "doors" };
            let line = format!("{doors} {noun} did not come through git: {}", counts.join(", "));
            self.wrapped("", "  ", &line);
            self.text.push_str("`jumpgate explain CODE` says more of a code.\n");
        }
    }
}

fn people(door: &Door) -> String {
    let names = door.people.iter().map(|who| match &who.person {
        Some(person) => person.to_string(),
        None => format!("{} (nobody in git)", who.user),
    });
    first_of(names, PEOPLE, door.people_count)
}
