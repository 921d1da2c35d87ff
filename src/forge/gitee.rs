//! Gitee (OpenAPI v5): `GET` and `POST /repos/{owner}/{repo}/pulls/{number}/comments`,
//! `PATCH /repos/{owner}/{repo}/pulls/comments/{id}`. The token goes in a header, as clients
//! of it do, and never in the address, where logs would keep it.

use super::{Forge, Request, Verb};

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
