//! Ends and starts go by the clock: where two clocks differ, nothing is decided.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use jumpgate_sandbox::{Fault, Rule, Version};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::hosts::ended;
use crate::support::company::{Company, Done};
use crate::support::servers::Kind;
use crate::support::statements;

const HOSTS: &str = "for: fanlichun
reason: \"PAY-1: look at the logs\"
until: 2027-02-28
servers: [{ login: app, assets: [pay-web-01] }]
";

const DATABASES: &str = "for: fanlichun
reason: \"PAY-2: reconcile refunds\"
until: 2027-02-28
databases: [{ instance: orders-prod, level: r, tables: [orders.*] }]
";

const ACCOUNT: &str = "jump_db_fanlichun_r";

/// Applies; it must end so, and JumpServer hears no write.
async fn refused(company: &Company, code: i32, why: &str) -> Done {
    company.jumpserver.clear_requests();
    let done = company.run(&["apply", "--yes"]).await.expect(code);
    assert!(done.stderr.contains(why), "{}", done.stderr);
    let requests = company.jumpserver.requests();
    assert!(requests.iter().all(|request| request.is_read()), "{requests:?}");
    done
}

/// By how much JumpServer's clock differs, and what is told. Its Date has whole seconds, and
/// an answer takes its time.
const WRONG: [(i64, &str); 2] = [(90, "JumpServer's clock differs"), (-61, "60 are allowed")];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_applied_when_jumpservers_clock_differs() {
    for version in [Version::V3, Version::V4] {
        let company = Company::with_hosts(version).await;
        company.write("requests/PAY-1.yaml", HOSTS);
        company.merge("logs for fanlichun");
        for (seconds, why) in WRONG {
            company.jumpserver.set_clock_offset(SignedDuration::from_secs(seconds));
            refused(&company, 1, why).await;
        }
        company.jumpserver.set_clock_offset(SignedDuration::from_secs(30));
        company.run(&["apply", "--yes"]).await.expect(0);
        assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);
    }
}

/// A company in which an end has passed that the live mark records.
async fn overdue() -> Company {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1.yaml", HOSTS);
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    company.jumpserver.add_permission(ended(&company, "2026-10-31"));
    company
}

/// Merges a file that is no request.
fn merge_broken(company: &Company) {
    company.write("requests/broken.yaml", "for: [fanlichun\n");
    company.merge("broken");
}

/// Whether the end was carried out.
fn is_over(company: &Company) -> bool {
    company.jumpserver.permission("jump_app_liwei_20261031").is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_recorded_end_is_carried_out_when_jumpservers_clock_differs() {
    let company = overdue().await;
    merge_broken(&company);
    for (seconds, why) in WRONG {
        company.jumpserver.set_clock_offset(SignedDuration::from_secs(seconds));
        refused(&company, 3, why).await;
        assert!(!is_over(&company));
    }
    company.jumpserver.set_clock_offset(SignedDuration::ZERO);
    company.run(&["apply", "--yes"]).await.expect(3);
    assert!(is_over(&company));
}

/// Files that are invalid keep nobody from being called for an end that still stands.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_could_not_be_carried_out_by_invalid_files_is_told() {
    let company = overdue().await;
    merge_broken(&company);
    let rule = Rule::on("DELETE", "perms/asset-permissions/");
    company.jumpserver.fault(rule, Fault::answer(403, json!({ "detail": "no" })));
    let path = company.dir().join("jumpgate.prom");
    let args = ["apply", "--yes", "--metrics-file", path.to_str().expect("UTF-8")];
    let metric = |name: &str| {
        let text = std::fs::read_to_string(&path).expect("a file");
        let value = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        value.unwrap_or_else(|| panic!("no {name} in {text}")).parse::<f64>().expect("a number")
    };
    let done = company.run(&args).await.expect(3);
    assert!(!is_over(&company));
    assert!(done.stderr.contains("ends that have passed: 0 steps done, 1 failed"), "{done:?}");
    let still = "the oldest end that has passed and still stands was 2026-11-01 00:00 +08:00";
    assert!(done.stderr.contains(still), "{done:?}");
    let steps = |outcome: &str| format!("jumpgate_last_run_steps{{outcome=\"{outcome}\"}}");
    assert_eq!((metric(&steps("done")), metric(&steps("failed"))), (0.0, 1.0));
    assert!(metric("jumpgate_oldest_overdue_end_seconds") > 0.0);

    company.jumpserver.clear_faults();
    let done = company.run(&args).await.expect(3);
    assert!(is_over(&company));
    assert!(done.stderr.contains("ends that have passed: 1 step done\n"), "{done:?}");
    assert!(!done.stderr.contains("still stands"), "{done:?}");
    assert_eq!((metric(&steps("done")), metric(&steps("failed"))), (1.0, 0.0));
    assert!(metric("jumpgate_oldest_overdue_end_seconds") == 0.0);

    let done = company.run(&args).await.expect(3);
    assert!(done.stderr.contains("no recorded end has passed"), "{done:?}");
}

