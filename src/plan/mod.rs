//! From desired and live state to ordered steps. Pure: nothing here reads or writes.

pub mod guard;
pub mod permissions;

use serde::Serialize;

/// When a step may be carried out, relative to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Ends that nothing replaces: first, so that they wait for nothing.
    Ends,
    /// New and wider access.
    New,
    /// What was replaced: only after its replacement stands and was read back.
    Replaced,
}
