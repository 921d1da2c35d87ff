//! Which pull request brought a commit.

use serde_json::Value;

use super::http::{Client, Error};
use super::reviews::{settle_head, summary};
use super::{Place, Summary};

/// The merged pull request that brought a commit; none when there is none. `named` is the one
/// that the commit's message names (`#12`, `!34`): it counts only when the forge says that the
/// commit is its merge. Of several the one that went into `branch` is given.
///
/// # Errors
/// When the forge does not answer, or cannot tell.
pub async fn brought(
    client: &Client,
    place: &Place,
    commit: &str,
    named: Option<&str>,
    branch: Option<&str>,
) -> Result<Option<Summary>, Error> {
    let found = of_commit(client, place, (commit, branch)).await;
    let named = named.and_then(|name| name.trim_start_matches(['#', '!']).parse().ok());
    if let (Ok(None) | Err(_), Some(number)) = (&found, named) {
        let place = Place { number, ..place.clone() };
        if let Ok(there) = summary(client, place.forge()?.as_ref()).await
            && there.merged.is_some()
            && there.merge.as_deref() == Some(commit)
        {
            return Ok(Some(there));
        }
    }
    found
}

/// As the forge tells it by the commit.
async fn of_commit(
    client: &Client,
    place: &Place,
    (commit, branch): (&str, Option<&str>),
) -> Result<Option<Summary>, Error> {
    let forge = place.forge()?;
    let forge = forge.as_ref();
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
    let all = entries.iter().filter_map(|entry| forge.summary(entry));
    let mut merged: Vec<Summary> = all.filter(|summary| summary.merged.is_some()).collect();
    // One commit may have gone into several branches.
    let at = merged.iter().position(|one| branch.is_none_or(|branch| one.base == branch));
    if merged.is_empty() {
        return Ok(None);
    }
    let mut found = merged.swap_remove(at.unwrap_or(0));
    let place = Place { number: found.number, ..place.clone() };
    settle_head(client, place.forge()?.as_ref(), &mut found).await?;
    Ok(Some(found))
}
