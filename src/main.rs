//! The `jumpgate` command.

use std::process::ExitCode;

/// A plan of ten thousand accounts makes millions of small texts and maps.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    jumpgate::cli::main().into()
}
