//! `jumpgate check`.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;

use jiff::Timestamp;

use super::Outcome;
use crate::access::{self, model::Access};
use crate::diagnostic;
use crate::repo::Tree;

/// How many errors are printed: a person mends the first ones first.
const SHOWN: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the access repo.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Outcome {
    let tree = match Tree::folder(&args.dir) {
        Ok(tree) => tree,
        Err(error) => {
            anstream::eprintln!("error: {} cannot be read: {error}", args.dir.display());
            return Outcome::CouldNotRun;
        }
    };
    let now = Timestamp::now();
    match access::load(&tree, now) {
        Ok(access) => {
            anstream::println!("{}", summary(&access, now));
            Outcome::Done
        }
        Err(errors) => {
            let texts: BTreeMap<_, _> = tree
                .files
                .iter()
                .map(|(path, bytes)| (path.as_ref(), String::from_utf8_lossy(bytes)))
                .collect();
            let shown = &errors[..errors.len().min(SHOWN)];
            let source = |file: &str| texts.get(file).map(AsRef::as_ref);
            let styled = std::io::stderr().is_terminal();
            anstream::eprint!("{}", diagnostic::render(shown, source, styled));
            if errors.len() > SHOWN {
                anstream::eprintln!("... and {} more\n", errors.len() - SHOWN);
            }
            anstream::eprintln!("{} in the access repo", count(errors.len(), "error"));
            Outcome::Invalid
        }
    }
}

/// One line on what the repo holds.
fn summary(access: &Access, now: Timestamp) -> String {
    let requests = access.requests.values();
    let (mut active, mut upcoming, mut ended) = (0, 0, 0);
    for request in requests {
        let period = &request.period;
        *(if period.is_over(now) {
            &mut ended
        } else if period.has_started(now) {
            &mut active
        } else {
            &mut upcoming
        }) += 1;
    }
    format!(
        "ok: {} people, {}, {}, {} ({active} active, {upcoming} upcoming, {ended} ended)",
        access.people.len(),
        count(access.teams.len(), "team"),
        count(access.instances.len(), "database instance"),
        count(access.requests.len(), "request"),
    )
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
