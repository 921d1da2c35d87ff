//! How a request shows who sends it: a private token, or an access key's signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Who sends the requests. The secrets show in no error and no debug text.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A private token, sent with every request.
    Token(SecretString),
    /// An access key: its secret signs every request and is never sent.
    Key {
        /// The key's id.
        id: String,
        /// The key's secret.
        secret: SecretString,
    },
}

impl Credentials {
    /// The `Authorization` header for a request whose `Accept` and `Date` headers are
    /// `accept` and `date`. `target` is the path with its query, as it is sent.
    pub(crate) fn authorization(
        &self,
        method: &str,
        target: &str,
        accept: &str,
        date: &str,
    ) -> SecretString {
        let text = match self {
            Self::Token(token) => {
                let token = token.expose_secret();
                // As long as it gets: growing would leave a part of it in freed memory.
                let mut text = String::with_capacity("Token ".len() + token.len());
                text.push_str("Token ");
                text.push_str(token);
                text
            }
            Self::Key { id, secret } => {
                let signed = format!(
                    "(request-target): {} {target}\naccept: {accept}\ndate: {date}",
                    method.to_ascii_lowercase()
                );
                let signature = STANDARD.encode(sign(secret.expose_secret(), &signed));
                format!(
                    "Signature keyId=\"{id}\",algorithm=\"hmac-sha256\",\
                     headers=\"(request-target) accept date\",signature=\"{signature}\""
                )
            }
        };
        SecretString::from(text)
    }

    /// Whether they can be put into a header: an error names the form that is expected.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        match self {
            Self::Token(token) if plain(token.expose_secret()) => Ok(()),
            Self::Token(_) => {
                Err("the token must be letters and digits on one line, without blanks")
            }
            // An id of another form makes the server fail instead of saying so.
            Self::Key { id, .. } if id.parse::<uuid::Uuid>().is_err() => {
                Err("the id of an access key is a UUID")
            }
            Self::Key { secret, .. } if secret.expose_secret().is_empty() => {
                Err("the secret of the access key is empty")
            }
            Self::Key { .. } => Ok(()),
        }
    }
}

fn sign(secret: &str, text: &str) -> Vec<u8> {
    // HMAC takes keys of any length, so there is no error to report.
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map(|mut mac| {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_in_the_header() {
        let credentials = Credentials::Token(SecretString::from("abc123"));
        let header = credentials.authorization("GET", "/api/v1/x/", "application/json", "");
        assert_eq!(header.expose_secret(), "Token abc123");
        assert!(!format!("{credentials:?}").contains("abc123"));
    }

    #[test]
    fn a_key_signs_target_accept_and_date() {
        let credentials = Credentials::Key {
            id: "0d1f9a9e-7c1b-4d0f-9a55-1f7a8f0a1b2c".to_owned(),
            secret: SecretString::from("a secret"),
        };
        let date = "Wed, 25 Nov 2026 03:33:56 GMT";
        let header = credentials.authorization("GET", "/p/api/?a=b", "application/json", date);
        let expected = STANDARD.encode(sign(
            "a secret",
            "(request-target): get /p/api/?a=b\naccept: application/json\n\
             date: Wed, 25 Nov 2026 03:33:56 GMT",
        ));
        assert!(header.expose_secret().ends_with(&format!("signature=\"{expected}\"")));
        assert!(!header.expose_secret().contains("a secret"));
    }

    #[test]
    fn the_signature_is_hmac_sha256() {
        // Test case 2 of RFC 4231.
        let mac = sign("Jefe", "what do ya want for nothing?");
        assert_eq!(
            data_encoding::HEXLOWER.encode(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn what_no_header_can_hold_is_refused() {
        assert!(Credentials::Token(SecretString::from("abc\n")).check().is_err());
        assert!(Credentials::Token(SecretString::from("")).check().is_err());
        let key = Credentials::Key { id: "me".to_owned(), secret: SecretString::from("s") };
        assert!(key.check().is_err());
    }
}
