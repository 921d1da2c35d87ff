//! `jumpgate drift`: what another hand changed since the last apply, and the issue of it.

use jumpgate_sandbox::{NewPermission, Version};
use serde_json::Value;

use crate::comment::forge::{Api, Forge};
use crate::comment::issues::Issue;
use crate::schema::{keeps, validator};
use crate::support::company::{Company, Done};
use crate::support::servers::Kind;

const REQUEST: &str = "for: fanlichun
reason: \"PAY-1234: look at the logs\"
until: 2099-02-28
servers:
  - login: app
    nodes: [ROOT/payments/prod]
";

const DATABASE: &str = "for: fanlichun
reason: \"PAY-1234: reconcile refunds\"
until: 2099-02-28
databases:
  - { instance: orders-prod, level: r, tables: ['orders.*'] }
";

const PERMISSION: &str = "jump_app_fanlichun_20990228";

async fn company(version: Version) -> Company {
    let company = Company::with_hosts(version).await;
    company.write("requests/PAY-1234.yaml", &REQUEST.replace("ROOT", company.root));
    company.merge("logs for fanlichun");
    company.run(&["apply", "--yes"]).await.expect(0);
    company
}

/// Deletes the permission, and JumpServer knows who did it.
fn delete_permission(company: &Company) {
    let seen = company.jumpserver.permission(PERMISSION).expect("the permission");
    company.jumpserver.delete_permission(seen.id);
    company.jumpserver.log("liwei", "delete", "Asset permission", PERMISSION);
}

