//! What a run did, as Prometheus text for a textfile collector.

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;

use crate::apply;
use crate::cli::{Outcome, file};

/// Numbers of one run; what was not reached stays zero.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// Steps of the plan that were done, failed, were skipped.
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    /// Findings that are errors.
    pub(super) errors: usize,
    /// The oldest end that has passed and still stands; none when there is none, or when it
    /// was not looked for.
    pub(super) overdue: Option<Timestamp>,
    /// Whether it was looked for.
    pub(super) looked: bool,
}

impl Metrics {
    /// Counts steps, beside those of before.
    pub(super) fn count(&mut self, outcomes: &[apply::Outcome]) {
        for outcome in outcomes {
            match outcome {
                apply::Outcome::Done { .. } => self.done += 1,
                apply::Outcome::Failed { .. } => self.failed += 1,
                apply::Outcome::Skipped { .. } => self.skipped += 1,
            }
        }
    }

    fn text(&self, outcome: Outcome, now: Timestamp) -> String {
        let mut text = String::new();
        let mut put = |name: &str, help: &str, values: &[(&str, f64)]| {
            let _ = writeln!(text, "# HELP jumpgate_{name} {help}\n# TYPE jumpgate_{name} gauge");
            for (labels, value) in values {
                let _ = writeln!(text, "jumpgate_{name}{labels} {value}");
            }
        };
        let seconds = |moment: Timestamp| moment.as_millisecond() as f64 / 1000.0;
        put("last_run_timestamp_seconds", "When the last apply ended.", &[("", seconds(now))]);
        put("last_run_exit_code", "How it ended.", &[("", f64::from(outcome.code()))]);
        put(
            "last_run_steps",
            "Its steps by how they went.",
            &[
                ("{outcome=\"done\"}", self.done as f64),
                ("{outcome=\"failed\"}", self.failed as f64),
                ("{outcome=\"skipped\"}", self.skipped as f64),
            ],
        );
        put("last_run_errors", "What git asks for and is not done.", &[("", self.errors as f64)]);
        if self.looked {
            let age = self.overdue.map_or(0.0, |end| seconds(now) - seconds(end));
            put(
                "oldest_overdue_end_seconds",
                "How long ago the oldest end was that still stands; 0 is none.",
                &[("", age.max(0.0))],
            );
        }
        text
    }

    /// Writes the file whole or not at all: a collector never sees a part.
    pub(super) fn write(&self, path: &Path, outcome: Outcome) -> Result<(), String> {
        file::replace(path, self.text(outcome, Timestamp::now()).as_bytes())
            .map_err(|error| file::cannot_be_written(path, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overdue_end_is_told_by_its_age() {
        let at = |text: &str| text.parse().expect("a moment");
        let metrics = Metrics {
            done: 2,
            failed: 1,
            overdue: Some(at("2026-12-01T00:00:00Z")),
            looked: true,
            ..Metrics::default()
        };
        insta::assert_snapshot!(metrics.text(Outcome::InPart, at("2026-12-01T01:00:00Z")));
    }
}
