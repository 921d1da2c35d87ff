//! A server that takes posts as chat systems do, and one that takes mail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
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

/// A mail that came: who it is for, and its text as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) to: String,
    pub(super) text: String,
}

/// A mail server that knows one login, and refuses one address.
#[derive(Clone)]
pub(super) struct Smtp {
    pub(super) port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
}

/// `AUTH PLAIN` of jumpgate with the password `tell-nobody-mail`.
const LOGIN: &str = "AUTH PLAIN AGp1bXBnYXRlAHRlbGwtbm9ib2R5LW1haWw=";
pub(super) const PASSWORD: &str = "tell-nobody-mail";
pub(super) const REFUSED: &str = "liwei@acme.example";

impl Smtp {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let smtp = Self { port, mails: Arc::default() };
        let server = smtp.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mails = Arc::clone(&server.mails);
                tokio::spawn(async move { talk(stream, &mails).await });
            }
        });
        smtp
    }

    pub(super) fn mails(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.mails.lock().expect("mails"))
    }
}

async fn talk(stream: tokio::net::TcpStream, mails: &Mutex<Vec<Mail>>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.acme.example\r\n").await.ok()?;
    let (mut to, mut known) = (String::new(), false);
    while let Some(line) = lines.next_line().await.ok()? {
        let answer = if line.starts_with("EHLO") {
            "250-mail.acme.example\r\n250 AUTH PLAIN\r\n"
        } else if line.starts_with("AUTH") {
            known = line == LOGIN;
            if known { "235 ok\r\n" } else { "535 wrong: wrong-password\r\n" }
        } else if !known && line.starts_with("MAIL") {
            "530 log in first\r\n"
        } else if let Some(rest) = line.strip_prefix("RCPT TO:<") {
            to = rest.trim_end_matches('>').to_owned();
            if to == REFUSED { "550 no such mailbox\r\n" } else { "250 ok\r\n" }
        } else if line == "DATA" {
            write.write_all(b"354 go on\r\n").await.ok()?;
            let mut text = String::new();
            while let Some(line) = lines.next_line().await.ok()? {
                if line == "." {
                    break;
                }
                text.push_str(&line);
                text.push('\n');
            }
            mails.lock().expect("mails").push(Mail { to: to.clone(), text });
            "250 taken\r\n"
        } else {
            "250 ok\r\n"
        };
        write.write_all(answer.as_bytes()).await.ok()?;
    }
    Some(())
}
