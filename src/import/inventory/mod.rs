//! Entries of the inventory for what JumpServer has: files for database servers, and what of
//! the hosts requests may name.

pub mod databases;
pub mod servers;

use super::Options;
use crate::names::Environment;

/// What JumpServer cannot tell, as the user says it.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The owners of new entries, as files write them.
    pub owners: Vec<String>,
    /// The account-host of new instances; else it is what accounts there have.
    pub account_host: Option<String>,
    /// The file with the authority of their certificates, by its path in the repo.
    pub ca: Option<String>,
}

/// The lines of an entry that name its environment and owners, each behind `indent`.
fn common(given: &Given, environment: &Environment, first: &str, indent: &str) -> String {
    let mut text = format!("{first}environment: {}\n", crate::yaml::scalar(environment.as_str()));
    if !given.owners.is_empty() {
        let owners: Vec<_> = given.owners.iter().map(|owner| crate::yaml::scalar(owner)).collect();
        text.push_str(&format!("{indent}owners: [{}]\n", owners.join(", ")));
    }
    text
}

/// Whether an asset is asked for.
fn wanted(options: &Options, asset: &str, more: &[&str]) -> bool {
    options.named(asset) && options.on(std::iter::once(asset).chain(more.iter().copied()))
}
