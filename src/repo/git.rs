//! The access repo in git: files at a revision, and which commit comes from which. Only
//! the local repository is read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::{IndexEntryExtendedFlag, ObjectType, Repository, StatusOptions};

use super::find::{self, Refused};
use super::revision::Revision;
use super::walk;
use super::{Error, PARTS, Tree};

impl From<git2::Error> for Error {
    fn from(error: git2::Error) -> Self {
        Self(error.message().to_owned())
    }
}

impl Tree {
    /// The files of the folder `dir` as they are at `revision` of the repository that it
    /// lies in.
    ///
    /// # Errors
    /// When the folder lies in no repository, the revision is not there, or a file of it
    /// cannot be read (a clone without all its objects).
    pub fn revision(dir: &Path, revision: &str) -> Result<Self, Error> {
        let repository = open(dir)?;
        let commit = commit(&repository, revision)?;
        let root = folder(&repository, commit.tree()?, &below(&repository, dir)?)?
            .map_err(|part| Error(format!("{revision} has no folder {part}")))?;
        let tree = walk::read(&Revision::new(&repository, root)?)?;
        let (commit, shallow) = (Some(commit.id().to_string()), repository.is_shallow());
        Ok(Self { commit, shallow, ..tree })
    }

    /// The files of the folder `dir` as they would be with `head` merged into `base`; none where
    /// the two are in each other's way. Nothing is written.
    ///
    /// # Errors
    /// When the folder lies in no repository, a revision or an object is not there.
    pub fn merged(dir: &Path, base: &str, head: &str) -> Result<Option<Self>, Error> {
        let repository = open(dir)?;
        // What is made stays in memory.
        let odb = repository.odb()?;
        odb.add_new_mempack_backend(1000)?;
        let (one, other) = (commit(&repository, base)?, commit(&repository, head)?);
        let mut index = repository.merge_commits(&one, &other, None)?;
        if index.has_conflicts() {
            return Ok(None);
        }
        let root = repository.find_tree(index.write_tree_to(&repository)?)?;
        let root = folder(&repository, root, &below(&repository, dir)?)?
            .map_err(|part| Error(format!("{head} merged into {base} has no folder {part}")))?;
        let tree = walk::read(&Revision::new(&repository, root)?)?;
        Ok(Some(Self { shallow: repository.is_shallow(), ..tree }))
    }
}

/// The folder at a path below a tree; the part of the path that is no folder there.
pub(super) fn folder<'r>(
    repository: &'r Repository,
    mut tree: git2::Tree<'r>,
    path: &str,
) -> Result<Result<git2::Tree<'r>, String>, Error> {
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let found = tree.get_name(part).filter(|entry| entry.kind() == Some(ObjectType::Tree));
        let Some(id) = found.map(|entry| entry.id()) else { return Ok(Err(part.to_owned())) };
        tree = repository.find_tree(id)?;
    }
    Ok(Ok(tree))
}

/// The commit that a work tree stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit, as 40 hex digits.
    pub commit: String,
    /// Whether files of the access repo differ from the commit, or are not in it.
    pub dirty: bool,
    /// Whether the repository is a shallow clone.
    pub shallow: bool,
}

/// The commit that the folder `dir` stands on; none when it lies in no repository with a
/// work tree, or nothing is committed yet.
///
/// # Errors
/// When there is a repository and it cannot be read.
pub fn head(dir: &Path) -> Result<Option<Head>, Error> {
    let repository = match find::repository(dir) {
        Ok(repository) if !repository.is_bare() => repository,
        Ok(_) => return Ok(None),
        Err(Refused::Git(error)) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
        Err(refused) => return Err(refused.into()),
    };
    let commit = match repository.head().and_then(|head| head.peel_to_commit()) {
        Ok(commit) => commit.id().to_string(),
        Err(error)
            if matches!(
                error.code(),
                git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let below = below(&repository, dir)?;
    let mut options = StatusOptions::new();
    // Ignored files are read from a folder like all others.
    options.include_untracked(true).include_ignored(true).disable_pathspec_match(true);
    for part in PARTS {
        options.pathspec(if below.is_empty() {
            part.to_owned()
        } else {
            format!("{below}/{part}")
        });
    }
    let dirty = !repository.statuses(Some(&mut options))?.is_empty();
    Ok(Some(Head { commit, dirty, shallow: repository.is_shallow() }))
}

/// A file of the access repo in `dir` that git has and that a sparse checkout leaves out,
/// as its path below `dir`; none where the checkout is whole, or there is no repository.
pub(super) fn left_out(dir: &Path) -> Option<String> {
    let repository = find::repository(dir).ok()?;
    let prefix = match below(&repository, dir).ok()? {
        below if below.is_empty() => below,
        below => format!("{below}/"),
    };
    let index = repository.index().ok()?;
    index.iter().find_map(|entry| {
        let flags = IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended);
        let path = String::from_utf8(entry.path).ok()?;
        let path = path.strip_prefix(&prefix)?;
        let part = path.split('/').next()?;
        // The mark alone may also mean that a change of the file is not to be seen.
        let left_out = flags.contains(IndexEntryExtendedFlag::SKIP_WORKTREE)
            && PARTS.contains(&part)
            && dir.join(path).symlink_metadata().is_err();
        left_out.then(|| path.to_owned())
    })
}

/// How a commit stands to the one that was applied last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descent {
    /// It is the same, or comes from it.
    Descends,
    /// It does not come from it: an older state, or another history.
    Elsewhere,
    /// The repository does not have the older commit: a shallow clone, or a rewritten
    /// history.
    Unknown,
}

