//! `jumpgate report`.

use std::io::IsTerminal;
use std::path::PathBuf;

use jiff::Timestamp;

use super::draft::ended;
use super::source::Source;
use super::{Outcome, could_not_run};
use crate::access::model::Access;
use crate::audit::{self, Audit, Observed, Terms};
use crate::plan::Focus;
use crate::report::html::{self, Input, Language};
use crate::{credentials, grants, observe};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The file that is written; standard output without it.
    #[arg(long, value_name = "FILE", alias = "out")]
    output: Option<PathBuf>,
    /// Read JumpServer and every instance too: the audit, and every way in that is not git's.
    #[arg(long)]
    live: bool,
    /// The language that the page opens in; the browser's without it.
    #[arg(long, value_enum)]
    lang: Option<Language>,
}

pub(super) fn run(args: &Args) -> Outcome {
    ended(report(args))
}

fn report(args: &Args) -> Result<Outcome, Outcome> {
    if args.output.is_none() && std::io::stdout().is_terminal() {
        return Err(could_not_run(
            &"the page is for a browser: say --output report.html, or send it into a file",
        ));
    }
    let moment = Timestamp::now();
    let (tree, access) = args.source.access(moment)?;
    let commit = tree.commit.as_deref();
    let live = match args.live {
        true => Some(super::block_on_any(look(&access, moment, commit))??),
        false => None,
    };
    let page = html::report(&Input {
        access: &access,
        grants: &grants::of(&access),
        moment,
        commit,
        live: live.as_ref().map(|(observed, audit)| (observed, audit)),
        language: args.lang,
    });
    let mut outcome = match &args.output {
        None => super::print_result(&page),
        Some(path) => match super::file::replace(path, page.as_bytes()) {
            Ok(()) => {
                anstream::eprintln!("written: {}", path.display());
                Outcome::Done
            }
            Err(error) => {
                let path = path.display();
                could_not_run(&format!("{path} could not be written: {error}"))
            }
        },
    };
    if live.is_some_and(|(_, audit)| super::audit::tell_unread(&audit)) {
        outcome = outcome.and(Outcome::InPart);
    }
    Ok(outcome)
}

/// Reads everything, and looks for doors.
async fn look(
    access: &Access,
    moment: Timestamp,
    commit: Option<&str>,
) -> Result<(Observed, Audit), Outcome> {
    let environment = &credentials::environment;
    let reader =
        observe::jumpserver(access, environment).await.map_err(|error| could_not_run(&error))?;
    let observed = observe::everything(access, &reader, environment, &Focus::default())
        .await
        .map_err(|error| could_not_run(&error))?;
    let audit = audit::find(access, &observed, &Terms::default(), moment, commit);
    Ok((observed, audit))
}
