//! What roles give is followed behind mandatory roles and behind PROXY, too.

use jumpgate_sandbox::Version;
use serde_json::Value;

use super::doors::door;
use crate::support::company::Company;
use crate::support::servers::Kind;

#[tokio::test(flavor = "multi_thread")]
async fn roles_behind_mandatory_roles_and_behind_proxy_are_followed() {
    let company = Company::with_database(Version::V4, Kind::Mysql9).await;
    let server = company.server.as_ref().expect("a server");
    server
        .run(
            "CREATE ROLE base, dba;\nGRANT dba TO base;\nGRANT SELECT, CREATE USER ON *.* TO dba;\n\
             SET GLOBAL mandatory_roles = 'base';\n\
             CREATE USER admin@'10.%' IDENTIFIED BY 'Admin-pass.1';\nGRANT dba TO admin@'10.%';\n\
             CREATE USER p@'10.%' IDENTIFIED BY 'Proxy-pass.1';\nGRANT PROXY ON admin@'10.%' TO p@'10.%'",
        )
        .await;
    let done = company.run(&["audit", "--format", "json"]).await.expect(0);
    let audit: Value = serde_json::from_str(&done.stdout).expect("JSON");
    let everybody = door(&audit, "the mandatory role base@%");
    assert_eq!(everybody["risk"], "critical", "{everybody}");
    for name in ["the mandatory role base@%", "admin@10.%", "p@10.%"] {
        assert_eq!(door(&audit, name)["opens"], "can give itself everything", "{name}");
    }
    let ways = company.run(&["who", "orders-prod.orders", "--live"]).await.expect(0).stdout;
    let way = ways.lines().skip_while(|line| !line.contains(" as p@10.%"));
    let way = way.take(5).collect::<Vec<_>>().join("\n");
    let notes =
        ["by acting as admin@10.%", "also by what everybody holds", "can give itself everything"];
    assert!(notes.iter().all(|note| way.contains(note)), "{ways}");
}
