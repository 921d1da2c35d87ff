//! Carries a plan out: JumpServer's own objects in one lane, each database instance in a
//! lane of its own, side by side. A failed step skips what needs it and nothing else.

mod accounts;
mod board;
mod left;
mod names;
mod permissions;
mod refusals;
mod secrets;
mod sessions;
mod users;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use serde::Serialize;

use self::board::Board;
use self::names::Names;
use self::sessions::Carried;
pub use self::sessions::Sessions;
use crate::access::model::Access;
use crate::jumpserver::spec::Live;
use crate::jumpserver::{Reader, Writer};
use crate::mysql;
use crate::names::InstanceName;
use crate::observe::SIDE_BY_SIDE;
use crate::on_end::OnEnds;
use crate::plan::accounts::AccountChange;
use crate::plan::people::UserChange;
use crate::plan::{Item, Plan, Target, What};

/// How many steps of JumpServer's own lane run at once.
const JUMPSERVER_SIDE_BY_SIDE: usize = 4;

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It is done.
    Done {
        /// What there is to say about it.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// What became of open sessions, when there were some.
        #[serde(skip_serializing_if = "Sessions::is_none")]
        #[schemars(with = "Option<Sessions>")]
        sessions: Sessions,
    },
    /// It failed; the next apply takes it up from where it stands.
    Failed {
        /// Why, in words.
        why: String,
    },
    /// It was not begun.
    Skipped {
        /// Why, in words.
        why: String,
    },
}

impl Outcome {
    /// Done, with nothing to say.
    fn done() -> Self {
        Carried::default().into()
    }

    /// Whether it is done.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }
}

impl From<Carried> for Outcome {
    fn from(carried: Carried) -> Self {
        Self::Done { note: carried.note, sessions: carried.sessions }
    }
}

/// What steps are carried out with.
pub struct Means<'a> {
    /// The access repo.
    pub access: &'a Access,
    /// What was read under the locks, which gives names their ids.
    pub live: &'a Live,
    /// Reads JumpServer.
    pub reader: &'a Reader,
    /// Writes JumpServer, while the lease holds.
    pub writer: &'a Writer,
    /// Set to stop after the steps that are running.
    pub stop: &'a AtomicBool,
}

/// Carries out a plan. `servers` are the locked instances; `tell` is called after each
/// step, from any lane. The outcomes are in the order of the steps.
pub async fn carry_out(
    plan: &Plan,
    means: &Means<'_>,
    servers: &mut BTreeMap<InstanceName, mysql::Writer>,
    tell: &(dyn Fn(usize, &Outcome) + Sync),
) -> Vec<Outcome> {
    let board = Board::new(plan.items.len());
    let names = Names::of(means.live);
    let on_ends = OnEnds::of(means.access);
    let run = Run { plan, means, board: &board, names: &names, on_ends, tell };
    let own: Vec<usize> = run.places(|target| *target == Target::JumpServer);
    let jumpserver = stream::iter(own)
        .map(|place| run.jumpserver(place))
        .buffer_unordered(JUMPSERVER_SIDE_BY_SIDE)
        .collect::<Vec<()>>();
    let mut lanes: BTreeMap<&InstanceName, Vec<usize>> = BTreeMap::new();
    for (place, item) in plan.items.iter().enumerate() {
        if let Target::Instance(name) = &item.target {
            lanes.entry(name).or_default().push(place);
        }
    }
    let mut servers: BTreeMap<&InstanceName, &mut mysql::Writer> = servers.iter_mut().collect();
    let lanes: Vec<_> =
        lanes.into_iter().map(|(name, places)| (servers.remove(name), places)).collect();
    let instances = stream::iter(lanes)
        .map(|(server, places)| run.instance(server, places))
        .buffer_unordered(SIDE_BY_SIDE)
        .collect::<Vec<()>>();
    join(jumpserver, instances).await;
    board.outcomes()
}

/// One run over a plan.
struct Run<'r, 'a> {
    plan: &'r Plan,
    means: &'r Means<'a>,
    board: &'r Board,
    names: &'r Names,
    on_ends: OnEnds<'r>,
    tell: &'r (dyn Fn(usize, &Outcome) + Sync),
}

impl Run<'_, '_> {
    fn places(&self, of: impl Fn(&Target) -> bool) -> Vec<usize> {
        let items = self.plan.items.iter().enumerate();
        items.filter(|(_, item)| of(&item.target)).map(|(place, _)| place).collect()
    }

    /// Waits for what stands before a step; gives why it cannot be begun, if so.
    async fn ready(&self, place: usize) -> Result<&Item, Outcome> {
        let item = &self.plan.items[place];
        for &before in &item.after {
            self.board.wait(before).await;
        }
        for &need in &item.needs {
            if !self.board.wait(need).await {
                let why = format!("{} was not done", self.plan.items[need].name);
                return Err(Outcome::Skipped { why });
            }
        }
        if self.means.stop.load(Ordering::Relaxed) {
            return Err(Outcome::Skipped { why: "the run was stopped".to_owned() });
        }
        Ok(item)
    }

    fn finish(&self, place: usize, outcome: Outcome) {
        let name = self.plan.items[place].name.as_str();
        tracing::info!(place, name, done = outcome.is_done(), "step");
        (self.tell)(place, &outcome);
        self.board.set(place, outcome);
    }

    async fn jumpserver(&self, place: usize) {
        let outcome = match self.ready(place).await {
            Err(outcome) => outcome,
            Ok(item) => {
                let done = match &item.what {
                    What::User { change } => {
                        users::carry_out(self, change).await.map(|()| Carried::default())
                    }
                    What::Permission { id, action, mark } => {
                        permissions::carry_out(self, *id, action, mark.as_deref()).await
                    }
                    // An account belongs to its instance.
                    What::Account { .. } => Ok(Carried::default()),
                };
                match done {
                    Ok(carried) => carried.into(),
                    Err(error) => Outcome::Failed { why: error.to_string() },
                }
            }
        };
        self.finish(place, outcome);
    }

    async fn instance(&self, server: Option<&mut mysql::Writer>, places: Vec<usize>) {
        let Some(server) = server else {
            for place in places {
                let why = "the server is not locked by this run".to_owned();
                self.finish(place, Outcome::Skipped { why });
            }
            return;
        };
        // Why the server takes no password any more.
        let mut refused: Option<String> = None;
        for place in places {
            let outcome = match self.ready(place).await {
                Err(outcome) => outcome,
                Ok(Item { what: What::Account { change }, needs, .. }) => match &refused {
                    Some(why) if accounts::may_shut_out(change) => {
                        let why = format!(
                            "the server refused another new password, so this one keeps its \
                             password: {why}"
                        );
                        Outcome::Skipped { why }
                    }
                    _ => match self.account(server, change, needs).await {
                        Ok(carried) => carried.into(),
                        Err(error) => {
                            if let Some(error) = error.downcast_ref::<accounts::Refused>() {
                                refused = Some(error.to_string());
                            }
                            Outcome::Failed { why: error.to_string() }
                        }
                    },
                },
                Ok(_) => Outcome::done(),
            };
            self.finish(place, outcome);
        }
    }

    async fn account(
        &self,
        server: &mut mysql::Writer,
        change: &AccountChange,
        needs: &[usize],
    ) -> anyhow::Result<Carried> {
        let made = needs.iter().find_map(|need| match &self.plan.items[*need].what {
            What::User { change: UserChange::Create { username, .. } } => Some(username),
            _ => None,
        });
        let made = made.map(|username| self.names.user(username)).transpose()?;
        accounts::carry_out(self, server, change, made).await
    }
}
