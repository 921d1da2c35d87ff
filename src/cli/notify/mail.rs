//! Mail by SMTP: `smtps://` with TLS from the first byte, `smtp://` with STARTTLS, which is
//! demanded unless the server is on this machine.

use std::error::Error as _;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::send::is_here;
use crate::certificate;
use crate::credentials::channel_variable;
use crate::notify::Delivery;

/// How long a step of the exchange may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends mail through one server.
pub(super) struct Mail {
    from: Address,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    /// What no error may repeat.
    password: Option<SecretString>,
}

impl Mail {
    /// Prepares a server: `smtps://user@smtp.acme.example`, with the password as the secret.
    ///
    /// # Errors
    /// When the address cannot be one of a mail server, or holds a password.
    pub(super) fn new(
        name: &str,
        from: &str,
        url: &Url,
        secret: Option<&SecretString>,
    ) -> Result<Self, String> {
        let variable = channel_variable(name, "URL");
        let form = format!("expected {variable} such as smtps://user@smtp.acme.example");
        let host = url.host_str().ok_or_else(|| form.clone())?;
        if url.password().is_some() {
            let secret = channel_variable(name, "SECRET");
            return Err(format!("the password belongs into {secret}, not into {variable}"));
        }
        // Another part of the process may have installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = match url.scheme() {
            "smtps" => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
            "smtp" if is_here(url) => {
                Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(25))
            }
            "smtp" => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
            _ => return Err(form),
        };
        let builder = builder.map_err(|error| format!("no TLS on this machine: {error}"))?;
        let mut builder = builder.timeout(Some(PATIENCE));
        if let Some(port) = url.port() {
            builder = builder.port(port);
        }
        let user = percent(url.username());
        match (user.is_empty(), secret) {
            (true, None) => {}
            (false, Some(secret)) => {
                let password = secret.expose_secret().to_owned();
                builder = builder.credentials(Credentials::new(user, password));
            }
            (true, Some(_)) => return Err(format!("a password without a user in {variable}")),
            (false, None) => {
                let secret = channel_variable(name, "SECRET");
                return Err(format!("a user without a password: set {secret}"));
            }
        }
        let from = from.parse().map_err(|_| "the sender is no e-mail address".to_owned())?;
        Ok(Self { from, transport: builder.build(), password: secret.cloned() })
    }

    /// Sends a message; in error, why it did not arrive, and whether that may pass.
    pub(super) async fn send(&self, delivery: &Delivery) -> Result<(), (String, bool)> {
        let lasting = |why: &str| (why.to_owned(), false);
        let to = delivery.to.as_deref().unwrap_or_default();
        let to: Address = to.parse().map_err(|_| lasting("this is no e-mail address"))?;
        let mail = Message::builder()
            .from(Mailbox::new(Some("jumpgate".to_owned()), self.from.clone()))
            .to(Mailbox::new(None, to))
            .subject(delivery.message.title.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(delivery.message.text.clone() + "\n")
            .map_err(|_| lasting("no mail can be made of it"))?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let mut why = match (error.status(), tls(&error)) {
                    (Some(code), _) => format!("the mail server answered {code}: {error}"),
                    (None, Some(why)) => why,
                    (None, None) if error.is_timeout() => {
                        "the mail server did not answer in time".to_owned()
                    }
                    (None, None) if error.is_client() => {
                        let why =
                            error.source().map_or_else(|| error.to_string(), |why| why.to_string());
                        format!("the mail server cannot be used: {why}")
                    }
                    (None, None) => "no connection to the mail server".to_owned(),
                };
                if let Some(password) = &self.password {
                    why = why.replace(password.expose_secret(), "***");
                }
                Err((why, error.is_transient()))
            }
        }
    }
}

/// What is wrong with TLS, when that is what failed.
fn tls(error: &lettre::transport::smtp::Error) -> Option<String> {
    let mut cause = error.source();
    let inner = loop {
        let error = cause?;
        let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        match carried.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => break inner,
            None => cause = error.source(),
        }
    };
    Some(match inner {
        rustls::Error::InvalidCertificate(why) => {
            let advice = match certificate::is_untrusted(why) {
                true => ": trust it on this machine, or name a file of it in SSL_CERT_FILE",
                false => "",
            };
            format!("the certificate of the mail server {}{advice}", certificate::fault(why))
        }
        rustls::Error::InvalidMessage(_) => {
            "the mail server speaks no TLS at this port: expected smtps:// for port 465, or \
             smtp:// for 587, where TLS begins later"
                .to_owned()
        }
        other => format!("no TLS connection to the mail server: {other}"),
    })
}

/// A user name as it is, from an address.
fn percent(text: &str) -> String {
    let pairs = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(pairs.as_bytes()).map(|(_, text)| text.into_owned()).collect()
}
