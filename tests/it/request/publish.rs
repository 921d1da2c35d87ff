//! Branches, pushes and pull requests, of requests and of changes to them.

use super::{Api, FILE, Forge, Repo, flags, path};
use crate::comment::pulls::Pull;

const BRANCH: &str = "jumpgate/request/";

fn branch(name: &str) -> String {
    path(name).replace("requests/", BRANCH).replace(".yaml", "")
}

#[test]
fn a_branch_leaves_the_users_files_alone() {
    let repo = Repo::new();
    // Another branch is checked out, with a change in the index and one beside it.
    repo.git(&["checkout", "--quiet", "-b", "mine"]);
    repo.put("people/wangfang.yaml", "name: 王芳\n");
    repo.git(&["add", "--all"]);
    repo.put("policy.yaml", "environments: [prod]\n# mine\n");
    let before = repo.git(&["status", "--porcelain=v1", "--branch"]);
    let done = repo.run(&flags(&["--branch"])).expect(0);
    let branch = branch("PAY-1234-reconcile-refunds");
    assert!(done.stdout.contains(&format!("branch: {branch}")), "{done:?}");
    assert_eq!(repo.git(&["status", "--porcelain=v1", "--branch"]), before);
    let path = path("PAY-1234-reconcile-refunds");
    assert_eq!(repo.git(&["show", &format!("{branch}:{path}")]), FILE);
    assert_eq!(
        repo.git(&["diff", "--name-status", "origin/main", &branch]),
        format!("A\t{path}\n")
    );
    let log = repo.git(&["log", "-1", "--format=%an <%ae>%n%s", &branch]);
    let name = path.trim_start_matches("requests/").trim_end_matches(".yaml");
    assert_eq!(log, format!("Fan Lichun <fanlichun@acme.example>\nAccess for fanlichun: {name}\n"));
    // The same again is the same branch; another one has a name of its own.
    let again = repo.run(&flags(&["--branch"])).expect(0);
    assert!(again.stdout.ends_with(&done.stdout[done.stdout.find("branch: ").expect("it")..]));
    let mut other = flags(&["--branch"]);
    other[16] = "2099-03-31";
    let done = repo.run(&other).expect(0);
    assert!(done.stdout.contains(&format!("branch: {branch}-2\n")), "{done:?}");
    let taken = repo.run(&flags(&["--branch=mine"])).expect(1);
    assert!(taken.stderr.contains("mine is there already, with other changes"), "{taken:?}");
    let odd = repo.run(&flags(&["--branch=a..b"])).expect(1);
    assert!(odd.stderr.contains("a..b is no name of a branch"), "{odd:?}");
}

#[test]
fn changes_that_are_not_committed_are_not_left_behind() {
    let repo = Repo::new();
    repo.put("requests/2026/x.yaml", FILE);
    repo.git(&["add", "--all"]);
    repo.git(&["commit", "--quiet", "--message", "x"]);
    repo.git(&["push", "--quiet", "origin", "main"]);
    repo.put("requests/2026/x.yaml", &format!("# mine\n{FILE}"));
    let renew = ["renew", "2026/x", "--until", "2099-03-31", "--push"];
    let done = repo.run(&renew).expect(1);
    assert!(done.stderr.contains("x.yaml has changes here that are not committed"), "{done:?}");
    repo.git(&["checkout", "--quiet", "--", "."]);
    let done = repo.run(&renew).expect(0);
    assert!(done.stdout.contains("pushed: jumpgate/renew/2026/x"), "{done:?}");
    let text = repo.remote(&["show", "jumpgate/renew/2026/x:requests/2026/x.yaml"]);
    assert_eq!(text, FILE.replace("2099-02-28", "2099-03-31"));
    assert_eq!(repo.read("requests/2026/x.yaml"), FILE);
    repo.run(&["cancel", "2026/x", "--branch"]).expect(0);
    let gone = repo.git(&["diff", "--name-status", "main", "jumpgate/cancel/2026/x"]);
    assert_eq!(gone, "D\trequests/2026/x.yaml\n");
    repo.run(&["leave", "liwei", "--on", "2098-01-01", "--branch=bye"]).expect(0);
    let left = repo.git(&["show", "bye:people/liwei.yaml"]);
    assert_eq!(left, "name: 李伟\njumpserver: liw\nleft: 2098-01-01\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_is_opened_once_at_every_forge() {
    for api in [Api::Github, Api::Gitlab, Api::Gitea, Api::Gitee] {
        let (repo, forge) = (Repo::new(), Forge::start(api).await);
        let branch = branch("PAY-1234-reconcile-refunds");
        let pull = |number, branch: &str, fork| Pull {
            number,
            branch: branch.to_owned(),
            base: "main".to_owned(),
            title: String::new(),
            body: String::new(),
            state: "open",
            fork,
        };
        forge.change_pulls(|pulls| {
            // A fork's branch may have any name.
            pulls.push(pull(1, &branch, true));
            pulls.extend((2..80).map(|number| pull(number, "other", true)));
        });
        let args = flags(&["--pull-request"]);
        let done = repo.with_forge(&forge, api, &args, "").await.expect(0);
        assert!(done.stdout.contains("pull request #80: https://git.acme.example/"), "{done:?}");
        let again = repo.with_forge(&forge, api, &args, "").await.expect(0);
        assert!(again.stdout.contains("pull request #80: "), "{api:?} {again:?}");
        let posts = forge.writes().len();
        assert_eq!(posts, 1, "{api:?}");
        let opened = forge.pulls().pop().expect("it");
        assert_eq!((opened.branch.as_str(), opened.base.as_str()), (branch.as_str(), "main"));
        assert!(opened.title.starts_with("Access for fanlichun: "), "{opened:?}");
        assert!(opened.body.contains(&format!("~~~yaml\n{FILE}~~~")), "{opened:?}");
        let path = path("PAY-1234-reconcile-refunds");
        assert_eq!(repo.remote(&["show", &format!("{branch}:{path}")]), FILE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_opens_no_second_one() {
    let (repo, forge) = (Repo::new(), Forge::start(Api::Gitea).await);
    forge.break_posts(1);
    let done = repo.with_forge(&forge, Api::Gitea, &flags(&["--pull-request"]), "").await.expect(0);
    assert!(done.stdout.contains("pull request #1: "), "{done:?}");
    assert_eq!(forge.writes().len(), 1);
    let untold = repo.run(&flags(&["--pull-request", "--forge", "gitea"])).expect(1);
    assert!(untold.stderr.contains("--api"), "{untold:?}");
}
