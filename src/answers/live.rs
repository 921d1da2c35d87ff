//! Every way in that the servers have, whether git gives it or not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::Target;
use crate::access::model::Access;
use crate::audit::reach::{Reach, Way};
use crate::audit::{LISTED, Observed, Ours, day, listed};
use crate::mysql::effective::{self, Effective};
use crate::mysql::everything::Everything;
use crate::mysql::spec::{AccountName, SeenAccount};
use crate::names::{InstanceName, PersonName};

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

/// All ways to a target, of one user name in JumpServer or of everybody; those of people
/// first. What begins later is among them, and says so.
pub fn ways(
    access: &Access,
    observed: &Observed,
    target: &Target,
    person: Option<&PersonName>,
    moment: Timestamp,
) -> Vec<WayIn> {
    let reach = Reach::new(access, &observed.jumpserver, moment);
    let ours = Ours::new(access, &observed.jumpserver);
    let look = Look { access, reach: &reach, ours: &ours, moment };
    let mut ways = match target {
        Target::Asset(name) => {
            let to: Vec<_> = reach.to_asset(name).collect();
            to.into_iter().flat_map(|way| look.to_asset(way, name)).collect()
        }
        Target::Node(path) => reach
            .ways
            .iter()
            .filter(|way| look.meets(way, path))
            .flat_map(|way| look.to_node(way))
            .collect(),
        Target::Instance { name, database, table } => {
            let holder = access.instances.get(name).and_then(|one| one.same_accounts_as.as_ref());
            let holder = holder.unwrap_or(name);
            match observed.instances.get(holder) {
                Some(Ok(live)) => {
                    look.to_server(holder, live, database.as_deref(), table.as_deref())
                }
                _ => Vec::new(),
            }
        }
    };
    if let Some(person) = person {
        ways.retain(|way| way.person.as_ref() == Some(person));
    }
    ways.sort_by(|a, b| {
        let key = |way: &WayIn| (way.person.is_none(), way.user.is_none());
        key(a).cmp(&key(b)).then_with(|| a.cmp(b))
    });
    ways
}

struct Look<'a> {
    access: &'a Access,
    reach: &'a Reach<'a>,
    ours: &'a Ours<'a>,
    moment: Timestamp,
}

