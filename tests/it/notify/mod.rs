//! `jumpgate notify` against servers that answer as the chat systems and mail servers do.

pub(crate) mod post;
mod smtp;
mod tls;

use std::fs;
use std::process::{Command, Stdio};

use jumpgate_sandbox::Version;
use tempfile::TempDir;

use self::post::Hooks;
use self::smtp::{PASSWORD, REFUSED, Smtp, Tls};
use crate::support::company::{Company, Done};

/// What must be seen nowhere: tokens in addresses, and secrets.
const SECRETS: [&str; 6] = [
    "tell-nobody-slack",
    "tell-nobody-feishu",
    "tell-nobody-ding",
    "tell-nobody-wecom",
    "tell-nobody-secret",
    PASSWORD,
];

const HOSTILE: &str = "PAY-1: <!channel> @all <at user_id=\\\"all\\\">x</at> **b** \u{1b}[31m";

struct Repo(TempDir);

impl Repo {
    /// fanlichun's access ends in five days.
    fn new(channels: &str) -> Self {
        let repo = Self(tempfile::tempdir().expect("a folder"));
        repo.write("jumpgate.yaml", "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver: { url: https://jump.acme.example }\n");
        repo.write("policy.yaml", "environments: [prod]\n");
        repo.write("people/fanlichun.yaml", "name: 范立春\nemail: fanlichun@acme.example\n");
        repo.write("people/liwei.yaml", "name: 李伟\nemail: liwei@acme.example\n");
        repo.write("inventory/servers.yaml", "servers:\n  - environment: prod\n    owners: [liwei]\n    logins: [app]\n    nodes: [/Default/payments]\n");
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 5);
        let until = until.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        let reason = HOSTILE.replace('\u{1b}', "");
        repo.write("requests/PAY-1.yaml", &format!("for: fanlichun\nreason: \"{reason}\"\nuntil: {until}\nservers:\n  - login: app\n    nodes: [/Default/payments]\n"));
        repo.write("notify.yaml", channels);
        repo
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    async fn run(&self, environment: &[(&str, String)], args: &[&str]) -> Done {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jumpgate"));
        command.current_dir(self.0.path()).arg("notify").args(args);
        command.env_clear().stdin(Stdio::null());
        command.env("RUST_LOG", "trace").env("JUMPGATE_LOG", "trace");
        command.envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
        let output = tokio::task::spawn_blocking(move || command.output());
        let done = Done::of(output.await.expect("it ends").expect("the command runs"));
        for secret in SECRETS {
            assert!(!done.stdout.contains(secret) && !done.stderr.contains(secret), "{done:?}");
        }
        done
    }
}

const STATE: [&str; 2] = ["--state", "told.json"];

const CHATS: &str = "channels:\n  slack: { kind: slack }\n  feishu: { kind: feishu }\n  ding: { kind: dingtalk }\n  wecom: { kind: wecom }\n  hook: { kind: webhook, template: '{\"what\": \"{title}\", \"more\": [\"{text}\"]}' }\n";

