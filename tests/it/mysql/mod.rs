//! MySQL and MariaDB, on real servers.

use crate::support::servers::{Kind, Server};

#[tokio::test]
async fn servers_start_and_answer() {
    for kind in Kind::ALL {
        let t = std::time::Instant::now();
        let server = Server::start(kind).await;
        eprintln!(
            "{kind:?} {:?} {:?}",
            t.elapsed(),
            server.rows("select version(), @@version_comment, @@port").await
        );
    }
}
