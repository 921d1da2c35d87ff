//! What is given back stays as it is.

use super::world::{World, repo};
use super::{NOW, REFUNDS, kinds, text};
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

fn specs(world: &mut World) -> Vec<PermissionSpec> {
    world.live().permissions.values().map(|seen| seen.spec.clone()).collect()
}
