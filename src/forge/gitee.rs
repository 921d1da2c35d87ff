//! Gitee (OpenAPI v5): `GET` and `POST /repos/{owner}/{repo}/pulls/{number}/comments`,
//! `PATCH /repos/{owner}/{repo}/pulls/comments/{id}`. The token goes in a header, as clients
//! of it do, and never in the address, where logs would keep it.

use serde_json::Value;

use super::{Forge, Request, Reviews, Status, Verb};
use crate::approval::{Review, State};
use crate::names::ForgeGroup;

pub(super) struct Gitee {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) number: String,
}

impl Forge for Gitee {
    fn authorization(&self) -> (&'static str, &'static str) {
        ("Authorization", "Bearer ")
    }

    fn me(&self) -> Request {
        Request::get(&["user"])
    }

    fn list(&self, page: usize) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "pulls", &self.number, "comments"];
        Some(Request::get(&path).page(page))
    }

    fn create(&self, text: &str) -> Request {
        let path = ["repos", &self.owner, &self.name, "pulls", &self.number, "comments"];
        Request::write(Verb::Post, &path, text)
    }

    fn update(&self, id: u64, text: &str) -> Request {
        let id = id.to_string();
        let path = ["repos", &self.owner, &self.name, "pulls", "comments", &id];
        Request::write(Verb::Patch, &path, text)
    }
}

/// Sources: the OpenAPI v5's `GET /repos/{owner}/{repo}/pulls/{number}` (`assignees`: those
/// who are asked to review, `accept` being a yes), `.../commits` (at most 250, all at once),
/// `GET /orgs/{org}/members`. A yes names neither a commit nor a time, so it counts only when the
/// repository takes every yes back at a push; there are no statuses, and no way from a commit
/// to its pull request.
impl Reviews for Gitee {
    fn pull(&self) -> Request {
        Request::get(&["repos", &self.owner, &self.name, "pulls", &self.number])
    }

    fn reviews(&self, page: usize) -> Option<Request> {
        (page == 1).then(|| self.pull())
    }

    fn read_reviews(&self, entries: &[Value], _: &[Value]) -> Vec<Review> {
        let assignees = entries.iter().filter_map(|entry| entry.get("assignees")?.as_array());
        let reviews = assignees.flatten().filter_map(|assignee| {
            (assignee.get("accept")?.as_bool()?).then_some(())?;
            Some(Review {
                reviewer: assignee.get("login")?.as_str()?.to_owned(),
                state: State::Approved,
                commit: None,
                at: None,
            })
        });
        reviews.collect()
    }

    /// There are no pages: it would give the same commits again.
    fn commits(&self, page: usize) -> Option<Request> {
        let path = ["repos", &self.owner, &self.name, "pulls", &self.number, "commits"];
        (page == 1).then(|| Request::get(&path))
    }

    fn most_commits(&self) -> usize {
        250
    }

    fn of_commit(&self, _: &str) -> Option<Request> {
        None
    }

    fn members(&self, group: &ForgeGroup, _: Option<u64>, page: usize) -> Option<Request> {
        let path = ["orgs", group.as_str(), "members"];
        (!group.as_str().contains('/')).then(|| Request::get(&path).page(page))
    }

    fn statuses(&self, _: &str, _: &str) -> Option<Request> {
        None
    }

    fn set_status(&self, _: &str, _: &str, _: &Status) -> Request {
        self.pull()
    }
}
