//! What the forges answer, with all the fields that their documents show. Sources: the examples
//! of GitHub's REST API description (version 2022-11-28) and of GitLab's REST API pages, the
//! structures and `services/convert` of Gitea's source, Gitee's OpenAPI v5 and what its own
//! client reads.

use serde_json::{Value, json};

use super::forge::Api;

/// A person, as he stands in other answers.
pub(super) fn user(api: Api, login: &str) -> Value {
    let home = format!("https://git.acme.example/{login}");
    match api {
        Api::Github => json!({
            "login": login, "id": 1, "node_id": "MDQ6VXNlcjE=", "gravatar_id": "",
            "avatar_url": format!("{home}.png"), "url": format!("{home}.json"), "html_url": home,
            "type": "User", "user_view_type": "public", "site_admin": false,
        }),
        Api::Gitlab => json!({
            "id": 28, "name": login, "username": login, "state": "active", "locked": false,
            "avatar_url": null, "web_url": home,
        }),
        Api::Gitea => json!({
            "id": 1, "login": login, "login_name": "", "source_id": 0, "full_name": "",
            "email": format!("{login}@noreply.acme.example"), "avatar_url": "", "html_url": home,
            "language": "", "is_admin": false, "last_login": "0001-01-01T00:00:00Z",
            "created": "2025-01-02T03:04:05+08:00", "restricted": false, "active": false,
            "prohibit_login": false, "location": "", "website": "", "description": "",
            "visibility": "public", "followers_count": 0, "following_count": 0,
            "starred_repos_count": 0, "username": login,
        }),
        Api::Gitee => json!({
            "id": 1, "login": login, "name": login, "avatar_url": "", "url": "", "html_url": home,
            "remark": "", "followers_url": "", "following_url": "", "gists_url": "",
            "starred_url": "", "subscriptions_url": "", "organizations_url": "", "repos_url": "",
            "events_url": "", "received_events_url": "", "type": "User",
        }),
    }
}

/// A member of a group.
pub(super) fn member(api: Api, login: &str) -> Value {
    let mut member = user(api, login);
    if api == Api::Gitlab {
        member["access_level"] = json!(30);
        member["created_at"] = json!("2026-01-02T03:04:05.678Z");
        member["expires_at"] = Value::Null;
        member["membership_state"] = json!("active");
        member["group_saml_identity"] = Value::Null;
    }
    member
}

/// A comment; GitLab's note.
pub(super) fn comment(api: Api, id: u64, author: &str, body: &str) -> Value {
    let at = "2026-11-20T09:00:00Z";
    let by = user(api, author);
    match api {
        Api::Github => json!({
            "id": id, "node_id": "MDEyOklzc3VlQ29tbWVudDE=", "url": "", "html_url": "",
            "body": body, "user": by, "created_at": at, "updated_at": at, "issue_url": "",
            "author_association": "COLLABORATOR", "performed_via_github_app": null,
        }),
        Api::Gitlab => note(id, author, body, false, at),
        Api::Gitea => json!({
            "id": id, "html_url": "", "pull_request_url": "", "issue_url": "", "user": by,
            "original_author": "", "original_author_id": 0, "body": body, "assets": [],
            "created_at": at, "updated_at": at,
        }),
        Api::Gitee => json!({
            "url": "", "id": id, "path": null, "position": null, "original_position": null,
            "new_line": null, "commit_id": null, "original_commit_id": null, "user": by,
            "created_at": at, "updated_at": at, "body": body, "html_url": "",
            "pull_request_url": "", "_links": {}, "comment_type": "pr_comment",
            "in_reply_to_id": null,
        }),
    }
}

/// A note of GitLab, of a person or of the system.
pub(super) fn note(id: u64, author: &str, body: &str, system: bool, at: &str) -> Value {
    json!({
        "id": id, "type": null, "body": body, "attachment": null,
        "author": user(Api::Gitlab, author), "created_at": at, "updated_at": at,
        "system": system, "noteable_id": 377, "noteable_type": "MergeRequest", "project_id": 5,
        "noteable_iid": 12, "resolvable": false, "confidential": false, "internal": false,
        "imported": false, "imported_from": "none", "commands_changes": {},
    })
}

