//! `jumpgate mine` and `jumpgate list` as people run them.

use jumpgate_sandbox::Version;
use serde_json::Value;

use crate::schema::{keeps, validator};
use crate::support::company::{Company, folded};

fn request(root: &str, who: &str, reason: &str) -> String {
    format!(
        "for: {who}\nreason: {reason}\nuntil: 2089-02-28\nservers:\n  - login: app\n    \
         nodes: [{root}/payments/prod]\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_git_and_sees_what_is_merged_and_what_waits() {
    let company = Company::with_hosts(Version::V4).await;
    let root = company.root;
    let unknown = company.run(&["mine"]).await.expect(1);
    assert!(
        unknown.stderr.contains("nobody in people/ has git's user.email liwei@acme.example"),
        "{}",
        unknown.stderr
    );
    company.write("people/liwei.yaml", "name: 李伟\nemail: liwei@acme.example\n");
    company.write("requests/PAY-1234.yaml", &request(root, "liwei", "refunds"));
    company.merge("refunds");
    company.git(&["checkout", "--quiet", "-b", "logs"]);
    company.write("requests/PAY-1250.yaml", &request(root, "[liwei, fanlichun]", "logs"));
    company.merge("logs");
    // What is written and not merged is nobody's: the branch is told, wherever one stands.
    let mine = company.run(&["mine"]).await.expect(0);
    for words in [
        "liwei (李伟), in JumpServer liwei\n\nPAY-1234 (active)\n  because \"refunds\"\n",
        "until 2089-02-28 24:00 +08:00\n",
        "merged by liwei <liwei@acme.example> on 20",
        "payments/prod and everything below it; as app\n",
        "\nWaiting for approval\n\nPAY-1250, in branch logs\n",
        "/luna/\n",
        "ssh -p 2222 liwei@127.0.0.1",
    ] {
        assert!(mine.stdout.contains(words), "{words}: {}", mine.stdout);
    }
    assert_eq!(mine.stdout.matches("PAY-1250").count(), 1);
    let other = company.run(&["mine", "fanlichun", "--format", "json"]).await.expect(0);
    let other: Value = serde_json::from_str(&other.stdout).expect("JSON");
    keeps(&validator("mine"), &other, "mine");
    assert_eq!(other["access"], serde_json::json!([]));
    assert_eq!(other["connect"], Value::Null);
    assert_eq!(other["waiting"][0]["access"][0]["request"], "PAY-1250");
    // Merged as another commit, it waits no longer.
    company.git(&["checkout", "--quiet", "main"]);
    company.git(&["checkout", "--quiet", "logs", "--", "requests/PAY-1250.yaml"]);
    company.merge("logs, squashed");
    let mine = company.run(&["mine"]).await.expect(0);
    assert!(mine.stdout.contains("PAY-1250 (active)"), "{}", mine.stdout);
    assert!(!mine.stdout.contains("Waiting"), "{}", mine.stdout);
    let nobody = company.run(&["mine", "liwe"]).await.expect(1);
    assert!(nobody.stderr.contains("did you mean liwei?"), "{}", nobody.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_tells_the_terms_and_what_a_person_has() {
    let company = Company::with_hosts(Version::V3).await;
    let root = company.root;
    company.write("requests/PAY-1234.yaml", &request(root, "fanlichun", "refunds"));
    let list = company.run(&["list", "servers", "--person", "fanlichun"]).await.expect(0);
    let folded = folded(&list.stdout);
    for words in [
        "/Default/payments/prod and everything below it, pay-web-* (prod, owned by liwei)",
        "login app: also without an end, no approval asked for",
        "fanlichun has login app on /Default/payments/prod and everything below it, until 2089",
    ] {
        assert!(folded.contains(words), "{words}: {}", list.stdout);
    }
    let json = company.run(&["list", "servers", "--format", "json"]).await.expect(0);
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    keeps(&validator("list"), &json, "list");
    assert_eq!(json["offers"][0]["kinds"][0]["terms"][0]["terms"]["approvals"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_an_empty_inventory_says_so_and_is_no_failure() {
    let company = Company::with_hosts(Version::V3).await;
    let none = company.run(&["list", "databases"]).await.expect(0);
    assert!(none.stdout.starts_with("No database may be asked for"), "{}", none.stdout);
    company.remove("inventory/servers.yaml");
    let none = company.run(&["list", "servers"]).await.expect(0);
    assert!(none.stdout.starts_with("No server may be asked for"), "{}", none.stdout);
    for what in ["servers", "databases"] {
        let json = company.run(&["list", what, "--format", "json"]).await.expect(0);
        let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
        assert_eq!(json["offers"], Value::Array(Vec::new()), "{what}");
    }
}
