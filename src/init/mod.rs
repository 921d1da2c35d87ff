//! A new access repo: its files, from the answers to a few questions.
//!
//! Pure: asking and writing are the command's.

mod answers;
mod ci;
mod files;
mod settings;
#[cfg(test)]
mod tests;

pub use answers::{
    Answers, Environments, Question, organization, owner, questions, time_zone, url,
};
pub use ci::Ci;
pub use files::{ALWAYS, files};
