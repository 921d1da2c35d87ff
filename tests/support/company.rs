//! A small company: an access repo in git, JumpServer, one database server, and the command
//! run as a person or cron runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jumpgate_sandbox::{NewAsset, NewUser, Options, Running, Sandbox, Version};
use tempfile::TempDir;

use super::servers::{ADMIN, ADMIN_PASSWORD, Kind, Server};

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Done {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Done {
    /// Of an output.
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Makes sure of the exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// The company.
pub(crate) struct Company {
    /// JumpServer.
    pub(crate) jumpserver: Running,
    /// The database server of the instance `orders-prod`, when there is one.
    pub(crate) server: Option<Server>,
    /// The first node: `/Default`, and in 4.10 `/DEFAULT`.
    pub(crate) root: &'static str,
    folder: TempDir,
    token: String,
}

impl Company {
    /// A company with hosts alone.
    pub(crate) async fn with_hosts(version: Version) -> Self {
        Self::new(Options::new(version), None).await
    }

    /// A company with hosts alone, whose JumpServer answers below a path such as `/jump`.
    pub(crate) async fn below(version: Version, path: &str) -> Self {
        let options = Options { base_path: path.to_owned(), ..Options::new(version) };
        Self::new(options, None).await
    }

    /// A company with a database server too.
    pub(crate) async fn with_database(version: Version, kind: Kind) -> Self {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE orders;\nCREATE TABLE orders.items (id INT, note TEXT);\n\
                 INSERT INTO orders.items VALUES (1, 'a');\n\
                 CREATE DATABASE billing;\nCREATE TABLE billing.invoices (id INT);\n\
                 CREATE TABLE billing.cards (id INT, last4 CHAR(4), secret TEXT)",
            )
            .await;
        Self::new(Options::new(version), Some(server)).await
    }

    async fn new(options: Options, server: Option<Server>) -> Self {
        let version = options.version;
        let jumpserver = Sandbox::start(options).await.expect("the sandbox starts");
        for user in ["fanlichun", "liwei"] {
            jumpserver.add_user(NewUser::named(user));
        }
        let root = match version {
            Version::V3 => "/Default",
            Version::V4 => "/DEFAULT",
        };
        let node = format!("{root}/payments/prod");
        jumpserver.add_node(&node);
        for (host, address) in [("pay-web-01", "10.1.0.1"), ("pay-web-02", "10.1.0.2")] {
            jumpserver.add_asset(NewAsset::host(host, address).below(&node));
            jumpserver.add_account(host, "app", Some("secret of the host"));
        }
        let folder = tempfile::tempdir().expect("a folder");
        let token = jumpserver.admin_token();
        let company = Self { jumpserver, server, root, folder, token };
        company.write(
            "jumpgate.yaml",
            &format!(
                "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver:\n  url: {}\n",
                company.jumpserver.url()
            ),
        );
        company.write("policy.yaml", "environments: [prod]\nlimits: []\n");
        company.write("people/fanlichun.yaml", "name: 范立春\n");
        company.write("people/liwei.yaml", "name: 李伟\n");
        company.write(
            "inventory/servers.yaml",
            &format!(
                "servers:\n  - environment: prod\n    owners: [liwei]\n    logins: [app]\n    \
                 nodes: [{node}]\n    assets: [pay-web-*]\n"
            ),
        );
        company.write("requests/.gitkeep", "");
        if let Some(server) = &company.server {
            let asset = match server.kind.is_mysql() {
                true => NewAsset::mysql("orders-prod", "127.0.0.1", server.port),
                false => NewAsset::mariadb("orders-prod", "127.0.0.1", server.port),
            };
            company.jumpserver.add_asset(asset);
            fs::create_dir_all(company.dir().join("inventory/ca")).expect("a folder");
            fs::write(company.dir().join("inventory/ca/db.pem"), server.ca()).expect("a file");
            let mut instance = company.instance(server.port);
            if !server.kind.speaks_tls() {
                let verify = "{ mode: verify, ca: inventory/ca/db.pem }";
                instance = instance.replace(verify, "{ mode: off }");
            }
            company.write("inventory/databases/orders-prod.yaml", &instance);
        }
        company.git(&["init", "--quiet", "--initial-branch=main"]);
        company.git(&["config", "user.name", "liwei"]);
        company.git(&["config", "user.email", "liwei@acme.example"]);
        company.merge("the beginning");
        company
    }

    /// The file of the instance.
    pub(crate) fn instance(&self, port: u16) -> String {
        format!(
            "address: 127.0.0.1:{port}\nasset: orders-prod\nenvironment: prod\nowners: [liwei]\n\
             account-host: 127.0.0.1\ntls: {{ mode: verify, ca: inventory/ca/db.pem }}\n"
        )
    }

    /// Logs in at the database server with the password that JumpServer holds for an account.
    pub(crate) async fn login(
        &self,
        account: &str,
    ) -> Result<mysql_async::Conn, mysql_async::Error> {
        let secret = self.jumpserver.secret("orders-prod", account).expect("a password");
        self.server.as_ref().expect("a server").login(account, &secret).await
    }

    /// The access repo.
    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Writes a file of the access repo.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    /// Removes a file of the access repo.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.folder.path().join(path)).expect("the file is there");
    }

    /// Commits everything, as a merge would.
    pub(crate) fn merge(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// Commits everything, as a merge at an earlier moment would have.
    pub(crate) fn merge_at(&self, message: &str, at: jiff::Timestamp) {
        let date = at.to_string();
        self.git(&["add", "--all"]);
        let dates = [("GIT_AUTHOR_DATE", date.as_str()), ("GIT_COMMITTER_DATE", &date)];
        self.git_with(&["commit", "--quiet", "--message", message], &dates);
    }

    /// Runs git in the access repo.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git_with(args, &[])
    }

    fn git_with(&self, args: &[&str], environment: &[(&str, &str)]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.folder.path())
            .args(args)
            .envs(environment.iter().copied())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Another clone of the access repo.
    pub(crate) fn clone_repo(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().to_str().expect("UTF-8");
        self.git(&["clone", "--quiet", ".", to]);
        folder
    }

    /// Uses another token of JumpServer from now on.
    pub(crate) fn use_token(&mut self, token: String) {
        self.token = token;
    }

    /// The command, ready to be run in the access repo.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jumpgate"));
        command
            .current_dir(self.folder.path())
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("JUMPGATE_JUMPSERVER_TOKEN", &self.token)
            .env("JUMPGATE_MYSQL_USER", ADMIN)
            .env("JUMPGATE_MYSQL_PASSWORD", ADMIN_PASSWORD)
            .stdin(Stdio::null());
        command
    }

    /// Runs the command.
    pub(crate) async fn run(&self, args: &[&str]) -> Done {
        let mut command = self.command(args);
        let output = tokio::task::spawn_blocking(move || command.output());
        Done::of(output.await.expect("it ends").expect("the command runs"))
    }

    /// Makes a login on the database server with the rights of `grants-needed` for an apply,
    /// and no others.
    pub(crate) async fn make_login(&self, user: &str, password: &str) {
        let server = self.server.as_ref().expect("a server");
        let kind = if server.kind.is_mysql() { "mysql" } else { "mariadb" };
        let args = ["grants-needed", "orders-prod", "--server", kind, "--host", "%"];
        let args = [&args[..], &["--apply-user", user]].concat();
        let printed = self.run(&args).await.expect(0).stdout;
        let (_, mine) = printed.split_once("-- jumpgate apply").expect("its statements");
        let grants: Vec<&str> = mine.lines().filter(|line| line.starts_with("GRANT")).collect();
        server.run(&format!("CREATE USER {user}@'%' IDENTIFIED BY '{password}'")).await;
        server.run(&grants.join("\n")).await;
    }

    /// Whether a path stands in the access repo.
    pub(crate) fn has(&self, path: &str) -> bool {
        Path::new(&self.folder.path().join(path)).exists()
    }
}

/// A text in one line, with single spaces: what is told is wrapped.
pub(crate) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
