//! What is given back stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{World, repo};
use super::{HOST, NOW, REFUNDS, TABLE, kinds, text};
use crate::jumpserver::spec::PermissionSpec;
use crate::plan::finding::Kind;
use crate::plan::guard::Removals;

/// The request with this line.
fn released(request: &str) -> String {
    format!("{request}release: true\n")
}

#[test]
fn nobody_loses_what_is_released_and_it_is_foreign_then() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let (accounts, before) = (world.server().accounts.clone(), specs(&mut world));
    let access = repo(&[("r", &released(REFUNDS))], &[]);
    let plan = world.apply(&access, NOW);
    assert_eq!(plan.removals, Removals { counted: 0, ended: 0, owned: 3 });
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
    assert_eq!(specs(&mut world), before);
    for (name, stood) in accounts {
        let now = &world.server().accounts[&name];
        assert_eq!((&now.held, now.locked), (&stood.held, false));
        assert_eq!(now.password_changed, stood.password_changed);
        assert!(now.evidence.is_none());
    }
    assert!(world.live().permissions.values().all(|seen| !seen.labelled && seen.mark.is_none()));
    assert!(world.live().accounts.values().all(|seen| !seen.labelled && seen.mark.is_none()));
    // Then the file may go, and what was released is nobody's business.
    assert!(world.plan(&repo(&[], &[("requests/.keep", "")]), NOW).items.is_empty());
}

#[test]
fn what_is_released_is_not_made() {
    let mut world = World::new();
    let plan = world.apply(&repo(&[("r", &released(REFUNDS))], &[]), NOW);
    assert!(plan.items.is_empty(), "{:#?}", plan.items);
}

#[test]
fn what_another_request_needs_stays_ours() {
    let other = "for: fanlichun
reason: look at orders
from: 2026-12-01
until: 2027-02-28
databases: [{ instance: orders-prod, level: r, tables: [billing.*] }]
";
    let mut world = World::new();
    world.apply(&repo(&[("a", REFUNDS), ("b", other)], &[]), NOW);
    let before = world.server().accounts.clone();
    let plan = world.apply(&repo(&[("a", &released(REFUNDS)), ("b", other)], &[]), NOW);
    let names: Vec<&str> = plan.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["jump_app_fanlichun_20261201-20270228"], "only what nobody else needs");
    assert_eq!(kinds(&plan).iter().filter(|kind| **kind == Kind::NotReleased).count(), 2);
    assert!(plan.is_partial());
    assert_eq!(world.server().accounts, before, "nothing is taken away");
}

#[test]
fn what_is_over_ends_although_it_was_to_be_released() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let end = "2027-02-28T16:00:00Z";
    world.apply(&repo(&[("r", &released(REFUNDS))], &[]), end);
    assert!(world.server().accounts.is_empty() && world.live().permissions.is_empty());
}

#[test]
fn a_new_period_and_a_release_at_once_take_nothing() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let moved = released(&REFUNDS.replace("2027-02-28", "2027-03-31"));
    let plan = world.apply(&repo(&[("r", &moved)], &[]), NOW);
    assert_eq!(plan.removals.counted, 0);
    assert_eq!((world.live().permissions.len(), world.server().accounts.len()), (2, 1));
}

const BILLING: &str = "for: fanlichun
reason: look at bills
from: 2026-12-01
until: 2027-02-28
servers: [{ login: app, assets: [pay-web-02] }]
databases: [{ instance: orders-prod, level: r, tables: [billing.*] }]
";

/// What is held on the databases, and what the permissions on hosts open.
fn held(world: &mut World) -> (Vec<String>, BTreeSet<String>) {
    let accounts = world.server().accounts.values();
    let databases = accounts.flat_map(|account| account.held.databases.keys().cloned()).collect();
    let permissions = world.live().permissions.values();
    let assets = permissions.flat_map(|seen| seen.spec.assets.clone()).collect();
    (databases, assets)
}

