//! Everything that opens a door and did not come through git.
//!
//! Pure: it takes a checked repo, everything that was read of the targets, and a moment.
//! One file for each kind of door; [`reach`] knows who may open what in JumpServer, `power`
//! what an account may do on a server.

mod accounts;
mod databases;
mod definers;
mod grants;
mod kind;
mod next;
mod ours;
mod permissions;
mod power;
mod rank;
pub mod reach;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;

pub use kind::Kind;
pub use next::Next;
pub use ours::Ours;
pub use power::Power;
pub(crate) use power::{of_account as power_of, with_roles};
pub use rank::Risk;

use crate::access::model::{Access, Site};
use crate::emergency;
use crate::jumpserver;
use crate::mysql;
use crate::names::{InstanceName, Owner, PersonName};
use crate::plan::finding::Finding;
use crate::plural::{self, count};
use reach::Reach;

/// The version of the JSON form.
pub const SCHEMA: &str = "jumpgate.audit/1";

/// How many names a sentence lists.
pub(crate) const LISTED: usize = 5;

/// How many of the people behind a door are named.
const PEOPLE: usize = 50;

/// Everything that was read for an audit.
#[derive(Debug, Clone)]
pub struct Observed {
    /// JumpServer. Without it nothing of a database is known to be owned.
    pub jumpserver: jumpserver::everything::Everything,
    /// By instance that holds accounts; in error, why it could not be read.
    pub instances: BTreeMap<InstanceName, Result<Box<mysql::everything::Everything>, String>>,
}

/// From when on something counts as old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// A secret that was not set for so long is stale.
    pub secret: SignedDuration,
    /// A user who did not log in for so long is unused.
    pub unused: SignedDuration,
    /// A user may wait so long with his first login.
    pub first_login: SignedDuration,
    /// A permission that ends later than so has no end.
    pub end: SignedDuration,
}

impl Default for Terms {
    /// 180 days for secrets, 90 for users, 30 for the first login, five years for ends
    /// (JumpServer's own "no end" is 70 years from the start).
    fn default() -> Self {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        Self { secret: days(180), unused: days(90), first_login: days(30), end: days(5 * 365) }
    }
}

/// What an audit found: plain data, for every form of output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Audit {
    /// The version of this form.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The owner of the access repo.
    pub owner: Owner,
    /// When the targets were read.
    #[schemars(with = "String")]
    pub moment: Timestamp,
    /// The commit of the files, when it was a commit.
    pub commit: Option<String>,
    /// The organization of JumpServer, by name.
    pub organization: String,
    /// What was looked at, and what of it could not be seen.
    pub targets: Vec<Target>,
    /// How many doors there are, by risk.
    pub counts: BTreeMap<Risk, usize>,
    /// The doors, the worst first.
    pub doors: Vec<Door>,
    /// Emergencies that no owner has approved yet.
    pub emergencies: Vec<Finding>,
}

/// A target of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Target {
    /// `jumpserver`, or the instance.
    pub name: String,
    /// Why it could not be read at all.
    pub unreadable: Option<String>,
    /// What of it could not be seen, and was not judged.
    pub unseen: Vec<String>,
}

/// Something that opens a target and is not git's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Door {
    /// How bad it is: as its worst fault.
    pub risk: Risk,
    /// Where it is: `jumpserver`, or the instance.
    pub target: String,
    /// What it is.
    pub kind: DoorKind,
    /// Its name there.
    pub name: String,
    /// Its id in JumpServer.
    pub id: Option<Uuid>,
    /// What it opens, in words.
    pub opens: String,
    /// Who can go through it by JumpServer, some of them when they are many.
    pub people: Vec<Who>,
    /// How many can.
    pub people_count: usize,
    /// What is wrong with it, the worst first; never empty.
    pub faults: Vec<Fault>,
    /// What to do next.
    pub next: Next,
    /// Where in the access repo its target or person stands.
    pub site: Option<Site>,
}

/// What a door is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DoorKind {
    /// A permission of JumpServer.
    Permission,
    /// A user of JumpServer.
    User,
    /// An account that JumpServer holds for an asset.
    AssetAccount,
    /// An account of a database server.
    DatabaseAccount,
    /// A role of a database server.
    Role,
    /// PUBLIC, or a mandatory role.
    Everybody,
    /// A name without an account that holds grants.
    Leftover,
    /// A name without an account whose rights objects use.
    Definer,
}

impl DoorKind {
    /// It in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::User => "user",
            Self::AssetAccount => "account in JumpServer",
            Self::DatabaseAccount => "account",
            Self::Role => "role",
            Self::Everybody => "everybody by",
            Self::Leftover => "grants of the lost account",
            Self::Definer => "objects of the lost account",
        }
    }
}

