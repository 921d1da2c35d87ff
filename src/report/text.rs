//! A report as text for a terminal, or for a file.

use std::fmt::Write as _;

use owo_colors::{OwoColorize, Style};
use textwrap::{Options, WordSplitter};

use super::{Entry, Report, Sign, Summary};
use crate::plan::Target;
use crate::plan::finding::{Finding, Severity};
use crate::plan::reason::{Reason, State};
use crate::visible::{clean, tame};

/// How a text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The width in columns.
    pub width: usize,
    /// Whether with colours.
    pub colours: bool,
}

/// Adds a text that begins at one column and goes on at another, in lines of the width, with
/// nothing in it that a terminal or a job runner obeys.
pub(crate) fn wrap(into: &mut String, look: Look, first: &str, rest: &str, text: &str) {
    let options = Options::new(look.width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .word_splitter(WordSplitter::NoHyphenation);
    for line in textwrap::wrap(&clean(text), options) {
        into.push_str(&tame(line.trim_end()));
        into.push('\n');
    }
}

/// A text in a style, where there are colours.
pub(crate) fn paint(look: Look, text: &str, style: Style) -> String {
    if look.colours { text.style(style).to_string() } else { text.to_owned() }
}

/// Adds a heading.
pub(crate) fn heading(into: &mut String, look: Look, title: &str) {
    into.push_str(&paint(look, title, Style::new().bold()));
    into.push('\n');
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 80, colours: false }
    }
}

/// The text of a report.
pub fn render(report: &Report, look: Look) -> String {
    let mut page = Page { text: String::new(), look };
    page.head(report);
    page.findings(&report.findings);
    for person in &report.people {
        let title = match (&person.person, &person.name) {
            (Some(id), Some(name)) if name != id.as_str() => format!("{id} ({})", clean(name)),
            (Some(id), _) => id.to_string(),
            (None, _) => "nobody in this repo".to_owned(),
        };
        heading(&mut page.text, page.look, &title);
        for entry in &person.steps {
            page.entry(entry);
        }
        page.text.push('\n');
    }
    page.foot(report);
    page.text
}

/// The summary in one line: `Plan: 3 to add, 0 to change, 1 to end`.
pub(super) fn summary(summary: &Summary) -> String {
    let mut line = if summary.add + summary.change + summary.end == 0 {
        "No changes".to_owned()
    } else {
        format!(
            "Plan: {} to add, {} to change, {} to end",
            summary.add, summary.change, summary.end
        )
    };
    for (number, what) in
        [(summary.errors, "error"), (summary.risks, "risk"), (summary.warnings, "warning")]
    {
        if number > 0 {
            let _ = write!(line, ", {number} {what}{}", if number == 1 { "" } else { "s" });
        }
    }
    line
}

struct Page {
    text: String,
    look: Look,
}

impl Page {
    /// A text that begins at one column and goes on at another.
    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        wrap(&mut self.text, self.look, first, rest, text);
    }

    fn head(&mut self, report: &Report) {
        let what = match &report.commit {
            Some(commit) => format!("commit {}", commit.get(..12).unwrap_or(commit)),
            None => "the files of the folder".to_owned(),
        };
        self.wrapped("", "  ", &format!("{} at {}, {what}", report.owner, report.at));
        let place = format!("JumpServer {} ({})", report.jumpserver, report.organization);
        self.wrapped("", "  ", &place);
        self.text.push('\n');
    }

    fn findings(&mut self, findings: &[Finding]) {
        for (severity, title, style) in [
            (Severity::Error, "Errors: this is not done", Style::new().red().bold()),
            (Severity::Risk, "Risks: look twice", Style::new().magenta().bold()),
            (Severity::Warning, "Warnings", Style::new().yellow().bold()),
            (Severity::Notice, "Good to know", Style::new().bold()),
        ] {
            let some: Vec<&Finding> =
                findings.iter().filter(|finding| finding.severity == severity).collect();
            if some.is_empty() {
                continue;
            }
            let title = paint(self.look, title, style);
            self.text.push_str(&title);
            self.text.push('\n');
            for finding in some {
                let first = format!("  {} ", finding.code);
                self.wrapped(&first, "        ", &finding.message);
                if let Some(site) = &finding.site {
                    self.wrapped("        ", "        ", &format!("{}:{}", site.file, site.line));
                }
                if let Some(help) = &finding.help {
                    self.wrapped("        ", "        ", &format!("-> {help}"));
                }
            }
            self.text.push('\n');
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let (sign, style) = match entry.sign {
            Sign::Add => ("+", Style::new().green()),
            Sign::Change => ("~", Style::new().yellow()),
            Sign::End => ("-", Style::new().red()),
        };
        let sign = paint(self.look, sign, style);
        let taken = entry.because.iter().any(|reason| reason.state != State::Asks);
        let early = if entry.early_end && taken { "  (before its recorded end)" } else { "" };
        let _ = writeln!(self.text, "  {sign} {}{early}", clean(&entry.title));
        for words in &entry.words {
            self.wrapped("      ", "        ", words);
        }
        for reason in &entry.because {
            self.reason(reason, &entry.target);
        }
    }

    fn reason(&mut self, reason: &Reason, target: &Target) {
        let name = &reason.request;
        let mut text = match (reason.state, &reason.reason, &reason.until) {
            (State::Asks, Some(words), _) => format!("because \"{words}\""),
            (State::Asks, None, _) => format!("because {name}"),
            (State::Ended, _, Some(until)) => format!("{name} has ended ({until})"),
            (State::Ended, _, None) => format!("{name} has ended"),
            (State::Changed, ..) => {
                format!("{name} has changed, and asks for exactly this no more")
            }
            (State::Removed, ..) => format!("{name} is no longer in the repo"),
        };
        if let Some(team) = &reason.team {
            let _ = write!(text, ", for team {team}");
        }
        self.wrapped("      ", "        ", &text);
        if reason.state != State::Asks {
            return;
        }
        // A permission says its period itself; an account's grants end with their request.
        if matches!(target, Target::Instance(_)) {
            let period = match (&reason.from, &reason.until) {
                (Some(from), Some(until)) => format!("from {from} until {until}"),
                (None, Some(until)) => format!("until {until}"),
                (Some(from), None) => format!("from {from}, WITHOUT END"),
                (None, None) => "WITHOUT END".to_owned(),
            };
            self.wrapped("        ", "        ", &period);
        }
        if let Some(site) = &reason.site {
            self.wrapped("        ", "        ", &format!("{}:{}", site.file, site.line));
        }
    }

    fn foot(&mut self, report: &Report) {
        if let Some(stop) = &report.stop_message {
            let title = paint(self.look, "Stopped by the guard", Style::new().red().bold());
            self.text.push_str(&title);
            self.text.push('\n');
            self.wrapped("  ", "  ", stop);
            self.text.push('\n');
        }
        let line = paint(self.look, &summary(&report.summary), Style::new().bold());
        self.text.push_str(&line);
        self.text.push('\n');
        if report.people.iter().any(|person| !person.steps.is_empty()) {
            let _ = writeln!(self.text, "Checksum: {}", report.checksum);
        }
    }
}
