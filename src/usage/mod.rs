//! Which access is used, and which is not. Pure: files, records and a moment in.
//!
//! JumpServer's session records tell who was on which asset with which account. A database
//! server only counts connections by user name since it started: that can confirm that an
//! account was never used, and show that it was used past the records. Nothing tells by which
//! of several requests somebody came in: a session counts for all that give its target.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::access::model::Access;
use crate::adoption::{self, Adoptions};
use crate::entries::{Entry, Opens};
use crate::grants::ServerTarget;
use crate::jumpserver::spec::Live;
use crate::jumpserver::{PastSession, Records};
use crate::mysql::connections::Connections;
use crate::names::{InstanceName, PersonName};
use crate::node_path::with_parents;

/// What use is judged from.
pub struct Inputs<'a> {
    /// The files.
    pub access: &'a Access,
    /// What was read of JumpServer: users, assets and their nodes.
    pub live: &'a Live,
    /// The sessions of the people.
    pub records: &'a Records,
    /// By instance that holds accounts, how often each user name connected.
    pub connections: &'a BTreeMap<InstanceName, Connections>,
    /// How long something is not used until it counts as unused.
    pub term: SignedDuration,
    /// The moment.
    pub moment: Timestamp,
}

/// How an access is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Somebody used it within the term, at this moment for the last time.
    Used(Timestamp),
    /// The server counted connections since a moment within the term.
    Connected(Timestamp),
    /// It is younger than the term: since then it is as it is.
    Young(Timestamp),
    /// It was not used within the term; when it was last, as far as records go.
    Unused(Option<Timestamp>),
    /// The records do not go back as far as the term, or do not hold the person.
    Unknown(Unknown),
}

/// Why it is not known whether an access is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// JumpServer has no session record at all.
    NoRecords,
    /// Its records begin only then.
    RecordsBegin(Timestamp),
    /// JumpServer has no such user, or no such asset: nothing can be looked up.
    NotThere,
}

/// One access, and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'a> {
    /// The access.
    pub entry: Entry<'a>,
    /// How it is used.
    pub state: State,
    /// What the database server counts, when it does: how many connections since when.
    pub counted: Option<(u64, Timestamp)>,
}

/// Judges every access. `since` says since when one is as it is.
pub fn judge<'a>(
    inputs: &Inputs<'_>,
    entries: Vec<Entry<'a>>,
    since: impl Fn(&Entry<'a>) -> Option<Timestamp>,
) -> Vec<Judged<'a>> {
    let begin = inputs.moment - inputs.term;
    let index = Index::of(inputs);
    entries
        .into_iter()
        .map(|entry| {
            let counted = index.counted(inputs, &entry);
            let last = index.last(inputs, &entry);
            // Asked only where it matters: git has to be looked through for it.
            let young = || since(&entry).unwrap_or(inputs.moment).max(entry.period.start());
            let state = match (last, counted) {
                (Ok(Some(last)), _) if last >= begin => State::Used(last),
                (_, Some((count, since))) if count > 0 && since >= begin => State::Connected(since),
                _ if young() > begin => State::Young(young()),
                (Err(unknown), _) => State::Unknown(unknown),
                (Ok(last), _) => match inputs.records.oldest {
                    None => State::Unknown(Unknown::NoRecords),
                    Some(oldest) if oldest > begin => State::Unknown(Unknown::RecordsBegin(oldest)),
                    Some(_) => State::Unused(last),
                },
            };
            Judged { entry, state, counted }
        })
        .collect()
}

impl Judged<'_> {
    /// Whether nobody used it for the term.
    pub fn is_unused(&self) -> bool {
        matches!(self.state, State::Unused(_))
    }
}

/// What every access is held against, found once.
struct Index<'r> {
    /// The sessions by user and asset.
    sessions: HashMap<(Uuid, Uuid), Vec<&'r PastSession>>,
    /// The assets in and below each node of an access, by its path.
    below: BTreeMap<String, BTreeSet<Uuid>>,
    /// The accounts that keep the names that they had: records know them by these.
    adoptions: Adoptions<'r>,
}

impl<'r> Index<'r> {
    fn of(inputs: &Inputs<'r>) -> Self {
        let mut sessions: HashMap<(Uuid, Uuid), Vec<&PastSession>> = HashMap::new();
        for session in &inputs.records.sessions {
            sessions.entry((session.user, session.asset)).or_default().push(session);
        }
        let mut below: BTreeMap<String, BTreeSet<Uuid>> = BTreeMap::new();
        for asset in inputs.live.assets.values() {
            for node in &asset.nodes {
                for path in with_parents(node) {
                    below.entry(path.to_owned()).or_default().insert(asset.id);
                }
            }
        }
        Self { sessions, below, adoptions: Adoptions::of(inputs.access) }
    }

    /// The user name of the database account behind an access.
    fn account(&self, access: &Access, entry: &Entry<'_>) -> Option<String> {
        let Opens::Database(instance, level) = entry.opens else { return None };
        let holder = adoption::holder(access, instance)?;
        Some(self.adoptions.user(access, holder, entry.person, level))
    }

    /// How often the account of an access connected, by its server.
    fn counted(&self, inputs: &Inputs<'_>, entry: &Entry<'_>) -> Option<(u64, Timestamp)> {
        let Opens::Database(instance, _) = entry.opens else { return None };
        let holder = adoption::holder(inputs.access, instance)?;
        let connections = inputs.connections.get(holder)?;
        let name = self.account(inputs.access, entry)?;
        let count = match connections.by_user.get(&name) {
            Some(count) => *count,
            None if connections.complete => 0,
            None => return None,
        };
        Some((count, connections.since))
    }

    /// When an access was last used, as far as records go.
    fn last(&self, inputs: &Inputs<'_>, entry: &Entry<'_>) -> Result<Option<Timestamp>, Unknown> {
        let user = user(inputs, entry.person).ok_or(Unknown::NotThere)?;
        let (assets, accounts): (Vec<Uuid>, Vec<String>) = match entry.opens {
            Opens::Database(instance, _) => {
                let asset = inputs.access.instances.get(instance).map(|one| one.asset.as_str());
                let asset = asset.and_then(|asset| inputs.live.assets.get(asset));
                let asset = asset.ok_or(Unknown::NotThere)?;
                (vec![asset.id], self.account(inputs.access, entry).into_iter().collect())
            }
            Opens::Server(login, target) => {
                let login = inputs.access.config.logins.get(login);
                let accounts = login.map(|login| login.accounts.clone()).unwrap_or_default();
                let assets = match target {
                    ServerTarget::Asset(name) => {
                        let asset = inputs.live.assets.get(name).ok_or(Unknown::NotThere)?;
                        vec![asset.id]
                    }
                    ServerTarget::Node(path) => {
                        if !inputs.live.nodes.contains_key(path) {
                            return Err(Unknown::NotThere);
                        }
                        self.below.get(path).into_iter().flatten().copied().collect()
                    }
                };
                (assets, accounts)
            }
        };
        let sessions = assets.iter().filter_map(|asset| self.sessions.get(&(user, *asset)));
        let as_one = |session: &&&PastSession| accounts.iter().any(|name| session.is_as(name));
        Ok(sessions.flatten().filter(as_one).map(|session| session.begun).max())
    }
}

fn user(inputs: &Inputs<'_>, person: &PersonName) -> Option<Uuid> {
    let person = inputs.access.people.get(person)?;
    inputs.live.users.get(&person.jumpserver).map(|user| user.id)
}
