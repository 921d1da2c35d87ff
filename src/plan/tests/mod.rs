//! Plans for whole repos, carried out on a model.

mod adopt;
mod alias;
mod ambiguous;
mod another_user;
mod corrected;
mod foreign;
mod held_back;
mod hosts;
mod impossible;
mod in_the_way;
mod kept;
mod moved;
mod opened;
mod ours_only;
mod random;
mod release;
mod renamed;
mod renew;
mod shared;
mod taken_back;
mod told;
mod usable;
mod users;
pub(crate) mod world;

use self::world::{DATABASE, JUMPGATE, SERVERS, World, at, repo};
use super::finding::Kind;
use super::reason::State;
use super::*;
use crate::jumpserver::spec::SeenPermission;
use crate::mark::Left;
use crate::mysql::privilege::Privilege;
use crate::mysql::spec::Row;
use crate::report::{self, Look, Report};

const REFUNDS: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
from: 2026-12-01
until: 2027-02-28
servers:
  - login: app
    nodes: [/Default/payments/prod]
    assets: [pay-web-01]
databases:
  - instance: orders-prod
    level: r
    tables:
      - orders.*
      - billing.invoices
      - billing.cards(id, last4)
";

/// One host.
const HOST: &str = "for: fanlichun
reason: web
until: 2027-02-28
servers:
  - { login: app, assets: [pay-web-01] }
";

/// One table.
const TABLE: &str = "for: fanlichun
reason: refunds
until: 2027-02-28
databases:
  - { instance: orders-prod, level: r, tables: [billing.invoices] }
";

const NOW: &str = "2026-12-01T02:00:00Z";

fn text(plan: &Plan, access: &Access, world: &World, moment: &str) -> String {
    let context = report::Context {
        access,
        observed: &world.observed,
        moment: at(moment),
        commit: Some("8c8f9f0e4b7a1d2c3b4a59687f6e5d4c3b2a1908"),
    };
    report::render(&Report::of(plan, &context), Look::default())
}

