//! Files for an access repo from what JumpServer and the databases have.
//!
//! Pure: it takes a checked repo, what was read, and a moment, and gives the texts of new
//! files. A request that is written names what it adopts, and asks for exactly that: what the
//! format cannot say is listed with the reason, and left alone. Nothing here changes a server.
//!
//! One file for each kind of thing: `permissions` and `accounts` judge one of them each,
//! `requests` brings both together, `inventory` writes what requests may name.

mod accounts;
pub mod inventory;
mod pattern;
pub mod people;
mod permissions;
mod person;
mod reason;
pub mod requests;
mod settle;
#[cfg(test)]
pub(crate) mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

pub use pattern::{InvalidPattern, Pattern};
pub use reason::{Reason, Why};
pub use settle::settle;

use crate::asset_pattern::AssetPattern;
use crate::audit;
use crate::names::{Owner, PersonName};
use crate::request::PullRequest;

/// The version of the JSON form.
pub const SCHEMA: &str = "jumpgate.import/1";

/// What was read: the same reading as the audit's, and what it does not look at.
#[derive(Debug, Clone)]
pub struct Seen {
    /// JumpServer and the instances.
    pub observed: audit::Observed,
    /// The accounts on databases for which JumpServer holds no secret.
    pub without_secret: BTreeSet<Uuid>,
}

/// What is to be imported; empty parts mean everything.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only what is these people's.
    pub people: BTreeSet<PersonName>,
    /// Only what is on these instances, assets or nodes, by name or path.
    pub targets: BTreeSet<String>,
    /// Only permissions, accounts and assets with a name that one of these matches.
    pub names: Vec<AssetPattern>,
    /// Whose something is, by its name: the user's own, before those that are known.
    pub patterns: Vec<Pattern>,
}

impl Options {
    /// Whether a name is asked for.
    fn named(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|pattern| pattern.is_match(name))
    }

    /// Whether one of some targets is asked for.
    fn on<'t>(&self, targets: impl IntoIterator<Item = &'t str>) -> bool {
        self.targets.is_empty() || targets.into_iter().any(|target| self.targets.contains(target))
    }

    /// Whether a person is asked for.
    fn of(&self, person: Option<&PersonName>) -> bool {
        self.people.is_empty() || person.is_some_and(|person| self.people.contains(person))
    }
}

/// What an import found: plain data, for every form of output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Import {
    /// The version of this form.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The owner of the access repo.
    pub owner: Owner,
    /// When the servers were read.
    #[schemars(with = "String")]
    pub moment: Timestamp,
    /// The organization of JumpServer, by name.
    pub organization: String,
    /// Whether the files were written (not with `--dry-run`).
    pub written: bool,
    /// The branch that the files went to, with `--branch`, `--push` or `--pull-request`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Its pull request, with `--pull-request`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequest>,
    /// Instances that could not be read, with the reason: nothing of them was imported.
    pub unreadable: BTreeMap<String, String>,
    /// The files, by path.
    pub files: Vec<File>,
    /// What the access repo has already.
    pub covered: Vec<Covered>,
    /// What was left alone.
    pub left: Vec<Left>,
}

impl Import {
    /// Whether something that was to be read could not be.
    pub fn is_partial(&self) -> bool {
        !self.unreadable.is_empty()
    }

    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }
}

/// What one stage found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// New files, and the one file that is added to.
    pub files: Vec<File>,
    /// What the access repo has already.
    pub covered: Vec<Covered>,
    /// What was left alone.
    pub left: Vec<Left>,
}

impl Found {
    /// Adds what another stage found.
    pub fn add(&mut self, other: Self) {
        self.files.extend(other.files);
        self.covered.extend(other.covered);
        self.left.extend(other.left);
    }

    /// In a fixed order, whatever the order of the stages.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.covered.sort();
        self.covered.dedup();
        self.left.sort_by(|a, b| a.thing.cmp(&b.thing));
        self.left.dedup();
        self
    }
}

/// A file of the access repo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct File {
    /// Its path from the root of the access repo.
    pub path: String,
    /// Whether the file is there and is only added to (`inventory/servers.yaml`); every other
    /// file is new.
    pub added_to: bool,
    /// The whole text.
    pub text: String,
    /// What it stands for.
    pub stands_for: Vec<Thing>,
    /// What a person has to do or to know before it is merged.
    pub notes: Vec<String>,
}

/// Something on a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// Where it is: `jumpserver`, or the instance.
    pub target: String,
    /// Its name there.
    pub name: String,
}

impl Thing {
    /// A thing of JumpServer.
    fn jumpserver(kind: Kind, name: &str) -> Self {
        Self { kind, target: "jumpserver".to_owned(), name: name.to_owned() }
    }

    /// It in words.
    pub fn words(&self) -> String {
        match self.kind {
            Kind::Account | Kind::Role => {
                format!("{} {} on {}", self.kind.word(), self.name, self.target)
            }
            _ => format!("{} {}", self.kind.word(), self.name),
        }
    }
}

/// What something on a server is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A user of JumpServer.
    User,
    /// A permission of JumpServer.
    Permission,
    /// An asset of JumpServer.
    Asset,
    /// A node of JumpServer.
    Node,
    /// An account of a database server.
    Account,
    /// A role of a database server.
    Role,
}

impl Kind {
    /// It as a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Permission => "permission",
            Self::Asset => "asset",
            Self::Node => "node",
            Self::Account => "account",
            Self::Role => "role",
        }
    }
}

/// Something that the access repo has already.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Covered {
    /// What.
    pub thing: Thing,
    /// The file that has it.
    pub file: String,
}

/// Something that was left alone, with every reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Left {
    /// What.
    pub thing: Thing,
    /// Why, never empty.
    pub reasons: Vec<Reason>,
}
