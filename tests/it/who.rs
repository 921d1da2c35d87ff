//! `jumpgate who` and `jumpgate why`: answers from git, and from the forge when it is asked.

use jumpgate_sandbox::Version;

use crate::comment::forge::{Api, Forge};
use crate::comment::reviews::{PullRequest, Said};
use crate::support::company::{Company, Done, folded};

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: look at the logs\"
until: 2089-02-28
servers:
  - login: app
    nodes: [ROOT/payments/prod]
";

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_request_answers_who_wrote_and_who_merged_it() {
    let company = Company::with_hosts(Version::V4).await;
    company.git(&["checkout", "--quiet", "-b", "refunds"]);
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.git(&["add", "--all"]);
    company.git(&[
        "-c",
        "user.name=fanlichun",
        "-c",
        "user.email=fanlichun@acme.example",
        "commit",
        "--quiet",
        "--message",
        "Logs for me",
    ]);
    company.git(&["checkout", "--quiet", "main"]);
    company.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "--message",
        "Merge pull request #12 from fanlc/refunds",
        "refunds",
    ]);
    company.write("people/liwei.yaml", "name: 李伟\nforge: liw\n");
    company.merge("something else");

    let node = format!("{}/payments/prod/eu", company.root);
    let answer = company.run(&["why", "fanlichun", &node]).await.expect(0);
    for words in [
        "fanlichun: login app on",
        "(active)",
        "because \"PAY-1234: look at the logs\"",
        "requests/PAY-1234.yaml:6",
        "written by fanlichun <fanlichun@acme.example>",
        "merged by liwei <liwei@acme.example>",
        "#12",
    ] {
        assert!(answer.stdout.contains(words), "{words}: {}", answer.stdout);
    }
    let json = company.run(&["who", &node, "--rev", "HEAD", "--format", "json"]).await.expect(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["grants"][0]["origin"]["pull_request"], "#12");
    let other = company.run(&["who", &format!("{}/hr", company.root)]).await.expect(0);
    assert!(other.stdout.starts_with("By git nobody has anything on"), "{}", other.stdout);
    let unknown = company.run(&["who", "orders-prd"]).await.expect(1);
    assert!(unknown.stderr.contains("nothing in the inventory is called orders-prd"));
}

