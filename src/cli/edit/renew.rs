//! `jumpgate renew`.

use super::{Draft, Place, ended};
use crate::cli::Outcome;

/// Give a request a later end: its `until` is changed in place.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The request, by its name or its path.
    request: String,
    /// The last day, or the moment at which it ends, as in a request file.
    #[arg(long, value_name = "DATE")]
    until: String,
    #[command(flatten)]
    place: Place,
}

impl Args {
    pub(in crate::cli) fn run(&self) -> Outcome {
        ended(self.try_run())
    }

    fn try_run(&self) -> Result<Outcome, Outcome> {
        let draft = Draft::of(&self.place)?;
        let file = &draft.request(&self.request)?.site.file;
        let until = draft.end(&self.until)?;
        let behind = ["from", "reason", "for"];
        draft.propose(&draft.with(file, "until", until, &behind)?)
    }
}
