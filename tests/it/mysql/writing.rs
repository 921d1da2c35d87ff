//! What a writer does, and what it refuses.

use jumpgate::mysql::Dropped;
use jumpgate::mysql::password::{generate, generation};
use jumpgate::mysql::privilege::Privilege::*;
use jumpgate::mysql::spec::{Change, Evidence, Object};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::support::servers::code;

fn secret() -> SecretString {
    generate().expect("randomness")
}

fn evidence() -> Evidence {
    Evidence { owner: "acme".into(), generation: generation().expect("randomness") }
}

async fn login(server: &Server, name: &AccountName, password: &SecretString) -> Conn {
    server.login(&name.user, password.expose_secret()).await.expect("the password opens it")
}

/// The error number of a query, 0 when it works.
async fn outcome(conn: &mut Conn, query: &str) -> u16 {
    conn.query_drop(query).await.map_or_else(|error| code(&error), |()| 0)
}

/// Access denied: to a database, a table, a column.
const DENIED: [u16; 3] = [1044, 1142, 1143];

#[tokio::test]
async fn an_account_lives_and_ends() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT)").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_fanlichun_r");
        let (first, second) = (secret(), secret());
        assert_eq!(writer.account(&name).await, Ok(None));
        let proof = evidence();
        writer.create_account(&name, &first, Some(&proof)).await.expect("it is created");
        let account = seen(&mut writer, &name).await;
        assert!(account.password_changed.is_some() && !account.no_password && !account.locked);
        assert_eq!(account.evidence, kind.is_mysql().then_some(proof));
        assert_eq!(account.held, Default::default());

        let mut conn = login(&server, &name, &first).await;
        assert!(DENIED.contains(&outcome(&mut conn, "SELECT * FROM shop.t").await));
        let want = grants(&[("shop", &[Select])], &[]);
        assert_eq!(converge(&mut writer, &name, &want).await, 1);
        assert_eq!(outcome(&mut conn, "SELECT * FROM shop.t").await, 0);

        // A second time it exists, and keeps its password.
        let error = writer.create_account(&name, &second, None).await.expect_err("it exists");
        assert_eq!(error.code(), Some(1396));
        login(&server, &name, &first).await;

        writer.set_password(&name, &second, None, false).await.expect("it is set");
        assert!(server.login(&name.user, first.expose_secret()).await.is_err());
        login(&server, &name, &second).await;

        writer.set_lock(&name, true).await.expect("it is locked");
        assert!(seen(&mut writer, &name).await.locked);
        let error = server.login(&name.user, second.expose_secret()).await.expect_err("locked");
        assert!(matches!(code(&error), 3118 | 4151), "{error}");
        writer.set_lock(&name, false).await.expect("it is unlocked");
        login(&server, &name, &second).await;

        writer.revoke_all(&name).await.expect("nothing is left");
        assert_eq!(seen(&mut writer, &name).await.held, Default::default());
        assert_eq!(writer.drop_account(&name).await, Ok(Dropped::Dropped));
        assert_eq!(writer.drop_account(&name).await, Ok(Dropped::AlreadyGone));
        writer.revoke_all(&name).await.expect("gone is as good");
        assert!(writer.kill_sessions(&name).await.expect("a count") >= 1);
        assert!(conn.query_drop("SELECT 1").await.is_err());
        writer.release().await;
    }
}

#[tokio::test]
async fn the_old_password_works_until_it_is_discarded() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_fanlichun_r");
        let (first, second) = (secret(), secret());
        writer.create_account(&name, &first, Some(&evidence())).await.expect("it is created");
        let later = evidence();
        let set = writer.set_password(&name, &second, Some(&later), true).await;
        if !kind.is_mysql() {
            assert!(matches!(set, Err(Error::Forbidden { .. })), "{set:?}");
            writer.discard_old_password(&name).await.expect("there is none");
            continue;
        }
        set.expect("it is set");
        let account = seen(&mut writer, &name).await;
        assert!(account.old_password);
        assert_eq!(account.evidence, Some(later));
        login(&server, &name, &first).await;
        login(&server, &name, &second).await;
        writer.discard_old_password(&name).await.expect("it is discarded");
        writer.discard_old_password(&name).await.expect("none is as good");
        assert!(!seen(&mut writer, &name).await.old_password);
        assert!(server.login(&name.user, first.expose_secret()).await.is_err());
        login(&server, &name, &second).await;
    }
}

