//! Numbers with their nouns, and lists that are not told whole.

/// `1 row`, `2 rows`: for nouns that take an `s`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The first `most` texts, and how many more there are.
pub(crate) fn listed<'a>(texts: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let texts: Vec<&str> = texts.into_iter().collect();
    let all = texts.len();
    first_of(texts, most, all)
}

/// The same of `all` texts, of which no more are looked at than are told.
pub(crate) fn first_of<S: AsRef<str>>(
    texts: impl IntoIterator<Item = S>,
    most: usize,
    all: usize,
) -> String {
    let texts: Vec<S> = texts.into_iter().take(most).collect();
    let told: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    match all.saturating_sub(told.len()) {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}
