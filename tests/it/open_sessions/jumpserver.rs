//! Sessions in JumpServer, on both versions.

use jiff::SignedDuration;
use jumpgate::mark::{Left, Mark};
use jumpgate_sandbox::{Fault, NewPermission, Rule, Version};
use uuid::Uuid;

use super::{is_settled, set, told};
use crate::support::company::Company;
use crate::support::servers::Kind;

const VERSIONS: [Version; 2] = [Version::V3, Version::V4];
const PERMISSION: &str = "jump_app_fanlichun";

fn request(assets: &str) -> String {
    format!(
        "for: fanlichun\nreason: look at the hosts\nservers:\n  - login: app\n    \
         assets: [{assets}]\n"
    )
}

/// The company with a request for both hosts applied, and a session of it on each.
async fn applied(version: Version, setting: &str) -> (Company, [Uuid; 2]) {
    let company = Company::with_hosts(version).await;
    set(&company, setting);
    company.write("requests/PAY-1.yaml", &request("pay-web-01, pay-web-02"));
    company.merge("hosts for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    let sessions = ["pay-web-01", "pay-web-02"]
        .map(|host| company.jumpserver.open_session("fanlichun", host, "app", "ssh"));
    (company, sessions)
}

/// Applies with or without the flag for the guard.
async fn apply(company: &Company, flag: bool) -> [u64; 4] {
    let mut args = vec!["apply", "--yes", "--format", "json"];
    args.extend(flag.then_some(["--allow-removals", "9"]).into_iter().flatten());
    told(&company.run(&args).await.expect(0).stdout)
}

fn open(company: &Company, sessions: [Uuid; 2]) -> [bool; 2] {
    sessions.map(|id| company.jumpserver.session_is_open(id))
}

fn end(company: &Company) {
    company.remove("requests/PAY-1.yaml");
    company.merge("done");
}

/// Moves the moment since which the permission's mark says that something is gone.
fn move_note(company: &Company, minutes: i64) {
    let permission = company.jumpserver.permission(PERMISSION).expect("it is there");
    let mark = Mark::parse(&permission.comment).expect("a mark");
    let left = mark.left.clone().expect("the mark says since when");
    let since = left.since - SignedDuration::from_mins(minutes);
    let mark = Mark { left: Some(Left { since, ..left }), ..mark };
    company.jumpserver.set_permission_comment(permission.id, &mark.comment("x"));
}

#[tokio::test(flavor = "multi_thread")]
async fn o15_sessions_are_ended_with_a_permission_and_no_others() {
    for version in VERSIONS {
        let (company, sessions) = applied(version, "disconnect").await;
        company.jumpserver.add_account("pay-web-01", "root", Some("another secret"));
        let others = [
            company.jumpserver.open_session("liwei", "pay-web-01", "app", "ssh"),
            company.jumpserver.open_session("fanlichun", "pay-web-01", "root", "ssh"),
        ];
        end(&company);
        let plan = company.run(&["plan"]).await.stdout;
        assert!(
            plan.contains("open sessions in JumpServer that nothing else allows are ended"),
            "{plan}"
        );
        assert_eq!(apply(&company, true).await, [0, 0, 2, 0]);
        assert_eq!(open(&company, sessions), [false, false]);
        assert_eq!(open(&company, others), [true, true]);
        assert!(company.jumpserver.permission(PERMISSION).is_none());
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrowing_ends_only_what_it_takes_away() {
    for version in VERSIONS {
        let (company, sessions) = applied(version, "disconnect").await;
        company.write("requests/PAY-1.yaml", &request("pay-web-01"));
        company.merge("one is enough");
        assert_eq!(apply(&company, true).await, [0, 0, 1, 0]);
        assert_eq!(open(&company, sessions), [true, false]);
        let permission = company.jumpserver.permission(PERMISSION).expect("it stays");
        assert_eq!(Mark::parse(&permission.comment).expect("a mark").left, None);
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_another_permission_allows_stays() {
    for version in VERSIONS {
        let (company, sessions) = applied(version, "disconnect").await;
        company.jumpserver.add_permission(NewPermission {
            name: "by hand".to_owned(),
            users: vec!["fanlichun".to_owned()],
            assets: vec!["pay-web-02".to_owned()],
            accounts: vec!["app".to_owned()],
            ..NewPermission::default()
        });
        end(&company);
        assert_eq!(apply(&company, true).await, [0, 0, 1, 0]);
        assert_eq!(open(&company, sessions), [false, true]);
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_report_sessions_stay_and_are_counted() {
    for version in VERSIONS {
        let (company, sessions) = applied(version, "report").await;
        end(&company);
        let done = company.run(&["apply", "--yes", "--allow-removals", "9"]).await.expect(0);
        assert!(done.stdout.contains("Open sessions left open: 2 in JumpServer."), "{done:?}");
        assert_eq!(open(&company, sessions), [true, true]);
        assert!(company.jumpserver.permission(PERMISSION).is_none());
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_left_for_a_while_behind_a_permission_that_is_switched_off() {
    for version in VERSIONS {
        let (company, sessions) = applied(version, "disconnect after 30m").await;
        end(&company);
        assert_eq!(apply(&company, true).await, [0, 0, 0, 2]);
        assert_eq!(open(&company, sessions), [true, true]);
        assert!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01").is_empty());
        company.jumpserver.clear_requests();
        assert_eq!(apply(&company, false).await, [0; 4]);
        assert!(is_settled(&company).await);
        assert!(company.jumpserver.requests().iter().all(|request| request.is_read()));
        move_note(&company, 29);
        assert!(is_settled(&company).await);
        move_note(&company, 2);
        // Nothing is taken away any more, so the guard has nothing to say.
        assert_eq!(apply(&company, false).await, [0, 0, 2, 0]);
        assert_eq!(open(&company, sessions), [false, false]);
        assert!(company.jumpserver.permission(PERMISSION).is_none());
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_behind_a_permission_that_another_hand_switched_off_are_left_no_longer() {
    for version in VERSIONS {
        let (company, sessions) = applied(version, "disconnect after 30m").await;
        let permission = company.jumpserver.permission(PERMISSION).expect("it is there");
        company.jumpserver.switch_permission_off(permission.id);
        end(&company);
        assert_eq!(apply(&company, true).await, [0, 0, 0, 2]);
        assert!(is_settled(&company).await, "until they are due nothing is to be done");
        move_note(&company, 31);
        assert_eq!(apply(&company, false).await, [0, 0, 2, 0]);
        assert_eq!(open(&company, sessions), [false, false]);
        assert!(company.jumpserver.permission(PERMISSION).is_none());
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrowing_leaves_sessions_for_a_while() {
    for version in VERSIONS {
        let (company, sessions) = applied(version, "disconnect after 1h").await;
        company.write("requests/PAY-1.yaml", &request("pay-web-01"));
        company.merge("one is enough");
        assert_eq!(apply(&company, true).await, [0, 0, 0, 1]);
        assert!(is_settled(&company).await);
        move_note(&company, 61);
        assert_eq!(apply(&company, false).await, [0, 0, 1, 0]);
        assert_eq!(open(&company, sessions), [true, false]);
        assert!(is_settled(&company).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn access_that_is_renewed_while_sessions_are_left_keeps_them() {
    let (company, sessions) = applied(Version::V4, "disconnect after 1h").await;
    end(&company);
    assert_eq!(apply(&company, true).await, [0, 0, 0, 2]);
    company.write("requests/PAY-1.yaml", &request("pay-web-01"));
    company.merge("one of them is needed again");
    apply(&company, false).await;
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);
    assert_eq!(open(&company, sessions), [true, true]);
    assert!(is_settled(&company).await);
    move_note(&company, 61);
    assert_eq!(apply(&company, false).await, [0, 0, 1, 0]);
    assert_eq!(open(&company, sessions), [true, false]);
    assert!(is_settled(&company).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_runs_out_by_itself_takes_its_sessions_along() {
    for (setting, at_once) in [("disconnect", true), ("disconnect after 30m", false)] {
        let company = Company::with_hosts(Version::V4).await;
        set(&company, setting);
        let soon = company.jumpserver.now() + SignedDuration::from_mins(2);
        let until = soon.to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:00Z");
        let asked = format!("{}until: {until}\n", request("pay-web-01"));
        company.write("requests/PAY-1.yaml", &asked);
        company.merge("for a moment");
        company.run(&["apply", "--yes"]).await.expect(0);
        let session = company.jumpserver.open_session("fanlichun", "pay-web-01", "app", "ssh");
        let permissions = company.jumpserver.permissions();
        let ours = permissions.iter().find(|row| row.name.starts_with(PERMISSION));
        let (id, name) = ours.map(|row| (row.id, row.name.clone())).expect("it is made");
        // As if the time had passed: the end is moved there and in the mark, and the
        // request has ended by its own words.
        let past = company.jumpserver.now() - SignedDuration::from_mins(3);
        let past = jiff::Timestamp::from_second(past.as_second()).expect("a moment");
        company.jumpserver.end_permission(id, past);
        let mark = Mark::parse(&company.jumpserver.permission(&name).expect("it").comment);
        let mut mark = mark.expect("a mark");
        mark.end = Some(past);
        mark.requests.values_mut().for_each(|end| *end = Some(past));
        company.jumpserver.set_permission_comment(id, &mark.comment("x"));
        company.write("requests/PAY-1.yaml", &asked.replace(&until.to_string(), "2026-01-02"));
        company.git(&["commit", "--quiet", "--all", "--message", "it is over"]);
        let told = apply(&company, false).await;
        assert_eq!(told, [0, 0, u64::from(at_once), 0], "{setting}");
        assert_eq!(company.jumpserver.session_is_open(session), !at_once);
        assert!(is_settled(&company).await);
        if !at_once {
            company.jumpserver.end_permission(id, past - SignedDuration::from_mins(30));
            assert_eq!(apply(&company, false).await, [0, 0, 1, 0]);
            assert!(!company.jumpserver.session_is_open(session));
        }
        assert!(company.jumpserver.permission(&name).is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cut_before_sessions_are_ended_is_taken_up() {
    for version in VERSIONS {
        for narrowed in [false, true] {
            let (company, sessions) = applied(version, "disconnect").await;
            match narrowed {
                true => {
                    company.write("requests/PAY-1.yaml", &request("pay-web-01"));
                    company.merge("one is enough");
                }
                false => end(&company),
            }
            let kill = Rule::on("POST", "kill-session");
            company.jumpserver.fault(
                kill,
                Fault::answer(500, serde_json::json!({"error": "Server internal error"})),
            );
            company.run(&["apply", "--yes", "--allow-removals", "9"]).await.expect(5);
            assert!(company.jumpserver.usable_accounts("fanlichun", "pay-web-02").is_empty());
            assert_eq!(open(&company, sessions), [true, true]);
            company.jumpserver.clear_faults();
            assert_eq!(apply(&company, false).await, [0, 0, if narrowed { 1 } else { 2 }, 0]);
            assert_eq!(open(&company, sessions), [narrowed, false]);
            assert!(is_settled(&company).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_access_ends_and_the_run_says_what_is_missing() {
    let (mut company, sessions) = applied(Version::V4, "disconnect").await;
    let rights: Vec<&str> = jumpgate::jumpserver::rights::RIGHTS
        .iter()
        .map(|right| right.code)
        .filter(|code| *code != "terminal.terminate_session")
        .collect();
    let token = company.jumpserver.add_token("cron", &rights);
    company.use_token(token);
    end(&company);
    let done = company.run(&["apply", "--yes", "--allow-removals", "9"]).await.expect(5);
    assert!(done.stdout.contains("terminal.terminate_session"), "{done:?}");
    assert!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01").is_empty());
    assert_eq!(open(&company, sessions), [true, true]);
    let doctor = company.run(&["doctor"]).await.expect(1);
    assert!(doctor.stdout.contains("lacks the right terminal.terminate_session"), "{doctor:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_to_a_database_is_ended_on_both_sides() {
    let company = super::applied(Version::V4, Kind::Mariadb118, "disconnect").await;
    let mut conn = company.login(super::ACCOUNT).await.expect("a login");
    let session =
        company.jumpserver.open_session("fanlichun", "orders-prod", super::ACCOUNT, "mariadb");
    end_database(&company);
    assert_eq!(super::apply(&company).await, [1, 0, 1, 0]);
    assert!(!company.jumpserver.session_is_open(session));
    assert!(!super::is_open(&mut conn).await);
    assert!(is_settled(&company).await);
}

fn end_database(company: &Company) {
    company.remove("requests/PAY-1234.yaml");
    company.merge("done");
}
