//! The step of a job that runs jumpgate: `scripts/action-run`, as the runner starts it.

use std::fs;
use std::path::Path;
use std::process::Command;

use jumpgate_sandbox::Version;

use crate::comment::forge::{Api, Forge, JOB_TOKEN};
use crate::comment::reviews::PullRequest;
use crate::notify::post::Hooks;
use crate::support::company::{Company, Done};

/// Runs the step with these inputs.
async fn step(company: &Company, forge: &Forge, inputs: &[(&str, &str)]) -> Done {
    let binary = Path::new(env!("CARGO_BIN_EXE_jumpgate")).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let ready = company.command(&[]);
    let mut command =
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/action-run"));
    command.current_dir(company.dir()).env_clear();
    for (name, value) in ready.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
        .env("PATH", format!("{}:{path}", binary.display()))
        .env("RUNNER_TEMP", company.dir().join(".git"))
        .env("GITHUB_OUTPUT", company.dir().join(".git/output"))
        .env("GITHUB_STEP_SUMMARY", company.dir().join(".git/summary"))
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_API_URL", &forge.url)
        .env("GITHUB_SERVER_URL", "https://github.com")
        .env("GITHUB_REPOSITORY", "acme/access")
        .env("GITHUB_REF", "refs/pull/12/merge")
        .env("JUMPGATE_FORGE_TOKEN", JOB_TOKEN)
        .env("DIRECTORY", ".")
        .envs(inputs.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output());
    Done::of(output.await.expect("it ends").expect("bash runs"))
}

