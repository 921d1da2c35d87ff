//! At apply: how something new was merged.

use jumpgate_sandbox::Version;

use crate::comment::forge::{Api, Forge};
use crate::comment::reviews::{PullRequest, Said};
use crate::support::company::{Company, Done};

const POLICY: &str = "environments: [prod]\nprovenance: HOW\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\n";

/// A company whose requests need an approval of liwei.
pub(super) async fn company(how: &str) -> Company {
    let company = Company::with_hosts(Version::V4).await;
    company.write("policy.yaml", &POLICY.replace("HOW", how));
    for (person, login) in [("fanlichun", "fanlc"), ("liwei", "LiWei")] {
        company
            .write(&format!("people/{person}.yaml"), &format!("name: {person}\nforge: {login}\n"));
    }
    // Nobody had to approve anything until here.
    company.merge("rules");
    company
}

pub(super) fn request(asset: &str) -> String {
    format!(
        "for: fanlichun\nreason: \"PAY-1: logs\"\nuntil: 2027-02-28\nservers:\n  - login: app\n    assets: [{asset}]\n"
    )
}

pub(super) async fn run(company: &Company, forge: Option<&Forge>, args: &[&str]) -> Done {
    let mut command = company.command(args);
    if let Some(forge) = forge {
        forge.tell(&mut command);
    }
    let output = tokio::task::spawn_blocking(move || command.output());
    Done::of(output.await.expect("it ends").expect("the command runs"))
}

/// The permissions of fanlichun.
pub(super) fn held(company: &Company) -> usize {
    usize::from(company.jumpserver.permission("jump_app_fanlichun_20270228").is_some())
}

pub(super) fn head(company: &Company) -> String {
    company.git(&["rev-parse", "HEAD"]).trim().to_owned()
}

/// Writes a request on a branch; gives the branch's last commit.
fn branch(company: &Company) -> String {
    company.git(&["checkout", "--quiet", "-b", "branch"]);
    company.write("requests/new.yaml", &request("pay-web-01"));
    company.merge("logs for fanlichun");
    let reviewed = head(company);
    company.git(&["checkout", "--quiet", "main"]);
    reviewed
}

/// How a forge merges.
#[derive(Debug, Clone, Copy)]
enum Way {
    Merge,
    Squash,
    Rebase,
}

/// Merges the branch into main, on which something happened meanwhile; gives the commits that
/// it became.
fn merge(company: &Company, way: Way) -> Vec<String> {
    company.write("people/wangfang.yaml", "name: 王芳\n");
    company.merge("wangfang joins");
    let before = head(company);
    match way {
        Way::Merge => {
            company.git(&["merge", "--quiet", "--no-ff", "-m", "Merge pull request #12", "branch"]);
        }
        Way::Squash => {
            company.git(&["merge", "--quiet", "--squash", "branch"]);
            company.merge("logs for fanlichun");
        }
        Way::Rebase => {
            company.git(&["cherry-pick", "main..branch"]);
        }
    }
    let all = match way {
        Way::Merge => head(company),
        _ => company.git(&["rev-list", "--reverse", &format!("{before}..HEAD")]),
    };
    all.lines().map(str::to_owned).collect()
}

