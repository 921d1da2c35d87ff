//! The part of a plan that carries out recorded ends that have passed, and nothing else.
//!
//! Every request counts as one of which nobody knows how it was merged: it gets nothing new, a
//! longer end neither, and keeps what it has until the end that the live mark records. Of the
//! plan for that only those steps stay that take away what has passed its end.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::passed::Passed;
use crate::access::model::Access;
use crate::desired;
use crate::grants::Grant;
use crate::jumpserver::spec::SeenPermission;
use crate::mark::Mark;
use crate::observed::Observed;
use crate::plan::accounts::over;
use crate::plan::finding::{Finding, Kind};
use crate::plan::people;
use crate::plan::permissions::Action;
use crate::plan::{self, Item, Phase, Plan, Unproven, What};

/// The steps that only take away, and only what has passed the end that its mark records.
pub(super) fn plan(
    access: &Access,
    grants: &[Grant<'_>],
    observed: &Observed,
    moment: Timestamp,
) -> Plan {
    // What a plan tells of them nobody sees.
    let finding = || Finding::new(Kind::MergeNotKnown, "the files are invalid now");
    let unproven: Unproven =
        access.requests.keys().map(|request| (request.clone(), finding())).collect();
    let mut plan = plan::make(&plan::Inputs {
        access,
        grants,
        desired: &desired::at(access, grants, moment),
        observed,
        moment,
        new_servers: &Default::default(),
        unproven: &unproven,
    });
    let passed = Passed::of(access, grants, observed, moment);
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for (place, item) in std::mem::take(&mut plan.items).into_iter().enumerate() {
        let Some(mut item) = end(item, &passed) else { continue };
        // What comes in its place is not made, and is not waited for.
        item.needs.clear();
        item.after = item.after.iter().filter_map(|after| places.get(after).copied()).collect();
        item.phase = Phase::Ends;
        places.insert(place, kept.len());
        kept.push(item);
    }
    plan.items = kept;
    plan.removals.counted = 0;
    plan
}

/// The part of a step that carries out a recorded end.
fn end(item: Item, passed: &Passed<'_>) -> Option<Item> {
    let what = match item.what {
        What::User { .. } => return None,
        // Of an account a part may have ended, whatever else goes early.
        What::Account { change } => {
            What::Account { change: passed.account(change, item.early_end)? }
        }
        What::Permission { .. } if item.early_end => return None,
        What::Permission { id, action, mark } => {
            let seen = passed.live().permissions.get(&id)?;
            permission(seen, *action, mark, passed.moment())?
        }
    };
    Some(Item { what, early_end: false, ..item })
}

fn permission(
    seen: &SeenPermission,
    action: Action,
    mark: Option<Box<Mark>>,
    moment: Timestamp,
) -> Option<What> {
    let (id, before) = (seen.id, seen.mark.as_ref()?);
    match action {
        // Of one that was switched off for its end the sessions are due.
        Action::Delete { ref from }
            if over(before.end, moment) || (before.left.is_some() && !from.active) =>
        {
            if tells_of_another(seen, before) {
                return emptied(seen, before);
            }
            Some(What::Permission { id, action: Box::new(action), mark })
        }
        Action::Update { ref to, .. }
            if over(before.end, moment) && !to.active && to.users.is_empty() =>
        {
            Some(What::Permission { id, action: Box::new(action), mark })
        }
        // Sessions behind what it gave before are due; nothing else about it changes.
        Action::Update { from, .. } if before.left.is_some() && mark?.left.is_none() => {
            let mark = Some(Box::new(Mark { left: None, ..before.clone() }));
            let action = Box::new(Action::Update { to: from.clone(), from, mark: true });
            Some(What::Permission { id, action, mark })
        }
        _ => None,
    }
}

/// Whether a permission was made for a user who is not in it any more: the one of that name may
/// be another human by now, and what is merged, which cannot be read, may give him something.
fn tells_of_another(seen: &SeenPermission, mark: &Mark) -> bool {
    mark.user.is_some_and(|user| !seen.user_ids.contains_key(&user))
}

/// What is left to do about one that gives nothing any more and stays for what it tells.
fn emptied(seen: &SeenPermission, before: &Mark) -> Option<What> {
    let (to, mark) = people::emptied(seen, before);
    let mark = Mark { left: None, ..mark };
    if to == seen.spec && mark == *before {
        return None;
    }
    let (from, to) = (Box::new(seen.spec.clone()), Box::new(to));
    let action = Box::new(Action::Update { from, to, mark: true });
    Some(What::Permission { id: seen.id, action, mark: Some(Box::new(mark)) })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::grants;
    use crate::mark::Mark;
    use crate::plan::tests::world::{World, at, repo};

    pub(in crate::cli::apply) const NOW: &str = "2026-12-01T02:00:00Z";
    /// The end of the first request, and the start of the second one.
    pub(in crate::cli::apply) const TURN: &str = "2026-12-31T16:00:00Z";

    fn request(period: &str, tables: &str) -> String {
        format!(
            "for: fanlichun\nreason: refunds\n{period}\n\
             databases: [{{ instance: orders-prod, level: r, tables: [{tables}] }}]\n"
        )
    }

    pub(in crate::cli::apply) fn until(day: &str, tables: &str) -> String {
        request(&format!("until: {day}"), tables)
    }

    /// Carries out what is left of a plan when the files are invalid; how many steps that are.
    pub(in crate::cli::apply) fn ends(world: &mut World, access: &Access, moment: &str) -> usize {
        let grants = grants::of(access);
        let plan = plan(access, &grants, &world.observed, at(moment));
        assert!(plan.items.iter().all(|item| item.needs.is_empty()));
        world.carry_out(&plan);
        plan.items.len()
    }

    /// The databases that the account holds something on.
    pub(in crate::cli::apply) fn held(world: &mut World) -> Vec<String> {
        let accounts = world.server().accounts.values();
        accounts.flat_map(|account| account.held.databases.keys().cloned()).collect()
    }

    fn marks(world: &mut World) -> Vec<Mark> {
        let live = world.live();
        let accounts = live.accounts.values().filter_map(|seen| seen.mark.clone());
        accounts.chain(live.permissions.values().filter_map(|seen| seen.mark.clone())).collect()
    }

    #[test]
    fn what_ended_goes_though_another_request_begins_in_its_place() {
        let first = until("2026-12-31", "orders.*");
        let second = request("from: 2027-01-01\nuntil: 2027-02-28", "billing.*");
        let access = repo(&[("a", &first), ("b", &second)], &[]);
        let mut world = World::new();
        world.apply(&access, NOW);
        assert_eq!(held(&mut world), ["orders"]);
        assert!(ends(&mut world, &access, TURN) > 0);
        assert_eq!(held(&mut world), [""; 0], "the first has ended, the second is new");
        assert!(world.live().permissions.is_empty(), "nothing opens it");
        assert_eq!(ends(&mut world, &access, TURN), 0);
        // Once the files are valid again, the second one is given.
        world.apply(&access, TURN);
        assert_eq!(held(&mut world), ["billing"]);
    }

    #[test]
    fn what_has_ended_goes_and_what_has_not_stays() {
        let first = until("2026-12-31", "orders.*, billing.cards");
        let second = until("2027-02-28", "billing.invoices, 'billing.cards(id)'");
        let third = request("from: 2027-01-01", "billing.*");
        let access = repo(&[("a", &first), ("b", &second), ("c", &third)], &[]);
        let mut world = World::new();
        world.apply(&access, NOW);
        assert!(ends(&mut world, &access, TURN) > 0);
        let account = world.server().accounts.values().next().expect("it stays").held.clone();
        assert!(account.databases.is_empty(), "{account:?}");
        let tables: Vec<_> = account.tables.keys().map(|table| &*table.table).collect();
        let columns: Vec<_> = account.columns.keys().map(|table| &*table.table).collect();
        assert_eq!((tables, columns), (vec!["invoices"], vec!["cards"]));
        let names = |mark: &Mark| mark.requests.keys().map(ToString::to_string).collect::<String>();
        assert_eq!(marks(&mut world).iter().map(names).collect::<Vec<_>>(), ["b", "b"]);
        assert_eq!(ends(&mut world, &access, TURN), 0);
    }

    #[test]
    fn a_longer_end_is_not_recorded_and_counts_for_nothing() {
        let mut world = World::new();
        world.apply(&repo(&[("a", &until("2026-12-31", "orders.*"))], &[]), NOW);
        let before = marks(&mut world);
        let access = repo(&[("a", &until("2027-03-31", "orders.*"))], &[]);
        assert_eq!(ends(&mut world, &access, NOW), 0);
        assert_eq!(marks(&mut world), before);
        assert!(ends(&mut world, &access, TURN) > 0);
        assert!(held(&mut world).is_empty() && world.live().permissions.is_empty());
    }

    #[test]
    fn a_password_of_another_hand_does_not_save_what_has_ended() {
        let first = until("2026-12-31", "orders.*");
        let second = until("2027-02-28", "billing.*");
        let access = repo(&[("a", &first), ("b", &second)], &[]);
        let mut world = World::new();
        world.apply(&access, NOW);
        let account = world.server().accounts.values_mut().next().expect("an account");
        account.password_changed = Some(at("2026-12-20T00:00:00Z"));
        assert_eq!(ends(&mut world, &access, NOW), 0, "no new password by invalid files");
        assert!(ends(&mut world, &access, TURN) > 0);
        assert_eq!(held(&mut world), ["billing"]);
        let account = world.server().accounts.values().next().expect("an account");
        assert_eq!(account.password_changed, Some(at("2026-12-20T00:00:00Z")));
        world.apply(&access, TURN);
    }

    #[test]
    fn what_was_taken_out_of_git_waits() {
        let mut world = World::new();
        let (first, second) = (until("2026-12-31", "orders.*"), until("2027-02-28", "billing.*"));
        world.apply(&repo(&[("a", &first), ("b", &second)], &[]), NOW);
        let access = repo(&[("a", &first)], &[]);
        assert_eq!(ends(&mut world, &access, NOW), 0);
        assert_eq!(held(&mut world), ["billing", "orders"]);
    }

    /// The tip, which renews the request, is invalid: the ends go by the commit before.
    #[test]
    fn an_end_by_files_of_before_leaves_what_tells_of_a_user_made_anew() {
        for by_hand in [None, Some("fanlichun"), Some("liwei")] {
            let mut world = World::new();
            let before = repo(&[("a", &until("2026-12-31", "orders.*"))], &[]);
            world.apply(&before, NOW);
            world.user("fanlichun");
            let user = by_hand.map(|name| world.live().users[name].clone());
            for seen in world.live().permissions.values_mut() {
                seen.spec.users = user.iter().map(|user| user.username.clone()).collect();
                seen.user_ids = user.iter().map(|user| (user.id, user.username.clone())).collect();
            }
            assert!(ends(&mut world, &before, TURN) > 0);
            assert_eq!(held(&mut world), [""; 0]);
            for seen in world.live().permissions.values() {
                assert!(seen.spec.users.is_empty() && !seen.spec.active, "{seen:#?}");
            }
            assert_eq!(ends(&mut world, &before, TURN), 0);
            // Once it is mended, the user is another one still.
            let after = repo(&[("a", &until("2027-03-31", "orders.*"))], &[]);
            let plan = world.apply(&after, TURN);
            assert!(plan.items.iter().all(|item| !item.what.gives()), "{:#?}", plan.items);
            assert!(plan.is_partial());
            // When nobody asks for it by then, it goes.
            world.apply(&before, TURN);
            assert!(world.live().permissions.is_empty());
        }
    }

    /// The request was renewed before the files became invalid.
    #[test]
    fn an_end_empties_what_tells_of_a_user_made_anew() {
        let mut world = World::new();
        world.apply(&repo(&[("a", &until("2026-12-31", "orders.*"))], &[]), NOW);
        let id = world.user("fanlichun");
        for seen in world.live().permissions.values_mut() {
            seen.user_ids = [(id, "fanlichun".to_owned())].into();
        }
        let renewed = repo(&[("a", &until("2027-03-31", "orders.*"))], &[]);
        assert_eq!(ends(&mut world, &renewed, NOW), 0);
        ends(&mut world, &renewed, TURN);
        assert!(world.live().permissions.values().all(|seen| !seen.spec.active));
        assert_eq!(world.live().permissions.len(), 1);
        assert_eq!(ends(&mut world, &renewed, TURN), 0);
    }

    #[test]
    fn an_end_that_was_renewed_for_somebody_who_is_missing_is_carried_out() {
        let mut world = World::new();
        world.apply(&repo(&[("a", &until("2026-12-31", "orders.*"))], &[]), NOW);
        world.live().users.remove("fanlichun");
        // The last valid commit has the renewal, and no apply could give it.
        let access = repo(&[("a", &until("2027-03-31", "orders.*"))], &[]);
        assert_eq!(ends(&mut world, &access, NOW), 0);
        ends(&mut world, &access, TURN);
        assert_eq!(held(&mut world), [""; 0]);
        assert_eq!(ends(&mut world, &access, TURN), 0);
    }
}
