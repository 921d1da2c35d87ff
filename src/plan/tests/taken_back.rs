//! What the guard takes for something taken away: each part of a permission by itself.

use jiff::SignedDuration;

use super::world::{Edit, POLICY};
use super::*;
use crate::jumpserver::spec::{PermissionSpec, SeenPermission};

const HOSTS: &str = "for: fanlichun
reason: web
until: 2027-02-28
servers:
  - { login: app, nodes: [/Default/payments/prod], assets: [pay-web-01] }
";

fn add(into: &mut BTreeSet<String>, text: &str) {
    assert!(into.insert(text.to_owned()));
}

/// A permission of ours that another hand made to give more: what of it is taken back was there
/// until its recorded end, and counts.
#[test]
fn whatever_part_is_taken_back_counts_for_the_guard() {
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

const LIMIT: &str = "environments: [prod, test]
limits:
  - { when: { environment: prod }, longest: 120d }
";

fn until(request: &str, day: &str) -> String {
    request.replace("2027-02-28", day)
}

/// The one permission that there is.
fn one(world: &mut World) -> &mut SeenPermission {
    let mut all = world.live().permissions.values_mut();
    let (Some(seen), None) = (all.next(), all.next()) else { panic!("one permission") };
    seen
}

/// Another hand puts somebody into the one permission.
fn put_in(world: &mut World, user: &str) {
    let id = world.live().users[user].id;
    let seen = one(world);
    seen.spec.users.insert(user.to_owned());
    seen.user_ids.insert(id, user.to_owned());
}

fn unreadable(world: &mut World) {
    let broken = crate::observed::Instance::Unreadable("nothing listens there".to_owned());
    world.observed.instances.insert("orders-prod".parse().expect("a name"), broken);
}

#[test]
fn what_another_hand_added_is_taken_back_though_the_renewal_breaks_policy() {
    let wider: [Edit<PermissionSpec>; 6] = [
        ("groups", |spec| add(&mut spec.groups, "everybody")),
        ("accounts", |spec| add(&mut spec.accounts, "root")),
        ("protocols", |spec| add(&mut spec.protocols, "telnet")),
        ("actions", |spec| add(&mut spec.actions, "share")),
        ("start", |spec| spec.start = at("2026-12-01T00:00:00Z")),
        ("end", |spec| spec.end = at("2027-06-30T00:00:00Z")),
    ];
    let from = "from: 2026-12-10\nuntil: 2027-02-28";
    for request in [HOST, TABLE] {
        let begun = request != HOST;
        // On hosts also before the period begins.
        let request = match begun {
            true => request.to_owned(),
            false => request.replace("until: 2027-02-28", from),
        };
        let mut world = World::new();
        world.apply(&repo(&[("r", &request)], &[]), NOW);
        let right = one(&mut world).spec.clone();
        let tight = LIMIT.replace("120d", "7d");
        let longer = until(&request, "2027-12-31");
        for (part, widen) in wider.iter().filter(|(part, _)| !begun || *part != "start") {
            for (what, request, policy) in
                [("the same period", &request, &*tight), ("another period", &longer, LIMIT)]
            {
                widen(&mut one(&mut world).spec);
                let access = repo(&[("r", request)], &[("policy.yaml", policy)]);
                let plan = world.apply(&access, NOW);
                assert!(plan.breaks_policy(), "{what}");
                let all = |is: fn(&Item) -> bool| plan.items.iter().all(is);
                assert!(all(|item| item.what.takes() && !item.what.gives()), "{part}, {what}");
                assert_eq!(one(&mut world).spec, right, "{part}, {what}");
            }
        }
        // What another hand took away does not come back.
        one(&mut world).spec.end = at("2027-01-31T00:00:00Z");
        let access = repo(&[("r", &longer)], &[("policy.yaml", LIMIT)]);
        assert!(world.plan(&access, NOW).items.is_empty());
    }
}

#[test]
fn what_another_hand_added_is_taken_back_though_the_renewal_waits() {
    let mut world = World::new();
    world.apply(&repo(&[("r", TABLE)], &[]), NOW);
    let right = one(&mut world).spec.clone();
    let seen = one(&mut world);
    seen.spec.accounts.insert("root".to_owned());
    seen.spec.groups.insert("everybody".to_owned());
    // The longer end is nobody's before the new permission stands.
    seen.spec.end = at("2027-03-15T00:00:00Z");
    unreadable(&mut world);
    world.apply(&repo(&[("r", &until(TABLE, "2027-03-31"))], &[]), NOW);
    assert_eq!(one(&mut world).spec, right);
}

#[test]
fn whom_another_hand_added_is_taken_out_though_the_renewal_waits_or_breaks_policy() {
    for (request, policy) in [(TABLE, POLICY), (TABLE, LIMIT), (HOST, LIMIT)] {
        let mut world = World::new();
        world.apply(&repo(&[("r", request)], &[]), NOW);
        put_in(&mut world, "liwei");
        unreadable(&mut world);
        let longer = until(request, "2027-12-31");
        world.apply(&repo(&[("r", &longer)], &[("policy.yaml", policy)]), NOW);
        assert_eq!(one(&mut world).spec.users, ["fanlichun".to_owned()].into());
    }
}

#[test]
fn whom_another_hand_added_is_taken_out_though_the_person_is_missing() {
    for after in [HOST.to_owned(), until(HOST, "2027-03-31")] {
        let access = repo(&[("r", &after)], &[]);
        // Deleted: JumpServer takes him out of the permission.
        let mut world = World::new();
        world.apply(&repo(&[("r", HOST)], &[]), NOW);
        put_in(&mut world, "liwei");
        let seen = one(&mut world);
        seen.spec.users.remove("fanlichun");
        seen.user_ids.retain(|_, name| name != "fanlichun");
        world.live().users.remove("fanlichun");
        world.apply(&access, NOW);
        assert_eq!(one(&mut world).spec.users, BTreeSet::new());
        // Renamed: he stays, and nobody else, also who has no file.
        for other in ["liwei", "stranger"] {
            let mut world = World::new();
            world.apply(&repo(&[("r", HOST)], &[]), NOW);
            world.user("stranger");
            put_in(&mut world, other);
            world.live().users.remove("stranger");
            let was = world.live().users.remove("fanlichun").expect("a user");
            let seen = one(&mut world);
            seen.spec.users.remove("fanlichun");
            seen.spec.users.insert("fan".to_owned());
            seen.user_ids.insert(was.id, "fan".to_owned());
            world.apply(&access, NOW);
            assert_eq!(one(&mut world).spec.users, ["fan".to_owned()].into(), "{other}");
        }
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
