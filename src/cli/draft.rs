//! A change to the access repo: checked, judged and shown as a pull request would be, and only
//! then written, to the files or to a branch.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::publish::{self, Published};
use super::source::Source;
use super::together::{self, Change};
use super::{Outcome, could_not_run, width};
use crate::access::model::{Access, Request};
use crate::access::{self, instant};
use crate::entries::{self, Entry};
use crate::names::RequestName;
use crate::period::Edge;
pub(super) use crate::repo::branch::Changes;
use crate::repo::{self, Tree};
use crate::report::{self, Comparison, Live, Look};
use crate::visible::clean;
use crate::{approval, catalog, edit, effect};

/// Where the access repo is, and what becomes of a change.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Place {
    /// The folder of the access repo.
    #[arg(default_value = ".", help_heading = None)]
    pub(super) dir: PathBuf,
    /// Show what would change, and write nothing.
    #[arg(long, help_heading = None)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) publish: publish::Flags,
}

/// What a change is called in a branch, a commit and a pull request.
#[derive(Debug, Clone)]
pub(super) struct Title {
    /// The branch, when the user names none.
    pub(super) branch: String,
    /// Whether the branch must have this name, since a repeated call looks for it.
    pub(super) fixed: bool,
    /// The subject of the commit, and the title of the pull request.
    pub(super) subject: String,
}

impl Title {
    /// Of a command and the request or person that it changes. Reasons stay out of it: a
    /// merge's message steers CI (`[skip ci]`) and closes issues.
    pub(super) fn of(command: &str, name: &str, how: &str) -> Self {
        let verb = command.get(..1).unwrap_or_default().to_uppercase();
        let rest = command.get(1..).unwrap_or_default();
        Self {
            branch: crate::request::branch(command, name),
            fixed: false,
            subject: format!("{verb}{rest} {name} {how}"),
        }
    }
}

/// An access repo that is about to be changed.
pub(super) struct Draft<'a> {
    place: &'a Place,
    base: Option<publish::Base>,
    tree: Tree,
    access: Access,
    now: Timestamp,
    /// Whether what a reviewer would see goes to standard error, since data goes to the output.
    aside: bool,
}

impl<'a> Draft<'a> {
    /// Reads and checks the repo as it is, or as the base of a new branch is; errors are
    /// printed.
    pub(super) fn of(place: &'a Place) -> Result<Self, Outcome> {
        let now = Timestamp::now();
        let base = place.publish.base(&place.dir).map_err(|error| could_not_run(&error))?;
        let rev = base.as_ref().map(|base| base.revision.clone());
        let (tree, access) = Source { dir: place.dir.clone(), rev }.access(now)?;
        Ok(Self { place, base, tree, access, now, aside: false })
    }

    /// The same, with nothing but data on standard output.
    pub(super) fn aside(self) -> Self {
        Self { aside: true, ..self }
    }

    /// The files that are changed.
    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The repo that is changed.
    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// The folder of the repo.
    pub(super) fn dir(&self) -> &Path {
        &self.place.dir
    }

    /// The moment of the change.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// A request by its name (`2026/PAY-1234-refunds`), the last part of it, or its path.
    pub(super) fn request(&self, text: &str) -> Result<(&RequestName, &Request), Outcome> {
        let stem = stem(text);
        named(&self.access, stem).ok_or_else(|| {
            let known = self.access.requests.keys().map(|name| name.as_str());
            let outcome = super::plan::unknown("request", stem, known);
            if let Some(base) = &self.base {
                let base = clean(base.revision.trim_start_matches("refs/remotes/"));
                anstream::eprintln!("  a branch starts from {base}: the files there were read");
            }
            outcome
        })
    }

    /// An end that was asked for, when it is one.
    pub(super) fn end(&self, text: &str) -> Result<Edge, Outcome> {
        let zone = &self.access.config.zone;
        instant::parse(text, instant::End::Until, zone)
            .map_err(|error| could_not_run(&format!("{text}: {error}")))
    }

    /// The file with a key at a value.
    pub(super) fn with(
        &self,
        path: &Arc<str>,
        key: &str,
        value: &str,
        behind: &[&str],
    ) -> Result<Changes, Outcome> {
        self.edited(path, |text| edit::set(text, key, value, behind))
    }

