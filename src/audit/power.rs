//! What an account may do on a server, from what it holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::mysql::everything::Everything;
use crate::mysql::naming::Naming;
use crate::mysql::privilege::{Privilege, Privileges};
use crate::mysql::spec::{AccountName, Held, SeenAccount};

/// How far an account reaches, the least first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// It can log in.
    Nothing,
    /// It sees something of the server: its sessions, its replication, names.
    Watches,
    /// It reads some databases.
    Reads,
    /// It changes some databases, or runs routines that may.
    Writes,
    /// It reads every database.
    ReadsAll,
    /// It changes every database.
    WritesAll,
    /// It can give itself everything.
    TakesOver,
}

/// Global privileges that lead to all others: they make accounts, hand on privileges, act as
/// others, change settings that code runs by, read and write files of the server, replay a log,
/// or say from which server a replica takes its changes (both were tried on MySQL 9.7, MariaDB
/// 10.11 and 11.8: what comes so asks for no privilege, and reaches the grant tables).
const TAKES_OVER: [&str; 14] = [
    "BINLOG REPLAY",
    "BINLOG_ADMIN",
    "CREATE USER",
    "FILE",
    "GRANT OPTION",
    "PERSIST_RO_VARIABLES_ADMIN",
    "REPLICATION SLAVE ADMIN",
    "REPLICATION_SLAVE_ADMIN",
    "ROLE_ADMIN",
    "SET USER",
    "SET_ANY_DEFINER",
    "SET_USER_ID",
    "SUPER",
    "SYSTEM_VARIABLES_ADMIN",
];

/// Global privileges that change all data in another way than its own privileges: by the manual
/// CLONE puts a donor's data in the place of all there is, from a donor that a setting of the
/// server names.
const WRITES_ALL: [&str; 1] = ["CLONE_ADMIN"];

/// Global privileges that read all data in another way than SELECT.
const READS_ALL: [&str; 3] = ["BACKUP_ADMIN", "REPLICATION SLAVE", "SELECT"];

impl Power {
    /// It in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Nothing => "a login without privileges",
            Self::Watches => "looks at the server",
            Self::Reads => "reads",
            Self::Writes => "changes",
            Self::ReadsAll => "reads every database",
            Self::WritesAll => "changes every database",
            Self::TakesOver => "can give itself everything",
        }
    }
}

/// What global privileges give.
pub(super) fn of_global(global: &BTreeSet<String>) -> Power {
    global.iter().map(|name| of_one(name)).max().unwrap_or(Power::Nothing)
}

/// What one global privilege gives.
pub(super) fn of_one(name: &str) -> Power {
    if TAKES_OVER.contains(&name) {
        return Power::TakesOver;
    }
    if WRITES_ALL.contains(&name) {
        return Power::WritesAll;
    }
    if READS_ALL.contains(&name) {
        return Power::ReadsAll;
    }
    match Privilege::parse(name) {
        // These see names and locks, and no data.
        Some(Privilege::References | Privilege::LockTables | Privilege::ShowView) => Power::Watches,
        Some(privilege) if privilege.writes() => Power::WritesAll,
        _ => Power::Watches,
    }
}

/// What privileges on some database give; `system` is whether it is `mysql`, which holds the
/// accounts themselves.
pub(super) fn of_row(privileges: Privileges, system: bool) -> Power {
    let one = |privilege: Privilege| match (privilege, system) {
        (Privilege::References | Privilege::LockTables | Privilege::ShowView, _) => Power::Watches,
        (privilege, true) if privilege.writes() => Power::TakesOver,
        (privilege, false) if privilege.writes() => Power::Writes,
        // The hashes of all passwords stand there.
        (Privilege::Select, true) => Power::ReadsAll,
        _ => Power::Reads,
    };
    privileges.iter().map(one).max().unwrap_or(Power::Nothing)
}

/// What is held directly, without roles.
pub(super) fn of_held(held: &Held, naming: Naming) -> Power {
    let mut power = of_global(&held.global);
    for (stored, row) in &held.databases {
        power = power.max(of_row(row.privileges, naming.covers(stored, "mysql")));
    }
    for (table, row) in &held.tables {
        let system = table.database == "mysql";
        // One table of it is no whole database: who reads it reads that table.
        let held = of_row(row.privileges, system);
        power = power.max(if held == Power::ReadsAll { Power::Reads } else { held });
    }
    for (table, columns) in &held.columns {
        for privileges in columns.values() {
            let held = of_row(*privileges, table.database == "mysql");
            power = power.max(if held == Power::ReadsAll { Power::Reads } else { held });
        }
    }
    if !held.routines.is_empty() {
        // It runs with the rights of its definer.
        power = power.max(Power::Writes);
    }
    power
}

/// What an account may do, by its roles and as the accounts that it may act as too.
pub(crate) fn of_account(live: &Everything, account: &SeenAccount) -> Power {
    of_all(live, all_of_account(live, &account.held))
}

