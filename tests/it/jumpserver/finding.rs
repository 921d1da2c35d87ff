//! Names find exactly one object, and filters are not trusted.

use std::collections::BTreeSet;

use jumpgate::jumpserver::{Ask, ErrorKind};
use jumpgate::mark::Mark;
use jumpgate_sandbox::{Fault, NewAccount, NewAsset, NewPermission, NewUser, Rule, Version};
use uuid::Uuid;

use super::target::{Target, sandboxes, set};
use super::writing::mark;

#[tokio::test]
async fn o33_a_name_finds_one_asset_of_its_kind_and_no_address() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let (one, ten) = (target.name("db-1"), format!("{}0", target.name("db-1")));
        let host = target.host(&one, None).await;
        target.mysql(&ten, None).await;
        let mut ask = Ask::new(target.owner());
        // The address of both.
        ask.assets = BTreeSet::from([one.clone(), "10.0.0.9".to_owned()]);
        let live = reader.observe(&ask).await.expect("it is read");
        let names: Vec<&String> = live.assets.keys().collect();
        assert_eq!(names, [&one], "the address finds nothing, and no longer name");
        let seen = &live.assets[&one];
        assert_eq!((seen.id, seen.category.as_str(), seen.kind.as_str()), (host, "host", "linux"));
        assert!(live.near.assets.contains_key("10.0.0.9"));
    })
    .await;
}

#[tokio::test]
async fn o33_filters_that_are_ignored_change_nothing() {
    for target in sandboxes().await {
        let running = target.running();
        for name in ["db-1", "db-10", "web"] {
            running.add_asset(NewAsset::mysql(name, "10.8.100.54", 3306));
            running.add_account(name, "root", None);
            running.add_account(name, "jump_db_fan_r", None);
        }
        for name in ["fanlichun", "liwei"] {
            running.add_user(NewUser::named(name));
        }
        let mut ask = Ask::new(target.owner());
        ask.assets = set(["db-1"]);
        ask.database_assets = set(["db-1"]);
        ask.account_users = set(["jump_db_fan_r"]);
        ask.users = set(["fanlichun"]);
        let reader = target.reader().await;
        let expected = reader.observe(&ask).await.expect("it is read");
        // Every list comes whole, whatever is asked for.
        for list in ["assets/assets", "users/users", "accounts/accounts"] {
            let all = target.get(&format!("{list}/?limit=1000")).await;
            let rule = Rule::on("GET", &format!("{list}/?"));
            running.fault(rule, Fault::answer(200, all));
        }
        let live = reader.observe(&ask).await.expect("it is read");
        assert_eq!(live.assets, expected.assets);
        assert_eq!(live.users, expected.users);
        assert_eq!(live.accounts, expected.accounts);
        assert_eq!(live.assets.len(), 1);
        assert_eq!(live.accounts.len(), 1);
        running.clear_faults();
    }
}

#[tokio::test]
async fn all_users_or_those_of_one_group_are_listed() {
    for target in sandboxes().await {
        let running = target.running();
        for number in 0..1_200 {
            let groups = if number % 3 == 0 { vec!["payments".to_owned()] } else { Vec::new() };
            running.add_user(NewUser { groups, ..NewUser::named(&format!("u{number:04}")) });
        }
        running
            .add_user(NewUser { groups: vec!["Payments".to_owned()], ..NewUser::named("other") });
        let reader = target.reader().await;
        let owner = target.owner();
        let all = reader.users(&owner, None).await.expect("a list");
        let names: BTreeSet<&str> = all.iter().map(|user| user.username.as_str()).collect();
        // The administrator is one, too.
        assert_eq!((all.len(), names.len()), (1_202, 1_202));
        let some = reader.users(&owner, Some("payments")).await.expect("a list");
        assert_eq!(some.len(), 400);
        assert!(some.iter().all(|user| user.groups == set(["payments"])));
        let error = reader.users(&owner, Some("paymetns")).await.expect_err("there is none");
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(error.to_string().contains("look like it: Payments, payments"), "{error}");
    }
}

#[tokio::test]
async fn accounts_of_ours_are_found_on_assets_that_left_the_inventory() {
    for target in sandboxes().await {
        let running = target.running();
        let label = Mark::label(&target.owner());
        let mut ids = BTreeSet::new();
        for name in ["orders", "retired", "foreign"] {
            running.add_asset(NewAsset::mysql(name, "10.0.0.4", 3306));
            let id = Uuid::new_v4();
            let ours = name != "foreign";
            running.add_account_with(
                name,
                NewAccount {
                    id: Some(id),
                    username: "jump_db_fan_r".to_owned(),
                    comment: mark(&target, id).comment("x"),
                    labels: if ours { vec![label.clone()] } else { Vec::new() },
                    ..NewAccount::default()
                },
            );
            if ours {
                ids.insert(id);
            }
        }
        let mut ask = Ask::new(target.owner());
        ask.database_assets = set(["orders"]);
        let live = target.reader().await.observe(&ask).await.expect("it is read");
        assert_eq!(live.accounts.keys().copied().collect::<BTreeSet<_>>(), ids);
    }
}

#[tokio::test]
async fn in_a_large_server_only_what_is_ours_or_asked_for_is_read() {
    for version in [Version::V3, Version::V4] {
        let target = Target::sandbox(version).await;
        let running = target.running();
        running.add_user(NewUser::named("fanlichun"));
        let permission = |name: String, labels: Vec<String>| NewPermission {
            name,
            users: vec!["fanlichun".to_owned()],
            labels,
            ..NewPermission::default()
        };
        for number in 0..4_000 {
            running.add_permission(permission(format!("other{number:04}"), Vec::new()));
        }
        for number in 0..30 {
            let label = vec![Mark::label(&target.owner())];
            running.add_permission(permission(format!("ours{number:02}"), label));
        }
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        lease.writer().put_anchor(&Default::default()).await.expect("it is written");
        lease.release().await.expect("it ends");
        let mut ask = Ask::new(target.owner());
        ask.permissions = set(["other0007", "nosuch"]);
        let before = reader.requests();
        let live = reader.observe(&ask).await.expect("it is read");
        assert_eq!(live.permissions.len(), 31);
        assert_eq!(live.anchor, Some(Default::default()));
        assert!(reader.requests() - before < 60, "{} requests", reader.requests() - before);
    }
}

#[tokio::test]
async fn accounts_in_any_order_are_all_found() {
    for target in sandboxes().await {
        let running = target.running();
        let names: BTreeSet<String> = (0..60).map(|number| format!("db{number:02}")).collect();
        for name in &names {
            running.add_asset(NewAsset::mysql(name, "10.0.0.4", 3306));
            // All with the same names: the server's own order does not tell them apart.
            for number in 0..25 {
                running.add_account(name, &format!("jump_db_p{number:02}_r"), None);
            }
        }
        let mut ask = Ask::new(target.owner());
        ask.database_assets = names;
        ask.account_users = (0..25).map(|number| format!("jump_db_p{number:02}_r")).collect();
        let live = target.reader().await.observe(&ask).await.expect("it is read");
        assert_eq!(live.accounts.len(), 60 * 25);
    }
}
