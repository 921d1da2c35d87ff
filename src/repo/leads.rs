//! What a path leads to in one commit, links and all: the same as long as what is read by it is
//! the same. A path may lead through a link, and a folder may hold links that lead out of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use git2::{ObjectType, Oid, Repository};

use super::Error;
use super::git::folder;
use super::revision::{LINK, Revision};
use super::walk::{DEEPEST, Entry, parent, resolve};

/// The objects that a path leads to, by the names under which they are read; none when nobody
/// can tell, which is never the same as anything.
pub(super) type Lead = Option<BTreeMap<String, Oid>>;

/// So many links are followed for a path.
const MOST: usize = 10_000;

/// The links in folders, each folder looked through once.
#[derive(Default)]
pub(super) struct Links(RefCell<HashMap<Oid, Option<Rc<[String]>>>>);

impl Links {
    /// What a path leads to in a revision.
    pub(super) fn lead(
        &self,
        repository: &Repository,
        revision: &Revision<'_>,
        path: &str,
    ) -> Lead {
        let follow = Follow { links: self, repository, revision };
        let mut lead = BTreeMap::new();
        // Mostly no link stands in the way.
        let found = revision.found(path).ok()?;
        let at = match found {
            Some(entry) if entry.filemode() != LINK => path.to_owned(),
            _ => match resolve(revision, "", path).ok()? {
                Ok((at, _)) => at,
                Err(_) => {
                    // Nothing, or a link to nowhere, which is an error of the files.
                    lead.extend(found.map(|entry| (path.to_owned(), entry.id())));
                    return Some(lead);
                }
            },
        };
        follow.add(path, &at, &mut Vec::new(), &mut lead)?;
        Some(lead)
    }

    /// The links in a folder and below it, by their paths from it; none when there is no end of
    /// them.
    fn of(&self, repository: &Repository, folder: Oid, deep: usize) -> Option<Rc<[String]>> {
        if let Some(known) = self.0.borrow().get(&folder) {
            return known.clone();
        }
        let found = self.look(repository, folder, deep);
        self.0.borrow_mut().insert(folder, found.clone());
        found
    }

    fn look(&self, repository: &Repository, folder: Oid, deep: usize) -> Option<Rc<[String]>> {
        let deep = deep.checked_sub(1)?;
        let tree = repository.find_tree(folder).ok()?;
        let mut found = Vec::new();
        for entry in &tree {
            // A name that is not UTF-8 is an error of the files.
            let Ok(name) = std::str::from_utf8(entry.name_bytes()) else { continue };
            if entry.filemode() == LINK {
                found.push(name.to_owned());
            } else if entry.kind() == Some(ObjectType::Tree) {
                let below = self.of(repository, entry.id(), deep)?;
                found.extend(below.iter().map(|link| format!("{name}/{link}")));
            }
            if found.len() > MOST {
                return None;
            }
        }
        Some(found.into())
    }
}

/// One way through the links.
struct Follow<'f, 'r> {
    links: &'f Links,
    repository: &'f Repository,
    revision: &'f Revision<'r>,
}

impl Follow<'_, '_> {
    /// Adds what is at the path `at`, which leads through no link, under a name; `trail` are the
    /// folders through whose links it was found. None when there is no end of them.
    fn add(
        &self,
        name: &str,
        at: &str,
        trail: &mut Vec<String>,
        lead: &mut BTreeMap<String, Oid>,
    ) -> Option<()> {
        let Some(entry) = self.revision.found(at).ok()? else { return Some(()) };
        lead.insert(name.to_owned(), entry.id());
        if entry.kind() != Some(ObjectType::Tree) {
            return Some(());
        }
        if lead.len() > MOST || trail.len() > DEEPEST {
            return None;
        }
        trail.push(at.to_owned());
        for link in self.links.of(self.repository, entry.id(), DEEPEST)?.iter() {
            let (name, link) = (format!("{name}/{link}"), format!("{at}/{link}"));
            // A link to nowhere is an error of the files, and so is one that leads in a circle.
            let Ok((at, found)) = resolve(self.revision, parent(&link), last(&link)).ok()? else {
                continue;
            };
            let circle = found == Entry::Folder && trail.contains(&at);
            if !at.is_empty() && !circle {
                self.add(&name, &at, trail, lead)?;
            }
        }
        trail.pop();
        Some(())
    }
}

fn last(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// What paths lead to when there is no commit.
pub(super) fn nowhere() -> Lead {
    Some(BTreeMap::new())
}

/// Whether two leads are the same for sure.
pub(super) fn same(one: &Lead, other: &Lead) -> bool {
    one.is_some() && one == other
}

/// The files of the access repo in a commit; none where its folder is not there.
pub(super) fn revision<'r>(
    repository: &'r Repository,
    commit: Oid,
    below: &str,
) -> Result<Option<Revision<'r>>, Error> {
    let tree = repository.find_commit(commit)?.tree()?;
    let found = folder(repository, tree, below)?.ok();
    found.map(|folder| Revision::new(repository, folder)).transpose()
}
