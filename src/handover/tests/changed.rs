//! A password that is not the one that JumpServer holds is replaced, whatever shows it.

use super::*;

/// Another hand's, set within the second of ours: the words on the server show it.
#[test]
fn a_password_with_another_generation_is_replaced() {
    let mut world = complete(MYSQL, ONE);
    let server = world.server.as_mut().expect("an account");
    (server.secret, server.generation) = (7, Some(7));
    let way = world.with_seen(ONE, |seen| toward(&owner(), seen)).expect("no conflict");
    assert_eq!(way.notes, [Note::PasswordChanged]);
    world.run(ONE, Wish::There, usize::MAX);
    world.check_there(ONE);
    assert!(!world.lets_in(7));
}

/// Whoever set it may have sessions open: they are ended whatever is set about sessions.
#[test]
fn a_password_that_another_hand_changed_ends_its_sessions() {
    for flavor in FLAVORS {
        let mut world = complete(flavor, ONE);
        let of = |world: &World| {
            let way = world.with_seen(ONE, |seen| toward(&owner(), seen)).expect("no conflict");
            (way.ends_sessions, way.another_hand)
        };
        assert_eq!(of(&world), (false, false));
        world.server.as_mut().expect("an account").changed = 7;
        assert_eq!(of(&world), (true, true));
    }
}

/// As when JumpServer was restored from a dump.
#[test]
fn an_asset_with_another_generation_than_the_instance_s_own_gets_the_same_password() {
    for flavor in FLAVORS {
        let mut world = complete(flavor, TWO);
        let account = world.assets.get_mut("orders-replica").expect("an account");
        (account.secret, account.generation) = (7, 7);
        world.run(TWO, Wish::There, usize::MAX);
        world.check_there(TWO);
    }
}

/// The mark on the instance's own asset says that all of it is ours: it goes last.
#[test]
fn the_account_on_the_instance_s_own_asset_goes_last() {
    for flavor in FLAVORS {
        let mut world = complete(flavor, TWO);
        for dropped in [false, true] {
            if dropped {
                world.server = None;
            }
            let way = world.with_seen(TWO, |seen| away(&owner(), seen));
            let Some(Step::DeleteAssetAccount { asset, .. }) = way.steps.last() else {
                panic!("{way:?}")
            };
            assert_eq!(asset, "orders-prod");
        }
    }
}
