//! `jumpgate explain`, and its pages: each code has one, and the examples are real.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use jumpgate::audit;
use jumpgate::diagnostic::{Code, Severity, pages};
use jumpgate::plan::finding::Kind;

use crate::support::pages::{blocks, copy};

fn jumpgate(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jumpgate"));
    command.current_dir(folder).args(args).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every code with its title.
fn titles() -> Vec<(&'static str, &'static str)> {
    let errors = Code::ALL.iter().map(|code| (code.as_str(), code.title()));
    let findings = Kind::ALL.iter().map(|kind| (kind.code(), kind.title()));
    let doors = audit::Kind::ALL.iter().map(|kind| (kind.code(), kind.title()));
    errors.chain(findings).chain(doors).collect()
}

/// The bytes of a file that a page shows: in UTF-8, or in Latin-1 where it says so.
fn bytes(body: &str, info: &[&str]) -> Vec<u8> {
    match info.get(2) {
        None => body.into(),
        Some(word) => {
            assert_eq!(*word, "latin-1");
            body.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect()
        }
    }
}

#[test]
fn every_code_has_a_page_that_begins_with_its_title() {
    let titles = titles();
    let codes: Vec<&str> = titles.iter().map(|(code, _)| *code).collect();
    let paged: Vec<&str> = pages::PAGES.iter().map(|(code, _)| *code).collect();
    assert_eq!(paged, codes);
    for (code, title) in titles {
        let page = pages::page(code).expect("a page");
        assert_eq!(page.lines().next(), Some(format!("# {code}: {title}").as_str()));
        assert!(page.contains("\n## What to do\n"), "{code}");
    }
    let files = fs::read_dir(root().join("docs/errors")).expect("the pages");
    let files: BTreeSet<String> = files
        .map(|file| file.expect("a page").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, codes.iter().map(|code| format!("{code}.md")).collect());
}

#[test]
fn the_example_of_a_page_gives_what_the_page_shows() {
    // What only a comparison of two commits can tell has no folder as an example, and what
    // takes thousands of lines has none that anybody reads. The age of a catalogue is another
    // one each day.
    let without = [Code::EndPassed, Code::TooMuch, Code::MoreErrors, Code::NotInCatalog];
    for code in Code::ALL.iter().filter(|code| !without.contains(code)) {
        let page = pages::page(code.as_str()).expect("a page");
        let folder = tempfile::tempdir().expect("a folder");
        copy(&root().join("examples/access-repo"), folder.path());
        let (mut shown, mut files) = (None, 0);
        for (info, body) in blocks(page) {
            match info.as_slice() {
                ["yaml", path, ..] => {
                    let path = folder.path().join(path);
                    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
                    fs::write(path, bytes(&body, &info)).expect("a file");
                    files += 1;
                }
                ["text"] => shown = Some(body),
                _ => panic!("{code}: what is a block of {info:?}?"),
            }
        }
        assert!(files > 0, "{code} has no example");
        let output = jumpgate(folder.path(), &["check"]);
        let printed = text(&output.stderr);
        let (exit, word) = match code.severity() {
            Severity::Error => (3, "error"),
            Severity::Warning => (0, "warning"),
        };
        assert_eq!(output.status.code(), Some(exit), "{code}: {printed}");
        assert!(printed.contains(&format!("{word}[{code}]: ")), "{code}: {printed}");
        // No page ends a line with blanks; the renderer may.
        let printed: Vec<&str> = printed.trim().lines().map(str::trim_end).collect();
        assert_eq!(shown, Some(printed.join("\n") + "\n"), "{code}");
    }
}

#[test]
fn explain_prints_the_page_whatever_the_case() {
    let output = jumpgate(&root(), &["explain", "jg012"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(Some(text(&output.stdout).as_str()), pages::page("JG012"));
}

#[test]
fn explain_without_a_code_lists_all() {
    let output = jumpgate(&root(), &["explain"]);
    assert_eq!(output.status.code(), Some(0));
    let listed = text(&output.stdout);
    for (code, title) in titles() {
        let line = listed.lines().find(|line| line.trim().starts_with(code));
        assert!(line.is_some_and(|line| line.ends_with(title)), "{code}: {listed}");
    }
}

#[test]
fn an_unknown_code_names_the_nearest() {
    let output = jumpgate(&root(), &["explain", "JG34"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    assert!(text(&output.stderr).contains("did you mean JG"), "{:?}", output);
    let output = jumpgate(&root(), &["explain", "everything"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("`jumpgate explain` lists all"), "{:?}", output);
}
