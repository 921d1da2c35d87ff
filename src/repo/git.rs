//! The access repo in git: files at a revision, and which commit comes from which. Only
//! the local repository is read.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{IndexEntryExtendedFlag, ObjectType, Oid, Repository, StatusOptions, TreeEntry};

use super::find::{self, Refused};
use super::walk::{self, Entry, MOST, Source, too_many};
use super::{Error, Fault, PARTS, Tree};

impl From<git2::Error> for Error {
    fn from(error: git2::Error) -> Self {
        Self(error.message().to_owned())
    }
}

/// Symbolic links have this mode in git.
pub(super) const LINK: i32 = 0o120_000;

/// The longest text of a link, in bytes: no system takes more (PATH_MAX).
const LINK_MAX: usize = 4096;

/// The largest list of a folder, in bytes, that comes into memory: an entry has at least 24.
const TREE_MAX: usize = 128 * 1024 * 1024;

/// Submodules have this mode in git.
const SUBMODULE: i32 = 0o160_000;

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

/// The tree of a commit, or a folder in it.
pub(super) struct Revision<'r> {
    repository: &'r Repository,
    odb: git2::Odb<'r>,
    root: git2::Tree<'r>,
    /// Files by their object: a tree may hold one under many names.
    read: RefCell<HashMap<Oid, Arc<[u8]>>>,
}

impl<'r> Revision<'r> {
    pub(super) fn new(repository: &'r Repository, root: git2::Tree<'r>) -> Result<Self, Error> {
        Ok(Self { repository, odb: repository.odb()?, root, read: RefCell::default() })
    }

    pub(super) fn found(&self, path: &str) -> Result<Option<TreeEntry<'static>>, Error> {
        match self.root.get_path(Path::new(path)) {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(lost(path, &error)),
        }
    }

    fn kind(&self, entry: &TreeEntry<'_>, path: &str) -> Result<Entry, Error> {
        Ok(match (entry.filemode(), entry.kind()) {
            (SUBMODULE, _) => Entry::Fault(Fault::Submodule),
            (LINK, _) => {
                let (size, _) = self.odb.read_header(entry.id()).map_err(|e| lost(path, &e))?;
                if size > LINK_MAX {
                    return Ok(Entry::Fault(Fault::Nowhere));
                }
                let blob = self.repository.find_blob(entry.id()).map_err(|e| lost(path, &e))?;
                match std::str::from_utf8(blob.content()) {
                    Ok(text) => Entry::Link(text.to_owned()),
                    Err(_) => Entry::Fault(Fault::Nowhere),
                }
            }
            (_, Some(ObjectType::Tree)) => Entry::Folder,
            (_, Some(ObjectType::Blob)) => Entry::File,
            _ => Entry::Fault(Fault::Special),
        })
    }
}

impl Source for Revision<'_> {
    fn entry(&self, path: &str) -> Result<Entry, Error> {
        match self.found(path)? {
            Some(entry) => self.kind(&entry, path),
            None => Ok(Entry::Missing),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, Entry)>, Error> {
        let Some(found) = self.found(folder)? else { return Ok(Vec::new()) };
        let (size, _) = self.odb.read_header(found.id()).map_err(|e| lost(folder, &e))?;
        if size > TREE_MAX {
            return Err(too_many(folder));
        }
        let tree = self.repository.find_tree(found.id()).map_err(|e| lost(folder, &e))?;
        if tree.len() > MOST {
            return Err(too_many(folder));
        }
        let mut list = Vec::new();
        for entry in &tree {
            list.push(match std::str::from_utf8(entry.name_bytes()) {
                Ok(name) => (name.to_owned(), self.kind(&entry, &format!("{folder}/{name}"))?),
                Err(_) => {
                    let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
                    (name, Entry::Fault(Fault::Name))
                }
            });
        }
        Ok(list)
    }

    fn bytes(&self, file: &str, most: usize) -> Result<Arc<[u8]>, Error> {
        let Some(found) = self.found(file)? else {
            return Err(Error(format!("{file}: it is not there")));
        };
        if let Some(bytes) = self.read.borrow().get(&found.id()) {
            return Ok(bytes.clone());
        }
        let (size, _) = self.odb.read_header(found.id()).map_err(|e| lost(file, &e))?;
        let bytes: Arc<[u8]> = if size > most {
            // It is refused whatever it holds: its bytes need not come into memory.
            vec![b' '; most.saturating_add(1)].into()
        } else {
            let blob = self.repository.find_blob(found.id()).map_err(|e| lost(file, &e))?;
            blob.content().into()
        };
        self.read.borrow_mut().insert(found.id(), bytes.clone());
        Ok(bytes)
    }
}

fn lost(path: &str, error: &git2::Error) -> Error {
    match error.code() {
        git2::ErrorCode::NotFound => Error(format!(
            "{path}: git does not have this file here: fetch the repository whole, without a filter"
        )),
        _ => Error(format!("{path}: {}", error.message())),
    }
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
