//! Unused access as text.

use super::{Line, Unused};
use crate::report::phrase::count;
use crate::report::text::{Look, wrap};

/// The text.
pub fn render(report: &Unused, look: Look) -> String {
    let mut text = String::new();
    let what = match &report.commit {
        Some(commit) => format!("commit {}", commit.get(..12).unwrap_or(commit)),
        None => "the files of the folder".to_owned(),
    };
    wrap(&mut text, look, "", "  ", &format!("{} at {}, {what}", report.owner, report.at));
    let records = match &report.records_since {
        Some(since) => format!("JumpServer's session records begin {since}"),
        None => "JumpServer has no session records".to_owned(),
    };
    wrap(&mut text, look, "", "  ", &records);
    for note in &report.notes {
        wrap(&mut text, look, "", "  ", note);
    }
    text.push('\n');
    lines(&mut text, look, &report.unused);
    if !report.unknown.is_empty() {
        text.push_str("Not known\n");
        lines(&mut text, look, &report.unknown);
    }
    let counts = report.counts;
    let all = counts.used + counts.unused + counts.young + counts.unknown;
    let summary = format!(
        "Of {}: {} not used for {}, {} used, {} younger, {} not known",
        if all == 1 { "1 access".to_owned() } else { format!("{all} accesses") },
        counts.unused,
        count(report.days as usize, "day"),
        counts.used,
        counts.young,
        counts.unknown
    );
    wrap(&mut text, look, "", "  ", &summary);
    text
}

/// The lines by request and person.
fn lines(text: &mut String, look: Look, lines: &[Line]) {
    let mut last = None;
    for line in lines {
        if last != Some(&line.request) {
            if last.is_some() {
                text.push('\n');
            }
            wrap(text, look, "", "  ", line.request.as_str());
            last = Some(&line.request);
        }
        let team = line.team.as_ref().map(|team| format!(", by team {team}")).unwrap_or_default();
        wrap(text, look, "  ", "    ", &format!("{}{team}: {}", line.person, line.opens));
        wrap(text, look, "      ", "      ", &line.words);
    }
    if !lines.is_empty() {
        text.push('\n');
    }
}
