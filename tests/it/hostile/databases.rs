//! Hostile names of databases, tables and columns on real servers: each is one name, and
//! nothing beside it opens.

use jumpgate_sandbox::Version;
use mysql_async::prelude::Queryable;

use crate::support::company::Company;
use crate::support::servers::{Kind, refused};

/// Names that a server takes; all are SQL, patterns, comments or markup to somebody.
const NAMES: [&str; 19] = [
    "x'; DROP DATABASE orders; --",
    "a`b",
    "``",
    "a\"b",
    "one\\slash",
    "end\\",
    "%",
    "_",
    "pay%",
    "a_c",
    "*",
    "a.b",
    "-- x",
    "/* x */ #",
    "(a, b)",
    "@@version",
    "##[set-output name=x]y",
    "数据",
    "<b>|`x`",
];

/// Names that the patterns among those would cover.
const NEIGHBOURS: [&str; 4] = ["abc", "payroll", "q", "a c"];

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

async fn every_name_is_one_name(kind: Kind) {
    let company = Company::with_database(Version::V4, kind).await;
    let server = company.server.as_ref().expect("a server");
    let mut statements = vec!["CREATE DATABASE hostile".to_owned()];
    for name in NAMES {
        let name = quoted(name);
        statements.push(format!("CREATE TABLE hostile.{name} ({name} INT, secret INT)"));
        statements.push(format!("CREATE DATABASE {name}"));
        statements.push(format!("CREATE TABLE {name}.t (id INT)"));
    }
    for name in NEIGHBOURS {
        statements.push(format!("CREATE DATABASE {}", quoted(name)));
        statements.push(format!("CREATE TABLE {}.t (id INT)", quoted(name)));
    }
    let mut conn = server.admin().await;
    for statement in &statements {
        conn.query_drop(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    let mut tables = String::new();
    for name in NAMES {
        let name = quoted(name);
        for scope in [format!("hostile.{name}({name})"), format!("{name}.*")] {
            let yaml = serde_json::to_string(&scope).expect("JSON is YAML");
            tables.push_str(&format!("      - {yaml}\n"));
        }
    }
    company.write(
        "requests/hostile.yaml",
        &format!(
            "for: fanlichun\nreason: odd names\nuntil: 2089-02-28\ndatabases:\n  - instance: orders-prod\n    level: r\n    tables:\n{tables}"
        ),
    );
    company.merge("odd names");
    let done = company.run(&["apply", "--yes"]).await.expect(0);
    super::shown::is_plain("apply", &done.stdout);

    let account = "jump_db_fanlichun_r";
    let secret = company.jumpserver.secret("orders-prod", account).expect("a password");
    let mut person = server.login(account, &secret).await.expect("the person logs in");
    for name in NAMES {
        let name = quoted(name);
        assert_eq!(
            refused(&mut person, &format!("SELECT {name} FROM hostile.{name}")).await,
            0,
            "{name}"
        );
        assert_eq!(
            refused(&mut person, &format!("SELECT secret FROM hostile.{name}")).await,
            1143,
            "{name}"
        );
        assert_eq!(refused(&mut person, &format!("SELECT * FROM {name}.t")).await, 0, "{name}");
        assert_eq!(refused(&mut person, &format!("DELETE FROM {name}.t")).await, 1142, "{name}");
    }
    for name in NEIGHBOURS {
        assert_eq!(
            refused(&mut person, &format!("SELECT * FROM {}.t", quoted(name))).await,
            1142,
            "{name}"
        );
    }
    assert_eq!(server.rows("SELECT COUNT(*) FROM orders.items").await, [["1"]]);

    // What was written is what is read back, and all of it can be taken away.
    server.log_statements().await;
    let again = company.run(&["apply", "--yes"]).await.expect(0);
    assert_eq!(again.stdout.trim(), "Nothing to do: everything is as git says.");
    assert_eq!(server.changes().await, [""; 0]);
    company.remove("requests/hostile.yaml");
    company.merge("no more");
    company.run(&["apply", "--yes", "--allow-removals", "2"]).await.expect(0);
    let left = server.rows("SELECT User FROM mysql.db WHERE User LIKE 'jump%' UNION SELECT User FROM mysql.user WHERE User LIKE 'jump%'").await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_is_one_name_on_mysql() {
    every_name_is_one_name(Kind::Mysql9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_is_one_name_on_mariadb() {
    every_name_is_one_name(Kind::Mariadb118).await;
}
