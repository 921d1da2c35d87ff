//! An audit as CSV (RFC 4180), one row a door: for a spreadsheet.

use crate::audit::{Audit, Door};
use crate::visible::clean;

/// The columns.
const COLUMNS: [&str; 12] = [
    "risk",
    "target",
    "kind",
    "name",
    "id",
    "opens",
    "people",
    "people_count",
    "codes",
    "faults",
    "next",
    "command",
];

/// The table, with its head.
pub fn render(audit: &Audit) -> String {
    let mut text = COLUMNS.join(",") + "\r\n";
    for door in &audit.doors {
        text.push_str(&row(door).map(|cell| self::cell(&cell)).join(","));
        text.push_str("\r\n");
    }
    text
}

fn row(door: &Door) -> [String; 12] {
    let people = door.people.iter().map(|who| match &who.person {
        Some(person) => person.to_string(),
        None => format!("user {}", who.user),
    });
    let people: Vec<String> = people.collect();
    let codes: Vec<String> = door.faults.iter().map(|fault| fault.code.to_string()).collect();
    let faults: Vec<&str> = door.faults.iter().map(|fault| fault.what.as_str()).collect();
    [
        door.risk.word().to_owned(),
        door.target.clone(),
        door.kind.words().to_owned(),
        door.name.clone(),
        door.id.map(|id| id.to_string()).unwrap_or_default(),
        door.opens.clone(),
        people.join("; "),
        door.people_count.to_string(),
        codes.join(" "),
        faults.join("; "),
        door.next.text.clone(),
        door.next.command.clone(),
    ]
}

/// One cell. Spreadsheets take some first characters for a formula, and names of accounts are
/// whatever somebody made up: an apostrophe in front makes the cell a text.
fn cell(text: &str) -> String {
    let text = clean(text);
    let text = match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text,
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_text_whatever_stands_in_it() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("@%", "'@%"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
