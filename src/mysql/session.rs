//! The one place that connects to a server, and the one that sends it a statement.
//!
//! A session never reconnects and never repeats a statement. After a time-out or a broken
//! connection it refuses everything: what was sent may have been carried out.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, IoError, OptsBuilder, Row, SslOpts};
use secrecy::{ExposeSecret, SecretString};

use super::error::Error;
use crate::access::model::{Instance, Tls, TlsMode};
use crate::certificate;

/// Where a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Host name or address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
}

impl Target {
    /// Where the accounts of an instance are made.
    pub fn of(instance: &Instance) -> Self {
        Self { host: instance.host.clone(), port: instance.port, tls: instance.tls.clone() }
    }

    /// `host:port`, for messages.
    pub fn label(&self) -> String {
        address(&self.host, self.port)
    }
}

/// `host:port`; an IPv6 address stands in brackets, as in the files.
pub fn address(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// With what to log in.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the connection, its TLS and the login together.
    pub connect: Duration,
    /// For the answer to one statement.
    pub statement: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), statement: Duration::from_secs(60) }
    }
}

/// Sent right after the login, so that nothing depends on how the server is set.
///
/// Without NO_AUTO_CREATE_USER a GRANT makes a missing account on MariaDB and MySQL 5.7;
/// MySQL 8 does not know the word. The long `wait_timeout` keeps a lock while other
/// systems are changed. `sql_select_limit` would cut every answer without an error, and without
/// `autocommit` a second read would show the state of the first. Times that the server allows a
/// statement stay as they are: their end is an error.
const SET_UP: &str = "SET NAMES utf8mb4, SESSION sql_mode = IF(VERSION() LIKE '%MariaDB%' OR \
    VERSION() LIKE '5.%', 'STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER', 'STRICT_TRANS_TABLES'), \
    SESSION time_zone = '+00:00', SESSION lock_wait_timeout = 30, SESSION wait_timeout = 28800, \
    SESSION sql_select_limit = 18446744073709551615, SESSION autocommit = 1";

/// A connection that is set up.
pub(super) struct Session {
    conn: Option<Conn>,
    server: String,
    user: String,
    limits: Limits,
}

impl Session {
    /// Connects, logs in and sets up.
    pub(super) async fn connect(
        target: &Target,
        credentials: &Credentials,
        limits: Limits,
    ) -> Result<Self, Error> {
        // Fails only when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = target.label();
        let opts = OptsBuilder::default()
            .ip_or_hostname(target.host.clone())
            .tcp_port(target.port)
            .tcp_nodelay(true)
            // Kept small enough for idle sessions to be noticed when their server is gone.
            .tcp_keepalive(Some(Duration::from_secs(30)))
            .prefer_socket(false)
            // Given, so that the driver asks no question of its own.
            .max_allowed_packet(Some(64 << 20))
            .wait_timeout(Some(28_800))
            .stmt_cache_size(0)
            .ssl_opts(tls(&target.tls))
            .user(Some(credentials.user.clone()))
            .pass(Some(credentials.password.expose_secret().to_owned()));
        let conn = match tokio::time::timeout(limits.connect, Conn::new(opts)).await {
            Ok(Ok(conn)) => conn,
            Ok(Err(error)) => return Err(refused(server, &credentials.user, &error)),
            Err(_) => {
                return Err(Error::Timeout {
                    server,
                    doing: "connect and log in".into(),
                    after: limits.connect,
                });
            }
        };
        let user = credentials.user.clone();
        let mut session = Self { conn: Some(conn), server, user, limits };
        session.execute("set up the session", SET_UP).await?;
        Ok(session)
    }

    /// `host:port`, for messages.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// The user name of the login.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Whether statements can still be sent.
    pub(super) fn is_alive(&self) -> bool {
        self.conn.is_some()
    }

    /// How long a statement may take.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends a statement that gives no rows. `doing` is a verb with its object, for
    /// messages; no error holds the statement itself.
    pub(super) async fn execute(&mut self, doing: &str, statement: &str) -> Result<(), Error> {
        let limit = self.limits.statement;
        self.bounded(doing, limit, async |conn| conn.query_drop(statement).await).await
    }

    /// The rows of a query.
    pub(super) async fn rows(&mut self, doing: &str, query: &str) -> Result<Vec<Row>, Error> {
        let limit = self.limits.statement;
        self.rows_within(doing, query, limit).await
    }

    /// The rows of a query that may take another time.
    pub(super) async fn rows_within(
        &mut self,
        doing: &str,
        query: &str,
        limit: Duration,
    ) -> Result<Vec<Row>, Error> {
        self.bounded(doing, limit, async |conn| conn.query(query).await).await
    }

    /// Hands over the rows of a query one by one, as they arrive.
    pub(super) async fn each_row(
        &mut self,
        doing: &str,
        query: &str,
        take: impl FnMut(Row),
    ) -> Result<(), Error> {
        let limit = self.limits.statement;
        let each =
            async |conn: &mut Conn| conn.query_iter(query).await?.for_each_and_drop(take).await;
        self.bounded(doing, limit, each).await
    }

