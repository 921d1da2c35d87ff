//! What accounts are given and what is taken from them.

use jumpgate::mysql::privilege::Privilege::*;
use jumpgate::mysql::privilege::Privileges;
use jumpgate::mysql::spec::{Change, Object};
use secrecy::SecretString;

use super::*;

#[tokio::test]
async fn o01_underscore_wildcard() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        for database in ["a_b", "axb", "50%", "50x"] {
            server.run(&format!("CREATE DATABASE `{database}`")).await;
            server.run(&format!("CREATE TABLE `{database}`.t (id INT)")).await;
        }
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_zhang_r");
        let password = secret();
        writer.create_account(&name, &password, None).await.expect("it is created");
        let want = grants(&[("a_b", &[Select])], &[(table("50%", "t"), &[Select])]);
        converge(&mut writer, &name, &want).await;
        let mut conn = login(&server, &name, &password).await;
        assert_eq!(refused(&mut conn, "SELECT * FROM a_b.t").await, 0);
        assert!(DENIED.contains(&refused(&mut conn, "SELECT * FROM axb.t").await));
        assert_eq!(refused(&mut conn, "SELECT * FROM `50%`.t").await, 0);
        assert!(DENIED.contains(&refused(&mut conn, "SELECT * FROM `50x`.t").await));

        // A row that was written wider by hand is narrowed, and access does not stop.
        server.run("GRANT SELECT ON `a_b`.* TO jump_db_zhang_r@'%'").await;
        assert_eq!(refused(&mut conn, "SELECT * FROM axb.t").await, 0, "{kind:?}");
        assert_eq!(converge(&mut writer, &name, &want).await, 1);
        let mut conn = login(&server, &name, &password).await;
        assert_eq!(refused(&mut conn, "SELECT * FROM a_b.t").await, 0);
        assert!(DENIED.contains(&refused(&mut conn, "SELECT * FROM axb.t").await));
    }
}

#[tokio::test]
async fn partial_revokes_make_names_literal() {
    let server = Server::start_with(Kind::Mysql9, &["--partial-revokes=ON"]).await;
    for database in ["a_b", "axb"] {
        server.run(&format!("CREATE DATABASE {database}")).await;
        server.run(&format!("CREATE TABLE {database}.t (id INT)")).await;
    }
    let mut writer = writer(&server).await;
    let name = anywhere("jump_db_zhang_r");
    let password = secret();
    writer.create_account(&name, &password, None).await.expect("it is created");
    converge(&mut writer, &name, &grants(&[("a_b", &[Select])], &[])).await;
    assert!(seen(&mut writer, &name).await.held.databases.contains_key("a_b"));
    let mut conn = login(&server, &name, &password).await;
    assert_eq!(refused(&mut conn, "SELECT * FROM a_b.t").await, 0);
    assert!(DENIED.contains(&refused(&mut conn, "SELECT * FROM axb.t").await));
    // A restriction goes with the global privilege that it restricts.
    server
        .run(
            "GRANT SELECT ON *.* TO jump_db_zhang_r@'%';\n\
             REVOKE SELECT ON axb.* FROM jump_db_zhang_r@'%'",
        )
        .await;
    assert_eq!(converge(&mut writer, &name, &grants(&[("a_b", &[Select])], &[])).await, 1);
}