/// What is held with roles gives.
pub(super) fn of_roles(live: &Everything, held: &Held) -> Power {
    of_all(live, with_roles(live, held))
}

fn of_all<'a>(live: &Everything, held: impl Iterator<Item = &'a Held>) -> Power {
    let naming = live.server.dialect.naming();
    held.map(|held| of_held(held, naming)).max().unwrap_or(Power::Nothing)
}

/// What an account holds, with roles, and what those hold as whom it may act, with theirs.
pub(super) fn all_of_account<'a>(
    live: &'a Everything,
    held: &'a Held,
) -> impl Iterator<Item = &'a Held> {
    let others = held.proxies.iter().filter_map(|other| live.accounts.get(other));
    let others = others.flat_map(|other| with_roles(live, &other.held));
    with_roles(live, held).chain(others)
}

/// What is held directly, and what each of its roles holds, through roles too.
pub(crate) fn with_roles<'a>(
    live: &'a Everything,
    held: &'a Held,
) -> impl Iterator<Item = &'a Held> {
    std::iter::once(held).chain(super::roles(live, held).map(|role| &role.held))
}

/// All roles that an account has, through roles too.
pub(super) fn roles<'a>(
    held: &'a Held,
    accounts: &'a BTreeMap<AccountName, SeenAccount>,
) -> BTreeSet<&'a AccountName> {
    let mut found: BTreeSet<&AccountName> = BTreeSet::new();
    let mut ahead: Vec<&AccountName> = held.roles.keys().collect();
    while let Some(role) = ahead.pop() {
        if found.insert(role)
            && let Some(account) = accounts.get(role)
        {
            ahead.extend(account.held.roles.keys());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::tests::world;
    use crate::mysql::spec::Row;

    fn words(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn global_privileges_are_as_bad_as_the_worst() {
        assert_eq!(of_global(&words(&[])), Power::Nothing);
        assert_eq!(of_global(&words(&["PROCESS", "REFERENCES"])), Power::Watches);
        assert_eq!(of_global(&words(&["SELECT", "PROCESS"])), Power::ReadsAll);
        assert_eq!(of_global(&words(&["SELECT", "DROP"])), Power::WritesAll);
        assert_eq!(of_global(&words(&["SELECT", "FILE"])), Power::TakesOver);
    }

    #[test]
    fn a_pattern_that_covers_the_accounts_takes_over() {
        let naming = Naming::default();
        let held = |stored: &str, privilege: Privilege| {
            let row = Row { privileges: privilege.into(), grant_option: false };
            Held { databases: [(stored.to_owned(), row)].into(), ..Held::default() }
        };
        assert_eq!(of_held(&held("m%", Privilege::Select), naming), Power::ReadsAll);
        assert_eq!(of_held(&held("%", Privilege::Update), naming), Power::TakesOver);
        assert_eq!(of_held(&held("pay%", Privilege::Update), naming), Power::Writes);
        assert_eq!(of_held(&held(r"my\_sql", Privilege::Select), naming), Power::Reads);
    }

    #[test]
    fn roles_behind_roles_and_behind_proxy_count() {
        let mut live = world::server();
        let name = |user: &str| AccountName { user: user.to_owned(), host: "%".to_owned() };
        let all = Held { global: words(&["SELECT", "SUPER"]), ..Held::default() };
        let has = |role: &str| Held { roles: [(name(role), false)].into(), ..Held::default() };
        let proxy = Held { proxies: [name("admin")].into(), ..Held::default() };
        let accounts = [("dba", all), ("base", has("dba")), ("admin", has("base")), ("p", proxy)];
        for (user, held) in accounts {
            live.accounts.insert(name(user), world::account(user, held));
        }
        let of = |user: &str| of_account(&live, &live.accounts[&name(user)]);
        assert_eq!(["base", "admin", "p"].map(of), [Power::TakesOver; 3]);
        assert_eq!(of_roles(&live, &has("base")), Power::TakesOver);
        assert_eq!(of_roles(&live, &Held::default()), Power::Nothing);
    }

    #[test]
    fn who_can_feed_the_server_changes_takes_over() {
        for name in
            ["BINLOG_ADMIN", "BINLOG REPLAY", "REPLICATION_SLAVE_ADMIN", "REPLICATION SLAVE ADMIN"]
        {
            assert_eq!(of_one(name), Power::TakesOver, "{name}");
        }
        assert_eq!(of_one("CLONE_ADMIN"), Power::WritesAll);
        // These ask for the privileges on what is done, or only look.
        for name in ["REPLICATION_APPLIER", "BINLOG MONITOR", "BINLOG ADMIN", "SLAVE MONITOR"] {
            assert_eq!(of_one(name), Power::Watches, "{name}");
        }
    }
}
