//! Requests that share a permission, when one of them is not as it should be.

use super::*;

const UNTIL: &str = "2027-02-28";

fn asks(what: &str, until: &str) -> String {
    format!("for: fanlichun\nreason: logs\nuntil: {until}\n{what}")
}

const ONE: &str = "servers: [{ login: app, assets: [pay-web-01] }]\n";
const TWO: &str = "servers: [{ login: app, assets: [pay-web-02] }]\n";

impl World {
    /// What the permissions open.
    fn open(&mut self) -> Vec<(String, Vec<String>)> {
        let permissions = self.live().permissions.values();
        let mut open: Vec<_> = permissions
            .filter(|seen| seen.spec.active)
            .map(|seen| {
                let targets = seen.spec.assets.iter().chain(&seen.spec.nodes).cloned();
                (seen.spec.name.clone(), targets.collect())
            })
            .collect();
        open.sort();
        open
    }

    /// The requests in the mark of the one permission.
    fn marked(&mut self) -> Vec<String> {
        let seen = self.live().permissions.values().next().expect("a permission");
        let mark = seen.mark.as_ref().expect("a mark");
        mark.requests.keys().map(ToString::to_string).collect()
    }
}

fn opens(until: &str, targets: &[&str]) -> (String, Vec<String>) {
    let name = format!("jump_app_fanlichun_{}", until.replace('-', ""));
    (name, targets.iter().map(|target| (*target).to_owned()).collect())
}

/// Two requests that were applied, of which the second one is renewed.
fn renewed() -> (World, Access) {
    let mut world = World::new();
    world.apply(&repo(&[("a", &asks(ONE, UNTIL)), ("b", &asks(TWO, UNTIL))], &[]), NOW);
    let renewed = repo(&[("a", &asks(ONE, UNTIL)), ("b", &asks(TWO, "2027-12-31"))], &[]);
    (world, renewed)
}

#[test]
fn a_renewal_that_breaks_policy_takes_nothing_from_what_others_share() {
    let (mut world, access) = renewed();
    let policy =
        "environments: [prod]\nlimits:\n  - { when: { environment: prod }, longest: 120d }\n";
    let policy = [("policy.yaml", policy)];
    let against = repo(&[("a", &asks(ONE, UNTIL)), ("b", &asks(TWO, "2027-12-31"))], &policy);
    let plan = world.plan(&against, NOW);
    assert!(plan.breaks_policy() && plan.items.is_empty(), "{:#?}", plan.items);
    // The first one is withdrawn: what the second one had stays alone.
    let alone = repo(&[("b", &asks(TWO, "2027-12-31"))], &policy);
    world.apply(&alone, NOW);
    assert_eq!(world.open(), [opens(UNTIL, &["pay-web-02"])]);
    assert_eq!(world.marked(), ["b"]);
    // And when it asks for something else, it keeps nothing.
    let other = repo(&[("b", &asks(ONE, "2027-12-31"))], &policy);
    let mut edited = World::new();
    edited.observed = world.observed.clone();
    edited.apply(&other, NOW);
    assert_eq!(edited.open(), []);
    world.apply(&alone, "2027-02-28T16:00:00Z");
    assert_eq!(world.open(), []);
    let (mut world, _) = renewed();
    world.apply(&access, NOW);
    assert_eq!(world.open(), [opens(UNTIL, &["pay-web-01"]), opens("2027-12-31", &["pay-web-02"])]);
}

#[test]
fn a_renewal_that_was_merged_against_the_rules_takes_nothing() {
    let (world, access) = renewed();
    let plan = world.plan_unproven(&access, NOW, &["b"]);
    assert!(plan.breaks_policy() && plan.items.is_empty(), "{:#?}", plan.items);
    // Nor does it for somebody who gets nothing new.
    let mut gone = World::new();
    gone.observed = world.observed.clone();
    gone.live().users.remove("fanlichun");
    let plan = gone.plan_unproven(&access, NOW, &["b"]);
    assert!(plan.items.is_empty(), "{:#?}", plan.items);
}

#[test]
fn what_is_withdrawn_goes_though_an_unapproved_request_names_it() {
    let approved = asks(ONE, UNTIL);
    for user in [true, false] {
        let mut world = World::new();
        world.apply(&repo(&[("a", &approved)], &[]), NOW);
        if !user {
            world.live().users.remove("fanlichun");
        }
        let both = repo(&[("a", &approved), ("b", &approved)], &[]);
        let plan = world.plan_unproven(&both, NOW, &["b"]);
        assert!(plan.items.is_empty(), "{:#?}", plan.items);
        let plan = world.plan_unproven(&repo(&[("b", &approved)], &[]), NOW, &["b"]);
        world.carry_out(&plan);
        assert_eq!(world.open(), [], "{user}");
    }
}

#[test]
fn of_an_instance_and_its_replica_each_request_keeps_its_own() {
    let replica = "address: orders-ro.db.acme.example:3306\nasset: orders-ro\nenvironment: prod\n\
                   owners: [liwei]\naccount-host: 10.8.0.%\nsame-accounts-as: orders-prod\n";
    let others = [("inventory/databases/orders-ro.yaml", replica)];
    let want = |instance: &str| {
        format!("databases: [{{ instance: {instance}, level: r, tables: ['orders.*'] }}]\n")
    };
    let (one, two) = (want("orders-prod"), want("orders-ro"));
    let mut world = World::new();
    let mut asset = world.live().assets["orders-prod"].clone();
    (asset.id, asset.name) = (uuid::Uuid::from_u128(77), "orders-ro".to_owned());
    world.live().assets.insert(asset.name.clone(), asset);
    world.apply(&repo(&[("a", &asks(&one, UNTIL)), ("b", &asks(&two, UNTIL))], &others), NOW);
    let renewed = repo(&[("a", &asks(&one, UNTIL)), ("b", &asks(&two, "2027-12-31"))], &others);
    let plan = world.plan_unproven(&renewed, NOW, &["b"]);
    assert!(plan.items.is_empty(), "{:#?}", plan.items);
}
