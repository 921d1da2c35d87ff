//! Database servers that are dead, slow or wrong in some way hold nobody up.

mod gate;
mod held;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use futures_util::future::join_all;
use jumpgate_sandbox::{NewAsset, Version};
use serde_json::{Value, json};

use self::gate::{Gate, Mode};
use crate::support::company::{Company, Done};
use crate::support::servers::{Kind, Server};

/// Instances with a server that works.
const HEALTHY: usize = 14;

/// Instances that something is wrong with, and what a plan says of each.
const FAULTY: [(&str, &str, &str); 6] = [
    ("refuses", "JG201", "nothing listens there"),
    ("hangs", "JG201", "did not answer within 10 seconds: connect and log in"),
    ("read-only", "JG204", "it is read-only (read_only is on)"),
    ("too-old", "JG201", "too old: expected MySQL 5.7.6 or MariaDB 10.5 or later"),
    ("password", "JG201", "refuses the login of admin: check its user name, password and host"),
    ("certificate", "JG201", "not signed by an authority that is trusted: name the right file"),
];

/// The wrong password of one of them.
const WRONG: [(&str, &str); 1] = [("JUMPGATE_MYSQL_PASSWORD_PASSWORD", "Wrong-pass.1")];

/// An end that passed long ago.
const PAST: &str = "2026-10-01T00:00:00Z";

/// A company with many database servers.
struct Fleet {
    company: Company,
    /// By instance.
    servers: Vec<(String, Server)>,
    gates: Vec<(String, Gate)>,
}

fn request(person: &str, level: &str, instances: &[String]) -> String {
    format!(
        "for: {person}\nreason: \"PAY-1: refunds\"\nuntil: 2027-02-28\n\
         databases: [{{ instance: [{}], level: {level}, tables: [orders.*] }}]\n",
        instances.join(", ")
    )
}

impl Fleet {
    /// A company with a server for each name; those of `gated` stand behind a gate.
    async fn new(names: &[&str], gated: &[&str]) -> Self {
        let company = Company::with_hosts(Version::V4).await;
        let started = join_all(names.iter().map(|_| Server::start(Kind::Mariadb118))).await;
        let mut fleet = Self { company, servers: Vec::new(), gates: Vec::new() };
        let mut authorities = Vec::new();
        for (name, server) in names.iter().zip(started) {
            server.run("CREATE DATABASE orders;\nCREATE TABLE orders.items (id INT)").await;
            authorities.extend(server.ca());
            let mut port = server.port;
            if gated.contains(name) {
                let gate = Gate::to(port).await;
                port = gate.port;
                fleet.gates.push(((*name).to_owned(), gate));
            }
            fleet.company.jumpserver.add_asset(NewAsset::mariadb(name, "127.0.0.1", server.port));
            let file = fleet.company.instance(port).replace("orders-prod", name);
            fleet.company.write(&format!("inventory/databases/{name}.yaml"), &file);
            fleet.servers.push(((*name).to_owned(), server));
        }
        let path = fleet.company.dir().join("inventory/ca");
        fs::create_dir_all(&path).expect("a folder");
        fs::write(path.join("db.pem"), authorities).expect("a file");
        let all = fleet.names();
        fleet.company.write("requests/PAY-1.yaml", &request("fanlichun", "r", &all));
        fleet.company.write("requests/PAY-2.yaml", &request("liwei", "r", &all));
        fleet.company.merge("two people on every instance");
        fleet.company.run(&["apply", "--yes"]).await.expect(0);
        fleet
    }

    fn names(&self) -> Vec<String> {
        self.servers.iter().map(|(name, _)| name.clone()).collect()
    }

    fn server(&self, name: &str) -> &Server {
        &self.servers.iter().find(|(known, _)| known == name).expect("an instance").1
    }

    async fn turn(&mut self, name: &str, mode: Mode) {
        let (_, gate) = self.gates.iter_mut().find(|(known, _)| known == name).expect("a gate");
        gate.turn(mode).await;
    }

