//! A write counts only when the answer shows it, each field by itself.

use jumpgate::jumpserver::{Error, ErrorKind, NewAccount, PermissionPatch};
use jumpgate_sandbox::{Fault, Rule};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::target::{Target, sandboxes};
use super::writing::{mark, permission};

const PERMISSIONS: &str = "perms/asset-permissions/";
const ACCOUNTS: &str = "accounts/accounts/";

/// The fields of a permission, each with its name in the error.
const OF_PERMISSION: [(&str, &str); 14] = [
    ("id", "id"),
    ("name", "name"),
    ("users", "users"),
    ("user_groups", "user groups"),
    ("assets", "assets"),
    ("nodes", "nodes"),
    ("accounts", "accounts"),
    ("protocols", "protocols"),
    ("actions", "actions"),
    ("date_start", "start"),
    ("date_expired", "end"),
    ("is_active", "active"),
    ("labels", "label"),
    ("comment", "comment"),
];

/// The fields of an account, each with its name in the error.
const OF_ACCOUNT: [(&str, &str); 7] = [
    ("id", "id"),
    ("asset", "asset"),
    ("name", "name"),
    ("username", "user name"),
    ("is_active", "state"),
    ("labels", "label"),
    ("comment", "comment"),
];

/// The answers with one field of another row, each with the name of that field.
fn mixed(
    right: &Value,
    other: &Value,
    fields: &[(&'static str, &'static str)],
) -> Vec<(Value, &'static str)> {
    let mix = |&(field, name): &(&str, &'static str)| {
        assert_ne!(right[field], other[field], "{field}");
        let mut answer = right.clone();
        answer[field] = other[field].clone();
        (answer, name)
    };
    fields.iter().map(mix).collect()
}

/// An error that names this field and no other.
#[track_caller]
fn names(error: &Error, field: &str) {
    assert_eq!(error.kind, ErrorKind::Unexpected, "{error}");
    let text = error.to_string();
    let (_, told) = text.split_once("with another ").expect("what differs");
    assert!(told.starts_with(&format!("{field};")), "{text}");
}

/// A permission that differs in every field from what [`permission`] makes.
async fn by_hand(target: &Target) -> (Uuid, Value) {
    let user = target.user("wang").await;
    let asset = target.host("db-01", None).await;
    let (node, _) = target.node("/other").await;
    let group = target.running().add_group("ops");
    let id = target
        .permission(json!({
            "name": "by hand", "users": [user], "user_groups": [group], "assets": [asset],
            "nodes": [node], "accounts": ["@ALL"], "protocols": ["all"], "actions": ["copy"],
            "date_start": "2026-11-01T00:00:00Z", "date_expired": "2030-01-01T00:00:00Z",
            "is_active": false, "comment": "asked for by mail",
        }))
        .await;
    (id, target.get(&format!("{PERMISSIONS}{id}/")).await)
}

#[tokio::test]
async fn o21_every_field_of_a_new_permission_is_looked_at() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let (_, other) = by_hand(&target).await;
        let id = Uuid::new_v4();
        let mut new = permission(&target, id, "p");
        new.users = [target.user("fan").await].into();
        new.assets = [target.host("web-01", None).await].into();
        new.nodes = [target.node("/prod").await.0].into();
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        writer.create_permission(id, &new).await.expect("it is made");
        let right = target.get(&format!("{PERMISSIONS}{id}/")).await;
        writer.delete_permission(id).await.expect("it goes");
        let create = || Rule::on("POST", PERMISSIONS);
        target.running().fault(create(), Fault::answer(201, right.clone()));
        writer.create_permission(id, &new).await.expect("every field is right");
        target.running().clear_faults();
        for (answer, field) in mixed(&right, &other, &OF_PERMISSION) {
            target.running().fault(create(), Fault::answer(201, answer));
            let error = writer.create_permission(id, &new).await.expect_err(field);
            names(&error, field);
            target.running().clear_faults();
        }
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn every_field_of_a_changed_permission_is_looked_at() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let (id, before) = by_hand(&target).await;
        let user = target.user("fan").await;
        let asset = target.host("web-01", None).await;
        let (node, _) = target.node("/prod").await;
        let new = permission(&target, id, "p");
        let patch = PermissionPatch {
            name: Some(new.spec.name),
            users: Some([user].into()),
            groups: Some([].into()),
            assets: Some([asset].into()),
            nodes: Some([node].into()),
            accounts: Some(new.spec.accounts),
            protocols: Some(new.spec.protocols),
            actions: Some(new.spec.actions),
            start: Some(new.spec.start),
            end: Some(new.spec.end),
            active: Some(true),
            comment: Some(new.comment),
            labels: Some(vec![format!("jumpgate:{}", target.owner())]),
        };
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        writer.patch_permission(id, &patch).await.expect("it changes");
        let right = target.get(&format!("{PERMISSIONS}{id}/")).await;
        // The id is the same in both.
        let mut other = before;
        other["id"] = json!(Uuid::new_v4());
        for (answer, field) in mixed(&right, &other, &OF_PERMISSION) {
            target.running().fault(Rule::on("PATCH", PERMISSIONS), Fault::answer(200, answer));
            let error = writer.patch_permission(id, &patch).await.expect_err(field);
            names(&error, field);
            target.running().clear_faults();
        }
        // What was not sent may be anything.
        let patch = PermissionPatch { active: Some(false), ..PermissionPatch::default() };
        other["id"] = json!(id);
        target.running().fault(Rule::on("PATCH", PERMISSIONS), Fault::answer(200, other));
        writer.patch_permission(id, &patch).await.expect("what was sent is there");
        target.running().clear_faults();
        lease.release().await.expect("it ends");
    }
}

