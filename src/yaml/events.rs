//! What the parser tells of a file before it becomes values: tags, anchors and aliases, of which
//! values keep no trace, and texts as they are after their escapes.

use std::ops::Range;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Options, Parser};
use serde_yaml::Budget;

use super::{hidden, site_at};
use crate::diagnostic::{Code, Diagnostic};
use crate::visible::is_deceptive;

/// The first tag, anchor or alias of a file, or the first of its texts that has a character by
/// an escape that nobody sees. What stands behind an error of syntax is not looked at.
pub(super) fn refused(file: &Arc<str>, text: &str) -> Option<Diagnostic> {
    // Only texts in double quotes have escapes.
    let escapes = text.contains('\\') && text.contains('"');
    // Behind these characters the three are part of a text, as in `orders.*`.
    let within = |before: &str| before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
    let marks = || text.match_indices(['!', '&', '*']).any(|(at, _)| !within(&text[..at]));
    if !escapes && !marks() {
        return None;
    }
    // Where this ends, values end too: it is the same parser with the same limits.
    for read in Parser::new_from_str_with_options(text, options()) {
        let (event, span) = read.ok()?;
        let of = |span: &granit_parser::Span| span.byte_range().unwrap_or_default();
        if let Some(tag) = span.tag_span().or(span.tag_start().map(granit_parser::Span::empty)) {
            return Some(exotic(file, text, of(&tag), "tags (`!name`)", '!'));
        }
        let found = match &event {
            Event::Anchor(..) => exotic(file, text, of(&span), "anchors (`&name`)", '&'),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                exotic(file, text, of(&span), "aliases (`*name`)", '*')
            }
            Event::Scalar(value, ..) => match value.chars().find(|c| is_deceptive(*c)) {
                Some(c) => hidden::told(c, site_at(file, text, of(&span).start), of(&span)),
                None => continue,
            },
            _ => continue,
        };
        return Some(found);
    }
    None
}

/// Why the parser stops in a file, and at which byte; `None` when it reads all of it.
pub(super) fn fault(text: &str) -> Option<(ErrorKind, usize)> {
    let error = Parser::new_from_str_with_options(text, options()).find_map(Result::err)?;
    Some((error.kind().clone(), error.marker().byte_offset()?))
}

/// The limits with which values are read.
fn options() -> Options {
    let limits = Budget::default();
    granit_parser::options! {
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        simple_key_max_lookahead: limits.simple_key_max_lookahead,
        flow_nesting_limit: limits.flow_nesting_limit,
    }
}

fn exotic(file: &Arc<str>, text: &str, span: Range<usize>, what: &str, first: char) -> Diagnostic {
    Diagnostic {
        code: Code::Exotic,
        site: site_at(file, text, span.start),
        span,
        message: format!("{what} are not read"),
        expected: "expected a plain value".to_owned(),
        help: Some(format!("a text that begins with `{first}` stands in quotes")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> Option<(Code, u32, u32, &str)> {
        let error = refused(&"f.yaml".into(), text)?;
        Some((error.code, error.site.line, error.site.column, &text[error.span]))
    }

    #[test]
    fn every_tag_anchor_and_alias_is_refused_at_its_place() {
        for (text, line, column, written) in [
            ("for: !!binary bGl3ZWk=\n", 1, 6, "!!binary"),
            ("reason: !!str 123\n", 1, 9, "!!str"),
            ("reason: ! x\n", 1, 9, "!"),
            ("reason: !\n", 1, 9, "!"),
            ("servers: !!seq [a]\n", 1, 10, "!!seq"),
            ("servers: !!map\n  a: b\n", 1, 10, "!!map"),
            ("reason: !<tag:yaml.org,2002:str> x\n", 1, 9, "!<tag:yaml.org,2002:str>"),
            ("%TAG !e! tag:e,1:\n---\nreason: !e!x y\n", 3, 9, "!e!x"),
            ("!x reason: y\n", 1, 1, "!x"),
            ("\u{feff}reason: 数\nfor: [a, !!str 数]\n", 2, 10, "!!str"),
            ("a: &x [pay-web-01]\nb: *x\n", 1, 4, "&x"),
            ("reason: *there\n", 1, 9, "*there"),
            ("tables:\n  - *.*\n", 2, 5, "*.*"),
            ("&k for: x\n", 1, 1, "&k"),
            ("reason: x\nfor: &a !b x\n", 2, 9, "!b"),
        ] {
            assert_eq!(told(text), Some((Code::Exotic, line, column, written)), "{text:?}");
        }
    }

    proptest! {
        /// What is not looked at has nothing to be found.
        #[test]
        fn nothing_passes_that_a_parser_tells(text in "([a: .!&*\\n,-]|\\[|\\]|\\{|\\}|\"|'|--- |\\.\\.\\.\n){0,14}") {
            let events = Parser::new_from_str_with_options(&text, options());
            let told = events.map_while(Result::ok).any(|(event, span)| {
                let alias = matches!(event, Event::Alias(_) | Event::UnresolvedAlias(_));
                alias || matches!(event, Event::Anchor(..)) || span.tag_start().is_some()
            });
            prop_assert_eq!(refused(&"f.yaml".into(), &text).is_some(), told);
        }
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in [
            "reason: \"!x &y *z\"\n",
            "reason: a & b ! *c\n# &x *y !z\n",
            "tables: [orders.*]\n",
            "reason: |\n  !x\n  *y\n",
            "reason: \"a\\tb\" # !x\n",
        ] {
            assert_eq!(told(text), None, "{text:?}");
        }
    }
}
