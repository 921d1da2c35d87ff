//! Every planted fault is found, and nothing else.

use std::collections::BTreeMap;

use jumpgate_sandbox::Version;
use serde_json::Value;

use crate::html::use_of_it::english_in;
use crate::schema::{keeps, validator};
use crate::support::browser::Browser;
use crate::support::company::Done;
use crate::support::mess::{Faults, Mess};
use crate::support::servers::Kind;

/// The doors of an audit's JSON: kind, name, codes.
fn found(audit: &Value) -> Faults {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let doors = audit["doors"].as_array().expect("doors");
    let mut found = BTreeMap::new();
    for door in doors {
        let faults = door["faults"].as_array().expect("faults");
        let codes = faults.iter().map(|fault| text(&fault["code"])).collect();
        let known = found.insert((text(&door["kind"]), text(&door["name"])), codes);
        assert_eq!(known, None, "told twice: {door}");
    }
    found
}

pub(super) fn door<'a>(audit: &'a Value, name: &str) -> &'a Value {
    let doors = audit["doors"].as_array().expect("doors");
    doors.iter().find(|door| door["name"] == name).expect("the door")
}

#[tokio::test]
async fn every_planted_fault_is_found_and_none_is_invented() {
    for (version, kind) in [
        (Version::V4, Kind::Mysql9),
        (Version::V3, Kind::Mariadb1011),
        (Version::V4, Kind::Mariadb118),
    ] {
        let mess = Mess::new(version, kind).await;
        let server = mess.company.server.as_ref().expect("a server");
        server.log_statements().await;
        mess.company.jumpserver.clear_requests();
        let done = mess.company.run(&["audit", "--format", "json"]).await.expect(0);
        let audit: Value = serde_json::from_str(&done.stdout).expect("JSON");
        assert_eq!(found(&audit), mess.planted, "{kind:?}");
        keeps(&validator("audit"), &audit, "an audit");

        // It only reads.
        for request in mess.company.jumpserver.requests() {
            assert_eq!(request.method, "GET", "{request:?}");
        }
        assert_eq!(server.changes().await, Vec::<String>::new(), "{kind:?}");
        for statement in server.logged().await {
            let first = statement.split_whitespace().next().unwrap_or_default();
            assert!(matches!(first, "SELECT" | "SHOW" | "SET"), "{kind:?}: {statement}");
        }

        // What it says of some of them.
        let legacy = door(&audit, "legacy@%");
        assert_eq!(legacy["risk"], "critical");
        assert_eq!(legacy["opens"], "can give itself everything");
        let under = door(&audit, "under@10.%");
        let said = under["faults"].to_string();
        assert!(said.contains("`pay_eu` (SELECT) matches pay_eu, payxeu"), "{said}");
        let twice = door(&audit, "twice@10.%")["faults"].to_string();
        assert!(twice.contains("on pay_eu, where SELECT does not count"), "{twice}");
        let ci = door(&audit, "ci@10.%");
        assert!(ci.to_string().contains("has app_rw, ops (app_rw active after a login)"), "{ci}");
        assert_eq!(ci["opens"], "changes `pay%`, billing");
        let shop = door(&audit, "shop_rw@10.%");
        let people: Vec<&str> = shop["people"]
            .as_array()
            .expect("people")
            .iter()
            .filter_map(|who| who["user"].as_str())
            .collect();
        assert_eq!(people, ["fanlichun", "liwei", "zhouqiang"], "{shop}");
        // @ALL opens what JumpServer holds, and it does not hold this one.
        assert_eq!(legacy["people_count"], 0, "{legacy}");
        let proxier = door(&audit, "proxier@10.%");
        assert_eq!(proxier["opens"], "reads billing.invoices");
        a_login_for_plans_is_enough(&mess, kind).await;
        super::who::every_way_in_is_counted(&mess, kind).await;
        if kind == Kind::Mysql9 {
            every_form_tells_the_same(&mess, &audit).await;
            a_target_that_cannot_be_read_is_told(&mess).await;
        }
    }
}

