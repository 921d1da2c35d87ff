//! `jumpgate request`, `copy` and `status`: each way of asking ends as the same kind of file,
//! and as a pull request.

mod dialogue;
mod machine;
mod publish;
mod status;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::comment::forge::{Api, Forge};
use crate::support::company::Done;

/// What every way of asking must give, but for the line with the id.
const FILE: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
until: 2099-02-28
servers:
  - login: app
    assets:
      - pay-web-01
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
      - billing.cards(id, last4)
";

/// A clone of an access repo, with its remote beside it.
struct Repo(TempDir);

impl Repo {
    fn new() -> Self {
        let repo = Self(tempfile::tempdir().expect("a folder"));
        std::fs::create_dir(repo.dir()).expect("a folder");
        repo.put(
            "jumpgate.yaml",
            "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\n\
             jumpserver: { url: 'https://jump.acme.example' }\n",
        );
        repo.put(
            "policy.yaml",
            "environments: [prod]\nlimits:\n  - { when: { environment: prod }, end: required }\n  \
             - { when: { environment: prod, level: rw, scope: database }, deny: name the tables }\n  \
             - { when: { login: root }, longest: 7d }\n",
        );
        repo.put("people/fanlichun.yaml", "name: 范立春\nemail: fanlichun@acme.example\n");
        repo.put("people/liwei.yaml", "name: 李伟\njumpserver: liw\n");
        repo.put("teams/payments.yaml", "members: [fanlichun, liwei]\n");
        repo.put(
            "inventory/servers.yaml",
            "servers:\n  - environment: prod\n    owners: [liwei]\n    logins: [app, root]\n    \
             nodes: [/Default/payments]\n    assets: [pay-web-*, pay-win-01]\n",
        );
        repo.put(
            "inventory/databases/orders-prod.yaml",
            "address: orders-prod.db.acme.example:3306\nasset: orders-prod\nenvironment: prod\n\
             owners: [liwei]\naccount-host: 10.8.0.1\ndatabases: [orders, billing]\n",
        );
        repo.put("requests/.gitkeep", "");
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo.git(&["config", "user.name", "Fan Lichun"]);
        repo.git(&["config", "user.email", "fanlichun@acme.example"]);
        repo.git(&["add", "--all"]);
        repo.git(&["commit", "--quiet", "--message", "the beginning"]);
        repo.git(&["clone", "--quiet", "--bare", ".", "../remote.git"]);
        repo.git(&["remote", "add", "origin", "../remote.git"]);
        repo.git(&["fetch", "--quiet"]);
        repo
    }

    fn dir(&self) -> std::path::PathBuf {
        self.0.path().join("access")
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.dir().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.dir().join(path)).expect("the file")
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.dir(), args)
    }

    /// Runs git in the remote.
    fn remote(&self, args: &[&str]) -> String {
        git(&self.0.path().join("remote.git"), args)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jumpgate"));
        command
            .args(args)
            .current_dir(self.dir())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Done {
        self.run_with(args, "", &[])
    }

    fn run_with(&self, args: &[&str], input: &str, environment: &[(&str, &str)]) -> Done {
        let mut command = self.command(args);
        command.envs(environment.iter().copied());
        let mut child = command.spawn().expect("it runs");
        // A command that does not read its input has closed it by now.
        let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
        Done::of(child.wait_with_output().expect("it ends"))
    }

    /// Runs the command with a forge to open pull requests at.
    async fn with_forge(&self, forge: &Forge, api: Api, args: &[&str], input: &str) -> Done {
        let at = at(forge, api);
        let args: Vec<&str> = args.iter().copied().chain(at.iter().map(String::as_str)).collect();
        tokio::task::block_in_place(|| {
            self.run_with(&args, input, &[("JUMPGATE_FORGE_TOKEN", "bot-token")])
        })
    }
}

/// The flags that name a forge.
fn at(forge: &Forge, api: Api) -> [String; 6] {
    let (kind, repository) = match api {
        Api::Github => ("github", "acme/access"),
        Api::Gitlab => ("gitlab", "ops/access"),
        Api::Gitea => ("gitea", "acme/access"),
        Api::Gitee => ("gitee", "acme/access"),
    };
    ["--forge", kind, "--api", &forge.url, "--repository", repository].map(str::to_owned)
}

