//! The line of a branch: which parent of each merge is the branch that something came into.

use std::collections::BTreeMap;
use std::path::Path;

use git2::{Commit, Oid, Repository};

use super::Error;
use super::git::{commit, open};

/// The way back from a commit along its branch: by the first parents, and where those lead past
/// a commit that is known to lie on the branch, by the parents that lead to it. Whoever pushes a
/// merge chooses which parent is the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The parents that are not the first, by the merges that have them.
    turns: BTreeMap<Oid, Oid>,
}

impl Line {
    /// The line of `revision` through `known` (40 hex digits each, the newest first). One from
    /// which those before it do not come says nothing; where nothing is known it goes along the
    /// first parents.
    ///
    /// # Errors
    /// When the folder lies in no repository, a commit is not there, or the repository lacks an
    /// object on the way.
    pub fn new(dir: &Path, revision: &str, known: &[&str]) -> Result<Self, Error> {
        let mut line = Self::default();
        let repository = open(dir)?;
        let mut at = commit(&repository, revision)?;
        for known in known {
            let known = commit(&repository, known).map_err(|_| {
                Error(format!(
                    "this clone does not have commit {known}, which was applied: fetch the whole \
                     history (git fetch --unshallow)"
                ))
            })?;
            if leads_straight(&at, known.id()) {
                at = known;
            } else if leads_to(&repository, at.id(), known.id())? {
                line.turn(&repository, at, known.id())?;
                at = known;
            }
        }
        Ok(line)
    }

    /// Adds the turns from a commit to one that it comes from.
    fn turn(&mut self, repository: &Repository, from: Commit<'_>, to: Oid) -> Result<(), Error> {
        let mut at = from.id();
        while at != to {
            let commit = repository.find_commit(at)?;
            let mut next = None;
            for parent in commit.parent_ids() {
                if leads_to(repository, parent, to)? {
                    next = Some(parent);
                    break;
                }
            }
            let Some(next) = next else {
                return Err(Error(format!("the history between {at} and {to} has a hole")));
            };
            if commit.parent_id(0) != Ok(next) {
                self.turns.insert(at, next);
            }
            at = next;
        }
        Ok(())
    }

    /// Whether the first parents alone lead along it.
    pub fn is_straight(&self) -> bool {
        self.turns.is_empty()
    }

    /// The commit before one of the line; none for the first of all, or where the history of
    /// this clone ends.
    ///
    /// # Errors
    /// When the folder lies in no repository, or the commit is not there.
    pub fn before(&self, dir: &Path, revision: &str) -> Result<Option<String>, Error> {
        let repository = open(dir)?;
        let (before, _) = self.sides(&commit(&repository, revision)?);
        Ok(before.filter(|id| repository.find_commit(*id).is_ok()).map(|id| id.to_string()))
    }

    /// The commits of the line from one on, the newest first, as far as another, which is left out,
    /// or as the history goes.
    ///
    /// # Errors
    /// When the folder lies in no repository, or the commit is not there.
    pub fn way(&self, dir: &Path, from: &str, to: &str) -> Result<Vec<String>, Error> {
        let repository = open(dir)?;
        let mut way = Vec::new();
        let mut at = Some(commit(&repository, from)?);
        while let Some(commit) = at.filter(|commit| commit.id().to_string() != to) {
            way.push(commit.id().to_string());
            at = self.sides(&commit).0.and_then(|before| repository.find_commit(before).ok());
        }
        Ok(way)
    }

    /// The parent on the line, and the one that was merged into it.
    pub(super) fn sides(&self, commit: &Commit<'_>) -> (Option<Oid>, Option<Oid>) {
        let before = self.turns.get(&commit.id()).copied().or_else(|| commit.parent_id(0).ok());
        let merged = commit.parent_ids().find(|id| Some(*id) != before);
        (before, merged)
    }
}

/// Whether the first parents lead from a commit to another one.
fn leads_straight(from: &Commit<'_>, to: Oid) -> bool {
    let mut at = from.clone();
    loop {
        if at.id() == to {
            return true;
        }
        match at.parent(0) {
            Ok(parent) => at = parent,
            Err(_) => return false,
        }
    }
}

/// Whether a commit is another one, or comes from it.
fn leads_to(repository: &Repository, from: Oid, to: Oid) -> Result<bool, Error> {
    Ok(from == to || repository.graph_descendant_of(from, to)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::bench::Bench;

    /// Commits a change with these parents, the first first, and makes it the newest.
    fn made(bench: &Bench, parents: &[&str]) -> String {
        let tree = bench.repository.treebuilder(None).and_then(|tree| tree.write());
        let tree = bench.repository.find_tree(tree.expect("a tree")).expect("a tree");
        let by = git2::Signature::now("liwei", "liwei@acme.example").expect("a name");
        let parents: Vec<_> =
            parents.iter().map(|id| commit(&bench.repository, id).expect("a parent")).collect();
        let parents: Vec<_> = parents.iter().collect();
        let message = format!("number {}", bench.repository.odb().map_or(0, objects));
        let made = bench.repository.commit(None, &by, &by, &message, &tree, &parents);
        made.expect("a commit").to_string()
    }

    /// How many objects there are: each commit says another number.
    fn objects(all: git2::Odb<'_>) -> usize {
        let mut count = 0;
        let _ = all.foreach(|_| {
            count += 1;
            true
        });
        count
    }

    /// The whole way back from a commit.
    fn way(line: &Line, bench: &Bench, from: &str) -> Vec<String> {
        line.way(bench.folder.path(), from, "").expect("a way")
    }

    #[test]
    fn the_way_back_keeps_to_what_is_known() {
        let bench = Bench::new();
        let dir = bench.folder.path();
        let first = made(&bench, &[]);
        let second = made(&bench, &[&first]);
        let applied = made(&bench, &[&second]);
        let other = made(&bench, &[]);
        for past in [&first, &other] {
            let merge = made(&bench, &[past, &applied]);
            let again = made(&bench, &[&other, &first, &merge]);
            let tip = made(&bench, &[&again]);
            let line = Line::new(dir, &tip, &[&applied]).expect("a line");
            assert!(!line.is_straight());
            assert_eq!(
                way(&line, &bench, &tip),
                [&*tip, &again, &merge, &applied, &second, &first]
            );
            let straight = Line::new(dir, &tip, &[]).expect("a line");
            assert!(straight.is_straight());
            assert_eq!(way(&straight, &bench, &tip), [&*tip, &again, &other]);
        }
        // A branch that was merged, and one that is behind.
        let side = made(&bench, &[&second]);
        let merge = made(&bench, &[&applied, &side]);
        for (tip, known) in [(&merge, &applied), (&merge, &second), (&second, &applied)] {
            assert!(Line::new(dir, tip, &[known]).expect("a line").is_straight());
        }
        let gone = Line::new(dir, &merge, &[&"a".repeat(40)]).expect_err("it is not there");
        assert!(gone.to_string().contains("fetch the whole history"), "{gone}");
    }
}
