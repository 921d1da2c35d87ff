//! `jumpgate comment` against servers that answer as the forges do.

pub(crate) mod forge;
pub(crate) mod issues;
pub(crate) mod pulls;
pub(crate) mod reviews;
mod shapes;

use std::io::Write;
use std::process::{Command, Stdio};

use self::forge::{Api, Forge, JOB_TOKEN};

const ALL: [Api; 4] = [Api::Github, Api::Gitlab, Api::Gitea, Api::Gitee];

/// Runs the command with a token; gives the exit code and what was printed.
async fn comment(forge: &Forge, api: Api, token: &str, text: &str, args: &[&str]) -> (i32, String) {
    let (name, repository) = match api {
        Api::Github => ("github", "acme/access"),
        Api::Gitlab => ("gitlab", "ops/access"),
        Api::Gitea => ("gitea", "acme/access"),
        Api::Gitee => ("gitee", "acme/access"),
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_jumpgate"));
    command
        .args(["comment", "--forge", name, "--api", &forge.url, "--repository", repository])
        .args(["--number", "12"])
        .args(args)
        .env_clear()
        .env("JUMPGATE_FORGE_TOKEN", token)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let text = text.to_owned();
    let output = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("the command runs");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(text.as_bytes()).expect("the text is taken");
        drop(stdin);
        child.wait_with_output().expect("it ends")
    });
    let output = output.await.expect("it ends");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8(printed).expect("UTF-8"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_comment_is_written_once_and_then_updated() {
    for api in ALL {
        let forge = Forge::start(api).await;
        // It is not on the first page.
        for number in 0..130 {
            forge.say("liwei", &format!("remark {number}"));
        }
        let first = comment(&forge, api, "bot-token", "first", &[]).await;
        assert_eq!(first.0, 0, "{api:?} {}", first.1);
        assert!(first.1.contains("#12 is written."), "{}", first.1);
        let second = comment(&forge, api, "bot-token", "second", &[]).await;
        assert!(second.1.contains("is updated."), "{}", second.1);
        let third = comment(&forge, api, "bot-token", "second", &[]).await;
        assert!(third.1.contains("is as it was."), "{}", third.1);
        assert_eq!(forge.writes().len(), 2, "{api:?} {:?}", forge.writes());
        let comments = forge.comments();
        assert_eq!(comments.len(), 131);
        assert!(comments[130].body.starts_with("second\n\n<!-- jumpgate:comment "));
    }
}

/// Two configs, a plan thrice and an apply once, and a person who quotes the comment.
#[tokio::test(flavor = "multi_thread")]
async fn o31_comment_markers_are_not_mixed() {
    for api in ALL {
        let forge = Forge::start(api).await;
        let acme = ["--config", "acme"];
        comment(&forge, api, "bot-token", "plan 1", &acme).await;
        let quoted = forge.comments()[0].body.clone();
        forge.say("liwei", &format!("> {quoted}\n{quoted}"));
        comment(&forge, api, "bot-token", "other 1", &["--config", "other"]).await;
        comment(&forge, api, "bot-token", "applied", &["--config", "acme", "--command", "apply"])
            .await;
        // A text that holds the marker of another comment is no such comment.
        comment(&forge, api, "bot-token", &format!("plan 2\n{}", forge.comments()[2].body), &acme)
            .await;
        comment(&forge, api, "bot-token", "other 2", &["--config", "other"]).await;
        comment(&forge, api, "bot-token", "plan 3", &acme).await;
        let texts: Vec<String> = forge
            .comments()
            .iter()
            .map(|comment| comment.body.lines().next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(texts, ["plan 3", &format!("> {}", "plan 1"), "other 2", "applied"], "{api:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_github_finds_its_own_comment() {
    let forge = Forge::start(Api::Github).await;
    comment(&forge, Api::Github, JOB_TOKEN, "one", &[]).await;
    let again = comment(&forge, Api::Github, JOB_TOKEN, "two", &[]).await;
    assert!(again.1.contains("is updated."), "{}", again.1);
    assert_eq!(forge.comments()[0].author, "github-actions[bot]");
}

/// GitHub's secondary limit: nothing was done, and the answer says when to come back.
#[tokio::test(flavor = "multi_thread")]
async fn a_forge_that_was_asked_too_often_is_waited_for() {
    let forge = Forge::start(Api::Github).await;
    forge.say("liwei", "a remark");
    forge.limit_next(2);
    let (code, said) = comment(&forge, Api::Github, "bot-token", "one", &[]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(forge.writes().len(), 1);
    forge.limit_next(3);
    let (code, said) = comment(&forge, Api::Github, "bot-token", "two", &[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("it was asked too often; run this again later"), "{said}");
    // Whose token it is was not known, and it was not taken for a job's: no second comment.
    assert_eq!(forge.comments().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_without_the_token() {
    let forge = Forge::start(Api::Github).await;
    let (code, said) = comment(&forge, Api::Github, "tell-nobody", "x", &[]).await;
    assert_eq!(code, 1);
    assert!(said.contains("the token is not accepted") && !said.contains("tell-nobody"), "{said}");
    let (code, said) = comment(&forge, Api::Github, "bot-token", &"界".repeat(65_536), &[]).await;
    assert_eq!(code, 1);
    assert!(said.contains("takes at most 65536"), "{said}");
    assert_eq!(comment(&forge, Api::Github, "bot-token", " \n", &[]).await.0, 1);
    assert!(forge.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_tried_again_and_a_new_comment_is_not() {
    let forge = Forge::start(Api::Gitea).await;
    forge.break_down(2);
    let (code, said) = comment(&forge, Api::Gitea, "bot-token", "x", &[]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(forge.comments().len(), 1);
    // Whether a new comment came about is not known: the next run finds it and updates it.
    let forge = Forge::start(Api::Gitea).await;
    forge.break_posts(1);
    assert_eq!(comment(&forge, Api::Gitea, "bot-token", "x", &[]).await.0, 1);
    assert_eq!(forge.writes().len(), 1);
    let again = comment(&forge, Api::Gitea, "bot-token", "y", &[]).await;
    assert!(again.1.contains("is updated."), "{}", again.1);
    assert_eq!(forge.comments().len(), 1);
}
