//! Pull requests, reviews, groups and statuses, in the shapes of the forges' documents. Sources:
//! the pages that `src/forge/{github,gitlab,gitea,gitee}.rs` name.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::forge::{Api, message, reply};

/// What is said in a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Yes,
    No,
    Words,
}

#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) reviewer: String,
    pub(crate) said: Said,
    pub(crate) commit: String,
    pub(crate) at: String,
}

/// A pull request of the forge.
#[derive(Debug, Clone, Default)]
pub(crate) struct PullRequest {
    pub(crate) number: u64,
    pub(crate) author: String,
    pub(crate) head: String,
    pub(crate) base: String,
    /// Logins and addresses of those who wrote its commits.
    pub(crate) writers: Vec<(String, String)>,
    pub(crate) reviews: Vec<Review>,
    /// When it was merged, and the commits that it became, the last one last.
    pub(crate) merged: Option<(String, Vec<String>)>,
    /// The login of whoever merged it.
    pub(crate) merged_by: Option<String>,
}

impl PullRequest {
    pub(crate) fn new(number: u64, author: &str, head: &str) -> Self {
        Self {
            number,
            author: author.to_owned(),
            head: head.to_owned(),
            base: "main".to_owned(),
            ..Self::default()
        }
    }

    /// With a review of the last commit.
    pub(crate) fn review(self, reviewer: &str, said: Said) -> Self {
        let head = self.head.clone();
        self.review_of(reviewer, said, &head)
    }

    /// With a review of a commit, a minute after the one before.
    pub(crate) fn review_of(mut self, reviewer: &str, said: Said, commit: &str) -> Self {
        let at = format!("2026-11-20T09:{:02}:00Z", 10 + self.reviews.len());
        let (reviewer, commit) = (reviewer.to_owned(), commit.to_owned());
        self.reviews.push(Review { reviewer, said, commit, at });
        self
    }

    pub(crate) fn merged(mut self, commits: &[&str]) -> Self {
        let commits = commits.iter().map(|commit| (*commit).to_owned()).collect();
        self.merged = Some(("2026-11-20T10:00:00Z".to_owned(), commits));
        self
    }

    /// Merged by somebody whom the forge tells.
    pub(crate) fn by(mut self, login: &str) -> Self {
        self.merged_by = Some(login.to_owned());
        self
    }

    fn json(&self, api: Api) -> Value {
        let merged_at = self.merged.as_ref().map(|(at, _)| at);
        let merge = self.merged.as_ref().and_then(|(_, commits)| commits.last());
        match api {
            Api::Gitlab => json!({
                "iid": self.number,
                "author": { "username": self.author },
                "sha": self.head,
                "target_branch": self.base,
                "state": if merge.is_some() { "merged" } else { "opened" },
                "merged_at": merged_at,
                "merge_commit_sha": merge,
                "squash_commit_sha": null,
                "merge_user": self.merged_by.as_ref().map(|login| json!({ "username": login })),
            }),
            _ => {
                let yes = self.reviews.iter().filter(|review| review.said == Said::Yes);
                let yes = yes.map(|review| json!({ "login": review.reviewer, "accept": true }));
                let assignees: Vec<Value> = match api {
                    Api::Gitee => {
                        yes.chain([json!({ "login": "idle", "accept": false })]).collect()
                    }
                    _ => Vec::new(),
                };
                json!({
                    "number": self.number,
                    "user": { "login": self.author },
                    "head": { "sha": self.head },
                    "base": { "ref": self.base },
                    "merged_at": merged_at,
                    "merge_commit_sha": merge,
                    "merged_by": self.merged_by.as_ref().map(|login| json!({ "login": login })),
                    "assignees": assignees,
                })
            }
        }
    }

    fn commits(&self, api: Api) -> Vec<Value> {
        let writers = self.writers.iter();
        let commits = writers.map(|(login, address)| match api {
            Api::Gitlab => json!({
                "author_email": address, "committer_email": address, "parent_ids": ["0"],
            }),
            _ => json!({
                "author": { "login": login },
                "committer": null,
                "commit": { "author": { "email": address }, "committer": { "email": address } },
                "parents": [{ "sha": "0" }],
            }),
        });
        // Somebody merged the base into the branch: he wrote nothing.
        let merge = match api {
            Api::Gitlab => json!({
                "author_email": "liwei@acme.example", "committer_email": "liwei@acme.example",
                "parent_ids": ["0", "1"],
            }),
            _ => json!({
                "author": { "login": "liwei" },
                "committer": { "login": "web-flow" },
                "commit": { "author": { "email": "liwei@acme.example" } },
                "parents": [{ "sha": "0" }, { "sha": "1" }],
            }),
        };
        commits.chain([merge]).collect()
    }

