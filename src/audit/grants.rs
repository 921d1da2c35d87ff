//! Faults of what somebody holds on a server, an account or a role alike: patterns, grants
//! that hide others, grants on what does not exist, the right to hand them on.

use std::collections::{BTreeMap, BTreeSet};

use super::power::{Power, of_global, of_one, of_row};
use super::{Fault, Kind, Risk, listed};
use crate::mysql::everything::{Everything, SYSTEM};
use crate::mysql::privilege::Privileges;
use crate::mysql::spec::Held;

/// Which databases the patterns of a server match today, by the stored form. Each pattern is
/// matched once, however many hold it.
pub(super) struct Patterns<'a> {
    matched: BTreeMap<&'a str, Vec<&'a str>>,
    known: bool,
}

impl<'a> Patterns<'a> {
    pub(super) fn new(live: &'a Everything) -> Self {
        let naming = live.server.dialect.naming();
        let databases: Vec<&str> = live.databases.iter().flatten().map(String::as_str).collect();
        let held = live.accounts.values().map(|account| &account.held);
        let stored: BTreeSet<&str> = held
            .chain(live.leftovers.values())
            .chain(&live.public)
            .flat_map(|held| held.databases.keys())
            .filter(|stored| naming.database(stored).is_none())
            .map(String::as_str)
            .collect();
        let matches = |stored: &str| {
            let covered = databases.iter().copied();
            covered.filter(|database| naming.covers(stored, database)).collect()
        };
        Self {
            matched: stored.into_iter().map(|stored| (stored, matches(stored))).collect(),
            known: live.databases.is_some(),
        }
    }

    /// The databases that a pattern matches today; none when it is no pattern.
    pub(super) fn matches(&self, stored: &str) -> Option<&[&'a str]> {
        self.matched.get(stored).map(Vec::as_slice)
    }

    /// Whether all databases are known.
    pub(super) fn are_known(&self) -> bool {
        self.known
    }
}

/// The faults of what is held, without those that only an account has.
pub(super) fn faults(live: &Everything, patterns: &Patterns<'_>, held: &Held) -> Vec<Fault> {
    let mut faults = Vec::new();
    faults.extend(global(held));
    faults.extend(pattern(live, patterns, held));
    faults.extend(grant_option(held));
    faults.extend(gone(live, patterns, held));
    faults.extend(hidden(live, patterns, held));
    faults
}

fn global(held: &Held) -> Option<Fault> {
    if held.global.is_empty() {
        return None;
    }
    let power = of_global(&held.global);
    let risk = match power {
        Power::TakesOver | Power::WritesAll => Risk::Critical,
        Power::ReadsAll => Risk::High,
        _ => Risk::Low,
    };
    // The worst first: a list of all privileges hides them.
    let mut names: Vec<&str> = held.global.iter().map(String::as_str).collect();
    names.sort_by_key(|name| std::cmp::Reverse(of_one(name)));
    let what = format!("{} by {}", power.words(), listed(names));
    Some(Fault::new(Kind::Global, risk, what))
}

fn pattern(live: &Everything, patterns: &Patterns<'_>, held: &Held) -> Option<Fault> {
    let naming = live.server.dialect.naming();
    let mut risk = Risk::Low;
    let mut said = Vec::new();
    for (stored, row) in &held.databases {
        let Some(matched) = patterns.matches(stored) else { continue };
        // Every server has it, whether its databases can be seen or not.
        let accounts = naming.covers(stored, "mysql");
        risk = risk.min(match of_row(row.privileges, accounts) {
            Power::TakesOver => Risk::Critical,
            Power::ReadsAll => Risk::High,
            Power::Reads | Power::Writes if matched.len() > 1 || !patterns.are_known() => {
                Risk::Medium
            }
            _ => Risk::Low,
        });
        let data = matched.iter().copied().filter(|name| !SYSTEM.contains(name));
        let data: Vec<&str> = data.collect();
        let today = match (patterns.are_known(), data.is_empty()) {
            (false, _) => "not known".to_owned(),
            (true, true) => "nothing".to_owned(),
            (true, false) => listed(data),
        };
        let and = if accounts { ", and mysql with everybody's hashes" } else { "" };
        said.push(format!("`{stored}` ({}) matches {today}{and}", privileges(row.privileges)));
    }
    (!said.is_empty()).then(|| Fault::new(Kind::Pattern, risk, said.join("; ")))
}

fn grant_option(held: &Held) -> Option<Fault> {
    let mut places: Vec<String> = Vec::new();
    if held.global.contains("GRANT OPTION") {
        places.push("everything".into());
    }
    let databases = held.databases.iter().filter(|(_, row)| row.grant_option);
    places.extend(databases.map(|(stored, _)| format!("`{stored}`.*")));
    let tables = held.tables.iter().filter(|(_, row)| row.grant_option);
    places.extend(tables.map(|(table, _)| format!("{}.{}", table.database, table.table)));
    let routines = held.routines.iter().filter(|(_, words)| words.contains("GRANT OPTION"));
    places.extend(routines.map(|(routine, _)| format!("{}.{}", routine.database, routine.name)));
    let roles = held.roles.iter().filter(|(_, admin)| **admin);
    places.extend(roles.map(|(role, _)| format!("the role {}", role.user)));
    (!places.is_empty()).then(|| {
        let what =
            format!("has WITH GRANT OPTION on {}", listed(places.iter().map(String::as_str)));
        Fault::new(Kind::GrantOption, Risk::High, what)
    })
}

