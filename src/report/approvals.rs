//! Who must approve a pull request and who has, as people and programs read it.

use std::fmt::Write as _;

use serde::Serialize;

use super::phrase;
use crate::approval::{Need, Subject, Verdict};
use crate::visible::clean;

/// The version of the JSON form.
pub const APPROVALS: &str = "jumpgate.approvals/1";

/// Who must approve a pull request, and who has.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Approvals {
    /// The version of this form.
    #[schemars(extend("const" = APPROVALS))]
    pub schema: &'static str,
    /// The number of the pull request.
    pub pull_request: u64,
    /// The login of whoever opened it.
    pub author: String,
    /// The commit whose policy and owners judge.
    pub base: String,
    /// The last commit of the branch: only reviews of it count.
    pub head: String,
    /// Whether nothing is missing.
    pub satisfied: bool,
    /// What is needed and given.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Approvals {
    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }

    /// The text.
    pub fn text(&self) -> String {
        let short = |commit: &str| commit.get(..12).unwrap_or(commit).to_owned();
        let mut text = format!(
            "#{} by {}: {} against {}\n\n",
            self.pull_request,
            clean(&self.author),
            short(&self.head),
            short(&self.base)
        );
        let mut line = |words: String| {
            let _ = writeln!(text, "{}", clean(&words));
        };
        for judged in &self.verdict.needs {
            let sign = if judged.missing == 0 { "+" } else { "-" };
            line(format!("{sign} {}", phrase::need(&judged.need).text()));
            if judged.stepped_in {
                line("    too few owners may approve this: the owners of the rules step in".into());
            }
            let given: Vec<&str> = judged.given.iter().map(|one| one.login.as_str()).collect();
            if !given.is_empty() {
                line(format!("    given by {}", given.join(", ")));
            }
            if judged.missing > 0 {
                line(format!("    {} missing", judged.missing));
            }
            if judged.is_hopeless() {
                let able = match judged.able.unwrap_or_default() {
                    0 => "nobody".to_owned(),
                    able => format!("only {able}"),
                };
                line(format!(
                    "    {able} is left who may approve: split the pull request, or name owners in \
                     policy.yaml"
                ));
            }
            for why in &judged.unknown {
                line(format!("    not known: {why}"));
            }
        }
        if !self.verdict.passed_over.is_empty() {
            line(String::new());
            line("Not counted:".to_owned());
        }
        for passed in &self.verdict.passed_over {
            line(format!("  {} {}", passed.login, passed.why));
        }
        let emergency = self.emergency().is_some();
        let summary = match (self.verdict.needs.is_empty(), self.satisfied) {
            (true, _) => "No approval is needed.",
            (false, true) if emergency => {
                "An emergency: an approval is missing until an owner gives it afterwards."
            }
            (false, true) => "All approvals are there.",
            (false, false) => "Approvals are missing.",
        };
        let _ =
            writeln!(text, "{}{summary}", if self.verdict.needs.is_empty() { "" } else { "\n" });
        text
    }

    /// Who may merge it, when it is an emergency.
    fn emergency(&self) -> Option<String> {
        let needs = self.verdict.needs.iter().map(|judged| &judged.need);
        let mut emergencies = needs.filter(|need| need.subject == Subject::Emergency);
        emergencies.next().map(Need::whom)
    }

    /// What a status on the commit says.
    pub fn status(&self) -> String {
        match self.verdict.missing() {
            Some(missing) => format!("missing: {missing}"),
            None if self.emergency().is_some() => {
                let whom = self.emergency().unwrap_or_default();
                format!("an emergency, to be merged by {whom} alone")
            }
            None if self.verdict.needs.is_empty() => "no approval is needed".to_owned(),
            None => "all approvals are there".to_owned(),
        }
    }
}
