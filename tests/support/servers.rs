//! Real MySQL and MariaDB servers, each private to its test.
//!
//! `scripts/test-servers` gets them. `JUMPGATE_TEST_SERVERS` names another folder than
//! `target/servers`; `JUMPGATE_TEST_REPLACE=mysql=mysql-8.0,mariadb-10.11=mariadb-10.6` has the
//! tests run on other servers of that folder, such as `scripts/test-servers-from-image` makes.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Value};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

/// An account with every right, for tests that are not about rights.
pub(crate) const ADMIN: &str = "admin";
/// Its password.
pub(crate) const ADMIN_PASSWORD: &str = "Admin-pass.1";

/// A server that tests run against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The newest MySQL (8.0 where the distribution has no other).
    Mysql9,
    /// MariaDB 10.11.
    Mariadb1011,
    /// MariaDB 11.8.
    Mariadb118,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Mysql9, Self::Mariadb1011, Self::Mariadb118];

    /// The name of its folder.
    fn name(self) -> &'static str {
        match self {
            Self::Mysql9 => "mysql",
            Self::Mariadb1011 => "mariadb-10.11",
            Self::Mariadb118 => "mariadb-11.8",
        }
    }

    /// The folder of the server that the tests run on: its own, or the one in its place.
    fn folder(self, replaced: &str) -> &str {
        let pairs = replaced.split(',').filter(|pair| !pair.is_empty());
        let mut folder = self.name();
        for pair in pairs {
            let (name, other) = pair.split_once('=').unwrap_or_default();
            let known = Self::ALL.iter().any(|kind| kind.name() == name);
            assert!(known && !other.is_empty(), "JUMPGATE_TEST_REPLACE: `{pair}` is no NAME=OTHER");
            if name == self.name() {
                folder = other;
            }
        }
        folder
    }

    /// How the version of its server begins: what stands behind the name of its folder.
    pub(crate) fn version(self) -> String {
        let folder = self.folder(&replaced()).to_owned();
        let (_, version) = folder.split_once('-').unwrap_or(("mysql", "9"));
        format!("{version}.")
    }

    /// Whether it speaks TLS with us: MySQL 5.7 as the official image has it knows no elliptic
    /// curves, and jumpgate nothing else.
    pub(crate) fn speaks_tls(self) -> bool {
        !(self.is_mysql() && self.version().starts_with("5."))
    }

    /// Whether it is MySQL and not MariaDB.
    pub(crate) fn is_mysql(self) -> bool {
        self == Self::Mysql9
    }

    /// Options that make a server small, and quick to start.
    fn small(self) -> &'static [&'static str] {
        match self {
            Self::Mysql9 => &[
                "--loose-innodb-redo-log-capacity=8M",
                "--innodb-buffer-pool-size=16M",
                "--innodb-flush-log-at-trx-commit=0",
                "--disable-log-bin",
            ],
            Self::Mariadb1011 | Self::Mariadb118 => &[
                "--innodb-log-file-size=8M",
                "--innodb-buffer-pool-size=16M",
                "--innodb-flush-log-at-trx-commit=0",
            ],
        }
    }
}

/// A running server on 127.0.0.1, gone when dropped.
pub(crate) struct Server {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its TCP port.
    pub(crate) port: u16,
    child: Child,
    folder: TempDir,
}

