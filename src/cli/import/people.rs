//! `jumpgate import people`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::files;
use crate::access::model::Access;
use crate::cli::{Outcome, block_on_any, could_not_run, source};
use crate::jumpserver::spec::SeenUser;
use crate::visible::clean;
use crate::{credentials, import, observe};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Only users in this group; may be repeated.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    #[command(flatten)]
    place: files::Place,
}

pub(super) fn people(args: &Args) -> Result<Outcome, Outcome> {
    let place = args.place.as_of_others();
    let repo = files::Repo::of(&place, true)?;
    let users = block_on_any(users(args, repo.access()))??;
    let found = import::people::find(repo.access(), users.values());
    let settled = import::settle(repo.tree(), repo.access(), found, Timestamp::now());
    let (found, ..) = settled.map_err(|errors| {
        source::print(repo.tree(), &errors);
        Outcome::Invalid
    })?;
    repo.write(&found.files, "people")?;
    for left in &found.left {
        for reason in &left.reasons {
            anstream::eprintln!("left out {}: {}", clean(&left.thing.name), clean(&reason.text));
        }
    }
    for file in &found.files {
        let user = file.stands_for.first().and_then(|thing| users.get(&thing.name));
        if let Some(user) = user.filter(|_| place.dry_run) {
            let groups: Vec<&str> = user.groups.iter().map(String::as_str).collect();
            let state = if user.active { "" } else { " (switched off)" };
            let told = format!("{} <{}>{state} {}", user.name, user.username, groups.join(", "));
            let told = told.trim_end();
            anstream::println!("{}: {}", file.path, clean(told));
        } else {
            anstream::println!("{}", file.path);
        }
        for note in &file.notes {
            anstream::eprintln!("{}: {}", file.path, clean(note));
        }
    }
    let verb = if place.dry_run { "would be written" } else { "written" };
    let (written, there, left) = (found.files.len(), found.covered.len(), found.left.len());
    anstream::eprintln!("{written} {verb}, {there} there already, {left} left out");
    Ok(Outcome::Done)
}

/// The users of JumpServer, or those of the groups that are asked for.
async fn users(args: &Args, access: &Access) -> Result<BTreeMap<String, SeenUser>, Outcome> {
    let reader = observe::jumpserver(access, &credentials::environment)
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
    Ok(users)
}