#[tokio::test]
async fn o16_awkward_database_names() {
    let names =
        ["grafana-on-call", "a.b", "we`ird", "数据库", "select", r"back\slash", "it's", "\"q\""];
    for kind in Kind::ALL {
        for options in [&[][..], &["--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES"][..]] {
            let server = Server::start_with(kind, options).await;
            let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
            for name in names {
                server.run(&format!("CREATE DATABASE {}", quoted(name))).await;
                let statement = format!("CREATE TABLE {}.`order-items` (`x y` INT)", quoted(name));
                server.run(&statement).await;
            }
            let mut writer = writer(&server).await;
            let account = anywhere("jump_db_zhang_r");
            let password = secret();
            writer.create_account(&account, &password, None).await.expect("it is created");
            for name in names {
                let items = table(name, "order-items");
                let whole = grants(&[(name, &[Select])], &[(items.clone(), &[Update])]);
                let want = with_columns(whole, items, &[("x y", &[Insert])]);
                converge(&mut writer, &account, &want).await;
                let held = seen(&mut writer, &account).await.held;
                assert_eq!(held.databases.len() + held.tables.len() + held.columns.len(), 3);
                let mut conn = login(&server, &account, &password).await;
                let query = format!("SELECT * FROM {}.`order-items`", quoted(name));
                assert_eq!(refused(&mut conn, &query).await, 0, "{kind:?}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn o11_ansi_quotes() {
    for kind in Kind::ALL {
        let server =
            Server::start_with(kind, &["--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES"]).await;
        server.run("CREATE DATABASE shop;\nCREATE TABLE shop.t (Id INT, email TEXT)").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_zhang_r");
        let password = SecretString::from(r#"Back\slash'and"quotes.1"#);
        writer.create_account(&name, &password, Some(&evidence())).await.expect("it is created");
        login(&server, &name, &password).await;
        let want = with_columns(
            grants(&[("shop", &[Insert])], &[]),
            table("shop", "t"),
            &[("Id", &[Select]), ("email", &[Select])],
        );
        assert_eq!(converge(&mut writer, &name, &want).await, 2);
        assert_eq!(converge(&mut writer, &name, &want).await, 0);
    }
}

#[tokio::test]
async fn names_in_lower_case_where_the_server_keeps_them_so() {
    for kind in Kind::ALL {
        let server = Server::start_with(kind, &["--lower-case-table-names=1"]).await;
        server.run("CREATE DATABASE Shop_EU;\nCREATE TABLE Shop_EU.Orders (Id INT)").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_zhang_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let orders = table("SHOP_eu", "ORDERS");
        let whole = grants(&[("Shop_EU", &[Select])], &[(orders.clone(), &[Update])]);
        let want = with_columns(whole, orders, &[("ID", &[Insert])]);
        assert_eq!(converge(&mut writer, &name, &want).await, 3, "{kind:?}");
        assert_eq!(converge(&mut writer, &name, &Grants::default()).await, 3, "{kind:?}");
    }
}

/// A small generator of states: the same ones in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn grants(&mut self) -> Grants {
        let privileges = [Select, Insert, Update, References];
        let some = |dice: &mut Self| -> Privileges {
            let first = dice.roll(4) as usize;
            let second = dice.roll(4) as usize;
            set(&[privileges[first], privileges[second]])
        };
        let mut grants = Grants::default();
        for database in ["a_b", "axb", "shop"] {
            if self.roll(2) == 0 {
                grants.databases.insert(database.into(), some(self));
            }
            for name in ["t", "u"] {
                if self.roll(2) == 0 {
                    grants.tables.insert(table(database, name), some(self));
                }
                if self.roll(2) == 0 {
                    let columns = grants.columns.entry(table(database, name)).or_default();
                    columns.insert("id".into(), some(self));
                    if self.roll(2) == 0 {
                        columns.insert("Email".into(), some(self));
                    }
                }
            }
        }
        grants
    }
}

#[tokio::test]
async fn any_state_leads_to_any_other() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        for database in ["a_b", "axb", "shop"] {
            server.run(&format!("CREATE DATABASE {database}")).await;
            for name in ["t", "u"] {
                server.run(&format!("CREATE TABLE {database}.{name} (id INT, Email TEXT)")).await;
            }
        }
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_zhang_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let mut dice = Dice(7);
        for _ in 0..25 {
            let want = dice.grants();
            converge(&mut writer, &name, &want).await;
            assert_eq!(converge(&mut writer, &name, &want).await, 0);
        }
        converge(&mut writer, &name, &Grants::default()).await;
        assert_eq!(seen(&mut writer, &name).await.held, Default::default());
    }
}

#[tokio::test]
async fn drift_of_every_kind_is_revoked() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT);\n\
                 CREATE PROCEDURE shop.tidy() SELECT 1;\nCREATE FUNCTION shop.f() RETURNS INT DETERMINISTIC RETURN 1;\n\
                 CREATE ROLE helper;\nGRANT helper TO admin@'%' WITH ADMIN OPTION;\n\
                 GRANT PROXY ON ''@'%' TO admin@'%' WITH GRANT OPTION",
            )
            .await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_zhang_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let want = grants(&[("shop", &[Select])], &[]);
        converge(&mut writer, &name, &want).await;
        let connection = if kind.is_mysql() { "CONNECTION_ADMIN" } else { "CONNECTION ADMIN" };
        let drift = format!(
            "GRANT SELECT, INSERT ON `sho%`.* TO jump_db_zhang_r@'%';\n\
             GRANT PROCESS, SELECT, {connection} ON *.* TO jump_db_zhang_r@'%' WITH GRANT OPTION;\n\
             GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE shop.tidy TO jump_db_zhang_r@'%' WITH GRANT OPTION;\n\
             GRANT EXECUTE ON FUNCTION shop.f TO jump_db_zhang_r@'%';\n\
             GRANT helper TO jump_db_zhang_r@'%' WITH ADMIN OPTION;\n\
             GRANT DELETE ON shop.t TO jump_db_zhang_r@'%' WITH GRANT OPTION;\n\
             GRANT SELECT (id) ON shop.t TO jump_db_zhang_r@'%';\n\
             GRANT PROXY ON nobody@'%' TO jump_db_zhang_r@'%' WITH GRANT OPTION"
        );
        let drift =
            if kind.is_mysql() { format!("CREATE USER nobody@'%';\n{drift}") } else { drift };
        server.run(&drift).await;
        assert_eq!(converge(&mut writer, &name, &want).await, 8, "{kind:?}");
        // The same by one call, and there is nothing left.
        server.run(drift.trim_start_matches("CREATE USER nobody@'%';\n")).await;
        assert_eq!(writer.revoke_all(&name).await, Ok(Vec::new()));
        assert_eq!(seen(&mut writer, &name).await.held, Default::default(), "{kind:?}");
        assert_eq!(writer.revoke_all(&name).await, Ok(Vec::new()), "nothing held is as good");
    }
}

