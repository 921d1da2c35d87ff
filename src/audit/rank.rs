//! How bad a door is, and in which order doors are told.

use std::cmp::Reverse;

use serde::Serialize;

use super::Door;

/// How bad a door is, the worst first.
///
/// - critical: whoever finds it has the whole target, or needs no secret to come in;
/// - high: a way to more than the door itself, or into somebody else's name;
/// - medium: a way in that nobody approved;
/// - low: no way in by itself; it makes others worse, or the state hard to understand.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// The whole target, or no secret needed.
    Critical,
    /// More than the door itself.
    High,
    /// A way in that nobody approved.
    Medium,
    /// No way in by itself.
    Low,
}

impl Risk {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// One step less bad.
    #[must_use]
    pub fn less(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// Puts doors in order: the worst first; among equals those with more bad faults, then those
/// with more people behind them, then by name, so that two runs tell the same.
pub(super) fn sort(doors: &mut [Door]) {
    for door in doors.iter_mut() {
        door.faults.sort_by_key(|fault| (fault.risk, fault.code));
    }
    doors.sort_by_cached_key(|door| {
        let of = |risk| door.faults.iter().filter(|fault| fault.risk == risk).count();
        (
            door.risk,
            Reverse(Risk::ALL.map(of)),
            Reverse(door.people.len()),
            door.target.clone(),
            door.kind,
            door.name.clone(),
            door.id,
        )
    });
}
