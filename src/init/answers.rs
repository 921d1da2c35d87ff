//! The questions, and what may be answered: what `check` accepts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Ci, settings};
use crate::access;
use crate::names::{Environment, InvalidName, Owner};
use crate::repo::Tree;

/// What the files are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The name of the access repo.
    pub owner: Owner,
    /// Where JumpServer is; from `url`.
    pub url: String,
    /// The organization in JumpServer; from `organization`.
    pub organization: String,
    /// The zone in which days are meant; from [`time_zone`].
    pub time_zone: String,
    /// The environments.
    pub environments: Environments,
    /// Where pull requests are checked.
    pub ci: Ci,
    /// Whether issues and calls of other systems become pull requests there.
    pub requests: bool,
}

/// The environments of an access repo: at least one, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environments(Vec<Environment>);

impl Environments {
    /// As they were named.
    pub fn as_slice(&self) -> &[Environment] {
        &self.0
    }
}

impl FromStr for Environments {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        let mut found: Vec<Environment> = Vec::new();
        for word in words {
            let name = named(word).map_err(|error| format!("`{word}`: {error}"))?;
            if found.contains(&name) {
                return Err(format!("`{word}` is there twice: expected it once"));
            }
            found.push(name);
        }
        if found.is_empty() {
            return Err("expected at least one name, such as prod, test".to_owned());
        }
        Ok(Self(found))
    }
}

impl fmt::Display for Environments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(Environment::as_str).collect();
        f.write_str(&names.join(", "))
    }
}

/// One question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The flag that answers it.
    pub flag: &'static str,
    /// What is asked for, in a line.
    pub text: &'static str,
    /// The answer where nobody gives one; without it there must be one.
    pub default: Option<&'static str>,
}

/// The questions, in the order in which they are asked.
pub mod questions {
    use super::Question;

    /// For [`super::owner`].
    pub const OWNER: Question = Question {
        flag: "--owner",
        text: "A name for this access repo. It marks everything that is made, and stays.",
        default: None,
    };
    /// For [`super::url`].
    pub const URL: Question = Question {
        flag: "--url",
        text: "The address of JumpServer, such as https://jump.acme.example.",
        default: None,
    };
    /// For [`super::organization`].
    pub const ORGANIZATION: Question = Question {
        flag: "--organization",
        text: "The organization in JumpServer, by name or id.",
        default: Some("Default"),
    };
    /// For [`super::time_zone`].
    pub const TIME_ZONE: Question = Question {
        flag: "--time-zone",
        text: "The zone in which days are meant, such as Asia/Shanghai.",
        default: None,
    };
    /// For [`super::Environments`].
    pub const ENVIRONMENTS: Question = Question {
        flag: "--environments",
        text: "The environments that servers and databases belong to.",
        default: Some("prod, test"),
    };
    /// For [`super::Ci`].
    pub const CI: Question = Question {
        flag: "--ci",
        text: "Where pull requests are checked: github, gitlab, gitea or none.",
        default: Some("none"),
    };
}

/// The name of an access repo.
///
/// # Errors
/// What was expected.
pub fn owner(text: &str) -> Result<Owner, String> {
    named(text)
}

/// The address of JumpServer.
///
/// # Errors
/// What is wrong, and what was expected.
pub fn url(text: &str) -> Result<String, String> {
    accepted(text, |text| settings::jumpgate("acme", text, "Default", "UTC"))
}

/// The organization in JumpServer.
///
/// # Errors
/// What is wrong, and what was expected.
pub fn organization(text: &str) -> Result<String, String> {
    accepted(text, |text| settings::jumpgate("acme", "https://jump.acme.example", text, "UTC"))
}

/// The time zone.
///
/// # Errors
/// What is wrong, and what was expected.
pub fn time_zone(text: &str) -> Result<String, String> {
    accepted(text, |text| settings::jumpgate("acme", "https://jump.acme.example", "Default", text))
}

fn named<T: FromStr<Err = InvalidName>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("expected {error}"))
}

/// An answer that `check` accepts in a jumpgate.yaml in which nothing else is wrong.
fn accepted(text: &str, jumpgate: impl Fn(&str) -> String) -> Result<String, String> {
    let mut tree = Tree::default();
    let files =
        [("jumpgate.yaml", jumpgate(text)), ("policy.yaml", "environments: [prod]\n".to_owned())];
    for (path, text) in files {
        tree.files.insert(path.into(), Arc::from(text.into_bytes()));
    }
    tree.files.insert("requests/.gitkeep".into(), Arc::from(Vec::new()));
    match access::load(&tree, Timestamp::UNIX_EPOCH) {
        Ok(_) => Ok(text.to_owned()),
        Err(errors) => Err(errors
            .first()
            .map_or_else(String::new, |error| format!("{}: {}", error.message, error.expected))),
    }
}
