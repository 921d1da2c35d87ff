//! Words and numbers, read so that nothing else is taken for one.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::files::Text;
use super::load::Loader;
use crate::diagnostic::Code;
use crate::yaml;

/// What is expected of a number.
pub(super) const NUMBER: &str = "a whole number";

impl Loader<'_> {
    /// One of a few words. It is read as a text: `word: ` alone would be one, too.
    pub(super) fn word<T: DeserializeOwned>(&mut self, file: &Arc<str>, text: &Text) -> Option<T> {
        let bytes = self.tree.files.get(file)?;
        yaml::word(file, bytes, text).map_err(|error| self.errors.push(error)).ok()
    }

    /// A number, or `true` or `false`; says when it stands there as not every reader of YAML
    /// takes it for one, in quotes or with `_`.
    pub(super) fn plain<T: Copy>(
        &mut self,
        file: &Arc<str>,
        value: &yaml::Spanned<T>,
        expected: &str,
    ) -> T {
        let written = self.tree.files.get(file).and_then(|bytes| bytes.get(yaml::span(value)));
        if !written.is_some_and(|written| written.iter().all(u8::is_ascii_alphanumeric)) {
            let message = "this is not the kind of value that belongs here".to_owned();
            let expected = format!("expected {expected} without quotes");
            self.at(file, value, Code::WrongKind, message, expected);
        }
        value.value
    }
}
