//! `jumpgate who` and `jumpgate why`: answers from git alone.

use jumpgate_sandbox::Version;

use crate::support::company::Company;

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
