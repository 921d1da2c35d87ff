//! Errors of files and findings of plans as one list for the tools that show them at the
//! line.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::access::model::Site;
use crate::diagnostic::Diagnostic;
use crate::plan::finding::{Finding, Severity};
use crate::visible::clean;

/// One thing to show at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Its stable code, such as `JG011`.
    pub code: String,
    /// It in one sentence, with what was expected and what to do.
    pub message: String,
    /// Where it is; none when it is about no line.
    pub site: Option<Site>,
}

impl From<&Diagnostic> for Problem {
    fn from(error: &Diagnostic) -> Self {
        let mut message = format!("{}: {}", error.message, error.expected);
        if let Some(help) = &error.help {
            message.push_str("; ");
            message.push_str(help);
        }
        Self {
            severity: Severity::Error,
            code: error.code.to_string(),
            message: clean(&message),
            site: Some(error.site.clone()),
        }
    }
}

impl From<&Finding> for Problem {
    fn from(finding: &Finding) -> Self {
        let mut message = finding.message.clone();
        if let Some(help) = &finding.help {
            message.push_str(": ");
            message.push_str(help);
        }
        Self {
            severity: finding.severity,
            code: finding.code.to_string(),
            message: clean(&message),
            site: finding.site.clone(),
        }
    }
}

impl Problem {
    /// The path from the root of the git repository; `folder` is where the access repo is.
    pub(super) fn path(&self, folder: &str) -> Option<String> {
        let file = &self.site.as_ref()?.file;
        Some(if folder.is_empty() { file.to_string() } else { format!("{folder}/{file}") })
    }
}

/// For each problem a name that stays the same when lines move, and that no other has.
pub(super) fn fingerprints(problems: &[Problem]) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::new();
    let one = |problem: &Problem| {
        let file = problem.site.as_ref().map_or("", |site| &site.file);
        let key = format!("{}\n{file}\n{}", problem.code, problem.message);
        let count = seen.entry(key.clone()).or_insert(0_usize);
        *count += 1;
        HEXLOWER.encode(&Sha256::digest(format!("{key}\n{count}"))[..16])
    };
    problems.iter().map(one).collect()
}

#[cfg(test)]
pub(super) fn samples() -> Vec<Problem> {
    let at = |file: &str, line| Some(Site { file: file.into(), line, column: 3 });
    let made = |severity, code: &str, message: &str, site| Problem {
        severity,
        code: code.to_owned(),
        message: message.to_owned(),
        site,
    };
    vec![
        made(
            Severity::Error,
            "JG011",
            "no such person: did you mean `liwei`?",
            at("requests/a,b: 50%.yaml", 7),
        ),
        made(
            Severity::Error,
            "JG011",
            "no such person: did you mean `liwei`?",
            at("requests/a,b: 50%.yaml", 9),
        ),
        made(
            Severity::Risk,
            "JG228",
            "accounts work from any host",
            at("inventory/databases/数据.yaml", 4),
        ),
        made(Severity::Warning, "JG225", "x\r\n::add-mask::y", None),
        made(Severity::Notice, "JG232", "a word", None),
    ]
}
