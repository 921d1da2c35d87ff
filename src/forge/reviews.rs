//! Who approved a pull request, and which commit: read from the forge.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::http::{Client, Error};
use super::status::{Standing, Status};
use super::{Forge, PAGE, Request};
use crate::approval::{Members, Pull, Review, State};
use crate::names::ForgeGroup;

/// So many pages of a list are read before giving up.
const PAGES: usize = 100;

/// A pull request, and what the forge knows of its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Who wrote it and who approved it.
    pub pull: Pull,
    /// What else is known.
    pub summary: Summary,
}

/// What a forge tells of a pull request itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Its number.
    pub number: u64,
    /// The login of whoever opened it.
    pub author: String,
    /// The last commit of its branch.
    pub head: String,
    /// The branch that it goes into.
    pub base: String,
    /// When it was merged.
    pub merged: Option<Timestamp>,
    /// The commit that the merge made.
    pub merge: Option<String>,
    /// The login of whoever merged it, where the forge tells.
    pub merged_by: Option<String>,
}

/// The API of a forge, as far as reviews and statuses go. What is not said here is as GitHub
/// does it: Gitea, Forgejo and Gitee took much of that over.
pub trait Reviews: Forge {
    /// Reads a pull request.
    fn pull(&self) -> Request;

    /// A pull request in an answer.
    fn summary(&self, answer: &Value) -> Option<Summary> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Summary {
            number: answer.get("number")?.as_u64()?,
            author: text(answer.get("user")?.get("login")?)?,
            head: text(answer.get("head")?.get("sha")?)?,
            base: text(answer.get("base")?.get("ref")?)?,
            merged: moment(answer.get("merged_at")),
            merge: answer.get("merge_commit_sha").and_then(text),
            // GitHub ("Get a pull request") and Gitea ("PullRequest") tell it of one pull
            // request; GitHub's list of a commit's pull requests has no such key.
            merged_by: answer.get("merged_by").and_then(|user| text(user.get("login")?)),
        })
    }

    /// One page of what is read for the reviews; none behind the last one that there can be.
    fn reviews(&self, page: usize) -> Option<Request>;

    /// One page of the states that the branch had, where reviews tell a time in place of a
    /// commit.
    fn states(&self, _page: usize) -> Option<Request> {
        None
    }

    /// The reviews in all entries of [`Reviews::reviews`], the oldest first; `states` are the
    /// entries of [`Reviews::states`].
    fn read_reviews(&self, entries: &[Value], _states: &[Value]) -> Vec<Review> {
        entries.iter().filter_map(review).collect()
    }

    /// One page of the commits of a pull request.
    fn commits(&self, page: usize) -> Option<Request>;

    /// Asks which pull requests brought a commit; none where the forge cannot tell.
    fn of_commit(&self, commit: &str) -> Option<Request>;

    /// The group's number, where its members are found by that.
    fn group(&self, _group: &ForgeGroup) -> Option<Request> {
        None
    }

    /// The number in the answer to [`Reviews::group`].
    fn group_number(&self, _group: &ForgeGroup, _answer: &Value) -> Option<u64> {
        None
    }

    /// One page of a group's members; none for a group that this forge cannot have.
    fn members(&self, group: &ForgeGroup, number: Option<u64>, page: usize) -> Option<Request>;

    /// The statuses of a commit, the newest first; none where there are no statuses.
    fn statuses(&self, commit: &str, name: &str) -> Option<Request>;

    /// The standing of a status in the answer to [`Reviews::statuses`].
    fn standing(&self, answer: &Value, name: &str) -> Option<Status> {
        let entry = answer.as_array()?.iter().find(|entry| entry["context"] == name)?;
        let state = entry.get("state").or(entry.get("status"))?.as_str()?;
        let words = entry.get("description").and_then(Value::as_str).unwrap_or_default();
        Some(Status { standing: Standing::of_github(state)?, words: words.to_owned() })
    }

    /// Whether words alone are reason enough to set a status again.
    fn keeps_words(&self) -> bool {
        true
    }

    /// Sets a status.
    fn set_status(&self, commit: &str, name: &str, status: &Status) -> Request;
}

/// A time in an answer.
pub(super) fn moment(value: Option<&Value>) -> Option<Timestamp> {
    value?.as_str()?.parse().ok()
}

/// GitHub's form of a review, which Gitea shares: `REQUEST_CHANGES` is Gitea's word, and
/// `dismissed` its mark.
fn review(entry: &Value) -> Option<Review> {
    let dismissed = entry.get("dismissed").and_then(Value::as_bool) == Some(true);
    let state = match entry.get("state")?.as_str()? {
        _ if dismissed => State::Dismissed,
        "APPROVED" => State::Approved,
        "CHANGES_REQUESTED" | "REQUEST_CHANGES" => State::ChangesRequested,
        "DISMISSED" => State::Dismissed,
        // COMMENTED, PENDING, and Gitea's REQUEST_REVIEW.
        _ => State::Commented,
    };
    Some(Review {
        reviewer: entry.get("user")?.get("login")?.as_str()?.to_owned(),
        state,
        commit: entry.get("commit_id").and_then(Value::as_str).map(str::to_owned),
        at: moment(entry.get("submitted_at")),
    })
}

