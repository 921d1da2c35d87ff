//! `jumpgate unused`.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::draft::{Draft, Place, Title, ended, nothing};
use super::source::Source;
use super::{Outcome, block_on_any, use_of, width};
use crate::access::model::Access;
use crate::entries::{Entry, Key};
use crate::grants;
use crate::names::PersonName;
use crate::repo::{self, Tree};
use crate::report::{self, Look, Unused, UnusedContext};
use crate::request::branch;
use crate::usage::Judged;
use crate::visible::clean;

/// The form of what `unused` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: stable, versioned, with a schema.
    Json,
    /// One row an access, for a spreadsheet.
    Csv,
}

/// Say which access nobody used for some days, and take it out of the files.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// For how many days.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Only access of this person; may be repeated.
    #[arg(long, value_name = "PERSON")]
    person: Vec<PersonName>,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Take what nobody used out of the files, comments and layout kept; a request of which
    /// nothing is left is removed.
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> Outcome {
    ended(args.try_run())
}

impl Args {
    fn try_run(&self) -> Result<Outcome, Outcome> {
        let moment = Timestamp::now();
        if !self.write {
            let source = Source { dir: self.place.dir.clone(), rev: None };
            let (tree, access) = source.access(moment)?;
            self.report(&self.place.dir, &tree, &access, moment)?;
            return Ok(Outcome::Done);
        }
        let draft = Draft::of(&self.place)?;
        let draft = if self.format == Format::Text { draft } else { draft.aside() };
        let unused = self.report(draft.dir(), draft.tree(), draft.access(), moment)?;
        let keys: BTreeSet<Key<'_>> =
            unused.iter().filter(|one| one.is_unused()).map(|one| one.entry.key()).collect();
        let entries: Vec<Entry<'_>> = unused.iter().map(|one| one.entry.clone()).collect();
        let out = |entry: &Entry<'_>| {
            keys.contains(&entry.key())
                && (self.person.is_empty() || self.person.contains(entry.person))
        };
        let mut outcome = Outcome::Done;
        let changes = draft.without_entries(&entries, out, |why| {
            anstream::eprintln!("{}", clean(why));
            outcome = Outcome::InPart;
        });
        if changes.is_empty() {
            return Ok(nothing(outcome));
        }
        let title = Title {
            branch: branch("unused", &format!("{}-days", self.days)),
            fixed: false,
            subject: format!("Take out access that nobody used for {} days", self.days),
        };
        draft.propose(&changes, &title).map(|done| outcome.and(done))
    }

    /// Reads, judges and prints; gives everything that was judged.
    fn report<'a>(
        &self,
        dir: &Path,
        tree: &Tree,
        access: &'a Access,
        moment: Timestamp,
    ) -> Result<Vec<Judged<'a>>, Outcome> {
        for person in &self.person {
            super::plan::person(access, person)?;
        }
        let grants = grants::of(access);
        let read = block_on_any(use_of::read(access, &grants, moment))??;
        let term = SignedDuration::from_hours(24 * i64::from(self.days));
        let judged = use_of::judge(dir, tree, (access, &grants), &read, term, moment)?;
        let mut notes = read.notes;
        let head = repo::head(dir).ok().flatten();
        if tree.shallow || head.is_some_and(|head| head.shallow) {
            let note = "the clone is shallow: access may be older than git tells here";
            notes.push(note.to_owned());
        }
        let context = UnusedContext {
            access,
            commit: tree.commit.as_deref(),
            moment,
            days: self.days,
            oldest: read.records.oldest,
            notes,
        };
        let asked =
            |one: &&Judged<'_>| self.person.is_empty() || self.person.contains(one.entry.person);
        let shown: Vec<Judged<'a>> = judged.iter().filter(asked).cloned().collect();
        let report = Unused::of(&shown, context);
        match self.format {
            Format::Text => {
                let look = Look { width: width(), colours: std::io::stdout().is_terminal() };
                anstream::print!("{}", report::unused_text(&report, look));
            }
            Format::Json => anstream::println!("{}", report.json()),
            Format::Csv => anstream::print!("{}", report.csv()),
        }
        Ok(judged)
    }
}
