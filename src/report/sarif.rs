//! Problems as SARIF 2.1.0 (OASIS), which GitHub's code scanning and editors read.

use serde_json::{Value, json};

use super::markdown::path;
use super::problem::{Problem, fingerprints};
use crate::plan::finding::Severity;

/// The log; `folder` is where the access repo is below the root of its repository.
pub fn render(problems: &[Problem], folder: &str) -> String {
    let mut codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
    let names = fingerprints(problems);
    let results: Vec<Value> = problems
        .iter()
        .zip(&names)
        .map(|(problem, name)| {
            let level = match problem.severity {
                Severity::Error => "error",
                Severity::Risk | Severity::Warning => "warning",
                Severity::Notice => "note",
            };
            let rule = codes.iter().position(|code| *code == problem.code);
            let mut result = json!({
                "ruleId": problem.code,
                "ruleIndex": rule,
                "level": level,
                "message": { "text": problem.message },
                "partialFingerprints": { "jumpgate/v1": name },
            });
            // Code scanning shows nothing that has no place.
            let file = problem.path(folder).unwrap_or_else(|| "jumpgate.yaml".to_owned());
            let (line, column) =
                problem.site.as_ref().map_or((1, 1), |site| (site.line, site.column));
            result["locations"] = json!([{
                "physicalLocation": {
                    "artifactLocation": { "uri": path(&file), "uriBaseId": "%SRCROOT%" },
                    "region": { "startLine": line, "startColumn": column },
                },
            }]);
            result
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "jumpgate",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    crate::visible::json(&log) + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::problem::samples;
    use super::*;

    #[test]
    fn a_log_names_rule_level_and_place() {
        let log: Value = serde_json::from_str(&render(&samples(), "access")).expect("JSON");
        let run = &log["runs"][0];
        let results = run["results"].as_array().expect("results");
        assert_eq!(results.len(), 5);
        for result in results {
            let rule = result["ruleIndex"].as_u64().expect("an index") as usize;
            assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
        }
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "access/requests/a%2Cb%3A%2050%25.yaml");
        assert_eq!(place["region"]["startLine"], 7);
        let levels: Vec<&str> =
            results.iter().filter_map(|result| result["level"].as_str()).collect();
        assert_eq!(levels, ["error", "error", "warning", "warning", "note"]);
        assert_ne!(results[0]["partialFingerprints"], results[1]["partialFingerprints"]);
    }

    #[test]
    fn no_problem_is_a_log_too() {
        let log: Value = serde_json::from_str(&render(&[], "")).expect("JSON");
        assert_eq!(log["runs"][0]["results"], json!([]));
    }
}
