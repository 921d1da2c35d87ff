//! GitLab (REST API, "Notes", merge requests): `GET` and
//! `POST /projects/{id}/merge_requests/{iid}/notes`, `PUT .../notes/{id}`. A job's own token
//! cannot write notes: a project access token can.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::reviews::moment;
use super::{Comment, Forge, Request, Reviews, Standing, Status, Summary, Verb};
use crate::approval::{Review, State};
use crate::names::ForgeGroup;

pub(super) struct GitLab {
    /// The number or the path, such as `ops/access`.
    pub(super) project: String,
    pub(super) number: String,
}

impl Forge for GitLab {
    fn authorization(&self) -> (&'static str, &'static str) {
        ("PRIVATE-TOKEN", "")
    }

    fn me(&self) -> Request {
        Request::get(&["user"])
    }

    fn login(&self, answer: &Value) -> Option<String> {
        answer.get("username")?.as_str().map(str::to_owned)
    }

    fn list(&self, page: usize) -> Option<Request> {
        let path = ["projects", &self.project, "merge_requests", &self.number, "notes"];
        let mut request = Request::get(&path).page(page);
        // A fixed order: pages of the newest would move while they are read.
        request.query.extend([("order_by", "created_at".to_owned()), ("sort", "asc".to_owned())]);
        Some(request)
    }

    fn comment(&self, entry: &Value) -> Option<Comment> {
        if entry.get("system").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        Some(Comment {
            id: entry.get("id")?.as_u64()?,
            author: entry.get("author")?.get("username")?.as_str()?.to_owned(),
            body: entry.get("body")?.as_str()?.to_owned(),
        })
    }

    fn create(&self, text: &str) -> Request {
        let path = ["projects", &self.project, "merge_requests", &self.number, "notes"];
        Request::write(Verb::Post, &path, text)
    }

    fn update(&self, id: u64, text: &str) -> Request {
        let id = id.to_string();
        let path = ["projects", &self.project, "merge_requests", &self.number, "notes", &id];
        Request::write(Verb::Put, &path, text)
    }

    /// "Maximum size of comments": 1,000,000 characters.
    fn limit(&self) -> Option<usize> {
        Some(1_000_000)
    }
}

/// Sources: the REST API's pages "Merge requests" (`GET .../merge_requests/{iid}`,
/// `.../commits`, `.../versions`: the states of the branch with `head_commit_sha` and
/// `created_at`), "Merge request approvals" (`GET .../approvals`: who approves now, in all editions),
/// "Commits" (`GET /projects/{id}/repository/commits/{sha}/merge_requests`, `.../statuses`,
/// `POST /projects/{id}/statuses/{sha}`), "Members" (`GET /groups/{id}/members/all`, with
/// those of the groups above).
///
/// An approval names no commit. Its time is `approved_at`, or in older versions that of the note
/// "approved this merge request", which the system writes; and the state is the one that the
/// branch had then.
impl Reviews for GitLab {
    fn pull(&self) -> Request {
        Request::get(&["projects", &self.project, "merge_requests", &self.number])
    }