/// A proxy in front of a port of this machine that gives the Date of every answer another
/// name: the HTTP library of the sandbox never leaves it out.
async fn without_date(to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // A broken connection is the end of both.
            tokio::spawn(async move { renamed(client, to).await.ok() });
        }
    });
    port
}

async fn renamed(mut client: TcpStream, to: u16) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    loop {
        tokio::select! {
            read = client.read_buf(&mut asked) => {
                if read? == 0 {
                    return Ok(());
                }
                server.write_all(&asked).await?;
                asked.clear();
            }
            read = server.read_buf(&mut answered) => {
                if read? == 0 {
                    return Ok(());
                }
                let date = b"\r\ndate:";
                if let Some(at) = answered.windows(date.len()).position(|part| part == date) {
                    answered[at + 2] = b'x';
                }
                client.write_all(&answered).await?;
                answered.clear();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_date_nobody_knows_whether_the_clock_is_right() {
    let company = overdue().await;
    let port = without_date(company.jumpserver.port()).await;
    let settings = std::fs::read_to_string(company.dir().join("jumpgate.yaml"));
    let settings = settings.expect("the settings");
    let settings = settings.replace(&company.jumpserver.port().to_string(), &port.to_string());
    company.write("jumpgate.yaml", &settings);
    company.merge("by a proxy");
    refused(&company, 1, "JumpServer sent no Date").await;
    merge_broken(&company);
    refused(&company, 3, "JumpServer sent no Date").await;
    assert!(!is_over(&company));
}

/// A company whose database server has a wrong clock for every session but the first `right`
/// ones.
async fn wrong_server(kind: Kind, seconds: i64, right: usize) -> Company {
    let company = Company::with_database(Version::V4, kind).await;
    let sessions = Arc::new(AtomicUsize::new(0));
    let hook = move |text: String| -> futures_util::future::BoxFuture<'static, String> {
        let begins = text.starts_with("SET NAMES");
        let wrong = begins && sessions.fetch_add(1, Ordering::SeqCst) >= right;
        let text = match wrong {
            true => format!("{text}, SESSION timestamp = UNIX_TIMESTAMP() + ({seconds})"),
            false => text,
        };
        Box::pin(async move { text })
    };
    let server = company.server.as_ref().expect("a server");
    let port = statements::proxy(server.port, Box::new(hook)).await;
    let file = company
        .instance(port)
        .replace("tls: { mode: verify, ca: inventory/ca/db.pem }", "tls: { mode: off }");
    company.write("inventory/databases/orders-prod.yaml", &file);
    company.write("requests/PAY-1.yaml", HOSTS);
    company.write("requests/PAY-2.yaml", DATABASES);
    company.merge("logs and refunds for fanlichun");
    company
}

/// Applies; the hosts are done, and the database server is left as it is.
async fn server_left_out(company: &Company) {
    let done = company.run(&["apply", "--yes", "--format", "json"]).await.expect(5);
    let told = done.stdout;
    assert!(told.contains("its clock differs from this machine's by"), "{told}");
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);
    let server = company.server.as_ref().expect("a server");
    let made = format!("SELECT User FROM mysql.user WHERE User = '{ACCOUNT}'");
    assert!(server.rows(&made).await.is_empty(), "{told}");
    assert_eq!(company.jumpserver.secret("orders-prod", ACCOUNT), None, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_whose_clock_differs_is_left_as_it_is() {
    for (kind, seconds) in [(Kind::Mysql9, 120), (Kind::Mariadb1011, -61)] {
        let company = wrong_server(kind, seconds, 0).await;
        server_left_out(&company).await;
    }
}

/// The clock is looked at again under the lock.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_wrong_before_the_lock_is_noticed() {
    for (kind, seconds) in [(Kind::Mysql9, -61), (Kind::Mariadb118, 120)] {
        let company = wrong_server(kind, seconds, 1).await;
        server_left_out(&company).await;
    }
    // For people, too, who were shown another plan.
    let company = wrong_server(Kind::Mariadb118, 120, 1).await;
    let told = company.run(&["apply", "--yes"]).await.expect(5).stdout;
    let (before, after) = told.split_once("something changed. What is done now:").expect("a word");
    let why = "its clock";
    assert!(!before.contains(why) && after.contains(why), "{told}");
}
