//! The rights of jumpgate's own logins: enough, and not more.

use jumpgate::mysql::Dropped;
use jumpgate::mysql::live::Known;
use jumpgate::mysql::privilege::Privilege::*;
use jumpgate::mysql::rights::{Purpose, grants_needed, missing};

use super::*;

/// Makes a login and gives it what is needed.
async fn give(server: &Server, user: &str, purpose: Purpose, databases: &BTreeSet<String>) {
    server.run(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'Tool-pass.1'")).await;
    let dialect = observe(server).await.server.dialect;
    let levels = set(&[Select, Insert, Update, Delete]);
    for statement in grants_needed(&dialect, purpose, &anywhere(user), levels, databases) {
        server.run(&statement).await;
    }
}

async fn lacks(
    server: &Server,
    user: &str,
    purpose: Purpose,
    databases: &BTreeSet<String>,
) -> Vec<String> {
    let credentials = as_user(user, "Tool-pass.1");
    let mut reader =
        Reader::connect(&target(server), &credentials, limits()).await.expect("a reader");
    let levels = set(&[Select, Insert, Update, Delete]);
    missing(&mut reader, purpose, levels, databases).await.expect("an answer")
}

#[tokio::test]
async fn o07_exactly_the_rights_that_are_told_are_enough() {
    for kind in Kind::ALL {
        for databases in [texts(&[]), texts(&["a_b", "other"])] {
            let server = Server::start(kind).await;
            for database in ["a_b", "other", "hr"] {
                server.run(&format!("CREATE DATABASE {database}")).await;
                server.run(&format!("CREATE TABLE {database}.t (id INT, x INT)")).await;
            }
            give(&server, "apply", Purpose::Apply, &databases).await;
            assert_eq!(
                lacks(&server, "apply", Purpose::Apply, &databases).await,
                Vec::<String>::new(),
                "{kind:?}"
            );
            let mut writer =
                lock(&server, &as_user("apply", "Tool-pass.1")).await.expect("a writer");
            let name = anywhere("jump_db_li_rw");
            let password = secret();
            writer.create_account(&name, &password, Some(&evidence())).await.expect("created");
            let a = grants(&[("a_b", &[Select, Insert])], &[(table("other", "t"), &[Update])]);
            let a = with_columns(a, table("a_b", "t"), &[("x", &[Update])]);
            converge(&mut writer, &name, &a).await;
            let b = grants(&[("other", &[Select, Delete])], &[]);
            converge(&mut writer, &name, &b).await;
            let mut question = ask();
            question.databases = texts(&["a_b", "other"]);
            let live = writer.observe(&question).await.expect("an observation");
            assert!(live.existing.databases.values().all(|known| *known == Known::Exists));
            if live.server.dialect.has_dual_passwords() {
                writer.set_password(&name, &secret(), Some(&evidence()), true).await.expect("set");
                writer.discard_old_password(&name).await.expect("discarded");
            }
            writer.set_password(&name, &password, None, false).await.expect("set");
            // What others gave goes as well, with all at once.
            server.run("GRANT DELETE ON hr.* TO jump_db_li_rw@'%';\nGRANT PROCESS ON *.* TO jump_db_li_rw@'%'").await;
            let mut open = login(&server, &name, &password).await;
            writer.set_lock(&name, true).await.expect("locked");
            assert_eq!(writer.revoke_all(&name).await, Ok(Vec::new()), "{kind:?}");
            assert_eq!(writer.kill_sessions(&name).await.expect("a count"), 1);
            assert!(open.query_drop("SELECT 1").await.is_err());
            assert_eq!(writer.drop_account(&name).await, Ok(Dropped::Dropped), "{kind:?}");
        }
    }
}

/// What only an administrator can take back, given to an account.
const BEYOND: &str = "CREATE ROLE helper;\nGRANT SELECT ON hr.* TO helper;\n\
    GRANT helper TO jump_db_li_rw@'%';\nSET DEFAULT ROLE helper FOR_TO jump_db_li_rw@'%';\n\
    GRANT PROXY ON nobody@'%' TO jump_db_li_rw@'%'";

#[tokio::test]
async fn what_the_login_cannot_take_back_goes_with_the_account() {
    for kind in Kind::ALL {
        let databases = texts(&["shop"]);
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE shop;\nCREATE DATABASE hr;\nCREATE TABLE hr.t (id INT);\n\
                 CREATE USER nobody@'%';\nGRANT PROXY ON ''@'%' TO admin@'%' WITH GRANT OPTION",
            )
            .await;
        give(&server, "apply", Purpose::Apply, &databases).await;
        let mut writer = lock(&server, &as_user("apply", "Tool-pass.1")).await.expect("a writer");
        let name = anywhere("jump_db_li_rw");
        let password = secret();
        writer.create_account(&name, &password, None).await.expect("created");
        converge(&mut writer, &name, &grants(&[("shop", &[Select])], &[])).await;
        let link = if kind.is_mysql() { "TO" } else { "FOR" };
        server.run(&BEYOND.replace("FOR_TO", link)).await;
        let mut open = login(&server, &name, &password).await;
        assert_eq!(refused(&mut open, "SELECT * FROM hr.t").await, 0, "{kind:?}");
        let refused = writer.revoke_all(&name).await.expect("a list");
        let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
        let held = seen(&mut writer, &name).await.held;
        assert!(held.databases.is_empty(), "{kind:?}");
        // MariaDB takes roles away with the rest.
        let stays = ["PROXY on nobody@%", "the role helper"];
        let stays = if kind.is_mysql() { &stays } else { &stays[..1] };
        assert_eq!(held.roles.len() + held.proxies.len(), stays.len(), "{kind:?}");
        assert_eq!(refused.len(), stays.len(), "{kind:?}: {refused:?}");
        for what in stays {
            let words = format!("refused to revoke {what}");
            assert!(refused.iter().any(|error| error.contains(&words)), "{kind:?}: {refused:?}");
        }
        assert_eq!(writer.kill_sessions(&name).await, Ok(1));
        assert_eq!(writer.drop_account(&name).await, Ok(Dropped::Dropped), "{kind:?}");
    }
}

