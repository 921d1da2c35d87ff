//! What can go wrong with JumpServer, in words for a person.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// The most of a server's own words that an error repeats, in characters.
const LONGEST: usize = 300;

/// The kinds of failure; what a caller may decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The settings or credentials cannot work.
    Settings,
    /// No connection, or none that lasted until the answer.
    Unreachable,
    /// The answer points elsewhere; redirects are never followed.
    Redirect,
    /// A web page came in place of data: a proxy's login page, or another server.
    NotJumpServer,
    /// 400: the server does not take the values.
    Refused,
    /// 401: the credentials are not accepted.
    Unauthorized,
    /// 403: a right is missing.
    Forbidden,
    /// 404: the object or the address does not exist.
    NotFound,
    /// 412: the server wants a person to confirm.
    Confirm,
    /// 429: too many requests.
    Throttled,
    /// 500 and above.
    Server,
    /// The answer has not the form that was expected.
    Unexpected,
    /// The organization that answers is not the one that was asked for.
    Organization,
    /// A list did not come completely.
    Incomplete,
    /// Something else stands where an object of ours would be.
    Conflict,
    /// Another run works on this JumpServer.
    Held,
    /// The lease ended or was lost; nothing more may be written.
    LeaseLost,
}

/// One failure: which request, what came back, and what to do about it.
#[derive(Debug, Clone)]
pub struct Error {
    /// The kind.
    pub kind: ErrorKind,
    /// The method and the path with its query, when a request was sent. Never a secret.
    pub request: Option<String>,
    /// The HTTP status, when an answer came.
    pub status: Option<u16>,
    /// The server's own code, such as `permission_denied`.
    pub code: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub advice: Option<String>,
    /// How long the server asks to wait.
    pub(crate) wait: Option<Duration>,
}

