//! Sessions: our own, whatever the server is set to, and those of accounts, which are ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use jumpgate::mysql::privilege::Privilege::*;
use jumpgate::mysql::spec::{Change, Object};
use mysql_async::OptsBuilder;
use tokio::net::{TcpListener, TcpSocket};

use super::*;
use crate::support::statements;

/// A writer that reaches the server by another port, without TLS.
async fn writer_by(port: u16, limits: Limits) -> Writer {
    let tls = Tls { mode: TlsMode::Off, ca: None };
    let target = Target { host: "127.0.0.1".into(), port, tls };
    let owner = "acme".parse().expect("an owner");
    let locked = Writer::lock(&target, &as_admin(), limits, &owner, PREFIX, Duration::ZERO).await;
    locked.expect("a writer")
}

/// A login by a port of this machine.
async fn login_by(port: u16, user: &str, password: &SecretString) -> Conn {
    let opts = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(port)
        .prefer_socket(false)
        .user(Some(user))
        .pass(Some(password.expose_secret()));
    Conn::new(opts).await.expect("the password opens it")
}

/// A port that leads to another one, from another address of this machine.
async fn from(address: [u8; 4], to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let socket = TcpSocket::new_v4()?;
                socket.bind((address, 0).into())?;
                let mut server = socket.connect(([127, 0, 0, 1], to).into()).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

#[tokio::test]
async fn o20_sessions_of_the_account_at_another_host_go_on() {
    for kind in Kind::ALL {
        let server = Server::start_with(kind, &["--skip-name-resolve"]).await;
        let mut writer = writer(&server).await;
        let at = |host: &str| AccountName { user: "jump_db_wang_r".into(), host: host.into() };
        let (ours, foreign) = (at("127.0.0.1"), at("127.0.0.2"));
        let (one, other) = (secret(), secret());
        writer.create_account(&ours, &one, None).await.expect("it is created");
        writer.create_account(&foreign, &other, None).await.expect("it is created");
        let mut ended = login(&server, &ours, &one).await;
        let port = from([127, 0, 0, 2], server.port).await;
        let mut goes_on = login_by(port, &foreign.user, &other).await;
        let who: Option<String> =
            goes_on.query_first("SELECT CURRENT_USER()").await.expect("a row");
        assert_eq!(who.as_deref(), Some("jump_db_wang_r@127.0.0.2"), "{kind:?}");
        assert_eq!(writer.kill_sessions(&ours).await, Ok(1), "{kind:?}");
        assert!(ended.query_drop("SELECT 1").await.is_err(), "{kind:?}");
        assert_eq!(refused(&mut goes_on, "SELECT 1").await, 0, "{kind:?}");
        assert_eq!(writer.open_sessions(&foreign).await, Ok(1), "{kind:?}");
    }
}

/// Somebody logs in just as the sessions that were listed are ended.
#[tokio::test]
async fn a_session_that_begins_while_others_are_ended_is_ended_too() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let (name, password) = (anywhere("jump_db_li_r"), secret());
        let (begun, mut late) = tokio::sync::mpsc::unbounded_channel();
        let (port, user, known) = (server.port, name.user.clone(), password.clone());
        let first = AtomicBool::new(true);
        let hook = move |text: String| -> BoxFuture<'static, String> {
            if !text.starts_with("KILL") || !first.swap(false, Ordering::SeqCst) {
                return Box::pin(async { text });
            }
            let (begun, user, known) = (begun.clone(), user.clone(), known.clone());
            Box::pin(async move {
                begun.send(login_by(port, &user, &known).await).expect("the test waits for it");
                text
            })
        };
        let port = statements::proxy(server.port, Box::new(hook)).await;
        let mut writer = writer_by(port, limits()).await;
        writer.create_account(&name, &password, None).await.expect("it is created");
        let mut open = login(&server, &name, &password).await;
        assert_eq!(writer.kill_sessions(&name).await, Ok(2), "{kind:?}");
        let mut late = late.recv().await.expect("a session");
        for session in [&mut open, &mut late] {
            assert!(session.query_drop("SELECT 1").await.is_err(), "{kind:?}");
        }
    }
}

