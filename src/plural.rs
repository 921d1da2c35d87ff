//! Numbers with their nouns.

/// `1 row`, `2 rows`: for nouns that take an `s`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
