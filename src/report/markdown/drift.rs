//! Drift as an issue of the forge.

use super::super::drift::{Change, Drift};
use super::super::drift::{hand, how};
use super::page::Page;
use super::{Form, escape, finding};
use crate::plan::finding::Finding;

/// The body of the issue: never longer than the limit, and the same for the same drift.
pub fn render(drift: &Drift, zone: &jiff::tz::TimeZone, form: &Form) -> String {
    let mut page = Page::new(form.limit.max(super::LEAST));
    let commit = Some(drift.commit.as_str());
    page.add(
        &format!(
            "**{}**: what stands on the targets is not what was applied last, though \
         git did not change.\n\n",
            drift.summary()
        ),
        60,
    );
    if let Some(words) = drift.logs.words().filter(|_| !drift.changes.is_empty()) {
        page.add(&format!("{}\n\n", escape::prose(words)), 60);
    }
    let listed = |findings: &[Finding]| -> Vec<String> {
        findings.iter().map(|one| finding(one, &form.links, commit)).collect()
    };
    let mut left = page.section("### Could not be compared\n\n", &listed(&drift.errors), "\n", 25);
    left += page.section("### Signs of another hand\n\n", &listed(&drift.signs), "\n", 50);
    let changes: Vec<String> =
        drift.changes.iter().map(|one| change(one, zone, form, commit)).collect();
    left += page.section("### Changes\n\n", &changes, "\n", 100);
    let mut foot = String::new();
    if left > 0 {
        let left = if left == 1 { "1 entry".to_owned() } else { format!("{left} entries") };
        foot.push_str(&format!(
            "**Not shown, since an issue has a limit: {left}.** `jumpgate drift` prints the \
             whole.\n\n"
        ));
    }
    foot.push_str(&format!(
        "When git is right, the next `jumpgate apply` takes this back, and this issue is closed \
         by the next run. When the change is right, ask for it in a request.\n\n<sub>{}</sub>\n",
        escape::code(drift.commit.get(..12).unwrap_or(&drift.commit))
    ));
    page.finish(&foot)
}

/// A change as an entry of a list.
fn change(change: &Change, zone: &jiff::tz::TimeZone, form: &Form, commit: Option<&str>) -> String {
    let mut text = format!("- {} {}", escape::code(&change.title), escape::prose(&how(change)));
    let line = |what: &str, words: &str| format!("<br>{what}{}", escape::prose(words));
    if let Some(person) = &change.person {
        text.push_str(&line("of ", person.as_str()));
    }
    for words in &change.undo {
        text.push_str(&line("undo: ", words));
    }
    for one in &change.hands {
        text.push_str(&line("log: ", &hand(one, zone)));
    }
    for reason in &change.because {
        let words = reason.reason.as_deref().unwrap_or(reason.request.as_str());
        text.push_str(&line("because ", words));
        if let Some(site) = &reason.site {
            text.push_str(&format!(" ({})", form.links.to(site, commit)));
        }
    }
    text.push('\n');
    text
}
