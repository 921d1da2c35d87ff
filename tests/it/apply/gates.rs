//! What stops an apply between the plan that was shown and what is written.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use jumpgate_sandbox::{Logged, Running, Version};
use mysql_async::prelude::Queryable;

use super::hosts::ended;
use crate::support::company::{Company, Done};
use crate::support::servers::{ADMIN, Kind, Server, read};

const REQUEST: &str = "for: [fanlichun, liwei]
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases: [{ instance: orders-prod, level: r, tables: [orders.*] }]
";

const HOSTS: &str = "for: fanlichun
reason: \"PAY-1: look at the logs\"
until: 2027-02-28
servers: [{ login: app, assets: [pay-web-01] }]
";

const PERMISSION: &str = "jump_app_fanlichun_20270228";

fn server(company: &Company) -> &Server {
    company.server.as_ref().expect("a server")
}

/// The accounts of ours on the server.
async fn accounts(company: &Company) -> Vec<String> {
    let query = "SELECT User FROM mysql.user WHERE User LIKE 'jump%' ORDER BY User";
    server(company).rows(query).await.into_iter().flatten().collect()
}

/// A request that JumpServer holds back until the test goes on.
struct Held {
    reached: tokio::sync::mpsc::UnboundedReceiver<()>,
    go: mpsc::Sender<()>,
}

/// Holds back the first request of a kind; JumpServer answers nobody meanwhile.
fn hold(jumpserver: &Running, is: fn(&Logged) -> bool) -> Held {
    let (tell, reached) = tokio::sync::mpsc::unbounded_channel();
    let (go, wait) = mpsc::channel();
    let mut first = true;
    jumpserver.on_request(move |request| {
        if first && is(request) {
            first = false;
            tell.send(()).expect("the test waits for it");
            let patience = Duration::from_secs(120);
            let goes_on = tokio::task::block_in_place(|| wait.recv_timeout(patience));
            goes_on.expect("the test goes on");
        }
        None
    });
    Held { reached, go }
}

/// Whether a request makes an account.
fn makes_account(request: &Logged) -> bool {
    request.method == "POST" && request.path.contains("accounts/accounts")
}