impl Server {
    /// Starts a server with an empty data directory and TLS.
    pub(crate) async fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[]).await
    }

    /// Starts a server with further options, such as `--sql-mode=ANSI_QUOTES`.
    pub(crate) async fn start_with(kind: Kind, options: &[&str]) -> Self {
        let installed = installed(kind);
        // Some options are fixed when the data directory is made.
        let fixed: Vec<&str> =
            options.iter().copied().filter(|o| o.starts_with("--lower-case-table-names")).collect();
        let folder = tempfile::Builder::new().prefix("jg").tempdir().expect("a folder");
        let data = folder.path().join("data");
        if fixed.is_empty() {
            copy(&template(kind, &installed), &data);
        } else {
            initialise(kind, &installed, &data, &fixed);
        }
        certificates(folder.path(), &["127.0.0.1", "localhost"]);
        let init = folder.path().join("init.sql");
        fs::write(
            &init,
            format!(
                "CREATE USER '{ADMIN}'@'%' IDENTIFIED BY '{ADMIN_PASSWORD}';\n\
                 GRANT ALL ON *.* TO '{ADMIN}'@'%' WITH GRANT OPTION;\n"
            ),
        )
        .expect("the first statements");
        // Another process may take a free port before the server has it: try again.
        for _ in 0..5 {
            let port = free_port();
            let mut child = launch(kind, &installed, folder.path(), port, options);
            if wait_for(&mut child, folder.path()).await {
                return Self { kind, port, child, folder };
            }
        }
        panic!("{kind:?} does not start: {}", log_tail(folder.path()));
    }

    /// A connection as root, by the socket.
    pub(crate) async fn admin(&self) -> Conn {
        connect_socket(self.folder.path()).await.expect("root logs in by the socket")
    }

    /// Runs statements as root, each at the end of a line with `;` or alone.
    pub(crate) async fn run(&self, statements: &str) {
        let mut conn = self.admin().await;
        for statement in statements.split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
            let statement = statement.trim_end_matches(';');
            if let Err(error) = conn.query_drop(statement).await {
                panic!("{:?}: {statement}: {error}", self.kind);
            }
        }
        conn.disconnect().await.expect("an orderly end");
    }

    /// The rows of a query as root, as text; NULL is `NULL`.
    pub(crate) async fn rows(&self, query: &str) -> Vec<Vec<String>> {
        let mut conn = self.admin().await;
        let rows = read(&mut conn, query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        conn.disconnect().await.expect("an orderly end");
        rows
    }

    /// A login over TCP without TLS.
    pub(crate) async fn login(
        &self,
        user: &str,
        password: &str,
    ) -> Result<Conn, mysql_async::Error> {
        let opts = OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(self.port)
            .prefer_socket(false)
            .user(Some(user))
            .pass(Some(password));
        Conn::new(opts).await
    }

    /// Begins to write down every statement, forgetting earlier ones.
    pub(crate) async fn log_statements(&self) {
        self.run(
            "SET GLOBAL general_log = 0;\nSET GLOBAL log_output = 'TABLE';\n\
             TRUNCATE mysql.general_log;\nSET GLOBAL general_log = 1",
        )
        .await;
    }

    /// The statements of everyone but root since `log_statements`.
    pub(crate) async fn logged(&self) -> Vec<String> {
        self.rows(
            "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE command_type \
             NOT IN ('Connect', 'Quit', 'Init DB') AND user_host NOT LIKE 'root%'",
        )
        .await
        .into_iter()
        .map(|mut row| row.remove(0))
        .collect()
    }

    /// The statements since `log_statements` that change accounts.
    pub(crate) async fn changes(&self) -> Vec<String> {
        let verbs = ["GRANT ", "REVOKE ", "CREATE ", "ALTER ", "DROP ", "SET PASSWORD"];
        let logged = self.logged().await;
        logged.into_iter().filter(|s| verbs.iter().any(|verb| s.starts_with(verb))).collect()
    }

    /// PEM of the authority that signed the server's certificate.
    pub(crate) fn ca(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("ca.pem")).expect("the authority")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The rows of a query, as text.
pub(crate) async fn read(
    conn: &mut Conn,
    query: &str,
) -> Result<Vec<Vec<String>>, mysql_async::Error> {
    let rows: Vec<mysql_async::Row> = conn.query(query).await?;
    let text = |value: Value| match value {
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::NULL => "NULL".to_owned(),
        other => other.as_sql(true),
    };
    Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
}

/// The number of the server's error, 0 for any other.
pub(crate) fn code(error: &mysql_async::Error) -> u16 {
    match error {
        mysql_async::Error::Server(error) => error.code,
        _ => 0,
    }
}

/// The number of the error that a query gives, 0 when it works.
pub(crate) async fn refused(conn: &mut mysql_async::Conn, query: &str) -> u16 {
    conn.query_drop(query).await.map_or_else(|error| code(&error), |()| 0)
}

/// What `JUMPGATE_TEST_REPLACE` says.
fn replaced() -> String {
    std::env::var("JUMPGATE_TEST_REPLACE").unwrap_or_default()
}

fn installed(kind: Kind) -> PathBuf {
    let root = std::env::var_os("JUMPGATE_TEST_SERVERS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers"), PathBuf::from)
        .join(kind.folder(&replaced()));
    assert!(
        root.join("complete").exists(),
        "{} is missing: run scripts/test-servers or scripts/test-servers-from-image first",
        root.display()
    );
    root
}

