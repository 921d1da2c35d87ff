use std::collections::BTreeSet;

use crate::access::model::Access;
use crate::cli::apply::recorded::tests::{NOW, TURN, ends, held, until};
use crate::mysql::privilege::{Privilege, Privileges};
use crate::mysql::spec::{Row, TableName};
use crate::plan::tests::world::{POLICY, World, repo};

/// Two requests for one account, applied.
fn applied(first: &str, second: &str) -> World {
    let mut world = World::new();
    world.apply(&since(first, second), NOW);
    world
}

/// The last valid commit, which no apply came to carry out.
fn since(first: &str, second: &str) -> Access {
    repo(&[("a", &until("2026-12-31", first)), ("b", &until("2027-02-28", second))], &[])
}

/// The requests that the marks of the account name.
fn named(world: &mut World) -> BTreeSet<String> {
    let marks = world.live().accounts.values().filter_map(|seen| seen.mark.as_ref());
    marks.flat_map(|mark| mark.requests.keys().map(ToString::to_string)).collect()
}

fn row(privileges: impl Into<Privileges>) -> Row {
    Row { privileges: privileges.into(), grant_option: false }
}

/// The tables that the account holds something on.
fn tables(world: &mut World) -> Vec<String> {
    let accounts = world.server().accounts.values();
    accounts.flat_map(|account| account.held.tables.keys().map(|name| name.table.clone())).collect()
}

#[test]
fn an_end_goes_though_git_takes_something_else_of_the_account_early() {
    let mut world = applied("orders.*", "billing.*");
    assert_eq!(held(&mut world), ["billing", "orders"]);
    let access = since("orders.*", "billing.cards");
    assert_eq!(ends(&mut world, &access, NOW), 0);
    assert!(ends(&mut world, &access, TURN) > 0);
    assert_eq!(held(&mut world), ["billing"], "the end of a has passed, and b waits");
    assert_eq!(named(&mut world), ["b".to_owned()].into());
    assert_eq!(ends(&mut world, &access, TURN), 0);
    world.apply(&access, TURN);
    assert_eq!((held(&mut world), tables(&mut world)), (vec![], vec!["cards".to_owned()]));
}

#[test]
fn a_grant_of_another_hand_does_not_save_what_has_ended() {
    let mut world = applied("orders.*", "billing.*");
    let account = world.server().accounts.values_mut().next().expect("an account");
    let table = TableName { database: "billing".to_owned(), table: "cards".to_owned() };
    account.held.tables.insert(table, row(Privilege::Update));
    account.held.global.insert("PROCESS".to_owned());
    let access = since("orders.*", "billing.*");
    assert_eq!(ends(&mut world, &access, NOW), 0);
    assert!(ends(&mut world, &access, TURN) > 0);
    assert_eq!(held(&mut world), ["billing"], "the end of a has passed");
    assert_eq!(ends(&mut world, &access, TURN), 0);
    world.apply(&access, TURN);
}

#[test]
fn an_end_goes_though_another_request_was_taken_out_of_git() {
    for on_end in ["disconnect", "report", "disconnect after 30m"] {
        let policy = format!("{POLICY}sessions: {{ prod: {on_end} }}\n");
        let policy = [("policy.yaml", policy.as_str())];
        let first = until("2026-12-31", "orders.*");
        let second = until("2027-02-28", "billing.*");
        let mut world = World::new();
        world.apply(&repo(&[("a", &first), ("b", &second)], &policy), NOW);
        let access = repo(&[("a", &first)], &policy);
        assert!(ends(&mut world, &access, TURN) > 0, "{on_end}");
        assert_eq!(held(&mut world), ["billing"], "{on_end}: the end of a has passed, and b waits");
        assert_eq!(named(&mut world), ["b".to_owned()].into(), "{on_end}");
        assert_eq!(ends(&mut world, &access, TURN), 0, "{on_end}");
        let account = world.server().accounts.values().next().expect("it stays");
        assert!(!account.locked, "{on_end}");
        // By valid files it goes as a whole, before the end that its mark records.
        let plan = world.apply(&access, TURN);
        assert!(plan.removals.counted > 0, "{on_end}");
        assert!(world.server().accounts.is_empty(), "{on_end}");
    }
}

