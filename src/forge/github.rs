//! GitHub and GitHub Enterprise Server: comments on a pull request are those of its issue
//! (REST API, "Issue comments": `GET` and `POST /repos/{owner}/{repo}/issues/{number}/comments`,
//! `PATCH /repos/{owner}/{repo}/issues/comments/{id}`).

use serde_json::{Value, json};

use super::{Forge, Request, Reviews, Status, Verb};
use crate::names::ForgeGroup;

pub(super) struct GitHub {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) number: String,
}

impl Forge for GitHub {
    fn authorization(&self) -> (&'static str, &'static str) {
        ("Authorization", "Bearer ")
    }

    /// The version of 2026-03-10 leaves `merge_commit_sha` out of a pull request. GitHub
    /// Enterprise Server knows versions from 3.9 on, and older ones ignore the header.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("X-GitHub-Api-Version", "2022-11-28")]
    }

    fn me(&self) -> Request {
        Request::get(&["user"])
    }

    fn list(&self, page: usize) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "issues", &self.number, "comments"];
        Some(Request::get(&path).page(page))
    }

    fn create(&self, text: &str) -> Request {
        let path = ["repos", &self.owner, &self.name, "issues", &self.number, "comments"];
        Request::write(Verb::Post, &path, text)
    }

    fn update(&self, id: u64, text: &str) -> Request {
        let id = id.to_string();
        let path = ["repos", &self.owner, &self.name, "issues", "comments", &id];
        Request::write(Verb::Patch, &path, text)
    }

    /// The answer to a longer one is 422, "body is too long (maximum is 65536 characters)".
    fn limit(&self) -> Option<usize> {
        Some(65_536)
    }
}

/// Sources: the REST API's pages "Pull requests" (`GET /repos/{owner}/{repo}/pulls/{number}`,
/// `.../commits`, at most 250), "Pull request reviews" (`.../reviews`, in the order of time;
/// the reviewed commit is `commit_id`), "Issue events" (`GET .../issues/{number}/events`:
/// `base_ref_changed`), "Commits" (`GET .../commits/{sha}/pulls`: the merged
/// pull request that introduced a commit), "Commit statuses" (`GET .../commits/{ref}/statuses`,
/// the newest first; `POST .../statuses/{sha}`), "Team members"
/// (`GET /orgs/{org}/teams/{slug}/members`: needs a token that may read the organization,
/// which a job's own token may not).
impl Reviews for GitHub {
    fn pull(&self) -> Request {
        Request::get(&["repos", &self.owner, &self.name, "pulls", &self.number])
    }

    fn events(&self, page: usize) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "issues", &self.number, "events"];
        Some(Request::get(&path).page(page))
    }

    fn retargets(&self, entry: &Value) -> bool {
        // The second one when the branch that it went into was deleted.
        let events = ["base_ref_changed", "automatic_base_change_succeeded"];
        entry.get("event").and_then(Value::as_str).is_some_and(|it| events.contains(&it))
    }

    fn reviews(&self, page: usize) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "pulls", &self.number, "reviews"];
        Some(Request::get(&path).page(page))
    }

    fn commits(&self, page: usize) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "pulls", &self.number, "commits"];
        Some(Request::get(&path).page(page))
    }

    fn most_commits(&self) -> usize {
        250
    }

    fn of_commit(&self, commit: &str) -> Option<Request> {
        Some(Request::get(&["repos", &self.owner, &self.name, "commits", commit, "pulls"]))
    }

    fn members(&self, group: &ForgeGroup, _: Option<u64>, page: usize) -> Option<Request> {
        let (org, team) = group.as_str().split_once('/')?;
        let path = ["orgs", org, "teams", team, "members"];
        (!team.contains('/')).then(|| Request::get(&path).page(page))
    }

    fn statuses(&self, commit: &str, _: &str) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "commits", commit, "statuses"];
        Some(Request::get(&path).page(1))
    }

    fn set_status(&self, commit: &str, name: &str, status: &Status) -> Request {
        let body = json!({
            "context": name,
            "state": status.standing.github(),
            "description": status.words,
        });
        Request::post(&["repos", &self.owner, &self.name, "statuses", commit], body)
    }
}
