//! Reports as a comment on a pull request.

mod comparison;
mod drift;
mod escape;
mod invalid;
mod links;
mod page;
mod plan;
#[cfg(test)]
pub(crate) mod tests;

pub use comparison::render as comparison;
pub use drift::render as drift;
pub(super) use escape::path;
pub use invalid::render as invalid;
pub use links::Links;
pub use page::GITHUB_LIMIT;
pub use plan::render as plan;

use super::phrase::{Part, Phrase};
use crate::plan::finding::Finding;

/// How a comment is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The longest comment, in UTF-16 units; below [`LEAST`] nothing useful fits.
    pub limit: usize,
    /// How files are linked.
    pub links: Links,
}

/// The smallest limit that makes sense.
pub const LEAST: usize = 4096;

/// A sentence with everything from outside as code.
fn phrase(phrase: &Phrase) -> String {
    let parts = phrase.0.iter().map(|part| match part {
        Part::Ours(text) => text.clone(),
        Part::Theirs(text) => escape::code(text),
    });
    parts.collect()
}

/// A finding as an entry of a list.
fn finding(finding: &Finding, links: &Links, commit: Option<&str>) -> String {
    let mut text = format!("- {}: {}", finding.code, escape::prose(&finding.message));
    if let Some(help) = &finding.help {
        text.push_str(". To do: ");
        text.push_str(&escape::prose(help));
    }
    if let Some(site) = &finding.site {
        text.push_str(" (");
        text.push_str(&links.to(site, commit));
        text.push(')');
    }
    text.push('\n');
    text
}

/// What is not shown, and where it is.
fn left_out(parts: &[(usize, &str)]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| super::phrase::count(*number, what))
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "**Not shown, since a comment has a limit: {}.** The whole is in the job's log and \
         summary, and `jumpgate plan --format json` prints it.\n\n",
        parts.join(", ")
    )
}
