//! The walk through the files of a repo, the same for a folder and for a revision: links
//! are followed by their text, so that both give the same files.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::{Error, Fault, PARTS, Tree};
use crate::{catalog, yaml};

/// How deep folders may lie in one another.
pub(super) const DEEPEST: usize = 32;

/// How many links one path may lead through.
const HOPS: usize = 32;

/// How many files and folders are read at most: links to folders multiply what is there.
pub(super) const MOST: usize = 500_000;

/// How large the files may be together, in bytes.
const LARGEST: usize = 256 * 1024 * 1024;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Missing,
    File,
    Folder,
    /// A symbolic link, with its text.
    Link(String),
    /// Something else.
    Fault(Fault),
}

/// Something that holds files. Paths go from the root of the access repo, with `/`, and
/// never through a link; the root is empty.
pub(super) trait Source {
    /// What is at a path.
    fn entry(&self, path: &str) -> Result<Entry, Error>;
    /// What is in a folder: names (with what is not UTF-8 replaced) and entries.
    fn list(&self, folder: &str) -> Result<Vec<(String, Entry)>, Error>;
    /// The bytes of a file, cut one behind `most`.
    fn bytes(&self, file: &str, most: usize) -> Result<Arc<[u8]>, Error>;
}

/// Reads the files that matter.
pub(super) fn read(source: &impl Source) -> Result<Tree, Error> {
    let mut walk =
        Walk { source, tree: Tree::default(), read: HashMap::new(), left: MOST, room: LARGEST };
    // A catalogue of another day is no other access repo: it is none of the parts.
    for part in PARTS.into_iter().chain([catalog::PATH]) {
        let entry = source.entry(part)?;
        walk.add(part, part, entry, &mut Vec::new())?;
    }
    Ok(walk.tree)
}

struct Walk<'s, S> {
    source: &'s S,
    tree: Tree,
    /// Files that links may reach again.
    read: HashMap<String, Arc<[u8]>>,
    /// How many files and folders may still come.
    left: usize,
    /// How many bytes may still come.
    room: usize,
}

impl<S: Source> Walk<'_, S> {
    /// Adds what is at the path `at` under a name; what is not there adds nothing. `trail`
    /// are the folders in which it was found.
    fn add(
        &mut self,
        name: &str,
        at: &str,
        entry: Entry,
        trail: &mut Vec<String>,
    ) -> Result<(), Error> {
        self.left = self.left.checked_sub(1).ok_or_else(|| too_many(name))?;
        match entry {
            Entry::Missing => {}
            Entry::Fault(fault) => self.fault(name, fault),
            Entry::File => {
                let bytes = match self.read.get(at) {
                    Some(bytes) => bytes.clone(),
                    None => self.source.bytes(at, largest(name))?,
                };
                self.room = self.room.checked_sub(bytes.len()).ok_or_else(|| {
                    let most = LARGEST / 1024 / 1024;
                    Error(format!("{name}: with this file there are more than {most} MiB"))
                })?;
                if name != at {
                    self.read.insert(at.to_owned(), bytes.clone());
                }
                self.tree.files.insert(name.into(), bytes);
            }
            Entry::Link(text) => match resolve(self.source, parent(at), &text)? {
                Ok((path, _)) if path.is_empty() => self.fault(name, Fault::Circle),
                Ok((path, entry)) => self.add(name, &path, entry, trail)?,
                Err(fault) => self.fault(name, fault),
            },
            Entry::Folder => {
                let fault = if trail.iter().any(|folder| folder == at) {
                    Some(Fault::Circle)
                } else {
                    (trail.len() >= DEEPEST).then_some(Fault::Deep)
                };
                if let Some(fault) = fault {
                    self.fault(name, fault);
                    return Ok(());
                }
                let list = self.source.list(at)?;
                if list.iter().any(|(name, _)| is_git(name)) {
                    self.fault(name, Fault::Submodule);
                    return Ok(());
                }
                trail.push(at.to_owned());
                for (last, entry) in list {
                    self.add(&format!("{name}/{last}"), &format!("{at}/{last}"), entry, trail)?;
                }
                trail.pop();
            }
        }
        Ok(())
    }

    fn fault(&mut self, name: &str, fault: Fault) {
        self.tree.faults.push((name.into(), fault));
    }
}

/// Where a path from a folder leads, through links: a path without links, and what is
/// there (never a link, never missing).
pub(super) fn resolve(
    source: &impl Source,
    folder: &str,
    path: &str,
) -> Result<Result<(String, Entry), Fault>, Error> {
    let parts = |text: &str| text.split('/').map(str::to_owned).collect::<VecDeque<_>>();
    let mut done: Vec<String> = parts(folder).into();
    done.retain(|part| !part.is_empty());
    let mut todo = parts(path);
    let mut hops = 0;
    let mut found = Entry::Folder;
    if path.starts_with('/') {
        return Ok(Err(Fault::Outside));
    }
    while let Some(part) = todo.pop_front() {
        match part.as_str() {
            "" | "." => {}
            ".." => {
                if done.pop().is_none() {
                    return Ok(Err(Fault::Outside));
                }
                found = Entry::Folder;
            }
            part if is_git(part) => return Ok(Err(Fault::Outside)),
            part => {
                done.push(part.to_owned());
                found = source.entry(&done.join("/"))?;
                match &found {
                    Entry::Missing => return Ok(Err(Fault::Nowhere)),
                    Entry::Fault(fault) => return Ok(Err(*fault)),
                    Entry::File | Entry::Folder => {}
                    Entry::Link(text) if text.starts_with('/') => {
                        return Ok(Err(Fault::Outside));
                    }
                    Entry::Link(_) if hops >= HOPS => return Ok(Err(Fault::Circle)),
                    Entry::Link(text) => {
                        hops += 1;
                        done.pop();
                        let mut before = parts(text);
                        before.append(&mut todo);
                        todo = before;
                        found = Entry::Folder;
                    }
                }
            }
        }
    }
    Ok(Ok((done.join("/"), found)))
}

/// How large a file may be, by its name.
fn largest(name: &str) -> usize {
    if name == catalog::PATH { catalog::FILE_MAX } else { yaml::FILE_MAX }
}

/// Says that there is no end of files.
pub(super) fn too_many(path: &str) -> Error {
    Error(format!("{path}: there are more than {MOST} files, counting what links lead to"))
}

/// The folder that a path lies in.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a name is that of git's own folder, on any file system.
fn is_git(name: &str) -> bool {
    name.eq_ignore_ascii_case(".git")
}
