//! `jumpgate status`.

use std::path::PathBuf;

use jiff::Timestamp;

use super::applied::Merged;
use super::{Outcome, could_not_run};
use crate::access::model::Access;
use crate::answers::RELEASED;
use crate::cli::draft::{ended, named, stem};
use crate::cli::forge::At;
use crate::cli::plan::{Format, unknown};
use crate::cli::publish::{self, Base};
use crate::cli::source;
use crate::forge::{self, PullRequest};
use crate::names::RequestName;
use crate::repo::{self, Tree, branch};
use crate::request::status::{self, Applied, Emergency, Pull, SCHEMA, State, Status};
use crate::request::{self as made, External};
use crate::visible::clean;
use crate::{access, answers, grants};

/// Say where a request stands: in a branch, merged, running, over, and whether it is applied.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The request, by its name, the last part of it, its path, or the id of another system.
    request: String,
    /// The folder of the access repo.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The branch that is merged into [default: the remote's own].
    #[arg(long, value_name = "BRANCH")]
    base: Option<String>,
    /// The remote that requests are pushed to.
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
    #[command(flatten)]
    at: At,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Args {
    pub(in crate::cli) fn run(&self) -> Outcome {
        ended(self.try_run())
    }

    fn try_run(&self) -> Result<Outcome, Outcome> {
        let moment = Timestamp::now();
        // Outside of git the files are all there is.
        let base = match repo::place(&self.dir) {
            Ok(_) => Some(
                Base::find(&self.dir, &self.remote, self.base.as_deref())
                    .map_err(|error| could_not_run(&error))?,
            ),
            Err(_) => None,
        };
        let rev = base.as_ref().map(|base| base.revision.clone());
        let (tree, access) = source::Source { dir: self.dir.clone(), rev }.access(moment)?;
        let name = name_of(&tree, &self.request);
        let mut merged = access.requests.iter().find(|(known, _)| known.as_str() == name);
        let waiting = if base.is_some() && merged.is_none() { self.waiting(&name)? } else { None };
        if merged.is_none() && waiting.is_none() {
            merged = named(&access, &name);
        }
        let name = merged.map_or(name, |(known, _)| known.to_string());
        let pull = self.pull(&name, base.is_some())?;
        let state = status::state(
            merged.map(|(_, request)| request),
            waiting.is_some(),
            pull.as_ref().map(|(_, pull)| where_it_stands(pull)),
            moment,
        );
        let Some(state) = state else {
            let known = access.requests.keys().map(RequestName::as_str);
            return Err(unknown("request", &name, known));
        };
        // What a branch says is read by the same checks, and told when it passes them.
        let proposed = waiting.as_ref().and_then(|(_, tree)| access::load(tree, moment).ok());
        let request = merged.or_else(|| {
            proposed.as_ref()?.requests.iter().find(|(known, _)| known.as_str() == name)
        });
        let origin = match (merged, &tree.commit) {
            (Some((_, request)), Some(commit)) => {
                repo::origin(&self.dir, commit, &request.site.file)
                    .map_err(|error| could_not_run(&error))?
            }
            _ => None,
        };
        let applied = match merged {
            Some((name, request)) => Merged {
                dir: &self.dir,
                commit: tree.commit.as_deref().unwrap_or("HEAD"),
                access: &access,
                name,
                request,
                moment,
            }
            .applied(),
            None => None,
        };
        let edge = |edge: Option<&crate::period::Edge>| edge.map(|edge| edge.text.clone());
        let period = request.map(|(_, request)| &request.period);
        let waits = merged.is_none();
        let status = Status {
            schema: SCHEMA,
            request: name.clone(),
            state,
            path: request.map(|(_, request)| request.site.file.to_string()),
            reason: request.map(|(_, request)| request.reason.clone()),
            from: edge(period.and_then(|period| period.from.as_ref())),
            until: edge(period.and_then(|period| period.until.as_ref())),
            branch: waiting.map(|(branch, _)| branch).filter(|_| waits),
            pull_request: pull
                .map(|(_, pull)| made::PullRequest { number: pull.number, url: pull.url }),
            origin,
            against_policy: match (state, proposed.as_ref()) {
                (State::Ended | State::Released, _) => Vec::new(),
                (_, Some(proposed)) if waits => against(&access, proposed, &name, moment),
                _ => against(&access, &access, &name, moment),
            },
            emergency: request.and_then(|(_, request)| request.emergency.as_ref()).map(|one| {
                status::Emergency {
                    reason: one.reason.clone(),
                    approved_afterwards: one.approved.clone(),
                }
            }),
            applied,
        };
        match self.format {
            Format::Json => anstream::println!("{}", status.json()),
            Format::Text => print(&status),
        }
        Ok(Outcome::Done)
    }

    /// The branches that a request of this name may stand in.
    fn branches(&self, name: &str) -> Vec<String> {
        let last = name.rsplit('/').next().unwrap_or(name);
        let by_id = External { id: self.request.clone(), body: String::new() }.branch();
        vec![made::branch("request", name), made::branch("external", last), by_id]
    }

    /// The branch, here or as it was fetched last, that has a request which is not merged, and
    /// its files.
    fn waiting(&self, name: &str) -> Result<Option<(String, Tree)>, Outcome> {
        for branch in self.branches(name) {
            for revision in
                [format!("refs/heads/{branch}"), format!("refs/remotes/{}/{branch}", self.remote)]
            {
                let Ok(tree) = Tree::revision(&self.dir, &revision) else { continue };
                let name = name_of(&tree, &self.request);
                let path = format!("requests/{name}.yaml");
                let has = branch::text_at(&self.dir, &revision, &path)
                    .map_err(|error| could_not_run(&error))?;
                if has.is_some() {
                    return Ok(Some((branch, tree)));
                }
            }
        }
        Ok(None)
    }

    /// The newest pull request of the request, when the forge can be asked.
    fn pull(&self, name: &str, in_git: bool) -> Result<Option<(String, PullRequest)>, Outcome> {
        if !in_git || self.at.repository(&self.dir, &self.remote).is_err() {
            return Ok(None);
        }
        let flags = publish::Flags {
            remote: self.remote.clone(),
            at: self.at.clone(),
            ..publish::Flags::default()
        };
        for branch in self.branches(name) {
            let found = flags
                .find_pull_request(&self.dir, &branch)
                .map_err(|error| could_not_run(&error))?;
            if let Some(pull) = found {
                return Ok(Some((branch, pull)));
            }
        }
        Ok(None)
    }
}

