//! `people.source: repo`: a person and what he asks for come with one merge.

use jumpgate::mark::Mark;
use jumpgate_sandbox::{Fault, Rule, Version};

use crate::support::company::Company;
use crate::support::servers::Kind;

const ACCOUNT: &str = "jump_db_zhangsan_r";

const REQUEST: &str = "for: zhangsan
reason: \"PAY-1234: reconcile refunds\"
until: 2027-02-28
databases: [{ instance: orders-prod, level: r, tables: [orders.*] }]
";

/// The company with somebody new in git.
async fn company(version: Version, kind: Kind) -> Company {
    let company = Company::with_database(version, kind).await;
    let config = format!(
        "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver:\n  url: {}\n\
         people: {{ source: repo }}\n",
        company.jumpserver.url()
    );
    company.write("jumpgate.yaml", &config);
    for person in ["fanlichun", "liwei", "zhangsan"] {
        let file = format!("name: {person}\nemail: {person}@acme.example\n");
        company.write(&format!("people/{person}.yaml"), &file);
    }
    company.write("requests/PAY-1234.yaml", REQUEST);
    company.merge("zhangsan and his request");
    company
}

async fn in_one_run(version: Version, kind: Kind) {
    let company = company(version, kind).await;
    let done = company.run(&["apply", "--yes"]).await.expect(0);
    assert!(done.stdout.contains("Applied: 3 done; read back: as written."), "{done:?}");
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
    // The mark names the user: one that is made anew later is another human.
    let permission = company.jumpserver.permissions().into_iter();
    let permission = permission.filter(|row| row.name.contains("zhangsan")).map(|row| row.comment);
    let account = company.jumpserver.accounts().into_iter();
    let account = account.filter(|row| row.username == ACCOUNT).map(|row| row.comment);
    let users: Vec<_> = permission
        .chain(account)
        .map(|comment| Mark::parse(&comment).expect("a mark").user.expect("a user"))
        .collect();
    assert!(users.len() == 2 && users[0] == users[1], "{users:?}");
    let secret = company.jumpserver.secret("orders-prod", ACCOUNT).expect("a password");
    let server = company.server.as_ref().expect("a server");
    server.login(ACCOUNT, &secret).await.expect("it works");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_his_account_are_made_in_one_run_on_mysql() {
    in_one_run(Version::V4, Kind::Mysql9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_his_account_are_made_in_one_run_on_mariadb() {
    in_one_run(Version::V3, Kind::Mariadb1011).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_waits_for_its_user() {
    let company = company(Version::V4, Kind::Mariadb118).await;
    let refused = Fault::answer(400, serde_json::json!({"username": ["no"]}));
    company.jumpserver.fault(Rule::on("POST", "users/users"), refused);
    let done = company.run(&["apply", "--yes"]).await.expect(5);
    assert!(done.stdout.contains("1 failed, 2 skipped"), "{done:?}");
    assert_eq!(company.jumpserver.secret("orders-prod", ACCOUNT), None);
    company.jumpserver.clear_faults();
    company.run(&["apply", "--yes"]).await.expect(0);
    company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_whose_files_are_gone_stop_the_guard() {
    let company = company(Version::V4, Kind::Mariadb118).await;
    let names: Vec<String> = (1..=11).map(|number| format!("person{number}")).collect();
    for name in &names {
        let file = format!("name: {name}\nemail: {name}@acme.example\n");
        company.write(&format!("people/{name}.yaml"), &file);
    }
    company.merge("new people");
    company.run(&["apply", "--yes"]).await.expect(0);
    for name in &names {
        company.remove(&format!("people/{name}.yaml"));
    }
    company.merge("a bad merge");
    let plan = company.run(&["plan"]).await;
    assert!(plan.stdout.contains("takes away 11 accesses"), "{plan:?}");
    let stopped = company.run(&["apply", "--yes"]).await.expect(4);
    assert!(stopped.stderr.contains("guard.removals is 10"), "{stopped:?}");
    let done = company.run(&["apply", "--yes", "--allow-removals", "11"]).await.expect(0);
    assert!(done.stdout.contains("Applied: 11 done"), "{done:?}");
}
