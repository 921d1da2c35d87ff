//! A mail server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A mail that came: who it is for, and its text as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) to: String,
    pub(super) text: String,
}

/// When TLS begins.
#[derive(Clone)]
pub(super) enum Tls {
    Never,
    AtOnce(Arc<ServerConfig>),
    /// By STARTTLS; before it no login is offered.
    Later(Arc<ServerConfig>),
}

/// A mail server that knows one login, and refuses one address.
#[derive(Clone)]
pub(super) struct Smtp {
    pub(super) port: u16,
    tls: Tls,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// All lines that came, each with whether TLS carried it.
    heard: Arc<Mutex<Vec<(bool, String)>>>,
}

/// `AUTH PLAIN` of jumpgate with the password `tell-nobody-mail`.
const LOGIN: &str = "AUTH PLAIN AGp1bXBnYXRlAHRlbGwtbm9ib2R5LW1haWw=";
pub(super) const PASSWORD: &str = "tell-nobody-mail";
pub(super) const REFUSED: &str = "liwei@acme.example";

impl Smtp {
    pub(super) fn start(tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let smtp = Self { port, tls, mails: Arc::default(), heard: Arc::default() };
        let server = smtp.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = server.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        smtp
    }

    pub(super) fn mails(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.mails.lock().expect("mails"))
    }

    /// The verbs of all lines that came, in clear or by TLS.
    pub(super) fn verbs(&self, secret: bool) -> Vec<String> {
        let heard = self.heard.lock().expect("lines");
        let lines = heard.iter().filter(|(by_tls, _)| *by_tls == secret).map(|(_, line)| line);
        lines.filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
    }

    fn serve(&self, stream: TcpStream) -> Option<()> {
        let welcome = "220 mail.acme.example\r\n";
        match &self.tls {
            Tls::Never => self.talk(stream, welcome, false).map(drop),
            Tls::AtOnce(config) => self.talk(secured(config, stream)?, welcome, true).map(drop),
            Tls::Later(config) => {
                let stream = self.talk(stream, welcome, false)?;
                self.talk(secured(config, stream)?, "", true).map(drop)
            }
        }
    }

    /// Talks until the other side goes, or begins TLS: then the stream comes back.
    fn talk<S: Read + Write>(&self, stream: S, welcome: &str, secret: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(welcome.as_bytes()).ok()?;
        let offers = !secret && matches!(self.tls, Tls::Later(_));
        let (mut to, mut known) = (String::new(), false);
        loop {
            let line = next(&mut stream)?;
            self.heard.lock().expect("lines").push((secret, line.clone()));
            let answer = if line.starts_with("EHLO") && offers {
                "250-mail.acme.example\r\n250 STARTTLS\r\n"
            } else if line.starts_with("EHLO") {
                "250-mail.acme.example\r\n250 AUTH PLAIN\r\n"
            } else if line == "STARTTLS" && offers {
                stream.get_mut().write_all(b"220 go on\r\n").ok()?;
                return Some(stream.into_inner());
            } else if line.starts_with("AUTH") {
                known = line == LOGIN;
                if known { "235 ok\r\n" } else { "535 wrong: wrong-password\r\n" }
            } else if !known && line.starts_with("MAIL") {
                "530 log in first\r\n"
            } else if let Some(rest) = line.strip_prefix("RCPT TO:<") {
                to = rest.trim_end_matches('>').to_owned();
                if to == REFUSED { "550 no such mailbox\r\n" } else { "250 ok\r\n" }
            } else if line == "DATA" {
                stream.get_mut().write_all(b"354 go on\r\n").ok()?;
                let mut text = String::new();
                loop {
                    let line = next(&mut stream)?;
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                self.mails.lock().expect("mails").push(Mail { to: to.clone(), text });
                "250 taken\r\n"
            } else {
                "250 ok\r\n"
            };
            stream.get_mut().write_all(answer.as_bytes()).ok()?;
        }
    }
}

/// The next line without its end; none when there is no more.
fn next(stream: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).ok().filter(|count| *count > 0)?;
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn secured(
    config: &Arc<ServerConfig>,
    stream: TcpStream,
) -> Option<StreamOwned<ServerConnection, TcpStream>> {
    let connection = ServerConnection::new(Arc::clone(config)).ok()?;
    Some(StreamOwned::new(connection, stream))
}