impl Look<'_> {
    /// The ways of a permission to an asset: one for each user.
    fn to_asset(&self, way: &Way<'_>, asset: &str) -> Vec<WayIn> {
        let spec = &way.seen.spec;
        let held = self.reach.accounts_on(asset);
        let opened: BTreeSet<String> =
            held.filter(|name| self.reach.opens(way, name)).map(str::to_owned).collect();
        // Texts such as @INPUT open what JumpServer does not hold.
        let texts = spec.accounts.iter().filter(|text| crate::audit::reach::is_virtual(text));
        let accounts: BTreeSet<String> = opened.into_iter().chain(texts.cloned()).collect();
        if accounts.is_empty() && spec.start <= self.moment {
            return Vec::new();
        }
        self.each_user(way, accounts, &listed(spec.actions.iter().map(String::as_str)))
    }

    /// The ways of a permission into a node.
    fn to_node(&self, way: &Way<'_>) -> Vec<WayIn> {
        let spec = &way.seen.spec;
        let accounts = spec.accounts.iter().filter(|text| *text != "@SPEC").cloned().collect();
        self.each_user(way, accounts, &listed(spec.actions.iter().map(String::as_str)))
    }

    fn each_user(&self, way: &Way<'_>, accounts: BTreeSet<String>, may: &str) -> Vec<WayIn> {
        let one = |user: &&str| WayIn {
            person: self.reach.person(user).cloned(),
            user: Some((*user).to_owned()),
            accounts: accounts.clone(),
            may: may.to_owned(),
            by: self.by(way, user),
            git: self.ours.permission(way.seen),
            notes: Vec::new(),
        };
        way.users.iter().map(one).collect()
    }

    /// A permission, and how the user comes to be in it.
    fn by(&self, way: &Way<'_>, user: &str) -> String {
        let spec = &way.seen.spec;
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

    /// Whether a permission reaches anything in or below a node.
    fn meets(&self, way: &Way<'_>, path: &str) -> bool {
        let below = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let spec = &way.seen.spec;
        spec.nodes.iter().any(|node| below(node, path) || below(path, node))
            || spec.assets.iter().any(|asset| {
                let nodes = self.reach.asset(asset).map(|asset| &asset.nodes);
                nodes.into_iter().flatten().any(|node| below(node, path))
            })
    }

    /// The ways to a server, a database or a table: by every account that may do anything
    /// there, the people who can open it, or nobody.
    fn to_server(
        &self,
        name: &InstanceName,
        live: &Everything,
        database: Option<&str>,
        table: Option<&str>,
    ) -> Vec<WayIn> {
        let mut found = Vec::new();
        let everybody = self.everybody(live, database, table);
        // A server goes by user name and the client's address, not by the account of a row.
        let naming = live.server.dialect.naming();
        let mut alike: BTreeMap<&str, Vec<&AccountName>> = BTreeMap::new();
        for (name, account) in &live.accounts {
            let held = &account.held;
            let here = database
                .is_some_and(|database| !effective::on(naming, held, database, table).is_nothing());
            if here {
                alike.entry(&name.user).or_default().push(name);
            }
        }
        for account in live.accounts.values() {
            if account.locked || account.is_role {
                continue;
            }
            let Some((may, mut notes)) =
                self.may(live, account, &everybody, &alike, database, table)
            else {
                continue;
            };
            let git = self.ours.database_account(name, &account.name);
            // What JumpServer holds under git's name is git's account, and no other of the name.
            let open = git || !self.ours.user_name(name, &account.name.user);
            let before = found.len();
            if open {
                found.extend(self.through(name, account, git, &may, &notes));
            }
            if found.len() == before {
                if account.name.user.is_empty() {
                    notes.push("anybody is let in by any name that has no account".into());
                }
                found.push(WayIn {
                    person: None,
                    user: None,
                    accounts: [account.name.to_string()].into(),
                    may,
                    by: if account.no_password {
                        "no password at all".into()
                    } else {
                        "whoever has its password".into()
                    },
                    git,
                    notes,
                });
            }
        }
        found
    }

    /// The users who can open an account of a server, by each permission.
    fn through(
        &self,
        name: &InstanceName,
        account: &SeenAccount,
        git: bool,
        may: &str,
        notes: &[String],
    ) -> Vec<WayIn> {
        let mut found = Vec::new();
        let assets = self.access.instances.iter().filter(|(other, instance)| {
            *other == name || instance.same_accounts_as.as_ref() == Some(name)
        });
        let user = account.name.user.as_str();
        for (_, instance) in assets {
            let allowed = self.reach.users_of(&instance.asset, user);
            let opens = self.reach.to_asset(&instance.asset);
            for way in opens.filter(|way| self.reach.opens(way, user)) {
                for person in way.users.iter().filter(|user| allowed.contains(*user)) {
                    found.push(WayIn {
                        person: self.reach.person(person).cloned(),
                        user: Some((*person).to_owned()),
                        accounts: [account.name.to_string()].into(),
                        may: may.to_owned(),
                        by: self.by(way, person),
                        git: git && self.ours.permission(way.seen),
                        notes: notes.to_vec(),
                    });
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// What everybody holds there by an anonymous account, PUBLIC or mandatory roles.
    fn everybody(
        &self,
        live: &Everything,
        database: Option<&str>,
        table: Option<&str>,
    ) -> Effective {
        let naming = live.server.dialect.naming();
        let Some(database) = database else { return Effective::default() };
        let mut found = Effective::default();
        let roles = live.mandatory_roles.iter().filter_map(|role| live.accounts.get(role));
        for held in roles.map(|role| &role.held).chain(&live.public) {
            found.add(effective::on(naming, held, database, table));
        }
        // Of an anonymous account only the grants on databases count for others.
        for account in live.accounts.values().filter(|account| account.name.user.is_empty()) {
            let rows = crate::mysql::spec::Held {
                databases: account.held.databases.clone(),
                ..Default::default()
            };
            found.add(effective::on(naming, &rows, database, table));
        }
        found
    }

    /// What an account may do, with notes; none when it is nothing.
    fn may(
        &self,
        live: &Everything,
        account: &SeenAccount,
        everybody: &Effective,
        alike: &BTreeMap<&str, Vec<&AccountName>>,
        database: Option<&str>,
        table: Option<&str>,
    ) -> Option<(String, Vec<String>)> {
        let Some(database) = database else {
            return Some((crate::audit::power_of(live, account).words().to_owned(), Vec::new()));
        };
        let naming = live.server.dialect.naming();
        let mut found = effective::on(naming, &account.held, database, table);
        let mut notes: Vec<String> = Vec::new();
        for role in crate::audit::roles(live, account) {
            let by_role = effective::on(naming, &role.held, database, table);
            if !by_role.is_nothing() {
                notes.push(format!("by the role {}", role.name.user));
                found.add(by_role);
            }
        }
        if !everybody.is_nothing() {
            notes.push("also by what everybody holds".into());
            found.add(everybody.clone());
        }
        if found.is_nothing() {
            return None;
        }
        let others = alike.get(account.name.user.as_str()).map_or(&[][..], Vec::as_slice);
        let others: Vec<String> = others
            .iter()
            .filter(|name| **name != &account.name)
            .take(LISTED)
            .map(ToString::to_string)
            .collect();
        if !others.is_empty() {
            notes.push(format!(
                "grants of {} count too for who comes from an address that both match",
                others.join(", ")
            ));
        }
        notes.extend(found.hidden.iter().map(|row| format!("its grant on `{row}` is hidden here")));
        if !found.unsure.is_empty() {
            let rows: Vec<String> = found.unsure.iter().map(|row| format!("`{row}`")).collect();
            notes.push(format!(
                "of {} only one counts here, and servers differ in which",
                rows.join(", ")
            ));
        }
        let mut may: Vec<String> =
            found.privileges.iter().map(|privilege| privilege.sql().to_owned()).collect();
        for (part, privileges) in &found.parts {
            let words: Vec<&str> = privileges.iter().map(|privilege| privilege.sql()).collect();
            may.push(format!("{} on {part}", words.join(", ")));
        }
        Some((listed(may.iter().map(String::as_str)), notes))
    }
}
