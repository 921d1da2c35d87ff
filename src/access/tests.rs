//! Wrong input of each kind, and the example that is right.

use std::collections::BTreeMap;
use std::path::Path;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::load;
use crate::diagnostic::{Code, render};
use crate::grants;
use crate::repo::Tree;

fn example() -> Tree {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    Tree::folder(&folder).expect("the example")
}

fn now() -> jiff::Timestamp {
    "2026-12-10T00:00:00Z".parse().expect("a moment")
}

const REQUEST: &str = "requests/2026/PAY-1234-refunds.yaml";

/// The example with one file in place of another.
fn with(path: &str, text: &str) -> Tree {
    let mut tree = example();
    tree.files.insert(path.into(), text.as_bytes().into());
    tree
}

/// The codes and lines of a repo's errors.
fn errors(tree: &Tree) -> Vec<(Code, u32)> {
    let errors = load(tree, now()).expect_err("errors");
    errors.iter().map(|error| (error.code, error.site.line)).collect()
}

/// The codes and lines for a request whose lines stand behind `for: fanlichun` and a reason.
fn request(lines: &str) -> Vec<(Code, u32)> {
    errors(&with(REQUEST, &format!("for: fanlichun\nreason: x\n{lines}\n")))
}

#[test]
fn the_example_is_right() {
    let tree = example();
    let access = load(&tree, now()).expect("no error");
    assert_eq!((access.people.len(), access.teams.len(), access.instances.len()), (2, 1, 1));
    assert_eq!(grants::of(&access).len(), 5);
    let request = access.requests.values().next().expect("a request");
    assert_eq!(request.period.suffix(), "_20261201-20270228");
}

#[test]
fn o28_missing_vs_empty() {
    let ask = |rest: &str| {
        request(&format!("databases:\n  - instance: orders-prod\n    level: r\n{rest}"))
    };
    assert_eq!(ask(""), [(Code::MissingKey, 5)]);
    assert_eq!(ask("    tables: []"), [(Code::Empty, 6)]);
    assert_eq!(ask("    tables:"), [(Code::NoValue, 6)]);
    assert_eq!(ask("    table: [orders.*]"), [(Code::UnknownKey, 6)]);
    assert_eq!(request("servers: []"), [(Code::Empty, 3)]);
    assert_eq!(request(""), [(Code::Empty, 2)]);
    let servers =
        "servers:\n  - environment: prod\n    logins: []\n    nodes: [/Default/payments/prod]\n";
    assert!(errors(&with("inventory/servers.yaml", servers)).contains(&(Code::Empty, 3)));
}

#[test]
fn o29_person_case_and_cjk() {
    for name in ["Zhang.San", "张三", "zhang.san ", "\u{feff}zhang.san"] {
        let tree = with(&format!("people/{name}.yaml"), "name: 张三\n");
        assert_eq!(errors(&tree), [(Code::InvalidName, 1)], "{name}");
    }
    let tree = with("people/fanlichun.yml", "name: 范立春\n");
    assert_eq!(errors(&tree), [(Code::File, 1)]);
}

#[test]
fn o14_global_priv_on_db() {
    let config = String::from_utf8_lossy(&example().files["jumpgate.yaml"]).into_owned();
    for level in ["PROCESS", "FILE", "SELEC", "ALL", "GRANT OPTION", "SUPER", "r, SUPER"] {
        let text = format!("{config}levels:\n  r: [SELECT]\n  rw: [SELECT]\n  x: [\"{level}\"]\n");
        assert_eq!(errors(&with("jumpgate.yaml", &text)), [(Code::Privilege, 9)], "{level}");
    }
    let text = format!("{config}levels:\n  r: [SELECT, EXECUTE]\n");
    let found = errors(&with("jumpgate.yaml", &text));
    assert!(found.contains(&(Code::Privilege, 15)), "EXECUTE on a table: {found:?}");
}

