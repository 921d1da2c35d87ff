//! Another organization than the default one, with things of the same names in both.

use jumpgate::naming;
use jumpgate_sandbox::{NewPermission, Version};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::company::Company;
use crate::support::servers::Kind;

const REQUEST: &str = "for: fanlichun
reason: \"OPS-1: look after it\"
until: 2027-02-28
servers: [{ login: app, nodes: [/ops/payments/prod] }]
databases: [{ instance: orders-prod, level: r, tables: [orders.*] }]
";

const ACCOUNT: &str = "jump_db_fanlichun_r";
const DEFAULT: &str = "00000000-0000-0000-0000-000000000002";

/// JumpServer as somebody sees it who works in one organization.
struct Organization<'c> {
    company: &'c Company,
    id: String,
    http: reqwest::Client,
}

impl<'c> Organization<'c> {
    fn new(company: &'c Company, id: String) -> Self {
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { company, id, http: reqwest::Client::new() }
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let jumpserver = &self.company.jumpserver;
        let url = format!("{}/api/v1/{path}", jumpserver.url());
        let mut request = self
            .http
            .request(method.parse().expect("a method"), url)
            .header("Authorization", format!("Token {}", jumpserver.admin_token()))
            .header("X-JMS-ORG", &self.id);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    async fn make(&self, path: &str, body: Value) -> Uuid {
        let (status, answer) = self.send("POST", path, Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        let row: Value = serde_json::from_str(&answer).expect("JSON");
        row["id"].as_str().expect("an id").parse().expect("an id")
    }

    async fn list(&self, path: &str) -> String {
        let (status, answer) = self.send("GET", &format!("{path}/?limit=100"), None).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The id of a platform.
    async fn platform(&self, name: &str) -> Value {
        let all: Value = serde_json::from_str(&self.list("assets/platforms").await).expect("JSON");
        let mut rows = all["results"].as_array().expect("rows").iter();
        rows.find(|row| row["name"] == name).expect("the platform")["id"].clone()
    }

    /// Everything in it.
    async fn everything(&self) -> Vec<String> {
        let mut lists = Vec::new();
        for path in [
            "perms/asset-permissions",
            "perms/asset-permissions-users-relations",
            "perms/asset-permissions-assets-relations",
            "perms/asset-permissions-nodes-relations",
            "accounts/accounts",
            "assets/assets",
            "assets/nodes",
            "labels/labels",
        ] {
            lists.push(format!("{path} {}", self.list(path).await));
        }
        lists
    }
}

/// The same hosts and the same database server once more, in a second organization; gives the
/// asset of the database server there.
async fn second(ops: &Organization<'_>, kind: Kind) -> Uuid {
    let node = ops.make("assets/nodes/", json!({ "full_value": "/ops/payments/prod" })).await;
    let (linux, mysql) =
        (ops.platform("Linux").await, if kind.is_mysql() { "MySQL" } else { "MariaDB" });
    for (name, address) in [("pay-web-01", "10.1.0.1"), ("pay-web-02", "10.1.0.2")] {
        let host = json!({ "name": name, "address": address, "platform": linux, "nodes": [node] });
        let host = ops.make("assets/hosts/", host).await;
        let account = json!({ "asset": host, "username": "app", "secret": "secret of the host" });
        ops.make("accounts/accounts/", account).await;
    }
    let platform = ops.platform(mysql).await;
    let server = json!({ "name": "orders-prod", "address": "127.0.0.1", "platform": platform });
    ops.make("assets/databases/", server).await
}

/// Everything is made, changed and taken away where the settings say, and the default
/// organization stays as it is, byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn o22_what_is_applied_in_one_organization_leaves_the_other_alone() {
    for (version, kind) in [(Version::V3, Kind::Mysql9), (Version::V4, Kind::Mariadb1011)] {
        let company = Company::with_database(version, kind).await;
        let id = company.jumpserver.add_organization("ops").to_string();
        let ops = Organization::new(&company, id.clone());
        let default = Organization::new(&company, DEFAULT.to_owned());
        let asset = second(&ops, kind).await;
        // By hand, under the names that are ours in the other one.
        for name in ["jump_app_fanlichun_20270228", "jump_db_fanlichun_r_20270228"] {
            company.jumpserver.add_permission(NewPermission {
                name: name.to_owned(),
                users: vec!["fanlichun".to_owned()],
                assets: vec!["orders-prod".to_owned()],
                accounts: vec![ACCOUNT.to_owned()],
                ..NewPermission::default()
            });
        }
        let by_hand = company.jumpserver.add_account("orders-prod", ACCOUNT, Some("by hand"));
        let settings = std::fs::read_to_string(company.dir().join("jumpgate.yaml"));
        let settings = format!("{}  organization: ops\n", settings.expect("the settings"));
        company.write("jumpgate.yaml", &settings);
        let servers = std::fs::read_to_string(company.dir().join("inventory/servers.yaml"));
        let servers = servers.expect("the file").replace(company.root, "/ops");
        company.write("inventory/servers.yaml", &servers);
        company.write("requests/OPS-1.yaml", REQUEST);
        company.merge("fanlichun looks after it");
        let before = default.everything().await;

        company.run(&["apply", "--yes"]).await.expect(0);
        assert_eq!(default.everything().await, before, "{version:?}");
        let there: Value =
            serde_json::from_str(&ops.list("perms/asset-permissions").await).expect("JSON");
        let rows = there["results"].as_array().expect("rows");
        let mut names: Vec<&str> = rows
            .iter()
            .filter_map(|row| row["name"].as_str())
            .filter(|name| !name.contains("-lease-"))
            .collect();
        names.sort_unstable();
        let expected =
            ["jump-anchor-acme", "jump_app_fanlichun_20270228", "jump_db_fanlichun_r_20270228"];
        assert_eq!(names, expected);
        assert!(rows.iter().all(|row| row["org_id"] == *id), "{there:#}");
        let owner = "acme".parse().expect("an owner");
        let made = naming::account_id(&owner, &id, asset, ACCOUNT);
        let accounts = company.jumpserver.accounts();
        let account = accounts.iter().find(|account| account.id == made).expect("the account");
        let secret = account.secret.as_deref().expect("a password");
        let server = company.server.as_ref().expect("a server");
        server.login(ACCOUNT, secret).await.expect("the password works");
        let secret = accounts.iter().find(|account| account.id == by_hand);
        assert_eq!(secret.and_then(|account| account.secret.as_deref()), Some("by hand"));
        company.run(&["plan", "--detailed-exitcode"]).await.expect(0);

        let later = REQUEST.replace("2027-02-28", "2027-03-31").replace("orders.*", "billing.*");
        company.write("requests/OPS-1.yaml", &later);
        company.merge("longer, and something else");
        company.run(&["apply", "--yes", "--allow-removals", "5"]).await.expect(0);
        company.run(&["rotate", "--all", "--yes"]).await.expect(0);
        assert_eq!(default.everything().await, before, "{version:?}");

        company.remove("requests/OPS-1.yaml");
        company.merge("no more");
        company.run(&["apply", "--yes", "--allow-removals", "5"]).await.expect(0);
        assert_eq!(default.everything().await, before, "{version:?}");
        let left = ops.list("perms/asset-permissions").await;
        assert!(!left.contains("fanlichun"), "{left}");
        assert!(company.jumpserver.accounts().iter().all(|account| account.id != made));
    }
}
