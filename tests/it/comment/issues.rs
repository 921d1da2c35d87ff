//! Issues of the test's forge. Sources: GitHub REST API "Issues" (a list holds pull requests,
//! too), GitLab REST API "Issues", Gitea's swagger (`issueListIssues`, at most 50 a page),
//! Gitee's OpenAPI v5 (numbers are texts; the repository stands in the body of a write).

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::forge::Api;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) number: usize,
    pub(crate) author: String,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) open: bool,
    /// Whether it is a pull request, which GitHub lists among the issues.
    pub(crate) pull: bool,
}

/// The answer to a request about issues; none for another one.
pub(super) fn answer(
    api: Api,
    issues: &mut Vec<Issue>,
    login: &str,
    (method, path, query): (&Method, &str, &str),
    body: &Value,
) -> Option<(StatusCode, Value)> {
    let (list, write) = match api {
        Api::Gitlab => ("/projects/ops%2Faccess/issues", "/projects/ops%2Faccess/issues"),
        Api::Gitee => ("/repos/acme/access/issues", "/repos/acme/issues"),
        Api::Github | Api::Gitea => ("/repos/acme/access/issues", "/repos/acme/access/issues"),
    };
    if method == Method::GET && path == list {
        return Some((StatusCode::OK, page(api, issues, query)));
    }
    let words = if api == Api::Gitlab { "description" } else { "body" };
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    if api == Api::Gitee && path.starts_with(write) && text("repo").as_deref() != Some("access") {
        return Some((StatusCode::BAD_REQUEST, json!({ "message": "repo is missing" })));
    }
    if method == Method::POST && path == write {
        let issue = Issue {
            number: issues.len() + 1,
            author: login.to_owned(),
            title: text("title").unwrap_or_default(),
            body: text(words).unwrap_or_default(),
            open: true,
            pull: false,
        };
        issues.push(issue.clone());
        return Some((StatusCode::CREATED, entry(api, &issue)));
    }
    let number = path.strip_prefix(write)?.strip_prefix('/')?;
    let number = number.strip_prefix('I').unwrap_or(number).parse::<usize>().ok()?;
    let update = if api == Api::Gitlab { Method::PUT } else { Method::PATCH };
    if *method != update {
        return None;
    }
    let issue = issues.iter_mut().find(|issue| issue.number == number)?;
    if api == Api::Gitee && text("title").is_none() {
        return Some((StatusCode::BAD_REQUEST, json!({ "message": "title is missing" })));
    }
    issue.title = text("title").unwrap_or_else(|| issue.title.clone());
    issue.body = text(words).unwrap_or_else(|| issue.body.clone());
    if text("state").as_deref() == Some("closed") || text("state_event").as_deref() == Some("close")
    {
        issue.open = false;
    }
    Some((StatusCode::OK, entry(api, issue)))
}

fn page(api: Api, issues: &[Issue], query: &str) -> Value {
    let of = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
    };
    let number = |name: &str, default| of(name).and_then(|n| n.parse().ok()).unwrap_or(default);
    let size: usize = match api {
        Api::Gitea => number("limit", 30).min(50),
        _ => number("per_page", 20).min(100),
    };
    let open = of("state").is_some_and(|state| state.starts_with("open"));
    // GitLab's own list is of one's own issues alone.
    let all = api != Api::Gitlab || of("scope").as_deref() == Some("all");
    let found = issues.iter().filter(|issue| {
        (!open || issue.open)
            && (all || issue.author == "access-bot")
            && (!issue.pull || api == Api::Github)
    });
    found.skip((number("page", 1) - 1) * size).take(size).map(|one| entry(api, one)).collect()
}

fn entry(api: Api, issue: &Issue) -> Value {
    let Issue { number, author, title, body, open, pull } = issue;
    let state = if *open { "open" } else { "closed" };
    if api == Api::Gitlab {
        return json!({
            "id": 700 + number, "iid": number, "title": title, "description": body,
            "state": if *open { "opened" } else { "closed" }, "author": { "username": author },
            "web_url": format!("https://git.acme.example/ops/access/-/issues/{number}"),
        });
    }
    let told = if api == Api::Gitee { json!(format!("I{number}")) } else { json!(number) };
    let mut entry = json!({
        "id": 700 + number, "number": told, "title": title, "body": body, "state": state,
        "user": { "login": author },
        "html_url": format!("https://git.acme.example/acme/access/issues/{number}"),
    });
    if *pull {
        entry["pull_request"] = json!({ "url": "https://git.acme.example/pulls" });
    }
    entry
}