#[tokio::test]
async fn the_holder_cannot_give_himself_another_password() {
    let server = Server::start(Kind::Mysql9).await;
    let mut writer = writer(&server).await;
    let name = anywhere("jump_db_fanlichun_r");
    let password = secret();
    writer.create_account(&name, &password, None).await.expect("it is created");
    let mut conn = login(&server, &name, &password).await;
    // ER_MISSING_CURRENT_PASSWORD
    assert_eq!(outcome(&mut conn, "SET PASSWORD = 'Mine-alone.1'").await, 3892);
}

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
        assert_eq!(outcome(&mut conn, "SELECT * FROM a_b.t").await, 0);
        assert!(DENIED.contains(&outcome(&mut conn, "SELECT * FROM axb.t").await));
        assert_eq!(outcome(&mut conn, "SELECT * FROM `50%`.t").await, 0);
        assert!(DENIED.contains(&outcome(&mut conn, "SELECT * FROM `50x`.t").await));

        // A row that was written wider by hand is narrowed, and access does not stop.
        server.run("GRANT SELECT ON `a_b`.* TO jump_db_zhang_r@'%'").await;
        assert_eq!(outcome(&mut conn, "SELECT * FROM axb.t").await, 0, "{kind:?}");
        assert_eq!(converge(&mut writer, &name, &want).await, 1);
        let mut conn = login(&server, &name, &password).await;
        assert_eq!(outcome(&mut conn, "SELECT * FROM a_b.t").await, 0);
        assert!(DENIED.contains(&outcome(&mut conn, "SELECT * FROM axb.t").await));
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
    assert_eq!(outcome(&mut conn, "SELECT * FROM a_b.t").await, 0);
    assert!(DENIED.contains(&outcome(&mut conn, "SELECT * FROM axb.t").await));
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
                assert_eq!(outcome(&mut conn, &query).await, 0, "{kind:?}: {name}");
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
        let mut some = |dice: &mut Self| -> BTreeSet<Privilege> {
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
        writer.revoke_all(&name).await.expect("nothing is left");
        assert_eq!(seen(&mut writer, &name).await.held, Default::default(), "{kind:?}");
        writer.revoke_all(&name).await.expect("nothing held is as good");
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
        assert_eq!(outcome(&mut conn, "SELECT * FROM shop.t").await, 0);
        let changes = server.changes().await;
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].starts_with("GRANT UPDATE ON `shop`.`t`"), "{changes:?}");
    }
}

#[tokio::test]
async fn no_password_stands_in_the_log() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.log_statements().await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        let (first, second) = (secret(), secret());
        writer.create_account(&name, &first, Some(&evidence())).await.expect("it is created");
        writer.set_password(&name, &second, None, false).await.expect("it is set");
        writer.observe(&ask()).await.expect("an observation");
        writer.account(&name).await.expect("an answer");
        let logged = server.logged().await;
        let column = if kind.is_mysql() { "authentication_string" } else { "Priv" };
        let table = if kind.is_mysql() { "user" } else { "global_priv" };
        let stored = server
            .rows(&format!(
                "SELECT CONVERT({column} USING utf8mb4) FROM mysql.{table} WHERE User = '{}'",
                name.user
            ))
            .await
            .remove(0)
            .remove(0);
        let hash = if kind.is_mysql() {
            stored
        } else {
            stored.split('"').find(|part| part.starts_with('*')).expect("a hash").to_owned()
        };
        for statement in &logged {
            for password in [&first, &second] {
                assert!(!statement.contains(password.expose_secret()), "{kind:?}");
            }
            let sets = ["CREATE USER", "ALTER USER"].iter().any(|verb| statement.starts_with(verb));
            assert!(sets || !statement.contains(&hash), "{kind:?}: {statement}");
        }
        assert!(logged.iter().any(|statement| statement.starts_with("ALTER USER")), "{logged:?}");
    }
}

