//! Completion in a real bash, and the scripts for other shells.

use std::path::Path;
use std::process::Command;

use crate::support::pages::copy;

/// What bash offers for the last of these words, in the example with a catalogue.
fn offered(words: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    copy(&example, folder.path());
    std::fs::write(
        folder.path().join("catalog.yaml"),
        "version: 1\nread: 2026-12-01\njumpserver:\n  nodes:\n  - /Default/payments/prod/eu\n  \
         assets:\n  - pay-web-77\ninstances:\n  orders-prod:\n    databases:\n      billing:\n      \
         - cards\n      - \"$(touch pwned)\"\n      - invoices\n",
    )
    .expect("a file");
    let binary = Path::new(env!("CARGO_BIN_EXE_jumpgate"));
    let path = format!(
        "{}:{}",
        binary.parent().expect("a folder").display(),
        std::env::var("PATH").expect("a path")
    );
    let script = format!(
        "source <(jumpgate completions bash)\nCOMP_WORDS=({words})\n\
         COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
         _clap_complete_jumpgate jumpgate \"${{COMP_WORDS[COMP_CWORD]}}\" \
         \"${{COMP_WORDS[COMP_CWORD-1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .output()
        .expect("bash runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    // Outside of a real completion bash refuses `compopt`; the script minds that.
    assert!(stderr.lines().all(|line| line.contains("compopt")), "{stderr}");
    assert!(!folder.path().join("pwned").exists());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn bash_offers_commands_flags_and_names_of_the_repo() {
    assert_eq!(offered("jumpgate rot"), ["rotate"]);
    assert_eq!(offered("jumpgate plan --det"), ["--detailed-exitcode"]);
    assert_eq!(offered("jumpgate request --for fan"), ["fanlichun"]);
    assert_eq!(offered("jumpgate request --for team"), ["team/payments"]);
    assert_eq!(offered("jumpgate mine li"), ["liwei"]);
    assert_eq!(offered("jumpgate renew 2026/"), ["2026/PAY-1234-refunds"]);
    assert_eq!(offered("jumpgate who orders-p"), ["orders-prod"]);
    assert_eq!(
        offered("jumpgate request --server /Default/payments"),
        ["/Default/payments/prod", "/Default/payments/prod/eu"]
    );
    assert_eq!(offered("jumpgate request --server pay-we"), ["pay-web-01", "pay-web-77"][1..]);
    // A name that a shell would carry out or expand is never offered.
    assert_eq!(
        offered("jumpgate request --database orders-prod --level r --table billing"),
        ["billing.cards", "billing.invoices"]
    );
}

#[test]
fn outside_of_an_access_repo_names_are_not_offered_and_nothing_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_jumpgate"))
        .args(["--", "jumpgate", "mine", "x"])
        .current_dir(folder.path())
        .env("JUMPGATE_COMPLETE", "zsh")
        .env("_CLAP_COMPLETE_INDEX", "2")
        .output()
        .expect("the command runs");
    assert!(output.status.success());
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b""[..], &b""[..]));
}

#[test]
fn every_shell_has_a_script_that_asks_jumpgate() {
    for (shell, begins) in [
        ("bash", "_clap_complete_jumpgate"),
        ("zsh", "#compdef jumpgate"),
        ("fish", "complete"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_jumpgate"))
            .args(["completions", shell])
            .output()
            .expect("the command runs");
        let script = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success() && script.contains(begins), "{shell}: {script}");
        assert!(script.contains("JUMPGATE_COMPLETE"), "{shell}: {script}");
    }
}