#[test]
fn a_key_without_a_value_is_never_its_default() {
    for (path, line) in [
        (REQUEST, "from:"),
        (REQUEST, "until:"),
        (REQUEST, "until: ~"),
        ("people/liwei.yaml", "left:"),
        ("people/liwei.yaml", "jumpserver-id: null"),
        ("inventory/databases/orders-prod.yaml", "levels:"),
        ("inventory/databases/orders-prod.yaml", "tls:"),
        ("inventory/databases/orders-prod.yaml", "tls: { mode: }"),
        ("inventory/databases/orders-prod.yaml", "state:"),
        ("inventory/databases/orders-prod.yaml", "same-accounts-as:"),
        ("jumpgate.yaml", "guard:"),
        ("jumpgate.yaml", "levels:"),
        ("policy.yaml", "exposed-accounts:"),
        ("policy.yaml", "  - { when: { environment: }, deny: x }"),
        ("policy.yaml", "  - { when: {}, deny: }"),
        ("policy.yaml", "  - { when: {}, longest: }"),
        ("policy.yaml", "  - { when: {}, end: }"),
        ("policy.yaml", "  - { when: {}, approvals: }"),
    ] {
        let tree = example();
        let key = line.split(':').next().unwrap_or_default();
        let mut text = String::new();
        for old in String::from_utf8_lossy(&tree.files[path]).lines() {
            if !old.starts_with(&format!("{key}:")) {
                text += &format!("{old}\n");
            }
        }
        text += line;
        let found = errors(&with(path, &text));
        let told = found.iter().any(|(code, _)| matches!(code, Code::NoValue | Code::WrongKind));
        assert!(told, "{path} {line}: {found:?}");
    }
}

#[test]
fn an_entry_that_its_comma_splits_is_one_error() {
    let tables = |list: &str| {
        request(&format!(
            "databases:\n  - instance: orders-prod\n    level: r\n    tables: [{list}]"
        ))
    };
    let one = (Code::InvalidScope, 6);
    assert_eq!(tables("billing.cards(id, last4)"), [one]);
    assert_eq!(tables("billing.cards(id, a, last4), orders.*"), [one]);
    assert_eq!(tables("billing.cards(id, a), orders"), [one, one]);
    assert_eq!(tables("billing.cards(id, orders"), [one, one]);
}

#[test]
fn o19_injection_from_yaml() {
    let ask = |instance: &str, level: &str, table: &str| {
        request(&format!(
            "databases:\n  - instance: {instance}\n    level: {level}\n    tables:\n      - {table}"
        ))
    };
    let scope = [(Code::InvalidScope, 7)];
    assert_eq!(ask("orders-prod", "r", "\"x`.* TO 'root'@'%'; DROP DATABASE y; -- \""), scope);
    assert_eq!(ask("orders-prod", "r", "\"orders.t` (id) ; \""), scope);
    assert_eq!(ask("orders-prod", "\"r, SUPER\"", "orders.*"), [(Code::UnknownName, 5)]);
    let person = "for: \"a'@'%' WITH GRANT OPTION -- \"\nreason: x\nservers: [{login: app, assets: [pay-web-01]}]\n";
    assert_eq!(errors(&with(REQUEST, person)), [(Code::UnknownName, 1)]);
}

#[test]
fn o26_date_without_zone() {
    for (period, line) in [
        ("from: 2027-01-02\nuntil: 2027-01-01", 4),
        ("until: 2026-02-30", 3),
        ("until: next week", 3),
    ] {
        let rest = "servers: [{login: app, assets: [pay-web-01]}]";
        assert_eq!(
            request(&format!("{period}\n{rest}")),
            [(Code::InvalidPeriod, line)],
            "{period}"
        );
    }
}

