//! Every way in that the servers have, whether git gives it or not.

mod servers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::rc::Rc;

use jiff::Timestamp;
use serde::Serialize;

use super::Target;
use crate::access::model::Access;
use crate::audit::reach::{Names, Reach, Way, is_virtual};
use crate::audit::{Observed, Ours, day, listed};
use crate::jumpserver::spec::SeenPermission;
use crate::names::PersonName;
use crate::node_path::with_parents;

/// One way in: somebody, or an account that belongs to nobody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct WayIn {
    /// The person of the access repo; none when git does not know the user, or when nobody
    /// is known to use the account.
    pub person: Option<PersonName>,
    /// The user in JumpServer; none when the account is reached by its password alone.
    pub user: Option<String>,
    /// The accounts on the target.
    pub accounts: BTreeSet<String>,
    /// What may be done, in words.
    pub may: String,
    /// By what: a permission, and whether through a group or a node; or the password.
    pub by: String,
    /// Whether git gives it.
    pub git: bool,
    /// What does not show in the grants: rows that hide others, privileges by roles or that
    /// everybody has.
    pub notes: Vec<String>,
}

/// A way in with everybody who can take it.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The users in JumpServer; empty when nobody is known to use the account.
    pub users: Names<'a>,
    /// The permission that lets them in; none when the account's password does.
    pub permission: Option<&'a SeenPermission>,
    /// The accounts on the target.
    pub accounts: BTreeSet<String>,
    /// What may be done, in words.
    pub may: String,
    /// What lets in who knows it, where no permission does.
    pub secret: &'static str,
    /// Whether git gives it.
    pub git: bool,
    /// What does not show in the grants.
    pub notes: Vec<String>,
}

/// All ways to a target, of one person or of everybody; those of people first. What begins
/// later is among them, and says so.
pub fn ways(
    access: &Access,
    observed: &Observed,
    target: &Target,
    person: Option<&PersonName>,
    moment: Timestamp,
) -> Vec<WayIn> {
    let all = Ways::new(access, observed, moment);
    let entries = all.to(target);
    let mut ways: Vec<WayIn> = entries.iter().flat_map(|entry| all.of_each(entry)).collect();
    if let Some(person) = person {
        ways.retain(|way| way.person.as_ref() == Some(person));
    }
    ways.sort_by(|a, b| {
        let key = |way: &WayIn| (way.person.is_none(), way.user.is_none());
        key(a).cmp(&key(b)).then_with(|| a.cmp(b))
    });
    ways.dedup();
    ways
}

/// Ways, as [`ways`] gives them, of one holder each: a person, a user whom git does not know,
/// or whoever knows the passwords of accounts that nobody is known to use.
pub fn holders(ways: &[WayIn]) -> impl Iterator<Item = &[WayIn]> {
    ways.chunk_by(|a, b| (&a.person, &a.user) == (&b.person, &b.user))
}

/// What the servers let in, ready to be asked about many targets.
pub struct Ways<'a> {
    access: &'a Access,
    observed: &'a Observed,
    reach: Reach<'a>,
    ours: Ours<'a>,
    moment: Timestamp,
}

impl<'a> Ways<'a> {
    /// Prepares everything that was read. What is over by the moment is left out.
    pub fn new(access: &'a Access, observed: &'a Observed, moment: Timestamp) -> Self {
        let reach = Reach::new(access, &observed.jumpserver, moment);
        let ours = Ours::new(access, &observed.jumpserver);
        Self { access, observed, reach, ours, moment }
    }

