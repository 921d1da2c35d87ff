//! `jumpgate list`.

use std::io::IsTerminal;

use clap::Subcommand;
use jiff::Timestamp;

use super::mine::whom;
use super::plan::Format;
use super::source::{self, Source};
use super::{Outcome, width};
use crate::answers::{self, LIST_SCHEMA, List};
use crate::grants;
use crate::report::{self, Look};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Servers: nodes and assets, and the logins on them.
    Servers(Args),
    /// Databases: instances, and the levels on them.
    Databases(Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Tell what this person has of it, too.
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// The form of the output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(command: &Command) -> Outcome {
    match list(command) {
        Ok(()) => Outcome::Done,
        Err(outcome) => outcome,
    }
}

fn list(command: &Command) -> Result<(), Outcome> {
    let (Command::Servers(args) | Command::Databases(args)) = command;
    let now = Timestamp::now();
    let (tree, access) = args.source.access(now)?;
    let person = args.person.as_deref().map(|text| whom(&access, text)).transpose()?;
    let grants = grants::of(&access);
    let mine = grants.iter().filter(|grant| person.as_ref() == Some(grant.person));
    let mine: Vec<_> = mine.filter(|grant| !grant.period.is_over(now)).collect();
    let catalog = source::catalog(&tree);
    let offers = match command {
        Command::Servers(_) => answers::servers(&access, &mine, now),
        Command::Databases(_) => answers::databases((&access, catalog.as_ref()), &mine, now),
    };
    if offers.is_empty() && args.format == Format::Text {
        anstream::println!(
            "{}",
            match command {
                Command::Servers(_) =>
                    "No server may be asked for: inventory/servers.yaml offers none.",
                Command::Databases(_) => {
                    "No database may be asked for: inventory/databases/ has no instance that is not \
                 retired."
                }
            }
        );
        return Ok(());
    }
    let list = List { schema: LIST_SCHEMA, commit: tree.commit, person, offers };
    match args.format {
        Format::Json => anstream::println!("{}", list.json()),
        Format::Text => {
            let look = Look { width: width(), colours: std::io::stdout().is_terminal() };
            anstream::print!("{}", report::list(&list, look));
        }
    }
    Ok(())
}
