//! Users of JumpServer become people files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Covered, File, Found, Kind, Left, Options, Reason, Thing, Why};
use crate::access::model::{Access, PeopleSource};
use crate::jumpserver::everything::Everything;
use crate::jumpserver::spec::SeenUser;
use crate::names::PersonName;
use crate::yaml;

/// Writes a file for each user who has none.
pub fn find<'u>(access: &Access, users: impl IntoIterator<Item = &'u SeenUser>) -> Found {
    let known: BTreeMap<String, &str> = access
        .people
        .values()
        .map(|person| (person.jumpserver.to_lowercase(), &*person.site.file))
        .collect();
    let mut names: BTreeMap<PersonName, String> = access
        .people
        .keys()
        .map(|name| (name.clone(), "a file that is there".to_owned()))
        .collect();
    let mail = access.config.source == PeopleSource::Repo;
    let mut found = Found::default();
    for user in users {
        let thing = Thing::jumpserver(Kind::User, &user.username);
        if let Some(file) = known.get(&user.username.to_lowercase()) {
            found.covered.push(Covered { thing, file: (*file).to_owned() });
            continue;
        }
        let mut left = |thing, text: String| {
            let reasons = vec![Reason::new(Why::File, text)];
            found.left.push(Left { thing, reasons });
        };
        let Some(name) = person_name(&user.username) else {
            left(thing, "no file name can be made of it".to_owned());
            continue;
        };
        if let Some(other) = names.get(&name) {
            left(thing, format!("people/{name}.yaml would also be {other}; write it by hand"));
            continue;
        }
        names.insert(name.clone(), user.username.clone());
        found.files.push(File {
            path: format!("people/{name}.yaml"),
            added_to: false,
            text: text(user, &name, mail),
            stands_for: vec![thing],
            notes: Vec::new(),
        });
    }
    found
}

/// The users whom the permissions that are asked for name; none when all permissions are.
pub fn named<'e>(everything: &'e Everything, options: &Options) -> Option<BTreeSet<&'e str>> {
    if options.names.is_empty() && options.targets.is_empty() {
        return None;
    }
    let asked = everything.permissions.iter().map(|seen| &seen.spec).filter(|spec| {
        let places = spec.assets.iter().chain(&spec.nodes).map(String::as_str);
        options.named(&spec.name) && options.on(places)
    });
    Some(asked.flat_map(|spec| spec.users.iter().map(String::as_str)).collect())
}

/// The file of a user. Values that YAML could take for something else stand in quotes.
fn text(user: &SeenUser, name: &PersonName, mail: bool) -> String {
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
