//! Where a request stands.

use jumpgate_sandbox::Version;
use serde_json::Value;

use super::{Api, Forge, Repo, flags, path};
use crate::support::company::Company;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_followed_from_its_branch_to_its_end() {
    let (repo, forge) = (Repo::new(), Forge::start(Api::Github).await);
    let api = Api::Github;
    let name = path("PAY-1234-reconcile-refunds");
    let name = name.trim_start_matches("requests/").trim_end_matches(".yaml");
    let unknown = repo.run(&["status", name]).expect(1);
    assert!(unknown.stderr.contains("has no request"), "{unknown:?}");

    repo.with_forge(&forge, api, &flags(&["--pull-request"]), "").await.expect(0);
    let json = ["status", name, "--format", "json"];
    let read = |text: &str| -> Value { serde_json::from_str(text).expect("JSON") };
    let open = read(&repo.with_forge(&forge, api, &json, "").await.expect(0).stdout);
    assert_eq!((&open["state"], &open["pull-request"]["number"]), (&"open".into(), &1.into()));
    assert_eq!(open["until"], "2099-02-28 24:00 +08:00");
    let schema = read(&repo.run(&["schema", "status"]).expect(0).stdout);
    jsonschema::validate(&schema, &open).expect("it has its form");
    // Without a token git alone tells.
    let text = repo.run(&["status", name]).expect(0);
    assert!(text.stdout.starts_with(&format!("{name}: open: it waits for approval\n")), "{text:?}");

    forge.change_pulls(|pulls| pulls[0].state = "closed");
    let branch = format!("jumpgate/request/{name}");
    repo.git(&["branch", "--quiet", "-D", &branch]);
    repo.remote(&["branch", "--quiet", "-D", &branch]);
    repo.git(&["fetch", "--quiet", "--prune"]);
    let refused = read(&repo.with_forge(&forge, api, &json, "").await.expect(0).stdout);
    assert_eq!(refused["state"], "refused");

    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 5);
    let soon = format!("until: {}", soon.strftime("%Y-%m-%d"));
    for (period, state) in [
        ("until: 2099-02-28", "active"),
        (&soon, "ending"),
        ("from: 2098-01-01\nuntil: 2099-02-28", "upcoming"),
        ("until: 2020-02-28", "ended"),
    ] {
        repo.put(
            &format!("requests/{name}.yaml"),
            &super::FILE.replace("until: 2099-02-28", period),
        );
        repo.git(&["add", "--all"]);
        repo.git(&["commit", "--quiet", "--message", "Merge pull request #1 from acme/x"]);
        repo.git(&["push", "--quiet", "origin", "main"]);
        let done = repo.run(&json).expect(0);
        let told = read(&done.stdout);
        assert_eq!(told["against-policy"], serde_json::json!([]));
        assert_eq!(told["state"], state);
        assert_eq!(told["origin"]["pull_request"], "#1");
        let (_, last) = name.rsplit_once('/').expect("a folder");
        let by_last = repo.run(&["status", last, "--format", "json"]).expect(0);
        assert_eq!(by_last.stdout, done.stdout);
        jsonschema::validate(&schema, &told).expect("it has its form");
    }
}

