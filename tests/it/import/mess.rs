//! The mess becomes files that pass the checks; what no file can say is told with its reason,
//! and no server is written to.

use std::collections::{BTreeMap, BTreeSet};

use jumpgate_sandbox::Version;
use serde_json::Value;

use crate::schema::{keeps, validator};
use crate::support::mess::Mess;
use crate::support::mess::grown::Grown;
use crate::support::servers::Kind;

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn list<'v>(import: &'v Value, key: &str) -> &'v Vec<Value> {
    import[key].as_array().expect("a list")
}

/// What the smaller mess, which the audit's tests use, adds to what is left alone.
fn of_the_smaller_mess(kind: Kind) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut left = vec![
        ("permission", "fanlichun-superuser", "not-a-login"),
        ("permission", "dba everything", "not-one-person"),
        ("permission", "any password", "not-one-person"),
        ("permission", "shop", "not-one-person"),
        ("permission", "jump_app_fanlichun_copy", "marked"),
        ("permission", "a person of git on a host that is not", "not-a-login"),
        ("permission", "ended", "shut"),
        ("permission", "off", "shut"),
        ("permission", "no accounts", "shut"),
        ("permission", "no actions", "not-a-login"),
        ("permission", "nobody can log in", "shut"),
        ("permission", "neither people nor assets of git", "not-a-login"),
        ("account", "jump_db_fanlichun_r@%", "host"),
    ];
    let accounts = [
        "legacy@%",
        "watcher@10.%",
        "report@10.%",
        "under@10.%",
        "exact@10.%",
        "twice@10.%",
        "hander@10.%",
        "plain@10.%",
        "shop_rw@10.%",
        "lost@10.%",
        "proxier@10.%",
        "ci@10.%",
        "nopw@10.%",
        "@10.9.%",
        "shut@%",
        "stale@10.%",
    ];
    left.extend(accounts.map(|name| ("account", name, "no-pattern")));
    if kind.is_mysql() {
        left.extend(["oldplug@10.%", "twopw@10.%"].map(|name| ("account", name, "no-pattern")));
    }
    left
}

/// What is left alone, by kind and name: the kind of the first reason. What belongs to the
/// server, and roles, stand apart.
fn left(import: &Value) -> (BTreeMap<(String, String), String>, BTreeSet<String>) {
    let (mut left, mut server) = (BTreeMap::new(), BTreeSet::new());
    for one in list(import, "left") {
        let (kind, name) = (text(&one["thing"]["kind"]), text(&one["thing"]["name"]));
        let why = text(&one["reasons"][0]["why"]);
        if why == "server" {
            server.insert(name);
        } else {
            let known = left.insert((kind, name), why);
            assert_eq!(known, None, "told twice: {one}");
        }
    }
    (left, server)
}

