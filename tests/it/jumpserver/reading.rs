//! What the reader sees.

use std::collections::{BTreeMap, BTreeSet};

use jumpgate::jumpserver::{Ask, ErrorKind, Reader, Settings};
use jumpgate::mark::Mark;
use jumpgate_sandbox::{Fault, NewAccount, NewAsset, NewPermission, NewUser, Rule, Version};
use serde_json::json;
use uuid::Uuid;

use super::target::{Target, sandboxes, set};

#[tokio::test]
async fn o23_everything_asked_for_is_seen_by_name_with_its_members() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let owner = target.owner();
        let label = Mark::label(&owner);
        let user = target.user(&target.name("fanlichun")).await;
        let (node, path) = target.node(&format!("/{}/prod", target.tag)).await;
        let host = target.host(&target.name("web"), Some(node)).await;
        let database = target.mysql(&target.name("orders"), None).await;
        target.account(host, "app").await;
        target.account(host, "root").await;
        target.account(database, "jump_db_fanlichun_r").await;
        target.account(database, "unrelated").await;
        let permission = target
            .permission(json!({
                "name": target.name("jump_app"), "users": [user], "assets": [host],
                "nodes": [node], "accounts": ["app"], "protocols": ["ssh"],
                "actions": ["connect"], "date_start": "2026-12-01T00:00:00Z",
                "date_expired": "2027-02-28T16:00:00Z", "labels": [label], "comment": "copied",
            }))
            .await;
        let all = target
            .permission(json!({
                "name": target.name("everyone"), "users": [user], "assets": [database],
                "accounts": ["@ALL"],
            }))
            .await;
        target
            .permission(json!({
                "name": target.name("harmless"), "users": [user], "assets": [database],
                "accounts": ["unrelated"],
            }))
            .await;

        let mut ask = Ask::new(owner);
        ask.users = BTreeSet::from([target.name("fanlichun"), target.name("FANLICHUN")]);
        ask.nodes = BTreeSet::from([path.clone()]);
        ask.database_assets = BTreeSet::from([target.name("orders")]);
        ask.account_users = set(["jump_db_fanlichun_r"]);
        ask.login_accounts = set(["app", "Administrator"]);
        ask.permissions = BTreeSet::from([target.name("everyone")]);
        ask.assets = BTreeSet::from([target.name("we")]);
        let live = reader.observe(&ask).await.expect("everything is there");

        assert_eq!(live.organization.0, reader.organization().id.to_string());
        let seen = &live.users[&target.name("fanlichun")];
        assert_eq!((seen.id, seen.active, seen.expired), (user, true, false));
        assert!(!live.users.contains_key(&target.name("FANLICHUN")), "names are exact");
        assert_eq!(
            live.near.users[&target.name("FANLICHUN")].first(),
            Some(&target.name("fanlichun"))
        );
        assert!(live.near.assets[&target.name("we")].contains(&target.name("web")));

        let seen = &live.permissions[&permission];
        assert!(seen.labelled);
        assert_eq!(seen.mark, None);
        assert_eq!(seen.user_ids, BTreeMap::from([(user, target.name("fanlichun"))]));
        assert_eq!(seen.spec.users, BTreeSet::from([target.name("fanlichun")]));
        assert_eq!(seen.spec.assets, BTreeSet::from([target.name("web")]));
        assert_eq!(seen.spec.nodes, BTreeSet::from([path.clone()]));
        assert_eq!(seen.spec.accounts, set(["app"]));
        assert_eq!(seen.spec.protocols, set(["ssh"]));
        assert_eq!(seen.spec.actions, set(["connect"]));
        assert_eq!(seen.spec.start.to_string(), "2026-12-01T00:00:00Z");
        assert_eq!(seen.spec.end.to_string(), "2027-02-28T16:00:00Z");
        assert!(!live.permissions[&all].labelled, "in the way of a name of ours");
        assert_eq!(live.permissions.len(), 2);

        let web = &live.assets[&target.name("web")];
        assert_eq!((web.id, web.category.as_str(), web.kind.as_str()), (host, "host", "linux"));
        assert!(web.nodes.contains(&path));
        assert_eq!(web.protocols["ssh"], 22);
        assert_eq!(live.assets[&target.name("orders")].kind, "mysql");
        assert_eq!(live.nodes[&path].ids, BTreeSet::from([node]));
        assert_eq!(live.login_accounts[&target.name("web")], set(["app"]));
        let usernames: Vec<&str> =
            live.accounts.values().map(|account| account.username.as_str()).collect();
        assert_eq!(usernames, ["jump_db_fanlichun_r"]);
        let foreign: Vec<Uuid> = live.foreign.iter().map(|permission| permission.id).collect();
        assert_eq!(foreign, [all]);
        assert!(live.foreign[0].valid);
        assert_eq!(live.anchor, None);
    })
    .await;
}

