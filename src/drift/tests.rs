//! Drift on the model of both systems.

use super::*;
use crate::access::model::Access;
use crate::grants;
use crate::jumpserver::operate_log::Logged;
use crate::mark::HandoverState;
use crate::mysql::privilege::Privilege;
use crate::mysql::spec::Row;
use crate::observed::Instance;
use crate::plan::tests::world::{World, at, repo};
use crate::report::{self, Drift, DriftContext, Look, markdown};

const REFUNDS: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
from: 2026-12-01
until: 2027-02-28
servers:
  - login: app
    nodes: [/Default/payments/prod]
databases:
  - { instance: orders-prod, level: r, tables: ['orders.*'] }
";

/// A request for another database that ends sooner.
const CARDS: &str = "for: fanlichun
reason: cards
until: 2026-12-31
databases:
  - { instance: orders-prod, level: r, tables: [billing.cards] }
";

/// When the commit was made, and when it was applied.
const MADE: &str = "2026-12-01T01:00:00Z";
const APPLIED: &str = "2026-12-01T02:00:00Z";

fn found(world: &World, access: &Access, moment: &str) -> Found {
    let grants = grants::of(access);
    find(&Inputs {
        access,
        grants: &grants,
        observed: &world.observed,
        since: at(MADE),
        moment: at(moment),
        unproven: &Unproven::new(),
    })
}

fn applied(requests: &[(&str, &str)]) -> (World, Access) {
    let access = repo(requests, &[]);
    let mut world = World::new();
    world.apply(&access, APPLIED);
    (world, access)
}

fn names(objects: &[Object]) -> Vec<&str> {
    objects.iter().map(|object| object.items[0].name.as_str()).collect()
}

#[test]
fn what_was_applied_does_not_drift() {
    let (world, access) = applied(&[("r", REFUNDS)]);
    assert_eq!(found(&world, &access, "2027-02-28T15:00:00Z"), Found::default());
}

#[test]
fn an_end_that_has_come_is_due_and_no_drift_until_nothing_does_it_for_a_day() {
    let (world, access) = applied(&[("r", REFUNDS)]);
    let soon = found(&world, &access, "2027-02-28T17:00:00Z");
    assert_eq!(soon.due.len(), 3, "{soon:?}");
    assert!(soon.changes.is_empty(), "{soon:?}");
    assert_eq!(soon.due[0].due, Some(at("2027-02-28T16:00:00Z")));
    let late = found(&world, &access, "2027-03-01T17:00:00Z");
    assert_eq!((late.due.len(), late.changes.len()), (0, 3), "{late:?}");
    assert_eq!(late.changes[0].due, Some(at("2027-02-28T16:00:00Z")));
}

#[test]
fn a_start_that_has_come_is_due() {
    let from = REFUNDS.replace("2026-12-01", "2026-12-24");
    let (world, access) = applied(&[("r", &from)]);
    // The server's permission was made ahead; the account is made at the start.
    let soon = found(&world, &access, "2026-12-24T01:00:00Z");
    assert_eq!(
        names(&soon.due),
        ["jump_db_fanlichun_r_20261224-20270228", "jump_db_fanlichun_r"],
        "{soon:?}"
    );
    assert!(soon.changes.is_empty());
}

#[test]
fn what_a_hand_made_is_told_without_what_time_brought_in_the_same_account() {
    let (mut world, access) = applied(&[("cards", CARDS), ("r", REFUNDS)]);
    let account = world.server().accounts.values_mut().next().expect("an account");
    let row = Row { privileges: [Privilege::Select].into(), grant_option: false };
    account.held.databases.insert("hr".to_owned(), row);
    let found = found(&world, &access, "2026-12-31T17:00:00Z");
    assert_eq!(names(&found.changes), ["jump_db_fanlichun_r"], "{found:?}");
    let steps = format!("{:?}", found.changes[0].items[0].what);
    assert!(steps.contains("hr") && !steps.contains("billing"), "{steps}");
    assert_eq!(names(&found.due), ["jump_db_fanlichun_r_20261231"], "{found:?}");
}

#[test]
fn what_apply_has_begun_is_its_own() {
    let (mut world, access) = applied(&[("r", REFUNDS)]);
    let account = world.live().accounts.values_mut().next().expect("an account");
    let mark = account.mark.as_mut().expect("a mark");
    mark.handover.as_mut().expect("a handover").state = HandoverState::Narrowing;
    let found = found(&world, &access, APPLIED);
    assert_eq!((found.begun.len(), found.changes.len()), (1, 0), "{found:?}");
}

#[test]
fn a_lock_by_another_hand_is_a_sign() {
    let (mut world, access) = applied(&[("r", REFUNDS)]);
    world.server().accounts.values_mut().next().expect("an account").locked = true;
    let found = found(&world, &access, APPLIED);
    let codes: Vec<Kind> = found.signs.iter().map(|sign| sign.code).collect();
    assert_eq!(codes, [Kind::Locked], "{found:?}");
}

