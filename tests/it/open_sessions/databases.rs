//! Sessions of database accounts, on real servers.

use jumpgate_sandbox::Version;

use super::{
    ACCOUNT, REQUEST, accounts, applied, apply, is_open, is_settled, move_end, server, set, told,
};
use crate::support::company::{Company, folded};
use crate::support::servers::Kind;

const SERVERS: [Kind; 2] = [Kind::Mysql9, Kind::Mariadb118];

/// Ends the request.
fn end(company: &Company) {
    company.remove("requests/PAY-1234.yaml");
    company.merge("done");
}

/// Takes one of the two databases out of the request.
fn narrow(company: &Company) {
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("      - orders.*\n", ""));
    company.merge("orders is not needed");
}

/// The plan, in one line.
async fn plan(company: &Company) -> String {
    folded(&company.run(&["plan"]).await.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn o15_a_session_is_ended_with_its_access_and_counted() {
    for kind in SERVERS {
        let company = applied(Version::V4, kind, "disconnect").await;
        let (mut one, mut other) = (
            company.login(ACCOUNT).await.expect("a login"),
            company.login(ACCOUNT).await.expect("a login"),
        );
        narrow(&company);
        let shown = plan(&company).await;
        assert!(shown.contains("JG250"), "{shown}");
        assert!(shown.contains("its open sessions are ended"), "{shown}");
        assert_eq!(apply(&company).await, [2, 0, 0, 0]);
        assert!(!is_open(&mut one).await && !is_open(&mut other).await);
        let mut one = company.login(ACCOUNT).await.expect("what stays can be opened");
        end(&company);
        assert_eq!(apply(&company).await, [1, 0, 0, 0]);
        assert!(!is_open(&mut one).await);
        assert_eq!(accounts(&company).await, 0);
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_report_a_session_stays_and_is_told() {
    for kind in SERVERS {
        let company = applied(Version::V3, kind, "report").await;
        let mut conn = company.login(ACCOUNT).await.expect("a login");
        narrow(&company);
        assert!(plan(&company).await.contains("its open sessions are left and told"));
        assert_eq!(apply(&company).await, [0, 1, 0, 0]);
        assert!(is_open(&mut conn).await);
        assert!(is_settled(&company).await);
        end(&company);
        let text = company.run(&["apply", "--yes", "--allow-removals", "9"]).await.expect(0).stdout;
        assert!(text.contains("Open sessions left open: 1 on databases."), "{text}");
        assert!(is_open(&mut conn).await);
        assert_eq!(accounts(&company).await, 0);
        let after = plan(&company).await;
        assert!(after.contains("JG252") && after.contains("has 1 session from"), "{after}");
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_left_for_a_while_is_ended_by_the_first_apply_after_it() {
    for kind in SERVERS {
        let company = applied(Version::V4, kind, "disconnect after 30m").await;
        let mut conn = company.login(ACCOUNT).await.expect("a login");
        end(&company);
        let shown = plan(&company).await;
        assert!(shown.contains("open sessions are ended 30 minutes after the end"), "{shown}");
        assert_eq!(apply(&company).await, [0, 1, 0, 0]);
        assert!(is_open(&mut conn).await);
        assert!(company.login(ACCOUNT).await.is_err(), "nothing new can be opened");
        let held = "SELECT COUNT(*) FROM mysql.db WHERE User LIKE 'jump%'";
        assert_eq!(server(&company).rows(held).await, [["0"]]);

        // Nothing is due yet: no write, and no exit code for pending changes.
        server(&company).log_statements().await;
        company.jumpserver.clear_requests();
        assert_eq!(apply(&company).await, [0; 4]);
        assert!(is_settled(&company).await);
        assert!(plan(&company).await.contains("left until"));
        assert_eq!(server(&company).changes().await, [""; 0]);
        assert!(company.jumpserver.requests().iter().all(|request| request.is_read()));

        move_end(&company, 29);
        assert!(is_settled(&company).await);
        move_end(&company, 2);
        // What is still to be done takes nothing away: cron needs no flag for the guard.
        let done = company.run(&["apply", "--yes", "--format", "json"]).await.expect(0);
        assert_eq!(told(&done.stdout), [1, 0, 0, 0]);
        assert!(!is_open(&mut conn).await);
        assert_eq!(accounts(&company).await, 0);
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrowed_account_keeps_its_sessions_for_a_while_and_can_be_used_meanwhile() {
    for kind in SERVERS {
        let company = applied(Version::V4, kind, "disconnect after 2h").await;
        let mut conn = company.login(ACCOUNT).await.expect("a login");
        narrow(&company);
        assert_eq!(apply(&company).await, [0, 1, 0, 0]);
        assert!(is_open(&mut conn).await);
        assert!(is_settled(&company).await);
        company.login(ACCOUNT).await.expect("the account is there");

        // Widened meanwhile: it gets what it asks for, and the sessions are still left.
        company.write("requests/PAY-1300.yaml", &REQUEST.replace("orders.*", "billing.cards"));
        company.merge("cards, too");
        apply(&company).await;
        assert!(is_open(&mut conn).await);
        assert!(is_settled(&company).await);

        move_end(&company, 121);
        let [ended, left, ..] = apply(&company).await;
        assert!(ended > 0 && left == 0);
        assert!(!is_open(&mut conn).await);
        assert!(is_settled(&company).await);
        company.login(ACCOUNT).await.expect("the account is there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_nothing_waits() {
    for kind in SERVERS {
        let company = applied(Version::V3, kind, "disconnect after 24h").await;
        end(&company);
        assert_eq!(apply(&company).await, [0; 4]);
        assert_eq!(accounts(&company).await, 0);
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_by_itself_ends_the_wait_and_so_does_another_setting() {
    let company = applied(Version::V4, Kind::Mysql9, "disconnect after 24h").await;
    let mut conn = company.login(ACCOUNT).await.expect("a login");
    end(&company);
    assert_eq!(apply(&company).await, [0, 1, 0, 0]);
    set(&company, "disconnect");
    company.merge("no more waiting");
    assert_eq!(apply(&company).await, [1, 0, 0, 0]);
    assert!(!is_open(&mut conn).await);
    assert_eq!(accounts(&company).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_that_is_renewed_while_sessions_are_left_works_at_once() {
    let company = applied(Version::V4, Kind::Mariadb118, "disconnect after 24h").await;
    let mut conn = company.login(ACCOUNT).await.expect("a login");
    end(&company);
    assert_eq!(apply(&company).await, [0, 1, 0, 0]);
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("once more");
    // What was left of the ended access is over: the account begins anew.
    assert_eq!(apply(&company).await, [1, 0, 0, 0]);
    assert!(!is_open(&mut conn).await);
    let mut conn = company.login(ACCOUNT).await.expect("a login");
    assert!(is_open(&mut conn).await);
    assert!(is_settled(&company).await);
}
