//! What a person has, for a terminal.

use owo_colors::OwoColorize;

use super::text::{Look, wrap};
use crate::answers::{Held, Mine, RELEASED, State};
use crate::visible::clean;

/// What a person has, in lines of the width.
pub fn mine(mine: &Mine, look: Look) -> String {
    let mut text = String::new();
    let person = clean(&format!("{} ({}), in JumpServer {}", mine.person, mine.name, mine.user));
    text.push_str(&if look.colours { person.bold().to_string() } else { person });
    text.push('\n');
    let mut page = Page { text, look };
    if mine.access.is_empty() {
        page.text.push_str("\nBy git there is no access.\n");
    }
    for held in &mine.access {
        page.text.push('\n');
        page.held(held);
    }
    if !mine.waiting.is_empty() {
        page.text.push_str("\nWaiting for approval\n");
    }
    for waiting in &mine.waiting {
        for held in &waiting.access {
            page.text.push('\n');
            page.line("", &format!("{}, in branch {}", held.request, waiting.branch));
            page.line("  ", &period(held));
            page.things(held);
        }
    }
    if let Some(connect) = &mine.connect {
        page.text.push_str("\nHow to connect\n");
        page.line("  ", &format!("in a browser: {}", connect.web));
        if let Some(ssh) = &connect.ssh {
            page.line("  ", &format!("by SSH: {ssh} (unless your administrator set another port)"));
        }
    }
    page.text
}

struct Page {
    text: String,
    look: Look,
}

impl Page {
    fn line(&mut self, indent: &str, text: &str) {
        wrap(&mut self.text, self.look, indent, &format!("{indent}  "), text);
    }

    fn held(&mut self, held: &Held) {
        let state = match held.state {
            State::Active => "active",
            State::Upcoming => "it begins later",
            State::Released => "released",
            State::Ended => "ended",
        };
        self.line("", &format!("{} ({state})", held.request));
        let team = held.team.as_ref().map(|team| format!(", for team {team}")).unwrap_or_default();
        self.line("  ", &format!("because \"{}\"{team}", held.reason));
        self.line("  ", &period(held));
        if held.state == State::Released {
            self.line("  ", RELEASED);
        }
        if let Some(soon) = soon(held) {
            self.line("  ", &format!("{soon}: jumpgate renew {} --until DATE", held.request));
        }
        for refused in &held.refused {
            self.line("  ", &format!("nothing new comes of it: {refused}"));
        }
        match &held.origin {
            Some(origin) => {
                let day = origin.merged.to_zoned_datetime(jiff::tz::TimeZone::UTC);
                let pull = origin.pull_request.as_ref().map(|pull| format!(", {pull}"));
                let pull = pull.unwrap_or_default();
                let day = day.strftime("%Y-%m-%d");
                self.line("  ", &format!("merged by {} on {day}{pull}", origin.merged_by));
            }
            None => self.line("  ", "not in a commit yet"),
        }
        self.things(held);
    }

    fn things(&mut self, held: &Held) {
        for thing in &held.things {
            let accounts = thing.accounts.join(" or ");
            let open = match thing.on.starts_with(&thing.open) {
                true => format!("as {accounts}"),
                false => format!("open {} as {accounts}", thing.open),
            };
            self.line("  ", &format!("- {} on {}; {open}", thing.kind, thing.on));
        }
    }
}

/// From when until when, in words.
pub(super) fn period(held: &Held) -> String {
    match (&held.from, &held.until) {
        (Some(from), Some(until)) => format!("from {from} until {until}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), None) => format!("from {from}, WITHOUT END"),
        (None, None) => "WITHOUT END".to_owned(),
    }
}

/// That it ends soon, in words.
pub(super) fn soon(held: &Held) -> Option<String> {
    Some(match held.ends_in_days? {
        0 => "ENDS WITHIN A DAY".to_owned(),
        1 => "ENDS IN 1 DAY".to_owned(),
        days => format!("ENDS IN {days} DAYS"),
    })
}
