//! The anchor proves what was read.

use jumpgate::jumpserver::spec::{Anchor, AnchoredInstance};
use jumpgate::jumpserver::{Ask, ErrorKind, Reader};
use jumpgate_sandbox::{Fault, Rule, Version};
use serde_json::json;
use uuid::Uuid;

use super::target::{Target, sandboxes};
use super::writing::permission;

fn anchor(commit: char) -> Anchor {
    let instance = AnchoredInstance {
        server: "8f2b1c6e-0000-11ef-9a44-0242ac120002".to_owned(),
        asset: Uuid::from_u128(5),
        account_host: Some("10.8.0.%".to_owned()),
    };
    Anchor {
        commit: Some(commit.to_string().repeat(40)),
        turns: std::collections::BTreeMap::new(),
        rules: None,
        instances: [("orders-prod".to_owned(), instance)].into(),
    }
}

/// The kind and words of the error of an observation.
async fn failure(target: &Target, reader: &Reader) -> (ErrorKind, String) {
    let ask = Ask::new(target.owner());
    let error = reader.observe(&ask).await.expect_err("this is no state to plan from");
    (error.kind, error.to_string())
}

/// The id of the anchor's permission.
async fn anchored(target: &Target, reader: &Reader, anchor: &Anchor) -> Uuid {
    let lease = target.lease(reader).await;
    lease.writer().put_anchor(anchor).await.expect("it is written");
    lease.release().await.expect("it ends");
    let org = reader.organization().id.to_string();
    jumpgate::naming::anchor_id(&target.owner(), &org)
}

#[tokio::test]
async fn the_anchor_is_made_changed_and_read_back() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        assert_eq!(reader.anchor(&target.owner()).await.ok(), Some(None));
        let id = anchored(&target, &reader, &anchor('a')).await;
        assert_eq!(reader.anchor(&target.owner()).await.ok(), Some(Some(anchor('a'))));
        anchored(&target, &reader, &anchor('b')).await;
        let ask = Ask::new(target.owner());
        let live = reader.observe(&ask).await.expect("it is read");
        assert_eq!(live.anchor, Some(anchor('b')));
        assert!(live.permissions.is_empty(), "neither the anchor nor a lease is access");
        let stored = reader.permission(&target.owner(), id).await.expect("a read").expect("it");
        assert!(!stored.active && stored.labelled);
        assert!(stored.users.is_empty() && stored.assets.is_empty() && stored.accounts.is_empty());
        assert_eq!(stored.name, format!("jumptest-anchor-{}", target.owner()));
    })
    .await;
}

#[tokio::test]
async fn an_anchor_that_comes_about_while_the_rest_is_read_is_found() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let id = anchored(&target, &reader, &anchor('a')).await;
        let lease = target.lease(&reader).await;
        let other = Uuid::new_v4();
        let new = permission(&target, other, "p");
        lease.writer().create_permission(other, &new).await.expect("it is made");
        lease.release().await.expect("it ends");
        let not_yet = json!({ "detail": "No.", "code": "object_does_not_exist" });
        let asked = Rule::on("GET", &format!("{id}/")).times(1);
        target.running().fault(asked, Fault::answer(404, not_yet));
        let live = reader.observe(&Ask::new(target.owner())).await.expect("it is read");
        target.running().clear_faults();
        assert_eq!(live.anchor, Some(anchor('a')));
    }
}

#[tokio::test]
async fn an_unchanged_anchor_is_not_written() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        anchored(&target, &reader, &anchor('a')).await;
        let lease = target.lease(&reader).await;
        target.running().clear_requests();
        lease.writer().put_anchor(&anchor('a')).await.expect("it is there");
        let requests = target.running().requests();
        assert!(requests.iter().all(|request| request.is_read()), "{requests:?}");
    }
}