    fn gate(&self, name: &str) -> &Gate {
        &self.gates.iter().find(|(known, _)| known == name).expect("a gate").1
    }

    /// Writes into git what both systems still have to learn: liwei is done everywhere, and
    /// fanlichun may write everywhere.
    fn ask_for_more(&self) {
        self.company.remove("requests/PAY-2.yaml");
        self.company.write("requests/PAY-3.yaml", &request("fanlichun", "rw", &self.names()));
        self.company.merge("liwei is done, fanlichun writes");
    }

    /// Makes the marks of everything of liwei's say that its end has passed.
    async fn let_pass(&self) {
        let jumpserver = &self.company.jumpserver;
        let accounts = jumpserver.accounts().into_iter();
        let accounts = accounts
            .filter(|row| row.username == "jump_db_liwei_r")
            .map(|row| (format!("accounts/accounts/{}", row.id), row.comment));
        let permissions = jumpserver.permissions().into_iter();
        let permissions = permissions
            .filter(|row| row.name.starts_with("jump_db_liwei_r"))
            .map(|row| (format!("perms/asset-permissions/{}", row.id), row.comment));
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        for (place, comment) in accounts.chain(permissions) {
            let comment = comment.replace("2027-02-28T16:00:00Z", PAST);
            assert!(comment.contains(PAST), "{comment}");
            let sent = http
                .patch(format!("{}/api/v1/{place}/", jumpserver.url()))
                .header("Authorization", format!("Token {}", jumpserver.admin_token()))
                .json(&json!({ "comment": comment }))
                .send()
                .await
                .expect("an answer");
            assert!(sent.status().is_success(), "{}", sent.status());
        }
    }

    /// Runs `apply` and gives what it printed as JSON.
    async fn apply(&self, code: i32, env: &[(&str, &str)]) -> (Done, Value) {
        let metrics = self.company.dir().join("jumpgate.prom");
        let path = metrics.to_str().expect("UTF-8");
        let mut command: Command =
            self.company.command(&["apply", "--yes", "--format", "json", "--metrics-file", path]);
        command.envs(env.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output());
        let done = Done::of(output.await.expect("it ends").expect("the command runs"));
        let done = done.expect(code);
        let result = serde_json::from_str(&done.stdout).expect("JSON");
        (done, result)
    }

    /// A number of the metrics file.
    fn metric(&self, name: &str) -> f64 {
        let text = fs::read_to_string(self.company.dir().join("jumpgate.prom")).expect("a file");
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("the metric");
        line.trim().parse().expect("a number")
    }

    /// When a server got a statement of ours, in seconds since 1970.
    async fn moment(&self, name: &str, statement: &str) -> f64 {
        let query = format!(
            "SELECT UNIX_TIMESTAMP(event_time) FROM mysql.general_log WHERE command_type = 'Query' \
             AND argument LIKE '{statement}%' AND user_host NOT LIKE 'root%'"
        );
        let rows = self.server(name).rows(&query).await;
        rows[0][0].parse().expect("a moment")
    }

    /// Which of the accounts an instance has.
    async fn accounts(&self, name: &str) -> Vec<String> {
        let query = "SELECT User FROM mysql.user WHERE User LIKE 'jump%' ORDER BY User";
        self.server(name).rows(query).await.into_iter().flatten().collect()
    }
}

/// The instances that have steps in a result, and how the steps went.
fn steps(result: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let people = result["plan"]["people"].as_array().expect("people");
    let entries = people.iter().flat_map(|person| person["steps"].as_array().expect("steps"));
    let instances =
        entries.filter_map(|step| Some(step["target"]["instance"].as_str()?.to_owned()));
    let outcomes = result["steps"].as_array().expect("steps").iter();
    let outcomes = outcomes.map(|step| step["outcome"].as_str().expect("words").to_owned());
    (instances.collect(), outcomes.collect())
}

