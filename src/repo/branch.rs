//! New commits beside the work tree: a change becomes a branch on top of another one, and no
//! file, index or branch of the user's is touched.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use git2::build::TreeUpdateBuilder;
use git2::{BranchType, FileMode, ObjectType, Oid, Repository};

use super::Error;
use super::git::{below, commit, open};

/// Files by path from the root of the access repo; none is a file that goes.
pub type Changes = BTreeMap<Arc<str>, Option<String>>;

/// The branch that changes are proposed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its name at the forge, such as `main`.
    pub name: String,
    /// What git finds it by here, such as `origin/main`.
    pub revision: String,
}

impl Base {
    /// The branch `name`, or the one that `remote` calls its default, or the only one of
    /// `main` and `master` that the remote has, or the branch that is checked out. What was
    /// last fetched from the remote goes before a local branch.
    ///
    /// # Errors
    /// When the folder lies in no repository, or there is no such branch.
    pub fn find(dir: &Path, remote: &str, name: Option<&str>) -> Result<Self, Error> {
        let repository = open(dir)?;
        let name = match name {
            Some(name) => name.to_owned(),
            None => default(&repository, remote).ok_or_else(|| {
                Error("git does not tell which branch is merged into: add --base BRANCH".into())
            })?,
        };
        let fetched = format!("refs/remotes/{remote}/{name}");
        let local = format!("refs/heads/{name}");
        for revision in [fetched, local] {
            if repository.find_reference(&revision).is_ok() {
                return Ok(Self { name, revision });
            }
        }
        Err(Error(format!("there is no branch {name} here: fetch it, or add --base BRANCH")))
    }
}

fn default(repository: &Repository, remote: &str) -> Option<String> {
    let before = format!("refs/remotes/{remote}/");
    let head = repository.find_reference(&format!("{before}HEAD")).ok();
    let head = head.and_then(|head| head.symbolic_target().ok().flatten().map(str::to_owned));
    if let Some(name) = head.as_deref().and_then(|target| target.strip_prefix(&before)) {
        return Some(name.to_owned());
    }
    let usual: Vec<&str> = ["main", "master"]
        .into_iter()
        .filter(|name| repository.find_reference(&format!("{before}{name}")).is_ok())
        .collect();
    if let [name] = usual.as_slice() {
        return Some((*name).to_owned());
    }
    let head = repository.head().ok()?;
    if head.is_branch() { head.shorthand().ok().map(str::to_owned) } else { None }
}

/// Whether git takes a text for a branch's name.
pub fn is_branch_name(name: &str) -> bool {
    !name.starts_with('-') && git2::Branch::name_is_valid(name).unwrap_or(false)
}

/// The commit of a local branch, as 40 hex digits.
///
/// # Errors
/// When the folder lies in no repository.
pub fn branch(dir: &Path, name: &str) -> Result<Option<String>, Error> {
    let repository = open(dir)?;
    let found = repository.find_branch(name, BranchType::Local).ok();
    Ok(found.and_then(|branch| branch.get().target()).map(|id| id.to_string()))
}

/// Of so many branches, the newest ones, it is looked at whether they are merged.
const MOST_BRANCHES: usize = 200;

/// Branches with commits that `base` lacks, the newest first: their names and commits. Branches
/// here, and those of remotes as they were fetched last; of several at one commit one.
///
/// # Errors
/// When the folder lies in no repository, or there is no such revision.
pub fn unmerged(dir: &Path, base: &str) -> Result<Vec<(String, String)>, Error> {
    let repository = open(dir)?;
    let base = commit(&repository, base)?.id();
    let mut tips = Vec::new();
    for branch in repository.branches(None)? {
        let (branch, kind) = branch?;
        let Some(name) = branch.name().ok().flatten() else { continue };
        let Ok(tip) = branch.get().peel_to_commit() else { continue };
        tips.push((
            std::cmp::Reverse(tip.time().seconds()),
            kind == BranchType::Remote,
            name.to_owned(),
            tip.id(),
        ));
    }
    tips.sort();
    let mut found: Vec<(String, String)> = Vec::new();
    for (.., name, tip) in tips.into_iter().take(MOST_BRANCHES) {
        let id = tip.to_string();
        let known = found.iter().any(|(_, known)| *known == id);
        if !known && tip != base && !repository.graph_descendant_of(base, tip)? {
            found.push((name, id));
        }
    }
    Ok(found)
}

