//! Passwords that changed by another hand: the person's own, a DBA's, one from a dump.

use jumpgate_sandbox::Version;
use mysql_async::prelude::Queryable;

use super::{ACCOUNT, applied, apply, is_open, is_settled, login, server};
use crate::support::company::Company;
use crate::support::servers::{Kind, code};

/// The server's time of a change has whole seconds.
async fn a_second() {
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
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
    login(company).await.expect("JumpServer's password works");
    assert!(is_settled(company).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_needs_the_current_password_on_mysql_to_set_an_own_one() {
    let company = applied(Version::V4, Kind::Mysql9, "report").await;
    let mut conn = login(&company).await.expect("a login");
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
    let mut conn = login(&company).await.expect("a login");
    a_second().await;
    conn.query_drop("SET PASSWORD = PASSWORD('My-own.password1')").await.expect("it is set");
    is_found_and_replaced(&company, "My-own.password1").await;
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
