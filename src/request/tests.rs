use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::access::model::{Access, Request};
use crate::access::{self, scope};
use crate::repo::Tree;

const FILES: [(&str, &str); 10] = [
    (
        "jumpgate.yaml",
        "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\n\
         jumpserver: { url: 'https://jump.acme.example' }\n",
    ),
    (
        "policy.yaml",
        "environments: [prod, test]\nlimits:\n  - { when: { environment: prod, level: rw, scope: \
         database }, deny: name the tables }\n",
    ),
    ("people/fanlichun.yaml", "name: 范立春\nemail: fanlichun@acme.example\njumpserver: fanlc\n"),
    ("people/liwei.yaml", "name: 李伟\n"),
    ("teams/payments.yaml", "members: [fanlichun, liwei]\n"),
    (
        "inventory/servers.yaml",
        "servers:\n  - environment: prod\n    logins: [app, root]\n    nodes: [/Default/payments]\n    \
         assets: [pay-web-*, '#odd: name', pay-win-01]\n",
    ),
    (
        "inventory/databases/orders-prod.yaml",
        "address: orders-prod.db.acme.example:3306\nasset: orders-prod\nenvironment: prod\n\
         account-host: 10.8.0.1\n",
    ),
    (
        "inventory/databases/orders-copy.yaml",
        "address: orders-prod.db.acme.example:3306\nasset: orders-copy\nenvironment: prod\n\
         account-host: 10.8.0.1\nsame-accounts-as: orders-prod\n",
    ),
    (
        "inventory/databases/crm.yaml",
        "address: 10.8.1.7:3307\nasset: crm\nenvironment: test\naccount-host: 10.8.0.1\n",
    ),
    (
        "inventory/databases/crm2.yaml",
        "address: 10.8.1.7:3308\nasset: crm2\nenvironment: test\naccount-host: 10.8.0.1\n",
    ),
];

fn moment() -> Timestamp {
    "2026-12-01T04:00:30Z".parse().expect("a moment")
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("a zone")
}

fn tree(more: &[(&str, &str)]) -> Tree {
    let files = FILES.iter().chain(more).chain(&[("requests/.gitkeep", "")]);
    let files = files.map(|(path, text)| (Arc::from(*path), Arc::from(text.as_bytes()))).collect();
    Tree { files, ..Tree::default() }
}

