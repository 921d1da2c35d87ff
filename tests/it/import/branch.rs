//! An import that goes to a branch, and leaves the files here alone.

use jumpgate_sandbox::Version;
use serde_json::Value;

use crate::comment::forge::{Api, Forge};
use crate::schema::{keeps, validator};
use crate::support::company::{Company, Done};

/// A company whose repo lacks the file of fanlichun.
async fn company() -> Company {
    let company = Company::with_hosts(Version::V4).await;
    company.remove("people/fanlichun.yaml");
    company.merge("Forget somebody");
    company
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_goes_to_a_branch_and_not_to_the_folder() {
    let company = company().await;
    let here = || company.git(&["status", "--porcelain=v1", "--branch"]);
    let (before, main) = (here(), company.git(&["rev-parse", "main"]));
    let shown = company.run(&["import", "people", "--branch", "--dry-run"]).await.expect(0);
    assert!(shown.stdout.contains("people/fanlichun.yaml"), "{}", shown.stdout);
    assert_eq!(company.git(&["branch", "--list", "jumpgate/*"]), "");

    let done = company.run(&["import", "people", "--branch"]).await.expect(0);
    assert_eq!(done.stdout, "people/admin.yaml\npeople/fanlichun.yaml\n");
    assert!(done.stderr.contains("branch: jumpgate/import/people\n"), "{}", done.stderr);
    assert_eq!(here(), before);
    let changed = ["diff", "--name-status", "main", "jumpgate/import/people"];
    assert_eq!(company.git(&changed), "A\tpeople/admin.yaml\nA\tpeople/fanlichun.yaml\n");
    let subject = company.git(&["log", "-1", "--format=%s", "jumpgate/import/people"]);
    assert_eq!(subject, "Import people from JumpServer\n");
    assert_eq!(company.git(&["rev-parse", "jumpgate/import/people~1"]), main);
    company.run(&["check", "--rev", "jumpgate/import/people"]).await.expect(0);
    // The same again is the same branch.
    company.run(&["import", "people", "--branch"]).await.expect(0);
    assert_eq!(company.git(&["branch", "--list", "jumpgate/*"]).lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_import_goes_to_a_branch_and_nothing_goes_to_none() {
    let company = company().await;
    for what in ["inventory", "requests", "all"] {
        let args = ["import", what, "--branch=imported", "--environment", "prod"];
        let args = if what == "requests" { &args[..3] } else { &args };
        let json = company.run(&[args, &["--format", "json"]].concat()).await.expect(0);
        let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
        let some = json["files"].as_array().is_some_and(|files| !files.is_empty());
        assert_eq!(some, what == "all", "{what}: {json:#}");
        let branch = if some { "imported".into() } else { Value::Null };
        assert_eq!(json["branch"], branch, "{what}");
    }
    assert!(!company.has("people/fanlichun.yaml"));
    let changed = company.git(&["diff", "--name-only", "main", "imported"]);
    assert_eq!(changed, "people/admin.yaml\npeople/fanlichun.yaml\n");
    // Where the name is taken by other changes, nothing is written.
    company.git(&["branch", "taken"]);
    let taken = company.run(&["import", "people", "--branch=taken"]).await.expect(1);
    assert!(taken.stderr.contains("is there already, with other changes"), "{}", taken.stderr);
    assert_eq!(taken.stdout, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_pushed_and_gets_its_pull_request() {
    let (company, forge) = (company().await, Forge::start(Api::Gitea).await);
    let remote = tempfile::tempdir().expect("a folder");
    let remote = remote.path().to_str().expect("a path");
    company.git(&["clone", "--quiet", "--bare", ".", remote]);
    company.git(&["remote", "add", "origin", remote]);
    company.git(&["fetch", "--quiet", "origin"]);
    let args = ["import", "all", "--environment", "prod", "--pull-request", "--format", "json"];
    let mut command = company.command(&args);
    forge.tell(&mut command);
    let output = tokio::task::spawn_blocking(move || command.output());
    let done = Done::of(output.await.expect("it ends").expect("the command runs")).expect(0);
    let json: Value = serde_json::from_str(&done.stdout).expect("JSON");
    keeps(&validator("import"), &json, "import");
    assert_eq!(json["branch"], "jumpgate/import/all");
    assert_eq!(json["pull_request"]["number"], 1);
    let opened = forge.pulls().pop().expect("it");
    assert_eq!((opened.branch.as_str(), opened.base.as_str()), ("jumpgate/import/all", "main"));
    assert_eq!(opened.title, "Import all from JumpServer");
    let pushed = company.git(&["ls-remote", "--heads", "origin", "jumpgate/import/all"]);
    assert!(pushed.contains("refs/heads/jumpgate/import/all"), "{pushed}");
    assert!(!company.has("people/fanlichun.yaml"));
}