#[tokio::test]
async fn a_foreign_permission_reaches_by_a_node_too() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let user = target.user(&target.name("liwei")).await;
        let (above, _) = target.node(&format!("/{}", target.tag)).await;
        let (node, _) = target.node(&format!("/{}/db", target.tag)).await;
        target.mysql(&target.name("orders"), Some(node)).await;
        for (name, accounts) in [("all", "@ALL"), ("not", "!jump_db_liwei_r"), ("other", "root")] {
            let body = json!({
                "name": target.name(name), "users": [user], "nodes": [above],
                "accounts": [accounts],
            });
            target.permission(body).await;
        }
        let mut ask = Ask::new(target.owner());
        ask.database_assets = BTreeSet::from([target.name("orders")]);
        ask.account_users = set(["jump_db_liwei_r"]);
        let live = reader.observe(&ask).await.expect("everything is there");
        let names: Vec<&str> = live.foreign.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, [target.name("all"), target.name("not")]);
        let everything = reader.everything(&target.owner()).await.expect("everything is there");
        assert_eq!(live.excludes, everything.excludes);
        if target.is_sandbox() {
            assert_eq!(live.excludes, target.running().version() == Version::V4);
        }
    })
    .await;
}

#[tokio::test]
async fn a_foreign_permission_with_a_far_end_is_read() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        target.mysql(&target.name("orders"), None).await;
        // The last second of the year 9999 in the server's zone, as a page of its own sets it.
        let body = json!({
            "name": target.name("far"), "accounts": ["@ALL"],
            "date_expired": "9999-12-31T15:59:59Z",
        });
        let far = target.permission(body).await;
        let mut ask = Ask::new(target.owner());
        ask.permissions = set([&target.name("far")]);
        let live = reader.observe(&ask).await.expect("everything is there");
        assert_eq!(live.permissions[&far].spec.end, jiff::Timestamp::MAX);
    })
    .await;
}

#[tokio::test]
async fn a_plan_sends_only_reads() {
    for version in [Version::V3, Version::V4] {
        let target = Target::sandbox(version).await;
        let running = target.running();
        running.add_asset(NewAsset::mysql("orders", "10.0.0.4", 3306));
        running.clear_requests();
        let reader = target.reader().await;
        let mut ask = Ask::new(target.owner());
        ask.database_assets = set(["orders", "nosuch"]);
        ask.users = set(["nobody"]);
        ask.account_users = set(["jump_db_nobody_r"]);
        reader.observe(&ask).await.expect("everything is there");
        let requests = running.requests();
        assert!(requests.iter().all(|request| request.method == "GET"), "{requests:?}");
        assert!(
            requests.iter().all(|request| request
                .path
                .split('?')
                .next()
                .is_some_and(|path| path.ends_with('/')))
        );
        let sent = u64::try_from(requests.len()).expect("a small number");
        assert_eq!(reader.requests(), sent);
    }
}

#[tokio::test]
async fn no_row_of_a_long_list_is_lost() {
    for version in [Version::V3, Version::V4] {
        let target = Target::sandbox(version).await;
        let running = target.running();
        let mut ask = Ask::new(target.owner());
        // More rows than a page holds, all with the same name: pages overlap without an
        // order.
        for number in 0..1_300 {
            let name = format!("h{number:04}");
            running.add_asset(NewAsset::host(&name, "10.0.0.1").below("/Default/load"));
            running.add_account_with(
                &name,
                NewAccount { username: "app".to_owned(), ..NewAccount::default() },
            );
        }
        running.add_user(NewUser::named("fanlichun"));
        for number in 0..1_100 {
            running.add_permission(NewPermission {
                name: format!("p{number:04}"),
                users: vec!["fanlichun".to_owned()],
                assets: vec![format!("h{number:04}")],
                accounts: vec!["app".to_owned()],
                labels: vec![Mark::label(&ask.owner)],
                ..NewPermission::default()
            });
        }
        let root = match version {
            Version::V3 => "/Default",
            Version::V4 => "/DEFAULT",
        };
        ask.nodes = BTreeSet::from([format!("{root}/load")]);
        ask.login_accounts = set(["app"]);
        let reader = target.reader().await;
        let live = reader.observe(&ask).await.expect("everything is there");
        assert_eq!(live.assets.len(), 1_300);
        assert_eq!(live.login_accounts.len(), 1_300);
        assert_eq!(live.permissions.len(), 1_100);
        for seen in live.permissions.values() {
            let number = seen.spec.name.trim_start_matches('p');
            assert_eq!(seen.spec.assets, BTreeSet::from([format!("h{number}")]));
            assert_eq!(seen.spec.users, set(["fanlichun"]));
        }
        assert!(reader.requests() < 60, "{} requests", reader.requests());
    }
}

#[tokio::test]
async fn another_organization_is_an_error_that_names_the_right_ones() {
    Target::each(|target| async move {
        for wanted in ["nosuch", "11111111-2222-3333-4444-555555555555"] {
            let settings = Settings { organization: wanted.to_owned(), ..target.settings() };
            let error = Reader::connect(&settings, target.credentials())
                .await
                .err()
                .expect("there is no such organization");
            assert_eq!(error.kind, ErrorKind::Organization);
            let text = error.to_string();
            assert!(text.contains(wanted), "{text}");
            assert!(text.to_lowercase().contains("default (00000000-"), "{text}");
        }
        let id = target.reader().await.organization().id.to_string();
        let settings = Settings { organization: id, ..target.settings() };
        assert!(Reader::connect(&settings, target.credentials()).await.is_ok());
        let settings = Settings {
            organization: "00000000-0000-0000-0000-000000000000".to_owned(),
            ..target.settings()
        };
        let error = Reader::connect(&settings, target.credentials()).await.err();
        assert_eq!(error.map(|error| error.kind), Some(ErrorKind::Organization));
    })
    .await;
}