#[tokio::test]
async fn o06_grant_option_leftover() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE shop").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        server.run("GRANT USAGE ON `shop`.* TO jump_db_li_r@'%' WITH GRANT OPTION").await;
        let want = grants(&[("shop", &[Select])], &[]);
        assert_eq!(converge(&mut writer, &name, &want).await, 2, "{kind:?}");
        assert_eq!(converge(&mut writer, &name, &Grants::default()).await, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn o09_mixed_table_column_privs() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE sandbox2;\n\
                 CREATE TABLE sandbox2.wow (wowtest INT, `x y` INT, `a,b` INT, `c)(``d` INT)",
            )
            .await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        server
            .run(
                "GRANT SELECT, INSERT, UPDATE (wowtest, `x y`), REFERENCES (`a,b`, `c)(``d`) \
                 ON sandbox2.wow TO jump_db_li_r@'%'",
            )
            .await;
        let held = seen(&mut writer, &name).await.held;
        let columns = &held.columns[&table("sandbox2", "wow")];
        assert_eq!(columns["x y"], set(&[Update]));
        assert_eq!(columns["a,b"], set(&[References]));
        assert_eq!(columns["c)(`d"], set(&[References]));
        let want = grants(&[], &[(table("sandbox2", "wow"), &[Select])]);
        converge(&mut writer, &name, &want).await;
        let held = seen(&mut writer, &name).await.held;
        assert!(held.columns.is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn o08_column_order_and_case() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run("CREATE DATABASE shop;\nCREATE TABLE shop.users (created_at INT, id INT, Email INT)")
            .await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let want = |columns: [&str; 3]| {
            let columns = columns.map(|column| (column, &[Select][..]));
            with_columns(Grants::default(), table("shop", "users"), &columns)
        };
        assert_eq!(converge(&mut writer, &name, &want(["email", "Id", "created_at"])).await, 1);
        assert_eq!(converge(&mut writer, &name, &want(["created_at", "ID", "EMAIL"])).await, 0);
        assert_eq!(converge(&mut writer, &name, &Grants::default()).await, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn o05_several_grant_levels_and_o04_one_of_two_ends() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE shop;\nCREATE TABLE shop.orders (id INT);\n\
                 CREATE TABLE shop.users (email TEXT, id INT);\nCREATE DATABASE other",
            )
            .await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let orders = table("shop", "orders");
        let all = with_columns(
            grants(&[("shop", &[Select]), ("other", &[Select])], &[(orders.clone(), &[Select])]),
            table("shop", "users"),
            &[("email", &[Select])],
        );
        assert_eq!(converge(&mut writer, &name, &all).await, 4);
        assert_eq!(converge(&mut writer, &name, &all).await, 0);
        let rest = with_columns(
            grants(&[("other", &[Select])], &[(orders, &[Select])]),
            table("shop", "users"),
            &[("email", &[Select])],
        );
        assert_eq!(converge(&mut writer, &name, &rest).await, 1, "{kind:?}: one REVOKE alone");
    }
}

#[tokio::test]
async fn o13_and_o17_an_unchanged_state_sends_no_write() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT)").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        let password = secret();
        writer.create_account(&name, &password, None).await.expect("it is created");
        let want = grants(&[("shop", &[Select])], &[]);
        converge(&mut writer, &name, &want).await;
        let mut conn = login(&server, &name, &password).await;
        server.log_statements().await;
        for _ in 0..5 {
            assert_eq!(converge(&mut writer, &name, &want).await, 0);
        }
        assert_eq!(server.changes().await, Vec::<String>::new(), "{kind:?}");
        let more = grants(&[("shop", &[Select])], &[(table("shop", "t"), &[Update])]);
        converge(&mut writer, &name, &more).await;
        assert_eq!(refused(&mut conn, "SELECT * FROM shop.t").await, 0);
        let changes = server.changes().await;
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].starts_with("GRANT UPDATE ON `shop`.`t`"), "{changes:?}");
    }
}

