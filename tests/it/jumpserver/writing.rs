//! What the writer does, and that it can be read back.

use std::collections::BTreeSet;

use jumpgate::jumpserver::spec::PermissionSpec;
use jumpgate::jumpserver::{
    ErrorKind, Labelled, NewAccount, NewPermission, NewUser, PermissionPatch, UserPatch,
};
use jumpgate::mark::{Handover, HandoverState, Mark};
use jumpgate::naming;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::target::{Target, set};

/// A mark of the target's owner.
pub(super) fn mark(target: &Target, id: Uuid) -> Mark {
    Mark {
        owner: target.owner(),
        id,
        user: None,
        requests: Default::default(),
        end: None,
        handover: None,
        left: None,
    }
}

/// A permission with a name and a comment, for nobody yet.
pub(super) fn permission(target: &Target, id: Uuid, name: &str) -> NewPermission {
    NewPermission {
        spec: PermissionSpec {
            name: name.to_owned(),
            users: BTreeSet::new(),
            groups: BTreeSet::new(),
            assets: BTreeSet::new(),
            nodes: BTreeSet::new(),
            accounts: set(["root", "app"]),
            protocols: set(["ssh", "sftp"]),
            actions: set(["connect", "upload"]),
            start: "2026-12-01T00:00:00Z".parse().expect("a moment"),
            end: "2027-02-28T16:00:00Z".parse().expect("a moment"),
            active: true,
        },
        users: BTreeSet::new(),
        assets: BTreeSet::new(),
        nodes: BTreeSet::new(),
        comment: mark(target, id).comment("for a test"),
    }
}

#[tokio::test]
async fn o24_a_permission_is_made_whole_and_changed_field_by_field() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let (user, other) =
            (target.user(&target.name("fan")).await, target.user(&target.name("li")).await);
        let host = target.host(&target.name("web"), None).await;
        let (node, _) = target.node(&format!("/{}", target.tag)).await;
        let name = target.name("jump_app_fan");
        let org = reader.organization().id.to_string();
        let id = naming::permission_id(&target.owner(), &org, &name);
        target.note(&format!("perms/asset-permissions/{id}/"));
        let lease = target.lease(&reader).await;
        let writer = lease.writer();

        let mut new = permission(&target, id, &name);
        new.users = BTreeSet::from([user]);
        new.nodes = BTreeSet::from([node]);
        writer.create_permission(id, &new).await.expect("it is made");
        let made = reader.permission(&target.owner(), id).await.expect("a read").expect("it");
        assert_eq!((made.name.as_str(), made.active, made.labelled), (name.as_str(), true, true));
        assert_eq!(made.mark, Some(mark(&target, id)));
        assert_eq!((&made.users, &made.nodes), (&new.users, &new.nodes));
        assert_eq!(made.accounts, set(["app", "root"]));
        assert_eq!(made.protocols, set(["ssh", "sftp"]));
        assert_eq!(made.actions, set(["connect", "upload"]));
        assert_eq!((made.start, made.end), (new.spec.start, new.spec.end));
        // Again: nothing more happens.
        writer.create_permission(id, &new).await.expect("it is there");

        let end = "2027-03-31T16:00:00.75Z".parse().expect("a moment");
        let patch = PermissionPatch { end: Some(end), ..Default::default() };
        writer.patch_permission(id, &patch).await.expect("it changes");
        let patch = PermissionPatch {
            users: Some(BTreeSet::from([user, other])),
            assets: Some(BTreeSet::from([host])),
            nodes: Some(BTreeSet::new()),
            ..Default::default()
        };
        writer.patch_permission(id, &patch).await.expect("it changes");
        writer.patch_permission(id, &patch).await.expect("it is so");
        let kept = reader.permission(&target.owner(), id).await.expect("a read").expect("it");
        let end = "2027-03-31T16:00:00Z".parse().expect("a moment");
        let (users, assets) = (BTreeSet::from([user, other]), BTreeSet::from([host]));
        let expected = jumpgate::jumpserver::StoredPermission {
            end,
            users,
            assets,
            nodes: BTreeSet::new(),
            ..made
        };
        assert_eq!(kept, expected, "everything else stays as it was");

        writer.delete_permission(id).await.expect("it goes");
        writer.delete_permission(id).await.expect("it is gone");
        assert_eq!(reader.permission(&target.owner(), id).await.ok(), Some(None));
        lease.release().await.expect("it ends");
    })
    .await;
}

