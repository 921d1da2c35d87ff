//! What stays of somebody who gets nothing new is never more than was there.

use super::foreign::foreign;
use super::world::Edit;
use super::*;
use crate::jumpserver::spec::{PermissionSpec, SeenUser};

const HOSTS: &str = "for: fanlichun
reason: web
until: 2027-02-28
servers:
  - { login: app, nodes: [/Default/payments/prod], assets: [pay-web-01] }
";
const CARDS: &str = "for: fanlichun
reason: cards
until: 2027-02-28
databases:
  - { instance: orders-prod, level: r, tables: ['billing.cards(id, last4)'] }
";

/// Takes the person's user out of what JumpServer shows: the person gets nothing new.
fn hide_user(world: &mut World) -> SeenUser {
    world.live().users.remove("fanlichun").expect("a user")
}

#[test]
fn a_permission_made_narrower_by_hand_is_not_made_wider() {
    let narrower: [Edit<PermissionSpec>; 8] = [
        ("assets", |spec| spec.assets.clear()),
        ("nodes", |spec| spec.nodes.clear()),
        ("accounts", |spec| spec.accounts = ["nobody".to_owned()].into()),
        ("protocols", |spec| drop(spec.protocols.pop_first())),
        ("actions", |spec| drop(spec.actions.pop_first())),
        ("start", |spec| spec.start = at("2027-01-01T00:00:00Z")),
        ("end", |spec| spec.end = at("2027-01-01T00:00:00Z")),
        ("active", |spec| spec.active = false),
    ];
    let access = repo(&[("r", HOSTS)], &[]);
    for (part, narrow) in narrower {
        let mut world = World::new();
        world.apply(&access, NOW);
        let seen = world.live().permissions.values_mut().next().expect("a permission");
        narrow(&mut seen.spec);
        let user = hide_user(&mut world);
        let plan = world.plan(&access, NOW);
        assert!(kinds(&plan).contains(&Kind::UserMissing), "{part}");
        assert!(!plan.items.iter().any(|item| item.what.gives()), "{part}: {:#?}", plan.items);
        // Once the user is back it is put right.
        world.live().users.insert("fanlichun".to_owned(), user);
        assert!(world.apply(&access, NOW).items.iter().any(|item| item.what.gives()), "{part}");
    }
}

#[test]
fn an_account_gets_no_privilege_that_its_level_got_since() {
    let jumpgate = |privileges: &str| format!("{JUMPGATE}levels:\n  r: [{privileges}]\n");
    for request in [
        CARDS.to_owned(),
        CARDS.replace("cards(id, last4)", "invoices"),
        CARDS.replace("cards(id, last4)", "*"),
    ] {
        let access = |privileges: &str| {
            repo(&[("r", &request)], &[("jumpgate.yaml", &jumpgate(privileges))])
        };
        let mut world = World::new();
        world.apply(&access("SELECT"), NOW);
        let user = hide_user(&mut world);
        let plan = world.plan(&access("SELECT, UPDATE"), NOW);
        assert!(kinds(&plan).contains(&Kind::UserMissing), "{request}");
        assert!(!plan.items.iter().any(|item| item.what.gives()), "{request}: {:#?}", plan.items);
        // What it had and nobody asks for any more goes all the same.
        world.live().users.insert("fanlichun".to_owned(), user);
        world.apply(&access("SELECT, UPDATE"), NOW);
        hide_user(&mut world);
        let plan = world.plan(&access("SELECT"), NOW);
        let accounts = plan.items.iter().filter(|item| matches!(item.what, What::Account { .. }));
        let sides: Vec<_> = accounts.map(|item| (item.what.gives(), item.what.takes())).collect();
        assert_eq!(sides, [(false, true)], "{request}: {:#?}", plan.items);
    }
}

fn until(request: &str, day: &str) -> String {
    request.replace("2027-02-28", day)
}

