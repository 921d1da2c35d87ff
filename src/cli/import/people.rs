//! `jumpgate import people`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::files;
use crate::cli::source::Source;
use crate::cli::{Outcome, could_not_run};
use crate::jumpserver::spec::SeenUser;
use crate::visible::clean;
use crate::{credentials, import, observe};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The folder of the access repo.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Only users in this group; may be repeated.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Show what would be written, and write nothing.
    #[arg(long, alias = "list")]
    dry_run: bool,
}

pub(super) async fn people(args: &Args) -> Result<Outcome, Outcome> {
    let source = Source { dir: args.dir.clone(), rev: None };
    let (_, access) = source.access(Timestamp::now())?;
    let reader = observe::jumpserver(&access, &credentials::environment)
        .await
        .map_err(|error| could_not_run(&error))?;
    let owner = &access.config.owner;
    let mut users: BTreeMap<String, SeenUser> = BTreeMap::new();
    let groups: Vec<Option<&str>> = match args.group.as_slice() {
        [] => vec![None],
        groups => groups.iter().map(|group| Some(group.as_str())).collect(),
    };
    for group in groups {
        let found = reader.users(owner, group).await.map_err(|error| could_not_run(&error))?;
        users.extend(found.into_iter().map(|user| (user.username.clone(), user)));
    }
    let found = import::people::find(&access, users.values());
    for left in &found.left {
        for reason in &left.reasons {
            anstream::eprintln!("left out {}: {}", clean(&left.thing.name), clean(&reason.text));
        }
    }
    for file in &found.files {
        let user = file.stands_for.first().and_then(|thing| users.get(&thing.name));
        if let Some(user) = user.filter(|_| args.dry_run) {
            let groups: Vec<&str> = user.groups.iter().map(String::as_str).collect();
            let state = if user.active { "" } else { " (switched off)" };
            let told = format!("{} <{}>{state} {}", user.name, user.username, groups.join(", "));
            let told = told.trim_end();
            anstream::println!("{}: {}", file.path, clean(told));
        } else {
            files::write(&args.dir, file).map_err(|error| could_not_run(&error))?;
            anstream::println!("{}", file.path);
        }
    }
    let verb = if args.dry_run { "would be written" } else { "written" };
    let (written, there, left) = (found.files.len(), found.covered.len(), found.left.len());
    anstream::eprintln!("{written} {verb}, {there} there already, {left} left out");
    Ok(if left > 0 { Outcome::InPart } else { Outcome::Done })
}