#[tokio::test]
async fn an_account_gets_its_secret_and_mark_in_one_request() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let asset = target.mysql(&target.name("orders"), None).await;
        let org = reader.organization().id.to_string();
        let username = "jump_db_fan_r".to_owned();
        let id = naming::account_id(&target.owner(), &org, asset, &username);
        let comment = |state, generation: &str| {
            let generation = generation.to_owned();
            let (changed, host, ended) = (None, None, None);
            let locked_before = false;
            let handover = Handover { state, generation, changed, host, ended, locked_before };
            Mark { handover: Some(handover), ..mark(&target, id) }.comment("for fan")
        };
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        let pending = comment(HandoverState::Pending, "g1");
        let new = NewAccount { asset, username: username.clone(), comment: pending };
        let secret = SecretString::from("first-Secret-1");
        writer.create_account(id, &new, &secret).await.expect("it is made");
        writer.create_account(id, &new, &secret).await.expect("it is there");
        let seen = reader.account(&target.owner(), id).await.expect("a read").expect("it");
        assert_eq!((seen.asset_id, seen.username.as_str()), (asset, username.as_str()));
        assert_eq!((seen.secret_type.as_str(), seen.labelled), ("password", true));
        let handover = seen.mark.and_then(|mark| mark.handover).expect("a handover");
        assert_eq!(handover.state, HandoverState::Pending);

        let done = comment(HandoverState::Done, "g1");
        writer.patch_account_comment(id, &done).await.expect("it changes");
        if target.is_sandbox() {
            let kept = target.running().secret(&target.name("orders"), &username);
            assert_eq!(kept.as_deref(), Some("first-Secret-1"), "the secret stays");
            target.running().clear_requests();
        }
        let again = comment(HandoverState::Pending, "g2");
        let secret = SecretString::from("second-Secret-2");
        writer.patch_account_secret_and_comment(id, &secret, &again).await.expect("it changes");
        let seen = reader.account(&target.owner(), id).await.expect("a read").expect("it");
        assert_eq!(seen.comment, again);
        if target.is_sandbox() {
            let kept = target.running().secret(&target.name("orders"), &username);
            assert_eq!(kept.as_deref(), Some("second-Secret-2"));
            let requests = target.running().requests();
            let writes = requests.iter().filter(|request| !request.is_read()).count();
            assert_eq!(writes, 1);
        }
        let error = writer
            .create_account(id, &new, &SecretString::from(""))
            .await
            .expect_err("it would keep the old one");
        assert_eq!(error.kind, ErrorKind::Settings);

        writer.delete_account(id).await.expect("it goes");
        writer.delete_account(id).await.expect("it is gone");
        assert_eq!(reader.account(&target.owner(), id).await.ok(), Some(None));
        lease.release().await.expect("it ends");
    })
    .await;
}

#[tokio::test]
async fn a_user_is_made_and_disabled_and_never_deleted() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let id = Uuid::new_v4();
        target.note(&format!("users/users/{id}/"));
        let username = target.name("fanlichun");
        let new = NewUser {
            username: username.clone(),
            name: "范立春".to_owned(),
            email: format!("{username}@acme.example"),
            comment: mark(&target, id).comment("made by the repo"),
        };
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        writer.create_user(id, &new).await.expect("it is made");
        writer.create_user(id, &new).await.expect("it is there");
        let error = writer.create_user(Uuid::new_v4(), &new).await.expect_err("the name is taken");
        assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
        assert!(error.to_string().contains(&id.to_string()), "{error}");

        let patch = UserPatch { active: Some(false), ..Default::default() };
        writer.patch_user(id, &patch).await.expect("it changes");
        let users = reader.users(&target.owner(), None).await.expect("a list");
        let seen = users.iter().find(|user| user.id == id).expect("he is there");
        assert_eq!((seen.name.as_str(), seen.active, seen.labelled), ("范立春", false, true));
        assert_eq!(seen.mark, Some(mark(&target, id)));
        lease.release().await.expect("it ends");
    })
    .await;
}

