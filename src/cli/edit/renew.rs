//! `jumpgate renew`.

use super::{Draft, Place, Title, ended};
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
        let (name, request) = draft.request(&self.request)?;
        let until = draft.end(&self.until)?;
        let behind = ["from", "reason", "for"];
        let changes = draft.with(&request.site.file, "until", until, &behind)?;
        draft.propose(&changes, &Title::of("renew", name.as_str(), &format!("until {until}")))
    }
}
