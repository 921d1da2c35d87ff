//! Pull requests, reviews, groups and statuses of the test's forge.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::forge::{Api, message, reply};
use super::shapes::{self, Opened};

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
    /// Merges of the base into its branch: login, address, commit.
    pub(crate) merges: Vec<(String, String, String)>,
    /// When it was made to go into another branch.
    pub(crate) retargeted: Option<String>,
    /// Whether that was because the branch that it went into was deleted.
    pub(crate) deleted: bool,
    /// The last commit of its branch now, when that is another one than was merged.
    pub(crate) branch_now: Option<String>,
    /// The commit to which its commits were squashed before that was merged.
    pub(crate) squash: Option<String>,
    /// The login of whoever merged it, when the forge tells it.
    pub(crate) merger: Option<String>,
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

    /// Merged by somebody.
    pub(crate) fn by(mut self, login: &str) -> Self {
        self.merger = Some(login.to_owned());
        self
    }

    /// As an answer of its own, or as one of a list.
    fn json(&self, api: Api, listed: bool) -> Value {
        let merged = self.merged.as_ref().and_then(|(at, commits)| {
            Some((at.as_str(), self.merger.as_deref(), commits.last()?.as_str()))
        });
        let opened = Opened {
            number: self.number,
            author: &self.author,
            title: "logs for fanlichun",
            body: "",
            state: if merged.is_some() { "merged" } else { "open" },
            branch: "branch",
            // Gitea tells that of the branch as it is now.
            head: self.branch_now.as_ref().filter(|_| api == Api::Gitea).unwrap_or(&self.head),
            base: &self.base,
            fork: false,
            merged,
            listed,
        };
        let mut answer = shapes::pull(api, &opened);
        if api == Api::Gitlab {
            answer["squash_commit_sha"] = json!(self.squash);
        }
        if api == Api::Gitee {
            let yes = self.reviews.iter().filter(|review| review.said == Said::Yes);
            let yes = yes.map(|review| (review.reviewer.as_str(), true));
            let asked = yes.chain([("idle", false)]).map(|(login, accept)| {
                let mut assignee = shapes::user(api, login);
                assignee["assignee"] = json!(true);
                assignee["code_owner"] = json!(false);
                assignee["accept"] = json!(accept);
                assignee
            });
            answer["assignees"] = asked.collect();
        }
        answer
    }

    fn commits(&self, api: Api) -> Vec<Value> {
        // There is one at least.
        let own = [(self.author.clone(), format!("{}@example.org", self.author))];
        let own = own.iter().filter(|_| self.writers.is_empty());
        let commits = self.writers.iter().chain(own).map(|(login, address)| {
            let mut commit = shapes::commit(api, login, address, "logs for fanlichun", &["0"]);
            if api == Api::Gitlab {
                commit["parent_ids"] = json!([]);
            }
            commit
        });
        let merges = self.merges.iter().map(|(login, address, id)| {
            let mut merge = merge(api, login, address, id);
            // GitLab's list leaves the parents out.
            if api == Api::Gitlab {
                merge["parent_ids"] = json!([]);
            }
            merge
        });
        commits.chain(merges).collect()
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
            shapes::review(api, &review.reviewer, state, &review.commit, &review.at)
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
        // Older versions tell no time; the notes do.
        let by = by.map(|(login, _)| json!({ "user": shapes::user(Api::Gitlab, login) }));
        let by: Vec<Value> = by.collect();
        json!({
            "user_has_approved": false, "user_can_approve": false, "approved": !by.is_empty(),
            "approved_by": by,
        })
    }

    /// GitLab's notes of the system: the times.
    fn notes(&self) -> Vec<Value> {
        let notes = self.reviews.iter().map(|review| {
            let body = match review.said {
                Said::Yes => "approved this merge request",
                Said::No => "unapproved this merge request",
                Said::Words => "mentioned in commit",
            };
            shapes::note(1, &review.reviewer, body, true, &review.at)
        });
        let moved = self.retargeted.iter().map(|at| {
            let body = match self.deleted {
                true => {
                    "deleted the `soft` branch. This merge request now targets the `main` branch"
                }
                false => "changed target branch from `soft` to `main`",
            };
            shapes::note(2, &self.author, body, true, at)
        });
        notes.chain(moved).collect()
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
        let version = |(at, commit): &(String, &str)| {
            json!({
                "id": 110, "head_commit_sha": commit, "base_commit_sha": "",
                "start_commit_sha": "", "created_at": at, "merge_request_id": 105,
                "state": "collected", "real_size": "1", "patch_id_sha": null,
            })
        };
        states.map(version).collect()
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
                    ([], _) => Some(reply(StatusCode::OK, &pull.json(api, false))),
                    (["commits"], Api::Gitea) => Some(gitea_commits(&pull.commits(api), query)),
                    // All at once, whatever page is asked for.
                    (["commits"], Api::Gitee) => {
                        Some(reply(StatusCode::OK, &json!(pull.commits(api))))
                    }
                    (["commits"], _) => list(&pull.commits(api)),
                    (["reviews"], Api::Github | Api::Gitea) => list(&pull.reviews(api)),
                    (["approvals"], Api::Gitlab) => Some(reply(StatusCode::OK, &pull.approvals())),
                    (["versions"], Api::Gitlab) => list(&pull.versions()),
                    (["notes"], Api::Gitlab) => list(&pull.notes()),
                    _ => None,
                }
            }
            (&Method::GET, ["issues", number, "events" | "timeline"]) => {
                let pull = self.pulls.get(&number.parse().ok()?)?;
                let event = match api {
                    Api::Github if pull.deleted => ("event", "automatic_base_change_succeeded"),
                    Api::Github => ("event", "base_ref_changed"),
                    _ => ("type", "change_target_branch"),
                };
                let at = pull.retargeted.iter();
                let events = at.map(|at| json!({ event.0: event.1, "created_at": at }));
                list(&events.collect::<Vec<_>>())
            }
            (&Method::GET, ["git", "refs", "pull", number, "head"]) if api == Api::Gitea => {
                let pull = self.pulls.get(&number.parse().ok()?)?;
                let object = json!({ "type": "commit", "sha": pull.head, "url": "" });
                let name = format!("refs/pull/{number}/head");
                let found = json!({ "ref": name, "url": "", "object": object });
                Some(reply(StatusCode::OK, &found))
            }
            (&Method::GET, ["commits", commit, "pulls"]) => list(&self.of(api, commit)),
            (&Method::GET, ["commits", commit, "pull"]) => match self.of(api, commit).first() {
                Some(pull) => Some(reply(StatusCode::OK, pull)),
                None => Some(message(StatusCode::NOT_FOUND, "Not Found")),
            },
            (&Method::GET, ["repository", "commits", sha]) => {
                let mut all = self.pulls.values().flat_map(|pull| &pull.merges);
                let merge = all.find(|(.., id)| id == sha);
                Some(match merge {
                    Some((login, address, id)) => {
                        reply(StatusCode::OK, &self::merge(api, login, address, id))
                    }
                    None => message(StatusCode::NOT_FOUND, "404 Commit Not Found"),
                })
            }
            (&Method::GET, ["repository", "commits", commit, "merge_requests"]) => {
                list(&self.of(api, commit))
            }
            (&Method::GET, ["commits", commit, "statuses"] | ["statuses", commit])
            | (&Method::GET, ["repository", "commits", commit, "statuses"]) => {
                let of = self.statuses.iter().enumerate();
                let of = of.filter(|(_, status)| status.commit == *commit);
                let of = of.map(|(id, status)| {
                    shapes::status(api, id + 1, &status.name, &status.state, &status.words)
                });
                let mut of: Vec<Value> = of.collect();
                // GitLab before 17.8 knows one order, the oldest first.
                if api != Api::Gitlab {
                    of.reverse();
                }
                Some(reply(StatusCode::OK, &json!(of)))
            }
            (&Method::POST, ["statuses", commit]) => {
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                let name = if api == Api::Gitlab { text("name") } else { text("context") };
                let words = text("description");
                if words.chars().count() > 140 {
                    return Some(message(StatusCode::UNPROCESSABLE_ENTITY, "too long"));
                }
                let (commit, state) = ((*commit).to_owned(), text("state"));
                let answer = shapes::status(api, self.statuses.len() + 1, &name, &state, &words);
                self.statuses.push(Status { commit, name, state, words });
                Some(reply(StatusCode::CREATED, &answer))
            }
            _ => None,
        }
    }

    fn of(&self, api: Api, commit: &str) -> Vec<Value> {
        let has = |pull: &&PullRequest| {
            pull.head == commit
                || pull.merged.as_ref().is_some_and(|(_, all)| all.iter().any(|one| one == commit))
        };
        self.pulls.values().filter(has).map(|pull| pull.json(api, true)).collect()
    }

    fn members(&self, api: Api, path: &str, query: &str) -> Option<Response> {
        let users = |logins: &Vec<String>| -> Vec<Value> {
            logins.iter().map(|login| shapes::member(api, login)).collect()
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
                    path.strip_prefix("/orgs/").and_then(|rest| rest.strip_suffix("/teams"))
                {
                    let teams = self.groups.keys().enumerate().filter_map(|(id, group)| {
                        let team = group.strip_prefix(&format!("{org}/"))?;
                        Some(json!({
                            "id": id, "name": team, "description": "", "organization": null,
                            "includes_all_repositories": false, "permission": "read",
                            "units": ["repo.code"], "units_map": { "repo.code": "read" },
                            "can_create_org_repo": false,
                        }))
                    });
                    let teams: Vec<Value> = teams.collect();
                    return Some(reply(StatusCode::OK, &paged(api, &teams, query)));
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

/// Somebody merged the base into the branch.
fn merge(api: Api, login: &str, address: &str, id: &str) -> Value {
    let mut merge = shapes::commit(api, login, address, "Merge branch 'main'", &["0", "1"]);
    let name = if api == Api::Gitlab { "id" } else { "sha" };
    merge[name] = json!(id);
    if api != Api::Gitlab {
        merge["committer"] = shapes::user(api, "web-flow");
    }
    merge
}

/// The commits of a pull request at Gitea before 1.23, and at Forgejo: the headers tell the last
/// page, and one behind it is a fault.
fn gitea_commits(commits: &[Value], query: &str) -> Response {
    let page = paged(Api::Gitea, commits, query);
    let page = page.as_array().cloned().unwrap_or_default();
    if page.is_empty() {
        return message(StatusCode::INTERNAL_SERVER_ERROR, "makeslice: cap out of range");
    }
    let last = page.last() == commits.last();
    let mut answer = reply(StatusCode::OK, &json!(page));
    let more = HeaderValue::from_static(if last { "false" } else { "true" });
    answer.headers_mut().insert("x-hasmore", more);
    answer
}

/// A page of a list; at most 2 at once, so that every list has several, or 50 of a long one.
fn paged(api: Api, entries: &[Value], query: &str) -> Value {
    let of = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<usize>().ok())
    };
    let size = of(if api == Api::Gitea { "limit" } else { "per_page" }).unwrap_or(2);
    let size = size.min(if entries.len() > 50 { 50 } else { 2 });
    let skip = (of("page").unwrap_or(1) - 1) * size;
    entries.iter().skip(skip).take(size).cloned().collect()
}
