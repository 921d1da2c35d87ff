//! Changes files that people wrote, in place: every byte that is not part of the change
//! stays, comments and layout with it. Pure: text in, text out.

mod take_out;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use take_out::{Way, take_out};

use crate::yaml::{self, TopLevel};

/// Why a file cannot be changed in place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no YAML mapping.
    #[error("it cannot be read as YAML keys: run `jumpgate check`")]
    NotKeys,
    /// No way of writing the key gives the file that was meant.
    #[error("its layout leaves no safe place for `{0}:`: change it by hand")]
    NoPlace(String),
    /// Without the part the file would say something else, too.
    #[error("its layout leaves no safe way to take out `{0}`: change it by hand")]
    NoWayOut(String),
}

/// The file with the top-level key `key` at the plain value `value`: in place of the value
/// that is there, or as a new key behind the first of `behind` that is there.
///
/// `value` is written as it is, such as a day or a moment, and in quotes where that would read
/// back as something else, as a name of digits. The result is read back: it says the same as
/// before in all other keys.
///
/// # Errors
/// When the file is no mapping, or when its layout leaves no safe place.
pub fn set(text: &str, key: &str, value: &str, behind: &[&str]) -> Result<String, Refused> {
    let meaning = || serde_json::Value::String(value.to_owned());
    put(text, key, (value, meaning()), behind).or_else(|refused| match refused {
        Refused::NoPlace(_) => put(text, key, (&yaml::scalar(value), meaning()), behind),
        refused => Err(refused),
    })
}

/// As [`set`], with the value `true`.
///
/// # Errors
/// As there.
pub fn set_true(text: &str, key: &str, behind: &[&str]) -> Result<String, Refused> {
    put(text, key, ("true", serde_json::Value::Bool(true)), behind)
}

fn put(
    text: &str,
    key: &str,
    (value, meaning): (&str, serde_json::Value),
    behind: &[&str],
) -> Result<String, Refused> {
    let file: Arc<str> = "file".into();
    let read = |text: &str| yaml::top_level(&file, text.as_bytes()).ok();
    let before = read(text).ok_or(Refused::NotKeys)?;
    let mut wanted = before.values();
    wanted.insert(key.to_owned(), meaning);
    let good = |candidate: &String| read(candidate).is_some_and(|after| after.values() == wanted);

    let refused = || Refused::NoPlace(key.to_owned());
    if let Some(entry) = before.get(key) {
        let candidate = spliced(text, entry.value.clone(), value);
        return Some(candidate).filter(good).ok_or_else(refused);
    }
    let anchors = behind.iter().filter_map(|key| before.get(key));
    let entry = format!("{key}: {value}");
    anchors
        .flat_map(|anchor| [own_line(text, anchor, &entry), same_line(text, anchor, &entry)])
        .chain([at_the_end(text, &before, &entry)])
        .flatten()
        .find(good)
        .ok_or_else(refused)
}

/// A new line behind the line on which an entry ends, indented as the entry is.
fn own_line(text: &str, anchor: &yaml::Entry, entry: &str) -> Option<String> {
    let indent = indent(text, anchor)?;
    let rest = &text[anchor.value.end..];
    let at = anchor.value.end + rest.find('\n').map_or(rest.len(), |at| at + 1);
    Some(line_at(text, at, &format!("{indent}{entry}")))
}

/// Behind an entry of a mapping in braces.
fn same_line(text: &str, anchor: &yaml::Entry, entry: &str) -> Option<String> {
    let at = anchor.value.end;
    Some(spliced(text, at..at, &format!(", {entry}")))
}

/// A last line.
fn at_the_end(text: &str, before: &TopLevel, entry: &str) -> Option<String> {
    let indent = indent(text, before.first()?)?;
    Some(line_at(text, text.len(), &format!("{indent}{entry}")))
}

/// The blanks before a key that begins its line.
fn indent<'t>(text: &'t str, entry: &yaml::Entry) -> Option<&'t str> {
    let start = text[..entry.key.start].rfind('\n').map_or(0, |at| at + 1);
    let before = text[start..entry.key.start].trim_start_matches('\u{feff}');
    before.chars().all(|c| c == ' ').then_some(before)
}

/// The text with one more line at `at`, which is the beginning of a line or the end of the
/// text. Lines end as those of the file do.
fn line_at(text: &str, at: usize, line: &str) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let missing = if at > 0 && !text[..at].ends_with('\n') { end } else { "" };
    spliced(text, at..at, &format!("{missing}{line}{end}"))
}

fn spliced(text: &str, place: std::ops::Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..place.start], &text[place.end..])
}
