//! What stays of somebody who gets nothing new is never more than was there.

use super::world::Edit;
use super::*;
use crate::jumpserver::spec::{PermissionSpec, SeenUser};

const HOSTS: &str = "for: fanlichun
reason: web
until: 2027-02-28
servers:
  - { login: app, nodes: [/Default/payments/prod], assets: [pay-web-01] }
";
const CARDS: &str = "for: fanlichun
reason: cards
until: 2027-02-28
databases:
  - { instance: orders-prod, level: r, tables: ['billing.cards(id, last4)'] }
";

/// Takes the person's user out of what JumpServer shows: the person gets nothing new.
fn hide_user(world: &mut World) -> SeenUser {
    world.live().users.remove("fanlichun").expect("a user")
}

#[test]
fn a_permission_made_narrower_by_hand_is_not_made_wider() {
    let narrower: [Edit<PermissionSpec>; 8] = [
        ("assets", |spec| spec.assets.clear()),
        ("nodes", |spec| spec.nodes.clear()),
        ("accounts", |spec| spec.accounts = ["nobody".to_owned()].into()),
        ("protocols", |spec| drop(spec.protocols.pop_first())),
        ("actions", |spec| drop(spec.actions.pop_first())),
        ("start", |spec| spec.start = at("2027-01-01T00:00:00Z")),
        ("end", |spec| spec.end = at("2027-01-01T00:00:00Z")),
        ("active", |spec| spec.active = false),
    ];
    let access = repo(&[("r", HOSTS)], &[]);
    for (part, narrow) in narrower {
        let mut world = World::new();
        world.apply(&access, NOW);
        let seen = world.live().permissions.values_mut().next().expect("a permission");
        narrow(&mut seen.spec);
        let user = hide_user(&mut world);
        let plan = world.plan(&access, NOW);
        assert!(kinds(&plan).contains(&Kind::UserMissing), "{part}");
        assert!(!plan.items.iter().any(|item| item.what.gives()), "{part}: {:#?}", plan.items);
        // Once the user is back it is put right.
        world.live().users.insert("fanlichun".to_owned(), user);
        assert!(world.apply(&access, NOW).items.iter().any(|item| item.what.gives()), "{part}");
    }
}

#[test]
fn an_account_gets_no_privilege_that_its_level_got_since() {
    let jumpgate = |privileges: &str| format!("{JUMPGATE}levels:\n  r: [{privileges}]\n");
    for request in [
        CARDS.to_owned(),
        CARDS.replace("cards(id, last4)", "invoices"),
        CARDS.replace("cards(id, last4)", "*"),
    ] {
        let access = |privileges: &str| {
            repo(&[("r", &request)], &[("jumpgate.yaml", &jumpgate(privileges))])
        };
        let mut world = World::new();
        world.apply(&access("SELECT"), NOW);
        let user = hide_user(&mut world);
        let plan = world.plan(&access("SELECT, UPDATE"), NOW);
        assert!(kinds(&plan).contains(&Kind::UserMissing), "{request}");
        assert!(!plan.items.iter().any(|item| item.what.gives()), "{request}: {:#?}", plan.items);
        // What it had and nobody asks for any more goes all the same.
        world.live().users.insert("fanlichun".to_owned(), user);
        world.apply(&access("SELECT, UPDATE"), NOW);
        hide_user(&mut world);
        let plan = world.plan(&access("SELECT"), NOW);
        let accounts = plan.items.iter().filter(|item| matches!(item.what, What::Account { .. }));
        let sides: Vec<_> = accounts.map(|item| (item.what.gives(), item.what.takes())).collect();
        assert_eq!(sides, [(false, true)], "{request}: {:#?}", plan.items);
    }
}
