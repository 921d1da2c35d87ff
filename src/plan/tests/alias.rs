//! Instances that show the accounts of another one: what holds there holds here.

use super::foreign::foreign;
use super::*;
use crate::mysql::dialect::{Flavor, Version};
use crate::mysql::spec::AccountName;
use crate::plan::renew::Which;

const REPLICA: &str = "inventory/databases/orders-replica.yaml";
const REQUEST: &str = "for: fanlichun
reason: invoices
until: 2027-02-28
databases:
  - { instance: orders-replica, level: rw, tables: [billing.invoices] }
";

/// A replica of orders-prod, in this environment.
fn replica(environment: &str) -> String {
    DATABASE
        .replace("orders-prod", "orders-replica")
        .replace("environment: prod", &format!("environment: {environment}"))
        + "same-accounts-as: orders-prod\n"
}

fn world() -> World {
    let mut world = World::new();
    world.asset("orders-replica", "database", "mysql", "mysql");
    world
}

#[test]
fn an_alias_keeps_the_limits_of_the_instance_whose_accounts_it_shows() {
    for (environment, is_refused) in [("prod", true), ("test", false)] {
        let policy = format!(
            "environments: [prod, test, other]\nlimits:\n  - {{ when: {{ environment: \
             {environment}, level: rw }}, deny: nobody writes }}\n"
        );
        let other = replica("other");
        let files = [(REPLICA, other.as_str()), ("policy.yaml", &policy)];
        let access = repo(&[("r", REQUEST)], &files);
        let plan = world().plan(&access, NOW);
        assert_eq!(plan.items.is_empty(), is_refused, "{environment}: {:#?}", plan.items);
        assert_eq!(kinds(&plan).contains(&Kind::AgainstPolicy), is_refused, "{environment}");
    }
}

#[test]
fn an_alias_of_a_retired_instance_gives_nothing() {
    let (prod, retired) = (replica("prod"), format!("{DATABASE}state: retired\n"));
    let mut world = world();
    world.apply(&repo(&[("r", REQUEST)], &[(REPLICA, &prod)]), NOW);
    assert_eq!(world.server().accounts.len(), 1);
    let holder = ("inventory/databases/orders-prod.yaml", retired.as_str());
    let access = repo(&[("r", REQUEST)], &[(REPLICA, &prod), holder]);
    assert_eq!(access.notices.len(), 1, "check says so: {:#?}", access.notices);
    world.apply(&access, NOW);
    assert!(world.server().accounts.is_empty() && world.live().permissions.is_empty());
}

const INVOICES: [(&str, &str); 1] = [("r", TABLE)];

/// What the asset of an alias has lost.
fn without_its_asset(world: &mut World) {
    // JumpServer deletes the accounts of an asset with it.
    world.live().assets.remove("orders-replica");
    world.live().accounts.retain(|_, account| account.asset != "orders-replica");
}

/// A world in which the request was applied with its alias.
fn applied(flavor: Flavor, access: &Access) -> World {
    let mut world = world();
    let dialect = &mut world.server().server.dialect;
    dialect.flavor = flavor;
    if flavor == Flavor::Mariadb {
        (dialect.version, dialect.text) = (Version(11, 8, 9), "11.8.9-MariaDB".to_owned());
    }
    world.apply(access, NOW);
    world
}

/// The passwords in JumpServer, by the run that made them, and when the server got its own.
fn passwords(world: &mut World) -> (BTreeMap<String, String>, Vec<Option<Timestamp>>) {
    let here = world.live().accounts.values().map(|account| {
        let handover = account.mark.as_ref().and_then(|mark| mark.handover.as_ref());
        (account.asset.clone(), handover.expect("a handover").generation.clone())
    });
    let here = here.collect();
    (here, world.server().accounts.values().map(|account| account.password_changed).collect())
}