    fn reviews(&self, api: Api) -> Vec<Value> {
        let reviews = self.reviews.iter().map(|review| {
            let state = match (review.said, api) {
                (Said::Yes, _) => "APPROVED",
                (Said::No, Api::Gitea) => "REQUEST_CHANGES",
                (Said::No, _) => "CHANGES_REQUESTED",
                (Said::Words, Api::Gitea) => "COMMENT",
                (Said::Words, _) => "COMMENTED",
            };
            json!({
                "user": { "login": review.reviewer },
                "state": state,
                "commit_id": review.commit,
                "submitted_at": review.at,
            })
        });
        reviews.collect()
    }

    /// GitLab's approvals: those who approve now.
    fn approvals(&self) -> Value {
        let mut now: BTreeMap<&str, bool> = BTreeMap::new();
        for review in self.reviews.iter().filter(|review| review.said != Said::Words) {
            now.insert(&review.reviewer, review.said == Said::Yes);
        }
        let by = now.into_iter().filter(|(_, yes)| *yes);
        let by: Vec<Value> =
            by.map(|(login, _)| json!({ "user": { "username": login } })).collect();
        json!({ "approved_by": by })
    }

    /// GitLab's notes of the system: the times.
    fn notes(&self) -> Vec<Value> {
        let notes = self.reviews.iter().map(|review| {
            let body = match review.said {
                Said::Yes => "approved this merge request",
                Said::No => "unapproved this merge request",
                Said::Words => "mentioned in commit",
            };
            json!({
                "id": 1, "system": true, "body": body, "created_at": review.at,
                "author": { "username": review.reviewer },
            })
        });
        notes.collect()
    }

    /// GitLab's versions: the branch had each reviewed state since a second before its review,
    /// and the last one since the end.
    fn versions(&self) -> Vec<Value> {
        let mut states: Vec<(String, &str)> = Vec::new();
        for review in &self.reviews {
            if states.last().is_none_or(|(_, commit)| *commit != review.commit) {
                states.push((review.at.replace(":00Z", ":00.000Z"), &review.commit));
            }
        }
        if states.last().is_none_or(|(_, commit)| *commit != self.head) {
            states.push(("2026-11-20T09:59:00.000Z".to_owned(), &self.head));
        }
        let states = states.iter().rev();
        states.map(|(at, commit)| json!({ "head_commit_sha": commit, "created_at": at })).collect()
    }
}

/// A status that was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) commit: String,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) words: String,
}

/// What a forge knows of all this.
#[derive(Debug, Default)]
pub(crate) struct Reviewed {
    pub(crate) pulls: BTreeMap<u64, PullRequest>,
    pub(crate) statuses: Vec<Status>,
    /// Members of groups, by the groups' paths.
    pub(crate) groups: BTreeMap<String, Vec<String>>,
}

