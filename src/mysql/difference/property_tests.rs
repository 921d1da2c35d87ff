//! Differences between whatever is held and whatever is wanted. What somebody can do at a moment
//! is judged by a model of its own, which knows nothing of how names are compared or ordered.

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;

use super::*;
use crate::mysql::spec::{AccountName, Routine};

const NAMING: Naming = Naming { literal: false, lower: false };
const DATABASES: [&str; 5] = ["pay", "pay_eu", "pay_us", "payxeu", "50%"];
const TABLES: [&str; 2] = ["t", "u"];
const COLUMNS: [&str; 2] = ["c", "d"];

/// A row of mysql.db: its name as it is stored, the databases that it covers, and which of
/// several counts: only the one of the highest rank. So it was tried on MySQL 9.7, MariaDB 10.11
/// and 11.8; between the two of rank 1 servers differ, so that no account holds both here.
struct Stored {
    name: &'static str,
    covers: &'static [&'static str],
    rank: u8,
}

const ROWS: [Stored; 8] = [
    Stored { name: "pay%", covers: &["pay", "pay_eu", "pay_us", "payxeu"], rank: 0 },
    Stored { name: "pay_eu", covers: &["pay_eu", "payxeu"], rank: 1 },
    Stored { name: r"pay\_%", covers: &["pay_eu", "pay_us"], rank: 1 },
    Stored { name: "pay", covers: &["pay"], rank: 2 },
    Stored { name: r"pay\_eu", covers: &["pay_eu"], rank: 2 },
    Stored { name: r"pay\_us", covers: &["pay_us"], rank: 2 },
    Stored { name: "payxeu", covers: &["payxeu"], rank: 2 },
    Stored { name: r"50\%", covers: &["50%"], rank: 2 },
];

/// Something that somebody can do: on which place, and what. To hand on what he can do there is a
/// thing to do, too.
type Door = (String, String);

/// What somebody can do on each place, from wherever it comes: a GRANT OPTION works for all that
/// is held there, whichever row each of them stands in (tried on MySQL 9.7, MariaDB 10.11 and
/// 11.8).
#[derive(Default)]
struct Places(BTreeMap<String, BTreeSet<String>>);

const HAND_ON: &str = "GRANT OPTION";

impl Places {
    fn put<'w>(&mut self, places: &[String], words: impl IntoIterator<Item = &'w str> + Clone) {
        for place in places {
            let at = self.0.entry(place.clone()).or_default();
            at.extend(words.clone().into_iter().map(str::to_owned));
        }
    }

    fn row(&mut self, places: &[String], row: Row) {
        let words = row.privileges.iter().map(Privilege::sql);
        self.put(places, words.chain(row.grant_option.then_some(HAND_ON)));
    }

    fn doors(self) -> BTreeSet<Door> {
        let mut doors = BTreeSet::new();
        for (place, words) in self.0 {
            for word in &words {
                if words.contains(HAND_ON) {
                    doors.insert((place.clone(), format!("hand on {word}")));
                }
                doors.insert((place.clone(), word.clone()));
            }
        }
        doors
    }
}

/// The columns of a table, or of all tables of a database.
fn columns_of(database: &str, table: Option<&str>) -> Vec<String> {
    let tables = TABLES.into_iter().filter(|one| table.is_none_or(|table| table == *one));
    tables.flat_map(|t| COLUMNS.map(|c| format!("{database}.{t}.{c}"))).collect()
}

/// The routine of a database.
fn routine_of(database: &str) -> String {
    format!("{database}.f()")
}

/// All that can be done with what an account holds.
fn doors(held: &Held) -> BTreeSet<Door> {
    let mut places = Places::default();
    for database in DATABASES {
        let all = [columns_of(database, None), vec![routine_of(database)]].concat();
        let rows = ROWS.iter().filter(|row| row.covers.contains(&database));
        let of_database = rows.filter_map(|row| Some((row.rank, held.databases.get(row.name)?)));
        if let Some((_, row)) = of_database.max_by_key(|(rank, _)| *rank) {
            places.row(&all, *row);
        }
        places.put(&all, held.global.iter().map(String::as_str));
    }
    for (name, row) in &held.tables {
        places.row(&columns_of(&name.database, Some(&name.table)), *row);
    }
    for (name, columns) in &held.columns {
        for (column, privileges) in columns {
            let place = format!("{}.{}.{column}", name.database, name.table);
            places.row(&[place], Row { privileges: *privileges, grant_option: false });
        }
    }
    for (routine, privileges) in &held.routines {
        places.put(&[routine_of(&routine.database)], privileges.iter().map(String::as_str));
    }
    for role in held.roles.keys() {
        places.put(&[role.to_string()], ["role"]);
    }
    for account in &held.proxies {
        places.put(&[account.to_string()], ["proxy"]);
    }
    places.doors()
}

