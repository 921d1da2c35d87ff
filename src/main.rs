//! The `jumpgate` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    jumpgate::cli::main().into()
}
