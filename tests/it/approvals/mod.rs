//! `jumpgate approvals` against servers that answer as the forges do.

mod behind;
mod codeowners;
mod emergency;
mod gitlab;
mod line;
mod merged;
mod moved;
mod refused;
mod repo;
mod rules;
mod wrote;

use serde_json::Value;

use self::repo::Repo;
use crate::comment::forge::{Api, Forge};
use crate::comment::reviews::{PullRequest, Said};

const ALL: [Api; 4] = [Api::Github, Api::Gitlab, Api::Gitea, Api::Gitee];

/// A branch that renews a request, and its pull request.
async fn branch(api: Api) -> (Repo, Forge, PullRequest) {
    let repo = Repo::new();
    repo.git(&["checkout", "--quiet", "-b", "branch"]);
    repo.write("requests/new.yaml", repo::REQUEST);
    repo.commit("logs for fanlichun");
    let pull = PullRequest::new(12, "fanlc", &repo.head());
    (repo, Forge::start(api).await, pull)
}

async fn approvals(repo: &Repo, forge: &Forge, args: &[&str]) -> (i32, Value) {
    let args = [&["approvals", "--base", "main", "--format", "json"], args].concat();
    let done = repo.run(forge, &args).await;
    let json = serde_json::from_str(&done.stdout).unwrap_or(Value::String(done.stderr));
    (done.code, json)
}

