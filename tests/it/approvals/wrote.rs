//! Who wrote a part of a pull request, or may be one who gets something by it.

use super::repo::{self, Repo};
use super::{ALL, approvals, branch, offer};
use crate::comment::forge::{Api, Forge};
use crate::comment::reviews::{PullRequest, Said};

/// Merges main into the branch; with an edit in the merge itself, when one is given.
fn take_in(repo: &Repo, edit: Option<&str>) {
    repo.git(&["checkout", "--quiet", "main"]);
    repo.write("README.md", "what others do\n");
    repo.commit("meanwhile");
    repo.git(&["checkout", "--quiet", "branch"]);
    repo.git(&["merge", "--quiet", "--no-commit", "--no-ff", "main"]);
    if let Some(text) = edit {
        repo.write("requests/new.yaml", text);
    }
    repo.commit("Merge branch 'main'");
}

/// Whoever merges the base into the branch writes nothing of it, unless the merge holds more.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_holds_an_edit_is_written_by_who_made_it() {
    for api in ALL {
        for (edit, expected) in
            [(None, 0), (Some(repo::REQUEST.replace("2027-02-28", "2027-03-28")), 4)]
        {
            let (repo, forge, pull) = branch(api).await;
            take_in(&repo, edit.as_deref());
            let head = repo.head();
            let by = ("LiWei".to_owned(), "liwei@acme.example".to_owned(), head.clone());
            let pull = PullRequest { head, merges: vec![by], ..pull };
            offer(&forge, &pull.review("LiWei", Said::Yes));
            let more: &[&str] = if api == Api::Gitee { &["--reset-on-push"] } else { &[] };
            let (code, report) = approvals(&repo, &forge, more).await;
            assert_eq!(code, expected, "{api:?} {edit:?} {report:#}");
            if expected == 4 {
                assert_eq!(report["passed_over"][0]["why"], "wrote a part of it");
            }
        }
    }
}

/// An address that the forge gives in place of a person's own tells who that is.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_forge_is_its_person_s() {
    for address in ["28-LiWei@users.noreply.git.acme.example", "28+liwei@users.noreply.github.com"]
    {
        let (repo, forge, mut pull) = branch(Api::Gitlab).await;
        pull.writers.push(("Li Wei".to_owned(), address.to_owned()));
        offer(&forge, &pull.review("LiWei", Said::Yes));
        let (code, report) = approvals(&repo, &forge, &[]).await;
        assert_eq!(code, 4, "{address} {report:#}");
        assert_eq!(report["passed_over"][0]["why"], "wrote a part of it");
    }
}

/// What was approved for another branch may have looked like nothing there.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_it_went_into_this_branch_does_not_count() {
    for (api, deleted) in [
        (Api::Github, false),
        (Api::Github, true),
        (Api::Gitlab, false),
        (Api::Gitlab, true),
        (Api::Gitea, false),
    ] {
        let (repo, forge, pull) = branch(api).await;
        let retargeted = Some("2026-11-20T09:10:30Z".to_owned());
        let pull = PullRequest { retargeted, deleted, ..pull.review("LiWei", Said::Yes) };
        offer(&forge, &pull);
        let (code, report) = approvals(&repo, &forge, &[]).await;
        assert_eq!(code, 4, "{api:?} {report:#}");
        let why = "approved it before it went into this branch";
        assert_eq!(report["passed_over"][0]["why"], why, "{api:?} {report:#}");
        offer(&forge, &pull.review("LiWei", Said::Yes));
        assert_eq!(approvals(&repo, &forge, &[]).await.0, 0, "{api:?}");
    }
}

/// A group of the forge knows logins and no people: who has no login in people/ could approve
/// for himself, and to lose the login needs an approval.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_known_by_no_login_does_not_approve_for_himself_by_a_group() {
    let repo = Repo::owned_by("forge/acme/dba");
    let forge = Forge::start(Api::Github).await;
    let members = ["fanlc".to_owned(), "dba".to_owned(), "wangfang".to_owned()].to_vec();
    forge.reviewed(|reviewed| reviewed.groups.insert("acme/dba".to_owned(), members));
    repo.git(&["checkout", "--quiet", "-b", "lost"]);
    let file = repo.read("people/fanlichun.yaml");
    repo.write("people/fanlichun.yaml", &file.replace("forge: fanlc\n", ""));
    repo.commit("no login");
    offer(&forge, &PullRequest::new(12, "zhaomin", &repo.head()));
    let (code, report) = approvals(&repo, &forge, &[]).await;
    assert_eq!(code, 4, "{report:#}");
    assert_eq!(report["needs"][0]["subject"], "rules", "{report:#}");
    repo.git(&["checkout", "--quiet", "-B", "main"]);
    repo.git(&["checkout", "--quiet", "-b", "branch"]);
    repo.write("requests/new.yaml", repo::REQUEST);
    repo.commit("logs for fanlichun");
    let pull = PullRequest::new(12, "zhaomin", &repo.head());
    for login in ["fanlc", "dba"] {
        offer(&forge, &pull.clone().review(login, Said::Yes));
        let (code, report) = approvals(&repo, &forge, &[]).await;
        assert_eq!(code, 4, "{login} {report:#}");
        let why = report["passed_over"][0]["why"].as_str().unwrap_or_default();
        assert!(why.starts_with("may be fanlichun, who gets something by it"), "{why}");
    }
    offer(&forge, &pull.review("wangfang", Said::Yes));
    assert_eq!(approvals(&repo, &forge, &[]).await.0, 0);
}