/// Why the person of a request gets nothing new.
const NOTHING_NEW: [Edit<World>; 2] = [
    ("his user is missing", |world| drop(world.live().users.remove("fanlichun"))),
    ("another permission opens the account", |world| {
        foreign(world, &["@ALL"]);
    }),
];

const END: &str = "2027-02-28T16:00:00Z";

#[test]
fn the_recorded_end_of_an_account_is_carried_out_though_it_gets_nothing_new() {
    for (why, nothing_new) in NOTHING_NEW {
        let mut world = World::new();
        world.apply(&repo(&[("r", TABLE)], &[]), NOW);
        nothing_new(&mut world);
        // A longer end is new.
        let renewed = repo(&[("r", &until(TABLE, "2027-12-31"))], &[]);
        let plan = world.apply(&renewed, NOW);
        assert!(plan.items.is_empty(), "{why}: {:#?}", plan.items);
        let plan = world.apply(&renewed, END);
        assert_eq!(plan.removals.counted, 0, "{why}");
        assert!(world.server().accounts.is_empty(), "{why}");
        let live = world.live();
        assert!(live.accounts.is_empty(), "{why}");
        assert!(live.permissions.values().all(|seen| !seen.spec.active), "{why}");
    }
}

#[test]
fn of_two_recorded_ends_of_an_account_each_is_carried_out() {
    let orders = TABLE.replace("billing.invoices", "orders.*");
    for (why, nothing_new) in NOTHING_NEW {
        let mut world = World::new();
        let later = until(&orders, "2027-03-31");
        world.apply(&repo(&[("a", TABLE), ("b", &later)], &[]), NOW);
        nothing_new(&mut world);
        let renewed = until(TABLE, "2027-12-31");
        let access = repo(&[("a", &renewed), ("b", &later)], &[]);
        assert!(world.apply(&access, NOW).items.is_empty(), "{why}");
        let plan = world.apply(&access, END);
        assert_eq!(plan.removals.counted, 0, "{why}: {:#?}", plan.items);
        let held = &world.server().accounts.values().next().expect("it stays").held;
        assert_eq!(held.databases.keys().collect::<Vec<_>>(), ["orders"], "{why}");
        assert!(held.tables.is_empty(), "{why}: {held:?}");
        let mark = world.live().accounts.values().next().and_then(|one| one.mark.clone());
        assert_eq!(mark.expect("a mark").end, Some(at("2027-03-31T16:00:00Z")), "{why}");
    }
}

/// The account stands at the host of before, where its recorded end finds it.
#[test]
fn a_recorded_end_finds_the_account_at_the_host_of_before() {
    let database = DATABASE.replace("10.8.0.%", "10.9.0.%");
    let moved = [("inventory/databases/orders-prod.yaml", database.as_str())];
    for (why, nothing_new) in NOTHING_NEW {
        let mut world = World::new();
        world.apply(&repo(&[("r", TABLE)], &[]), NOW);
        world.anchored_at("10.8.0.%");
        nothing_new(&mut world);
        let access = repo(&[("r", &until(TABLE, "2027-12-31"))], &moved);
        assert!(world.apply(&access, NOW).items.is_empty(), "{why}");
        world.apply(&access, END);
        assert!(world.server().accounts.is_empty(), "{why}");
        assert!(world.live().accounts.is_empty(), "{why}");
    }
}

#[test]
fn an_account_that_is_gone_from_the_server_goes_from_jumpserver_at_its_recorded_end() {
    for (why, nothing_new) in NOTHING_NEW {
        let mut world = World::new();
        world.apply(&repo(&[("r", TABLE)], &[]), NOW);
        nothing_new(&mut world);
        world.server().accounts.clear();
        let renewed = repo(&[("r", &until(TABLE, "2027-12-31"))], &[]);
        assert!(world.apply(&renewed, NOW).items.is_empty(), "{why}");
        world.apply(&renewed, END);
        assert!(world.live().accounts.is_empty(), "{why}");
    }
}

