//! Which steps are over, and how they went: lanes wait here for one another.
//!
//! A step waits only for steps that stand before it in the plan, and each lane begins its
//! steps in the order of the plan: so the first unfinished step never waits.

use std::sync::OnceLock;

use tokio::sync::watch;

use super::Outcome;

pub(super) struct Board {
    outcomes: Vec<OnceLock<Outcome>>,
    over: Vec<watch::Sender<Option<bool>>>,
}

impl Board {
    pub(super) fn new(steps: usize) -> Self {
        Self {
            outcomes: (0..steps).map(|_| OnceLock::new()).collect(),
            over: (0..steps).map(|_| watch::Sender::new(None)).collect(),
        }
    }

    /// Says how a step went; the first word counts.
    pub(super) fn set(&self, place: usize, outcome: Outcome) {
        let done = outcome.is_done();
        if self.outcomes[place].set(outcome).is_ok() {
            self.over[place].send_replace(Some(done));
        }
    }

    /// Waits until a step is over; whether it was done.
    pub(super) async fn wait(&self, place: usize) -> bool {
        let mut over = self.over[place].subscribe();
        match over.wait_for(Option::is_some).await {
            Ok(done) => *done == Some(true),
            Err(_) => false,
        }
    }

    /// How every step went.
    pub(super) fn outcomes(self) -> Vec<Outcome> {
        let unknown = || Outcome::Skipped { why: "it was not reached".to_owned() };
        self.outcomes
            .into_iter()
            .map(|outcome| outcome.into_inner().unwrap_or_else(unknown))
            .collect()
    }
}
