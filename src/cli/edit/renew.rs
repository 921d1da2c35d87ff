//! `jumpgate renew`.

use super::{Draft, Place, Title, ended};
use crate::cli::{Outcome, could_not_run};

/// Give a request a later end: its `until` is changed in place.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The request, by its name, the last part of it, or its path.
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
        let end = draft.end(&self.until)?;
        match &request.period.until {
            Some(until) if until.at < end.at => {}
            now => {
                let now = now
                    .as_ref()
                    .map_or("has no end".to_owned(), |end| format!("ends {}", end.text));
                let why = format!(
                    "{name} {now}, and renewing it makes that later: `jumpgate cancel {name} --on \
                     DATE` makes it sooner"
                );
                return Err(could_not_run(&why));
            }
        }
        let until = self.until.as_str();
        let behind = ["from", "reason", "for"];
        let changes = draft.with(&request.site.file, "until", until, &behind)?;
        draft.propose(&changes, &Title::of("renew", name.as_str(), &format!("until {until}")))
    }
}