/// After a time-out nobody knows what was carried out: the session is given up.
#[tokio::test]
async fn after_a_statement_that_took_too_long_nothing_more_is_sent() {
    for kind in [Kind::Mysql9, Kind::Mariadb118] {
        let server = Server::start(kind).await;
        let held = Arc::new(AtomicBool::new(false));
        let holds = Arc::clone(&held);
        let hook = move |text: String| -> BoxFuture<'static, String> {
            let holds = holds.load(Ordering::SeqCst);
            Box::pin(async move { if holds { std::future::pending().await } else { text } })
        };
        let port = statements::proxy(server.port, Box::new(hook)).await;
        let limits = Limits { statement: Duration::from_secs(5), ..limits() };
        let mut writer = writer_by(port, limits).await;
        let name = anywhere("jump_db_li_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        held.store(true, Ordering::SeqCst);
        let error = writer.set_lock(&name, true).await.expect_err("no answer");
        assert!(matches!(error, Error::Timeout { .. }) && error.is_uncertain(), "{error}");
        let error = writer.set_lock(&name, true).await.expect_err("nothing more is sent");
        assert!(matches!(error, Error::LockLost { .. }), "{kind:?}: {error}");
        let error = writer.still_held().await.expect_err("nobody knows");
        assert!(matches!(error, Error::LockLost { .. }), "{kind:?}: {error}");
    }
}

/// By the server's own tables, which MariaDB does not have.
#[tokio::test]
async fn a_session_is_set_up_whatever_the_server_says() {
    let server = Server::start(Kind::Mysql9).await;
    server
        .run(
            "SET GLOBAL sql_mode = 'ANSI_QUOTES';\nSET GLOBAL time_zone = '+08:00';\n\
             SET GLOBAL lock_wait_timeout = 77;\nSET GLOBAL wait_timeout = 78;\n\
             SET GLOBAL sql_select_limit = 1;\nSET GLOBAL autocommit = 0",
        )
        .await;
    let _writer = writer(&server).await;
    let expected = [
        ("autocommit", "ON"),
        ("lock_wait_timeout", "30"),
        ("sql_mode", "STRICT_TRANS_TABLES"),
        ("sql_select_limit", "18446744073709551615"),
        ("time_zone", "+00:00"),
        ("wait_timeout", "28800"),
    ];
    let names = expected.map(|(name, _)| format!("'{name}'")).join(", ");
    let rows = server
        .rows(&format!(
            "SELECT GROUP_CONCAT(variable_name, ' = ', variable_value ORDER BY variable_name) \
             FROM performance_schema.variables_by_thread \
             JOIN performance_schema.threads USING (thread_id) \
             WHERE processlist_user = '{ADMIN}' AND variable_name IN ({names})"
        ))
        .await;
    let expected = expected.map(|(name, value)| format!("{name} = {value}")).join(",");
    assert_eq!(rows, [[expected]]);
}

#[tokio::test]
async fn the_zone_of_the_server_moves_no_clock() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("SET GLOBAL time_zone = '+08:00'").await;
        let skew = observe(&server).await.server.skew;
        assert!(skew.abs() < jiff::SignedDuration::from_hours(1), "{kind:?}: {skew}");
    }
}

#[tokio::test]
async fn a_grant_makes_no_account() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE shop;\nSET GLOBAL sql_mode = ''").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_nobody_r");
        let object = Object::Database {
            stored: "shop".into(),
            privileges: set(&[Select]),
            grant_option: false,
        };
        let granted = writer.apply(&name, &Change::Grant(object)).await;
        assert!(granted.is_err(), "{kind:?}");
        assert_eq!(writer.account(&name).await, Ok(None), "{kind:?}");
    }
}

/// Other systems are changed while a lock is held, and that takes its time.
#[tokio::test]
async fn a_lock_outlives_the_patience_of_the_server() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("SET GLOBAL wait_timeout = 1;\nSET GLOBAL interactive_timeout = 1").await;
        let mut writer = writer(&server).await;
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        writer.still_held().await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
    }
}

#[tokio::test]
async fn names_with_quotes_and_backslashes_are_just_names() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let mut writer = writer(&server).await;
        for user in ["jump_db_o'neil_r", "jump_db_b\\s_r", "jump_db_\"q\"_r", "jump_db_`t`_r"] {
            let (name, password) = (anywhere(user), secret());
            writer.create_account(&name, &password, None).await.expect(user);
            assert!(!seen(&mut writer, &name).await.locked, "{kind:?}: {user}");
            let mut open = login(&server, &name, &password).await;
            assert_eq!(writer.kill_sessions(&name).await, Ok(1), "{kind:?}: {user}");
            assert!(open.query_drop("SELECT 1").await.is_err(), "{kind:?}: {user}");
            writer.set_lock(&name, true).await.expect(user);
            assert!(seen(&mut writer, &name).await.locked, "{kind:?}: {user}");
            writer.drop_account(&name).await.expect(user);
            assert_eq!(writer.account(&name).await, Ok(None), "{kind:?}: {user}");
        }
    }
}
