//! Who changed something, by JumpServer's operate log.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::Object;
use crate::access::model::Access;
use crate::jumpserver::operate_log::Logged;
use crate::jumpserver::spec::Live;
use crate::plan::permissions::Action;
use crate::plan::{Target, What};

/// How many entries of the log are told of one object.
const TOLD: usize = 3;

/// An entry of JumpServer's operate log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Hand {
    /// The user, as JumpServer names him: `name(username)`.
    pub user: String,
    /// What was done: `create`, `update`, `delete`.
    pub action: String,
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// From which address.
    pub from: Option<String>,
    /// Whether it is the user with which jumpgate applies, as far as the name of the one who
    /// made the anchor tells.
    pub applies: bool,
}

/// How far the log could be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Logs {
    /// It was read.
    Read,
    /// It has no entry at all.
    Empty,
    /// The user of the token may not read it.
    Forbidden,
    /// It could not be read.
    Failed,
    /// Nothing was there to be asked about.
    NotAsked,
}

impl Logs {
    /// What to tell people; none when there is nothing.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Read | Self::NotAsked => None,
            Self::Empty => Some(
                "Who changed it is not known: JumpServer's operate log is empty (JumpServer 3.10 \
                 on PostgreSQL cannot write it).",
            ),
            Self::Forbidden => Some(
                "Who changed it is not known: the user of the token lacks the right \
                 audits.view_operatelog.",
            ),
            Self::Failed => {
                Some("Who changed it is not known: JumpServer's operate log could not be read.")
            }
        }
    }
}

/// What the log may call an object: a permission by its name of now and before; an account on
/// an asset as `name(asset)`. Of what only the database server knows there is nothing.
pub fn names(object: &Object, access: &Access, live: &Live) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in &object.items {
        match (&item.what, &item.target) {
            (What::Permission { action, .. }, _) => match &**action {
                Action::Create { spec } | Action::Delete { from: spec } => {
                    names.insert(spec.name.clone());
                }
                Action::Update { from, to, .. } | Action::Adopt { from, to, .. } => {
                    names.extend([from.name.clone(), to.name.clone()]);
                }
                Action::Release { from, name } => {
                    names.extend([from.name.clone(), name.clone()]);
                }
            },
            (What::Account { change }, Target::Instance(instance)) => {
                let user = &change.account.user;
                let assets = super::assets(access, instance);
                let here = live.accounts.values().filter(|account| {
                    account.username == *user && assets.contains(account.asset.as_str())
                });
                names.extend(here.map(|account| format!("{}({})", account.name, account.asset)));
                names.extend(assets.iter().map(|asset| format!("{user}({asset})")));
            }
            (What::Account { .. }, Target::JumpServer) | (What::User { .. }, _) => {
                names.insert(item.name.clone());
            }
        }
    }
    names
}

/// Who did something to an object since the commit, the newest first. The user with which
/// jumpgate applies has `maker` for his name, and is told only when nobody else is.
pub fn told_by(logged: Vec<Logged>, maker: Option<&str>) -> Vec<Hand> {
    let mut hands: Vec<Hand> = logged
        .into_iter()
        .map(|one| {
            let applies = maker.is_some_and(|maker| {
                one.user == maker
                    || one.user.strip_prefix(maker).is_some_and(|r| r.starts_with('('))
            });
            Hand { user: one.user, action: one.action, at: one.at, from: one.from, applies }
        })
        .collect();
    hands.sort_by(|a, b| (a.applies, b.at, &a.user).cmp(&(b.applies, a.at, &b.user)));
    hands.dedup();
    // What jumpgate itself did explains nothing while somebody else did something.
    if hands.iter().any(|hand| !hand.applies) {
        hands.retain(|hand| !hand.applies);
    }
    hands.truncate(TOLD);
    hands
}
