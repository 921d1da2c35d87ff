//! Files for a database server that no file names yet.

use jumpgate_sandbox::{NewPermission, Version};

use crate::support::company::Company;
use crate::support::servers::Kind;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_gets_a_file_with_the_host_that_its_accounts_have() {
    let company = Company::with_database(Version::V4, Kind::Mariadb118).await;
    company.remove("inventory/databases/orders-prod.yaml");
    company.merge("Forget the server");
    let server = company.server.as_ref().expect("a server");
    server
        .run(
            "CREATE USER jump_db_fanlichun_r@`127.0.0.1` IDENTIFIED BY 'Their-pass.1';\n\
             GRANT SELECT ON orders.* TO jump_db_fanlichun_r@`127.0.0.1`",
        )
        .await;
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    company.jumpserver.add_account("orders-prod", "jump_db_fanlichun_r", Some("Their-pass.1"));
    company.jumpserver.add_permission(NewPermission {
        name: "fanlichun-db".to_owned(),
        users: texts(&["fanlichun"]),
        assets: texts(&["orders-prod"]),
        accounts: texts(&["jump_db_fanlichun_r"]),
        protocols: Some(texts(&["mysql", "mariadb"])),
        actions: Some(texts(&["connect"])),
        ..NewPermission::default()
    });

    // Without its authority the server cannot be trusted, so its accounts are not read.
    let inventory = ["import", "inventory", "--environment", "prod", "--owner", "liwei"];
    let blind = company.run(&inventory).await.expect(5).stdout;
    assert!(blind.contains("account-host: the server could not be read"), "{blind}");
    assert!(blind.contains("orders-prod could not be read: "), "{blind}");
    let json = company.run(&[&inventory[..], &["--format", "json"]].concat()).await.expect(5);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert!(json["unreadable"]["orders-prod"].is_string(), "{json:#}");
    assert!(!company.has("inventory/databases/orders-prod.yaml"));
    let with = ["--ca", "inventory/ca/db.pem"];
    let done = company.run(&[&inventory[..], &with].concat()).await.expect(0).stdout;
    assert!(done.contains("inventory/databases/orders-prod.yaml: asset orders-prod"), "{done}");
    let written =
        std::fs::read_to_string(company.dir().join("inventory/databases/orders-prod.yaml"));
    assert_eq!(
        written.expect("the file"),
        format!(
            "address: \"127.0.0.1:{}\"\nasset: orders-prod\nenvironment: prod\nowners: [liwei]\n\
             account-host: \"127.0.0.1\"\ntls:\n  ca: inventory/ca/db.pem\n",
            server.port
        )
    );
    company.run(&["check"]).await.expect(0);

    // Now its accounts can be imported.
    let done = company.run(&["import", "requests"]).await.expect(0).stdout;
    assert!(done.contains("requests/imported/fanlichun-db_r.yaml"), "{done}");
    company.run(&["check"]).await.expect(0);

    // Both in one go, on a repo that knows neither.
    company.remove("inventory/databases/orders-prod.yaml");
    company.remove("requests/imported/fanlichun-db_r.yaml");
    let all = ["import", "all", "--environment", "prod", "--target", "orders-prod"];
    let done = company.run(&[&all[..], &with].concat()).await.expect(0).stdout;
    assert!(done.contains("2 files written, 1 there already"), "{done}");
    company.run(&["check"]).await.expect(0);
}
