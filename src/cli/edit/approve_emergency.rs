//! `jumpgate approve-emergency`.

use super::{Draft, Place, Title, ended};
use crate::cli::{Outcome, could_not_run};
use crate::names::PersonName;

/// Approve an emergency after it was merged: its file names the owner who does. The owner
/// approves the pull request with that line.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The request, by its name, the last part of it, or its path.
    request: String,
    /// The owner who approves it: nobody who got something by it.
    #[arg(long, value_name = "PERSON")]
    by: PersonName,
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
        if request.emergency.is_none() {
            let why = format!("{name} is no emergency: it is approved before it is merged");
            return Err(could_not_run(&why));
        }
        let behind = ["emergency", "until", "from", "reason", "for"];
        let (file, by) = (&request.site.file, self.by.as_str());
        let changes = draft.with(file, "approved-afterwards", by, &behind)?;
        let how = format!("by {by}");
        draft.propose(&changes, &Title::of("approve", name.as_str(), &how))
    }
}
