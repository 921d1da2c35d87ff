//! Gitea and Forgejo (their swagger, `/api/v1`): comments of the issue with the pull
//! request's number, all in one answer: `issueGetComments` knows no pages.

use super::{Forge, Request, Verb};

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
