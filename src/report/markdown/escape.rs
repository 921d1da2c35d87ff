//! Texts from outside in Markdown: nothing in them is markup, a mention, a link or a
//! reference, on GitHub, GitLab, Gitea, Forgejo and Gitee.
//!
//! All of these leave the text of a `code` element alone: their filters for mentions,
//! references, links and emoji skip it (GitHub: html-pipeline's ignored parents `pre`,
//! `code`, `tt`, `a`; GitLab: `Banzai`'s the same; Gitea: `markup/html.go` skips `code`).
//! So a word that is more than letters goes into one.

use std::fmt::Write as _;

use crate::visible::clean;

/// The longest text from outside that is shown, in characters.
pub(super) const LONGEST: usize = 160;

/// A text as code, in a cell, a heading, a paragraph or a link.
pub(super) fn code(text: &str) -> String {
    let text = shown(text);
    // Plain back-ticks read best where the source is read; entities where they cannot hold.
    let plain = |c: char| !matches!(c, '`' | '|' | '\\' | '<' | '>' | '&' | '$');
    if !text.trim().is_empty() && text.trim() == text && text.chars().all(plain) {
        format!("`{text}`")
    } else {
        format!("<code>{}</code>", entities(&text))
    }
}

/// A text as code inside of an HTML block, such as a summary.
pub(super) fn html(text: &str) -> String {
    format!("<code>{}</code>", entities(&shown(text)))
}

/// A sentence from outside: words of letters stay, everything else is code.
pub(super) fn prose(text: &str) -> String {
    let text = shown(text);
    let mut prose = String::new();
    let mut odd: Vec<&str> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if is_plain(word) {
            flush(&mut prose, &mut odd);
            push(&mut prose, word);
        } else if let Some((word, mark)) = quoted(word) {
            flush(&mut prose, &mut odd);
            push(&mut prose, &code(word));
            prose.push_str(mark);
        } else {
            odd.push(word);
        }
    }
    flush(&mut prose, &mut odd);
    prose
}

/// A word that is in back-ticks already, and the mark behind it.
fn quoted(word: &str) -> Option<(&str, &str)> {
    let bare = word.strip_suffix([',', '.', ';', ':']).unwrap_or(word);
    let inner = bare.strip_prefix('`')?.strip_suffix('`')?;
    (!inner.is_empty() && !inner.contains('`')).then(|| (inner, &word[bare.len()..]))
}

fn flush(prose: &mut String, odd: &mut Vec<&str>) {
    if !odd.is_empty() {
        push(prose, &code(&odd.join(" ")));
        odd.clear();
    }
}

fn push(prose: &mut String, word: &str) {
    if !prose.is_empty() {
        prose.push(' ');
    }
    prose.push_str(word);
}

/// Whether a word can mean nothing but itself: letters, a small number, a day, a time or an
/// offset, with brackets around and one mark behind. A word of hexadecimal digits alone could
/// be a commit.
fn is_plain(word: &str) -> bool {
    let bare = word.strip_suffix([',', '.', ';', ':']).unwrap_or(word);
    let bare = bare.strip_prefix('(').unwrap_or(bare);
    let bare = bare.strip_suffix(')').unwrap_or(bare);
    let letters = !bare.is_empty() && bare.chars().all(char::is_alphabetic);
    let commit = bare.len() >= 7 && bare.chars().all(|c| c.is_ascii_hexdigit());
    let shape: String = bare.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let number = ["0", "00", "000", "0000", "00000", "0000-00-00", "00:00", "+00:00", "-00:00"];
    (letters && !commit) || number.contains(&shape.as_str())
}

/// A text made visible and short; spelled-out characters count as they are shown.
fn shown(text: &str) -> String {
    let mut shown = clean(text);
    if let Some((end, _)) = shown.char_indices().nth(LONGEST) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// Everything that could be markup as numeric entities (CommonMark 6.2: an entity cannot
/// stand for a character of structure), for the inside of `code`. GitHub's Markdown makes
/// links of addresses in any text, entities or not, so no `@` stands in one text with what is
/// before it.
fn entities(text: &str) -> String {
    let mut entities = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || !c.is_ascii() || matches!(c, '-' | '/' | ',' | ' ') {
            entities.push(c);
        } else if c == '@' {
            entities.push_str("</code><code>&#64;");
        } else {
            let _ = write!(entities, "&#{};", u32::from(c));
        }
    }
    entities
}

/// A part of a URL's path: what is not plain is percent-encoded; `/` stays.
pub(in crate::report) fn path(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/') {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_and_the_rest_is_code() {
        assert_eq!(prose("PAY-1234: reconcile refunds"), "`PAY-1234:` reconcile refunds");
        assert_eq!(prose("hello @liwei, see #12 now."), "hello `@liwei,` see `#12` now.");
        assert_eq!(prose("范立春"), "范立春");
        assert_eq!(prose("deadbeef cafe"), "`deadbeef` cafe");
        assert_eq!(
            prose("ends (soon): 2027-01-31 24:00 +08:00"),
            "ends (soon): 2027-01-31 24:00 +08:00"
        );
        assert_eq!(prose(":smile: 1:100:1 a:b"), "`:smile: 1:100:1 a:b`");
        assert_eq!(prose("add `until:`; or `a|b`"), "add `until:`; or <code>a&#124;b</code>");
        assert_eq!(prose("a | b"), "a <code>&#124;</code> b");
        assert_eq!(prose("see www.evil.example"), "see `www.evil.example`");
    }

    #[test]
    fn code_holds_whatever_comes() {
        assert_eq!(code("orders.*"), "`orders.*`");
        assert_eq!(code("a`b"), "<code>a&#96;b</code>");
        assert_eq!(code("<!-- x -->"), "<code>&#60;&#33;-- x --&#62;</code>");
        assert_eq!(code("`a@b.example"), "<code>&#96;a</code><code>&#64;b&#46;example</code>");
        assert_eq!(code(""), "<code></code>");
        assert_eq!(
            code("a\nb\u{202e}\u{200b}"),
            "<code>a b&#92;u&#123;202e&#125;&#92;u&#123;200b&#125;</code>"
        );
        assert!(code(&"界".repeat(1000)).chars().count() < 200);
    }

    #[test]
    fn a_path_cannot_leave_its_link() {
        assert_eq!(path("requests/a b).yaml"), "requests/a%20b%29.yaml");
        assert_eq!(path("人"), "%E4%BA%BA");
    }
}