/// Lines that the runner would take for commands: those outside of a stopped stretch.
fn commands(log: &str) -> Vec<&str> {
    let mut stopped: Option<String> = None;
    let mut found = Vec::new();
    for line in log.lines().map(str::trim_start).filter(|line| line.starts_with("::")) {
        match &stopped {
            Some(word) if line == format!("::{word}::") => stopped = None,
            Some(_) => {}
            None => match line.strip_prefix("::stop-commands::") {
                Some(word) => stopped = Some(word.to_owned()),
                None => found.push(line),
            },
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_gets_its_comment_and_its_summary() {
    let company = Company::with_hosts(Version::V4).await;
    let forge = Forge::start(Api::Github).await;
    company.git(&["checkout", "--quiet", "-b", "branch"]);
    company.write(
        "requests/new.yaml",
        &format!(
            "for: liwei\nreason: \"x\\n::set-output name=a::b\"\nuntil: 2027-02-28\nservers:\n  - login: app\n    nodes: [{}/payments/prod]\n",
            company.root
        ),
    );
    company.merge("logs for liwei");
    let plan = [("COMMAND", "plan"), ("BASE", "main"), ("SAME_REPOSITORY", "true")];
    let done = step(&company, &forge, &plan).await.expect(0);
    let found = commands(&done.stdout);
    assert!(found.len() == 1 && found[0].contains("title=JG227::"), "{}", done.stdout);
    assert_eq!(forge.comments().len(), 1);
    assert!(forge.comments()[0].body.starts_with("`liwei` gets `app` on "));
    assert!(forge.comments()[0].body.contains("](https://github.com/acme/access/blob/"));
    let kept =
        |name: &str| fs::read_to_string(company.dir().join(".git").join(name)).unwrap_or_default();
    assert!(kept("summary").starts_with("`liwei` gets `app` on "));
    assert_eq!(kept("output"), "exit-code=0\n");
    // A fork: no secret, no comment.
    let fork = [plan[0], plan[1], ("SAME_REPOSITORY", "false"), ("JUMPGATE_JUMPSERVER_TOKEN", "")];
    let done = step(&company, &forge, &fork).await.expect(0);
    let found = commands(&done.stdout);
    assert!(found.len() == 1 && found[0].contains("a fork cannot comment"), "{}", done.stdout);
    assert_eq!(forge.writes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_stand_at_their_lines() {
    let company = Company::with_hosts(Version::V4).await;
    let forge = Forge::start(Api::Github).await;
    company.write(
        "requests/bad.yaml",
        "for: nobody\nreason: x\nservers:\n  - login: app\n    assets: [x]\n",
    );
    let done = step(&company, &forge, &[("COMMAND", "check")]).await.expect(3);
    let commands = commands(&done.stdout);
    assert_eq!(commands.len(), 2, "{}", done.stdout);
    assert!(commands[0].starts_with("::error file=requests/bad.yaml,line=1,col=6,title=JG011::"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_is_applied_and_drift_fails_its_job() {
    let company = Company::with_hosts(Version::V4).await;
    let forge = Forge::start(Api::Github).await;
    company.write(
        "requests/new.yaml",
        &format!(
            "for: liwei\nreason: x\nuntil: 2027-02-28\nservers:\n  - login: app\n    nodes: [{}/payments/prod]\n",
            company.root
        ),
    );
    company.merge("logs for liwei");
    let plan = [("COMMAND", "plan"), ("FAIL_ON_CHANGES", "true")];
    step(&company, &forge, &plan).await.expect(2);
    let applied = step(&company, &forge, &[("COMMAND", "apply")]).await.expect(0);
    assert!(applied.stdout.contains("Applied: 1 done"), "{}", applied.stdout);
    step(&company, &forge, &plan).await.expect(0);
    let drift = [("COMMAND", "drift"), ("FAIL_ON_CHANGES", "true"), ("ISSUE", "true")];
    step(&company, &forge, &drift).await.expect(0);
    assert!(forge.writes().is_empty());
    let seen = company.jumpserver.permission("jump_app_liwei_20270228").expect("the permission");
    company.jumpserver.delete_permission(seen.id);
    let drifted = step(&company, &forge, &drift).await.expect(2);
    assert!(drifted.stdout.contains("is missing"), "{}", drifted.stdout);
    assert_eq!(forge.issues().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_approvals_are_a_status_and_no_failure_of_the_job() {
    let company = Company::with_hosts(Version::V4).await;
    let forge = Forge::start(Api::Github).await;
    company.write(
        "policy.yaml",
        "environments: [prod]\nlimits:\n  - { when: { environment: prod }, approvals: 1 }\n",
    );
    company.write("people/liwei.yaml", "name: 李伟\nforge: LiWei\n");
    company.merge("rules");
    company.git(&["checkout", "--quiet", "-b", "branch"]);
    company.write(
        "requests/new.yaml",
        "for: fanlichun\nreason: x\nuntil: 2027-02-28\nservers:\n  - login: app\n    assets: [pay-web-01]\n",
    );
    company.merge("logs for fanlichun");
    let pull = PullRequest::new(12, "fanlc", company.git(&["rev-parse", "HEAD"]).trim());
    forge.reviewed(|reviewed| reviewed.pulls.insert(12, pull));
    let inputs = [("COMMAND", "approvals"), ("BASE", "main"), ("SAME_REPOSITORY", "true")];
    step(&company, &forge, &inputs).await.expect(0);
    let statuses = || forge.reviewed(|reviewed| reviewed.statuses.clone());
    assert_eq!(statuses().len(), 1);
    assert_eq!(statuses()[0].state, "pending");
    // A fork's token sets no status: the job itself tells.
    let fork = [inputs[0], inputs[1], ("SAME_REPOSITORY", "false")];
    step(&company, &forge, &fork).await.expect(4);
    assert_eq!(statuses().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_apply_did_is_told_and_the_report_is_kept() {
    let company = Company::with_hosts(Version::V4).await;
    let (forge, hooks) = (Forge::start(Api::Github).await, Hooks::start().await);
    company.write("notify.yaml", "channels:\n  ops: { kind: wecom }\n");
    company.write(
        "requests/new.yaml",
        "for: liwei\nreason: x\nuntil: 2027-02-28\nservers:\n  - login: app\n    assets: [pay-web-01]\n",
    );
    company.merge("logs for liwei");
    let url = format!("{}/cgi-bin/webhook/send", hooks.url);
    let notify = [
        ("COMMAND", "notify"),
        ("RESULT", "last.json"),
        ("STATE", "told.json"),
        ("JUMPGATE_NOTIFY_OPS_URL", &url),
    ];
    // An apply that stopped early leaves no result.
    step(&company, &forge, &notify).await.expect(0);
    assert!(hooks.came().is_empty());
    let apply = [("COMMAND", "apply"), ("RESULT", "last.json")];
    let applied = step(&company, &forge, &apply).await.expect(0);
    assert!(applied.stdout.contains("Applied: 1 done"), "{}", applied.stdout);
    for messages in [1, 0] {
        step(&company, &forge, &notify).await.expect(0);
        assert_eq!(hooks.came().len(), messages);
    }
    let report = [("COMMAND", "report"), ("OUT", "access.html")];
    step(&company, &forge, &report).await.expect(0);
    let page = fs::read_to_string(company.dir().join("access.html")).expect("a page");
    assert!(page.contains("pay-web-01"));
    step(&company, &forge, &[("COMMAND", "audit")]).await.expect(0);
    let audit = [("COMMAND", "audit"), ("FAIL_ON", "low")];
    step(&company, &forge, &audit).await.expect(4);
}
