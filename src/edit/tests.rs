//! Files as people write them, changed in place.

use proptest::prelude::*;

use super::*;

fn renewed(text: &str) -> Result<String, Refused> {
    set(text, "until", "2027-03-31", &["from", "reason", "for"])
}

#[test]
fn only_the_value_changes() {
    for (before, after) in [
        (
            "# who\nfor: liwei   # him\nuntil: 2027-02-28 # soon\nreason: x\n",
            "# who\nfor: liwei   # him\nuntil: 2027-03-31 # soon\nreason: x\n",
        ),
        ("until: \"2027-02-28\"\r\nfor: a\r\n", "until: 2027-03-31\r\nfor: a\r\n"),
        ("{for: a, until: 2027-02-28, reason: x}", "{for: a, until: 2027-03-31, reason: x}"),
        ("\u{feff}until: 2026-12-01 18:00", "\u{feff}until: 2027-03-31"),
        ("reason: 数据\nuntil: '2027-02-28'", "reason: 数据\nuntil: 2027-03-31"),
    ] {
        assert_eq!(renewed(before).as_deref(), Ok(after));
    }
}

#[test]
fn a_new_key_gets_a_line_of_its_own() {
    for (before, after) in [
        (
            "for: liwei\nreason: x # why\nservers:\n  - login: app\n",
            "for: liwei\nreason: x # why\nuntil: 2027-03-31\nservers:\n  - login: app\n",
        ),
        ("reason: x", "reason: x\nuntil: 2027-03-31\n"),
        ("reason: x\r\nfor: a\r\n", "reason: x\r\nuntil: 2027-03-31\r\nfor: a\r\n"),
        ("  reason: x\n  for: a\n", "  reason: x\n  until: 2027-03-31\n  for: a\n"),
        ("{reason: x, for: a}\n", "{reason: x, until: 2027-03-31, for: a}\n"),
        (
            "reason: |\n  long\n  text\nfor: a\n",
            "reason: |\n  long\n  text\nfor: a\nuntil: 2027-03-31\n",
        ),
        ("reason: \"a\n  b\"\nfor: c\n", "reason: \"a\n  b\"\nuntil: 2027-03-31\nfor: c\n"),
    ] {
        assert_eq!(renewed(before).as_deref(), Ok(after));
    }
}

#[test]
fn what_is_no_mapping_is_left_alone() {
    assert_eq!(renewed(""), Err(Refused::NoPlace("until".to_owned())));
    for text in ["- a\n", "reason: x\nreason: y\n", "reason: [", "text"] {
        assert_eq!(renewed(text), Err(Refused::NotKeys), "{text:?}");
    }
}

/// A file of keys in any of the ways that people write them.
fn file() -> impl Strategy<Value = String> {
    let comment = prop_oneof![Just(""), Just("  # 注, why: \"x\""), Just(" # until: 2020-01-01")];
    let scalar = prop_oneof![
        Just("plain"),
        Just("'single: ''quoted'''"),
        Just("\"double \\\" # no\""),
        Just("two\n  lines"),
        Just("|\n  literal\n  # no comment\n"),
        Just(">-\n  folded\n\n  text\n"),
        Just("[a, b]"),
        Just("\n  - a\n  - b"),
        Just("{ a: b }"),
    ];
    let line = (scalar, comment).prop_map(|(value, comment)| match value.ends_with('\n') {
        true => value.to_owned(),
        false => format!("{value}{comment}\n"),
    });
    let between = prop_oneof![Just(""), Just("\n"), Just("# until: never\n"), Just("   \n")];
    let keys = Just(["reason", "for", "from", "until", "servers"]).prop_shuffle();
    let lines = proptest::collection::vec((line, between), 1..5);
    (keys, lines, any::<bool>(), any::<bool>()).prop_map(|(keys, lines, windows, end)| {
        let mut text: String = keys
            .iter()
            .zip(lines)
            .map(|(key, (line, between))| format!("{between}{key}: {line}"))
            .collect();
        if !end {
            text = text.trim_end().to_owned();
        }
        if windows { text.replace('\n', "\r\n") } else { text }
    })
}

#[test]
fn a_name_that_reads_as_something_else_is_written_in_quotes() {
    let text = "for: liwei\nreason: x\n";
    for (name, written) in [("10086", "\"10086\""), ("1e5", "\"1e5\""), ("liwei", "liwei")] {
        let expected = format!("for: liwei\nreason: x\nby: {written}\n");
        assert_eq!(set(text, "by", name, &["reason"]).as_deref(), Ok(expected.as_str()));
    }
}

proptest! {
    #[test]
    fn everything_else_stays(text in file()) {
        let file: Arc<str> = "f".into();
        let Ok(before) = yaml::top_level(&file, text.as_bytes()) else { return Ok(()) };
        let Ok(after) = renewed(&text) else {
            // Only a value of several lines, or none, may have no safe place.
            prop_assert!(before.get("until").is_some());
            return Ok(());
        };
        let read = yaml::top_level(&file, after.as_bytes()).expect("it can be read");
        let mut values = before.values();
        values.insert("until".to_owned(), "2027-03-31".into());
        prop_assert_eq!(read.values(), values);
        // Lines that were there are there, in their order, but for those of the old value.
        let gone = similar::TextDiff::from_lines(&text, &after)
            .iter_all_changes()
            .filter(|change| change.tag() == similar::ChangeTag::Delete)
            .map(|change| change.value().to_owned())
            .collect::<Vec<_>>();
        let comments = |text: &str| text.matches('#').count();
        let in_value = before.get("until").map_or(0, |entry| comments(&text[entry.value.clone()]));
        prop_assert_eq!(comments(&after), comments(&text) - in_value);
        prop_assert!(gone.len() <= 4, "{:?}", gone);
    }

    #[test]
    fn any_text_is_changed_or_refused(text in "(reason: |until: |[ \\n:#*&{},a数'\"|>-]|\\[|\\]){0,24}") {
        let _ = renewed(&text);
    }
}
