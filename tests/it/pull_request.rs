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

/// A company with rules on the base that the request of the branch breaks: 7 days of `app`.
async fn judged() -> Company {
    let company = branch().await;
    company.git(&["checkout", "--quiet", "main"]);
    company.write(
        "policy.yaml",
        "environments: [prod, test]\nlimits:\n  - { when: { environment: prod }, longest: 7d, end: required, approvals: 2 }\n",
    );
    company.write("teams/payments.yaml", "members: [liwei]\n");
    company.merge("a stricter policy");
    company.git(&["checkout", "--quiet", "-B", "branch"]);
    company.write("requests/new.yaml", &liwei(&company));
    company.merge("logs for liwei");
    company
}

/// What the base says of a branch: exit code, owner, JumpServer, owners, approvals, and the
/// findings of policy.
async fn judgement(company: &Company) -> (i32, Value) {
    let plan = company.run(&["plan", "--base", "main", "--format", "json"]).await;
    let report: Value = serde_json::from_str(&plan.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", plan.stdout, plan.stderr));
    let beyond = report["findings"].as_array().expect("findings").iter();
    // A looser policy is shown, beyond that, as what it gives by other requests.
    let of_the_branch = |finding: &&Value| {
        finding["code"] == "JG240" && finding["site"]["file"] == "requests/new.yaml"
    };
    let beyond: Vec<_> = beyond.filter(of_the_branch).cloned().collect();
    let said = serde_json::json!({
        "owner": report["owner"], "owners": report["owners"], "approvals": report["approvals"],
        "beyond": beyond, "live": report["live"]["state"],
    });
    (plan.code, said)
}

/// Each kind of edit alone: whatever it is, the base judges, the base's JumpServer alone is
/// asked, and it is only read.
#[tokio::test(flavor = "multi_thread")]
async fn no_single_edit_changes_the_judge_or_who_is_contacted() {
    let company = judged().await;
    let expected = judgement(&company).await;
    assert_eq!(expected.0, 4, "{expected:?}");
    assert_eq!(expected.1["approvals"], 2);
    assert_eq!(expected.1["owners"], serde_json::json!(["liwei"]));
    assert_eq!(expected.1["beyond"].as_array().map(Vec::len), Some(1), "{expected:?}");
    let elsewhere = jumpgate_sandbox::Sandbox::start(jumpgate_sandbox::Options::new(Version::V4));
    let elsewhere = elsewhere.await.expect("the sandbox starts");
    let (root, url) = (company.root, company.jumpserver.url());
    let config = |more: &str| {
        format!(
            "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver:\n  url: {url}\n{more}"
        )
    };
    let servers = |entry: &str| {
        format!("servers:\n  - nodes: [{root}/payments/prod]\n    assets: [pay-web-*]\n{entry}")
    };
    let emails = "name: x\nemail: x@acme.example\n";
    let edits: Vec<(&str, Vec<(&str, String)>)> = vec![
        ("policy", vec![("policy.yaml", "environments: [prod]\nlimits: []\n".to_owned())]),
        (
            "environment",
            vec![(
                "inventory/servers.yaml",
                servers("    environment: test\n    owners: [liwei]\n    logins: [app]\n"),
            )],
        ),
        (
            "owners",
            vec![(
                "inventory/servers.yaml",
                servers("    environment: prod\n    owners: [fanlichun]\n    logins: [app]\n"),
            )],
        ),
        (
            "no owners",
            vec![("inventory/servers.yaml", servers("    environment: prod\n    logins: [app]\n"))],
        ),
        ("teams", vec![("teams/payments.yaml", "members: [fanlichun]\n".to_owned())]),
        ("owner", vec![("jumpgate.yaml", config("").replace("acme", "mallory"))]),
        (
            "time zone",
            vec![("jumpgate.yaml", config("").replace("Asia/Shanghai", "America/New_York"))],
        ),
        ("prefix", vec![("jumpgate.yaml", config("prefix: other\n"))]),
        ("guard", vec![("jumpgate.yaml", config("guard: { removals: 100000, percent: 100 }\n"))]),
        ("organization", vec![("jumpgate.yaml", config("  organization: Other\n"))]),
        ("jumpserver", vec![("jumpgate.yaml", config("").replace(&url, &elsewhere.url()))]),
        (
            "people.source",
            vec![
                ("jumpgate.yaml", config("people: { source: repo }\n")),
                ("people/fanlichun.yaml", emails.replace('x', "f")),
                ("people/liwei.yaml", emails.replace('x', "l")),
            ],
        ),
        ("levels", vec![("jumpgate.yaml", config("levels: { r: [SELECT, DELETE, DROP] }\n"))]),
        (
            "logins",
            vec![(
                "jumpgate.yaml",
                config(
                    "logins: { app: { accounts: [app, root], protocols: [ssh], actions: [connect] } }\n",
                ),
            )],
        ),
        (
            "git files",
            vec![
                (".gitattributes", "* filter=evil diff=evil merge=evil ident\n".to_owned()),
                (
                    ".gitmodules",
                    format!(
                        "[submodule \"x\"]\n\tpath = requests/x\n\turl = {}\n",
                        elsewhere.url()
                    ),
                ),
                (
                    ".gitconfig",
                    format!(
                        "[core]\n\tfsmonitor = touch was-run\n[http]\n\tproxy = {}\n",
                        elsewhere.url()
                    ),
                ),
                (".mailmap", "liwei <liwei@acme.example> <mallory@acme.example>\n".to_owned()),
                ("HEAD", "ref: refs/heads/main\n".to_owned()),
                ("config", "[core]\n\tbare = true\n".to_owned()),
                ("objects/info/alternates", "/\n".to_owned()),
                ("refs/heads/main", "0000000000000000000000000000000000000001\n".to_owned()),
                ("hooks/post-checkout", "#!/bin/sh\ntouch was-run\n".to_owned()),
                (
                    ".env",
                    format!("JUMPGATE_JUMPSERVER_URL={0}\nHTTPS_PROXY={0}\n", elsewhere.url()),
                ),
            ],
        ),
    ];
    for (what, files) in edits {
        for (path, text) in files {
            company.write(path, &text);
        }
        company.merge(what);
        company.jumpserver.clear_requests();
        let (code, found) = judgement(&company).await;
        // Another zone moves the end of what is asked for, and the judge says so.
        let found = match what {
            "time zone" => {
                let text = found.to_string();
                assert!(text.contains("24:00 -05:00"), "{text}");
                serde_json::from_str(&text.replace("24:00 -05:00", "24:00 +08:00")).expect("JSON")
            }
            _ => found,
        };
        assert_eq!((code, found), expected, "{what}");
        let requests = company.jumpserver.requests();
        assert!(!requests.is_empty() && requests.iter().all(|one| one.is_read()), "{what}");
        assert!(elsewhere.requests().is_empty(), "{what}: another server was asked");
        assert!(!company.has("was-run"), "{what}: a program was run");
        company.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
        company.git(&["clean", "--quiet", "-fd"]);
    }
}
