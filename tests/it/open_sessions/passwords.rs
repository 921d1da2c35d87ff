//! Passwords that changed by another hand: the person's own, a DBA's, one from a dump.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jumpgate_sandbox::{Fault, Version};
use mysql_async::prelude::Queryable;

use super::{ACCOUNT, applied, apply, is_open, is_settled, server};
use crate::support::company::Company;
use crate::support::servers::{Kind, code};

/// The server's time of a change has whole seconds.
async fn a_second() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

/// The plan shows the change and the direct login; the apply replaces the password and
/// ends the session, though the setting is to leave sessions.
async fn is_found_and_replaced(company: &Company, password: &str) {
    let mut direct = server(company).login(ACCOUNT, password).await.expect("a direct login");
    let plan = company.run(&["plan", "--detailed-exitcode"]).await.expect(2).stdout;
    for words in ["JG223", "JG251", "session", "is replaced"] {
        assert!(plan.contains(words), "{words}: {plan}");
    }
    let [ended, left, ..] = apply(company).await;
    assert!(ended >= 1 && left == 0, "{ended} ended, {left} left");
    assert!(!is_open(&mut direct).await, "the direct login is cut");
    assert!(server(company).login(ACCOUNT, password).await.is_err());
    company.login(ACCOUNT).await.expect("JumpServer's password works");
    assert!(is_settled(company).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_needs_the_current_password_on_mysql_to_set_an_own_one() {
    let company = applied(Version::V4, Kind::Mysql9, "report").await;
    let mut conn = company.login(ACCOUNT).await.expect("a login");
    a_second().await;
    let refused = conn.query_drop("SET PASSWORD = 'My-own.password1'").await;
    assert_eq!(code(&refused.expect_err("it is refused")), 3892);
    assert!(is_settled(&company).await);
    // Nobody ever sees the password; one who did can change it, and that is found.
    let secret = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
    conn.query_drop(format!("SET PASSWORD = 'My-own.password1' REPLACE '{secret}'"))
        .await
        .expect("it is set");
    is_found_and_replaced(&company, "My-own.password1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_sets_an_own_password_on_mariadb_is_found() {
    let company = applied(Version::V3, Kind::Mariadb118, "report").await;
    let mut conn = company.login(ACCOUNT).await.expect("a login");
    a_second().await;
    conn.query_drop("SET PASSWORD = PASSWORD('My-own.password1')").await.expect("it is set");
    is_found_and_replaced(&company, "My-own.password1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_set_between_ours_and_the_end_of_the_session_is_never_taken_for_ours() {
    let company = applied(Version::V3, Kind::Mariadb118, "report").await;
    let mut conn = company.login(ACCOUNT).await.expect("a login");
    a_second().await;
    conn.query_drop("SET PASSWORD = PASSWORD('My-own.password1')").await.expect("it is set");
    let wider = super::REQUEST.replace("      - billing.invoices\n", "      - billing.cards(id)\n");
    company.write("requests/PAY-1234.yaml", &wider);
    company.merge("cards in place of invoices");
    let at = format!(
        "SELECT JSON_VALUE(Priv, '$.password_last_changed') FROM mysql.global_priv \
         WHERE User = '{ACCOUNT}'"
    );
    let before = server(&company).rows(&at).await;
    let stored = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&stored);
    company.jumpserver.on_request(move |request| {
        let stores = request.method == "PATCH" && request.path.contains("accounts/accounts");
        let first = stores && !tell.swap(true, Ordering::SeqCst);
        first.then_some(Fault::Delay(Duration::from_millis(1_500)))
    });
    // A grant on columns waits for the table, and so the end of the session does.
    let mut table = server(&company).admin().await;
    let meanwhile = async {
        while !stored.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        table.query_drop("LOCK TABLES billing.cards WRITE").await.expect("a lock");
        while server(&company).rows(&at).await == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        a_second().await;
        conn.query_drop("SET PASSWORD = PASSWORD('My-own.password2')").await.expect("it is set");
        table.query_drop("UNLOCK TABLES").await.expect("the lock goes");
    };
    let args = ["apply", "--yes", "--allow-removals", "9"];
    let both = async { tokio::join!(company.run(&args), meanwhile) };
    let (done, ()) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("in time");
    company.jumpserver.clear_faults();
    let done = done.expect(5);
    assert!(done.stdout.contains("by another hand since this run set it"), "{}", done.stdout);
    company.run(&args).await.expect(0);
    company.login(ACCOUNT).await.expect("JumpServer's password works");
    assert!(server(&company).login(ACCOUNT, "My-own.password2").await.is_err());
    assert!(is_settled(&company).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_by_a_dba_is_found() {
    for kind in [Kind::Mysql9, Kind::Mariadb1011] {
        let company = applied(Version::V4, kind, "report").await;
        a_second().await;
        let reset = format!("ALTER USER '{ACCOUNT}'@'127.0.0.1' IDENTIFIED BY 'Reset.by-dba1'");
        server(&company).run(&reset).await;
        is_found_and_replaced(&company, "Reset.by-dba1").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_from_a_dump_is_found() {
    for kind in [Kind::Mysql9, Kind::Mariadb118] {
        let company = applied(Version::V4, kind, "report").await;
        let table = if kind.is_mysql() { "user" } else { "global_priv" };
        server(&company)
            .run(&format!("CREATE TABLE orders.dump AS SELECT * FROM mysql.{table}"))
            .await;
        let old = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
        // The password is replaced after the dump was made.
        a_second().await;
        let reset = format!("ALTER USER '{ACCOUNT}'@'127.0.0.1' IDENTIFIED BY 'Reset.by-dba1'");
        server(&company).run(&reset).await;
        apply(&company).await;
        assert!(is_settled(&company).await);
        server(&company)
            .run(&format!(
                "REPLACE INTO mysql.{table} SELECT * FROM orders.dump WHERE User = '{ACCOUNT}';\n\
                 FLUSH PRIVILEGES"
            ))
            .await;
        is_found_and_replaced(&company, &old).await;
    }
}
