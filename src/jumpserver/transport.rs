//! The one place that sends a request to JumpServer.
//!
//! [`Read`] can only GET. [`Write`] can do the rest, and asks before every attempt whether
//! it still may. Redirects are never followed: on a write the server would be asked
//! something else than was meant.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::credentials::Credentials;
use super::date;
use super::error::{Error, ErrorKind};
use super::redirect;

const ACCEPT: &str = "application/json";

/// Longer waits that a server asks for are an error instead.
const LONGEST_WAIT: Duration = Duration::from_secs(90);

/// Where JumpServer answers, and in which organization to work.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address: http or https, a path prefix is kept.
    pub url: Url,
    /// The organization, by name or id.
    pub organization: String,
    /// Time-outs and bounds.
    pub limits: Limits,
}

/// Time-outs and bounds of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long a read may take.
    pub read: Duration,
    /// How long a write may take; a lease must last longer than this.
    pub write: Duration,
    /// How often a request is sent at most.
    pub attempts: usize,
    /// The pause before the second attempt; it doubles each time.
    pub pause: Duration,
    /// The largest answer, in bytes.
    pub answer: usize,
    /// How many requests may be open at once.
    pub parallel: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(60),
            write: Duration::from_secs(30),
            attempts: 5,
            pause: Duration::from_millis(300),
            answer: 64 * 1024 * 1024,
            parallel: 6,
        }
    }
}

struct Shared {
    client: reqwest::Client,
    /// Without a slash at its end.
    base: Url,
    credentials: Credentials,
    limits: Limits,
    permits: Semaphore,
    requests: AtomicU64,
    /// The server's clock minus ours.
    skew: Mutex<Option<SignedDuration>>,
}

/// Sends GET requests, and nothing else.
#[derive(Clone)]
pub(crate) struct Read {
    shared: Arc<Shared>,
    organization: Option<Uuid>,
}

/// Sends writes.
#[derive(Clone)]
pub(crate) struct Write(Read);

/// A body of a request, erased after use: it may hold a secret.
pub(crate) struct Content {
    bytes: Zeroizing<Vec<u8>>,
}

impl Content {
    /// The JSON form of `value`.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, Error> {
        // Room from the start: growing would leave copies of a secret in freed memory.
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *bytes, value).map_err(|_| {
            Error::new(ErrorKind::Unexpected, "a request could not be written as JSON")
        })?;
        Ok(Self { bytes })
    }

    fn share(&self) -> Bytes {
        Bytes::from_owner(self.bytes.clone())
    }
}

/// An answer that says success.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status, 200 to 299.
    pub(crate) status: u16,
    request: (String, String),
    body: Bytes,
}

impl Answer {
    /// The body, which must be JSON of the expected form.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let (method, path) = &self.request;
        serde_json::from_slice(&self.body).map_err(|error| {
            // Its own words repeat values of the answer.
            let (line, column) = (error.line(), error.column());
            tracing::debug!(%method, %path, line, column, "an answer of another form");
            if self.body.trim_ascii_start().starts_with(b"<") {
                Error::new(
                    ErrorKind::NotJumpServer,
                    "a web page came in place of data: the login page of a proxy, or another \
                     server",
                )
                .of_request(method, path)
                .advise("check jumpserver.url, and let the proxy pass requests with a token")
            } else {
                Error::unexpected(method, path, "a field is missing or of another kind")
            }
        })
    }
}

