//! YAML into types. The only user of the YAML crate: its words never reach a person.

mod events;
mod help;
mod hidden;
mod keys;
mod scalar;
mod tree;
mod unclosed;

use std::ops::Range;
use std::sync::Arc;

use serde::de::{DeserializeOwned, IntoDeserializer};
use serde_yaml::options::MergeKeyPolicy;
use serde_yaml::{Error, Location, Options};

pub use help::full_width;
pub use keys::{Entry, TopLevel, top_level};
pub use scalar::{line, quoted, scalar};
pub use serde_yaml::Spanned;
pub use tree::{Kind, Node, tree};

use crate::access::model::Site;
use crate::diagnostic::{Code, Diagnostic, nearest};

/// The largest file that is read, in bytes.
pub const FILE_MAX: usize = 1024 * 1024;

/// Reads one document. Duplicate and unknown keys, nulls for texts, merge keys, tags, anchors,
/// aliases and characters that nobody sees are errors; `yes` and `on` are texts.
///
/// # Errors
/// The first error of shape in the file.
pub fn parse<T: DeserializeOwned>(file: &Arc<str>, bytes: &[u8]) -> Result<T, Diagnostic> {
    let not_text = |message: &str, at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic {
            code: Code::NotText,
            site: Site { file: file.clone(), line: u32::try_from(line).unwrap_or(1), column: 1 },
            span: at..at,
            message: message.to_owned(),
            expected: "expected YAML text in UTF-8".to_owned(),
            help: None,
        }
    };
    if bytes.len() > FILE_MAX {
        return Err(not_text("the file is larger than 1 MiB", 0));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| not_text("the file is not in UTF-8", error.valid_up_to()))?;
    if let Some(at) = lone_return(bytes) {
        return Err(not_text("a line ends with a carriage return alone", at));
    }
    if let Some(error) = hidden::in_file(file, text) {
        return Err(error);
    }
    if let Some(error) = events::refused(file, text) {
        return Err(error);
    }
    let value = serde_yaml::from_str_with_options(text, options());
    value.map_err(|error| explain(file, text, error.without_snippet(), error.location()))
}

/// A text of a file as one of the few words of an enum.
///
/// # Errors
/// When it is none of them.
pub fn word<T: DeserializeOwned>(
    file: &Arc<str>,
    bytes: &[u8],
    value: &Spanned<String>,
) -> Result<T, Diagnostic> {
    let read = IntoDeserializer::<Error>::into_deserializer(value.value.as_str());
    T::deserialize(read).map_err(|error| {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        explain(file, text, &error, Some(value.referenced))
    })
}

/// A carriage return that is not part of CRLF: YAML begins a line there, and nobody sees it.
fn lone_return(bytes: &[u8]) -> Option<usize> {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\r');
    ends.map(|(at, _)| at).find(|at| bytes.get(at + 1) != Some(&b'\n'))
}

fn options() -> Options {
    serde_yaml::options! {
        strict_booleans: true,
        merge_keys: MergeKeyPolicy::Error,
        // A number where a name belongs would lose its zeros in other readers.
        no_schema: true,
        with_snippet: false,
    }
}

/// The place of a value, for messages about its meaning.
pub fn site<T>(file: &Arc<str>, value: &Spanned<T>) -> Site {
    place(file, value.referenced)
}

/// The bytes of a value in its file.
pub fn span<T>(value: &Spanned<T>) -> Range<usize> {
    bytes_of(value.referenced)
}

/// The place of a byte of a file.
fn site_at(file: &Arc<str>, text: &str, at: usize) -> Site {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Site { file: file.clone(), line: number(line), column: number(column) }
}

fn place(file: &Arc<str>, location: Location) -> Site {
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
    Site { file: file.clone(), line: number(location.line()), column: number(location.column()) }
}

fn bytes_of(location: Location) -> Range<usize> {
    let span = location.span();
    let number = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let start = number(span.byte_offset());
    start..start.saturating_add(number(span.byte_len()))
}

