//! An import as text: what was written, and what was left alone by reason.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use owo_colors::OwoColorize;

use super::text::{Look, wrap};
use crate::import::{Import, Kind, Left, Thing, Why};
use crate::plural::count;
use crate::visible::clean;

/// How many things a reason lists one by one.
const LISTED: usize = 40;
/// How many files that are there already are listed.
const THERE: usize = 10;
/// How many names stand in one list.
const NAMES: usize = 60;
/// How many names a file is told with.
const FEW: usize = 4;

/// The text of an import. `zone` is the one of the access repo.
pub fn render(import: &Import, zone: &TimeZone, look: Look) -> String {
    let mut page = Page { text: String::new(), look };
    let at = import.moment.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M %:z");
    let head = format!("{} at {at}, organization {}", import.owner, import.organization);
    page.wrapped("", "  ", &head);
    for (name, why) in &import.unreadable {
        page.wrapped("", "  ", &format!("{name} could not be read: {why}"));
    }
    page.files(import);
    page.covered(import);
    page.left(import);
    page.foot(import);
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

    fn heading(&mut self, text: &str) {
        let _ = match self.look.colours {
            true => writeln!(self.text, "\n{}", text.bold()),
            false => writeln!(self.text, "\n{text}"),
        };
    }

    fn files(&mut self, import: &Import) {
        if import.files.is_empty() {
            return;
        }
        self.heading(if import.written { "written" } else { "would be written" });
        for file in &import.files {
            let verb = if file.added_to { ", added to" } else { "" };
            let stands_for = things(&file.stands_for, FEW);
            self.wrapped("  ", "    ", &format!("{}{verb}: {stands_for}", file.path));
            for note in &file.notes {
                self.wrapped("    ", "      ", note);
            }
        }
    }

    fn covered(&mut self, import: &Import) {
        let mut files: BTreeMap<&str, Vec<Thing>> = BTreeMap::new();
        for covered in &import.covered {
            files.entry(&covered.file).or_default().push(covered.thing.clone());
        }
        if files.is_empty() {
            return;
        }
        self.heading("there already");
        for (file, all) in files.iter().take(THERE) {
            self.wrapped("  ", "    ", &format!("{file}: {}", things(all, FEW)));
        }
        self.more(files.len(), THERE);
    }

    fn left(&mut self, import: &Import) {
        let mut groups: BTreeMap<Why, Vec<&Left>> = BTreeMap::new();
        for left in &import.left {
            if let Some(reason) = left.reasons.first() {
                groups.entry(reason.why).or_default().push(left);
            }
        }
        for (why, group) in groups {
            self.heading(&format!("left alone: {} ({})", why.title(), group.len()));
            if matches!(why, Why::NoPattern | Why::Server) {
                self.names(&group);
            } else {
                self.reasons(&group);
            }
            self.wrapped("  -> ", "     ", why.help());
        }
    }

    /// Things with their reasons: those with the same reasons together.
    fn reasons(&mut self, group: &[&Left]) {
        let mut alike: Vec<(String, Vec<&Thing>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for left in group {
            let reasons: Vec<&str> =
                left.reasons.iter().map(|reason| reason.text.as_str()).collect();
            let reasons = reasons.join("; ");
            let place = *places.entry(reasons.clone()).or_insert(alike.len());
            if place == alike.len() {
                alike.push((reasons, Vec::new()));
            }
            if let Some((_, all)) = alike.get_mut(place) {
                all.push(&left.thing);
            }
        }
        for (reasons, all) in alike.iter().take(LISTED) {
            match all.as_slice() {
                [one] => self.wrapped("  ", "    ", &format!("{}: {reasons}", one.words())),
                many => {
                    self.wrapped("  ", "    ", reasons);
                    let many: Vec<Thing> = many.iter().map(|thing| (*thing).clone()).collect();
                    self.wrapped("    ", "      ", &things(&many, NAMES));
                }
            }
        }
        self.more(alike.len(), LISTED);
    }

    /// Things of which the names say enough, by target.
    fn names(&mut self, group: &[&Left]) {
        let mut targets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for left in group {
            targets.entry(&left.thing.target).or_default().push(&left.thing.name);
        }
        for (target, names) in targets {
            let shown = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
            let more = match names.len().saturating_sub(NAMES) {
                0 => String::new(),
                more => format!(" and {more} more (--format json lists all)"),
            };
            self.wrapped("  ", "    ", &format!("{target}: {shown}{more}"));
        }
    }

    fn more(&mut self, all: usize, shown: usize) {
        if let Some(more) = all.checked_sub(shown).filter(|more| *more > 0) {
            self.wrapped("  ", "    ", &format!("... and {more} more (--format json lists all)"));
        }
    }

    fn foot(&mut self, import: &Import) {
        let verb = if import.written { "written" } else { "would be written" };
        let line = format!(
            "{} {verb}, {} there already, {} left alone",
            count(import.files.len(), "file"),
            import.covered.len(),
            import.left.len()
        );
        self.text.push('\n');
        self.wrapped("", "  ", &line);
        if import.written && !import.files.is_empty() {
            let next = match &import.branch {
                Some(branch) => format!(
                    "Nothing on a server was changed. Look through the files in the branch \
                     {branch}, and see the plan of the pull request."
                ),
                None => "Nothing on a server was changed. Look through the files, commit them to \
                         a branch, and see the plan of the pull request."
                    .to_owned(),
            };
            self.wrapped("", "", &next);
        }
    }
}

/// Some things in words: their kind and target once, and at most so many names of each.
fn things(things: &[Thing], most: usize) -> String {
    let mut kinds: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for thing in things {
        kinds.entry((thing.kind, &thing.target)).or_default().push(clean(&thing.name));
    }
    let told = kinds.into_iter().map(|((kind, target), names)| {
        let s = if names.len() == 1 { "" } else { "s" };
        let on = match kind {
            Kind::Account | Kind::Role => format!(" on {target}"),
            _ => String::new(),
        };
        let shown = names.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
        match names.len().saturating_sub(most) {
            0 => format!("{}{s}{on} {shown}", kind.word()),
            more => format!("{}{s}{on} {shown} and {more} more", kind.word()),
        }
    });
    told.collect::<Vec<_>>().join("; ")
}
