//! GitLab (REST API, "Notes", merge requests): `GET` and
//! `POST /projects/{id}/merge_requests/{iid}/notes`, `PUT .../notes/{id}`. A job's own token
//! cannot write notes: a project access token can.

use serde_json::Value;

use super::{Comment, Forge, Request, Verb};

pub(super) struct GitLab {
    /// The number or the path, such as `ops/access`.
    pub(super) project: String,
    pub(super) number: String,
}

impl Forge for GitLab {
    fn authorization(&self) -> (&'static str, &'static str) {
        ("PRIVATE-TOKEN", "")
    }

    fn me(&self) -> Request {
        Request::get(&["user"])
    }

    fn login(&self, answer: &Value) -> Option<String> {
        answer.get("username")?.as_str().map(str::to_owned)
    }

    fn list(&self, page: usize) -> Option<Request> {
        let path = ["projects", &self.project, "merge_requests", &self.number, "notes"];
        let mut request = Request::get(&path).page(page);
        // A fixed order: pages of the newest would move while they are read.
        request.query.extend([("order_by", "created_at".to_owned()), ("sort", "asc".to_owned())]);
        Some(request)
    }

    fn comment(&self, entry: &Value) -> Option<Comment> {
        if entry.get("system").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        Some(Comment {
            id: entry.get("id")?.as_u64()?,
            author: entry.get("author")?.get("username")?.as_str()?.to_owned(),
            body: entry.get("body")?.as_str()?.to_owned(),
        })
    }

    fn create(&self, text: &str) -> Request {
        let path = ["projects", &self.project, "merge_requests", &self.number, "notes"];
        Request::write(Verb::Post, &path, text)
    }

    fn update(&self, id: u64, text: &str) -> Request {
        let id = id.to_string();
        let path = ["projects", &self.project, "merge_requests", &self.number, "notes", &id];
        Request::write(Verb::Put, &path, text)
    }

    /// "Maximum size of comments": 1,000,000 characters.
    fn limit(&self) -> Option<usize> {
        Some(1_000_000)
    }
}