fn chats(hooks: &Hooks) -> Vec<(&'static str, String)> {
    let url = &hooks.url;
    vec![
        ("JUMPGATE_NOTIFY_SLACK_URL", format!("{url}/services/T0/B0/tell-nobody-slack")),
        ("JUMPGATE_NOTIFY_FEISHU_URL", format!("{url}/open-apis/bot/v2/hook/tell-nobody-feishu")),
        ("JUMPGATE_NOTIFY_FEISHU_SECRET", "tell-nobody-secret".to_owned()),
        ("JUMPGATE_NOTIFY_DING_URL", format!("{url}/robot/send?access_token=tell-nobody-ding")),
        ("JUMPGATE_NOTIFY_DING_SECRET", "tell-nobody-secret".to_owned()),
        ("JUMPGATE_NOTIFY_WECOM_URL", format!("{url}/cgi-bin/webhook/send?key=tell-nobody-wecom")),
        ("JUMPGATE_NOTIFY_HOOK_URL", format!("{url}/hook/x")),
        ("JUMPGATE_NOTIFY_HOOK_SECRET", "tell-nobody-secret".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_system_gets_its_body_and_each_reminder_comes_once() {
    let (repo, hooks) = (Repo::new(CHATS), Hooks::start().await);
    let done = repo.run(&chats(&hooks), &STATE).await.expect(0);
    assert!(done.stderr.contains("5 messages"), "{}", done.stderr);
    let mut came = hooks.came();
    came.sort_by(|a, b| a.path.cmp(&b.path));
    let paths: Vec<&str> = came.iter().map(|post| post.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/cgi-bin/webhook/send",
            "/hook/x",
            "/open-apis/bot/v2/hook/tell-nobody-feishu",
            "/robot/send",
            "/services/T0/B0/tell-nobody-slack"
        ]
    );
    let [wecom, hook, feishu, ding, slack] = &came[..] else { panic!("{came:?}") };
    assert_eq!(wecom.body()["msgtype"], "text");
    assert!(hook.body()["what"] == "jumpgate acme: 1 access ends soon");
    assert!(hook.signature.as_ref().is_some_and(|value| value.starts_with("sha256=")));
    assert_eq!(
        (&feishu.body()["msg_type"], feishu.body()["sign"].is_string()),
        (&"text".into(), true)
    );
    assert!(ding.query.starts_with("access_token=tell-nobody-ding&timestamp="), "{}", ding.query);
    assert!(ding.query.contains("&sign="), "{}", ding.query);
    assert_eq!(slack.body()["mrkdwn"], false);
    for post in [wecom, feishu, ding, slack] {
        assert!(post.text.contains("jumpgate renew PAY-1 --until DATE"), "{}", post.text);
        assert!(!post.text.contains(['@', '<', '>']), "{}", post.text);
        assert!(!post.text.contains("tell-nobody"), "{}", post.text);
    }
    let done = repo.run(&chats(&hooks), &STATE).await.expect(0);
    assert!(done.stderr.contains("nothing new to tell"), "{}", done.stderr);
    assert!(hooks.came().is_empty());
    let state = fs::read_to_string(repo.0.path().join("told.json")).expect("a state");
    assert!(state.contains("slack/ending/PAY-1/fanlichun/") && !state.contains("tell-nobody"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_status_200_is_a_failure_and_is_tried_again_by_the_next_run() {
    let (repo, hooks) = (Repo::new(CHATS), Hooks::start().await);
    hooks.answer("/open-apis", 200, r#"{"code":19021,"msg":"sign match fail tell-nobody-secret"}"#);
    hooks.answer(
        "/robot",
        200,
        r#"{"errcode":310000,"errmsg":"tell-nobody-ding keywords not in content"}"#,
    );
    hooks.answer(
        "/cgi-bin",
        200,
        r#"{"errcode":93000,"errmsg":"invalid webhook url tell-nobody-wecom"}"#,
    );
    hooks.answer("/services", 404, "channel_not_found tell-nobody-slack");
    let done = repo.run(&chats(&hooks), &STATE).await.expect(5);
    for told in [
        "feishu: code 19021: sign match fail ***",
        "ding: errcode 310000: *** keywords not in content",
        "wecom: errcode 93000: invalid webhook url ***",
        "slack: status 404: channel_not_found ***",
        "1 of 5 messages arrived",
    ] {
        assert!(done.stderr.contains(told), "{told}\n{}", done.stderr);
    }
    assert_eq!(hooks.came().len(), 5);
    repo.run(&chats(&hooks), &STATE).await.expect(0);
    assert_eq!(hooks.came().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_too_soon_is_sent_again_and_a_dead_channel_holds_nobody_up() {
    let (repo, hooks) = (Repo::new(CHATS), Hooks::start().await);
    hooks.answer("/services", 429, "");
    hooks.answer("/cgi-bin", 200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#);
    let mut environment = chats(&hooks);
    // Nobody listens there.
    environment[1].1 = "http://127.0.0.1:9/open-apis/tell-nobody-feishu".to_owned();
    environment.retain(|(name, _)| *name != "JUMPGATE_NOTIFY_HOOK_URL");
    let done = repo.run(&environment, &STATE).await.expect(5);
    assert!(done.stderr.contains("feishu: no connection"), "{}", done.stderr);
    assert!(done.stderr.contains("hook: its address is missing: set JUMPGATE_NOTIFY_HOOK_URL"));
    let came = hooks.came();
    let of = |below: &str| came.iter().filter(|post| post.path.starts_with(below)).count();
    assert_eq!((of("/services"), of("/cgi-bin"), of("/robot")), (2, 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_never_sent_without_tls() {
    for kind in ["slack", "webhook"] {
        let repo = Repo::new(&format!("channels:\n  slack: {{ kind: {kind} }}\n"));
        let url = "http://hooks.acme.example/services/tell-nobody-slack".to_owned();
        let done = repo.run(&[("JUMPGATE_NOTIFY_SLACK_URL", url)], &STATE).await.expect(5);
        assert!(done.stderr.contains("expected https://..."), "{kind} {}", done.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_and_neither_sends_nor_remembers() {
    let (repo, hooks) = (Repo::new(CHATS), Hooks::start().await);
    let done = repo.run(&chats(&hooks), &["--dry-run", "--channel", "slack"]).await.expect(0);
    assert!(
        done.stdout.starts_with("--- slack\njumpgate acme: 1 access ends soon\n\nfanlichun: app")
    );
    assert!(hooks.came().is_empty() && !repo.0.path().join("told.json").exists());
    let done = repo.run(&[], &["--dry-run", "--days", "2"]).await.expect(0);
    assert!(done.stderr.contains("nothing new to tell"), "{}", done.stderr);
    let done = repo.run(&[], &["--dry-run", "--channel", "slak"]).await.expect(1);
    assert!(done.stderr.contains("did you mean slack?"), "{}", done.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_held_or_broken_stops_before_anything_is_sent() {
    let (repo, hooks) = (Repo::new(CHATS), Hooks::start().await);
    let lock = fs::File::create(repo.0.path().join("told.json.lock")).expect("a file");
    lock.lock().expect("a lock");
    repo.run(&chats(&hooks), &STATE).await.expect(6);
    drop(lock);
    repo.write("told.json", "{");
    let done = repo.run(&chats(&hooks), &STATE).await.expect(1);
    assert!(done.stderr.contains("told.json: it is no state of jumpgate notify"));
    assert!(hooks.came().is_empty());
}

const MAIL: &str = "language: zh\nchannels:\n  mail: { kind: mail, from: jumpgate@acme.example, to: [people, owners] }\n";

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_to_people_and_owners() {
    let (repo, smtp) = (Repo::new(MAIL), Smtp::start(Tls::Never));
    let url = ("JUMPGATE_NOTIFY_MAIL_URL", format!("smtp://jumpgate@127.0.0.1:{}", smtp.port));
    let secret = |text: &str| ("JUMPGATE_NOTIFY_MAIL_SECRET", text.to_owned());
    let wrong = repo.run(&[url.clone(), secret("wrong-password")], &STATE).await.expect(5);
    assert!(wrong.stderr.contains("the mail server answered 535"), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains("wrong-password"));
    let environment = [url, secret(PASSWORD)];
    let done = repo.run(&environment, &STATE).await.expect(5);
    let refused = format!("mail, {REFUSED}: the mail server answered 550");
    assert!(done.stderr.contains(&refused), "{}", done.stderr);
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].to, "fanlichun@acme.example");
    assert!(mails[0].text.contains("From: jumpgate <jumpgate@acme.example>"), "{}", mails[0].text);
    assert!(mails[0].text.contains("Content-Type: text/plain; charset=utf-8"), "{}", mails[0].text);
    // What arrived comes no second time.
    repo.run(&environment, &STATE).await.expect(5);
    assert!(smtp.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_apply_did_is_told_from_its_json() {
    let company = Company::with_hosts(Version::V4).await;
    company.write("notify.yaml", "channels:\n  ops: { kind: wecom }\n");
    let request = |assets: &str| {
        format!(
            "for: [fanlichun, liwei]\nreason: \"PAY-1: logs\"\nuntil: 2027-02-28\nservers:\n  - {{ login: app, assets: [{assets}] }}\n"
        )
    };
    company.write("requests/new.yaml", &request("pay-web-01, pay-web-02"));
    company.merge("logs");
    let run = async |args: &[&str]| {
        let mut command = company.command(args);
        let output = tokio::task::spawn_blocking(move || command.output());
        Done::of(output.await.expect("it ends").expect("the command runs"))
    };
    let applied = run(&["apply", "--yes", "--format", "json"]).await.expect(0);
    let last = company.dir().join("last.json");
    fs::write(&last, &applied.stdout).expect("a file");
    let last = last.to_str().expect("a path");
    let granted = run(&["notify", "--dry-run", "--apply", last]).await.expect(0);
    // A narrower request changes the permission in place.
    company.write("requests/new.yaml", &request("pay-web-01"));
    company.merge("narrower");
    let narrower = ["apply", "--yes", "--allow-removals", "2", "--format", "json"];
    let applied = run(&narrower).await.expect(0);
    fs::write(last, &applied.stdout).expect("a file");
    let removed = run(&["notify", "--dry-run", "--apply", last]).await.expect(0);
    insta::assert_snapshot!(format!("{}{}", granted.stdout, removed.stdout));
}
