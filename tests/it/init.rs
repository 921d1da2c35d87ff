//! `jumpgate init` as a person and a script run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FLAGS: [&str; 6] =
    ["--owner", "acme", "--url", "https://jump.acme.example", "--time-zone", "Asia/Shanghai"];

fn jumpgate(dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jumpgate"));
    let Output { status, stdout, stderr } =
        command.current_dir(dir).args(arguments).output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn init(dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    jumpgate(dir, &[&["init"], arguments].concat())
}

/// All files below a folder, by path.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(dir).expect("below").display().to_string();
                found.push(below);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_new_access_repo_passes_the_check_at_once() {
    for ci in ["none", "github", "gitlab", "gitea"] {
        let folder = tempfile::tempdir().expect("a folder");
        let (code, stdout, stderr) =
            init(folder.path(), &[&["access", "--ci", ci][..], &FLAGS].concat());
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stderr.starts_with("\nNext:\n1. ") && stderr.contains("\n3. "), "{stderr}");
        assert!(stderr.lines().all(|line| line.len() <= 80), "{stderr}");
        let access = folder.path().join("access");
        let listed: Vec<String> = stdout.lines().map(str::to_owned).collect();
        let there: Vec<String> =
            files(&access).into_iter().map(|path| format!("access/{path}")).collect();
        assert_eq!(listed, there);
        let (code, stdout, stderr) = jumpgate(&access, &["check"]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert!(stdout.starts_with("ok: "), "{stdout}");
        // What the forge runs is what the example has.
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
        for path in files(&access).iter().filter(|path| path.ends_with(".yml")) {
            let read = |dir: &Path, path: &str| fs::read_to_string(dir.join(path)).expect("a file");
            // Gitea takes GitHub's form, from a folder of its own.
            let from = path.replace(".gitea/ISSUE_TEMPLATE", ".github/ISSUE_TEMPLATE");
            assert_eq!(read(&access, path), read(&example, &from), "{path}");
        }
    }
}

#[test]
fn what_needs_a_bot_can_be_left_out() {
    for (ci, workflows) in [
        (
            "github",
            vec!["apply.yml", "approvals.yml", "drift.yml", "pull-request.yml", "report.yml"],
        ),
        ("gitlab", vec![".gitlab-ci.yml"]),
        ("gitea", vec!["access.yml", "approvals.yml", "drift.yml", "report.yml"]),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = [&["--no-requests", "--ci", ci][..], &FLAGS].concat();
        assert_eq!(init(folder.path(), &arguments).0, Some(0));
        let there = files(folder.path());
        let name = |path: &String| path.rsplit('/').next().map(str::to_owned);
        let there: Vec<String> =
            there.iter().filter(|path| path.ends_with(".yml")).filter_map(name).collect();
        assert_eq!(there, workflows);
        assert_eq!(jumpgate(folder.path(), &["check"]).0, Some(0));
    }
}

#[test]
fn what_is_there_is_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("README.md"), "mine").expect("a file");
    let (code, stdout, stderr) = init(folder.path(), &FLAGS);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("README.md is there already, and nothing was written"), "{stderr}");
    assert_eq!(files(folder.path()), ["README.md"]);
    assert_eq!(fs::read_to_string(folder.path().join("README.md")).expect("a file"), "mine");
    // The workflows are files as others.
    let other = tempfile::tempdir().expect("a folder");
    fs::write(other.path().join(".gitlab-ci.yml"), "").expect("a file");
    let (code, _, stderr) = init(other.path(), &[&["--ci", "gitlab"][..], &FLAGS].concat());
    assert_eq!(code, Some(1));
    assert!(stderr.contains(".gitlab-ci.yml is there already"), "{stderr}");
    assert_eq!(files(other.path()), [".gitlab-ci.yml"]);
    assert_eq!(init(other.path(), &FLAGS).0, Some(0));
    assert_eq!(init(other.path(), &FLAGS).0, Some(1));
}

#[test]
fn files_that_do_not_fit_stop_it() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("policy.yml"), "environments: [prod]\n").expect("a file");
    let (code, stdout, stderr) = init(folder.path(), &FLAGS);
    assert_eq!((code, stdout.as_str()), (Some(3), ""));
    assert!(stderr.contains("policy.yaml has the same name"), "{stderr}");
    assert!(stderr.contains("it would not pass the check: nothing was written"), "{stderr}");
    assert_eq!(files(folder.path()), ["policy.yml"]);
}

#[test]
fn without_a_terminal_flags_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, _, stderr) = init(folder.path(), &["--owner", "acme"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("these flags are missing: --url, --time-zone"), "{stderr}");
    let (code, _, stderr) = init(folder.path(), &["--url", "jump.acme.example"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("expected https://host"), "{stderr}");
    assert!(files(folder.path()).is_empty());
}

/// `script` of util-linux gives the command a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_person_is_asked_at_the_terminal() {
    use std::io::Write;
    use std::process::Stdio;

    let folder = tempfile::tempdir().expect("a folder");
    let command = format!("'{}' init access", env!("CARGO_BIN_EXE_jumpgate"));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(folder.path())
        .env("TZ", "Asia/Shanghai")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script of util-linux is there");
    let mut input = child.stdin.take().expect("its input");
    // The name of the folder is proposed; the second answer is wrong.
    input.write_all(b"\nftp://x\nhttps://jump.acme.example\n\n\n\ngithub\n").expect("answers");
    let output = child.wait_with_output().expect("it ends");
    let screen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{screen}");
    assert!(screen.contains("[access] > ") && screen.contains("[Asia/Shanghai] > "), "{screen}");
    assert!(screen.contains("this is no address of JumpServer: expected https://host"), "{screen}");
    let access = folder.path().join("access");
    let text = fs::read_to_string(access.join("jumpgate.yaml")).expect("the file");
    assert!(text.contains("owner: access\n") && text.contains("time-zone: Asia/Shanghai\n"));
    assert!(access.join(".github/workflows/apply.yml").exists());
    assert_eq!(jumpgate(&access, &["check"]).0, Some(0));
}
