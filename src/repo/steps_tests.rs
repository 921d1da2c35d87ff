//! Which commits changed what a path leads to, whatever links are in the way.

use std::collections::BTreeSet;
use std::fs;

use super::bench::Bench;
use super::{Line, Steps};

impl Bench {
    /// Commits all files, with a word as the pull request.
    fn commit_as(&self, number: u32) {
        self.save(&format!("commit (#{number})"));
    }

    /// The commits that changed what paths lead to, the newest first.
    fn steps(&self, paths: &[&str]) -> Vec<String> {
        let paths: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let line = Line::default();
        let mut steps = Steps::new(self.folder.path(), "HEAD", &line, paths).expect("steps");
        let mut found = Vec::new();
        while let Some(step) = steps.older().expect("a step") {
            found.push(step.pull_request.expect("a number"));
        }
        assert!(!steps.is_cut_off());
        found
    }
}

#[test]
fn a_step_changes_what_a_link_leads_to() {
    let bench = Bench::new();
    bench.write("drafts/x.yaml", "1");
    bench.write("r/deep/new.yaml", "1");
    bench.write("other/shared.yaml", "1");
    bench.link("requests", "r");
    bench.link("policy.yaml", "rules/policy.yaml");
    bench.write("rules/policy.yaml", "1");
    bench.link("inventory/drafts", "../drafts");
    bench.link("drafts/more", "../other");
    bench.link("x.yaml", "y.yaml");
    bench.link("y.yaml", "drafts/x.yaml");
    bench.commit_as(1);
    for (number, path) in [
        (2, "drafts/x.yaml"),
        (3, "r/deep/new.yaml"),
        (4, "rules/policy.yaml"),
        (5, "other/shared.yaml"),
        (6, "README.md"),
    ] {
        bench.write(path, "2");
        bench.commit_as(number);
    }
    for (path, steps) in [
        ("x.yaml", &["#2", "#1"][..]),
        ("requests/deep/new.yaml", &["#3", "#1"]),
        ("requests", &["#3", "#1"]),
        ("policy.yaml", &["#4", "#1"]),
        // A folder with a link in it, which leads to a folder with another one.
        ("inventory", &["#5", "#2", "#1"]),
        ("requests/nothing.yaml", &[]),
        ("r/deep/new.yaml", &["#3", "#1"]),
    ] {
        assert_eq!(bench.steps(&[path]), steps, "{path}");
    }
}

#[test]
fn another_way_to_the_same_text_is_no_step_and_a_circle_has_an_end() {
    let bench = Bench::new();
    bench.write("drafts/x.yaml", "1");
    bench.write("requests/y.yaml", "1");
    bench.link("requests/x.yaml", "../drafts/x.yaml");
    bench.link("inventory/round", "../inventory");
    bench.link("inventory/gone", "../nowhere");
    bench.commit_as(1);
    fs::remove_file(bench.path("requests/x.yaml")).expect("removed");
    bench.write("requests/x.yaml", "1");
    bench.commit_as(2);
    bench.write("inventory/servers.yaml", "1");
    bench.commit_as(3);
    assert_eq!(bench.steps(&["requests/x.yaml"]), ["#1"]);
    assert_eq!(bench.steps(&["inventory"]), ["#3", "#1"]);
}

#[test]
fn paths_may_be_others_from_a_commit_on() {
    let bench = Bench::new();
    bench.write("old.yaml", "1");
    bench.commit_as(1);
    bench.write("old.yaml", "2");
    bench.commit_as(2);
    fs::remove_file(bench.path("old.yaml")).expect("removed");
    bench.write("new.yaml", "2");
    bench.commit_as(3);
    assert_eq!(bench.steps(&["new.yaml"]), ["#3"]);
    let path = |path: &str| BTreeSet::from([path.to_owned()]);
    let line = Line::default();
    let mut steps =
        Steps::new(bench.folder.path(), "HEAD", &line, path("new.yaml")).expect("steps");
    let mut next = || steps.older().expect("a step").and_then(|step| step.pull_request);
    assert_eq!(next().as_deref(), Some("#3"));
    steps.look_at(path("old.yaml")).expect("paths");
    let mut next = || steps.older().expect("a step").and_then(|step| step.pull_request);
    assert_eq!(next().as_deref(), Some("#2"));
    assert_eq!(next().as_deref(), Some("#1"));
    assert_eq!(next(), None);
}
