//! What the servers do, where the rest relies on it.

use jumpgate::mysql::privilege::Privilege::*;
use mysql_async::prelude::Queryable as _;

use super::*;

/// Grants on databases and tables work for every account of the same user name whose
/// client matches their host, also those of other accounts and of none.
#[tokio::test]
async fn grants_of_the_same_name_at_another_host_work_too() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let local = if kind.is_mysql() { "127.0.0.1" } else { "localhost" };
        for database in ["account", "nobody"] {
            server.run(&format!("CREATE DATABASE {database}")).await;
            server.run(&format!("CREATE TABLE {database}.t (id INT)")).await;
        }
        let mut writer = writer(&server).await;
        let name = AccountName { user: "jump_db_li_r".into(), host: local.into() };
        let password = secret();
        writer.create_account(&name, &password, None).await.expect("it is created");
        server
            .run(
                "CREATE USER jump_db_li_r@'%';\nGRANT SELECT ON account.t TO jump_db_li_r@'%';\n\
                 INSERT INTO mysql.db (Host, Db, User, Select_priv) \
                 VALUES ('127.%', 'nobody', 'jump_db_li_r', 'Y'), \
                 ('local%', 'nobody', 'jump_db_li_r', 'Y');\nFLUSH PRIVILEGES",
            )
            .await;
        let mut conn = login(&server, &name, &password).await;
        for database in ["account", "nobody"] {
            let query = format!("SELECT * FROM {database}.t");
            assert_eq!(refused(&mut conn, &query).await, 0, "{kind:?}: {database}");
        }
        assert_eq!(seen(&mut writer, &name).await.held, Default::default());
        // The account is shown, so that a plan can tell of it.
        let live = observe(&server).await;
        assert!(live.accounts.contains_key(&anywhere("jump_db_li_r")), "{kind:?}");
        let left: Vec<&str> = live.leftovers.iter().map(|name| name.host.as_str()).collect();
        assert_eq!(left, ["127.%", "local%"], "{kind:?}");
    }
}

/// Grants on databases without a user name work for everybody, and grants of a user name for all
/// accounts of it, also where the account that they stand under is locked or gone.
#[tokio::test]
async fn grants_of_a_locked_account_and_of_none_work_for_others() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let local = if kind.is_mysql() { "127.0.0.1" } else { "localhost" };
        for database in ["nameless", "bare", "same", "tables"] {
            server.run(&format!("CREATE DATABASE {database}")).await;
            server.run(&format!("CREATE TABLE {database}.t (id INT)")).await;
        }
        let mut writer = writer(&server).await;
        let name = AccountName { user: "jump_db_li_r".into(), host: local.into() };
        let password = secret();
        writer.create_account(&name, &password, None).await.expect("it is created");
        server
            .run(
                "CREATE USER ''@'%' IDENTIFIED BY 'Nobody-pass.1' ACCOUNT LOCK;\n\
                 GRANT SELECT ON nameless.* TO ''@'%';\n\
                 GRANT SELECT ON tables.t TO ''@'%';\n\
                 CREATE USER jump_db_li_r@'%' ACCOUNT LOCK;\n\
                 GRANT SELECT ON same.* TO jump_db_li_r@'%';\n\
                 INSERT INTO mysql.db (Host, Db, User, Select_priv) \
                 VALUES ('127.%', 'bare', '', 'Y'), ('local%', 'bare', '', 'Y');\n\
                 FLUSH PRIVILEGES",
            )
            .await;
        let mut conn = login(&server, &name, &password).await;
        for (database, works) in
            [("nameless", true), ("bare", true), ("same", true), ("tables", false)]
        {
            let query = format!("SELECT * FROM {database}.t");
            let code = refused(&mut conn, &query).await;
            assert_eq!(code == 0, works, "{kind:?}: {database}: {code}");
        }
        assert_eq!(seen(&mut writer, &name).await.held, Default::default());
    }
}

/// A database is granted before a table is revoked, and the other way round: at no moment
/// the account holds nothing.
#[tokio::test]
async fn all_tables_are_read_at_one_moment() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT);\n\
                 CREATE USER jump_db_li_r@'%';\nGRANT SELECT ON shop.t TO jump_db_li_r@'%'",
            )
            .await;
        let mut reader = reader(&server).await;
        let mut conn = server.admin().await;
        let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
        let changing = tokio::spawn(async move {
            let mut rounds = 0;
            while matches!(
                stopped.try_recv(),
                Err(tokio::sync::oneshot::error::TryRecvError::Empty)
            ) {
                for statement in [
                    "GRANT SELECT ON shop.* TO jump_db_li_r@'%'",
                    "REVOKE SELECT ON shop.t FROM jump_db_li_r@'%'",
                    "GRANT SELECT ON shop.t TO jump_db_li_r@'%'",
                    "REVOKE SELECT ON shop.* FROM jump_db_li_r@'%'",
                ] {
                    conn.query_drop(statement).await.expect(statement);
                }
                rounds += 1;
            }
            rounds
        });
        let (mut databases, mut tables) = (0, 0);
        for _ in 0..200 {
            let live = reader.observe(&ask()).await.expect("an observation");
            let held = &live.accounts[&anywhere("jump_db_li_r")].held;
            let database = held.databases.values().any(|row| row.privileges.contains(Select));
            let table = !held.tables.is_empty();
            assert!(database || table, "{kind:?}: a moment that never was");
            databases += usize::from(database);
            tables += usize::from(table);
        }
        stop.send(()).expect("it runs");
        let rounds = changing.await.expect("it ends");
        assert!(rounds > 10 && databases > 10 && tables > 10, "{rounds} {databases} {tables}");
    }
}

/// Whoever reads the time twice knows whether the password changed in between.
#[tokio::test]
async fn only_a_password_moves_the_time_of_the_password() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT)").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_li_r");
        let quoted = "jump_db_li_r@'%'";
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        let before = seen(&mut writer, &name).await.password_changed;
        assert!(before.is_some());
        // It has whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        for what in ["shop.*", "shop.t", "*.*"] {
            let grant = format!("GRANT SELECT ON {what} TO {quoted}");
            server.run(&format!("{grant};\nREVOKE SELECT ON {what} FROM {quoted}")).await;
        }
        server.run(&format!("GRANT SELECT (id) ON shop.t TO {quoted}")).await;
        writer.set_lock(&name, true).await.expect("it is locked");
        writer.set_lock(&name, false).await.expect("it is unlocked");
        let evidence = Evidence { owner: "acme".into(), generation: "g".into() };
        writer.set_evidence(&name, Some(&evidence)).await.expect("it is written");
        writer.discard_old_password(&name).await.expect("there is none");
        assert_eq!(seen(&mut writer, &name).await.password_changed, before, "{kind:?}");
        writer.set_password(&name, &secret(), None, false).await.expect("it is set");
        assert_ne!(seen(&mut writer, &name).await.password_changed, before, "{kind:?}");
    }
}
