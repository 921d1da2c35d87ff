//! Plans that renew passwords.

use super::*;
use crate::handover::Step;
use crate::mark::HandoverState;
use crate::mysql::dialect::{Dialect, Flavor, Version};
use crate::plan::accounts::AccountStep;
use crate::plan::renew::{self, Which};

const INVOICES: &str = "for: liwei
reason: \"PAY-9: invoices\"
until: 2027-02-28
databases:
  - { instance: orders-prod, level: r, tables: [billing.invoices] }
";

const REPLICA: &str = "address: orders-replica.db.acme.example:3306
asset: orders-replica
environment: prod
owners: [liwei]
account-host: 10.8.0.%
same-accounts-as: orders-prod
";

pub(super) fn plan(world: &World, access: &Access, moment: &str, which: &Which) -> Plan {
    let grants = crate::grants::of(access);
    let desired = crate::desired::at(access, &grants, at(moment));
    let inputs = Inputs {
        access,
        grants: &grants,
        desired: &desired,
        observed: &world.observed,
        moment: at(moment),
        new_servers: &Default::default(),
        unproven: &Default::default(),
    };
    renew::make(&inputs, which)
}

fn steps(plan: &Plan) -> Vec<Vec<&Step>> {
    let account = |item: &'_ Item| match &item.what {
        What::Account { change } => Some(change.steps.clone()),
        _ => None,
    };
    assert!(plan.items.iter().all(|item| account(item).is_some()), "accounts and nothing else");
    let steps = plan.items.iter().map(|item| match &item.what {
        What::Account { change } => change
            .steps
            .iter()
            .map(|step| match step {
                AccountStep::Handover(step) => step,
                other => panic!("more than a password: {other:?}"),
            })
            .collect(),
        _ => Vec::new(),
    });
    steps.collect()
}

/// Two people with an account each, applied at [`NOW`].
fn two() -> (World, Access) {
    let mut world = World::new();
    let access = repo(&[("a", REFUNDS), ("b", INVOICES)], &[]);
    world.apply(&access, NOW);
    (world, access)
}

#[test]
fn a_renewal_reads_well_and_is_the_whole_plan() {
    let (mut world, _) = two();
    // Much else is pending.
    let access = repo(&[("a", &REFUNDS.replace("      - orders.*\n", ""))], &[]);
    let plan = plan(&world, &access, NOW, &Which::default());
    assert_eq!(kinds(&plan), [Kind::NotRenewed], "the other one is not asked for any more");
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
    let before = world.live().permissions.clone();
    world.carry_out(&plan);
    assert_eq!(world.live().permissions, before);
    let pending = world.plan(&access, NOW);
    assert!(!pending.items.iter().any(renew::renews), "{:#?}", pending.items);
    assert!(!pending.items.is_empty());
}

#[test]
fn where_no_old_password_is_kept_the_gap_is_announced() {
    let (mut world, access) = two();
    world.server().server.dialect = Dialect {
        flavor: Flavor::Mariadb,
        version: Version(11, 8, 9),
        text: "11.8.9-MariaDB".to_owned(),
        partial_revokes: false,
        lower_case_table_names: 0,
    };
    let plan = plan(&world, &access, NOW, &Which::default());
    assert_eq!(kinds(&plan), [Kind::Interruption]);
    for steps in steps(&plan) {
        assert!(matches!(
            steps.as_slice(),
            [Step::StoreSecret { .. }, Step::SetPassword, Step::MarkDone { .. }]
        ));
    }
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
}

#[test]
fn where_the_kind_of_a_password_changes_the_gap_is_announced_too() {
    let (mut world, access) = two();
    let account = world.server().accounts.values_mut().next().expect("an account");
    account.plugin = "mysql_native_password".to_owned();
    let plan = plan(&world, &access, NOW, &Which::default());
    assert_eq!(kinds(&plan), [Kind::Interruption]);
    let said = &plan.findings[0].message;
    assert!(said.contains("of another kind") && said.contains("with the account fails"), "{said}");
}

#[test]
fn people_instances_and_age_choose() {
    let (mut world, access) = two();
    let names = |which: &Which| -> Vec<String> {
        plan(&world, &access, NOW, which).items.into_iter().map(|item| item.name).collect()
    };
    let liwei = Which { people: ["liwei".parse().expect("a name")].into(), ..Which::default() };
    assert_eq!(names(&liwei), ["jump_db_liwei_r"]);
    let other =
        Which { instances: ["orders-eu".parse().expect("a name")].into(), ..Which::default() };
    assert_eq!(names(&other), [""; 0]);
    // The first was set in the first second, the other in the second one.
    let before = |text: &str| Which { before: Some(at(text)), ..Which::default() };
    assert_eq!(names(&before("2026-12-01T00:00:01Z")), [""; 0]);
    assert_eq!(names(&before("2026-12-01T00:00:02Z")), ["jump_db_fanlichun_r"]);
    assert_eq!(names(&before("2026-12-01T00:00:03Z")).len(), 2);
    // Where the server does not say, the mark does.
    for account in world.server().accounts.values_mut() {
        account.password_changed = None;
    }
    assert_eq!(
        plan(&world, &access, NOW, &before("2026-12-01T00:00:01Z")).items,
        [],
        "what the mark has"
    );
}