/// Runs with a token for a forge.
async fn asked(company: &Company, forge: &Forge, args: &[&str]) -> Done {
    let mut command = company.command(args);
    forge.tell(&mut command);
    let output = tokio::task::spawn_blocking(move || command.output());
    Done::of(output.await.expect("it ends").expect("the command runs"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forge_tells_who_approved_and_who_merged() {
    for api in [Api::Github, Api::Gitlab, Api::Gitea, Api::Gitee] {
        let company = Company::with_hosts(Version::V4).await;
        company.write("people/fanlichun.yaml", "name: 范立春\nforge: fanlc\n");
        company.write("people/liwei.yaml", "name: 李伟\nforge: LiWei\n");
        company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
        company.merge("Logs for fanlichun (#12)");
        let merge = company.git(&["rev-parse", "HEAD"]).trim().to_owned();
        let older = "c3ab8ff13720".repeat(4)[..40].to_owned();
        let forge = Forge::start(api).await;
        let mut pull = PullRequest::new(12, "fanlc", &"5f0c6f0e8f4e".repeat(4)[..40])
            .review_of("wangfang", Said::Yes, &older)
            .review("zhaomin", Said::Yes)
            .review("liwei", Said::Yes)
            .review("zhaomin", Said::No)
            .merged(&[&merge]);
        pull.merger = Some("LiWei".to_owned());
        // After the merge nothing is an approval any more.
        let mut late = pull.clone().review("sunli", Said::Yes);
        late.reviews[4].at = "2026-11-20T11:00:00Z".to_owned();
        forge.reviewed(|reviewed| reviewed.pulls.insert(12, late));
        let node = format!("{}/payments/prod", company.root);
        let why = ["why", "fanlichun", &node];

        // A token in the environment alone sends nothing.
        let silent = asked(&company, &forge, &why).await.expect(0);
        assert!(!silent.stdout.contains("approved"), "{}", silent.stdout);
        assert!(forge.asked().is_empty(), "{api:?} {:?}", forge.asked());

        let text = [&why[..], &["--approvals"]].concat();
        let json = [&text[..], &["--format", "json"]].concat();
        if api == Api::Gitee {
            // It does not tell which pull request brought a commit, and no merge commit.
            let done = asked(&company, &forge, &text).await.expect(5);
            assert!(done.stdout.contains("who approved it is not known: "), "{}", done.stdout);
            continue;
        }
        let done = asked(&company, &forge, &text).await.expect(0);
        let told = done.stdout.replace("\n    ", " ");
        let url = match api {
            Api::Github => "https://git.acme.example/acme/access/pull/12",
            Api::Gitlab => "https://git.acme.example/ops/access/-/merge_requests/12",
            _ => "https://git.acme.example/acme/access/pulls/12",
        };
        for words in [
            "  pull request #12 of fanlc (fanlichun)\n",
            &format!("  {url}\n"),
            "  approved by liwei on 2026-11-20\n",
            "  approved by wangfang (not in people/) on 2026-11-20, an older state (c3ab8ff13720)\n",
            "  merged at the forge by LiWei on 2026-11-20\n",
        ] {
            assert!(told.contains(words), "{api:?} {words}\n{told}");
        }
        assert!(!told.contains("zhaomin"), "{api:?}\n{told}");
        assert!(!told.contains("sunli"), "{api:?}\n{told}");
        let done = asked(&company, &forge, &json).await.expect(0);
        let json: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
        let schema = company.run(&["schema", "who"]).await.expect(0).stdout;
        let schema = serde_json::from_str(&schema).expect("a schema");
        jsonschema::validate(&schema, &json).expect("it has its form");
        let pull = &json["grants"][0]["forge"]["pull_request"];
        assert_eq!(pull["merged_by"]["person"], "liwei", "{api:?} {pull:#}");
        assert_eq!(pull["url"], url, "{api:?} {pull:#}");
        assert_eq!(pull["approved_by"][0]["last"], true, "{api:?} {pull:#}");
        assert_eq!(pull["approved_by"][1]["commit"], older.as_str(), "{api:?} {pull:#}");

        // A commit that nobody offered, and a forge that is down.
        forge.reviewed(|reviewed| reviewed.pulls.clear());
        let none = asked(&company, &forge, &text).await.expect(0);
        assert!(none.stdout.contains("the forge knows no merged pull request"), "{}", none.stdout);
        forge.break_down(9);
        let down = asked(&company, &forge, &text).await.expect(5);
        assert!(down.stdout.contains("who approved it is not known: the forge answered 502"));
        assert!(down.stderr.contains("error: who approved commit"), "{}", down.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_released_is_told_as_released() {
    let company = Company::with_hosts(Version::V4).await;
    let node = format!("{}/payments/prod", company.root);
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.merge("logs for fanlichun");
    company.run(&["release", "PAY-1234"]).await.expect(0);
    company.merge("give it back");
    for ask in [&["who", &node][..], &["why", "fanlichun", &node]] {
        let answer = company.run(ask).await.expect(0);
        let folded = folded(&answer.stdout);
        assert!(folded.contains("(released)") && !folded.contains("(active)"), "{folded}");
        assert!(folded.contains("jumpgate gives nothing by it any more"), "{folded}");
        let json = company.run(&[ask, &["--format", "json"]].concat()).await.expect(0);
        let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
        assert_eq!(json["grants"][0]["state"], "released");
    }
    let mine = company.run(&["mine", "fanlichun"]).await.expect(0);
    assert!(mine.stdout.contains("PAY-1234 (released)"), "{}", mine.stdout);
    assert!(!mine.stdout.contains("How to connect"), "{}", mine.stdout);
    let list = company.run(&["list", "servers", "--person", "fanlichun"]).await.expect(0);
    let folded = folded(&list.stdout);
    assert!(folded.contains("fanlichun had login app on"), "{folded}");
    let status = company.run(&["status", "PAY-1234"]).await.expect(0);
    assert!(status.stdout.contains("PAY-1234: released"), "{}", status.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_git_alone_cannot_know_is_said() {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    let instance = format!("{}databases: [orders]\ntls: {{ mode: off }}\n", company.instance(1));
    let verify = "tls: { mode: verify, ca: inventory/ca/db.pem }\n";
    company.write("inventory/databases/orders-prod.yaml", &instance.replace(verify, ""));
    company.merge("Logs for me");
    let asset = company.run(&["who", "pay-web-01"]).await.expect(0);
    let says = "Git does not say whether pay-web-01 lies below a node that somebody has";
    assert!(asset.stdout.contains(says), "{}", asset.stdout);
    assert!(asset.stdout.starts_with("No request names pay-web-01 itself."), "{}", asset.stdout);
    let live = company.run(&["who", "pay-web-01", "--live"]).await.expect(0);
    assert!(!live.stdout.contains("By git nobody"), "{}", live.stdout);
    assert!(!live.stdout.contains("Git does not say"), "{}", live.stdout);
    let nobody = company.run(&["why", "liwei", "pay-web-01"]).await.expect(0);
    assert!(!nobody.stdout.contains("Git does not say"), "{}", nobody.stdout);
    let slip = company.run(&["who", "orders-prod.invoices"]).await.expect(0);
    let says = "orders-prod offers no database invoices: it offers ";
    assert!(slip.stdout.contains(says), "{}", slip.stdout);
    let known = company.run(&["who", "orders-prod.orders"]).await.expect(0);
    assert!(!known.stdout.contains("offers no database"), "{}", known.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_not_nobodys() {
    let company = Company::with_hosts(Version::V4).await;
    let root = company.root;
    let wrong = format!("{root}/payments/prdo");
    let near = format!("JumpServer has no node {wrong}; did you mean {root}/payments/prod?");
    for ask in [&["who", &wrong, "--live"][..], &["why", "liwei", &wrong, "--live"]] {
        let done = company.run(ask).await.expect(1);
        assert!(folded(&done.stderr).contains(&near), "{}", done.stderr);
        assert_eq!(done.stdout, "");
    }
    company.run(&["who", "/", "--live"]).await.expect(0);
    // Git alone says what it does not have, and what differs in case.
    let case = format!("{}/payments/prod", root.to_lowercase());
    let done = company.run(&["who", &case]).await.expect(0);
    let told = format!("No entry of the inventory has {case} in, below or above it; it has {root}");
    assert!(folded(&done.stdout).contains(&told), "{}", done.stdout);

    // An asset that is offered through its node alone.
    company.jumpserver.add_asset(jumpgate_sandbox::NewAsset {
        nodes: vec![format!("{root}/payments/prod")],
        ..jumpgate_sandbox::NewAsset::host("lone-07", "10.1.0.77")
    });
    let done = company.run(&["who", "lone-07"]).await.expect(1);
    assert!(folded(&done.stderr).contains("with `--live` an asset"), "{}", done.stderr);
    let done = company.run(&["who", "lone-07", "--live"]).await.expect(0);
    assert!(done.stdout.contains("no way to lone-07"), "{}", done.stdout);
    company.run(&["why", "liwei", "lone-07", "--live"]).await.expect(0);
}
