//! The last question: what becomes of the request.

use super::terminal::{Terminal, ask as ask_for};
use crate::cli::draft::Place;
use crate::repo;

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// What the flags say.
    Given,
    /// The file alone.
    File,
    /// A branch with a commit.
    Branch,
    /// The branch pushed.
    Push,
    /// A pull request.
    PullRequest,
}

/// Asks what becomes of a request, unless the flags say it, or the folder lies in no git
/// repository. A pull request is proposed where a token for it is set.
pub(super) fn ask(place: &Place, terminal: &mut impl Terminal) -> Result<Next, String> {
    if place.publish.any() || place.dry_run {
        return Ok(Next::Given);
    }
    if repo::place(&place.dir).is_err() {
        return Ok(Next::File);
    }
    let publish = &place.publish;
    let token = publish.at.repository(&place.dir, &publish.remote).is_ok();
    let choices = ["file", "branch", "push", "pull-request"].map(str::to_owned);
    let proposed = if token { "pull-request" } else { "file" };
    let question = "Then (file, branch, push, pull-request)";
    ask_for(terminal, question, Some(proposed), &choices, |text| match text {
        "file" => Ok(Next::File),
        "branch" => Ok(Next::Branch),
        "push" => Ok(Next::Push),
        "pull-request" | "pull request" => Ok(Next::PullRequest),
        _ => Err("expected file, branch, push or pull-request".to_owned()),
    })
}

impl Next {
    /// The place with this as its flags.
    pub(super) fn place(self, place: &Place) -> Place {
        let mut place = place.clone();
        let publish = &mut place.publish;
        match self {
            Self::Given | Self::File => {}
            Self::Branch => publish.branch = Some(None),
            Self::Push => publish.push = true,
            Self::PullRequest => publish.pull_request = true,
        }
        place
    }

    /// The question before it is done.
    pub(super) fn question(self) -> &'static str {
        match self {
            Self::Given => "Go on",
            Self::File => "Write the file",
            Self::Branch => "Make the branch",
            Self::Push => "Push the branch",
            Self::PullRequest => "Open the pull request",
        }
    }
}
