//! What was opened and is not closed at the end of a file: a parser notices it lines later.

/// What to do about the last bracket or quote that is open at the end of a text; nothing when
/// none is.
pub(super) fn at_end(text: &str) -> Option<String> {
    let (line, open) = open(text)?;
    Some(match open {
        '[' => format!("the `[` in line {line} is not closed: `]` is missing"),
        '{' => format!("the `{{` in line {line} is not closed: `}}` is missing"),
        quote => format!("the text that begins with `{quote}` in line {line} does not end"),
    })
}

/// The last bracket or quote that is open, with its line.
fn open(text: &str) -> Option<(usize, char)> {
    let mut open: Vec<(usize, char)> = Vec::new();
    // The indent of the line with the key of a block of text (`|`, `>`).
    let mut block: Option<usize> = None;
    for (number, line) in text.lines().enumerate() {
        let quoted = matches!(open.last(), Some((_, '"' | '\'')));
        let indent = line.len() - line.trim_start_matches(' ').len();
        if block.is_some_and(|key| indent > key || line.trim().is_empty()) && !quoted {
            continue;
        }
        block = None;
        let mut chars = line.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let before = &line[..at];
            match (open.last().map(|(_, open)| *open), c) {
                (Some('"'), '\\') => {
                    chars.next();
                }
                (Some('\''), '\'') if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                    chars.next();
                }
                (Some('"'), '"') | (Some('\''), '\'') => {
                    open.pop();
                }
                (Some('"' | '\''), _) => {}
                (_, '#') if before.is_empty() || before.ends_with(' ') => break,
                (Some('['), ']') | (Some('{'), '}') => {
                    open.pop();
                }
                (inside, '[' | '{' | '"' | '\'') if begins(before, inside.is_some()) => {
                    open.push((number + 1, c));
                }
                (None, '|' | '>') if begins(before, false) => {
                    block = Some(indent);
                    break;
                }
                _ => {}
            }
        }
    }
    open.pop()
}

/// Whether a value begins behind this part of a line.
fn begins(before: &str, in_brackets: bool) -> bool {
    let text = before.trim_end_matches(' ');
    let apart = text.len() < before.len();
    match text.chars().next_back() {
        None | Some('[' | '{') => true,
        Some(',') => in_brackets,
        Some(':' | '-') => apart,
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_named_with_its_line() {
        for (text, line, c) in [
            ("a: x\nnodes: [/a\nb:", 2, '['),
            ("- { a: b, c: [d]\n- x", 1, '{'),
            ("a: [b, # not ]\n  'it''s ]', \"\\\"]\"\nc:", 1, '['),
            ("a: \"x\nb: y\n", 1, '"'),
            ("tables: ['a.*, b.*]\nc: d", 1, '\''),
            ("a: |\n  [ {\n\n  \"\nb: [c\nd:", 5, '['),
        ] {
            assert_eq!(open(text), Some((line, c)), "{text}");
        }
    }

    #[test]
    fn what_opens_nothing_is_none() {
        for text in [
            "",
            "a: b\n",
            "a: [b, {c: d}]\n",
            "a: billing.cards[x\n",
            "a: it's\n",
            "a: say \"so\n",
            "# [\na: b # {\n",
            "a: >-\n  [\nb: c\n",
            "a: \"\\\\\"\n",
            "a: '\"'\n",
        ] {
            assert_eq!(open(text), None, "{text}");
        }
    }
}
