//! MySQL and MariaDB: accounts, their grants, and the servers that hold them.
//!
//! `reader` observes, `difference` compares, `writer` changes; both ends send their
//! statements through `session`, and all differences between servers are in `dialect`.

pub mod dialect;
pub mod difference;
mod error;
pub mod live;
pub mod naming;
pub mod password;
pub mod privilege;
mod session;
pub mod spec;
mod statement;

pub use error::Error;
pub use session::{Credentials, Limits, Target};
pub use statement::statement;
