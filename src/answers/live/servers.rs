//! The ways to a database server: by every account that may do something there.

use std::collections::BTreeMap;
use std::rc::Rc;

use uuid::Uuid;

use super::{Entry, Ways};
use crate::audit::reach::Names;
use crate::audit::{LISTED, Power, listed};
use crate::mysql::effective::{self, Effective};
use crate::mysql::everything::Everything;
use crate::mysql::spec::{AccountName, Held, SeenAccount};
use crate::names::InstanceName;

/// Grants of a user name at some host, which count for its accounts at others too.
struct Alike<'l> {
    name: &'l AccountName,
    gives: Effective,
    /// Whether somebody can log in by the account that holds them.
    works: bool,
}

/// What of something held counts for accounts of the same user name at other hosts (tried on
/// MySQL 9.7, MariaDB 10.11 and 11.8).
fn of_places(held: &Held) -> Held {
    Held { tables: held.tables.clone(), columns: held.columns.clone(), ..held.on_databases() }
}

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
        let mut alike: BTreeMap<&str, Vec<Alike<'_>>> = BTreeMap::new();
        let works = |account: &SeenAccount| !account.locked && !account.is_role;
        let accounts = live.accounts.iter().map(|(name, one)| (name, &one.held, works(one)));
        let gone = live.leftovers.iter().map(|(name, held)| (name, held, false));
        for (name, held, works) in accounts.chain(gone) {
            let Some(database) = database else { break };
            let gives = effective::on(naming, &of_places(held), database, table);
            if !gives.is_nothing() {
                alike.entry(&name.user).or_default().push(Alike { name, gives, works });
            }
        }
        for account in live.accounts.values() {
            if !works(account) {
                continue;
            }
            let others = alike.get(account.name.user.as_str()).map_or(&[][..], Vec::as_slice);
            let Some((may, mut notes)) =
                self.may(live, account, &everybody, others, database, table)
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
            let today = self.reach.users_of(&instance.asset, user);
            for way in self.reach.to_asset(&instance.asset) {
                let mut users = self.reach.opens_to(way, user);
                let begins = self.reach.begins(way);
                let allowed = match users.is_empty() || begins == self.moment {
                    true => Rc::clone(&today),
                    false => self.reach.users_at(&instance.asset, user, begins),
                };
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
        let accounts = live.accounts.iter().map(|(name, account)| (name, &account.held));
        let nameless = accounts.chain(&live.leftovers).filter(|(name, _)| name.user.is_empty());
        for (_, held) in nameless {
            found.add(effective::on(naming, &held.on_databases(), database, table));
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
        alike: &[Alike<'_>],
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
        let others = || alike.iter().filter(|other| *other.name != account.name);
        if found.is_nothing() {
            // No other way tells of what nobody comes to by its own account.
            others().filter(|other| !other.works).for_each(|one| found.add(one.gives.clone()));
        }
        let power = crate::audit::power_of(live, account);
        if found.is_nothing() {
            return (power >= Power::ReadsAll).then(|| (power.words().to_owned(), notes));
        }
        if power == Power::TakesOver {
            notes.push(power.words().into());
        }
        let others: Vec<String> = others().take(LISTED).map(|one| one.name.to_string()).collect();
        if !others.is_empty() {
            notes.push(format!(
                "grants of {} count too for who comes from an address that both match",
                others.join(", ")
            ));
        }
        notes.extend(uncounted(&found));
        Some((words(&found), notes))
    }
}

/// The rows that do not count where they seem to.
fn uncounted(found: &Effective) -> Vec<String> {
    let hidden = found.hidden.iter().map(|row| format!("its grant on `{row}` is hidden here"));
    let mut notes: Vec<String> = hidden.collect();
    if !found.unsure.is_empty() {
        let rows: Vec<String> = found.unsure.iter().map(|row| format!("`{row}`")).collect();
        let rows = rows.join(", ");
        notes.push(format!("of {rows} only one counts here, and servers differ in which"));
    }
    notes
}

/// What may be done, in words.
fn words(found: &Effective) -> String {
    let mut may: Vec<String> =
        found.privileges.iter().map(|privilege| privilege.sql().to_owned()).collect();
    for (part, privileges) in &found.parts {
        let words: Vec<&str> = privileges.iter().map(|privilege| privilege.sql()).collect();
        may.push(format!("{} on {part}", words.join(", ")));
    }
    listed(may.iter().map(String::as_str))
}
