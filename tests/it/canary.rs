//! Every secret that a run uses is looked for in everything that it wrote, printed, sent to
//! a log or showed to other processes.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jumpgate_sandbox::{Fault, Version};
use serde_json::json;
use tempfile::TempDir;

use crate::support::company::Company;
use crate::support::servers::{ADMIN_PASSWORD, Kind, Server};

const ACCOUNT: &str = "jump_db_fanlichun_r";

const REQUEST: &str = "for: [fanlichun, liwei]
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
servers: [{ login: app, assets: [pay-web-01] }]
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*]
";

/// A company, and all that its runs leave behind.
struct Watched {
    company: Company,
    /// Where the runs may write: TMPDIR, the metrics file, core files.
    folder: TempDir,
    outputs: AtomicU64,
    /// What was seen of processes in `/proc`.
    seen: Vec<u8>,
}

impl Watched {
    async fn new(version: Version, kind: Kind) -> Self {
        let company = Company::with_database(version, kind).await;
        company.write("requests/PAY-1234.yaml", REQUEST);
        company.merge("refunds");
        company.jumpserver.clear_requests();
        let folder = tempfile::tempdir().expect("a folder");
        let watched = Self { company, folder, outputs: AtomicU64::new(0), seen: Vec::new() };
        watched.server().log_statements().await;
        watched
    }

    fn server(&self) -> &Server {
        self.company.server.as_ref().expect("a server")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command with everything switched on that makes it talk.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.company.command(args);
        command
            .env("JUMPGATE_LOG", "trace")
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .env("TMPDIR", self.folder.path());
        command
    }

    /// A file for an output.
    fn output(&self) -> File {
        let number = self.outputs.fetch_add(1, Ordering::Relaxed);
        File::create(self.path(&format!("output-{number}"))).expect("a file")
    }

    /// Runs a command, looking at its processes all the while.
    async fn run(&mut self, args: &[&str], code: i32) {
        let mut command = self.command(args);
        let output = self.output();
        command.stdout(output.try_clone().expect("a file")).stderr(output);
        let mut child = command.spawn().expect("the command starts");
        let status = self.watch(&mut child).await;
        assert_eq!(status.code(), Some(code), "{args:?}: {}", self.last_output());
    }

    /// Looks at a process until it ends.
    async fn watch(&mut self, child: &mut Child) -> ExitStatus {
        loop {
            if let Some(status) = child.try_wait().expect("the state of the process") {
                return status;
            }
            look(child.id(), &mut self.seen);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn last_output(&self) -> String {
        let number = self.outputs.load(Ordering::Relaxed) - 1;
        fs::read_to_string(self.path(&format!("output-{number}"))).expect("an output")
    }

    /// Everything that any run used and nobody may see: passwords that were made, and the
    /// credentials.
    fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![ADMIN_PASSWORD.to_owned(), self.company.jumpserver.admin_token()];
        for request in self.company.jumpserver.requests() {
            let secret = request.body.as_ref().and_then(|body| body["secret"].as_str());
            secrets.extend(secret.map(str::to_owned));
        }
        secrets.sort();
        secrets.dedup();
        secrets
    }

    /// All that there is to look through: a name for it, and its bytes.
    async fn traces(&self) -> Vec<(String, Vec<u8>)> {
        let mut traces = vec![("/proc".to_owned(), self.seen.clone())];
        let logged = self
            .server()
            .rows("SELECT HEX(argument) FROM mysql.general_log WHERE user_host NOT LIKE 'root%'")
            .await;
        for row in logged {
            let bytes = data_encoding(&row[0]);
            traces.push(("the general log".to_owned(), bytes));
        }
        files(self.folder.path(), &mut traces);
        files(&self.company.dir(), &mut traces);
        for request in self.company.jumpserver.requests() {
            traces.push(("an address".to_owned(), request.path.into_bytes()));
        }
        for account in self.company.jumpserver.accounts() {
            traces.push(("a comment".to_owned(), account.comment.into_bytes()));
        }
        traces
    }

    /// No secret is anywhere, plain or as base 64 or hexadecimal digits would show it.
    async fn nothing_leaked(&self) {
        let traces = self.traces().await;
        let secrets = self.secrets();
        for secret in &secrets {
            for form in forms(secret) {
                for (place, bytes) in &traces {
                    let found = bytes.windows(form.len()).any(|part| part == form.as_bytes());
                    assert!(!found, "a secret is in {place}");
                }
            }
        }
    }
}

/// How a secret may show.
fn forms(secret: &str) -> [String; 3] {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret);
    // The last letter depends on what follows.
    let base64 = base64[..base64.len() - 1].to_owned();
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    [secret.to_owned(), base64, hex]
}

/// The bytes of hexadecimal digits.
fn data_encoding(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("hexadecimal digits")
    };
    digits.chunks(2).map(byte).collect()
}

/// All files below a folder.
fn files(folder: &Path, traces: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, traces);
        } else {
            let mut bytes = Vec::new();
            File::open(&path).expect("a file").read_to_end(&mut bytes).expect("its bytes");
            traces.push((path.display().to_string(), path.display().to_string().into_bytes()));
            traces.push((path.display().to_string(), bytes));
        }
    }
}

/// Keeps the command line of a process, and the command line and environment of its
/// children. It has none: everything that it does it does itself.
fn look(process: u32, seen: &mut Vec<u8>) {
    let read = |process: u32, file: &str| fs::read(format!("/proc/{process}/{file}"));
    seen.extend(read(process, "cmdline").unwrap_or_default());
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return };
    for task in tasks.flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            seen.extend(b"a child of the process\n");
            seen.extend(read(child, "cmdline").unwrap_or_default());
            seen.extend(read(child, "environ").unwrap_or_default());
        }
    }
}