#[tokio::test]
async fn each_right_that_is_taken_away_is_named() {
    for kind in Kind::ALL {
        let databases = texts(&["a_b"]);
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE a_b").await;
        give(&server, "apply", Purpose::Apply, &databases).await;
        let dialect = observe(&server).await.server.dialect;
        let levels = set(&[Select, Insert, Update, Delete]);
        let all = grants_needed(&dialect, Purpose::Apply, &anywhere("apply"), levels, &databases);
        assert!(all.len() > 10, "{all:?}");
        for statement in &all {
            let taken = statement
                .replacen("GRANT ", "REVOKE ", 1)
                .replace(" TO ", " FROM ")
                .replace(" WITH GRANT OPTION", "");
            server.run(&taken).await;
            let told = lacks(&server, "apply", Purpose::Apply, &databases).await;
            assert!(told.contains(statement), "{kind:?}: {taken}: {told:?}");
            for statement in &told {
                server.run(statement).await;
            }
            let told = lacks(&server, "apply", Purpose::Apply, &databases).await;
            assert_eq!(told, Vec::<String>::new(), "{kind:?}: {taken}");
        }
    }
}

#[tokio::test]
async fn a_login_for_plans_reads_everything_and_writes_nothing() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT);\n\
                 INSERT INTO shop.t VALUES (1);\nCREATE USER jump_db_li_r@'%';\n\
                 GRANT SELECT ON shop.* TO jump_db_li_r@'%'",
            )
            .await;
        give(&server, "plan", Purpose::Plan, &BTreeSet::new()).await;
        let told = lacks(&server, "plan", Purpose::Plan, &BTreeSet::new()).await;
        assert_eq!(told, Vec::<String>::new());
        let mut question = ask();
        question.databases = texts(&["shop", "shopp"]);
        question.tables = BTreeMap::from([(table("shop", "t"), texts(&["id", "idd"]))]);
        let credentials = as_user("plan", "Tool-pass.1");
        let mut reader =
            Reader::connect(&target(&server), &credentials, limits()).await.expect("a reader");
        let live = reader.observe(&question).await.expect("an observation");
        let mut as_admin = super::reader(&server).await;
        assert_eq!(live.accounts, as_admin.observe(&question).await.expect("one").accounts);
        let existing = &live.existing;
        assert_eq!(existing.databases["shop"], Known::Exists);
        assert_eq!(existing.databases["shopp"], Known::Missing { near: vec!["shop".into()] });
        assert_eq!(existing.tables[&table("shop", "t")], Known::Exists);
        let columns = &existing.columns[&table("shop", "t")];
        assert_eq!(columns["id"], Known::Exists);
        assert_eq!(columns["idd"], Known::Missing { near: vec!["id".into()] });

        let mut conn = server.login("plan", "Tool-pass.1").await.expect("a login");
        for statement in [
            "SELECT * FROM shop.t",
            "INSERT INTO shop.t VALUES (2)",
            "UPDATE mysql.db SET Db = 'x'",
            "CREATE USER jump_db_x_r@'%'",
            "ALTER USER jump_db_li_r@'%' ACCOUNT LOCK",
            "DROP USER jump_db_li_r@'%'",
            "GRANT SELECT ON shop.* TO jump_db_li_r@'%'",
            "GRANT REFERENCES ON shop.* TO jump_db_li_r@'%'",
            "REVOKE SELECT ON shop.* FROM jump_db_li_r@'%'",
            "REVOKE ALL PRIVILEGES, GRANT OPTION FROM jump_db_li_r@'%'",
            "CREATE TABLE shop.u (id INT)",
            "DROP DATABASE shop",
            "SET GLOBAL general_log = 1",
            "FLUSH PRIVILEGES",
        ] {
            assert_ne!(refused(&mut conn, statement).await, 0, "{kind:?}: {statement}");
        }
        // It gets as far as the lock, which is no change; every change is refused.
        let mut writer = lock(&server, &credentials).await.expect("a lock");
        let name = anywhere("jump_db_li_r");
        let refused =
            |result: Result<(), Error>| assert!(matches!(result, Err(Error::Server { .. })));
        refused(writer.create_account(&anywhere("jump_db_x_r"), &secret(), None).await);
        refused(writer.set_password(&name, &secret(), None, false).await);
        refused(writer.set_lock(&name, true).await);
        let all = writer.revoke_all(&name).await.expect("a list");
        assert!(all.iter().any(|error| matches!(error, Error::Server { .. })), "{kind:?}: {all:?}");
        refused(writer.drop_account(&name).await.map(|_| ()));
        assert!(matches!(writer.kill_sessions(&name).await, Err(Error::Unreadable { .. })));
        assert_eq!(observe(&server).await.accounts, live.accounts, "{kind:?}");
    }
}
