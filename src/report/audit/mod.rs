//! An audit as text, as CSV, and as problems for SARIF.

mod csv;
mod text;

pub use csv::render as render_csv;
pub use text::render as render_text;

use super::problem::Problem;
use crate::audit::{Door, Risk};
use crate::plan::finding::Severity;
use crate::visible::clean;

impl From<&Door> for Problem {
    /// One problem a door, under the code of its worst fault.
    fn from(door: &Door) -> Self {
        let faults: Vec<String> =
            door.faults.iter().map(|fault| format!("{} ({})", fault.what, fault.code)).collect();
        let message = format!(
            "{} ({} risk) opens {}: {}; {}: {}",
            door.title(),
            door.risk.word(),
            door.opens,
            faults.join("; "),
            door.next.text,
            door.next.command
        );
        Self {
            severity: match door.risk {
                Risk::Critical | Risk::High => Severity::Error,
                Risk::Medium => Severity::Warning,
                Risk::Low => Severity::Notice,
            },
            code: door.faults.first().map(|fault| fault.code.to_string()).unwrap_or_default(),
            message: clean(&message),
            site: door.site.clone(),
        }
    }
}
