//! The database accounts of a plan: what each should hold, and the steps to it on both
//! sides.
//!
//! `one` looks at one account on both sides; `toward` leads to an account that is wanted,
//! `ends` out of one that nobody asks for, `renew` to a new password; `keep` says what stays
//! of one that gets nothing new; `told` puts into words what a handover has to say. `adopt` takes over what another hand made, `release`
//! gives it back. `owned` and `exposed` look at all of them before.

mod adopt;
mod ends;
mod exposed;
mod keep;
mod one;
mod owned;
mod release;
mod renew;
mod told;
mod toward;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use jiff::Timestamp;
use rayon::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use self::one::One;
pub(super) use self::owned::Owned;
use super::adopt::Adopting;
use super::finding::Finding;
use super::people::People;
use super::release::Released;
use super::scopes;
use super::servers::Servers;
use super::sessions;
use super::{Allowed, SIDE_BY_SIDE};
use crate::access::model::Access;
use crate::desired::Desired;
use crate::grants::Grant;
use crate::handover::Step;
use crate::jumpserver::spec::Live;
use crate::mark::Mark;
use crate::mysql::difference::narrows;
use crate::mysql::spec::{AccountName, Change, SeenAccount};
use crate::names::{InstanceName, PersonName, RequestName};
use crate::naming;

pub(super) use renew::renew;

/// One step about an account: the handover's, with its grants spelled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum AccountStep {
    /// A step of the handover.
    Handover(Step),
    /// A grant or a revoke.
    Grants {
        /// What is granted or revoked.
        change: Change,
    },
    /// The mark in JumpServer: the requests or their ends changed.
    Mark {
        /// The asset.
        asset: String,
        /// The account there.
        account: Uuid,
    },
}

/// What the marks of an account say when its steps are done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct AccountMark {
    /// The user in JumpServer.
    pub user: Option<Uuid>,
    /// The requests, each with its end.
    #[schemars(with = "BTreeMap<String, Option<String>>")]
    pub requests: BTreeMap<RequestName, Option<Timestamp>>,
}

impl AccountMark {
    /// When the last request ends; `None` is no end.
    pub fn end(&self) -> Option<Timestamp> {
        let ends: Option<Vec<Timestamp>> = self.requests.values().copied().collect();
        ends.and_then(|ends| ends.into_iter().max())
    }
}

/// What has to be done about one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct AccountChange {
    /// The instance that holds it.
    pub instance: InstanceName,
    /// The account.
    pub account: AccountName,
    /// The steps, in order; each only after all before it.
    pub steps: Vec<AccountStep>,
    /// What its marks say then.
    pub mark: AccountMark,
}

impl AccountChange {
    /// Whether the account is taken over.
    pub fn adopts(&self) -> bool {
        self.has(|step| matches!(step, Step::Adopt { .. }))
    }

    /// Whether the account is given back.
    pub fn releases(&self) -> bool {
        self.has(|step| matches!(step, Step::Release { .. }))
    }

    /// Whether somebody can do more by it than before.
    pub fn gives(&self) -> bool {
        self.has(|step| matches!(step, Step::CreateAccount | Step::Unlock))
            || self.grants().any(|change| !narrows(change))
    }

    /// Whether it takes something away.
    pub fn takes(&self) -> bool {
        let ends = |step: &Step| {
            matches!(
                step,
                Step::Lock | Step::RevokeAll | Step::Drop | Step::DeleteAssetAccount { .. }
            )
        };
        self.has(ends) || self.narrows()
    }

    /// Whether the account stays and holds less then.
    pub(super) fn narrows(&self) -> bool {
        self.grants().any(narrows)
    }

    /// Whether open sessions are left for a while, and then ended.
    pub(super) fn awaits_sessions(&self) -> bool {
        self.has(|step| matches!(step, Step::AwaitSessions))
    }

    /// What is granted and revoked.
    fn grants(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().filter_map(|step| match step {
            AccountStep::Grants { change } => Some(change),
            AccountStep::Handover(_) | AccountStep::Mark { .. } => None,
        })
    }

    /// Whether a step of the handover is among its steps.
    fn has(&self, is: impl Fn(&Step) -> bool) -> bool {
        self.steps.iter().any(|step| matches!(step, AccountStep::Handover(step) if is(step)))
    }
}

/// A change with what a plan needs to put it in order.
pub(super) struct Planned<'a> {
    pub(super) change: AccountChange,
    pub(super) person: Option<&'a PersonName>,
    /// It can give something that was not given before.
    pub(super) grows: bool,
    /// It takes something away before the end that its mark records.
    pub(super) early_end: bool,
    /// It takes something away.
    pub(super) shrinks: bool,
    /// An account of the same user name takes its place, which has to stand before.
    pub(super) replaced: bool,
}

/// What was found about accounts.
#[derive(Default)]
pub(super) struct Accounts<'a> {
    pub(super) planned: Vec<Planned<'a>>,
    /// Accounts that get nothing new: by the instance that holds them, the user names.
    blocked: HashMap<&'a InstanceName, HashSet<String>>,
    /// How many accounts are ours.
    pub(super) owned: usize,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Accounts<'a> {
    /// Says that an account gets nothing new.
    fn block(&mut self, instance: &'a InstanceName, user: &str) {
        self.blocked.entry(instance).or_default().insert(user.to_owned());
    }

    /// Adds what was found about others.
    fn add(&mut self, other: Self) {
        self.planned.extend(other.planned);
        self.findings.extend(other.findings);
        self.owned += other.owned;
        for (instance, users) in other.blocked {
            self.blocked.entry(instance).or_default().extend(users);
        }
    }

    /// Whether an account gets nothing new.
    pub(super) fn is_blocked(&self, instance: &InstanceName, user: &str) -> bool {
        self.blocked.get(instance).is_some_and(|users| users.contains(user))
    }
}

