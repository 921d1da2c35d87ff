//! The `jumpgate` command.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    jumpgate::cli::Cli::parse().run().into()
}
