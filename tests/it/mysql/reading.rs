//! What a reader sees.

use jumpgate::mysql::dialect::Flavor;
use jumpgate::mysql::live::{EverybodySource, Known};
use jumpgate::mysql::privilege::Privilege::{self, *};
use jumpgate::mysql::spec::{Evidence, Routine};

use super::*;

#[tokio::test]
async fn the_server_is_known() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let live = observe(&server).await;
        let it = &live.server;
        assert_eq!(it.dialect.flavor == Flavor::Mysql, kind.is_mysql());
        assert_eq!(it.not_writable, None);
        assert_eq!(it.encrypted, kind.speaks_tls());
        assert!(it.skew.abs() < jiff::SignedDuration::from_secs(5), "{}", it.skew);
        let expected = if kind.is_mysql() {
            server.rows("SELECT @@server_uuid").await.remove(0).remove(0)
        } else {
            let row = server.rows("SELECT @@hostname, @@port, @@server_id").await.remove(0);
            row.join(":")
        };
        assert_eq!(it.identity, expected);
        assert_eq!(it.label, format!("127.0.0.1:{}", server.port));
    }
}

#[tokio::test]
async fn everything_that_an_account_holds_is_seen() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE shop;\nCREATE TABLE shop.orders (id INT, Email TEXT);\n\
                 CREATE PROCEDURE shop.tidy() SELECT 1;\nCREATE ROLE helper;\n\
                 CREATE USER jump_db_li_r@'%';\nCREATE USER jump_db_li_r@'10.8.0.%' ACCOUNT LOCK;\n\
                 CREATE USER jumpXdbYother@'%';\nCREATE USER JUMP_DB_li_r@'%';\n\
                 GRANT SELECT, LOCK TABLES, EXECUTE ON `shop`.* TO jump_db_li_r@'%' WITH GRANT OPTION;\n\
                 GRANT DELETE, SHOW VIEW, CREATE VIEW, TRIGGER ON shop.orders TO jump_db_li_r@'%';\n\
                 GRANT SELECT (Email, id), UPDATE (Email) ON shop.orders TO jump_db_li_r@'%';\n\
                 GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE shop.tidy TO jump_db_li_r@'%';\n\
                 GRANT PROCESS, RELOAD ON *.* TO jump_db_li_r@'%';\n\
                 GRANT helper TO jump_db_li_r@'%';\n\
                 GRANT PROXY ON jump_db_li_r@'10.8.0.%' TO jump_db_li_r@'%'",
            )
            .await;
        if kind.is_mysql() {
            server.run("GRANT CONNECTION_ADMIN ON *.* TO jump_db_li_r@'%'").await;
        } else {
            server.run("GRANT CONNECTION ADMIN ON *.* TO jump_db_li_r@'%'").await;
        }
        let live = observe(&server).await;
        let locked = AccountName { user: "jump_db_li_r".into(), host: "10.8.0.%".into() };
        let name = anywhere("jump_db_li_r");
        let names: Vec<_> = live.accounts.keys().cloned().collect();
        assert_eq!(names, [name.clone(), locked.clone()], "{kind:?}");
        assert!(live.accounts[&locked].locked && !live.accounts[&name].locked);

        let account = &live.accounts[&name];
        assert_eq!(account.plugin, live.server.dialect.plugin());
        assert!(account.no_password && !account.old_password && !account.is_role);
        assert_eq!(account.evidence, None);
        let held = &account.held;
        let connection = if kind.is_mysql() { "CONNECTION_ADMIN" } else { "CONNECTION ADMIN" };
        assert_eq!(held.global, texts(&["PROCESS", "RELOAD", connection]), "{kind:?}");
        assert_eq!(held.databases.len(), 1);
        let row = &held.databases["shop"];
        assert_eq!(row.privileges, set(&[Select, LockTables, Execute]));
        assert!(row.grant_option);
        let orders = table("shop", "orders");
        assert_eq!(held.tables[&orders].privileges, set(&[Delete, ShowView, CreateView, Trigger]));
        assert!(!held.tables[&orders].grant_option);
        let columns = &held.columns[&orders];
        assert_eq!(columns["Email"], set(&[Select, Update]));
        assert_eq!(columns["id"], set(&[Select]));
        let routine =
            Routine { database: "shop".into(), name: "tidy".into(), kind: "PROCEDURE".into() };
        assert_eq!(held.routines[&routine], texts(&["EXECUTE", "ALTER ROUTINE"]));
        let role =
            AccountName { user: "helper".into(), host: live.server.dialect.role_host().into() };
        assert_eq!(held.roles, BTreeMap::from([(role, false)]));
        assert_eq!(held.proxies, BTreeSet::from([locked]));
        assert!(held.unknown.is_empty());
    }
}

