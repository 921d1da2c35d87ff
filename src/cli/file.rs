//! Files written whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Puts `bytes` in place of a file, or makes it: a reader sees the old file or the new one,
/// never a part. A symbolic link stays, and the file that it names is written.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (path, part) = places(path);
    let written = write_new(&part, bytes).and_then(|()| {
        if let Ok(there) = fs::metadata(&path) {
            fs::set_permissions(&part, there.permissions())?;
        }
        fs::rename(&part, &path)
    });
    if written.is_err() {
        // It may not have been made.
        let _ = fs::remove_file(&part);
    }
    written
}

/// Tries whether [`replace`] could write a file, and leaves the file as it is; in error, why not
/// in words.
pub(super) fn can_replace(path: &Path) -> Result<(), String> {
    let (there, part) = places(path);
    let tried = if there.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        write_new(&part, &[])
    };
    // It may not have been made.
    let _ = fs::remove_file(&part);
    tried.map_err(|error| cannot_be_written(path, &error))
}

/// That a file cannot be written, in words.
pub(super) fn cannot_be_written(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}

/// The file that a path names, and the one beside it that is written first.
fn places(path: &Path) -> (PathBuf, PathBuf) {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let part = path.with_file_name(name);
    (path, part)
}

/// Writes a file that is put in its place later: anew, whatever is there.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // One that a killed run left, or a link that leads elsewhere.
    let _ = fs::remove_file(path);
    let mut file = fs::File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
