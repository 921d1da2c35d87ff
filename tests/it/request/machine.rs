//! Other systems: JSON, the bodies of a ticket page, and issue forms.

use jumpgate_sandbox::Version;
use serde_json::{Value, json};

use super::{Api, FILE, Forge, Repo, path};
use crate::support::company::{Company, Done};

fn body() -> Value {
    json!({
        "external-id": "CHG-4711",
        "for": "fanlichun",
        "reason": "PAY-1234: reconcile refunds",
        "until": "2099-02-28",
        "servers": [{ "login": "app", "assets": ["pay-web-01"] }],
        "databases": [{
            "instance": "orders-prod", "level": "r", "tables": ["orders.*", "billing.cards(id, last4)"],
        }],
    })
}

fn answer(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

/// A file without the line that names the call.
fn plain(text: &str) -> String {
    let (first, rest) = text.split_once('\n').expect("lines");
    assert!(first.starts_with("# external-id: \"CHG-4711\" body "), "{text}");
    rest.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_makes_nothing_twice() {
    for api in [Api::Github, Api::Gitlab, Api::Gitea, Api::Gitee] {
        let (repo, forge) = (Repo::new(), Forge::start(api).await);
        let args = ["request", "--json", "-", "--pull-request"];
        let body = body().to_string();
        let first = repo.with_forge(&forge, api, &args, &body).await.expect(0);
        let told = answer(&first);
        let path = path("CHG-4711");
        assert_eq!(told["path"], json!(path));
        assert_eq!(told["branch"], "jumpgate/external/CHG-4711");
        assert_eq!(told["pull-request"]["number"], 1);
        let text = repo.remote(&["show", &format!("jumpgate/external/CHG-4711:{path}")]);
        assert_eq!(plain(&text), FILE);
        // From another clone, which knows nothing of it.
        let other = Repo::new();
        other.git(&[
            "remote",
            "set-url",
            "origin",
            repo.0.path().join("remote.git").to_str().expect("UTF-8"),
        ]);
        for repo in [&repo, &other] {
            let again = repo.with_forge(&forge, api, &args, &body).await.expect(0);
            assert_eq!(again.stdout, first.stdout, "{api:?}");
        }
        let changed = body.replace("2099-02-28", "2099-03-31");
        let refused = other.with_forge(&forge, api, &args, &changed).await.expect(1);
        assert!(
            refused.stderr.contains("CHG-4711\" is taken: a call with it asked for something else"),
            "{refused:?}"
        );
        // Merged, renewed, and the branch is gone.
        repo.remote(&["update-ref", "refs/heads/main", "refs/heads/jumpgate/external/CHG-4711"]);
        repo.remote(&["update-ref", "-d", "refs/heads/jumpgate/external/CHG-4711"]);
        forge.change_pulls(|pulls| pulls[0].state = "merged");
        let fresh = tempfile::tempdir().expect("a folder");
        repo.remote(&["clone", "--quiet", ".", fresh.path().to_str().expect("UTF-8")]);
        let again = other.with_forge(&forge, api, &args, &body).await.expect(0);
        assert_eq!(again.stdout, first.stdout, "{api:?}");
        // Taken back since: only the forge knows it.
        let tree = repo.remote(&["rev-parse", "main~1"]);
        repo.remote(&["update-ref", "refs/heads/main", tree.trim()]);
        other.git(&["fetch", "--quiet", "origin", "+main:refs/remotes/origin/main"]);
        let again = other.with_forge(&forge, api, &args, &body).await.expect(0);
        assert_eq!(again.stdout, first.stdout, "{api:?}");
        let refused = other.with_forge(&forge, api, &args, &changed).await.expect(1);
        assert!(refused.stderr.contains("asked for something else"), "{refused:?}");
        assert_eq!(forge.writes().len(), 1, "{api:?}");
    }
}

/// A call that was cut behind its commit, or behind its push, is made up for.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_cut_is_finished_by_the_next() {
    let (repo, forge) = (Repo::new(), Forge::start(Api::Github).await);
    let body = body().to_string();
    let told =
        answer(&repo.run_with(&["request", "--json", "-", "--branch"], &body, &[]).expect(0));
    assert_eq!(
        (&told["branch"], &told["pull-request"]),
        (&json!("jumpgate/external/CHG-4711"), &Value::Null)
    );
    repo.run_with(&["request", "--json", "-", "--push"], &body, &[]).expect(0);
    let commit = repo.git(&["rev-parse", "jumpgate/external/CHG-4711"]);
    assert_eq!(repo.remote(&["rev-parse", "jumpgate/external/CHG-4711"]), commit);
    let args = ["request", "--json", "-", "--pull-request"];
    let told = answer(&repo.with_forge(&forge, Api::Github, &args, &body).await.expect(0));
    assert_eq!(told["pull-request"]["number"], 1);
    assert_eq!(repo.remote(&["rev-parse", "jumpgate/external/CHG-4711"]), commit);
}

#[test]
fn json_without_a_branch_is_a_file_once() {
    let repo = Repo::new();
    let args = ["request", "--json", "-"];
    let first = repo.run_with(&args, &body().to_string(), &[]).expect(0);
    assert_eq!(plain(&repo.read(&path("CHG-4711"))), FILE);
    let again = repo.run_with(&args, &body().to_string(), &[]).expect(0);
    assert_eq!(again.stdout, first.stdout);
    repo.run(&["check"]).expect(0);
    let refused = repo
        .run_with(&args, &body().to_string().replace("2099-02-28", "2099-02-27"), &[])
        .expect(1);
    assert!(refused.stdout.is_empty() && refused.stderr.contains("is taken"), "{refused:?}");
    // Whatever a schema takes is read, and what is read has the schema's form.
    let schema = repo.run(&["schema", "ask"]).expect(0);
    let schema: Value = serde_json::from_str(&schema.stdout).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.is_valid(&body()));
    let mut odd = body();
    odd["approvals"] = json!(0);
    assert!(!validator.is_valid(&odd));
    let done = repo.run_with(&args, &odd.to_string(), &[]).expect(1);
    assert!(done.stderr.contains("unknown field `approvals`"), "{done:?}");
    let answer_schema = repo.run(&["schema", "answer"]).expect(0);
    let answer_schema: Value = serde_json::from_str(&answer_schema.stdout).expect("JSON");
    jsonschema::validate(&answer_schema, &answer(&first)).expect("the answer has its form");
}

