//! How far a run is: a bar on a terminal, one line for each step otherwise.

use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};

use crate::apply::Outcome;
use crate::plan::Plan;
use crate::report::{Report, Sign};
use crate::visible::clean;

pub(super) struct Progress {
    titles: Vec<String>,
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    pub(super) fn new(plan: &Plan, report: &Report, text: bool) -> Self {
        let mut titles = vec![String::new(); plan.items.len()];
        for entry in report.people.iter().flat_map(|person| &person.steps) {
            let sign = match entry.sign {
                Sign::Add => '+',
                Sign::Change => '~',
                Sign::End => '-',
            };
            if let Some(title) = titles.get_mut(entry.number) {
                *title = format!("{sign} {}", clean(&entry.title));
            }
        }
        // Draws on standard error, and only when that is a terminal.
        let bar = ProgressBar::new(plan.items.len() as u64);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { titles, lines: text, bar }
    }

    /// After each step.
    pub(super) fn tell(&self, place: usize, outcome: &Outcome) {
        let title = self.titles.get(place).map_or("", String::as_str);
        let line = match outcome {
            Outcome::Done { note: None, .. } => format!("done    {title}"),
            Outcome::Done { note: Some(note), .. } => format!("done    {title}: {}", clean(note)),
            Outcome::Failed { why } => format!("FAILED  {title}: {}", clean(why)),
            Outcome::Skipped { why } => format!("skipped {title}: {}", clean(why)),
        };
        self.bar.inc(1);
        if self.lines {
            // Above the bar on a terminal, plain lines otherwise. A reader that is gone does
            // not stop a run.
            self.bar.suspend(|| {
                let _ = writeln!(anstream::stdout(), "{line}");
            });
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
