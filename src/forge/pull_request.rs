//! Pull requests: opened once for a branch, and found again.
//!
//! Sources: GitHub REST API "Pulls" (`GET` and `POST /repos/{owner}/{repo}/pulls`), GitLab REST
//! API "Merge requests" (`/projects/{id}/merge_requests`), Gitea's and Forgejo's swagger and
//! Gitee's OpenAPI v5 (`/repos/{owner}/{repo}/pulls`).

use serde_json::{Value, json};

use super::http::{Client, Error};
use super::{Kind, Place, Request, Reviews, Verb};

/// So many pages of pull requests are looked through, where the forge cannot be asked for one
/// branch.
const PAGES: usize = 100;

/// Where a pull request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is open.
    Open,
    /// It is merged.
    Merged,
    /// It is closed, and not merged.
    Closed,
}

/// A pull request of a branch of the repository itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Where people see it.
    pub url: String,
    /// Where it stands.
    pub state: State,
    /// Its description.
    pub body: String,
    /// The branch that it brings.
    branch: String,
}

/// A pull request that is to be opened.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The branch that it brings.
    pub branch: &'a str,
    /// The branch that it goes into.
    pub base: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its description.
    pub body: &'a str,
}

/// The pull requests of one repository.
pub struct PullRequests<'a> {
    client: &'a Client,
    forge: Box<dyn Reviews>,
    place: &'a Place,
}

impl<'a> PullRequests<'a> {
    /// Those of a repository.
    ///
    /// # Errors
    /// When the repository is no `owner/name`.
    pub fn new(client: &'a Client, place: &'a Place) -> Result<Self, Error> {
        Ok(Self { client, forge: place.forge()?, place })
    }

    /// The pull request of a branch: the open one, else, when `closed` says so, the newest that
    /// is closed or merged.
    ///
    /// # Errors
    /// When the forge refuses or does not answer.
    pub async fn find(&self, branch: &str, closed: bool) -> Result<Option<PullRequest>, Error> {
        let open = self.newest(branch, "open").await?;
        match open {
            None if closed => self.newest(branch, "all").await,
            open => Ok(open),
        }
    }

    /// Opens a pull request; the open one of the branch is given back when there is one.
    ///
    /// # Errors
    /// When the forge refuses or does not answer.
    pub async fn open(&self, wanted: &Wanted<'_>) -> Result<PullRequest, Error> {
        if let Some(found) = self.find(wanted.branch, false).await? {
            return Ok(found);
        }
        let answer = self.client.send(self.forge.as_ref(), &self.create(wanted)).await;
        let error = match answer {
            Ok(answer) => {
                return self.read(&answer).ok_or_else(|| {
                    Error::new("the forge's answer tells no new pull request".to_owned())
                });
            }
            Err(error) => error,
        };
        // It may have come about all the same, here or by another call.
        match self.find(wanted.branch, false).await {
            Ok(Some(found)) => Ok(found),
            _ => Err(error),
        }
    }

    async fn newest(&self, branch: &str, state: &str) -> Result<Option<PullRequest>, Error> {
        let mut newest: Option<PullRequest> = None;
        for page in 1..=PAGES {
            let request = self.list(branch, state, page);
            let answer = self.client.send(self.forge.as_ref(), &request).await?;
            let Value::Array(entries) = answer else {
                return Err(Error::new("the forge's list of pull requests is no list".to_owned()));
            };
            let of_branch =
                entries.iter().filter_map(|entry| self.read(entry)).filter(|p| p.branch == branch);
            newest = newest.into_iter().chain(of_branch).max_by_key(|found| found.number);
            // Gitea may give fewer than were asked for: only an empty page is the last.
            if entries.is_empty() || newest.is_some() {
                break;
            }
        }
        Ok(newest)
    }

    fn path(&self) -> Vec<String> {
        if self.place.kind == Kind::Gitlab {
            let parts = ["projects", &self.place.repository, "merge_requests"];
            return parts.map(str::to_owned).into();
        }
        let (owner, name) = self.place.repository.split_once('/').unwrap_or_default();
        ["repos", owner, name, "pulls"].map(str::to_owned).into()
    }

    fn list(&self, branch: &str, state: &str, page: usize) -> Request {
        let mut request = Request::get(&[]).page(page);
        request.path = self.path();
        let owner = self.place.repository.split('/').next().unwrap_or_default();
        let state = match (self.place.kind, state) {
            (Kind::Gitlab, "open") => "opened",
            (_, state) => state,
        };
        request.query.push(("state", state.to_owned()));
        match self.place.kind {
            Kind::Github => request.query.push(("head", format!("{owner}:{branch}"))),
            Kind::Gitlab => request.query.push(("source_branch", branch.to_owned())),
            Kind::Gitee => request.query.push(("head", branch.to_owned())),
            // Its page size has another name, and it cannot be asked for one branch.
            Kind::Gitea => request.query.push(("limit", "50".to_owned())),
        }
        request
    }

    fn create(&self, wanted: &Wanted<'_>) -> Request {
        let Wanted { branch, base, title, body } = *wanted;
        let body = match self.place.kind {
            Kind::Gitlab => json!({
                "source_branch": branch, "target_branch": base, "title": title,
                "description": body, "remove_source_branch": true,
            }),
            _ => json!({ "head": branch, "base": base, "title": title, "body": body }),
        };
        Request { verb: Verb::Post, path: self.path(), query: Vec::new(), body: Some(body) }
    }

    /// A pull request of an answer; none for one of another repository (a fork), whose branch
    /// may have any name.
    fn read(&self, entry: &Value) -> Option<PullRequest> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let said = text("state")?;
        if self.place.kind == Kind::Gitlab {
            if entry.get("source_project_id") != entry.get("target_project_id") {
                return None;
            }
            return Some(PullRequest {
                number: entry.get("iid")?.as_u64()?,
                url: text("web_url")?.to_owned(),
                state: match said {
                    "opened" | "locked" => State::Open,
                    "merged" => State::Merged,
                    _ => State::Closed,
                },
                body: text("description").unwrap_or_default().to_owned(),
                branch: text("source_branch")?.to_owned(),
            });
        }
        let head = entry.get("head")?;
        let id = |side: &Value| side.get("repo").and_then(|repo| repo.get("id")).cloned();
        if id(head).is_some_and(|id| !id.is_null()) && id(head) != id(entry.get("base")?) {
            return None;
        }
        let merged = entry.get("merged").and_then(Value::as_bool) == Some(true)
            || entry.get("merged_at").is_some_and(Value::is_string);
        // After its branch is gone, Gitea's `ref` is `refs/pull/12/head` and `label` stays.
        let name = |key: &str| head.get(key).and_then(Value::as_str);
        let branch = match self.place.kind {
            Kind::Gitea => name("label").or_else(|| name("ref"))?,
            _ => name("ref")?,
        };
        Some(PullRequest {
            number: entry.get("number")?.as_u64()?,
            url: text("html_url")?.to_owned(),
            state: match said {
                "open" => State::Open,
                _ if merged || said == "merged" => State::Merged,
                _ => State::Closed,
            },
            body: text("body").unwrap_or_default().to_owned(),
            branch: branch.to_owned(),
        })
    }
}
