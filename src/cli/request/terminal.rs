//! Lines that a person types, with Tab for what can be meant.

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Behavior, CompletionType, Config, Context, Editor, Helper};

/// Where a person answers.
pub(super) trait Terminal {
    /// Shows a line.
    fn say(&mut self, text: &str);

    /// Reads a line; Tab offers the choices that continue what stands behind the last comma.
    ///
    /// # Errors
    /// When the person gives up, or the terminal cannot be read.
    fn line(&mut self, prompt: &str, choices: &[String]) -> Result<String, String>;
}

/// Asks until the answer is good. Enter alone takes what is proposed.
pub(super) fn ask<T>(
    terminal: &mut impl Terminal,
    question: &str,
    proposed: Option<&str>,
    choices: &[String],
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, String> {
    let prompt = match proposed {
        Some("") => format!("{question} [none]: "),
        Some(proposed) => format!("{question} [{proposed}]: "),
        None => format!("{question}: "),
    };
    loop {
        let line = terminal.line(&prompt, choices)?;
        let answer = match (line.trim(), proposed) {
            ("", Some(proposed)) => proposed,
            (answer, _) => answer,
        };
        match parse(answer) {
            Ok(value) => return Ok(value),
            Err(error) => {
                // A line for each reason.
                for line in error.lines() {
                    terminal.say(crate::cli::folded("  ", "  ", line.trim()).trim_end());
                }
            }
        }
    }
}

/// Asks for yes or no; Enter alone is yes.
pub(super) fn yes(terminal: &mut impl Terminal, question: &str) -> Result<bool, String> {
    let choices = ["yes", "no"].map(str::to_owned);
    ask(terminal, question, Some("yes"), &choices, word)
}

/// Reads yes or no.
pub(super) fn word(answer: &str) -> Result<bool, String> {
    match answer.to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}

/// The terminal of this process.
pub(super) struct Lines(Editor<Choices, DefaultHistory>);

impl Lines {
    pub(super) fn new() -> Result<Self, String> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            // Standard output is for data.
            .behavior(Behavior::PreferTerm)
            .build();
        let mut editor = Editor::with_config(config)
            .map_err(|error| format!("the terminal cannot be used: {error}"))?;
        editor.set_helper(Some(Choices(Vec::new())));
        Ok(Self(editor))
    }
}

impl Terminal for Lines {
    fn say(&mut self, text: &str) {
        anstream::eprintln!("{text}");
    }

    fn line(&mut self, prompt: &str, choices: &[String]) -> Result<String, String> {
        if let Some(helper) = self.0.helper_mut() {
            helper.0 = choices.to_vec();
        }
        self.0.readline(prompt).map_err(|error| match error {
            ReadlineError::Eof | ReadlineError::Interrupted => {
                "there was no answer: nothing was written".to_owned()
            }
            error => format!("the terminal cannot be read: {error}"),
        })
    }
}

/// What Tab offers.
struct Choices(Vec<String>);

impl Helper for Choices {}
impl Highlighter for Choices {}
impl Validator for Choices {}
impl Hinter for Choices {
    type Hint = String;
}

impl Completer for Choices {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..at).unwrap_or_default();
        let entry = typed.rfind(',').map_or(0, |comma| comma + 1);
        let start = entry + typed[entry..].len() - typed[entry..].trim_start().len();
        Ok((start, continuing(&self.0, &typed[start..])))
    }
}

/// The choices that begin with a text; those that hold it when none begins so.
fn continuing(choices: &[String], text: &str) -> Vec<String> {
    let begin: Vec<String> =
        choices.iter().filter(|choice| choice.starts_with(text)).cloned().collect();
    if !begin.is_empty() {
        return begin;
    }
    let lower = text.to_lowercase();
    choices.iter().filter(|choice| choice.to_lowercase().contains(&lower)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_offers_what_begins_so_else_what_holds_it() {
        let choices = ["orders-prod", "orders-test", "crm"].map(str::to_owned);
        assert_eq!(continuing(&choices, "ord"), ["orders-prod", "orders-test"]);
        assert_eq!(continuing(&choices, "PROD"), ["orders-prod"]);
        assert!(continuing(&choices, "x").is_empty());
    }
}