impl Reviewed {
    /// The answer to a request below the API's address, when it is about any of this.
    pub(super) fn answer(
        &mut self,
        api: Api,
        (method, path, query): (&Method, &str, &str),
        body: &Value,
    ) -> Option<Response> {
        let below = match api {
            Api::Gitlab => "/projects/ops%2Faccess",
            _ => "/repos/acme/access",
        };
        if let Some(members) = self.members(api, path, query) {
            return Some(members);
        }
        let path = path.strip_prefix(below)?;
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let list = |entries: &[Value]| Some(reply(StatusCode::OK, &paged(api, entries, query)));
        match (method, parts.as_slice()) {
            (&Method::GET, ["pulls" | "merge_requests", number, rest @ ..]) => {
                let pull = self.pulls.get(&number.parse().ok()?);
                let Some(pull) = pull else {
                    let none = || message(StatusCode::NOT_FOUND, "Not Found");
                    return rest.is_empty().then(none);
                };
                match (rest, api) {
                    ([], _) => Some(reply(StatusCode::OK, &pull.json(api))),
                    (["commits"], _) => list(&pull.commits(api)),
                    (["reviews"], Api::Github | Api::Gitea) => list(&pull.reviews(api)),
                    (["approvals"], Api::Gitlab) => Some(reply(StatusCode::OK, &pull.approvals())),
                    (["versions"], Api::Gitlab) => list(&pull.versions()),
                    (["notes"], Api::Gitlab) => list(&pull.notes()),
                    _ => None,
                }
            }
            (&Method::GET, ["commits", commit, "pulls"]) => list(&self.of(api, commit)),
            (&Method::GET, ["commits", commit, "pull"]) => match self.of(api, commit).first() {
                Some(pull) => Some(reply(StatusCode::OK, pull)),
                None => Some(message(StatusCode::NOT_FOUND, "Not Found")),
            },
            (&Method::GET, ["repository", "commits", commit, "merge_requests"]) => {
                list(&self.of(api, commit))
            }
            (&Method::GET, ["commits", commit, "statuses"] | ["statuses", commit])
            | (&Method::GET, ["repository", "commits", commit, "statuses"]) => {
                let of = self.statuses.iter().rev().filter(|status| status.commit == *commit);
                list(&of.map(|status| status.json(api)).collect::<Vec<_>>())
            }
            (&Method::POST, ["statuses", commit]) => {
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                let name = if api == Api::Gitlab { text("name") } else { text("context") };
                let words = text("description");
                if words.chars().count() > 140 {
                    return Some(message(StatusCode::UNPROCESSABLE_ENTITY, "too long"));
                }
                let (commit, state) = ((*commit).to_owned(), text("state"));
                self.statuses.push(Status { commit, name, state, words });
                Some(reply(StatusCode::CREATED, &json!({})))
            }
            _ => None,
        }
    }

    fn of(&self, api: Api, commit: &str) -> Vec<Value> {
        let has = |pull: &&PullRequest| {
            pull.head == commit
                || pull.merged.as_ref().is_some_and(|(_, all)| all.iter().any(|one| one == commit))
        };
        self.pulls.values().filter(has).map(|pull| pull.json(api)).collect()
    }

    fn members(&self, api: Api, path: &str, query: &str) -> Option<Response> {
        let users = |logins: &Vec<String>| -> Vec<Value> {
            logins.iter().map(|login| json!({ "login": login, "username": login })).collect()
        };
        let path = path.replace("%2F", "/");
        let group = match api {
            Api::Github => {
                let rest = path.strip_prefix("/orgs/")?.strip_suffix("/members")?;
                rest.replace("/teams/", "/")
            }
            Api::Gitlab => path.strip_prefix("/groups/")?.strip_suffix("/members/all")?.to_owned(),
            Api::Gitee => path.strip_prefix("/orgs/")?.strip_suffix("/members")?.to_owned(),
            Api::Gitea => {
                if let Some(org) =
                    path.strip_prefix("/orgs/").and_then(|rest| rest.strip_suffix("/teams/search"))
                {
                    let names = self.groups.keys().enumerate();
                    let data: Vec<Value> = names
                        .filter_map(|(id, group)| {
                            Some((id, group.strip_prefix(&format!("{org}/"))?))
                        })
                        .map(|(id, team)| json!({ "id": id, "name": team }))
                        .collect();
                    return Some(reply(StatusCode::OK, &json!({ "ok": true, "data": data })));
                }
                let id = path.strip_prefix("/teams/")?.strip_suffix("/members")?;
                self.groups.keys().nth(id.parse().ok()?)?.clone()
            }
        };
        Some(match self.groups.get(&group) {
            Some(logins) => reply(StatusCode::OK, &paged(api, &users(logins), query)),
            None => message(StatusCode::NOT_FOUND, "Not Found"),
        })
    }
}

impl Status {
    fn json(&self, api: Api) -> Value {
        let Self { name, state, words, .. } = self;
        match api {
            Api::Gitlab => json!({ "name": name, "status": state, "description": words }),
            Api::Gitea => json!({ "context": name, "status": state, "description": words }),
            _ => json!({ "context": name, "state": state, "description": words }),
        }
    }
}

/// A page of a list; at most 2 at once, so that every list has several.
fn paged(api: Api, entries: &[Value], query: &str) -> Value {
    let of = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<usize>().ok())
    };
    let size = of(if api == Api::Gitea { "limit" } else { "per_page" }).unwrap_or(2).min(2);
    let skip = (of("page").unwrap_or(1) - 1) * size;
    entries.iter().skip(skip).take(size).cloned().collect()
}
