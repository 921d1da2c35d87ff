//! `jumpgate import`: files for an access repo from what JumpServer and the databases have.

mod access;
mod files;
mod people;

use clap::Subcommand;

use super::{Outcome, block_on_ended};
use access::Stages;

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
    block_on_ended(async {
        match command {
            Command::People(args) => people::people(args).await,
            Command::Requests(args) => {
                let stages = Stages { people: false, inventory: None, requests: true };
                access::import(args, &stages).await
            }
            Command::Inventory(args) => {
                let stages = Stages { people: false, inventory: Some(&args.new), requests: false };
                access::import(&args.args, &stages).await
            }
            Command::All(args) => {
                let stages = Stages { people: true, inventory: Some(&args.new), requests: true };
                access::import(&args.args, &stages).await
            }
        }
    })
}