/// What a pull request has; the rest of its answer is the same for all.
pub(super) struct Opened<'a> {
    pub(super) number: u64,
    pub(super) author: &'a str,
    pub(super) title: &'a str,
    pub(super) body: &'a str,
    /// `open`, `closed` or `merged`.
    pub(super) state: &'a str,
    pub(super) branch: &'a str,
    pub(super) head: &'a str,
    pub(super) base: &'a str,
    pub(super) fork: bool,
    /// When, by whom, and the commit that it became.
    pub(super) merged: Option<(&'a str, Option<&'a str>, &'a str)>,
    /// Whether it is one of a list: GitHub tells less there.
    pub(super) listed: bool,
}

/// A pull request.
pub(super) fn pull(api: Api, pull: &Opened<'_>) -> Value {
    let Opened { number, title, body, branch, head, base, merged, .. } = *pull;
    let home = "https://git.acme.example/acme/access";
    let by = user(api, pull.author);
    let (created, from) = ("2026-11-20T08:00:00Z", if pull.fork { 9 } else { 1 });
    let merged_at = merged.map(|(at, ..)| at);
    let merger = merged.and_then(|(_, who, _)| who);
    let merger = merger.map_or(Value::Null, |who| user(api, who));
    let commit = merged.map(|(.., commit)| commit);
    if api == Api::Gitlab {
        let state = if pull.state == "open" { "opened" } else { pull.state };
        let first = json!({
            "id": 84, "iid": number, "project_id": 1, "title": title, "description": body,
            "state": state, "imported": false, "imported_from": "none", "merged_by": merger,
            "merge_user": merger, "merged_at": merged_at, "prepared_at": created,
            "closed_by": null, "closed_at": null, "created_at": created, "updated_at": created,
            "target_branch": base, "source_branch": branch, "upvotes": 0, "downvotes": 0,
            "author": by, "assignee": null, "assignees": [], "reviewers": [],
        });
        let rest = json!({
            "source_project_id": from, "target_project_id": 1, "labels": [], "draft": false,
            "work_in_progress": false, "milestone": null, "merge_when_pipeline_succeeds": false,
            "merge_status": "can_be_merged", "detailed_merge_status": "not_open", "sha": head,
            "merge_commit_sha": commit, "squash_commit_sha": null, "user_notes_count": 1,
            "discussion_locked": null, "should_remove_source_branch": null,
            "force_remove_source_branch": true, "has_conflicts": false,
            "blocking_discussions_resolved": true, "squash": false,
            "web_url": format!("https://git.acme.example/ops/access/-/merge_requests/{number}"),
            "references": { "short": format!("!{number}") }, "time_stats": { "time_estimate": 0 },
        });
        let both = [first, rest].into_iter().filter_map(|part| part.as_object().cloned());
        return both.flatten().collect();
    }
    // GitHub and Gitea call a merged one closed.
    let state = match (api, pull.state) {
        (Api::Github | Api::Gitea, "merged") => "closed",
        (_, state) => state,
    };
    let repo = |id: u64| json!({ "id": id, "name": "access", "full_name": "acme/access" });
    let mut head = json!({
        "label": format!("acme:{branch}"), "ref": branch, "sha": head, "user": by,
        "repo": repo(from),
    });
    let mut base = json!({ "label": format!("acme:{base}"), "ref": base, "sha": "", "user": by,
        "repo": repo(1) });
    let seg = if api == Api::Github { "pull" } else { "pulls" };
    let mut answer = json!({
        "id": 1, "url": "", "html_url": format!("{home}/{seg}/{number}"), "diff_url": "",
        "patch_url": "", "number": number, "state": state, "locked": false, "title": title,
        "user": by, "body": body, "labels": [], "milestone": null, "created_at": created,
        "updated_at": created, "closed_at": merged_at, "merged_at": merged_at, "draft": false,
        "assignee": null,
    });
    match api {
        Api::Gitea => {
            for (side, name) in [(&mut head, branch), (&mut base, pull.base)] {
                side["label"] = json!(name);
                side["repo_id"] = side["repo"]["id"].clone();
            }
            // After a merge the branch is gone.
            if pull.state != "open" {
                head["ref"] = json!(format!("refs/pull/{number}/head"));
            }
            answer["assignees"] = Value::Null;
            answer["requested_reviewers"] = Value::Null;
            answer["merged"] = json!(merged.is_some());
            answer["merged_by"] = merger;
            answer["merge_commit_sha"] = json!(commit);
            answer["mergeable"] = json!(true);
            answer["merge_base"] = json!("");
        }
        Api::Gitee => {
            for (name, value) in [("assignees_number", 1), ("testers_number", 0)] {
                answer[name] = json!(value);
            }
            answer["assignees"] = json!([]);
            answer["testers"] = json!([]);
            answer["mergeable"] = json!(true);
            answer["can_merge_check"] = json!(true);
            answer["ref_pull_requests"] = json!([]);
        }
        _ => {
            answer["assignees"] = json!([]);
            answer["requested_reviewers"] = json!([]);
            answer["requested_teams"] = json!([]);
            answer["node_id"] = json!("MDExOlB1bGxSZXF1ZXN0MQ==");
            answer["author_association"] = json!("MEMBER");
            answer["auto_merge"] = Value::Null;
            answer["active_lock_reason"] = Value::Null;
            // Of an open one it is the commit that the forge made to try the merge.
            answer["merge_commit_sha"] =
                json!(commit.unwrap_or("e5bd3914e2e596debea16f433f57875b"));
            if !pull.listed {
                answer["merged"] = json!(merged.is_some());
                answer["merged_by"] = merger;
                answer["mergeable"] = json!(true);
                answer["mergeable_state"] = json!("clean");
                answer["comments"] = json!(10);
                answer["commits"] = json!(3);
            }
        }
    }
    answer["head"] = head;
    answer["base"] = base;
    answer
}

