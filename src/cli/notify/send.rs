//! The one place that sends messages. Addresses of webhooks hold tokens: no error repeats one.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::mail::Mail;
use crate::access::notify::Kind;
use crate::credentials;
use crate::forge;
use crate::notify::Delivery;
use crate::notify::body::{self, Answer};

/// How often a message is sent at most.
const ATTEMPTS: usize = 3;
/// The longest time that a channel may ask to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The most of an answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;
/// The most of a channel's own words that an error repeats, in characters.
const WORDS: usize = 200;

/// Sends to one channel.
pub(super) struct Sender<'a> {
    kind: &'a Kind,
    owner: &'a str,
    way: Way,
    secret: Option<SecretString>,
    sent_before: bool,
}

enum Way {
    Mail(Box<Mail>),
    Web { client: reqwest::Client, url: SecretString },
}

/// How an attempt went that failed.
struct Failure {
    why: String,
    /// After how long it may be tried again; none is never.
    again: Option<Duration>,
}

impl<'a> Sender<'a> {
    /// With the address and the secret of the environment.
    ///
    /// # Errors
    /// When the address is missing or cannot be one, in words without it.
    pub(super) fn new(
        name: &str,
        kind: &'a Kind,
        owner: &'a str,
        environment: credentials::Environment<'_>,
    ) -> Result<Self, String> {
        let (url, secret) = credentials::channel(environment, name).map_err(|e| e.to_string())?;
        let parsed = Url::parse(url.expose_secret())
            .map_err(|_| format!("{} is no address", credentials::channel_variable(name, "URL")))?;
        let way = match kind {
            Kind::Mail { from, .. } => {
                Way::Mail(Box::new(Mail::new(name, from, &parsed, secret.as_ref())?))
            }
            _ => {
                let scheme = parsed.scheme();
                if !(scheme == "https" || scheme == "http" && is_here(&parsed)) {
                    let variable = credentials::channel_variable(name, "URL");
                    return Err(format!("{variable} holds a token: expected https://..."));
                }
                let client = forge::web_client().map_err(|error| error.to_string())?;
                Way::Web { client, url }
            }
        };
        Ok(Self { kind, owner, way, secret, sent_before: false })
    }

    /// Sends a message, some times when it must be.
    ///
    /// # Errors
    /// When it did not arrive, in words that hold no secret.
    pub(super) async fn send(&mut self, delivery: &Delivery) -> Result<(), String> {
        if self.sent_before {
            tokio::time::sleep(body::pause(self.kind)).await;
        }
        self.sent_before = true;
        let waits = ExponentialBuilder::default().with_min_delay(Duration::from_secs(1));
        let mut waits = waits.with_max_times(ATTEMPTS - 1).build();
        loop {
            let sent = match &self.way {
                Way::Mail(mail) => mail.send(delivery).await.map_err(|(why, passing)| Failure {
                    why,
                    again: passing.then_some(Duration::ZERO),
                }),
                Way::Web { client, url } => self.once(client, url, delivery).await,
            };
            let failure = match sent {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            match (failure.again, waits.next()) {
                (Some(asked), Some(own)) => {
                    tokio::time::sleep(asked.max(own).min(LONGEST_WAIT)).await;
                }
                _ => return Err(failure.why),
            }
        }
    }

    async fn once(
        &self,
        client: &reqwest::Client,
        url: &SecretString,
        delivery: &Delivery,
    ) -> Result<(), Failure> {
        let lasting = |why: &str| Failure { why: why.to_owned(), again: None };
        let secret = self.secret.as_ref();
        // Signed anew for each attempt: a signature is good for an hour.
        let post = body::post(self.kind, &delivery.message, self.owner, secret, Timestamp::now())
            .map_err(lasting)?;
        let mut url = Url::parse(url.expose_secret()).map_err(|_| lasting("no address"))?;
        if !post.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&post.query);
        }
        let mut request = client
            .post(url)
            .header(reqwest::header::CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in &post.headers {
            request = request.header(*name, value);
        }
        let answer = request.body(post.body.to_string()).send().await.map_err(|error| {
            // The error itself would name the address.
            let why = if error.is_timeout() { "no answer in time" } else { "no connection" };
            // A message that may have arrived is not sent twice in one run.
            Failure { why: why.to_owned(), again: error.is_connect().then_some(Duration::ZERO) }
        })?;
        let status = answer.status().as_u16();
        let wait = answer.headers().get(reqwest::header::RETRY_AFTER);
        let wait = wait.and_then(|wait| wait.to_str().ok()?.trim().parse::<u64>().ok());
        let said = read(answer).await;
        match body::answer(self.kind, status, &said) {
            Answer::Taken => Ok(()),
            Answer::Later(why) => Err(Failure {
                why: self.told(&why),
                again: Some(Duration::from_secs(wait.unwrap_or_default())),
            }),
            Answer::Refused(why) => Err(Failure { why: self.told(&why), again: None }),
        }
    }

    /// A channel's words without anything of its address or secret.
    fn told(&self, why: &str) -> String {
        let mut why = why.to_owned();
        // Words of a path, such as `webhook`, are shorter than any token.
        let mut hide = |text: &str, least: usize| {
            if text.len() >= least {
                why = why.replace(text, "***");
            }
        };
        if let Some(secret) = &self.secret {
            hide(secret.expose_secret(), 1);
        }
        if let Way::Web { url, .. } = &self.way {
            hide(url.expose_secret(), 1);
            if let Ok(url) = Url::parse(url.expose_secret()) {
                url.query_pairs().for_each(|(_, value)| hide(&value, 6));
                url.path_segments().into_iter().flatten().for_each(|part| hide(part, 12));
            }
        }
        why.chars().take(WORDS).collect()
    }
}

/// Whether an address is of this machine.
pub(super) fn is_here(url: &Url) -> bool {
    // Of schemes that are none of the web's the host is read as a name only.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The beginning of an answer; empty when it broke off.
async fn read(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(more)) = answer.chunk().await {
        bytes.extend_from_slice(&more);
        if bytes.len() > LARGEST {
            bytes.truncate(LARGEST);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
