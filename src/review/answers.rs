//! The answers: read strictly, and held against the access as it is now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::id;
use crate::access::model::Access;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::entries::{Entry, Key};
use crate::names::PersonName;
use crate::yaml::{self, Spanned};

type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    version: Spanned<u32>,
    owner: Text,
    #[serde(rename = "day")]
    _day: Option<Text>,
    #[serde(rename = "commit")]
    _commit: Option<Text>,
    access: Spanned<Vec<LineFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineFile {
    answer: Text,
    by: Text,
    who: Text,
    what: Text,
    #[serde(rename = "since")]
    _since: Option<Text>,
    until: Text,
    #[serde(rename = "used")]
    _used: Option<Text>,
    request: Text,
    #[serde(rename = "approved")]
    _approved: Option<Text>,
    id: Text,
}

/// What the answers say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers<'a> {
    /// What is not kept.
    pub remove: BTreeSet<Key<'a>>,
    /// How many are kept.
    pub kept: usize,
    /// Lines whose access is gone since the list was written, in words.
    pub gone: Vec<String>,
}

/// Reads a list with answers, against the accesses as they are now.
///
/// # Errors
/// All that is wrong: no list, lines without an answer or a known name behind `by`, answers of
/// people for their own access, lines that were edited or whose access changed since.
pub fn read<'a>(
    file: &Arc<str>,
    bytes: &[u8],
    access: &Access,
    entries: &[Entry<'a>],
) -> Result<Answers<'a>, Vec<Diagnostic>> {
    let list: ListFile = yaml::parse(file, bytes).map_err(|error| vec![error])?;
    let owner = &access.config.owner;
    let mut check = Check { file, errors: Vec::new() };
    if list.version.value != 1 {
        check.at(&list.version, Code::InvalidValue, "this is another version", "expected 1", None);
    }
    if list.owner.value != owner.as_str() {
        let message = "this list is of another access repo";
        check.at(&list.owner, Code::InvalidValue, message, &format!("expected {owner}"), None);
    }
    let now: BTreeMap<String, &Entry<'a>> =
        entries.iter().map(|entry| (id(owner, entry), entry)).collect();
    let mut answers = Answers::default();
    let mut seen: BTreeMap<&str, &Text> = BTreeMap::new();
    for line in &list.access.value {
        if seen.insert(&line.id.value, &line.id).is_some() {
            let message = "this line is there twice";
            check.at(&line.id, Code::Twice, message, "expected each line once", None);
            continue;
        }
        let Some(answer) = check.answer(access, line) else { continue };
        match now.get(&line.id.value) {
            Some(entry) if line.is_of(entry) => match answer {
                true => answers.kept += 1,
                false => {
                    answers.remove.insert(entry.key());
                }
            },
            Some(_) => {
                let message = "this line was edited: it names another access than its id";
                let help = "take the line from the list as it was written";
                check.at(
                    &line.id,
                    Code::InvalidValue,
                    message,
                    "expected only answers",
                    Some(help),
                );
            }
            None => match entries.iter().any(|entry| line.is_about(entry)) {
                true => {
                    let message = "this access changed since the list was written";
                    let help = "write a new list for it: its period or tables are other ones now";
                    let expected = "expected the access that was looked at";
                    check.at(&line.what, Code::InvalidValue, message, expected, Some(help));
                }
                false => {
                    let (who, what) = (&line.who.value, &line.what.value);
                    answers.gone.push(format!("{who}, {what} ({})", line.request.value));
                }
            },
        }
    }
    if check.errors.is_empty() { Ok(answers) } else { Err(check.errors) }
}

impl LineFile {
    /// Whether it is about this access, whatever its period and tables.
    fn is_about(&self, entry: &Entry<'_>) -> bool {
        let opens = entry.opens.to_string();
        let what = &self.what.value;
        self.who.value == entry.person.as_str()
            && self.request.value == entry.request.as_str()
            && (*what == opens || what.starts_with(&format!("{opens}: ")))
    }

    /// Whether it says what this access is.
    fn is_of(&self, entry: &Entry<'_>) -> bool {
        let until = entry.period.until.as_ref().map_or("no end", |edge| edge.text.as_str());
        self.is_about(entry) && self.what.value == entry.words() && self.until.value == until
    }
}

struct Check<'f> {
    file: &'f Arc<str>,
    errors: Vec<Diagnostic>,
}

impl Check<'_> {
    fn at<T>(
        &mut self,
        value: &Spanned<T>,
        code: Code,
        message: &str,
        expected: &str,
        help: Option<&str>,
    ) {
        self.errors.push(Diagnostic {
            code,
            site: yaml::site(self.file, value),
            span: yaml::span(value),
            message: message.to_owned(),
            expected: expected.to_owned(),
            help: help.map(str::to_owned),
        });
    }

    /// Whether a line's access is kept; none when it does not say, or not who says so.
    fn answer(&mut self, access: &Access, line: &LineFile) -> Option<bool> {
        let kept = match line.answer.value.as_str() {
            "keep" => Some(true),
            "remove" => Some(false),
            "?" => {
                let message = "this line has no answer yet";
                self.at(&line.answer, Code::NoValue, message, "expected keep or remove", None);
                None
            }
            _ => {
                let message = "this is no answer";
                self.at(&line.answer, Code::InvalidValue, message, "expected keep or remove", None);
                None
            }
        };
        let by: Option<PersonName> = line.by.value.parse().ok();
        let by = by.filter(|person| access.people.contains_key(person));
        let Some(by) = by else {
            let known = access.people.keys().map(PersonName::as_str);
            let near = nearest(&line.by.value, known).map(|near| format!("did you mean {near}?"));
            let message = match line.by.value.as_str() {
                "?" => "nobody stands behind this answer yet",
                _ => "the repo has no such person",
            };
            let expected = "expected a name of people/";
            self.at(&line.by, Code::UnknownName, message, expected, near.as_deref());
            return None;
        };
        if by.as_str() == line.who.value && kept == Some(true) {
            let message = "nobody keeps access for himself";
            self.at(&line.by, Code::InvalidValue, message, "expected somebody else", None);
            return None;
        }
        kept
    }
}
