//! `jumpgate copy`.

use super::{New, Outcome, could_not_run};
use crate::access::instant::{self, End};
use crate::cli::draft::{Draft, Place, ended};
use crate::cli::plan::person;
use crate::names::PersonName;
use crate::period::Period as Span;
use crate::request::{self, Ask};

/// Ask for what another person has now, as far as policy allows it.
#[derive(Debug, clap::Args)]
#[command(override_usage = "jumpgate copy [OPTIONS] --from <PERSON> --to <PERSON> \
    --reason <TEXT>\n       [DIR]")]
pub(in crate::cli) struct Args {
    /// Whose access is asked for.
    #[arg(long, value_name = "PERSON")]
    from: PersonName,
    /// For whom.
    #[arg(long, value_name = "PERSON")]
    to: PersonName,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The last day, or the moment at which it ends, as in a request file.
    #[arg(long, value_name = "DATE", conflicts_with = "hours")]
    until: Option<String>,
    /// End so many hours from now.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=87600))]
    hours: Option<u32>,
    /// The name of the request's file; made of the reason without it.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    place: Place,
}

impl Args {
    pub(in crate::cli) fn run(&self) -> Outcome {
        ended(self.try_run())
    }

    fn try_run(&self) -> Result<Outcome, Outcome> {
        let draft = Draft::of(&self.place)?;
        let access = draft.access();
        for name in [&self.from, &self.to] {
            person(access, name)?;
        }
        let zone = &access.config.zone;
        let ask = Ask {
            reason: self.reason.clone(),
            until: self.until.clone(),
            hours: self.hours,
            ..Ask::default()
        };
        let ask = ask.timed(draft.now(), zone).map_err(|error| could_not_run(&error))?;
        let until = match &ask.until {
            Some(text) => Some(
                instant::parse(text, End::Until, zone)
                    .map_err(|error| could_not_run(&format!("{text}: {error}")))?,
            ),
            None => None,
        };
        let span = Span { from: None, until };
        let copied = request::copy(access, &self.from, &self.to, &span, ask, draft.now());
        for line in &copied.left_out {
            anstream::eprintln!("left out: {}", crate::visible::clean(line));
        }
        if copied.ask.servers.is_empty() && copied.ask.databases.is_empty() {
            return Err(could_not_run(&format!(
                "nothing is left to ask for: {} has nothing now that {} lacks and may have",
                self.from, self.to
            )));
        }
        let new = New::of(&draft, copied.ask, self.name.as_deref(), None)?;
        draft.propose(&new.changes(), &new.title())
    }
}
