//! An emergency from the request to the approval afterwards.

use jumpgate_sandbox::Version;

use super::merged::{head, run};
use crate::comment::forge::{Api, Forge};
use crate::comment::reviews::{PullRequest, Said};
use crate::support::company::{Company, Done, folded};

const POLICY: &str = "environments: [prod]\nowners: [liwei]\nprovenance: HOW\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\nemergency:\n  mergers: [wangfang]\n  longest: 4h\n";

/// A company in which wangfang may merge emergencies and liwei owns the servers; an emergency
/// of fanlichun is merged by the git user `merger`. Gives the commit of the merge.
async fn company(how: &str, merger: &str) -> (Company, String) {
    company_of(how, merger, "wangfang").await
}

/// The same with another person who may merge emergencies.
async fn company_of(how: &str, merger: &str, may: &str) -> (Company, String) {
    let company = Company::with_hosts(Version::V4).await;
    company.write(
        "policy.yaml",
        &POLICY.replace("HOW", how).replace("[wangfang]", &format!("[{may}]")),
    );
    for (person, login) in [("fanlichun", "fanlc"), ("liwei", "LiWei"), ("wangfang", "wangfang")] {
        let text = format!("name: {person}\nforge: {login}\nemail: {person}@acme.example\n");
        company.write(&format!("people/{person}.yaml"), &text);
    }
    company.merge("rules");
    company.git(&["checkout", "--quiet", "-b", "branch"]);
    let args = [
        "request",
        "--for",
        "fanlichun",
        "--server",
        "pay-web-01",
        "--login",
        "app",
        "--hours",
        "2",
        "--emergency",
        "payments are down, INC-77",
        "--name",
        "INC-77",
    ];
    let done = run(&company, None, &args).await.expect(0);
    assert!(done.stdout.contains("EMERGENCY"), "{}", done.stdout);
    assert!(done.stdout.contains("! emergency, production"), "{}", done.stdout);
    company.merge("payments are down");
    company.git(&["checkout", "--quiet", "main"]);
    let (name, mail) = (format!("user.name={merger}"), format!("user.email={merger}@acme.example"));
    company.git(&[
        "-c",
        &name,
        "-c",
        &mail,
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge pull request #12",
        "branch",
    ]);
    let merge = head(&company);
    (company, merge)
}

