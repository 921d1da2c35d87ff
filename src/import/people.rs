//! Users of JumpServer become people files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::permissions::Context;
use super::person::People;
use super::requests::{asked, foreign};
use super::{Covered, File, Found, Kind, Left, Options, Reason, Thing, Why};
use crate::access::model::{Access, PeopleSource};
use crate::audit::Ours;
use crate::jumpserver::everything::Everything;
use crate::jumpserver::spec::SeenUser;
use crate::names::PersonName;
use crate::yaml;

/// Writes a file for each user who has none. An e-mail address that somebody has already stays
/// out of it where the file can be without.
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
    let mut mails: BTreeMap<String, String> = access
        .people
        .iter()
        .filter_map(|(name, person)| {
            Some((person.email.as_ref()?.to_lowercase(), name.to_string()))
        })
        .collect();
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
        let mut notes = Vec::new();
        let mut email = (mail || is_address(&user.email)).then_some(user.email.as_str());
        if let Some(other) = email.and_then(|email| mails.get(&email.to_lowercase())) {
            let text = format!("person {other} has the e-mail address {} too", user.email);
            if mail {
                left(thing, format!("{text}; write it by hand"));
                continue;
            }
            notes.push(format!("{text}: it is left out"));
            email = None;
        }
        mails.extend(email.map(|email| (email.to_lowercase(), name.to_string())));
        names.insert(name.clone(), user.username.clone());
        found.files.push(File {
            path: format!("people/{name}.yaml"),
            added_to: false,
            text: text(user, &name, email),
            stands_for: vec![thing],
            notes,
        });
    }
    found
}

/// The users whom the permissions that are asked for name; none when all permissions are. Whose
/// they are is not looked at: there are no files yet.
pub fn named(
    access: &Access,
    everything: &Everything,
    options: &Options,
    moment: Timestamp,
) -> Option<BTreeSet<String>> {
    if options.names.is_empty() && options.targets.is_empty() {
        return None;
    }
    let people = People::new(access, options);
    let context = Context::new(access, &people, everything, moment);
    let ours = Ours::new(access, everything);
    let judged = foreign(access, everything, &ours).map(|seen| context.judge(seen));
    let asked = judged.filter(|judged| asked(options, &context, judged));
    Some(asked.flat_map(|judged| judged.spec.users.iter().cloned()).collect())
}

/// The file of a user. Values that YAML could take for something else stand in quotes.
fn text(user: &SeenUser, name: &PersonName, email: Option<&str>) -> String {
    let quoted = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        yaml::quoted(&text)
    };
    let mut text = format!("name: {}\n", quoted(&user.name));
    if let Some(email) = email {
        text.push_str(&format!("email: {}\n", quoted(email)));
    }
    if user.username != name.as_str() {
        text.push_str(&format!("jumpserver: {}\n", quoted(&user.username)));
    }
    text
}

/// Whether a text is an address: JumpServer takes others, and a file with one would not pass
/// the checks.
fn is_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    parts.len() == 2 && parts.iter().all(|part| !part.is_empty())
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
