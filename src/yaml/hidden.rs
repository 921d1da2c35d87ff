//! Characters in a file that nobody sees as what they are: in a review one text would be read
//! and another one would count. In comments they are as wrong as in values, and so are the
//! escapes that stand for them (`"\e"`, `"\u202E"`).

use std::ops::Range;
use std::sync::Arc;

use super::site_at;
use crate::access::model::Site;
use crate::diagnostic::{Code, Diagnostic};
use crate::visible::is_deceptive;

/// The first such character of a file as it is written. A byte order mark at the beginning is
/// none.
pub(super) fn in_file(file: &Arc<str>, text: &str) -> Option<Diagnostic> {
    let mut found = text.char_indices().filter(|(at, c)| is_deceptive(*c) && (*at, *c) != (0, BOM));
    let (at, c) = found.next()?;
    Some(told(c, site_at(file, text, at), at..at + c.len_utf8()))
}

const BOM: char = '\u{feff}';

/// Says that a character is not seen.
pub(super) fn told(c: char, site: Site, span: Range<usize>) -> Diagnostic {
    Diagnostic {
        code: Code::Hidden,
        site,
        span,
        message: format!("there is a character here that is not seen: U+{:04X}", u32::from(c)),
        expected: "expected text that everybody sees as it is".to_owned(),
        help: Some("take it out; what is copied from a page or a terminal may bring it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::parse;
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[serde(default)]
        reason: String,
    }

    #[test]
    fn a_character_is_named_whether_written_or_escaped() {
        for text in ["reason: a\u{1b}b\n", "reason: \"a\\eb\"\n"] {
            let error = parse::<Sample>(&"f.yaml".into(), text.as_bytes()).expect_err("hidden");
            assert!(error.message.ends_with("U+001B"), "{}", error.message);
        }
    }

    fn found(text: &str) -> Option<(Code, u32, u32)> {
        let error = parse::<Sample>(&"f.yaml".into(), text.as_bytes()).err()?;
        Some((error.code, error.site.line, error.site.column))
    }

    #[test]
    fn a_hidden_character_is_told_wherever_it_stands() {
        for (text, line, column) in [
            ("reason: a\u{1b}[31mb\n", 1, 10),
            ("# see \u{202e}gnirts\nreason: x\n", 1, 7),
            ("reason: x\n# 数\u{200b}\n", 2, 4),
            ("reason: x\u{0}\n", 1, 10),
            ("reason: x\u{9b}\n", 1, 10),
            ("reason: x\u{85}more: y\n", 1, 10),
            ("re\u{2060}ason: x\n", 1, 3),
            ("reason: x\n\u{feff}", 2, 1),
        ] {
            assert_eq!(found(text), Some((Code::Hidden, line, column)), "{text:?}");
        }
        for (text, column) in [
            ("reason: \"a\\e[31m\"\n", 9),
            ("reason: \"\\u202Ex\"\n", 9),
            ("reason: \"\\x9b\"\n", 9),
            ("reason: \"\\0\"\n", 9),
            ("reason: \"\\N\"\n", 9),
            ("reason: \"\\U000E0041\"\n", 9),
        ] {
            assert_eq!(found(text), Some((Code::Hidden, 1, column)), "{text:?}");
        }
    }

    #[test]
    fn what_writing_needs_stays() {
        for text in [
            "\u{feff}reason: x\r\n",
            "reason: می\u{200c}خواهم\n",
            "reason: \"a\\tb\\nc \\\\e\"\n",
            "reason: '\\e'\n",
            "reason: 👩\u{200d}👩\u{200d}👧 \u{2764}\u{fe0f}\n",
            "reason: |\n  a\n  b\n",
        ] {
            assert_eq!(found(text), None, "{text:?}");
            assert!(
                parse::<Sample>(&"f".into(), text.as_bytes()).is_ok_and(|s| !s.reason.is_empty())
            );
        }
    }
}
