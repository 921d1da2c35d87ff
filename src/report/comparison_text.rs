//! What a pull request changes, as text for a terminal or a log.

use std::fmt::Write as _;

use owo_colors::{OwoColorize, Style};

use super::comparison::{Comparison, Live};
use super::phrase::{self, Phrase, count};
use super::text::{Look, wrap};
use crate::effect::Kind;
use crate::plan::finding::Severity;
use crate::visible::clean;

/// The text.
pub fn render(report: &Comparison, look: Look) -> String {
    let mut page = Page { text: String::new(), look };
    let short = |commit: &str| commit.get(..12).unwrap_or(commit).to_owned();
    let head = report.head.as_deref().map_or_else(|| "the files of the folder".to_owned(), short);
    page.wrapped("", "  ", &format!("{}: {head} against {}", report.owner, short(&report.base)));
    page.text.push('\n');
    page.findings(report);
    page.rows(report);
    page.settings(report);
    page.live(&report.live);
    page.foot(report);
    page.text
}

/// The text of a change that is no commit yet, and of nothing else.
pub fn render_change(report: &Comparison, look: Look) -> String {
    let mut page = Page { text: String::new(), look };
    page.findings(report);
    page.rows(report);
    page.settings(report);
    page.foot(report);
    page.text
}

struct Page {
    text: String,
    look: Look,
}

impl Page {
    fn heading(&mut self, title: &str, style: Style) {
        let title =
            if self.look.colours { title.style(style).to_string() } else { title.to_owned() };
        let _ = writeln!(self.text, "{title}");
    }

    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        wrap(&mut self.text, self.look, first, rest, text);
    }

    fn findings(&mut self, report: &Comparison) {
        for (severity, title, style) in [
            (Severity::Error, "Refused by the policy of the base", Style::new().red().bold()),
            (Severity::Risk, "Risks: look twice", Style::new().magenta().bold()),
            (Severity::Warning, "Warnings", Style::new().yellow().bold()),
            (Severity::Notice, "Good to know", Style::new().bold()),
        ] {
            let some: Vec<_> =
                report.findings.iter().filter(|finding| finding.severity == severity).collect();
            if some.is_empty() {
                continue;
            }
            self.heading(title, style);
            for finding in some {
                self.wrapped(&format!("  {} ", finding.code), "        ", &finding.message);
                if let Some(site) = &finding.site {
                    self.wrapped("        ", "        ", &format!("{}:{}", site.file, site.line));
                }
            }
            self.text.push('\n');
        }
    }

    fn rows(&mut self, report: &Comparison) {
        let mut person = None;
        for row in &report.rows {
            if person != Some(&row.person) {
                if person.is_some() {
                    self.text.push('\n');
                }
                let name = clean(&row.name);
                let title = match name == row.person.as_str() {
                    true => name,
                    false => format!("{} ({name})", row.person),
                };
                self.heading(&title, Style::new().bold());
                person = Some(&row.person);
            }
            let sign = match row.kind {
                Kind::Removed | Kind::Narrowed => "-",
                Kind::Added => "+",
                Kind::Renewed | Kind::Changed => "~",
            };
            self.wrapped(
                &format!("  {sign} "),
                "    ",
                &phrase::sentence(&[row.person.as_str()], row, 8).text(),
            );
            if !row.dangers.is_empty() {
                self.wrapped("    ! ", "      ", &phrase::dangers(&row.dangers));
            }
            if row.refused {
                self.wrapped(
                    "    ! ",
                    "      ",
                    "gets nothing: the branch's own policy refuses it",
                );
            }
            for source in row.because.iter().take(8) {
                self.wrapped("      ", "        ", &format!("because \"{}\"", source.reason));
                let site = &source.site;
                self.wrapped("        ", "        ", &format!("{}:{}", site.file, site.line));
            }
            if !row.by.is_empty() {
                let files = Phrase::default().list(row.by.iter().map(String::as_str), 8);
                self.wrapped("      ", "        ", &format!("changed by {}", files.text()));
            }
        }
        if person.is_some() {
            self.text.push('\n');
        }
    }

    fn settings(&mut self, report: &Comparison) {
        if report.settings.is_empty() {
            return;
        }
        self.heading("Edited rules, targets, people and teams", Style::new().bold());
        for setting in &report.settings {
            let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
            let words = format!(
                "{} {}: was {}, is {}",
                setting.file,
                setting.name,
                text(&setting.before),
                text(&setting.after)
            );
            self.wrapped("  ", "    ", &words);
        }
        self.text.push('\n');
    }

    fn live(&mut self, live: &Live) {
        match live {
            Live::NotRead { why, .. } => {
                self.wrapped("", "  ", &format!("Not compared with the live state: {why}."));
            }
            Live::Read { people, pending, due, findings, known, stop_message, .. } => {
                let steps: Vec<_> = people.iter().flat_map(|person| &person.steps).collect();
                let title =
                    format!("The next apply after the merge: {}", count(steps.len(), "step"));
                self.heading(&title, Style::new().bold());
                for step in steps {
                    self.wrapped("  ", "    ", &step.title);
                    for words in &step.words {
                        self.wrapped("      ", "        ", words);
                    }
                }
                for finding in findings {
                    self.wrapped(&format!("  {} ", finding.code), "        ", &finding.message);
                }
                if let Some(stop) = stop_message {
                    self.wrapped("  ", "    ", &format!("the guard would stop it: {stop}"));
                }
                let rest = [
                    (pending.len(), "step pending without it"),
                    (*due, "end due without it"),
                    (*known, "finding without it, too"),
                ];
                for (number, what) in rest.into_iter().filter(|(number, _)| *number > 0) {
                    let (noun, tail) = what.split_once(' ').unwrap_or((what, ""));
                    self.wrapped("", "  ", &format!("{} {tail}", count(number, noun)));
                }
            }
        }
        self.text.push('\n');
    }

    fn foot(&mut self, report: &Comparison) {
        let counts = &report.summary;
        let line = match counts.words() {
            Some(words) => format!("This changes the access of {}: {words}", counts.people()),
            None => "Nobody's access changes".to_owned(),
        };
        let mut lines = String::new();
        wrap(&mut lines, self.look, "", "  ", &line);
        for line in lines.lines() {
            self.heading(line, Style::new().bold());
        }
        for need in &report.needs {
            self.wrapped("", "  ", &format!("Needs {}", phrase::need(need).text()));
        }
    }
}