/// Until a run waits for the lock on the server.
async fn waits_for_the_lock(company: &Company) {
    let waiting = format!(
        "SELECT id FROM information_schema.processlist \
         WHERE user = '{ADMIN}' AND info LIKE 'SELECT GET_LOCK%'"
    );
    while server(company).rows(&waiting).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_the_plan_was_shown_stops_it() {
    for kind in [Kind::Mysql9, Kind::Mariadb1011] {
        let company = Company::with_database(Version::V4, kind).await;
        company.write("requests/PAY-1.yaml", HOSTS);
        company.merge("logs for fanlichun");
        company.run(&["apply", "--yes"]).await.expect(0);
        company.write("requests/PAY-1234.yaml", REQUEST);
        company.merge("refunds");
        let plan = company.run(&["plan", "--format", "json"]).await.expect(0);
        let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON");
        let checksum = plan["checksum"].as_str().expect("a checksum");

        let mut holder = server(&company).admin().await;
        read(&mut holder, "SELECT GET_LOCK('jumpgate:acme', 0)").await.expect("the lock");
        let args = ["apply", "--yes", "--expect", checksum, "--lock-timeout", "60"];
        let waits = company.run(&args);
        let changes = async {
            waits_for_the_lock(&company).await;
            let permission = company.jumpserver.permission(PERMISSION).expect("the permission");
            company.jumpserver.switch_permission_off(permission.id);
            holder.query_drop("DO RELEASE_LOCK('jumpgate:acme')").await.expect("it is free");
        };
        let (done, ()) = tokio::join!(waits, changes);
        let done = done.expect(1);
        assert!(done.stderr.contains("something changed since the plan was shown"), "{done:?}");
        assert_eq!(accounts(&company).await, [""; 0], "{kind:?}");
        assert!(company.jumpserver.accounts().iter().all(|row| row.asset != "orders-prod"));
        let permission = company.jumpserver.permission(PERMISSION).expect("the permission");
        assert!(!permission.is_active);
        company.run(&["apply", "--yes"]).await.expect(0);
        company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
    }
}

/// An anchor that is deleted while a run waits is not made anew in silence.
#[tokio::test(flavor = "multi_thread")]
async fn an_anchor_that_is_lost_before_the_lock_stops_it() {
    let company = Company::with_database(Version::V4, Kind::Mariadb118).await;
    company.write("requests/PAY-1.yaml", HOSTS);
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds");
    let mut holder = server(&company).admin().await;
    read(&mut holder, "SELECT GET_LOCK('jumpgate:acme', 0)").await.expect("the lock");
    let waits = company.run(&["apply", "--yes", "--lock-timeout", "60"]);
    let loses = async {
        waits_for_the_lock(&company).await;
        let anchor = company.jumpserver.permission("jump-anchor-acme").expect("the anchor");
        company.jumpserver.delete_permission(anchor.id);
        holder.query_drop("DO RELEASE_LOCK('jumpgate:acme')").await.expect("it is free");
    };
    let (done, ()) = tokio::join!(waits, loses);
    let done = done.expect(4);
    assert!(done.stderr.contains("run once with --new-anchor"), "{done:?}");
    assert_eq!(accounts(&company).await, [""; 0]);
    assert!(company.jumpserver.permission("jump-anchor-acme").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_commit_whose_files_are_invalid_ends_nothing() {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1.yaml", HOSTS);
    company.merge("logs for fanlichun");
    company.write("requests/broken.yaml", "for: [fanlichun\n");
    company.merge("broken");
    company.remove("requests/broken.yaml");
    company.merge("mended");
    company.run(&["apply", "--yes"]).await.expect(0);
    company.jumpserver.add_permission(ended(&company, "2026-10-31"));
    company.jumpserver.clear_requests();
    let args = ["apply", "--yes", "--rev", "HEAD~1"];
    let refused = company.run(&args).await.expect(3);
    assert!(refused.stderr.contains("which was applied last"), "{}", refused.stderr);
    assert!(company.jumpserver.permission("jump_app_liwei_20261031").is_some());
    let requests = company.jumpserver.requests();
    assert!(requests.iter().all(|request| request.is_read()), "{requests:?}");
    // Whoever wants it says so.
    let done = company.run(&[&args[..], &["--allow-rollback"]].concat()).await.expect(3);
    assert!(done.stderr.contains("ends that have passed: 1 step done"), "{}", done.stderr);
}

/// Nothing is begun, the numbers are written, and nobody waits for what the run held.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_wait_for_a_lock() {
    let company = Company::with_database(Version::V4, Kind::Mariadb118).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for two");
    let mut holder = server(&company).admin().await;
    read(&mut holder, "SELECT GET_LOCK('jumpgate:acme', 0)").await.expect("the lock");
    let metrics = company.dir().join("jumpgate.prom");
    let path = metrics.to_str().expect("UTF-8");
    let args = ["apply", "--yes", "--lock-timeout", "100", "--metrics-file", path];
    let mut command = company.command(&args);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    waits_for_the_lock(&company).await;
    let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let ends = tokio::task::spawn_blocking(move || child.wait_with_output());
    let ends = tokio::time::timeout(Duration::from_secs(30), ends).await.expect("it does not wait");
    let done = Done::of(ends.expect("it ends").expect("its output")).expect(1);
    assert!(done.stderr.contains("nothing was done"), "{done:?}");
    let metrics = std::fs::read_to_string(metrics).expect("a file");
    assert!(metrics.contains("jumpgate_last_run_exit_code 1\n"), "{metrics}");
    holder.query_drop("DO RELEASE_LOCK('jumpgate:acme')").await.expect("it is free");
    company.run(&["apply", "--yes"]).await.expect(0);
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

/// The step that runs is finished, and no other one is begun.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_before_the_next_step() {
    for kind in [Kind::Mysql9, Kind::Mariadb118] {
        let company = Company::with_database(Version::V4, kind).await;
        company.write("requests/PAY-1234.yaml", REQUEST);
        company.merge("refunds for two");
        let mut held = hold(&company.jumpserver, makes_account);
        let mut command = company.command(&["apply", "--yes"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        held.reached.recv().await.expect("the first account");
        let sent =
            std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let stderr = BufReader::new(child.stderr.take().expect("its errors"));
        let done = tokio::task::spawn_blocking(move || {
            for line in stderr.lines() {
                if line.expect("a line").contains("stopping after the steps that are running") {
                    held.go.send(()).expect("it is held");
                }
            }
            let (mut stdout, mut told) = (child.stdout.take().expect("its output"), String::new());
            stdout.read_to_string(&mut told).expect("UTF-8");
            (child.wait().expect("it ends").code(), told)
        });
        let (code, told) = done.await.expect("it ends");
        assert_eq!(code, Some(5), "{told}");
        assert!(told.contains("the run was stopped"), "{told}");
        let made = accounts(&company).await;
        assert_eq!(made.len(), 1, "{told}");
        company.login(&made[0]).await.expect("it was made whole");
        company.jumpserver.clear_faults();
        company.run(&["apply", "--yes"]).await.expect(0);
        assert_eq!(accounts(&company).await, ["jump_db_fanlichun_r", "jump_db_liwei_r"]);
    }
}

/// Without the lock of an instance nothing that belongs to it is written in JumpServer.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_lost_is_noticed_before_jumpserver_is_written() {
    for kind in [Kind::Mysql9, Kind::Mariadb1011] {
        let company = Company::with_database(Version::V4, kind).await;
        company.write("requests/PAY-1234.yaml", REQUEST);
        company.merge("refunds for two");
        // The anchor is the last that is written before the first step.
        let mut held = hold(&company.jumpserver, |request| {
            let anchor = |body: &serde_json::Value| body["name"] == "jump-anchor-acme";
            request.method == "POST" && request.body.as_ref().is_some_and(anchor)
        });
        company.jumpserver.clear_requests();
        let cut = async {
            held.reached.recv().await.expect("the anchor");
            let holder = server(&company).rows("SELECT IS_USED_LOCK('jumpgate:acme')").await;
            server(&company).run(&format!("KILL {}", holder[0][0])).await;
            held.go.send(()).expect("it is held");
        };
        let (done, ()) = tokio::join!(company.run(&["apply", "--yes"]), cut);
        let done = done.expect(5);
        assert!(done.stdout.contains("lock"), "{kind:?}: {}", done.stdout);
        let requests = company.jumpserver.requests();
        assert!(!requests.iter().any(makes_account), "{kind:?}: {requests:?}");
        assert_eq!(accounts(&company).await, [""; 0], "{kind:?}");
        company.run(&["apply", "--yes"]).await.expect(0);
    }
}