#[test]
fn an_alias_whose_asset_is_gone_stops_only_itself() {
    let prod = replica("prod");
    let access = repo(&INVOICES, &[(REPLICA, &prod)]);
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let mut world = applied(flavor, &access);
        let before = world.live().assets["orders-replica"].clone();
        without_its_asset(&mut world);
        let stood = passwords(&mut world);
        let plan = world.apply(&access, NOW);
        assert!(kinds(&plan).contains(&Kind::AssetMissing), "{flavor:?}");
        assert!(plan.items.is_empty(), "{flavor:?}: {:#?}", plan.items);
        assert_eq!(passwords(&mut world), stood, "{flavor:?}");
        // What is asked for beside it is given.
        let more = TABLE.replace("billing.invoices", "billing.invoices, orders.*");
        let more = repo(&[("r", &more)], &[(REPLICA, &prod)]);
        let plan = world.apply(&more, NOW);
        assert_eq!(plan.items.len(), 1, "{flavor:?}: {:#?}", plan.items);
        assert_eq!(passwords(&mut world), stood, "{flavor:?}");

        // When it is back, it gets a password that the server has, too.
        world.live().assets.insert("orders-replica".to_owned(), before);
        world.apply(&more, NOW);
        let (here, _) = passwords(&mut world);
        assert_eq!(here.len(), 2, "{flavor:?}");
        assert_eq!(here["orders-prod"], here["orders-replica"], "{flavor:?}");
    }
}

/// An asset that was called otherwise has the account that it had. It fits only where no new
/// password was made meanwhile.
#[test]
fn an_alias_whose_asset_has_its_name_again_goes_on() {
    let prod = replica("prod");
    let access = repo(&INVOICES, &[(REPLICA, &prod)]);
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        for is_renewed in [false, true] {
            let mut world = applied(flavor, &access);
            let rename = |world: &mut World, from: &str, to: &str| {
                let mut asset = world.live().assets.remove(from).expect("an asset");
                to.clone_into(&mut asset.name);
                world.live().assets.insert(to.to_owned(), asset);
                let accounts = world.live().accounts.values_mut();
                accounts.filter(|one| one.asset == from).for_each(|one| one.asset = to.to_owned());
            };
            rename(&mut world, "orders-replica", "called-otherwise");
            assert!(world.apply(&access, NOW).items.is_empty(), "{flavor:?}");
            if is_renewed {
                let plan = super::renew::plan(&world, &access, NOW, &Which::default());
                assert_eq!(plan.items.len(), 1, "{flavor:?}: {:#?}", plan.findings);
                world.carry_out(&plan);
            }
            rename(&mut world, "called-otherwise", "orders-replica");
            let plan = world.apply(&access, NOW);
            assert_eq!(plan.items.is_empty(), !is_renewed, "{flavor:?}: {:#?}", plan.items);
            let (here, _) = passwords(&mut world);
            assert_eq!(here["orders-prod"], here["orders-replica"], "{flavor:?}");
        }
    }
}

#[test]
fn on_an_alias_asset_of_another_kind_nothing_changes() {
    let prod = replica("prod");
    let access = repo(&INVOICES, &[(REPLICA, &prod)]);
    let mut world = World::new();
    world.asset("orders-replica", "host", "linux", "ssh");
    // Nothing of ours is there, so nobody gets it by this.
    foreign(&mut world, &["@ALL"]).asset = "orders-replica".to_owned();
    let plan = world.apply(&access, NOW);
    let told = plan.findings.iter().find(|one| one.code == Kind::AssetWrongKind).expect("it");
    assert_eq!(
        told.message,
        "asset orders-replica is linux (host), not MySQL or MariaDB, so no accounts of \
         orders-prod go there, and nothing new is granted on orders-replica"
    );
    let steps = serde_json::to_string(&plan.items).expect("JSON");
    assert!(!steps.contains("orders-replica"), "{:#?}", plan.items);
    assert_eq!(world.server().accounts.len(), 1);
    // What is asked for by way of it waits.
    let plan = world.apply(&repo(&[("s", REQUEST)], &[(REPLICA, &prod)]), NOW);
    assert!(!plan.items.iter().any(|item| matches!(&item.what,
        What::Permission { action, .. } if action.gives())));
}

