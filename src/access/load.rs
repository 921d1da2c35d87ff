//! From the files of a repo to [`Access`], with all errors of all files.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::files::{PersonFile, Text};
use super::instant::{self, End};
use super::model::{Access, Config, Party, Person, Site, Team};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::names::{InvalidName, PersonName, TeamName};
use crate::repo::{Fault, Tree};
use crate::yaml;

/// Reads and checks a repo. `now` decides which requests have ended: of these only the
/// form is checked. Gives the repo when there is no error, and else all errors by file
/// and line.
///
/// # Errors
/// Everything that is wrong, never empty.
pub fn load(tree: &Tree, now: Timestamp) -> Result<Access, Vec<Diagnostic>> {
    let mut loader = Loader { tree, errors: Vec::new() };
    let access = loader.all(now);
    let mut errors = loader.errors;
    if let Some(access) = &access
        && errors.is_empty()
    {
        errors = super::checks::all(tree, access, now);
    }
    errors.sort_by(|a, b| (&a.site, a.code).cmp(&(&b.site, b.code)));
    match access {
        Some(access) if errors.is_empty() => Ok(access),
        _ => Err(errors),
    }
}

/// A file, and where errors go while it is read.
pub(super) struct Loader<'t> {
    pub(super) tree: &'t Tree,
    pub(super) errors: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn all(&mut self, now: Timestamp) -> Option<Access> {
        for (path, fault) in &self.tree.faults {
            let (message, expected) = unreadable(*fault);
            self.errors.push(whole(path, Code::File, message, expected));
        }
        let config = self.config();
        let policy = self.policy(config.as_ref());
        let people = self.people(config.as_ref());
        let teams = self.teams(&people);
        let config = config?;
        let policy = policy?;
        let instances = self.instances(&config, &policy, &people, &teams);
        let servers = self.servers(&config, &policy, &people, &teams);
        let requests = BTreeMap::new();
        let mut access = Access { config, policy, people, teams, instances, servers, requests };
        access.requests = self.requests(&access, now);
        Some(access)
    }

    /// The names of a folder's files without their extension; two files for one name, and
    /// files that are not read, are errors.
    pub(super) fn folder(&mut self, folder: &str) -> Vec<(String, Arc<str>)> {
        let mut found: BTreeMap<String, Arc<str>> = BTreeMap::new();
        let prefix = format!("{folder}/");
        let below = self.tree.files.keys().filter(|path| path.starts_with(&prefix));
        for path in below.cloned().collect::<Vec<_>>() {
            let name = &path[prefix.len()..];
            let hidden = name.rsplit('/').next().is_some_and(|last| last.starts_with('.'));
            if hidden || name.ends_with(".md") {
                continue;
            }
            let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))
            else {
                let message = "this file is not read";
                self.errors.push(whole(
                    &path,
                    Code::File,
                    message,
                    "expected a name that ends in .yaml",
                ));
                continue;
            };
            if let Some(other) = found.insert(stem.to_owned(), path.clone()) {
                let message = format!("{other} has the same name");
                self.errors.push(whole(
                    &path,
                    Code::File,
                    &message,
                    "expected one file for a name",
                ));
            }
        }
        found.into_iter().collect()
    }

    /// Reads a file that must be there.
    pub(super) fn required<T: DeserializeOwned>(
        &mut self,
        path: &str,
        help: &str,
    ) -> Option<(Arc<str>, T)> {
        let Some((file, _)) = self.tree.files.get_key_value(path) else {
            let file = Arc::from(path);
            let mut error = whole(
                &file,
                Code::File,
                "the file is missing",
                "expected it in the root of the access repo",
            );
            error.help = Some(help.to_owned());
            self.errors.push(error);
            return None;
        };
        let file = file.clone();
        self.read(&file).map(|value| (file, value))
    }

    /// Reads a file that is there.
    pub(super) fn read<T: DeserializeOwned>(&mut self, file: &Arc<str>) -> Option<T> {
        let bytes = self.tree.files.get(file)?;
        yaml::parse(file, bytes).map_err(|error| self.errors.push(error)).ok()
    }

    /// A file's name as a name of its kind.
    pub(super) fn file_name<T: FromStr<Err = InvalidName>>(
        &mut self,
        file: &Arc<str>,
        stem: &str,
    ) -> Option<T> {
        stem.parse()
            .map_err(|error: InvalidName| {
                let expected = format!("expected a file name of {}", error.expected);
                self.errors.push(whole(
                    file,
                    Code::InvalidName,
                    "this file name cannot be a name",
                    &expected,
                ));
            })
            .ok()
    }

    /// A text as a name of its kind.
    pub(super) fn name<T: FromStr<Err = InvalidName>>(
        &mut self,
        file: &Arc<str>,
        text: &Text,
    ) -> Option<T> {
        text.value
            .parse()
            .map_err(|error: InvalidName| {
                let expected = format!("expected {}", error.expected);
                self.at(
                    file,
                    text,
                    Code::InvalidName,
                    "this cannot be a name".to_owned(),
                    expected,
                );
            })
            .ok()
    }

    /// A name that must be one of those that are known.
    pub(super) fn known<'k, T>(
        &mut self,
        file: &Arc<str>,
        text: &Text,
        what: &str,
        known: impl IntoIterator<Item = &'k T>,
    ) -> Option<T>
    where
        T: FromStr<Err = InvalidName> + Ord + Clone + AsRef<str> + 'k,
    {
        let known: Vec<&T> = known.into_iter().collect();
        let found = known.iter().find(|name| AsRef::<str>::as_ref(*name) == text.value);
        if let Some(found) = found {
            return Some((*found).clone());
        }
        let near = nearest(&text.value, known.iter().map(|name| AsRef::<str>::as_ref(*name)));
        let help = near.map(|near| match near.to_lowercase() == text.value.to_lowercase() {
            true => format!("there is `{near}`, which differs only by case"),
            false => format!("did you mean `{near}`?"),
        });
        let mut error = self.made(
            file,
            text,
            Code::UnknownName,
            format!("there is no {what} of this name"),
            format!("expected a {what} of this repo"),
        );
        error.help = help;
        self.errors.push(error);
        None
    }

    /// One end of a period.
    pub(super) fn edge(
        &mut self,
        file: &Arc<str>,
        text: &Text,
        end: End,
        zone: &jiff::tz::TimeZone,
    ) -> Option<crate::period::Edge> {
        instant::parse(&text.value, end, zone)
            .map_err(|error| {
                self.at(
                    file,
                    text,
                    Code::InvalidPeriod,
                    "this is no end of a period".to_owned(),
                    error.to_string(),
                );
            })
            .ok()
    }

    /// A person or a team.
    pub(super) fn party(
        &mut self,
        file: &Arc<str>,
        text: &Text,
        people: &BTreeMap<PersonName, Person>,
        teams: &BTreeMap<TeamName, Team>,
    ) -> Option<Party> {
        match text.value.strip_prefix("team/") {
            Some(_) => {
                let name = Text { value: text.value["team/".len()..].to_owned(), ..text.clone() };
                self.known(file, &name, "team", teams.keys()).map(Party::Team)
            }
            None => self.known(file, text, "person", people.keys()).map(Party::Person),
        }
    }

    pub(super) fn at<T>(
        &mut self,
        file: &Arc<str>,
        value: &yaml::Spanned<T>,
        code: Code,
        message: String,
        expected: String,
    ) {
        let error = self.made(file, value, code, message, expected);
        self.errors.push(error);
    }

    fn made<T>(
        &self,
        file: &Arc<str>,
        value: &yaml::Spanned<T>,
        code: Code,
        message: String,
        expected: String,
    ) -> Diagnostic {
        let (site, span) = (yaml::site(file, value), yaml::span(value));
        Diagnostic { code, site, span, message, expected, help: None }
    }

    /// Says of every entry but the first that it is there twice.
    pub(super) fn distinct(&mut self, file: &Arc<str>, texts: &[Text]) {
        let mut seen = std::collections::BTreeSet::new();
        for text in
            texts.iter().filter(|text| !seen.insert(text.value.as_str())).collect::<Vec<_>>()
        {
            self.at(
                file,
                text,
                Code::Twice,
                "this entry is there twice".to_owned(),
                "expected it once".to_owned(),
            );
        }
    }

    fn people(&mut self, config: Option<&Config>) -> BTreeMap<PersonName, Person> {
        let utc = jiff::tz::TimeZone::UTC;
        let zone = config.map_or(&utc, |config| &config.zone);
        let mut people = BTreeMap::new();
        for (stem, file) in self.folder("people") {
            let Some(name) = self.file_name::<PersonName>(&file, &stem) else { continue };
            let Some(read) = self.read::<PersonFile>(&file) else { continue };
            let jumpserver_id = read.jumpserver_id.as_ref().and_then(|text| {
                text.value
                    .parse()
                    .map_err(|_| {
                        let expected =
                            "expected the user's id, such as 4c64c864-e2e5-4403-a1cf-5f868df27fb6";
                        self.at(
                            &file,
                            text,
                            Code::InvalidValue,
                            "this is no id".to_owned(),
                            expected.to_owned(),
                        );
                    })
                    .ok()
            });
            let left = read.left.as_ref().and_then(|text| self.edge(&file, text, End::Until, zone));
            if read.email.is_none()
                && config.is_some_and(|config| config.source == super::model::PeopleSource::Repo)
            {
                self.errors.push(whole(
                    &file,
                    Code::MissingKey,
                    "the key `email` is missing",
                    "expected it, since people.source is repo",
                ));
            }
            let person = Person {
                site: start(&file),
                display: read.name,
                email: read.email,
                jumpserver: read.jumpserver.unwrap_or_else(|| name.to_string()),
                jumpserver_id,
                forge: read.forge,
                left,
            };
            people.insert(name, person);
        }
        people
    }

    fn teams(&mut self, people: &BTreeMap<PersonName, Person>) -> BTreeMap<TeamName, Team> {
        let mut teams = BTreeMap::new();
        for (stem, file) in self.folder("teams") {
            let Some(name) = self.file_name::<TeamName>(&file, &stem) else { continue };
            let Some(read) = self.read::<super::files::TeamFile>(&file) else { continue };
            self.distinct(&file, &read.members);
            let members = read
                .members
                .iter()
                .filter_map(|text| self.known(&file, text, "person", people.keys()))
                .collect();
            teams.insert(name, Team { site: start(&file), members });
        }
        teams
    }
}

/// Why a path cannot be read, and what belongs there.
fn unreadable(fault: Fault) -> (&'static str, &'static str) {
    let file = "expected the file itself, or a relative link to a file of this repo";
    match fault {
        Fault::Outside => ("this symbolic link leads out of the access repo", file),
        Fault::Nowhere => ("this symbolic link leads nowhere", file),
        Fault::Circle => ("this symbolic link leads in a circle", file),
        Fault::Submodule => (
            "this is a submodule: its files are not part of the repo",
            "expected the files themselves",
        ),
        Fault::Special => ("this is neither a file nor a folder", "expected a file"),
        Fault::Name => ("this file name is not UTF-8", "expected a name in UTF-8"),
    }
}

/// The first place of a file.
pub(super) fn start(file: &Arc<str>) -> Site {
    Site { file: file.clone(), line: 1, column: 1 }
}

/// An error about a file as a whole.
pub(super) fn whole(file: &Arc<str>, code: Code, message: &str, expected: &str) -> Diagnostic {
    let span: Range<usize> = 0..0;
    let (message, expected) = (message.to_owned(), expected.to_owned());
    Diagnostic { code, site: start(file), span, message, expected, help: None }
}