#[test]
fn what_does_not_stand_is_told_and_left() {
    let state = |state: HandoverState| {
        let (mut world, access) = two();
        for account in world.live().accounts.values_mut() {
            let mark = account.mark.as_mut().expect("a mark");
            mark.handover.as_mut().expect("a handover").state = state;
        }
        let plan = plan(&world, &access, NOW, &Which::default());
        (plan.items.len(), kinds(&plan))
    };
    assert_eq!(state(HandoverState::Done), (2, vec![]));
    assert_eq!(state(HandoverState::Pending), (2, vec![]));
    assert_eq!(state(HandoverState::Rotating), (2, vec![Kind::RenewalCut; 2]));
    assert_eq!(state(HandoverState::Narrowing), (0, vec![Kind::NotRenewed; 2]));
    assert_eq!(state(HandoverState::Ending), (0, vec![Kind::NotRenewed; 2]));

    let (mut world, access) = two();
    for account in world.server().accounts.values_mut() {
        account.password_changed = Some(at(NOW));
    }
    let changed = plan(&world, &access, NOW, &Which::default());
    assert_eq!((changed.items.len(), kinds(&changed)), (0, vec![Kind::NotRenewed; 2]));
    assert!(changed.is_partial());
    world.server().accounts.clear();
    let gone = plan(&world, &access, NOW, &Which::default());
    assert_eq!((gone.items.len(), kinds(&gone)), (0, vec![Kind::NotRenewed; 2]));

    // A user that was made anew gets nothing, not even a password.
    let (mut world, access) = two();
    let id = world.id();
    world.live().users.get_mut("liwei").expect("a user").id = id;
    let anew = plan(&world, &access, NOW, &Which::default());
    assert_eq!((anew.items.len(), kinds(&anew)), (1, vec![Kind::NotRenewed]));
}

#[test]
fn the_asset_of_a_replica_gets_the_password_too_and_before_the_own() {
    let mut world = World::new();
    world.asset("orders-replica", "database", "mysql", "mysql");
    let access = repo(&[("a", REFUNDS)], &[("inventory/databases/orders-replica.yaml", REPLICA)]);
    world.apply(&access, NOW);
    let plan = plan(&world, &access, NOW, &Which::default());
    let assets: Vec<&str> = steps(&plan)[0]
        .iter()
        .filter_map(|step| match step {
            Step::HandOver { asset, .. } => Some(asset.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(assets, ["orders-replica", "orders-prod"]);
    world.carry_out(&plan);
    assert!(world.plan(&access, NOW).items.is_empty());
}

/// What an apply must take away is taken away although a renewal was cut, and the mark
/// tells of it until the sessions are ended.
#[test]
fn an_apply_after_a_cut_renewal_narrows_first() {
    let (mut world, _) = two();
    for account in world.live().accounts.values_mut() {
        let mark = account.mark.as_mut().expect("a mark");
        mark.handover.as_mut().expect("a handover").state = HandoverState::Rotating;
    }
    for account in world.server().accounts.values_mut() {
        account.old_password = true;
    }
    let less = REFUNDS.replace("      - orders.*\n", "");
    let access = repo(&[("a", &less), ("b", INVOICES)], &[]);
    let plan = world.plan(&access, NOW);
    let change = plan.items.iter().find_map(|item| match &item.what {
        What::Account { change } if item.name == "jump_db_fanlichun_r" => Some(change),
        _ => None,
    });
    let steps: Vec<String> = change
        .expect("the account")
        .steps
        .iter()
        .map(|step| match step {
            AccountStep::Grants { .. } => "revoke".to_owned(),
            AccountStep::Mark { .. } => "mark".to_owned(),
            AccountStep::Handover(step) => {
                let json = serde_json::to_value(step).expect("JSON");
                json["step"].as_str().expect("a word").to_owned()
            }
        })
        .collect();
    assert_eq!(
        steps,
        ["revoke", "kill-sessions", "set-password", "hand-over", "discard-old-password"]
    );
    world.carry_out(&plan);
    assert!(world.plan(&access, NOW).items.is_empty());
}