/// Holds what was told against what was planted, and shows only where they differ.
#[track_caller]
fn same<T: Ord + std::fmt::Debug>(
    kind: Kind,
    told: &BTreeMap<T, String>,
    planted: &BTreeMap<T, String>,
) {
    let only = |a: &BTreeMap<T, String>, b: &BTreeMap<T, String>| -> Vec<String> {
        a.iter()
            .filter(|(thing, why)| b.get(thing) != Some(why))
            .map(|(thing, why)| format!("{thing:?}: {why}"))
            .collect()
    };
    let (more, less) = (only(told, planted), only(planted, told));
    assert!(more.is_empty() && less.is_empty(), "{kind:?}: told {more:#?}, planted {less:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mess_becomes_files_and_the_rest_is_told() {
    for (version, kind) in [(Version::V4, Kind::Mysql9), (Version::V3, Kind::Mariadb1011)] {
        let mess = Mess::new(version, kind).await;
        let grown = Grown::plant(&mess.company).await;
        let company = &mess.company;
        let server = company.server.as_ref().expect("a server");
        assert!(grown.accounts.len() >= 300, "{}", grown.accounts.len());
        server.log_statements().await;
        company.jumpserver.clear_requests();

        // An environment is needed, since nobody can know it.
        let refused = company.run(&["import", "all"]).await.expect(1);
        assert!(refused.stderr.contains("say --environment, one of prod"), "{}", refused.stderr);
        let args = ["import", "all", "--environment", "prod", "--format", "json"];
        let listed = company.run(&[&args[..], &["--dry-run"]].concat()).await.expect(0);
        assert!(!company.has("requests/imported"), "a list writes nothing");
        let done = company.run(&args).await.expect(0);
        let import: Value = serde_json::from_str(&done.stdout).expect("JSON");
        keeps(&validator("import"), &import, "an import");
        let mut as_listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
        as_listed["written"] = true.into();
        as_listed["moment"] = import["moment"].clone();
        assert_eq!(as_listed, import, "a list shows what is written");

        // The files that are written, and each of them.
        let files: BTreeSet<String> =
            list(&import, "files").iter().map(|file| text(&file["path"])).collect();
        let others = ["admin", "elsewhere", "org-admin", "zhouqiang"];
        let people = grown.people.iter().map(String::as_str).chain(others);
        let mut expected: BTreeSet<String> =
            people.map(|name| format!("people/{name}.yaml")).collect();
        expected.extend(grown.requests.iter().cloned());
        expected.insert("inventory/servers.yaml".to_owned());
        assert_eq!(files, expected, "{kind:?}");
        assert!(files.iter().all(|path| company.has(path)));

        // What is left, and why.
        let (told, of_server) = left(&import);
        let mut expected = grown.left.clone();
        for (kind, name, why) in of_the_smaller_mess(kind) {
            expected.insert((kind.to_owned(), name.to_owned()), why.to_owned());
        }
        same(kind, &told, &expected);
        for role in (1..=12).map(|number| format!("role_{number:02}")) {
            assert!(of_server.contains(&role), "{role}: {of_server:?}");
        }
        let foreign = |name: &&String| {
            let known = ["root@", "admin@%", "mysql", "mariadb.sys@", "role_", "app_rw", "ops"];
            !known.iter().any(|known| name.starts_with(known)) && *name != "everyone"
        };
        assert_eq!(of_server.iter().find(foreign), None);

        // The files pass, and a second import finds them.
        company.run(&["check"]).await.expect(0);
        let again = company.run(&["import", "all", "--format", "json"]).await.expect(0);
        let again: Value = serde_json::from_str(&again.stdout).expect("JSON");
        assert_eq!(list(&again, "files").len(), 0, "{again}");
        let covered = list(&again, "covered");
        let requests: BTreeSet<String> = covered.iter().map(|one| text(&one["file"])).collect();
        assert!(requests.is_superset(&grown.requests), "{requests:?}");

        // It only reads.
        for request in company.jumpserver.requests() {
            assert_eq!(request.method, "GET", "{request:?}");
        }
        assert_eq!(server.changes().await, Vec::<String>::new(), "{kind:?}");
        if kind == Kind::Mysql9 {
            it_says_so_in_words_and_narrows(&mess).await;
        }
    }
}

/// The text for people; one person, one target, one name.
async fn it_says_so_in_words_and_narrows(mess: &Mess) {
    let company = &mess.company;
    let said = company.run(&["import", "requests", "--dry-run"]).await.expect(0).stdout;
    for words in [
        "left alone: no name pattern tells whose they are (1",
        "  protocols all: login app has rdp, sftp, ssh, vnc\n    permissions eng41-regularusers, ",
        "  actions also: delete, share\n    permissions eng46-regularusers, ",
        "permission eng51-regularusers: gives @ALL accounts: no login says that",
        "permission eng53-regularusers: 2 users: a permission of jumpgate is for one",
        "  -> where names tell it, say how: --pattern 'ro_{person}=r'",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    // A pattern of one's own; a person; a name.
    let args = ["import", "requests", "--dry-run", "--format", "json", "--name", "svc_00*"];
    let svc = company.run(&args).await.expect(0);
    let svc: Value = serde_json::from_str(&svc.stdout).expect("JSON");
    assert_eq!(list(&svc, "left").len(), 9, "{svc}");
    let own = company.run(&[&args[..], &["--pattern", "svc_{person}=r"]].concat()).await.expect(0);
    let own: Value = serde_json::from_str(&own.stdout).expect("JSON");
    assert_eq!(own["left"][0]["reasons"][0]["why"], "unknown-person", "{own}");
    let one = ["import", "requests", "--dry-run", "--person", "eng41"];
    let one = company.run(&one).await.expect(0).stdout;
    assert!(one.contains("0 files would be written, 2 there already, 3 left alone"), "{one}");
    for (args, words) in [
        (["--person", "eng99"], "the access repo has no person eng99; did you mean"),
        (["--target", "order-prod"], "no instance, asset or node order-prod; did you mean"),
        (["--pattern", "ro_{person}=x"], "the access repo has no login or level x"),
    ] {
        let args = [&["import", "requests"][..], &args].concat();
        let refused = company.run(&args).await.expect(1);
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
    }
    // A server that cannot be read is told, and what is in JumpServer is imported all the same.
    company.write("inventory/databases/orders-prod.yaml", &company.instance(1));
    let partial = company.run(&["import", "requests", "--dry-run"]).await.expect(5).stdout;
    assert!(partial.contains("orders-prod could not be read"), "{partial}");
    assert!(partial.contains("permissions eng46-regularusers, "), "{partial}");
}
