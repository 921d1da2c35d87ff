//! Questions at a terminal.

use std::io::{BufRead, Write};

use crate::init::Question;

/// Where a person answers.
pub(super) struct Prompt<R, W> {
    input: R,
    screen: W,
}

impl<R: BufRead, W: Write> Prompt<R, W> {
    /// Reads lines from `input`, and writes questions to `screen`.
    pub(super) fn new(input: R, screen: W) -> Self {
        Self { input, screen }
    }

    /// Asks until the answer is good. Enter alone takes `likely`, where that would be good,
    /// else the default.
    ///
    /// # Errors
    /// When the input ends or cannot be read.
    pub(super) fn ask<T>(
        &mut self,
        question: &Question,
        likely: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        let proposed = likely.filter(|text| parse(text).is_ok()).or(question.default);
        self.show(&format!("{}\n", question.text))?;
        loop {
            self.show(&proposed.map_or_else(|| "> ".to_owned(), |text| format!("[{text}] > ")))?;
            let line = self.line()?;
            let answer = match (line.trim(), proposed) {
                ("", Some(proposed)) => proposed,
                (answer, _) => answer,
            };
            match parse(answer) {
                Ok(value) => return Ok(value),
                Err(error) => self.show(&crate::cli::folded("  ", "  ", &error))?,
            }
        }
    }

    fn show(&mut self, text: &str) -> Result<(), String> {
        let shown = self.screen.write_all(text.as_bytes()).and_then(|()| self.screen.flush());
        shown.map_err(|error| format!("the terminal cannot be written to: {error}"))
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        let read = self.input.read_until(b'\n', &mut line);
        match read.map_err(|error| format!("the terminal cannot be read: {error}"))? {
            0 => Err("there was no answer: nothing was written".to_owned()),
            // What is not UTF-8 becomes characters that no answer has.
            _ => Ok(String::from_utf8_lossy(&line).into_owned()),
        }
    }
}