/// MariaDB keeps the hash in one JSON with all that is read of an account.
#[tokio::test]
async fn no_hash_leaves_mariadb() {
    for kind in [Kind::Mariadb1011, Kind::Mariadb118] {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE USER jump_db_plain_r@'%' IDENTIFIED BY 'Plain-pass.1';\n\
                 CREATE USER jump_db_none_r@'%';\n\
                 CREATE USER jump_db_locked_r@'%' IDENTIFIED BY 'Locked-pass.1' ACCOUNT LOCK;\n\
                 CREATE USER jump_db_both_r@'%' IDENTIFIED VIA mysql_native_password USING \
                 PASSWORD('Both-pass.1') OR unix_socket;\n\
                 CREATE USER jump_db_open_r@'%' IDENTIFIED VIA unix_socket OR \
                 mysql_native_password;\n\
                 CREATE USER jump_db_was_r@'%' IDENTIFIED VIA unix_socket OR \
                 mysql_native_password;\n\
                 ALTER USER jump_db_was_r@'%' IDENTIFIED BY '';\n\
                 CREATE USER jump_db_now_r@'%' IDENTIFIED VIA unix_socket OR \
                 mysql_native_password;\n\
                 ALTER USER jump_db_now_r@'%' IDENTIFIED BY 'Now-pass.1';\n\
                 CREATE USER jump_db_odd_r@'%' IDENTIFIED BY 'Odd-pass.1';\n\
                 CREATE USER jump_db_spaced_r@'%' IDENTIFIED BY 'Spaced-pass.1';\n\
                 CREATE ROLE jump_db_role_r;\n\
                 UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.authentication_string', \
                 'a\"hash\\\\of','$.x', 1) WHERE User = 'jump_db_odd_r';\n\
                 UPDATE mysql.global_priv SET Priv = JSON_DETAILED(Priv) WHERE User = \
                 'jump_db_spaced_r';\n\
                 SET GLOBAL default_regex_flags = 'UNGREEDY,EXTENDED'",
            )
            .await;
        server.log_statements().await;
        let live = observe(&server).await;
        let logged = server.logged().await;
        let query = logged.iter().find(|query| query.contains("UNION ALL")).expect("the query");
        let read = format!("{:?}", server.rows(query).await);
        let hashes = server
            .rows(
                "SELECT PASSWORD('Plain-pass.1'), PASSWORD('Locked-pass.1'), \
                 PASSWORD('Both-pass.1'), PASSWORD('Spaced-pass.1'), 'hash'",
            )
            .await
            .remove(0);
        let kept = format!("{:?}", server.rows("SELECT Priv FROM mysql.global_priv").await);
        for hash in &hashes {
            assert!(kept.contains(hash.as_str()), "{kind:?}: {hash} in {kept}");
            let part = &hash[hash.len() / 4..];
            assert!(!read.contains(part), "{kind:?}: {part} in {read}");
        }
        let seen = |user: &str| {
            let account = live.accounts.values().find(|account| account.name.user == user);
            let account = account.unwrap_or_else(|| panic!("{kind:?}: {user}"));
            let plugin = account.plugin.as_str();
            (plugin, account.locked, account.is_role, account.no_password)
        };
        let password = "mysql_native_password";
        assert_eq!(seen("jump_db_plain_r"), (password, false, false, false));
        assert_eq!(seen("jump_db_none_r"), (password, false, false, true));
        assert_eq!(seen("jump_db_locked_r"), (password, true, false, false));
        assert_eq!(seen("jump_db_both_r"), ("several", false, false, false));
        // As the server lets in: over TCP without a password.
        assert_eq!(seen("jump_db_open_r"), ("several", false, false, true));
        assert!(server.login("jump_db_open_r", "").await.is_ok(), "{kind:?}");
        assert_eq!(seen("jump_db_was_r"), (password, false, false, true));
        assert!(server.login("jump_db_was_r", "").await.is_ok(), "{kind:?}");
        assert_eq!(seen("jump_db_now_r"), (password, false, false, false));
        assert_eq!(seen("jump_db_odd_r"), (password, false, false, false));
        assert_eq!(seen("jump_db_spaced_r"), (password, false, false, false));
        assert_eq!(seen("jump_db_role_r"), ("", false, true, false));
    }
}

