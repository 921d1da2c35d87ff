//! What the guard takes for something taken away: each part of a permission by itself.

use jiff::SignedDuration;

use super::world::Edit;
use super::*;
use crate::jumpserver::spec::PermissionSpec;

const HOSTS: &str = "for: fanlichun
reason: web
until: 2027-02-28
servers:
  - { login: app, nodes: [/Default/payments/prod], assets: [pay-web-01] }
";

/// A permission of ours that another hand made to give more: what of it is taken back was there
/// until its recorded end, and counts.
#[test]
fn whatever_part_is_taken_back_counts_for_the_guard() {
    fn add(into: &mut BTreeSet<String>, text: &str) {
        assert!(into.insert(text.to_owned()));
    }
    let wider: [Edit<PermissionSpec>; 9] = [
        ("users", |spec| add(&mut spec.users, "liwei")),
        ("groups", |spec| add(&mut spec.groups, "dba")),
        ("assets", |spec| add(&mut spec.assets, "pay-web-02")),
        ("nodes", |spec| add(&mut spec.nodes, "/Default/payments")),
        ("accounts", |spec| add(&mut spec.accounts, "root")),
        ("protocols", |spec| add(&mut spec.protocols, "telnet")),
        ("actions", |spec| add(&mut spec.actions, "share")),
        ("start", |spec| spec.start -= SignedDuration::from_secs(3_600)),
        ("end", |spec| spec.end += SignedDuration::from_secs(3_600)),
    ];
    let access = repo(&[("r", HOSTS)], &[]);
    let mut world = World::new();
    // The node does not give it as well.
    world.live().assets.get_mut("pay-web-02").expect("an asset").nodes.clear();
    world.apply(&access, NOW);
    let [id] = *Vec::from_iter(world.live().permissions.keys().copied()) else { panic!("one") };
    let right = world.live().permissions[&id].clone();
    for (part, widen) in wider {
        widen(&mut world.live().permissions.get_mut(&id).expect("a permission").spec);
        let plan = world.apply(&access, NOW);
        let all = |is: fn(&Item) -> bool| plan.items.iter().all(is);
        assert!(all(|item| item.what.takes() && !item.what.gives() && item.early_end), "{part}");
        assert_eq!(plan.removals, Removals { counted: 1, ended: 0, owned: 1 }, "{part}");
        assert_eq!(world.live().permissions[&id], right, "{part}");
    }
}

/// The same permission, made by another hand to give less: it is given again, and nothing counts.
#[test]
fn what_another_hand_took_away_comes_back() {
    let narrower: [Edit<PermissionSpec>; 8] = [
        ("users", |spec| spec.users.clear()),
        ("assets", |spec| spec.assets.clear()),
        ("nodes", |spec| spec.nodes.clear()),
        ("protocols", |spec| drop(spec.protocols.pop_first())),
        ("actions", |spec| drop(spec.actions.pop_first())),
        ("start", |spec| spec.start += SignedDuration::from_secs(3_600)),
        ("end", |spec| spec.end -= SignedDuration::from_secs(3_600)),
        ("active", |spec| spec.active = false),
    ];
    let access = repo(&[("r", HOSTS)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    let [id] = *Vec::from_iter(world.live().permissions.keys().copied()) else { panic!("one") };
    let right = world.live().permissions[&id].clone();
    for (part, narrow) in narrower {
        narrow(&mut world.live().permissions.get_mut(&id).expect("a permission").spec);
        let plan = world.apply(&access, NOW);
        let [item] = plan.items.as_slice() else { panic!("{part}: {:#?}", plan.items) };
        assert!(item.what.gives() && !item.what.takes() && !item.early_end, "{part}");
        assert_eq!(plan.removals.counted, 0, "{part}");
        assert_eq!(world.live().permissions[&id], right, "{part}");
    }
}

/// A permission of another period takes the place of one that goes only when it holds by now: in
/// between people have nothing.
#[test]
fn what_is_to_begin_later_replaces_nothing_yet() {
    let counted = |period: &str| {
        let mut world = World::new();
        world.apply(&repo(&[("r", HOSTS)], &[]), NOW);
        let edited = HOSTS.replace("until: 2027-02-28\n", period);
        world.apply(&repo(&[("r", &edited)], &[]), NOW).removals.counted
    };
    assert_eq!(counted("until: 2027-03-31\n"), 0);
    assert_eq!(counted("from: 2026-12-01\nuntil: 2027-02-28\n"), 0);
    assert_eq!(counted("from: 2027-01-01\nuntil: 2027-02-28\n"), 1);
}

/// Of what goes from an account together, each request's end counts by itself.
#[test]
fn what_was_withdrawn_counts_beside_what_has_ended() {
    let request = |table: &str, until: &str| {
        format!(
            "for: fanlichun\nreason: {table}\nuntil: {until}\ndatabases:\n  \
             - {{ instance: orders-prod, level: r, tables: [billing.{table}] }}\n"
        )
    };
    let cards = request("cards", "2026-12-31");
    let invoices = request("invoices", "2027-02-28");
    let rest = request("refunds", "2027-03-31");
    let later = "2027-01-01T00:00:00Z";
    for rest in [None, Some(("rest", rest.as_str()))] {
        let with = |requests: &[(&str, &str)]| {
            let all: Vec<(&str, &str)> = requests.iter().copied().chain(rest).collect();
            repo(&all, &[("requests/.keep", "")])
        };
        let both = with(&[("cards", &cards), ("invoices", &invoices)]);
        let account = |plan: &Plan| {
            let mut all = plan.items.iter();
            let account = all.find(|item| matches!(item.what, What::Account { .. }));
            account.map(|item| (item.what.takes(), item.early_end))
        };
        let mut world = World::new();
        world.apply(&both, NOW);
        // One ended, and the other was withdrawn meanwhile.
        let plan = world.plan(&with(&[("cards", &cards)]), later);
        assert_eq!(account(&plan), Some((true, true)), "{:#?}", plan.items);
        // One ended, and the other goes on.
        let plan = world.plan(&both, later);
        assert_eq!(account(&plan), Some((true, false)), "{:#?}", plan.items);
    }
}

/// What is asked for in other words is not taken away: an asset by the node in which it stands.
#[test]
fn what_a_node_gives_as_well_does_not_count() {
    let node = HOST.replace("assets: [pay-web-01]", "nodes: [/Default/payments/prod]");
    let counted = |before: &str, after: &str, stands: bool| {
        let mut world = World::new();
        if !stands {
            world.live().assets.get_mut("pay-web-01").expect("an asset").nodes.clear();
        }
        world.apply(&repo(&[("r", before)], &[]), NOW);
        let plan = world.apply(&repo(&[("r", after)], &[]), NOW);
        (plan.removals.counted, plan.items.iter().filter(|item| item.early_end).count())
    };
    let longer = |request: &str| request.replace("2027-02-28", "2027-03-31");
    for after in [node.clone(), longer(&node)] {
        assert_eq!(counted(HOST, &after, true), (0, 0), "{after}");
        assert_eq!(counted(HOST, &after, false), (1, 1), "it stands elsewhere: {after}");
    }
    // The other way round, what else stands in the node goes.
    for after in [HOST.to_owned(), longer(HOST)] {
        assert_eq!(counted(&node, &after, true), (1, 1), "{after}");
    }
    let root = node.replace("login: app", "login: root");
    assert_eq!(counted(HOST, &root, true), (1, 1), "another login takes no place");
}
