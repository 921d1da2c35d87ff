//! Who wrote a file and who merged it, from the history of the local repository.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use git2::{Commit, Oid};
use jiff::Timestamp;
use serde::Serialize;

use super::Error;
use super::git::{below, commit, open};

/// Where the present text of a file comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Origin {
    /// The commit in which it was written, as 40 hex digits.
    pub commit: String,
    /// Who wrote it: name and address, as git has them.
    pub author: String,
    /// When it was written.
    #[schemars(with = "String")]
    pub written: Timestamp,
    /// The commit that brought it into the branch: a merge, or the same one.
    pub merge: String,
    /// Who made that commit. A forge puts its own name there when its button was pressed.
    pub merged_by: String,
    /// When.
    #[schemars(with = "String")]
    pub merged: Timestamp,
    /// The pull request, as the merge's message names it (`#12`, `!34`).
    pub pull_request: Option<String>,
    /// Whether the history ends before it tells: a shallow clone.
    pub cut_off: bool,
}

/// Where files come from at one revision, each looked up once: many grants come from one file.
pub struct Origins<'d> {
    dir: &'d Path,
    revision: &'d str,
    known: RefCell<BTreeMap<String, Option<Origin>>>,
}

impl<'d> Origins<'d> {
    /// Of the files of the access repo in `dir` at `revision`.
    pub fn new(dir: &'d Path, revision: &'d str) -> Self {
        Self { dir, revision, known: RefCell::default() }
    }

    /// Where a file comes from; none when it is in no commit, or when that cannot be read.
    pub fn of(&self, file: &str) -> Option<Origin> {
        let mut known = self.known.borrow_mut();
        if let Some(origin) = known.get(file) {
            return origin.clone();
        }
        let found = origin(self.dir, self.revision, file).ok().flatten();
        known.insert(file.to_owned(), found.clone());
        found
    }
}

/// Finds where the text that the file `path` (from the folder `dir`) has at `revision` comes
/// from: along the first parents the commit that last changed it, and inside of a merge the
/// commit that wrote it.
///
/// # Errors
/// When the folder lies in no repository, or the revision is not there.
pub fn origin(dir: &Path, revision: &str, path: &str) -> Result<Option<Origin>, Error> {
    let repository = open(dir)?;
    let head = commit(&repository, revision)?;
    let folder = below(&repository, dir)?;
    let path = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    let path = Path::new(&path);
    let Some(blob) = blob_of(&head, path) else { return Ok(None) };
    let brought = last_change(head, path, blob);
    let written = match brought.parent(1) {
        // The side that was merged has the text, and wrote it somewhere.
        Ok(side) if blob_of(&side, path) == Some(blob) => last_change(side, path, blob),
        _ => brought.clone(),
    };
    let cut_off = repository.is_shallow() && brought.parent_count() == 0;
    Ok(Some(Origin {
        commit: written.id().to_string(),
        author: person(&written.author()),
        written: when(&written.author()),
        merge: brought.id().to_string(),
        merged_by: person(&brought.committer()),
        merged: when(&brought.committer()),
        pull_request: pull_request(brought.message().unwrap_or_default()),
        cut_off,
    }))
}

/// When a commit was made: when it came to be what it is, not when its text was written.
///
/// # Errors
/// When the folder lies in no repository, or does not have the commit.
pub fn made(dir: &Path, revision: &str) -> Result<Timestamp, Error> {
    let repository = open(dir)?;
    Ok(when(&commit(&repository, revision)?.committer()))
}

/// Whether a merge holds just what its two sides make together: nothing was added in the merge
/// itself. False, too, where the sides are in each other's way: somebody decided.
///
/// # Errors
/// When the folder lies in no repository, or the commit is no merge.
pub fn is_clean_merge(dir: &Path, merge: &str) -> Result<bool, Error> {
    let repository = open(dir)?;
    let merge = commit(&repository, merge)?;
    let index = repository.merge_commits(&merge.parent(0)?, &merge.parent(1)?, None)?;
    if index.has_conflicts() {
        return Ok(false);
    }
    let diff = repository.diff_tree_to_index(Some(&merge.tree()?), Some(&index), None)?;
    Ok(diff.deltas().len() == 0)
}

/// Along the first parents the last commit whose own change made the file what it is.
fn last_change<'r>(from: Commit<'r>, path: &Path, blob: Oid) -> Commit<'r> {
    let mut commit = from;
    while let Ok(parent) = commit.parent(0) {
        if blob_of(&parent, path) != Some(blob) {
            break;
        }
        commit = parent;
    }
    commit
}

fn blob_of(commit: &Commit<'_>, path: &Path) -> Option<Oid> {
    commit.tree().ok()?.get_path(path).ok().map(|entry| entry.id())
}

pub(super) fn person(signature: &git2::Signature<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{} <{}>", text(signature.name_bytes()), text(signature.email_bytes()))
}

fn when(signature: &git2::Signature<'_>) -> Timestamp {
    Timestamp::from_second(signature.when().seconds()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The pull request that a merge's message names: GitHub's and Gitea's `#12`, GitLab's `!34`.
pub(super) fn pull_request(message: &str) -> Option<String> {
    let number = |text: &str| -> Option<String> {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    };
    let first = message.lines().next().unwrap_or_default();
    for (before, mark) in
        [("Merge pull request #", '#'), ("Merge pull request !", '!'), ("Merge request !", '!')]
    {
        if let Some(rest) = first.strip_prefix(before) {
            return number(rest).map(|number| format!("{mark}{number}"));
        }
    }
    let told = message.lines().find_map(|line| {
        line.trim().strip_prefix("See merge request ").and_then(|rest| rest.rsplit_once('!'))
    });
    if let Some((_, rest)) = told {
        return number(rest).map(|number| format!("!{number}"));
    }
    let (_, rest) = first.rsplit_once("(#")?;
    let digits = number(rest)?;
    rest[digits.len()..].starts_with(')').then(|| format!("#{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_names_its_pull_request_in_each_forge_s_way() {
        for (message, found) in [
            ("Merge pull request #12 from acme/refunds\n\nRefunds", Some("#12")),
            ("Refunds for fanlichun (#7)", Some("#7")),
            (
                "Merge branch 'x' into 'main'\n\nRefunds\n\nSee merge request acme/access!34",
                Some("!34"),
            ),
            ("Merge pull request 'Refunds' (#9) from x into main", Some("#9")),
            ("Refunds, see #12", None),
            ("(#", None),
            ("", None),
        ] {
            let expected = found.map(str::to_owned);
            assert_eq!(pull_request(message), expected, "{message}");
        }
    }
}
