//! Who approved a pull request, and which commit: read from the forge.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::http::{Client, Error, Page};
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
    /// Where people see it.
    pub url: String,
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
    /// The commit that its commits were squashed to, where that was merged in its turn.
    pub squash: Option<String>,
    /// The login of whoever merged it; a list does not always tell.
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
            url: answer.get("html_url").and_then(text).unwrap_or_default(),
            author: text(answer.get("user")?.get("login")?)?,
            head: text(answer.get("head")?.get("sha")?)?,
            base: text(answer.get("base")?.get("ref")?)?,
            merged: moment(answer.get("merged_at")),
            merge: answer.get("merge_commit_sha").and_then(text),
            squash: None,
            merged_by: answer.get("merged_by").and_then(|user| text(user.get("login")?)),
        })
    }

    /// Asks for the last commit that was merged, where a merged pull request tells that of its
    /// branch as it is now.
    fn merged_head(&self) -> Option<Request> {
        None
    }

    /// One page of what happened to the pull request, where the reviews do not tell; none behind
    /// the last one that there can be.
    fn events(&self, _page: usize) -> Option<Request> {
        None
    }

    /// Whether an entry of [`Reviews::events`] or [`Reviews::reviews`] made it go into another
    /// branch; its time is `created_at`.
    fn retargets(&self, _entry: &Value) -> bool {
        false
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

    /// So many commits of a pull request are told at most: with that many there may be more.
    fn most_commits(&self) -> usize {
        usize::MAX
    }

    /// Asks for one commit of the list by itself, where the list leaves out what counts.
    fn whole_commit(&self, _entry: &Value) -> Option<Request> {
        None
    }

    /// Asks which pull requests brought a commit; none where the forge cannot tell.
    fn of_commit(&self, commit: &str) -> Option<Request>;

    /// One page of the groups among which this one is, where members are found by a number.
    fn groups(&self, _group: &ForgeGroup, _page: usize) -> Option<Request> {
        None
    }

    /// The group's number, when an entry of [`Reviews::groups`] is it.
    fn group_number(&self, _group: &ForgeGroup, _entry: &Value) -> Option<u64> {
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
/// `adds_nothing` says of a merge commit whether it holds just what its sides make together, and
/// none where nobody can tell: whoever merges the base into the branch in that way writes nothing
/// of it.
///
/// # Errors
/// When the forge does not answer or answers something else. A group that cannot be read is no
/// error: it is told in its place.
pub async fn read(
    client: &Client,
    forge: &dyn Reviews,
    groups: &BTreeSet<ForgeGroup>,
    adds_nothing: &dyn Fn(&str) -> Option<bool>,
) -> Result<Found, Error> {
    let Found { mut pull, summary } = read_reviews(client, forge).await?;
    let commits = all(client, forge, |page| forge.commits(page)).await?;
    let (mut writers, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    if commits.len() >= forge.most_commits() {
        return Err(Error::new(format!(
            "the forge tells {} commits of a pull request and no more: who wrote all of #{} is \
             not known, so nothing is judged; ask in several pull requests",
            commits.len(),
            summary.number
        )));
    }
    for commit in &commits {
        let whole = match forge.whole_commit(commit) {
            Some(request) => client.send(forge, &request).await?,
            None => Value::Null,
        };
        let commit = if whole.is_null() { commit } else { &whole };
        let parents = commit.get("parents").or(commit.get("parent_ids")).and_then(Value::as_array);
        let id = commit.get("sha").or(commit.get("id")).and_then(Value::as_str);
        if let (true, Some(id)) = (parents.is_some_and(|parents| parents.len() > 1), id) {
            match adds_nothing(id) {
                Some(true) => continue,
                Some(false) => {}
                None => pull.unread.push(id.to_owned()),
            }
        }
        for role in ["author", "committer"] {
            let login = commit.get(role).and_then(|user| user.get("login")?.as_str());
            writers.extend(login.map(str::to_owned));
            let address = commit.get("commit").and_then(|commit| commit.get(role)?.get("email"));
            let address = address.or(commit.get(format!("{role}_email"))).and_then(Value::as_str);
            writers.extend(address.and_then(login_of).map(str::to_owned));
            addresses.extend(address.map(str::to_owned));
        }
    }
    let mut known: BTreeMap<ForgeGroup, Members> = BTreeMap::new();
    for group in groups {
        let members = members(client, forge, group).await.map_err(|error| error.to_string());
        known.insert(group.clone(), members);
    }
    pull.writers = writers;
    pull.addresses = addresses;
    pull.groups = known;
    Ok(Found { pull, summary })
}

/// Reads a pull request and its reviews; who wrote its commits and who is in groups stays
/// empty.
///
/// # Errors
/// As [`read`].
pub async fn read_reviews(client: &Client, forge: &dyn Reviews) -> Result<Found, Error> {
    let summary = summary(client, forge).await?;
    let states = all(client, forge, |page| forge.states(page)).await?;
    let entries = all(client, forge, |page| forge.reviews(page)).await?;
    let reviews = forge.read_reviews(&entries, &states);
    let events = match reviews.iter().any(|review| review.state == State::Approved) {
        true => all(client, forge, |page| forge.events(page)).await?,
        false => Vec::new(),
    };
    let retargeted = entries.iter().chain(&events).filter(|entry| forge.retargets(entry));
    // One whose time is not told counts as the last thing that happened.
    let retargeted =
        retargeted.map(|entry| moment(entry.get("created_at")).unwrap_or(Timestamp::MAX));
    let pull = Pull {
        author: summary.author.clone(),
        head: summary.head.clone(),
        merged: summary.merged,
        retargeted: retargeted.max(),
        reviews,
        ..Pull::default()
    };
    Ok(Found { pull, summary })
}

/// Reads a pull request alone.
pub(super) async fn summary(client: &Client, forge: &dyn Reviews) -> Result<Summary, Error> {
    let answer = client.send(forge, &forge.pull()).await?;
    let mut summary = forge.summary(&answer).ok_or_else(|| {
        Error::new("the forge's answer is no pull request that this version knows".to_owned())
    })?;
    settle_head(client, forge, &mut summary).await?;
    Ok(summary)
}

/// Makes the head of a merged pull request the one that was merged.
pub(super) async fn settle_head(
    client: &Client,
    forge: &dyn Reviews,
    summary: &mut Summary,
) -> Result<(), Error> {
    let (Some(_), Some(request)) = (summary.merged, forge.merged_head()) else { return Ok(()) };
    let answer = client.send(forge, &request).await?;
    // One reference, or all whose names begin so.
    let name = format!("refs/pull/{}/head", summary.number);
    let all = answer.as_array().map_or(std::slice::from_ref(&answer), Vec::as_slice);
    let found = all.iter().find(|entry| entry.get("ref").and_then(Value::as_str) == Some(&name));
    let head = found.and_then(|entry| entry.get("object")?.get("sha")?.as_str());
    let head = head.ok_or_else(|| {
        Error::new(format!(
            "the forge does not tell which commit of #{} was merged",
            summary.number
        ))
    })?;
    head.clone_into(&mut summary.head);
    Ok(())
}

/// The login in an address that a forge gives in place of the person's own:
/// `28+LiWei@users.noreply.github.com`, `28-LiWei@users.noreply.git.acme.example` (GitLab),
/// `LiWei@noreply.git.acme.example` (Gitea).
fn login_of(address: &str) -> Option<&str> {
    let (name, host) = address.rsplit_once('@')?;
    if !host.starts_with("users.noreply.") {
        return host.starts_with("noreply.").then_some(name);
    }
    let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = name[digits..].strip_prefix(['+', '-']).filter(|_| digits > 0);
    Some(rest.unwrap_or(name))
}

async fn members(
    client: &Client,
    forge: &dyn Reviews,
    group: &ForgeGroup,
) -> Result<BTreeSet<String>, Error> {
    let number = match forge.groups(group, 1) {
        Some(_) => {
            let groups = all(client, forge, |page| forge.groups(group, page)).await?;
            let number = groups.iter().find_map(|entry| forge.group_number(group, entry));
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
        let active = |name| entry.get(name).and_then(Value::as_str).is_none_or(|s| s == "active");
        (active("state") && active("membership_state")).then(|| login.to_owned())
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
        let Page { value, last } = client.page(forge, &request).await?;
        match value {
            // A server may give fewer at once than it was asked for: only none is the end.
            Value::Array(entries) if entries.is_empty() && in_pages => return Ok(all),
            Value::Array(entries) => all.extend(entries),
            one => all.push(one),
        }
        if last {
            return Ok(all);
        }
    }
    Err(Error::new(format!("the forge's list has more than {} entries", PAGES * PAGE)))
}

#[cfg(test)]
mod tests {
    use super::login_of;

    #[test]
    fn an_address_of_the_forge_tells_the_login() {
        for (address, login) in [
            ("28+LiWei@users.noreply.github.com", Some("LiWei")),
            ("LiWei@users.noreply.github.com", Some("LiWei")),
            ("28-li-wei@users.noreply.git.acme.example", Some("li-wei")),
            ("LiWei@noreply.git.acme.example", Some("LiWei")),
            ("28@users.noreply.github.com", Some("28")),
            ("liwei@acme.example", None),
            ("nobody", None),
        ] {
            assert_eq!(login_of(address), login, "{address}");
        }
    }
}