/// Reads a pull request, its reviews, who wrote its commits, and who is in `groups`.
///
/// # Errors
/// When the forge does not answer or answers something else. A group that cannot be read is no
/// error: it is told in its place.
pub async fn read(
    client: &Client,
    forge: &dyn Reviews,
    groups: &BTreeSet<ForgeGroup>,
) -> Result<Found, Error> {
    let answer = client.send(forge, &forge.pull()).await?;
    let summary = forge.summary(&answer).ok_or_else(|| {
        Error::new("the forge's answer is no pull request that this version knows".to_owned())
    })?;
    let states = all(client, forge, |page| forge.states(page)).await?;
    let entries = all(client, forge, |page| forge.reviews(page)).await?;
    let commits = all(client, forge, |page| forge.commits(page)).await?;
    let (mut writers, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for commit in &commits {
        // Whoever merges the base into the branch writes nothing of it.
        let parents = commit.get("parents").or(commit.get("parent_ids")).and_then(Value::as_array);
        if parents.is_some_and(|parents| parents.len() > 1) {
            continue;
        }
        for role in ["author", "committer"] {
            let login = commit.get(role).and_then(|user| user.get("login")?.as_str());
            writers.extend(login.map(str::to_owned));
            let address = commit.get("commit").and_then(|commit| commit.get(role)?.get("email"));
            let address = address.or(commit.get(format!("{role}_email"))).and_then(Value::as_str);
            addresses.extend(address.map(str::to_owned));
        }
    }
    let mut known: BTreeMap<ForgeGroup, Members> = BTreeMap::new();
    for group in groups {
        let members = members(client, forge, group).await.map_err(|error| error.to_string());
        known.insert(group.clone(), members);
    }
    let pull = Pull {
        author: summary.author.clone(),
        writers,
        addresses,
        head: summary.head.clone(),
        merged: summary.merged,
        reviews: forge.read_reviews(&entries, &states),
        groups: known,
    };
    Ok(Found { pull, summary })
}

/// The merged pull request that brought a commit; none when there is none.
///
/// # Errors
/// When the forge does not answer, or cannot tell.
pub async fn of_commit(
    client: &Client,
    forge: &dyn Reviews,
    commit: &str,
) -> Result<Option<Summary>, Error> {
    let Some(request) = forge.of_commit(commit) else {
        let why = "this forge does not tell which pull request brought a commit";
        return Err(Error::new(why.to_owned()));
    };
    let answer = match client.send(forge, &request).await {
        Ok(answer) => answer,
        Err(error) if matches!(error.status, Some(404 | 422)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let entries = match answer {
        Value::Array(entries) => entries,
        one => vec![one],
    };
    let mut summaries = entries.iter().filter_map(|entry| forge.summary(entry));
    Ok(summaries.find(|summary| summary.merged.is_some()))
}

async fn members(
    client: &Client,
    forge: &dyn Reviews,
    group: &ForgeGroup,
) -> Result<BTreeSet<String>, Error> {
    let number = match forge.group(group) {
        Some(request) => {
            let answer = client.send(forge, &request).await?;
            let number = forge.group_number(group, &answer);
            Some(number.ok_or_else(|| Error::new("the forge has no such group".to_owned()))?)
        }
        None => None,
    };
    if forge.members(group, number, 1).is_none() {
        return Err(Error::new("this forge names its groups in another way".to_owned()));
    }
    let entries = all(client, forge, |page| forge.members(group, number, page)).await?;
    let login = |entry: &Value| {
        let login = entry.get("login").or(entry.get("username"))?.as_str()?;
        // GitLab keeps people whose membership waits or who were blocked in the list.
        let state = entry.get("state").and_then(Value::as_str);
        state.is_none_or(|state| state == "active").then(|| login.to_owned())
    };
    Ok(entries.iter().filter_map(login).collect())
}

/// All entries of a list in pages; an object counts as a list of one.
async fn all(
    client: &Client,
    forge: &dyn Reviews,
    request: impl Fn(usize) -> Option<Request>,
) -> Result<Vec<Value>, Error> {
    let mut all = Vec::new();
    for page in 1..=PAGES {
        let Some(request) = request(page) else { return Ok(all) };
        let in_pages = request.query.iter().any(|(name, _)| *name == "page");
        match client.send(forge, &request).await? {
            // A server may give fewer at once than it was asked for: only none is the end.
            Value::Array(entries) if entries.is_empty() && in_pages => return Ok(all),
            Value::Array(entries) => all.extend(entries),
            one => all.push(one),
        }
    }
    Err(Error::new(format!("the forge's list has more than {} entries", PAGES * PAGE)))
}