#[test]
fn a_time_zone_is_one_that_comes_along() {
    let config = String::from_utf8_lossy(&example().files["jumpgate.yaml"]).into_owned();
    let of = |zone: &str| with("jumpgate.yaml", &config.replace("Asia/Shanghai", zone));
    // The files of a machine have more names than these: its own choice, and what was taken out.
    for zone in ["posixrules", "localtime", "posix/Asia/Shanghai", "Factory", "Etc/Unknown", "x"] {
        assert_eq!(errors(&of(zone)), [(Code::UnknownName, 3)], "{zone}");
    }
    for zone in ["Asia/Shanghai", "UTC", "America/New_York"] {
        assert!(load(&of(zone), now()).is_ok(), "{zone}");
    }
}

#[test]
fn a_comment_cannot_swallow_the_end_of_a_reason() {
    let text =
        "for: fanlichun\nreason: refunds #1234\nservers: [{login: app, assets: [pay-web-01]}]\n";
    let tree = with(REQUEST, text);
    let found = load(&tree, now()).expect_err("an error");
    assert_snapshot!(render(&found, |_| Some(text), false));
    let quoted = text.replace("refunds #1234", "\"refunds #1234\" # a comment");
    assert!(load(&with(REQUEST, &quoted), now()).is_ok());
}

#[test]
fn what_is_not_offered_cannot_be_asked_for() {
    let server =
        |login: &str, what: &str| request(&format!("servers:\n  - login: {login}\n    {what}"));
    assert_eq!(server("app", "assets: [other-01]"), [(Code::NotOffered, 5)]);
    assert_eq!(server("app", "nodes: [/Default/payments]"), [(Code::NotOffered, 5)]);
    assert_eq!(server("apps", "assets: [pay-web-01]"), [(Code::UnknownName, 4)]);
    let database = |table: &str| {
        request(&format!(
            "databases:\n  - {{instance: orders-prod, level: r, tables: ['{table}']}}"
        ))
    };
    assert_eq!(database("hr.*"), [(Code::NotOffered, 4)]);
    assert_eq!(database("mysql.user"), [(Code::InvalidScope, 4)]);
}

#[test]
fn an_ended_request_is_checked_for_form_only() {
    let text =
        "for: gone\nreason: x\nuntil: 2026-11-01\nservers: [{login: app, assets: [gone-01]}]\n";
    let tree = with(REQUEST, text);
    let access = load(&tree, now()).expect("no error");
    assert!(grants::of(&access).is_empty());
    assert_eq!(
        errors(&with(REQUEST, &text.replace("gone\nreason", "Gone\nreason"))),
        [(Code::InvalidName, 1)]
    );
}

#[test]
fn all_errors_of_all_files_come_in_one_run() {
    let mut tree = with("people/fanlichun.yaml", "nam: x\n");
    tree.files.insert("teams/payments.yaml".into(), "members: [liwei, nobody]\n".as_bytes().into());
    tree.files.insert(
        "policy.yaml".into(),
        "environments: [prod]\nlimits: [{when: {environment: pro}}]\n".as_bytes().into(),
    );
    let files: BTreeMap<_, usize> =
        load(&tree, now()).expect_err("errors").iter().fold(BTreeMap::new(), |mut files, error| {
            *files.entry(error.site.file.to_string()).or_default() += 1;
            files
        });
    assert!(files.contains_key("people/fanlichun.yaml"), "{files:?}");
    assert!(files.contains_key("teams/payments.yaml"), "{files:?}");
    assert!(files.contains_key("policy.yaml"), "{files:?}");
}

#[test]
fn an_empty_folder_is_no_repo() {
    let found = load(&Tree::default(), now()).expect_err("errors");
    assert!(found.iter().all(|error| error.code == Code::File && error.help.is_some()));
}

proptest! {
    /// Any bytes in any file, and any change of a good file, give a repo or errors.
    #[test]
    fn no_input_panics(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            "[-:\\[\\]{}#'\"`.,*a-z0-9 \n]{0,12}".prop_map(String::into_bytes),
        ],
        whole in any::<bool>(),
    ) {
        let mut tree = example();
        let path = tree.files.keys().nth(which.index(tree.files.len())).cloned().expect("a file");
        let mut text = if whole { Vec::new() } else { tree.files[&path].to_vec() };
        let at = at.index(text.len() + 1);
        text.splice(at..at, bytes);
        tree.files.insert(path.clone(), text.clone().into());
        if let Err(found) = load(&tree, now()) {
            prop_assert!(!found.is_empty());
            let text = String::from_utf8_lossy(&text);
            let source = |file: &str| (file == path.as_ref()).then_some(text.as_ref());
            prop_assert!(render(&found, source, false).contains("error[JG"));
        }
    }
}

