//! `jumpgate man`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use super::{Outcome, could_not_run};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder that the pages of all commands go into; the main page is printed without.
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let mut command = super::command().disable_help_subcommand(true);
    command.build();
    let Some(dir) = &args.dir else {
        return match page(&command).and_then(|text| io::stdout().write_all(&text)) {
            Ok(()) => Outcome::Done,
            Err(error) => could_not_run(&format!("the page cannot be printed: {error}")),
        };
    };
    match std::fs::create_dir_all(dir).and_then(|()| write(&command, dir)) {
        Ok(()) => Outcome::Done,
        Err(error) => could_not_run(&format!("{} cannot be written: {error}", dir.display())),
    }
}

/// Writes the pages of a command and of those below it.
fn write(command: &Command, dir: &Path) -> io::Result<()> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        write(inner, dir)?;
    }
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    std::fs::write(dir.join(format!("{name}.1")), page(command)?)
}

/// The page of a command, the same for the same version.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let version = env!("CARGO_PKG_VERSION");
    let man = Man::new(command.clone()).source(format!("jumpgate {version}"));
    let mut roff = Vec::new();
    man.render(&mut roff)?;
    // What stands behind the flags are examples alone.
    let text = String::from_utf8_lossy(&roff).replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n");
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_examples() {
        let dir = tempfile::tempdir().expect("a folder");
        let outcome = run(&Args { dir: Some(dir.path().join("man1")) });
        assert_eq!(outcome, Outcome::Done);
        let read = |name: &str| {
            std::fs::read_to_string(dir.path().join("man1").join(name)).expect("a page")
        };
        assert!(read("jumpgate.1").contains("jumpgate\\-check(1)"));
        let page = read("jumpgate-import-people.1");
        assert!(
            page.contains(".SH EXAMPLES\n  jumpgate import people \\-\\-dry\\-run\n"),
            "{page}"
        );
        assert!(!page.contains("EXTRA"), "{page}");
    }
}