/// What the policy of `judge` has against a request of `files`.
fn against(judge: &Access, files: &Access, name: &str, moment: Timestamp) -> Vec<String> {
    let grants = grants::of(files);
    let its = grants.iter().filter(|grant| grant.because.request.as_str() == name);
    answers::against_policy(judge, its, moment)
}

fn where_it_stands(pull: &PullRequest) -> Pull {
    match pull.state {
        forge::State::Open => Pull::Open,
        forge::State::Merged => Pull::Merged,
        forge::State::Closed => Pull::Closed,
    }
}

/// The name of the request that a text means: its name, its path, or the id of another system
/// in its first line.
fn name_of(tree: &Tree, text: &str) -> String {
    let by_id = External { id: text.to_owned(), body: String::new() };
    let found =
        tree.files.iter().filter(|(path, _)| path.starts_with("requests/")).find(|(_, bytes)| {
            by_id.in_text(&String::from_utf8_lossy(bytes)) != made::Found::Other
        });
    found.map_or_else(|| stem(text).to_owned(), |(path, _)| stem(path).to_owned())
}

fn print(status: &Status) {
    let state = match status.state {
        State::Open => "open: it waits for approval",
        State::Refused => "refused: its pull request was closed and not merged",
        State::Upcoming => "merged: it begins later",
        State::Active => "active",
        State::Ending => "active: it ends soon",
        State::Released => RELEASED,
        State::Ended => "ended",
        State::Gone => "gone: it was merged, and is not in the repo now",
    };
    anstream::println!("{}: {state}", status.request);
    let line = |what: &str, text: &str| anstream::println!("  {what}: {}", clean(text));
    if let Some(reason) = &status.reason {
        line("reason", reason);
    }
    if let Some(from) = &status.from {
        line("from", from);
    }
    if status.reason.is_some() {
        line("until", status.until.as_deref().unwrap_or("WITHOUT END"));
    }
    if let Some(path) = &status.path {
        line("file", path);
    }
    if let Some(branch) = &status.branch {
        line("branch", branch);
    }
    if let Some(pull) = &status.pull_request {
        line("pull request", &format!("#{} {}", pull.number, pull.url));
    }
    if let Some(origin) = &status.origin {
        let pull = origin.pull_request.as_ref().map(|pull| format!(", {pull}")).unwrap_or_default();
        line("merged by", &format!("{}{pull}", origin.merged_by));
    }
    match &status.emergency {
        None => {}
        Some(Emergency { reason, approved_afterwards: Some(by) }) => {
            line("emergency", &format!("{reason}; approved afterwards by {by}, says its file"));
        }
        Some(Emergency { reason, .. }) => {
            line("emergency", &format!("{reason}; no owner has approved it yet"));
        }
    }
    for broken in &status.against_policy {
        line("against policy", broken);
    }
    match &status.applied {
        None => {}
        Some(Applied { done: true, .. }) => line("applied", "yes, nothing is left to do"),
        Some(applied) => {
            let s = if applied.pending == 1 { "" } else { "s" };
            line("applied", &format!("no, the next apply has {} step{s} for it", applied.pending));
            for finding in &applied.findings {
                line("in its way", finding);
            }
        }
    }
}
