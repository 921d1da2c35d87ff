//! Gitea and Forgejo (their swagger, `/api/v1`): comments of the issue with the pull
//! request's number, all in one answer: `issueGetComments` knows no pages.

use serde_json::{Value, json};

use super::{Forge, PAGE, Request, Reviews, Status, Verb};
use crate::names::ForgeGroup;

pub(super) struct Gitea {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) number: String,
}

impl Forge for Gitea {
    fn authorization(&self) -> (&'static str, &'static str) {
        ("Authorization", "token ")
    }

    fn me(&self) -> Request {
        Request::get(&["user"])
    }

    fn list(&self, page: usize) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "issues", &self.number, "comments"];
        (page == 1).then(|| Request::get(&path))
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
}

/// Sources: the swagger's `repoGetPullRequest`, `repoListPullReviews` (states `APPROVED`,
/// `REQUEST_CHANGES`, `COMMENT`; `dismissed`; the reviewed commit is `commit_id`),
/// `repoGetPullRequestCommits`, `repoGetCommitPullRequest`, `repoListStatuses`,
/// `repoCreateStatus`, `repoListGitRefs`, `issueGetCommentsAndTimeline`, `orgListTeams` (`teamSearch` finds only the teams that the token's own
/// user is in), `orgListTeamMembers`. Pages are counted by `page` and `limit`. Of a rebase only
/// the last commit leads to its pull request.
impl Reviews for Gitea {
    fn pull(&self) -> Request {
        Request::get(&["repos", &self.owner, &self.name, "pulls", &self.number])
    }

    /// `head.sha` of a merged one is that of its branch as it is now; the reference stays.
    fn merged_head(&self) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "git", "refs", "pull", &self.number, "head"];
        Some(Request::get(&path))
    }

    fn events(&self, page: usize) -> Option<Request> {
        Some(paged(&["repos", &self.owner, &self.name, "issues", &self.number, "timeline"], page))
    }

    fn retargets(&self, entry: &Value) -> bool {
        entry.get("type").and_then(Value::as_str) == Some("change_target_branch")
    }

    fn reviews(&self, page: usize) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "pulls", &self.number, "reviews"];
        Some(paged(&path, page))
    }

    fn commits(&self, page: usize) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "pulls", &self.number, "commits"];
        let mut request = paged(&path, page);
        // Both are dear, and not needed.
        let no = |name| (name, "false".to_owned());
        request.query.extend([no("verification"), no("files")]);
        Some(request)
    }

    fn of_commit(&self, commit: &str) -> Option<Request> {
        Some(Request::get(&["repos", &self.owner, &self.name, "commits", commit, "pull"]))
    }

    fn groups(&self, group: &ForgeGroup, page: usize) -> Option<Request> {
        let (org, _) = group.as_str().split_once('/')?;
        Some(paged(&["orgs", org, "teams"], page))
    }

    fn group_number(&self, group: &ForgeGroup, entry: &Value) -> Option<u64> {
        let (_, team) = group.as_str().split_once('/')?;
        let same = entry.get("name")?.as_str()?.eq_ignore_ascii_case(team);
        same.then(|| entry.get("id")?.as_u64())?
    }

    fn members(&self, _: &ForgeGroup, number: Option<u64>, page: usize) -> Option<Request> {
        Some(paged(&["teams", &number?.to_string(), "members"], page))
    }

    fn statuses(&self, commit: &str, _: &str) -> Option<Request> {
        let mut request = paged(&["repos", &self.owner, &self.name, "statuses", commit], 1);
        request.query.push(("sort", "highestindex".to_owned()));
        Some(request)
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

/// One page of a list.
fn paged(path: &[&str], page: usize) -> Request {
    let query = vec![("limit", PAGE.to_string()), ("page", page.to_string())];
    Request { query, ..Request::get(path) }
}
