//! The password of one account on its way: made when the first step needs it, gone with
//! the last.

use anyhow::Result;
use secrecy::SecretString;

use crate::mysql::password;

/// A place for one password. No plan, report or log can hold one.
#[derive(Default)]
pub(super) struct Slot {
    made: Option<(SecretString, String)>,
}

impl Slot {
    /// The password and its generation; made at the first call.
    pub(super) fn get(&mut self) -> Result<(&SecretString, &str)> {
        if self.made.is_none() {
            self.made = Some((password::generate()?, password::generation()?));
        }
        match &self.made {
            Some((secret, generation)) => Ok((secret, generation)),
            None => anyhow::bail!("there is no password"),
        }
    }
}