/// A review of GitHub or Gitea, in its own word for the state.
pub(super) fn review(api: Api, login: &str, state: &str, commit: &str, at: &str) -> Value {
    let mut review = json!({
        "id": 80, "user": user(api, login), "body": "Here is the body for the review.",
        "state": state, "html_url": "", "pull_request_url": "", "submitted_at": at,
        "commit_id": commit,
    });
    if api == Api::Gitea {
        for (name, value) in [("stale", false), ("official", true), ("dismissed", false)] {
            review[name] = json!(value);
        }
        review["team"] = Value::Null;
        review["comments_count"] = json!(0);
        review["updated_at"] = json!(at);
    } else {
        review["node_id"] = json!("MDE3OlB1bGxSZXF1ZXN0UmV2aWV3ODA=");
        review["author_association"] = json!("COLLABORATOR");
        review["_links"] = json!({});
    }
    review
}

/// A commit of a pull request, by its parents.
pub(super) fn commit(api: Api, login: &str, address: &str, title: &str, parents: &[&str]) -> Value {
    let (sha, at) = (format!("{:0>40}", parents.len()), "2026-11-20T08:00:00Z");
    if api == Api::Gitlab {
        return json!({
            "id": sha, "short_id": &sha[..8], "created_at": at, "parent_ids": parents,
            "title": title, "message": title, "author_name": login, "author_email": address,
            "authored_date": at, "committer_name": login, "committer_email": address,
            "committed_date": at, "trailers": {}, "extended_trailers": {}, "web_url": "",
        });
    }
    let who = json!({ "name": login, "email": address, "date": at });
    let parents = parents.iter().map(|sha| json!({ "url": "", "sha": sha, "html_url": "" }));
    json!({
        "url": "", "sha": sha, "html_url": "", "comments_url": "",
        "commit": {
            "url": "", "author": who, "committer": who, "message": title,
            "tree": { "url": "", "sha": "" }, "comment_count": 0, "verification": null,
        },
        "author": user(api, login),
        // An address that no account has.
        "committer": null,
        "parents": parents.collect::<Vec<_>>(),
    })
}

/// A status on a commit.
pub(super) fn status(api: Api, id: usize, name: &str, state: &str, words: &str) -> Value {
    let at = "2026-11-20T09:00:00Z";
    let by = user(api, "access-bot");
    match api {
        Api::Gitlab => json!({
            "id": id, "sha": "", "ref": "main", "status": state, "name": name, "target_url": null,
            "description": words, "created_at": at, "started_at": null, "finished_at": at,
            "allow_failure": false, "coverage": null, "pipeline_id": 501, "author": by,
        }),
        Api::Gitea => json!({
            "id": id, "status": state, "target_url": "", "description": words, "url": "",
            "context": name, "creator": by, "created_at": at, "updated_at": at,
        }),
        _ => json!({
            "url": "", "avatar_url": "", "id": id, "node_id": "MDY6U3RhdHVzMQ==", "state": state,
            "description": words, "target_url": null, "context": name, "created_at": at,
            "updated_at": at, "creator": by,
        }),
    }
}
