//! From desired and live state to ordered steps. Pure: nothing here reads or writes.
//!
//! `ask` says what has to be read, [`make`] compares, and each of the other modules looks
//! at one kind of thing: `people`, `hosts`, `servers`, `scopes`, `accounts`, `access`
//! (permissions), `adopt` (permissions that others made), `release` (what is given back),
//! `renamed` (targets that have another name now). What cannot be done is told in [`finding`];
//! what must not be lost meanwhile is kept by `hold`; [`guard`] says when too much goes at once.

mod access;
pub mod accounts;
mod adopt;
pub mod ask;
pub mod finding;
mod focus;
pub mod guard;
mod hold;
mod hosts;
pub mod left;
mod order;
mod ours;
pub mod overdue;
pub mod people;
pub mod permissions;
pub mod reason;
mod release;
mod renamed;
pub mod renew;
mod scopes;
mod servers;
mod sessions;
mod targets;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) use adopt::{NO_END, same_meaning};
pub use focus::Focus;

use self::accounts::AccountChange;
use self::finding::{Finding, Kind};
use self::guard::{Removals, Stop};
use self::ours::Ours;
use self::people::UserChange;
use self::reason::Reason;
use self::release::Released;
use crate::access::model::Access;
use crate::access::sessions::OnEnd;
use crate::desired::{self, AccountSpec, Desired, Wanted};
use crate::emergency;
use crate::grants::Grant;
use crate::jumpserver::spec::PermissionSpec;
use crate::mark::Mark;
use crate::names::{InstanceName, PersonName, RequestName};
use crate::observed::Observed;
use crate::on_end::OnEnds;
use crate::policy;

/// How many characters a plan's checksum has, each 0-9 or a-f.
pub const CHECKSUM_LEN: usize = 32;

/// How many objects are looked at in a row while others are looked at beside them.
const SIDE_BY_SIDE: usize = 512;

/// When a step may be carried out, relative to the others.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Ends that nothing replaces: first, so that they wait for nothing.
    Ends,
    /// New and wider access.
    New,
    /// What was replaced: only after its replacement stands and was read back.
    Replaced,
}

/// What a plan is made from.
pub struct Inputs<'a> {
    /// The access repo.
    pub access: &'a Access,
    /// Its grants.
    pub grants: &'a [Grant<'a>],
    /// What they ask for at the moment: whoever reads the targets has worked it out.
    pub desired: &'a Desired<'a>,
    /// What was read of the targets.
    pub observed: &'a Observed,
    /// The moment.
    pub moment: Timestamp,
    /// Instances whose server may be another one than at the last apply.
    pub new_servers: &'a BTreeSet<InstanceName>,
    /// Requests that get nothing new because of how they were merged.
    pub unproven: &'a Unproven,
}

/// Requests that get nothing new because of how they were merged, each with what there is to
/// tell.
pub type Unproven = BTreeMap<RequestName, Finding>;

/// The ordered steps from live to desired, and what there is to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The steps; what one needs stands before it.
    pub items: Vec<Item>,
    /// What is in the way, risky or odd; the worst first.
    pub findings: Vec<Finding>,
    /// What is taken away.
    pub removals: Removals,
    /// Why the guard stops it, unless a flag lets it through.
    pub stop: Option<Stop>,
    /// Whether only some of its steps are here ([`Focus::narrow`]). What is taken away, and why
    /// the guard stops it, is of the whole plan.
    pub narrowed: bool,
}

/// One step about one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Where it is carried out; the other side of a handover goes along.
    pub target: Target,
    /// When.
    pub phase: Phase,
    /// Whom it is about, as far as the repo knows him.
    pub person: Option<PersonName>,
    /// Others who lose or get something by it, as one who has by mistake what is another's.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub others: BTreeSet<PersonName>,
    /// The user or account name that it is about.
    pub name: String,
    /// What happens.
    pub what: What,
    /// The requests that it comes from.
    pub because: Vec<Reason>,
    /// Whether it takes access away before the end that its own mark records, or switches off
    /// a user whose file does not say that he left.
    pub early_end: bool,
    /// What becomes of the open sessions behind what it takes away, by the settings of their
    /// environments; empty where the step itself says all of that.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub sessions: BTreeSet<OnEnd>,
    /// Positions of steps that must have succeeded before.
    pub needs: Vec<usize>,
    /// Positions of steps that must be over before, however they went.
    pub after: Vec<usize>,
}

/// Where a step is carried out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// JumpServer.
    JumpServer,
    /// A database instance, and its accounts in JumpServer.
    Instance(InstanceName),
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum What {
    /// A user of JumpServer.
    User {
        /// The change.
        #[serde(flatten)]
        change: UserChange,
    },
    /// A permission.
    Permission {
        /// Its id.
        id: Uuid,
        /// The change.
        #[serde(flatten)]
        action: Box<permissions::Action>,
        /// Its mark, when it stays.
        mark: Option<Box<Mark>>,
    },
    /// A database account.
    Account {
        /// The change.
        #[serde(flatten)]
        change: AccountChange,
    },
}

