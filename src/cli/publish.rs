//! Changes as a branch, a push and a pull request.

use std::path::Path;

use super::block_on_value;
use super::draft::{Changes, Title};
use super::forge::At;
use crate::forge::{PullRequest, PullRequests, Wanted};
pub(super) use crate::repo::branch::Base;
use crate::repo::{self, branch, command};

/// What becomes of a change beside the files.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Branch and pull request")]
#[group(id = "publish")]
pub(super) struct Flags {
    /// Commit it to a new branch on top of the base, and leave the files here alone; the name
    /// is made up, or given as --branch=NAME.
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true)]
    pub(super) branch: Option<Option<String>>,
    /// Push the branch too.
    #[arg(long)]
    pub(super) push: bool,
    /// Push the branch and open a pull request. The token is read from JUMPGATE_FORGE_TOKEN,
    /// or from GITHUB_TOKEN, GITLAB_TOKEN, GITEA_TOKEN or GITEE_TOKEN.
    #[arg(long)]
    pub(super) pull_request: bool,
    /// The branch that is merged into [default: the remote's own].
    #[arg(long, value_name = "BRANCH")]
    pub(super) base: Option<String>,
    /// The remote that is pushed to.
    #[arg(long, value_name = "NAME", default_value = "origin")]
    pub(super) remote: String,
    #[command(flatten)]
    pub(super) at: At,
}

/// A change in a branch.
#[derive(Debug, Clone)]
pub(super) struct Published {
    /// The branch.
    pub(super) branch: String,
    /// Whether it was pushed.
    pub(super) pushed: bool,
    /// Its pull request.
    pub(super) pull_request: Option<PullRequest>,
}

impl Flags {
    /// Whether a branch is asked for.
    pub(super) fn any(&self) -> bool {
        self.branch.is_some() || self.pushes()
    }

    /// Whether the branch goes to the remote.
    pub(super) fn pushes(&self) -> bool {
        self.push || self.pull_request
    }

    /// What a branch starts from, fetched first when it is pushed later; none when no branch is
    /// asked for.
    pub(super) fn base(&self, dir: &Path) -> Result<Option<Base>, repo::Error> {
        if !self.any() {
            return Ok(None);
        }
        if self.pushes() {
            command::fetch(dir, &self.remote)?;
        }
        Base::find(dir, &self.remote, self.base.as_deref()).map(Some)
    }

    /// The commit of a branch, here or at the remote, and whether the remote has it.
    pub(super) fn existing(
        &self,
        dir: &Path,
        name: &str,
    ) -> Result<Option<(String, bool)>, repo::Error> {
        if self.pushes()
            && let Some(commit) = command::remote_branch(dir, &self.remote, name)?
        {
            return Ok(Some((commit, true)));
        }
        Ok(branch::branch(dir, name)?.map(|commit| (commit, false)))
    }

