//! What people write: the files of the access repo, and the checks that they pass.

mod adopts;
mod approvers;
mod checks;
pub mod emergency;
mod faults;
mod files;
pub mod instant;
mod inventory;
mod limits;
mod load;
pub mod model;
#[cfg(test)]
mod mutation_tests;
pub mod notify;
mod offered;
mod party;
mod people;
#[cfg(test)]
mod repo_tests;
mod requests;
pub mod schema;
pub mod scope;
pub mod sessions;
mod settings;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use checks::span;
pub use load::load;
