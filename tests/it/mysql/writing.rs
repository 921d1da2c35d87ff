//! The life of an account, and which ones a writer leaves alone.

use jumpgate::mysql::Dropped;
use jumpgate::mysql::privilege::Privilege::*;
use jumpgate::mysql::spec::{Change, Object};

use super::*;

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
        let kept = writer.server().dialect.has_attribute();
        assert_eq!(account.evidence, kept.then_some(proof));
        assert_eq!(account.held, Default::default());

        let mut conn = login(&server, &name, &first).await;
        assert!(DENIED.contains(&refused(&mut conn, "SELECT * FROM shop.t").await));
        let want = grants(&[("shop", &[Select])], &[]);
        assert_eq!(converge(&mut writer, &name, &want).await, 1);
        assert_eq!(refused(&mut conn, "SELECT * FROM shop.t").await, 0);

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

        assert_eq!(writer.revoke_all(&name).await, Ok(Vec::new()));
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
        if !writer.server().dialect.has_dual_passwords() {
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

/// ER_MISSING_CURRENT_PASSWORD
const MISSING_CURRENT_PASSWORD: u16 = 3892;

#[tokio::test]
async fn the_holder_cannot_give_himself_another_password() {
    let server = Server::start(Kind::Mysql9).await;
    let mut writer = writer(&server).await;
    let name = anywhere("jump_db_fanlichun_r");
    let password = secret();
    writer.create_account(&name, &password, None).await.expect("it is created");
    let mut conn = login(&server, &name, &password).await;
    assert_eq!(refused(&mut conn, "SET PASSWORD = 'Mine-alone.1'").await, MISSING_CURRENT_PASSWORD);
    // An account that could, and that gets a password of ours.
    for retain in [false, true] {
        let name = anywhere(&format!("jump_db_li_{retain}"));
        server
            .run(&format!(
                "CREATE USER {}@'%' IDENTIFIED BY 'Known-to-li.1' PASSWORD REQUIRE CURRENT OPTIONAL",
                name.user
            ))
            .await;
        let mut conn = server.login(&name.user, "Known-to-li.1").await.expect("a login");
        assert_eq!(refused(&mut conn, "SET PASSWORD = 'Known-to-li.1'").await, 0);
        writer.set_password(&name, &password, None, retain).await.expect("it is set");
        let mut conn = login(&server, &name, &password).await;
        for own in ["SET PASSWORD = 'Mine-alone.1'", "ALTER USER USER() IDENTIFIED BY 'Mine.1'"] {
            assert_eq!(refused(&mut conn, own).await, MISSING_CURRENT_PASSWORD, "{retain}: {own}");
        }
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
        let sleeping = tokio::spawn(async move { refused(&mut busy, "SELECT SLEEP(60)").await });
        assert_eq!(refused(&mut open, "USE shop").await, 0);
        writer.set_lock(&name, true).await.expect("it is locked");
        assert_eq!(writer.revoke_all(&name).await, Ok(Vec::new()));
        // Why it takes a kill: the session's database stays open to it.
        assert_eq!(refused(&mut open, "SELECT * FROM shop.t").await, 0, "{kind:?}");
        assert_eq!(writer.kill_sessions(&name).await.expect("a count"), 2);
        assert!(open.query_drop("SELECT * FROM shop.t").await.is_err());
        sleeping.await.expect("it ends");
        assert_eq!(refused(&mut untouched, "SELECT 1").await, 0);
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
        assert_eq!(writer.revoke_all(&name).await, Ok(Vec::new()));
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
        refused(writer.revoke_all(&name).await.map(|_| ()));
        refused(writer.kill_sessions(&name).await.map(|_| ()));
        refused(writer.drop_account(&name).await.map(|_| ()));
    }
    assert_eq!(server.changes().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_adopted_may_be_changed_and_some_names_never() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE USER wang@'%';\nCREATE USER li@'%'").await;
        let mut writer = writer(&server).await;
        writer.allow(texts(&["wang", "root", "mariadb.sys", "mysql.sys", ADMIN, "Admin"]));
        let localhost = |user: &str| AccountName { user: user.into(), host: "localhost".into() };
        let never = [localhost("root"), localhost("mariadb.sys"), localhost("mysql.sys")];
        for name in never.into_iter().chain([anywhere(ADMIN), anywhere("Admin"), anywhere("li")]) {
            let locked = writer.set_lock(&name, true).await;
            assert!(matches!(locked, Err(Error::Forbidden { .. })), "{kind:?}: {name}: {locked:?}");
        }
        let wang = anywhere("wang");
        writer.set_lock(&wang, true).await.expect("it is adopted");
        assert!(seen(&mut writer, &wang).await.locked);
        // What is allowed next is allowed in place of it.
        writer.allow(texts(&["li"]));
        let unlocked = writer.set_lock(&wang, false).await;
        assert!(matches!(unlocked, Err(Error::Forbidden { .. })), "{kind:?}: {unlocked:?}");
    }
}

#[tokio::test]
async fn a_name_that_is_too_long_with_its_backslashes_cannot_be_granted() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let naming = observe(&server).await.server.dialect.naming();
        for (name, fits) in [("a_".repeat(21) + "a", true), ("a_".repeat(22), false)] {
            assert_eq!(naming.fits(&name), fits);
            server.run(&format!("CREATE DATABASE {name}")).await;
            let mut writer = writer(&server).await;
            let account = anywhere("jump_db_li_r");
            writer.create_account(&account, &secret(), None).await.expect("it is created");
            let want = grants(&[(&name, &[Select])], &[]);
            let change = difference(&Default::default(), &want, naming).expect("a grant").remove(0);
            // MariaDB 10.11 takes it and stores the beginning.
            let applied = writer.apply(&account, &change).await.is_ok();
            let held = seen(&mut writer, &account).await.held;
            let arrived = difference(&held, &want, naming) == Ok(Vec::new());
            assert_eq!(applied && arrived, fits, "{kind:?}: {name}: {held:?}");
            writer.drop_account(&account).await.expect("it is dropped");
        }
    }
}
