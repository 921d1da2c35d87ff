//! Tables for spreadsheets (RFC 4180).

use crate::visible::clean;

/// One row, with its end.
pub(crate) fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|text| cell(text.as_ref())).collect();
    cells.join(",") + "\r\n"
}

/// One cell. Spreadsheets take some first characters for a formula, and names of accounts are
/// whatever somebody made up: an apostrophe in front makes the cell a text.
fn cell(text: &str) -> String {
    let text = clean(text);
    let text = match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text,
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_text_whatever_stands_in_it() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("@%", "'@%"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