    /// The person whose user this is.
    pub fn person(&self, user: &str) -> Option<&'a PersonName> {
        self.reach.person(user)
    }

    /// The ways to one target.
    pub fn to(&self, target: &Target) -> Vec<Entry<'a>> {
        match target {
            Target::Asset(name) => {
                self.reach.to_asset(name).filter_map(|way| self.to_asset(way, name)).collect()
            }
            Target::Node(path) => {
                let path = path.as_str();
                self.to_nodes(&BTreeSet::from([path])).remove(path).unwrap_or_default()
            }
            Target::Instance { name, database, table } => {
                let holder = self.access.holder(name);
                match self.observed.instances.get(holder) {
                    Some(Ok(live)) => {
                        self.to_server(holder, live, database.as_deref(), table.as_deref())
                    }
                    _ => Vec::new(),
                }
            }
        }
    }

    /// The ways into each of some nodes: those that reach anything in or below it. Each
    /// permission is looked at once, however many nodes there are.
    pub fn to_nodes<'n>(&self, nodes: &BTreeSet<&'n str>) -> BTreeMap<&'n str, Vec<Entry<'a>>> {
        let mut found: BTreeMap<&str, Vec<Entry<'a>>> = BTreeMap::new();
        for way in &self.reach.ways {
            let spec = &way.seen.spec;
            let mut met: BTreeSet<&str> = BTreeSet::new();
            for node in &spec.nodes {
                met.extend(above(nodes, node));
                // `/` sorts before what else may follow a name: those below stand together.
                let below = format!("{node}/");
                let from = (Bound::Included(below.as_str()), Bound::Unbounded);
                let inside = nodes.range::<str, _>(from);
                met.extend(inside.take_while(|path| path.starts_with(&below)));
            }
            let assets = spec.assets.iter().filter_map(|asset| self.reach.asset(asset));
            met.extend(assets.flat_map(|asset| &asset.nodes).flat_map(|node| above(nodes, node)));
            if met.is_empty() {
                continue;
            }
            let accounts = spec.accounts.iter().filter(|text| *text != "@SPEC").cloned().collect();
            let entry = self.by_permission(way, accounts);
            for path in met {
                found.entry(path).or_default().push(entry.clone());
            }
        }
        found
    }

    /// The assets of the access repo that permissions reach which are not git's, each with
    /// the nodes that it is in.
    pub fn foreign_assets(&self) -> BTreeMap<&'a str, &'a BTreeSet<String>> {
        let foreign = self.reach.ways.iter().filter(|way| !self.ours.permission(way.seen));
        // Many permissions mean the same places.
        let places: BTreeMap<*const _, &Names<'a>> =
            foreign.map(|way| (Rc::as_ptr(&way.assets), &way.assets)).collect();
        let names: BTreeSet<&'a str> =
            places.values().flat_map(|names| names.iter().copied()).collect();
        names.into_iter().filter_map(|name| Some((name, &self.reach.asset(name)?.nodes))).collect()
    }

    /// The way of a permission to an asset; none when it opens nothing there.
    fn to_asset(&self, way: &Way<'a>, asset: &str) -> Option<Entry<'a>> {
        let spec = &way.seen.spec;
        let held = self.reach.accounts_on(asset);
        let opened: BTreeSet<String> =
            held.filter(|name| self.reach.opens(way, name)).map(str::to_owned).collect();
        // Texts such as @INPUT open what JumpServer does not hold.
        let texts = spec.accounts.iter().filter(|text| is_virtual(text));
        let accounts: BTreeSet<String> = opened.into_iter().chain(texts.cloned()).collect();
        if accounts.is_empty() {
            return None;
        }
        Some(self.by_permission(way, accounts))
    }

    fn by_permission(&self, way: &Way<'a>, accounts: BTreeSet<String>) -> Entry<'a> {
        Entry {
            users: Rc::clone(&way.users),
            permission: Some(way.seen),
            accounts,
            may: listed(way.seen.spec.actions.iter().map(String::as_str)),
            secret: "",
            git: self.ours.permission(way.seen),
            notes: Vec::new(),
        }
    }

    /// A way for each who can take it.
    fn of_each(&self, entry: &Entry<'a>) -> Vec<WayIn> {
        let one = |user: Option<&'a str>| WayIn {
            person: user.and_then(|user| self.reach.person(user)).cloned(),
            user: user.map(str::to_owned),
            accounts: entry.accounts.clone(),
            may: entry.may.clone(),
            by: match (entry.permission, user) {
                (Some(seen), Some(user)) => self.by(seen, user),
                _ => entry.secret.to_owned(),
            },
            git: entry.git,
            notes: entry.notes.clone(),
        };
        if entry.permission.is_none() {
            return vec![one(None)];
        }
        entry.users.iter().map(|user| one(Some(user))).collect()
    }

    /// A permission, and how the user comes to be in it.
    fn by(&self, seen: &SeenPermission, user: &str) -> String {
        let spec = &seen.spec;
        let mut by = format!("permission {}", spec.name);
        if !spec.users.contains(user) {
            let groups = self.reach.users.get(user).map(|user| &user.seen.groups);
            let through = spec
                .groups
                .iter()
                .filter(|group| groups.is_some_and(|groups| groups.contains(*group)));
            by.push_str(&format!(", through the group {}", listed(through.map(String::as_str))));
        }
        if !spec.nodes.is_empty() {
            by.push_str(&format!(
                ", on the node {}",
                listed(spec.nodes.iter().map(String::as_str))
            ));
        }
        if spec.start > self.moment {
            by.push_str(&format!(", from {}", day(spec.start)));
        }
        by
    }
}

/// Those of some nodes that are a node or stand above it.
fn above<'n>(nodes: &BTreeSet<&'n str>, node: &str) -> Vec<&'n str> {
    with_parents(node).filter_map(|path| nodes.get(path).copied()).collect()
}
