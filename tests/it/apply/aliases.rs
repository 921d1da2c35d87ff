//! The asset of a replica goes from JumpServer and comes back, on every server.

use jumpgate_sandbox::{NewAsset, Version};

use crate::support::company::Company;
use crate::support::servers::Kind;

const ACCOUNT: &str = "jump_db_fanlichun_r";
const REPLICA: &str = "orders-replica";

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases:
  - instance: [orders-prod, orders-replica]
    level: r
    tables: [orders.*]
";

async fn only_the_alias_stops(version: Version, kind: Kind) {
    let company = Company::with_database(version, kind).await;
    let port = company.server.as_ref().expect("a server").port;
    company.jumpserver.add_asset(NewAsset::mysql(REPLICA, "127.0.0.1", port));
    let alias = company.instance(port).replace("asset: orders-prod", "asset: orders-replica");
    let alias = format!("{alias}same-accounts-as: orders-prod\n");
    company.write("inventory/databases/orders-replica.yaml", &alias);
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    let secret = company.jumpserver.secret("orders-prod", ACCOUNT);
    assert!(secret.is_some() && company.jumpserver.secret(REPLICA, ACCOUNT) == secret);

    company.jumpserver.delete_asset(REPLICA);
    for _ in 0..2 {
        let done = company.run(&["apply", "--yes"]).await.expect(5);
        assert!(done.stdout.contains("JG208"), "{}", done.stdout);
        assert_eq!(company.jumpserver.secret("orders-prod", ACCOUNT), secret);
        company.login(ACCOUNT).await.expect("the person still logs in");
    }
    // A new password needs no asset that is not there.
    company.run(&["rotate", "--all", "--yes"]).await.expect(5);
    assert_ne!(company.jumpserver.secret("orders-prod", ACCOUNT), secret);
    company.login(ACCOUNT).await.expect("the person still logs in");

    company.jumpserver.add_asset(NewAsset::mysql(REPLICA, "127.0.0.1", port));
    company.run(&["apply", "--yes"]).await.expect(0);
    company.login(ACCOUNT).await.expect("the person still logs in");
    let secret = company.jumpserver.secret("orders-prod", ACCOUNT);
    assert_eq!(company.jumpserver.secret(REPLICA, ACCOUNT), secret);
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", REPLICA), [ACCOUNT]);
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_without_its_asset_stops_alone_on_mysql() {
    only_the_alias_stops(Version::V4, Kind::Mysql9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_without_its_asset_stops_alone_on_mariadb() {
    only_the_alias_stops(Version::V3, Kind::Mariadb1011).await;
    only_the_alias_stops(Version::V4, Kind::Mariadb118).await;
}
