//! The forms that `plan` and `check` print in.

use std::io::Write;
use std::path::Path;

use super::{Outcome, could_not_run, file};
use crate::report::{Problem, github, gitlab, sarif};
use crate::{credentials, repo};

/// The form of what `plan` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum PlanFormat {
    /// For people.
    Text,
    /// For programs: stable, versioned, with a schema.
    Json,
    /// For a comment on a pull request.
    Markdown,
    /// Findings at their lines in GitHub, Gitea and Forgejo Actions; all of it in the job's
    /// summary.
    Github,
    /// Findings as SARIF 2.1.0.
    Sarif,
    /// Findings as a code quality report of GitLab.
    Gitlab,
}

/// The form of what `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum CheckFormat {
    /// For people.
    Text,
    /// For programs: stable, versioned, with a schema.
    Json,
    /// Errors at their lines in GitHub, Gitea and Forgejo Actions; all of them in the job's
    /// summary.
    Github,
    /// Errors as SARIF 2.1.0.
    Sarif,
    /// Errors as a code quality report of GitLab.
    Gitlab,
}

impl PlanFormat {
    /// The same form for problems; none when it shows more than them.
    pub(super) fn problems(self) -> Option<CheckFormat> {
        match self {
            Self::Text | Self::Json | Self::Markdown => None,
            Self::Github => Some(CheckFormat::Github),
            Self::Sarif => Some(CheckFormat::Sarif),
            Self::Gitlab => Some(CheckFormat::Gitlab),
        }
    }
}

/// Writes the comment to a file, when one is asked for.
pub(super) fn comment_file(
    path: Option<&Path>,
    comment: impl FnOnce() -> String,
) -> Result<(), Outcome> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(path, comment())
        .map_err(|error| could_not_run(&file::cannot_be_written(path, &error)))
}

/// The longest summary of a job: GitHub takes one MiB, and a character can be three bytes.
pub(super) const SUMMARY: usize = 300_000;

/// Prints problems in a form for tools. `summary` is the whole in Markdown, for the page of
/// the job.
pub(super) fn problems(
    format: CheckFormat,
    problems: &[Problem],
    dir: &Path,
    summary: impl FnOnce() -> String,
) {
    let folder = repo::place(dir).map(|place| place.folder).unwrap_or_default();
    match format {
        CheckFormat::Text | CheckFormat::Json => {}
        CheckFormat::Github => {
            anstream::print!("{}", github::render(problems, &folder));
            // Set in GitHub, Gitea and Forgejo Actions: a file whose text the job's page shows.
            if let Some(path) = credentials::environment("GITHUB_STEP_SUMMARY") {
                let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
                if let Err(error) = file.and_then(|mut file| file.write_all(summary().as_bytes())) {
                    anstream::eprintln!("warning: the job's summary cannot be written: {error}");
                }
            }
        }
        CheckFormat::Sarif => anstream::print!("{}", sarif::render(problems, &folder)),
        CheckFormat::Gitlab => anstream::print!("{}", gitlab::render(problems, &folder)),
    }
}