/// Makes a branch at a commit.
///
/// # Errors
/// When it is there already, or one whose name is a folder of it.
pub fn make(dir: &Path, name: &str, at: &str) -> Result<(), Error> {
    let repository = open(dir)?;
    let reference = format!("refs/heads/{name}");
    repository.reference(&reference, Oid::from_str(at)?, false, "jumpgate")?;
    Ok(())
}

/// The text of a file at a commit; none when it has no such file.
///
/// # Errors
/// When the folder lies in no repository, or there is no such commit.
pub fn text_at(dir: &Path, revision: &str, path: &str) -> Result<Option<String>, Error> {
    let repository = open(dir)?;
    let tree = commit(&repository, revision)?.tree()?;
    let path = full(&repository, dir, path)?;
    let Ok(entry) = tree.get_path(Path::new(&path)) else { return Ok(None) };
    let blob = repository.find_blob(entry.id()).ok();
    Ok(blob.map(|blob| String::from_utf8_lossy(blob.content()).into_owned()))
}

/// Those of the paths that the user has changed and not committed, so that a commit would
/// leave his changes behind.
///
/// # Errors
/// When the folder lies in no repository.
pub fn changed<'p>(
    dir: &Path,
    paths: impl Iterator<Item = &'p str>,
) -> Result<Vec<&'p str>, Error> {
    let repository = open(dir)?;
    let mut found = Vec::new();
    for path in paths {
        let full = full(&repository, dir, path)?;
        match repository.status_file(Path::new(&full)) {
            Ok(status) if status.is_empty() || status.is_ignored() => {}
            Ok(_) => found.push(path),
            Err(error) if error.code() == git2::ErrorCode::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// Writes the tree that a revision becomes with the changes; gives it and the revision's
/// commit, as 40 hex digits each.
///
/// # Errors
/// When a path leads through a symbolic link or another thing that is no folder, or the
/// objects cannot be written.
pub fn tree(dir: &Path, revision: &str, changes: &Changes) -> Result<(String, String), Error> {
    let repository = open(dir)?;
    let base = commit(&repository, revision)?;
    let root = base.tree()?;
    let mut builder = TreeUpdateBuilder::new();
    for (path, text) in changes {
        let full = full(&repository, dir, path)?;
        let there = plain(&root, &full)?;
        match text {
            Some(text) => {
                let blob = repository.blob(text.as_bytes())?;
                let mode = match there {
                    Some(0o100_755) => FileMode::BlobExecutable,
                    _ => FileMode::Blob,
                };
                builder.upsert(full.as_str(), blob, mode);
            }
            None if there.is_some() => {
                builder.remove(full.as_str());
            }
            None => {}
        }
    }
    let tree = builder.create_updated(&repository, &root)?;
    Ok((tree.to_string(), base.id().to_string()))
}

/// The mode of the file at a path, when it is there and no link stands in the way.
fn plain(root: &git2::Tree<'_>, path: &str) -> Result<Option<i32>, Error> {
    let mut at = String::new();
    for part in path.split('/') {
        if !at.is_empty() {
            at.push('/');
        }
        at.push_str(part);
        let Ok(entry) = root.get_path(Path::new(&at)) else { return Ok(None) };
        match (entry.kind(), entry.filemode()) {
            (Some(ObjectType::Tree), _) if at != path => {}
            (Some(ObjectType::Blob), mode) if at == path && mode != 0o120_000 => {
                return Ok(Some(mode));
            }
            _ => {
                let (message, then) = ("is a link or no file", "change it by hand");
                return Err(Error(format!("{at} {message}: {then}")));
            }
        }
    }
    Ok(None)
}

/// The path of a file of the access repo below the root of its repository.
fn full(repository: &Repository, dir: &Path, path: &str) -> Result<String, Error> {
    let folder = below(repository, dir)?;
    Ok(if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") })
}