impl What {
    /// Whether something that another hand made is taken over.
    pub fn adopts(&self) -> bool {
        match self {
            Self::User { .. } => false,
            Self::Permission { action, .. } => {
                matches!(**action, permissions::Action::Adopt { .. })
            }
            Self::Account { change } => change.adopts(),
        }
    }

    /// Whether somebody can do more by it than before.
    pub fn gives(&self) -> bool {
        match self {
            Self::User { change } => {
                matches!(
                    change,
                    UserChange::Create { .. } | UserChange::Update { enable: true, .. }
                )
            }
            Self::Permission { action, .. } => action.gives(),
            Self::Account { change } => change.gives(),
        }
    }

    /// Whether it takes something away.
    pub fn takes(&self) -> bool {
        match self {
            Self::User { change } => matches!(change, UserChange::Disable { .. }),
            Self::Permission { action, .. } => action.takes(),
            Self::Account { change } => change.takes(),
        }
    }

    /// Whether something of ours is given back.
    pub fn releases(&self) -> bool {
        match self {
            Self::User { .. } => false,
            Self::Permission { action, .. } => {
                matches!(**action, permissions::Action::Release { .. })
            }
            Self::Account { change } => change.releases(),
        }
    }
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether something that git asks for cannot be done.
    pub fn is_partial(&self) -> bool {
        self.findings.iter().any(|finding| {
            finding.severity == finding::Severity::Error && !finding.code.breaks_policy()
        })
    }

    /// Whether a merged request breaks policy, or was merged against the rules.
    pub fn breaks_policy(&self) -> bool {
        self.findings.iter().any(|finding| finding.code.breaks_policy())
    }

    /// The guard's words, when it stops the plan.
    pub fn stop_message(&self) -> Option<String> {
        let whole = match self.narrowed {
            true => "; this counts all steps of the whole plan, not only those shown here",
            false => "",
        };
        self.stop.map(|stop| format!("{stop}{whole}"))
    }

    /// The requests that get something new by the steps, or give something back, which their
    /// end does not end then.
    pub fn newly(&self) -> BTreeSet<&RequestName> {
        let new =
            self.items.iter().filter(|item| item.phase != Phase::Ends || item.what.releases());
        let reasons = new.flat_map(|item| &item.because);
        let asks = reasons.filter(|reason| reason.state == reason::State::Asks);
        asks.map(|reason| &reason.request).collect()
    }

    /// What `--expect` compares: the same for the same steps, whatever the day.
    pub fn checksum(&self) -> String {
        // Plain data with string keys always has a JSON form.
        let json = serde_json::to_vec(&self.items).unwrap_or_default();
        data_encoding::HEXLOWER.encode(&Sha256::digest(json)[..CHECKSUM_LEN / 2])
    }
}

/// Makes the plan. The same inputs give the same plan, byte for byte.
pub fn make(inputs: &Inputs<'_>) -> Plan {
    let Inputs { access, desired: all, observed, moment, .. } = *inputs;
    let live = &observed.jumpserver;
    let mut findings = Vec::new();
    let released = Released::of(access, moment, inputs.unproven);
    let ((kept, violating), ours) = rayon::join(
        || keep_policy(inputs, &released, &mut findings),
        || Ours::of(access, live, all),
    );
    let narrower = kept.as_deref().map(|kept| desired::at(access, kept, moment));
    let allowed = Allowed(narrower.as_ref());

    findings.extend(emergency::open(access, moment));
    let (people, (owned_accounts, hosts, servers)) = rayon::join(
        || people::find(access, &ours, all, live),
        || {
            let owned = accounts::Owned::of(access, live);
            let hosts = hosts::find(access, all, live);
            (owned, hosts, servers::find(access, all, observed, inputs.new_servers))
        },
    );
    let adopting = adopt::find(live, &ours, &people, all, allowed, moment);
    let accounts = accounts::plan(&accounts::Inputs {
        access,
        grants: inputs.grants,
        live,
        owned: &owned_accounts,
        adopting: &adopting,
        released: &released,
        servers: &servers,
        people: &people,
        all,
        allowed,
        moment,
    });
    let on_ends = &OnEnds::of(access);
    let permissions = access::plan(&access::Inputs {
        access,
        live,
        ours: &ours,
        servers: &servers,
        people: &people,
        hosts: &hosts,
        accounts: &accounts,
        adopting: &adopting,
        released: &released,
        all,
        allowed,
        violating: &violating,
        on_ends,
        moment,
    });
    let owned = accounts.owned + permissions.owned;
    if live.anchor.is_none() && owned > 0 {
        let text = format!(
            "JumpServer has {owned} objects of owner {} and no anchor, so nobody knows which commit \
             was applied last: apply refuses",
            access.config.owner
        );
        let help = "when the anchor was deleted by hand, run `jumpgate apply --new-anchor` once";
        findings.push(Finding::new(Kind::NoAnchor, text).help(help));
    }
    findings.extend(people.findings.iter().cloned());
    findings.extend(hosts.findings.iter().cloned());
    findings.extend(servers.findings.iter().cloned());
    findings.extend(adopting.findings.iter().cloned());
    findings.extend(accounts.findings.iter().cloned());
    findings.extend(permissions.findings.iter().cloned());
    let users = people::changes(access, all, live);
    findings.extend(people::shielded(&users, live));
    findings.sort();
    findings.dedup();
    let (items, removals) = order::items(
        &order::Inputs { access, live, all, on_ends, moment },
        users,
        accounts,
        permissions,
    );
    // What is taken over in this run is ours when something of it goes.
    let taken = items.iter().filter(|item| item.what.adopts()).count();
    // Users count with those that go: else each one would make a share of access smaller.
    let goes = |item: &Item| item.early_end && matches!(item.what, What::User { .. });
    let users = match items.iter().any(goes) {
        true => people::active(access, live).count(),
        false => 0,
    };
    let removals = Removals { owned: owned + taken + users, ..removals };
    let stop = guard::judge(access.config.guard, removals, None).err();
    Plan { items, findings, removals, stop, narrowed: false }
}

