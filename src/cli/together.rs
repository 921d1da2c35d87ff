//! Several files changed together: all of them or none, and none that changed meanwhile.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::file;

/// A file that is to be changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    /// Its path below the folder.
    pub(super) path: &'a str,
    /// What was read of it; none when it was not there.
    pub(super) before: Option<&'a [u8]>,
    /// What it becomes; none when it goes.
    pub(super) after: Option<&'a [u8]>,
}

/// Why files were not changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// These are not as they were read: what was to be written may undo what somebody did.
    #[error("changed meanwhile: {}; run it again", .0.join(", "))]
    Meanwhile(Vec<String>),
    /// One cannot be written or removed; all are as they were.
    #[error("{path}: {error}")]
    Io {
        /// Its path.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// One cannot be written or removed, and others not be put back.
    #[error("{path}: {error}; changed all the same, and could not be put back: {}", .left.join(", "))]
    HalfDone {
        /// Its path.
        path: String,
        /// What the system says.
        error: io::Error,
        /// Those that are changed, and where the old ones are.
        left: Vec<String>,
    },
}

impl Failed {
    /// Whether everything is as it was.
    pub(super) fn is_clean(&self) -> bool {
        !matches!(self, Self::HalfDone { .. })
    }
}

/// Changes files below a folder. Everything is written beside its place first; then the
/// files are looked at again, and put in place one by one. When one of them cannot be, those
/// before it are put back. A symbolic link stays when the file that it names is written.
pub(super) fn change(dir: &Path, changes: &[Change<'_>]) -> Result<(), Failed> {
    let mut work = Work::default();
    let done = work
        .prepare(dir, changes)
        .and_then(|()| unchanged(dir, changes))
        .and_then(|()| work.carry_out());
    let done = done.map_err(|failed| work.undo(failed));
    work.clean(done.is_ok());
    done
}

/// Makes sure that nobody changed a file since it was read.
fn unchanged(dir: &Path, changes: &[Change<'_>]) -> Result<(), Failed> {
    let is_same = |change: &Change<'_>| {
        let path = dir.join(change.path);
        match change.before {
            Some(before) => fs::read(path).is_ok_and(|bytes| bytes == before),
            None => is_free(&path),
        }
    };
    let other = changes.iter().filter(|change| !is_same(change));
    let other: Vec<String> = other.map(|change| change.path.to_owned()).collect();
    if other.is_empty() { Ok(()) } else { Err(Failed::Meanwhile(other)) }
}

/// Whether nothing is at a path.
fn is_free(path: &Path) -> bool {
    matches!(path.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// What is on its way.
#[derive(Default)]
struct Work<'a> {
    steps: Vec<Step<'a>>,
    /// Folders that were made for new files, each before those in it.
    folders: Vec<PathBuf>,
}

struct Step<'a> {
    path: &'a str,
    target: PathBuf,
    /// The new file, beside its place; none when the file goes.
    part: Option<PathBuf>,
    /// Where the old file is kept meanwhile; none when there was none.
    old: Option<PathBuf>,
    done: bool,
}

impl<'a> Work<'a> {
    /// Writes the new files beside their places, and keeps the old ones there.
    fn prepare(&mut self, dir: &Path, changes: &[Change<'a>]) -> Result<(), Failed> {
        for (number, change) in changes.iter().enumerate() {
            let told = |error| Failed::Io { path: change.path.to_owned(), error };
            let path = dir.join(change.path);
            let target = match (change.before, change.after) {
                (Some(_), Some(_)) => fs::canonicalize(&path).unwrap_or(path),
                _ => path,
            };
            // Hidden, so that a run that is killed leaves nothing that `check` objects to.
            let beside = |what: &str| {
                target.with_file_name(format!(".jumpgate-{}-{number}.{what}", std::process::id()))
            };
            let part = change.after.map(|_| beside("new"));
            let old = change.before.map(|_| beside("old"));
            let step = Step { path: change.path, target, part, old, done: false };
            self.steps.push(step);
            let Some(Step { target, part, old, .. }) = self.steps.last() else { continue };
            if let Some(folder) = target.parent() {
                folders(folder, &mut self.folders).map_err(told)?;
            }
            if let (Some(part), Some(bytes)) = (part, change.after) {
                file::write_new(part, bytes).map_err(told)?;
            }
            if let (Some(part), Some(old), Ok(there)) = (part, old, fs::metadata(target)) {
                fs::set_permissions(part, there.permissions()).map_err(told)?;
                let _ = fs::remove_file(old);
                fs::hard_link(target, old)
                    .or_else(|_| fs::copy(target, old).map(|_| ()))
                    .map_err(told)?;
            }
        }
        Ok(())
    }

    /// Puts everything in its place.
    fn carry_out(&mut self) -> Result<(), Failed> {
        for step in &mut self.steps {
            let done = match (&step.part, &step.old) {
                (Some(part), Some(_)) => fs::rename(part, &step.target),
                (Some(part), None) => new(part, &step.target),
                (None, Some(old)) => fs::rename(&step.target, old),
                (None, None) => Ok(()),
            };
            done.map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => Failed::Meanwhile(vec![step.path.to_owned()]),
                _ => Failed::Io { path: step.path.to_owned(), error },
            })?;
            step.done = true;
        }
        Ok(())
    }

    /// Puts back what was done.
    fn undo(&mut self, failed: Failed) -> Failed {
        let mut left = Vec::new();
        for step in self.steps.iter_mut().rev().filter(|step| step.done) {
            let back = match &step.old {
                Some(old) => fs::rename(old, &step.target),
                None => fs::remove_file(&step.target),
            };
            if back.is_err() {
                left.push(match step.old.take() {
                    Some(old) => format!("{} (the old one is {})", step.path, old.display()),
                    None => step.path.to_owned(),
                });
            }
        }
        match failed {
            Failed::Io { path, error } if !left.is_empty() => {
                Failed::HalfDone { path, error, left }
            }
            Failed::Meanwhile(paths) if !left.is_empty() => {
                let error = io::Error::from(ErrorKind::AlreadyExists);
                Failed::HalfDone { path: paths.join(", "), error, left }
            }
            failed => failed,
        }
    }

    /// Removes what lies beside the files, and the new folders when nothing came into them.
    fn clean(&self, done: bool) {
        // What is not there any more has taken its place.
        for path in self.steps.iter().flat_map(|step| step.part.iter().chain(&step.old)) {
            let _ = fs::remove_file(path);
        }
        if !done {
            for folder in self.folders.iter().rev() {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Puts a new file in its place, where nothing may be.
fn new(part: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(part, target) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists && is_free(target) => {
            // A file system without hard links.
            fs::rename(part, target)
        }
        linked => linked,
    }
}

/// Makes a folder and those above it; notes which ones were made.
fn folders(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        folders(above, made)?;
    }
    fs::create_dir(folder)?;
    made.push(folder.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change_of<'a>(path: &'a str, before: Option<&'a str>, after: Option<&'a str>) -> Change<'a> {
        Change { path, before: before.map(str::as_bytes), after: after.map(str::as_bytes) }
    }

    /// Everything below a folder, with its text; folders end with `/`.
    fn all(dir: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut open = vec![dir.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(dir).expect("below").display().to_string();
                if path.is_dir() && !path.is_symlink() {
                    found.push((name + "/", String::new()));
                    open.push(path);
                } else {
                    found.push((name, fs::read_to_string(path).expect("a text")));
                }
            }
        }
        found.sort();
        found
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        dir
    }

    /// A folder with something in it where this run would put a file.
    fn in_the_way(dir: &Path, folder: &str, number: usize, what: &str) -> PathBuf {
        let name = format!(".jumpgate-{}-{number}.{what}", std::process::id());
        let path = dir.join(folder).join(name);
        fs::create_dir_all(path.join("x")).expect("a folder");
        path
    }

    #[test]
    fn all_is_changed_and_nothing_else_stays_behind() {
        let dir = folder(&[("a/1", "one\r\n"), ("a/2", "two"), ("b/3", "three")]);
        let changes = [
            change_of("a/1", Some("one\r\n"), Some("ONE\r\n")),
            change_of("a/2", Some("two"), None),
            change_of("c/d/4", None, Some("four")),
        ];
        change(dir.path(), &changes).expect("it works");
        let text = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let folders = ["a/", "b/", "c/", "c/d/"].map(|path| text(path, ""));
        let files = [text("a/1", "ONE\r\n"), text("b/3", "three"), text("c/d/4", "four")];
        let mut wanted = [&folders[..], &files].concat();
        wanted.sort();
        assert_eq!(all(dir.path()), wanted);
    }

    #[test]
    fn when_one_cannot_be_changed_none_is() {
        let changes = [
            change_of("a/1", Some("one"), None),
            change_of("a/2", Some("two"), Some("TWO")),
            change_of("c/d/3", None, Some("three")),
            change_of("b/4", Some("four"), Some("FOUR")),
            change_of("b/5", Some("five"), None),
        ];
        // The part of the fourth cannot be written; the fifth cannot be moved away.
        for (number, what) in [(3, "new"), (4, "old")] {
            let dir = folder(&[("a/1", "one"), ("a/2", "two"), ("b/4", "four"), ("b/5", "five")]);
            let way = in_the_way(dir.path(), "b", number, what);
            let before = all(dir.path());
            let failed = change(dir.path(), &changes).expect_err("it cannot work");
            assert!(failed.is_clean(), "{failed}");
            assert!(failed.to_string().starts_with(&format!("b/{}: ", number + 1)), "{failed}");
            assert_eq!(all(dir.path()), before);
            fs::remove_dir_all(way).expect("a folder");
            change(dir.path(), &changes).expect("it works");
        }
    }

    #[test]
    fn what_changed_meanwhile_is_not_written_over() {
        let dir = folder(&[("1", "one, and a line of somebody else"), ("2", "two"), ("3", "new")]);
        let before = all(dir.path());
        let changes = [
            change_of("0", Some("zero"), None),
            change_of("1", Some("one"), Some("ONE")),
            change_of("2", Some("two"), Some("TWO")),
            change_of("3", None, Some("three")),
        ];
        let failed = change(dir.path(), &changes).expect_err("it cannot work");
        assert_eq!(failed.to_string(), "changed meanwhile: 0, 1, 3; run it again");
        assert_eq!(all(dir.path()), before);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_its_file_is_written_and_a_link_that_goes_leaves_its_file() {
        use std::os::unix::fs::symlink;
        let dir = folder(&[("real/1", "one"), ("real/2", "two")]);
        fs::create_dir(dir.path().join("links")).expect("a folder");
        for name in ["1", "2"] {
            symlink(format!("../real/{name}"), dir.path().join("links").join(name))
                .expect("a link");
        }
        let changes = [
            change_of("links/1", Some("one"), Some("ONE")),
            change_of("links/2", Some("two"), None),
        ];
        let way = in_the_way(dir.path(), "links", 1, "old");
        let before = all(dir.path());
        change(dir.path(), &changes).expect_err("it cannot work");
        assert_eq!(all(dir.path()), before);
        fs::remove_dir_all(way).expect("a folder");
        change(dir.path(), &changes).expect("it works");
        assert!(dir.path().join("links/1").is_symlink());
        let names: Vec<_> =
            all(dir.path()).into_iter().filter(|(name, _)| !name.ends_with('/')).collect();
        let text = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        assert_eq!(names, [text("links/1", "ONE"), text("real/1", "ONE"), text("real/2", "two")]);
    }
}