#[test]
fn a_ticket_page_s_databases_are_found_by_address() {
    let repo = Repo::new();
    let body = r#"{"pname": "CHG-4711", "uname": "fanlichun@acme.example", "assets": [
        {"address": "orders-prod.db.acme.example", "selectdb": ["orders", "billing.cards(id, last4)"], "readonly": true}]}"#;
    let args = [
        "request",
        "--json",
        "-",
        "--until",
        "2099-02-28",
        "--reason",
        "PAY-1234: reconcile refunds",
        "--external-id",
        "CHG-4711",
    ];
    repo.run_with(&args, body, &[]).expect(0);
    let expected: String = {
        let (head, rest) = FILE.split_once("servers:").expect("servers");
        let (_, databases) = rest.split_once("databases:").expect("databases");
        format!("{head}databases:{databases}")
    };
    assert_eq!(plain(&repo.read(&path("CHG-4711"))), expected);
    repo.run(&["check"]).expect(0);
    let unknown = body.replace("orders-prod.db", "orders.db");
    let done = repo.run_with(&args[..5], &unknown, &[]).expect(1);
    assert!(
        done.stderr.contains("there are: orders-prod (orders-prod.db.acme.example:3306)"),
        "{done:?}"
    );
    let write = body.replace("true", "false").replace(r#", "billing.cards(id, last4)""#, "");
    let refused = repo.run_with(&args[..5], &write, &[]).expect(4);
    assert!(refused.stdout.is_empty() && refused.stderr.contains("name the tables"), "{refused:?}");
}

