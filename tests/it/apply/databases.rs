//! Requests for databases, on every server: from a merged file to a login that works.

use jumpgate_sandbox::Version;
use mysql_async::prelude::Queryable;

use crate::support::company::Company;
use crate::support::servers::{Kind, refused};

const ACCOUNT: &str = "jump_db_fanlichun_r";

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
      - billing.invoices
      - billing.cards(id, last4)
";

/// The company, with the request merged and applied.
async fn applied(version: Version, kind: Kind) -> Company {
    let company = Company::with_database(version, kind).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    let done = company.run(&["apply", "--yes"]).await.expect(0);
    assert!(done.stdout.contains("Applied: 2 done; read back: as written."), "{}", done.stdout);
    company
}

async fn the_main_line(version: Version, kind: Kind) {
    let company = applied(version, kind).await;
    let server = company.server.as_ref().expect("a server");
    let mut conn = company.login(ACCOUNT).await.expect("the person logs in");
    assert_eq!(refused(&mut conn, "SELECT * FROM orders.items").await, 0);
    assert_eq!(refused(&mut conn, "SELECT * FROM billing.invoices").await, 0);
    assert_eq!(refused(&mut conn, "SELECT id, last4 FROM billing.cards").await, 0);
    assert_eq!(refused(&mut conn, "SELECT secret FROM billing.cards").await, 1143);
    assert_eq!(refused(&mut conn, "DELETE FROM orders.items").await, 1142);
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "orders-prod"), [ACCOUNT]);

    server.log_statements().await;
    company.jumpserver.clear_requests();
    let again = company.run(&["apply", "--yes"]).await.expect(0);
    // MySQL 5.7 is warned of before.
    let nothing = "Nothing to do: everything is as git says.";
    assert!(again.stdout.trim_end().ends_with(nothing), "{}", again.stdout);
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
    assert_eq!(server.changes().await, [""; 0], "an unchanged state sends no write");
    assert!(company.jumpserver.requests().iter().all(|request| request.is_read()));

    // Narrowing ends the open session; what stays needs no new password.
    let before = company.jumpserver.secret("orders-prod", ACCOUNT);
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("      - orders.*\n", ""));
    company.merge("orders is not needed");
    company.run(&["apply", "--yes"]).await.expect(0);
    assert!(conn.query_drop("SELECT 1").await.is_err(), "the session was ended");
    assert_eq!(company.jumpserver.secret("orders-prod", ACCOUNT), before);
    let mut conn = company.login(ACCOUNT).await.expect("the person logs in");
    assert_eq!(refused(&mut conn, "SELECT * FROM orders.items").await, 1142);
    assert_eq!(refused(&mut conn, "SELECT * FROM billing.invoices").await, 0);

    company.remove("requests/PAY-1234.yaml");
    company.merge("done");
    company.run(&["apply", "--yes", "--allow-removals", "2"]).await.expect(0);
    assert!(conn.query_drop("SELECT 1").await.is_err(), "the session was ended");
    let left = server.rows(&format!("SELECT User FROM mysql.user WHERE User = '{ACCOUNT}'")).await;
    assert!(left.is_empty() && company.jumpserver.secret("orders-prod", ACCOUNT).is_none());
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_line_on_mysql_and_v4() {
    the_main_line(Version::V4, Kind::Mysql9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_line_on_mariadb_10_and_v3() {
    the_main_line(Version::V3, Kind::Mariadb1011).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_line_on_mariadb_11_and_v4() {
    the_main_line(Version::V4, Kind::Mariadb118).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o17_a_password_changed_by_another_hand_is_replaced_and_no_other() {
    for kind in [Kind::Mysql9, Kind::Mariadb118] {
        let company = applied(Version::V4, kind).await;
        let server = company.server.as_ref().expect("a server");
        let before = company.jumpserver.secret("orders-prod", ACCOUNT);
        // The time of the change has whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        server
            .run(&format!("ALTER USER '{ACCOUNT}'@'127.0.0.1' IDENTIFIED BY 'My-own.password1'"))
            .await;
        let plan = company.run(&["plan", "--detailed-exitcode"]).await.expect(2);
        assert!(plan.stdout.contains("JG223"), "{}", plan.stdout);
        company.run(&["apply", "--yes"]).await.expect(0);
        assert_ne!(company.jumpserver.secret("orders-prod", ACCOUNT), before);
        company.login(ACCOUNT).await.expect("JumpServer's password works");
        assert!(server.login(ACCOUNT, "My-own.password1").await.is_err());
        company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_by_another_hand_are_taken_back() {
    for kind in [Kind::Mysql9, Kind::Mariadb1011] {
        let company = applied(Version::V4, kind).await;
        let server = company.server.as_ref().expect("a server");
        server
            .run(&format!(
                "GRANT INSERT ON orders.* TO '{ACCOUNT}'@'127.0.0.1';\n\
                 GRANT PROCESS ON *.* TO '{ACCOUNT}'@'127.0.0.1';\n\
                 GRANT SELECT ON `b%`.* TO '{ACCOUNT}'@'127.0.0.1' WITH GRANT OPTION"
            ))
            .await;
        let plan = company.run(&["plan", "--detailed-exitcode"]).await.expect(2);
        for words in ["loses PROCESS on *.*", "loses INSERT on orders.*", "on b%.*"] {
            assert!(plan.stdout.contains(words), "{words}: {}", plan.stdout);
        }
        company.run(&["apply", "--yes"]).await.expect(0);
        let mut conn = company.login(ACCOUNT).await.expect("the person logs in");
        assert_eq!(refused(&mut conn, "SELECT secret FROM billing.cards").await, 1143);
        company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_another_hand_is_a_conflict_and_stays() {
    let company = Company::with_database(Version::V4, Kind::Mysql9).await;
    let server = company.server.as_ref().expect("a server");
    server.run(&format!("CREATE USER '{ACCOUNT}'@'127.0.0.1' IDENTIFIED BY 'Their-own.1'")).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    let plan = company.run(&["plan"]).await.expect(5);
    assert!(plan.stdout.contains("JG216"), "{}", plan.stdout);
    company.run(&["apply", "--yes"]).await.expect(5);
    server.login(ACCOUNT, "Their-own.1").await.expect("it is as it was");
    assert!(company.jumpserver.accounts().iter().all(|account| account.username != ACCOUNT));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_server_stops_nothing_else() {
    let company = Company::with_database(Version::V4, Kind::Mariadb118).await;
    company.write("inventory/databases/orders-prod.yaml", &company.instance(1));
    company.write(
        "requests/PAY-1234.yaml",
        &format!("{REQUEST}servers: [{{ login: app, assets: [pay-web-01] }}]\n"),
    );
    company.merge("refunds for fanlichun");
    let metrics = company.dir().join("metrics.prom");
    let file = metrics.to_str().expect("a path");
    let done = company.run(&["apply", "--yes", "--metrics-file", file]).await.expect(5);
    assert!(done.stdout.contains("JG201"), "{}", done.stdout);
    let text = std::fs::read_to_string(&metrics).expect("the metrics");
    for line in [
        "jumpgate_last_run_exit_code 5",
        "jumpgate_last_run_steps{outcome=\"done\"} 1",
        "jumpgate_last_run_errors 1",
        "jumpgate_oldest_overdue_end_seconds 0",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_printed_or_logged() {
    let company = applied(Version::V4, Kind::Mariadb1011).await;
    let server = company.server.as_ref().expect("a server");
    let first = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
    server.log_statements().await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    server.run(&format!("ALTER USER '{ACCOUNT}'@'127.0.0.1' IDENTIFIED BY 'x-Y.1'")).await;
    let done = company.run(&["apply", "--yes", "--format", "json"]).await.expect(0);
    let second = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
    assert_ne!(first, second);
    let logged = server.logged().await.join("\n");
    for text in [&done.stdout, &done.stderr, &logged] {
        assert!(!text.contains(&first) && !text.contains(&second));
    }
    assert!(logged.contains("IDENTIFIED VIA mysql_native_password USING"), "{logged}");
    let result: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(result["schema"], "jumpgate.apply/1");
    assert_eq!(result["steps"][0]["outcome"], "done");
}