/// An empty data directory to copy from: made once, then kept.
fn template(kind: Kind, installed: &Path) -> PathBuf {
    let kept = installed.join("empty");
    if !kept.exists() {
        let fresh = tempfile::tempdir_in(installed).expect("a folder");
        let data = fresh.path().join("data");
        initialise(kind, installed, &data, &[]);
        // Another test may have been quicker.
        let _ = fs::rename(&data, &kept);
        assert!(kept.exists(), "the data directory cannot be kept");
    }
    kept
}

fn initialise(kind: Kind, installed: &Path, data: &Path, options: &[&str]) {
    let done = Command::new(installed.join("init"))
        .arg(data)
        .args(kind.small())
        .args(options)
        .output()
        .expect("init runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    // Each server gets an identity of its own.
    let _ = fs::remove_file(data.join("auto.cnf"));
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status();
    assert!(done.expect("cp runs").success(), "the data directory cannot be copied");
}

/// An authority and a certificate of it for these names and addresses: `ca.pem`, `cert.pem` and
/// `key.pem`.
pub(crate) fn certificates(folder: &Path, names: &[&str]) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key).expect("an authority");
    let issuer = rcgen::Issuer::new(params, key);
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let server_key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(names).expect("parameters");
    let server = params.signed_by(&server_key, &issuer).expect("a certificate");
    for (name, text) in
        [("ca.pem", ca.pem()), ("cert.pem", server.pem()), ("key.pem", server_key.serialize_pem())]
    {
        fs::write(folder.join(name), text).expect("a certificate file");
    }
}

/// What a server with `cert.pem` and `key.pem` of a folder needs for TLS.
pub(crate) fn tls_config(folder: &Path) -> Arc<ServerConfig> {
    let certificate =
        CertificateDer::from_pem_file(folder.join("cert.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions of TLS").with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certificate], key).expect("they fit"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn launch(kind: Kind, installed: &Path, folder: &Path, port: u16, options: &[&str]) -> Child {
    let path = |option: &str, name: &str| format!("--{option}={}", folder.join(name).display());
    let mut command = Command::new(installed.join("server"));
    command
        .args([path("datadir", "data"), path("socket", "s"), path("pid-file", "pid")])
        .args([path("ssl-ca", "ca.pem"), path("ssl-cert", "cert.pem"), path("ssl-key", "key.pem")])
        .args([path("init-file", "init.sql"), path("tmpdir", ".")])
        .args(["--bind-address=127.0.0.1".to_owned(), format!("--port={port}")])
        .args(kind.small());
    if kind.is_mysql() {
        command.args(["--loose-mysqlx=OFF", "--secure-file-priv="]);
    }
    let log = fs::File::create(folder.join("log")).expect("a log file");
    command
        .args(options)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log file"))
        .stderr(log)
        .spawn()
        .expect("the server is started")
}

/// Waits until the server answers; false when it ended instead.
async fn wait_for(child: &mut Child, folder: &Path) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        if connect_socket(folder).await.is_ok() {
            return true;
        }
        if child.try_wait().expect("the state of the server").is_some() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _ = child.kill();
    false
}

async fn connect_socket(folder: &Path) -> Result<Conn, mysql_async::Error> {
    let socket = folder.join("s").display().to_string();
    Conn::new(OptsBuilder::default().socket(Some(socket)).user(Some("root"))).await
}

fn log_tail(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

#[test]
fn another_server_can_stand_in_the_place_of_one() {
    let replaced = "mysql=mysql-8.0,mariadb-10.11=mariadb-10.6";
    let folders = Kind::ALL.map(|kind| kind.folder(replaced));
    assert_eq!(folders, ["mysql-8.0", "mariadb-10.6", "mariadb-11.8"]);
    assert_eq!(Kind::Mysql9.folder(""), "mysql");
    for wrong in ["mysql8=x", "mysql", "mysql="] {
        let folder = std::panic::catch_unwind(|| Kind::Mysql9.folder(wrong).to_owned());
        assert!(folder.is_err(), "{wrong}");
    }
}