pub(super) fn offer(forge: &Forge, pull: PullRequest) {
    forge.reviewed(|reviewed| reviewed.pulls.insert(pull.number, pull));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_request_is_granted_however_it_was_merged() {
    for (api, way) in [
        (Api::Github, Way::Merge),
        (Api::Github, Way::Squash),
        (Api::Github, Way::Rebase),
        (Api::Gitlab, Way::Merge),
        (Api::Gitea, Way::Squash),
    ] {
        let (company, forge) = (company("forge").await, Forge::start(api).await);
        let mut reviewed = branch(&company);
        if matches!(way, Way::Rebase) {
            // Two commits, of which the second adds another host.
            company.git(&["checkout", "--quiet", "branch"]);
            let both = request("pay-web-01, pay-web-02");
            company.write("requests/new.yaml", &both);
            company.merge("and the other one");
            reviewed = head(&company);
            company.git(&["checkout", "--quiet", "main"]);
        }
        let commits = merge(&company, way);
        let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
        let pull = PullRequest::new(12, "fanlc", &reviewed).merged(&commits);
        offer(&forge, pull.clone());
        let done = run(&company, Some(&forge), &["apply", "--yes"]).await.expect(4);
        assert!(done.stdout.contains("JG260"), "{api:?} {way:?}\n{}", done.stdout);
        assert!(
            done.stdout.replace("\n        ", " ").contains("#12 was merged without 1 approval of"),
            "{api:?} {way:?}\n{}",
            done.stdout
        );
        assert_eq!(held(&company), 0, "{api:?} {way:?}");
        // An approval after the merge is none.
        let mut late = pull.clone().review("LiWei", Said::Yes);
        late.reviews[0].at = "2026-11-20T11:00:00Z".to_owned();
        offer(&forge, late);
        run(&company, Some(&forge), &["apply", "--yes"]).await.expect(4);
        assert_eq!(held(&company), 0, "{api:?} {way:?}");
        offer(&forge, pull.review("LiWei", Said::Yes));
        run(&company, Some(&forge), &["apply", "--yes"]).await.expect(0);
        assert_eq!(held(&company), 1, "{api:?} {way:?}");
        // Nothing is new: nothing is asked.
        let asked = forge.asked().len();
        run(&company, Some(&forge), &["apply", "--yes"]).await.expect(0);
        assert_eq!(forge.asked().len(), asked, "{api:?} {way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pushed_past_a_pull_request_gets_nothing_new_and_loses_nothing() {
    for how in ["git", "forge"] {
        let (company, forge) = (company("off").await, Forge::start(Api::Github).await);
        company.write("requests/new.yaml", &request("pay-web-01"));
        company.merge("logs for fanlichun");
        run(&company, None, &["apply", "--yes"]).await.expect(0);
        assert_eq!(held(&company), 1);
        // A harmless commit behind it hides nothing.
        company.write("requests/new.yaml", &request("pay-web-01, pay-web-02"));
        company.merge("pushed");
        let reworded = request("pay-web-01, pay-web-02").replace("logs", "other logs");
        company.write("requests/new.yaml", &reworded);
        company.merge("in other words");
        let args = ["apply", "--yes", "--provenance", how];
        let done = run(&company, Some(&forge), &args).await.expect(4);
        assert!(done.stdout.contains("JG260"), "{how}\n{}", done.stdout);
        let permission = company.jumpserver.permission("jump_app_fanlichun_20270228");
        let permission = permission.expect("what was live stays");
        assert_eq!(permission.assets.len(), 1, "{how}");
        // A plan says the same as apply.
        let plan = run(&company, Some(&forge), &["plan", "--provenance", how]).await.expect(4);
        assert!(plan.stdout.contains("JG260"), "{how}\n{}", plan.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nothing_new_is_granted_and_the_flag_never_loosens() {
    let company = company("forge").await;
    branch(&company);
    merge(&company, Way::Merge);
    let args = ["apply", "--yes", "--provenance", "off"];
    let done = run(&company, None, &args).await.expect(5);
    assert!(done.stdout.contains("JG261"), "{}", done.stdout);
    assert_eq!(held(&company), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_holds_more_than_was_approved_is_refused() {
    let (company, forge) = (company("forge").await, Forge::start(Api::Github).await);
    let reviewed = branch(&company);
    company.git(&["merge", "--quiet", "--no-ff", "--no-commit", "branch"]);
    company.write("requests/new.yaml", &request("pay-web-01, pay-web-02"));
    company.git(&["add", "--all"]);
    company.git(&["commit", "--quiet", "-m", "Merge pull request #12"]);
    let merge = head(&company);
    let pull = PullRequest::new(12, "fanlc", &reviewed).review("LiWei", Said::Yes);
    offer(&forge, pull.merged(&[&merge]));
    let done = run(&company, Some(&forge), &["apply", "--yes"]).await.expect(4);
    assert!(done.stdout.contains("holds something else than #12"), "{}", done.stdout);
    assert_eq!(held(&company), 0);
}

/// Rules that nobody approved judge nothing: softer ones do not open the door.
#[tokio::test(flavor = "multi_thread")]
async fn rules_that_were_pushed_past_a_pull_request_open_nothing() {
    let (company, forge) = (company("forge").await, Forge::start(Api::Github).await);
    company.write("policy.yaml", "environments: [prod]\nprovenance: forge\n");
    company.merge("softer");
    // By softer rules nobody has to approve the next edit of them, which therefore says nothing.
    company.write("policy.yaml", "environments: [prod]\nprovenance: forge\n# for now\n");
    company.merge("a remark");
    company.write("requests/new.yaml", &request("pay-web-01"));
    company.merge("logs for fanlichun");
    let done = run(&company, Some(&forge), &["apply", "--yes"]).await.expect(4);
    assert!(done.stdout.contains("the rules themselves"), "{}", done.stdout);
    assert_eq!(held(&company), 0);
}

/// A pull request into another branch approves nothing here.
#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_into_another_branch_does_not_count() {
    let (company, forge) = (company("forge").await, Forge::start(Api::Github).await);
    let reviewed = branch(&company);
    let commits = merge(&company, Way::Squash);
    let mut pull = PullRequest::new(12, "fanlc", &reviewed).review("LiWei", Said::Yes);
    pull.base = "soft".to_owned();
    offer(&forge, pull.merged(&[&commits[0]]));
    let done = run(&company, Some(&forge), &["apply", "--yes"]).await.expect(4);
    assert!(done.stdout.contains("went into soft"), "{}", done.stdout);
    assert_eq!(held(&company), 0);
}

/// What is given back outlives its end, and what is adopted goes with the request: each needs
/// what a new request needs, also at apply.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_back_past_a_pull_request_stays_ours() {
    for how in ["git", "forge"] {
        let (company, forge) = (company("off").await, Forge::start(Api::Github).await);
        company.write("requests/new.yaml", &request("pay-web-01"));
        company.merge("logs for fanlichun");
        run(&company, None, &["apply", "--yes"]).await.expect(0);
        let released = request("pay-web-01") + "release: true\n";
        company.write("requests/new.yaml", &released);
        company.merge("pushed");
        let args = ["apply", "--yes", "--provenance", how];
        let done = run(&company, Some(&forge), &args).await.expect(4);
        assert!(done.stdout.contains("JG260"), "{how}\n{}", done.stdout);
        let permission = company.jumpserver.permission("jump_app_fanlichun_20270228");
        let permission = permission.expect("it stays");
        assert!(permission.comment.contains("jumpgate"), "{how} {permission:?}");
    }
}

/// The branch of a merged pull request may be anything later: what was merged counts.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_branch_became_after_the_merge_counts_for_nothing() {
    for (approved, held_then) in [(false, 0), (true, 1)] {
        let (company, forge) = (company("forge").await, Forge::start(Api::Gitea).await);
        let before = head(&company);
        let reviewed = branch(&company);
        let commits = merge(&company, Way::Squash);
        let pull = PullRequest::new(12, "fanlc", &reviewed);
        let of = if approved { &reviewed } else { &before };
        let mut pull = pull.review_of("LiWei", Said::Yes, of).merged(&[&commits[0]]);
        // Reset to what was approved, or pushed to again.
        pull.branch_now = Some(before.clone());
        offer(&forge, pull);
        run(&company, Some(&forge), &["apply", "--yes"]).await.expect(if approved { 0 } else { 4 });
        assert_eq!(held(&company), held_then);
    }
}

/// GitLab's usual way to merge what is squashed: the merge holds the squashed commit.
#[tokio::test(flavor = "multi_thread")]
async fn a_squash_that_is_merged_counts() {
    let (company, forge) = (company("forge").await, Forge::start(Api::Gitlab).await);
    let reviewed = branch(&company);
    let base = head(&company);
    company.git(&["checkout", "--quiet", "-b", "squashed"]);
    company.git(&["merge", "--quiet", "--squash", "branch"]);
    company.merge("logs for fanlichun");
    let squash = head(&company);
    company.git(&["checkout", "--quiet", "main"]);
    assert_eq!(base, head(&company));
    company.git(&["merge", "--quiet", "--no-ff", "-m", "Merge branch 'branch'", "squashed"]);
    let pull = PullRequest::new(12, "fanlc", &reviewed).review("LiWei", Said::Yes);
    let pull = PullRequest { squash: Some(squash), ..pull.merged(&[&head(&company)]) };
    offer(&forge, pull);
    run(&company, Some(&forge), &["apply", "--yes"]).await.expect(0);
    assert_eq!(held(&company), 1);
}

/// One commit may have gone into several branches, each by a pull request of its own.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_pull_requests_that_into_this_branch_counts() {
    let (company, forge) = (company("forge").await, Forge::start(Api::Gitlab).await);
    let reviewed = branch(&company);
    let commits = merge(&company, Way::Squash);
    let pull = PullRequest::new(12, "fanlc", &reviewed).review("LiWei", Said::Yes);
    let pull = pull.merged(&[&commits[0]]);
    let other = PullRequest { number: 11, base: "feature".to_owned(), ..pull.clone() };
    offer(&forge, other);
    offer(&forge, pull);
    run(&company, Some(&forge), &["apply", "--yes"]).await.expect(0);
    assert_eq!(held(&company), 1);
}