    /// Commits changes to a branch, and pushes it and opens a pull request as asked for. A
    /// branch that has just these changes is taken as it is.
    pub(super) fn publish(
        &self,
        dir: &Path,
        base: &Base,
        changes: &Changes,
        title: &Title,
    ) -> anyhow::Result<Published> {
        if let [path, ..] = branch::changed(dir, changes.keys().map(|path| &**path))?.as_slice() {
            anyhow::bail!("{path} has changes here that are not committed: commit or undo them");
        }
        let (tree, parent) = branch::tree(dir, &base.revision, changes)?;
        let has = |commit: &str| -> Result<bool, repo::Error> {
            for (path, text) in changes {
                if branch::text_at(dir, commit, path)? != *text {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let (name, existing) = self.free(dir, title, has)?;
        let (commit, mut pushed) = match existing {
            Some(existing) => existing,
            None => {
                let commit = command::commit(dir, &tree, &parent, &title.subject)?;
                branch::make(dir, &name, &commit)?;
                (commit, false)
            }
        };
        if self.pushes() && !pushed {
            if let Err(error) = command::push(dir, &self.remote, &commit, &name) {
                // The same call may have been quicker elsewhere.
                let other = command::remote_branch(dir, &self.remote, &name)?;
                let same = match &other {
                    Some(other) => has(other)?,
                    None => false,
                };
                if !same {
                    return Err(error.into());
                }
            }
            pushed = true;
        }
        let published = Published { branch: name, pushed, pull_request: None };
        self.with_pull_request(dir, base, published, title, changes)
    }

    /// The same with its pull request, when one is asked for: the open one, or a new one.
    pub(super) fn with_pull_request(
        &self,
        dir: &Path,
        base: &Base,
        published: Published,
        title: &Title,
        changes: &Changes,
    ) -> anyhow::Result<Published> {
        if !self.pull_request {
            return Ok(published);
        }
        let (place, client) = self.at.repository(dir, &self.remote)?;
        let body = body(changes);
        let wanted = Wanted {
            branch: &published.branch,
            base: &base.name,
            title: &title.subject,
            body: &body,
        };
        let pulls = PullRequests::new(&client, &place)?;
        let opened = block_on_value(pulls.open(&wanted))??;
        Ok(Published { pull_request: Some(opened), ..published })
    }

    /// The newest pull request of a branch, whatever became of it.
    pub(super) fn find_pull_request(
        &self,
        dir: &Path,
        name: &str,
    ) -> anyhow::Result<Option<PullRequest>> {
        let (place, client) = self.at.repository(dir, &self.remote)?;
        let pulls = PullRequests::new(&client, &place)?;
        Ok(block_on_value(pulls.find(name, true))??)
    }

    /// The branch that the changes go to, with its commit when it has them already.
    #[allow(clippy::type_complexity, reason = "a name, and what is there")]
    fn free(
        &self,
        dir: &Path,
        title: &Title,
        has: impl Fn(&str) -> Result<bool, repo::Error>,
    ) -> anyhow::Result<(String, Option<(String, bool)>)> {
        let given = self.branch.clone().flatten();
        let fixed = given.is_some() || title.fixed;
        let name = given.unwrap_or_else(|| title.branch.clone());
        if !branch::is_branch_name(&name) {
            anyhow::bail!("{name} is no name of a branch: give one as --branch=NAME");
        }
        let more = (2..100).map(|n| format!("{name}-{n}"));
        for name in std::iter::once(name.clone()).chain(more) {
            match self.existing(dir, &name)? {
                None => return Ok((name, None)),
                Some(existing) if has(&existing.0)? => return Ok((name, Some(existing))),
                Some(_) if fixed => break,
                Some(_) => {}
            }
        }
        anyhow::bail!("the branch {name} is there already, with other changes")
    }
}

/// How many bytes of files a description shows: GitHub takes 65,536 characters.
const MOST_SHOWN: usize = 40_000;

/// How many files a longer one names.
const MOST_NAMED: usize = 200;

/// The description of a pull request: the files, as text that no forge takes for anything
/// else, or their names where they are too many. The plan is CI's comment.
fn body(changes: &Changes) -> String {
    let mut body = String::from("Merging this is the approval.\n");
    let long: usize =
        changes.iter().map(|(path, text)| path.len() + text.as_ref().map_or(0, String::len)).sum();
    if long > MOST_SHOWN {
        body.push('\n');
        for path in changes.keys().take(MOST_NAMED) {
            body.push_str(&format!("- `{path}`\n"));
        }
        if let Some(more) = changes.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
            body.push_str(&format!("- and {more} more\n"));
        }
        return body;
    }
    for (path, text) in changes {
        match text {
            Some(text) if !text.is_empty() => {
                let longest = text.split(|c| c != '~').map(str::len).max().unwrap_or(0);
                let fence = "~".repeat(longest.max(2) + 1);
                body.push_str(&format!(
                    "\n`{path}`\n\n{fence}yaml\n{}\n{fence}\n",
                    text.trim_end()
                ));
            }
            Some(_) => {}
            None => body.push_str(&format!("\n`{path}` is removed.\n")),
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_stays_below_what_forges_take() {
        let changes = |count: usize, text: &str| -> Changes {
            let path = |n| format!("people/p{n:04}.yaml").into();
            (0..count).map(|n| (path(n), Some(text.to_owned()))).collect()
        };
        let few = body(&changes(2, "name: x\n"));
        assert!(few.contains("`people/p0001.yaml`\n\n~~~yaml\nname: x\n~~~"), "{few}");
        let many = body(&changes(3_000, "name: x\n"));
        assert!(many.len() < 65_000 && many.ends_with("- and 2800 more\n"), "{}", many.len());
        assert!(!many.contains("name: x"));
        let one = body(&changes(1, &"x".repeat(70_000)));
        assert!(one.len() < 65_000 && one.contains("- `people/p0000.yaml`"), "{}", one.len());
    }
}