/// Whether `commit` comes from `ancestor` (40 hex digits each).
///
/// # Errors
/// When the folder lies in no repository, or `commit` is not there.
pub fn descent(dir: &Path, commit: &str, ancestor: &str) -> Result<Descent, Error> {
    let repository = open(dir)?;
    let id = self::commit(&repository, commit)?.id();
    let Ok(before) = repository.revparse_single(ancestor).and_then(|found| found.peel_to_commit())
    else {
        return Ok(Descent::Unknown);
    };
    if id == before.id() || repository.graph_descendant_of(id, before.id())? {
        Ok(Descent::Descends)
    } else if repository.is_shallow() {
        // The way between the two may be what is cut off.
        Ok(Descent::Unknown)
    } else {
        Ok(Descent::Elsewhere)
    }
}

/// The commits before `commit` along the first parents, the nearest first, at most `most`.
///
/// # Errors
/// When the folder lies in no repository, or the commit is not there.
pub fn before(dir: &Path, commit: &str, most: usize) -> Result<Vec<String>, Error> {
    let repository = open(dir)?;
    let mut commit = self::commit(&repository, commit)?;
    let mut found = Vec::new();
    while found.len() < most
        && let Ok(parent) = commit.parent(0)
    {
        found.push(parent.id().to_string());
        commit = parent;
    }
    Ok(found)
}

/// The commit that `head` left `base` at: where both still were the same.
///
/// # Errors
/// When the folder lies in no repository, a revision is not there, or the repository does
/// not hold where they part (a shallow clone).
pub fn merge_base(dir: &Path, base: &str, head: &str) -> Result<String, Error> {
    let repository = open(dir)?;
    let (one, other) = (commit(&repository, base)?.id(), commit(&repository, head)?.id());
    repository.merge_base(one, other).map(|id| id.to_string()).map_err(|_| {
        Error(format!(
            "{base} and {head} have no commit in common here: fetch the whole history \
             (`fetch-depth: 0` of actions/checkout, `GIT_DEPTH: 0` in GitLab CI)"
        ))
    })
}

/// The paths that differ between two commits, from the root of the repository, with `/`.
///
/// # Errors
/// When the folder lies in no repository, or a commit is not there.
pub fn changed(dir: &Path, from: &str, to: &str) -> Result<BTreeSet<String>, Error> {
    let repository = open(dir)?;
    let tree = |revision| commit(&repository, revision)?.tree().map_err(Error::from);
    let diff = repository.diff_tree_to_tree(Some(&tree(from)?), Some(&tree(to)?), None)?;
    let mut paths = BTreeSet::new();
    for delta in diff.deltas() {
        let files = [delta.old_file(), delta.new_file()];
        let bytes = files.iter().filter_map(|file| file.path_bytes());
        paths.extend(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
    }
    Ok(paths)
}

/// Whether `commit` is `head`, or a merge of it, as a forge makes one to try a branch out.
///
/// # Errors
/// When the folder lies in no repository, or `commit` is not there.
pub fn holds(dir: &Path, commit: &str, head: &str) -> Result<bool, Error> {
    let repository = open(dir)?;
    let commit = self::commit(&repository, commit)?;
    let is_head = |id: git2::Oid| id.to_string() == head;
    Ok(is_head(commit.id()) || commit.parent_ids().any(is_head))
}

/// The root of the repository that `dir` lies in, and the path of `dir` below it, with `/`;
/// empty for the root.
///
/// # Errors
/// When it lies in no repository with a work tree.
pub fn root(dir: &Path) -> Result<(PathBuf, String), Error> {
    let repository = open(dir)?;
    let root = repository.workdir().ok_or_else(|| Error("it has no work tree".into()))?;
    Ok((root.to_owned(), below(&repository, dir)?))
}

/// The branch that is checked out, such as `main`; none for a commit alone.
pub fn branch(dir: &Path) -> Option<String> {
    let repository = open(dir).ok()?;
    let head = repository.find_reference("HEAD").ok()?;
    let name = std::str::from_utf8(head.symbolic_target_bytes()?).ok()?;
    name.strip_prefix("refs/heads/").map(str::to_owned)
}

/// Where a folder stands in git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The commit that is checked out, as 40 hex digits.
    pub commit: String,
    /// The path of the folder below the root of the repository, with `/`; empty for the root.
    pub folder: String,
}

/// Where `dir` stands in git.
///
/// # Errors
/// When it lies in no repository, or nothing is committed yet.
pub fn place(dir: &Path) -> Result<Place, Error> {
    let repository = open(dir)?;
    let commit = commit(&repository, "HEAD")?.id().to_string();
    Ok(Place { commit, folder: below(&repository, dir)? })
}

pub(super) fn open(dir: &Path) -> Result<Repository, Error> {
    Ok(find::repository(dir)?)
}

pub(super) fn commit<'r>(
    repository: &'r Repository,
    revision: &str,
) -> Result<git2::Commit<'r>, Error> {
    let found = repository.revparse_single(revision).and_then(|found| found.peel_to_commit());
    found.map_err(|_| match repository.is_empty() {
        Ok(true) => Error("nothing is committed there yet".to_owned()),
        _ => Error(format!("there is no commit {revision}")),
    })
}

/// The path of a folder below the root of its repository, with `/`.
pub(super) fn below(repository: &Repository, dir: &Path) -> Result<String, Error> {
    let Some(root) = repository.workdir() else { return Ok(String::new()) };
    let told = |error: std::io::Error| Error(format!("{}: {error}", dir.display()));
    let (root, dir) = (root.canonicalize().map_err(told)?, dir.canonicalize().map_err(told)?);
    let below =
        dir.strip_prefix(&root).map_err(|_| Error("it lies outside of its repository".into()))?;
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Ok(parts.join("/"))
}
