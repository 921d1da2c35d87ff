//! A lock that another run holds on one server keeps no other one waiting.

use serde_json::{Value, json};

use super::Fleet;
use crate::support::company::Done;
use crate::support::servers::read;

const BEFORE: [&str; 2] = ["jump_db_fanlichun_r", "jump_db_liwei_r"];
const AFTER: [&str; 2] = ["jump_db_fanlichun_r", "jump_db_fanlichun_rw"];

/// The lock of a run whose machine died, which the server does not know yet.
async fn held(fleet: &Fleet) -> (mysql_async::Conn, String) {
    let mut holder = fleet.server("held").admin().await;
    read(&mut holder, "SELECT GET_LOCK('jumpgate:acme', 0)").await.expect("the lock");
    let id = read(&mut holder, "SELECT CONNECTION_ID()").await.expect("an id");
    (holder, format!("connection {} of root from localhost", id[0][0]))
}

fn names_the_holder(done: &Done, holder: &str) {
    assert!(done.stderr.contains(holder), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_another_run_holds_is_left_out_and_told() {
    let fleet = Fleet::new(&["early", "held"], &[]).await;
    fleet.let_pass().await;
    fleet.ask_for_more();
    let (lock, holder) = held(&fleet).await;
    let (done, result) = fleet.apply(6, &[]).await;
    names_the_holder(&done, &holder);
    assert_eq!(fleet.accounts("early").await, AFTER);
    assert_eq!(fleet.accounts("held").await, BEFORE);
    let findings = result["plan"]["findings"].as_array().expect("findings");
    let told = |finding: &&Value| finding["message"].as_str().is_some_and(|m| m.contains(&holder));
    let told = findings.iter().find(told).unwrap_or_else(|| panic!("{findings:#?}"));
    assert_eq!(told["code"], "JG201");
    assert_eq!((&result["failed"], &result["read_back"]), (&json!(0), &json!(true)));
    let metrics = ["exit_code", "errors"].map(|name| format!("jumpgate_last_run_{name}"));
    assert_eq!(metrics.map(|name| fleet.metric(&name)), [6.0, 1.0]);
    assert!(fleet.metric("jumpgate_oldest_overdue_end_seconds") > 0.0);
    drop(lock);
    fleet.company.run(&["apply", "--yes"]).await.expect(0);
    assert_eq!(fleet.accounts("held").await, AFTER);
    fleet.company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

/// The second round of a run asks no second time.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_another_run_holds_is_told_once() {
    let mut fleet = Fleet::new(&["early", "held", "late"], &["late"]).await;
    fleet.let_pass().await;
    fleet.ask_for_more();
    let (_lock, holder) = held(&fleet).await;
    let done = super::late(&mut fleet, &["apply", "--yes"], &AFTER, |_| {}).await.expect(6);
    assert_eq!(done.stderr.matches(&holder).count(), 1, "{done:?}");
    for (name, accounts) in [("early", AFTER), ("late", AFTER), ("held", BEFORE)] {
        assert_eq!(fleet.accounts(name).await, accounts, "{name}");
    }
    assert!(done.stdout.contains("; read back: as written."), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_ends_wait_for_no_lock_of_another_run() {
    let fleet = Fleet::new(&["early", "held"], &[]).await;
    fleet.let_pass().await;
    fleet.company.write("requests/PAY-4.yaml", "for: nobody\n");
    fleet.company.merge("a file that is no request");
    let (lock, holder) = held(&fleet).await;
    let done = fleet.company.run(&["apply", "--yes"]).await.expect(3);
    names_the_holder(&done, &holder);
    assert!(done.stderr.contains("still stands"), "{}", done.stderr);
    assert_eq!(fleet.accounts("early").await, ["jump_db_fanlichun_r"]);
    assert_eq!(fleet.accounts("held").await, BEFORE);
    drop(lock);
    let done = fleet.company.run(&["apply", "--yes"]).await.expect(3);
    assert!(!done.stderr.contains("still stands"), "{}", done.stderr);
    assert_eq!(fleet.accounts("held").await, ["jump_db_fanlichun_r"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_leaves_out_a_server_that_another_run_holds() {
    let fleet = Fleet::new(&["early", "held"], &[]).await;
    let secrets = || {
        ["early", "held"].map(|name| {
            let secret = fleet.company.jumpserver.secret(name, "jump_db_fanlichun_r");
            secret.expect("a password")
        })
    };
    let before = secrets();
    let (_lock, holder) = held(&fleet).await;
    let done = fleet.company.run(&["rotate", "--all", "--yes"]).await.expect(6);
    names_the_holder(&done, &holder);
    let after = secrets();
    assert_ne!(after[0], before[0]);
    assert_eq!(after[1], before[1]);
}

/// Whoever looked at a plan wants all of it.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_plan_that_was_looked_at_nothing_is_done() {
    let fleet = Fleet::new(&["early", "held"], &[]).await;
    fleet.let_pass().await;
    fleet.ask_for_more();
    let plan = fleet.company.run(&["plan", "--format", "json"]).await.expect(0);
    let plan: Value = serde_json::from_str(&plan.stdout).expect("JSON");
    let checksum = plan["checksum"].as_str().expect("a checksum");
    let (_lock, holder) = held(&fleet).await;
    let args = ["apply", "--yes", "--allow-removals", "9", "--expect", checksum];
    let done = fleet.company.run(&args).await.expect(6);
    names_the_holder(&done, &holder);
    assert!(done.stderr.contains("so nothing was done"), "{done:?}");
    assert_eq!(fleet.accounts("early").await, BEFORE);
}
