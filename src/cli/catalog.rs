//! `jumpgate catalog`.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::draft::ended;
use super::source::{self, Source};
use super::{Outcome, block_on_any, could_not_run, file};
use crate::catalog::{self, Catalog, Difference, PATH, Read};
use crate::plural::count;
use crate::visible::clean;
use crate::{credentials, observe};

/// Read from JumpServer and the database servers what may be asked for, and write it into
/// `catalog.yaml` of the access repo: nodes, assets, databases and tables. Then `check` warns of
/// names that are not there, and names are completed. Needs the credentials of `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the access repo.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Write nothing, and exit with 2 when the file is not as the servers are.
    #[arg(long)]
    check: bool,
    /// Columns of tables too; a file that has them keeps having them.
    #[arg(long)]
    columns: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    ended(catalog(args))
}

fn catalog(args: &Args) -> Result<Outcome, Outcome> {
    let now = Timestamp::now();
    let (tree, access) = Source { dir: args.dir.clone(), rev: None }.access(now)?;
    let old = source::catalog(&tree);
    let columns = args.columns || old.as_ref().is_some_and(Catalog::has_columns);
    let environment = &credentials::environment;
    let read = block_on_any(observe::catalog(&access, environment, columns))?;
    let failed = failures(&read, old.as_ref());
    for (name, read) in &read.instances {
        if read.as_ref().is_ok_and(|tables| tables.partial) {
            anstream::eprintln!(
                "warning: the login may see a part of {name} only: names that are not in the \
                 catalogue may be there"
            );
        }
    }
    let none = read.jumpserver.is_err() && read.instances.values().all(Result::is_err);
    if none {
        return Err(could_not_run(&"nothing could be read; the catalogue stays as it is"));
    }
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let new = catalog::settled(old.as_ref(), catalog::renew(old.as_ref(), read, today));
    let differences = catalog::differences(old.as_ref(), &new);
    anstream::println!("{}", summary(&new));
    for difference in &differences {
        anstream::println!("  {}", words(difference));
    }
    let mut outcome = if failed { Outcome::InPart } else { Outcome::Done };
    let text = catalog::text(&new);
    let there = tree.files.get(PATH).map(|bytes| bytes.as_ref());
    let current = old.is_some() && differences.is_empty();
    match (args.check, current) {
        (true, true) => anstream::println!("{PATH} is current"),
        (true, false) => {
            anstream::println!("{PATH} is not current: run `jumpgate catalog`");
            outcome = outcome.and(Outcome::Pending);
        }
        (false, _) if there == Some(text.as_bytes()) => anstream::println!("nothing changed"),
        (false, _) => {
            let path = args.dir.join(PATH);
            let told =
                |error| could_not_run(&format!("{} cannot be written: {error}", path.display()));
            file::replace(&path, text.as_bytes()).map_err(told)?;
            anstream::println!("written: {PATH}");
        }
    }
    Ok(outcome)
}

/// Tells what could not be read, and what becomes of it.
fn failures(read: &Read, old: Option<&Catalog>) -> bool {
    let jumpserver = read.jumpserver.as_ref().err().map(|why| {
        let kept = old.and_then(|old| Some(old.day(old.jumpserver.as_ref()?)));
        ("JumpServer".to_owned(), why, kept)
    });
    let instances = read.instances.iter().filter_map(|(name, read)| {
        let kept = old.and_then(|old| Some(old.day(old.instances.get(name)?)));
        read.as_ref().err().map(|why| (name.to_string(), why, kept))
    });
    let mut failed = false;
    for (part, why, kept) in jumpserver.into_iter().chain(instances) {
        failed = true;
        let kept = match kept {
            Some(day) => format!("what the catalogue has of {day} stays"),
            None => "the catalogue has nothing of it".to_owned(),
        };
        anstream::eprintln!("error: {part} could not be read, and {kept}: {}", clean(why));
    }
    failed
}

/// What the catalogue holds, in one line.
fn summary(catalog: &Catalog) -> String {
    let (mut nodes, mut assets, mut databases, mut tables) = (0, 0, 0, 0);
    if let Some(part) = &catalog.jumpserver {
        (nodes, assets) = (part.holds.nodes.len(), part.holds.assets.len());
    }
    for part in catalog.instances.values() {
        databases += part.holds.databases.len();
        tables += part.holds.databases.values().map(|tables| tables.len()).sum::<usize>();
    }
    format!(
        "{}, {}, {} with {} and {}",
        count(nodes, "node"),
        count(assets, "asset"),
        count(catalog.instances.len(), "instance"),
        count(databases, "database"),
        count(tables, "table")
    )
}

fn words(difference: &Difference) -> String {
    let Difference { part, came, went, some } = difference;
    let more = if some.len() < came + went { ", ..." } else { "" };
    clean(&format!("{part}: {came} came, {went} went ({}{more})", some.join(", ")))
}
