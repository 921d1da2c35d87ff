//! `jumpgate plan --base`: what a pull request changes, with and without credentials.

use jumpgate_sandbox::Version;
use serde_json::Value;

use crate::support::company::{Company, Done};
use crate::support::servers::Kind;

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: look at the logs\"
until: 2027-02-28
servers:
  - login: app
    nodes: [ROOT/payments/prod]
";

/// A company whose `main` is applied, with a branch that is checked out.
async fn branch() -> Company {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    company.git(&["checkout", "--quiet", "-b", "branch"]);
    company.jumpserver.clear_requests();
    company
}

async fn without_credentials(company: &Company, args: &[&str]) -> Done {
    let mut command = company.command(args);
    for name in ["JUMPGATE_JUMPSERVER_TOKEN", "JUMPGATE_MYSQL_USER", "JUMPGATE_MYSQL_PASSWORD"] {
        command.env_remove(name);
    }
    let output = tokio::task::spawn_blocking(move || command.output());
    Done::of(output.await.expect("it ends").expect("the command runs"))
}

fn liwei(company: &Company) -> String {
    REQUEST.replace("ROOT", company.root).replace("fanlichun", "liwei")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_sees_everything_that_needs_no_credentials() {
    let company = branch().await;
    company.write("requests/new.yaml", &liwei(&company));
    company.merge("logs for liwei");
    // What is merged meanwhile is no part of the branch.
    company.git(&["checkout", "--quiet", "main"]);
    company.remove("requests/PAY-1234.yaml");
    company.merge("not needed any more");
    company.git(&["checkout", "--quiet", "branch"]);

    let args = ["plan", "--base", "main", "--detailed-exitcode"];
    let plan = without_credentials(&company, &args).await.expect(2);
    assert!(plan.stdout.contains("+ liwei gets app on"), "{}", plan.stdout);
    assert!(!plan.stdout.contains("fanlichun"), "{}", plan.stdout);
    assert!(plan.stdout.contains("Not compared with the live state"), "{}", plan.stdout);
    let comment = ["plan", "--base", "main", "--format", "markdown"];
    let first = without_credentials(&company, &comment).await.expect(0);
    assert!(first.stdout.starts_with("`liwei` gets `app` on `"), "{}", first.stdout);
    assert_eq!(first.stdout, without_credentials(&company, &comment).await.stdout);
    assert!(company.jumpserver.requests().is_empty(), "nothing is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_state_tells_what_comes_with_the_branch_and_what_is_pending_anyway() {
    let company = branch().await;
    company.write("requests/new.yaml", &liwei(&company));
    company.merge("logs for liwei");
    // Drift: somebody took the applied permission away.
    let id = company.jumpserver.permission("jump_app_fanlichun_20270228").expect("it").id;
    company.jumpserver.delete_permission(id);
    company.jumpserver.clear_requests();
    let plan = company.run(&["plan", "--base", "main", "--format", "json"]).await.expect(0);
    let report: Value = serde_json::from_str(&plan.stdout).expect("JSON");
    let live = &report["live"];
    assert_eq!(live["state"], "read");
    assert_eq!(live["people"][0]["person"], "liwei");
    assert_eq!(live["people"][0]["steps"][0]["title"], "permission jump_app_liwei_20270228");
    assert_eq!(live["people"].as_array().map(Vec::len), Some(1), "{live:#}");
    assert_eq!(live["pending"][0]["title"], "permission jump_app_fanlichun_20270228");
    let requests = company.jumpserver.requests();
    assert!(!requests.is_empty() && requests.iter().all(|request| request.is_read()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_edit_of_the_branch_changes_the_judge_or_who_is_contacted() {
    let company = branch().await;
    company.git(&["checkout", "--quiet", "main"]);
    company.write(
        "policy.yaml",
        "environments: [prod]\nlimits:\n  - { when: { environment: prod }, longest: 7d, end: required }\n",
    );
    company.merge("a stricter policy");
    company.git(&["checkout", "--quiet", "-B", "branch"]);
    let url = "http://127.0.0.1:9";
    company.write(
        "jumpgate.yaml",
        &format!(
            "version: 1\nowner: mallory\ntime-zone: UTC\njumpserver:\n  url: {url}\n  organization: Other\npeople: {{ source: repo }}\nprefix: other\nguard: {{ removals: 1000, percent: 100 }}\n"
        ),
    );
    company.write("policy.yaml", "environments: [prod]\nlimits: []\n");
    for person in ["fanlichun", "liwei"] {
        company.write(
            &format!("people/{person}.yaml"),
            &format!("name: {person}\nemail: {person}@acme.example\n"),
        );
    }
    company.write("requests/new.yaml", &liwei(&company));
    company.merge("everything in every way");
    let plan = company.run(&["plan", "--base", "main", "--format", "json"]).await.expect(4);
    let report: Value = serde_json::from_str(&plan.stdout).expect("JSON");
    assert_eq!(report["owner"], "acme");
    assert_eq!(report["findings"][0]["code"], "JG240");
    // The base's JumpServer answered, nothing was written, and nobody's user is made.
    assert_eq!(report["live"]["state"], "read");
    let requests = company.jumpserver.requests();
    assert!(!requests.is_empty() && requests.iter().all(|request| request.is_read()));
    assert!(!plan.stdout.contains("\"kind\": \"user\""), "{}", plan.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_has_passed_and_a_missing_base_are_errors() {
    let company = branch().await;
    company.write("requests/new.yaml", &liwei(&company).replace("2027-02-28", "2026-01-31"));
    company.merge("too late");
    let plan = company.run(&["plan", "--base", "main", "--format", "markdown"]).await.expect(3);
    assert!(plan.stderr.contains("error[JG030]"), "{}", plan.stderr);
    assert!(plan.stdout.starts_with("**The files have 1 error"), "{}", plan.stdout);
    let plan = company.run(&["plan", "--base", "nowhere"]).await.expect(1);
    assert!(plan.stderr.contains("there is no commit nowhere"), "{}", plan.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jumpserver_that_does_not_let_us_in_leaves_the_rest() {
    let mut company = branch().await;
    company.write("requests/new.yaml", &liwei(&company));
    company.merge("logs for liwei");
    company.use_token("wrong".to_owned());
    let plan = company.run(&["plan", "--base", "main"]).await.expect(5);
    assert!(plan.stdout.contains("+ liwei gets app on"), "{}", plan.stdout);
    assert!(plan.stdout.contains("Not compared with the live state"), "{}", plan.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_only_read_and_only_where_the_base_says() {
    let company = Company::with_database(Version::V4, Kind::Mariadb1011).await;
    let server = company.server.as_ref().expect("a server");
    company.git(&["checkout", "--quiet", "-b", "branch"]);
    // The branch sends the instance elsewhere, without TLS: nothing listens there.
    let moved = company.instance(9).replace("mode: verify, ca: inventory/ca/db.pem", "mode: off");
    company.write("inventory/databases/orders-prod.yaml", &moved);
    company.write(
        "requests/new.yaml",
        "for: liwei\nreason: refunds\nuntil: 2027-02-28\ndatabases:\n  - instance: orders-prod\n    level: r\n    tables: [billing.invoices]\n",
    );
    company.merge("refunds for liwei");
    server.log_statements().await;
    let plan = company.run(&["plan", "--base", "main", "--format", "json"]).await.expect(0);
    let report: Value = serde_json::from_str(&plan.stdout).expect("JSON");
    assert_eq!(report["findings"][0]["code"], "JG242", "{report:#}");
    let steps = report["live"]["people"][0]["steps"].as_array().expect("steps");
    let titles: Vec<&str> = steps.iter().filter_map(|step| step["title"].as_str()).collect();
    assert_eq!(
        titles,
        ["orders-prod: account jump_db_liwei_r@127.0.0.1", "permission jump_db_liwei_r_20270228"]
    );
    assert_eq!(server.changes().await, [""; 0]);
    assert!(!server.logged().await.is_empty(), "it was read");
    assert!(company.jumpserver.requests().iter().all(|request| request.is_read()));
}
