//! `jumpgate rotate` on real database servers and the sandbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jumpgate::mark::Mark;
use jumpgate_sandbox::{Fault, NewAccount, NewAsset, Version};

use crate::support::company::Company;
use crate::support::servers::{Kind, Server};

const ACCOUNT: &str = "jump_db_fanlichun_r";
const OTHER: &str = "jump_db_liwei_r";

const REQUEST: &str = "for: [fanlichun, liwei]
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*]
";

/// The company with two accounts; on MySQL with a replica's asset, too.
async fn applied(version: Version, kind: Kind) -> Company {
    let company = Company::with_database(version, kind).await;
    if kind.is_mysql() {
        let port = server(&company).port;
        company.jumpserver.add_asset(NewAsset::mysql("orders-replica", "127.0.0.1", port));
        let alias = company.instance(port).replace("asset: orders-prod", "asset: orders-replica");
        company.write(
            "inventory/databases/orders-replica.yaml",
            &format!("{alias}same-accounts-as: orders-prod\n"),
        );
    }
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds");
    company.run(&["apply", "--yes"]).await.expect(0);
    company
}

fn server(company: &Company) -> &Server {
    company.server.as_ref().expect("a server")
}

fn secret(company: &Company, asset: &str, account: &str) -> String {
    company.jumpserver.secret(asset, account).expect("a password")
}

/// Logs in with what JumpServer holds, again and again while the command runs; gives how
/// often, and which logins failed.
async fn probed(company: &Company, assets: &[&str], args: &[&str]) -> (usize, Vec<String>) {
    let over = Arc::new(AtomicBool::new(false));
    let tried = AtomicUsize::new(0);
    let run = async {
        company.run(args).await.expect(0);
        over.store(true, Ordering::SeqCst);
    };
    let probe = async {
        let mut failed = Vec::new();
        while !over.load(Ordering::SeqCst) {
            for asset in assets {
                for account in [ACCOUNT, OTHER] {
                    let held = secret(company, asset, account);
                    let login = server(company).login(account, &held).await;
                    tried.fetch_add(1, Ordering::SeqCst);
                    // JumpServer got another one meanwhile: this login came too late.
                    if let Err(error) = login
                        && secret(company, asset, account) == held
                    {
                        failed.push(format!("{account} on {asset}: {error}"));
                    }
                }
            }
        }
        failed
    };
    let ((), failed) = tokio::join!(run, probe);
    (tried.into_inner(), failed)
}

