//! A branch that is behind its base: the rules of today judge, too.

use super::repo::{REQUEST, Repo};
use super::{approvals, offer};
use crate::comment::forge::{Api, Forge};
use crate::comment::reviews::{PullRequest, Said};

const FREE: &str = "environments: [prod]\nlimits: []\n";
const STRICT: &str = "environments: [prod]\nlimits:\n  - { when: { environment: prod }, end: required, longest: 7d, approvals: 2 }\n";

/// A branch with a request, and a base that moved on without it; the branch is checked out.
fn behind(policy: &str, request: &str, meanwhile: impl Fn(&Repo)) -> Repo {
    let repo = Repo::new();
    repo.write("policy.yaml", &format!("{policy}# rules\n"));
    repo.commit("rules");
    repo.git(&["checkout", "--quiet", "-b", "branch"]);
    repo.write("requests/new.yaml", request);
    repo.commit("logs for fanlichun");
    repo.git(&["checkout", "--quiet", "main"]);
    meanwhile(&repo);
    repo.commit("meanwhile");
    repo.git(&["checkout", "--quiet", "branch"]);
    repo
}

#[test]
fn what_the_rules_of_today_refuse_is_refused() {
    let endless = REQUEST.replace("until: 2027-02-28\n", "");
    let repo = behind(FREE, &endless, |repo| repo.write("policy.yaml", STRICT));
    let objects = repo.git(&["count-objects"]);
    let plan = repo.alone(&["plan", "--base", "main"]).expect(4);
    assert!(plan.stdout.contains("policy wants an end here"), "{}", plan.stdout);
    let needs = "2 approvals of team/payments for /Default/payments/prod";
    assert!(plan.stdout.contains(needs), "{}", plan.stdout);
    assert_eq!(repo.git(&["count-objects"]), objects, "nothing is written");
    // And what those refuse from which the branch began, until it is up to date.
    let repo = behind(STRICT, &endless, |repo| repo.write("policy.yaml", FREE));
    repo.alone(&["plan", "--base", "main"]).expect(4);
    repo.git(&["merge", "--quiet", "-m", "up to date", "main"]);
    repo.alone(&["plan", "--base", "main"]).expect(0);
}

#[test]
fn what_else_happened_meanwhile_is_no_part_of_the_branch() {
    let one = "environments: [prod]\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\n";
    let repo = behind(one, REQUEST, |repo| {
        repo.write("requests/other.yaml", &REQUEST.replace("fanlichun", "zhaomin"));
        repo.write("inventory/servers.yaml", &(repo.read("inventory/servers.yaml") + "# more\n"));
    });
    let plan = repo.alone(&["plan", "--base", "main"]).expect(0);
    assert!(!plan.stdout.contains("zhaomin"), "{}", plan.stdout);
    assert_eq!(plan.stdout.matches("1 approval of").count(), 1, "{}", plan.stdout);
    // Nobody can merge this as it is, so there is nothing to be judged yet.
    let repo = behind(one, REQUEST, |repo| repo.write("requests/new.yaml", "for: zhaomin\n"));
    let plan = repo.alone(&["plan", "--base", "main"]).expect(0);
    assert!(plan.stderr.contains("main has moved on"), "{}", plan.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_owns_nothing_any_more_approves_nothing() {
    let one = "environments: [prod]\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\n";
    let repo = behind(one, REQUEST, |repo| {
        repo.write("teams/payments.yaml", "members: [wangfang]\n");
    });
    let forge = Forge::start(Api::Github).await;
    let pull = PullRequest::new(12, "fanlc", &repo.head()).review("LiWei", Said::Yes);
    offer(&forge, &pull);
    let (code, report) = approvals(&repo, &forge, &[]).await;
    assert_eq!(code, 4, "{report:#}");
    assert_eq!(report["needs"].as_array().map(Vec::len), Some(1), "{report:#}");
    assert_eq!(report["passed_over"][0]["why"], "is none of those who are asked");
    offer(&forge, &pull.review("wangfang", Said::Yes));
    assert_eq!(approvals(&repo, &forge, &[]).await.0, 0);
}
