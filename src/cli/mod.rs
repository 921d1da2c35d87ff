//! The command line: one file a command.

mod check;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Access to servers and databases through git.
#[derive(Debug, Parser)]
#[command(name = "jumpgate", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the files of an access repo: no credentials, no network.
    Check(check::Args),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or nothing to do: exit code 0.
    Done,
    /// It could not run: exit code 1.
    CouldNotRun,
    /// The files are invalid: exit code 3.
    Invalid,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::CouldNotRun => 1,
            Outcome::Invalid => 3,
        })
    }
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Outcome {
        match self.command {
            Command::Check(args) => check::run(&args),
        }
    }
}
