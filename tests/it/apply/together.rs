//! Several runs at once, and runs in the wrong order.

use std::process::Command;
use std::time::Duration;

use jumpgate_sandbox::{Fault, Version};
use mysql_async::prelude::Queryable;

use crate::support::company::{Company, Done};
use crate::support::servers::{Kind, read};

const ACCOUNT: &str = "jump_db_fanlichun_r";

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*]
";

/// Runs commands side by side.
async fn together(commands: Vec<Command>) -> Vec<Done> {
    let run = |mut command: Command| tokio::task::spawn_blocking(move || command.output());
    let mut done = Vec::new();
    for running in commands.into_iter().map(run).collect::<Vec<_>>() {
        done.push(Done::of(running.await.expect("it ends").expect("the command runs")));
    }
    done
}

/// Runs `count` applies at once, half of them from another clone.
async fn at_once(company: &Company, count: usize, flags: &[&str]) -> Vec<Done> {
    let other = company.clone_repo();
    let mut args = vec!["apply", "--yes"];
    args.extend(flags);
    let commands = (0..count).map(|number| {
        let mut command = company.command(&args);
        if number % 2 == 1 {
            command.current_dir(other.path());
        }
        command
    });
    together(commands.collect()).await
}

/// The person logs in with the password that JumpServer holds, and nothing is left to do.
async fn converged(company: &Company) {
    let secret = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
    let server = company.server.as_ref().expect("a server");
    server.login(ACCOUNT, &secret).await.expect("the same password on both sides");
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

async fn one_acts_and_the_others_say_who(count: usize, kind: Kind) {
    let company = Company::with_database(Version::V4, kind).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    // So slow that all of them meet.
    company.jumpserver.on_request(|request| {
        (!request.is_read()).then_some(Fault::Delay(Duration::from_millis(150)))
    });
    let all = at_once(&company, count, &[]).await;
    let acted = all.iter().filter(|done| done.stdout.contains("Applied: 2 done")).count();
    assert_eq!(acted, 1, "{all:?}");
    for done in all.iter().filter(|done| !done.stdout.contains("Applied")) {
        assert_eq!(done.code, 6, "{done:?}");
        assert!(done.stderr.contains("another run works on this JumpServer: host "), "{done:?}");
        assert!(done.stderr.contains(", process "), "{done:?}");
    }
    converged(&company).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_one_acts() {
    one_acts_and_the_others_say_who(2, Kind::Mysql9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_five_runs_one_acts() {
    one_acts_and_the_others_say_who(5, Kind::Mariadb1011).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_wait_find_it_done() {
    let company = Company::with_database(Version::V3, Kind::Mariadb118).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    let all = at_once(&company, 3, &["--lock-timeout", "60"]).await;
    assert!(all.iter().all(|done| done.code == 0), "{all:?}");
    let acted = all.iter().filter(|done| done.stdout.contains("Applied: 2 done")).count();
    assert_eq!(acted, 1, "{all:?}");
    converged(&company).await;
}

/// Waits until another run has taken the lease.
async fn leased(company: &Company) {
    for _ in 0..1_000 {
        let now = company.jumpserver.now();
        let held = |name: &str| name.contains("-lease-");
        if company.jumpserver.permissions().iter().any(|p| held(&p.name) && p.date_expired > now) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no lease is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_on_the_server_is_waited_for_and_its_holder_named() {
    for kind in [Kind::Mysql9, Kind::Mariadb1011] {
        let company = Company::with_database(Version::V4, kind).await;
        company.write("requests/PAY-1234.yaml", REQUEST);
        company.merge("refunds for fanlichun");
        let mut holder = company.server.as_ref().expect("a server").admin().await;
        read(&mut holder, "SELECT GET_LOCK('jumpgate:acme', 0)").await.expect("the lock");
        let id = read(&mut holder, "SELECT CONNECTION_ID()").await.expect("an id");
        let refused = company.run(&["apply", "--yes"]).await.expect(6);
        let named = format!("connection {} of root from localhost", id[0][0]);
        assert!(refused.stderr.contains(&named), "{}", refused.stderr);
        let waits = company.run(&["apply", "--yes", "--lock-timeout", "30"]);
        let frees = async {
            leased(&company).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            holder.query_drop("DO RELEASE_LOCK('jumpgate:acme')").await.expect("it is free");
        };
        let (waited, ()) = tokio::join!(waits, frees);
        waited.expect(0);
        converged(&company).await;
    }
}

/// The lock of a run whose machine died is held until the server notices, for hours at worst.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_on_the_server_keeps_no_end_in_jumpserver_waiting() {
    let company = Company::with_database(Version::V4, Kind::Mariadb118).await;
    let hosts = "for: fanlichun\nreason: \"PAY-1: logs\"\nuntil: 2027-02-28\n\
                 servers: [{ login: app, assets: [pay-web-01] }]\n";
    company.write("requests/PAY-1.yaml", hosts);
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);
    company.remove("requests/PAY-1.yaml");
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("no logs any more, and refunds");
    let mut holder = company.server.as_ref().expect("a server").admin().await;
    read(&mut holder, "SELECT GET_LOCK('jumpgate:acme', 0)").await.expect("the lock");
    let done = company.run(&["apply", "--yes", "--allow-removals", "5"]).await.expect(6);
    let left = company.jumpserver.usable_accounts("fanlichun", "pay-web-01");
    assert!(left.is_empty(), "still open: {left:?}\n{}", done.stderr);
    holder.query_drop("DO RELEASE_LOCK('jumpgate:acme')").await.expect("it is free");
    company.run(&["apply", "--yes"]).await.expect(0);
    converged(&company).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_commit_that_waited_is_refused() {
    let company = Company::with_database(Version::V4, Kind::Mysql9).await;
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("orders.*", "billing.invoices"));
    company.merge("invoices");
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("orders.*", "billing.cards"));
    company.merge("cards");

    // The newer run holds the lease and waits for the server; the older one has read and
    // planned, and waits for the lease.
    let mut holder = company.server.as_ref().expect("a server").admin().await;
    read(&mut holder, "SELECT GET_LOCK('jumpgate:acme', 0)").await.expect("the lock");
    let flags = ["apply", "--yes", "--allow-removals", "5", "--lock-timeout", "60"];
    let newer = company.run(&flags);
    let older = async {
        leased(&company).await;
        let mut args = flags.to_vec();
        args.extend(["--rev", "HEAD~1"]);
        company.run(&args).await
    };
    let frees = async {
        leased(&company).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        holder.query_drop("DO RELEASE_LOCK('jumpgate:acme')").await.expect("it is free");
    };
    let (newer, older, ()) = tokio::join!(newer, older, frees);
    newer.expect(0);
    let older = older.expect(1);
    assert!(older.stderr.contains("which was applied last"), "{}", older.stderr);
    converged(&company).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_needs_its_flag() {
    let company = Company::with_database(Version::V4, Kind::Mariadb1011).await;
    company.merge("nothing yet");
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);

    let back = ["apply", "--yes", "--rev", "HEAD~1", "--allow-removals", "5"];
    let refused = company.run(&back).await.expect(1);
    assert!(refused.stderr.contains("--allow-rollback"), "{}", refused.stderr);
    assert!(company.jumpserver.secret("orders-prod", ACCOUNT).is_some());
    let mut back = back.to_vec();
    back.push("--allow-rollback");
    company.run(&back).await.expect(0);
    assert!(company.jumpserver.secret("orders-prod", ACCOUNT).is_none());
    company.run(&["apply", "--yes"]).await.expect(0);

    // Another history, of which nothing comes after what was applied.
    company.git(&["checkout", "--quiet", "--orphan", "rewritten"]);
    company.merge("begun anew");
    company.run(&["apply", "--yes"]).await.expect(1);
    company.run(&["apply", "--yes", "--allow-rollback"]).await.expect(0);
    company.run(&["apply", "--yes"]).await.expect(0);
    converged(&company).await;
}
