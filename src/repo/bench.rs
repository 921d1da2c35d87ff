//! A repository of its own for a test.

use std::fs;
use std::path::PathBuf;

use git2::{IndexAddOption, Oid, Repository, Signature};

/// A repository with work tree in a folder of its own.
pub(super) struct Bench {
    pub(super) folder: tempfile::TempDir,
    pub(super) repository: Repository,
}

impl Bench {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::init(folder.path()).expect("a repository");
        Self { folder, repository }
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The same, with the folders that it lies in.
    fn place(&self, path: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        path
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        fs::write(self.place(path), text).expect("a file");
    }

    #[cfg(unix)]
    pub(super) fn link(&self, path: &str, to: &str) {
        std::os::unix::fs::symlink(to, self.place(path)).expect("a link");
    }

    /// Commits all files of the work tree; gives the commit.
    pub(super) fn save(&self, message: &str) -> String {
        let mut index = self.repository.index().expect("an index");
        index.clear().expect("empty");
        index.add_all(["*"], IndexAddOption::FORCE, None).expect("added");
        index.write().expect("written");
        commit(&self.repository, index.write_tree().expect("a tree"), message)
    }
}

/// Commits a tree after the newest commit; gives the commit.
pub(super) fn commit(repository: &Repository, tree: Oid, message: &str) -> String {
    let tree = repository.find_tree(tree).expect("a tree");
    let by = Signature::now("mallory", "mallory@acme.example").expect("a name");
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    let made = repository.commit(Some("HEAD"), &by, &by, message, &tree, &parents);
    made.expect("a commit").to_string()
}
