//! The access repo in git: files at a revision, and which commit comes from which. Only
//! the local repository is read.

use std::path::Path;

use git2::{ObjectType, Repository, TreeWalkMode, TreeWalkResult};

use super::{PARTS, Tree};

/// Why git could not be read, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl From<git2::Error> for Error {
    fn from(error: git2::Error) -> Self {
        Self(error.message().to_owned())
    }
}

/// Symbolic links have this mode in git.
const LINK: i32 = 0o120_000;

/// Submodules have this mode in git.
const SUBMODULE: i32 = 0o160_000;

impl Tree {
    /// The files of the folder `dir` as they are at `revision` of the repository that it
    /// lies in.
    ///
    /// # Errors
    /// When the folder lies in no repository, or the revision is not there.
    pub fn revision(dir: &Path, revision: &str) -> Result<Self, Error> {
        let repository = open(dir)?;
        let commit = commit(&repository, revision)?;
        let mut root = commit.tree()?;
        for part in below(&repository, dir)?.split('/').filter(|part| !part.is_empty()) {
            let id = root
                .get_name(part)
                .filter(|entry| entry.kind() == Some(ObjectType::Tree))
                .map(|entry| entry.id())
                .ok_or_else(|| Error(format!("{revision} has no folder {part}")))?;
            root = repository.find_tree(id)?;
        }
        let mut tree = Self { commit: Some(commit.id().to_string()), ..Self::default() };
        let mut broken = None;
        root.walk(TreeWalkMode::PreOrder, |folder, entry| {
            let path = format!("{folder}{}", String::from_utf8_lossy(entry.name_bytes()));
            let first = path.split('/').next().unwrap_or_default();
            if !PARTS.contains(&first) {
                return TreeWalkResult::Skip;
            }
            match (entry.kind(), entry.filemode()) {
                (_, LINK) => tree.links.push(path.into()),
                (_, SUBMODULE) => {}
                (Some(ObjectType::Blob), _) => match repository.find_blob(entry.id()) {
                    Ok(blob) => {
                        tree.files.insert(path.into(), blob.content().into());
                    }
                    Err(error) => {
                        broken = Some(error);
                        return TreeWalkResult::Abort;
                    }
                },
                _ => {}
            }
            TreeWalkResult::Ok
        })?;
        match broken {
            Some(error) => Err(error.into()),
            None => Ok(tree),
        }
    }
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

fn open(dir: &Path) -> Result<Repository, Error> {
    Repository::discover(dir).map_err(|error| match error.code() {
        git2::ErrorCode::NotFound => {
            Error("it lies in no git repository: clone the access repo, or leave out --rev".into())
        }
        git2::ErrorCode::Owner => Error(
            "git does not trust this repository, since it belongs to another user: run as its \
             owner, or add it to `git config --global safe.directory`"
                .into(),
        ),
        _ => error.into(),
    })
}

fn commit<'r>(repository: &'r Repository, revision: &str) -> Result<git2::Commit<'r>, Error> {
    let found = repository.revparse_single(revision).and_then(|found| found.peel_to_commit());
    found.map_err(|_| Error(format!("there is no commit {revision}")))
}

/// The path of a folder below the root of its repository, with `/`.
fn below(repository: &Repository, dir: &Path) -> Result<String, Error> {
    let Some(root) = repository.workdir() else { return Ok(String::new()) };
    let told = |error: std::io::Error| Error(format!("{}: {error}", dir.display()));
    let (root, dir) = (root.canonicalize().map_err(told)?, dir.canonicalize().map_err(told)?);
    let below =
        dir.strip_prefix(&root).map_err(|_| Error("it lies outside of its repository".into()))?;
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits the files given, and gives the commit.
    fn save(repository: &Repository, files: &[(&str, &str)]) -> String {
        let root = repository.workdir().expect("a work tree");
        let mut index = repository.index().expect("an index");
        for (path, text) in files {
            let file = root.join(path);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
            std::fs::write(file, text).expect("a file");
            index.add_path(Path::new(path)).expect("added");
        }
        let tree = repository.find_tree(index.write_tree().expect("a tree")).expect("a tree");
        let by = git2::Signature::now("liwei", "liwei@acme.example").expect("a name");
        let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let id = repository.commit(Some("HEAD"), &by, &by, "a change", &tree, &parents);
        id.expect("a commit").to_string()
    }

    #[test]
    fn a_revision_is_read_whatever_the_folder_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::init(folder.path()).expect("a repository");
        let first = save(&repository, &[("access/jumpgate.yaml", "version: 1\n"), ("x", "y")]);
        let second = save(&repository, &[("access/people/liwei.yaml", "name: x\n")]);
        std::fs::write(folder.path().join("access/jumpgate.yaml"), "changed").expect("a file");

        let dir = folder.path().join("access");
        let tree = Tree::revision(&dir, "HEAD").expect("a tree");
        assert_eq!(tree.commit.as_deref(), Some(second.as_str()));
        let paths: Vec<&str> = tree.files.keys().map(AsRef::as_ref).collect();
        assert_eq!(paths, ["jumpgate.yaml", "people/liwei.yaml"]);
        assert_eq!(&*tree.files["jumpgate.yaml"], b"version: 1\n");
        assert_eq!(Tree::revision(&dir, &first).expect("a tree").files.len(), 1);
        let error = Tree::revision(&dir, "nothing").expect_err("no such commit");
        assert_eq!(error.to_string(), "there is no commit nothing");

        assert_eq!(descent(&dir, &second, &first), Ok(Descent::Descends));
        assert_eq!(descent(&dir, &first, &second), Ok(Descent::Elsewhere));
        assert_eq!(descent(&dir, &first, &"a".repeat(40)), Ok(Descent::Unknown));
        assert_eq!(before(&dir, &second, 10), Ok(vec![first.clone()]));
        assert_eq!(merge_base(&dir, &first, "HEAD"), Ok(first.clone()));
        assert!(merge_base(&dir, "nothing", "HEAD").is_err());
        let place = place(&dir).expect("a place");
        assert_eq!((place.commit, place.folder.as_str()), (second, "access"));
    }

    #[test]
    fn a_folder_outside_of_git_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = Tree::revision(folder.path(), "HEAD").expect_err("no repository");
        assert!(error.to_string().contains("no git repository"), "{error}");
    }
}