#[test]
fn what_still_runs_keeps_its_part_of_what_goes() {
    let mut world = applied("billing.*", "billing.*");
    let access = since("billing.*", "billing.cards");
    assert!(ends(&mut world, &access, TURN) > 0);
    assert_eq!((held(&mut world), tables(&mut world)), (vec![], vec!["cards".to_owned()]));
    assert_eq!(ends(&mut world, &access, TURN), 0);
    world.apply(&access, TURN);
}

#[test]
fn what_has_ended_goes_as_it_is_held_though_git_has_it_in_other_words() {
    let words = [("billing.*", "billing.cards"), ("billing.cards", "billing.*")];
    let parts = [("billing.cards", "'billing.cards(id)'"), ("'billing.cards(id)'", "billing.*")];
    for (before, after) in words.into_iter().chain(parts) {
        let mut world = applied(before, "orders.*");
        // Without this, all that goes is what has ended.
        let access = since(after, "orders.items");
        world.server().existing.tables.insert(
            TableName { database: "orders".to_owned(), table: "items".to_owned() },
            crate::mysql::live::Known::Exists,
        );
        assert!(ends(&mut world, &access, TURN) > 0, "{before}, {after}");
        let account = world.server().accounts.values().next().expect("it stays").held.clone();
        assert_eq!(account.databases.keys().collect::<Vec<_>>(), ["orders"], "{before}, {after}");
        assert!(account.tables.is_empty() && account.columns.is_empty(), "{before}: {account:?}");
        assert_eq!(ends(&mut world, &access, TURN), 0);
    }
}

/// The row of a database hides a pattern that covers it.
#[test]
fn a_pattern_of_another_hand_goes_before_what_hides_it() {
    let mut world = applied("orders.*", "billing.*");
    let account = world.server().accounts.values_mut().next().expect("an account");
    account.held.databases.insert("order%".to_owned(), row(Privilege::Select | Privilege::Drop));
    account.held.databases.insert("other%".to_owned(), row(Privilege::Drop));
    let access = since("orders.*", "billing.*");
    assert!(ends(&mut world, &access, TURN) > 0);
    assert_eq!(held(&mut world), ["billing", "other%"]);
    assert_eq!(ends(&mut world, &access, TURN), 0);
    world.apply(&access, TURN);
}

/// The level has lost a privilege since: what has ended goes whole, and the rest waits.
#[test]
fn a_level_that_is_less_now_leaves_nothing_of_what_has_ended() {
    let first = until("2026-12-31", "orders.*, billing.invoices");
    let second = until("2027-02-28", "billing.*");
    let requests = [("a", first.as_str()), ("b", second.as_str())];
    let levels = |r: &str| {
        let settings = crate::plan::tests::world::JUMPGATE;
        format!("{settings}levels: {{ r: [{r}] }}\n")
    };
    let (more, less) = (levels("SELECT, SHOW VIEW"), levels("SELECT"));
    let mut world = World::new();
    world.apply(&repo(&requests, &[("jumpgate.yaml", &more)]), NOW);
    let access = repo(&requests, &[("jumpgate.yaml", &less)]);
    assert!(ends(&mut world, &access, TURN) > 0);
    let account = world.server().accounts.values().next().expect("it stays").held.clone();
    let both = Privilege::Select | Privilege::ShowView;
    assert_eq!(account.databases, [("billing".to_owned(), row(both))].into());
    assert!(account.tables.is_empty(), "{account:?}");
    assert_eq!(ends(&mut world, &access, TURN), 0);
}
