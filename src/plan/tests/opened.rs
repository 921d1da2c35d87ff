//! Which permissions of other hands open an account of ours.

use super::foreign::foreign;
use super::*;

#[test]
fn a_foreign_permission_opens_what_it_names_in_any_case_while_it_is_valid() {
    let access = repo(&[("r", REFUNDS)], &[]);
    for (accounts, valid, opens) in [
        (["@ALL"].as_slice(), true, true),
        (&["jump_db_fanlichun_r"], true, true),
        // The database behind JumpServer may take both for the same.
        (&["JUMP_DB_FanLiChun_R"], true, true),
        (&["root", "jump_db_fanlichun_r"], true, true),
        (&["jump_db_fanlichun_rw", "jump_db_fanlichun"], true, false),
        (&["@ALL"], false, false),
        (&["jump_db_fanlichun_r"], false, false),
    ] {
        let mut world = World::new();
        foreign(&mut world, accounts).valid = valid;
        let plan = world.apply(&access, NOW);
        let told = kinds(&plan).contains(&Kind::ForeignOpens);
        assert_eq!((told, plan.is_partial()), (opens, opens), "{accounts:?} {valid}");
        assert_eq!(world.server().accounts.is_empty(), opens, "{accounts:?} {valid}");
    }
}
