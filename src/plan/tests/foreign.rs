//! What other hands made beside ours in JumpServer.

use super::*;
use crate::jumpserver::spec::{ForeignPermission, SeenAssetAccount};

/// Puts a valid permission of another hand on the database server, with these account texts.
pub(super) fn foreign<'w>(world: &'w mut World, accounts: &[&str]) -> &'w mut ForeignPermission {
    let id = world.id();
    let all = &mut world.live().foreign;
    all.push(ForeignPermission {
        id,
        name: "dba-everything".to_owned(),
        asset: "orders-prod".to_owned(),
        accounts: accounts.iter().map(|&text| text.to_owned()).collect(),
        valid: true,
        end: at("2099-12-31T00:00:00Z"),
    });
    all.last_mut().expect("the one that was put there")
}

#[test]
fn a_foreign_permission_that_opens_an_account_stops_it() {
    let access = repo(&[("r", REFUNDS)], &[]);
    let mut world = World::new();
    foreign(&mut world, &["@ALL"]);
    let plan = world.apply(&access, NOW);
    assert!(world.server().accounts.is_empty());
    assert!(kinds(&plan).contains(&Kind::ForeignOpens) && plan.is_partial());
    let policy = "environments: [prod]\nlimits: []\nexposed-accounts: allow\n";
    let access = repo(&[("r", REFUNDS)], &[("policy.yaml", policy)]);
    let plan = world.apply(&access, NOW);
    assert_eq!(world.server().accounts.len(), 1);
    assert!(kinds(&plan).contains(&Kind::ForeignOpens) && !plan.is_partial());
}

#[test]
fn what_helps_is_told_by_what_opens_the_account() {
    let access = repo(&[("r", REFUNDS)], &[]);
    let help = |accounts: &[&str]| {
        let mut world = World::new();
        foreign(&mut world, accounts);
        let findings = world.plan(&access, NOW).findings.into_iter();
        let mut opens = findings.filter(|finding| finding.code == Kind::ForeignOpens);
        opens.next().and_then(|finding| finding.help).expect("it says what helps")
    };
    assert!(help(&["@ALL"]).starts_with("name the accounts in that permission in place of @ALL"));
    assert!(help(&["@ALL", "jump_db_fanlichun_r"]).contains("in place of @ALL"));
    let named = help(&["jump_db_fanlichun_r"]);
    assert!(named.starts_with("take the name out of that permission, or adopt it"), "{named}");
    assert!(!named.contains("@ALL") && named.contains("JG226"), "{named}");
}

#[test]
fn an_account_with_another_kind_of_secret_is_not_in_the_way() {
    let access = repo(&[("r", REFUNDS)], &[]);
    let beside = |world: &mut World, kind: &str, name: &str| {
        let id = Uuid::from_u128(u128::MAX);
        let seen = SeenAssetAccount {
            id,
            asset: "orders-prod".to_owned(),
            asset_id: world.live().assets["orders-prod"].id,
            name: name.to_owned(),
            username: "jump_db_fanlichun_r".to_owned(),
            secret_type: kind.to_owned(),
            has_secret: None,
            active: true,
            labelled: false,
            mark: None,
            comment: String::new(),
        };
        world.live().accounts.insert(id, seen);
    };
    for (kind, name, is_conflict) in [
        ("ssh_key", "a key", false),
        // Of the name that ours would get there can be no second one.
        ("ssh_key", "jump_db_fanlichun_r", true),
        ("password", "by hand", true),
    ] {
        let mut world = World::new();
        beside(&mut world, kind, name);
        let plan = world.plan(&access, NOW);
        assert_eq!(kinds(&plan).contains(&Kind::InTheWay), is_conflict, "{kind} {name}");
        // It does not shadow ours, wherever its id stands in the order.
        let mut world = World::new();
        world.apply(&access, NOW);
        beside(&mut world, kind, name);
        let plan = world.plan(&access, NOW);
        let told = kinds(&plan);
        assert!(plan.is_empty() && !told.contains(&Kind::InTheWay), "{kind} {name}: {plan:#?}");
    }
}

#[test]
fn an_exclusion_counts_where_the_server_excludes_and_by_the_exact_name() {
    let access = repo(&[("r", REFUNDS)], &[]);
    let found = |excludes: bool, text: &str| {
        let mut world = World::new();
        world.live().excludes = excludes;
        foreign(&mut world, &["@ALL", text]);
        let plan = world.plan(&access, NOW);
        let told = kinds(&plan);
        (told.contains(&Kind::ForeignOpens), told.contains(&Kind::ForeignExcludes))
    };
    assert_eq!(found(true, "!jump_db_fanlichun_r"), (false, true));
    assert_eq!(found(false, "!jump_db_fanlichun_r"), (true, false));
    assert_eq!(found(true, "!JUMP_DB_FANLICHUN_R"), (true, false));
}
