//! The line of a branch: which parent of each merge is the branch that something came into.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use git2::{Commit, Oid, Repository, Sort};

use super::Error;
use super::git::{commit, open};

/// The way back from a commit along its branch: by the first parents, and where those lead past
/// a commit that lay on the branch, by the parents that lead to it. Whoever pushes a merge
/// chooses which parent is the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The parents that are not the first, by the merges that have them; 40 hex digits each.
    turns: BTreeMap<String, String>,
}

impl Line {
    /// The line of `revision`, which goes by known turns and through the commit that was its
    /// last one when they were known (40 hex digits). When `revision` does not come from that
    /// one, nothing is added to the turns.
    ///
    /// # Errors
    /// When the folder lies in no repository, a commit is not there, or the repository lacks an
    /// object between the two.
    pub fn new(
        dir: &Path,
        revision: &str,
        last: Option<&str>,
        turns: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let mut line = Self { turns: turns.clone() };
        let Some(last) = last else { return Ok(line) };
        let repository = open(dir)?;
        let from = commit(&repository, revision)?.id();
        let to = commit(&repository, last).map_err(|_| {
            Error(format!(
                "this clone does not have commit {last}, which was applied last: fetch the whole \
                 history (git fetch; with --unshallow where it is cut off)"
            ))
        })?;
        line.turn(&repository, from, to.id())?;
        Ok(line)
    }

    /// The turns, to be known later.
    pub fn turns(&self) -> &BTreeMap<String, String> {
        &self.turns
    }

    /// Adds the turns from a commit to one that it comes from.
    fn turn(&mut self, repository: &Repository, from: Oid, to: Oid) -> Result<(), Error> {
        let mut at = repository.find_commit(from)?;
        while at.id() != to {
            match at.parent(0) {
                Ok(parent) => at = parent,
                Err(_) => break,
            }
        }
        if at.id() == to {
            return Ok(());
        }
        // All that lies between the two, the oldest first.
        let mut between = repository.revwalk()?;
        between.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
        between.push(from)?;
        between.hide(to)?;
        let mut leads = HashSet::from([to]);
        for id in between {
            let id = id?;
            if repository.find_commit(id)?.parent_ids().any(|parent| leads.contains(&parent)) {
                leads.insert(id);
            }
        }
        let mut at = from;
        while at != to && leads.contains(&at) {
            let commit = repository.find_commit(at)?;
            let Some(next) = commit.parent_ids().find(|parent| leads.contains(parent)) else {
                break;
            };
            if commit.parent_id(0) != Ok(next) {
                self.turns.insert(at.to_string(), next.to_string());
            }
            at = next;
        }
        Ok(())
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
        let turn = self.turns.get(&commit.id().to_string());
        let turn = turn.and_then(|parent| Oid::from_str(parent).ok());
        let before = turn.or_else(|| commit.parent_id(0).ok());
        let merged = commit.parent_ids().find(|id| Some(*id) != before);
        (before, merged)
    }
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
        let none = BTreeMap::new();
        let first = made(&bench, &[]);
        let second = made(&bench, &[&first]);
        let applied = made(&bench, &[&second]);
        let other = made(&bench, &[]);
        for past in [&first, &other] {
            let merge = made(&bench, &[past, &applied]);
            let again = made(&bench, &[&other, &first, &merge]);
            let tip = made(&bench, &[&again]);
            let line = Line::new(dir, &tip, Some(&applied), &none).expect("a line");
            let expected = [&*tip, &again, &merge, &applied, &second, &first];
            assert_eq!(way(&line, &bench, &tip), expected);
            // It is still so when the tip was applied and others came, and when one came that
            // leads past what was applied in between.
            let later = made(&bench, &[&tip]);
            let line = Line::new(dir, &later, Some(&tip), line.turns()).expect("a line");
            assert_eq!(way(&line, &bench, &later)[1..], expected);
            let past = made(&bench, &[&applied]);
            let odd = made(&bench, &[&past, &later]);
            let line = Line::new(dir, &odd, Some(&later), line.turns()).expect("a line");
            assert_eq!(way(&line, &bench, &odd)[2..], expected);
            let line = Line::new(dir, &odd, Some(&odd), line.turns()).expect("a line");
            assert_eq!(way(&line, &bench, &odd)[2..], expected);
            let straight = Line::new(dir, &tip, None, &none).expect("a line");
            assert_eq!(way(&straight, &bench, &tip), [&*tip, &again, &other]);
        }
        // A branch that was merged, and one that is behind.
        let side = made(&bench, &[&second]);
        let merge = made(&bench, &[&applied, &side]);
        for (tip, known) in [(&merge, &applied), (&merge, &second), (&second, &applied)] {
            let line = Line::new(dir, tip, Some(known), &none).expect("a line");
            assert!(line.turns().is_empty());
        }
        let gone = Line::new(dir, &merge, Some(&"a".repeat(40)), &none).expect_err("not there");
        assert!(gone.to_string().contains("fetch the whole history"), "{gone}");
    }
}
