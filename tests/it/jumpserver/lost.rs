//! Answers that never come, though the server did what was asked.

use std::time::Duration;

use jumpgate::jumpserver::{
    ErrorKind, Limits, NewAccount, NewUser, PermissionPatch, Reader, Settings,
};
use jumpgate_sandbox::{Fault, NewAsset, NewUser as Seeded, Rule};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::target::{limits, sandboxes};
use super::writing::{mark, permission};

/// Faults after which the request was carried out.
fn after() -> [Fault; 4] {
    let page = json!("<html>Bad gateway</html>");
    [
        Fault::DropAfter,
        Fault::AnswerAfter { status: 502, body: page.clone() },
        Fault::AnswerAfter { status: 504, body: page },
        Fault::AnswerAfter { status: 429, body: json!({}) },
    ]
}

#[tokio::test]
async fn o30_a_create_that_is_repeated_is_harmless() {
    for target in sandboxes().await {
        let running = target.running();
        let asset = running.add_asset(NewAsset::mysql("orders", "10.0.0.4", 3306));
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        for (number, fault) in after().into_iter().enumerate() {
            let lost = || running.fault(Rule::writes().times(1), fault.clone());
            let id = Uuid::new_v4();
            let new = permission(&target, id, &format!("p{number}"));
            lost();
            writer.create_permission(id, &new).await.expect("it is made once");
            let made = running.permission(&format!("p{number}")).expect("it is made");
            assert_eq!(made.id, id);

            let id = Uuid::new_v4();
            let username = format!("jump_db_fan{number}_r");
            let comment = mark(&target, id).comment("x");
            let new = NewAccount { asset, username: username.clone(), comment };
            lost();
            let secret = SecretString::from(format!("secret-{number}"));
            writer.create_account(id, &new, &secret).await.expect("it is made once");
            assert_eq!(running.secret("orders", &username), Some(format!("secret-{number}")));

            let id = Uuid::new_v4();
            let new = NewUser {
                username: format!("fan{number}"),
                name: "Fan".to_owned(),
                email: format!("fan{number}@acme.example"),
                comment: mark(&target, id).comment("x"),
            };
            lost();
            writer.create_user(id, &new).await.expect("he is made once");
            assert_eq!(running.user_is_active(&format!("fan{number}")), Some(true));
            running.clear_faults();
        }
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn o30_changes_and_removals_that_are_repeated_are_harmless() {
    for target in sandboxes().await {
        let running = target.running();
        let user = running.add_user(Seeded::named("fanlichun"));
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        let id = Uuid::new_v4();
        let new = permission(&target, id, "p");
        for fault in after() {
            let lost = || running.fault(Rule::writes().times(1), fault.clone());
            writer.create_permission(id, &new).await.expect("it is made");
            lost();
            let patch = PermissionPatch { active: Some(false), ..Default::default() };
            writer.patch_permission(id, &patch).await.expect("it changes");
            lost();
            let users = |users: &[Uuid]| {
                let users = Some(users.iter().copied().collect());
                PermissionPatch { users, ..Default::default() }
            };
            writer.patch_permission(id, &users(&[user])).await.expect("he is added");
            let seen = running.permission("p").expect("it");
            assert_eq!((seen.is_active, seen.users), (false, vec!["fanlichun".to_owned()]));
            lost();
            writer.patch_permission(id, &users(&[])).await.expect("he is taken out");
            assert!(running.permission("p").expect("it").users.is_empty());
            lost();
            writer.delete_permission(id).await.expect("it goes");
            assert!(running.permission("p").is_none());
            running.clear_faults();
        }
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn a_write_that_takes_too_long_is_sent_again() {
    for target in sandboxes().await {
        let limits = Limits { write: Duration::from_millis(400), ..limits() };
        let settings = Settings { limits, ..target.settings() };
        let reader = Reader::connect(&settings, target.credentials()).await.expect("a connection");
        let lease = target.lease(&reader).await;
        let id = Uuid::new_v4();
        let new = permission(&target, id, "p");
        let slow = Fault::Delay(Duration::from_secs(20));
        target.running().fault(Rule::on("POST", "perms/").times(1), slow.clone());
        lease.writer().create_permission(id, &new).await.expect("the second one is quick");
        assert_eq!(target.running().permission("p").map(|seen| seen.id), Some(id));
        target.running().clear_faults();

        target.running().fault(Rule::on("DELETE", "perms/"), slow);
        let error = lease.writer().delete_permission(id).await.expect_err("it is always slow");
        assert_eq!(error.kind, ErrorKind::Unreachable);
        assert!(error.to_string().contains("did not answer within 0.4 s"), "{error}");
        target.running().clear_faults();
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn what_someone_else_made_in_between_is_not_taken_for_ours() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        let id = Uuid::new_v4();
        let new = permission(&target, id, "p");
        let mut wider = permission(&target, id, "p");
        wider.spec.accounts = super::target::set(["@ALL"]);
        lease.writer().create_permission(id, &wider).await.expect("it is made");
        let error = lease.writer().create_permission(id, &new).await.expect_err("it is another");
        assert_eq!(error.kind, ErrorKind::Conflict);
        assert!(error.to_string().contains("another accounts"), "{error}");
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_after_a_few_tries() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        target.running().fault(Rule::any(), Fault::DropBefore);
        target.running().clear_requests();
        let error = lease.writer().delete_permission(Uuid::new_v4()).await.expect_err("no answer");
        assert_eq!(error.kind, ErrorKind::Unreachable);
        assert!(error.to_string().contains("check jumpserver.url, the network"), "{error}");
        assert_eq!(target.running().requests().len(), limits().attempts);
        target.running().clear_faults();
        lease.release().await.expect("it ends");
    }
}