#[tokio::test]
async fn a_lost_label_is_given_back_and_others_stay() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let asset = target.mysql(&target.name("orders"), None).await;
        let account = target.account(asset, "jump_db_fan_r").await;
        let other = format!("team:{}", target.tag);
        let body = json!({ "name": target.name("p"), "labels": [other], "actions": ["connect"] });
        let id = target.permission(body).await;
        let lease = target.lease(&reader).await;
        let writer = lease.writer();
        for object in [Labelled::Permission(id), Labelled::Account(account)] {
            writer.label(object).await.expect("it is labelled");
            writer.label(object).await.expect("it has it");
        }
        let stored = reader.permission(&target.owner(), id).await.expect("a read").expect("it");
        assert!(stored.labelled);
        let stored = target.get(&format!("perms/asset-permissions/{id}/")).await;
        assert!(stored["labels"].to_string().contains(&target.tag), "{stored}");
        assert_eq!(stored["labels"].as_array().map(Vec::len), Some(2), "{stored}");
        let seen = reader.account(&target.owner(), account).await.expect("a read").expect("it");
        assert!(seen.labelled);
        lease.release().await.expect("it ends");
    })
    .await;
}

#[tokio::test]
async fn o25_what_another_hand_made_is_a_conflict_and_stays() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let asset = target.mysql(&target.name("orders"), None).await;
        let by_hand = target.account(asset, "jump_db_fan_r").await;
        let name = target.name("jump_app_fan");
        let foreign = target.permission(json!({ "name": name, "comment": "by hand" })).await;
        let before = target.get(&format!("perms/asset-permissions/{foreign}/")).await;
        let lease = target.lease(&reader).await;
        let writer = lease.writer();

        // The name is taken: the error names the other one's id.
        let id = Uuid::new_v4();
        let new = permission(&target, id, &name);
        let error = writer.create_permission(id, &new).await.expect_err("the name is taken");
        assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
        assert!(error.to_string().contains(&foreign.to_string()), "{error}");
        // The id is taken.
        let new = permission(&target, foreign, &target.name("another"));
        let error = writer.create_permission(foreign, &new).await.expect_err("the id is taken");
        assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
        assert!(error.to_string().contains("another name"), "{error}");
        let after = target.get(&format!("perms/asset-permissions/{foreign}/")).await;
        assert_eq!(before, after);

        let secret = SecretString::from("never-Kept-1");
        let comment = mark(&target, by_hand).comment("x");
        let new = NewAccount { asset, username: "jump_db_fan_r".to_owned(), comment };
        for id in [Uuid::new_v4(), by_hand] {
            let error = writer.create_account(id, &new, &secret).await.expect_err("it is taken");
            assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
        }
        if target.is_sandbox() {
            let kept = target.running().secret(&target.name("orders"), "jump_db_fan_r");
            assert_eq!(kept.as_deref(), Some("hand-made-1"));
        }
        lease.release().await.expect("it ends");
    })
    .await;
}

#[tokio::test]
async fn o23_a_template_is_never_sent() {
    Target::each(|target| async move {
        let reader = target.reader().await;
        let lease = target.lease(&reader).await;
        let id = Uuid::new_v4();
        let mut new = permission(&target, id, &target.name("p"));
        new.spec.accounts = set(["%3fa85f64-5717-4562-b3fc-2c963f66afa6"]);
        let error =
            lease.writer().create_permission(id, &new).await.expect_err("it makes accounts");
        assert_eq!(error.kind, ErrorKind::Settings);
        let patch = PermissionPatch { accounts: Some(new.spec.accounts), ..Default::default() };
        let error = lease.writer().patch_permission(id, &patch).await.expect_err("the same");
        assert_eq!(error.kind, ErrorKind::Settings);
        lease.release().await.expect("it ends");
    })
    .await;
}
