//! What is ours is changed, and nothing else: users of other hands, and what people switched off.

use super::world::Edit;
use super::*;
use crate::mark::Mark;
use crate::plan::people::UserChange;

/// A repo that makes its users, in which liwei's file gives this address.
fn staff(email: &str) -> Access {
    let person = |name: &str, email: &str| format!("name: {name}\nemail: {email}\n");
    repo(
        &[],
        &[
            ("jumpgate.yaml", &format!("{JUMPGATE}people: {{ source: repo }}\n")),
            ("people/fanlichun.yaml", &person("fanlichun", "fanlichun@acme.example")),
            ("people/liwei.yaml", &person("liwei", email)),
            ("requests/.keep", ""),
        ],
    )
}

/// The same without liwei.
fn without_liwei() -> Access {
    let inventory = |text: &str| text.replace("owners: [liwei]", "owners: [fanlichun]");
    let tree = [
        ("jumpgate.yaml", format!("{JUMPGATE}people: {{ source: repo }}\n")),
        ("policy.yaml", world::POLICY.to_owned()),
        ("inventory/databases/orders-prod.yaml", inventory(DATABASE)),
        ("inventory/servers.yaml", inventory(world::SERVERS)),
        ("people/fanlichun.yaml", "name: fanlichun\nemail: fanlichun@acme.example\n".to_owned()),
        ("requests/.keep", String::new()),
    ];
    let files = tree.iter().map(|(path, text)| ((*path).into(), text.as_bytes().into()));
    let tree = crate::repo::Tree { files: files.collect(), ..crate::repo::Tree::default() };
    crate::access::load(&tree, at(NOW)).expect("the files are good")
}

const ADDRESS: &str = "liwei@acme.example";

/// A world in which jumpgate made both users.
fn made() -> World {
    let mut world = World::new();
    world.live().users.clear();
    world.apply(&staff(ADDRESS), NOW);
    world
}

/// The changes of users, which are all that a plan has.
fn changes(plan: &Plan) -> Vec<&UserChange> {
    let changes = plan.items.iter().map(|item| match &item.what {
        What::User { change } => change,
        other => panic!("only users change: {other:?}"),
    });
    changes.collect()
}

#[test]
fn a_user_that_an_administrator_switched_off_stays_off() {
    let mut world = made();
    world.live().users.get_mut("liwei").expect("a user").active = false;
    assert!(world.plan(&staff(ADDRESS), NOW).is_empty());
    // What else the file says still goes there.
    let plan = world.apply(&staff("li.wei@acme.example"), NOW);
    let [UserChange::Update { email: Some(_), enable: false, .. }] = changes(&plan)[..] else {
        panic!("{:#?}", plan.items)
    };
    assert!(!world.live().users["liwei"].active);
}

#[test]
fn a_user_that_jumpgate_switched_off_is_switched_on_when_he_is_back() {
    let mut world = made();
    world.apply(&without_liwei(), NOW);
    assert!(!world.live().users["liwei"].active);
    let plan = world.apply(&staff(ADDRESS), NOW);
    assert!(matches!(changes(&plan)[..], [UserChange::Update { enable: true, .. }]));
}

/// Whatever the files say of a user that carries another owner's mark, or one that was copied
/// from another user, he is left alone.
#[test]
fn a_user_with_the_mark_of_another_owner_or_of_another_user_is_left() {
    let marks: [Edit<Mark>; 2] = [
        ("another owner's", |mark| mark.owner = "other".parse().expect("an owner")),
        ("another user's", |mark| mark.id = Uuid::from_u128(7)),
    ];
    for (what, change) in marks {
        for active in [true, false] {
            let mut world = made();
            let user = world.live().users.get_mut("liwei").expect("a user");
            let mark = user.mark.as_mut().expect("a mark");
            change(mark);
            // As jumpgate leaves one that it switched off.
            (user.active, mark.end) = (active, (!active).then_some(at(NOW)));
            let user = user.clone();
            for access in [staff(ADDRESS), staff("li.wei@acme.example"), without_liwei()] {
                let plan = world.plan(&access, NOW);
                assert!(plan.is_empty(), "{what}, {active}: {:#?}", plan.items);
                world.carry_out(&plan);
                assert_eq!(world.live().users["liwei"], user, "{what}, {active}");
            }
        }
    }
}

#[test]
fn a_user_with_another_id_than_the_file_names_gets_nothing() {
    let file = |id: Uuid| format!("name: 范立春\njumpserver-id: {id}\n");
    let access = |id| repo(&[("r", REFUNDS)], &[("people/fanlichun.yaml", &file(id))]);
    let mut world = World::new();
    let id = world.live().users["fanlichun"].id;
    let plan = world.plan(&access(Uuid::from_u128(7)), NOW);
    assert!(plan.items.is_empty(), "{:#?}", plan.items);
    assert!(kinds(&plan).contains(&Kind::UserMadeAnew) && plan.is_partial());
    let plan = world.apply(&access(id), NOW);
    assert!(!plan.items.is_empty() && !plan.is_partial(), "{:#?}", plan.findings);
}

/// The label finds what is ours: where somebody took it off, it is put back.
#[test]
fn a_label_that_was_taken_off_is_put_back() {
    let access = repo(&[("r", REFUNDS)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    let permissions = world.live().permissions.len();
    for seen in world.live().permissions.values_mut() {
        seen.labelled = false;
    }
    for account in world.live().accounts.values_mut() {
        account.labelled = false;
    }
    let plan = world.apply(&access, NOW);
    assert!(permissions > 0 && plan.items.len() > permissions, "{:#?}", plan.items);
    assert!(plan.items.iter().all(|item| !item.what.gives() && !item.what.takes()));
    assert!(world.live().permissions.values().all(|seen| seen.labelled));
    assert!(world.live().accounts.values().all(|account| account.labelled));
}
