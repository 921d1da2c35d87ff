//! Diagnostics as text: the line with a caret, what was expected, what to do.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Diagnostic, Severity};
use crate::visible::{clean, is_hidden, tame};

/// The longest piece of a line that is shown: a hostile file cannot flood a terminal.
const SHOWN: usize = 160;

/// Renders diagnostics in the order given. `source` gives the text of a file by its path;
/// `styled` puts in colours.
pub fn render<'a>(
    diagnostics: &'a [Diagnostic],
    source: impl Fn(&str) -> Option<&'a str>,
    styled: bool,
) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(80);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let site = &diagnostic.site;
        let [file, message, expected] =
            [&site.file, diagnostic.message.as_str(), &diagnostic.expected].map(clean);
        let help = diagnostic.help.as_deref().map(clean);
        let (line, span) = line(source(&site.file).unwrap_or_default(), &diagnostic.span);
        let level = match diagnostic.code.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(message.as_str()).id(diagnostic.code.as_str());
        let annotation = AnnotationKind::Primary.span(span).label(expected.as_str());
        let snippet = Snippet::source(line.as_str())
            .line_start(site.line as usize)
            .path(file.as_str())
            .annotation(annotation);
        let mut group = title.element(snippet);
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        // The renderer shows most control characters as pictures; of the others only its colours
        // remain.
        for line in renderer.render(&[group]).lines() {
            text.push_str(&spelled(&tame(line), |c| c == '\u{1b}'));
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

/// The line of a span, cut to what can be shown and with hidden characters spelled out, and the
/// span within it: what is spelled out takes the room that the caret is moved by.
fn line(source: &str, span: &Range<usize>) -> (String, Range<usize>) {
    let at = floor(source, span.start);
    let start = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = source[at..].find(['\n', '\r']).map_or(source.len(), |newline| at + newline);
    let start = floor(source, start.max(at.saturating_sub(SHOWN / 2))).min(at);
    let end = floor(source, end.min(at + SHOWN)).max(at);
    let last = floor(source, span.end.clamp(at, end));
    let [before, marked, behind] =
        [start..at, at..last, last..end].map(|part| spelled(&source[part], char::is_control));
    let place = before.len()..before.len() + marked.len();
    (before + &marked + &behind, place)
}

/// A text with hidden characters spelled out, but for those that stay.
fn spelled(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut spelled = String::with_capacity(text.len());
    for c in text.chars() {
        match is_hidden(c) && !stays(c) {
            true => spelled.extend(c.escape_unicode()),
            false => spelled.push(c),
        }
    }
    spelled
}

/// The nearest boundary of a character at or below a position.
fn floor(text: &str, position: usize) -> usize {
    let mut position = position.min(text.len());
    while !text.is_char_boundary(position) {
        position -= 1;
    }
    position
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::model::Site;
    use crate::diagnostic::Code;

    #[test]
    fn the_caret_stands_below_its_text() {
        for (source, marked) in [
            ("\u{feff}owner: ACME\n", "ACME"),
            ("reason: \u{645}\u{6cc}\u{200c}x [ACME]\n", "ACME"),
            ("reason: x\u{200e} ACME \u{202e}y\n", "ACME"),
            ("\u{feff}owner: x\n", "owner"),
        ] {
            let at = source.find(marked).expect("it is there");
            let error = Diagnostic {
                code: Code::Syntax,
                site: Site { file: "f.yaml".into(), line: 1, column: 1 },
                span: at..at + marked.len(),
                message: "m".to_owned(),
                expected: "e".to_owned(),
                help: None,
            };
            let text = render(&[error], |_| Some(source), false);
            let lines: Vec<&str> = text.lines().collect();
            let width = |line: &str| unicode_width::UnicodeWidthStr::width(line);
            let of = |at: usize, what: &str| width(lines[at].split_once(what).expect("it").0);
            assert_eq!(of(3, marked), of(4, "^"), "{text}");
        }
    }
}
