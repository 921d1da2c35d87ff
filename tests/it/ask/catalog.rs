//! The catalogue from real database servers and JumpServer.

use std::fs;

use jumpgate_sandbox::{NewAsset, Version};
use serde_json::{Value, json};

use crate::support::company::{Company, Done, folded};
use crate::support::servers::Kind;

const REQUEST: &str = "for: fanlichun
reason: refunds
until: 2089-02-28
databases:
  - instance: orders-prod
    level: r
    tables:
      - billing.invoces
      - orders.*
";

fn file(company: &Company) -> String {
    let text = fs::read_to_string(company.dir().join("catalog.yaml")).expect("the catalogue");
    // The day is today's.
    let lines = text.lines().filter(|line| !line.starts_with("read: ") && !line.starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn says(done: &Done, words: &[&str]) {
    let text = format!("{}{}", done.stdout, done.stderr);
    let folded = folded(&text);
    for words in words {
        assert!(folded.contains(words), "{words}: {text}");
    }
}

async fn whole(version: Version, kind: Kind) {
    let company = Company::with_database(version, kind).await;
    let root = company.root;
    company.jumpserver.add_node(&format!("{root}/hr"));
    company.jumpserver.add_node(&format!("{root}/payments/prod/eu"));
    company.jumpserver.add_asset(NewAsset::host("hr-1", "10.9.0.1").below(&format!("{root}/hr")));
    company
        .jumpserver
        .add_asset(NewAsset::host("pay-web-9", "10.9.0.2").below(&format!("{root}/hr")));
    let done = company.run(&["catalog"]).await.expect(0);
    says(
        &done,
        &["2 nodes, 3 assets, 1 instance with 2 databases and 3 tables", "written: catalog.yaml"],
    );
    let expected = format!(
        "version: 1\njumpserver:\n  nodes:\n  - {root}/payments/prod\n  - {root}/payments/prod/eu\n  \
         assets:\n  - pay-web-01\n  - pay-web-02\n  - pay-web-9\ninstances:\n  orders-prod:\n    \
         databases:\n      billing:\n      - cards\n      - invoices\n      orders:\n      - items"
    );
    assert_eq!(file(&company), expected);
    says(&company.run(&["catalog"]).await.expect(0), &["nothing changed"]);
    says(&company.run(&["catalog", "--check"]).await.expect(0), &["catalog.yaml is current"]);

    // What came about since.
    let server = company.server.as_ref().expect("a server");
    server.run("CREATE TABLE billing.refunds (id INT, note TEXT); CREATE VIEW orders.all_items AS SELECT id FROM orders.items").await;
    let done = company.run(&["catalog", "--check"]).await.expect(2);
    says(
        &done,
        &["orders-prod: 2 came, 0 went (+billing.refunds, +orders.all_items)", "is not current"],
    );
    assert_eq!(file(&company), expected);
    company.run(&["catalog", "--columns"]).await.expect(0);
    let text = file(&company);
    assert!(text.contains("      - refunds: [id, note]\n"), "{text}");
    // A file that has columns keeps having them.
    says(&company.run(&["catalog", "--check"]).await.expect(0), &["is current"]);

    // The names are checked, and offered.
    company.write("requests/PAY-1234.yaml", REQUEST);
    let done = company.run(&["check"]).await.expect(0);
    says(
        &done,
        &[
            "warning[JG031]: the catalogue of 20",
            " (today) has no table billing.invoces of orders-prod",
            "expected a name that it knows: it holds what the inventory offered then",
            "did you mean `billing.invoices`?",
            "1 warning in the access repo",
        ],
    );
    let done = company.run(&["list", "databases"]).await.expect(0);
    says(&done, &["all databases but the system's: billing, orders (5 tables on 20"]);
    let schema = company.run(&["schema", "request", "--from", "."]).await.expect(0);
    let schema: Value = serde_json::from_str(&schema.stdout).expect("JSON");
    let schema = jsonschema::draft202012::new(&schema).expect("a schema");
    let mut body: Value = serde_yaml::from_str(REQUEST).expect("YAML");
    assert!(schema.is_valid(&body));
    body["for"] = json!(["fanlichun", "team/nobody"]);
    assert!(!schema.is_valid(&body));

    // Only what the inventory offers.
    company.remove("requests/PAY-1234.yaml");
    let instance = company.instance(server.port) + "databases: [billing]\n";
    company.write("inventory/databases/orders-prod.yaml", &instance);
    company.run(&["catalog"]).await.expect(0);
    assert!(!file(&company).contains("orders:"), "{}", file(&company));

    // A login that sees a part only, and then one that sees nothing.
    server
        .run(
            "CREATE USER 'seer'@'%' IDENTIFIED BY 'secret of the seer'; GRANT SELECT ON mysql.* TO \
             'seer'@'%'; GRANT SELECT ON billing.cards TO 'seer'@'%'",
        )
        .await;
    let run = |user: &'static str, password: &'static str| {
        let mut command = company.command(&["catalog"]);
        command.env("JUMPGATE_MYSQL_USER", user).env("JUMPGATE_MYSQL_PASSWORD", password);
        tokio::task::spawn_blocking(move || Done::of(command.output().expect("the command runs")))
    };
    let done = run("seer", "secret of the seer").await.expect("it ends").expect(0);
    says(&done, &["warning: the login may see a part of orders-prod only"]);
    let text = file(&company);
    assert!(text.contains("    partial: true\n") && !text.contains("invoices"), "{text}");
    let done = run("seer", "another").await.expect("it ends").expect(5);
    says(&done, &["error: orders-prod could not be read, and what the catalogue has of 20"]);
    let text = file(&company);
    assert!(text.contains("    kept-from: 20") && text.contains("- cards"), "{text}");
    assert!(!done.stderr.contains("another"), "{}", done.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_of_mysql_is_written_checked_and_kept() {
    whole(Version::V4, Kind::Mysql9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_of_mariadb_is_written_checked_and_kept() {
    whole(Version::V3, Kind::Mariadb1011).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_answer_the_file_stays() {
    let mut company = Company::with_hosts(Version::V4).await;
    company.use_token("no such token".to_owned());
    let done = company.run(&["catalog"]).await.expect(1);
    says(&done, &["nothing could be read; the catalogue stays as it is"]);
    assert!(!company.has("catalog.yaml"));
}
