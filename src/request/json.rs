//! What other systems send and get, as JSON.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Ask, ForkBody, Invalid};
use crate::visible;

/// The version of the answer's form.
pub const SCHEMA: &str = "jumpgate.request/1";

/// What `jumpgate request --json` takes.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum Body {
    /// The form of its own.
    Ask(Ask),
    /// The bodies of a patched JumpServer's ticket page.
    Fork(ForkBody),
}

impl Body {
    /// Reads a body. One with `pname` is a ticket page's.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let told = |error: serde_json::Error| {
            // The words of the parser end with a place in the text.
            Invalid(format!(
                "the JSON cannot be taken: {error}; `jumpgate schema ask` shows its form"
            ))
        };
        let value: Value = serde_json::from_str(text).map_err(told)?;
        if value.get("pname").is_some() {
            return serde_json::from_str(text).map(Self::Fork).map_err(told);
        }
        serde_json::from_str(text).map(Self::Ask).map_err(told)
    }
}

/// What `jumpgate request --json` gives: the same for a call that is repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Answer {
    /// The version of this form.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The name of the request, as other commands take it.
    pub request: String,
    /// The path of its file in the access repo.
    pub path: String,
    /// The id that the caller gave.
    pub external_id: Option<String>,
    /// The branch, when one was made.
    pub branch: Option<String>,
    /// The pull request, when one was opened.
    pub pull_request: Option<PullRequest>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Where people see it.
    pub url: String,
}

impl Answer {
    /// The JSON form.
    pub fn json(&self) -> String {
        visible::json(self)
    }
}