#[test]
fn what_another_request_had_is_taken_away_before_the_release() {
    let mut world = World::new();
    world.apply(&repo(&[("a", REFUNDS), ("b", BILLING)], &[]), NOW);
    let (databases, assets) = held(&mut world);
    assert!(databases.contains(&"billing".to_owned()), "{databases:?}");
    assert!(assets.contains("pay-web-02"), "{assets:?}");
    // The one is given back, the other is taken back: nobody approved that it stays.
    let access = repo(&[("a", &released(REFUNDS))], &[]);
    let plan = world.plan(&access, NOW);
    world.carry_out(&plan);
    assert!(plan.removals.counted > 0, "{:?}", plan.removals);
    let (databases, assets) = held(&mut world);
    assert!(!databases.contains(&"billing".to_owned()), "{databases:?}");
    assert!(!assets.contains("pay-web-02"), "{assets:?}");
    let ours = |world: &mut World| world.live().accounts.values().any(|one| one.mark.is_some());
    assert!(ours(&mut world), "it is narrowed while it is ours");
    let stood = held(&mut world);
    world.apply(&access, NOW);
    assert!(!ours(&mut world));
    assert_eq!(held(&mut world), stood);
    assert!(world.plan(&access, NOW).items.is_empty());
}

#[test]
fn what_a_released_request_asks_no_more_ends() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    // The release asks for less, and approvals were given for that alone.
    let less = "for: fanlichun
reason: PAY-1234
from: 2026-12-01
until: 2027-02-28
servers: [{ login: app, assets: [pay-web-02] }]
release: true
";
    let access = repo(&[("r", less)], &[]);
    // Of the node that it had, the asset is what it still asks for: that is given back.
    for _ in 0..2 {
        let plan = world.plan(&access, NOW);
        world.carry_out(&plan);
    }
    assert_eq!(held(&mut world), (vec![], BTreeSet::from(["pay-web-02".to_owned()])));
    assert!(world.live().permissions.values().all(|seen| seen.mark.is_none()));
    assert!(world.plan(&access, NOW).items.is_empty());
}

#[test]
fn a_leaver_keeps_nothing_by_a_release() {
    let mut world = World::new();
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    let left = ("people/fanlichun.yaml", "name: 范立春\nleft: 2026-11-30\n");
    for _ in 0..2 {
        world.apply(&repo(&[("r", &released(REFUNDS))], &[left]), NOW);
    }
    assert_eq!(held(&mut world), (vec![], BTreeSet::new()));
}

fn specs(world: &mut World) -> Vec<PermissionSpec> {
    world.live().permissions.values().map(|seen| seen.spec.clone()).collect()
}

/// Applies the request until nothing is left to do, and says how often that was.
fn applies(world: &mut World, request: &str) -> usize {
    let access = repo(&[("r", request)], &[]);
    for round in 0..4 {
        let plan = world.plan(&access, NOW);
        if plan.items.is_empty() {
            assert!(!plan.is_partial(), "{:#?}", plan.findings);
            return round;
        }
        world.carry_out(&plan);
    }
    panic!("it comes to no end")
}

/// How many objects are ours.
fn ours(world: &mut World) -> usize {
    let permissions = world.live().permissions.values().filter(|seen| seen.mark.is_some()).count();
    permissions + world.live().accounts.values().filter(|seen| seen.mark.is_some()).count()
}

/// Pairs of which the first one asks for a part of what the second one asks for, in other words.
fn parts_of_others() -> Vec<(String, String)> {
    let tables = |tables: &str| TABLE.replace("[billing.invoices]", tables);
    let columns = tables("['billing.cards(id, last4)']");
    let (cards, both) = (tables("[billing.cards]"), tables("[billing.cards, billing.invoices]"));
    let columns_too = tables("['billing.cards(id)', billing.invoices]");
    let database = tables("['billing.*']");
    let place = |place: &str| HOST.replace("assets: [pay-web-01]", place);
    let node = place("nodes: [/Default/payments/prod]");
    let below = place("nodes: [/Default/payments/prod/web]");
    let below_too = place("nodes: [/Default/payments/prod/web], assets: [pay-web-02]");
    vec![
        (columns.clone(), cards),
        (columns_too, both),
        (columns, database.clone()),
        (TABLE.to_owned(), database),
        (HOST.to_owned(), node.clone()),
        (below, node.clone()),
        (below_too, node),
    ]
}

