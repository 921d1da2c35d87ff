//! The ways to a database server: by every account that may do something there.

use std::collections::BTreeMap;
use std::rc::Rc;

use uuid::Uuid;

use super::{Entry, Ways};
use crate::audit::reach::Names;
use crate::audit::{LISTED, Power, listed};
use crate::mysql::effective::{self, Effective};
use crate::mysql::everything::Everything;
use crate::mysql::spec::{AccountName, SeenAccount};
use crate::names::InstanceName;

impl<'a> Ways<'a> {
    /// The ways to a server, a database or a table: by every account that may do anything
    /// there or can give itself everything, the people who can open it, or nobody.
    pub(super) fn to_server(
        &self,
        name: &InstanceName,
        live: &Everything,
        database: Option<&str>,
        table: Option<&str>,
    ) -> Vec<Entry<'a>> {
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
            let git = self.ours.database_account(name, &live.accounts, &account.name);
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
                found.push(Entry {
                    users: Names::default(),
                    permission: None,
                    accounts: [account.name.to_string()].into(),
                    may,
                    secret: match account.no_password {
                        true => "no password at all",
                        false => "whoever has its password",
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
    ) -> Vec<Entry<'a>> {
        let assets = self.access.instances.iter().filter(|(other, instance)| {
            *other == name || instance.same_accounts_as.as_ref() == Some(name)
        });
        let user = account.name.user.as_str();
        // A permission that reaches an instance and its replica is one way in.
        let mut found: BTreeMap<Uuid, Entry<'a>> = BTreeMap::new();
        for (_, instance) in assets {
            let allowed = self.reach.users_of(&instance.asset, user);
            for way in self.reach.to_asset(&instance.asset) {
                let mut users = self.reach.opens_to(way, user);
                // Another permission may take the account away from some of them.
                if !users.is_subset(&allowed) {
                    users = Rc::new(users.intersection(&allowed).copied().collect());
                }
                if users.is_empty() {
                    continue;
                }
                let entry = Entry {
                    users,
                    permission: Some(way.seen),
                    accounts: [account.name.to_string()].into(),
                    may: may.to_owned(),
                    secret: "",
                    git: git && self.ours.permission(way.seen),
                    notes: notes.to_vec(),
                };
                match found.get_mut(&way.seen.id) {
                    Some(one) => {
                        one.users = Rc::new(one.users.union(&entry.users).copied().collect());
                    }
                    None => {
                        found.insert(way.seen.id, entry);
                    }
                }
            }
        }
        found.into_values().collect()
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
        let held = roles.flat_map(|role| crate::audit::with_roles(live, &role.held));
        for held in held.chain(&live.public) {
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

    /// What an account may do, with notes; none when it is nothing. What reaches every database
    /// in another way than by grants on it, such as CREATE USER, counts.
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
        for role in crate::audit::roles(live, &account.held) {
            let by_role = effective::on(naming, &role.held, database, table);
            if !by_role.is_nothing() {
                notes.push(format!("by the role {}", role.name.user));
                found.add(by_role);
            }
        }
        for other in account.held.proxies.iter().filter_map(|other| live.accounts.get(other)) {
            let mut as_other = Effective::default();
            for held in crate::audit::with_roles(live, &other.held) {
                as_other.add(effective::on(naming, held, database, table));
            }
            if !as_other.is_nothing() {
                notes.push(format!("by acting as {}", other.name));
                found.add(as_other);
            }
        }
        if !everybody.is_nothing() {
            notes.push("also by what everybody holds".into());
            found.add(everybody.clone());
        }
        let power = crate::audit::power_of(live, account);
        if found.is_nothing() {
            return (power >= Power::ReadsAll).then(|| (power.words().to_owned(), notes));
        }
        if power == Power::TakesOver {
            notes.push(power.words().into());
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