impl Door {
    /// What it is, its name, and where it is, as a title.
    pub fn title(&self) -> String {
        match self.kind {
            DoorKind::Permission | DoorKind::User => format!("{} {}", self.kind.words(), self.name),
            DoorKind::AssetAccount => format!("account {}, in JumpServer", self.name),
            _ => format!("{} {} on {}", self.kind.words(), self.name, self.target),
        }
    }
}

/// Somebody who can go through a door.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Who {
    /// The user name in JumpServer.
    pub user: String,
    /// The person of the access repo whose user it is.
    pub person: Option<PersonName>,
}

/// One thing that is wrong with a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Fault {
    /// What kind of thing.
    pub code: Kind,
    /// How bad it is here.
    pub risk: Risk,
    /// What is the case.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
}

impl Fault {
    /// A fault of a kind.
    fn new(code: Kind, risk: Risk, what: impl Into<String>) -> Self {
        Self { code, risk, what: what.into(), why: code.why() }
    }
}

/// Finds every door that is not git's. `commit` is where the files come from.
pub fn find(
    access: &Access,
    observed: &Observed,
    terms: &Terms,
    moment: Timestamp,
    commit: Option<&str>,
) -> Audit {
    let reach = Reach::new(access, &observed.jumpserver, moment);
    let ours = Ours::new(access, &observed.jumpserver);
    let mut doors = permissions::find(access, &reach, &ours, terms, moment);
    doors.extend(users::find(access, &reach, terms, moment));
    doors.extend(accounts::find(access, &reach, &observed.jumpserver, &ours, terms, moment));
    let mut targets =
        vec![Target { name: "jumpserver".into(), unreadable: None, unseen: Vec::new() }];
    for (name, read) in &observed.instances {
        let mut target = Target { name: name.to_string(), unreadable: None, unseen: Vec::new() };
        match read {
            Err(why) => target.unreadable = Some(why.clone()),
            Ok(live) => {
                target.unseen = databases::unseen(live);
                let here = databases::Here::new(access, name, live, &reach, &ours);
                doors.extend(databases::find(&here, terms, moment));
                doors.extend(definers::find(&here));
            }
        }
        targets.push(target);
    }
    rank::sort(&mut doors);
    Audit {
        schema: SCHEMA,
        owner: access.config.owner.clone(),
        moment,
        commit: commit.map(str::to_owned),
        organization: observed.jumpserver.organization.1.clone(),
        targets,
        counts: counts(&doors),
        doors,
        emergencies: emergency::open(access, moment),
    }
}

fn counts(doors: &[Door]) -> BTreeMap<Risk, usize> {
    let mut counts: BTreeMap<Risk, usize> = Risk::ALL.map(|risk| (risk, 0)).into();
    for door in doors {
        *counts.entry(door.risk).or_default() += 1;
    }
    counts
}

impl Audit {
    /// Keeps the doors of some targets.
    pub fn keep(&mut self, target: impl Fn(&str) -> bool) {
        self.targets.retain(|one| target(&one.name));
        self.doors.retain(|door| target(&door.target));
        self.counts = counts(&self.doors);
    }

    /// Whether a target could not be read.
    pub fn is_partial(&self) -> bool {
        self.targets.iter().any(|target| target.unreadable.is_some())
    }

    /// The JSON form.
    pub fn json(&self) -> String {
        crate::visible::json(self)
    }
}

/// The worst of faults; there is always one.
fn worst(faults: &[Fault]) -> Risk {
    faults.iter().map(|fault| fault.risk).min().unwrap_or(Risk::Low)
}

/// The first of some users, with their people, and how many there are.
fn who(reach: &Reach<'_>, users: &BTreeSet<&str>) -> (Vec<Who>, usize) {
    let named = users
        .iter()
        .take(PEOPLE)
        .map(|user| Who { user: (*user).to_owned(), person: reach.person(user).cloned() });
    (named.collect(), users.len())
}

/// The first few of some names, and how many more there are.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    plural::listed(names, LISTED)
}

/// The same when some of the names are enough to say it, and how many there are is known.
pub(crate) fn listed_of<'a>(names: impl IntoIterator<Item = &'a str>, all: usize) -> String {
    plural::first_of(names, LISTED, all)
}

/// The roles that something held gives, through roles too.
pub(crate) fn roles<'a>(
    live: &'a mysql::everything::Everything,
    held: &'a mysql::spec::Held,
) -> impl Iterator<Item = &'a mysql::spec::SeenAccount> {
    let roles = power::roles(held, &live.accounts);
    roles.into_iter().filter_map(|role| live.accounts.get(role))
}

/// A day in UTC.
pub(crate) fn day(moment: Timestamp) -> String {
    moment.to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}