/// The world of the tests with one more node.
fn world() -> World {
    let mut world = World::new();
    let (id, path) = (world.id(), "/Default/payments/prod/web".to_owned());
    let node = crate::jumpserver::spec::SeenNode { ids: [id].into(), path: path.clone() };
    world.live().nodes.insert(path, node);
    world
}

#[test]
fn what_is_a_part_of_what_is_released_is_released_as_it_stands() {
    for (part, whole) in parts_of_others() {
        for longer in [false, true] {
            let mut world = world();
            world.apply(&repo(&[("r", &part)], &[]), NOW);
            let (before, accounts) = (specs(&mut world), world.server().accounts.clone());
            let whole = match longer {
                true => whole.replace("2027-02-28", "2027-03-31"),
                false => whole.clone(),
            };
            assert_eq!(applies(&mut world, &released(&whole)), 1, "{part}{whole}");
            assert_eq!(ours(&mut world), 0, "{part}{whole}");
            assert_eq!(specs(&mut world), before, "{part}{whole}");
            for (name, stood) in accounts {
                assert_eq!(world.server().accounts[&name].held, stood.held, "{part}{whole}");
            }
        }
    }
}

#[test]
fn what_is_more_than_what_is_released_is_made_narrower_first() {
    for (part, whole) in parts_of_others() {
        let mut world = world();
        world.apply(&repo(&[("r", &whole)], &[]), NOW);
        assert_eq!(applies(&mut world, &released(&part)), 2, "{whole}{part}");
        assert_eq!(ours(&mut world), 0, "{whole}{part}");
        let mut narrow = self::world();
        narrow.apply(&repo(&[("r", &part)], &[]), NOW);
        assert_eq!(specs(&mut world), specs(&mut narrow), "{whole}{part}");
        let held = |world: &mut World| {
            world.server().accounts.values().map(|one| one.held.clone()).collect::<Vec<_>>()
        };
        assert_eq!(held(&mut world), held(&mut narrow), "{whole}{part}");
    }
}

/// Beside a part of it there is more, as of another hand: only that goes.
#[test]
fn beside_a_part_of_what_is_released_nothing_is_released() {
    let columns = TABLE.replace("[billing.invoices]", "['billing.cards(id, last4)', 'orders.*']");
    let cards = TABLE.replace("[billing.invoices]", "[billing.cards]");
    let mut world = World::new();
    world.apply(&repo(&[("r", &columns)], &[]), NOW);
    assert_eq!(applies(&mut world, &released(&cards)), 2);
    let account = world.server().accounts.values().next().expect("it stays");
    assert!(account.held.databases.is_empty(), "{:?}", account.held);
    assert_eq!(account.held.columns.values().map(BTreeMap::len).sum::<usize>(), 2);

    let both = HOST.replace("[pay-web-01]", "[pay-web-01, pay-web-02]");
    let node = HOST.replace("assets: [pay-web-01]", "nodes: [/Default/payments/prod]");
    let mut world = World::new();
    world.apply(&repo(&[("r", &both)], &[]), NOW);
    world.live().assets.get_mut("pay-web-02").expect("an asset").nodes.clear();
    assert_eq!(applies(&mut world, &released(&node)), 2);
    assert_eq!(held(&mut world).1, BTreeSet::from(["pay-web-01".to_owned()]));
}

/// What a whole gives already is named beside it for nothing, as of another hand.
#[test]
fn what_a_whole_gives_as_well_goes_before_the_release() {
    let database = TABLE.replace("[billing.invoices]", "['billing.*']");
    let mut world = World::new();
    world.apply(&repo(&[("r", &database), ("b", TABLE)], &[]), NOW);
    assert_eq!(applies(&mut world, &released(&database)), 2);
    let account = world.server().accounts.values().next().expect("it stays");
    assert!(account.held.tables.is_empty(), "{:?}", account.held);
    assert_eq!(ours(&mut world), 0);
}
