//! Whose an account on an asset is: its mark says so, when it is this owner's and this account's.

use super::*;

/// What is done to a mark, and what it is called.
type Edit = (&'static str, fn(&mut Mark));

/// Another owner's mark, and the mark of another account.
const MARKS: [Edit; 2] = [
    ("another owner's", |mark| mark.owner = "other".parse().expect("an owner")),
    ("copied", |mark| mark.id = Uuid::from_u128(7)),
];

/// Both ways of an account that is complete but for its mark on the instance's own asset.
fn ways(
    world: &World,
    labelled: bool,
    change: impl Fn(&mut Mark),
) -> (Result<Way, Conflict>, Result<Way, Unready>, Way) {
    let mut account = world.seen_asset("orders-prod").expect("an account");
    change(account.mark.as_mut().expect("a mark"));
    account.labelled = labelled;
    world.with_seen(ONE, |seen| {
        let seen = Seen { assets: vec![("orders-prod", Some(&account))], ..seen.clone() };
        (toward(&owner(), &seen), renewal(&owner(), &seen), away(&owner(), &seen))
    })
}

fn touches_an_asset(way: &Way) -> bool {
    way.steps.iter().any(|step| match step {
        Step::StoreSecret { .. }
        | Step::Adopt { .. }
        | Step::Release { .. }
        | Step::MarkRotating { .. }
        | Step::HandOver { .. }
        | Step::MarkDone { .. }
        | Step::MarkNarrowing { .. }
        | Step::MarkEnding { .. }
        | Step::DeleteAssetAccount { .. } => true,
        Step::CreateAccount
        | Step::SetPassword
        | Step::WriteEvidence { .. }
        | Step::RemoveEvidence
        | Step::AddPassword
        | Step::DiscardOldPassword
        | Step::Unlock
        | Step::Grants
        | Step::Lock
        | Step::RevokeAll
        | Step::KillSessions
        | Step::LeaveSessions
        | Step::AwaitSessions
        | Step::Drop => false,
    })
}

#[test]
fn an_account_with_a_mark_that_is_not_its_own_is_a_conflict_and_is_left() {
    for flavor in FLAVORS {
        let world = complete(flavor, ONE);
        for (what, change) in MARKS {
            for labelled in [true, false] {
                let (there, renewed, gone) = ways(&world, labelled, change);
                let asset = "orders-prod".to_owned();
                let conflict = match labelled {
                    true => Conflict::Copy { asset },
                    false => Conflict::OnAsset { asset },
                };
                assert_eq!(there, Err(conflict.clone()), "{what}");
                assert_eq!(renewed, Err(Unready::Conflict(conflict)), "{what}");
                assert!(!touches_an_asset(&gone), "{what}: {gone:?}");
                // Nothing but that mark says whose the account on the server is.
                assert!(flavor.evidence || gone == Way::default(), "{what}: {gone:?}");
            }
        }
        let (there, renewed, gone) = ways(&world, true, |_| {});
        assert!(there.is_ok() && renewed.is_ok() && touches_an_asset(&gone));
    }
}

/// Also where the server holds the words of the same other owner.
#[test]
fn an_account_of_another_owner_on_both_sides_is_never_ended() {
    let world = complete(MYSQL, ONE);
    let mut server = world.seen_server().expect("an account");
    server.evidence.as_mut().expect("evidence").owner = "other".to_owned();
    for (what, change) in MARKS {
        let mut account = world.seen_asset("orders-prod").expect("an account");
        change(account.mark.as_mut().expect("a mark"));
        world.with_seen(ONE, |seen| {
            let assets = vec![("orders-prod", Some(&account))];
            let seen = Seen { server: Some(&server), assets, ..seen.clone() };
            assert!(toward(&owner(), &seen).is_err(), "{what}");
            assert_eq!(away(&owner(), &seen), Way::default(), "{what}");
        });
    }
}