impl Read {
    /// Prepares a client; sends nothing.
    ///
    /// # Errors
    /// When the address or the credentials cannot work.
    pub(crate) fn new(settings: &Settings, credentials: Credentials) -> Result<Self, Error> {
        let wrong = |why: &str| Error::new(ErrorKind::Settings, why);
        credentials.check().map_err(wrong)?;
        let mut base = settings.url.clone();
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("jumpserver.url must begin with https:// or http:// and a host"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(wrong("jumpserver.url must not hold a user name or password"));
        }
        base.set_query(None);
        base.set_fragment(None);
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        // Another part of the process may have installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.limits.connect)
            .user_agent(concat!("jumpgate/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| {
                wrong("the HTTPS client could not start")
                    .advise("check that the system has certificates (the package ca-certificates)")
            })?;
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                base,
                credentials,
                limits: settings.limits,
                permits: Semaphore::new(settings.limits.parallel.max(1)),
                requests: AtomicU64::new(0),
                skew: Mutex::new(None),
            }),
            organization: None,
        })
    }

    /// The same client, working in an organization.
    pub(crate) fn within(&self, organization: Uuid) -> Self {
        Self { shared: Arc::clone(&self.shared), organization: Some(organization) }
    }

    /// The bounds that it keeps.
    pub(crate) fn limits(&self) -> Limits {
        self.shared.limits
    }

    /// How many requests were sent.
    pub(crate) fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// The server's clock minus ours, by the last answer with a `Date`.
    pub(crate) fn skew(&self) -> Option<SignedDuration> {
        *self.shared.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// GETs `path` (below `api/v1/`, with or without slashes around it).
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Error> {
        let url = self.url(path, query);
        let limit = self.shared.limits.read;
        let answer = (|| self.attempt(Method::GET, &url, None, limit, None, |_| Ok(())))
            .retry(self.pauses())
            .sleep(tokio::time::sleep)
            // A 500 may be a passing one, and a read may be sent again.
            .when(|error: &Error| error.is_passing() || error.status == Some(500))
            .adjust(wait)
            .await?;
        answer.json()
    }

    /// GETs an object; none when the server says 404.
    pub(crate) async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Error> {
        match self.get(path, &[]).await {
            Ok(found) => Ok(Some(found)),
            // An unknown address is 404 too, but says so with a page and without a code.
            Err(error) if error.kind == ErrorKind::NotFound && error.code.is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.shared.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/api/v1/{}/", path.trim_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn pauses(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.shared.limits.pause)
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(self.shared.limits.attempts.saturating_sub(1))
            .with_jitter()
    }

    /// Sends a request once, when `may` lets it: it is asked after the wait for a place among
    /// the open requests, however long that was.
    async fn attempt(
        &self,
        method: Method,
        url: &Url,
        content: Option<Bytes>,
        limit: Duration,
        secret: Option<&SecretString>,
        may: impl Fn(Duration) -> Result<(), Error>,
    ) -> Result<Answer, Error> {
        let _permit = self.shared.permits.acquire().await.map_err(|_| {
            Error::new(ErrorKind::Unreachable, "the program is ending; nothing was sent")
        })?;
        may(limit)?;
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let started = Instant::now();
        let outcome =
            tokio::time::timeout(limit, self.exchange(&method, url, &target, content, secret))
                .await
                .unwrap_or_else(|_| {
                    let words =
                        format!("JumpServer did not answer within {} s", limit.as_secs_f32());
                    Err(Error::new(ErrorKind::Unreachable, words)
                        .of_request(method.as_str(), &target))
                });
        let status = match &outcome {
            Ok(answer) => Some(answer.status),
            Err(error) => error.status,
        };
        tracing::debug!(
            number,
            method = method.as_str(),
            target = target.as_str(),
            status,
            milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "JumpServer"
        );
        outcome
    }

    async fn exchange(
        &self,
        method: &Method,
        url: &Url,
        target: &str,
        content: Option<Bytes>,
        secret: Option<&SecretString>,
    ) -> Result<Answer, Error> {
        let headers = self.headers(method, target)?;
        let mut request = self.shared.client.request(method.clone(), url.clone()).headers(headers);
        if let Some(content) = content {
            request = request.header("Content-Type", "application/json").body(content);
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| unreachable_server(&error, url).of_request(method.as_str(), target))?;
        self.note_clock(response.headers());
        let status = response.status();
        let too_long = |length: usize| length > self.shared.limits.answer;
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut body = BytesMut::new();
        loop {
            if too_long(body.len()) || announced.is_some_and(too_long) {
                let most = self.shared.limits.answer / (1024 * 1024);
                return Err(Error::unexpected(
                    method.as_str(),
                    target,
                    format!("it is longer than {most} MiB"),
                ));
            }
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    return Err(unreachable_server(&error, url).of_request(method.as_str(), target));
                }
            }
        }
        if status.is_redirection() {
            let location = response.headers().get("Location").and_then(|value| value.to_str().ok());
            return Err(redirect::error(method.as_str(), url, status.as_u16(), location));
        }
        if !status.is_success() {
            let secret = secret.map(ExposeSecret::expose_secret);
            let mut error =
                Error::of_answer(method.as_str(), target, status.as_u16(), &body, secret);
            error.wait = retry_after(response.headers(), status);
            return Err(error);
        }
        Ok(Answer {
            status: status.as_u16(),
            request: (method.as_str().to_owned(), target.to_owned()),
            body: body.freeze(),
        })
    }

    fn headers(&self, method: &Method, target: &str) -> Result<HeaderMap, Error> {
        let wrong = || Error::new(ErrorKind::Settings, "the credentials fit into no header");
        let date = date::write_http(Timestamp::now());
        let authorization =
            self.shared.credentials.authorization(method.as_str(), target, ACCEPT, &date);
        let mut authorization =
            HeaderValue::from_str(authorization.expose_secret()).map_err(|_| wrong())?;
        authorization.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("Accept", HeaderValue::from_static(ACCEPT));
        headers.insert("Accept-Language", HeaderValue::from_static("en"));
        headers.insert("X-TZ", HeaderValue::from_static("UTC"));
        headers.insert("Date", HeaderValue::from_str(&date).map_err(|_| wrong())?);
        headers.insert("Authorization", authorization);
        if let Some(organization) = self.organization {
            let id = organization.to_string();
            headers.insert("X-JMS-ORG", HeaderValue::from_str(&id).map_err(|_| wrong())?);
        }
        Ok(headers)
    }

    fn note_clock(&self, headers: &HeaderMap) {
        let theirs =
            headers.get("Date").and_then(|value| value.to_str().ok()).and_then(date::parse_http);
        if let Some(theirs) = theirs {
            let skew = theirs.duration_since(Timestamp::now());
            *self.shared.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
    }
}