fn gone(live: &Everything, patterns: &Patterns<'_>, held: &Held) -> Option<Fault> {
    let naming = live.server.dialect.naming();
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for stored in held.databases.keys() {
        match naming.database(stored) {
            Some(database) if live.is_database_gone(&database) => {
                gone.insert(format!("database {database}"));
            }
            None if patterns.are_known()
                && patterns.matches(stored).is_some_and(<[_]>::is_empty) =>
            {
                gone.insert(format!("any database like `{stored}`"));
            }
            _ => {}
        }
    }
    for table in held.tables.keys().chain(held.columns.keys()) {
        if live.is_table_gone(table) {
            gone.insert(format!("table {}.{}", table.database, table.table));
        }
    }
    for (table, columns) in &held.columns {
        let known = live.existing.columns.get(table);
        for column in columns.keys().filter(|_| !live.is_table_gone(table)) {
            let missing = known.and_then(|known| known.get(column));
            if matches!(missing, Some(crate::mysql::live::Known::Missing { .. })) {
                gone.insert(format!("column {}.{}.{column}", table.database, table.table));
            }
        }
    }
    for routine in held.routines.keys().filter(|one| live.is_database_gone(&one.database)) {
        gone.insert(format!("routine {}.{}", routine.database, routine.name));
    }
    (!gone.is_empty()).then(|| {
        let what =
            format!("names what does not exist ({})", listed(gone.iter().map(String::as_str)));
        Fault::new(Kind::Gone, Risk::Low, what)
    })
}

/// Rows of one holder of which one hides another: on its database a row for exactly it counts
/// alone, on both servers. Which of two patterns counts differs between them.
fn hidden(live: &Everything, patterns: &Patterns<'_>, held: &Held) -> Option<Fault> {
    let naming = live.server.dialect.naming();
    let wide: Vec<(&String, Privileges)> = held
        .databases
        .iter()
        .filter(|(stored, _)| patterns.matches(stored).is_some())
        .map(|(stored, row)| (stored, row.privileges))
        .collect();
    if wide.is_empty() {
        return None;
    }
    let mut said = Vec::new();
    let mut exact: BTreeSet<String> = BTreeSet::new();
    for (stored, row) in &held.databases {
        let Some(database) = naming.database(stored) else { continue };
        for (other, privileges_there) in &wide {
            let lost = *privileges_there - row.privileges;
            if naming.covers(other, &database) && !lost.is_empty() {
                said.push(format!(
                    "`{stored}` ({}) hides `{other}` on {database}, where {} does not count",
                    privileges(row.privileges),
                    privileges(lost)
                ));
            }
        }
        exact.insert(database);
    }
    let mut by_database: BTreeMap<&str, Vec<(&String, Privileges)>> = BTreeMap::new();
    for (stored, row) in &wide {
        for database in patterns.matches(stored).into_iter().flatten() {
            if !exact.contains(*database) {
                by_database.entry(database).or_default().push((stored, *row));
            }
        }
    }
    for (database, rows) in by_database {
        if rows.windows(2).any(|pair| matches!(pair, [a, b] if a.1 != b.1)) {
            let names: Vec<String> = rows.iter().map(|(stored, _)| format!("`{stored}`")).collect();
            said.push(format!(
                "{} all match {database}, and only one of them counts there (which one differs \
                 between servers)",
                names.join(", ")
            ));
        }
    }
    (!said.is_empty())
        .then(|| Fault::new(Kind::Hidden, Risk::Low, listed(said.iter().map(String::as_str))))
}

/// Privileges in words.
pub(super) fn privileges(privileges: Privileges) -> String {
    if privileges.is_empty() {
        return "nothing".to_owned();
    }
    listed(privileges.iter().map(|privilege| privilege.sql()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::tests::world;
    use crate::mysql::privilege::Privilege;
    use crate::mysql::spec::Row;

    #[test]
    fn a_pattern_on_the_accounts_is_as_bad_where_databases_cannot_be_seen() {
        let seen = world::server();
        let blind = Everything { databases: None, ..seen.clone() };
        for (stored, privilege, risk) in [
            ("%", Privilege::Update, Risk::Critical),
            ("m%", Privilege::Select, Risk::High),
            ("pay%", Privilege::Update, Risk::Medium),
        ] {
            let row = Row { privileges: privilege.into(), grant_option: false };
            let held = Held { databases: [(stored.to_owned(), row)].into(), ..Held::default() };
            for live in [&seen, &blind] {
                let mut live = live.clone();
                live.accounts.insert(live.me.clone(), world::account("planner", held.clone()));
                let patterns = Patterns::new(&live);
                let fault = pattern(&live, &patterns, &held).expect("a fault");
                assert_eq!(fault.risk, risk, "{stored} {:?}", live.databases);
            }
        }
    }
}
