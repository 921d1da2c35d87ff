//! The `account-host` of an instance changes, and another hand has the user name at the new one.

use jumpgate_sandbox::Version;

use crate::support::company::Company;
use crate::support::servers::Kind;

const ACCOUNT: &str = "jump_db_fanlichun_r";
const FILE: &str = "inventory/databases/orders-prod.yaml";

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*]
";

/// What the server holds of both accounts: the password of another hand's, and all grants.
async fn stands(company: &Company) -> Vec<Vec<String>> {
    let server = company.server.as_ref().expect("a server");
    let mut rows = Vec::new();
    for table in ["mysql.user", "mysql.db"] {
        let query = format!("SELECT * FROM {table} WHERE User = '{ACCOUNT}' ORDER BY Host");
        rows.extend(server.rows(&query).await);
    }
    rows
}

async fn another_hand_at_the_new_host(version: Version, kind: Kind) {
    let company = Company::with_database(version, kind).await;
    let server = company.server.as_ref().expect("a server");
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    let secret = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
    let theirs = format!("'{ACCOUNT}'@'127.0.0.%'");
    server
        .run(&format!(
            "CREATE USER {theirs} IDENTIFIED BY 'Other-hand.1';\nGRANT SELECT ON billing.* TO {theirs}"
        ))
        .await;
    let before = stands(&company).await;

    let file = std::fs::read_to_string(company.dir().join(FILE)).expect("the instance");
    let there = "account-host: 127.0.0.1\n";
    assert!(file.contains(there), "{file}");
    company.write(FILE, &file.replace(there, "account-host: 127.0.0.%\n"));
    company.merge("JumpServer has more machines");
    let shown = company.run(&["plan"]).await.expect(5).stdout;
    assert!(shown.contains("JG216"), "{shown}");
    // A second run must not take the applied host for the one of before.
    for _ in 0..2 {
        company.run(&["apply", "--yes"]).await.expect(5);
        assert_eq!(stands(&company).await, before);
        assert_eq!(company.jumpserver.secret("orders-prod", ACCOUNT).as_ref(), Some(&secret));
    }
    // The audit and `who` tell whose is whose.
    let audit = company.run(&["audit"]).await.expect(0).stdout;
    assert!(audit.contains(&format!("account {ACCOUNT}@127.0.0.% on orders-prod")), "{audit}");
    assert!(!audit.contains(&format!("account {ACCOUNT}@127.0.0.1 on orders-prod")), "{audit}");
    let renewed = company.run(&["rotate", "--instance", "orders-prod", "--yes"]).await;
    assert!(renewed.stdout.contains("gets no new password"), "{}", renewed.stdout);
    assert_eq!(stands(&company).await, before);
    server.login(ACCOUNT, &secret).await.expect("ours still works");

    // What ends meanwhile is ours alone.
    company.remove("requests/PAY-1234.yaml");
    company.merge("done");
    company.run(&["apply", "--yes", "--allow-removals", "2"]).await.expect(0);
    let hosts = server.rows(&format!("SELECT Host FROM mysql.user WHERE User = '{ACCOUNT}'")).await;
    assert_eq!(hosts, [["127.0.0.%"]]);
    assert_eq!(company.jumpserver.secret("orders-prod", ACCOUNT), None);
    server.login(ACCOUNT, "Other-hand.1").await.expect("theirs still works");

    // And once the anchor names the new host, it is in the way like any other.
    company.write("requests/PAY-1235.yaml", REQUEST);
    company.merge("once more");
    company.run(&["apply", "--yes"]).await.expect(5);
    server.run(&format!("DROP USER {theirs}")).await;
    company.run(&["apply", "--yes"]).await.expect(0);
    let hosts = server.rows(&format!("SELECT Host FROM mysql.user WHERE User = '{ACCOUNT}'")).await;
    assert_eq!(hosts, [["127.0.0.%"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_hand_at_the_new_host_on_mariadb() {
    another_hand_at_the_new_host(Version::V3, Kind::Mariadb1011).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_hand_at_the_new_host_on_mysql() {
    another_hand_at_the_new_host(Version::V4, Kind::Mysql9).await;
}
