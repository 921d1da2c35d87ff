//! The one place that sends a request to a forge.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{Forge, Request, Verb};

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a read, or a write that sets a value, is sent at most.
const ATTEMPTS: u32 = 3;
/// The largest answer, in bytes: a page of a hundred of the longest comments.
const LARGEST: usize = 64 * 1024 * 1024;
/// The most of a forge's own words that an error repeats, in characters.
const LONGEST: usize = 300;

/// What went wrong, in words for a person. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    /// The HTTP status, when an answer came.
    pub status: Option<u16>,
}

impl Error {
    pub(super) fn new(message: String) -> Self {
        Self { message, status: None }
    }

    fn is_passing(&self) -> bool {
        self.status.is_none_or(|status| status == 429 || status >= 500)
    }
}

/// A client that waits for half a minute and follows no redirect: what authorizes a request
/// would go along.
///
/// # Errors
/// When TLS cannot start.
pub(crate) fn web_client() -> Result<reqwest::Client, Error> {
    // Another part of the process may have installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .user_agent(concat!("jumpgate/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| Error::new("the HTTPS client could not start".to_owned()))
}

/// Sends requests with a token to one forge. Redirects are not followed: the token would go
/// along.
pub struct Client {
    client: reqwest::Client,
    api: Url,
    token: SecretString,
}

impl Client {
    /// Prepares a client for an API's address, such as `https://api.github.com`.
    ///
    /// # Errors
    /// When the address cannot be one.
    pub fn new(api: &str, token: SecretString) -> Result<Self, Error> {
        let wrong = || Error::new(format!("{api} is no address of an API: expected https://..."));
        let api = Url::parse(api).map_err(|_| wrong())?;
        let plain = api.username().is_empty() && api.password().is_none();
        if !matches!(api.scheme(), "http" | "https") || !plain || api.cannot_be_a_base() {
            return Err(wrong());
        }
        Ok(Self { client: web_client()?, api, token })
    }

    /// Sends a request; gives the answer's JSON.
    ///
    /// # Errors
    /// When no answer comes, or another one than success.
    pub async fn send(&self, forge: &dyn Forge, request: &Request) -> Result<Value, Error> {
        let mut attempt = 1;
        loop {
            match self.once(forge, request).await {
                Err(error)
                    if error.is_passing() && request.verb != Verb::Post && attempt < ATTEMPTS =>
                {
                    tokio::time::sleep(Duration::from_millis(500) * 2_u32.pow(attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn once(&self, forge: &dyn Forge, request: &Request) -> Result<Value, Error> {
        let mut url = self.api.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&request.path);
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let (header, scheme) = forge.authorization();
        let token = format!("{scheme}{}", self.token.expose_secret());
        let mut token = HeaderValue::from_str(&token).map_err(|_| {
            Error::new("the token of the forge holds characters that no token has".to_owned())
        })?;
        token.set_sensitive(true);
        let verb = match request.verb {
            Verb::Get => reqwest::Method::GET,
            Verb::Post => reqwest::Method::POST,
            Verb::Patch => reqwest::Method::PATCH,
            Verb::Put => reqwest::Method::PUT,
        };
        let told = format!("{verb} {}", url.path());
        let mut sent = self
            .client
            .request(verb, url)
            .header(
                HeaderName::from_bytes(header.as_bytes()).unwrap_or(reqwest::header::AUTHORIZATION),
                token,
            )
            .header(reqwest::header::ACCEPT, "application/json");
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let answer = sent.send().await.map_err(|error| {
            let why = if error.is_timeout() { "no answer in time" } else { "no connection" };
            Error::new(format!("the forge did not answer {told}: {why}"))
        })?;
        self.read(answer, &told).await
    }

    async fn read(&self, mut answer: reqwest::Response, told: &str) -> Result<Value, Error> {
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(more) = answer
            .chunk()
            .await
            .map_err(|_| Error::new(format!("the answer of the forge to {told} broke off")))?
        {
            if bytes.len() + more.len() > LARGEST {
                return Err(Error::new(format!("the answer of the forge to {told} is too large")));
            }
            bytes.extend_from_slice(&more);
        }
        if status.is_success() {
            return serde_json::from_slice(&bytes)
                .map_err(|_| Error::new(format!("the answer of the forge to {told} is no JSON")));
        }
        let said = serde_json::from_slice::<Value>(&bytes).ok();
        let said = said.as_ref().and_then(|value| value.get("message")?.as_str());
        let said = said.unwrap_or_default().replace(self.token.expose_secret(), "***");
        let said: String = said.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        let advice = match status.as_u16() {
            401 => ": the token is not accepted",
            403 => ": the token lacks the right to do this",
            404 => ": there is no such thing, or the token may not see it",
            300..=399 => ": it points elsewhere; give the address that it moved to",
            _ => "",
        };
        let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
        let message = format!("the forge answered {} to {told}{advice}{said}", status.as_u16());
        Err(Error { message, status: Some(status.as_u16()) })
    }
}
