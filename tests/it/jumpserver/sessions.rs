//! What people may use, what they have open, and what is on record.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::target::{Target, set};

#[tokio::test]
async fn what_a_person_may_use_is_the_sum_of_the_permissions() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let user = target.user(&target.name("fan")).await;
        let host = target.host(&target.name("web"), None).await;
        for account in ["app", "root"] {
            target.account(host, account).await;
        }
        let nothing = reader.usable(user, host).await.expect("it is read");
        assert!(nothing.accounts.is_empty() && nothing.protocols.is_empty());
        for (number, action) in ["connect", "upload"].into_iter().enumerate() {
            let body = json!({
                "name": target.name(&format!("p{number}")), "users": [user], "assets": [host],
                "accounts": ["app"], "protocols": ["ssh"], "actions": [action],
            });
            target.permission(body).await;
        }
        let usable = reader.usable(user, host).await.expect("it is read");
        let accounts: Vec<(&str, &BTreeSet<String>)> =
            usable.accounts.iter().map(|(name, actions)| (name.as_str(), actions)).collect();
        assert_eq!(accounts, [("app", &set(["connect", "upload"]))]);
        assert_eq!(usable.protocols, set(["ssh"]));
        for (user, host) in [(Uuid::new_v4(), host), (user, Uuid::new_v4())] {
            let nothing = reader.usable(user, host).await.expect("what is gone gives nothing");
            assert!(nothing.accounts.is_empty(), "{nothing:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn sessions_are_found_by_their_person() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let (name, asset) = (target.name("fan"), target.name("web"));
        let user = target.user(&name).await;
        let host = target.host(&asset, None).await;
        target.account(host, "app").await;
        // Nobody of these has logged in to anything, though others may have.
        let users = BTreeSet::from([user]);
        assert_eq!(reader.open_sessions(user).await.expect("a list"), []);
        assert_eq!(reader.records(&users).await.expect("a list").sessions, []);
        // Only components of JumpServer make sessions.
        if !target.is_sandbox() {
            return;
        }
        let begun: Timestamp = "2026-11-01T08:00:00Z".parse().expect("a moment");
        let open = target.running().open_session(&name, &asset, "app", "ssh");
        target.running().add_session(&name, &asset, "app", "ssh", begun);
        let found = reader.open_sessions(user).await.expect("a list");
        let [found] = found.as_slice() else { panic!("one is open: {found:?}") };
        assert_eq!((found.id, found.asset, found.protocol.as_str()), (open, host, "ssh"));
        assert!(found.is_as("app"));
        let records = reader.records(&users).await.expect("a list");
        assert_eq!(records.oldest, Some(begun));
        assert_eq!(records.sessions.len(), 2);
        assert!(records.sessions.iter().all(|one| (one.user, one.asset) == (user, host)));
        assert_eq!(reader.open_sessions(Uuid::new_v4()).await.expect("a list"), []);
    })
    .await;
}

#[tokio::test]
async fn the_operate_log_is_asked_by_name_and_time() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let name = target.name("jump_app_fan");
        let since = Timestamp::now() - SignedDuration::from_hours(1);
        let names = BTreeSet::from([name.clone(), target.name("nosuch")]);
        let logged = reader.operate_log(&names, since).await.expect("the log is read");
        assert_eq!(logged, []);
        let rows = reader.operate_log_rows().await.expect("they are counted");
        if target.is_sandbox() {
            let log = |name: &str| {
                target.running().log("admin", "update", "Asset permission", name);
            };
            log(&name);
            log(&format!("{name}_other"));
            let logged = reader.operate_log(&names, since).await.expect("the log is read");
            let [row] = logged.as_slice() else { panic!("one row: {logged:?}") };
            assert_eq!((row.action.as_str(), &row.resource), ("update", &name));
            assert_eq!(reader.operate_log_rows().await.expect("they are counted"), rows + 2);
            let later = Timestamp::now() + SignedDuration::from_hours(1);
            assert_eq!(reader.operate_log(&names, later).await.expect("the log is read"), []);
        }
    })
    .await;
}
