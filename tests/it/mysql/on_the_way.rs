//! What somebody can do between two statements of a change.

use jumpgate::mysql::privilege::Privilege::*;

use super::*;

/// Makes an account hold exactly this, and looks after each change.
async fn step_by_step(
    server: &Server,
    writer: &mut Writer,
    want: &Grants,
    mut look: impl AsyncFnMut(&mut Conn, &str),
) {
    let name = anywhere("jump_db_zhang_r");
    let password = secret();
    writer.set_password(&name, &password, None, false).await.expect("it is set");
    let naming = writer.server().dialect.naming();
    let held = seen(writer, &name).await.held;
    for change in difference(&held, want, naming).expect("known privileges") {
        writer.apply(&name, &change).await.expect("it is carried out");
        let mut conn = login(server, &name, &password).await;
        look(&mut conn, &format!("{:?}, after {change:?}", server.kind)).await;
        conn.disconnect().await.expect("an orderly end");
    }
    assert_eq!(converge(writer, &name, want).await, 0, "{want:?}");
}

/// A GRANT OPTION works for all that is held in its place, whichever row that stands in.
#[tokio::test]
async fn what_hands_on_goes_before_anything_is_granted() {
    let hand_on = ["GRANT INSERT ON shop.* TO other@'%'", "GRANT INSERT ON shop.t TO other@'%'"];
    // By the place of the GRANT OPTION, which of the two it lets somebody do.
    let cases = [("*.*", [true, true]), ("shop.*", [true, true]), ("shop.t", [false, true])];
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server
            .run(
                "CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT);\n\
                 CREATE USER other@'%';\nCREATE USER mixed@'%'",
            )
            .await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_zhang_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        for (place, works) in cases {
            let option = format!("GRANT SELECT ON {place} TO mixed@'%' WITH GRANT OPTION");
            server.run(&format!("GRANT INSERT ON shop.* TO mixed@'%';\n{option}")).await;
            let mut mixed = server.login("mixed", "").await.expect("it has no password");
            for (statement, works) in hand_on.into_iter().zip(works) {
                let code = refused(&mut mixed, statement).await;
                assert_eq!(code == 0, works, "{kind:?}: {option}; {statement}: {code}");
            }
            mixed.disconnect().await.expect("an orderly end");
            server.run("DROP USER mixed@'%';\nCREATE USER mixed@'%'").await;

            converge(&mut writer, &name, &grants(&[("shop", &[Select])], &[])).await;
            server.run(&option.replace("mixed", &name.user)).await;
            let want =
                grants(&[("shop", &[Select, Insert])], &[(table("shop", "t"), &[Insert, Update])]);
            step_by_step(&server, &mut writer, &want, async |conn, when| {
                for statement in hand_on {
                    let code = refused(conn, statement).await;
                    assert!(DENIED.contains(&code), "{when}: {statement}: {code}");
                }
            })
            .await;
        }
    }
}

/// A row of a database hides the patterns that cover it, and gives other things.
#[tokio::test]
async fn what_a_pattern_gave_and_a_table_keeps_works_all_the_time() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        server.run("CREATE DATABASE shop;\nCREATE TABLE shop.t (id INT)").await;
        let mut writer = writer(&server).await;
        let name = anywhere("jump_db_zhang_r");
        writer.create_account(&name, &secret(), None).await.expect("it is created");
        server.run("GRANT SELECT ON `sho%`.* TO jump_db_zhang_r@'%'").await;
        let want = grants(&[("shop", &[Insert])], &[(table("shop", "t"), &[Select])]);
        step_by_step(&server, &mut writer, &want, async |conn, when| {
            assert_eq!(refused(conn, "SELECT * FROM shop.t").await, 0, "{when}");
        })
        .await;
    }
}
