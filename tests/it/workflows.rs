//! The workflows of this project and of the example, and the scripts of a release.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All workflows, by path.
fn workflows() -> Vec<(PathBuf, String)> {
    let folders = [
        ".github/workflows",
        "examples/access-repo/.github/workflows",
        "examples/access-repo/.gitea/workflows",
    ];
    let mut found = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            found.push((path.clone(), fs::read_to_string(path).expect("a file")));
        }
    }
    found
}

#[test]
fn actions_are_pinned_and_leave_no_credentials() {
    let mut seen = 0;
    for (place, text) in workflows() {
        let path = place.display();
        let used = |line: &&str| line.trim_start_matches([' ', '-']).starts_with("uses: ");
        for line in text.lines().filter(used) {
            seen += 1;
            let (_, used) = line.split_once('@').expect("a revision");
            let (commit, comment) = used.split_once(" # ").expect("a comment with the version");
            let hex = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(hex, "{path}: {line}");
            let told = comment.starts_with('v') || comment.starts_with("set: the commit");
            assert!(told, "{path}: {line}");
        }
        let count = |words: &str| text.matches(words).count();
        let checkouts = count("uses: actions/checkout@");
        assert_eq!(count("persist-credentials: false"), checkouts, "{path}");
        // Gitea reads no permissions.
        let gitea = place.components().any(|part| part.as_os_str() == ".gitea");
        let open = !text.contains("\npermissions: {}\n") && !gitea;
        assert!(!open && !text.contains("pull_request_target:"), "{path}");
    }
    assert!(seen > 20, "{seen}");
}

/// A test that gets another name would run on MySQL 5.7, or no longer.
#[test]
fn the_tests_that_mysql_5_7_is_spared_are_there() {
    let text = fs::read_to_string(root().join(".config/nextest.toml")).expect("the profile");
    let named = text.split("test(=").skip(1).filter_map(|part| part.split(')').next());
    let mut seen = 0;
    for name in named {
        seen += 1;
        let parts: Vec<&str> = name.split("::").collect();
        let [folder, file, function] = parts[..] else { panic!("{name}") };
        let path = root().join("tests/it").join(folder).join(format!("{file}.rs"));
        let source = fs::read_to_string(&path).expect("the file of the test");
        assert!(source.contains(&format!("async fn {function}(")), "{name}");
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn the_notes_of_a_release_are_its_part_of_the_changelog() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("Cargo.toml", "[workspace.package]\nversion = \"1.2.3\"\n[x]\nversion = \"9\"\n");
    let notes = |tag: &str| {
        let output = Command::new(root().join("scripts/release-notes"))
            .arg(tag)
            .arg(folder.path())
            .output()
            .expect("bash runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    write("CHANGELOG.md", "# Changelog\n\n## 1.2.3 - 2026-12-01\n\n- new\n\n## 1.2.2\n\n- old\n");
    assert_eq!(notes("v1.2.3"), (true, "- new\n".to_owned(), String::new()));
    let (done, stdout, stderr) = notes("v1.2.2");
    assert!(!done && stdout.is_empty() && stderr.contains("expected v1.2.3"), "{stderr}");
    write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- new\n\n## 1.2.30\n\n- old\n");
    let (done, stdout, stderr) = notes("v1.2.3");
    assert!(!done && stdout.is_empty(), "{stdout}");
    assert!(stderr.contains("nothing below '## 1.2.3'"), "{stderr}");
}
