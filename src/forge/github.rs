//! GitHub and GitHub Enterprise Server: comments on a pull request are those of its issue
//! (REST API, "Issue comments": `GET` and `POST /repos/{owner}/{repo}/issues/{number}/comments`,
//! `PATCH /repos/{owner}/{repo}/issues/comments/{id}`).

use super::{Forge, Request, Verb};

pub(super) struct GitHub {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) number: String,
}

impl Forge for GitHub {
    fn authorization(&self) -> (&'static str, &'static str) {
        ("Authorization", "Bearer ")
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
