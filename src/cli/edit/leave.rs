//! `jumpgate leave`.

use super::{Draft, Place, Title, ended};
use crate::cli::Outcome;
use crate::names::PersonName;

/// Let a person leave: everything ends after a day, whatever the requests say.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The person.
    person: PersonName,
    /// The last day, or the moment at which everything ends.
    #[arg(long, value_name = "DATE")]
    on: String,
    #[command(flatten)]
    place: Place,
}

impl Args {
    pub(in crate::cli) fn run(&self) -> Outcome {
        ended(self.try_run())
    }

    fn try_run(&self) -> Result<Outcome, Outcome> {
        let draft = Draft::of(&self.place)?;
        let person = crate::cli::plan::person(draft.access(), &self.person)?;
        let behind = ["forge", "jumpserver-id", "jumpserver", "email", "name"];
        draft.end(&self.on)?;
        let on = self.on.as_str();
        let changes = draft.with(&person.site.file, "left", on, &behind)?;
        draft.propose(&changes, &Title::of("leave", self.person.as_str(), &format!("on {on}")))
    }
}