/// An account by hand that differs in every field from one that is made for `jump_db_fan_r`.
async fn account_by_hand(target: &Target) -> Value {
    let asset = target.mysql("billing", None).await;
    let id = target.account(asset, "root").await;
    let path = format!("{ACCOUNTS}{id}/");
    target.patch(&path, json!({ "is_active": false, "comment": "by hand" })).await;
    target.get(&path).await
}

#[tokio::test]
async fn every_field_of_a_new_account_is_looked_at() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let other = account_by_hand(&target).await;
        let asset = target.mysql("orders", None).await;
        let id = Uuid::new_v4();
        let comment = mark(&target, id).comment("for fan");
        let new = NewAccount { asset, username: "jump_db_fan_r".to_owned(), comment };
        let secret = SecretString::from("first-Secret-1");
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        writer.create_account(id, &new, &secret).await.expect("it is made");
        let right = target.get(&format!("{ACCOUNTS}{id}/")).await;
        writer.delete_account(id).await.expect("it goes");
        let create = || Rule::on("POST", ACCOUNTS);
        target.running().fault(create(), Fault::answer(201, right.clone()));
        writer.create_account(id, &new, &secret).await.expect("every field is right");
        target.running().clear_faults();
        for (answer, field) in mixed(&right, &other, &OF_ACCOUNT) {
            target.running().fault(create(), Fault::answer(201, answer));
            let error = writer.create_account(id, &new, &secret).await.expect_err(field);
            names(&error, field);
            target.running().clear_faults();
        }
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn a_changed_account_counts_only_when_the_answer_shows_it() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let asset = target.mysql("orders", None).await;
        let id = target.account(asset, "jump_db_fan_r").await;
        let path = format!("{ACCOUNTS}{id}/");
        let comment = mark(&target, id).comment("for fan");
        let secret = SecretString::from("second-Secret-2");
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        let mut other = target.get(&path).await;
        writer.adopt_account(id, &comment).await.expect("it changes");
        let right = target.get(&path).await;
        let change = || Rule::on("PATCH", ACCOUNTS);
        other["id"] = json!(Uuid::new_v4());
        let answers = mixed(&right, &other, &[("id", "comment"), ("comment", "comment")]);
        for (answer, field) in answers {
            target.running().fault(change(), Fault::answer(200, answer));
            let changed = [
                writer.patch_account_comment(id, &comment).await,
                writer.patch_account_secret_and_comment(id, &secret, &comment).await,
                writer.adopt_account(id, &comment).await,
            ];
            for changed in changed {
                names(&changed.expect_err(field), field);
            }
            target.running().clear_faults();
        }
        for (answer, field) in mixed(&right, &other, &[("labels", "label")]) {
            target.running().fault(change(), Fault::answer(200, answer));
            names(&writer.adopt_account(id, &comment).await.expect_err(field), field);
            target.running().clear_faults();
        }
        assert_eq!(
            target.running().secret("orders", "jump_db_fan_r").as_deref(),
            Some("hand-made-1")
        );
        lease.release().await.expect("it ends");
    }
}
