//! Which pull request brought a commit.

use serde_json::Value;

use super::http::{Client, Error};
use super::reviews::summary;
use super::{Place, Reviews, Summary};

/// The merged pull request that brought a commit; none when there is none. `named` is the one
/// that the commit's message names (`#12`, `!34`): it counts only when the forge says that the
/// commit is its merge.
///
/// # Errors
/// When the forge does not answer, or cannot tell.
pub async fn brought(
    client: &Client,
    place: &Place,
    commit: &str,
    named: Option<&str>,
) -> Result<Option<Summary>, Error> {
    let found = of_commit(client, place.forge()?.as_ref(), commit).await;
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
