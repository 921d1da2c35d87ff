//! Who may change a server, and when nobody may.

use super::*;

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
    }
}

/// Waits until somebody waits for a lock of this kind.
async fn waits(server: &Server) {
    let waiting = "SELECT id FROM information_schema.processlist \
                   WHERE user = 'admin' AND info LIKE 'SELECT GET_LOCK%'";
    while server.rows(waiting).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_server_that_became_read_only_while_the_lock_was_waited_for_is_refused() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let mut holder = server.admin().await;
        assert_eq!(refused(&mut holder, "DO GET_LOCK('jumpgate:acme', 0)").await, 0);
        let waiting = async {
            let (target, owner) = (target(&server), "acme".parse().expect("an owner"));
            let wait = Duration::from_secs(60);
            Writer::lock(&target, &as_admin(), limits(), &owner, PREFIX, wait).await
        };
        let closes = async {
            waits(&server).await;
            server.run("SET GLOBAL read_only = 1").await;
            assert_eq!(refused(&mut holder, "DO RELEASE_LOCK('jumpgate:acme')").await, 0);
        };
        let (locked, ()) = tokio::join!(waiting, closes);
        let error = locked.err().expect("it cannot be written any more");
        assert!(matches!(error, Error::NotWritable { .. }), "{kind:?}: {error}");
    }
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
