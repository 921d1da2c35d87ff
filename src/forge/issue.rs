//! One open issue for each command and config: opened, kept current, and closed, and only the
//! bot's own.
//!
//! Sources: GitHub REST API "Issues" (`GET` and `POST /repos/{owner}/{repo}/issues`, pull
//! requests among them; `PATCH .../issues/{number}`), GitLab REST API "Issues"
//! (`/projects/{id}/issues`, `PUT .../{iid}` with `state_event`), Gitea's and Forgejo's swagger
//! (`issueListIssues`, `issueCreateIssue`, `issueEditIssue`), Gitee's OpenAPI v5 (`GET
//! /repos/{owner}/{repo}/issues`; `POST` and `PATCH /repos/{owner}/issues` with the repository
//! in the body; an issue's number is a text such as `I1ABC2`).

use serde_json::{Value, json};

use super::comment::Marker;
use super::http::{Client, Error};
use super::{Kind, PAGE, Place, Request, Reviews, Verb};

/// So many pages of open issues are looked through.
const PAGES: usize = 100;

/// What became of the issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is new; where people see it.
    Opened(String),
    /// The open one was changed.
    Updated(String),
    /// The open one says just this.
    Unchanged(String),
    /// The open one was closed.
    Closed(String),
    /// There is none, and none is needed.
    None,
}

/// The issues of one repository.
pub struct Issues<'a> {
    client: &'a Client,
    forge: Box<dyn Reviews>,
    place: &'a Place,
}

/// An open issue.
struct Issue {
    number: String,
    url: String,
    author: String,
    title: String,
    body: String,
}

impl<'a> Issues<'a> {
    /// Those of a repository.
    ///
    /// # Errors
    /// When the repository is no `owner/name`.
    pub fn new(client: &'a Client, place: &'a Place) -> Result<Self, Error> {
        Ok(Self { client, forge: place.forge()?, place })
    }

    /// Makes the open issue of `me` with the marker say this, or opens one.
    ///
    /// # Errors
    /// When the forge refuses or does not answer.
    pub async fn put(
        &self,
        me: &str,
        marker: &Marker,
        title: &str,
        body: &str,
    ) -> Result<Kept, Error> {
        let body = marker.sign(body);
        let Some(old) = self.find(me, marker).await? else {
            let answer = self.send(&self.create(title, &body)).await?;
            let url = answer.get(self.url_key()).and_then(Value::as_str).unwrap_or_default();
            return Ok(Kept::Opened(url.to_owned()));
        };
        if old.title == title && same(&old.body, &body) {
            return Ok(Kept::Unchanged(old.url));
        }
        let text = if self.place.kind == Kind::Gitlab { "description" } else { "body" };
        self.send(&self.edit(&old.number, json!({ "title": title, text: body }))).await?;
        Ok(Kept::Updated(old.url))
    }

    /// Closes the open issue of `me` with the marker, if there is one.
    ///
    /// # Errors
    /// When the forge refuses or does not answer.
    pub async fn close(&self, me: &str, marker: &Marker) -> Result<Kept, Error> {
        let Some(old) = self.find(me, marker).await? else { return Ok(Kept::None) };
        let change = match self.place.kind {
            Kind::Gitlab => json!({ "state_event": "close" }),
            // Gitee asks for the title with every change.
            Kind::Gitee => json!({ "title": old.title, "state": "closed" }),
            Kind::Github | Kind::Gitea => json!({ "state": "closed" }),
        };
        self.send(&self.edit(&old.number, change)).await?;
        Ok(Kept::Closed(old.url))
    }

    async fn send(&self, request: &Request) -> Result<Value, Error> {
        self.client.send(self.forge.as_ref(), request).await
    }

