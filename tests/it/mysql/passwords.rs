//! The passwords that are made, against the servers' own rules for passwords.

use super::*;

const MADE: usize = 200;

#[tokio::test]
async fn o18_every_password_is_strong_for_mysql() {
    let server = Server::start(Kind::Mysql9).await;
    server
        .run(
            "INSTALL COMPONENT 'file://component_validate_password';\n\
             SET GLOBAL validate_password.policy = 'STRONG';\n\
             SET GLOBAL validate_password.length = 28;\n\
             SET GLOBAL validate_password.mixed_case_count = 1;\n\
             SET GLOBAL validate_password.number_count = 1;\n\
             SET GLOBAL validate_password.special_char_count = 1",
        )
        .await;
    let strength = async |text: &str| {
        let rows = server.rows(&format!("SELECT VALIDATE_PASSWORD_STRENGTH('{text}')")).await;
        rows[0][0].clone()
    };
    assert_ne!(strength("only-lower-case-letters-here").await, "100", "the rules are in force");
    for _ in 0..MADE {
        let made = secret();
        assert_eq!(strength(made.expose_secret()).await, "100", "{}", made.expose_secret());
    }
    let made = secret();
    let text = made.expose_secret();
    server.run(&format!("CREATE USER 'strong'@'%' IDENTIFIED BY '{text}'")).await;
    server.login("strong", text).await.expect("it logs in");
}

#[tokio::test]
async fn o18_every_password_is_good_enough_for_mariadb() {
    for kind in [Kind::Mariadb1011, Kind::Mariadb118] {
        let server = Server::start(kind).await;
        server.run("CREATE USER 'strong'@'%';\nINSTALL SONAME 'simple_password_check'").await;
        let mut conn = server.admin().await;
        let mut set = async |text: &str| {
            conn.query_drop(format!("SET PASSWORD FOR 'strong'@'%' = PASSWORD('{text}')")).await
        };
        assert_eq!(set("lowercase").await.map_err(|error| code(&error)), Err(1819));
        for _ in 0..MADE {
            let made = secret();
            set(made.expose_secret()).await.expect("it is good enough");
        }
    }
}

/// What `doctor` asks, by a login without any right.
async fn refusing(server: &Server) -> Vec<String> {
    let login = as_user("ordinary", "Ordinary.1");
    let mut reader = Reader::connect(&target(server), &login, limits()).await.expect("a reader");
    let plugins = reader.refusing_hashes().await.expect("an answer");
    reader.close().await;
    plugins
}

/// A server that checks passwords takes no hashes, unless it is told to.
#[tokio::test]
async fn mariadb_with_a_check_takes_hashes_when_it_is_not_strict() {
    for kind in [Kind::Mariadb1011, Kind::Mariadb118] {
        let server = Server::start(kind).await;
        server.run("CREATE USER 'ordinary'@'%' IDENTIFIED BY 'Ordinary.1'").await;
        assert_eq!(refusing(&server).await, [""; 0]);
        server.run("INSTALL SONAME 'simple_password_check'").await;
        assert_eq!(refusing(&server).await, ["simple_password_check"]);
        let (name, made) = (anywhere("jump_db_fan_r"), secret());
        let mut writer = writer(&server).await;
        let refused = writer.create_account(&name, &made, None).await.expect_err("it is strict");
        assert_eq!(refused.code(), Some(1290));
        assert!(refused.to_string().contains("--strict-password-validation"), "{refused}");
        server.run("SET GLOBAL strict_password_validation = OFF").await;
        assert_eq!(refusing(&server).await, [""; 0]);
        writer.create_account(&name, &made, None).await.expect("it takes a hash");
        server.login(&name.user, made.expose_secret()).await.expect("it logs in");
        writer.release().await;
    }
}
