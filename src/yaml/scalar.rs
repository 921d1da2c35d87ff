//! Texts as YAML values.

use std::borrow::Cow;

/// Words that some readers of YAML take for something else than a text.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// A text as a YAML value, which reads back as the same text: plain where nothing else could
/// be meant, else in double quotes.
pub fn scalar(text: &str) -> Cow<'_, str> {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(':')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:".contains(c))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if plain { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

/// A text as the rest of a line behind `key: ` or `- `, which reads back as the same text:
/// plain where nothing else could be meant, else in double quotes. Inside of `[...]` it is
/// not safe, since commas stand in it.
pub fn line(text: &str) -> Cow<'_, str> {
    let plain = text.starts_with(|c: char| c.is_alphabetic() || c == '/')
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && text.chars().all(|c| c.is_alphanumeric() || " ._-/:(),*$+".contains(c))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if plain { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

/// A text in double quotes, which reads back as the same text.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // What is not printable in YAML, and what would end the line in some readers.
            _ if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_scalar_is_plain_where_nothing_else_could_be_meant() {
        for text in ["prod", "Asia/Shanghai", "https://jump.acme.example:8443/core"] {
            assert_eq!(scalar(text), text);
        }
        for text in ["", "no", "Null", "1e5", "-", "a: b", "a #b", "x:", "范立春", "a b"] {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_reads_back_as_the_same(text in "\\PC{0,20}|[ -~]{0,12}|[a-z/][ .:,#()*-]{0,6}[a-z:]{0,3}") {
            #[derive(serde::Deserialize)]
            struct Sample {
                one: String,
                list: Vec<String>,
                rest: String,
                rests: Vec<String>,
            }
            // A file with such a character is refused, however it is written.
            prop_assume!(!text.contains(crate::visible::is_deceptive));
            let (scalar, line) = (scalar(&text), line(&text));
            let written =
                format!("one: {scalar}\nlist: [{scalar}, b]\nrest: {line}\nrests:\n  - {line}\n");
            let file: Arc<str> = "f.yaml".into();
            let sample: Sample = crate::yaml::parse(&file, written.as_bytes()).expect("good");
            prop_assert_eq!(&sample.one, &text);
            prop_assert_eq!(&sample.list[0], &text);
            prop_assert_eq!(&sample.rest, &text);
            prop_assert_eq!(&sample.rests[0], &text);
        }
    }
}
