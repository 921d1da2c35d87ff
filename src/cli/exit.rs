//! How a command ended, and the exit code that says it.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or nothing to do: exit code 0.
    Done,
    /// It could not run: exit code 1.
    CouldNotRun,
    /// Changes are pending (`plan --detailed-exitcode`), or a file is out of date (`--check`):
    /// exit code 2.
    Pending,
    /// The files are invalid: exit code 3.
    Invalid,
    /// Refused by a guard or by policy: exit code 4.
    Refused,
    /// Planned or applied in part: exit code 5.
    InPart,
    /// Another run holds the lock: exit code 6.
    Held,
}

impl Outcome {
    /// The code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::CouldNotRun => 1,
            Self::Pending => 2,
            Self::Invalid => 3,
            Self::Refused => 4,
            Self::InPart => 5,
            Self::Held => 6,
        }
    }

    /// What is said when both hold: the first of 3, 1, 6, 4, 5, 2, 0.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let order = [
            Self::Invalid,
            Self::CouldNotRun,
            Self::Held,
            Self::Refused,
            Self::InPart,
            Self::Pending,
        ];
        let found = order.into_iter().find(|one| *one == self || *one == other);
        found.unwrap_or(Self::Done)
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_several_hold_the_first_in_line_is_said() {
        assert_eq!(Outcome::Pending.and(Outcome::InPart), Outcome::InPart);
        assert_eq!(Outcome::InPart.and(Outcome::Refused), Outcome::Refused);
        assert_eq!(Outcome::Refused.and(Outcome::CouldNotRun), Outcome::CouldNotRun);
        assert_eq!(Outcome::CouldNotRun.and(Outcome::Invalid), Outcome::Invalid);
        assert_eq!(Outcome::Done.and(Outcome::Done), Outcome::Done);
    }
}
