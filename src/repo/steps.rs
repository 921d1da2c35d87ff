//! The way back along the line of a branch: which commits changed what some paths lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use git2::{Oid, Repository};

use super::Error;
use super::git::{below, commit, open};
use super::history::{person, pull_request};
use super::leads::{self, Lead, Links};
use super::line::Line;

/// A commit along the line that changed what some of the paths asked about lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The commit, as 40 hex digits.
    pub commit: String,
    /// The one before it; none for the first of all.
    pub before: Option<String>,
    /// The last commit of the branch that it merged; none when it is no merge.
    pub merged: Option<String>,
    /// Who wrote it; of a merge, who merged.
    pub author: String,
    /// Who made it a commit: of a squashed or rebased one, who merged, where the forge does not
    /// put its own name there.
    pub committer: String,
    /// The pull request, as its message names it.
    pub pull_request: Option<String>,
}

/// The commits along a line that changed what some paths (files or folders, from the folder of
/// the access repo) lead to, the newest first.
pub struct Steps<'l> {
    repository: Repository,
    line: &'l Line,
    /// The folder of the access repo.
    folder: String,
    links: Links,
    /// The next commit to be looked at.
    at: Option<Oid>,
    /// What the paths lead to there.
    leads: BTreeMap<String, Lead>,
    cut_off: bool,
    /// The commit that is not looked at any more, and whether it was met.
    end: (Option<Oid>, bool),
}

impl<'l> Steps<'l> {
    /// From `revision` on, along the line of it.
    ///
    /// # Errors
    /// When the folder lies in no repository, or the revision is not there.
    pub fn new(
        dir: &Path,
        revision: &str,
        line: &'l Line,
        paths: BTreeSet<String>,
    ) -> Result<Self, Error> {
        let repository = open(dir)?;
        let folder = below(&repository, dir)?;
        let at = Some(commit(&repository, revision)?.id());
        let (links, cut_off) = (Links::default(), repository.is_shallow());
        let leads = BTreeMap::new();
        let mut steps =
            Self { repository, line, folder, links, at, leads, cut_off, end: (None, false) };
        steps.look_at(paths)?;
        Ok(steps)
    }

    /// Only the steps after a commit (40 hex digits).
    pub fn after(mut self, commit: &str) -> Self {
        self.end.0 = Oid::from_str(commit).ok();
        self
    }

    /// Whether the commit was met after which the steps are.
    pub fn is_at_end(&self) -> bool {
        self.end.1
    }

    /// Looks at these paths from here on.
    ///
    /// # Errors
    /// When the repository lacks an object.
    pub fn look_at(&mut self, paths: BTreeSet<String>) -> Result<(), Error> {
        let mut known = std::mem::take(&mut self.leads);
        let (old, new): (BTreeSet<String>, BTreeSet<String>) =
            paths.into_iter().partition(|path| known.contains_key(path));
        known.retain(|path, _| old.contains(path));
        known.extend(self.leads_at(self.at, new.into_iter())?);
        self.leads = known;
        Ok(())
    }

    /// Whether the history ends before its beginning, as that of a shallow clone does.
    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    /// The next older step.
    ///
    /// # Errors
    /// When the repository lacks an object.
    pub fn older(&mut self) -> Result<Option<Step>, Error> {
        while let Some(id) = self.at {
            if Some(id) == self.end.0 {
                (self.at, self.end.1) = (None, true);
                break;
            }
            let commit = self.repository.find_commit(id)?;
            let (before, merged) = self.line.sides(&commit);
            let before = before.filter(|before| {
                let there = self.repository.find_commit(*before).is_ok();
                self.cut_off |= !there;
                there
            });
            let old = self.leads_at(before, self.leads.keys().cloned())?;
            let changed = self
                .leads
                .iter()
                .any(|(path, lead)| old.get(path).is_none_or(|before| !leads::same(lead, before)));
            let step = changed.then(|| Step {
                commit: id.to_string(),
                before: before.map(|before| before.to_string()),
                merged: merged.map(|id| id.to_string()),
                author: person(&commit.author()),
                committer: person(&commit.committer()),
                pull_request: pull_request(commit.message().unwrap_or_default()),
            });
            drop(commit);
            (self.at, self.leads) = (before, old);
            if step.is_some() {
                return Ok(step);
            }
        }
        Ok(None)
    }

    fn leads_at(
        &self,
        commit: Option<Oid>,
        paths: impl Iterator<Item = String>,
    ) -> Result<BTreeMap<String, Lead>, Error> {
        let revision = match commit {
            Some(commit) => leads::revision(&self.repository, commit, &self.folder)?,
            None => None,
        };
        let lead = |path: &str| match &revision {
            Some(revision) => self.links.lead(&self.repository, revision, path),
            None => leads::nowhere(),
        };
        Ok(paths.map(|path| (lead(&path), path)).map(|(lead, path)| (path, lead)).collect())
    }
}

/// All such commits of `revision`, and whether the history ends before its beginning.
///
/// # Errors
/// When the folder lies in no repository, the revision is not there, or an object is missing.
pub fn steps(
    dir: &Path,
    revision: &str,
    line: &Line,
    paths: BTreeSet<String>,
) -> Result<(Vec<Step>, bool), Error> {
    let mut all = Steps::new(dir, revision, line, paths)?;
    let mut found = Vec::new();
    while let Some(step) = all.older()? {
        found.push(step);
    }
    Ok((found, all.is_cut_off()))
}
