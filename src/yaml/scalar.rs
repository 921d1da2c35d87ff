//! Texts as YAML values.

use std::borrow::Cow;

/// A text as a YAML value, which reads back as the same text: plain where nothing else could
/// be meant, else in double quotes.
pub fn scalar(text: &str) -> Cow<'_, str> {
    // Words that some readers of YAML take for something else than a text.
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(':')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:".contains(c))
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
        fn a_scalar_reads_back_as_the_same_text(text in any::<String>()) {
            // Others are refused, however they are written.
            let text: String = text.chars().filter(|c| !crate::visible::is_deceptive(*c)).collect();
            #[derive(serde::Deserialize)]
            struct Sample {
                one: String,
                list: Vec<String>,
            }
            let written = format!("one: {0}\nlist: [{0}, b]\n", scalar(&text));
            let file: Arc<str> = "f.yaml".into();
            let sample: Sample = crate::yaml::parse(&file, written.as_bytes()).expect("good");
            prop_assert_eq!(&sample.one, &text);
            prop_assert_eq!(&sample.list[0], &text);
        }
    }
}
