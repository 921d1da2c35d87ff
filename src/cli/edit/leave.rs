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
        let Some(person) = draft.access().people.get(&self.person) else {
            let known = draft.access().people.keys().map(PersonName::as_str);
            return Err(crate::cli::plan::unknown("person", self.person.as_str(), known));
        };
        let behind = ["forge", "jumpserver-id", "jumpserver", "email", "name"];
        draft.end(&self.on)?;
        let on = self.on.as_str();
        let changes = draft.with(&person.site.file, "left", on, &behind)?;
        draft.propose(&changes, &Title::of("leave", self.person.as_str(), &format!("on {on}")))
    }
}
