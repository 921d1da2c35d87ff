//! Differences, carried out on a model of the grant tables.

use super::*;
use crate::mysql::spec::Row;

const NAMING: Naming = Naming { literal: false, lower: false };

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn row(privileges: &[Privilege], grant_option: bool) -> Row {
    Row { privileges: privileges.iter().copied().collect(), grant_option }
}

fn want(database: &str) -> Grants {
    let databases = BTreeMap::from([(database.to_owned(), Privilege::Select.into())]);
    Grants { databases, ..Grants::default() }
}

/// Carries out one change as the servers do: a revoke of what is not held is an error, an
/// empty row goes, and a privilege revoked on a table goes from its columns too.
pub(crate) fn carry_out(held: &mut Held, change: &Change) {
    match change {
        Change::Grant(Object::Database { stored, privileges, .. }) => {
            held.databases.entry(stored.clone()).or_default().privileges |= *privileges;
        }
        Change::Grant(Object::Table { table, privileges, .. }) => {
            held.tables.entry(table.clone()).or_default().privileges |= *privileges;
        }
        Change::Grant(Object::Columns { table, privileges }) => {
            let columns = held.columns.entry(table.clone()).or_default();
            for (privilege, names) in privileges {
                for name in names {
                    columns.entry(name.clone()).or_default().insert(*privilege);
                }
            }
        }
        Change::Revoke(Object::Database { stored, privileges, grant_option }) => {
            let row = held.databases.get_mut(stored).expect("a row");
            assert!(privileges.is_subset(row.privileges) && (!grant_option || row.grant_option));
            row.privileges -= *privileges;
            row.grant_option &= !grant_option;
        }
        Change::Revoke(Object::Table { table, privileges, grant_option }) => {
            let row = held.tables.get_mut(table).expect("a row");
            assert!(privileges.is_subset(row.privileges) && (!grant_option || row.grant_option));
            row.privileges -= *privileges;
            row.grant_option &= !grant_option;
            for column in held.columns.get_mut(table).into_iter().flat_map(BTreeMap::values_mut) {
                *column -= *privileges;
            }
        }
        Change::Revoke(Object::Columns { table, privileges }) => {
            let columns = held.columns.get_mut(table).expect("columns");
            for (privilege, names) in privileges {
                for name in names {
                    assert!(columns.get_mut(name).expect("a column").remove(*privilege));
                }
            }
        }
        Change::Revoke(Object::Global { privileges }) => {
            assert!(privileges.is_subset(&held.global));
            held.global.retain(|privilege| !privileges.contains(privilege));
        }
        Change::Revoke(Object::Role { role }) => assert!(held.roles.remove(role).is_some()),
        Change::Revoke(Object::Proxy { account }) => assert!(held.proxies.remove(account)),
        Change::Revoke(Object::Routine { routine, privileges }) => {
            let there = held.routines.get_mut(routine).expect("a routine");
            assert!(privileges.is_subset(there));
            there.retain(|privilege| !privileges.contains(privilege));
        }
        Change::Grant(other) => panic!("never granted: {other:?}"),
    }
    held.databases.retain(|_, row| !row.privileges.is_empty() || row.grant_option);
    held.tables.retain(|_, row| !row.privileges.is_empty() || row.grant_option);
    held.columns.values_mut().for_each(|columns| columns.retain(|_, held| !held.is_empty()));
    held.columns.retain(|_, columns| !columns.is_empty());
    held.routines.retain(|_, privileges| !privileges.is_empty());
}

fn arrive(held: &mut Held, want: &Grants) -> Vec<Change> {
    let changes = difference(held, want, NAMING).expect("known privileges");
    changes.iter().for_each(|change| carry_out(held, change));
    assert_eq!(difference(held, want, NAMING), Ok(Vec::new()), "a second run changes nothing");
    changes
}

#[test]
fn o01_underscore_wildcard() {
    let changes = arrive(&mut Held::default(), &want("a_b"));
    let [Change::Grant(Object::Database { stored, .. })] = &changes[..] else {
        panic!("{changes:?}")
    };
    assert_eq!(stored, "a\\_b");
}

#[test]
fn o02_escape_second_run() {
    // The row that was written unescaped by hand opens axb too: it goes, after the right one stands.
    let wide = BTreeMap::from([("a_b".to_owned(), row(&[Privilege::Select], false))]);
    let mut held = Held { databases: wide, ..Held::default() };
    let changes = arrive(&mut held, &want("a_b"));
    assert_eq!(changes.iter().map(narrows).collect::<Vec<_>>(), [false, true], "{changes:?}");
    assert_eq!(held.databases.keys().collect::<Vec<_>>(), ["a\\_b"]);
}

#[test]
fn o06_grant_option_leftover() {
    let left = BTreeMap::from([("shop".to_owned(), row(&[], true))]);
    let mut held = Held { databases: left, ..Held::default() };
    arrive(&mut held, &want("shop"));
    assert_eq!(held.databases["shop"], row(&[Privilege::Select], false));
    arrive(&mut held, &Grants::default());
    assert_eq!(held, Held::default());
}

#[test]
fn o12_all_by_substring() {
    let global = texts(&["FIREWALL_EXEMPT", "CONNECTION_ADMIN"]);
    let mut held = Held { global: global.clone(), ..Held::default() };
    let changes = arrive(&mut held, &Grants::default());
    assert_eq!(changes, [Change::Revoke(Object::Global { privileges: global })]);
}

#[test]
fn unknown_privileges_are_left_alone() {
    let held = Held { unknown: texts(&["shop.TELEPORT"]), ..Held::default() };
    assert!(difference(&held, &Grants::default(), NAMING).is_err());
}

#[test]
fn a_row_that_hides_what_gives_more_is_known() {
    use Privilege::{Insert, Select};
    let rows = [
        ("pay%", row(&[Select], false)),
        ("pay\\_eu", row(&[Select, Insert], false)),
        ("pay\\_us", row(&[Insert], false)),
        ("hr", row(&[Insert], false)),
    ];
    let databases = rows.into_iter().map(|(stored, row)| (stored.to_owned(), row)).collect();
    let held = Held { databases, ..Held::default() };
    let opened = |stored: &str, privileges: &[Privilege], naming| {
        let privileges = privileges.iter().copied().collect();
        let object = Object::Database { stored: stored.into(), privileges, grant_option: false };
        opens(&held, &object, naming)
    };
    assert_eq!(opened("pay\\_us", &[Insert], NAMING), Some("pay%"));
    assert_eq!(opened("pay\\_eu", &[Select, Insert], NAMING), None, "it gives less");
    assert_eq!(opened("hr", &[Insert], NAMING), None, "it does not cover it");
    assert_eq!(opened("pay%", &[Select], NAMING), None, "there is no other");
    let literal = Naming { literal: true, lower: false };
    assert_eq!(opened("pay\\_us", &[Insert], literal), None, "there are no patterns");
}