    /// The first open issue of `me` with the marker.
    async fn find(&self, me: &str, marker: &Marker) -> Result<Option<Issue>, Error> {
        for page in 1..=PAGES {
            let answer = self.send(&self.list(page)).await?;
            let Value::Array(entries) = answer else {
                return Err(Error::new("the forge's list of issues is no list".to_owned()));
            };
            let mine = entries.iter().filter_map(|entry| self.read(entry)).find(|issue| {
                issue.author.eq_ignore_ascii_case(me) && marker.is_below(&issue.body)
            });
            // Gitea may give fewer than were asked for: only an empty page is the last.
            if mine.is_some() || entries.is_empty() {
                return Ok(mine);
            }
        }
        Ok(None)
    }

    fn path(&self) -> Vec<String> {
        if self.place.kind == Kind::Gitlab {
            return ["projects", &self.place.repository, "issues"].map(str::to_owned).into();
        }
        let (owner, name) = self.repository();
        ["repos", owner, name, "issues"].map(str::to_owned).into()
    }

    fn repository(&self) -> (&str, &str) {
        self.place.repository.split_once('/').unwrap_or_default()
    }

    /// The oldest first: pages of the newest would move while they are read.
    fn list(&self, page: usize) -> Request {
        let mut request = Request::get(&[]);
        request.path = self.path();
        let size = if self.place.kind == Kind::Gitea { "limit" } else { "per_page" };
        let mut query = vec![(size, PAGE.to_string()), ("page", page.to_string())];
        let more: &[(&str, &str)] = match self.place.kind {
            Kind::Gitlab => &[
                ("state", "opened"),
                ("scope", "all"),
                ("order_by", "created_at"),
                ("sort", "asc"),
            ],
            Kind::Gitea => &[("state", "open"), ("type", "issues")],
            Kind::Github | Kind::Gitee => {
                &[("state", "open"), ("sort", "created"), ("direction", "asc")]
            }
        };
        query.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        request.query = query;
        request
    }

    fn create(&self, title: &str, body: &str) -> Request {
        let (owner, name) = self.repository();
        let (path, body) = match self.place.kind {
            Kind::Gitlab => (self.path(), json!({ "title": title, "description": body })),
            Kind::Gitee => (
                ["repos", owner, "issues"].map(str::to_owned).into(),
                json!({ "repo": name, "title": title, "body": body }),
            ),
            Kind::Github | Kind::Gitea => (self.path(), json!({ "title": title, "body": body })),
        };
        Request { verb: Verb::Post, path, query: Vec::new(), body: Some(body) }
    }

    fn edit(&self, number: &str, mut change: Value) -> Request {
        let mut path = self.path();
        let mut verb = Verb::Patch;
        match self.place.kind {
            Kind::Gitlab => verb = Verb::Put,
            Kind::Gitee => {
                let (owner, name) = self.repository();
                path = ["repos", owner, "issues"].map(str::to_owned).into();
                change["repo"] = name.into();
            }
            Kind::Github | Kind::Gitea => {}
        }
        path.push(number.to_owned());
        Request { verb, path, query: Vec::new(), body: Some(change) }
    }

    fn url_key(&self) -> &'static str {
        if self.place.kind == Kind::Gitlab { "web_url" } else { "html_url" }
    }

    /// An open issue of a list; none for a pull request among them.
    fn read(&self, entry: &Value) -> Option<Issue> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        if entry.get("pull_request").is_some_and(|pull| !pull.is_null()) {
            return None;
        }
        let (number, author, body) = match self.place.kind {
            Kind::Gitlab => ("iid", entry.get("author")?.get("username")?, "description"),
            _ => ("number", entry.get("user")?.get("login")?, "body"),
        };
        let number = entry.get(number)?;
        Some(Issue {
            number: number.as_str().map_or_else(|| number.to_string(), str::to_owned),
            url: text(self.url_key()).unwrap_or_default(),
            author: author.as_str()?.to_owned(),
            title: text("title")?,
            body: text(body).unwrap_or_default(),
        })
    }
}

/// Whether two texts are the same to a forge, which may end lines in its own way.
fn same(old: &str, new: &str) -> bool {
    old.trim_end().lines().map(str::trim_end).eq(new.trim_end().lines().map(str::trim_end))
}
