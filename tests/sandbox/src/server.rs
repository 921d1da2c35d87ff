//! The HTTP side: connections, the log of requests, faults, the throttle.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, State as Shared};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::serve::{IncomingStream, Listener};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::auth;
use crate::control;
use crate::errors::{self, Body, Reply};
use crate::faults::{Fault, Faults};
use crate::http::{self, Call};
use crate::routes;
use crate::settings;
use crate::state::State;
use crate::{Logged, Version};

/// The largest body that is taken.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// What the handlers of all connections share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) state: Mutex<State>,
    pub(crate) log: Mutex<Log>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) base_path: String,
    pub(crate) admin_token: String,
    pub(crate) version: Version,
    pub(crate) zone: TimeZone,
    pub(crate) throttle: Option<u32>,
    /// Requests of each caller in the current minute.
    pub(crate) counts: Mutex<(i64, HashMap<Option<Uuid>, u32>)>,
}

/// The requests that were received since the log was last emptied.
#[derive(Debug, Default)]
pub(crate) struct Log {
    cleared: usize,
    pub(crate) entries: Vec<Logged>,
}

impl Log {
    fn add(&mut self, entry: Logged) -> usize {
        self.entries.push(entry);
        self.cleared + self.entries.len() - 1
    }

    fn set_status(&mut self, number: usize, status: u16) {
        let entry = number.checked_sub(self.cleared).and_then(|at| self.entries.get_mut(at));
        if let Some(entry) = entry {
            entry.status = Some(status);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.cleared += self.entries.len();
        self.entries.clear();
    }
}

/// Locks; a test that failed while it held the lock does not stop the others.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The service of all addresses.
pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(handle).with_state(server)
}

async fn handle(
    Shared(server): Shared<Arc<Server>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: axum::extract::Request,
) -> Response<HttpBody> {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MOST_BYTES).await else {
        switch.cut();
        return Response::new(HttpBody::empty());
    };
    let path = head.uri.path().to_owned();
    let target =
        head.uri.path_and_query().map_or_else(|| path.clone(), |target| target.as_str().to_owned());
    let method = match head.method.as_str() {
        "HEAD" => "GET".to_owned(),
        other => other.to_owned(),
    };
    let entry = Logged {
        method: head.method.as_str().to_owned(),
        path: target.clone(),
        body: logged_body(&body),
        status: None,
    };
    let own = path
        .strip_prefix(server.base_path.as_str())
        .is_some_and(|below| below.starts_with("/sandbox/"));
    let number = (!own).then(|| lock(&server.log).add(entry.clone()));
    let fault = if own { None } else { lock(&server.faults).meet(&entry) };
    if let Some(Fault::Delay(time)) = &fault {
        tokio::time::sleep(*time).await;
    }
    let reply = match &fault {
        Some(Fault::Answer { .. } | Fault::DropBefore) => None,
        _ => {
            let zone = head
                .headers
                .get("x-tz")
                .and_then(|zone| zone.to_str().ok())
                .and_then(|zone| TimeZone::get(zone).ok())
                .unwrap_or_else(|| server.zone.clone());
            let call = Call {
                version: server.version,
                method,
                path,
                target,
                parts: Vec::new(),
                query: http::parse_query(head.uri.query().unwrap_or_default()),
                headers: head.headers,
                body: body.to_vec(),
                zone,
            };
            Some(answer(&server, call))
        }
    };
    let reply = match fault {
        Some(Fault::DropBefore | Fault::DropAfter) => {
            switch.cut();
            return Response::new(HttpBody::empty());
        }
        Some(Fault::Answer { status, body, headers }) => {
            respond(&server, plain(status, body), &headers)
        }
        Some(Fault::AnswerAfter { status, body }) => respond(&server, plain(status, body), &[]),
        Some(Fault::Delay(_)) | None => {
            let reply = reply.unwrap_or_else(errors::internal);
            respond(&server, reply, &[])
        }
    };
    if let Some(number) = number {
        lock(&server.log).set_status(number, reply.status().as_u16());
    }
    reply
}

fn logged_body(body: &[u8]) -> Option<Value> {
    if body.is_empty() {
        return None;
    }
    let text = || Value::String(String::from_utf8_lossy(body).into_owned());
    Some(serde_json::from_slice(body).unwrap_or_else(|_| text()))
}

fn plain(status: u16, body: Value) -> Reply {
    match body {
        Value::Null => Reply::empty(status),
        Value::String(text) => Reply { status, body: Body::Html(text), headers: Vec::new() },
        body => Reply::json(status, body),
    }
}

fn answer(server: &Server, mut call: Call) -> Reply {
    let Some(below) = call.path.strip_prefix(server.base_path.as_str()) else {
        return errors::no_route();
    };
    let below: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
    match below.as_slice() {
        ["api", "health"] => settings::health(lock(&server.state).now()),
        ["sandbox", rest @ ..] => control::serve(server, &call, rest),
        ["api", "v1", rest @ ..] => {
            call.parts = rest.iter().map(|part| http::decode(part, false)).collect();
            let who = auth::caller(&lock(&server.state), &call).ok().map(|caller| caller.user);
            if let Some(reply) = throttled(server, who) {
                return reply;
            }
            routes::answer(&mut lock(&server.state), &call)
        }
        _ => errors::no_route(),
    }
}

/// Version 4 counts the requests of a user, with whichever token or key, or of all who do not
/// log in, by minutes.
fn throttled(server: &Server, who: Option<Uuid>) -> Option<Reply> {
    let most = server.throttle.filter(|_| server.version == Version::V4)?;
    let now = lock(&server.state).now().as_second();
    let minute = now.div_euclid(60);
    let mut counts = lock(&server.counts);
    if counts.0 != minute {
        *counts = (minute, HashMap::new());
    }
    let count = counts.1.entry(who).or_insert(0);
    *count += 1;
    (*count > most).then(|| {
        let wait = 60 - now.rem_euclid(60);
        let words = format!("Request was throttled. Expected available in {wait} seconds.");
        Reply::json(429, serde_json::json!({"detail": words, "code": "throttled"}))
            .with_header("Retry-After", wait.to_string())
    })
}

fn respond(server: &Server, reply: Reply, more: &[(String, String)]) -> Response<HttpBody> {
    let (kind, body) = match reply.body {
        Body::Empty => (None, Vec::new()),
        Body::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
        Body::Html(text) => (Some("text/html; charset=utf-8"), text.into_bytes()),
    };
    let mut response = Response::new(HttpBody::from(body));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let mut set = |name: &str, value: &str| {
        let pair = (HeaderName::try_from(name), HeaderValue::try_from(value));
        if let (Ok(name), Ok(value)) = pair {
            headers.insert(name, value);
        }
    };
    if let Some(kind) = kind {
        set("content-type", kind);
    }
    set("content-language", "en");
    set("date", &http_date(lock(&server.state).now()));
    for (name, value) in &reply.headers {
        set(name, value);
    }
    for (name, value) in more {
        set(name, value);
    }
    response
}

/// `Wed, 25 Nov 2026 03:35:26 GMT`.
fn http_date(moment: Timestamp) -> String {
    moment.to_zoned_datetime(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Cuts one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switch(Arc<AtomicBool>);

impl Switch {
    fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_cut(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Accepts connections that can be cut from within a handler.
#[derive(Debug)]
pub(crate) struct Cuttable(pub(crate) TcpListener);

impl Listener for Cuttable {
    type Io = Connection;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Connection, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let switch = Switch::default();
        (Connection { stream, switch }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Switch {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        stream.io().switch.clone()
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    switch: Switch,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.switch.is_cut() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.switch.is_cut() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
