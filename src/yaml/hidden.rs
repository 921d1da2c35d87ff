//! Characters in a file that nobody sees as what they are: in a review one text would be read
//! and another one would count. In comments they are as wrong as in values, and so are the
//! escapes that stand for them (`"\e"`, `"\u202E"`).

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::IgnoredAny};

use super::{options, place, span_of_error};
use crate::access::model::Site;
use crate::diagnostic::{Code, Diagnostic};
use crate::visible::is_deceptive;

/// The first such character of a file as it is written. A byte order mark at the beginning is
/// none.
pub(super) fn in_file(file: &Arc<str>, text: &str) -> Option<Diagnostic> {
    let mut found = text.char_indices().filter(|(at, c)| is_deceptive(*c) && (*at, *c) != (0, BOM));
    let (at, c) = found.next()?;
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].chars().rev().take_while(|c| *c != '\n').count() + 1;
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let site = Site { file: file.clone(), line: number(line), column: number(column) };
    Some(told(c, site, at..at + c.len_utf8()))
}

const BOM: char = '\u{feff}';

/// The first text of a good document that has such a character by an escape.
pub(super) fn in_values(file: &Arc<str>, text: &str) -> Option<Diagnostic> {
    // Only texts in double quotes have escapes.
    if !text.contains('\\') || !text.contains('"') {
        return None;
    }
    let error = serde_yaml::from_str_with_options::<Seen>(text, options()).err()?;
    let error = error.without_snippet();
    let said = error.to_string();
    // A number, since the crate spells characters out.
    let number: String =
        said.split_once(FOUND)?.1.chars().take_while(char::is_ascii_hexdigit).collect();
    let c = char::from_u32(u32::from_str_radix(&number, 16).ok()?)?;
    let location = error.location()?;
    Some(told(c, place(file, location), span_of_error(text, location)))
}

fn told(c: char, site: Site, span: std::ops::Range<usize>) -> Diagnostic {
    Diagnostic {
        code: Code::Hidden,
        site,
        span,
        message: format!("there is a character here that is not seen: U+{:04X}", u32::from(c)),
        expected: "expected text that everybody sees as it is".to_owned(),
        help: Some("take it out; what is copied from a page or a terminal may bring it".to_owned()),
    }
}

/// Stands before the character in the error of [`Seen`].
const FOUND: &str = "a character that is not seen: U+";

/// A document of which every text was looked at.
struct Seen;

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Look).map(|()| Self)
    }
}

struct Look;

impl<'de> DeserializeSeed<'de> for Look {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        match text.chars().find(|c| is_deceptive(*c)) {
            Some(c) => Err(E::custom(format!("{FOUND}{:X}.", u32::from(c)))),
            None => Ok(()),
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Look)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(Look)?.is_some() {
            map.next_value_seed(Look)?;
        }
        Ok(())
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<(), E> {
        Ok(())
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, from: A) -> Result<(), A::Error> {
        from.variant::<IgnoredAny>().map(|_| ())
    }
}

#[cfg(test)]
mod tests {
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