/// Each privilege of a database, by itself: the names in the tables are understood.
#[tokio::test]
async fn every_privilege_has_its_name() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT)").await;
        let dialect = observe(&server).await.server.dialect;
        let mut conn = server.admin().await;
        let mut expected = BTreeMap::new();
        for (number, privilege) in Privilege::ALL.iter().enumerate() {
            use mysql_async::prelude::Queryable as _;
            let user = format!("jump_db_p{number}_r");
            conn.query_drop(format!("CREATE USER {user}@'%'")).await.expect("an account");
            let at = |scope: &str| format!("GRANT {privilege} ON {scope} TO {user}@'%'");
            let granted = conn.query_drop(at("shop.*")).await.is_ok();
            let known = !dialect.knows((*privilege).into()).is_empty();
            assert_eq!(granted, known, "{kind:?}: {privilege}");
            if !granted {
                continue;
            }
            let on_table = conn.query_drop(at("shop.t")).await.is_ok();
            conn.query_drop(at("*.*")).await.expect("a global grant");
            expected.insert(anywhere(&user), (*privilege, on_table));
        }
        let live = observe(&server).await;
        for (name, (privilege, on_table)) in expected {
            let held = &live.accounts[&name].held;
            assert_eq!(held.databases["shop"].privileges, set(&[privilege]), "{kind:?}");
            assert_eq!(held.global, texts(&[privilege.sql()]), "{kind:?}");
            assert!(held.unknown.is_empty(), "{kind:?}: {:?}", held.unknown);
            let tables: Vec<_> = held.tables.values().map(|row| row.privileges).collect();
            assert_eq!(tables, if on_table { vec![set(&[privilege])] } else { vec![] });
        }
    }
}

/// Every global privilege of a server, one account each.
#[tokio::test]
async fn o12_all_by_substring() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let mut conn = server.admin().await;
        let rows = server.rows("SHOW PRIVILEGES").await;
        let mut expected = BTreeMap::new();
        for row in rows {
            use mysql_async::prelude::Queryable as _;
            let words = match row[0].to_uppercase().as_str() {
                "USAGE" | "PROXY" | "GRANT OPTION" => continue,
                // Where SHOW PRIVILEGES has a word of its own.
                "REPLICATION CLIENT" if !kind.is_mysql() => "BINLOG MONITOR".to_owned(),
                "DELETE VERSIONING ROWS" => "DELETE HISTORY".to_owned(),
                "REPLICA MONITOR" => "SLAVE MONITOR".to_owned(),
                words => words.to_owned(),
            };
            let user = format!("jump_db_{}_r", expected.len());
            conn.query_drop(format!("CREATE USER {user}@'%'")).await.expect("an account");
            let grant = format!("GRANT {words} ON *.* TO {user}@'%'");
            conn.query_drop(grant).await.unwrap_or_else(|error| panic!("{words}: {error}"));
            expected.insert(anywhere(&user), words);
        }
        let live = observe(&server).await;
        assert!(expected.len() > 25);
        for (name, words) in expected {
            let held = &live.accounts[&name].held;
            assert_eq!(held.global, texts(&[&words]), "{kind:?}");
            assert!(held.unknown.is_empty());
        }
        // Not one of them is taken for ALL; and each can be revoked again.
        let mut writer = writer(&server).await;
        for name in live.accounts.keys() {
            assert_eq!(converge(&mut writer, name, &Grants::default()).await, 1);
        }
    }
}

