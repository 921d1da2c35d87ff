//! `jumpgate unused`: what nobody used, and the removal of it.

use jiff::{SignedDuration, Timestamp};
use jumpgate_sandbox::Version;
use serde_json::Value;

use crate::schema::{keeps, validator};
use crate::support::company::Company;
use crate::support::servers::Kind;

/// Two people on two servers, with comments that an edit keeps.
pub(crate) const REQUEST: &str = "# asked for by payments
for: [fanlichun, liwei]
reason: \"PAY-1234: look at the logs\"
until: 2099-02-28   # the last day
servers:
  - login: app
    assets:
      - pay-web-01 # the first
      - pay-web-02 # the second
";

const DATABASE: &str = "for: fanlichun
reason: \"PAY-5: reconcile refunds\"
until: 2099-02-28
databases:
  - { instance: orders-prod, level: r, tables: ['orders.*'] }
";

fn ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

/// Commits everything as of some days ago.
fn merge_ago(company: &Company, days: i64) {
    company.merge_at("merged", ago(days));
}

async fn json(company: &Company, args: &[&str]) -> Value {
    let args = [&["unused", "--format", "json"], args].concat();
    let done = company.run(&args).await.expect(0);
    let unused: Value = serde_json::from_str(&done.stdout).expect("JSON");
    keeps(&validator("unused"), &unused, "unused");
    unused
}

fn lines(unused: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let lines = unused["unused"].as_array().expect("a list");
    lines.iter().map(|line| format!("{} {}", text(&line["person"]), text(&line["opens"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_used_is_told_and_taken_out_of_the_files() {
    for version in [Version::V3, Version::V4] {
        let company = Company::with_hosts(version).await;
        company.write("requests/2026/PAY-1234.yaml", REQUEST);
        merge_ago(&company, 120);
        company.run(&["apply", "--yes"]).await.expect(0);
        company.jumpserver.clear_requests();

        // Without any record nobody knows.
        let none = json(&company, &[]).await;
        assert_eq!((&none["counts"]["unknown"], lines(&none).len()), (&4.into(), 0), "{none}");

        let session = |user: &str, asset: &str, days| {
            company.jumpserver.add_session(user, asset, "app", "ssh", ago(days));
        };
        session("liwei", "pay-web-02", 150);
        session("liwei", "pay-web-01", 3);
        let unused = json(&company, &[]).await;
        assert_eq!(
            lines(&unused),
            [
                "fanlichun app on pay-web-01",
                "fanlichun app on pay-web-02",
                "liwei app on pay-web-02"
            ]
        );
        assert_eq!(unused["counts"]["used"], 1);
        // Younger than the term.
        let young = json(&company, &["--days", "130"]).await;
        assert_eq!((&young["counts"]["young"], lines(&young).len()), (&3.into(), 0), "{young}");
        let his = json(&company, &["--person", "liwei"]).await;
        assert_eq!(lines(&his), ["liwei app on pay-web-02"]);
        let csv = company.run(&["unused", "--format", "csv"]).await.expect(0).stdout;
        assert_eq!(csv.lines().count(), 4, "{csv}");
        assert!(company.jumpserver.requests().iter().all(|request| request.is_read()));

        // He goes, and the host that nobody uses goes.
        let dry = company.run(&["unused", "--write", "--dry-run"]).await.expect(0);
        assert!(dry.stderr.contains("nothing was written"), "{}", dry.stderr);
        company.run(&["unused", "--write", "--branch=less"]).await.expect(0);
        let text = company.git(&["show", "less:requests/2026/PAY-1234.yaml"]);
        let expected = REQUEST
            .replace("[fanlichun, liwei]", "[liwei]")
            .replace("      - pay-web-02 # the second\n", "");
        assert_eq!(text, expected);
        company.run(&["unused", "--write"]).await.expect(0);
        let text = std::fs::read_to_string(company.dir().join("requests/2026/PAY-1234.yaml"));
        assert_eq!(text.expect("the file"), expected);
        company.run(&["check"]).await.expect(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_nobody_uses_goes_whole_and_what_cannot_go_alone_is_told() {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    merge_ago(&company, 120);
    company.jumpserver.add_session("fanlichun", "pay-web-01", "app", "ssh", ago(3));
    company.jumpserver.add_session("liwei", "pay-web-02", "app", "ssh", ago(3));
    company.jumpserver.add_session("liwei", "pay-web-02", "app", "ssh", ago(150));
    let left = company.run(&["unused", "--write"]).await.expect(5);
    assert!(left.stderr.contains("fanlichun, app on pay-web-02: no part of"), "{}", left.stderr);
    assert!(left.stderr.contains("nothing was written"), "{}", left.stderr);

    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    merge_ago(&company, 120);
    company.jumpserver.add_session("liwei", "pay-web-02", "app", "ssh", ago(150));
    let gone = company.run(&["unused", "--write"]).await.expect(0);
    assert!(gone.stdout.contains("removed: requests/PAY-1234.yaml"), "{}", gone.stdout);
    assert!(!company.has("requests/PAY-1234.yaml") && company.has("requests/.gitkeep"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_to_read_sessions_is_asked_for_by_name() {
    let mut company = Company::with_hosts(Version::V3).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    merge_ago(&company, 120);
    let seen = ["perms.view_assetpermission", "users.view_user", "assets.view_asset"];
    let rights = [&seen[..], &["assets.view_node", "accounts.view_account"][..]].concat();
    let token = company.jumpserver.add_token("svc-plan", &rights);
    company.use_token(token);
    let refused = company.run(&["unused"]).await.expect(1);
    assert!(refused.stderr.contains("terminal.view_session"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_tells_what_it_counts() {
    for kind in [Kind::Mysql9, Kind::Mariadb1011, Kind::Mariadb118] {
        let company = Company::with_database(Version::V4, kind).await;
        company.write("requests/PAY-5.yaml", DATABASE);
        merge_ago(&company, 120);
        company.run(&["apply", "--yes"]).await.expect(0);
        // Somebody else, so that records reach back.
        company.jumpserver.add_account("pay-web-01", "root", None);
        company.jumpserver.add_session("liwei", "pay-web-01", "root", "ssh", ago(150));
        let server = company.server.as_ref().expect("a server");
        let before = company.run(&["unused"]).await.expect(0).stdout;
        if kind.is_mysql() {
            assert!(before.contains("its account did not connect since"), "{before}");
        } else {
            assert!(before.contains("performance_schema and userstat are\n  off)"), "{before}");
            server.run("SET GLOBAL userstat = 1").await;
        }
        assert!(
            before.contains("fanlichun: r on orders-prod\n      no session on record"),
            "{before}"
        );
        let password = company.jumpserver.secret("orders-prod", "jump_db_fanlichun_r");
        let password = password.expect("a password");
        let session = server.login("jump_db_fanlichun_r", &password).await.expect("a login");
        drop(session);
        let after = json(&company, &[]).await;
        assert_eq!(after["counts"]["used"], 1, "{kind:?} {after}");
        // A login for plans that may not see it is told what it takes.
        server.run("CREATE USER planner@127.0.0.1 IDENTIFIED BY 'Plan-pass-1'").await;
        let mut command = company.command(&["unused"]);
        command.env("JUMPGATE_MYSQL_USER", "planner").env("JUMPGATE_MYSQL_PASSWORD", "Plan-pass-1");
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let output = output.expect("it ends").expect("it runs");
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        let said = said.replace("\n  ", " ");
        let needed = if kind.is_mysql() { "performance_schema.accounts" } else { "GRANT PROCESS" };
        assert!(said.contains(needed), "{kind:?} {said}");
    }
}
