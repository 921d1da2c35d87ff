//! What people write: the files of the access repo, and the checks that they pass.

mod adopts;
mod checks;
mod files;
pub mod instant;
mod inventory;
mod limits;
mod load;
pub mod model;
#[cfg(test)]
mod mutation_tests;
mod offered;
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

pub use load::load;