/// What an account holds that holds what is wanted, and nothing else.
fn exactly(want: &Grants) -> Held {
    let row = |privileges: &Privileges| Row { privileges: *privileges, grant_option: false };
    let stored = |name: &String| {
        let own = ROWS.iter().find(|row| row.covers == [name.as_str()] && row.rank == 2);
        own.expect("a database").name.to_owned()
    };
    Held {
        databases: want.databases.iter().map(|(name, all)| (stored(name), row(all))).collect(),
        tables: want.tables.iter().map(|(name, all)| (name.clone(), row(all))).collect(),
        columns: want.columns.clone(),
        ..Held::default()
    }
}

fn privileges() -> impl Strategy<Value = Privileges> {
    use Privilege::{Insert, Select, Update};
    proptest::sample::subsequence(vec![Select, Insert, Update], 1..=3)
        .prop_map(|privileges| privileges.into_iter().collect())
}

/// Rows with privileges, or with nothing but GRANT OPTION.
fn row() -> impl Strategy<Value = Row> {
    prop_oneof![
        4 => privileges().prop_map(|privileges| Row { privileges, grant_option: false }),
        2 => privileges().prop_map(|privileges| Row { privileges, grant_option: true }),
        1 => Just(Row { privileges: Privileges::new(), grant_option: true }),
    ]
}

fn table() -> impl Strategy<Value = TableName> {
    (proptest::sample::select(&DATABASES[..]), proptest::sample::select(&TABLES[..])).prop_map(
        |(database, table)| TableName { database: database.to_owned(), table: table.to_owned() },
    )
}

fn columns() -> impl Strategy<Value = BTreeMap<TableName, BTreeMap<String, Privileges>>> {
    let column = proptest::sample::select(&COLUMNS[..]).prop_map(str::to_owned);
    btree_map(table(), btree_map(column, privileges(), 1..3), 0..3)
}

fn any_want() -> impl Strategy<Value = Grants> {
    let database = proptest::sample::select(&DATABASES[..]).prop_map(str::to_owned);
    let and_execute = (privileges(), any::<bool>()).prop_map(|(mut privileges, execute)| {
        if execute {
            privileges.insert(Privilege::Execute);
        }
        privileges
    });
    let databases = btree_map(database, and_execute, 0..3);
    (databases, btree_map(table(), privileges(), 0..3), columns())
        .prop_map(|(databases, tables, columns)| Grants { databases, tables, columns })
}

/// What another hand may have granted that is never granted here.
fn beyond() -> impl Strategy<Value = Held> {
    let account = "[rs]".prop_map(|user| AccountName { user, host: "%".to_owned() });
    let routine = proptest::sample::select(&DATABASES[..]).prop_map(|database| Routine {
        database: database.to_owned(),
        name: "f".to_owned(),
        kind: "FUNCTION".to_owned(),
    });
    let words = |words: &'static [&'static str]| {
        btree_set(proptest::sample::select(words).prop_map(str::to_owned), 1..3)
    };
    let global = prop_oneof![Just(BTreeSet::new()), words(&["PROCESS", "SELECT", "GRANT OPTION"])];
    let roles = btree_map(account.clone(), any::<bool>(), 0..2);
    let routines = btree_map(routine, words(&["EXECUTE", "GRANT OPTION"]), 0..2);
    (global, roles, btree_set(account, 0..2), routines).prop_map(
        |(global, roles, proxies, routines)| Held {
            global,
            roles,
            proxies,
            routines,
            ..Held::default()
        },
    )
}