fn git(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(args);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The flags that ask for what `FILE` says.
const FLAGS: [&str; 17] = [
    "request",
    "--for",
    "fanlichun",
    "--server",
    "pay-web-01",
    "--login",
    "app",
    "--database",
    "orders-prod",
    "--level",
    "r",
    "--table",
    "orders.*",
    "--table",
    "billing.cards(id, last4)",
    "--until",
    "2099-02-28",
];
const REASON: [&str; 2] = ["--reason", "PAY-1234: reconcile refunds"];

fn flags(more: &[&'static str]) -> Vec<&'static str> {
    [&FLAGS[..], &REASON, more].concat()
}

/// The path of a new request with this name.
fn path(name: &str) -> String {
    let now = jiff::Timestamp::now()
        .to_zoned_datetime(jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"));
    format!("requests/{}/{name}.yaml", now.strftime("%Y"))
}

#[test]
fn flags_become_a_file_that_passes_the_check() {
    let repo = Repo::new();
    let done = repo.run(&flags(&[])).expect(0);
    let path = path("PAY-1234-reconcile-refunds");
    assert!(done.stdout.contains(&format!("written: {path}")), "{done:?}");
    assert_eq!(repo.read(&path), FILE);
    repo.run(&["check"]).expect(0);
    // Another request with the same reason has a name of its own.
    let again = repo.run(&flags(&["--until", "2099-03-01"]));
    assert_eq!(again.code, 1, "{again:?}");
    let mut other = flags(&[]);
    other[16] = "2099-03-31";
    repo.run(&other).expect(0);
    assert!(repo.read(&path.replace(".yaml", "-2.yaml")).contains("until: 2099-03-31"));
    let named = [&other[..], &["--name", "refunds"]].concat();
    repo.run(&named).expect(0);
    let twice = repo.run(&named).expect(1);
    assert!(twice.stderr.contains("refunds.yaml is there already"), "{twice:?}");
}

#[test]
fn what_policy_refuses_is_refused_before_anything_is_written() {
    let repo = Repo::new();
    let rw = [
        "request",
        "--for",
        "liwei",
        "--database",
        "orders-prod",
        "--level",
        "rw",
        "--table",
        "orders.*",
        "--until",
        "2099-01-01",
        "--reason",
        "x",
    ];
    for more in [&[][..], &["--branch"], &["--push"]] {
        let done = repo.run(&[&rw[..], more].concat()).expect(4);
        assert!(done.stdout.contains("policy does not allow this: name the tables"), "{done:?}");
    }
    let unknown = rw.map(|word| if word == "orders-prod" { "orders-prd" } else { word });
    let done = repo.run(&unknown).expect(3);
    assert!(done.stderr.contains("did you mean `orders-prod`?"), "{done:?}");
    let root =
        ["request", "--for", "liwei", "--server", "pay-web-01", "--login", "root", "--reason", "x"];
    let done = repo.run(&[&root[..], &["--until", "2099-01-01"]].concat()).expect(4);
    assert!(done.stdout.contains("policy allows at most 7 days here"), "{done:?}");
    assert_eq!(repo.git(&["status", "--porcelain"]) + &repo.git(&["branch", "--list"]), "* main\n");
    // Hours become a moment.
    repo.run(&[&root[..], &["--hours", "4"]].concat()).expect(0);
    let text = repo.read(&path("x"));
    let until = text.lines().find_map(|line| line.strip_prefix("until: ")).expect("an end");
    let end: jiff::Timestamp = until.parse().expect("a moment");
    let ahead = end.duration_since(jiff::Timestamp::now());
    assert!(
        until.ends_with(":00+08:00") && ahead.as_hours() <= 4 && ahead.as_mins() >= 235,
        "{until}"
    );
}

#[test]
fn without_a_terminal_all_missing_flags_are_named() {
    let repo = Repo::new();
    let done = repo.run(&["request", "--server", "pay-web-01"]).expect(1);
    assert!(done.stderr.contains("are missing: --for, --login, --reason"), "{done:?}");
    let done = repo.run(&["request"]).expect(1);
    assert!(done.stderr.contains("--for, --server or --database, --reason"), "{done:?}");
}

#[test]
fn a_copy_leaves_out_what_policy_does_not_allow() {
    let repo = Repo::new();
    repo.run(&flags(&[])).expect(0);
    let root = [
        "request",
        "--for",
        "fanlichun",
        "--server",
        "/Default/payments",
        "--login",
        "root",
        "--hours",
        "5",
        "--reason",
        "root",
    ];
    repo.run(&root).expect(0);
    let copy = [
        "copy",
        "--from",
        "fanlichun",
        "--to",
        "liwei",
        "--until",
        "2099-01-31",
        "--reason",
        "as his deputy",
    ];
    let done = repo.run(&copy).expect(0);
    assert!(
        done.stderr.contains("left out: root on /Default/payments: policy allows at most 7 days"),
        "{done:?}"
    );
    let expected = FILE
        .replace("fanlichun", "liwei")
        .replace("\"PAY-1234: reconcile refunds\"", "as his deputy")
        .replace("2099-02-28", "2099-01-31");
    assert_eq!(repo.read(&path("as-his-deputy")), expected);
    repo.run(&["check"]).expect(0);
    let nothing = repo.run(&copy).expect(1);
    assert!(nothing.stderr.contains("nothing is left to ask for"), "{nothing:?}");
}
