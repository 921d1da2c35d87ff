//! What stands between the command and JumpServer in these tests: a proxy that can halve,
//! repeat, move and replace answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request that came.
#[derive(Debug)]
pub(super) struct Asked {
    /// Whether it reads.
    pub(super) reads: bool,
    /// The path behind `/api/v1/`, without slashes around it; the whole path elsewhere.
    pub(super) place: String,
    /// The query.
    pub(super) query: Vec<(String, String)>,
    /// How often the same place was asked with the same query before, in this run.
    pub(super) before: usize,
}

impl Asked {
    /// Whether it reads the list `place`, with or without a filter.
    pub(super) fn list(&self, place: &str) -> bool {
        self.reads && self.place == place && self.number("limit") > 1
    }

    /// A parameter that is a number; 0 without it.
    pub(super) fn number(&self, parameter: &str) -> usize {
        let found = self.query.iter().find(|(name, _)| name == parameter);
        found.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
    }
}

/// What becomes of a request.
pub(super) enum Turn {
    /// It is answered as usual.
    Pass,
    /// This is the answer, and JumpServer hears nothing: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// It is sent on with another `offset`.
    Offset(usize),
    /// The answer of JumpServer is edited.
    Edit(fn(&mut Value)),
}

/// Says what becomes of each request.
pub(super) type Twist = fn(&Asked) -> Turn;

/// How many rows a page has at most, whatever is asked for: the lists of these tests are
/// short, and still come in several pages.
const PAGE: usize = 2;

struct Inside {
    to: String,
    http: reqwest::Client,
    twist: Mutex<Twist>,
    asked: Mutex<HashMap<String, usize>>,
}

/// The proxy; it stops when this is dropped.
pub(super) struct Front {
    /// Its port on 127.0.0.1.
    pub(super) port: u16,
    inside: Arc<Inside>,
    task: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn pass(_: &Asked) -> Turn {
    Turn::Pass
}

impl Front {
    /// Starts a proxy in front of a port of this machine.
    pub(super) async fn start(to: u16) -> Self {
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let inside = Arc::new(Inside {
            to: format!("http://127.0.0.1:{to}"),
            http: reqwest::Client::new(),
            twist: Mutex::new(pass),
            asked: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let service = Router::new().fallback(serve).with_state(Arc::clone(&inside));
        let task = tokio::spawn(async move {
            axum::serve(listener, service).await.expect("the proxy runs");
        });
        Self { port, inside, task }
    }

    /// Begins a run: from now on `twist` counts, or every request passes.
    pub(super) fn begin(&self, twist: Option<Twist>) {
        *lock(&self.inside.twist) = twist.unwrap_or(pass);
        lock(&self.inside.asked).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(State(inside): State<Arc<Inside>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("the body of a request");
    let path = parts.uri.path().to_owned();
    let mut query: Vec<(String, String)> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let before = {
        let mut asked = lock(&inside.asked);
        let count = asked.entry(parts.uri.to_string()).or_default();
        *count += 1;
        *count - 1
    };
    let place = path.rsplit_once("/api/v1/").map_or(path.as_str(), |(_, place)| place);
    let asked = Asked {
        reads: parts.method == Method::GET,
        place: place.trim_matches('/').to_owned(),
        query: query.clone(),
        before,
    };
    let twist = *lock(&inside.twist);
    let turn = twist(&asked);
    if let Turn::Answer(status, headers, body) = turn {
        let status = StatusCode::from_u16(status).expect("a status");
        let mut answer = (status, body).into_response();
        for (name, value) in headers {
            answer.headers_mut().insert(name, value.parse().expect("a header"));
        }
        return answer;
    }
    for (name, value) in &mut query {
        match (name.as_str(), &turn) {
            ("offset", Turn::Offset(other)) => *value = other.to_string(),
            ("limit", _) => *value = asked.number("limit").min(PAGE).to_string(),
            _ => {}
        }
    }
    let mut url: url::Url = format!("{}{path}", inside.to).parse().expect("an address");
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &parts.headers {
        if !matches!(name.as_str(), "host" | "content-length" | "accept-encoding") {
            headers.insert(name.clone(), value.clone());
        }
    }
    let sent = inside.http.request(parts.method, url).headers(headers).body(body).send().await;
    let sent = sent.expect("the sandbox answers");
    let status = sent.status();
    let kind = sent.headers().get("content-type").cloned();
    let mut bytes = sent.bytes().await.expect("an answer").to_vec();
    if let Turn::Edit(edit) = turn {
        let mut value: Value = serde_json::from_slice(&bytes).expect("JSON");
        edit(&mut value);
        bytes = serde_json::to_vec(&value).expect("JSON");
    }
    let mut answer = (status, bytes).into_response();
    if let Some(kind) = kind {
        answer.headers_mut().insert("content-type", kind);
    }
    answer
}