fn file(company: &Company) -> std::path::PathBuf {
    let year = jiff::Timestamp::now()
        .to_zoned_datetime(jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"));
    company.dir().join(format!("requests/{}/INC-77.yaml", year.strftime("%Y")))
}

/// How many permissions fanlichun has.
fn held(company: &Company) -> usize {
    let all = company.jumpserver.permissions();
    all.iter().filter(|one| one.name.starts_with("jump_app_fanlichun")).count()
}

fn words(done: &Done) -> String {
    folded(&done.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn those_whom_policy_names_merge_it_and_nobody_else() {
    for api in [Api::Github, Api::Gitlab, Api::Gitea] {
        let ((company, merge), forge) = (company("forge", "liwei").await, Forge::start(api).await);
        let reviewed = company.git(&["rev-parse", "branch"]).trim().to_owned();
        let pull = PullRequest::new(12, "fanlc", &reviewed).merged(&[&merge]);
        let offer = |pull: PullRequest| {
            forge.reviewed(|reviewed| reviewed.pulls.insert(12, pull));
        };
        offer(pull.clone());
        let done = run(&company, Some(&forge), &["apply", "--yes"]).await.expect(5);
        assert!(words(&done).contains("does not tell who merged #12"), "{api:?} {}", done.stdout);
        offer(pull.clone().by("LiWei"));
        let done = run(&company, Some(&forge), &["apply", "--yes"]).await.expect(4);
        let wanted = "LiWei merged it, and it needs a merge by wangfang for the emergency";
        assert!(words(&done).contains(wanted), "{api:?} {}", done.stdout);
        assert_eq!(held(&company), 0, "{api:?}");
        offer(pull.by("WangFang"));
        let done = run(&company, Some(&forge), &["apply", "--yes"]).await.expect(0);
        assert!(done.stdout.contains("JG253"), "{api:?} {}", done.stdout);
        assert_eq!(held(&company), 1, "{api:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn git_alone_tells_who_merged_by_the_address() {
    let (company, _) = company("git", "fanlichun").await;
    let done = run(&company, None, &["apply", "--yes"]).await.expect(4);
    assert!(words(&done).contains("fanlichun merged it, and it needs a merge by wangfang"));
    assert_eq!(held(&company), 0);
    let (company, _) = self::company("git", "noreply").await;
    let done = run(&company, None, &["apply", "--yes"]).await.expect(5);
    assert!(words(&done).contains("git does not tell who merged this emergency"));
    let (company, _) = self::company("git", "wangfang").await;
    run(&company, None, &["apply", "--yes"]).await.expect(0);
    assert_eq!(held(&company), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_merges_his_own_is_told_loudly() {
    let (company, _) = company_of("git", "fanlichun", "fanlichun").await;
    let plan = run(&company, None, &["plan"]).await.expect(0);
    let wanted = "JG259 fanlichun merged this emergency and gets something by it";
    assert!(words(&plan).contains(wanted), "{}", plan.stdout);
    run(&company, None, &["apply", "--yes"]).await.expect(0);
    assert_eq!(held(&company), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_a_finding_until_an_owner_approves_it_by_a_pull_request() {
    let ((company, merge), forge) =
        (company("forge", "wangfang").await, Forge::start(Api::Github).await);
    let reviewed = company.git(&["rev-parse", "branch"]).trim().to_owned();
    let asked = PullRequest::new(12, "fanlc", &reviewed).merged(&[&merge]).by("wangfang");
    forge.reviewed(|reviewed| reviewed.pulls.insert(12, asked));
    run(&company, Some(&forge), &["apply", "--yes"]).await.expect(0);
    let plan = run(&company, Some(&forge), &["plan"]).await.expect(0);
    assert!(plan.stdout.contains("JG253"), "{}", plan.stdout);
    let audit = run(&company, None, &["audit"]).await.expect(0);
    assert!(audit.stdout.contains("emergency: JG253"), "{}", audit.stdout);
    // The one who got it cannot, whoever merges that.
    let own = ["approve-emergency", "INC-77", "--by", "fanlichun"];
    let name = file(&company);
    let request = name.strip_prefix(company.dir()).expect("below it").to_str().expect("a path");
    let own = [own[0], request, own[2], own[3]];
    let refused = run(&company, None, &own).await.expect(4);
    assert!(words(&refused).contains("nobody approves for himself"), "{}", refused.stdout);
    let by_owner = ["approve-emergency", request, "--by", "liwei"];
    let done = run(&company, None, &by_owner).await.expect(0);
    assert!(words(&done).contains("Needs 1 approval of liwei"), "{}", done.stdout);
    company.merge("afterwards");
    // Pushed past a pull request it does not count.
    let plan = run(&company, Some(&forge), &["plan"]).await.expect(4);
    assert!(plan.stdout.contains("JG258"), "{}", plan.stdout);
    let commit = head(&company);
    let pull = PullRequest::new(13, "wangfang", &commit).merged(&[&commit]);
    forge.reviewed(|reviewed| reviewed.pulls.insert(13, pull.clone()));
    let plan = run(&company, Some(&forge), &["plan"]).await.expect(4);
    assert!(words(&plan).contains("#13 was merged without 1 approval of liwei"), "{}", plan.stdout);
    // Another owner approves nothing in the name of one.
    let other = pull.clone().review("WangFang", Said::Yes);
    forge.reviewed(|reviewed| reviewed.pulls.insert(13, other));
    let plan = run(&company, Some(&forge), &["plan"]).await.expect(4);
    assert!(words(&plan).contains("#13 was merged without 1 approval of liwei"), "{}", plan.stdout);
    let pull = pull.review("LiWei", Said::Yes);
    forge.reviewed(|reviewed| reviewed.pulls.insert(13, pull));
    let plan = run(&company, Some(&forge), &["plan"]).await.expect(0);
    assert!(!plan.stdout.contains("JG25"), "{}", plan.stdout);
}

/// The plan after a pull request of `writer` that names liwei was merged by `merger`.
async fn named_by(how: &str, writer: &str, merger: &str) -> Done {
    let (company, _) = company(how, "wangfang").await;
    let by = |who: &str, args: &[&str]| {
        let (name, mail) = (format!("user.name={who}"), format!("user.email={who}@acme.example"));
        company.git(&[&["-c", &name, "-c", &mail], args].concat());
    };
    company.git(&["checkout", "--quiet", "-b", "afterwards"]);
    let name = file(&company);
    let request = name.strip_prefix(company.dir()).expect("below it").to_str().expect("a path");
    run(&company, None, &["approve-emergency", request, "--by", "liwei"]).await.expect(0);
    by(writer, &["commit", "--quiet", "--all", "-m", "afterwards"]);
    company.git(&["checkout", "--quiet", "main"]);
    by(merger, &["merge", "--quiet", "--no-ff", "-m", "Merge pull request #13", "afterwards"]);
    run(&company, None, &["plan"]).await.expect(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_file_says_of_an_approval_is_told_so() {
    let off = named_by("off", "liwei", "liwei").await;
    let wanted = "JG235 that liwei approved this emergency afterwards is its file's word alone";
    assert!(words(&off).contains(wanted), "{}", off.stdout);
    let git = named_by("git", "fanlichun", "wangfang").await;
    assert!(words(&git).contains(wanted), "{}", git.stdout);
    assert!(!git.stdout.contains("JG253"), "{}", git.stdout);
    for (writer, merger) in [("liwei", "wangfang"), ("fanlichun", "liwei")] {
        let git = named_by("git", writer, merger).await;
        assert!(!git.stdout.contains("JG235"), "{writer} {merger} {}", git.stdout);
    }
}