async fn json(company: &Company, code: i32) -> Value {
    let args = ["drift", "--format", "json", "--detailed-exitcode"];
    let done = company.run(&args).await.expect(code);
    let drift: Value = serde_json::from_str(&done.stdout).expect("JSON");
    keeps(&validator("drift"), &drift, "drift");
    drift
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hand_deleted_is_told_with_who_it_was() {
    for version in [Version::V3, Version::V4] {
        let company = company(version).await;
        // What is merged and not applied is no drift.
        company.remove("requests/PAY-1234.yaml");
        company.merge("not needed any more");
        let none = company.run(&["drift", "--detailed-exitcode"]).await.expect(0);
        assert!(none.stdout.ends_with("No drift\n"), "{}", none.stdout);

        delete_permission(&company);
        company.jumpserver.clear_requests();
        let drift = json(&company, 2).await;
        let change = &drift["changes"][0];
        assert_eq!((&change["how"], &change["person"]), (&"missing".into(), &"fanlichun".into()));
        assert_eq!(change["hands"][0]["user"], "liwei(liwei)", "{drift}");
        assert_eq!(change["hands"][0]["action"], "delete");
        assert_eq!(drift["logs"], "read");
        assert!(company.jumpserver.requests().iter().all(|request| request.is_read()));
        let text = company.run(&["drift"]).await.expect(0).stdout;
        assert!(text.contains(&format!("- permission {PERMISSION}\n      is missing")), "{text}");
        assert!(text.contains("log: delete by liwei(liwei) on"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_nobody_can_tell_who_it_was_is_said_and_no_error() {
    let mut company = company(Version::V3).await;
    delete_permission(&company);
    let seen = ["perms.view_assetpermission", "users.view_user", "assets.view_asset"];
    let rights = [&seen[..], &["assets.view_node", "accounts.view_account"][..]].concat();
    let token = company.jumpserver.add_token("svc-plan", &rights);
    company.use_token(token);
    let drift = json(&company, 2).await;
    assert_eq!(
        (&drift["logs"], drift["changes"].as_array().map(Vec::len)),
        (&"forbidden".into(), Some(1))
    );
    let text = company.run(&["drift"]).await.expect(0).stdout;
    assert!(text.contains("audits.view_operatelog"), "{text}");

    // As 3.10 on PostgreSQL.
    let company = self::company(Version::V3).await;
    let seen = company.jumpserver.permission(PERMISSION).expect("the permission");
    company.jumpserver.delete_permission(seen.id);
    assert_eq!(json(&company, 2).await["logs"], "empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_ours_and_a_grant_by_hand_are_drift_on_both_kinds_of_servers() {
    for kind in [Kind::Mysql9, Kind::Mariadb1011] {
        let company = Company::with_database(Version::V4, kind).await;
        company.write("requests/PAY-1234.yaml", DATABASE);
        company.merge("refunds");
        company.run(&["apply", "--yes"]).await.expect(0);
        company.run(&["drift", "--detailed-exitcode"]).await.expect(0);
        let server = company.server.as_ref().expect("a server");
        server.run("GRANT SELECT ON billing.* TO jump_db_fanlichun_r@127.0.0.1").await;
        company.jumpserver.add_permission(NewPermission {
            name: "a copy".to_owned(),
            users: vec!["liwei".to_owned()],
            accounts: vec!["app".to_owned()],
            labels: vec!["jumpgate:acme".to_owned()],
            ..NewPermission::default()
        });
        let drift = json(&company, 2).await;
        let change = &drift["changes"][0];
        assert_eq!(change["target"], serde_json::json!({"instance": "orders-prod"}), "{drift}");
        assert_eq!(change["undo"][0], "loses SELECT on billing.*", "{drift}");
        assert_eq!(drift["signs"][0]["code"], "JG217", "{drift}");
        company.run(&["apply", "--yes", "--allow-removals", "1"]).await;
        assert_eq!(json(&company, 2).await["changes"], serde_json::json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_apply_or_its_commit_there_is_nothing_to_compare_with() {
    let company = Company::with_hosts(Version::V4).await;
    let none = company.run(&["drift"]).await.expect(1);
    assert!(none.stderr.contains("before the first `jumpgate apply`"), "{}", none.stderr);
    let company = self::company(Version::V4).await;
    company.git(&["checkout", "--quiet", "--orphan", "other"]);
    company.git(&["commit", "--quiet", "--message", "another history"]);
    company.git(&["branch", "--quiet", "-D", "main"]);
    company.git(&["reflog", "expire", "--expire=now", "--all"]);
    company.git(&["gc", "--quiet", "--prune=now"]);
    let lost = company.run(&["drift"]).await.expect(1);
    assert!(lost.stderr.contains("fetch the whole history"), "{}", lost.stderr);
}

async fn issue(company: &Company, forge: &Forge, args: &[&str]) -> Done {
    let mut command = company.command(&[&["drift", "--issue"], args].concat());
    forge.tell(&mut command);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    Done::of(output.expect("it ends").expect("the command runs"))
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_issue_and_it_is_closed_when_the_drift_is_gone() {
    for api in [Api::Github, Api::Gitlab, Api::Gitea, Api::Gitee] {
        let company = company(Version::V4).await;
        let forge = Forge::start(api).await;
        let none = issue(&company, &forge, &[]).await.expect(0);
        assert!(none.stderr.contains("no issue is open"), "{}", none.stderr);

        delete_permission(&company);
        // Other issues, more than a page of them; one of a person that quotes ours; a pull
        // request of the bot's with the same marker.
        let other = |number: usize, author: &str, body: &str, pull: bool| Issue {
            number,
            author: author.to_owned(),
            title: "printer".to_owned(),
            body: body.to_owned(),
            open: true,
            pull,
        };
        let marker = "<!-- jumpgate:comment command=drift config=default -->";
        forge.change_issues(|issues| {
            issues.extend((1..=118).map(|number| other(number, "liwei", "is on fire", false)));
            issues.push(other(119, "liwei", &format!("quoted\n\n{marker}"), false));
            issues.push(other(120, "access-bot", &format!("x\n\n{marker}"), true));
        });
        let opened = issue(&company, &forge, &["--detailed-exitcode"]).await.expect(2);
        assert!(opened.stderr.contains("issue opened: https://"), "{api:?} {}", opened.stderr);
        let again = issue(&company, &forge, &[]).await.expect(0);
        assert!(again.stderr.contains("issue as it was"), "{api:?} {}", again.stderr);
        assert_eq!(forge.writes().len(), 1, "{api:?} {:?}", forge.writes());
        let one = forge.issues().pop().expect("an issue");
        assert_eq!((one.number, one.title.as_str()), (121, "Access drift: acme"));
        assert!(one.body.contains(PERMISSION) && one.body.trim_end().ends_with(marker));
        assert!(one.body.contains("liwei"), "{}", one.body);

        // It changes when the drift does, and is closed when there is none.
        company.jumpserver.log("fanlichun", "create", "Asset permission", PERMISSION);
        let changed = issue(&company, &forge, &[]).await.expect(0);
        assert!(changed.stderr.contains("issue updated"), "{api:?} {}", changed.stderr);
        company.run(&["apply", "--yes"]).await.expect(0);
        let closed = issue(&company, &forge, &[]).await.expect(0);
        assert!(closed.stderr.contains("issue closed"), "{api:?} {}", closed.stderr);
        assert!(!forge.issues()[120].open);
        assert!(forge.issues()[..120].iter().all(|issue| issue.open));
        // New drift is a new issue.
        delete_permission(&company);
        issue(&company, &forge, &[]).await.expect(0);
        assert_eq!(forge.issues().len(), 122, "{api:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_stays_while_not_everything_can_be_compared() {
    let company = Company::with_database(Version::V4, Kind::Mariadb1011).await;
    company.write("requests/PAY-1234.yaml", DATABASE);
    company.merge("refunds");
    company.run(&["apply", "--yes"]).await.expect(0);
    let forge = Forge::start(Api::Gitea).await;
    let mut command = company.command(&["drift", "--issue", "--detailed-exitcode"]);
    forge.tell(&mut command);
    command.env("JUMPGATE_MYSQL_PASSWORD", "wrong");
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let done = Done::of(output.expect("it ends").expect("it runs")).expect(5);
    assert!(done.stderr.contains("not everything could be compared"), "{}", done.stderr);
    assert!(done.stdout.contains("No drift in what could be compared"), "{}", done.stdout);
    // A forge that fails is told, and the answer is printed all the same.
    forge.break_down(9);
    let failed = issue(&company, &forge, &[]).await.expect(1);
    assert!(failed.stdout.ends_with("No drift\n"), "{}", failed.stdout);
}
