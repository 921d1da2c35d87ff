//! `jumpgate import`: files for an access repo from what JumpServer and the databases have.

mod access;
mod files;
mod people;

use clap::Subcommand;

use super::Outcome;
use super::draft::ended;
use access::{ArgsWithNew, Stages};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write people files for JumpServer's users; files that are there stay as they are.
    People(people::Args),
    /// Write requests that adopt permissions and database accounts which are just that.
    Requests(access::Args),
    /// Write inventory files for database servers, hosts and nodes that no file has.
    Inventory(access::ArgsWithNew),
    /// All three: people, inventory, requests.
    All(access::ArgsWithNew),
}

pub(super) fn run(command: &Command) -> Outcome {
    ended(match command {
        Command::People(args) => people::people(args),
        Command::Requests(args) => {
            let what = "requests";
            let stages = Stages { what, people: false, inventory: None, requests: true };
            access::import(args, &stages)
        }
        Command::Inventory(ArgsWithNew { args, new }) => {
            let what = "inventory";
            let stages = Stages { what, people: false, inventory: Some(new), requests: false };
            access::import(args, &stages)
        }
        Command::All(ArgsWithNew { args, new }) => {
            let what = "all";
            let stages = Stages { what, people: true, inventory: Some(new), requests: true };
            access::import(args, &stages)
        }
    })
}
