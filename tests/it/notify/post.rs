//! A server that takes posts as chat systems do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::net::TcpListener;

/// A post that came.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) signature: Option<String>,
    pub(crate) text: String,
}

impl Post {
    pub(crate) fn body(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).expect("JSON")
    }
}

/// An answer out of turn: to the next post below a path.
type Answers = VecDeque<(&'static str, u16, &'static str)>;

#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) url: String,
    came: Arc<Mutex<Vec<Post>>>,
    answers: Arc<Mutex<Answers>>,
}

impl Hooks {
    /// Answers success in each system's own way, by the path.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let hooks = Self { url, ..Self::default() };
        let server = hooks.clone();
        let router = Router::new().fallback(move |request: Request| {
            let server = server.clone();
            async move { server.take(request).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        hooks
    }

    async fn take(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let text = to_bytes(body, 1 << 20).await.expect("a body");
        let path = parts.uri.path().to_owned();
        let signature = parts.headers.get("x-jumpgate-signature");
        self.came.lock().expect("posts").push(Post {
            path: path.clone(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            signature: signature.map(|value| value.to_str().expect("text").to_owned()),
            text: String::from_utf8(text.to_vec()).expect("UTF-8"),
        });
        let mut answers = self.answers.lock().expect("answers");
        let place = answers.iter().position(|(below, ..)| path.starts_with(below));
        let (status, body) = match place.and_then(|place| answers.remove(place)) {
            Some((_, status, body)) => (status, body),
            None if path.starts_with("/services") => (200, "ok"),
            None if path.starts_with("/open-apis") => (200, r#"{"code":0,"msg":"success"}"#),
            None => (200, r#"{"errcode":0,"errmsg":"ok"}"#),
        };
        let status = StatusCode::from_u16(status).expect("a status");
        let mut answer = Response::builder().status(status);
        if status == StatusCode::TOO_MANY_REQUESTS {
            answer = answer.header("retry-after", "1");
        }
        answer.body(body.into()).expect("an answer")
    }

    /// The next post below `path` gets this answer.
    pub(crate) fn answer(&self, path: &'static str, status: u16, body: &'static str) {
        self.answers.lock().expect("answers").push_back((path, status, body));
    }

    /// What came since the last time.
    pub(crate) fn came(&self) -> Vec<Post> {
        std::mem::take(&mut *self.came.lock().expect("posts"))
    }
}
