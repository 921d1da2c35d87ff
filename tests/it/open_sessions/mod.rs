//! What becomes of open sessions when access ends, as policy sets it for the environment.

mod databases;
mod jumpserver;
mod passwords;

use jumpgate_sandbox::Version;
use mysql_async::prelude::Queryable;

use crate::support::company::Company;
use crate::support::servers::{Kind, Server};

/// The account of the requests here.
const ACCOUNT: &str = "jump_db_fanlichun_r";

/// A request for two databases.
const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
      - billing.invoices
";

/// The company with a setting, and the request applied.
async fn applied(version: Version, kind: Kind, setting: &str) -> Company {
    let company = Company::with_database(version, kind).await;
    set(&company, setting);
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("refunds for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    company
}

/// Writes what becomes of sessions; it counts with the next merge.
fn set(company: &Company, setting: &str) {
    let text = format!("environments: [prod]\nlimits: []\nsessions: {{ prod: {setting} }}\n");
    company.write("policy.yaml", &text);
}

fn server(company: &Company) -> &Server {
    company.server.as_ref().expect("a server")
}

/// Whether a session is still open.
async fn is_open(conn: &mut mysql_async::Conn) -> bool {
    conn.query_drop("SELECT 1").await.is_ok()
}

/// The accounts of the name on the server.
async fn accounts(company: &Company) -> usize {
    let query = format!("SELECT User FROM mysql.user WHERE User = '{ACCOUNT}'");
    server(company).rows(&query).await.len()
}

/// Moves the moment that a mark records for the end, as if time had passed.
fn move_end(company: &Company, minutes: i64) {
    let accounts = company.jumpserver.accounts();
    let account = accounts.iter().find(|account| account.username == ACCOUNT).expect("it is there");
    let mark = jumpgate::mark::Mark::parse(&account.comment).expect("a mark");
    let handover = mark.handover.clone().expect("a handover");
    let ended = handover.ended.expect("the mark says since when");
    let earlier = ended - jiff::SignedDuration::from_mins(minutes);
    let handover = jumpgate::mark::Handover { ended: Some(earlier), ..handover };
    let mark = jumpgate::mark::Mark { handover: Some(handover), ..mark };
    company.jumpserver.set_account_comment(account.id, &mark.comment("x"));
}

/// What `apply --format json` says about sessions: ended and left on databases, then in
/// JumpServer.
fn told(stdout: &str) -> [u64; 4] {
    let result: serde_json::Value = serde_json::from_str(stdout).expect("JSON");
    let count = |side: &str, what: &str| result["sessions"][side][what].as_u64().expect("a count");
    [
        count("databases", "ended"),
        count("databases", "left"),
        count("jumpserver", "ended"),
        count("jumpserver", "left"),
    ]
}

/// Applies, as cron does, and gives what it said about sessions.
async fn apply(company: &Company) -> [u64; 4] {
    let args = ["apply", "--yes", "--allow-removals", "9", "--format", "json"];
    told(&company.run(&args).await.expect(0).stdout)
}

/// Whether nothing is left to do.
async fn is_settled(company: &Company) -> bool {
    company.run(&["plan", "--detailed-exitcode"]).await.code == 0
}