impl Write {
    /// The writing side of a client.
    pub(crate) fn new(read: &Read) -> Self {
        Self(read.clone())
    }

    /// Sends POST, PATCH or DELETE, again when the answer did not come: every write carries an id
    /// of ours or absolute values, so that a second time changes nothing more. `may` is asked
    /// before every attempt with the time that the attempt may take; its error ends it. What the
    /// server says is cleaned of `secret`.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        content: Option<Content>,
        secret: Option<&SecretString>,
        may: impl Fn(Duration) -> Result<(), Error>,
    ) -> Result<Answer, Error> {
        let url = self.0.url(path, &[]);
        let limit = self.0.shared.limits.write;
        let attempt = || {
            let content = content.as_ref().map(Content::share);
            self.0.attempt(method.clone(), &url, content, limit, secret, &may)
        };
        attempt
            .retry(self.0.pauses())
            .sleep(tokio::time::sleep)
            .when(Error::is_passing)
            .adjust(wait)
            .await
    }
}

/// The pause before the next attempt: the server's wish, when it has one that is bearable.
fn wait(error: &Error, pause: Option<Duration>) -> Option<Duration> {
    match (error.wait, pause) {
        (_, None) => None,
        (Some(wish), Some(_)) if wish > LONGEST_WAIT => None,
        (Some(wish), Some(pause)) => Some(wish.max(pause)),
        (None, Some(pause)) => Some(pause),
    }
}

/// The seconds of a `Retry-After` header.
fn retry_after(headers: &HeaderMap, status: StatusCode) -> Option<Duration> {
    if !matches!(status.as_u16(), 429 | 503) {
        return None;
    }
    let text = headers.get("Retry-After")?.to_str().ok()?.trim().to_owned();
    text.parse::<u64>().ok().map(Duration::from_secs)
}

/// A connection that failed, in words.
fn unreachable_server(error: &reqwest::Error, url: &Url) -> Error {
    let host = url.host_str().unwrap_or_default();
    let place = match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let cause = super::error::clip(&cause.to_string());
    if cause.contains("certificate") {
        return Error::new(
            ErrorKind::Unreachable,
            format!("the certificate of {place} is not accepted: {cause}"),
        )
        .advise("trust its authority on this machine, or name a file of it in SSL_CERT_FILE");
    }
    if url.scheme() == "https" && cause.contains("InvalidContentType") {
        return Error::new(ErrorKind::NotJumpServer, format!("{place} speaks no TLS")).advise(
            "set jumpserver.url to the port that speaks https; http:// would send the token in \
             clear text",
        );
    }
    let message = if error.is_connect() {
        format!("cannot connect to JumpServer at {place}: {cause}")
    } else {
        format!("the connection to JumpServer at {place} broke: {cause}")
    };
    Error::new(ErrorKind::Unreachable, message)
        .advise("check jumpserver.url, the network and any proxy between")
}
