//! Which repository a folder lies in.
//!
//! Whoever writes a pull request decides what lies in the folder, but never what is in
//! `.git`: git takes no such name into a commit. So only that counts. A folder with `HEAD`,
//! `objects` and `refs` looks like a repository to git, and anybody can commit one, with
//! history and settings of his own.

use std::path::{self, Path, PathBuf};

use git2::{ErrorCode, Repository, RepositoryOpenFlags};

use super::Error;

/// The repository whose `.git` is at or above the folder, the nearest one; a bare repository
/// only where no `.git` is above it.
///
/// # Errors
/// When there is none, it cannot be opened, or the way to the folder is a link of a
/// repository ([`real`]).
pub(super) fn repository(dir: &Path) -> Result<Repository, Refused> {
    real(dir)?;
    let missing = |_| Refused::Git(git2::Error::from_str("the folder cannot be read"));
    let dir = dir.canonicalize().map_err(missing)?;
    for folder in dir.ancestors() {
        let git = folder.join(".git");
        // One that leads nowhere is an error, and nothing above is taken in its place.
        if git.symlink_metadata().is_ok() {
            return Ok(open(&git)?);
        }
    }
    Ok(open(&dir)?)
}

/// Opens what is at a path, and nothing in or above it.
fn open(path: &Path) -> Result<Repository, git2::Error> {
    let only = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT;
    Repository::open_ext(path, only, std::iter::empty::<&Path>())
}

/// Makes sure that the way to the access repo is no symbolic link that lies in a repository:
/// a pull request could turn it to another folder with other rules.
///
/// # Errors
/// When it is.
pub(super) fn real(dir: &Path) -> Result<(), Refused> {
    let whole = path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    for link in whole.ancestors().filter(|path| path.is_symlink()) {
        let above = link.parent().and_then(|parent| parent.canonicalize().ok());
        let in_git = |above: PathBuf| above.ancestors().any(|path| path.join(".git").exists());
        if above.is_some_and(in_git) {
            return Err(Refused::Link(link.to_owned()));
        }
    }
    Ok(())
}

/// Why there is no repository to read.
#[derive(Debug)]
pub(super) enum Refused {
    /// A part of the way to the folder is a link of a repository.
    Link(PathBuf),
    /// What git says.
    Git(git2::Error),
}

impl From<git2::Error> for Refused {
    fn from(error: git2::Error) -> Self {
        Self::Git(error)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let error = match refused {
            Refused::Link(link) => {
                return Self(format!(
                    "{} is a symbolic link in a git repository, and a pull request can lead it \
                     elsewhere: name the folder itself",
                    link.display()
                ));
            }
            Refused::Git(error) => error,
        };
        match error.code() {
            ErrorCode::NotFound => Self(
                "it lies in no git repository: clone the access repo, or make one there \
                 (`git init`) and commit"
                    .into(),
            ),
            ErrorCode::Owner => Self(
                "git does not trust this repository, since it belongs to another user: run as \
                 its owner, or add it to `git config --global safe.directory`"
                    .into(),
            ),
            _ => error.into(),
        }
    }
}
