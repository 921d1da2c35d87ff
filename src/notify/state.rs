//! What was told already, so that each thing is told once: a small file of keys.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of the file.
const SCHEMA: &str = "jumpgate.notified/1";

/// For how long a key is kept: longer than anything is told ahead.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);

/// What was told, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    schema: String,
    told: BTreeMap<String, Timestamp>,
}

impl Default for State {
    fn default() -> Self {
        Self { schema: SCHEMA.to_owned(), told: BTreeMap::new() }
    }
}

impl State {
    /// Reads a state. One that cannot be read is no empty one: then everything would be told
    /// again.
    ///
    /// # Errors
    /// When it is no state of this version, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let state: Self = serde_json::from_str(text)
            .map_err(|error| format!("it is no state of jumpgate notify: {error}"))?;
        if state.schema != SCHEMA {
            return Err(format!("it is a state of another version: {}", state.schema));
        }
        Ok(state)
    }

    /// The text of the file.
    pub fn json(&self) -> String {
        crate::visible::json(self) + "\n"
    }

    /// Whether something was told.
    pub fn has(&self, key: &str) -> bool {
        self.told.contains_key(key)
    }

    /// Notes that something was told.
    pub fn note(&mut self, keys: &[String], moment: Timestamp) {
        self.told.extend(keys.iter().map(|key| (key.clone(), moment)));
    }

    /// Forgets what is long past, and what `is_over` says: then it is told anew when it comes
    /// again.
    pub fn forget(&mut self, moment: Timestamp, is_over: impl Fn(&str) -> bool) {
        self.told.retain(|key, at| moment.duration_since(*at) < KEPT && !is_over(key));
    }
}
