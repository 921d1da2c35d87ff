//! From the files of a repo to [`Access`], with all errors of all files.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::faults::{KINDS, stem, thing, unreadable};
use super::files::Text;
use super::instant::{self, End};
use super::limits::{Errors, FEW, Known};
use super::model::{Access, Party, Person, Site, Team};
use super::settings;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::names::{InvalidName, PersonName, TeamName};
use crate::repo::Tree;
use crate::yaml;

/// Reads and checks a repo. `now` decides which requests have ended: of these only the
/// form is checked. Gives the repo when there is no error, and else all errors by file
/// and line.
///
/// # Errors
/// Everything that is wrong, never empty.
pub fn load(tree: &Tree, now: Timestamp) -> Result<Access, Vec<Diagnostic>> {
    let mut loader = Loader {
        tree,
        errors: Errors::default(),
        notices: Vec::new(),
        unsure: BTreeSet::new(),
        broken: BTreeSet::new(),
    };
    let access = loader.all(now);
    loader.errors.extend(super::checks::requests_folder(tree));
    let errors = loader.errors.sorted();
    let by_place = |a: &Diagnostic, b: &Diagnostic| (&a.site, a.code).cmp(&(&b.site, b.code));
    match access {
        Some(mut access) if errors.is_empty() => {
            access.notices = loader.notices;
            access.notices.extend(super::approvers::nameless(&access, now));
            access.notices.sort_by(by_place);
            Ok(access)
        }
        _ => Err(errors),
    }
}

/// A file, and where errors go while it is read.
pub(super) struct Loader<'t> {
    pub(super) tree: &'t Tree,
    pub(super) errors: Errors,
    pub(super) notices: Vec<Diagnostic>,
    /// Kinds of things that are not known at all, since their file or folder is wrong: any
    /// name of that kind may be right.
    pub(super) unsure: BTreeSet<&'static str>,
    /// Things whose own file is wrong, by kind and name: they are there.
    pub(super) broken: BTreeSet<(&'static str, String)>,
}

