//! What people write: the files of the access repo, and the checks that they pass.

pub mod instant;
pub mod model;
pub mod scope;
