//! Something else has the name of a permission of ours, which another hand called otherwise.

use super::world::Edit;
use super::*;
use crate::jumpserver::spec::PermissionSpec;

const OTHERWISE: &str = "called otherwise by hand";
const HOSTS: &str = "for: fanlichun
reason: web
until: 2027-02-28
servers:
  - { login: app, nodes: [/Default/payments/prod], assets: [pay-web-01, pay-web-02] }
";

impl World {
    /// The permission of ours.
    fn ours(&mut self) -> &mut PermissionSpec {
        let ours = self.live().permissions.values_mut().filter(|seen| seen.mark.is_some());
        let [seen] = ours.collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("one"));
        &mut seen.spec
    }

    /// Gives its name to one of another hand, and it another one.
    fn swap_name(&mut self) -> PermissionSpec {
        let name = std::mem::replace(&mut self.ours().name, OTHERWISE.to_owned());
        let ours = self.live().permissions.values().next().expect("one").clone();
        let mut theirs = SeenPermission { id: self.id(), labelled: false, mark: None, ..ours };
        theirs.spec.name = name;
        let spec = theirs.spec.clone();
        self.live().permissions.insert(theirs.id, theirs);
        spec
    }

    fn theirs(&mut self) -> &PermissionSpec {
        let mut all = self.live().permissions.values().filter(|seen| seen.mark.is_none());
        &all.next().expect("one of another hand").spec
    }
}

#[test]
fn what_git_took_out_goes_though_another_hand_has_the_name() {
    let [first, both] = ["[pay-web-01]", "[pay-web-01, pay-web-02]"]
        .map(|assets| HOST.replace("[pay-web-01]", assets));
    let mut world = World::new();
    world.apply(&repo(&[("r", &both)], &[]), NOW);
    let theirs = world.swap_name();
    let access = repo(&[("r", &first)], &[]);
    let plan = world.apply(&access, NOW);
    assert!(kinds(&plan).contains(&Kind::InTheWay) && plan.is_partial());
    let [item] = plan.items.as_slice() else { panic!("{:#?}", plan.items) };
    assert_eq!((item.phase, item.early_end), (Phase::Ends, true));
    assert!(item.because.iter().all(|reason| reason.state == State::Asks), "{:?}", item.because);
    assert_eq!(plan.removals.counted, 1);
    assert_eq!(world.ours().assets, ["pay-web-01".to_owned()].into());
    assert_eq!(world.ours().name, OTHERWISE);
    assert_eq!(world.theirs(), &theirs);

    // What is new waits for the name, also when it comes with what goes.
    let second = HOST.replace("pay-web-01", "pay-web-02");
    let access = repo(&[("r", &second)], &[]);
    let plan = world.apply(&access, NOW);
    assert!(plan.items.iter().all(|item| !item.what.gives()), "{:#?}", plan.items);
    assert!(world.ours().assets.is_empty(), "{:?}", world.ours());
    world.live().permissions.retain(|_, seen| seen.mark.is_some());
    world.apply(&access, NOW);
    assert_eq!(world.ours().assets, ["pay-web-02".to_owned()].into());
    assert_ne!(world.ours().name, OTHERWISE);
}

#[test]
fn what_another_hand_added_is_taken_back_though_it_has_the_name() {
    fn add(into: &mut BTreeSet<String>, text: &str) {
        assert!(into.insert(text.to_owned()));
    }
    let wider: [Edit<PermissionSpec>; 8] = [
        ("users", |spec| add(&mut spec.users, "liwei")),
        ("groups", |spec| add(&mut spec.groups, "dba")),
        ("nodes", |spec| add(&mut spec.nodes, "/Default/payments")),
        ("accounts", |spec| add(&mut spec.accounts, "root")),
        ("any account", |spec| add(&mut spec.accounts, "@ALL")),
        ("any protocol", |spec| add(&mut spec.protocols, "all")),
        ("actions", |spec| add(&mut spec.actions, "share")),
        ("end", |spec| spec.end = at("2027-06-30T00:00:00Z")),
    ];
    let access = repo(&[("r", HOSTS)], &[]);
    for (part, widen) in wider {
        let mut world = World::new();
        world.apply(&access, NOW);
        world.swap_name();
        let right = world.ours().clone();
        widen(world.ours());
        let plan = world.apply(&access, NOW);
        assert_eq!(plan.items.len(), 1, "{part}: {:#?}", plan.items);
        assert_eq!(world.ours(), &right, "{part}");
    }
}

#[test]
fn what_another_hand_took_away_waits_for_the_name() {
    let narrower: [Edit<PermissionSpec>; 4] = [
        ("assets", |spec| drop(spec.assets.pop_first())),
        ("actions", |spec| drop(spec.actions.pop_first())),
        ("active", |spec| spec.active = false),
        ("nothing", |_| {}),
    ];
    let access = repo(&[("r", HOSTS)], &[]);
    for (part, narrow) in narrower {
        let mut world = World::new();
        world.apply(&access, NOW);
        world.swap_name();
        narrow(world.ours());
        assert!(world.apply(&access, NOW).items.is_empty(), "{part}");
        // What is taken beside it is not given back with it.
        world.ours().groups.insert("dba".to_owned());
        let before = PermissionSpec { groups: BTreeSet::new(), ..world.ours().clone() };
        world.apply(&access, NOW);
        assert_eq!(world.ours(), &before, "{part}");
    }
}

#[test]
fn an_instance_that_git_took_out_goes_from_a_permission_without_its_name() {
    let name = "inventory/databases/orders-replica.yaml";
    let replica =
        DATABASE.replace("orders-prod", "orders-replica") + "same-accounts-as: orders-prod\n";
    let both = TABLE.replace("instance: orders-prod", "instance: [orders-prod, orders-replica]");
    let mut world = World::new();
    world.asset("orders-replica", "database", "mysql", "mysql");
    world.apply(&repo(&[("r", &both)], &[(name, &replica)]), NOW);
    world.swap_name();
    world.apply(&repo(&[("r", TABLE)], &[(name, &replica)]), NOW);
    assert_eq!(world.ours().assets, ["orders-prod".to_owned()].into());
}

#[test]
fn what_has_ended_goes_whoever_has_its_name() {
    let access = repo(&[("r", HOSTS)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    let theirs = world.swap_name();
    world.apply(&access, "2027-02-28T16:00:00Z");
    let left: Vec<_> = world.live().permissions.values().map(|seen| &seen.spec).collect();
    assert_eq!(left, [&theirs]);
}
