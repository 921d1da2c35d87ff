//! Writing files into a folder: all of them, or none.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::access;
use crate::cli::{Outcome, could_not_run, source};
use crate::repo::Tree;

/// Says when one of the files is there already.
pub(super) fn nothing_there<'p>(
    dir: &Path,
    paths: impl IntoIterator<Item = &'p str>,
) -> Result<(), String> {
    let paths = paths.into_iter().map(|path| dir.join(path));
    // A link that leads nowhere is there too.
    let there: Vec<String> = paths
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if there.is_empty() {
        return Ok(());
    }
    let (is, it) = if there.len() == 1 { ("is", "it") } else { ("are", "them") };
    Err(format!(
        "{} {is} there already, and nothing was written: move {it} away, or name another folder",
        there.join(", ")
    ))
}

/// Says when the files would not pass the check together with what is in the folder.
pub(super) fn fits(dir: &Path, files: &BTreeMap<&'static str, String>) -> Result<(), Outcome> {
    nothing_there(dir, files.keys().copied()).map_err(|error| could_not_run(&error))?;
    let mut tree = match dir.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Tree::default(),
        _ => Tree::folder(dir).map_err(|error| {
            could_not_run(&format!("{} cannot be read: {error}", dir.display()))
        })?,
    };
    let new = files.iter().map(|(path, text)| (Arc::from(*path), Arc::from(text.as_bytes())));
    tree.files.extend(new);
    access::load(&tree, Timestamp::now()).map(|_| ()).map_err(|errors| {
        source::print(&tree, &errors);
        anstream::eprintln!(
            "error: with what is in {} it would not pass the check: nothing was written",
            dir.display()
        );
        Outcome::Invalid
    })
}

/// Writes the files. When one cannot be written, what was written before it goes again.
pub(super) fn write(dir: &Path, files: &BTreeMap<&'static str, String>) -> Result<(), String> {
    let mut made = Made::default();
    // What makes the folder an access repo comes last.
    let (last, first): (Vec<_>, Vec<_>) =
        files.iter().partition(|(path, _)| **path == "jumpgate.yaml");
    for (path, text) in first.into_iter().chain(last) {
        let path = dir.join(path);
        if let Err(error) = made.file(&path, text) {
            made.undo();
            return Err(format!("{} cannot be written, and nothing was: {error}", path.display()));
        }
    }
    Ok(())
}

/// What was made, in this order.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    fn file(&mut self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            self.folder(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        self.files.push(path.to_owned());
        file.write_all(text.as_bytes())
    }

    /// Makes a folder, and those that it lies in.
    fn folder(&mut self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || path.is_dir() {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            self.folder(folder)?;
        }
        fs::create_dir(path)?;
        self.folders.push(path.to_owned());
        Ok(())
    }

    /// Removes it again, as far as that is possible.
    fn undo(self) {
        for path in self.files.iter().rev() {
            let _ = fs::remove_file(path);
        }
        for path in self.folders.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("a/b");
        // A file stands where the second one needs a folder.
        let files = BTreeMap::from([
            ("one/x", "1".to_owned()),
            ("one/x/y", "2".to_owned()),
            ("jumpgate.yaml", "3".to_owned()),
        ]);
        let error = write(&dir, &files).expect_err("it cannot be written");
        assert!(error.contains("one/x/y cannot be written, and nothing was"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
