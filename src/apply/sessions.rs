//! What became of open sessions, and the words for it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::period::Edge;

/// How many open sessions were ended, and how many were left as policy sets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Sessions {
    /// So many were ended; in JumpServer, told to end.
    pub ended: usize,
    /// So many are still open.
    pub left: usize,
}

impl Sessions {
    /// Whether there was no session.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { ended: self.ended + other.ended, left: self.left + other.left }
    }
}

/// The end of a step that is done, or is done as far as it may go now.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Why it ended early.
    pub(super) note: Option<String>,
    /// What became of sessions.
    pub(super) sessions: Sessions,
}

/// Now, in whole seconds, as a mark holds it.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Says until when sessions are left.
pub(super) fn left_until(open: usize, until: Timestamp, zone: &TimeZone) -> String {
    let sessions = if open == 1 { "session is" } else { "sessions are" };
    let until = Edge::moment(until, zone).text;
    format!("{open} open {sessions} left until {until}; the first apply after that goes on")
}
