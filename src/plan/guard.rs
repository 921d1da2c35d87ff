//! The guard: how much one run may take away without a word.

use serde::Serialize;

use crate::access::model::Guard;

/// What a plan takes away, and how much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct Removals {
    /// Accesses that are taken away or narrowed although their recorded end has not
    /// passed, and users that are switched off although their file does not say that they left.
    pub counted: usize,
    /// Accesses whose own mark records an end that has passed, and users who left by their
    /// file: these never count.
    pub ended: usize,
    /// All accesses that are owned, those that this plan takes over among them; where users
    /// count as taken away, all users too that jumpgate made and that are switched on.
    pub owned: usize,
}

impl Removals {
    /// Together with what the same run took away before, from what it had then.
    #[must_use]
    pub fn with(self, before: Self) -> Self {
        Self {
            counted: self.counted + before.counted,
            ended: self.ended + before.ended,
            owned: self.owned.max(before.owned),
        }
    }
}

/// Why the guard stops a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error, schemars::JsonSchema)]
#[serde(tag = "guard", rename_all = "kebab-case")]
pub enum Stop {
    /// More than `guard.removals`.
    #[error(
        "this takes away {counted} accesses before their end, and guard.removals is {most}: \
         look at why; --allow-removals {counted} lets it through"
    )]
    Count {
        /// How many.
        counted: usize,
        /// The greatest count allowed.
        most: u32,
    },
    /// More than `guard.percent`.
    #[error(
        "this takes away {counted} of {owned} accesses before their end, and guard.percent is \
         {most}: look at why; --allow-removals {counted} lets it through"
    )]
    Percent {
        /// How many.
        counted: usize,
        /// Of how many.
        owned: usize,
        /// The greatest share allowed, in percent.
        most: u32,
    },
}

/// Judges what a plan takes away; `allowed` is what a flag lets through.
///
/// A single access never trips the percentage: in a small repo each one is a large share.
///
/// # Errors
/// The [`Stop`] that comes first.
pub fn judge(guard: Guard, removals: Removals, allowed: Option<usize>) -> Result<(), Stop> {
    let Removals { counted, owned, .. } = removals;
    if allowed.is_some_and(|allowed| counted <= allowed) {
        return Ok(());
    }
    if counted > guard.removals as usize {
        return Err(Stop::Count { counted, most: guard.removals });
    }
    if counted > 1 && counted.saturating_mul(100) > owned.saturating_mul(guard.percent as usize) {
        return Err(Stop::Percent { counted, owned, most: guard.percent });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: Guard = Guard { removals: 10, percent: 20 };

    fn judged(counted: usize, ended: usize, owned: usize) -> Result<(), Stop> {
        judge(GUARD, Removals { counted, ended, owned }, None)
    }

    #[test]
    fn o27_mass_removal() {
        assert_eq!(judged(20, 0, 20), Err(Stop::Count { counted: 20, most: 10 }));
        assert_eq!(judged(3, 0, 3), Err(Stop::Percent { counted: 3, owned: 3, most: 20 }));
        // Two of three end on their date.
        assert_eq!(judged(0, 2, 3), Ok(()));
        assert_eq!(judged(1, 2, 3), Ok(()));
    }

    #[test]
    fn whichever_comes_first_stops() {
        assert_eq!(judged(10, 0, 1_000), Ok(()));
        assert!(matches!(judged(11, 0, 1_000), Err(Stop::Count { .. })));
        assert!(matches!(judged(5, 0, 24), Err(Stop::Percent { .. })));
        assert_eq!(judged(5, 0, 25), Ok(()));
    }

    #[test]
    fn two_rounds_of_a_run_count_together() {
        let first = Removals { counted: 6, ended: 1, owned: 100 };
        let second = Removals { counted: 5, ended: 0, owned: 93 };
        assert_eq!(second.with(first), Removals { counted: 11, ended: 1, owned: 100 });
        assert_eq!(judge(GUARD, second, None), Ok(()));
        assert!(matches!(judge(GUARD, second.with(first), None), Err(Stop::Count { .. })));
    }

    #[test]
    fn a_flag_lets_through_what_it_names_and_no_more() {
        let removals = Removals { counted: 20, ended: 0, owned: 20 };
        assert_eq!(judge(GUARD, removals, Some(20)), Ok(()));
        assert!(judge(GUARD, removals, Some(19)).is_err());
    }
}
