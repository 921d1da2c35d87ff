//! MySQL and MariaDB, on real servers.

use crate::support::servers::{Kind, Server};

#[tokio::test]
async fn servers_start_and_answer() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let rows = server.rows("SELECT VERSION()").await;
        let version = rows.first().expect("a row").join("");
        let expected = match kind {
            Kind::Mysql9 => "9.",
            Kind::Mariadb1011 => "10.11.",
            Kind::Mariadb118 => "11.8.",
        };
        assert!(version.starts_with(expected), "{kind:?} says {version}");
    }
}
