//! What to do about a line that is no YAML, or is other YAML than it looks: what people type
//! most often where YAML wants something else.

use granit_parser::ErrorKind;

use super::unclosed;

/// What to do about a character of full width in a text where it does not belong: input
/// methods for Chinese give `：`, `，` and blanks that look like the ordinary ones.
pub fn full_width(text: &str) -> Option<String> {
    let (wide, narrow) = text.chars().find_map(|c| Some((c, narrow(c)?)))?;
    Some(told(wide, narrow))
}

/// What to do about the line of an error of shape or syntax.
pub(super) fn with_line(line: &str, syntax: bool) -> Option<String> {
    let text = line.trim_start_matches(' ');
    if syntax && text.starts_with('\t') {
        return Some("indent with blanks: YAML takes no tabs there".to_owned());
    }
    let first = text.chars().next()?;
    if matches!(narrow(first), Some(' ' | '-')) {
        return full_width(text);
    }
    let text = text.strip_prefix("- ").map_or(text, |rest| rest.trim_start_matches(' '));
    let key = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(0);
    let (key, rest) = text.split_at(key);
    let value = match rest.chars().next() {
        Some(c) if !key.is_empty() && narrow(c) == Some(':') => return full_width(rest),
        Some(':') if !key.is_empty() => rest[1..].trim_start_matches(' '),
        _ => text,
    };
    let first = value.chars().next()?;
    if narrow(first).is_some() {
        return full_width(value);
    }
    if !syntax {
        return None;
    }
    let plain = value.split(" #").next().unwrap_or(value).trim_end();
    if MARKS.contains(&first) {
        return Some(stands_in_quotes(first));
    }
    let unquoted = !matches!(first, '"' | '\'' | '[' | '{' | '|' | '>') && value != text;
    (unquoted && (plain.contains(": ") || plain.ends_with(':'))).then(|| {
        format!("a text with `: ` in it stands in quotes: {key}: {}", super::quoted(plain))
    })
}

/// What to do about an error of syntax, from why and at which byte the parser stops.
pub(super) fn with_fault(text: &str, (kind, at): (ErrorKind, usize)) -> Option<String> {
    use ErrorKind as Kind;
    let (before, behind) = text.split_at_checked(at)?;
    let line = before.rsplit('\n').next().into_iter().chain(behind.lines().next());
    let escape = matches!(
        kind,
        Kind::UnknownQuotedScalarEscape
            | Kind::InvalidQuotedScalarHexEscape
            | Kind::InvalidLowSurrogateHexEscape
            | Kind::InvalidLowSurrogate
            | Kind::MissingLowSurrogate
            | Kind::UnpairedLowSurrogate
            | Kind::InvalidUnicodeEscape
    );
    // A text that does not end runs into the escapes of other lines.
    if escape && line.into_iter().any(|part| part.contains('\\')) {
        let help = "in double quotes `\\` begins an escape; in single quotes it is itself";
        return Some(help.to_owned());
    }
    let first = behind.chars().next().filter(|c| MARKS.contains(c));
    let mark = first.or_else(|| before.chars().next_back().filter(|c| MARKS.contains(c)));
    if let Some(mark) = mark {
        return Some(stands_in_quotes(mark));
    }
    if behind.starts_with(',') {
        return Some("there is nothing before this comma: take it out".to_owned());
    }
    unclosed::at_end(text)
}

/// What begins no text without quotes.
const MARKS: [char; 6] = ['*', '&', '!', '%', '@', '`'];

fn stands_in_quotes(mark: char) -> String {
    format!("a text that begins with `{mark}` stands in quotes")
}

/// The character that YAML reads, for one of full width or of print that looks like it.
fn narrow(c: char) -> Option<char> {
    match c {
        '\u{a0}' | '\u{3000}' => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '、' => Some(','),
        '。' => Some('.'),
        '“' | '”' | '「' | '」' => Some('"'),
        '‘' | '’' => Some('\''),
        '【' => Some('['),
        '】' => Some(']'),
        '‐'..='―' | '−' => Some('-'),
        _ => None,
    }
}

fn told(wide: char, narrow: char) -> String {
    match narrow {
        ' ' => format!("there is a blank here that is no ordinary one (U+{:04X})", u32::from(wide)),
        ':' | ',' => {
            format!("`{wide}` is not what is read here: write `{narrow}` and a blank behind it")
        }
        _ => format!("`{wide}` is not what is read here: write `{narrow}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_in_full_width_is_named() {
        for (line, help) in [
            ("for：fanlichun", "`：` is not what is read here: write `:` and a blank behind it"),
            ("  - login：app", "`：` is not what is read here: write `:` and a blank behind it"),
            (
                "until： 2027-02-28",
                "`：` is not what is read here: write `:` and a blank behind it",
            ),
            ("　　nodes: [/a]", "there is a blank here that is no ordinary one (U+3000)"),
            ("\u{a0} nodes: [/a]", "there is a blank here that is no ordinary one (U+00A0)"),
            ("for:　fanlichun", "there is a blank here that is no ordinary one (U+3000)"),
            ("  － login: app", "`－` is not what is read here: write `-`"),
            ("  – login: app", "`–` is not what is read here: write `-`"),
            ("reason: “PAY-1: refunds”", "`“` is not what is read here: write `\"`"),
            ("nodes: 【/Default】", "`【` is not what is read here: write `[`"),
        ] {
            assert_eq!(with_line(line, true).as_deref(), Some(help), "{line}");
        }
        assert_eq!(with_line("reason: \"核对：退款\"", true), None);
        assert_eq!(full_width("范立春"), None);
        assert_eq!(
            full_width("fanlichun、liwei").as_deref(),
            Some("`、` is not what is read here: write `,` and a blank behind it")
        );
    }

    #[test]
    fn what_needs_quotes_is_named() {
        for (line, help) in [
            (
                "reason: PAY-1234: \"refunds\" # why",
                "a text with `: ` in it stands in quotes: reason: \"PAY-1234: \\\"refunds\\\"\"",
            ),
            ("account-host: %", "a text that begins with `%` stands in quotes"),
            ("      - *", "a text that begins with `*` stands in quotes"),
            ("- `a.b`.`t`", "a text that begins with ``` stands in quotes"),
            ("\t- login: app", "indent with blanks: YAML takes no tabs there"),
        ] {
            assert_eq!(with_line(line, true).as_deref(), Some(help), "{line}");
        }
        for line in ["members: [a", "reason: \"a: b", "for: fanlichun", "", "  : x"] {
            assert_eq!(with_line(line, true), None, "{line}");
        }
        assert_eq!(with_line("reason: a: b", false), None);
    }
}