/// Text, CSV and SARIF; what narrows and what fails.
async fn every_form_tells_the_same(mess: &Mess, audit: &Value) {
    let doors = audit["doors"].as_array().expect("doors");
    let text = mess.company.run(&["audit"]).await.expect(0).stdout;
    let csv = mess.company.run(&["audit", "--format", "csv"]).await.expect(0).stdout;
    assert_eq!(csv.lines().count(), doors.len() + 1, "{csv}");
    let sarif = mess.company.run(&["audit", "--format", "sarif"]).await.expect(0).stdout;
    let sarif: Value = serde_json::from_str(&sarif).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), doors.len());
    for (door, result) in doors.iter().zip(results) {
        let name = door["name"].as_str().expect("a name");
        let command = door["next"]["command"].as_str().expect("a command");
        assert!(text.contains(name) && text.contains(command), "{name}: {text}");
        assert_eq!(result["ruleId"], door["faults"][0]["code"], "{door}");
    }
    in_chinese_it_is_chinese(mess, doors.len()).await;
    // A name that begins like a formula is a text.
    assert!(csv.contains(",'@10.9.%,"), "{csv}");
    let risks: Vec<&str> = doors.iter().filter_map(|door| door["risk"].as_str()).collect();
    let rank = |risk: &str| ["critical", "high", "medium", "low"].iter().position(|r| *r == risk);
    assert!(risks.is_sorted_by_key(|risk| rank(risk)), "{risks:?}");
    mess.company.run(&["audit", "--fail-on", "critical"]).await.expect(4);
    let jumpserver = ["audit", "--target", "jumpserver", "--fail-on", "critical"];
    let only = mess.company.run(&jumpserver).await.expect(0).stdout;
    assert!(!only.contains("legacy@%"), "{only}");
    assert!(only.contains("permission dba everything\n"), "{only}");
    let server = ["audit", "--target", "orders-prod", "--format", "json"];
    let only = mess.company.run(&server).await.expect(0).stdout;
    let only: Value = serde_json::from_str(&only).expect("JSON");
    let there = only["doors"].as_array().expect("doors");
    assert!(there.iter().all(|door| door["target"] == "orders-prod") && !there.is_empty());
}

/// What is wrong with each door, and what it opens, has its words.
async fn in_chinese_it_is_chinese(mess: &Mess, doors: usize) {
    let page = ["audit", "--format", "html"];
    let page = mess.company.run(&page).await.expect(0).stdout;
    let english = tokio::task::spawn_blocking(move || {
        let mut browser = Browser::open(&page, "#lang=zh", (1400, 900));
        assert_eq!(browser.texts(".door").len(), doors);
        english_in(&mut browser, ".door .title small, .door .faults li, .door .next")
    });
    assert_eq!(english.await.expect("it ends"), [""; 0]);
}

/// The rest is told all the same, and the exit code says that it is not all.
async fn a_target_that_cannot_be_read_is_told(mess: &Mess) {
    mess.company.write("inventory/databases/orders-prod.yaml", &mess.company.instance(1));
    let done = mess.company.run(&["audit"]).await.expect(5);
    assert!(done.stdout.contains("orders-prod could not be read"), "{}", done.stdout);
    assert!(done.stdout.contains("permission dba everything\n"), "{}", done.stdout);
}

/// With the rights that `grants-needed` names for plans the same is found; what such a login
/// may not see is told.
async fn a_login_for_plans_is_enough(mess: &Mess, kind: Kind) {
    let server = mess.company.server.as_ref().expect("a server");
    let (tables, sees): (&[&str], _) = match kind.is_mysql() {
        true => (&["role_edges", "user", "global_grants"], "REPLICATION CLIENT"),
        false => (&["roles_mapping", "global_priv"], "SLAVE MONITOR"),
    };
    let login = "planner@`%`";
    server.run(&format!("CREATE USER {login} IDENTIFIED BY 'Plan-pass.1'")).await;
    let common = ["db", "tables_priv", "columns_priv", "procs_priv", "proxies_priv"];
    for table in tables.iter().chain(&common) {
        server.run(&format!("GRANT SELECT ON mysql.{table} TO {login}")).await;
    }
    server.run(&format!("GRANT {sees}, REFERENCES ON *.* TO {login}")).await;
    let mut command = mess.company.command(&["audit", "--format", "json"]);
    command.env("JUMPGATE_MYSQL_USER", "planner").env("JUMPGATE_MYSQL_PASSWORD", "Plan-pass.1");
    let output = tokio::task::spawn_blocking(move || command.output());
    let done = Done::of(output.await.expect("it ends").expect("it runs")).expect(0);
    let audit: Value = serde_json::from_str(&done.stdout).expect("JSON");
    let mut expected = mess.planted.clone();
    let planner = ["JG310", "JG311", "JG317"].map(str::to_owned).into();
    expected.insert(("database-account".into(), "planner@%".into()), planner);
    assert_eq!(found(&audit), expected, "{kind:?}");
    let mut unseen: Vec<&str> = vec!["definers of all routines, triggers, events"];
    if kind.is_mysql() {
        unseen.insert(0, "default roles (mysql.default_roles)");
    }
    assert_eq!(audit["targets"][1]["unseen"], serde_json::json!(unseen), "{kind:?}");
    server.run(&format!("DROP USER {login}")).await;
}
