//! What people keep of requests that get nothing new: all that they had and still ask for, in
//! whatever words, and nothing beyond it.

use super::foreign::foreign;
use super::world::SERVERS;
use super::*;
use crate::jumpserver::spec::PermissionSpec;

/// Refuses what asks for longer, and whole databases.
const POLICY: &str = "environments: [prod, test]
limits:
  - { when: { environment: prod, login: app }, longest: 7d }
  - { when: { environment: prod, scope: database }, deny: name the tables }
";

fn logins(accounts: &str) -> String {
    format!(
        "{JUMPGATE}logins:\n  app: {{ accounts: [{accounts}], protocols: [ssh], actions: [connect] }}\n  \
         root: {{ accounts: [root], protocols: [ssh], actions: [connect] }}\n"
    )
}

/// The one permission that there is.
fn permission(world: &mut World) -> &mut PermissionSpec {
    let mut all = world.live().permissions.values_mut();
    let (Some(seen), None) = (all.next(), all.next()) else { panic!("one permission") };
    &mut seen.spec
}

fn nothing_changes(plan: &Plan, what: &str) {
    assert!(plan.items.is_empty(), "{what}: {:#?}", plan.items);
}

#[test]
fn what_gets_nothing_new_gets_no_accounts_of_a_login_that_grew() {
    let (narrow, wide) = (logins("app"), logins("app, root"));
    let mut world = World::new();
    world.apply(&repo(&[("r", HOST)], &[("jumpgate.yaml", &narrow)]), NOW);
    let files = [("jumpgate.yaml", wide.as_str()), ("policy.yaml", POLICY)];
    let plan = world.plan(&repo(&[("r", HOST)], &files), NOW);
    assert!(plan.breaks_policy());
    nothing_changes(&plan, "against policy");
    let access = repo(&[("r", HOST)], &files[..1]);
    nothing_changes(&world.plan_unproven(&access, NOW, &["r"]), "unproven");
    // Beside one that may be given, in one permission: nothing new for either asset but itself.
    let other = HOST.replace("pay-web-01", "pay-web-02");
    let access = repo(&[("r", HOST), ("s", &other)], &files[..1]);
    let plan = world.plan_unproven(&access, NOW, &["r"]);
    world.carry_out(&plan);
    let spec = permission(&mut world);
    assert_eq!(spec.assets, ["pay-web-01".to_owned(), "pay-web-02".to_owned()].into());
    assert_eq!(spec.accounts, ["app".to_owned()].into());
    nothing_changes(&world.plan_unproven(&access, NOW, &["r"]), "again");
    // Once both may be given, both get all of it.
    world.apply(&access, NOW);
    assert_eq!(permission(&mut world).accounts.len(), 2);
}

#[test]
fn what_stands_elsewhere_gets_no_accounts_of_a_login_that_grew() {
    let servers = format!(
        "{SERVERS}  - environment: test\n    owners: [liwei]\n    logins: [app]\n    nodes: [/Default/test]\n"
    );
    let access = |accounts: &str| {
        let files = [("jumpgate.yaml", &*logins(accounts)), ("inventory/servers.yaml", &servers)];
        repo(&[("r", HOST)], &files)
    };
    let mut world = World::new();
    world.apply(&access("app"), NOW);
    let asset = world.live().assets.get_mut("pay-web-01").expect("an asset");
    asset.nodes.insert("/Default/test".to_owned());
    let plan = world.plan(&access("app, root"), NOW);
    assert!(kinds(&plan).contains(&Kind::OtherEnvironment));
    nothing_changes(&plan, "it lives in another environment");
}

#[test]
fn a_login_that_shares_no_account_any_more_keeps_nothing_and_holds_nothing_up() {
    let mut world = World::new();
    world.apply(&repo(&[("r", HOST)], &[("jumpgate.yaml", &logins("app"))]), NOW);
    let other = HOST.replace("pay-web-01", "pay-web-02");
    let access = repo(&[("r", HOST), ("s", &other)], &[("jumpgate.yaml", &logins("svc"))]);
    let plan = world.plan_unproven(&access, NOW, &["r"]);
    world.carry_out(&plan);
    let spec = permission(&mut world);
    assert_eq!(spec.assets, ["pay-web-02".to_owned()].into());
    assert_eq!(spec.accounts, ["svc".to_owned()].into());
}

#[test]
fn what_gets_nothing_new_keeps_what_it_had_when_the_kind_of_its_scope_changes() {
    let database = TABLE.replace("[billing.invoices]", "['billing.*']");
    let columns = TABLE.replace("[billing.invoices]", "['billing.cards(id, last4)']");
    let cards = TABLE.replace("invoices", "cards");
    for (before, after) in [(TABLE, &database), (&columns, &cards), (&columns, &database)] {
        let mut world = World::new();
        world.apply(&repo(&[("r", before)], &[]), NOW);
        let access = repo(&[("r", after)], &[]);
        nothing_changes(&world.plan_unproven(&access, NOW, &["r"]), "unproven");
        // It asks for another end, too.
        let longer = after.replace("2027-02-28", "2027-03-31");
        let longer = repo(&[("r", &longer)], &[]);
        nothing_changes(&world.plan_unproven(&longer, NOW, &["r"]), "unproven and longer");
        foreign(&mut world, &["@ALL"]);
        nothing_changes(&world.plan(&access, NOW), "a foreign permission opens it");
        world.live().foreign.clear();
        world.live().users.remove("fanlichun");
        nothing_changes(&world.plan(&access, NOW), "the user is missing");
    }
    let mut world = World::new();
    world.apply(&repo(&[("r", TABLE)], &[]), NOW);
    let access = repo(&[("r", &database)], &[("policy.yaml", POLICY)]);
    let plan = world.plan(&access, NOW);
    assert!(plan.breaks_policy());
    nothing_changes(&plan, "against policy");
}

