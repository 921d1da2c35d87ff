//! `renew`, `cancel` and `leave`: files changed in place, after the checks of a pull request.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::company::Done;

const REQUEST: &str = "requests/2026/PAY-1.yaml";

const TEXT: &str = "# asked for by payments
for: fanlichun   # him alone
reason: \"PAY-1: refunds # 2\"
until: 2099-02-28   # the last day

# what is needed
databases:
  - { instance: orders-prod, level: r, tables: ['orders.*'] }
";

/// A repo whose policy says more about how long access may last.
fn repo(longest: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let put = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    put(
        "jumpgate.yaml",
        "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\n\
         jumpserver: { url: 'https://jump.acme.example' }\n",
    );
    put(
        "policy.yaml",
        &format!(
            "environments: [prod]\nlimits:\n  - {{ when: {{ environment: prod }}, end: required{longest} }}\n"
        ),
    );
    put("people/fanlichun.yaml", "name: 范立春 # the first\r\nforge: fanlc\r\n");
    put("people/liwei.yaml", "name: 李伟\n");
    put(
        "inventory/databases/orders-prod.yaml",
        "address: orders-prod.db.acme.example:3306\nasset: orders-prod\nenvironment: prod\n\
         owners: [liwei]\naccount-host: 10.8.0.1\n",
    );
    put(REQUEST, TEXT);
    dir
}

fn run(dir: &Path, args: &[&str]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jumpgate"));
    Done::of(command.args(args).current_dir(dir).output().expect("it runs"))
}

fn read(dir: &TempDir, path: &str) -> String {
    std::fs::read_to_string(dir.path().join(path)).expect("the file")
}

#[test]
fn renewing_changes_one_value_and_shows_what_a_reviewer_sees() {
    let dir = repo("");
    let done = run(dir.path(), &["renew", "2026/PAY-1", "--until", "2099-03-31"]).expect(0);
    assert_eq!(read(&dir, REQUEST), TEXT.replace("2099-02-28", "2099-03-31"));
    insta::assert_snapshot!(done.stdout);
    // By its path or the last part of its name, and only shown.
    let renew = |name| run(dir.path(), &["renew", name, "--until", "2099-05-01", "--dry-run"]);
    for name in [REQUEST, "PAY-1"] {
        let same = renew(name).expect(0);
        assert!(same.stdout.contains("2099-05-01") && same.stderr.contains("nothing was written"));
    }
    assert!(read(&dir, REQUEST).contains("until: 2099-03-31"));
    std::fs::create_dir(dir.path().join("requests/2027")).expect("a folder");
    std::fs::copy(dir.path().join(REQUEST), dir.path().join("requests/2027/PAY-1.yaml"))
        .expect("a second one");
    let which = renew("PAY-1").expect(1);
    assert!(which.stderr.contains("has no request PAY-1"), "{which:?}");
}

#[test]
fn what_policy_refuses_is_not_written() {
    let dir = repo(", longest: 30d");
    let done = run(dir.path(), &["renew", "2026/PAY-1", "--until", "2099-03-31"]).expect(4);
    assert!(done.stdout.contains("policy allows at most 30 days here"), "{done:?}");
    assert_eq!(read(&dir, REQUEST), TEXT);
    let past = run(dir.path(), &["cancel", "2026/PAY-1", "--on", "2020-03-31"]).expect(3);
    assert!(past.stderr.contains(&format!("{REQUEST}:4:1")), "{past:?}");
    assert_eq!(read(&dir, REQUEST), TEXT);
    let odd = run(dir.path(), &["renew", "2026/PAY-1", "--until", "tomorrow"]).expect(1);
    assert!(odd.stderr.contains("a day (2027-02-28)"), "{odd:?}");
    let other = run(dir.path(), &["renew", "2026/PAY-2", "--until", "2099-03-31"]).expect(1);
    assert!(other.stderr.contains("did you mean 2026/PAY-1?"), "{other:?}");
}