#[test]
fn what_is_withdrawn_goes_from_the_account_of_somebody_who_is_missing() {
    let mut world = World::new();
    world.apply(&repo(&[("a", TABLE)], &[]), NOW);
    world.live().users.remove("fanlichun");
    // The first one is withdrawn; of the second one nobody knows that it was approved.
    let access = repo(&[("b", TABLE)], &[]);
    let plan = world.plan_unproven(&access, NOW, &["b"]);
    world.carry_out(&plan);
    assert!(world.server().accounts.is_empty(), "{:#?}", plan.items);
    assert!(world.live().permissions.values().all(|seen| !seen.spec.active));
    assert!(world.plan_unproven(&access, NOW, &["b"]).items.is_empty());
}

/// A request that takes over what another one had keeps it as long as that one would have: the
/// person is there, and only a permission of another hand is in the way.
#[test]
fn what_another_request_asks_for_by_now_stays_where_another_permission_opens_it() {
    let mut world = World::new();
    world.apply(&repo(&[("a", TABLE)], &[]), NOW);
    foreign(&mut world, &["@ALL"]);
    let held = |world: &mut World| {
        let accounts = world.server().accounts.values();
        accounts.filter(|one| !one.locked).map(|one| one.held.tables.len()).sum::<usize>()
    };
    for request in [TABLE.to_owned(), until(TABLE, "2027-12-31")] {
        let access = repo(&[("b", &request)], &[]);
        let plan = world.apply(&access, NOW);
        assert!(!plan.items.iter().any(|item| item.what.gives()), "{:#?}", plan.items);
        assert_eq!(held(&mut world), 1, "{:#?}", plan.items);
        // It is not approved: what it asks for was another request's, which is withdrawn.
        let unproven = world.plan_unproven(&repo(&[("c", &request)], &[]), NOW, &["c"]);
        assert!(unproven.items.iter().any(|item| item.what.takes()), "{:#?}", unproven.items);
    }
    world.apply(&repo(&[("b", &until(TABLE, "2027-12-31"))], &[]), END);
    assert_eq!(held(&mut world), 0);
}

/// Without a mark nothing is recorded, and what git asks for counts.
#[test]
fn an_account_that_is_gone_from_jumpserver_is_kept_by_what_was_approved() {
    for (why, nothing_new) in NOTHING_NEW {
        let mut world = World::new();
        world.apply(&repo(&[("r", TABLE)], &[]), NOW);
        nothing_new(&mut world);
        world.live().accounts.clear();
        let access = repo(&[("r", TABLE)], &[]);
        world.apply(&access, NOW);
        let account = world.server().accounts.values().next().expect("it stays");
        assert_eq!((account.locked, account.held.tables.len()), (false, 1), "{why}");
        world.apply(&access, END);
        assert!(world.server().accounts.is_empty(), "{why}");
    }
}

/// The same where the account stands at the host of before.
#[test]
fn what_another_request_asks_for_by_now_stays_at_the_host_of_before() {
    let database = DATABASE.replace("10.8.0.%", "10.9.0.%");
    let moved = [("inventory/databases/orders-prod.yaml", database.as_str())];
    let mut world = World::new();
    world.apply(&repo(&[("a", TABLE)], &[]), NOW);
    world.anchored_at("10.8.0.%");
    foreign(&mut world, &["@ALL"]);
    let before = world.server().accounts.clone();
    let access = repo(&[("b", TABLE)], &moved);
    let plan = world.plan(&access, NOW);
    world.carry_out(&plan);
    assert_eq!(world.server().accounts, before, "{:#?}", plan.items);
    let plan = world.plan(&repo(&[("c", &HOST.replace("fanlichun", "liwei"))], &moved), NOW);
    world.carry_out(&plan);
    assert!(world.server().accounts.is_empty(), "what nobody asks for goes");
}
