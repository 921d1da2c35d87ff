//! Access repos that somebody made to deceive the reviewer, the runner, the servers or us.

mod bombs;
mod databases;
mod fields;
mod shown;
pub(crate) mod texts;