#[tokio::test]
async fn a_label_that_no_longer_finds_the_anchor_is_an_error() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let id = anchored(&target, &reader, &anchor('a')).await;
        let nothing = json!({ "count": 0, "next": null, "previous": null, "results": [] });
        let lists = Rule::on("GET", "perms/asset-permissions/?");
        target.running().fault(lists, Fault::answer(200, nothing));
        let (kind, text) = failure(&target, &reader).await;
        assert_eq!(kind, ErrorKind::Incomplete, "{text}");
        assert!(text.contains("without the anchor"), "{text}");
        target.running().clear_faults();

        let lease = target.lease(&reader).await;
        let label = Rule::on("GET", "labels=");
        let nothing = json!({ "count": 0, "next": null, "previous": null, "results": [] });
        target.running().fault(label, Fault::answer(200, nothing));
        let error = lease.writer().put_anchor(&anchor('b')).await.expect_err("it is not found");
        assert_eq!(error.kind, ErrorKind::Incomplete, "{error}");
        target.running().clear_faults();
        lease.release().await.expect("it ends");

        // Someone took the label away.
        let path = format!("perms/asset-permissions/{id}/");
        target.patch(&path, json!({ "labels": [] })).await;
        let (kind, text) = failure(&target, &reader).await;
        assert_eq!(kind, ErrorKind::Incomplete, "{text}");
        assert!(text.contains("lost its label"), "{text}");
    }
}

#[tokio::test]
async fn an_anchor_that_another_hand_changed_is_an_error() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let id = anchored(&target, &reader, &anchor('a')).await;
        let path = format!("perms/asset-permissions/{id}/");
        target.patch(&path, json!({ "is_active": true })).await;
        let (kind, text) = failure(&target, &reader).await;
        assert_eq!(kind, ErrorKind::Conflict, "{text}");
        assert!(text.contains("switched on"), "{text}");
        target.patch(&path, json!({ "is_active": false, "comment": "tidied up" })).await;
        let (kind, text) = failure(&target, &reader).await;
        assert_eq!(kind, ErrorKind::Conflict, "{text}");
        assert!(text.contains("was changed by another hand"), "{text}");
        let lease = target.lease(&reader).await;
        let error = lease.writer().put_anchor(&anchor('b')).await.expect_err("it is not ours now");
        assert_eq!(error.kind, ErrorKind::Conflict);
        lease.release().await.expect("it ends");
    })
    .await;
}

#[tokio::test]
async fn o22_an_anchor_of_another_organization_is_an_error() {
    for version in [Version::V3, Version::V4] {
        let target = Target::sandbox(version).await;
        let reader = target.reader().await;
        let id = anchored(&target, &reader, &anchor('a')).await;
        // Restored from another JumpServer: the comment tells where it was written.
        let path = format!("perms/asset-permissions/{id}/");
        let comment = target.get(&path).await["comment"].as_str().expect("a text").to_owned();
        let here = reader.organization().id.to_string();
        let there = "6c5f4c4e-61b4-4b0a-a0f5-3a5f0a1d2b3c";
        let comment = comment.replace(
            &format!("\"organization\":\"{here}\""),
            &format!("\"organization\":\"{there}\""),
        );
        target.patch(&path, json!({ "comment": comment })).await;
        let (kind, text) = failure(&target, &reader).await;
        assert_eq!(kind, ErrorKind::Organization, "{text}");
        assert!(text.contains(there) && text.contains(&here), "{text}");
    }
}

/// The organization in the settings was changed, and the owner's things are in the old one.
#[tokio::test]
async fn o22_an_anchor_in_the_organization_left_behind_is_an_error() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let id = anchored(&target, &reader, &anchor('a')).await;
        let here = reader.organization().id.to_string();
        let there = Uuid::from_u128(77);
        let path = format!("perms/asset-permissions/{id}/");
        let mut row = target.get(&path).await;
        target.running().delete_permission(id);

        // The community edition has one organization, so the second one is made up.
        let profile = match target.running().version() {
            Version::V3 => "users/profile/",
            Version::V4 => "users/profile/permissions/",
        };
        let mut entered = target.get(profile).await;
        let old = json!({ "id": there, "name": "ops", "is_root": false });
        entered["console_orgs"].as_array_mut().expect("organizations").push(old);
        target.running().fault(Rule::on("GET", profile), Fault::answer(200, entered));
        let comment = row["comment"].as_str().expect("a text").replace(&here, &there.to_string());
        row["comment"] = json!(comment);
        let id = jumpgate::naming::anchor_id(&target.owner(), &there.to_string());
        let rule = Rule::on("GET", &format!("perms/asset-permissions/{id}/"));
        target.running().fault(rule, Fault::answer(200, row));

        let (kind, text) = failure(&target, &target.reader().await).await;
        assert_eq!(kind, ErrorKind::Organization, "{text}");
        assert!(text.contains(&format!("ops ({there})")), "{text}");
        assert!(text.contains("set jumpserver.organization back"), "{text}");
    }
}