/// Its servers are found by JumpServer.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_page_s_servers_are_found_by_address() {
    for version in [Version::V3, Version::V4] {
        let company = Company::with_hosts(version).await;
        let body = company.dir().join(".git/body.json");
        let put = |assets: &str| {
            let text = format!(
                r#"{{"pname": "x", "uname": "fanlichun", "adminperm": false, "assets": [{assets}]}}"#
            );
            std::fs::write(&body, text).expect("a file");
        };
        let args = ["request", "--json", ".git/body.json", "--until", "2099-02-28", "--name", "x"];
        put(r#""10.1.0.1", "10.1.0.2""#);
        company.run(&args).await.expect(0);
        let text = std::fs::read_to_string(company.dir().join(path("x"))).expect("a file");
        assert!(
            text.ends_with(
                "servers:\n  - login: app\n    assets:\n      - pay-web-01\n      - pay-web-02\n"
            ),
            "{text}"
        );
        company.run(&["check"]).await.expect(0);
        put(r#""10.1.0.9""#);
        let done = company.run(&args).await.expect(1);
        assert!(
            done.stderr.contains("JumpServer has no asset with the address 10.1.0.9"),
            "{done:?}"
        );
        // A second asset at the same address.
        company.jumpserver.add_asset(
            jumpgate_sandbox::NewAsset::host("pay-web-03", "10.1.0.1")
                .below(&format!("{}/payments/prod", company.root)),
        );
        put(r#""10.1.0.1""#);
        let done = company.run(&args).await.expect(1);
        assert!(done.stderr.contains("several assets: pay-web-01, pay-web-03"), "{done:?}");
    }
}

#[test]
fn an_issue_form_becomes_the_same_file() {
    let repo = Repo::new();
    let issue = "### For whom\n\nfanlichun@acme.example\n\n### Reason\n\nPAY-1234: reconcile refunds\n\n### From\n\n\
                 _No response_\n\n### Until\n\n2099-02-28\n\n### Servers\n\npay-web-01\n\n### Login\n\napp\n\n\
                 ### Databases\n\norders-prod\n\n### Level\n\nr\n\n### Tables\n\norders.*\nbilling.cards(id, last4)\n";
    let args = ["request", "--issue-form", "-", "--external-id", "CHG-4711"];
    repo.run_with(&args, issue, &[]).expect(0);
    assert_eq!(plain(&repo.read(&path("CHG-4711"))), FILE);
    // Hostile text is text.
    let hostile = issue.replace(
        "PAY-1234: reconcile refunds",
        "\"; touch /tmp/x; # `$(id)` ${{ github.token }}\nfor: liwei",
    );
    let args = ["request", "--issue-form", "-", "--name", "hostile"];
    repo.run_with(&args, &hostile, &[]).expect(0);
    let text = repo.read(&path("hostile"));
    assert!(
        text.contains("reason: \"\\\"; touch /tmp/x; # `$(id)` ${{ github.token }} for: liwei\"\n"),
        "{text}"
    );
    repo.run(&["check"]).expect(0);
    let done = repo.run_with(&args, "please", &[]).expect(1);
    assert!(done.stderr.contains("not written with the form"), "{done:?}");
}

/// The scripts of the example workflows that run the command, as their runner would.
fn scripts(path: &str) -> Vec<String> {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo").join(path);
    let text = std::fs::read_to_string(path).expect("a workflow");
    let workflow: Value = serde_yaml::from_str(&text).expect("YAML");
    let steps = workflow["jobs"]["request"]["steps"].as_array().expect("steps");
    let scripts: Vec<String> =
        steps.iter().filter_map(|step| step["run"].as_str()).map(str::to_owned).collect();
    // What people write never becomes a part of a script.
    assert!(scripts.iter().all(|script| !script.contains("${{")), "{scripts:?}");
    scripts.into_iter().filter(|script| script.contains("jumpgate request")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workflows_turn_hostile_events_into_pull_requests() {
    let hostile = "$(touch \"$HOME/owned\") `touch \"$HOME/owned\"` '; touch \"$HOME/owned\"; ' ::add-mask::x";
    let issue = format!(
        "### For whom\n\nfanlichun\n\n### Reason\n\n{hostile}\n\n### Until\n\n2099-02-28\n\n### Servers\n\npay-web-01\n\n### Login\n\napp\n"
    );
    let asker = json!({ "id": 28, "login": "LiWei" });
    let mut ask = body();
    ask["reason"] = json!(hostile);
    for (api, path, dispatch) in [
        (Api::Github, ".github/workflows/request.yml", json!({ "client_payload": ask })),
        (
            Api::Gitea,
            ".gitea/workflows/request.yml",
            json!({ "inputs": { "request": ask.to_string() } }),
        ),
    ] {
        let scripts = scripts(path);
        let [script] = scripts.as_slice() else { panic!("{scripts:?}") };
        let events = [
            ("dispatch", dispatch),
            ("issues", json!({ "issue": { "number": 7, "body": issue, "user": asker } })),
        ];
        for (event, payload) in events {
            let (repo, forge) = (Repo::new(), Forge::start(api).await);
            let file = repo.0.path().join("event.json");
            std::fs::write(&file, payload.to_string()).expect("a file");
            let binary =
                std::path::Path::new(env!("CARGO_BIN_EXE_jumpgate")).parent().expect("a folder");
            let path =
                format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
            let mut command = std::process::Command::new("bash");
            command
                .args(["-e", "-c", script])
                .current_dir(repo.dir())
                .env_clear()
                .env("PATH", path)
                .env("HOME", repo.0.path())
                .env("GIT_CONFIG_SYSTEM", "/dev/null")
                .env("EVENT", event)
                .env("GITHUB_EVENT_PATH", &file)
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_API_URL", &forge.url)
                .env("GITHUB_REPOSITORY", "acme/access")
                .env("JUMPGATE_FORGE_TOKEN", "bot-token");
            if api == Api::Gitea {
                command.env("GITEA_ACTIONS", "true");
            }
            let output = tokio::task::block_in_place(|| command.output());
            Done::of(output.expect("bash runs")).expect(0);
            let pulls = forge.pulls();
            assert_eq!(pulls.len(), 1, "{event}");
            let file = pulls[0].title.rsplit(' ').next().expect("a name").to_owned();
            let text = repo.remote(&["show", &format!("{}:requests/{file}.yaml", pulls[0].branch)]);
            assert!(text.contains("$(touch \\\"$HOME/owned\\\")"), "{text}");
            assert!(!repo.0.path().join("owned").exists());
            // Whoever asks by an issue wrote it.
            let author = repo.remote(&["log", "-1", "--format=%ae", &pulls[0].branch]);
            let his = ["28+LiWei@users.noreply.github.com", "LiWei@noreply.gitea"];
            assert_eq!(his.contains(&author.trim()), event == "issues", "{author}");
        }
    }
}

/// The form asks what is read, and nothing else.
#[test]
fn every_question_of_the_issue_form_is_read() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    let text = std::fs::read_to_string(root.join(".github/ISSUE_TEMPLATE/access.yml"));
    let form: Value = serde_yaml::from_str(&text.expect("the form")).expect("YAML");
    let fields = form["body"].as_array().expect("fields");
    let labels: Vec<&str> = fields
        .iter()
        .map(|field| field["attributes"]["label"].as_str().expect("a label"))
        .collect();
    let answers = [
        "fanlichun",
        "PAY-1234: reconcile refunds",
        "_No response_",
        "2099-02-28",
        "pay-web-01",
        "app",
        "orders-prod",
        "r",
        "orders.*\nbilling.cards(id, last4)",
    ];
    assert_eq!(labels.len(), answers.len());
    let issue: String = labels
        .iter()
        .zip(answers)
        .map(|(label, answer)| format!("### {label}\n\n{answer}\n\n"))
        .collect();
    let repo = Repo::new();
    let args = ["request", "--issue-form", "-", "--external-id", "CHG-4711"];
    repo.run_with(&args, &issue, &[]).expect(0);
    assert_eq!(plain(&repo.read(&path("CHG-4711"))), FILE);
}