fn kinds(plan: &Plan) -> Vec<Kind> {
    plan.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn the_first_plan_reads_well() {
    let access = repo(&[("2026/PAY-1234-refunds", REFUNDS)], &[]);
    let mut world = World::new();
    let plan = world.apply(&access, NOW);
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
}

#[test]
fn the_end_takes_everything_and_trips_no_guard() {
    let access = repo(&[("2026/PAY-1234-refunds", REFUNDS)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    let end = "2027-02-28T16:00:00Z";
    assert!(world.plan(&access, "2027-02-28T15:59:00Z").items.is_empty());
    let plan = world.apply(&access, end);
    assert_eq!(plan.removals.counted, 0);
    insta::assert_snapshot!(text(&plan, &access, &world, end));
    assert!(world.server().accounts.is_empty());
    assert!(world.live().permissions.is_empty() && world.live().accounts.is_empty());
}

#[test]
fn renewing_replaces_before_it_takes_away() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let longer = REFUNDS.replace("2027-02-28", "2027-03-31");
    let access = repo(&[("r", &longer)], &[]);
    let plan = world.apply(&access, NOW);
    assert_eq!(plan.removals.counted, 0, "a renewed request takes nothing away");
    let phases: Vec<Phase> = plan.items.iter().map(|item| item.phase).collect();
    assert!(phases.is_sorted(), "{phases:?}");
    let replaced = plan.items.iter().filter(|item| item.phase == Phase::Replaced);
    assert!(replaced.clone().count() == 2 && replaced.clone().all(|item| !item.needs.is_empty()));
}

#[test]
fn o04_one_of_two_requests_expires() {
    let short = "for: fanlichun
reason: look at orders
until: 2026-12-10
databases: [{ instance: orders-prod, level: r, tables: [orders.*] }]
";
    let long = short.replace("2026-12-10", "2027-01-31").replace("orders.*", "billing.*");
    let access = repo(&[("short", short), ("long", &long)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    let plan = world.apply(&access, "2026-12-10T16:00:00Z");
    assert_eq!(plan.removals.counted, 0, "the mark records that end");
    let account = world.server().accounts.values().next().expect("an account").clone();
    assert_eq!(account.held.databases.keys().collect::<Vec<_>>(), ["billing"]);
}

#[test]
fn a_removed_request_counts_for_the_guard() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let plan = world.apply(&repo(&[], &[("requests/.keep", "")]), NOW);
    assert_eq!(plan.removals, Removals { counted: 3, ended: 0, owned: 3 });
    assert!(plan.stop.is_some(), "all of three is more than 20 percent");
}

#[test]
fn a_mark_with_an_end_at_the_edge_of_time_is_an_end() {
    let mut world = World::new();
    let access = repo(&[("r", REFUNDS)], &[]);
    world.apply(&access, NOW);
    for (end, state) in [(Timestamp::MIN, State::Ended), (Timestamp::MAX, State::Removed)] {
        for seen in world.live().permissions.values_mut() {
            let mark = seen.mark.as_mut().expect("a mark");
            mark.requests = [("2026/GONE".parse().expect("a request"), Some(end))].into();
        }
        let plan = world.plan(&access, NOW);
        let mut because = plan.items.iter().flat_map(|item| &item.because);
        assert!(because.any(|reason| reason.state == state), "{:#?}", plan.items);
        let _ = text(&plan, &access, &world, NOW);
    }
}

#[test]
fn a_missing_user_blocks_only_his_part() {
    let other = REFUNDS.replace("fanlichun", "liwei");
    let access = repo(&[("a", REFUNDS), ("b", &other)], &[]);
    let mut world = World::new();
    world.live().users.remove("fanlichun");
    world.live().near.users.insert("fanlichun".to_owned(), vec!["FanLichun".to_owned()]);
    let plan = world.apply(&access, NOW);
    assert!(plan.is_partial());
    assert!(
        plan.items.iter().all(|item| item.person.as_ref().is_some_and(|p| p.as_str() == "liwei"))
    );
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
}

#[test]
fn a_user_made_anew_gets_nothing_until_the_file_says_so() {
    let access = repo(&[("r", REFUNDS)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    let id = world.user("fanlichun");
    let plan = world.plan(&access, NOW);
    assert!(plan.items.is_empty(), "{:#?}", plan.items);
    assert!(kinds(&plan).contains(&Kind::UserMadeAnew));
    let file = format!("name: 范立春\njumpserver-id: {id}\n");
    let access = repo(&[("r", REFUNDS)], &[("people/fanlichun.yaml", &file)]);
    let plan = world.apply(&access, NOW);
    assert!(!plan.items.is_empty() && !plan.is_partial());
    assert!(world.live().permissions.values().all(|seen| seen.user_ids.contains_key(&id)));
}

#[test]
fn sessions_that_are_due_are_looked_for_when_the_person_gets_nothing() {
    let access = repo(&[("r", REFUNDS)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    world.user("fanlichun");
    assert!(world.plan(&access, NOW).items.is_empty());
    for seen in world.live().permissions.values_mut() {
        let left = Left { assets: ["orders-prod".to_owned()].into(), ..Left::default() };
        seen.mark.as_mut().expect("a mark").left = Some(left);
    }
    let plan = world.plan(&access, NOW);
    assert_eq!(plan.items.len(), world.live().permissions.len(), "{:#?}", plan.items);
    for item in &plan.items {
        let What::Permission { action, mark: Some(mark), .. } = &item.what else {
            panic!("{item:#?}")
        };
        assert!(matches!(&**action, permissions::Action::Update { mark: true, .. }), "{action:#?}");
        assert_eq!(mark.left, None);
    }
}

#[test]
fn a_tightened_policy_gives_nothing_new_and_takes_nothing_early() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let policy = "environments: [prod]
limits:
  - { when: { environment: prod }, longest: 7d }
";
    let wider = REFUNDS.replace("- orders.*", "- orders.*\n      - billing.*");
    let access = repo(&[("r", &wider)], &[("policy.yaml", policy)]);
    let plan = world.plan(&access, NOW);
    assert!(plan.breaks_policy() && plan.items.is_empty(), "{:#?}", plan.items);
    // The request now asks for longer, which policy forbids: the old end stays.
    let longer = REFUNDS.replace("2027-02-28", "2027-12-31");
    let access = repo(&[("r", &longer)], &[("policy.yaml", policy)]);
    let plan = world.plan(&access, NOW);
    assert!(plan.breaks_policy() && plan.items.is_empty(), "{:#?}", plan.items);
    world.apply(&access, "2027-02-28T16:00:00Z");
    assert!(world.server().accounts.is_empty() && world.live().permissions.is_empty());
}

#[test]
fn another_server_under_the_name_changes_nothing() {
    let mut world = World::new();
    let access = repo(&[("r", REFUNDS)], &[]);
    world.apply(&access, NOW);
    let asset = world.live().assets["orders-prod"].id;
    let known = crate::jumpserver::spec::AnchoredInstance {
        server: "another-uuid".to_owned(),
        asset,
        account_host: None,
    };
    world.live().anchor = Some(crate::jumpserver::spec::Anchor {
        instances: [("orders-prod".to_owned(), known)].into(),
        ..Default::default()
    });
    world.server().accounts.clear();
    let plan = world.plan(&access, NOW);
    assert!(plan.items.is_empty() && kinds(&plan).contains(&Kind::OtherServer));
    let accepted = BTreeSet::from(["orders-prod".parse().expect("an instance")]);
    let grants = crate::grants::of(&access);
    let plan = make(&Inputs {
        access: &access,
        grants: &grants,
        desired: &crate::desired::at(&access, &grants, at(NOW)),
        observed: &world.observed,
        moment: at(NOW),
        new_servers: &accepted,
        unproven: &Default::default(),
    });
    assert_eq!(plan.items.len(), 1);
}

#[test]
fn an_unreadable_server_stops_only_itself() {
    let mut world = World::new();
    let access = repo(&[("r", REFUNDS)], &[]);
    let name = "orders-prod".parse().expect("an instance");
    let why = "cannot connect to orders-prod.db.acme.example:3306: nothing listens there";
    let broken = crate::observed::Instance::Unreadable(why.to_owned());
    world.observed.instances.insert(name, broken);
    let plan = world.plan(&access, NOW);
    assert_eq!(plan.items.len(), 1, "the hosts go on: {:#?}", plan.items);
    assert!(plan.is_partial());
}

#[test]
fn on_a_server_that_takes_no_writes_nothing_is_planned() {
    let mut world = World::new();
    let access = repo(&[("r", REFUNDS)], &[]);
    world.server().server.not_writable = Some("it is read-only (read_only is on)".to_owned());
    let plan = world.plan(&access, NOW);
    assert_eq!(plan.items.len(), 1, "the hosts go on: {:#?}", plan.items);
    assert!(kinds(&plan).contains(&Kind::NotWritable) && plan.is_partial());
    // What stands there stays, also when nobody asks for it any more.
    world.server().server.not_writable = None;
    world.apply(&access, NOW);
    world.server().server.not_writable = Some("it is read-only (read_only is on)".to_owned());
    let liwei = repo(&[("s", &REFUNDS.replace("fanlichun", "liwei"))], &[]);
    let plan = world.plan(&liwei, NOW);
    let elsewhere = |item: &Item| item.target == Target::JumpServer;
    assert!(!plan.is_empty() && plan.items.iter().all(elsewhere), "{:#?}", plan.items);
}

#[test]
fn what_cannot_be_replaced_now_stays() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let name: crate::names::InstanceName = "orders-prod".parse().expect("an instance");
    let broken = crate::observed::Instance::Unreadable("nothing listens there".to_owned());
    let read = world.observed.instances.insert(name.clone(), broken).expect("it was read");
    let opens = |world: &World| {
        let all = world.observed.jumpserver.permissions.values();
        let opening = all.filter(|seen| seen.spec.assets.contains("orders-prod"));
        opening.map(|seen| (seen.spec.name.clone(), seen.spec.end)).collect::<Vec<_>>()
    };
    let before = opens(&world);

    // Renewed: the old one stays as it is.
    let longer = repo(&[("r", &REFUNDS.replace("2027-02-28", "2027-03-31"))], &[]);
    world.apply(&longer, NOW);
    assert_eq!(opens(&world), before);
    assert!(world.plan(&longer, NOW).is_empty());
    // Shortened: it stays, and ends when it should.
    let shorter = repo(&[("r", &REFUNDS.replace("2027-02-28", "2027-01-31"))], &[]);
    world.apply(&shorter, NOW);
    let end: Timestamp = "2027-01-31T16:00:00Z".parse().expect("a moment");
    assert_eq!(opens(&world), [(before[0].0.clone(), end)]);
    // Taken away: it goes at once.
    let none = repo(&[], &[("requests/.keep", "")]);
    let deleted = world.plan(&none, NOW).items.into_iter().filter(|item| match &item.what {
        What::Permission { action, .. } => matches!(**action, permissions::Action::Delete { .. }),
        _ => false,
    });
    assert_eq!(deleted.count(), 2);

    world.observed.instances.insert(name, read);
    world.apply(&longer, NOW);
    let end: Timestamp = "2027-03-31T16:00:00Z".parse().expect("a moment");
    assert_eq!(opens(&world), [("jump_db_fanlichun_r_20261201-20270331".to_owned(), end)]);
}

#[test]
fn what_has_ended_goes_before_a_new_password_opens_the_account() {
    use crate::handover::Step;
    use crate::plan::accounts::AccountStep;

    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let account = world.server().accounts.values_mut().next().expect("an account");
    account.password_changed = Some(NOW.parse().expect("a moment"));
    let less = repo(&[("r", &REFUNDS.replace("      - orders.*\n", ""))], &[]);
    let plan = world.plan(&less, NOW);
    let changes = plan.items.iter().filter_map(|item| match &item.what {
        What::Account { change } => Some(change),
        _ => None,
    });
    let steps: Vec<&AccountStep> = changes.flat_map(|change| &change.steps).collect();
    let place = |wanted: fn(&AccountStep) -> bool| steps.iter().position(|step| wanted(step));
    let revoke = place(|step| matches!(step, AccountStep::Grants { .. })).expect("a revoke");
    let password = place(|step| *step == AccountStep::Handover(Step::SetPassword));
    assert!(revoke < password.expect("a new password"), "{steps:?}");
}

#[test]
fn o20_same_name_other_host() {
    let mut world = World::new();
    let access = repo(&[("r", REFUNDS)], &[]);
    world.apply(&access, NOW);
    let mut other = world.server().accounts.values().next().expect("an account").clone();
    other.name.host = "%".to_owned();
    other.evidence = None;
    world.server().accounts.insert(other.name.clone(), other);
    let plan = world.plan(&access, NOW);
    assert!(plan.items.is_empty());
    assert_eq!(kinds(&plan).iter().filter(|kind| **kind == Kind::LookAlike).count(), 1);
    // Grants under such a name work without an account, too.
    let left = world.server().accounts.keys().find(|name| name.host == "%").cloned();
    let left = left.expect("the other one");
    world.server().accounts.remove(&left);
    world.server().leftovers.insert(left);
    let plan = world.plan(&access, NOW);
    assert!(plan.items.is_empty());
    assert_eq!(kinds(&plan).iter().filter(|kind| **kind == Kind::LookAlike).count(), 1);
}

#[test]
fn a_changed_account_host_ends_the_old_account() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let file = DATABASE.replace("10.8.0.%", "10.9.0.%");
    let access = repo(&[("r", REFUNDS)], &[("inventory/databases/orders-prod.yaml", &file)]);
    world.apply(&access, NOW);
    let hosts: Vec<&str> = world.server().accounts.keys().map(|name| name.host.as_str()).collect();
    assert_eq!(hosts, ["10.9.0.%"]);
}

#[test]
fn drift_on_an_account_is_taken_back() {
    let mut world = World::new();
    let access = repo(&[("r", REFUNDS)], &[]);
    world.apply(&access, NOW);
    let account = world.server().accounts.values_mut().next().expect("an account");
    account.held.databases.insert("hr".to_owned(), Row::default());
    let row = account.held.databases.get_mut("hr").expect("a row");
    row.privileges.insert(crate::mysql::privilege::Privilege::Select);
    let plan = world.apply(&access, NOW);
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
}

#[test]
fn a_cut_between_revoke_and_the_end_of_sessions_is_made_good() {
    use crate::handover::Step;
    use crate::plan::accounts::AccountStep;

    let mut world = World::new();
    let access = repo(&[("r", REFUNDS)], &[]);
    world.apply(&access, NOW);
    // The revoke was carried out, and nothing after it.
    let account = world.live().accounts.values_mut().next().expect("an account");
    let mark = account.mark.as_mut().expect("a mark");
    mark.handover.as_mut().expect("a handover").state = crate::mark::HandoverState::Narrowing;
    let plan = world.apply(&access, NOW);
    let [item] = plan.items.as_slice() else { panic!("{:?}", plan.items) };
    let What::Account { change } = &item.what else { panic!("{item:?}") };
    assert!(matches!(
        change.steps.as_slice(),
        [AccountStep::Handover(Step::KillSessions), AccountStep::Mark { .. }]
    ));
    assert!(world.plan(&access, NOW).is_empty());
}

#[test]
fn what_does_not_exist_is_told_at_its_line_and_not_granted() {
    let mut world = World::new();
    world.server().existing.databases.insert(
        "orders".to_owned(),
        crate::mysql::live::Known::Missing { near: vec!["orders_v2".to_owned()] },
    );
    world.live().assets.remove("pay-web-01");
    let access = repo(&[("r", REFUNDS)], &[]);
    let plan = world.apply(&access, NOW);
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
}

#[test]
fn a_plan_is_the_same_every_time_and_can_be_narrowed() {
    let other = REFUNDS.replace("fanlichun", "liwei");
    let access = repo(&[("a", REFUNDS), ("b", &other)], &[]);
    let world = World::new();
    let plan = world.plan(&access, NOW);
    assert_eq!(plan, world.plan(&access, NOW));
    assert_eq!(plan.checksum(), world.plan(&access, "2026-12-02T02:00:00Z").checksum());
    let focus = Focus { people: ["liwei".parse().expect("a person")].into(), ..Focus::default() };
    let narrow = focus.narrow(plan.clone());
    assert_eq!(narrow.items.len() * 2, plan.items.len());
    assert!(JUMPGATE.contains("acme"));
}

/// What a step gives and takes, whatever it is called and whenever it is carried out.
#[test]
fn a_step_says_what_it_gives_and_takes() {
    let cards = "for: fanlichun\nreason: cards\nuntil: 2026-12-31\ndatabases:\n  - { instance: orders-prod, level: r, tables: [billing.cards] }\n";
    let orders = cards.replace("cards", "orders").replace("2026-12-31", "2027-02-28");
    let orders = orders.replace("[billing.orders]", "['orders.*']");
    let access = repo(&[("cards", cards), ("orders", &orders)], &[]);
    let mut world = World::new();
    let sides = |plan: &Plan| -> Vec<(bool, bool)> {
        plan.items.iter().map(|item| (item.what.gives(), item.what.takes())).collect()
    };
    assert_eq!(sides(&world.apply(&access, NOW)), [(true, false); 3]);
    // The account stays, and so does one of the two permissions.
    let plan = world.plan(&access, "2027-01-01T00:00:00Z");
    assert_eq!(sides(&plan), [(false, true); 2], "{:?}", plan.items);
    // Of another hand: it is taken back.
    let account = world.server().accounts.values_mut().next().expect("an account");
    let row = Row { privileges: [Privilege::Delete].into(), grant_option: false };
    account.held.databases.insert("hr".to_owned(), row);
    assert_eq!(sides(&world.plan(&access, NOW)), [(false, true)]);
    // Another end alone, of the same requests.
    let mut world = World::new();
    world.apply(&access, NOW);
    let sooner = orders.replace("2027-02-28", "2027-01-31");
    let access = repo(&[("cards", cards), ("orders", &sooner)], &[]);
    let plan = world.plan(&access, NOW);
    let account = plan.items.iter().find(|item| matches!(item.what, What::Account { .. }));
    let account = &account.expect("its mark").what;
    assert!(!account.gives() && !account.takes(), "{account:?}");
}