/// An error of the crate, in our words.
fn explain(file: &Arc<str>, text: &str, error: &Error, at: Option<Location>) -> Diagnostic {
    let location = at.unwrap_or(Location::UNKNOWN);
    let (code, message, expected, help) = match error {
        Error::SerdeUnknownField { field, expected, .. } => (
            Code::UnknownKey,
            format!("there is no key `{}` here", shown(field)),
            format!("expected one of {}", list(expected)),
            nearest(field, expected.iter().copied()).map(|near| format!("did you mean `{near}`?")),
        ),
        Error::SerdeUnknownVariant { variant, expected, .. } => (
            Code::WrongKind,
            format!("`{}` is not possible here", shown(variant)),
            format!("expected one of {}", list(expected)),
            nearest(variant, expected.iter().copied())
                .map(|near| format!("did you mean `{near}`?")),
        ),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().map_or_else(String::new, |key| format!(" `{}`", shown(key)));
            let message = format!("the key{key} is there twice");
            (Code::DuplicateKey, message, "expected each key once".to_owned(), None)
        }
        Error::SerdeMissingField { field, .. } => (
            Code::MissingKey,
            format!("the key `{field}` is missing"),
            format!("expected `{field}:` in this block"),
            None,
        ),
        Error::NullIntoString { .. } => (
            Code::NoValue,
            "there is no value here".to_owned(),
            "expected a text".to_owned(),
            Some("write the value, or take the key out".to_owned()),
        ),
        Error::MultipleDocuments { .. } => (
            Code::SeveralDocuments,
            "the file holds more than one document".to_owned(),
            "expected the end of the file before `---`".to_owned(),
            Some("put each document into a file of its own".to_owned()),
        ),
        Error::MergeKeyNotAllowed { .. } | Error::MergeValueNotMapOrSeqOfMaps { .. } => (
            Code::Exotic,
            "merge keys (`<<`) are not read".to_owned(),
            "expected the keys themselves".to_owned(),
            None,
        ),
        Error::Budget { .. } => (
            Code::Exotic,
            "the file is nested too deep, or it holds too much".to_owned(),
            "expected a short plain file".to_owned(),
            None,
        ),
        Error::QuotingRequired { value, .. } => (
            Code::WrongKind,
            "this is a number, or true or false, where a text belongs".to_owned(),
            "expected a text in quotes".to_owned(),
            Some(format!("\"{}\" is a text", shown(value))),
        ),
        Error::SerdeInvalidType { expected, .. }
        | Error::SerdeInvalidValue { expected, .. }
        | Error::SerdeInvalidLength { expected, .. } => wrong_kind(&kind(expected)),
        Error::Unexpected { expected, .. } => wrong_kind(&kind(expected)),
        Error::InvalidBooleanStrict { .. } => wrong_kind("`true` or `false`"),
        Error::InvalidScalar { ty, .. } => wrong_kind(&kind(ty)),
        _ if is_empty(text) => nothing(),
        // What the parser reads is YAML, whatever the values are.
        _ if events::fault(text).is_none() => wrong_kind("a text"),
        _ => syntax(),
    };
    let (code, message, help) = if code == Code::WrongKind && nothing_at(text, location) {
        let help = "write the value, or take the key out".to_owned();
        (Code::NoValue, "there is no value here".to_owned(), Some(help))
    } else {
        (code, message, help)
    };
    let shape = matches!(code, Code::WrongKind | Code::UnknownKey | Code::Syntax);
    // A key that only looks like another one is near it, too: what differs is told first.
    let line = shape.then(|| help::with_line(line_of(text, location), code == Code::Syntax));
    let span = span_of_error(text, location);
    let fault = || match code {
        Code::Syntax => help::with_fault(text, events::fault(text)?),
        _ => None,
    };
    let help = line.flatten().or(help).or_else(fault);
    Diagnostic { code, site: place(file, location), span, message, expected, help }
}

/// The bytes of an error. Errors of syntax have a line and no bytes: the line decides.
fn span_of_error(text: &str, location: Location) -> Range<usize> {
    let span = bytes_of(location);
    if !span.is_empty() || span.start > 0 {
        return span;
    }
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text[before..].lines().next().unwrap_or_default();
    let at = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    before + at..before + at
}

/// Whether the last key of a line has no value. The place of a null is not always in its
/// span, so the line decides, and the one below it: there a block or a list may stand.
fn nothing_at(text: &str, location: Location) -> bool {
    let whole = line_of(text, location);
    let line = whole.split(" #").next().unwrap_or_default();
    let Some((_, value)) = line.rsplit_once(':') else { return false };
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let skip = usize::try_from(location.line()).unwrap_or(usize::MAX);
    let below = text.lines().skip(skip).find(|line| has_content(line));
    let is_block = below.is_some_and(|below| {
        let blanks = below.len() - below.trim_start_matches(' ').len();
        blanks > indent(whole) || (blanks == indent(whole) && below[blanks..].starts_with("- "))
    });
    matches!(value.trim(), "~" | "null") || (value.trim().is_empty() && !is_block)
}

