//! Texts from outside as they may be shown: what deceives the eye, moves a terminal's cursor
//! or gives orders to the machine that runs a job is spelled out.

use std::borrow::Cow;

use serde::Serialize;

/// Whether a character is not seen as itself: it controls, turns the direction of writing,
/// or takes no room (Unicode's default-ignorable ones). The joiner of emoji, and what makes a
/// character an emoji or none (U+FE0E, U+FE0F), are seen.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
            | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{fe00}'..='\u{fe0d}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character has no place in a file that people review: hidden, and not one that
/// writing needs (line ends, tabs, the joiner and marks of Persian, Arabic and Hebrew).
pub fn is_deceptive(c: char) -> bool {
    let needed = matches!(c, '\n' | '\r' | '\t' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    is_hidden(c) && !needed
}

/// A text in one line, with everything hidden spelled out (`\u{202e}`), so that no text can
/// pretend to be another. It cannot give orders to a job's runner either ([`tame`]).
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || c == '\t' {
            clean.push(' ');
        } else if is_hidden(c) {
            clean.extend(c.escape_unicode());
        } else {
            clean.push(c);
        }
    }
    match tame(&clean) {
        Cow::Borrowed(_) => clean,
        Cow::Owned(tamed) => tamed,
    }
}

/// A line of output that is no order to a runner. GitHub's reads `##[command]` anywhere in a
/// line and `::command` at its beginning, blanks before it left out (actions/runner,
/// `ActionCommand.cs`); Azure's reads `##vso[`, and TeamCity's `##teamcity[`, anywhere.
pub fn tame(line: &str) -> Cow<'_, str> {
    let text = line.trim_start();
    if !text.starts_with("::") && !line.contains("##") {
        return Cow::Borrowed(line);
    }
    let blanks = &line[..line.len() - text.len()];
    let text = match text.strip_prefix("::") {
        Some(rest) => format!("\\u{{3a}}:{rest}"),
        None => text.to_owned(),
    };
    Cow::Owned(blanks.to_owned() + &text.replace("##", "#\\u{23}"))
}

/// The JSON form of plain data, over several lines. What is hidden, or could be an order to a
/// runner, is escaped: a program reads the same text.
pub fn json(value: &impl Serialize) -> String {
    // Plain data with string keys always has a JSON form.
    let json = serde_json::to_string_pretty(value).unwrap_or_default();
    let escape = |c: char| c != '\n' && is_hidden(c);
    if !json.contains("##") && !json.contains(escape) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if escape(c) || (c == '#' && escaped.ends_with('#')) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_hidden_is_spelled_out() {
        assert_eq!(clean("a\u{1b}[31mb\u{9b}2J\u{7}"), "a\\u{1b}[31mb\\u{9b}2J\\u{7}");
        assert_eq!(clean("x\u{202e}y\u{200b}z"), "x\\u{202e}y\\u{200b}z");
        assert_eq!(clean("one\ntwo\tthree"), "one two three");
        assert_eq!(clean("范立春 🙂 👩\u{200d}👩 è"), "范立春 🙂 👩\u{200d}👩 è");
        for c in ['\u{e0100}', '\u{e01ef}', '\u{180b}', '\u{180f}', '\u{1d173}', '\u{fe00}'] {
            assert!(is_deceptive(c), "{c:?}");
        }
        assert!(is_deceptive('\u{202e}') && !is_deceptive('\u{200c}') && !is_deceptive('\n'));
    }

    #[test]
    fn no_line_is_an_order_to_a_runner() {
        assert_eq!(clean("::set-output name=a::b"), "\\u{3a}:set-output name=a::b");
        assert_eq!(clean("\n ::stop"), "  \\u{3a}:stop");
        assert_eq!(clean("x ##[add-mask]y"), "x #\\u{23}[add-mask]y");
        assert_eq!(clean("###vso["), "#\\u{23}#vso[");
        assert_eq!(clean("a::b # c"), "a::b # c");
    }

    proptest! {
        #[test]
        fn json_means_what_it_meant(texts in proptest::collection::vec(
            prop_oneof![any::<String>(), "[#\\\\\"\u{9b}\u{202e}\u{e0041}:\\[]{0,12}"], 0..4,
        )) {
            let json = json(&texts);
            let read: Vec<String> = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(&read, &texts);
            prop_assert!(!json.contains("##"));
            prop_assert!(!json.chars().any(|c| c != '\n' && is_hidden(c)));
        }

        #[test]
        fn clean_texts_stay_so(text in any::<String>()) {
            let once = clean(&text);
            prop_assert!(!once.chars().any(is_hidden));
            prop_assert!(!once.contains("##") && !once.trim_start().starts_with("::"));
            prop_assert_eq!(clean(&once), once);
        }
    }
}
