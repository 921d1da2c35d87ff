//! Single global privileges that lead to all others.

use base64::Engine as _;
use mysql_async::prelude::Queryable as _;

use super::*;
use crate::support::servers::read;

const PASSWORD: &str = "Feeder-pass.1";

/// A server that has a binary log with rows, and names no transaction in it.
async fn with_log(kind: Kind, id: &str) -> Server {
    let mut options = vec!["--log-bin=log", "--binlog-format=ROW", id];
    if kind.is_mysql() {
        options.extend(["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"]);
    }
    Server::start_with(kind, &options).await
}

/// A server that has a binary log, with an account that holds one global privilege: the first
/// name is MySQL's, the second MariaDB's. None where the server does not know it.
async fn with_feeder(kind: Kind, privilege: (&str, &str)) -> Option<Server> {
    if kind.version().starts_with("5.") {
        return None;
    }
    let server = with_log(kind, "--server-id=1").await;
    let privilege = if kind.is_mysql() { privilege.0 } else { privilege.1 };
    server
        .run(&format!(
            "CREATE USER feeder@'%' IDENTIFIED BY '{PASSWORD}';\n\
             GRANT {privilege} ON *.* TO feeder@'%'"
        ))
        .await;
    Some(server)
}

/// The newest binary log of a server and how long it is.
async fn newest_log(server: &Server) -> (String, u64) {
    let mut logs = server.rows("SHOW BINARY LOGS").await;
    let last = logs.pop().expect("a log");
    (last[0].clone(), last[1].parse().expect("a length"))
}

/// The source of a replica is the host of whoever may set it, and what comes from there is
/// done without asking for any privilege.
#[tokio::test]
async fn who_may_choose_the_source_of_a_server_makes_an_administrator_there() {
    for kind in Kind::ALL {
        let privilege = ("REPLICATION_SLAVE_ADMIN", "REPLICATION SLAVE ADMIN");
        let Some(server) = with_feeder(kind, privilege).await else { continue };
        let source = with_log(kind, "--server-id=2").await;
        source
            .run(&format!(
                "CREATE USER mine@'%' IDENTIFIED BY '{PASSWORD}';\n\
                 GRANT REPLICATION SLAVE ON *.* TO mine@'%'"
            ))
            .await;
        let (log, length) = newest_log(&source).await;
        source
            .run(&format!(
                "CREATE USER boss@'%' IDENTIFIED BY '{PASSWORD}';\n\
                 GRANT ALL ON *.* TO boss@'%' WITH GRANT OPTION"
            ))
            .await;
        let port = source.port;
        let (change, start) = match kind.is_mysql() {
            true => (
                format!(
                    "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {port}, \
                     SOURCE_USER = 'mine', SOURCE_PASSWORD = '{PASSWORD}', \
                     SOURCE_LOG_FILE = '{log}', SOURCE_LOG_POS = {length}, \
                     GET_SOURCE_PUBLIC_KEY = 1"
                ),
                "START REPLICA",
            ),
            false => (
                format!(
                    "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, \
                     MASTER_USER = 'mine', MASTER_PASSWORD = '{PASSWORD}', \
                     MASTER_LOG_FILE = '{log}', MASTER_LOG_POS = {length}, \
                     MASTER_USE_GTID = no, MASTER_SSL = 0, MASTER_SSL_VERIFY_SERVER_CERT = 0"
                ),
                "START SLAVE",
            ),
        };
        let mut conn = server.login("feeder", PASSWORD).await.expect("a login");
        conn.query_drop(change).await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        conn.query_drop(start).await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let mut boss = server.login("boss", PASSWORD).await;
        for _ in 0..300 {
            if boss.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            boss = server.login("boss", PASSWORD).await;
        }
        let mut boss = boss.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let found = read(&mut boss, "SELECT COUNT(*) FROM mysql.user WHERE User = 'boss'").await;
        assert_eq!(found.expect("it may read them"), [["1"]], "{kind:?}");
    }
}

/// BINLOG does what stands in events of a log, to the grant tables too.
#[tokio::test]
async fn who_may_replay_a_log_writes_into_the_grant_tables() {
    for kind in Kind::ALL {
        let privilege = ("BINLOG_ADMIN", "BINLOG REPLAY");
        let Some(server) = with_feeder(kind, privilege).await else { continue };
        let (log, before) = newest_log(&server).await;
        server
            .run("INSERT INTO mysql.db (Host, Db, User, Select_priv) VALUES ('%', 'shop', 'feeder', 'Y')")
            .await;
        let folder = server.rows("SELECT @@datadir").await[0][0].clone();
        let bytes = std::fs::read(std::path::Path::new(&folder).join(log)).expect("the log");
        server.run("DELETE FROM mysql.db WHERE User = 'feeder'").await;
        let events = base64::prelude::BASE64_STANDARD.encode(rows_behind(&bytes, before));
        let mut conn = server.login("feeder", PASSWORD).await.expect("a login");
        let rows = "SELECT COUNT(*) FROM mysql.db WHERE User = 'feeder'";
        assert_ne!(refused(&mut conn, rows).await, 0, "{kind:?}");
        conn.query_drop(format!("BINLOG '{events}'"))
            .await
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(server.rows(rows).await, [["1"]], "{kind:?}");
    }
}

/// The events of a binary log that BINLOG needs for the rows that were written from some place on:
/// the first, which describes the format, the tables, and the rows.
fn rows_behind(log: &[u8], place: u64) -> Vec<u8> {
    let number = |at: usize| {
        let bytes = log[at..at + 4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes) as usize
    };
    let event = |at: usize| &log[at..at + number(at + 9)];
    let mut found = event(4).to_vec();
    let mut at = usize::try_from(place).expect("a place");
    while at < log.len() {
        let event = event(at);
        // TABLE_MAP, and WRITE_ROWS of the first and the second form.
        if matches!(event[4], 19 | 23 | 30) {
            found.extend(event);
        }
        at += event.len();
    }
    found
}
