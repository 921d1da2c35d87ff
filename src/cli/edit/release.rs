//! `jumpgate release`.

use super::{Draft, Place, Title, ended};
use crate::cli::Outcome;

/// Give back what a request has: it stays as it is, and jumpgate looks after it no more.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The request, by its name, the last part of it, or its path.
    request: String,
    #[command(flatten)]
    place: Place,
}

impl Args {
    pub(in crate::cli) fn run(&self) -> Outcome {
        ended(self.try_run())
    }

    fn try_run(&self) -> Result<Outcome, Outcome> {
        let draft = Draft::of(&self.place)?;
        let (name, request) = draft.request(&self.request)?;
        let behind = ["until", "from", "reason", "for"];
        let changes = draft.with_true(&request.site.file, "release", &behind)?;
        draft.propose(&changes, &Title::of("release", name.as_str(), "as it is"))
    }
}