#[test]
fn two_instances_cannot_share_the_names_of_credentials() {
    let text = std::str::from_utf8(&example().files["inventory/databases/orders-prod.yaml"])
        .expect("text")
        .replace("orders-prod", "orders-prod-2");
    let tree = with("inventory/databases/orders.prod.yaml", &text);
    assert_eq!(errors(&tree), [(Code::SameName, 1)]);
}

#[test]
fn two_things_cannot_get_one_name() {
    let mut tree = with("people/fanlichun_20270228.yaml", "name: x\n");
    let open =
        "for: fanlichun_20270228\nreason: x\nservers:\n  - login: app\n    assets: [pay-web-01]\n";
    let until = open
        .replace("fanlichun_20270228", "fanlichun")
        .replace("reason: x", "reason: x\nuntil: 2027-02-28");
    let policy = "environments: [prod, test]\nlimits: []\n";
    for (path, text) in
        [("requests/a.yaml", open), ("requests/b.yaml", until.as_str()), ("policy.yaml", policy)]
    {
        tree.files.insert(path.into(), text.as_bytes().into());
    }
    let found = load(&tree, now()).expect_err("an error");
    assert_eq!(
        (found[0].code, &*found[0].site.file, found[0].site.line),
        (Code::SameName, "requests/b.yaml", 6)
    );
    let source = |_: &str| Some(until.as_str());
    assert_snapshot!(render(&found, source, false));
}

#[test]
fn a_repo_without_the_folder_of_requests_is_not_an_empty_one() {
    let mut tree = example();
    tree.files.retain(|path, _| !path.starts_with("requests/"));
    assert_eq!(errors(&tree), [(Code::File, 1)]);
    tree.files.insert("requests/.gitkeep".into(), [].as_slice().into());
    assert!(load(&tree, now()).is_ok());
    tree.files.insert("requests/README.md".into(), b"how to ask".as_slice().into());
    assert!(load(&tree, now()).is_ok());
}

#[test]
fn o33_an_asset_that_two_entries_match_is_refused() {
    let servers = "servers:
  - { environment: prod, owners: [liwei], logins: [app], nodes: [/Default/payments/prod], assets: [pay-*] }
  - { environment: test, owners: [liwei], logins: [app], assets: [pay-web-*] }
";
    let tree = with("inventory/servers.yaml", servers);
    assert_eq!(errors(&tree), [(Code::NotOffered, 9)]);
}

#[test]
fn o29_a_name_that_differs_only_by_case_is_told_so() {
    let tree = with("teams/payments.yaml", "members: [FanLichun]\n");
    let found = load(&tree, now()).expect_err("an error");
    assert_eq!(found[0].help.as_deref(), Some("there is `fanlichun`, which differs only by case"));
}

#[test]
fn a_file_of_authorities_must_hold_certificates() {
    let mut tree = example();
    let path = "inventory/databases/orders-prod.yaml";
    let mut text = String::from_utf8(tree.files[path].to_vec()).expect("text");
    text.push_str("tls: { ca: inventory/ca/db.pem }\n");
    tree.files.insert(path.into(), text.into_bytes().into());
    assert_eq!(errors(&tree), [(Code::File, 7)]);
    let outside = String::from_utf8_lossy(&tree.files[path]).replace("inventory/ca/", "certs/");
    let mut elsewhere = with(path, &outside);
    elsewhere.files.insert("certs/db.pem".into(), b"x".as_slice().into());
    assert_eq!(errors(&elsewhere), [(Code::File, 7)]);
    for broken in ["", "no PEM", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        tree.files.insert("inventory/ca/db.pem".into(), broken.as_bytes().into());
        assert_eq!(errors(&tree), [(Code::InvalidValue, 7)], "{broken}");
    }
}

