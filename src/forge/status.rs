//! One status on a commit, set only when it says something else than before.

use super::http::{Client, Error};
use super::{Posted, Reviews};

/// The longest text of a status, in characters: GitHub takes 140.
const LONGEST: usize = 140;

/// A status on a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How it stands.
    pub standing: Standing,
    /// It in words.
    pub words: String,
}

/// How a status stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is missing.
    Success,
    /// Something is missing that can still come.
    Pending,
    /// Something is missing that cannot come.
    Failure,
}

impl Standing {
    /// As GitHub, Gitea and Forgejo call it.
    pub(super) fn github(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Pending => "pending",
            Self::Failure => "failure",
        }
    }

    /// From GitHub's word.
    pub(super) fn of_github(word: &str) -> Option<Self> {
        [Self::Success, Self::Pending, Self::Failure].into_iter().find(|one| one.github() == word)
    }

    /// As GitLab calls it.
    pub(super) fn gitlab(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Pending => "pending",
            Self::Failure => "failed",
        }
    }
}

/// Sets the status `name` of a commit.
///
/// # Errors
/// When the forge has no statuses, refuses or does not answer.
pub async fn set(
    client: &Client,
    forge: &dyn Reviews,
    commit: &str,
    name: &str,
    status: &Status,
) -> Result<Posted, Error> {
    let Some(request) = forge.statuses(commit, name) else {
        return Err(Error::new("this forge has no statuses: use the exit code".to_owned()));
    };
    let status = Status { words: cut(&status.words), ..status.clone() };
    let before = forge.standing(&client.send(forge, &request).await?, name);
    if let Some(before) = &before {
        let same = before.standing == status.standing;
        if same && (!forge.keeps_words() || before.words == status.words) {
            return Ok(Posted::Unchanged);
        }
    }
    client.send(forge, &forge.set_status(commit, name, &status)).await?;
    Ok(if before.is_some() { Posted::Updated } else { Posted::Created })
}

fn cut(words: &str) -> String {
    if words.chars().count() <= LONGEST {
        return words.to_owned();
    }
    words.chars().take(LONGEST - 3).chain("...".chars()).collect()
}