type Words = (Code, String, String, Option<String>);

fn wrong_kind(expected: &str) -> Words {
    let message = "this is not the kind of value that belongs here".to_owned();
    let help = (expected == "a list").then_some("begin each entry with `- `, or write `[a, b]`");
    (Code::WrongKind, message, format!("expected {expected}"), help.map(str::to_owned))
}

/// What a crate calls a kind of value, in the words of the file.
fn kind(expected: &str) -> String {
    let text = expected.trim();
    if text.contains("map") || text.starts_with("struct") {
        "keys with values (`key: value`)".to_owned()
    } else if text.contains("sequence") || text.contains("seq") {
        "a list".to_owned()
    } else if text.starts_with('u') || text.starts_with('i') || text.contains("integer") {
        "a whole number".to_owned()
    } else if text.contains("bool") {
        "`true` or `false`".to_owned()
    } else {
        "a text".to_owned()
    }
}

fn syntax() -> Words {
    let expected = "expected `key: value`, a `- ` entry, or the end".to_owned();
    (Code::Syntax, "this is not YAML".to_owned(), expected, None)
}

fn nothing() -> Words {
    let expected = "expected keys with values (`key: value`)".to_owned();
    (Code::Syntax, "there is nothing in this file".to_owned(), expected, None)
}

fn is_empty(text: &str) -> bool {
    !text.trim_start_matches('\u{feff}').lines().any(has_content)
}

