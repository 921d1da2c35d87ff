//! A server that answers as the APIs of the forges do, as far as jumpgate asks. Where each
//! answer comes from stands in `tests/README.md`; their forms are in `shapes.rs`.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::issues::{self, Issue};
use super::pulls::{self, Pull};
use super::reviews::Reviewed;
use super::shapes;

/// The tokens it knows, and who they are.
const PEOPLE: [(&str, &str); 2] = [("bot-token", "access-bot"), ("liwei-token", "liwei")];
/// The token of a GitHub job: its user cannot be asked for.
pub(crate) const JOB_TOKEN: &str = "job-token";

/// Which API it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Github,
    Gitlab,
    Gitea,
    Gitee,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) author: String,
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    comments: Vec<Comment>,
    pulls: Vec<Pull>,
    issues: Vec<Issue>,
    writes: Vec<String>,
    asked: Vec<String>,
    broken: usize,
    broken_posts: usize,
    limited: usize,
    reviewed: Reviewed,
}

#[derive(Clone)]
pub(crate) struct Forge {
    api: Api,
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Forge {
    pub(crate) async fn start(api: Api) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let below = match api {
            Api::Github => "/api/v3",
            Api::Gitlab => "/api/v4",
            Api::Gitea => "/api/v1",
            Api::Gitee => "/api/v5",
        };
        let forge =
            Self { api, url: format!("http://127.0.0.1:{port}{below}"), state: Arc::default() };
        let server = forge.clone();
        let router = Router::new().fallback(move |request: Request| {
            let server = server.clone();
            async move { server.answer(below, request).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        forge
    }

    pub(crate) fn comments(&self) -> Vec<Comment> {
        self.state.lock().expect("the state").comments.clone()
    }

    pub(crate) fn pulls(&self) -> Vec<Pull> {
        self.state.lock().expect("the state").pulls.clone()
    }

    /// Puts a pull request there, or changes one.
    pub(crate) fn change_pulls(&self, change: impl FnOnce(&mut Vec<Pull>)) {
        change(&mut self.state.lock().expect("the state").pulls);
    }

    pub(crate) fn issues(&self) -> Vec<Issue> {
        self.state.lock().expect("the state").issues.clone()
    }

    /// Puts an issue there, or changes one.
    pub(crate) fn change_issues(&self, change: impl FnOnce(&mut Vec<Issue>)) {
        change(&mut self.state.lock().expect("the state").issues);
    }

    /// The writes since the start: method and path.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.state.lock().expect("the state").writes.clone()
    }

    /// Puts a comment there as its author would.
    pub(crate) fn say(&self, author: &str, body: &str) {
        let mut state = self.state.lock().expect("the state");
        let id = 100 + state.comments.len() as u64;
        state.comments.push(Comment { id, author: author.into(), body: body.into() });
    }

    /// Changes what it knows of pull requests, groups and statuses, or looks at it.
    pub(crate) fn reviewed<T>(&self, act: impl FnOnce(&mut Reviewed) -> T) -> T {
        act(&mut self.state.lock().expect("the state").reviewed)
    }

    /// The reads and writes since the start, about reviews alone: method and path.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().expect("the state").asked.clone()
    }

    /// Says in a command's environment where it is, with a token.
    pub(crate) fn tell(&self, command: &mut std::process::Command) {
        let (kind, repository) = match self.api {
            Api::Github => ("github", "acme/access"),
            Api::Gitlab => ("gitlab", "ops/access"),
            Api::Gitea => ("gitea", "acme/access"),
            Api::Gitee => ("gitee", "acme/access"),
        };
        command
            .env("JUMPGATE_FORGE", kind)
            .env("JUMPGATE_FORGE_API", &self.url)
            .env("JUMPGATE_FORGE_REPOSITORY", repository)
            .env("JUMPGATE_FORGE_TOKEN", "bot-token");
    }

    /// The next answers are 502.
    pub(crate) fn break_down(&self, answers: usize) {
        self.state.lock().expect("the state").broken = answers;
    }

    /// The next answers are 403, come back in a second.
    pub(crate) fn limit_next(&self, answers: usize) {
        self.state.lock().expect("the state").limited = answers;
    }

    /// The next new comments are taken, and the answer is 502.
    pub(crate) fn break_posts(&self, answers: usize) {
        self.state.lock().expect("the state").broken_posts = answers;
    }

    async fn answer(&self, below: &str, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, 8 << 20).await.expect("a body");
        let mut state = self.state.lock().expect("the state");
        if state.broken > 0 {
            state.broken -= 1;
            return reply(StatusCode::BAD_GATEWAY, &Value::Null);
        }
        if state.limited > 0 {
            state.limited -= 1;
            let mut answer =
                message(StatusCode::FORBIDDEN, "You have exceeded a secondary rate limit.");
            answer.headers_mut().insert("retry-after", HeaderValue::from_static("1"));
            return answer;
        }
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let token = match self.api {
            Api::Github | Api::Gitee => {
                header("authorization").and_then(|v| v.strip_prefix("Bearer "))
            }
            Api::Gitlab => header("private-token"),
            Api::Gitea => header("authorization").and_then(|v| v.strip_prefix("token ")),
        };
        let login = PEOPLE.iter().find(|(known, _)| Some(*known) == token).map(|(_, login)| *login);
        let login = match (login, token == Some(JOB_TOKEN)) {
            (Some(login), _) => login,
            (None, true) => "github-actions[bot]",
            (None, false) => return message(StatusCode::UNAUTHORIZED, "Bad credentials"),
        };
        if self.api == Api::Github && header("x-github-api-version") != Some("2022-11-28") {
            return message(StatusCode::BAD_REQUEST, "the answers here are of 2022-11-28");
        }
        let Some(path) = parts.uri.path().strip_prefix(below) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        if (&parts.method, path) == (&Method::GET, "/user") {
            if token == Some(JOB_TOKEN) {
                return message(StatusCode::FORBIDDEN, "Resource not accessible by integration");
            }
            return reply(StatusCode::OK, &shapes::user(self.api, login));
        }
        let asked = (&parts.method, path, parts.uri.query().unwrap_or_default());
        if let Some((status, answer)) = pulls::answer(self.api, &mut state.pulls, asked, &bytes) {
            if parts.method == Method::POST {
                state.writes.push(format!("POST {path}"));
                if state.broken_posts > 0 {
                    state.broken_posts -= 1;
                    return reply(StatusCode::BAD_GATEWAY, &Value::Null);
                }
            }
            return reply(status, &answer);
        }
        let json = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
        let query = parts.uri.query().unwrap_or("");
        let told = (&parts.method, path, query);
        if let Some((status, answer)) =
            issues::answer(self.api, &mut state.issues, login, told, &json)
        {
            if parts.method != Method::GET {
                state.writes.push(format!("{} {path}", parts.method));
            }
            return reply(status, &answer);
        }
        if let Some(answer) = state.reviewed.answer(self.api, told, &json) {
            state.asked.push(format!("{} {path}", parts.method));
            return answer;
        }
        let (list, one) = match self.api {
            Api::Github | Api::Gitea => {
                ("/repos/acme/access/issues/12/comments", "/repos/acme/access/issues/comments/")
            }
            Api::Gitlab => (
                "/projects/ops%2Faccess/merge_requests/12/notes",
                "/projects/ops%2Faccess/merge_requests/12/notes/",
            ),
            Api::Gitee => {
                ("/repos/acme/access/pulls/12/comments", "/repos/acme/access/pulls/comments/")
            }
        };
        if parts.method == Method::GET && path == list {
            return reply(StatusCode::OK, &self.page(&state, parts.uri.query().unwrap_or("")));
        }
        let text = serde_json::from_slice::<Value>(&bytes).ok();
        let text = text.as_ref().and_then(|value| value["body"].as_str()).unwrap_or_default();
        if self.api == Api::Github && text.chars().count() > 65_536 {
            return message(StatusCode::UNPROCESSABLE_ENTITY, "Body is too long");
        }
        state.writes.push(format!("{} {path}", parts.method));
        if parts.method == Method::POST && path == list {
            let id = 100 + state.comments.len() as u64;
            let comment = Comment { id, author: login.into(), body: text.into() };
            let answer = self.json(&comment);
            state.comments.push(comment);
            if state.broken_posts > 0 {
                state.broken_posts -= 1;
                return reply(StatusCode::BAD_GATEWAY, &Value::Null);
            }
            return reply(StatusCode::CREATED, &answer);
        }
        let update = if self.api == Api::Gitlab { Method::PUT } else { Method::PATCH };
        let id = path.strip_prefix(one).and_then(|id| id.parse::<u64>().ok());
        let found = state.comments.iter_mut().find(|comment| Some(comment.id) == id);
        match found {
            Some(comment) if parts.method == update && comment.author == login => {
                comment.body = text.to_owned();
                let answer = self.json(comment);
                reply(StatusCode::OK, &answer)
            }
            Some(_) => message(StatusCode::FORBIDDEN, "Forbidden"),
            None => message(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    /// A page of the list: 30 (GitHub), 20 (GitLab, Gitee) or what is asked for, at most
    /// 100; Gitea gives all.
    fn page(&self, state: &State, query: &str) -> Value {
        let of = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<usize>().ok())
        };
        let size = of("per_page").unwrap_or(20).min(100);
        let (skip, take) = match self.api {
            Api::Gitea => (0, usize::MAX),
            _ => ((of("page").unwrap_or(1) - 1) * size, size),
        };
        state.comments.iter().skip(skip).take(take).map(|comment| self.json(comment)).collect()
    }

    fn json(&self, comment: &Comment) -> Value {
        shapes::comment(self.api, comment.id, &comment.author, &comment.body)
    }
}

pub(super) fn message(status: StatusCode, text: &str) -> Response {
    reply(status, &json!({ "message": text }))
}

pub(super) fn reply(status: StatusCode, value: &Value) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(value.to_string()))
        .expect("an answer")
}
