//! `jumpgate cancel`.

use super::{Draft, Place, Title, ended};
use crate::cli::{Outcome, could_not_run};

/// Take a request back: its file is removed, or it ends sooner.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The request, by its name, the last part of it, or its path.
    request: String,
    /// Keep the request, and let it end on this day or at this moment.
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
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
        let file = &request.site.file;
        let behind = ["from", "reason", "for"];
        let (changes, how) = match &self.on {
            Some(on) => {
                let end = draft.end(on)?;
                if let Some(until) = request.period.until.as_ref().filter(|old| old.at <= end.at) {
                    let why = format!(
                        "{name} ends {}, and cancelling it makes that sooner: `jumpgate renew \
                         {name} --until DATE` makes it later",
                        until.text
                    );
                    return Err(could_not_run(&why));
                }
                (draft.with(file, "until", on, &behind)?, format!("on {on}"))
            }
            None => (draft.without(&[file.clone()].into()), "now".to_owned()),
        };
        draft.propose(&changes, &Title::of("cancel", name.as_str(), &how))
    }
}
