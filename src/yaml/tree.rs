//! A whole file as a tree with the places of its parts: for changes in place.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Spanned, parse, span};
use crate::diagnostic::Diagnostic;

/// A value of a file, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its bytes; of a list or a mapping only the beginning is sure.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping: the place of each key, the key, and its value; in the order of the file.
    Map(Vec<(Range<usize>, String, Node)>),
}

impl Node {
    /// The value without places.
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(list) => list.iter().map(Self::value).collect(),
            Kind::Map(map) => {
                let entries = map.iter().map(|(_, key, node)| (key.clone(), node.value()));
                Value::Object(entries.collect())
            }
        }
    }
}

impl From<Spanned<Inner>> for Node {
    fn from(read: Spanned<Inner>) -> Self {
        Self { span: span(&read), kind: read.value.0 }
    }
}

struct Inner(Kind);

impl<'de> Deserialize<'de> for Inner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Inner;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a list or a map")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Inner, E> {
                Ok(Inner(Kind::Text(text.to_owned())))
            }

            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Inner, E> {
                Ok(Inner(Kind::Text(value.to_string())))
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Inner, E> {
                Ok(Inner(Kind::Text(value.to_string())))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Inner, E> {
                Ok(Inner(Kind::Text(value.to_string())))
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Inner, E> {
                Ok(Inner(Kind::Text(value.to_string())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Inner, A::Error> {
                let mut list = Vec::new();
                while let Some(one) = seq.next_element::<Spanned<Inner>>()? {
                    list.push(one.into());
                }
                Ok(Inner(Kind::List(list)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Inner, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key::<Spanned<String>>()? {
                    let value: Spanned<Inner> = map.next_value()?;
                    entries.push((span(&key), key.value, value.into()));
                }
                Ok(Inner(Kind::Map(entries)))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A file as a tree.
///
/// # Errors
/// As [`parse`].
pub fn tree(file: &Arc<str>, bytes: &[u8]) -> Result<Node, Diagnostic> {
    parse::<Spanned<Inner>>(file, bytes).map(Node::from)
}
