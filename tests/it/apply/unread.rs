//! What was done is told as done only when it was seen to stand.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jumpgate_sandbox::{Fault, Version};
use serde_json::json;

use crate::support::company::{Company, Done};
use crate::support::servers::{ADMIN, Kind, Server};

const ACCOUNT: &str = "jump_db_fanlichun_r";
const FILE: &str = "inventory/databases/orders-prod.yaml";

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases: [{ instance: orders-prod, level: r, tables: [orders.*] }]
";

async fn asked(kind: Kind) -> Company {
    let company = Company::with_database(Version::V4, kind).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    company
}

/// Applies, and ends the session on the server once the steps there are done: the permission
/// that opens the account comes last.
async fn applied_and_cut_off(company: &Company, args: &[&str]) -> Done {
    let reached = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&reached);
    company.jumpserver.on_request(move |request| {
        let says = |body: &serde_json::Value| body.to_string().contains(ACCOUNT);
        let opens = request.path.contains("asset-permissions")
            && request.method == "POST"
            && request.body.as_ref().is_some_and(says);
        if !opens {
            return None;
        }
        tell.store(true, Ordering::SeqCst);
        Some(Fault::Delay(Duration::from_millis(1_500)))
    });
    let cut = async {
        while !reached.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let server = company.server.as_ref().expect("a server");
        for session in server.rows("SHOW PROCESSLIST").await {
            if session[1] == ADMIN {
                server.run(&format!("KILL {}", session[0])).await;
            }
        }
    };
    let (done, ()) = tokio::join!(company.run(args), cut);
    company.jumpserver.clear_faults();
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_before_it_is_read_back_is_named() {
    let company = asked(Kind::Mariadb118).await;
    let done = applied_and_cut_off(&company, &["apply", "--yes"]).await.expect(5);
    assert!(done.stdout.contains("Applied: 2 done; it could not be read back."), "{done:?}");
    assert!(done.stdout.contains("orders-prod could not be read back: "), "{done:?}");
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
    company.run(&["apply", "--yes"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_which_server_could_not_be_read_back() {
    let company = asked(Kind::Mysql9).await;
    let args = ["apply", "--yes", "--format", "json"];
    let done = applied_and_cut_off(&company, &args).await.expect(5);
    let result: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!((&result["done"], &result["read_back"]), (&json!(2), &json!(false)));
    let unread = result["unread"].as_object().expect("the servers, each with a reason");
    assert_eq!(unread.keys().collect::<Vec<_>>(), ["orders-prod"]);
}

/// Lets the first write of the anchor in a run pass, and no later one.
fn only_the_first_word(company: &Company) {
    let anchor = company.jumpserver.permission("jump-anchor-acme").expect("the anchor").id;
    let mut comments = BTreeSet::new();
    company.jumpserver.on_request(move |request| {
        if request.is_read() || !request.path.contains(&anchor.to_string()) {
            return None;
        }
        comments.insert(request.body.as_ref().map(ToString::to_string));
        (comments.len() > 1).then(|| Fault::answer(502, json!("<html>Bad Gateway</html>")))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anchor_that_cannot_be_told_of_the_new_server_is_no_success() {
    let company = asked(Kind::Mariadb118).await;
    company.run(&["apply", "--yes"]).await.expect(0);
    let other = Server::start(Kind::Mariadb118).await;
    other.run("CREATE DATABASE orders;\nCREATE TABLE orders.items (id INT)").await;
    let file = company
        .instance(other.port)
        .replace("tls: { mode: verify, ca: inventory/ca/db.pem }", "tls: { mode: off }");
    company.write(FILE, &file);
    company.merge("another server");
    company.run(&["plan"]).await.expect(5);

    only_the_first_word(&company);
    let args = ["apply", "--yes", "--new-server", "orders-prod"];
    let done = company.run(&args).await.expect(5);
    assert!(done.stdout.contains("read back: as written"), "{done:?}");
    assert!(done.stderr.contains("run the same command again"), "{done:?}");
    company.jumpserver.clear_faults();

    // Without that word the next one takes it for a server that nobody knows.
    company.run(&["plan"]).await.expect(5);
    company.run(&args).await.expect(0);
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}
