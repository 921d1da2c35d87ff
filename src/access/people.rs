//! `people/` and `teams/`.

use std::collections::{BTreeMap, btree_map::Entry};
use std::sync::Arc;

use super::files::{PersonFile, TeamFile, Text};
use super::instant::End;
use super::limits::NAME;
use super::load::{Loader, start, whole};
use super::model::{Config, PeopleSource, Person, Team};
use crate::diagnostic::Code;
use crate::names::{PersonName, TeamName};

/// Who has a name already, by what it is a name for, and the name in lower case.
type Taken = BTreeMap<(&'static str, String), PersonName>;

impl Loader<'_> {
    pub(super) fn people(&mut self, config: &Config) -> BTreeMap<PersonName, Person> {
        let mut people = BTreeMap::new();
        let mut taken = Taken::new();
        for (stem, file) in self.folder("people") {
            let Some(name) = self.file_name::<PersonName>(&file, &stem) else { continue };
            let Some(read) = self.read_of::<PersonFile>("person", &stem, &file) else { continue };
            self.name_text(&file, &read.name);
            for text in [&read.jumpserver, &read.forge].into_iter().flatten() {
                self.name_text(&file, text);
            }
            if let Some(text) = &read.email {
                self.email(&file, text);
            }
            let user = match &read.jumpserver {
                Some(text) => text.value.clone(),
                None => name.to_string(),
            };
            let texts = [
                ("user name in JumpServer", read.jumpserver.as_ref(), Some(&user)),
                ("e-mail address", read.email.as_ref(), read.email.as_ref().map(|e| &e.value)),
                (
                    "user name at the forge",
                    read.forge.as_ref(),
                    read.forge.as_ref().map(|f| &f.value),
                ),
            ];
            for (what, text, value) in texts {
                if let Some(value) = value {
                    self.taken(&file, &name, what, (text, value), &mut taken);
                }
            }
            let jumpserver_id = read.jumpserver_id.as_ref().and_then(|text| {
                // Other forms that stand for the same id are not read: schemas know this one.
                let id = uuid::Uuid::try_parse(&text.value).ok();
                let id = id.filter(|id| id.to_string().eq_ignore_ascii_case(&text.value));
                if id.is_none() {
                    let expected =
                        "expected the user's id, such as 4c64c864-e2e5-4403-a1cf-5f868df27fb6";
                    let message = "this is no id".to_owned();
                    self.at(&file, text, Code::InvalidValue, message, expected.to_owned());
                }
                id
            });
            let zone = &config.zone;
            let left = read.left.as_ref().and_then(|text| self.edge(&file, text, End::Until, zone));
            if read.email.is_none() && config.source == PeopleSource::Repo {
                let expected = "expected it, since people.source is repo";
                self.errors.push(whole(
                    &file,
                    Code::MissingKey,
                    "the key `email` is missing",
                    expected,
                ));
            }
            let value = |text: Option<Text>| text.map(|text| text.value);
            let person = Person {
                site: start(&file),
                display: read.name.value,
                email: value(read.email),
                jumpserver: user,
                jumpserver_id,
                forge: value(read.forge),
                left,
            };
            people.insert(name, person);
        }
        people
    }

    fn email(&mut self, file: &Arc<str>, text: &Text) {
        let good = text.value.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty()
                && !host.is_empty()
                && !host.contains('@')
                && !text.value.contains(|c: char| c.is_whitespace() || c.is_control())
        });
        self.short(file, text, NAME);
        if !good {
            let (message, expected) = ("this is no e-mail address", "expected name@host");
            self.at(file, text, Code::InvalidValue, message.to_owned(), expected.to_owned());
        }
    }

    /// Says when a name is that of another person already.
    fn taken(
        &mut self,
        file: &Arc<str>,
        name: &PersonName,
        what: &'static str,
        (text, value): (Option<&Text>, &str),
        taken: &mut Taken,
    ) {
        let other = match taken.entry((what, value.to_lowercase())) {
            Entry::Vacant(entry) => {
                entry.insert(name.clone());
                return;
            }
            Entry::Occupied(entry) => entry.get().clone(),
        };
        let message = format!("person {other} has this {what} too");
        let expected = "expected one file for a person, and names that differ, also without case";
        match text {
            Some(text) => self.at(file, text, Code::Twice, message, expected.to_owned()),
            None => self.errors.push(whole(file, Code::Twice, &message, expected)),
        }
    }

    pub(super) fn teams(
        &mut self,
        people: &BTreeMap<PersonName, Person>,
    ) -> BTreeMap<TeamName, Team> {
        let mut teams = BTreeMap::new();
        for (stem, file) in self.folder("teams") {
            let Some(name) = self.file_name::<TeamName>(&file, &stem) else { continue };
            let Some(read) = self.read_of::<TeamFile>("team", &stem, &file) else { continue };
            self.not_empty(&file, &read.members);
            self.distinct(&file, &read.members.value);
            let mut members = std::collections::BTreeSet::new();
            for text in &read.members.value {
                if text.value.starts_with("team/") {
                    let expected = "expected a person: there are no teams in teams";
                    let message = "a team cannot be a member".to_owned();
                    self.at(&file, text, Code::InvalidValue, message, expected.to_owned());
                    continue;
                }
                members.extend(self.person(&file, text, people, &BTreeMap::new()));
            }
            teams.insert(name, Team { site: start(&file), members });
        }
        teams
    }
}