fn any_held() -> impl Strategy<Value = Held> {
    let names = ROWS.iter().map(|row| row.name.to_owned()).collect::<Vec<_>>();
    let databases = btree_map(proptest::sample::select(names), row(), 0..5);
    let beyond = prop_oneof![3 => Just(Held::default()), 1 => beyond()];
    (databases, btree_map(table(), row(), 0..3), columns(), any::<bool>(), beyond).prop_map(
        |(mut databases, tables, columns, second, beyond)| {
            databases.remove(if second { "pay_eu" } else { r"pay\_%" });
            Held { databases, tables, columns, ..beyond }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn it_arrives_and_never_gives_more_on_the_way(start in any_held(), want in any_want()) {
        let end = exactly(&want);
        let (before, after) = (doors(&start), doors(&end));
        let mut held = start;
        for change in difference(&held, &want, NAMING).expect("known privileges") {
            carry_out(&mut held, &change);
            let now = doors(&held);
            let more = now.iter().find(|door| !before.contains(*door) && !after.contains(*door));
            prop_assert_eq!(more, None, "opened by {:?}", change);
        }
        prop_assert_eq!(&held, &end);
        prop_assert_eq!(difference(&held, &want, NAMING), Ok(Vec::new()), "again");
    }

    #[test]
    fn what_is_held_and_wanted_is_there_all_the_time(start in any_held(), want in any_want()) {
        prop_assume!(!is_beside_a_bare_pattern(&start));
        let after = doors(&exactly(&want));
        let mut stays: BTreeSet<Door> = doors(&start).intersection(&after).cloned().collect();
        stays.retain(|door| !goes_with_its_table(&start, &want, door));
        let mut held = start;
        for change in difference(&held, &want, NAMING).expect("known privileges") {
            carry_out(&mut held, &change);
            let now = doors(&held);
            let lost = stays.iter().find(|door| !now.contains(*door));
            prop_assert_eq!(lost, None, "closed by {:?}", change);
        }
    }
}

/// Whether a pattern that holds nothing but GRANT OPTION is beside another one. Which of them
/// counts in a database is not asked, so that what is new there waits for both to be gone.
fn is_beside_a_bare_pattern(held: &Held) -> bool {
    let patterns = || held.databases.iter().filter(|(name, _)| NAMING.database(name).is_none());
    patterns().count() > 1 && patterns().any(|(_, row)| row.privileges.is_empty())
}

/// Whether a privilege on a column has to be granted again, as it is revoked on the table.
fn goes_with_its_table(held: &Held, want: &Grants, (place, what): &Door) -> bool {
    let goes = |name: &TableName, row: &Row| {
        let wanted = want.tables.get(name).copied().unwrap_or_default();
        let gone = row.privileges - wanted;
        place.starts_with(&format!("{name}.")) && gone.iter().any(|one| one.sql() == what)
    };
    held.tables.iter().any(|(name, row)| goes(name, row))
}

fn row_of(privileges: &[Privilege], grant_option: bool) -> Row {
    Row { privileges: privileges.iter().copied().collect(), grant_option }
}

fn held(rows: &[(&str, Row)]) -> Held {
    let databases = rows.iter().map(|(stored, row)| ((*stored).to_owned(), *row)).collect();
    Held { databases, ..Held::default() }
}

fn want(databases: &[&str]) -> Grants {
    let all = databases.iter().map(|name| ((*name).to_owned(), Privilege::Select.into()));
    Grants { databases: all.collect(), ..Grants::default() }
}

/// The changes, each as the stored name of a row and whether it goes.
fn order<'c>(changes: &'c [Change]) -> Vec<(&'c str, bool)> {
    let of = |change: &'c Change| match change {
        Change::Grant(Object::Database { stored, .. }) => (stored.as_str(), false),
        Change::Revoke(Object::Database { stored, .. }) => (stored.as_str(), true),
        other => panic!("not in these tests: {other:?}"),
    };
    changes.iter().map(of).collect()
}

/// What nothing replaces goes first, also when something else comes.
#[test]
fn an_end_that_nothing_replaces_does_not_wait() {
    let select = row_of(&[Privilege::Select], false);
    let changes = difference(&held(&[("hr", select), ("shop", select)]), &want(&["pay"]), NAMING);
    let changes = changes.expect("known privileges");
    assert_eq!(order(&changes), [("hr", true), ("shop", true), ("pay", false)]);
}

