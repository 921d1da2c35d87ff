//! An account that ends and that the server keeps, as it is the definer of something.

use jumpgate_sandbox::Version;

use super::{LOGIN, PASSWORD, apply_with_few_rights};
use crate::support::company::Company;
use crate::support::servers::{Kind, code};

const ACCOUNT: &str = "jump_db_fanlichun_r";

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases:
  - { instance: orders-prod, level: r, tables: [orders.*] }
";

/// With every right a server drops a definer, too.
async fn apply(company: &Company) -> String {
    apply_with_few_rights(company).await.expect(0).stdout
}

/// The company with an account that has ended and cannot be dropped; locked by another hand
/// before, when asked.
async fn kept(locked: bool) -> Company {
    let company = Company::with_database(Version::V4, Kind::Mysql9).await;
    let server = company.server.as_ref().expect("a server");
    let instance = format!("{}databases: [orders]\n", company.instance(server.port));
    company.write("inventory/databases/orders-prod.yaml", &instance);
    company.make_login(LOGIN, PASSWORD).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    apply(&company).await;
    if locked {
        server.run(&format!("ALTER USER '{ACCOUNT}'@'127.0.0.1' ACCOUNT LOCK")).await;
    }
    let what =
        if locked { "VIEW orders.v AS SELECT 1 AS one" } else { "PROCEDURE orders.p() DO 1" };
    server.run(&format!("CREATE DEFINER = '{ACCOUNT}'@'127.0.0.1' {what}")).await;
    company.remove("requests/PAY-1234.yaml");
    company.merge("done");
    let text = apply(&company).await;
    assert!(text.contains("ended, not dropped"), "{text}");
    let seen = match locked {
        true => "the definer of view orders.v",
        false => "the definer of something that this login may not see",
    };
    assert!(text.contains(seen), "{text}");
    company
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_as_a_definer_is_only_asked_to_be_dropped() {
    let company = kept(false).await;
    let server = company.server.as_ref().expect("a server");
    server.log_statements().await;
    assert!(apply(&company).await.contains("ended, not dropped"));
    let changes = server.changes().await;
    assert!(changes.iter().all(|change| change.starts_with("DROP USER")), "{changes:?}");
    assert_eq!(changes.len(), 1, "{changes:?}");
    server.run("DROP PROCEDURE orders.p").await;
    apply(&company).await;
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
    assert_eq!(company.jumpserver.secret("orders-prod", ACCOUNT), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_stays_whose_it_is_when_access_comes_again() {
    for locked in [false, true] {
        let company = kept(locked).await;
        company.write("requests/PAY-1234.yaml", REQUEST);
        company.merge("it is needed again");
        apply(&company).await;
        let secret = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
        let server = company.server.as_ref().expect("a server");
        let refused = server.login(ACCOUNT, &secret).await.err().map(|error| code(&error));
        assert_eq!(refused, locked.then_some(3118));
        let plan = company.run(&["plan", "--detailed-exitcode"]).await.expect(0).stdout;
        assert_eq!(plan.contains("JG222"), locked, "{plan}");
    }
}