/// Everything that the work on accounts reads.
pub(super) struct Inputs<'i, 'a> {
    pub(super) access: &'a Access,
    /// All grants, also those that are over.
    pub(super) grants: &'a [Grant<'a>],
    pub(super) live: &'a Live,
    /// The accounts in JumpServer that are ours.
    pub(super) owned: &'i Owned<'a>,
    /// What becomes of the permissions that requests adopt.
    pub(super) adopting: &'i Adopting,
    /// The requests that are released.
    pub(super) released: &'i Released<'a>,
    pub(super) servers: &'i Servers<'a>,
    pub(super) people: &'i People<'a>,
    /// What all grants ask for, and what those ask for that keep policy.
    pub(super) all: &'i Desired<'a>,
    pub(super) allowed: Allowed<'i, 'a>,
    pub(super) moment: Timestamp,
}

/// Plans the accounts of all instances that can be worked on.
pub(super) fn plan<'a>(inputs: &Inputs<'_, 'a>) -> Accounts<'a> {
    let mut accounts = Accounts::default();
    let owned = inputs.owned;
    accounts.owned = owned.count;
    accounts.findings.extend(owned.findings.iter().cloned());
    let prefix = naming::account_prefix(&inputs.access.config.prefix);
    let people = OnceLock::new();
    for (holder, user) in inputs.all.accounts.keys() {
        if !inputs.servers.usable.contains_key(holder) {
            accounts.block(holder, user);
        }
    }
    let exposed = exposed::find(inputs, &mut accounts.findings);
    for (&instance, &(live, _)) in &inputs.servers.usable {
        scopes::find(inputs.access, inputs.all, instance, live, &mut accounts.findings);
        let findings = &mut accounts.findings;
        let lacks = scopes::find_impossible(inputs.access, inputs.all, instance, live, findings);
        let missing = lacks || scopes::any_missing(&live.existing);
        accounts.findings.extend(sessions::of_gone_accounts(instance, live));
        let from_evidence = live.accounts.values().filter(|account| evident(inputs, account));
        let wanted: HashSet<&str> =
            inputs.all.accounts_on(instance).map(|(user, _)| user).collect();
        let mut users: Vec<&str> =
            from_evidence.map(|account| account.name.user.as_str()).collect();
        users.extend(owned.users(instance));
        users.retain(|user| !wanted.contains(user));
        users.sort_unstable();
        users.dedup();
        let wanted = inputs.all.accounts_on(instance).map(|(user, wanted)| (user, Some(wanted)));
        let unwanted = users.into_iter().map(|user| (user, None));
        let mut users: Vec<_> = wanted.chain(unwanted).collect();
        users.sort_by_key(|(user, _)| *user);
        // What was not looked for is not gone.
        users.retain(|(user, _)| user.starts_with(&prefix) || live.users.contains(*user));
        let plan = |users: &[(&str, Option<_>)]| {
            let mut accounts = Accounts::default();
            for &(user, wanted) in users {
                let one = One { inputs, owned, instance, live, missing, user };
                // Those who are asked for need no look at everybody's names.
                let whose = || {
                    let people = people.get_or_init(|| everybody(inputs.access, inputs.all));
                    people.get(user).copied()
                };
                let exposed = exposed.contains(&(instance, user));
                one.plan(wanted, whose, exposed, &mut accounts);
            }
            accounts
        };
        let parts: Vec<_> = users.par_chunks(SIDE_BY_SIDE).map(plan).collect();
        parts.into_iter().for_each(|part| accounts.add(part));
    }
    accounts
}

/// Whose account a user name is: of everybody in the repo.
fn everybody<'a>(access: &'a Access, all: &Desired<'a>) -> BTreeMap<String, &'a PersonName> {
    let config = &access.config;
    let names = access.people.keys().flat_map(|person| {
        config.levels.keys().map(move |level| {
            (naming::account(&config.owner, &config.prefix, person, level), person)
        })
    });
    // A name that was adopted on two instances for two people is nobody's.
    let mut adopted: BTreeMap<String, Option<&PersonName>> = BTreeMap::new();
    for (_, person, line) in all.adoptions.accounts() {
        adopted
            .entry(line.name.to_owned())
            .and_modify(|known| *known = known.filter(|known| *known == person))
            .or_insert(Some(person));
    }
    let adopted = adopted.into_iter().filter_map(|(name, person)| Some((name, person?)));
    names.chain(adopted).collect()
}

fn evident(inputs: &Inputs<'_, '_>, account: &SeenAccount) -> bool {
    let owner = inputs.access.config.owner.as_str();
    account.evidence.as_ref().is_some_and(|evidence| evidence.owner == owner)
}

/// The end that a mark records of a request, unless it has passed.
pub(super) fn recorded(
    mark: &Mark,
    request: &RequestName,
    moment: Timestamp,
) -> Option<Option<Timestamp>> {
    mark.requests.get(request).copied().filter(|end| !over(*end, moment))
}

/// Whether a recorded end has passed.
pub(crate) fn over(end: Option<Timestamp>, moment: Timestamp) -> bool {
    end.is_some_and(|end| end <= moment)
}
