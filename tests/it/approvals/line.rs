//! At apply: a merge whose first parent is not the branch that it came into.

use crate::comment::forge::{Api, Forge};
use crate::comment::reviews::{PullRequest, Said};
use crate::support::company::Company;

use super::merged::{company, head, held, offer, request, run};

/// Pushes a merge of the branch into its own past, before there were any rules; with what is in
/// the work tree.
fn into_the_past(company: &Company) {
    company.git(&["add", "--all"]);
    let tree = company.git(&["write-tree"]);
    let past = company.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let parents = ["-p", past.trim(), "-p", "HEAD"];
    let merge = company.git(&[&["commit-tree", tree.trim(), "-m", "Merge"][..], &parents].concat());
    company.git(&["reset", "--quiet", "--hard", merge.trim()]);
}

/// The rules are those before it on the branch that was applied, at the first run and later.
#[tokio::test(flavor = "multi_thread")]
async fn another_past_brings_no_other_rules() {
    let (company, forge) = (company("forge").await, Forge::start(Api::Github).await);
    let apply = ["apply", "--yes", "--provenance", "forge"];
    run(&company, Some(&forge), &apply).await.expect(0);
    company.write("requests/new.yaml", &request("pay-web-01"));
    into_the_past(&company);
    for _ in 0..3 {
        let done = run(&company, Some(&forge), &apply).await.expect(4);
        assert!(done.stdout.contains("no merged pull request"), "{}", done.stdout);
        assert_eq!(held(&company), 0);
        company.write("README.md", "nothing of this\n");
        company.merge("another commit");
    }
    // Who gives the flag takes the history as it is.
    let allowed = [&apply[..], &["--allow-rollback"]].concat();
    run(&company, Some(&forge), &allowed).await.expect(0);
    assert_eq!(held(&company), 1);
}

/// Softer rules that came so judge nothing, also when they were applied before.
#[tokio::test(flavor = "multi_thread")]
async fn rules_of_another_past_judge_nothing() {
    let (company, forge) = (company("forge").await, Forge::start(Api::Github).await);
    let apply = ["apply", "--yes", "--provenance", "forge"];
    run(&company, Some(&forge), &apply).await.expect(0);
    let past = company.git(&["rev-list", "--max-parents=0", "HEAD"]);
    company.git(&["checkout", "--quiet", past.trim(), "--", "policy.yaml"]);
    into_the_past(&company);
    run(&company, Some(&forge), &apply).await.expect(0);
    company.write("requests/new.yaml", &request("pay-web-01"));
    company.merge("pushed");
    let done = run(&company, Some(&forge), &apply).await.expect(4);
    assert!(done.stdout.contains("the rules themselves"), "{}", done.stdout);
    assert_eq!(held(&company), 0);
}

/// A branch into which its base was merged, and that the base was then moved to.
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_took_its_base_in_is_granted() {
    let (company, forge) = (company("forge").await, Forge::start(Api::Github).await);
    company.git(&["checkout", "--quiet", "-b", "branch"]);
    company.write("requests/new.yaml", &request("pay-web-01"));
    company.merge("logs for fanlichun");
    let first = head(&company);
    company.git(&["checkout", "--quiet", "main"]);
    company.write("README.md", "what others do\n");
    company.merge("meanwhile");
    let apply = ["apply", "--yes", "--provenance", "forge"];
    run(&company, Some(&forge), &apply).await.expect(0);
    company.git(&["checkout", "--quiet", "branch"]);
    company.git(&["merge", "--quiet", "--no-edit", "main"]);
    let last = head(&company);
    company.git(&["checkout", "--quiet", "main"]);
    company.git(&["merge", "--quiet", "--ff-only", "branch"]);
    let pull = PullRequest::new(12, "fanlc", &last).review("LiWei", Said::Yes);
    offer(&forge, pull.merged(&[&first, &last]));
    run(&company, Some(&forge), &apply).await.expect(0);
    assert_eq!(held(&company), 1);
}

/// Merges of both kinds in a row: each is judged along what was applied before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_merge_into_another_past_is_judged_at_every_run() {
    let (company, forge) = (company("off").await, Forge::start(Api::Github).await);
    let apply = ["apply", "--yes", "--provenance", "forge"];
    let rules = std::fs::read_to_string(company.dir().join("policy.yaml")).expect("a file");
    company.write("policy.yaml", "environments: [prod]\n");
    company.merge("nobody has to approve anything");
    run(&company, Some(&forge), &apply[..2]).await.expect(0);
    // As `git pull` merges: what is on the branch is the second parent.
    let before = head(&company);
    company.write("README.md", "here\n");
    company.merge("here");
    let here = head(&company);
    company.git(&["reset", "--quiet", "--hard", &before]);
    company.write("NEWS.md", "there\n");
    company.merge("there");
    run(&company, Some(&forge), &apply[..2]).await.expect(0);
    let there = head(&company);
    company.git(&["reset", "--quiet", "--hard", &here]);
    company.git(&["merge", "--quiet", "--no-edit", &there]);
    run(&company, Some(&forge), &apply[..2]).await.expect(0);
    let soft = head(&company);
    company.write("policy.yaml", &rules);
    company.merge("rules again");
    run(&company, Some(&forge), &apply).await.expect(0);
    let tip = head(&company);
    // His request on the state before them, and a merge of the branch into that.
    company.git(&["reset", "--quiet", "--hard", &soft]);
    company.write("requests/new.yaml", &request("pay-web-01"));
    company.merge("his");
    company.git(&["merge", "--quiet", "--no-edit", &tip]);
    for _ in 0..3 {
        run(&company, Some(&forge), &apply).await.expect(4);
        assert_eq!(held(&company), 0);
    }
}
