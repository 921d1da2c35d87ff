//! Problems as a code quality report of GitLab ("Code Quality report format": description,
//! check_name, fingerprint, severity, location).

use serde_json::{Value, json};

use super::problem::{Problem, fingerprints};
use crate::plan::finding::Severity;

/// The report; `folder` is where the access repo is below the root of its repository.
pub fn render(problems: &[Problem], folder: &str) -> String {
    let entries: Vec<Value> = problems
        .iter()
        .zip(fingerprints(problems))
        .map(|(problem, fingerprint)| {
            let severity = match problem.severity {
                Severity::Error => "critical",
                Severity::Risk => "major",
                Severity::Warning => "minor",
                Severity::Notice => "info",
            };
            let path = problem.path(folder).unwrap_or_else(|| "jumpgate.yaml".to_owned());
            let line = problem.site.as_ref().map_or(1, |site| site.line);
            json!({
                "description": format!("{}: {}", problem.code, problem.message),
                "check_name": problem.code,
                "fingerprint": fingerprint,
                "severity": severity,
                "location": { "path": path, "lines": { "begin": line } },
            })
        })
        .collect();
    crate::visible::json(&entries) + "\n"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::problem::samples;
    use super::*;

    #[test]
    fn every_entry_has_all_that_gitlab_asks_for() {
        let report: Value = serde_json::from_str(&render(&samples(), "")).expect("JSON");
        let entries = report.as_array().expect("a list");
        let known = ["info", "minor", "major", "critical", "blocker"];
        for entry in entries {
            for key in ["description", "check_name", "fingerprint"] {
                assert!(entry[key].as_str().is_some_and(|text| !text.is_empty()), "{entry}");
            }
            assert!(entry["severity"].as_str().is_some_and(|text| known.contains(&text)));
            assert!(entry["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0));
        }
        let names: BTreeSet<&str> =
            entries.iter().filter_map(|entry| entry["fingerprint"].as_str()).collect();
        assert_eq!(names.len(), entries.len());
        assert_eq!(entries[0]["location"]["path"], "requests/a,b: 50%.yaml");
    }
}