/// The row of pay_eu hides the pattern: it goes after it, and that after what replaces it.
#[test]
fn a_row_goes_after_the_pattern_that_it_hides() {
    use Privilege::{Insert, Select};
    let rows = [("pay%", row_of(&[Select, Insert], false)), (r"pay\_eu", row_of(&[Select], false))];
    let changes = difference(&held(&rows), &want(&["pay_us"]), NAMING).expect("known privileges");
    assert_eq!(order(&changes), [(r"pay\_us", false), ("pay%", true), (r"pay\_eu", true)]);
    let changes = difference(&held(&rows), &want(&[]), NAMING).expect("known privileges");
    assert_eq!(order(&changes), [("pay%", true), (r"pay\_eu", true)]);
}

/// Of two patterns the less special one goes first: the other hides it.
#[test]
fn of_two_patterns_the_one_that_is_hidden_goes_first() {
    use Privilege::{Insert, Select};
    for (wide, special) in [("pay%", r"pay\_%"), ("pay%", "pay_eu"), ("p_%", "p1%")] {
        let rows = [(wide, row_of(&[Select, Insert], false)), (special, row_of(&[Select], false))];
        let changes = difference(&held(&rows), &want(&[]), NAMING).expect("known privileges");
        assert_eq!(order(&changes), [(wide, true), (special, true)]);
    }
    // Also when the wide one has to wait.
    let rows = [("pay%", row_of(&[Select, Insert], false)), (r"pay\_%", row_of(&[Select], false))];
    let changes = difference(&held(&rows), &want(&["payxeu"]), NAMING).expect("known privileges");
    assert_eq!(order(&changes), [("payxeu", false), ("pay%", true), (r"pay\_%", true)]);
}

#[test]
fn a_grant_option_on_what_is_wanted_goes_and_nothing_else() {
    let table = TableName { database: "pay".to_owned(), table: "t".to_owned() };
    let wanted = Grants {
        tables: [(table.clone(), Privilege::Select.into())].into(),
        ..want(&["pay", "pay_eu"])
    };
    let mut held = exactly(&wanted);
    held.tables.get_mut(&table).expect("a row").grant_option = true;
    held.databases.get_mut(r"pay\_eu").expect("a row").grant_option = true;
    let changes = difference(&held, &wanted, NAMING).expect("known privileges");
    let privileges = Privileges::new();
    let stored = r"pay\_eu".to_owned();
    let expected = [
        Change::Revoke(Object::Database { stored, privileges, grant_option: true }),
        Change::Revoke(Object::Table { table, privileges, grant_option: true }),
    ];
    assert_eq!(changes, expected);
}

/// A pattern that gives no more but to hand on gives more.
#[test]
fn a_row_that_hides_a_grant_option_is_known() {
    let select = |grant_option| row_of(&[Privilege::Select], grant_option);
    let object = Object::Database {
        stored: r"pay\_eu".to_owned(),
        privileges: Privilege::Select.into(),
        grant_option: true,
    };
    let opened = |pattern, own| {
        let held = held(&[("pay%", select(pattern)), (r"pay\_eu", select(own))]);
        opens(&held, &object, NAMING).map(str::to_owned)
    };
    assert_eq!(opened(true, false).as_deref(), Some("pay%"));
    assert_eq!(opened(true, true), None);
    assert_eq!(opened(false, false), None);
}

/// Where names are literal there is no pattern to keep in mind.
#[test]
fn with_literal_names_every_row_is_one_database() {
    let naming = Naming { literal: true, lower: false };
    let select = row_of(&[Privilege::Select], false);
    let changes = difference(&held(&[("pay_eu", select)]), &want(&["pay_eu"]), naming);
    assert_eq!(changes, Ok(Vec::new()));
    let changes = difference(&held(&[(r"pay\_eu", select)]), &want(&["pay_eu"]), naming);
    let changes = changes.expect("known privileges");
    assert_eq!(order(&changes), [(r"pay\_eu", true), ("pay_eu", false)]);
}
