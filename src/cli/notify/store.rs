//! The file that remembers what was told: locked while a run works, and always whole.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::cli::{Outcome, could_not_run, file};
use crate::notify::State;

/// A state whose lock is held. The end of the process is the lock's end.
pub(super) struct Store {
    path: PathBuf,
    state: State,
    _lock: File,
}

impl Store {
    /// Locks and reads a state; without a file it is empty.
    pub(super) fn open(path: &Path) -> Result<Self, Outcome> {
        let told = |what: &str, error: &dyn std::fmt::Display| {
            could_not_run(&format!("{} {what}: {error}", path.display()))
        };
        // Beside it: the file itself is replaced by each writing.
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&name);
        let lock = lock.map_err(|error| told("cannot be locked", &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                anstream::eprintln!("error: another run of notify works with {}", path.display());
                return Err(Outcome::Held);
            }
            Err(TryLockError::Error(error)) => return Err(told("cannot be locked", &error)),
        }
        let state = read(path).map_err(|error| could_not_run(&error))?;
        Ok(Self { path: path.to_owned(), state, _lock: lock })
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Remembers that something was told.
    pub(super) fn note(&mut self, keys: &[String], moment: Timestamp) -> Result<(), Outcome> {
        self.state.note(keys, moment);
        self.write()
    }

    /// Forgets what is over.
    pub(super) fn forget(
        &mut self,
        moment: Timestamp,
        is_over: impl Fn(&str) -> bool,
    ) -> Result<(), Outcome> {
        let before = self.state.clone();
        self.state.forget(moment, is_over);
        if before == self.state { Ok(()) } else { self.write() }
    }

    fn write(&self) -> Result<(), Outcome> {
        file::replace(&self.path, self.state.json().as_bytes()).map_err(|error| {
            could_not_run(&format!(
                "{} cannot be written, so what was told is not remembered: {error}",
                self.path.display()
            ))
        })
    }
}

/// Reads a state; without a file it is empty.
pub(super) fn read(path: &Path) -> Result<State, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => State::parse(&text).map_err(|why| format!("{}: {why}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(State::default()),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}