#[tokio::test]
async fn one_run_holds_the_lock() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let first = writer(&server).await;
        let held = lock(&server, &as_admin()).await.err().expect("it is held");
        assert!(matches!(held, Error::LockHeld { .. }), "{held}");
        assert!(held.to_string().contains("connection"), "{held}");
        assert!(held.to_string().contains("of admin from"), "{held}");
        // Another owner has another lock.
        let other = "other".parse().expect("an owner");
        let target = target(&server);
        let second =
            Writer::lock(&target, &as_admin(), limits(), &other, "other_db_", Duration::ZERO).await;
        second.expect("another lock").release().await;
        // One who waits gets it when it is free.
        let owner = "acme".parse().expect("an owner");
        let waiting = tokio::spawn(async move {
            let wait = Duration::from_secs(20);
            Writer::lock(&target, &as_admin(), limits(), &owner, PREFIX, wait).await
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        first.release().await;
        let mut second = waiting.await.expect("it runs").expect("it is free");
        second.still_held().await.expect("it is held");
        // A writer that is dropped gives it back as well.
        drop(second);
        let mut third = lock(&server, &as_admin()).await;
        for _ in 0..50 {
            if third.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            third = lock(&server, &as_admin()).await;
        }
        assert!(third.is_ok(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_writer_whose_connection_was_killed_refuses() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let kill = "SELECT id FROM information_schema.processlist WHERE user = 'admin'";
        for row in server.rows(kill).await {
            server.run(&format!("KILL {}", row[0])).await;
        }
        let error = writer.set_lock(&name, true).await.expect_err("the connection is gone");
        assert!(error.is_uncertain(), "{kind:?}: {error}");
        let error = writer.set_lock(&name, true).await.expect_err("nothing more is sent");
        assert!(matches!(error, Error::LockLost { .. }), "{kind:?}: {error}");
        assert!(matches!(writer.still_held().await, Err(Error::LockLost { .. })));
        let mut next = super::writer(&server).await;
        assert!(!seen(&mut next, &name).await.locked, "{kind:?}");

        // A lock that went while the connection stayed is noticed.
        server.run("CREATE DATABASE IF NOT EXISTS shop").await;
        next.still_held().await.expect("it is held");
    }
}

#[tokio::test]
async fn o15_sessions_are_ended() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT)").await;
        let mut writer = writer(&server).await;
        let (name, other) = (anywhere("jump_db_li_r"), anywhere("jump_db_li_rw"));
        let password = secret();
        for account in [&name, &other] {
            writer.create_account(account, &password, None).await.expect("it is created");
        }
        converge(&mut writer, &name, &grants(&[("shop", &[Select])], &[])).await;
        let mut open = login(&server, &name, &password).await;
        let mut busy = login(&server, &name, &password).await;
        let mut untouched = login(&server, &other, &password).await;
        let sleeping = tokio::spawn(async move { outcome(&mut busy, "SELECT SLEEP(60)").await });
        assert_eq!(outcome(&mut open, "USE shop").await, 0);
        writer.set_lock(&name, true).await.expect("it is locked");
        writer.revoke_all(&name).await.expect("nothing is left");
        // Why it takes a kill: the session's database stays open to it.
        assert_eq!(outcome(&mut open, "SELECT * FROM shop.t").await, 0, "{kind:?}");
        assert_eq!(writer.kill_sessions(&name).await.expect("a count"), 2);
        assert!(open.query_drop("SELECT * FROM shop.t").await.is_err());
        sleeping.await.expect("it ends");
        assert_eq!(outcome(&mut untouched, "SELECT 1").await, 0);
        assert_eq!(writer.kill_sessions(&name).await.expect("a count"), 0);
    }
}

#[tokio::test]
async fn o20_same_name_other_host() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE hr;\nCREATE DATABASE shop;\nCREATE USER jump_db_wang_r@'10.1.%';\n\
                 GRANT SELECT ON hr.* TO jump_db_wang_r@'10.1.%'",
            )
            .await;
        let mut writer = writer(&server).await;
        let name = AccountName { user: "jump_db_wang_r".into(), host: "127.0.0.%".into() };
        let foreign = AccountName { user: "jump_db_wang_r".into(), host: "10.1.%".into() };
        let before = seen(&mut writer, &foreign).await;
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        converge(&mut writer, &name, &grants(&[("shop", &[Select])], &[])).await;
        writer.revoke_all(&name).await.expect("nothing is left");
        writer.kill_sessions(&name).await.expect("a count");
        writer.drop_account(&name).await.expect("it is dropped");
        assert_eq!(seen(&mut writer, &foreign).await, before, "{kind:?}");
    }
}