#[tokio::test]
async fn what_works_for_everybody_is_seen() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE shop;\nCREATE USER ''@'10.%';\nGRANT INSERT ON shop.* TO ''@'10.%';\n\
                 INSERT INTO mysql.db (Host, Db, User, Select_priv) VALUES ('10.9.%', 'left', '', 'Y');\n\
                 INSERT INTO mysql.db (Host, Db, User, Select_priv) VALUES ('%', 'left', 'jump_db_gone_r', 'Y')",
            )
            .await;
        if kind.is_mysql() {
            server
                .run(
                    "CREATE ROLE 'everyone''s'@'%';\nGRANT SELECT ON shop.* TO 'everyone''s'@'%';\n\
                     SET GLOBAL mandatory_roles = '`everyone''s`@`%`'",
                )
                .await;
        } else {
            server.run("GRANT SELECT ON shop.* TO PUBLIC").await;
        }
        let live = observe(&server).await;
        assert!(live.accounts.is_empty(), "rows that were left behind are no account");
        let has = |source: EverybodySource, database: &str, privilege: Privilege| {
            live.everybody.iter().any(|everybody| {
                everybody.source == source
                    && everybody
                        .held
                        .databases
                        .get(database)
                        .is_some_and(|row| row.privileges == set(&[privilege]))
            })
        };
        let nobody = |host: &str| AccountName { user: String::new(), host: host.into() };
        assert!(has(EverybodySource::Anonymous(nobody("10.%")), "shop", Insert), "{kind:?}");
        assert!(has(EverybodySource::Anonymous(nobody("10.9.%")), "left", Select), "{kind:?}");
        let last = match kind {
            Kind::Mysql9 => EverybodySource::MandatoryRole(anywhere("everyone's")),
            _ => EverybodySource::Public,
        };
        assert!(has(last, "shop", Select), "{kind:?}: {:?}", live.everybody);
    }
}

