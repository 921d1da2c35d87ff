//! Who must approve a pull request, and who has. Pure: the base's policy and owners judge,
//! the forge's reviews are data.
//!
//! [`needs`] says what is needed, [`judge`] counts who gave it. Nobody approves for himself:
//! neither who wrote it nor who gets something by it.

#[cfg(test)]
mod afterwards_tests;
mod brought;
pub mod codeowners;
mod judge;
mod need;
mod rules;
#[cfg(test)]
mod tests;
mod trail;
#[cfg(test)]
mod trail_tests;

pub use brought::{Atom, brought};
pub use judge::{
    Given, Judged, Members, PassedOver, Pull, Review, State, Verdict, is_one_of, judge,
};
pub use need::{Inputs, Need, Subject, gainers, needs};
pub use rules::{Differs, Said, differs, is_rule_file};
pub use trail::{Between, Trail};
