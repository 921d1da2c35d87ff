//! What MySQL 5.7 is sent: it is tried on a real server by hosted CI alone, so what is known of
//! it stands here. From its manual: no roles, no dynamic privileges, no ATTRIBUTE, no second
//! password, no PASSWORD REQUIRE CURRENT; `mysql.user` has `account_locked`, `plugin`,
//! `authentication_string` and `password_last_changed`; SHOW SLAVE STATUS is the only one.

use std::collections::{BTreeMap, BTreeSet};

use super::dialect::Dialect;
use super::password::Hash;
use super::privilege::Privilege;
use super::rights::{Purpose, grants_needed};
use super::spec::{AccountName, Change, Evidence, Object, TableName};
use super::statement;

/// Words that MySQL 5.7 does not know.
const UNKNOWN: [&str; 14] = [
    "ATTRIBUTE",
    "REQUIRE CURRENT",
    "RETAIN",
    "DISCARD",
    "CURRENT_ROLE",
    "role_edges",
    "default_roles",
    "global_grants",
    "User_attributes",
    "CONNECTION_ADMIN",
    "caching_sha2",
    "REPLICA STATUS",
    "_0900_",
    "JSON_",
];

/// What says nothing that MySQL 5.7 does not know.
pub(super) fn known(text: &str) -> &str {
    for word in UNKNOWN {
        assert!(!text.contains(word), "{word}: {text}");
    }
    text
}

pub(super) fn dialect(version: &str) -> Dialect {
    let variables = BTreeMap::from([("version".to_owned(), version.to_owned())]);
    Dialect::detect(&variables).expect("a supported server")
}

fn name() -> AccountName {
    AccountName { user: "jump_db_li_r".into(), host: "10.8.0.%".into() }
}

#[test]
fn an_account_is_made_and_ended_in_words_that_5_7_knows() {
    let old = dialect("5.7.44-log");
    let hash = Hash::new(old.hash_kind(), &"Some-pass.1".into()).expect("a hash");
    let evidence = Evidence { owner: "acme".into(), generation: "0011".into() };
    let sent = [
        statement::create(&name(), &hash, Some(&evidence), &old),
        statement::set_password(&name(), &hash, Some(&evidence), false, &old),
        statement::set_lock(&name(), true),
        statement::revoke_all(&name()),
        statement::drop_account(&name()),
    ];
    let sent: Vec<String> = sent.into_iter().map(|text| text.expect("a statement")).collect();
    insta::assert_snapshot!(known(&sent.join("\n")), @r"
    CREATE USER `jump_db_li_r`@`10.8.0.%` IDENTIFIED WITH 'mysql_native_password' AS '*8B1B9DC903BEF0AE207385321E5AA316C71D4181' PASSWORD EXPIRE NEVER ACCOUNT UNLOCK
    ALTER USER `jump_db_li_r`@`10.8.0.%` IDENTIFIED WITH 'mysql_native_password' AS '*8B1B9DC903BEF0AE207385321E5AA316C71D4181' PASSWORD EXPIRE NEVER
    ALTER USER `jump_db_li_r`@`10.8.0.%` ACCOUNT LOCK
    REVOKE ALL PRIVILEGES, GRANT OPTION FROM `jump_db_li_r`@`10.8.0.%`
    DROP USER `jump_db_li_r`@`10.8.0.%`
    ");
    // A second password beside the first is not asked for.
    assert!(!old.has_dual_passwords());
    assert!(statement::set_password(&name(), &hash, None, true, &old).is_err());
    assert!(old.warning().is_some_and(|warning| warning.contains("no ATTRIBUTE")));
}

#[test]
fn grants_are_the_same_words_on_every_version() {
    let table = TableName { database: "a_b".into(), table: "t".into() };
    for object in [
        Object::Database {
            stored: r"a\_b".into(),
            privileges: Privilege::Select.into(),
            grant_option: false,
        },
        Object::Columns {
            table,
            privileges: BTreeMap::from([(Privilege::Select, BTreeSet::from(["id".into()]))]),
        },
    ] {
        for change in [Change::Grant(object.clone()), Change::Revoke(object.clone())] {
            let of = |version| {
                statement::statement(&change, &name(), &dialect(version)).expect("a statement")
            };
            assert_eq!(known(&of("5.7.44")), of("9.7.4"));
        }
    }
}

#[test]
fn what_is_read_first_is_there_in_5_7() {
    let old = dialect("5.7.44");
    for query in [old.login_query(), old.replica_query()] {
        known(query);
    }
    assert_eq!(old.replica_query(), "SHOW SLAVE STATUS");
}

#[test]
fn the_rights_that_are_told_are_those_of_5_7() {
    let login = AccountName { user: "apply".into(), host: "10.8.0.%".into() };
    let levels = Privilege::Select.into();
    let told = grants_needed(
        &dialect("5.7.44"),
        Purpose::Apply,
        &login,
        levels,
        &BTreeSet::from(["a_b".to_owned()]),
    );
    insta::assert_snapshot!(known(&told.join("\n")), @r"
    GRANT SELECT ON mysql.user TO `apply`@`10.8.0.%`
    GRANT SELECT ON mysql.db TO `apply`@`10.8.0.%`
    GRANT SELECT ON mysql.tables_priv TO `apply`@`10.8.0.%`
    GRANT SELECT ON mysql.columns_priv TO `apply`@`10.8.0.%`
    GRANT SELECT ON mysql.procs_priv TO `apply`@`10.8.0.%`
    GRANT SELECT ON mysql.proxies_priv TO `apply`@`10.8.0.%`
    GRANT REPLICATION CLIENT ON *.* TO `apply`@`10.8.0.%`
    GRANT CREATE USER ON *.* TO `apply`@`10.8.0.%`
    GRANT PROCESS ON *.* TO `apply`@`10.8.0.%`
    GRANT SUPER ON *.* TO `apply`@`10.8.0.%`
    GRANT REFERENCES ON `a\_b`.* TO `apply`@`10.8.0.%`
    GRANT SELECT ON `a\_b`.* TO `apply`@`10.8.0.%` WITH GRANT OPTION
    ");
}