#[tokio::test]
async fn what_is_never_granted_is_refused_and_what_is_gone_is_done() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run("CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT);\nCREATE ROLE helper")
            .await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let database = |privileges: &[Privilege], grant_option| Object::Database {
            stored: "shop".into(),
            privileges: set(privileges),
            grant_option,
        };
        let refused = [
            database(&[Select], true),
            Object::Global { privileges: texts(&["PROCESS"]) },
            Object::Role { role: anywhere("helper") },
            Object::Proxy { account: anywhere("x") },
        ];
        for object in refused {
            let result = writer.apply(&name, &Change::Grant(object)).await;
            assert!(matches!(result, Err(Error::Forbidden { .. })), "{result:?}");
        }
        let columns = BTreeMap::from([(Select, texts(&["id"]))]);
        let role =
            AccountName { user: "helper".into(), host: writer.server().dialect.role_host().into() };
        let gone = [
            database(&[Select], false),
            Object::Table {
                table: table("shop", "t"),
                privileges: set(&[Select]),
                grant_option: false,
            },
            Object::Columns { table: table("shop", "t"), privileges: columns },
            Object::Role { role },
        ];
        for object in gone {
            let result = writer.apply(&name, &Change::Revoke(object.clone())).await;
            assert_eq!(result, Ok(()), "{kind:?}: {object:?}");
        }
        // Part of it gone: on MySQL nothing was revoked, and that is told.
        converge(&mut writer, &name, &grants(&[("shop", &[Select])], &[])).await;
        let both = Change::Revoke(database(&[Select, Insert], false));
        let result = writer.apply(&name, &both).await;
        let held = seen(&mut writer, &name).await.held;
        assert_eq!(result.is_ok(), held.databases.is_empty(), "{kind:?}: {result:?}");
    }
}

#[tokio::test]
async fn o02_escape_second_run() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE example_dev").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let want = grants(&[("example_dev", &[Select])], &[]);
        assert_eq!(converge(&mut writer, &name, &want).await, 1);
        assert_eq!(converge(&mut writer, &name, &want).await, 0);
        server
            .run(
                "REVOKE SELECT ON `example\\_dev`.* FROM jump_db_li_r@'%';\n\
                 GRANT SELECT ON `example_dev`.* TO jump_db_li_r@'%'",
            )
            .await;
        assert_eq!(converge(&mut writer, &name, &want).await, 2, "{kind:?}: wider than asked");
        let held = seen(&mut writer, &name).await.held;
        assert_eq!(held.databases.keys().collect::<Vec<_>>(), [r"example\_dev"]);
    }
}

#[tokio::test]
async fn o03_import_wildcard_grant() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE USER jump_db_old_r@'%';\nGRANT SELECT ON `fdb%`.* TO jump_db_old_r@'%';\n\
                 GRANT SELECT ON `'x%'`.* TO jump_db_old_r@'%'",
            )
            .await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_old_r");
        let held = seen(&mut writer, &name).await.held;
        assert_eq!(held.databases.keys().collect::<Vec<_>>(), ["'x%'", "fdb%"]);
        assert_eq!(converge(&mut writer, &name, &Grants::default()).await, 2, "{kind:?}");
    }
}

#[tokio::test]
async fn o10_host_case() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE USER jump_db_li_r@'APP-Host.Example.COM'").await;
        let mut writer = writer(&server).await;
        let name = AccountName { user: "jump_db_li_r".into(), host: "app-host.example.com".into() };
        assert_eq!(seen(&mut writer, &name).await.name, name);
        writer.set_lock(&name, true).await.expect("it is locked");
        assert!(seen(&mut writer, &name).await.locked, "{kind:?}");
    }
}

#[tokio::test]
async fn o19_injection_from_yaml() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE y;\nCREATE DATABASE shop;\nCREATE TABLE shop.t (id INT)").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let nasty = "x`.* TO 'root'@'%'; DROP DATABASE y; -- ";
        // The blank at the end would make it no name.
        let database = nasty.trim_end();
        converge(&mut writer, &name, &grants(&[(database, &[Select])], &[])).await;
        let held = seen(&mut writer, &name).await.held;
        assert_eq!(held.databases.len(), 1);
        // Tables and columns of such names do not exist: the server says so, and no more.
        let columns = BTreeMap::from([(Select, texts(&["id) ON *.* TO root; -- "]))]);
        for object in [
            Object::Table {
                table: table("shop", "t` (id) ; "),
                privileges: set(&[Select]),
                grant_option: false,
            },
            Object::Columns { table: table("shop", "t"), privileges: columns },
        ] {
            let result = writer.apply(&name, &Change::Grant(object)).await;
            let code = result.expect_err("no such thing").code();
            assert!(matches!(code, Some(1146 | 1054 | 1103 | 1166)), "{kind:?}: {code:?}");
        }
        assert_eq!(seen(&mut writer, &name).await.held, held);
        assert_eq!(server.rows("SHOW DATABASES LIKE 'y'").await.len(), 1);
    }
}
