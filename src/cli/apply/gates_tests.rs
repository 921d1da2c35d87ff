//! The gates that need no server.

use super::*;
use crate::plan::tests::world::{World, repo};

const REQUEST: &str = "for: fanlichun
reason: web
until: 2027-02-28
servers:
  - { login: app, assets: [pay-web-01] }
";
const NOW: &str = "2026-12-01T02:00:00Z";

#[test]
fn a_clock_may_differ_by_a_minute_and_no_more() {
    for (seconds, good) in [(0, true), (60, true), (-60, true), (61, false), (-61, false)] {
        let skew = SignedDuration::from_secs(seconds);
        let expected = if good { Ok(()) } else { Err(Outcome::CouldNotRun) };
        assert_eq!(clocks_agree(Some(skew)), expected, "{seconds}");
    }
    assert_eq!(clocks_agree(None), Err(Outcome::CouldNotRun), "nobody knows");
}

#[test]
fn a_server_whose_clock_is_wrong_is_left_out_and_no_other() {
    for (seconds, good) in [(0, true), (60, true), (-60, true), (61, false), (-61, false)] {
        let mut world = World::new();
        let other = crate::observed::Instance::Read(Box::new(world.server().clone()));
        let name = "orders-copy".parse().expect("an instance");
        world.observed.instances.insert(name, other);
        world.server().server.skew = SignedDuration::from_secs(seconds);
        leave_out_wrong_clocks(&mut world.observed);
        let read = world.observed.instances.iter();
        let read = read.filter(|(_, instance)| instance.live().is_some());
        let names: Vec<&str> = read.map(|(name, _)| name.as_str()).collect();
        let expected: &[&str] = match good {
            true => &["orders-copy", "orders-prod"],
            false => &["orders-copy"],
        };
        assert_eq!(names, expected, "{seconds}");
    }
}

/// Without the anchor nobody knows what was applied last.
#[test]
fn what_is_ours_without_an_anchor_stops_a_run_unless_it_is_told() {
    let access = repo(&[("r", REQUEST)], &[]);
    let mut world = World::new();
    world.live().anchor = None;
    let plan = world.plan(&access, NOW);
    assert_eq!(anchored(world.live(), &plan, false), Ok(()), "a first run");
    world.apply(&access, NOW);
    let plan = world.plan(&access, NOW);
    assert_eq!(anchored(world.live(), &plan, false), Err(Outcome::Refused));
    assert_eq!(anchored(world.live(), &plan, true), Ok(()));
    world.live().anchor = Some(Anchor::default());
    assert_eq!(anchored(world.live(), &plan, false), Ok(()));
    assert_eq!(plan.removals.owned, 1);
}