/// What a request lacks is the plan's to tell, every day again; drift tells what it cannot see.
#[test]
fn only_what_could_not_be_compared_is_an_error() {
    let host = REFUNDS.replace("    nodes: [/Default/payments/prod]", "    assets: [pay-web-01]");
    let lacking = |change: &dyn Fn(&mut World)| {
        let (mut world, access) = applied(&[("r", &host)]);
        change(&mut world);
        let found = found(&world, &access, APPLIED);
        found.errors.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let nobody = lacking(&|world| {
        world.live().users.remove("fanlichun");
    });
    assert_eq!(nobody, []);
    let no_host = lacking(&|world| {
        world.live().assets.remove("pay-web-01");
    });
    assert_eq!(no_host, []);
    let no_asset = lacking(&|world| {
        world.live().assets.remove("orders-prod");
    });
    assert_eq!(no_asset, [Kind::AssetMissing]);
    let dead = lacking(&|world| {
        let why = Instance::Unreadable("it does not answer".to_owned());
        world.observed.instances.insert("orders-prod".parse().expect("a name"), why);
    });
    assert_eq!(dead, [Kind::Unreadable]);
}

/// A permission that was widened, one that is gone, and one that nobody asked for.
fn drifted() -> (World, Access) {
    let (mut world, access) = applied(&[("cards", CARDS), ("r", REFUNDS)]);
    let live = world.live();
    let name = "jump_app_fanlichun_20261201-20270228";
    let app = live.permissions.values_mut().find(|seen| seen.spec.name == name);
    let app = app.expect("the permission");
    app.spec.actions.insert("delete".to_owned());
    app.spec.assets.insert("pay-web-01".to_owned());
    live.permissions.retain(|_, seen| seen.spec.name != "jump_db_fanlichun_r_20261231");
    world.server().accounts.values_mut().next().expect("an account").locked = true;
    (world, access)
}

fn report(user: &str) -> (Drift, jiff::tz::TimeZone) {
    let (world, access) = drifted();
    let moment = "2026-12-02T02:00:00Z";
    let found = found(&world, &access, moment);
    let logged = |user: &str, action: &str, moment: &str| Logged {
        user: user.to_owned(),
        action: action.to_owned(),
        resource: "jump_app_fanlichun_20261201-20270228".to_owned(),
        from: Some("192.0.2.7".to_owned()),
        at: at(moment),
    };
    let log = [
        logged("jumpgate(svc-apply)", "create", APPLIED),
        logged(user, "update", "2026-12-01T08:30:00Z"),
    ];
    let hands = found
        .changes
        .iter()
        .map(|object| {
            let names = super::names(object, &access, &world.observed.jumpserver);
            let about = log.iter().filter(|one| names.contains(&one.resource)).cloned();
            told_by(about.collect(), Some("jumpgate"))
        })
        .collect();
    let zone = access.config.zone.clone();
    let context = DriftContext {
        access: &access,
        observed: &world.observed,
        commit: &"8c8f9f0e4b".repeat(4),
        since: at(MADE),
        moment: at(moment),
        hands,
        logs: Logs::Read,
    };
    (Drift::of(found, context), zone)
}

#[test]
fn drift_reads_well() {
    let (drift, zone) = report("李伟(liwei)");
    insta::assert_snapshot!(report::drift_text(&drift, &zone, Look::default()));
}

#[test]
fn an_issue_reads_well_and_keeps_its_limit() {
    let form = |limit| markdown::Form { limit, links: markdown::Links::default() };
    let (drift, zone) = report("李伟(liwei)");
    insta::assert_snapshot!(markdown::drift(&drift, &zone, &form(markdown::GITHUB_LIMIT)));
    let mut long = drift.clone();
    long.changes = std::iter::repeat_n(drift.changes[0].clone(), 500).collect();
    let body = markdown::drift(&long, &zone, &form(markdown::LEAST));
    assert!(body.chars().count() <= markdown::LEAST, "{}", body.len());
    assert!(body.contains("Not shown") && body.contains("closed"), "{body}");
}

#[test]
fn a_user_with_a_hostile_name_is_shown_as_what_it_is() {
    let user = "x</code> <script>@all #1 [a](b) <!-- \u{202e}`\n::error::x(y)";
    let (drift, zone) = report(user);
    let form = markdown::Form { limit: 65_536, links: markdown::Links::default() };
    let body = markdown::drift(&drift, &zone, &form);
    assert_eq!(markdown::tests::wrong(&body), [""; 0], "{body}");
    assert!(!body.contains('\u{202e}') && body.contains("script"), "{body}");
    let text = report::drift_text(&drift, &zone, Look::default());
    assert!(!text.contains('\u{202e}') && !text.lines().any(|l| l.trim_start().starts_with("::")));
}
