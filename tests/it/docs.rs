//! What the documents name is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The names of all tests of the repository.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).expect("a file");
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line == "#[test]" || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if !line.starts_with("#[") && !line.starts_with("//") {
                    let line = line.trim_start_matches("async ");
                    if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
                        found.insert(rest.split('(').next().unwrap_or_default().to_owned());
                    }
                    is_test = false;
                }
            }
        }
    }
}

/// In every table with a column `held by`.
#[test]
fn every_promise_of_the_security_page_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeSet::new();
    for folder in ["src", "tests"] {
        tests(&root.join(folder), &mut known);
    }
    let page = fs::read_to_string(root.join("docs/security.md")).expect("the page");
    let (mut within, mut promises, mut missing) = (false, 0, Vec::new());
    for line in page.lines() {
        if !line.starts_with('|') {
            within = false;
            continue;
        }
        let cell = line.trim_matches(['|', ' ']).rsplit('|').next().unwrap_or_default().trim();
        if cell == "held by" {
            within = true;
        } else if within && !cell.starts_with("---") {
            promises += 1;
            let names = cell.split('`').skip(1).step_by(2);
            let names: Vec<&str> = names.filter(|name| !name.contains(' ')).collect();
            assert!(!names.is_empty(), "no test holds: {line}");
            missing.extend(names.into_iter().filter(|name| !known.contains(*name)));
        }
    }
    assert!(promises > 30, "{promises} promises were found");
    assert_eq!(missing, [""; 0], "tests that are not there");
}