    fn summary(&self, answer: &Value) -> Option<Summary> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Summary {
            number: answer.get("iid")?.as_u64()?,
            url: text("web_url").unwrap_or_default(),
            author: answer.get("author")?.get("username")?.as_str()?.to_owned(),
            head: text("sha")?,
            base: text("target_branch")?,
            merged: moment(answer.get("merged_at")),
            // A fast-forward makes no commit of its own.
            merge: text("merge_commit_sha").or(text("squash_commit_sha")).or(text("sha")),
            squash: text("squash_commit_sha"),
            // Before 14.7 it was called `merged_by`.
            merged_by: ["merge_user", "merged_by"]
                .iter()
                .find_map(|name| answer.get(*name)?.get("username")?.as_str())
                .map(str::to_owned),
        })
    }

    fn reviews(&self, page: usize) -> Option<Request> {
        let path = ["projects", &self.project, "merge_requests", &self.number, "approvals"];
        match page {
            1 => Some(Request::get(&path)),
            // The notes tell the times.
            page => self.list(page - 1),
        }
    }

    /// A note of the system: "changed target branch from `a` to `b`", or "deleted the `a` branch.
    /// This merge request now targets the `b` branch".
    fn retargets(&self, entry: &Value) -> bool {
        let system = entry.get("system").and_then(Value::as_bool) == Some(true);
        let body = entry.get("body").and_then(Value::as_str).unwrap_or_default();
        let deleted = body.starts_with("deleted the ") && body.contains(" now targets the ");
        system && (deleted || body.starts_with("changed target branch from "))
    }

    fn states(&self, page: usize) -> Option<Request> {
        let path = ["projects", &self.project, "merge_requests", &self.number, "versions"];
        Some(Request::get(&path).page(page))
    }

    fn read_reviews(&self, entries: &[Value], states: &[Value]) -> Vec<Review> {
        let mut states: Vec<(Timestamp, &str)> = states
            .iter()
            .filter_map(|state| {
                Some((moment(state.get("created_at"))?, state.get("head_commit_sha")?.as_str()?))
            })
            .collect();
        states.sort();
        let mut said: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for note in entries {
            let system = note.get("system").and_then(Value::as_bool) == Some(true);
            let body = note.get("body").and_then(Value::as_str);
            let author = note.get("author").and_then(|author| author.get("username")?.as_str());
            if let (true, Some("approved this merge request"), Some(author), Some(at)) =
                (system, body, author, moment(note.get("created_at")))
            {
                let last = said.entry(author).or_insert(at);
                *last = at.max(*last);
            }
        }
        let approvals = entries.iter().filter_map(|entry| entry.get("approved_by")?.as_array());
        let reviews = approvals.flatten().filter_map(|approval| {
            let reviewer = approval.get("user")?.get("username")?.as_str()?;
            let told = moment(approval.get("approved_at"));
            let at = told.or_else(|| said.get(reviewer).copied());
            let state = states.iter().rev().find(|(since, _)| at.is_some_and(|at| *since <= at));
            Some(Review {
                reviewer: reviewer.to_owned(),
                state: State::Approved,
                commit: state.map(|(_, commit)| (*commit).to_owned()),
                at,
            })
        });
        reviews.collect()
    }

    fn commits(&self, page: usize) -> Option<Request> {
        let path = ["projects", &self.project, "merge_requests", &self.number, "commits"];
        Some(Request::get(&path).page(page))
    }

    /// The list of commits leaves the parents out (`"parent_ids": []`), unless a new version
    /// reads it anew. Only a commit that calls itself a merge is looked at: another one counts
    /// as written.
    fn whole_commit(&self, entry: &Value) -> Option<Request> {
        let untold = entry.get("parent_ids").and_then(Value::as_array).is_none_or(Vec::is_empty);
        let merge = entry.get("title")?.as_str()?.starts_with("Merge ");
        let path = ["projects", &self.project, "repository", "commits", entry.get("id")?.as_str()?];
        (untold && merge).then(|| Request::get(&path))
    }

    fn of_commit(&self, commit: &str) -> Option<Request> {
        let path = ["projects", &self.project, "repository", "commits", commit, "merge_requests"];
        Some(Request::get(&path).page(1))
    }

    fn members(&self, group: &ForgeGroup, _: Option<u64>, page: usize) -> Option<Request> {
        Some(Request::get(&["groups", group.as_str(), "members", "all"]).page(page))
    }

    fn statuses(&self, commit: &str, name: &str) -> Option<Request> {
        let path = ["projects", &self.project, "repository", "commits", commit, "statuses"];
        let mut request = Request::get(&path).page(1);
        // Versions before 17.8 do not know the order, and give the oldest first.
        let order = [("order_by", "id".to_owned()), ("sort", "desc".to_owned())];
        request.query.extend([("name", name.to_owned())].into_iter().chain(order));
        Some(request)
    }

    fn standing(&self, answer: &Value, name: &str) -> Option<Status> {
        let named = answer.as_array()?.iter().filter(|entry| entry["name"] == name);
        // Each pipeline of the commit may have one.
        let entry = named.max_by_key(|entry| entry.get("id").and_then(Value::as_u64))?;
        let word = entry.get("status")?.as_str()?;
        let all = [Standing::Success, Standing::Pending, Standing::Failure];
        let standing = all.into_iter().find(|standing| standing.gitlab() == word)?;
        let words = entry.get("description").and_then(Value::as_str).unwrap_or_default();
        Some(Status { standing, words: words.to_owned() })
    }

    /// A pending status cannot be set to pending: "Cannot transition status via :enqueue from
    /// :pending".
    fn keeps_words(&self) -> bool {
        false
    }

    fn set_status(&self, commit: &str, name: &str, status: &Status) -> Request {
        let body = json!({
            "name": name,
            "state": status.standing.gitlab(),
            "description": status.words,
        });
        Request::post(&["projects", &self.project, "statuses", commit], body)
    }
}
