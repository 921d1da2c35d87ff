//! MySQL and MariaDB: accounts, their grants, and the servers that hold them.
//!
//! `reader` observes, `difference` compares, `writer` changes; both ends send their
//! statements through `session`, and all differences between servers are in `dialect`.

mod catalog;
pub mod connections;
pub mod dialect;
pub mod difference;
pub mod effective;
mod error;
pub mod everything;
mod existing;
mod facts;
mod grant_tables;
pub mod live;
mod lock;
pub mod naming;
#[cfg(test)]
mod old_tests;
pub mod password;
pub mod privilege;
mod reader;
pub mod rights;
mod session;
mod sessions;
pub mod spec;
mod statement;
mod strict;
mod writer;

pub use error::Error;
pub use reader::Reader;
pub use session::{Credentials, Limits, Target, address};
pub(crate) use statement::literal;
pub use statement::statement;
pub use writer::{Dropped, Writer, is_protected};
