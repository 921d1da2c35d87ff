//! A request that the policy refuses: an edit that makes it pass needs what a new one needs.

use super::repo::{REQUEST, Repo};

#[test]
fn an_edit_that_makes_a_refused_request_pass_needs_approvals() {
    let ends = REQUEST.replace("2027-02-28", "2027-01-15");
    let edits: [&dyn Fn(&Repo); 3] = [
        &|repo| repo.write("requests/new.yaml", &ends),
        &|repo| {
            repo.git(&["rm", "--quiet", "requests/new.yaml"]);
            repo.write("requests/2027/new.yaml", &ends);
        },
        &|repo| {
            repo.alone(&["cancel", "new", "--on", "2027-01-15"]).expect(0);
        },
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let repo = Repo::new();
        repo.write(
            "policy.yaml",
            "environments: [prod]\nlimits:\n  - { when: { environment: prod }, approvals: 2, longest: 90d }\n",
        );
        repo.write("requests/new.yaml", &REQUEST.replace("until: 2027-02-28\n", ""));
        repo.commit("nobody gets anything by this");
        repo.git(&["checkout", "--quiet", "-b", "branch"]);
        edit(&repo);
        repo.commit("now it ends");
        let plan = repo.alone(&["plan", "--base", "main"]).expect(0);
        assert!(plan.stdout.contains("fanlichun gets app on"), "{number}\n{}", plan.stdout);
        let needs = "2 approvals of team/payments for /Default/payments/prod";
        assert!(plan.stdout.contains(needs), "{number}\n{}", plan.stdout);
    }
}
