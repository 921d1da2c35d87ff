//! The access repo that a command works on.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Outcome, could_not_run};
use crate::access::{self, model::Access};
use crate::catalog::{self, Catalog};
use crate::diagnostic::{self, Code, Diagnostic, Severity};
use crate::repo::{SETTINGS, Tree};

/// How many errors are printed: a person mends the first ones first.
const SHOWN: usize = 100;

/// Where the access repo is.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Source {
    /// The folder of the access repo.
    #[arg(default_value = ".")]
    pub(super) dir: PathBuf,
    /// Read a git revision in place of the files as they are.
    #[arg(long, value_name = "REVISION")]
    pub(super) rev: Option<String>,
}

impl Source {
    /// Reads the files.
    pub(super) fn tree(&self) -> Result<Tree, Outcome> {
        let read = match &self.rev {
            Some(rev) => Tree::revision(&self.dir, rev).map_err(|error| error.to_string()),
            None => Tree::folder(&self.dir).map_err(|error| error.to_string()),
        };
        let tree = read.map_err(|error| {
            could_not_run(&format!("{} cannot be read: {error}", self.dir.display()))
        })?;
        match self.inside_of(&tree) {
            Some((dir, root)) => Err(could_not_run(&format!(
                "{} lies in the access repo {}: run this there, or name that folder",
                dir.display(),
                root.display()
            ))),
            None => Ok(tree),
        }
    }

    /// The folder and the access repo around it, when it is only a part of one.
    fn inside_of(&self, tree: &Tree) -> Option<(PathBuf, PathBuf)> {
        if SETTINGS.iter().any(|name| tree.files.contains_key(*name)) {
            return None;
        }
        let dir = self.dir.canonicalize().ok()?;
        let is_root = |folder: &&Path| SETTINGS.iter().any(|name| folder.join(name).is_file());
        let root = dir.ancestors().skip(1).find(is_root)?.to_owned();
        Some((dir, root))
    }

    /// Reads and checks the files; errors are printed.
    pub(super) fn access(&self, now: Timestamp) -> Result<(Tree, Access), Outcome> {
        let tree = self.tree()?;
        match access::load(&tree, now) {
            Ok(access) => Ok((tree, access)),
            Err(errors) => {
                print(&tree, &errors);
                Err(Outcome::Invalid)
            }
        }
    }
}

/// The catalogue of a repo; one that cannot be read is told, and none to the command.
pub(super) fn catalog(tree: &Tree) -> Option<Catalog> {
    match Catalog::of(tree)? {
        Ok(catalog) => Some(catalog),
        Err(wrong) => {
            anstream::eprintln!("warning: {} is not used: {wrong}", catalog::PATH);
            None
        }
    }
}

/// Prints errors or warnings of the files, each with its line; nothing when there are none.
pub(super) fn print(tree: &Tree, errors: &[Diagnostic]) {
    if errors.is_empty() {
        return;
    }
    let texts: BTreeMap<_, _> = tree
        .files
        .iter()
        .map(|(path, bytes)| (path.as_ref(), String::from_utf8_lossy(bytes)))
        .collect();
    let shown = &errors[..errors.len().min(SHOWN)];
    let source = |file: &str| texts.get(file).map(AsRef::as_ref);
    let styled = std::io::stderr().is_terminal();
    anstream::eprint!("{}", diagnostic::render(shown, source, styled));
    if errors.len() > SHOWN {
        anstream::eprintln!("... and {} more\n", errors.len() - SHOWN);
        if let Some(last) = errors.last().filter(|error| error.code == Code::MoreErrors) {
            anstream::eprintln!("{}\n", last.message);
        }
    }
    let of = |severity| errors.iter().filter(|error| error.code.severity() == severity).count();
    for (count, what) in [(of(Severity::Error), "error"), (of(Severity::Warning), "warning")] {
        if count > 0 {
            let s = if count == 1 { "" } else { "s" };
            anstream::eprintln!("{count} {what}{s} in the access repo");
        }
    }
}
