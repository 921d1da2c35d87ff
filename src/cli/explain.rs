//! `jumpgate explain`.

use std::io::{self, IsTerminal as _};

use super::{Outcome, could_not_run, folded};
use crate::audit;
use crate::diagnostic::{Code, nearest, pages};
use crate::plan::finding::{Kind, Severity};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The code of an error or a finding, such as JG012; all codes without one.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let Some(code) = &args.code else {
        anstream::print!("{}", list());
        return Outcome::Done;
    };
    if let Some(text) = pages::page(code) {
        match io::stdout().is_terminal() {
            true => anstream::print!("{}", narrow(text)),
            false => anstream::print!("{text}"),
        }
        return Outcome::Done;
    }
    let known = pages::PAGES.iter().map(|(known, _)| *known);
    could_not_run(&match nearest(code, known) {
        Some(near) => format!("there is no code {code}; did you mean {near}?"),
        None => format!("there is no code {code}; `jumpgate explain` lists all"),
    })
}

/// A page whose paragraphs and lists fit into the terminal; code, tables and headings stay.
fn narrow(page: &str) -> String {
    let (mut text, mut open, mut code) = (String::new(), String::new(), false);
    for line in page.lines() {
        let fence = line.starts_with("```");
        let whole = code || fence || line.is_empty() || line.starts_with(['#', '|']);
        if whole || line.starts_with("- ") {
            text.push_str(&flowing(&std::mem::take(&mut open)));
        }
        code ^= fence;
        if whole {
            text.push_str(line);
            text.push('\n');
        } else {
            let gap = if open.is_empty() { "" } else { " " };
            open.push_str(gap);
            open.push_str(line.trim());
        }
    }
    text.push_str(&flowing(&open));
    text
}

/// A paragraph or an entry of a list in lines that fit.
fn flowing(paragraph: &str) -> String {
    if paragraph.is_empty() {
        return String::new();
    }
    let rest = if paragraph.starts_with("- ") { "  " } else { "" };
    folded("", rest, paragraph)
}

/// All codes with their titles.
fn list() -> String {
    let mut text = "Errors in the files of an access repo:\n".to_owned();
    for code in Code::ALL {
        text.push_str(&format!("  {code}  {}\n", code.title()));
    }
    text.push_str("\nFindings of a plan:\n");
    for kind in Kind::ALL {
        let severity = match kind.severity() {
            Severity::Error => "error",
            Severity::Risk => "risk",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
        };
        text.push_str(&format!("  {kind}  {severity:<8} {}\n", kind.title()));
    }
    text.push_str("\nDoors of an audit:\n");
    for kind in audit::Kind::ALL {
        text.push_str(&format!("  {kind}  {}\n", kind.title()));
    }
    text.push_str("\n`jumpgate explain CODE` says what one means and what to do.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_narrow_and_all_else_stays() {
        let words = "word ".repeat(30);
        let words = words.trim();
        let page = format!("# T\n\n{words}\nmore\n\n- {words}\n- b\n\n```text\n{words}\n```\n");
        let shown = narrow(&page);
        let long: Vec<&str> = shown.lines().filter(|line| line.len() > 100).collect();
        assert_eq!(long, [words], "code stays as it is");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&shown), words(&page), "nothing is lost");
        assert!(shown.contains("\n  word") && shown.contains("\n- b\n\n```text\n"), "{shown}");
    }

    #[test]
    fn an_empty_paragraph_adds_no_line() {
        assert_eq!(narrow("a\n\n\nb\n"), "a\n\n\nb\n");
    }
}
