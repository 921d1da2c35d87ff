//! What others made becomes a request's and goes back: real database servers and the sandbox.

mod refused;
mod released;
mod taken;

use jumpgate_sandbox::{NewPermission, Version};

use crate::support::company::{Company, folded};
use crate::support::mess::texts;
use crate::support::servers::{Kind, Server};

/// An account as the fork's ticket page made them.
const ACCOUNT: &str = "jump_md_fanlichun_r";
/// Its password, which the person knows.
const PASSWORD: &str = "Known-by-fanlichun.1";

const REQUEST: &str = "for: fanlichun
reason: as it is today
servers:
  - login: app
    nodes: [NODE]
    adopts: fanlichun-regularusers
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*, billing.invoices]
    adopts: { account: jump_md_fanlichun_r, permission: fanlichun-db }
";

/// The servers on which all of it is tried: each version of JumpServer once with each.
const SYSTEMS: [(Version, Kind); 3] =
    [(Version::V3, Kind::Mysql9), (Version::V4, Kind::Mariadb1011), (Version::V4, Kind::Mysql9)];

fn server(company: &Company) -> &Server {
    company.server.as_ref().expect("a server")
}

/// A permission as JumpServer makes it when nothing but people, targets and accounts is said.
fn permission(name: &str, accounts: &[&str]) -> NewPermission {
    NewPermission {
        name: name.to_owned(),
        users: texts(&["fanlichun"]),
        accounts: texts(accounts),
        protocols: Some(texts(&["all"])),
        comment: "asked for by mail".to_owned(),
        labels: texts(&["team:payments"]),
        ..NewPermission::default()
    }
}

/// A company in which everything was made by hand, and no request yet.
async fn mess(version: Version, kind: Kind) -> Company {
    let company = Company::with_database(version, kind).await;
    let node = format!("{}/payments/prod", company.root);
    let jumpserver = &company.jumpserver;
    let actions = Some(texts(&["connect", "upload", "download", "copy", "paste"]));
    jumpserver.add_permission(NewPermission {
        nodes: vec![node],
        actions,
        ..permission("fanlichun-regularusers", &["app"])
    });
    jumpserver.add_permission(NewPermission {
        assets: texts(&["orders-prod"]),
        ..permission("fanlichun-db", &[ACCOUNT])
    });
    server(&company)
        .run(&format!(
            "CREATE USER '{ACCOUNT}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n\
             GRANT SELECT ON orders.* TO '{ACCOUNT}'@'127.0.0.1';\n\
             GRANT SELECT ON billing.invoices TO '{ACCOUNT}'@'127.0.0.1'"
        ))
        .await;
    jumpserver.add_account("orders-prod", ACCOUNT, Some(PASSWORD));
    company
}

/// Writes the request and merges it.
fn merge(company: &Company, text: &str) {
    let node = format!("{}/payments/prod", company.root);
    company.write("requests/as-it-is.yaml", &text.replace("NODE", &node));
    company.merge("as it is");
}

/// The plan as one line.
async fn plan(company: &Company, code: i32) -> String {
    folded(&company.run(&["plan", "--detailed-exitcode"]).await.expect(code).stdout)
}

/// What people can do, tried out: what fanlichun opens on each asset, and what his account may
/// do with the password that he knows and the one that JumpServer has.
async fn powers(company: &Company) -> Vec<String> {
    let mut powers = Vec::new();
    for person in ["fanlichun", "liwei"] {
        for asset in ["pay-web-01", "pay-web-02", "orders-prod"] {
            let opens = company.jumpserver.usable_accounts(person, asset);
            powers.push(format!("{person} on {asset}: {}", opens.join(", ")));
        }
    }
    let held = company.jumpserver.secret("orders-prod", ACCOUNT);
    for password in [Some(PASSWORD.to_owned()), held].into_iter().flatten() {
        let mut session = server(company).login(ACCOUNT, &password).await.expect("it logs in");
        let grants: Vec<String> =
            mysql_async::prelude::Queryable::query(&mut session, "SHOW GRANTS")
                .await
                .expect("rows");
        // MariaDB shows the hash of the password in its first line.
        let words = |line: String| line.split(" IDENTIFIED").next().unwrap_or_default().to_owned();
        powers.extend(grants.into_iter().map(words));
    }
    powers
}
