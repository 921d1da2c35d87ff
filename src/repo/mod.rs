//! Where the files of an access repo come from.

mod git;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use git::{Descent, Error, Place, before, descent, merge_base, place};

/// The files of an access repo: path from its root, with `/`, then the bytes.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The files that matter, sorted by path.
    pub files: BTreeMap<Arc<str>, Arc<[u8]>>,
    /// Symbolic links in their place: they are never followed.
    pub links: Vec<Arc<str>>,
    /// The commit that the files come from, as 40 hex digits; none for a folder.
    pub commit: Option<String>,
}

/// The folders and files that an access repo consists of.
const PARTS: [&str; 6] =
    ["jumpgate.yaml", "policy.yaml", "inventory", "people", "teams", "requests"];

impl Tree {
    /// Reads a folder.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read: a part of a repo is no repo.
    pub fn folder(root: &Path) -> io::Result<Self> {
        fs::read_dir(root)?;
        let mut tree = Self::default();
        for part in PARTS {
            tree.add(&root.join(part), part)?;
        }
        Ok(tree)
    }

    /// Adds a file, or everything below a folder; what is not there adds nothing.
    fn add(&mut self, path: &Path, name: &str) -> io::Result<()> {
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{name}: {error}"));
        let kind = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(told(error)),
        };
        if kind.is_symlink() {
            self.links.push(name.into());
        } else if kind.is_dir() {
            for entry in fs::read_dir(path).map_err(told)? {
                let entry = entry.map_err(told)?;
                let below = format!("{name}/{}", entry.file_name().to_string_lossy());
                self.add(&entry.path(), &below)?;
            }
        } else if kind.is_file() {
            self.files.insert(name.into(), fs::read(path).map_err(told)?.into());
        }
        Ok(())
    }
}