fn repo(more: &[(&str, &str)]) -> Access {
    access::load(&tree(more), moment()).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The request that a file of these answers is.
fn made(ask: &Ask) -> Request {
    let file = text(ask, None);
    let access = repo(&[("requests/2026/x.yaml", &file)]);
    assert!(access.notices.is_empty(), "{:?}", access.notices);
    access.requests.into_values().next().unwrap_or_else(|| panic!("no request: {file}"))
}

/// What a request says, as answers.
fn read_back(request: &Request) -> Ask {
    let texts = |list: &[(String, crate::access::model::Site)]| {
        list.iter().map(|(text, _)| text.clone()).collect()
    };
    Ask {
        people: request.parties.iter().map(|(party, _)| party.to_string()).collect(),
        reason: request.reason.clone(),
        servers: request
            .servers
            .iter()
            .map(|want| ServerAsk {
                login: want.login.to_string(),
                nodes: texts(&want.nodes),
                assets: texts(&want.assets),
            })
            .collect(),
        databases: request
            .databases
            .iter()
            .map(|want| DatabaseAsk {
                instances: want.instances.iter().map(|(name, _)| name.to_string()).collect(),
                level: want.level.to_string(),
                tables: want.tables.iter().map(|(scope, _)| scope.to_string()).collect(),
            })
            .collect(),
        ..Ask::default()
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn example() -> Ask {
    Ask {
        people: texts(&["fanlichun"]),
        reason: "PAY-1234: reconcile refunds".to_owned(),
        from: Some("2026-12-02".to_owned()),
        until: Some("2027-02-28".to_owned()),
        servers: vec![ServerAsk {
            login: "app".to_owned(),
            nodes: texts(&["/Default/payments/prod"]),
            assets: texts(&["pay-web-01"]),
        }],
        databases: vec![DatabaseAsk {
            instances: texts(&["orders-prod"]),
            level: "r".to_owned(),
            tables: texts(&["orders.*", "billing.invoices", "billing.cards(id, last4)"]),
        }],
        ..Ask::default()
    }
}

#[test]
fn a_file_looks_as_people_write_it() {
    insta::assert_snapshot!(text(&example(), None));
    let ask = Ask { external_id: Some("CHG-7 \u{202e}x".to_owned()), ..example() };
    assert!(External::of(&ask).is_err());
    let ask = Ask { external_id: Some("CHG 7\"".to_owned()), ..example() };
    let external = External::of(&ask).expect("an id").expect("an id");
    let file = text(&ask, Some(&external));
    assert!(file.starts_with("# external-id: \"CHG 7\\\"\" body "), "{file}");
    assert_eq!(external.in_text(&file), Found::Same);
}

prop_compose! {
    fn any_ask()(
        people in prop::sample::subsequence(vec!["fanlichun", "liwei", "team/payments"], 1..=3),
        reason in "\\PC{1,40}|[ -~]{1,40}|[:#\\-\"'\\\\ a\\n\\u{202e}]{1,12}|yes|null|1e3|- a: b",
        from in prop::option::of(prop::sample::select(vec![
            "2026-12-02", "2026-12-02 18:30", "2026-12-02T18:30:00+08:00", "2026-12-02T18:30Z",
        ])),
        until in prop::option::of(prop::sample::select(vec![
            "2027-02-28", "2027-02-28 24:00", "2027-02-28T18:30:00-03:30",
        ])),
        assets in prop::sample::subsequence(
            vec!["pay-web-01", "#odd: name", "pay-win-01", "pay-web-a, b", "pay-web-ü #1", "pay-web-: x:"],
            0..=6,
        ),
        nodes in prop::sample::subsequence(
            vec!["/Default/payments", "/Default/payments/a b", "/Default/payments/x: #y", "/Default/payments/'q'"],
            0..=4,
        ),
        login in prop::sample::select(vec!["app", "root"]),
        instances in prop::sample::subsequence(vec!["orders-prod", "crm"], 0..=2),
        names in prop::collection::btree_set("[a-z_%$-]{1,8}|[ -~]{0,6}[a-z`\"']|[数据库]{1,4}", 1..4),
        level in prop::sample::select(vec!["r", "rw"]),
    ) -> Ask {
        let tables: BTreeSet<String> = names
            .iter()
            .flat_map(|name| {
                let table = crate::access::model::Scope::Table("crm".into(), name.clone());
                let columns = BTreeSet::from([name.clone(), format!("{name}2")]);
                let columns = crate::access::model::Scope::Columns("b.c".into(), name.clone(), columns);
                [table.to_string(), columns.to_string()]
            })
            .filter(|text| scope::parse(text).is_ok())
            .collect();
        let mut servers = Vec::new();
        if !assets.is_empty() || !nodes.is_empty() {
            servers.push(ServerAsk { login: login.to_owned(), nodes: texts(&nodes), assets: texts(&assets) });
        }
        let mut databases = Vec::new();
        if !instances.is_empty() && !tables.is_empty() && level == "r" {
            databases.push(DatabaseAsk {
                instances: texts(&instances), level: level.to_owned(), tables: tables.into_iter().collect(),
            });
        }
        Ask {
            people: texts(&people),
            reason,
            from: from.map(str::to_owned),
            until: until.map(str::to_owned),
            servers,
            databases,
            ..Ask::default()
        }
    }
}

proptest! {
    #[test]
    fn any_answers_pass_the_check_and_read_back_the_same(ask in any_ask()) {
        let ask = ask.tidy();
        prop_assume!(!ask.reason.is_empty() && (!ask.servers.is_empty() || !ask.databases.is_empty()));
        let request = made(&ask);
        let parsed = |text: &Option<String>, end| {
            text.as_ref().map(|text| access::instant::parse(text, end, &zone()).expect("an edge"))
        };
        prop_assert_eq!(&request.period.from, &parsed(&ask.from, access::instant::End::From));
        prop_assert_eq!(&request.period.until, &parsed(&ask.until, access::instant::End::Until));
        let expected = Ask { from: None, until: None, ..ask.clone() };
        prop_assert_eq!(read_back(&request), expected);
        // A name that any reason gives is the name of a request.
        let path = path(&ask, None, moment(), &zone(), |path| path.ends_with("-taken.yaml"));
        let stem = path.strip_prefix("requests/").and_then(|path| path.strip_suffix(".yaml"));
        prop_assert!(stem.is_some_and(|stem| stem.parse::<crate::names::RequestName>().is_ok()), "{}", path);
        prop_assert!(crate::repo::branch::is_branch_name(&branch("request", stem.unwrap_or_default())));
    }

    #[test]
    fn any_id_gives_a_path_and_a_branch_of_its_own(ids in prop::collection::btree_set("\\PC{1,30}|[A-Za-z0-9/._-]{1,60}|[A-Z]{1,5}-[0-9]{1,4}", 2)) {
        let mut seen = BTreeSet::new();
        for id in ids {
            let ask = Ask { external_id: Some(id), ..example() };
            let Ok(Some(external)) = External::of(&ask) else { continue };
            let path = path(&ask, Some(&external), moment(), &zone(), |_| false);
            let stem = path.strip_prefix("requests/").and_then(|path| path.strip_suffix(".yaml"));
            prop_assert!(stem.is_some_and(|stem| stem.parse::<crate::names::RequestName>().is_ok()), "{}", path);
            prop_assert!(crate::repo::branch::is_branch_name(&external.branch()), "{}", external.branch());
            prop_assert!(seen.insert(external.branch().to_lowercase()));
            let file = text(&ask, Some(&external));
            prop_assert_eq!(external.in_text(&file), Found::Same);
            made(&ask);
        }
    }
}

#[test]
fn another_body_with_the_same_id_is_told() {
    let ask = Ask { external_id: Some("CHG-7".to_owned()), ..example() };
    let external = External::of(&ask).expect("an id").expect("an id");
    let file = text(&ask, Some(&external));
    // Renewed since, and a comment above.
    let edited = format!("# note\n{}", file.replace("2027-02-28", "2027-05-28"));
    assert_eq!(external.in_text(&edited), Found::Same);
    let other = Ask { reason: "another".to_owned(), ..ask };
    let other = External::of(&other).expect("an id").expect("an id");
    assert_eq!(other.in_text(&edited), Found::OtherBody);
    let longer = Ask { external_id: Some("CHG-70".to_owned()), ..example() };
    let longer = External::of(&longer).expect("an id").expect("an id");
    assert_eq!(longer.in_text(&edited), Found::Other);
}

/// The file alone says which hours an emergency is for.
#[test]
fn an_emergency_begins_in_this_minute_and_ends_after_whole_hours() {
    let ask = Ask {
        from: None,
        until: None,
        hours: Some(2),
        reason: String::new(),
        emergency: Some("payments are\ndown, INC-77 #1".to_owned()),
        ..example()
    };
    let ask = ask.tidy().timed(moment(), &zone()).expect("an end");
    assert_eq!(ask.from.as_deref(), Some("2026-12-01T12:00:00+08:00"));
    assert_eq!(ask.until.as_deref(), Some("2026-12-01T14:00:00+08:00"));
    let file = text(&ask, None);
    let expected = "reason: \"payments are down, INC-77 #1\"\n\
                    emergency: \"payments are down, INC-77 #1\"\n\
                    from: 2026-12-01T12:00:00+08:00\nuntil: 2026-12-01T14:00:00+08:00\n";
    assert!(file.contains(expected), "{file}");
}

#[test]
fn hours_end_at_a_whole_minute_and_never_too_soon() {
    let of = |from: Option<&str>| {
        let from = from.map(str::to_owned);
        let ask = Ask { from, until: None, hours: Some(4), ..example() };
        ask.timed(moment(), &zone()).expect("an end").until.expect("an end")
    };
    assert_eq!(of(None), "2026-12-01T16:01:00+08:00");
    assert_eq!(of(Some("2026-12-02 09:30")), "2026-12-02T13:30:00+08:00");
    assert!(Ask { hours: Some(1), ..example() }.timed(moment(), &zone()).is_err());
}

#[test]
fn entries_that_differ_in_nothing_else_become_one() {
    let server =
        |asset: &str| ServerAsk { assets: texts(&[asset]), ..example().servers[0].clone() };
    let ask = Ask { servers: vec![server("pay-web-01"), server("pay-web-02")], ..example() };
    let tidy = ask.tidy();
    assert_eq!(tidy.servers.len(), 1);
    assert_eq!(tidy.servers[0].assets, ["pay-web-01", "pay-web-02"]);
    assert_eq!(tidy.servers[0].nodes, ["/Default/payments/prod"]);
}

#[test]
fn both_bodies_of_the_ticket_page_are_taken_as_they_are() {
    let access = repo(&[]);
    let parse = |body: &str| match Body::parse(body) {
        Ok(Body::Fork(body)) => body,
        other => panic!("{other:?}"),
    };
    let defaults =
        || ForkDefaults { until: Some("2027-02-28".to_owned()), ..ForkDefaults::default() };
    let servers = parse(
        r#"{"pname": "fanlichun-superuser", "uname": "fanlc", "adminperm": true, "assets": ["10.1.0.1", "pay-win-01"]}"#,
    );
    let found = |address: &str| match address {
        "10.1.0.1" => Some(texts(&["pay-web-01"])),
        _ => Some(Vec::new()),
    };
    let ask = servers.ask(&access, defaults(), found).expect("a request");
    let request = made(&ask);
    assert_eq!(request.servers[0].login.as_str(), "root");
    assert_eq!(ask.servers[0].assets, ["pay-web-01", "pay-win-01"]);
    assert_eq!(
        (ask.people, ask.reason.as_str()),
        (texts(&["fanlichun"]), "asked for as fanlichun-superuser")
    );

    let databases = parse(
        r#"{"pname": "t", "uname": "fanlichun@acme.example", "assets": [
            {"address": "orders-prod.db.acme.example", "selectdb": ["orders", "billing.cards", "a.b.c"], "readonly": true},
            {"address": "10.8.1.7:3307", "selectdb": ["crm"], "readonly": false}]}"#,
    );
    let ask = databases.ask(&access, defaults(), |_| None).expect("a request");
    made(&ask);
    assert_eq!(ask.databases[0].instances, ["orders-prod"]);
    assert_eq!(ask.databases[0].tables, ["orders.*", "billing.cards", "`a.b.c`.*"]);
    assert_eq!((ask.databases[0].level.as_str(), ask.databases[1].level.as_str()), ("r", "rw"));
}

#[test]
fn what_a_body_may_mean_is_listed() {
    let access = repo(&[]);
    let instance = |text: &str| super::instance(&access, text).map_err(|error| error.to_string());
    assert_eq!(instance("10.8.1.7:3308").expect("one").as_str(), "crm2");
    let two = instance("10.8.1.7").expect_err("two");
    assert!(two.contains("crm (10.8.1.7:3307), crm2 (10.8.1.7:3308)"), "{two}");
    let none = instance("10.9.9.9").expect_err("none");
    assert!(none.contains("there are: crm (10.8.1.7:3307)"), "{none}");
    let server = |text: &str, found: Option<&[&str]>| {
        let found = found.map(texts);
        super::server(&access, text, found.as_deref()).map_err(|error| error.to_string())
    };
    // Of two assets at an address, one may be asked for.
    assert_eq!(server("10.1.0.1", Some(&["gitlab", "pay-web-01"])), Ok("pay-web-01".to_owned()));
    let two = server("10.1.0.1", Some(&["pay-web-01", "pay-web-02"])).expect_err("two");
    assert!(two.contains("pay-web-01, pay-web-02"), "{two}");
    assert!(server("10.1.0.9", Some(&[])).expect_err("none").contains("no asset with the address"));
    assert!(server("10.1.0.1", None).expect_err("not asked").contains("set credentials"));
    let nobody = person(&access, "fanlichum").expect_err("nobody").to_string();
    assert!(nobody.contains("did you mean fanlichun?"), "{nobody}");
}

#[test]
fn wrong_json_says_what_is_wrong() {
    for (body, expected) in [
        ("{", "EOF"),
        (r#"{"for": "a", "reason": "x", "login": "app"}"#, "unknown field `login`"),
        (r#"{"for": 1, "reason": "x"}"#, "a text or a list of texts"),
        (r#"{"pname": "x", "uname": "a", "assets": [1]}"#, "addresses, or blocks"),
        (r#"{"pname": "x", "uname": "a"}"#, "missing field `assets`"),
    ] {
        let error = Body::parse(body).expect_err(body).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_issue_form_is_read_as_data() {
    let body = "### For whom\n\nfanlichun, team/payments\n\n### Reason\n\nPAY-7 $(rm -rf ~) `id` ${{ secrets.X }}\n\n\
                ### From\n\n_No response_\n\n### Until\n\n2027-02-28\n\n### Servers\n\n- pay-web-01\n- /Default/payments\n\n\
                ### Login\n\napp\n\n### Databases\n\norders-prod\n\n### Level\n\nr\n\n\
                ### Tables\n\norders.*\nbilling.cards(id, last4)\n";
    let ask = form(body).expect("answers");
    let request = made(&ask);
    assert_eq!(request.reason, "PAY-7 $(rm -rf ~) `id` ${{ secrets.X }}");
    assert_eq!(ask.from, None);
    assert_eq!(ask.databases[0].tables, ["orders.*", "billing.cards(id, last4)"]);
    assert_eq!(ask.servers[0].nodes, ["/Default/payments"]);
    // Windows line ends, as browsers send them.
    assert_eq!(form(&body.replace('\n', "\r\n")).expect("answers"), ask);
    for (body, expected) in [
        ("hello", "not written with the form"),
        ("### For whom\n\nliwei\n\n### Reason\n\nx\n", "Servers or Databases"),
        ("### For whom\n\nliwei\n\n### For whom\n\nfanlichun\n", "twice"),
        ("### For whom\n\nliwei\n\n### Approvals\n\n0\n", "no question of the form"),
        ("### Reason\n\nx\n\n### Servers\n\npay-web-01\n", "For whom, Login"),
    ] {
        let error = form(body).expect_err(body).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_copy_is_what_policy_allows() {
    let request = "for: fanlichun\nreason: x\nuntil: 2027-02-28\nservers:\n  - login: app\n    nodes: [/Default/payments]\n\
                   databases:\n  - instance: orders-prod\n    level: rw\n    tables: [orders.*, orders.items]\n  \
                   - instance: crm\n    level: r\n    tables: [crm.*]\n";
    let later = "for: fanlichun\nreason: x\nfrom: 2027-01-01\nservers:\n  - login: root\n    nodes: [/Default/payments]\n";
    let has =
        "for: liwei\nreason: x\ndatabases:\n  - instance: crm\n    level: r\n    tables: [crm.*]\n";
    let access = repo(&[
        ("requests/a.yaml", &request.replace("orders.*, ", "")),
        ("requests/b.yaml", later),
        ("requests/c.yaml", has),
        ("requests/d.yaml", request),
    ]);
    let name = |text: &str| text.parse().expect("a person");
    let until = access::instant::parse("2027-02-28", access::instant::End::Until, &zone());
    let period = crate::period::Period { from: None, until: until.ok() };
    let ask = Ask {
        reason: "as fanlichun".to_owned(),
        until: Some("2027-02-28".to_owned()),
        ..Ask::default()
    };
    let copied = copy(&access, &name("fanlichun"), &name("liwei"), &period, ask, moment());
    let request = made(&copied.ask);
    assert_eq!(request.servers.len(), 1);
    assert_eq!(request.servers[0].login.as_str(), "app");
    assert_eq!(copied.ask.databases.len(), 1);
    assert_eq!(copied.ask.databases[0].tables, ["orders.items"]);
    assert_eq!(copied.left_out.len(), 2, "{:?}", copied.left_out);
    assert!(copied.left_out.iter().any(|text| text.contains("name the tables (policy.yaml:3)")));
    assert!(copied.left_out.iter().any(|text| text.contains("liwei has it already")));
}

/// An emergency is asked for as an ordinary request, and what was given back is not there.
#[test]
fn a_copy_takes_what_an_emergency_gave_and_nothing_that_was_given_back() {
    let place = "servers:\n  - login: app\n    nodes: [/Default/payments]\n";
    let emergency = format!(
        "for: fanlichun\nreason: x\nemergency: it is down\nfrom: 2026-12-01 09:00\nuntil: 2026-12-01 13:00\n{place}"
    );
    let released = "for: [fanlichun, liwei]\nreason: x\nuntil: 2027-02-28\nrelease: true\ndatabases:\n  - instance: crm\n    level: r\n    tables: [crm.*]\n";
    let has = format!("for: liwei\nreason: x\nuntil: 2027-02-28\nrelease: true\n{place}");
    let access = repo(&[
        (
            "policy.yaml",
            "environments: [prod, test]\nemergency:\n  mergers: [liwei]\n  longest: 4h\n",
        ),
        ("requests/a.yaml", &emergency),
        ("requests/b.yaml", released),
        ("requests/c.yaml", &has),
    ]);
    let name = |text: &str| text.parse().expect("a person");
    let until = access::instant::parse("2026-12-20", access::instant::End::Until, &zone());
    let period = crate::period::Period { from: None, until: until.ok() };
    let ask =
        Ask { reason: "x".to_owned(), until: Some("2026-12-20".to_owned()), ..Ask::default() };
    let now = "2026-12-01T03:00:00Z".parse().expect("a moment");
    let copied = copy(&access, &name("fanlichun"), &name("liwei"), &period, ask, now);
    assert_eq!(copied.left_out, [""; 0]);
    assert_eq!((copied.ask.servers.len(), copied.ask.databases.len()), (1, 0));
}
