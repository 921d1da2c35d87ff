//! An access repo in git, without any server.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::comment::forge::Forge;
use crate::support::company::Done;

/// A new request for fanlichun.
pub(super) const REQUEST: &str = "for: fanlichun\nreason: \"PAY-1: logs\"\nuntil: 2027-02-28\nservers:\n  - login: app\n    nodes: [/Default/payments/prod]\n";

pub(super) struct Repo {
    folder: TempDir,
}

impl Repo {
    pub(super) fn new() -> Self {
        Self::owned_by("team/payments")
    }

    /// With servers of an owner; every request needs one approval.
    pub(super) fn owned_by(owner: &str) -> Self {
        let repo = Self { folder: tempfile::tempdir().expect("a folder") };
        repo.write(
            "jumpgate.yaml",
            "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver:\n  url: https://jump.acme.example\n",
        );
        repo.write(
            "policy.yaml",
            "environments: [prod]\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\n",
        );
        for (person, login) in [
            ("fanlichun", "fanlc"),
            ("liwei", "LiWei"),
            ("wangfang", "wangfang"),
            ("zhaomin", "zhaomin"),
        ] {
            let text = format!("name: {person}\nforge: {login}\nemail: {person}@acme.example\n");
            repo.write(&format!("people/{person}.yaml"), &text);
        }
        repo.write("teams/payments.yaml", "members: [liwei, wangfang]\n");
        repo.write(
            "inventory/servers.yaml",
            &format!(
                "servers:\n  - environment: prod\n    owners: [{owner}]\n    logins: [app]\n    nodes: [/Default/payments/prod]\n"
            ),
        );
        repo.write("requests/.gitkeep", "");
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo.git(&["config", "user.name", "liwei"]);
        repo.git(&["config", "user.email", "liwei@acme.example"]);
        repo.commit("the beginning");
        repo
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).expect("a file")
    }

    pub(super) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    pub(super) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.folder.path())
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jumpgate"));
        command.current_dir(self.folder.path()).args(args).env_clear().stdin(Stdio::null());
        command
    }

    /// Runs a command that needs no forge.
    pub(super) fn alone(&self, args: &[&str]) -> Done {
        Done::of(self.command(args).output().expect("the command runs"))
    }

    /// Runs a command about pull request 12 of a forge.
    pub(super) async fn run(&self, forge: &Forge, args: &[&str]) -> Done {
        let mut command = self.command(args);
        command.args(["--number", "12"]);
        forge.tell(&mut command);
        let output = tokio::task::spawn_blocking(move || command.output());
        Done::of(output.await.expect("it ends").expect("the command runs"))
    }
}
