//! Paths of a repo that cannot be read, and what they are about.

use super::load::Loader;
use crate::repo::Fault;

impl Loader<'_> {
    /// Whether a file with a fixed name is there and cannot be read, which is told already.
    pub(super) fn cannot_be_read(&self, name: &str) -> bool {
        self.tree.faults.iter().any(|(path, _)| stem(path) == Some(name))
    }
}

/// The endings of files that are read.
const YAML: [&str; 2] = [".yaml", ".yml"];

/// The name of a file without its ending.
pub(super) fn stem(name: &str) -> Option<&str> {
    YAML.iter().find_map(|ending| name.strip_suffix(ending))
}

/// The folders whose files are each about one thing, and of what kind that is.
pub(super) const KINDS: [(&str, &str); 3] =
    [("people/", "person"), ("teams/", "team"), ("inventory/databases/", "instance")];

/// What the file of a path is about, by kind and name.
pub(super) fn thing(path: &str) -> Option<(&'static str, String)> {
    KINDS
        .iter()
        .find_map(|(folder, kind)| Some((*kind, stem(path.strip_prefix(folder)?)?.to_owned())))
}

/// Why a path cannot be read, and what belongs there.
pub(super) fn unreadable(fault: Fault) -> (&'static str, &'static str) {
    let file = "expected the file itself, or a relative link to a file of this repo";
    match fault {
        Fault::Outside => ("this symbolic link leads out of the access repo", file),
        Fault::Nowhere => ("this symbolic link leads nowhere", file),
        Fault::Circle => ("this symbolic link leads in a circle", file),
        Fault::Deep => (
            "this folder lies in too many others, and is not read",
            "expected at most 32 folders in one another",
        ),
        Fault::Submodule => (
            "this is a submodule: its files are not part of the repo",
            "expected the files themselves",
        ),
        Fault::Special => ("this is neither a file nor a folder", "expected a file"),
        Fault::Name => ("this file name is not UTF-8", "expected a name in UTF-8"),
    }
}
