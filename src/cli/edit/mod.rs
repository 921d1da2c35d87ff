//! Commands that change files of the access repo: checked, judged and shown as a pull
//! request would be, and only then written.

mod cancel;
mod leave;
mod renew;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

pub(super) use cancel::Args as Cancel;
pub(super) use leave::Args as Leave;
pub(super) use renew::Args as Renew;

use super::source::Source;
use super::{Outcome, could_not_run, file, width};
use crate::access::model::{Access, Request};
use crate::access::{self, instant};
use crate::repo::{self, Tree};
use crate::report::{self, Comparison, Live, Look};
use crate::{approval, edit, effect};

/// Where the access repo is, and whether anything is written.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The folder of the access repo.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Show what would change, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Files by path; none is a file that goes.
type Changes = BTreeMap<Arc<str>, Option<String>>;

/// An access repo that is about to be changed.
pub(super) struct Draft<'a> {
    place: &'a Place,
    tree: Tree,
    access: Access,
    now: Timestamp,
}

impl<'a> Draft<'a> {
    /// Reads and checks the repo as it is; errors are printed.
    fn of(place: &'a Place) -> Result<Self, Outcome> {
        let now = Timestamp::now();
        let (tree, access) = Source { dir: place.dir.clone(), rev: None }.access(now)?;
        Ok(Self { place, tree, access, now })
    }

    /// A request by its name (`2026/PAY-1234-refunds`) or its path.
    fn request(&self, text: &str) -> Result<&Request, Outcome> {
        let stem = text.strip_prefix("./").unwrap_or(text);
        let stem = stem.strip_prefix("requests/").unwrap_or(stem);
        let stem = [".yaml", ".yml"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem);
        let found = self.access.requests.iter().find(|(name, _)| name.as_str() == stem);
        found.map(|(_, request)| request).ok_or_else(|| {
            let known = self.access.requests.keys().map(|name| name.as_str());
            super::plan::unknown("request", stem, known)
        })
    }

    /// An end that was asked for, when it is one.
    fn end<'t>(&self, text: &'t str) -> Result<&'t str, Outcome> {
        let zone = &self.access.config.zone;
        match instant::parse(text, instant::End::Until, zone) {
            Ok(_) => Ok(text),
            Err(error) => Err(could_not_run(&format!("{text}: {error}"))),
        }
    }

    /// The file with a key at a value.
    fn with(
        &self,
        path: &Arc<str>,
        key: &str,
        value: &str,
        behind: &[&str],
    ) -> Result<Changes, Outcome> {
        let text = self.tree.files.get(path).map(|bytes| String::from_utf8_lossy(bytes));
        edit::set(&text.unwrap_or_default(), key, value, behind)
            .map(|text| BTreeMap::from([(path.clone(), Some(text))]))
            .map_err(|error| could_not_run(&format!("{path}: {error}")))
    }

    /// Checks, judges and shows the changes, and writes them.
    fn propose(&self, changes: &Changes) -> Result<Outcome, Outcome> {
        let mut tree = self.tree.clone();
        for (path, text) in changes {
            match text {
                Some(text) => tree.files.insert(path.clone(), text.as_bytes().into()),
                None => tree.files.remove(path),
            };
        }
        let read = access::load(&tree, self.now).and_then(|head| {
            let errors = effect::ended(&self.tree, &head, &tree, self.now);
            if errors.is_empty() { Ok(head) } else { Err(errors) }
        });
        let head = read.map_err(|errors| {
            super::source::print(&tree, &errors);
            nothing(Outcome::Invalid)
        })?;
        let effect = effect::compare(&effect::Inputs {
            base: &self.access,
            base_tree: &self.tree,
            head: &head,
            head_tree: &tree,
            moment: self.now,
        });
        let needs = approval::needs(&approval::Inputs {
            base: &self.access,
            head: &head,
            effect: &effect,
            paths: &from_root(&self.place.dir, changes),
        });
        let live = Live::NotRead { why: "only files are read here".to_owned(), failed: false };
        let report = Comparison::of(effect, needs, &self.access, (String::new(), None), live);
        let colours = std::io::stdout().is_terminal();
        anstream::print!("{}", report::render_change(&report, Look { width: width(), colours }));
        if report.is_refused() {
            return Err(nothing(Outcome::Refused));
        }
        if self.place.dry_run {
            return Ok(nothing(Outcome::Done));
        }
        for (path, text) in changes {
            write(&self.place.dir.join(&**path), text.as_deref())
                .map_err(|error| could_not_run(&format!("{path}: {error}")))?;
            let verb = if text.is_some() { "written" } else { "removed" };
            anstream::println!("{verb}: {path}");
        }
        anstream::println!("Commit it and open a pull request: merging that is the approval.");
        Ok(Outcome::Done)
    }
}

/// The paths of changes from the root of the repository, in which the folder may lie deeper.
fn from_root(dir: &Path, changes: &Changes) -> BTreeSet<String> {
    let folder = repo::place(dir).map(|place| place.folder).unwrap_or_default();
    let root = if folder.is_empty() { folder } else { format!("{folder}/") };
    changes.keys().map(|path| format!("{root}{path}")).collect()
}

fn write(path: &Path, text: Option<&str>) -> std::io::Result<()> {
    match text {
        Some(text) => file::replace(path, text.as_bytes()),
        None => std::fs::remove_file(path),
    }
}

fn nothing(outcome: Outcome) -> Outcome {
    anstream::eprintln!("nothing was written");
    outcome
}

/// Runs a command that ends early with its outcome.
fn ended(result: Result<Outcome, Outcome>) -> Outcome {
    match result {
        Ok(outcome) | Err(outcome) => outcome,
    }
}
