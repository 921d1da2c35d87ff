//! The jobs of the example for GitLab, as its runner runs them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::repo::{REQUEST, Repo};
use crate::support::company::Done;

/// The script of a job.
fn script(job: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo/.gitlab-ci.yml");
    let text = std::fs::read_to_string(path).expect("the example");
    let jobs: Value = serde_yaml::from_str(&text).expect("YAML");
    let lines = jobs[job]["script"].as_array().expect("a script");
    let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
    lines.join("\n")
}

/// Runs the job `plan` on a clone of a branch that began before main denied what it asks for.
fn plan(project: &str) -> (Done, String) {
    let repo = Repo::new();
    let began = repo.head();
    repo.git(&["checkout", "--quiet", "-b", "branch"]);
    repo.write("requests/new.yaml", REQUEST);
    repo.commit("logs for fanlichun");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.write(
        "policy.yaml",
        "environments: [prod]\nlimits:\n  - { when: { login: app }, deny: not any more }\n",
    );
    repo.commit("no more logs");
    let clone = tempfile::tempdir().expect("a folder");
    let here = clone.path().to_str().expect("UTF-8");
    let one = ["clone", "--quiet", "--single-branch", "--branch=branch", ".", here];
    repo.git(&one);
    let binary = Path::new(env!("CARGO_BIN_EXE_jumpgate")).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("bash");
    command
        .args(["-eo", "pipefail", "-c", &script("plan")])
        .current_dir(clone.path())
        .env_clear()
        .env("PATH", format!("{}:{path}", binary.display()))
        .env("CI_PROJECT_ID", project)
        .env("CI_MERGE_REQUEST_PROJECT_ID", "7")
        .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
        .env("CI_MERGE_REQUEST_DIFF_BASE_SHA", began);
    let done = Done::of(command.output().expect("bash runs"));
    (done, std::fs::read_to_string(clone.path().join("plan.json")).unwrap_or_default())
}

#[test]
fn the_tip_of_the_base_judges_a_merge_request() {
    let (done, found) = plan("7");
    assert_eq!(done.code, 4, "{}", done.stderr);
    assert!(found.contains("JG240"), "{found}");
}

#[test]
fn in_a_fork_the_commit_where_the_branch_began_judges() {
    let (done, found) = plan("12");
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(!found.contains("JG240"), "{found}");
}