#[test]
fn what_ends_goes_from_an_alias_that_cannot_be_opened() {
    let prod = replica("prod");
    let access = repo(&INVOICES, &[(REPLICA, &prod)]);
    let closed = |world: &mut World| {
        let asset = world.live().assets.get_mut("orders-replica").expect("an asset");
        (asset.category, asset.kind) = ("host".to_owned(), "linux".to_owned());
    };
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        // When nobody asks for it any more, and when all that asks for it has ended.
        let keep = ("requests/.keep", "");
        let longer = TABLE.replace("2027-02-28", "2027-12-31");
        let policy =
            "environments: [prod]\nlimits:\n  - { when: { environment: prod }, longest: 7d }\n";
        let gone = repo(&[], &[(REPLICA, &prod), keep]);
        let over = repo(&[("r", &longer)], &[(REPLICA, &prod), ("policy.yaml", policy)]);
        for (after, moment) in [(&gone, NOW), (&over, "2027-02-28T16:00:00Z")] {
            let mut world = applied(flavor, &access);
            closed(&mut world);
            world.apply(after, moment);
            assert!(world.server().accounts.is_empty(), "{flavor:?}");
            assert!(world.live().accounts.is_empty(), "{flavor:?}");
        }
        // Also when it is given back.
        let mut world = applied(flavor, &access);
        closed(&mut world);
        let released = format!("{TABLE}release: true\n");
        world.apply(&repo(&[("r", &released)], &[(REPLICA, &prod)]), NOW);
        let accounts = world.live().accounts.values();
        assert_eq!(accounts.filter(|one| one.mark.is_none()).count(), 2, "{flavor:?}");
    }
}

/// On MariaDB its mark alone says that what the server has is ours.
#[test]
fn the_mark_on_an_alias_that_cannot_be_opened_still_tells_whose_an_account_is() {
    let prod = replica("prod");
    let access = repo(&INVOICES, &[(REPLICA, &prod)]);
    let mut world = applied(Flavor::Mariadb, &access);
    world.live().assets.get_mut("orders-replica").expect("an asset").category = "host".to_owned();
    world.live().accounts.retain(|_, account| account.asset == "orders-replica");
    let plan = world.apply(&access, NOW);
    assert!(!kinds(&plan).contains(&Kind::InTheWay), "{:#?}", plan.findings);
    let (here, _) = passwords(&mut world);
    assert!(here.contains_key("orders-prod"), "{:#?}", plan.items);
}

/// Its account there, which is another hand's, would be in the way once the asset is back.
#[test]
fn what_is_to_be_adopted_waits_for_the_asset_of_an_alias() {
    let prod = replica("prod");
    let adopts =
        TABLE.replace("[billing.invoices]", "[billing.invoices], adopts: { account: by_hand }");
    let mut world = applied(Flavor::Mysql, &repo(&INVOICES, &[(REPLICA, &prod)]));
    let by_hand = AccountName { user: "by_hand".to_owned(), host: "10.8.0.%".to_owned() };
    let (_, mut account) = world.server().accounts.pop_first().expect("an account");
    (account.name, account.evidence) = (by_hand.clone(), None);
    world.server().accounts.insert(by_hand, account.clone());
    world.server().users.insert("by_hand".to_owned());
    world.live().permissions.clear();
    for seen in world.live().accounts.values_mut() {
        (seen.name, seen.username) = ("by_hand".to_owned(), "by_hand".to_owned());
        (seen.labelled, seen.mark, seen.has_secret) = (false, None, Some(true));
    }
    let asset = world.live().assets.remove("orders-replica").expect("an asset");
    let access = repo(&[("r", &adopts)], &[(REPLICA, &prod)]);
    let plan = world.apply(&access, NOW);
    assert!(kinds(&plan).contains(&Kind::NotAdopted), "{:#?}", plan.findings);
    assert_eq!(world.server().accounts.values().collect::<Vec<_>>(), [&account]);
    world.live().assets.insert("orders-replica".to_owned(), asset);
    let plan = world.apply(&access, NOW);
    assert!(plan.items.iter().any(|item| item.what.adopts()), "{:#?}", plan.findings);
    assert!(world.live().accounts.values().all(|seen| seen.mark.is_some()));
}
