//! The git forge: one comment for each command and config, written once and then updated;
//! pull requests; one issue for what differs; and who approved what.
//!
//! A [`Forge`] says which requests its API wants for comments and how its answers read,
//! [`Reviews`] the same for reviews and statuses; `http` is the one place that sends them.

mod brought;
mod comment;
mod gitea;
mod gitee;
mod github;
mod gitlab;
mod http;
mod issue;
mod place;
mod pull_request;
mod remote;
mod reviews;
mod status;

use serde_json::Value;

pub use brought::brought;
pub use comment::{Marker, Posted, post};
pub(crate) use http::web_client;
pub use http::{Client, Error};
pub use issue::{Issues, Kept};
pub use place::{Kind, Known, Place};
pub use pull_request::{PullRequest, PullRequests, State, Wanted};
pub use remote::of_remote;
pub use reviews::{Found, Reviews, Summary, read, read_reviews};
pub use status::{Standing, Status, set};

/// A request to a forge.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What is done.
    pub verb: Verb,
    /// The parts of the path below the API's address; each is encoded for itself.
    pub path: Vec<String>,
    /// The query.
    pub query: Vec<(&'static str, String)>,
    /// The body, as JSON.
    pub body: Option<Value>,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Makes something new: never sent a second time.
    Post,
    /// Sets a value: a second time changes nothing more.
    Patch,
    /// Sets a value: a second time changes nothing more.
    Put,
}

impl Request {
    /// Reads `path`.
    fn get(path: &[&str]) -> Self {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self { verb: Verb::Get, path, query: Vec::new(), body: None }
    }

    /// Writes a comment's text.
    fn write(verb: Verb, path: &[&str], text: &str) -> Self {
        Self { verb, ..Self::post(path, serde_json::json!({ "body": text })) }
    }

    /// Makes something new.
    fn post(path: &[&str], body: Value) -> Self {
        Self { verb: Verb::Post, body: Some(body), ..Self::get(path) }
    }

    /// One page of a list, counted from 1.
    fn page(mut self, page: usize) -> Self {
        self.query = vec![("per_page", PAGE.to_string()), ("page", page.to_string())];
        self
    }
}

/// How many entries of a list are asked for at once. Gitea and Forgejo give at most 50, or what
/// their administrator allows.
const PAGE: usize = 100;

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: u64,
    /// The login of its author.
    pub author: String,
    /// Its text.
    pub body: String,
}

/// The API of a forge, as far as comments on pull requests go.
pub trait Forge {
    /// The header that carries the token: its name, and what stands before the token.
    fn authorization(&self) -> (&'static str, &'static str);

    /// What else stands in the header of each request.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Asks whose token it is.
    fn me(&self) -> Request;

    /// The login in the answer to [`Forge::me`].
    fn login(&self, answer: &Value) -> Option<String> {
        answer.get("login")?.as_str().map(str::to_owned)
    }

    /// One page of comments; none behind the last page that there can be.
    fn list(&self, page: usize) -> Option<Request>;

    /// A comment of a list; none for what is no person's or bot's comment.
    fn comment(&self, entry: &Value) -> Option<Comment> {
        Some(Comment {
            id: entry.get("id")?.as_u64()?,
            author: entry.get("user")?.get("login")?.as_str()?.to_owned(),
            body: entry.get("body")?.as_str()?.to_owned(),
        })
    }

    /// Makes a comment.
    fn create(&self, text: &str) -> Request;

    /// Replaces a comment's text.
    fn update(&self, id: u64, text: &str) -> Request;

    /// The longest comment, in characters, when it is known.
    fn limit(&self) -> Option<usize> {
        None
    }
}