#[tokio::test]
async fn what_was_left_under_a_name_does_not_come_to_life() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE hr;\nINSERT INTO mysql.db (Host, Db, User, Select_priv) \
                 VALUES ('%', 'hr', 'jump_db_li_r', 'Y');\nFLUSH PRIVILEGES",
            )
            .await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        assert_eq!(seen(&mut writer, &name).await.held, Default::default(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_definer_stays_and_its_objects_are_named() {
    let server = Server::start(Kind::Mysql9).await;
    server
        .run(
            "CREATE DATABASE shop;\nCREATE USER apply@'%' IDENTIFIED BY 'Apply-pass.1';\n\
             GRANT SELECT ON mysql.* TO apply@'%';\n\
             GRANT CREATE USER, REPLICATION CLIENT, PROCESS, SHOW VIEW, SELECT ON *.* TO apply@'%';\n\
             CREATE USER jump_db_li_r@'%';\n\
             CREATE DEFINER = jump_db_li_r@'%' VIEW shop.totals AS SELECT 1 AS one",
        )
        .await;
    let mut writer = lock(&server, &as_user("apply", "Apply-pass.1")).await.expect("a writer");
    let name = anywhere("jump_db_li_r");
    let objects = vec!["view shop.totals".to_owned()];
    assert_eq!(writer.drop_account(&name).await, Ok(Dropped::StillDefiner { objects }));
    server.run("DROP VIEW shop.totals").await;
    assert_eq!(writer.drop_account(&name).await, Ok(Dropped::Dropped));
}

#[tokio::test]
async fn servers_that_are_not_writable_are_refused() {
    for kind in Kind::ALL {
        let server = Server::start_with(kind, &["--read-only=1"]).await;
        let error = lock(&server, &as_admin()).await.err().expect("it is refused");
        assert!(matches!(error, Error::NotWritable { .. }), "{error}");
        assert!(error.to_string().contains("read_only"), "{error}");

        let replica = Server::start_with(kind, &["--server-id=7", "--log-bin"]).await;
        let source = if kind.is_mysql() {
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'main.db.acme.example'"
        } else {
            "CHANGE MASTER TO MASTER_HOST = 'main.db.acme.example'"
        };
        replica.run(source).await;
        let error = lock(&replica, &as_admin()).await.err().expect("it is refused");
        assert!(error.to_string().contains("a replica of main.db.acme.example"), "{error}");
        // Reading is allowed, and tells it.
        assert!(observe(&replica).await.server.not_writable.is_some());
    }
}

#[tokio::test]
async fn names_that_are_not_ours_are_refused() {
    let server = Server::start(Kind::Mariadb118).await;
    server.run("CREATE DATABASE shop").await;
    let mut writer = writer(&server).await;
    let object =
        Object::Database { stored: "shop".into(), privileges: set(&[Select]), grant_option: false };
    let localhost = |user: &str| AccountName { user: user.into(), host: "localhost".into() };
    server.log_statements().await;
    for name in [
        localhost("root"),
        localhost("mariadb.sys"),
        localhost(""),
        anywhere(ADMIN),
        anywhere("jump_d"),
        anywhere("JUMP_DB_li_r"),
        AccountName { user: "jump_db_li_r".into(), host: String::new() },
    ] {
        let refused = |result: Result<(), Error>| {
            assert!(matches!(result, Err(Error::Forbidden { .. })), "{name}: {result:?}");
        };
        refused(writer.create_account(&name, &secret(), None).await);
        refused(writer.set_password(&name, &secret(), None, false).await);
        refused(writer.set_lock(&name, true).await);
        refused(writer.apply(&name, &Change::Grant(object.clone())).await);
        refused(writer.revoke_all(&name).await);
        refused(writer.kill_sessions(&name).await.map(|_| ()));
        refused(writer.drop_account(&name).await.map(|_| ()));
    }
    assert_eq!(server.changes().await, Vec::<String>::new());
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