#[test]
fn renewing_is_for_later_and_cancelling_for_sooner() {
    let dir = repo("");
    for end in ["2099-01-31", "2099-02-28"] {
        let done = run(dir.path(), &["renew", "2026/PAY-1", "--until", end]).expect(1);
        assert!(done.stderr.contains("`jumpgate cancel 2026/PAY-1 --on DATE`"), "{done:?}");
    }
    for end in ["2099-02-28", "2099-03-31"] {
        let done = run(dir.path(), &["cancel", "2026/PAY-1", "--on", end]).expect(1);
        assert!(done.stderr.contains("`jumpgate renew 2026/PAY-1 --until DATE`"), "{done:?}");
    }
    assert_eq!(read(&dir, REQUEST), TEXT);
}

#[test]
fn cancelling_removes_the_file_or_ends_it_sooner() {
    let dir = repo("");
    run(dir.path(), &["cancel", "2026/PAY-1", "--on", "2099-01-31"]).expect(0);
    assert_eq!(read(&dir, REQUEST), TEXT.replace("2099-02-28", "2099-01-31"));
    let done = run(dir.path(), &["cancel", "2026/PAY-1"]).expect(0);
    assert!(done.stdout.contains(&format!("removed: {REQUEST}")), "{done:?}");
    assert!(done.stdout.contains("1 removed"), "{done:?}");
    assert!(!dir.path().join(REQUEST).exists());
    // It was the last one: the folder stays, and the repo passes.
    run(dir.path(), &["check"]).expect(0);
}

#[test]
fn a_leaver_ends_everywhere_and_the_file_keeps_its_layout() {
    let dir = repo("");
    let done = run(dir.path(), &["leave", "fanlichun", "--on", "2098-12-31"]).expect(0);
    assert_eq!(
        read(&dir, "people/fanlichun.yaml"),
        "name: 范立春 # the first\r\nforge: fanlc\r\nleft: 2098-12-31\r\n"
    );
    insta::assert_snapshot!(done.stdout);
    run(dir.path(), &["check"]).expect(0);
    let unknown = run(dir.path(), &["leave", "fanlichum", "--on", "2098-12-31"]).expect(1);
    assert!(unknown.stderr.contains("did you mean fanlichun?"), "{unknown:?}");
}

/// Runs a command in whose way `requests/2026/.jumpgate-PID-NUMBER.old` is a folder: there it
/// keeps the file that it takes away as the one of this number.
fn run_with_folder(dir: &Path, number: usize, args: &[&str]) -> Done {
    let script = "mkdir -p \"requests/2026/.jumpgate-$$-$0.old/x\"; exec \"$@\"";
    let mut command = Command::new("bash");
    command.args(["-c", script, &number.to_string(), env!("CARGO_BIN_EXE_jumpgate")]);
    Done::of(command.args(args).current_dir(dir).output().expect("it runs"))
}

#[test]
fn when_one_file_cannot_be_removed_none_is() {
    let dir = repo("");
    let second = "requests/2026/PAY-2.yaml";
    std::fs::write(dir.path().join(second), TEXT.replace("orders.*", "billing.*")).expect("a file");
    let list = run(dir.path(), &["review"]).expect(0).stdout;
    let answers = list.replace("answer: \"?\"", "answer: remove").replace("by: \"?\"", "by: liwei");
    std::fs::write(dir.path().join("answers.yaml"), answers).expect("a file");
    let review = ["review", "--answers", "answers.yaml"];
    // The first is the one that keeps the folder, then come both requests.
    let failed = run_with_folder(dir.path(), 2, &review).expect(1);
    assert!(failed.stderr.contains(&format!("error: {second}: ")), "{failed:?}");
    assert!(failed.stderr.ends_with("nothing was written\n"), "{failed:?}");
    assert!(!failed.stdout.contains("removed: "), "{failed:?}");
    assert_eq!(read(&dir, REQUEST), TEXT);
    assert_eq!(read(&dir, second), TEXT.replace("orders.*", "billing.*"));
    assert!(!dir.path().join("requests/.gitkeep").exists());
    let done = run(dir.path(), &review).expect(0);
    assert!(done.stdout.contains(&format!("removed: {second}")), "{done:?}");
    assert!(!dir.path().join(REQUEST).exists() && !dir.path().join(second).exists());
}
