//! The company of the demo, and how it is shown.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::{Timestamp, ToSpan, ZonedDateTime};
use jumpgate_sandbox::{NewAsset, NewUser, Options, Running, Sandbox, Version};
use mysql_async::prelude::Queryable;

#[path = "../../tests/support/servers.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod servers;

use servers::{Kind, Server};

/// The person of the demo.
const PERSON: &str = "fanlichun";
/// The person's database account.
const ACCOUNT: &str = "jump_db_fanlichun_r";
/// The first node of JumpServer 4.10.
const ROOT: &str = "/DEFAULT";

pub(crate) struct Scene {
    jumpserver: Running,
    server: Server,
    folder: tempfile::TempDir,
    until: String,
}

impl Scene {
    /// Starts both servers and copies the example into a git repository.
    pub(crate) async fn set() -> Result<Self> {
        println!(
            "Starting a private MariaDB and a server that answers as JumpServer 4.10 does ..."
        );
        let server = Server::start(Kind::Mariadb1011).await;
        server
            .run(
                "CREATE DATABASE orders;\nCREATE TABLE orders.items (id INT, note TEXT);\n\
                 INSERT INTO orders.items VALUES (1, 'two chairs');\n\
                 CREATE DATABASE billing;\n\
                 CREATE TABLE billing.invoices (id INT, total DECIMAL(8,2));\n\
                 INSERT INTO billing.invoices VALUES (7, 99.50);\n\
                 CREATE TABLE billing.cards (id INT, last4 CHAR(4), secret TEXT);\n\
                 INSERT INTO billing.cards VALUES (1, '4242', 'not for everybody')",
            )
            .await;
        let jumpserver = Sandbox::start(Options::new(Version::V4)).await?;
        for user in [PERSON, "liwei"] {
            jumpserver.add_user(NewUser::named(user));
        }
        let node = format!("{ROOT}/payments/prod");
        jumpserver.add_node(&node);
        for (host, address) in [("pay-web-01", "10.1.0.1"), ("pay-web-02", "10.1.0.2")] {
            jumpserver.add_asset(NewAsset::host(host, address).below(&node));
            jumpserver.add_account(host, "app", Some("the host's own"));
        }
        jumpserver.add_asset(NewAsset::mariadb("orders-prod", "127.0.0.1", server.port));
        let folder = tempfile::tempdir()?;
        let until = ZonedDateTime::now().date().checked_add(60.days())?.to_string();
        let scene = Self { jumpserver, server, folder, until };
        scene.copy_example()?;
        for args in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["config", "user.name", "liwei"],
            &["config", "user.email", "liwei@acme.example"],
            &["add", "--all"],
            &["commit", "--quiet", "--message", "PAY-1234: refunds for fanlichun"],
        ] {
            scene.git(args)?;
        }
        Ok(scene)
    }

    /// Copies the example, with the addresses of this machine and days around today.
    fn copy_example(&self) -> Result<()> {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
        let from = ZonedDateTime::now().date().checked_sub(1.day())?.to_string();
        let changes = [
            ("https://jump.acme.example", self.jumpserver.url()),
            ("orders-prod.db.acme.example:3306", format!("127.0.0.1:{}", self.server.port)),
            ("10.8.0.%", "127.0.0.1".to_owned()),
            ("/Default/", format!("{ROOT}/")),
            ("2026-12-01", from),
            ("2027-02-28", self.until.clone()),
        ];
        copy(&example, self.folder.path(), &|text: &str| {
            changes.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
        })?;
        std::fs::create_dir_all(self.folder.path().join("inventory/ca"))?;
        std::fs::write(self.folder.path().join("inventory/ca/db.pem"), self.server.ca())?;
        let instance = self.folder.path().join("inventory/databases/orders-prod.yaml");
        let mut text = std::fs::read_to_string(&instance)?;
        text.push_str("tls: { ca: inventory/ca/db.pem }\n");
        Ok(std::fs::write(instance, text)?)
    }

    /// The last day of the request.
    pub(crate) fn until(&self) -> String {
        self.until.clone()
    }

    /// The request with another start.
    pub(crate) fn request_from(&self, from: &str) -> String {
        let text = std::fs::read_to_string(self.request()).unwrap_or_default();
        let lines = text.lines().map(|line| match line.strip_prefix("from: ") {
            Some(_) => format!("from: {from}\n"),
            None => format!("{line}\n"),
        });
        lines.collect()
    }

    fn request(&self) -> PathBuf {
        self.folder.path().join("requests/2026/PAY-1234-refunds.yaml")
    }

    /// Merges a new text of the request.
    pub(crate) fn merge(&self, message: &str, text: &str) -> Result<()> {
        std::fs::write(self.request(), text)?;
        self.git(&["commit", "--quiet", "--all", "--message", message])
    }

    fn git(&self, args: &[&str]) -> Result<()> {
        let done = self.command("git").args(args).status()?;
        if done.success() { Ok(()) } else { bail!("git {} failed", args.join(" ")) }
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Says what comes next.
    pub(crate) fn say(&self, text: &str) {
        println!();
        for line in textwrap::wrap(text, 78) {
            println!("# {line}");
        }
    }

    /// Runs a command of the shell, and shows it.
    pub(crate) fn shell(&self, line: &str) -> Result<()> {
        println!("\n$ {line}");
        let done = self.command("sh").args(["-c", line]).env("GIT_PAGER", "cat").status()?;
        if done.success() { Ok(()) } else { bail!("{line} failed") }
    }

    /// Runs jumpgate, and shows it.
    pub(crate) fn jumpgate(&self, args: &[&str], code: i32) -> Result<()> {
        println!("\n$ jumpgate {}", args.join(" "));
        std::io::stdout().flush()?;
        self.jumpserver.clear_requests();
        let here = std::env::current_exe()?;
        let folder = here.parent().and_then(Path::parent).context("no folder of binaries")?;
        let done = self
            .command(folder.join("jumpgate"))
            .args(args)
            .env("JUMPGATE_JUMPSERVER_TOKEN", self.jumpserver.admin_token())
            .env("JUMPGATE_MYSQL_USER", servers::ADMIN)
            .env("JUMPGATE_MYSQL_PASSWORD", servers::ADMIN_PASSWORD)
            .status()
            .context("jumpgate is not built: run `make demo`")?;
        match done.code() {
            Some(found) if found == code => Ok(()),
            found => bail!("it ended with {found:?}, and {code} was expected"),
        }
    }

    /// Shows that the last command wrote nothing.
    pub(crate) fn count_writes(&self) -> Result<()> {
        let requests = self.jumpserver.requests();
        let writes = requests.iter().filter(|request| !request.is_read()).count();
        println!("(JumpServer got {} requests, {writes} of them writes)", requests.len());
        if writes == 0 { Ok(()) } else { bail!("an unchanged state sends no write") }
    }

    /// Runs a query as the person, with the password that JumpServer holds.
    pub(crate) async fn query(&self, query: &str) -> Result<()> {
        println!("\n{ACCOUNT}> {query}");
        let password = self
            .jumpserver
            .secret("orders-prod", ACCOUNT)
            .context("JumpServer has no password for the account")?;
        let mut conn = self.server.login(ACCOUNT, &password).await?;
        match servers::read(&mut conn, query).await {
            Ok(rows) => rows.iter().for_each(|row| println!("  {}", row.join(" | "))),
            Err(mysql_async::Error::Server(error)) => {
                println!("  refused: {} ({})", error.message, error.code);
            }
            Err(error) => return Err(error.into()),
        }
        conn.query_drop("DO 0").await?;
        Ok(conn.disconnect().await?)
    }

    /// Shows that the account is gone on both sides.
    pub(crate) async fn login_is_refused(&self) -> Result<()> {
        if self.jumpserver.secret("orders-prod", ACCOUNT).is_some() {
            bail!("JumpServer still has the account");
        }
        let query = format!("SELECT COUNT(*) FROM mysql.user WHERE User = '{ACCOUNT}'");
        let rows = self.server.rows(&query).await;
        println!("\n(accounts {ACCOUNT} left: 0 in JumpServer, {} in MariaDB)", rows[0][0]);
        Ok(())
    }

    /// Waits for a moment, and shows how long it still takes.
    pub(crate) async fn wait_until(&self, moment: Timestamp) {
        println!();
        loop {
            let left = moment.duration_since(Timestamp::now()).as_secs() + 1;
            if left <= 0 {
                break;
            }
            println!("(waiting for the end of the request: {left} s)");
            let nap = Duration::from_secs(u64::try_from(left.min(10)).unwrap_or(1));
            tokio::time::sleep(nap).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Copies a folder of text files, each changed on the way.
fn copy(from: &Path, to: &Path, change: &dyn Fn(&str) -> String) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy(&entry.path(), &target, change)?;
        } else {
            std::fs::write(target, change(&std::fs::read_to_string(entry.path())?))?;
        }
    }
    Ok(())
}
