//! The files of a revision: a tree of git, read object by object.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use git2::{ObjectType, Oid, Repository, TreeEntry};

use super::walk::{Entry, MOST, Source, too_many};
use super::{Error, Fault};

/// Symbolic links have this mode in git.
pub(super) const LINK: i32 = 0o120_000;

/// The longest text of a link, in bytes: no system takes more (PATH_MAX).
const LINK_MAX: usize = 4096;

/// The largest list of a folder, in bytes, that comes into memory: an entry has at least 24.
const TREE_MAX: usize = 128 * 1024 * 1024;

/// Submodules have this mode in git.
const SUBMODULE: i32 = 0o160_000;

/// So many folders are kept.
const FOLDERS: usize = 1024;

/// The tree of a commit, or a folder in it.
pub(super) struct Revision<'r> {
    repository: &'r Repository,
    odb: git2::Odb<'r>,
    root: Rc<git2::Tree<'r>>,
    /// Folders by their path: most files have neighbours.
    folders: RefCell<HashMap<String, Option<Rc<git2::Tree<'r>>>>>,
    /// Files by their object: a tree may hold one under many names.
    read: RefCell<HashMap<Oid, Arc<[u8]>>>,
}

impl<'r> Revision<'r> {
    pub(super) fn new(repository: &'r Repository, root: git2::Tree<'r>) -> Result<Self, Error> {
        let (odb, root) = (repository.odb()?, Rc::new(root));
        let (folders, read) = (RefCell::default(), RefCell::default());
        Ok(Self { repository, odb, root, folders, read })
    }

    /// What stands at a path; none when nothing does.
    pub(super) fn found(&self, path: &str) -> Result<Option<TreeEntry<'static>>, Error> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(tree) = self.folder(folder)? else { return Ok(None) };
        Ok(tree.get_name(name).map(|entry| entry.to_owned()))
    }

    /// The folder at a path; none when there is none.
    fn folder(&self, path: &str) -> Result<Option<Rc<git2::Tree<'r>>>, Error> {
        if let Some(known) = self.folders.borrow().get(path) {
            return Ok(known.clone());
        }
        let found = match path.is_empty() {
            true => Some(self.root.clone()),
            false => match self.found(path)? {
                Some(entry) if entry.kind() == Some(ObjectType::Tree) => {
                    Some(Rc::new(self.tree(entry.id(), path)?))
                }
                _ => None,
            },
        };
        let mut folders = self.folders.borrow_mut();
        if folders.len() >= FOLDERS {
            folders.clear();
        }
        folders.insert(path.to_owned(), found.clone());
        Ok(found)
    }

    /// The list of a folder, when it is not too long.
    fn tree(&self, id: Oid, path: &str) -> Result<git2::Tree<'r>, Error> {
        let (size, _) = self.odb.read_header(id).map_err(|e| lost(path, &e))?;
        if size > TREE_MAX {
            return Err(too_many(path));
        }
        self.repository.find_tree(id).map_err(|e| lost(path, &e))
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
        let Some(tree) = self.folder(folder)? else { return Ok(Vec::new()) };
        if tree.len() > MOST {
            return Err(too_many(folder));
        }
        let mut list = Vec::new();
        for entry in tree.iter() {
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