impl Loader<'_> {
    /// Everything, as far as it can be read: what is wrong in one file hides nothing that
    /// is wrong in another.
    fn all(&mut self, now: Timestamp) -> Option<Access> {
        for (path, fault) in &self.tree.faults {
            let (message, expected) = unreadable(*fault);
            self.errors.push(whole(path, Code::File, message, expected));
            self.broken.extend(thing(path));
        }
        let config = match self.config() {
            Some(config) => config,
            None => {
                self.unsure.extend(["login", "level"]);
                settings::stand_in()?
            }
        };
        let (mut policy, named) = match self.policy(&config) {
            Some((policy, named)) => (policy, Some(named)),
            None => {
                self.unsure.insert("environment");
                (settings::no_policy(), None)
            }
        };
        let people = self.people(&config);
        let teams = self.teams(&people);
        if let Some(settings::Named { file, owners, emergency }) = &named {
            policy.owners = self.owners(file, owners.as_ref(), &people, &teams);
            if let Some(part) = emergency {
                policy.emergency = self.emergency_rule(file, part, &people, &teams);
                if policy.emergency.is_none() {
                    self.unsure.insert("emergency");
                }
            }
        }
        let instances = self.instances(&config, &policy, &people, &teams);
        let servers = self.servers(&config, &policy, &people, &teams);
        let notify = self.notify(&people, &teams);
        let (requests, notices) = (BTreeMap::new(), Vec::new());
        let mut access =
            Access { config, policy, people, teams, instances, servers, requests, notify, notices };
        access.requests = self.requests(&access, now);
        let errors = super::checks::all(self.tree, &access, now);
        self.errors.extend(errors);
        Some(access)
    }

    /// The names of a folder's files without their extension; two files for one name, and
    /// files that are not read, are errors.
    pub(super) fn folder(&mut self, folder: &str) -> Vec<(String, Arc<str>)> {
        let mut found: BTreeMap<String, (String, Arc<str>)> = BTreeMap::new();
        let prefix = format!("{folder}/");
        let tree = self.tree;
        for path in tree.files.keys().filter(|path| path.starts_with(&prefix)) {
            let name = &path[prefix.len()..];
            let hidden = name.rsplit('/').next().is_some_and(|last| last.starts_with('.'));
            if hidden || name.ends_with(".md") {
                continue;
            }
            let Some(stem) = stem(name) else {
                // Certificates may lie beside the files that name them.
                if folder.starts_with("inventory/") {
                    continue;
                }
                let expected = "expected a name that ends in .yaml";
                self.errors.push(whole(path, Code::File, "this file is not read", expected));
                continue;
            };
            let entry = (stem.to_owned(), path.clone());
            if let Some((other, file)) = found.insert(stem.to_lowercase(), entry) {
                let message = match other == stem {
                    true => format!("{file} has the same name"),
                    false => format!("the name of {file} differs only by case"),
                };
                let expected = "expected one file for a name";
                self.errors.push(whole(path, Code::File, &message, expected));
            }
        }
        let mut found: Vec<_> = found.into_values().collect();
        found.sort();
        found
    }

    /// A file with a fixed name, `stem` without its extension.
    pub(super) fn single(&mut self, stem: &str) -> Option<Arc<str>> {
        let tree = self.tree;
        let find = |extension: &str| tree.files.get_key_value(&*format!("{stem}.{extension}"));
        let (yaml, yml) = (find("yaml"), find("yml"));
        if let (Some((first, _)), Some((second, _))) = (yaml, yml) {
            let message = format!("{first} has the same name");
            self.errors.push(whole(second, Code::File, &message, "expected one file for a name"));
        }
        yaml.or(yml).map(|(path, _)| path.clone())
    }

    /// Reads a file that must be there.
    pub(super) fn required<T: DeserializeOwned>(
        &mut self,
        stem: &str,
        help: &str,
    ) -> Option<(Arc<str>, T)> {
        let Some(file) = self.single(stem) else {
            if self.cannot_be_read(stem) {
                return None;
            }
            let file = Arc::from(format!("{stem}.yaml"));
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
    pub(super) fn known<T>(
        &mut self,
        file: &Arc<str>,
        text: &Text,
        what: &'static str,
        known: &(impl Known<T> + ?Sized),
    ) -> Option<T>
    where
        T: FromStr<Err = InvalidName> + AsRef<str>,
    {
        self.known_or(file, text, what, known, || None)
    }

    /// A name that must be one of those that are known; `meant` says what to write instead.
    fn known_or<T>(
        &mut self,
        file: &Arc<str>,
        text: &Text,
        what: &'static str,
        known: &(impl Known<T> + ?Sized),
        meant: impl FnOnce() -> Option<String>,
    ) -> Option<T>
    where
        T: FromStr<Err = InvalidName> + AsRef<str>,
    {
        if let Some(found) = known.find(&text.value) {
            return Some(found);
        }
        if known.none() {
            self.missing(what);
        }
        let broken = self.broken.contains(&(what, text.value.clone()));
        if broken || self.unsure.contains(what) {
            return text.value.parse().ok();
        }
        if self.errors.are_full() {
            self.errors.skip();
            return None;
        }
        let names: Vec<&str> = known.all().into_iter().map(AsRef::as_ref).collect();
        // Of what a repo has few of, all are named.
        let few = matches!(what, "login" | "level" | "environment") && names.len() <= FEW;
        let few = few.then(|| names.join(", "));
        let nearest = || {
            let near = nearest(&text.value, names)?;
            Some(match near.to_lowercase() == text.value.to_lowercase() {
                true => format!("there is `{near}`, which differs only by case"),
                false => format!("did you mean `{near}`?"),
            })
        };
        let help = self.errors.want_hints().then(|| meant().or_else(nearest)).flatten();
        let mut error = self.made(
            file,
            text,
            Code::UnknownName,
            format!("there is no {what} of this name"),
            match few {
                Some(few) => format!("expected one of {few}"),
                None => format!("expected {} of this repo", with_article(what)),
            },
        );
        error.help = help.or(error.help);
        self.errors.push(error);
        None
    }

    /// Says once that a folder is missing, when nothing of a kind is there because of that.
    fn missing(&mut self, what: &str) {
        let Some((folder, kind)) = KINDS.into_iter().find(|(_, kind)| *kind == what) else {
            return;
        };
        let there = self.tree.files.keys().any(|path| path.starts_with(folder))
            || self.tree.faults.iter().any(|(path, _)| path.starts_with(folder));
        if there || !self.unsure.insert(kind) {
            return;
        }
        let message = format!("the folder {folder} is missing or empty");
        let expected = format!("expected it to be there, since a {kind} is named elsewhere");
        self.errors.push(whole(&Arc::from(folder), Code::File, &message, &expected));
    }

    /// Reads a file of a folder. When it is wrong, what it is about is there all the same.
    pub(super) fn read_of<T: DeserializeOwned>(
        &mut self,
        kind: &'static str,
        name: &str,
        file: &Arc<str>,
    ) -> Option<T> {
        let read = self.read(file);
        if read.is_none() {
            self.broken.insert((kind, name.to_owned()));
        }
        read
    }

    /// Says when a text holds nothing but blanks.
    pub(super) fn filled(&mut self, file: &Arc<str>, text: &Text) {
        if text.value.trim().is_empty() {
            let (message, expected) = ("there is no text here", "expected a text");
            self.at(file, text, Code::Empty, message.to_owned(), expected.to_owned());
        }
    }

    /// Something that is valid, and a person should know.
    pub(super) fn notice<T>(
        &mut self,
        file: &Arc<str>,
        value: &yaml::Spanned<T>,
        code: Code,
        message: String,
        expected: &str,
    ) {
        let notice = self.made(file, value, code, message, expected.to_owned());
        self.notices.push(notice);
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
                    format!("this is no {}", end.what()),
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
        if text.value.starts_with("forge/") {
            let message = "a group of the forge can only be an owner".to_owned();
            let expected = "expected a person or a team: who is in it would change without git";
            self.at(file, text, Code::InvalidValue, message, expected.to_owned());
            return None;
        }
        match text.value.strip_prefix("team/") {
            Some(_) => {
                let name = Text { value: text.value["team/".len()..].to_owned(), ..text.clone() };
                self.known(file, &name, "team", teams).map(Party::Team)
            }
            None => self.person(file, text, people, teams).map(Party::Person),
        }
    }

    /// A person. When there is none of this name: a team is written otherwise, and the name for
    /// people is not the one that counts.
    pub(super) fn person(
        &mut self,
        file: &Arc<str>,
        text: &Text,
        people: &BTreeMap<PersonName, Person>,
        teams: &BTreeMap<TeamName, Team>,
    ) -> Option<PersonName> {
        let meant = || {
            if teams.find(&text.value).is_some() {
                return Some(format!("a team is written `team/{}`", text.value));
            }
            let named = people.iter().filter(|(_, person)| person.display == text.value);
            let named: Vec<String> = named.map(|(name, _)| format!("`{name}`")).take(FEW).collect();
            (!named.is_empty()).then(|| {
                format!("a person is named by the name of the file: {}", named.join(" or "))
            })
        };
        self.known_or(file, text, "person", people, meant)
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

    pub(super) fn made<T>(
        &self,
        file: &Arc<str>,
        value: &yaml::Spanned<T>,
        code: Code,
        message: String,
        expected: String,
    ) -> Diagnostic {
        let (site, span) = (yaml::site(file, value), yaml::span(value));
        let read = matches!(
            code,
            Code::UnknownName
                | Code::InvalidName
                | Code::InvalidScope
                | Code::InvalidPeriod
                | Code::InvalidValue
        );
        let text =
            self.tree.files.get(file).filter(|_| read).and_then(|bytes| bytes.get(span.clone()));
        let help = text.and_then(|text| yaml::full_width(std::str::from_utf8(text).ok()?));
        Diagnostic { code, site, span, message, expected, help }
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
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
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
