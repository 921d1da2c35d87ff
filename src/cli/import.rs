//! `jumpgate import`: files for an access repo from what JumpServer has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::Timestamp;

use super::source::Source;
use super::{Outcome, block_on, could_not_run};
use crate::access::model::PeopleSource;
use crate::jumpserver::spec::SeenUser;
use crate::names::PersonName;
use crate::{credentials, observe, yaml};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write people files for JumpServer's users; files that are there stay as they are.
    People(People),
}

#[derive(Debug, clap::Args)]
pub(super) struct People {
    /// The folder of the access repo.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Only users in this group; may be repeated.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    list: bool,
}

pub(super) fn run(command: &Command) -> Outcome {
    let Command::People(args) = command;
    block_on(async {
        match people(args).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    })
}

async fn people(args: &People) -> Result<Outcome, Outcome> {
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
    let known: BTreeMap<String, &PersonName> = access
        .people
        .iter()
        .map(|(name, person)| (person.jumpserver.to_lowercase(), name))
        .collect();
    let mut names: BTreeMap<PersonName, String> = access
        .people
        .keys()
        .map(|name| (name.clone(), "a file that is there".to_owned()))
        .collect();
    let (mut written, mut there, mut left) = (0, 0, 0);
    for user in users.values() {
        if known.contains_key(&user.username.to_lowercase()) {
            there += 1;
            continue;
        }
        let Some(name) = person_name(&user.username) else {
            anstream::eprintln!("left out {}: no file name can be made of it", user.username);
            left += 1;
            continue;
        };
        if let Some(other) = names.get(&name) {
            anstream::eprintln!(
                "left out {}: people/{name}.yaml would also be {other}; write it by hand",
                user.username
            );
            left += 1;
            continue;
        }
        names.insert(name.clone(), user.username.clone());
        let mail = access.config.source == PeopleSource::Repo;
        let text = file(user, &name, mail);
        if args.list {
            let groups: Vec<&str> = user.groups.iter().map(String::as_str).collect();
            let state = if user.active { "" } else { " (switched off)" };
            anstream::println!(
                "people/{name}.yaml: {} <{}>{state} {}",
                user.name,
                user.username,
                groups.join(", ")
            );
        } else if let Err(error) = write(&args.dir, &name, &text) {
            return Err(could_not_run(&error));
        } else {
            anstream::println!("people/{name}.yaml");
        }
        written += 1;
    }
    let verb = if args.list { "would be written" } else { "written" };
    anstream::eprintln!("{written} {verb}, {there} there already, {left} left out");
    Ok(if left > 0 { Outcome::InPart } else { Outcome::Done })
}

/// The file of a user. Values that YAML could take for something else stand in quotes.
fn file(user: &SeenUser, name: &PersonName, mail: bool) -> String {
    let quoted = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        yaml::quoted(&text)
    };
    let mut text = format!("name: {}\n", quoted(&user.name));
    // JumpServer takes addresses that are none; a file with one would not pass the checks.
    let parts: Vec<&str> = user.email.split('@').collect();
    let address = parts.len() == 2 && parts.iter().all(|part| !part.is_empty());
    if mail || address {
        text.push_str(&format!("email: {}\n", quoted(&user.email)));
    }
    if user.username != name.as_str() {
        text.push_str(&format!("jumpserver: {}\n", quoted(&user.username)));
    }
    text
}

/// The file name for a user name: its part before `@`, in lower case.
fn person_name(username: &str) -> Option<PersonName> {
    let local = username.split('@').next().unwrap_or_default().to_lowercase();
    local.parse().ok()
}

/// Writes a file that is not there yet.
fn write(dir: &Path, name: &PersonName, text: &str) -> Result<(), String> {
    use std::io::Write as _;
    let folder = dir.join("people");
    let path = folder.join(format!("{name}.yaml"));
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(&folder).map_err(told)?;
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(told)?;
    file.write_all(text.as_bytes()).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_the_local_part_in_lower_case() {
        let name = |text: &str| person_name(text).map(|name| name.to_string());
        assert_eq!(name("FanLichun@acme.example").as_deref(), Some("fanlichun"));
        assert_eq!(name("li.wei-2").as_deref(), Some("li.wei-2"));
        assert_eq!(name("范立春"), None);
        assert_eq!(name(""), None);
    }
}