async fn whole_life(version: Version, kind: Kind) {
    let mut watched = Watched::new(version, kind).await;
    let metrics = watched.path("metrics.prom");
    let metrics = metrics.to_str().expect("UTF-8");
    watched.run(&["plan"], 0).await;
    watched.run(&["apply", "--yes", "--format", "json", "--metrics-file", metrics], 0).await;
    watched.run(&["rotate", "--all", "--yes"], 0).await;
    watched.run(&["rotate", "--person", "liwei", "--yes", "--format", "json"], 0).await;
    watched.run(&["plan", "--format", "json"], 0).await;
    watched.run(&["doctor"], 0).await;

    // JumpServer refuses a password and repeats it.
    watched.company.jumpserver.on_request(|request| {
        let secret = request.body.as_ref()?["secret"].as_str()?;
        let words = format!("{secret} is too weak");
        Some(Fault::answer(400, json!({ "secret": [words], "code": secret })))
    });
    watched.run(&["rotate", "--all", "--yes", "--format", "json"], 5).await;
    watched.company.jumpserver.clear_faults();
    // The database server refuses, and repeats the statement as servers do.
    let metrics_args = ["apply", "--yes", "--metrics-file", metrics];
    watched.run(&metrics_args, 0).await;

    // Credentials that are refused are secrets, too.
    let mut command = watched.command(&["doctor"]);
    let output = watched.output();
    let status = command
        .env("JUMPGATE_JUMPSERVER_TOKEN", "wrong-token-nobody-may-see")
        .env("JUMPGATE_MYSQL_PASSWORD", "wrong-password-nobody-may-see")
        .stdout(output.try_clone().expect("a file"))
        .stderr(output)
        .status();
    assert_eq!(status.expect("it runs").code(), Some(1));
    assert!(!watched.last_output().contains("nobody-may-see"), "{}", watched.last_output());

    // There is no room for the output: the command panics.
    let full = || File::options().write(true).open("/dev/full").expect("the device");
    let mut command = watched.command(&["plan"]);
    let mut child = command.stdout(full()).stderr(watched.output()).spawn().expect("it starts");
    assert_eq!(watched.watch(&mut child).await.code(), Some(1));
    let told = watched.last_output();
    assert!(told.contains("error: the output cannot be written"), "{told}");
    assert!(!told.contains("panicked"), "{told}");

    // A run goes on to its end all the same, and gives its lease back.
    let mut command = watched.command(&["rotate", "--all", "--yes", "--format", "json"]);
    let mut child = command.stdout(full()).stderr(watched.output()).spawn().expect("it starts");
    assert_eq!(watched.watch(&mut child).await.code(), Some(1));
    assert!(watched.last_output().contains("the result could not be printed"));
    watched.run(&["rotate", "--person", "liwei", "--yes"], 0).await;
    watched.run(&["plan", "--detailed-exitcode"], 0).await;

    // What is looked for was there, and so is what is looked through.
    let secrets = watched.secrets();
    assert!(secrets.len() >= 2 + 2 + 2 + 1, "{}", secrets.len());
    let held = watched.company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
    assert!(secrets.contains(&held));
    let traces = watched.traces().await;
    let text: String = traces.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect();
    for trace in [
        "DEBUG jumpgate::jumpserver::transport: JumpServer",
        "DEBUG jumpgate::mysql::session: database server",
        "INFO jumpgate::apply: step",
        "jumpgate_last_run_exit_code",
        "\"schema\": \"jumpgate.apply/1\"",
        "*** is too weak",
        "IDENTIFIED ",
        "--metrics-file",
    ] {
        assert!(text.contains(trace), "{trace}");
    }
    for library in ["hyper", "reqwest", "mysql_async", "rustls"] {
        assert!(!text.contains(&format!(" {library}::")), "{library} has no word in the log");
    }
    assert!(!text.contains("a child of the process"));
    watched.nothing_leaked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_on_mysql() {
    whole_life(Version::V4, Kind::Mysql9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_on_mariadb() {
    whole_life(Version::V3, Kind::Mariadb1011).await;
}

/// Waits until the process has sent a password to JumpServer.
async fn in_the_middle(watched: &Watched) {
    for _ in 0..2_000 {
        let sent =
            watched.company.jumpserver.requests().into_iter().any(|request| {
                request.body.as_ref().is_some_and(|body| body["secret"].is_string())
            });
        if sent {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no password is sent");
}

/// Kills a process as a fault of its own would, with cores allowed, and gives whether the
/// system wrote one.
fn dumps(child: &mut Child) -> bool {
    let kill = Command::new("kill").args(["-ABRT", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.signal(), Some(6), "{status:?}");
    status.core_dumped()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_leaves_no_core() {
    let watched = Watched::new(Version::V4, Kind::Mysql9).await;
    let jumpserver = &watched.company.jumpserver;
    jumpserver.on_request(|request| {
        let secret = request.body.as_ref().is_some_and(|body| body["secret"].is_string());
        secret.then_some(Fault::Delay(Duration::from_secs(20)))
    });
    let jumpgate = watched.command(&["apply", "--yes"]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c unlimited && exec \"$0\" apply --yes"])
        .arg(jumpgate.get_program())
        .envs(jumpgate.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(watched.company.dir())
        .stdout(watched.output())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    in_the_middle(&watched).await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    let words: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(words, ["0", "0"], "{core}");
    assert!(!dumps(&mut child), "a core was written");
    watched.nothing_leaked().await;
}
