//! Requests for hosts: permissions in JumpServer.

use jiff::Timestamp;
use jumpgate::mark::Mark;
use jumpgate::names::Owner;
use jumpgate::naming;
use jumpgate_sandbox::{NewPermission, Version};

use crate::support::company::Company;

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: look at the logs\"
until: 2027-02-28
servers:
  - login: app
    nodes: [ROOT/payments/prod]
";

async fn a_request_becomes_a_permission(version: Version) {
    let company = Company::with_hosts(version).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.merge("logs for fanlichun");

    let plan = company.run(&["plan", "--detailed-exitcode"]).await.expect(2);
    assert!(plan.stdout.contains("+ permission jump_app_fanlichun_20270228"), "{}", plan.stdout);
    assert!(
        company.jumpserver.requests().iter().all(|request| request.is_read()),
        "a plan only reads"
    );
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), [""; 0]);

    let applied = company.run(&["apply", "--yes"]).await.expect(0);
    assert!(
        applied.stdout.contains("Applied: 1 done; read back: as written."),
        "{}",
        applied.stdout
    );
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);
    let permission = company.jumpserver.permission("jump_app_fanlichun_20270228");
    let permission = permission.expect("the permission");
    assert_eq!(permission.date_expired, "2027-02-28T16:00:00Z".parse().expect("a moment"));

    company.jumpserver.clear_requests();
    let again = company.run(&["apply", "--yes"]).await.expect(0);
    assert_eq!(again.stdout.trim(), "Nothing to do: everything is as git says.");
    assert!(
        company.jumpserver.requests().iter().all(|request| request.is_read()),
        "an unchanged state sends no write"
    );
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);

    company.remove("requests/PAY-1234.yaml");
    company.merge("not needed any more");
    let gone = company.run(&["apply", "--yes"]).await.expect(0);
    assert!(gone.stdout.contains("before its recorded end"), "{}", gone.stdout);
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_a_permission_on_v3() {
    a_request_becomes_a_permission(Version::V3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_a_permission_on_v4() {
    a_request_becomes_a_permission(Version::V4).await;
}

/// A permission of ours that ended on a day, as an earlier apply left it.
pub(super) fn ended(company: &Company, day: &str) -> NewPermission {
    let name = format!("jump_app_liwei_{}", day.replace('-', ""));
    let owner: Owner = "acme".parse().expect("an owner");
    let organization = "00000000-0000-0000-0000-000000000002";
    let id = naming::permission_id(&owner, organization, &name);
    let end: Timestamp = format!("{day}T16:00:00Z").parse().expect("a moment");
    let mark = Mark {
        owner: owner.clone(),
        id,
        user: None,
        requests: [("old".parse().expect("a request"), Some(end))].into(),
        end: Some(end),
        handover: None,
        left: None,
    };
    NewPermission {
        id: Some(id),
        name,
        users: vec!["liwei".to_owned()],
        nodes: vec![format!("{}/payments/prod", company.root)],
        accounts: vec!["app".to_owned()],
        date_expired: Some(end),
        comment: mark.comment("for liwei"),
        labels: vec![Mark::label(&owner)],
        ..NewPermission::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_merge_grants_nothing_and_still_ends_what_ended() {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    company.jumpserver.add_permission(ended(&company, "2026-10-31"));
    company.write("requests/broken.yaml", "for: [fanlichun\n");
    company.merge("broken");
    let refused = company.run(&["apply", "--yes"]).await.expect(3);
    assert!(refused.stderr.contains("error[JG002]"), "{}", refused.stderr);
    assert!(refused.stderr.contains("ends that have passed: 1 step done"), "{}", refused.stderr);
    assert!(company.jumpserver.permission("jump_app_liwei_20261031").is_none());
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_commit_is_refused() {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    let refused = company.run(&["apply", "--yes", "--rev", "HEAD~1"]).await.expect(1);
    assert!(refused.stderr.contains("which was applied last"), "{}", refused.stderr);
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), ["app"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_to_answer_is_no_yes() {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.merge("logs for fanlichun");
    let refused = company.run(&["apply"]).await.expect(1);
    assert!(refused.stderr.contains("--yes applies without asking"), "{}", refused.stderr);
    assert!(company.jumpserver.permissions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_anchor_stops_apply_until_somebody_says_so() {
    let company = Company::with_hosts(Version::V4).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    let anchor = company.jumpserver.permission("jump-anchor-acme").expect("the anchor");
    company.jumpserver.delete_permission(anchor.id);
    let plan = company.run(&["plan"]).await.expect(5);
    assert!(plan.stdout.contains("JG234"), "{}", plan.stdout);
    let refused = company.run(&["apply", "--yes"]).await.expect(4);
    assert!(refused.stderr.contains("--new-anchor"), "{}", refused.stderr);
    company.run(&["apply", "--yes", "--new-anchor"]).await;
    company.run(&["plan"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_plan_that_was_shown_is_applied() {
    let company = Company::with_hosts(Version::V3).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.merge("logs for fanlichun");
    let plan = company.run(&["plan", "--format", "json"]).await.expect(0);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON");
    assert_eq!(plan["schema"], "jumpgate.plan/1");
    let checksum = plan["checksum"].as_str().expect("a checksum");
    let refused = company.run(&["apply", "--yes", "--expect", &"0".repeat(32)]).await.expect(4);
    assert!(refused.stderr.contains("the plan is another one now"), "{}", refused.stderr);
    assert!(company.jumpserver.permissions().is_empty(), "nothing was written");
    company.run(&["apply", "--yes", "--expect", checksum]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_that_is_none_is_refused_before_anything_is_read() {
    let company = Company::with_hosts(Version::V3).await;
    let long = "0".repeat(33);
    for text in ["", "nonsense", "0000", "A0000000000000000000000000000000", long.as_str()] {
        company.jumpserver.clear_requests();
        let refused = company.run(&["apply", "--yes", "--expect", text]).await.expect(1);
        assert!(refused.stderr.contains("32 characters of 0-9 and a-f"), "{}", refused.stderr);
        assert!(company.jumpserver.requests().is_empty(), "{text}");
    }
    company.run(&["apply", "--yes"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_files_are_written_for_users_and_never_over_files() {
    let company = Company::with_hosts(Version::V4).await;
    company.jumpserver.add_user(jumpgate_sandbox::NewUser {
        groups: vec!["payments".to_owned()],
        name: "张三: \"z\"".to_owned(),
        ..jumpgate_sandbox::NewUser::named("ZhangSan@acme.example")
    });
    let listed =
        company.run(&["import", "people", "--group", "payments", "--dry-run"]).await.expect(0);
    assert!(listed.stdout.starts_with("people/zhangsan.yaml:"), "{}", listed.stdout);
    assert!(!company.has("people/zhangsan.yaml"));
    let done = company.run(&["import", "people", "--group", "payments"]).await.expect(0);
    assert_eq!(done.stdout, "people/zhangsan.yaml\n");
    company.run(&["check"]).await.expect(0);
    let again = company.run(&["import", "people", "--group", "payments"]).await.expect(0);
    assert!(again.stderr.contains("0 written, 1 there already"), "{}", again.stderr);
    company.run(&["import", "people", "--group", "nobody"]).await.expect(1);
    // What is left alone is no failure.
    company.jumpserver.add_user(jumpgate_sandbox::NewUser::named("李四"));
    let left = company.run(&["import", "people"]).await.expect(0);
    assert!(left.stderr.contains("left out 李四: no file name can be made"), "{}", left.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_is_missing() {
    let mut company = Company::with_hosts(Version::V4).await;
    company.run(&["doctor"]).await.expect(0);
    let token = company.jumpserver.add_token("liwei", &["users.view_user", "assets.view_asset"]);
    company.use_token(token);
    let sick = company.run(&["doctor", "--for", "plan"]).await.expect(1);
    assert!(sick.stdout.contains("lacks the right perms.view_assetpermission"), "{}", sick.stdout);
    company.use_token("wrong".to_owned());
    let sick = company.run(&["doctor"]).await.expect(1);
    assert!(sick.stdout.contains("does not accept the credentials"), "{}", sick.stdout);
    assert!(!sick.stdout.contains("wrong"), "{}", sick.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_no_commit_is_told_and_not_applied() {
    let company = Company::with_hosts(Version::V4).await;
    let quiet = company.run(&["apply", "--yes"]).await.expect(0);
    assert!(!quiet.stderr.contains("commit first"), "{}", quiet.stderr);
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.write("people/fanlichun.yaml", "name: 范立春\n# edited\n");
    let told = company.run(&["apply", "--yes"]).await.expect(0);
    let note = "note: people/fanlichun.yaml and 1 more file are not as in the commit";
    assert!(told.stderr.contains(note), "{}", told.stderr);
    assert_eq!(company.jumpserver.usable_accounts("fanlichun", "pay-web-01"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_renewal_replaces_is_said_to_have_changed() {
    let company = Company::with_hosts(Version::V4).await;
    let request = REQUEST.replace("ROOT", company.root);
    company.write("requests/PAY-1234.yaml", &request);
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    company.write("requests/PAY-1234.yaml", &request.replace("2027-02-28", "2027-03-31"));
    let plan = company.run(&["plan"]).await.expect(0);
    let says = "PAY-1234 has changed, and asks for exactly this no more";
    assert!(plan.stdout.contains(says), "{}", plan.stdout);
}