/// Whether a line is more than blanks and a comment.
fn has_content(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

/// The line of an error.
fn line_of(text: &str, location: Location) -> &str {
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    text.lines().nth(line).unwrap_or_default()
}

/// Text of a file in a message: one line, not too long.
fn shown(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::diagnostic::render;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct Sample {
        reason: Spanned<String>,
        #[serde(default)]
        members: Vec<Spanned<String>>,
        #[serde(default)]
        count: Option<Spanned<u32>>,
    }

    fn error(text: &str) -> String {
        let file: Arc<str> = "requests/r.yaml".into();
        let error = parse::<Sample>(&file, text.as_bytes()).expect_err("an error");
        render(&[error], |_| Some(text), false)
    }

    fn code(text: &str) -> (Code, u32) {
        let error = parse::<Sample>(&"f.yaml".into(), text.as_bytes()).expect_err(text);
        (error.code, error.site.line)
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        assert_snapshot!(error("reason: x\nmember: [a]\n"));
    }

    #[test]
    fn what_is_not_closed_is_named() {
        assert_snapshot!(error("reason: x\nmembers: [a\ncount: 1\n"));
        assert_snapshot!(error("reason: \"x\nmembers: [a]\n"));
    }

    #[test]
    fn shapes_have_codes_and_lines() {
        for (text, expected) in [
            ("reason: x\nreason: y\n", (Code::DuplicateKey, 2)),
            ("members: [a]\n", (Code::MissingKey, 1)),
            ("reason:\n", (Code::NoValue, 1)),
            ("reason: ~\n", (Code::NoValue, 1)),
            ("reason: x\nmembers: {a: b}\n", (Code::WrongKind, 2)),
            ("reason: x\ncount: many\n", (Code::WrongKind, 2)),
            ("reason: x\n---\nreason: y\n", (Code::SeveralDocuments, 3)),
            ("reason: !secret x\n", (Code::Exotic, 1)),
            ("reason: x\n<<: {count: 1}\n", (Code::Exotic, 2)),
            ("reason: *there\n", (Code::Exotic, 1)),
            ("reason: \"x\n", (Code::Syntax, 2)),
        ] {
            let (code, line) = code(text);
            assert_eq!(code, expected.0, "{text}");
            assert!(line == expected.1 || line + 1 == expected.1, "{text}: line {line}");
        }
        let file: Arc<str> = "f.yaml".into();
        let error = parse::<Sample>(&file, b"reason: x\n\xff").expect_err("no text");
        assert_eq!((error.code, error.site.line), (Code::NotText, 2));
        let error = parse::<Sample>(&file, b"reason: x\n# y\rmembers: []").expect_err("a return");
        assert_eq!((error.code, error.site.line), (Code::NotText, 2));
    }

    #[test]
    fn a_file_without_anything_is_told_so() {
        for text in ["", "\n\n", "# later\n", "\u{feff}"] {
            let error = error(text);
            assert!(error.contains("there is nothing in this file"), "{text:?}: {error}");
        }
    }

    #[test]
    fn an_error_says_what_the_line_needs() {
        for (text, help) in [
            ("reason: PAY-1: x\n", "stands in quotes: reason: \"PAY-1: x\""),
            ("reason：x\n", "`：` is not what is read here: write `:`"),
            ("reason: x\n　members: [a]\n", "no ordinary one (U+3000)"),
            ("reason: x\nmembers: a\n", "begin each entry with `- `"),
            ("reason: x\nmembers：[a]\n", "`：` is not what is read here: write `:`"),
        ] {
            let error = error(text);
            assert!(error.contains(help), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_stops_the_parser_is_named_and_not_something_else() {
        let escape = "in double quotes `\\` begins an escape";
        for (text, help) in [
            ("reason: \"C:\\data\"\n", escape),
            ("reason: \"C:\\data\\\"\n", escape),
            ("reason: \"\\xZZ\"\nmembers: [a]\n", escape),
            ("reason: x\nmembers: [fanlichun, @x]\n", "begins with `@` stands in quotes"),
            ("reason: x\nmembers: [pay-web-01, *]\n", "begins with `*` stands in quotes"),
            ("reason: x\nmembers: [a,,b]\n", "nothing before this comma"),
            ("reason: \"x\nmembers: C:\\data\n", "`\"` in line 1 does not end"),
            ("reason: x\nmembers: [a, b\n", "`[` in line 2 is not closed"),
        ] {
            let error = error(text);
            assert!(error.contains("JG002") && error.contains(help), "{text}: {error}");
            assert_eq!(error.contains("closed"), help.contains("closed"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_yaml_is_told_as_a_wrong_kind() {
        for text in [
            "reason: x\n[a]: b\n",
            "reason: x\n{a: b}: c\n",
            "reason: x\nmembers: [{a: b}]\n",
            "reason: [x]\n",
            "reason:\n  x: y\n",
            "reason: x\nmembers:\n  login:\n    - app\n",
            "reason: x\nmembers:\n  login:\n  - app\n",
        ] {
            assert_eq!(code(text).0, Code::WrongKind, "{text}: {}", error(text));
        }
        let forgotten = error("reason: x\nmembers:\n  login:\n    - app\n");
        assert!(forgotten.contains("begin each entry with `- `"), "{forgotten}");
        assert_eq!(code("reason: x\nmembers:\ncount: 1\n"), (Code::NoValue, 2));
        assert_eq!(code("reason: x\nmembers: # none\n  # yet\n"), (Code::NoValue, 2));
    }

    #[test]
    fn an_error_of_syntax_shows_its_own_line() {
        let error = error("reason: x\nmembers:\n\t- a\n");
        assert!(error.contains("requests/r.yaml:3:") && error.contains("- a"), "{error}");
    }

    #[test]
    fn spans_are_bytes_and_columns_are_characters() {
        for (text, line, column) in [
            ("reason: \"数\"\nmembers: [范立春, li]\n", 2, 16),
            ("\u{feff}reason: x\r\nmembers: [范立春, li]\r\n", 2, 16),
            ("reason: x\nmembers:\n  - a\n  - li\n", 4, 5),
        ] {
            let file: Arc<str> = "f.yaml".into();
            let sample: Sample = parse(&file, text.as_bytes()).expect("good");
            let last = sample.members.last().expect("a member");
            let place = site(&file, last);
            assert_eq!((place.line, place.column), (line, column), "{text}");
            assert_eq!(&text[span(last)], "li", "{text}");
            assert!(!sample.reason.value.is_empty() && sample.count.is_none());
        }
    }

    proptest! {
        #![proptest_config(crate::fuzz::cases(256))]

        #[test]
        fn fuzz_any_bytes_give_a_value_or_an_error_that_renders(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Err(error) = parse::<Sample>(&"f.yaml".into(), &bytes) {
                let text = String::from_utf8_lossy(&bytes);
                prop_assert!(render(&[error], |_| Some(&text), false).contains("JG0"));
            }
        }

        #[test]
        fn fuzz_any_text_gives_a_value_or_an_error_that_renders(text in "(reason: |[ \\n:*&!{}<,a数-]|\\[|\\]){0,30}") {
            if let Err(error) = parse::<Sample>(&"f.yaml".into(), text.as_bytes()) {
                prop_assert!(render(&[error], |_| Some(&text), false).contains("JG0"));
            }
        }
    }
}
