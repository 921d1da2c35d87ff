//! The one place that sends a request to a forge.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
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
/// What an error says when the forge was asked too often.
const TOO_OFTEN: &str = ": it was asked too often; run this again later";
/// How long a forge that was asked too often is waited for at most.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What went wrong, in words for a person. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    /// The HTTP status, when an answer came.
    pub status: Option<u16>,
    /// How long to wait, when the forge was asked too often and did nothing.
    wait: Option<Duration>,
}

/// A page of a list.
pub(super) struct Page {
    /// The answer.
    pub(super) value: Value,
    /// Whether the forge says that no page comes behind it. Most only show it, by an empty one.
    pub(super) last: bool,
}

impl Error {
    pub(super) fn new(message: String) -> Self {
        Self { message, status: None, wait: None }
    }

    /// Whether the forge did nothing because it was asked too often.
    pub fn is_limit(&self) -> bool {
        self.wait.is_some() || self.status == Some(429)
    }

    /// How long to wait until the same request is sent again; none when it is not.
    fn pause(&self, verb: Verb, attempt: u32) -> Option<Duration> {
        let passing = self.status.is_none_or(|status| status == 429 || status >= 500);
        match self.wait {
            _ if attempt >= ATTEMPTS => None,
            // Nothing was done, so that it may also be something new.
            Some(wait) => (wait <= LONGEST_WAIT).then_some(wait),
            None => (passing && verb != Verb::Post)
                .then(|| Duration::from_millis(500) * 2_u32.pow(attempt)),
        }
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
        Ok(self.page(forge, request).await?.value)
    }

    /// Sends a request for one page of a list.
    pub(super) async fn page(&self, forge: &dyn Forge, request: &Request) -> Result<Page, Error> {
        let mut attempt = 1;
        loop {
            let error = match self.once(forge, request).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let Some(pause) = error.pause(request.verb, attempt) else { return Err(error) };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn once(&self, forge: &dyn Forge, request: &Request) -> Result<Page, Error> {
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
        for (name, value) in forge.headers() {
            sent = sent.header(*name, *value);
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let answer = sent.send().await.map_err(|error| {
            let why = if error.is_timeout() { "no answer in time" } else { "no connection" };
            Error::new(format!("the forge did not answer {told}: {why}"))
        })?;
        self.read(answer, &told).await
    }

    async fn read(&self, mut answer: reqwest::Response, told: &str) -> Result<Page, Error> {
        let status = answer.status();
        let wait = limit(status.as_u16(), answer.headers());
        // Gitea and Forgejo; their older versions fail when asked for a page behind the last.
        let last = answer.headers().get("x-hasmore").is_some_and(|more| more == "false");
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
            let value = serde_json::from_slice(&bytes)
                .map_err(|_| Error::new(format!("the answer of the forge to {told} is no JSON")))?;
            return Ok(Page { value, last });
        }
        let said = serde_json::from_slice::<Value>(&bytes).map(|value| words(&value));
        let said = said.unwrap_or_default().replace(self.token.expose_secret(), "***");
        let said: String = said.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        let advice = match status.as_u16() {
            429 => TOO_OFTEN,
            403 if wait.is_some() => TOO_OFTEN,
            401 => ": the token is not accepted",
            403 => ": the token lacks the right to do this",
            404 => ": there is no such thing, or the token may not see it",
            300..=399 => ": it points elsewhere; give the address that it moved to",
            _ => "",
        };
        let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
        let message = format!("the forge answered {} to {told}{advice}{said}", status.as_u16());
        Err(Error { message, status: Some(status.as_u16()), wait })
    }
}

/// How long to wait, when an answer says that the forge was asked too often: 429, and at GitHub
/// also 403, with `retry-after` in seconds, or with `x-ratelimit-remaining: 0` until the next
/// hour.
fn limit(status: u16, headers: &HeaderMap) -> Option<Duration> {
    if !matches!(status, 403 | 429) {
        return None;
    }
    let text = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(seconds) = text("retry-after").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_secs(seconds));
    }
    (text("x-ratelimit-remaining") == Some("0")).then_some(Duration::MAX)
}

/// What a forge says went wrong: `message`, which at GitLab may be a list or more, and the
/// messages in GitHub's `errors`; `error_description` or `error` where a token lacks a scope.
fn words(answer: &Value) -> String {
    let names = ["message", "error_description", "error"];
    let found = names.iter().find_map(|name| answer.get(name).filter(|value| !value.is_null()));
    let mut words = match found {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let errors = answer.get("errors").and_then(Value::as_array).into_iter().flatten();
    for error in errors.filter_map(|error| error.get("message")?.as_str()) {
        words.push_str(": ");
        words.push_str(error);
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_forge_says_is_found_in_each_of_its_forms() {
        let github = json!({
            "message": "Validation Failed",
            "errors": [{ "resource": "PullRequest", "code": "custom",
                "message": "No commits between main and jumpgate/request/x" }],
            "documentation_url": "https://docs.github.com/rest/pulls/pulls#create-a-pull-request",
        });
        assert_eq!(
            words(&github),
            "Validation Failed: No commits between main and jumpgate/request/x"
        );
        let list = json!({ "message": ["Another open merge request already exists: !5"] });
        assert_eq!(words(&list), r#"["Another open merge request already exists: !5"]"#);
        let scope = json!({
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": "api",
        });
        assert!(words(&scope).starts_with("The request requires higher privileges"));
        assert_eq!(words(&json!([1])), "");
    }

    #[test]
    fn a_forge_that_was_asked_too_often_says_how_long_to_wait() {
        let of = |status, pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            limit(status, &pairs.collect())
        };
        let left = ("x-ratelimit-remaining", "0");
        assert_eq!(of(403, &[("retry-after", "7"), left]), Some(Duration::from_secs(7)));
        assert_eq!(of(429, &[("retry-after", "60")]), Some(Duration::from_secs(60)));
        assert_eq!(of(403, &[left]), Some(Duration::MAX));
        // No right, and a limit that is not reached.
        assert_eq!(of(403, &[("x-ratelimit-remaining", "4999")]), None);
        assert_eq!(of(404, &[("retry-after", "7")]), None);
        let error = |wait| Error { wait, ..Error::new(String::new()) };
        assert_eq!(error(Some(Duration::MAX)).pause(Verb::Get, 1), None);
        let short = Some(Duration::from_secs(7));
        assert_eq!(error(short).pause(Verb::Post, 1), short);
        assert_eq!(error(short).pause(Verb::Post, ATTEMPTS), None);
        assert_eq!(error(None).pause(Verb::Post, 1), None);
    }
}