/// Of twenty instances six are dead, slow or wrong, each in its own way. The other fourteen
/// are done, ends first, while the one that hangs is still waited for; the next run does
/// only what is left.
#[tokio::test(flavor = "multi_thread")]
async fn six_of_twenty_instances_are_wrong_in_six_ways() {
    let healthy: Vec<String> = (1..=HEALTHY).map(|number| format!("orders-{number:02}")).collect();
    let mut names: Vec<&str> = healthy.iter().map(String::as_str).collect();
    names.extend(FAULTY.iter().map(|(name, ..)| name));
    let gated = ["refuses", "hangs", "too-old", "certificate"];
    let mut fleet = Fleet::new(&names, &gated).await;
    fleet.let_pass().await;
    fleet.ask_for_more();

    // One that says that it is old, and whose authority nobody trusts.
    let old = Server::start_with(Kind::Mariadb118, &["--version=10.1.48-MariaDB"]).await;
    fleet.turn("refuses", Mode::Closed).await;
    fleet.turn("hangs", Mode::Hang).await;
    fleet.turn("too-old", Mode::To(old.port)).await;
    fleet.turn("certificate", Mode::To(old.port)).await;
    fleet.server("read-only").run("SET GLOBAL read_only = 1").await;
    let trusting = fs::read_to_string(fleet.company.dir().join("inventory/databases/too-old.yaml"));
    let trusting = trusting
        .expect("the file")
        .replace("mode: verify, ca: inventory/ca/db.pem", "mode: require");
    fleet.company.write("inventory/databases/too-old.yaml", &trusting);
    fleet.company.merge("any certificate will do");
    for name in &healthy {
        fleet.server(name).log_statements().await;
    }

    let (done, result) = fleet.apply(5, &WRONG).await;
    let findings = result["plan"]["findings"].as_array().expect("findings");
    for (name, code, words) in FAULTY {
        let told = findings.iter().any(|finding| {
            let message = finding["message"].as_str().expect("words");
            finding["code"] == code && message.starts_with(name) && message.contains(words)
        });
        assert!(told, "{name}: {findings:#?}");
    }
    let (changed, outcomes) = steps(&result);
    assert_eq!(changed, healthy.iter().cloned().collect());
    assert_eq!(outcomes, BTreeSet::from(["done".to_owned()]));
    assert_eq!(result["oldest_overdue_end"], PAST);
    assert_eq!(fleet.metric("jumpgate_last_run_exit_code"), 5.0);
    assert!(fleet.metric("jumpgate_oldest_overdue_end_seconds") > 0.0);

    // Nobody waited for the one that hangs, and it was tried once.
    assert!(done.stderr.contains("hangs has not answered yet; the others do not wait"), "{done:?}");
    assert_eq!(fleet.gate("hangs").given_up(), 1);
    for name in &healthy {
        assert_eq!(fleet.accounts(name).await, ["jump_db_fanlichun_r", "jump_db_fanlichun_rw"]);
        let (gone, come) =
            (fleet.moment(name, "DROP USER").await, fleet.moment(name, "CREATE USER").await);
        assert!(gone < come, "{name}: what ends comes first");
    }
    for (name, ..) in FAULTY {
        let there = fleet.accounts(name).await;
        assert_eq!(there, ["jump_db_fanlichun_r", "jump_db_liwei_r"], "{name} is as it was");
    }
    // What JumpServer opens has ended everywhere.
    for name in fleet.names() {
        assert_eq!(fleet.company.jumpserver.usable_accounts("liwei", &name), [""; 0], "{name}");
    }

    for name in gated {
        let port = fleet.server(name).port;
        fleet.turn(name, Mode::To(port)).await;
    }
    fleet.server("read-only").run("SET GLOBAL read_only = 0").await;
    for name in &healthy {
        fleet.server(name).log_statements().await;
    }
    let (_, result) = fleet.apply(0, &[]).await;
    let (changed, _) = steps(&result);
    assert_eq!(changed, FAULTY.iter().map(|(name, ..)| (*name).to_owned()).collect());
    assert_eq!(result["oldest_overdue_end"], Value::Null);
    assert_eq!(fleet.metric("jumpgate_oldest_overdue_end_seconds"), 0.0);
    for name in &healthy {
        assert_eq!(fleet.server(name).changes().await, [""; 0], "{name} had nothing left to do");
    }
    for name in fleet.names() {
        assert_eq!(fleet.accounts(&name).await, ["jump_db_fanlichun_r", "jump_db_fanlichun_rw"]);
    }
    fleet.company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

/// A server that answers when the others are done is changed in the same run.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_late_is_done_after_the_others() {
    let mut fleet = Fleet::new(&["early", "late"], &["late"]).await;
    fleet.ask_for_more();
    fleet.turn("late", Mode::Wait).await;
    let metrics = fleet.company.dir().join("jumpgate.prom");
    let path = metrics.to_str().expect("UTF-8");
    let flags = ["--allow-removals", "9", "--format", "json", "--metrics-file", path];
    let mut command = fleet.company.command(&[&["apply", "--yes"][..], &flags].concat());
    let running = tokio::task::spawn_blocking(move || command.output());
    while fleet.accounts("early").await != ["jump_db_fanlichun_r", "jump_db_fanlichun_rw"] {
        assert!(!running.is_finished(), "it did not wait");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let port = fleet.server("late").port;
    fleet.turn("late", Mode::To(port)).await;
    let done = Done::of(running.await.expect("it ends").expect("the command runs")).expect(0);
    assert!(done.stderr.contains("late has not answered yet; the others do not wait"), "{done:?}");
    let result: Value = serde_json::from_str(&done.stdout).expect("one document");
    let (changed, outcomes) = steps(&result);
    assert_eq!(changed, ["early", "late"].map(str::to_owned).into());
    assert_eq!(outcomes, BTreeSet::from(["done".to_owned()]));
    assert_eq!(result["plan"]["summary"]["errors"], 0);
    let numbers = result["steps"].as_array().expect("steps").len();
    assert_eq!(fleet.metric("jumpgate_last_run_steps{outcome=\"done\"}"), numbers as f64);
    assert_eq!(fleet.accounts("late").await, ["jump_db_fanlichun_r", "jump_db_fanlichun_rw"]);
    fleet.company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

/// What two rounds of a run take away counts together.
#[tokio::test(flavor = "multi_thread")]
async fn the_guard_counts_over_both_rounds() {
    let mut fleet = Fleet::new(&["early", "late"], &["late"]).await;
    fleet.ask_for_more();
    fleet.turn("late", Mode::Wait).await;
    // One permission and one account each; the permission goes with the first round.
    let mut command = fleet.company.command(&["apply", "--yes", "--allow-removals", "2"]);
    let running = tokio::task::spawn_blocking(move || command.output());
    while fleet.accounts("early").await != ["jump_db_fanlichun_r", "jump_db_fanlichun_rw"] {
        assert!(!running.is_finished(), "it did not wait");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let port = fleet.server("late").port;
    fleet.turn("late", Mode::To(port)).await;
    let done = Done::of(running.await.expect("it ends").expect("the command runs")).expect(4);
    assert!(done.stderr.contains("--allow-removals 3 lets it through"), "{}", done.stderr);
    assert!(done.stdout.contains("Applied:"), "what was done is told: {}", done.stdout);
    assert_eq!(fleet.accounts("late").await, ["jump_db_fanlichun_r", "jump_db_liwei_r"]);
}

/// Runs a command while the instance `late` keeps its clients waiting, and does `meanwhile` when
/// `early` is done; then `late` answers.
async fn late(
    fleet: &mut Fleet,
    args: &[&str],
    early: &[&str],
    meanwhile: impl FnOnce(u32),
) -> Done {
    fleet.turn("late", Mode::Wait).await;
    let mut command = fleet.company.command(args);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let id = child.id();
    let running = tokio::task::spawn_blocking(move || child.wait_with_output());
    while fleet.accounts("early").await != early {
        assert!(!running.is_finished(), "it did not wait");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    meanwhile(id);
    let port = fleet.server("late").port;
    fleet.turn("late", Mode::To(port)).await;
    Done::of(running.await.expect("it ends").expect("the command runs"))
}

/// Somebody who stops a run while it waits for the last server gets it stopped: what that one
/// needs is left to the next run, and told.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_between_two_rounds_leaves_the_second_one_out() {
    let mut fleet = Fleet::new(&["early", "late"], &["late"]).await;
    fleet.ask_for_more();
    let args = ["apply", "--yes", "--allow-removals", "9"];
    let stop = |id: u32| {
        let sent = Command::new("kill").args(["-TERM", &id.to_string()]).status();
        assert!(sent.expect("kill runs").success());
    };
    let early = ["jump_db_fanlichun_r", "jump_db_fanlichun_rw"];
    let done = late(&mut fleet, &args, &early, stop).await.expect(5);
    assert!(done.stderr.contains("stopping after the steps that are running"), "{}", done.stderr);
    assert!(done.stdout.contains("Applied:"), "{}", done.stdout);
    assert_eq!(fleet.accounts("late").await, ["jump_db_fanlichun_r", "jump_db_liwei_r"]);
    fleet.company.run(&args).await.expect(0);
    assert_eq!(fleet.accounts("late").await, early);
    fleet.company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

/// Recorded ends are carried out by invalid files too, and the one that is slow to answer
/// keeps no other one waiting.
#[tokio::test(flavor = "multi_thread")]
async fn recorded_ends_wait_for_no_server() {
    let mut fleet = Fleet::new(&["early", "late"], &["late"]).await;
    fleet.let_pass().await;
    fleet.ask_for_more();
    fleet.company.write("requests/PAY-4.yaml", "for: nobody\n");
    fleet.company.merge("a file that is no request");
    let done = late(&mut fleet, &["apply", "--yes"], &["jump_db_fanlichun_r"], |_| {}).await;
    let done = done.expect(3);
    assert!(
        done.stderr.contains("recorded ends that have passed: 3 steps done"),
        "{}",
        done.stderr
    );
    assert_eq!(fleet.accounts("late").await, ["jump_db_fanlichun_r"]);
}

/// A renewal is made in one go: it waits for a server that is slow, and leaves out one that
/// never answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_waits_for_the_slow_and_leaves_the_dead_out() {
    let mut fleet = Fleet::new(&["early", "late", "dead"], &["late", "dead"]).await;
    fleet.turn("late", Mode::Wait).await;
    fleet.turn("dead", Mode::Hang).await;
    let secrets = |fleet: &Fleet| {
        ["early", "late", "dead"].map(|name| {
            let secret = fleet.company.jumpserver.secret(name, "jump_db_fanlichun_r");
            secret.expect("a password")
        })
    };
    let before = secrets(&fleet);
    let mut command = fleet.company.command(&["rotate", "--all", "--yes"]);
    let running = tokio::task::spawn_blocking(move || command.output());
    // Longer than `apply` would wait for it.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert!(!running.is_finished());
    assert_eq!(secrets(&fleet), before);
    let port = fleet.server("late").port;
    fleet.turn("late", Mode::To(port)).await;
    let done = Done::of(running.await.expect("it ends").expect("the command runs")).expect(5);
    assert!(done.stdout.contains("dead could not be read"), "{}", done.stdout);
    let after = secrets(&fleet);
    assert!(after[0] != before[0] && after[1] != before[1], "{}", done.stdout);
    assert_eq!(after[2], before[2]);
    for (name, secret) in ["early", "late"].iter().zip(&after) {
        let login = fleet.server(name).login("jump_db_fanlichun_r", secret).await;
        login.expect("the new password works");
    }
}
