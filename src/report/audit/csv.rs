//! An audit as CSV (RFC 4180), one row a door: for a spreadsheet. Emergencies that no owner has
//! approved come first, without a risk.

use crate::audit::{Audit, Door};
use crate::plan::finding::Finding;
use crate::report::csv;

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
    let mut text = csv::row(COLUMNS);
    for finding in &audit.emergencies {
        text.push_str(&csv::row(emergency(finding)));
    }
    for door in &audit.doors {
        text.push_str(&csv::row(row(door)));
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

fn emergency(finding: &Finding) -> [String; 12] {
    let mut row: [String; 12] = Default::default();
    row[2] = "emergency".to_owned();
    row[3] = finding.site.as_ref().map(|site| site.file.to_string()).unwrap_or_default();
    row[8] = finding.code.to_string();
    row[9] = finding.message.clone();
    row[10] = finding.help.clone().unwrap_or_default();
    row
}
