//! What became of open sessions, summed up for the result of an apply.

use serde::Serialize;

use crate::apply::{Outcome, Sessions};
use crate::plan::{Plan, Target};

/// What became of open sessions, on each side.
#[derive(Debug, Clone, Copy, Default, Serialize, schemars::JsonSchema)]
pub(super) struct SessionsEnded {
    /// Those of database accounts, on the servers.
    databases: Sessions,
    /// Those of JumpServer, to servers and databases alike.
    jumpserver: Sessions,
}

impl SessionsEnded {
    /// The sum over the steps.
    pub(super) fn of(plan: &Plan, outcomes: &[Outcome]) -> Self {
        let mut all = Self::default();
        for (item, outcome) in plan.items.iter().zip(outcomes) {
            let Outcome::Done { sessions, .. } = outcome else { continue };
            let side = match item.target {
                Target::Instance(_) => &mut all.databases,
                Target::JumpServer => &mut all.jumpserver,
            };
            *side = side.and(*sessions);
        }
        all
    }

    /// A line for people, when there were sessions.
    pub(super) fn text(self) -> String {
        let part = |word: &str, databases: usize, jumpserver: usize| {
            let places = [(databases, "on databases"), (jumpserver, "in JumpServer")];
            let places: Vec<String> = places
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, place)| format!("{count} {place}"))
                .collect();
            (!places.is_empty()).then(|| format!("{word}: {}", places.join(", ")))
        };
        let parts = [
            part("ended", self.databases.ended, self.jumpserver.ended),
            part("left open", self.databases.left, self.jumpserver.left),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true => String::new(),
            false => format!("Open sessions {}.\n", parts.join("; ")),
        }
    }
}