/// What those grants ask for that keep policy; nothing when all do, which is mostly so: then
/// what is wanted need not be looked up in it.
#[derive(Clone, Copy)]
struct Allowed<'i, 'a>(Option<&'i Desired<'a>>);

impl<'i, 'a> Allowed<'i, 'a> {
    /// What is allowed of an account that is wanted.
    fn account<'w>(
        self,
        instance: &'a InstanceName,
        user: &str,
        wanted: &'w Wanted<'a, AccountSpec>,
    ) -> Option<&'w Wanted<'a, AccountSpec>>
    where
        'i: 'w,
    {
        match self.0 {
            Some(narrower) => narrower.accounts.get(&(instance, user.to_owned())),
            None => Some(wanted),
        }
    }

    /// What is allowed of a permission that is wanted.
    fn permission<'w>(
        self,
        name: &str,
        wanted: &'w Wanted<'a, PermissionSpec>,
    ) -> Option<&'w Wanted<'a, PermissionSpec>>
    where
        'i: 'w,
    {
        match self.0 {
            Some(narrower) => narrower.permissions.get(name),
            None => Some(wanted),
        }
    }
}

/// The grants that keep policy, were merged properly and are not released (none when all do),
/// and whose requests break it: the user and the request.
fn keep_policy<'a>(
    inputs: &Inputs<'a>,
    released: &Released<'_>,
    findings: &mut Vec<Finding>,
) -> (Option<Vec<Grant<'a>>>, BTreeSet<(&'a str, &'a RequestName)>) {
    let Inputs { access, grants, moment, unproven, .. } = *inputs;
    findings.extend(unproven.values().cloned());
    let mut kept: Option<Vec<Grant<'a>>> = None;
    let mut violating = BTreeSet::new();
    let mut told: BTreeMap<_, Finding> = BTreeMap::new();
    for (number, grant) in grants.iter().enumerate() {
        let given_back = released.has(grant.because.request);
        let broken = match grant.period.is_over(moment) || given_back {
            true => Vec::new(),
            false => policy::judge(access, grant, moment),
        };
        let unproven = unproven.contains_key(grant.because.request);
        if broken.is_empty() && !unproven && !given_back {
            if let Some(kept) = &mut kept {
                kept.push(grant.clone());
            }
            continue;
        }
        kept.get_or_insert_with(|| grants[..number].to_vec());
        if let Some(person) = access.people.get(grant.person).filter(|_| !given_back) {
            violating.insert((person.jumpserver.as_str(), grant.because.request));
        }
        for violation in broken {
            // Once for all members of a team.
            let about = |finding: &mut Finding| finding.also_about(grant.person);
            told.entry((grant.because.site, violation.limit.clone()))
                .and_modify(about)
                .or_insert_with(|| {
                    let text = format!(
                        "{}, so it gets nothing new ({}:{})",
                        violation.message, violation.limit.file, violation.limit.line
                    );
                    let finding = Finding::new(Kind::AgainstPolicy, text);
                    finding.at(grant.because.site).about(grant.person)
                });
        }
    }
    findings.extend(told.into_values());
    (kept, violating)
}
