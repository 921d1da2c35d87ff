//! Messages about access: what ends soon, what an apply did, what waits for somebody.
//!
//! Pure: [`events`] come from the files, an apply's JSON and a moment; [`deliveries`] leaves out
//! what was told already ([`State`]) and makes one message for each channel and recipient. Each
//! kind of channel has a file that makes its body and reads its answer. Sending is the
//! command's.

mod applied;
pub mod body;
mod deliver;
mod event;
mod state;
#[cfg(test)]
mod tests;
mod words;

pub use applied::Applied;
pub use deliver::{Delivery, Round, deliveries};
pub use event::{Event, Inputs, Links, events};
pub use state::State;

/// A message: plain text, in which nothing from outside is markup or a mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub title: String,
    /// The rest, over several lines.
    pub text: String,
}