    /// The file with a key that says `true`.
    pub(super) fn with_true(
        &self,
        path: &Arc<str>,
        key: &str,
        behind: &[&str],
    ) -> Result<Changes, Outcome> {
        self.edited(path, |text| edit::set_true(text, key, behind))
    }

    fn edited(
        &self,
        path: &Arc<str>,
        edit: impl FnOnce(&str) -> Result<String, edit::Refused>,
    ) -> Result<Changes, Outcome> {
        let text = self.tree.files.get(path).map(|bytes| String::from_utf8_lossy(bytes));
        edit(&text.unwrap_or_default())
            .map(|text| Changes::from([(path.clone(), Some(text))]))
            .map_err(|error| could_not_run(&format!("{path}: {error}")))
    }

    /// Without these files of requests. The folder stays: a lost one is an error, not a repo
    /// without requests.
    pub(super) fn without(&self, files: &BTreeSet<Arc<str>>) -> Changes {
        let mut changes: Changes = files.iter().map(|file| (file.clone(), None)).collect();
        let mut others = self.tree.files.keys().filter(|path| path.starts_with("requests/"));
        if !files.is_empty() && others.all(|path| files.contains(path)) {
            changes.insert("requests/.gitkeep".into(), Some(String::new()));
        }
        changes
    }

    /// Without these accesses, as far as the files can say it; what stays, and why, is told by
    /// `tell`. Nothing is written.
    pub(super) fn without_entries<'e>(
        &self,
        entries: &[Entry<'e>],
        out: impl Fn(&Entry<'e>) -> bool,
        mut tell: impl FnMut(&str),
    ) -> Changes {
        let mut whole = BTreeSet::new();
        let mut changes = Changes::new();
        for one in entries.chunk_by(|a, b| a.request == b.request) {
            let Some(request) = one.first().and_then(|one| self.access.requests.get(one.request))
            else {
                continue;
            };
            let file = &request.site.file;
            let all: Vec<&Entry<'e>> = one.iter().collect();
            let removal = entries::removal(&self.access, request, &all, &out);
            for (person, opens) in &removal.left {
                tell(&format!(
                    "{file}: {person}, {opens}: no part of the file gives this and nothing else, \
                     so it stays: change it by hand"
                ));
            }
            if removal.whole {
                whole.insert(file.clone());
            } else if !removal.parts.is_empty() {
                let text = self.tree.files.get(file).map(|bytes| String::from_utf8_lossy(bytes));
                match edit::take_out(&text.unwrap_or_default(), &removal.parts) {
                    Ok(text) => {
                        changes.insert(file.clone(), Some(text));
                    }
                    Err(refused) => tell(&format!("{file}: {refused}")),
                }
            }
        }
        changes.extend(self.without(&whole));
        changes
    }

    /// Checks and judges the changes, and shows what a reviewer would see.
    pub(super) fn judge(&self, changes: &Changes) -> Result<(), Outcome> {
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
        let mut unknown = catalog::check(&tree, &head, self.now);
        unknown.retain(|notice| changes.contains_key(&notice.site.file));
        super::source::print(&tree, &unknown);
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
        let look = |colours| Look { width: width(), colours };
        if self.aside {
            let colours = std::io::stderr().is_terminal();
            anstream::eprint!("{}", report::render_change(&report, look(colours)));
        } else {
            let colours = std::io::stdout().is_terminal();
            anstream::print!("{}", report::render_change(&report, look(colours)));
        }
        if report.is_refused() {
            return Err(nothing(Outcome::Refused));
        }
        Ok(())
    }

    /// Checks, judges and shows the changes, and writes them.
    pub(super) fn propose(&self, changes: &Changes, title: &Title) -> Result<Outcome, Outcome> {
        self.judge(changes)?;
        if self.place.dry_run {
            return Ok(nothing(Outcome::Done));
        }
        self.write(changes, title)?;
        Ok(Outcome::Done)
    }

    /// Writes changes that were judged: to the files, or to a branch.
    pub(super) fn write(
        &self,
        changes: &Changes,
        title: &Title,
    ) -> Result<Option<Published>, Outcome> {
        if let Some(base) = &self.base {
            let published = self.place.publish.publish(&self.place.dir, base, changes, title);
            let published = published.map_err(|error| could_not_run(&error))?;
            self.told(&published);
            return Ok(Some(published));
        }
        self.put(changes)?;
        for (path, text) in changes {
            let verb = if text.is_some() { "written" } else { "removed" };
            self.say(&format!("{verb}: {path}"));
        }
        self.say("Commit it and open a pull request: merging that is the approval.");
        Ok(None)
    }

    /// Changes the files of the folder: all or none, and only as they were read.
    pub(super) fn put(&self, changes: &Changes) -> Result<(), Outcome> {
        let changes = changes.iter().map(|(path, text)| Change {
            path,
            before: self.tree.files.get(path).map(|bytes| &**bytes),
            after: text.as_ref().map(String::as_bytes),
        });
        let changes: Vec<Change<'_>> = changes.collect();
        together::change(&self.place.dir, &changes).map_err(|failed| {
            let outcome = could_not_run(&failed);
            if failed.is_clean() { nothing(outcome) } else { outcome }
        })
    }

    /// Says what a branch became.
    pub(super) fn told(&self, published: &Published) {
        let Published { branch, pushed, pull_request, .. } = published;
        self.say(&format!("{}: {branch}", if *pushed { "pushed" } else { "branch" }));
        match pull_request {
            Some(pull) => self.say(&format!("pull request #{}: {}", pull.number, clean(&pull.url))),
            None => self.say("Open a pull request from it: merging that is the approval."),
        }
    }

    fn say(&self, line: &str) {
        if self.aside {
            anstream::eprintln!("{line}");
        } else {
            anstream::println!("{line}");
        }
    }
}

/// The paths of changes from the root of the repository, in which the folder may lie deeper.
fn from_root(dir: &Path, changes: &Changes) -> BTreeSet<String> {
    let folder = repo::place(dir).map(|place| place.folder).unwrap_or_default();
    let root = if folder.is_empty() { folder } else { format!("{folder}/") };
    changes.keys().map(|path| format!("{root}{path}")).collect()
}

/// The name of a request, from its name or its path.
pub(super) fn stem(text: &str) -> &str {
    let stem = text.strip_prefix("./").unwrap_or(text);
    let stem = stem.strip_prefix("requests/").unwrap_or(stem);
    [".yaml", ".yml"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem)
}

/// The request with this name, or else the only one with this last part.
pub(super) fn named<'a>(access: &'a Access, name: &str) -> Option<(&'a RequestName, &'a Request)> {
    let whole = access.requests.iter().find(|(known, _)| known.as_str() == name);
    whole.or_else(|| {
        let ends = |known: &RequestName| {
            known.as_str().rsplit_once('/').is_some_and(|(_, last)| last == name)
        };
        let mut alike = access.requests.iter().filter(|(known, _)| ends(known));
        alike.next().filter(|_| alike.next().is_none())
    })
}

