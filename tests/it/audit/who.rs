//! Every way in is counted, and it is said which of them git gives.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::schema::{keeps, validator};
use crate::support::mess::Mess;
use crate::support::servers::Kind;

/// The ways of an answer: person or user or `-`, accounts, what, git.
async fn ways(mess: &Mess, args: &[&str]) -> (Value, BTreeSet<(String, String, String, bool)>) {
    let args: Vec<&str> = args.iter().copied().chain(["--live", "--format", "json"]).collect();
    let done = mess.company.run(&args).await.expect(0);
    let answer: Value = serde_json::from_str(&done.stdout).expect("JSON");
    keeps(&validator("who"), &answer, "an answer");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = answer["ways"].as_array().expect("ways").iter().map(|way| {
        let who = match (&way["person"], &way["user"]) {
            (Value::String(person), _) => person.clone(),
            (_, Value::String(user)) => format!("user {user}"),
            _ => "-".to_owned(),
        };
        let accounts: Vec<String> =
            way["accounts"].as_array().expect("accounts").iter().map(text).collect();
        let git = way["git"].as_bool().expect("yes or no");
        (who, accounts.join(" "), text(&way["may"]), git)
    });
    let found = found.collect();
    (answer, found)
}

fn way(who: &str, accounts: &str, may: &str, git: bool) -> (String, String, String, bool) {
    (who.to_owned(), accounts.to_owned(), may.to_owned(), git)
}

pub(super) async fn every_way_in_is_counted(mess: &Mess, kind: Kind) {
    // A database: people by their accounts, and accounts that belong to nobody.
    let (answer, found) = ways(mess, &["who", "orders-prod.orders.items"]).await;
    assert_eq!(answer["grants"][0]["person"], "fanlichun", "{answer}");
    let ours = "jump_db_fanlichun_r@127.0.0.1";
    let (people, nobody): (BTreeSet<_>, BTreeSet<_>) =
        found.into_iter().partition(|(who, ..)| who != "-");
    let expected = BTreeSet::from([
        way("fanlichun", ours, "SELECT", true),
        way("liwei", ours, "SELECT", false),
        way("fanlichun", "shop_rw@10.%", "SELECT, INSERT", false),
        way("liwei", "shop_rw@10.%", "SELECT, INSERT", false),
        way("user zhouqiang", "shop_rw@10.%", "SELECT, INSERT", false),
    ]);
    assert_eq!(people, expected, "{kind:?}");
    let names: BTreeSet<&str> = nobody
        .iter()
        .map(|(_, account, ..)| account.as_str())
        .filter(|account| !account.starts_with("root@"))
        .collect();
    assert_eq!(names, ["admin@%", "legacy@%"].into(), "{kind:?}");
    assert!(nobody.iter().all(|(_, _, _, git)| !git));

    // A row that hides another one: what counts, and that something is hidden.
    let (answer, found) = ways(mess, &["who", "orders-prod.pay_eu"]).await;
    for (account, may) in [
        ("twice@10.%", "DELETE"),
        ("report@10.%", "SELECT"),
        ("under@10.%", "SELECT"),
        ("exact@10.%", "SELECT"),
        ("ci@10.%", "SELECT"),
    ] {
        assert!(found.contains(&way("-", account, may, false)), "{kind:?} {account}: {found:?}");
    }
    assert!(answer.to_string().contains("its grant on `pay%` is hidden here"), "{answer}");
    assert!(answer.to_string().contains("by the role ops"), "{answer}");
    assert!(!found.iter().any(|(_, account, ..)| account == "plain@10.%"), "{found:?}");

    // What everybody holds lets every account in.
    let (_, found) = ways(mess, &["who", "orders-prod.billing.invoices"]).await;
    assert!(found.contains(&way("-", "watcher@10.%", "SELECT", false)), "{found:?}");

    // A host: directly, by a group and by a node.
    let (answer, found) = ways(mess, &["who", "pay-web-01"]).await;
    let connect = "connect";
    let expected = BTreeSet::from([
        way("fanlichun", "app", "connect, copy, download, paste, upload", true),
        way("liwei", "app", connect, false),
        way("liwei", "@INPUT @USER", connect, false),
    ]);
    assert_eq!(found, expected, "{kind:?} {answer}");
    assert!(answer.to_string().contains("through the group dba, on the node"), "{answer}");

    // One person alone; and people read it.
    let (_, found) = ways(mess, &["why", "liwei", "pay-web-01"]).await;
    assert!(found.iter().all(|(who, ..)| who == "liwei") && found.len() == 2, "{found:?}");
    let said = mess.company.run(&["who", "orders-prod.orders.items", "--live"]).await.expect(0);
    let (_, said) = said.stdout.split_once("On the servers").expect("the servers' part");
    assert!(said.starts_with(" 3 people come to orders-prod.orders.items, 0 by git alone"));
    let (said, rest) = said.split_once("\n\n").expect("what is not looked at");
    assert!(rest.starts_with("Not looked at: routines, views, triggers and events"), "{rest}");
    let lines: Vec<&str> = said.lines().collect();
    let holders: Vec<&str> = lines[1..].iter().filter(|l| !l.starts_with(' ')).copied().collect();
    let expected = [
        "fanlichun",
        "liwei",
        "zhouqiang (a user whom git does not know)",
        "whoever knows a password (nobody is known to use these)",
    ];
    assert_eq!(holders, expected, "{said}");
    assert_eq!(lines[2], "  by git: SELECT as jump_db_fanlichun_r@127.0.0.1", "{said}");
    assert!(lines[3].starts_with("    permission jump_db_fanlichun_r_2"), "{said}");
    assert_eq!(lines[4], "  NOT by git: SELECT, INSERT as shop_rw@10.%", "{said}");
    for words in [
        "    permission dba everything, through the group dba, on the node",
        "    whoever has its password",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // Without --live no server is asked.
    mess.company.jumpserver.clear_requests();
    mess.company.run(&["who", "orders-prod"]).await.expect(0);
    assert!(mess.company.jumpserver.requests().is_empty());
}
