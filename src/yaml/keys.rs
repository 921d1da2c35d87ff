//! The keys at the top of a file, with their places: for changes in place.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Spanned, parse, span};
use crate::diagnostic::Diagnostic;

/// An entry of a mapping, by its bytes in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where the key stands.
    pub key: Range<usize>,
    /// Where the value stands; of a list or a mapping only its beginning is sure.
    pub value: Range<usize>,
}

/// The keys at the top of a file, in their order, for changes in place.
#[derive(Debug)]
pub struct TopLevel(Vec<(String, Entry, serde_json::Value)>);

impl TopLevel {
    /// An entry by its key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|(known, ..)| known == key).map(|(_, entry, _)| entry)
    }

    /// The first entry.
    pub fn first(&self) -> Option<&Entry> {
        self.0.first().map(|(_, entry, _)| entry)
    }

    /// What the file says, without places.
    pub fn values(&self) -> BTreeMap<String, serde_json::Value> {
        self.0.iter().map(|(key, _, value)| (key.clone(), value.clone())).collect()
    }
}

impl<'de> Deserialize<'de> for TopLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = TopLevel;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TopLevel, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key::<Spanned<String>>()? {
                    let value: Spanned<serde_json::Value> = map.next_value()?;
                    let entry = Entry { key: span(&key), value: span(&value) };
                    entries.push((key.value, entry, value.value));
                }
                Ok(TopLevel(entries))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// The keys at the top of a file.
///
/// # Errors
/// As [`parse`].
pub fn top_level(file: &Arc<str>, bytes: &[u8]) -> Result<TopLevel, Diagnostic> {
    parse(file, bytes)
}
