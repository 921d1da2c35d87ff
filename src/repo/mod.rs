//! Where the files of an access repo come from, and how a change becomes a branch.

#[cfg(test)]
mod bench;
pub mod branch;
pub mod command;
mod find;
mod folder;
mod git;
mod history;
#[cfg(test)]
mod hostile_tests;
mod leads;
mod line;
mod revision;
mod steps;
#[cfg(test)]
mod steps_tests;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use git::{
    Descent, Head, Place, before, branch, changed, descent, head, holds, merge_base, place, root,
};
pub use history::{Origin, Origins, is_clean_merge, made, origin};
pub use line::Line;
pub use steps::{Step, Steps, steps};

/// The files of an access repo: path from its root, with `/`, then the bytes.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The files that matter, sorted by path: those of the folders that make up a repo. One that
    /// is larger than any file may be is cut one byte behind that size.
    pub files: BTreeMap<Arc<str>, Arc<[u8]>>,
    /// What stands in the place of files and cannot be read as such.
    pub faults: Vec<(Arc<str>, Fault)>,
    /// The commit that the files come from, as 40 hex digits; none for a folder.
    pub commit: Option<String>,
    /// Whether the repository is a shallow clone, whose history ends somewhere; false for a
    /// folder.
    pub shallow: bool,
}

/// Why a path of the repo is no file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A symbolic link that leads out of the repo, or is absolute.
    Outside,
    /// A symbolic link to something that is not there.
    Nowhere,
    /// A symbolic link that leads back to where it is, or to the whole repo.
    Circle,
    /// A folder that lies too deep in others.
    Deep,
    /// A submodule: its files are in no commit of this repo.
    Submodule,
    /// A pipe, a socket or a device.
    Special,
    /// A name that is not UTF-8.
    Name,
}

/// Why files or history could not be read, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// The file that every access repo has in its root, by both of its names.
pub(crate) const SETTINGS: [&str; 2] = ["jumpgate.yaml", "jumpgate.yml"];

/// The folders and files that an access repo consists of.
const PARTS: [&str; 10] = [
    SETTINGS[0],
    SETTINGS[1],
    "policy.yaml",
    "policy.yml",
    "notify.yaml",
    "notify.yml",
    "inventory",
    "people",
    "teams",
    "requests",
];