    async fn bounded<T>(
        &mut self,
        doing: &str,
        limit: Duration,
        send: impl AsyncFnOnce(&mut Conn) -> Result<T, mysql_async::Error>,
    ) -> Result<T, Error> {
        let lost = || Error::Lost { server: self.server.clone(), doing: doing.to_owned() };
        // Put back only after a whole answer: half an answer ends the session.
        let Some(mut conn) = self.conn.take() else { return Err(lost()) };
        let started = Instant::now();
        let answer = tokio::time::timeout(limit, send(&mut conn)).await;
        tracing::debug!(
            server = self.server.as_str(),
            doing,
            answered = answer.is_ok(),
            refused = matches!(answer, Ok(Err(_))),
            milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "database server"
        );
        match answer {
            Ok(Ok(value)) => {
                self.conn = Some(conn);
                Ok(value)
            }
            // The server's last words: interrupted by KILL (MariaDB), idle for too long,
            // shutting down.
            Ok(Err(mysql_async::Error::Server(error)))
                if matches!(error.code, 1053 | 1927 | 4031) =>
            {
                Err(lost())
            }
            Ok(Err(mysql_async::Error::Server(error))) => {
                self.conn = Some(conn);
                Err(Error::Server {
                    server: self.server.clone(),
                    doing: doing.to_owned(),
                    code: error.code,
                    message: error.message,
                })
            }
            Ok(Err(_)) => Err(lost()),
            Err(_) => Err(Error::Timeout {
                server: self.server.clone(),
                doing: doing.to_owned(),
                after: limit,
            }),
        }
    }

    /// Ends the session in an orderly way; a broken one is already gone.
    pub(super) async fn close(mut self) {
        if let Some(conn) = self.conn.take() {
            let _ = tokio::time::timeout(self.limits.connect, conn.disconnect()).await;
        }
    }

    /// An answer of a form that was not expected.
    pub(super) fn malformed(&self, what: impl Into<String>) -> Error {
        Error::Malformed { server: self.server.clone(), what: what.into() }
    }
}

fn tls(tls: &Tls) -> Option<SslOpts> {
    let roots = || tls.ca.iter().map(|(_, pem)| pem.to_vec().into()).collect();
    match tls.mode {
        TlsMode::Off => None,
        TlsMode::Require => Some(
            SslOpts::default()
                .with_danger_accept_invalid_certs(true)
                .with_danger_skip_domain_validation(true),
        ),
        TlsMode::Verify => Some(
            SslOpts::default()
                .with_disable_built_in_roots(tls.ca.is_some())
                .with_root_certs(roots()),
        ),
    }
}

fn refused(server: String, user: &str, error: &mysql_async::Error) -> Error {
    let connect = |why: String| Error::Connect { server: server.clone(), why };
    match error {
        mysql_async::Error::Server(said) => match said.code {
            // Wrong password; not from this host; the account is locked (MySQL, MariaDB);
            // an unknown plugin is told by its own words below.
            1045 | 1698 => Error::Login { server, user: user.to_owned() },
            _ => connect(format!("{} (error {})", said.message, said.code)),
        },
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            connect("the server offers no TLS: set it up there, or `tls: { mode: off }`".into())
        }
        mysql_async::Error::Driver(_) => {
            connect("what answers there does not speak as MySQL does".into())
        }
        mysql_async::Error::Io(IoError::Tls(error)) => connect(tls_error(&error.to_string(), None)),
        mysql_async::Error::Io(IoError::Io(error)) => {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(inner) => connect(tls_error(&inner.to_string(), Some(inner))),
                None => connect(match error.kind() {
                    std::io::ErrorKind::ConnectionRefused => "nothing listens there".into(),
                    std::io::ErrorKind::UnexpectedEof => "the server closed the connection".into(),
                    _ => error.to_string(),
                }),
            }
        }
        other => connect(other.to_string()),
    }
}

fn tls_error(text: &str, error: Option<&rustls::Error>) -> String {
    use rustls::Error as Tls;
    match error {
        Some(Tls::InvalidCertificate(error)) => {
            let advice = match certificate::is_untrusted(error) {
                true => ": name the right file in `tls: { ca: ... }`",
                false => "",
            };
            format!("its certificate {}{advice}", certificate::fault(error))
        }
        // Found by others on Oracle's MySQL 5.7 (its OpenSSL 1.0.2 is set up without curves).
        Some(Tls::AlertReceived(rustls::AlertDescription::HandshakeFailure)) => {
            "no TLS connection: it has no cipher in common with jumpgate. Oracle's builds of \
             MySQL 5.7 have none with elliptic curves: use a newer server, or \
             `tls: { mode: off }` on a network that you trust"
                .into()
        }
        _ => format!("no TLS connection: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!(address("::1", 13391), "[::1]:13391");
        assert_eq!(address("127.0.0.1", 3306), "127.0.0.1:3306");
        assert_eq!(address("db.acme.example", 3306), "db.acme.example:3306");
    }
}
