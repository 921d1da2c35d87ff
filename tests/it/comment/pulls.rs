//! Pull requests of the test's forge. Sources: GitHub REST API "Pulls" (`head` is
//! `owner:branch`, a second one is 422), GitLab REST API "Merge requests" (a second one is
//! 409), Gitea's swagger (`limit` of 50, no filter by branch, a second one is 409), Gitee's
//! OpenAPI v5.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::forge::Api;
use super::shapes::{self, Opened};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pull {
    pub(crate) number: usize,
    pub(crate) branch: String,
    pub(crate) base: String,
    pub(crate) title: String,
    pub(crate) body: String,
    /// `open`, `closed` or `merged`.
    pub(crate) state: &'static str,
    /// Whether the branch is one of a fork.
    pub(crate) fork: bool,
}

/// The answer to a request for pull requests; none for another one.
pub(super) fn answer(
    api: Api,
    pulls: &mut Vec<Pull>,
    (method, path, query): (&Method, &str, &str),
    bytes: &[u8],
) -> Option<(StatusCode, Value)> {
    let list = match api {
        Api::Gitlab => "/projects/ops%2Faccess/merge_requests",
        _ => "/repos/acme/access/pulls",
    };
    if path != list {
        return None;
    }
    if method == Method::GET {
        return Some((StatusCode::OK, page(api, pulls, query)));
    }
    let body: Value = serde_json::from_slice(bytes).ok()?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (branch, base, words) = match api {
        Api::Gitlab => ("source_branch", "target_branch", "description"),
        _ => ("head", "base", "body"),
    };
    let branch = text(branch);
    let twice = |pull: &Pull| !pull.fork && pull.branch == branch && pull.state == "open";
    if pulls.iter().any(twice) {
        let status = if api == Api::Github {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::CONFLICT
        };
        return Some((status, json!({ "message": "it exists already" })));
    }
    let pull = Pull {
        number: pulls.len() + 1,
        branch,
        base: text(base),
        title: text("title"),
        body: text(words),
        state: "open",
        fork: false,
    };
    let answer = entry(api, &pull);
    pulls.push(pull);
    Some((StatusCode::CREATED, answer))
}

fn page(api: Api, pulls: &[Pull], query: &str) -> Value {
    let decoded = |text: &str| text.replace("%3A", ":").replace("%2F", "/");
    let of = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| decoded(value)).next()
    };
    let number = |name: &str, default| of(name).and_then(|n| n.parse().ok()).unwrap_or(default);
    let size: usize = match api {
        Api::Gitea => number("limit", 30).min(50),
        _ => number("per_page", 20).min(100),
    };
    let state = of("state").unwrap_or_else(|| "open".to_owned());
    let branch = match api {
        Api::Github => of("head").and_then(|head| head.strip_prefix("acme:").map(str::to_owned)),
        Api::Gitlab => of("source_branch"),
        Api::Gitee => of("head"),
        Api::Gitea => None,
    };
    let found = pulls.iter().rev().filter(|pull| {
        let state = state == "all" || (pull.state == "open") == state.starts_with("open");
        state && branch.as_ref().is_none_or(|branch| *branch == pull.branch)
    });
    found.skip((number("page", 1) - 1) * size).take(size).map(|pull| entry(api, pull)).collect()
}

fn entry(api: Api, pull: &Pull) -> Value {
    let Pull { number, branch, base, title, body, state, fork } = pull;
    shapes::pull(
        api,
        &Opened {
            number: *number as u64,
            author: "access-bot",
            title,
            body,
            state,
            branch,
            head: "",
            base,
            fork: *fork,
            merged: (*state == "merged").then_some(("2026-12-01T00:00:00Z", Some("liwei"), "")),
            listed: true,
        },
    )
}
