//! The access repo as a folder: the files as they are now.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::walk::{self, Entry, MOST, Source, too_many};
use super::{Error, Fault, Tree, git};

impl Tree {
    /// Reads a folder. Symbolic links are followed inside of it.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read, or the checkout leaves one out (a part
    /// of a repo is no repo), there is more than any access repo holds, or the folder is a
    /// link of a git repository.
    pub fn folder(root: &Path) -> Result<Self, Error> {
        super::find::real(root)?;
        fs::read_dir(root).map_err(|error| Error(told(&error)))?;
        if let Some(path) = git::left_out(root) {
            return Err(Error(format!(
                "git has {path}, and this checkout leaves it out: `git sparse-checkout disable` \
                 brings the whole repo"
            )));
        }
        walk::read(&Folder { root: root.to_owned() })
    }
}

struct Folder {
    root: PathBuf,
}

impl Source for Folder {
    fn entry(&self, path: &str) -> Result<Entry, Error> {
        let full = self.root.join(path);
        match fs::symlink_metadata(&full) {
            Ok(metadata) => entry(metadata.file_type(), &full, path),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound
                        | io::ErrorKind::NotADirectory
                        | io::ErrorKind::InvalidInput
                        | io::ErrorKind::InvalidFilename
                ) =>
            {
                Ok(Entry::Missing)
            }
            Err(error) => Err(at(path, &error)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, Entry)>, Error> {
        let mut list = Vec::new();
        for found in fs::read_dir(self.root.join(folder)).map_err(|error| at(folder, &error))? {
            let found = found.map_err(|error| at(folder, &error))?;
            if list.len() >= MOST {
                return Err(too_many(folder));
            }
            let kind = found.file_type().map_err(|error| at(folder, &error))?;
            list.push(match found.file_name().into_string() {
                Ok(name) => {
                    let below = format!("{folder}/{name}");
                    (name, entry(kind, &found.path(), &below)?)
                }
                Err(name) => (name.to_string_lossy().into_owned(), Entry::Fault(Fault::Name)),
            });
        }
        list.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(list)
    }

    fn bytes(&self, file: &str, most: usize) -> Result<Arc<[u8]>, Error> {
        let open = fs::File::open(self.root.join(file)).map_err(|error| at(file, &error))?;
        let mut bytes = Vec::new();
        let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        open.take(most).read_to_end(&mut bytes).map_err(|error| at(file, &error))?;
        Ok(bytes.into())
    }
}

fn entry(kind: fs::FileType, full: &Path, path: &str) -> Result<Entry, Error> {
    Ok(if kind.is_symlink() {
        let text = fs::read_link(full).map_err(|error| at(path, &error))?;
        match text.into_os_string().into_string() {
            Ok(text) => Entry::Link(text),
            Err(_) => Entry::Fault(Fault::Nowhere),
        }
    } else if kind.is_dir() {
        Entry::Folder
    } else if kind.is_file() {
        Entry::File
    } else {
        Entry::Fault(Fault::Special)
    })
}

fn at(path: &str, error: &io::Error) -> Error {
    Error(format!("{path}: {}", told(error)))
}

/// What went wrong, without the number that the system gives it.
fn told(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        io::ErrorKind::NotADirectory => "it is no folder".to_owned(),
        _ => text.to_owned(),
    }
}