#[tokio::test]
async fn names_that_do_not_exist_are_told_with_near_ones() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE orders;\nCREATE TABLE orders.invoices (id INT, Last4 INT);\n\
                 CREATE DATABASE `数据库`;\nCREATE TABLE `数据库`.`a.b` (`x y` INT);\n\
                 CREATE USER plan@'%' IDENTIFIED BY 'Plan-pass.1'",
            )
            .await;
        let mut question = ask();
        question.databases = texts(&["orders", "order", "ORDERS", "billing", "数据库"]);
        question.tables = BTreeMap::from([
            (table("orders", "invoices"), texts(&["ID", "last4", "last5"])),
            (table("orders", "invoice"), texts(&["id"])),
            (table("billing", "cards"), texts(&["id"])),
            (table("数据库", "a.b"), texts(&["x y"])),
        ]);
        let missing = |near: &[&str]| Known::Missing {
            near: near.iter().map(|name| (*name).to_owned()).collect(),
        };
        let mut sees_all = reader(&server).await;
        let existing = sees_all.observe(&question).await.expect("an observation").existing;
        let databases = &existing.databases;
        assert_eq!(databases["orders"], Known::Exists);
        assert_eq!(databases["数据库"], Known::Exists);
        assert_eq!(databases["order"], missing(&["orders"]));
        assert_eq!(databases["ORDERS"], missing(&["orders"]));
        assert_eq!(databases["billing"], missing(&[]));
        let tables = &existing.tables;
        assert_eq!(tables[&table("orders", "invoices")], Known::Exists);
        assert_eq!(tables[&table("orders", "invoice")], missing(&["invoices"]));
        assert_eq!(tables[&table("billing", "cards")], missing(&[]));
        assert_eq!(tables[&table("数据库", "a.b")], Known::Exists);
        let columns = &existing.columns[&table("orders", "invoices")];
        assert_eq!(columns["ID"], Known::Exists);
        assert_eq!(columns["last4"], Known::Exists);
        assert_eq!(columns["last5"], missing(&["Last4"]));
        assert_eq!(existing.columns[&table("数据库", "a.b")]["x y"], Known::Exists);

        // One who sees only `orders` knows nothing of the others.
        let live_tables = observe(&server).await.server.dialect.grant_tables();
        for name in live_tables {
            server.run(&format!("GRANT SELECT ON mysql.{name} TO plan@'%'")).await;
        }
        let monitor = if kind.is_mysql() { "REPLICATION CLIENT" } else { "SLAVE MONITOR" };
        server.run(&format!("GRANT {monitor} ON *.* TO plan@'%'")).await;
        server.run("GRANT REFERENCES ON orders.* TO plan@'%'").await;
        let credentials = as_user("plan", "Plan-pass.1");
        let mut sees_one =
            Reader::connect(&target(&server), &credentials, limits()).await.expect("a reader");
        let existing = sees_one.observe(&question).await.expect("an observation").existing;
        assert_eq!(existing.databases["orders"], Known::Exists);
        assert_eq!(existing.databases["数据库"], Known::NotChecked);
        assert_eq!(existing.databases["billing"], Known::NotChecked);
        assert_eq!(existing.tables[&table("orders", "invoice")], missing(&["invoices"]));
        assert_eq!(existing.tables[&table("数据库", "a.b")], Known::NotChecked);
        assert_eq!(
            existing.columns[&table("orders", "invoices")]["last5"],
            missing(&["Last4"]),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_reader_without_rights_is_told_the_statements() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE USER plan@'127.0.0.1' IDENTIFIED BY 'Plan-pass.1';\n\
                 CREATE USER plan@localhost IDENTIFIED BY 'Plan-pass.1'",
            )
            .await;
        let credentials = as_user("plan", "Plan-pass.1");
        let mut rounds = 0;
        loop {
            let mut reader =
                Reader::connect(&target(&server), &credentials, limits()).await.expect("a reader");
            match reader.observe(&ask()).await {
                Ok(live) => {
                    assert!(live.accounts.is_empty());
                    break;
                }
                Err(Error::Unreadable { needs, user, .. }) => {
                    assert_eq!(user, "plan");
                    assert!(needs.len() > 6, "{needs:?}");
                    for statement in needs {
                        server.run(&statement).await;
                    }
                }
                Err(other) => panic!("{kind:?}: {other}"),
            }
            rounds += 1;
            assert_eq!(rounds, 1, "{kind:?}: the statements that were told are enough");
        }
        assert_eq!(rounds, 1, "{kind:?}");
        // A right on some columns is not enough, and it is told. Of two accounts the
        // statement names the one for which the server took the login.
        let host = if kind.is_mysql() { "127.0.0.1" } else { "localhost" };
        server
            .run(&format!(
                "REVOKE SELECT ON mysql.db FROM plan@'{host}';\n\
                 GRANT SELECT (User, Host, Db) ON mysql.db TO plan@'{host}'"
            ))
            .await;
        let mut reader =
            Reader::connect(&target(&server), &credentials, limits()).await.expect("a reader");
        match reader.observe(&ask()).await {
            Err(Error::Unreadable { needs, .. }) => {
                assert_eq!(needs, [format!("GRANT SELECT ON mysql.db TO `plan`@`{host}`")]);
            }
            other => panic!("{kind:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn evidence_is_read_from_the_attribute() {
    let server = Server::start(Kind::Mysql9).await;
    server
        .run(
            "CREATE USER jump_db_a_r@'%' ATTRIBUTE '{\"jumpgate\": {\"owner\": \"acme\", \"generation\": \"0011\"}, \"x\": 1}';\n\
             CREATE USER jump_db_b_r@'%' ATTRIBUTE '{\"jumpgate\": \"nonsense\"}';\n\
             CREATE USER jump_db_c_r@'%' COMMENT 'by hand'",
        )
        .await;
    let live = observe(&server).await;
    let evidence = Evidence { owner: "acme".into(), generation: "0011".into() };
    assert_eq!(live.accounts[&anywhere("jump_db_a_r")].evidence, Some(evidence));
    assert_eq!(live.accounts[&anywhere("jump_db_b_r")].evidence, None);
    assert_eq!(live.accounts[&anywhere("jump_db_c_r")].evidence, None);
}

#[tokio::test]
async fn a_reader_sends_nothing_but_queries() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.log_statements().await;
        observe(&server).await;
        let logged = server.logged().await;
        assert!(logged.len() > 4, "{logged:?}");
        for statement in &logged {
            let query = ["SELECT ", "SHOW ", "SET NAMES "];
            assert!(query.iter().any(|verb| statement.starts_with(verb)), "{kind:?}: {statement}");
        }
    }
}

