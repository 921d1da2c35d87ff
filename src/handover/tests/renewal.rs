//! Renewals of passwords, on the model, at every cut.

use super::*;

#[test]
fn o30_every_cut_of_a_renewal_converges() {
    for flavor in FLAVORS {
        for at_once in [false, true] {
            for assets in [ONE, TWO] {
                let start = complete(Flavor { at_once, ..flavor }, assets);
                survives_every_cut(&start, assets, Wish::Renewed);
            }
        }
    }
}

/// Where the server keeps old passwords, the one on the instance's own asset works at every
/// moment of every renewal, however often runs are cut and whatever they are for; those on
/// the assets of replicas do as long as no run is cut.
#[test]
fn a_password_that_is_renewed_works_all_along() {
    fn tried(world: &World, assets: &[&str], cuts: usize) {
        if cuts == 0 {
            return;
        }
        for wish in [Wish::Renewed, Wish::There] {
            let steps = world.clone().run(assets, wish, usize::MAX);
            for cut in 1..=steps {
                let mut world = world.clone();
                world.run(assets, wish, cut);
                assert!(world.lets_in(world.assets["orders-prod"].secret), "{cut}: {world:?}");
                tried(&world, assets, cuts - 1);
            }
        }
    }
    for flavor in [MYSQL, MYSQL_8_0_14, Flavor { at_once: true, ..MYSQL_8_0_14 }] {
        tried(&complete(flavor, ONE), ONE, 3);
        tried(&complete(flavor, TWO), TWO, 3);
        let start = complete(flavor, TWO);
        let steps = start.clone().run(TWO, Wish::Renewed, usize::MAX);
        for cut in 0..=steps {
            let mut world = start.clone();
            world.run(TWO, Wish::Renewed, cut);
            assert!(world.assets.values().all(|account| world.lets_in(account.secret)));
        }
    }
}

#[test]
fn after_a_renewal_the_password_of_before_is_refused() {
    for flavor in FLAVORS {
        let mut world = complete(flavor, TWO);
        let before = world.assets["orders-prod"].secret;
        world.run(TWO, Wish::Renewed, usize::MAX);
        world.check_there(TWO);
        assert!(!world.lets_in(before));
    }
}

/// An old password of another hand is gone before a run can take it for JumpServer's.
#[test]
fn a_renewal_discards_an_old_password_of_another_hand_first() {
    let mut start = complete(MYSQL, ONE);
    start.server.as_mut().expect("an account").old = Some(7);
    survives_every_cut(&start, ONE, Wish::Renewed);
    let steps = start.with_wish(ONE, true, |seen| toward(&owner(), seen)).expect("no conflict");
    let account = start.assets["orders-prod"].id;
    let asset = || "orders-prod".to_owned();
    assert_eq!(
        steps.steps,
        [
            Step::Grants,
            Step::DiscardOldPassword,
            Step::MarkRotating { asset: asset(), account },
            Step::AddPassword,
            Step::HandOver { asset: asset(), account: Some(account) },
            Step::DiscardOldPassword,
        ]
    );
}
