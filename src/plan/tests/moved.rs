//! The host of an instance's accounts changes: what stands at the new one may be another hand's.

use super::world::{DATABASE, World, at, repo};
use super::{NOW, REFUNDS, kinds, text};
use crate::access::model::Access;
use crate::mysql::dialect::{Flavor, Version};
use crate::mysql::spec::{AccountName, SeenAccount};
use crate::plan::finding::Kind;
use crate::plan::{Phase, What};

const BEFORE: &str = "10.8.0.%";
const NOW_AT: &str = "10.9.0.%";

/// What is asked for, with the accounts at the new host.
fn moved(requests: &[(&str, &str)]) -> Access {
    let file = DATABASE.replace(BEFORE, NOW_AT);
    let keep = ("requests/.keep", "");
    repo(requests, &[("inventory/databases/orders-prod.yaml", &file), keep])
}

/// A world in which the request was applied at the host of before, on MySQL or on MariaDB,
/// which keeps no words about whose an account is.
fn applied(flavor: Flavor) -> (World, AccountName) {
    let mut world = World::new();
    let dialect = &mut world.server().server.dialect;
    dialect.flavor = flavor;
    if flavor == Flavor::Mariadb {
        (dialect.version, dialect.text) = (Version(11, 8, 3), "11.8.3-MariaDB".to_owned());
    }
    world.apply(&repo(&[("r", REFUNDS)], &[]), NOW);
    world.anchored_at(BEFORE);
    let ours = world.server().accounts.keys().next().expect("an account").clone();
    (world, ours)
}

impl World {
    /// An account of another hand with the user name of this one, and a password of the same
    /// second.
    fn by_another_hand(&mut self, like: &AccountName, host: &str) -> SeenAccount {
        let account = SeenAccount {
            name: AccountName { host: host.to_owned(), ..like.clone() },
            evidence: None,
            ..self.server().accounts[like].clone()
        };
        self.server().accounts.insert(account.name.clone(), account.clone());
        account
    }

    fn observed_accounts(&mut self) -> Vec<&SeenAccount> {
        self.server().accounts.values().collect()
    }
}

#[test]
fn an_account_of_another_hand_at_the_new_host_is_a_conflict() {
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let (mut world, ours) = applied(flavor);
        let theirs = world.by_another_hand(&ours, NOW_AT);
        let before = world.server().accounts.clone();
        let access = moved(&[("r", REFUNDS)]);
        let plan = world.plan(&access, NOW);
        let touched = plan.items.iter().any(|item| matches!(item.what, What::Account { .. }));
        assert!(!touched, "{flavor:?}: {:#?}", plan.items);
        assert!(kinds(&plan).contains(&Kind::InTheWay), "{flavor:?}: {:#?}", plan.findings);
        world.carry_out(&plan);
        assert_eq!(world.server().accounts, before, "{flavor:?}");
        let said = text(&plan, &access, &world, NOW);
        assert!(
            said.split_whitespace().collect::<Vec<_>>().join(" ").contains(
                "jumpgate did not make it: its own stands at the `account-host` of the last apply, \
             10.8.0.%, and stays as it is until this one is gone"
            ),
            "{said}"
        );

        // When it is gone, ours moves.
        world.server().accounts.remove(&theirs.name);
        world.apply(&access, NOW);
        let hosts: Vec<&str> =
            world.server().accounts.keys().map(|one| one.host.as_str()).collect();
        assert_eq!(hosts, [NOW_AT], "{flavor:?}");
    }
}

#[test]
fn what_ends_while_it_is_in_the_way_is_ours_alone() {
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let (mut world, ours) = applied(flavor);
        let theirs = world.by_another_hand(&ours, NOW_AT);
        world.apply(&moved(&[]), NOW);
        let left: Vec<&SeenAccount> = world.observed_accounts();
        assert_eq!(left, [&theirs], "{flavor:?}");
        assert!(world.live().accounts.is_empty(), "{flavor:?}");
    }
}

#[test]
fn the_old_account_goes_after_the_new_one_stands() {
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let (world, ours) = applied(flavor);
        let plan = world.plan(&moved(&[("r", REFUNDS)]), NOW);
        let place = |host: &str| {
            plan.items.iter().position(|item| match &item.what {
                What::Account { change } => change.account.host == host,
                _ => false,
            })
        };
        let (new, old) = (place(NOW_AT).expect("a new one"), place(&ours.host).expect("the old"));
        assert_eq!(plan.items[old].needs, [new], "{flavor:?}: {:#?}", plan.items);
        assert_eq!(plan.items[old].phase, Phase::Replaced);
    }
}

#[test]
fn what_breaks_policy_keeps_the_account_at_the_host_of_before_until_its_end() {
    let policy =
        "environments: [prod]\nlimits:\n  - { when: { environment: prod }, longest: 7d }\n";
    let database = DATABASE.replace(BEFORE, NOW_AT);
    let access = |request: &str| {
        let files =
            [("inventory/databases/orders-prod.yaml", database.as_str()), ("policy.yaml", policy)];
        repo(&[("r", request)], &files)
    };
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let (mut world, _) = applied(flavor);
        let before = world.server().accounts.clone();
        // Also when it asks for longer by now.
        for until in ["2027-02-28", "2027-12-31"] {
            let plan = world.apply(&access(&REFUNDS.replace("2027-02-28", until)), NOW);
            assert!(plan.breaks_policy() && plan.items.is_empty(), "{flavor:?}: {:#?}", plan.items);
        }
        assert_eq!(world.server().accounts, before, "{flavor:?}");
        world.apply(&access(&REFUNDS.replace("2027-02-28", "2027-12-31")), "2027-02-28T16:00:00Z");
        assert!(world.server().accounts.is_empty(), "{flavor:?}");
        assert!(world.live().permissions.is_empty() && world.live().accounts.is_empty());
    }
}