fn offer(forge: &Forge, pull: &PullRequest) {
    forge.reviewed(|reviewed| reviewed.pulls.insert(pull.number, pull.clone()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_the_last_commit_by_an_owner_is_what_is_needed() {
    for api in ALL {
        let (repo, forge, pull) = branch(api).await;
        // Gitee tells neither the commit nor the time of a yes.
        let more: &[&str] = if api == Api::Gitee { &["--reset-on-push"] } else { &[] };
        offer(&forge, &pull);
        let (code, report) = approvals(&repo, &forge, more).await;
        assert_eq!(code, 4, "{api:?} {report:#}");
        assert_eq!(report["needs"][0]["missing"], 1);
        assert_eq!(report["needs"][0]["of"][0], "team/payments");
        // Nobody for himself, nobody who is not asked, and words are no yes.
        let others = pull
            .clone()
            .review("fanlc", Said::Yes)
            .review("zhaomin", Said::Yes)
            .review("liwei", Said::Words);
        offer(&forge, &others);
        let (code, report) = approvals(&repo, &forge, more).await;
        assert_eq!(code, 4, "{api:?} {report:#}");
        assert_eq!(report["passed_over"][0]["why"], "opened it", "{api:?} {report:#}");
        offer(&forge, &others.review("LiWei", Said::Yes));
        let (code, report) = approvals(&repo, &forge, more).await;
        assert_eq!(code, 0, "{api:?} {report:#}");
        assert_eq!(report["needs"][0]["given"][0]["person"], "liwei");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_yes_and_one_that_was_taken_back_do_not_count() {
    for api in ALL {
        let (repo, forge, pull) = branch(api).await;
        let older = "0".repeat(40);
        offer(&forge, &pull.clone().review_of("LiWei", Said::Yes, &older));
        let (code, report) = approvals(&repo, &forge, &[]).await;
        assert_eq!(code, 4, "{api:?} {report:#}");
        let why = report["passed_over"][0]["why"].as_str().unwrap_or_default();
        assert!(why.starts_with("approved"), "{api:?} {report:#}");
        if api == Api::Gitee {
            continue;
        }
        let again = pull.clone().review_of("LiWei", Said::Yes, &older).review("LiWei", Said::Yes);
        offer(&forge, &again);
        assert_eq!(approvals(&repo, &forge, &[]).await.0, 0, "{api:?}");
        offer(&forge, &again.review("LiWei", Said::No));
        assert_eq!(approvals(&repo, &forge, &[]).await.0, 4, "{api:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wrote_a_commit_approves_nothing() {
    for api in ALL {
        let more: &[&str] = if api == Api::Gitee { &["--reset-on-push"] } else { &[] };
        let (repo, forge, mut pull) = branch(api).await;
        pull.writers.push(("LiWei".to_owned(), "liwei@acme.example".to_owned()));
        offer(&forge, &pull.clone().review("LiWei", Said::Yes));
        let (code, report) = approvals(&repo, &forge, more).await;
        assert_eq!(code, 4, "{api:?} {report:#}");
        assert_eq!(report["passed_over"][0]["why"], "wrote a part of it");
        offer(&forge, &pull.review("LiWei", Said::Yes).review("wangfang", Said::Yes));
        assert_eq!(approvals(&repo, &forge, more).await.0, 0, "{api:?}");
    }
}

/// GitHub and Gitee tell 250 commits and no more: somebody else may have written the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_with_more_commits_than_are_told_is_not_judged() {
    for api in [Api::Github, Api::Gitee] {
        let (repo, forge, mut pull) = branch(api).await;
        pull.writers = vec![("fanlc".to_owned(), "fanlichun@acme.example".to_owned()); 249];
        let pull = pull.review("LiWei", Said::Yes);
        offer(&forge, &pull);
        assert_eq!(approvals(&repo, &forge, &["--reset-on-push"]).await.0, 0, "{api:?}");
        let mut more = pull.clone();
        more.writers.push(("fanlc".to_owned(), "fanlichun@acme.example".to_owned()));
        offer(&forge, &more);
        let (code, said) = approvals(&repo, &forge, &["--reset-on-push"]).await;
        assert_eq!(code, 1, "{api:?} {said:#}");
        let said = said.as_str().unwrap_or_default();
        assert!(said.contains("who wrote all of #12 is not known"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_asked_for_at_the_forge() {
    for (api, group) in
        [(Api::Github, "acme/dba"), (Api::Gitlab, "acme/dba"), (Api::Gitea, "acme/dba")]
    {
        let repo = Repo::owned_by(&format!("forge/{group}"));
        repo.git(&["checkout", "--quiet", "-b", "branch"]);
        repo.write("requests/new.yaml", repo::REQUEST);
        repo.commit("logs for fanlichun");
        let forge = Forge::start(api).await;
        offer(&forge, &PullRequest::new(12, "fanlc", &repo.head()).review("dba-3", Said::Yes));
        let (code, report) = approvals(&repo, &forge, &[]).await;
        assert_eq!(code, 4, "{api:?} {report:#}");
        let unknown = report["needs"][0]["unknown"][0].as_str().unwrap_or_default();
        assert!(unknown.starts_with("forge/acme/dba: "), "{api:?} {report:#}");
        // He is not on the first page.
        let members = ["dba-1", "dba-2", "dba-3"].map(str::to_owned).to_vec();
        forge.reviewed(|reviewed| {
            reviewed.groups.insert("acme/dba-2".to_owned(), vec!["other".to_owned()]);
            reviewed.groups.insert("acme/dba".to_owned(), members);
        });
        let (code, report) = approvals(&repo, &forge, &[]).await;
        assert_eq!(code, 0, "{api:?} {report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_set_once_and_again_only_when_it_changes() {
    for api in [Api::Github, Api::Gitlab, Api::Gitea] {
        let (repo, forge, pull) = branch(api).await;
        offer(&forge, &pull);
        for _ in 0..2 {
            assert_eq!(approvals(&repo, &forge, &["--post"]).await.0, 4, "{api:?}");
        }
        offer(&forge, &pull.clone().review("LiWei", Said::Yes));
        for _ in 0..2 {
            assert_eq!(approvals(&repo, &forge, &["--post"]).await.0, 0, "{api:?}");
        }
        let statuses = forge.reviewed(|reviewed| reviewed.statuses.clone());
        let said: Vec<(&str, &str, &str)> = statuses
            .iter()
            .map(|status| (status.name.as_str(), status.state.as_str(), status.words.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (
                    "jumpgate/approvals",
                    "pending",
                    "missing: 1 approval of team/payments for /Default/payments/prod"
                ),
                ("jumpgate/approvals", "success", "all approvals are there"),
            ],
            "{api:?}"
        );
        assert!(statuses.iter().all(|status| status.commit == pull.head));
    }
    let (repo, forge, pull) = branch(Api::Gitee).await;
    offer(&forge, &pull);
    assert_eq!(approvals(&repo, &forge, &["--post"]).await.0, 1);
}

/// A status on a commit counts wherever the commit is offered: a second pull request into a
/// branch with softer rules must not turn it green.
#[tokio::test(flavor = "multi_thread")]
async fn another_branch_or_another_commit_is_not_judged() {
    let (repo, forge, mut pull) = branch(Api::Github).await;
    pull.base = "soft".to_owned();
    offer(&forge, &pull);
    let (code, said) = approvals(&repo, &forge, &["--post"]).await;
    assert_eq!(code, 1, "{said:#}");
    assert!(said.as_str().unwrap_or_default().contains("#12 goes into soft"), "{said:#}");
    pull.base = "main".to_owned();
    pull.head = "0".repeat(40);
    offer(&forge, &pull);
    let (code, said) = approvals(&repo, &forge, &["--post"]).await;
    assert_eq!(code, 1, "{said:#}");
    assert!(said.as_str().unwrap_or_default().contains("is checked out"), "{said:#}");
    assert!(forge.reviewed(|reviewed| reviewed.statuses.is_empty()));
    // The merge that a forge makes to try the branch out has the same files.
    pull.head = repo.head();
    offer(&forge, &pull.review("LiWei", Said::Yes));
    repo.git(&["checkout", "--quiet", "--detach", "main"]);
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "try", "branch"]);
    assert_eq!(approvals(&repo, &forge, &[]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_reads_well() {
    let (repo, forge, pull) = branch(Api::Github).await;
    let owner = repo::REQUEST.replace("for: fanlichun", "for: team/payments");
    repo.write("requests/team.yaml", &owner);
    repo.write(".github/CODEOWNERS", "* @fanlc\n");
    repo.commit("logs for payments");
    let older = pull.head.clone();
    let pull = PullRequest { head: repo.head(), ..pull }
        .review_of("wangfang", Said::Yes, &older)
        .review("LiWei", Said::Yes)
        .review("zhaomin", Said::Yes);
    offer(&forge, &pull);
    let done = repo.run(&forge, &["approvals", "--base", "main"]).await;
    assert_eq!(done.code, 4, "{}", done.stderr);
    let text = done.stdout.replace(&repo.head()[..12], "<head>").replace(&older[..12], "<older>");
    let text = text.replace(&repo.git(&["rev-parse", "main"])[..12], "<base>");
    insta::assert_snapshot!(text);
}