#[test]
fn what_policy_has_against_a_request_and_an_emergency_are_told() {
    let repo = Repo::new();
    let policy = "environments: [prod]\nemergency: { mergers: [liwei], longest: 4h }\n\
                  limits: [{ when: { login: root }, longest: 7d }]\n";
    repo.put("policy.yaml", policy);
    let now = jiff::Timestamp::now();
    let hour = jiff::SignedDuration::from_hours(1);
    let moment = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%MZ").to_string();
    let request = super::FILE.replace("login: app", "login: root");
    repo.put("requests/long.yaml", &request);
    let urgent = format!(
        "from: {}\nuntil: {}\nemergency: payments are down\n",
        moment(now - hour),
        moment(now + hour)
    );
    repo.put("requests/urgent.yaml", &super::FILE.replace("until: 2099-02-28\n", &urgent));
    repo.git(&["add", "--all"]);
    repo.git(&["commit", "--quiet", "--message", "two requests"]);
    repo.git(&["push", "--quiet", "origin", "main"]);
    let long = repo.run(&["status", "long"]).expect(0);
    assert!(
        long.stdout.contains("  against policy: policy allows at most 7 days here"),
        "{}",
        long.stdout
    );
    let urgent = repo.run(&["status", "urgent"]).expect(0);
    let told = "  emergency: payments are down; no owner has approved it yet\n";
    assert!(urgent.stdout.contains(told), "{}", urgent.stdout);
    assert!(urgent.stdout.starts_with("urgent: active: it ends soon\n"), "{}", urgent.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_credentials_it_says_whether_it_is_applied() {
    let company = Company::with_hosts(Version::V4).await;
    let ask = [
        "request",
        "--for",
        "liwei",
        "--server",
        "pay-web-01",
        "--login",
        "app",
        "--reason",
        "logs",
        "--until",
        "2099-01-01",
        "--name",
        "logs",
    ];
    company.run(&ask).await.expect(0);
    company.merge("logs for liwei");
    let named = path("logs");
    let name = named.trim_start_matches("requests/").trim_end_matches(".yaml");
    let before = company.run(&["status", name]).await.expect(0);
    assert!(before.stdout.contains("applied: no, the next apply has 1 step for it"), "{before:?}");
    company.run(&["apply", "--yes"]).await.expect(0);
    let after = company.run(&["status", &named]).await.expect(0);
    assert!(after.stdout.contains("applied: yes, nothing is left to do"), "{after:?}");
    let by_last = company.run(&["status", "logs"]).await.expect(0);
    assert_eq!(by_last.stdout, after.stdout);
    company.run(&["status", "log"]).await.expect(1);
}

/// A request for one person, on one place.
fn asking(person: &str, place: &str) -> String {
    format!("for: {person}\nreason: logs\nuntil: 2099-01-01\n{place}")
}

const HOST: &str = "servers:\n  - { login: app, assets: [pay-web-01] }\n";

/// Nothing is left to do only where nothing is in the way, wherever that is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_could_do_is_not_applied() {
    let company = Company::with_hosts(Version::V4).await;
    let database = |name: &str| {
        format!("databases:\n  - {{ instance: {name}, level: r, tables: ['orders.*'] }}\n")
    };
    company.write("people/zhangsan.yaml", "name: 张三\n");
    company.write(
        "inventory/databases/dead.yaml",
        "address: 127.0.0.1:9\nasset: dead\nenvironment: prod\nowners: [liwei]\naccount-host: 127.0.0.1\ntls: { mode: off }\n",
    );
    company.write(
        "inventory/databases/alias.yaml",
        "address: 127.0.0.1:9\nasset: alias\nenvironment: prod\nowners: [liwei]\naccount-host: 127.0.0.1\ntls: { mode: off }\nsame-accounts-as: dead\n",
    );
    let gone = HOST.replace("01", "09");
    for (name, person, place) in [
        ("nobody", "zhangsan", HOST),
        ("dead", "liwei", &database("dead")),
        ("alias", "liwei", &database("alias")),
        ("missing", "liwei", &gone),
        // The finding stands at the first request that names the host.
        ("missing-too", "fanlichun", &gone),
        ("good", "fanlichun", HOST),
    ] {
        company.write(&format!("requests/{name}.yaml"), &asking(person, place));
    }
    let ended = asking("liwei", &database("dead")).replace("2099-01-01", "2026-01-01");
    company.write("requests/ended.yaml", &ended);
    company.merge("requests");
    company.run(&["apply", "--yes"]).await.expect(5);
    for (name, code) in [
        ("nobody", "JG205"),
        ("dead", "JG201"),
        ("alias", "JG201"),
        ("missing", "JG208"),
        ("missing-too", "JG208"),
        ("ended", "JG201"),
    ] {
        let done = company.run(&["status", name]).await.expect(0);
        let told = done.stdout.contains("applied: no") && done.stdout.contains(code);
        assert!(told, "{name}: {}", done.stdout);
    }
    let good = company.run(&["status", "good"]).await.expect(0);
    assert!(good.stdout.contains("applied: yes, nothing is left to do"), "{}", good.stdout);
    // The name of an alias stands for the one whose accounts it shows.
    for command in ["doctor", "plan"] {
        let done = company.run(&[command, "--target", "alias"]).await;
        assert!(done.code != 0 && done.stdout.contains("dead"), "{command} {done:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_merged_past_a_pull_request_is_not_applied() {
    let company = Company::with_hosts(Version::V4).await;
    company.write(
        "policy.yaml",
        "environments: [prod]\nprovenance: git\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\n",
    );
    company.merge("rules");
    company.write("requests/new.yaml", &asking("liwei", HOST));
    company.merge("pushed");
    let done = company.run(&["status", "new"]).await.expect(0);
    assert!(done.stdout.contains("the next apply has 0 steps for it"), "{}", done.stdout);
    assert!(done.stdout.contains("in its way: JG260"), "{}", done.stdout);
}
