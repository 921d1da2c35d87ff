//! A plan as a comment, such as a report on drift.

use super::super::phrase::count;
use super::super::text::summary;
use super::super::{Entry, Report, Sign};
use super::page::Page;
use super::{Form, escape, finding, left_out};
use crate::plan::finding::{Finding, Severity};

/// The comment. It is never longer than the limit.
pub fn render(report: &Report, form: &Form) -> String {
    let mut page = Page::new(form.limit.max(super::LEAST));
    page.add(&format!("**{}.**\n\n", summary(&report.summary)), 60);
    if let Some(stop) = &report.stop_message {
        page.add(&format!("**Stopped by the guard**: {}\n\n", escape::prose(stop)), 60);
    }
    let commit = report.commit.as_deref();
    let mut findings_left = 0;
    for (severity, title, share) in [
        (Severity::Error, "### Errors: this is not done\n\n", 30),
        (Severity::Risk, "### Risks: look twice\n\n", 40),
        (Severity::Warning, "### Warnings\n\n", 50),
        (Severity::Notice, "### Good to know\n\n", 55),
    ] {
        let some = |one: &&Finding| one.severity == severity;
        let found: Vec<String> = report
            .findings
            .iter()
            .filter(some)
            .map(|one| finding(one, &form.links, commit))
            .collect();
        findings_left += page.section(title, &found, "\n", share);
    }
    let mut left = 0;
    for person in &report.people {
        let title = match (&person.person, &person.name) {
            (Some(id), Some(name)) if name != id.as_str() => {
                format!("{} {}", escape::html(id.as_str()), escape::html(name))
            }
            (Some(id), _) => escape::html(id.as_str()),
            (None, _) => "nobody in this repo".to_owned(),
        };
        let steps: Vec<String> = person.steps.iter().map(step).collect();
        let number = count(steps.len(), "step");
        let open = format!("<details><summary>{title}: {number}</summary>\n\n");
        left += page.section(&open, &steps, "\n</details>\n\n", 100);
    }
    let mut foot = left_out(&[(findings_left, "finding"), (left, "step")]);
    if let Some(commit) = commit {
        foot.push_str(&format!(
            "<sub>{}</sub>\n",
            escape::code(commit.get(..12).unwrap_or(commit))
        ));
    }
    page.finish(&foot)
}

/// A step as an entry of a list.
pub(super) fn step(entry: &Entry) -> String {
    let sign = match entry.sign {
        Sign::Add => "add",
        Sign::Change => "change",
        Sign::End => "end",
    };
    let mut text = format!("- **{sign}** {}", escape::code(&entry.title));
    for words in &entry.words {
        text.push_str("<br>");
        text.push_str(&escape::prose(words));
    }
    text.push('\n');
    text
}