#[tokio::test]
async fn the_accounts_of_databases_without_a_secret_are_known() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let database = target.mysql(&target.name("orders"), None).await;
        let host = target.host(&target.name("web"), None).await;
        target.account(database, "full").await;
        let empty = target.account_without_secret(database, "empty").await;
        target.account_without_secret(host, "empty").await;
        let everything = reader.everything(&target.owner()).await.expect("everything is there");
        let found = reader.accounts_without_secret(&everything).await.expect("they are known");
        let made = everything.accounts.iter().filter(|account| {
            account.seen.asset.ends_with(&target.tag) && found.contains(&account.seen.id)
        });
        assert_eq!(made.map(|account| account.seen.id).collect::<Vec<_>>(), [empty]);
    })
    .await;
}

#[tokio::test]
async fn administrators_of_the_organization_are_known() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let [user, above] = [target.name("liwei"), target.name("wangfang")];
        target.user(&user).await;
        target.administrator(&above).await;
        let everything = reader.everything(&target.owner()).await.expect("everything is there");
        for (username, is) in [(user, false), (above, true)] {
            let found = everything.users.iter().find(|user| user.seen.username == username);
            let found = found.expect("the user");
            assert_eq!(found.organization_administrator, is, "{username}");
            assert!(!found.seen.administrator, "{username}");
        }
    })
    .await;
}

#[tokio::test]
async fn all_nodes_of_one_path_are_seen() {
    for target in sandboxes().await {
        let running = target.running();
        let ids = BTreeSet::from([running.add_node("/prod"), running.add_twin_node("/prod")]);
        let live = target.reader().await.observe(&Ask::new(target.owner())).await.expect("all");
        let nodes = live.nodes.values().filter(|node| node.path.ends_with("/prod"));
        let nodes: Vec<_> = nodes.map(|node| &node.ids).collect();
        assert_eq!(nodes, [&ids]);
    }
}

#[tokio::test]
async fn a_node_that_goes_away_while_all_is_read_is_read_without() {
    for target in sandboxes().await {
        let running = target.running();
        running.add_asset(NewAsset::host("web", "10.0.0.1").below("/other"));
        let gone = json!({"id": Uuid::new_v4(), "full_value": "/gone"});
        let gone = json!({"count": 1, "next": null, "previous": null, "results": [gone]});
        running.fault(Rule::on("GET", "assets/nodes/").times(1), Fault::answer(200, gone));
        let mut ask = Ask::new(target.owner());
        ask.nodes = set(["/gone"]);
        let live = target.reader().await.observe(&ask).await.expect("the second time it fits");
        assert!(!live.nodes.contains_key("/gone") && live.assets.is_empty());
        // A filter that is never understood ends in words about it.
        let rows = json!({"count": 1, "results": [
            {"id": Uuid::new_v4(), "full_value": "/gone"}
        ]});
        running.fault(Rule::on("GET", "assets/nodes/"), Fault::answer(200, rows));
        let error = target.reader().await.observe(&ask).await.expect_err("web is not below it");
        assert_eq!(error.kind, ErrorKind::Incomplete);
        assert!(error.to_string().contains("web came among the assets below /gone"), "{error}");
    }
}

#[tokio::test]
async fn the_accounts_of_a_directory_service_open_what_joined_it() {
    let target = Target::sandbox(Version::V4).await;
    let running = target.running();
    running.add_asset(NewAsset::of("General", "corp", "10.0.0.2"));
    running.add_account("corp", "Administrator", Some("secret"));
    let mut ask = Ask::new(target.owner());
    for number in 0..9 {
        let name = format!("win-{number}");
        let joined = NewAsset::host(&name, "10.0.0.1").below("/win").joined("corp");
        running.add_asset(joined);
        ask.login_accounts = set(["Administrator", "root"]);
        ask.assets.insert(name);
        // One by one, and all at once.
        let live = target.reader().await.observe(&ask).await.expect("everything is there");
        assert_eq!(live.login_accounts.len(), number + 1);
        let held = live.login_accounts.values().all(|held| *held == set(["Administrator"]));
        assert!(held, "{:?}", live.login_accounts);
    }
}

#[tokio::test]
async fn people_of_one_name_are_all_read() {
    for target in sandboxes().await {
        for number in 0..1_100 {
            let name = "Fan Lichun".to_owned();
            let username = format!("fan-{number:04}");
            target.running().add_user(NewUser { name, ..NewUser::named(&username) });
        }
        let reader = target.reader().await;
        let users = reader.users(&target.owner(), None).await.expect("the list is complete");
        let fans = users.iter().filter(|user| user.name == "Fan Lichun").count();
        assert_eq!(fans, 1_100);
    }
}
