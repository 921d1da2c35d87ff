//! Files of an import become files of the access repo.

use std::io::Write as _;
use std::path::Path;

use crate::cli::file;
use crate::import::File;

/// Writes a file: a new one never over one that is there.
pub(super) fn write(dir: &Path, file: &File) -> Result<(), String> {
    let path = dir.join(&file.path);
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if file.added_to {
        return file::replace(&path, file.text.as_bytes()).map_err(told);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(told)?;
    }
    let mut new =
        std::fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(told)?;
    new.write_all(file.text.as_bytes()).map_err(told)
}