#[tokio::test]
async fn connections_that_cannot_be_are_explained() {
    let server = Server::start(Kind::Mariadb118).await;
    let refused = async |target: &Target, credentials: &Credentials| {
        Reader::connect(target, credentials, limits()).await.err().expect("an error").to_string()
    };
    let wrong = refused(&target(&server), &as_user(ADMIN, "wrong")).await;
    assert!(wrong.contains("refuses the login of admin"), "{wrong}");
    assert!(!wrong.contains("wrong"), "{wrong}");
    let mut untrusted = target(&server);
    untrusted.tls.ca = None;
    let error = refused(&untrusted, &as_admin()).await;
    assert!(error.contains("not signed by an authority that is trusted"), "{error}");
    let plain = Target { tls: Tls { mode: TlsMode::Off, ca: None }, ..target(&server) };
    let reader = Reader::connect(&plain, &as_admin(), limits()).await.expect("a reader");
    assert!(!reader.server().encrypted);
}

/// An authority that is trusted vouches for other hosts than the one that is asked.
#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    for kind in Kind::ALL.into_iter().filter(|kind| kind.speaks_tls()) {
        // The certificate is for 127.0.0.1 and localhost.
        let server = Server::start_with(kind, &["--bind-address=127.0.0.2"]).await;
        let elsewhere = Target { host: "127.0.0.2".into(), ..target(&server) };
        let refused = Reader::connect(&elsewhere, &as_admin(), limits()).await;
        let error = refused.err().expect("another host").to_string();
        assert!(error.contains("names another host"), "{kind:?}: {error}");
        // Whoever asks for no more than a certificate gets in.
        let tls = Tls { mode: TlsMode::Require, ca: None };
        let lax = Target { tls, ..elsewhere };
        let reader = Reader::connect(&lax, &as_admin(), limits()).await.expect("a reader");
        assert!(reader.server().encrypted, "{kind:?}");
    }
}

/// The server's own settings would cut every answer, or show an old state.
#[tokio::test]
async fn settings_of_the_server_cut_no_answer() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT);\n\
                 CREATE USER jump_db_a_r@'%';\nCREATE USER jump_db_b_r@'%';\n\
                 CREATE USER jump_db_c_r@'%';\nGRANT SELECT ON shop.t TO jump_db_c_r@'%';\n\
                 SET GLOBAL sql_select_limit = 1;\nSET GLOBAL autocommit = 0",
            )
            .await;
        let mut reader = reader(&server).await;
        let mut question = ask();
        question.databases = texts(&["shop"]);
        let live = reader.observe(&question).await.expect("an observation");
        assert_eq!(live.accounts.len(), 3, "{kind:?}");
        assert_eq!(live.existing.databases["shop"], Known::Exists, "{kind:?}");
        server.run("CREATE USER jump_db_d_r@'%';\nDROP USER jump_db_a_r@'%'").await;
        let live = reader.observe(&question).await.expect("an observation");
        let users: Vec<&str> = live.accounts.keys().map(|name| name.user.as_str()).collect();
        assert_eq!(users, ["jump_db_b_r", "jump_db_c_r", "jump_db_d_r"], "{kind:?}");
    }
}