/// Each password is another one than before, works, and is the same on all assets.
async fn renewed(company: &Company, assets: &[&str], before: &[(&str, String)]) {
    for (account, old) in before {
        let new = secret(company, assets[0], account);
        assert_ne!(new, *old);
        for asset in assets {
            assert_eq!(secret(company, asset, account), new);
        }
        server(company).login(account, &new).await.expect("the new password works");
        assert!(server(company).login(account, old).await.is_err(), "the old one is refused");
    }
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mysql_what_jumpserver_holds_works_all_along() {
    let company = applied(Version::V4, Kind::Mysql9).await;
    let assets = ["orders-prod", "orders-replica"];
    let before = [ACCOUNT, OTHER].map(|account| (account, secret(&company, assets[0], account)));
    let mut open = server(&company).login(ACCOUNT, &before[0].1).await.expect("a login");
    // So slow that every moment is met.
    company.jumpserver.clear_requests();
    company.jumpserver.on_request(|request| {
        (!request.is_read()).then_some(Fault::Delay(Duration::from_millis(120)))
    });
    server(&company).log_statements().await;
    let (tried, failed) = probed(&company, &assets, &["rotate", "--all", "--yes"]).await;
    assert_eq!(failed, [""; 0]);
    assert!(tried > 20, "{tried} probes");
    let changes = server(&company).changes().await;
    assert_eq!(changes.len(), 4, "{changes:#?}");
    assert_eq!(changes.iter().filter(|s| s.contains("RETAIN CURRENT PASSWORD")).count(), 2);
    assert_eq!(changes.iter().filter(|s| s.ends_with("DISCARD OLD PASSWORD")).count(), 2);
    let writes = company
        .jumpserver
        .requests()
        .into_iter()
        .filter(|request| !request.is_read() && !request.path.contains("asset-permissions"));
    let writes: Vec<String> = writes.map(|request| request.method.to_string()).collect();
    assert_eq!(writes, ["PATCH"; 6], "a mark, and a password with its mark on each asset");
    company.jumpserver.clear_faults();
    renewed(&company, &assets, &before).await;
    mysql_async::prelude::Queryable::query_drop(&mut open, "SELECT * FROM orders.items")
        .await
        .expect("an open session goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mariadb_the_gap_is_announced() {
    let company = applied(Version::V3, Kind::Mariadb1011).await;
    let assets = ["orders-prod"];
    let before = [ACCOUNT, OTHER].map(|account| (account, secret(&company, assets[0], account)));
    let dry = company.run(&["rotate", "--all", "--dry-run"]).await.expect(0);
    assert!(dry.stdout.contains("JG256"), "{}", dry.stdout);
    assert!(dry.stdout.contains("2 to change"), "{}", dry.stdout);
    assert_eq!(secret(&company, "orders-prod", ACCOUNT), before[0].1, "a dry run changes nothing");
    let done = company.run(&["rotate", "--all", "--yes", "--format", "json"]).await.expect(0);
    let result: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!((&result["done"], &result["read_back"]), (&2.into(), &true.into()));
    assert_eq!(result["differs"], serde_json::json!([]));
    renewed(&company, &assets, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_begins_to_refuse_costs_one_password_and_not_all() {
    let company = applied(Version::V4, Kind::Mariadb118).await;
    server(&company).run("REVOKE READ_ONLY ADMIN ON *.* FROM 'admin'@'%'").await;
    let assets = ["orders-prod"];
    let before = [ACCOUNT, OTHER].map(|account| (account, secret(&company, assets[0], account)));
    let stored = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&stored);
    company.jumpserver.on_request(move |request| {
        let writes = request.method == "PATCH" && request.path.contains("accounts/accounts");
        if !writes || count.fetch_add(1, Ordering::SeqCst) > 0 {
            return None;
        }
        Some(Fault::Delay(Duration::from_millis(1_500)))
    });
    let closes = async {
        while stored.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server(&company).run("SET GLOBAL read_only = 1").await;
    };
    let (done, ()) = tokio::join!(company.run(&["rotate", "--all", "--yes"]), closes);
    let done = done.expect(5);
    assert!(done.stdout.contains("Applied: 0 done, 1 failed, 1 skipped"), "{done:?}");
    assert!(done.stdout.contains("so this one keeps its password"), "{done:?}");
    assert_eq!(stored.load(Ordering::SeqCst), 1, "no other password was stored");
    // The one that was not begun still works; the other one is led to its end.
    let works = |account: &'static str| {
        let held = secret(&company, "orders-prod", account);
        let server = server(&company);
        async move { server.login(account, &held).await.is_ok() }
    };
    assert_eq!(usize::from(works(ACCOUNT).await) + usize::from(works(OTHER).await), 1);
    server(&company).run("SET GLOBAL read_only = 0").await;
    company.jumpserver.clear_faults();
    company.run(&["apply", "--yes"]).await.expect(0);
    company.run(&["rotate", "--all", "--yes"]).await.expect(0);
    renewed(&company, &assets, &before).await;
}

/// Makes both sides say that a password was set some days ago.
async fn age(company: &Company, account: &str, days: i64) {
    let at = Timestamp::now() - SignedDuration::from_hours(24 * days);
    let at = Timestamp::from_second(at.as_second()).expect("a moment");
    let second = at.as_second();
    let change = match server(company).kind {
        Kind::Mysql9 => format!(
            "UPDATE mysql.user SET password_last_changed = FROM_UNIXTIME({second}) \
             WHERE User = '{account}'"
        ),
        _ => format!(
            "UPDATE mysql.global_priv SET Priv = \
             JSON_SET(Priv, '$.password_last_changed', {second}) WHERE User = '{account}'"
        ),
    };
    server(company).run(&format!("{change};\nFLUSH PRIVILEGES")).await;
    for row in company.jumpserver.accounts() {
        if row.username != account {
            continue;
        }
        let mut mark = Mark::parse(&row.comment).expect("a mark");
        mark.handover.as_mut().expect("a handover").changed = Some(at);
        company.jumpserver.delete_account(row.id);
        company.jumpserver.add_account_with(
            &row.asset,
            NewAccount {
                id: Some(row.id),
                username: row.username,
                secret: row.secret,
                comment: mark.comment("aged"),
                labels: row.labels,
                ..NewAccount::default()
            },
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_passwords_that_are_old_enough() {
    for kind in [Kind::Mysql9, Kind::Mariadb118] {
        let company = applied(Version::V4, kind).await;
        let none = company.run(&["rotate", "--older-than", "90d", "--yes"]).await.expect(0);
        assert!(none.stdout.starts_with("Nothing to do"), "{}", none.stdout);
        age(&company, ACCOUNT, 91).await;
        age(&company, OTHER, 89).await;
        company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
        let before = [ACCOUNT, OTHER].map(|name| secret(&company, "orders-prod", name));
        company.run(&["rotate", "--older-than", "90d", "--yes"]).await.expect(0);
        let after = [ACCOUNT, OTHER].map(|name| secret(&company, "orders-prod", name));
        assert!(after[0] != before[0] && after[1] == before[1]);
        let again = company.run(&["rotate", "--older-than", "90d", "--yes"]).await.expect(0);
        assert!(again.stdout.starts_with("Nothing to do"), "{}", again.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_alone_and_nothing_else_that_is_pending() {
    let company = applied(Version::V4, Kind::Mysql9).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("orders.*", "billing.invoices"));
    company.merge("invoices in place of orders");
    let before = [ACCOUNT, OTHER].map(|name| secret(&company, "orders-prod", name));
    let grants = format!("SHOW GRANTS FOR '{ACCOUNT}'@'127.0.0.1'");
    let held = server(&company).rows(&grants).await;
    let anchor = company.jumpserver.permission("jump-anchor-acme").expect("the anchor").comment;

    let chosen = ["rotate", "--person", "fanlichun", "--instance", "orders-prod", "--yes"];
    company.run(&chosen).await.expect(0);
    let after = [ACCOUNT, OTHER].map(|name| secret(&company, "orders-prod", name));
    assert!(after[0] != before[0] && after[1] == before[1]);
    assert_eq!(server(&company).rows(&grants).await, held);
    let now = company.jumpserver.permission("jump-anchor-acme").expect("the anchor").comment;
    assert_eq!(now, anchor, "the commit was not applied");
    let plan = company.run(&["plan"]).await.expect(4);
    assert!(!plan.stdout.contains("password"), "{}", plan.stdout);
    company.run(&["apply", "--yes", "--allow-removals", "5"]).await.expect(0);
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);

    // An older commit than the one that was applied does not decide who has access.
    let refused = company.run(&["rotate", "--all", "--yes", "--rev", "HEAD~1"]).await.expect(1);
    assert!(refused.stderr.contains("which was applied last"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_another_hand_is_left_to_apply() {
    let company = applied(Version::V4, Kind::Mysql9).await;
    // The time of the change has whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    server(&company)
        .run(&format!("ALTER USER '{ACCOUNT}'@'127.0.0.1' IDENTIFIED BY 'My-own.password1'"))
        .await;
    let before = [ACCOUNT, OTHER].map(|name| secret(&company, "orders-prod", name));
    let part = company.run(&["rotate", "--all", "--yes"]).await.expect(5);
    assert!(part.stdout.contains("JG255"), "{}", part.stdout);
    let after = [ACCOUNT, OTHER].map(|name| secret(&company, "orders-prod", name));
    assert!(after[0] == before[0] && after[1] != before[1], "the other one is renewed");
    company.run(&["apply", "--yes"]).await.expect(0);
    assert_ne!(secret(&company, "orders-prod", ACCOUNT), before[0]);
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_chosen_must_be_there() {
    let company = applied(Version::V4, Kind::Mysql9).await;
    let nothing = company.run(&["rotate", "--yes"]).await.expect(1);
    assert!(nothing.stderr.contains("--older-than"), "{}", nothing.stderr);
    company.run(&["rotate", "--all", "--person", "liwei"]).await.expect(1);
    company.run(&["rotate", "--older-than", "quarter"]).await.expect(1);
    let unknown = company.run(&["rotate", "--person", "liwe", "--yes"]).await.expect(1);
    assert!(unknown.stderr.contains("did you mean liwei?"), "{}", unknown.stderr);
    let alias = company.run(&["rotate", "--instance", "orders-replica", "--yes"]).await.expect(1);
    assert!(alias.stderr.contains("name orders-prod"), "{}", alias.stderr);
    let asks = company.run(&["rotate", "--all"]).await.expect(1);
    assert!(asks.stderr.contains("--yes"), "{}", asks.stderr);
}