#[test]
fn what_gets_nothing_new_becomes_as_narrow_as_it_asks_for() {
    let database = TABLE.replace("[billing.invoices]", "['billing.*']");
    let columns = TABLE.replace("[billing.invoices]", "['billing.invoices(id)']");
    for narrower in [TABLE, &columns] {
        let mut world = World::new();
        world.apply(&repo(&[("r", &database)], &[]), NOW);
        let access = repo(&[("r", narrower)], &[]);
        let plan = world.plan_unproven(&access, NOW, &["r"]);
        world.carry_out(&plan);
        let held = world.server().accounts.values().next().expect("it stays").held.clone();
        assert!(held.databases.is_empty(), "{held:?}");
        assert_eq!(held.tables.len() + held.columns.len(), 1, "{held:?}");
        nothing_changes(&world.plan_unproven(&access, NOW, &["r"]), "again");
        nothing_changes(&world.plan(&access, NOW), "that is all that it asks for");
    }
}

#[test]
fn what_another_request_gives_is_not_held_beside_it() {
    let database = TABLE.replace("[billing.invoices]", "['billing.*']");
    let mut world = World::new();
    world.apply(&repo(&[("r", TABLE)], &[]), NOW);
    let access = repo(&[("r", &database), ("s", &database)], &[]);
    let plan = world.plan_unproven(&access, NOW, &["r"]);
    world.carry_out(&plan);
    let held = world.server().accounts.values().next().expect("an account").held.clone();
    assert!(held.databases.len() == 1 && held.tables.is_empty(), "{held:?}");
}

#[test]
fn what_gets_nothing_new_keeps_assets_and_nodes_of_each_other() {
    let node = HOST.replace("assets: [pay-web-01]", "nodes: [/Default/payments/prod]");
    let targets = |world: &mut World| {
        let spec = permission(world);
        (Vec::from_iter(spec.assets.clone()), Vec::from_iter(spec.nodes.clone()))
    };
    let mut world = World::new();
    world.apply(&repo(&[("r", HOST)], &[]), NOW);
    let access = repo(&[("r", &node)], &[]);
    nothing_changes(&world.plan_unproven(&access, NOW, &["r"]), "an asset of the node");
    let longer = repo(&[("r", &node.replace("2027-02-28", "2027-03-31"))], &[]);
    nothing_changes(&world.plan_unproven(&longer, NOW, &["r"]), "and longer");
    world.live().users.remove("fanlichun");
    nothing_changes(&world.plan(&access, NOW), "the user is missing");

    let mut world = World::new();
    world.apply(&access, NOW);
    let access = repo(&[("r", HOST)], &[]);
    let plan = world.plan_unproven(&access, NOW, &["r"]);
    world.carry_out(&plan);
    assert_eq!(targets(&mut world), (vec!["pay-web-01".to_owned()], Vec::new()));
    nothing_changes(&world.plan_unproven(&access, NOW, &["r"]), "again");
    // Another request gives the node: what is in it is not named beside it.
    let access = repo(&[("r", &node), ("s", &node)], &[]);
    let plan = world.plan_unproven(&access, NOW, &["r"]);
    world.carry_out(&plan);
    assert_eq!(targets(&mut world), (Vec::new(), vec!["/Default/payments/prod".to_owned()]));
}

/// A permission of another hand that says the same as the one of ours, under another name.
fn by_hand(world: &mut World, name: &str) {
    let mut seen = world.live().permissions.values().next().expect("one").clone();
    seen.id = world.id();
    seen.spec.name = name.to_owned();
    (seen.mark, seen.labelled) = (None, false);
    world.live().permissions.insert(seen.id, seen);
}

#[test]
fn a_renewal_whose_name_is_taken_ends_nothing() {
    let mut world = World::new();
    world.apply(&repo(&[("r", HOST)], &[]), NOW);
    by_hand(&mut world, "jump_app_fanlichun_20270331");
    let longer = repo(&[("r", &HOST.replace("2027-02-28", "2027-03-31"))], &[]);
    let plan = world.plan(&longer, NOW);
    assert!(kinds(&plan).contains(&Kind::InTheWay));
    nothing_changes(&plan, "the old one stays until its end");
    let plan = world.plan(&longer, "2027-02-28T16:00:00Z");
    assert_eq!((plan.items.len(), plan.removals.ended), (1, 1), "{:#?}", plan.items);
}

#[test]
fn a_renewal_whose_adoption_is_refused_ends_nothing() {
    let mut world = World::new();
    world.apply(&repo(&[("r", HOST)], &[]), NOW);
    by_hand(&mut world, "old-hand-made");
    let other = world.live().permissions.values_mut();
    for seen in other.filter(|seen| seen.spec.name == "old-hand-made") {
        seen.spec.users.insert("liwei".to_owned());
    }
    let adopts = HOST.replace("2027-02-28", "2027-03-31");
    let adopts = adopts.replace("[pay-web-01]", "[pay-web-01], adopts: old-hand-made");
    let plan = world.plan(&repo(&[("r", &adopts)], &[]), NOW);
    assert!(kinds(&plan).contains(&Kind::NotAdopted));
    nothing_changes(&plan, "the old one stays until its end");
}