impl Error {
    /// A failure without a request.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            request: None,
            status: None,
            code: None,
            message: message.into(),
            advice: None,
            wait: None,
        }
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds the request.
    #[must_use]
    pub(crate) fn of_request(mut self, method: &str, path: &str) -> Self {
        self.request = Some(format!("{method} {path}"));
        self
    }

    /// Whether the same request may have another outcome in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self.kind {
            ErrorKind::Unreachable | ErrorKind::Throttled => true,
            ErrorKind::Server => matches!(self.status, Some(502..=504)),
            _ => false,
        }
    }

    /// The error of an answer whose status says that it failed. What the server says is
    /// repeated without `secret`.
    pub(crate) fn of_answer(
        method: &str,
        path: &str,
        status: u16,
        body: &[u8],
        secret: Option<&str>,
    ) -> Self {
        let parsed = serde_json::from_slice::<Value>(body).ok();
        let code = parsed
            .as_ref()
            .and_then(|body| body.get("code").or_else(|| body.get("type")))
            .and_then(Value::as_str)
            .map(|code| hide(code.to_owned(), secret));
        let words = parsed.as_ref().map(words).filter(|words| !words.is_empty());
        // Before it is cut: a part of the secret must not stay.
        let words = words.map(|words| hide(words, secret));
        let said = words.as_ref().map(|words| format!(": {}", clip(words))).unwrap_or_default();
        let (kind, message, advice) = match status {
            400 if parsed.is_none() && wants_https(body) => (
                ErrorKind::NotJumpServer,
                "http was spoken to a port that wants https".to_owned(),
                Some("set jumpserver.url to the same address with https://".to_owned()),
            ),
            400 => (
                ErrorKind::Refused,
                format!("JumpServer refused the request{said}"),
                words.is_none().then(|| "the server gave no reason; see its log".to_owned()),
            ),
            401 => (
                ErrorKind::Unauthorized,
                format!("JumpServer does not accept the credentials{said}"),
                Some(
                    "check the token or access key, and that its user is active and not expired"
                        .to_owned(),
                ),
            ),
            403 => {
                let (message, advice) = forbidden(method, path, &said);
                (ErrorKind::Forbidden, message, Some(advice))
            }
            404 if parsed.is_none() => (
                ErrorKind::NotFound,
                "there is no such address on this server".to_owned(),
                Some(
                    "check jumpserver.url (with a path prefix, when JumpServer has one) and that \
                     the version is 3.10 or 4.10"
                        .to_owned(),
                ),
            ),
            404 => (ErrorKind::NotFound, format!("JumpServer does not have it{said}"), None),
            412 => (
                ErrorKind::Confirm,
                format!("JumpServer wants a person to confirm this{said}"),
                Some("this cannot be done with a token or access key".to_owned()),
            ),
            429 => (
                ErrorKind::Throttled,
                format!("JumpServer gets too many requests{said}"),
                Some("wait a minute, or run when less is going on".to_owned()),
            ),
            500.. => (
                ErrorKind::Server,
                format!("JumpServer failed with status {status}{said}"),
                Some(
                    "see the log of JumpServer's core service, or of the proxy before it"
                        .to_owned(),
                ),
            ),
            _ => (
                ErrorKind::Unexpected,
                format!("JumpServer answered with status {status}{said}"),
                None,
            ),
        };
        Self {
            kind,
            request: Some(format!("{method} {path}")),
            status: Some(status),
            code,
            message,
            advice,
            wait: None,
        }
    }

    /// An answer that has not the form expected.
    pub(crate) fn unexpected(method: &str, path: &str, what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Unexpected, format!("the answer was not as expected: {what}"))
            .of_request(method, path)
            .advise("check that jumpserver.url points at JumpServer 3.10 or 4.10")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(request) = &self.request {
            write!(f, " ({request}")?;
            if let Some(status) = self.status {
                write!(f, ": {status}")?;
            }
            f.write_str(")")?;
        }
        if let Some(advice) = &self.advice {
            write!(f, "; {advice}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Whether a page with status 400 says that TLS was expected; the words of nginx, of
/// Apache, and of proxies written in Go (Caddy, Traefik).
fn wants_https(body: &[u8]) -> bool {
    let page = String::from_utf8_lossy(body);
    [
        "plain HTTP request was sent to HTTPS port",
        "speaking plain HTTP to an SSL-enabled server port",
        "sent an HTTP request to an HTTPS server",
    ]
    .iter()
    .any(|words| page.contains(words))
}

/// Which right a 403 asks for.
fn forbidden(method: &str, path: &str, said: &str) -> (String, String) {
    let message = format!("JumpServer does not allow this to the user of the token{said}");
    let advice = match super::rights::needed_for(method, path) {
        Some(right) if is_one_user(method, path) => format!(
            "when the user to change is an administrator of JumpServer, only another one may: take \
             the system role off by hand. Otherwise the role of the token's user needs the right \
             {right} in this organization, and that user must not be expired"
        ),
        Some(right) => format!(
            "its role needs the right {right} in this organization (`jumpgate roles-needed` lists \
             them all), and the user must not be expired"
        ),
        None => "check the roles of the user and that it is not expired".to_owned(),
    };
    (message, advice)
}

/// Whether a request changes one user, which JumpServer refuses for administrators.
fn is_one_user(method: &str, path: &str) -> bool {
    let one = path.split_once("/users/users/").map(|(_, rest)| rest.trim_end_matches('/'));
    method != "GET" && one.is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
}

/// The words of an error answer, whatever its shape: `{"field": ["..."]}`, nested ones,
/// `{"detail": ...}`, `{"error": ...}`, arrays, texts.
fn words(body: &Value) -> String {
    let mut found = Vec::new();
    gather(body, "", &mut found);
    found.join("; ")
}

fn gather(value: &Value, field: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if field.is_empty() => found.push(text.trim().to_owned()),
        Value::String(text) => found.push(format!("{field}: {}", text.trim())),
        Value::Array(items) => items.iter().for_each(|item| gather(item, field, found)),
        Value::Object(entries) => {
            for (key, value) in entries {
                let plain = matches!(key.as_str(), "detail" | "error" | "msg" | "non_field_errors");
                match key.as_str() {
                    "code" | "type" => {}
                    _ if plain => gather(value, field, found),
                    _ if field.is_empty() => gather(value, key, found),
                    _ => gather(value, &format!("{field}.{key}"), found),
                }
            }
        }
        _ => {}
    }
}

/// The text without the secret.
fn hide(text: String, secret: Option<&str>) -> String {
    match secret {
        Some(secret) if !secret.is_empty() => text.replace(secret, "***"),
        _ => text,
    }
}

/// One line of bounded length, without control characters.
pub(crate) fn clip(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line: String = line.chars().filter(|c| !c.is_control()).collect();
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push_str(" ...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Error {
        let path = "/api/v1/perms/asset-permissions/";
        Error::of_answer("POST", path, status, body.as_bytes(), None)
    }

    #[test]
    fn every_shape_of_an_error_gives_its_words() {
        let shapes = [
            (
                r#"{"id":["Asset permission with this id already exists."]}"#,
                "id: Asset permission with this id already exists.",
            ),
            (
                r#"{"labels":{"value":["Cannot contain \":,\""]}}"#,
                "labels.value: Cannot contain \":,\"",
            ),
            (r#"["Please save in a org"]"#, "Please save in a org"),
            (r#"{"detail":"JSON parse error","code":"parse_error"}"#, "JSON parse error"),
            (r#"{"error":"Unable to delete"}"#, "Unable to delete"),
            (r#"[{},{"name":["This field must be unique."]}]"#, "name: This field must be unique."),
            (
                r#"{"non_field_errors":["The fields name, asset must make a unique set."]}"#,
                "The fields name, asset must make a unique set.",
            ),
        ];
        for (body, words) in shapes {
            let error = answer(400, body);
            assert_eq!(error.kind, ErrorKind::Refused);
            assert_eq!(error.message, format!("JumpServer refused the request: {words}"));
        }
        assert_eq!(answer(400, "").message, "JumpServer refused the request");
        assert_eq!(answer(400, r#"{"code":"parse_error"}"#).code.as_deref(), Some("parse_error"));
    }

    #[test]
    fn a_missing_right_is_named() {
        let body = r#"{"detail":"You do not have permission to perform this action.","code":"permission_denied"}"#;
        let error = answer(403, body);
        assert_eq!(error.kind, ErrorKind::Forbidden);
        assert!(error.to_string().contains("perms.add_assetpermission"), "{error}");
    }

    #[test]
    fn who_may_not_change_a_user_is_told_of_administrators() {
        let of = |method, path: &str| Error::of_answer(method, path, 403, b"{}", None).to_string();
        let one = "/api/v1/users/users/4ef4be9f-4e46-4011-8ea3-7cc5a335aca6/";
        let said = of("PATCH", one);
        assert!(said.contains("take the system role off by hand"), "{said}");
        assert!(said.contains("users.change_user"), "{said}");
        for (method, path) in [("GET", one), ("POST", "/api/v1/users/users/")] {
            assert!(!of(method, path).contains("system role"), "{method} {path}");
        }
    }

    #[test]
    fn pages_of_html_are_not_repeated() {
        let page = "<!DOCTYPE html><html><h1>Server error occur</h1></html>";
        let error = answer(500, page);
        assert_eq!(error.kind, ErrorKind::Server);
        assert!(!error.to_string().contains('<'), "{error}");
        assert!(answer(404, page).to_string().contains("jumpserver.url"));
    }

    #[test]
    fn a_secret_that_the_server_repeats_is_hidden_whole() {
        let secret = "s3cret-of-many-letters";
        for before in [0, LONGEST - 40, LONGEST - 10] {
            let body = serde_json::json!({ "secret": [format!("{}{secret}", "x".repeat(before))] });
            let body = body.to_string();
            let error = Error::of_answer("POST", "/", 400, body.as_bytes(), Some(secret));
            assert!(!format!("{error:?} {error}").contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn long_words_are_cut() {
        let body = serde_json::json!({ "name": ["x\ny ".repeat(500)] }).to_string();
        let error = answer(400, &body);
        assert!(error.message.len() < 400);
        assert!(!error.message.contains('\n'));
    }
}