#[test]
fn a_run_that_was_cut_after_the_new_account_goes_on() {
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let (mut world, ours) = applied(flavor);
        let access = moved(&[("r", REFUNDS)]);
        let old = world.server().accounts[&ours].clone();
        let plan = world.plan(&access, NOW);
        world.carry_out(&plan);
        // The anchor still says the host of before; ours there was not dropped yet.
        world.server().accounts.insert(ours.clone(), old);
        world.apply(&access, NOW);
        let hosts: Vec<&str> =
            world.server().accounts.keys().map(|one| one.host.as_str()).collect();
        assert_eq!(hosts, [NOW_AT], "{flavor:?}");
    }
}

#[test]
fn a_new_password_goes_to_no_account_of_another_hand() {
    let (mut world, ours) = applied(Flavor::Mariadb);
    let theirs = world.by_another_hand(&ours, NOW_AT);
    // A run that made a password for ours was cut.
    let here = world.live().accounts.values_mut().next().expect("an account");
    let handover = here.mark.as_mut().and_then(|mark| mark.handover.as_mut()).expect("a handover");
    handover.state = crate::mark::HandoverState::Pending;
    (handover.changed, handover.host) = (None, Some(BEFORE.to_owned()));
    let plan = world.plan(&moved(&[("r", REFUNDS)]), NOW);
    assert!(kinds(&plan).contains(&Kind::InTheWay), "{:#?}", plan.findings);
    world.carry_out(&plan);
    assert_eq!(world.server().accounts[&theirs.name], theirs);
    assert!(world.server().accounts.contains_key(&ours));
}

#[test]
fn an_account_of_another_hand_at_the_host_of_before_is_not_dropped() {
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let (mut world, ours) = applied(flavor);
        let theirs = world.by_another_hand(&ours, "%");
        world.apply(&repo(&[], &[("requests/.keep", "")]), NOW);
        let name = AccountName { host: BEFORE.to_owned(), ..theirs.name.clone() };
        world.server().accounts.clear();
        let theirs = SeenAccount { name: name.clone(), ..theirs };
        world.server().accounts.insert(name, theirs.clone());
        // The account is asked for anew, and nothing is ours: it would pass for ours.
        let access = moved(&[("r", REFUNDS)]);
        for _ in 0..2 {
            let plan = world.plan(&access, NOW);
            assert!(kinds(&plan).contains(&Kind::InTheWay), "{flavor:?}: {:#?}", plan.findings);
            world.carry_out(&plan);
            assert_eq!(world.observed_accounts(), [&theirs], "{flavor:?}");
        }
        world.anchored_at(NOW_AT);
        world.apply(&access, NOW);
        assert_eq!(world.server().accounts.len(), 2, "{flavor:?}");
        assert_eq!(world.server().accounts[&theirs.name], theirs, "{flavor:?}");
    }
}

/// A mark of before the host stood in it tells by the time of the password.
#[test]
fn a_mark_without_a_host_tells_by_the_time() {
    let (mut world, ours) = applied(Flavor::Mariadb);
    let mut theirs = world.by_another_hand(&ours, NOW_AT);
    theirs.password_changed = Some(at("2025-01-02T03:04:05Z"));
    world.server().accounts.insert(theirs.name.clone(), theirs.clone());
    let here = world.live().accounts.values_mut().next().expect("an account");
    let handover = here.mark.as_mut().and_then(|mark| mark.handover.as_mut()).expect("a handover");
    handover.host = None;
    let plan = world.plan(&moved(&[("r", REFUNDS)]), NOW);
    assert!(kinds(&plan).contains(&Kind::InTheWay), "{:#?}", plan.findings);
    world.carry_out(&plan);
    assert_eq!(world.server().accounts[&theirs.name], theirs);
}

#[test]
fn who_is_blocked_keeps_the_account_at_the_host_of_before() {
    let (mut world, ours) = applied(Flavor::Mariadb);
    world.live().users.remove("fanlichun");
    let plan = world.plan(&moved(&[("r", REFUNDS)]), NOW);
    world.carry_out(&plan);
    assert!(world.server().accounts.contains_key(&ours), "{:#?}", plan.items);
}

#[test]
fn what_is_released_is_given_back_where_it_stands() {
    let (mut world, ours) = applied(Flavor::Mariadb);
    let released = format!("{REFUNDS}release: true\n");
    let plan = world.plan(&moved(&[("r", &released)]), NOW);
    world.carry_out(&plan);
    assert!(world.server().accounts.contains_key(&ours), "{:#?}", plan.items);
    let accounts = world.live().accounts.values();
    assert!(accounts.clone().count() == 1 && accounts.clone().all(|one| one.mark.is_none()));
}