/// Says that nothing was written.
pub(super) fn nothing(outcome: Outcome) -> Outcome {
    anstream::eprintln!("nothing was written");
    outcome
}

/// Runs a command that ends early with its outcome.
pub(super) fn ended(result: Result<Outcome, Outcome>) -> Outcome {
    match result {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_since_it_was_read_is_not_written_over() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
        let dir = tempfile::tempdir().expect("a folder");
        let tree = Tree::folder(&example).expect("the example");
        for (path, bytes) in &tree.files {
            let path = dir.path().join(&**path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, bytes).expect("a file");
        }
        let publish = publish::Flags::default();
        let place = Place { dir: dir.path().to_owned(), dry_run: false, publish };
        let draft = Draft::of(&place).expect("a draft");
        let title = Title::of("cancel", "PAY-1234", "now");
        let path: Arc<str> = "requests/2026/PAY-1234-refunds.yaml".into();
        let file = dir.path().join(&*path);
        let text = std::fs::read_to_string(&file).expect("the file");
        let other: Arc<str> = "teams/payments.yaml".into();
        let changes = Changes::from([
            (path.clone(), None),
            (other.clone(), Some("members: [liwei]\n".to_owned())),
        ]);

        let longer = format!("{text}# a line of somebody else\n");
        std::fs::write(&file, &longer).expect("a file");
        assert_eq!(draft.write(&changes, &title).expect_err("an error"), Outcome::CouldNotRun);
        assert_eq!(std::fs::read_to_string(&file).expect("the file"), longer);
        let team = std::fs::read(dir.path().join(&*other)).expect("the file");
        assert_eq!(team[..], tree.files[&other][..]);

        std::fs::write(&file, &text).expect("a file");
        draft.write(&changes, &title).expect("as it was read");
        assert!(!file.exists());
    }
}
