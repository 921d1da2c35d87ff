//! The decoder of the grant tables against rows that no server gives, and names that one
//! may give: no panic, and what is understood can be revoked by a statement that names it and
//! nothing else.

use std::collections::BTreeMap;

use mysql_async::Value;
use proptest::prelude::*;

use super::query::{
    ACCOUNT, COLUMN, Columns, DATABASE, DYNAMIC, PROXY, ROLE, ROUTINE, SEPARATOR, TABLE,
};
use super::rows::{Collector, Found};
use crate::fuzz::cases;
use crate::mysql::dialect::Dialect;
use crate::mysql::difference::Naming;
use crate::mysql::spec::{AccountName, Change, Object};
use crate::mysql::statement::statement;

fn columns(user: bool) -> Columns {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Columns {
        user: if user {
            texts(&["Select_priv", "Grant_priv", "Super_priv", "Odd_priv"])
        } else {
            Vec::new()
        },
        db: texts(&["Select_priv", "Insert_priv", "Grant_priv", "File_priv", "Odd_priv"]),
    }
}

/// Names that hold everything a statement is made of.
fn text() -> impl Strategy<Value = String> {
    let awkward = proptest::sample::select(vec![
        "",
        "`",
        "``",
        "'",
        "\\",
        "%",
        "_",
        "a`.*; DROP USER x; -- ",
        "*",
        "*.*",
        "\0",
        "a\0b",
        "数据",
        "😀",
        "\u{202e}x",
        "\n",
        "Y",
        "N",
        "YN",
        "YNYN",
        "YYYYY",
        "Select,Insert",
        "Select,Grant",
        "References,Odd",
        "0",
        "1",
        "18446744073709551615",
        "-1",
        "9".repeat(40).leak(),
        "PROCEDURE",
        "FUNCTION",
        "{\"jumpgate\":{}}",
        "{\"jumpgate\":",
        r#"{"access":1,"plugin":"mysql_native_password","authentication_string":"x"}"#,
        r#"{"access":18446744073709551615,"account_locked":"1","password_last_changed":0}"#,
        r#"{"access":-1,"password_last_changed":1e99}"#,
        "caching_sha2_password",
    ]);
    prop_oneof![4 => awkward.prop_map(str::to_owned), 1 => any::<String>()]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        12 => text().prop_map(|text| Value::Bytes(text.into_bytes())),
        1 => proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Bytes),
        1 => any::<i64>().prop_map(Value::Int),
        1 => any::<u64>().prop_map(Value::UInt),
        1 => Just(Value::NULL),
        1 => any::<f64>().prop_map(Value::Double),
    ]
}

fn row() -> impl Strategy<Value = Vec<Value>> {
    const KINDS: [char; 8] = [ACCOUNT, DATABASE, TABLE, COLUMN, ROUTINE, PROXY, ROLE, DYNAMIC];
    let kind = proptest::sample::select(KINDS.as_slice());
    let says = prop_oneof![
        8 => (kind.clone(), text()).prop_map(|(kind, text)| format!("{kind}{text}")),
        4 => (kind, text(), text())
            .prop_map(|(kind, text, name)| format!("{kind}{text}{SEPARATOR}{name}")),
    ];
    let says = says.prop_map(|says| Value::Bytes(says.into_bytes()));
    (proptest::collection::vec(value(), 3..5), prop_oneof![12 => says, 1 => value()]).prop_map(
        |(mut row, says)| {
            // Most rows have the right number of values.
            row.resize(row.len().max(4), Value::Bytes(b"YNYNY".to_vec()));
            row.push(says);
            row
        },
    )
}

/// The parts of a statement: names in back-ticks, and the words between them. None when a
/// name or a text stays open.
fn parts(sql: &str) -> Option<(Vec<String>, String)> {
    let (mut names, mut words) = (Vec::new(), String::new());
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '`' {
            words.push(c);
            continue;
        }
        let mut name = String::new();
        loop {
            match chars.next()? {
                '`' if chars.peek() == Some(&'`') => {
                    chars.next();
                    name.push('`');
                }
                '`' => break,
                c => name.push(c),
            }
        }
        names.push(name);
        words.push('N');
    }
    Some((names, words))
}

/// Makes sure that a statement is one REVOKE on names as they are.
fn revokes(object: Object, expected: &[&str], name: &AccountName) -> Result<(), TestCaseError> {
    let Ok(sql) = statement(&Change::Revoke(object), name, &dialect()) else {
        // Only a zero byte, or a row that holds nothing, has no statement.
        return Ok(());
    };
    let (names, words) = parts(&sql).ok_or_else(|| TestCaseError::fail(sql.clone()))?;
    let mut all: Vec<&str> = expected.to_vec();
    all.extend([name.user.as_str(), name.host.as_str()]);
    prop_assert_eq!(names, all, "{}", sql);
    let word = |c: char| c.is_ascii_uppercase() || " ,.*@".contains(c);
    prop_assert!(words.starts_with("REVOKE ") && words.chars().all(word), "{sql}");
    Ok(())
}

fn dialect() -> Dialect {
    let variables = [("version", "9.7.4"), ("version_comment", "Source distribution")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Dialect::detect(&variables.into()).expect("a known server")
}

fn collect(
    rows: impl IntoIterator<Item = Vec<Value>>,
    columns: &Columns,
) -> Option<BTreeMap<AccountName, Found>> {
    let mut collector = Collector::new(columns);
    rows.into_iter().try_for_each(|row| collector.take(row))?;
    Some(collector.found().into_iter().collect())
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn fuzz_rows_of_the_grant_tables(rows in proptest::collection::vec(row(), 0..12), user: bool) {
        let Some(found) = collect(rows, &columns(user)) else { return Ok(()) };
        for (name, found) in found {
            let held = found.held.clone();
            for (stored, row) in held.databases {
                for naming in [Naming::default(), Naming { literal: true, lower: false }] {
                    if let Some(database) = naming.database(&stored) {
                        prop_assert!(naming.covers(&stored, &database), "{stored:?}");
                    }
                }
                let object = Object::Database {
                    stored: stored.clone(),
                    privileges: row.privileges,
                    grant_option: row.grant_option,
                };
                revokes(object, &[&stored], &name)?;
            }
            for (table, row) in held.tables {
                let names = [table.database.clone(), table.table.clone()];
                let (privileges, grant_option) = (row.privileges, row.grant_option);
                let object = Object::Table { table, privileges, grant_option };
                revokes(object, &[&names[0], &names[1]], &name)?;
            }
            if let Some(seen) = found.seen(name.clone()) {
                prop_assert_eq!(seen.name, name);
            }
        }
    }
}

#[test]
fn a_database_row_is_understood() {
    let text = |text: &str| Value::Bytes(text.as_bytes().to_vec());
    let row = vec![text("u"), text("h"), text("a\\_b"), text(""), text("DYNNNN")];
    let found = collect([row], &columns(true)).expect("rows");
    assert_eq!(found.len(), 1);
    let (_, found) = found.into_iter().next().expect("one");
    assert_eq!(found.held.databases.keys().collect::<Vec<_>>(), ["a\\_b"]);
}