#[test]
fn what_is_adopted_is_one_persons_and_taken_once() {
    let server = |adopts: &str| {
        format!("servers:\n  - login: app\n    nodes: [/Default/payments/prod]\n    {adopts}\n")
    };
    let database = |instance: &str, adopts: &str| {
        format!(
            "databases:\n  - instance: {instance}\n    level: r\n    tables: [orders.*]\n    {adopts}\n"
        )
    };
    let good = format!(
        "for: fanlichun\nreason: x\nuntil: 2026-12-31\n{}{}",
        server("adopts: fanlichun-regularusers"),
        database("orders-prod", "adopts: { account: jump_md_fanlichun_r, permission: fan-db }")
    );
    assert!(load(&with(REQUEST, &good), now()).is_ok());
    let team = good.replace("for: fanlichun", "for: team/payments");
    let codes = errors(&with(REQUEST, &team));
    assert_eq!(codes, [7, 12, 12].map(|line| (Code::AdoptsForMany, line)));

    let mut twice = with(REQUEST, &good);
    twice.files.insert("requests/again.yaml".into(), good.as_bytes().into());
    assert_eq!(
        errors(&twice),
        [(Code::AdoptedTwice, 7), (Code::AdoptedTwice, 12), (Code::AdoptedTwice, 12)]
    );
    let other =
        good.replace("jump_md_fanlichun_r", "jump_md_other_r").replace("fan-db", "other-db");
    let other = other.replace("fanlichun-regularusers", "other");
    twice.files.insert("requests/again.yaml".into(), other.as_bytes().into());
    let told = load(&twice, now()).expect_err("two things for one place");
    let source = |file: &str| match file {
        "requests/again.yaml" => Some(other.as_str()),
        _ => Some(good.as_str()),
    };
    assert_snapshot!(render(&told, source, false));

    assert_eq!(request(&database("orders-prod", "adopts: {}")), [(Code::Empty, 7)]);
    let many = database("[orders-prod, orders-prod]", "adopts: { account: a }");
    assert!(request(&many).contains(&(Code::NotAdoptable, 7)));
    for root in ["root", "ROOT", "'root '", "mysql.sys"] {
        let root = database("orders-prod", &format!("adopts: {{ account: {root} }}"));
        assert_eq!(request(&root), [(Code::NotAdoptable, 7)], "{root}");
    }
    assert_eq!(request(&format!("release: false\n{}", server(""))), [(Code::InvalidValue, 3)]);
}

/// The errors of the example with a text in place of another, for people.
fn told(path: &str, text: &str) -> String {
    let tree = with(path, text);
    let errors = load(&tree, now()).expect_err("errors");
    render(&errors, |_| Some(text), false)
}

#[test]
fn a_name_that_is_meant_otherwise_is_told_how_to_write_it() {
    let request = "for: NAME\nreason: x\nuntil: 2027-02-28\ndatabases:\n  - instance: \
                   orders-prod\n    level: LEVEL\n    tables: [\"orders.*\"]\n";
    let ask = |name: &str, level: &str| {
        told(REQUEST, &request.replace("NAME", name).replace("LEVEL", level))
    };
    for (name, help) in [
        ("payments", "a team is written `team/payments`"),
        ("范立春", "a person is named by the name of the file: `fanlichun`"),
        ("fanlichun，liwei", "`，` is not what is read here: write `,` and a blank behind it"),
    ] {
        let told = ask(name, "r");
        assert!(told.contains(help), "{name}: {told}");
    }
    assert!(ask("fanlichun", "ro").contains("expected one of r, rw"));
    assert!(ask("fanlichun", "r，rw").contains("expected one of r, rw"));
    let teams = told("teams/payments.yaml", "members: [李伟]\n");
    assert!(teams.contains("the name of the file: `liwei`"), "{teams}");
}
