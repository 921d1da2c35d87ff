//! Wrong repos that only the files together show, and what is right but worth a notice.

use std::path::Path;

use super::load;
use super::sessions::OnEnd;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::repo::{Fault, Tree};

const REQUEST: &str = "requests/2026/PAY-1234-refunds.yaml";
const INSTANCE: &str = "inventory/databases/orders-prod.yaml";

fn now() -> jiff::Timestamp {
    "2026-12-10T00:00:00Z".parse().expect("a moment")
}

/// The example with files in place of others, or taken out.
fn with(files: &[(&str, Option<&str>)]) -> Tree {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    let mut tree = Tree::folder(&folder).expect("the example");
    for (path, text) in files {
        match text {
            Some(text) => tree.files.insert((*path).into(), text.as_bytes().into()),
            None => tree.files.remove(*path),
        };
    }
    tree
}

/// A file of the example.
fn text(path: &str) -> String {
    String::from_utf8_lossy(&with(&[]).files[path]).into_owned()
}

fn errors(tree: &Tree) -> Vec<Diagnostic> {
    load(tree, now()).expect_err("errors")
}

/// File, code and line of every error.
fn places(tree: &Tree) -> Vec<(String, Code, u32)> {
    let place = |error: &Diagnostic| (error.site.file.to_string(), error.code, error.site.line);
    errors(tree).iter().map(place).collect()
}

#[track_caller]
fn one(files: &[(&str, Option<&str>)], file: &str, code: Code, line: u32) -> Diagnostic {
    let tree = with(files);
    assert_eq!(places(&tree), [(file.to_owned(), code, line)]);
    errors(&tree).remove(0)
}

fn request(lines: &str) -> String {
    format!("for: fanlichun\nreason: x\n{lines}\n")
}

#[test]
fn a_broken_file_hides_no_error_of_another_and_makes_none() {
    let asks = request(
        "servers: [{login: apq, assets: [pay-web-01]}]\ndatabases: [{instance: orders-prod, level: r, tables: [orders]}]",
    );
    let scope = (REQUEST.to_owned(), Code::InvalidScope, 4);
    for (path, text, code, line) in [
        ("people/fanlichun.yaml", "nam: x\n", Code::UnknownKey, 1),
        ("policy.yaml", "environments: [prod]\nlimit: []\n", Code::UnknownKey, 2),
        ("inventory/servers.yaml", "servers: [{}]\n", Code::MissingKey, 1),
        (INSTANCE, "address: a\n", Code::MissingKey, 1),
    ] {
        let tree = with(&[(path, Some(text)), (REQUEST, Some(&asks))]);
        let mut found = vec![
            (path.to_owned(), code, line),
            (REQUEST.to_owned(), Code::UnknownName, 3),
            scope.clone(),
        ];
        found.sort();
        assert_eq!(places(&tree), found);
    }
    let settings =
        "version: 1\nowner: ACME\ntime-zone: UTC\njumpserver: {url: 'https://x.example'}\n";
    let tree = with(&[("jumpgate.yaml", Some(settings)), (REQUEST, Some(&asks))]);
    let settings = ("jumpgate.yaml".to_owned(), Code::InvalidName, 2);
    let login = (REQUEST.to_owned(), Code::NotOffered, 3);
    assert_eq!(places(&tree), [settings, login, scope]);
}

#[test]
fn what_is_wrong_in_one_file_is_not_told_of_others() {
    let (config, policy) = (text("jumpgate.yaml"), text("policy.yaml"));
    let servers = text("inventory/servers.yaml");
    let replica = format!("{}same-accounts-as: orders-prod\n", text(INSTANCE))
        .replace("orders-prod.db", "replica.db")
        .replace("asset: orders-prod", "asset: replica");
    let with_replica = with(&[
        (INSTANCE, Some("address: a\n")),
        ("inventory/databases/replica.yaml", Some(&replica)),
    ]);
    assert_eq!(places(&with_replica), [(INSTANCE.to_owned(), Code::MissingKey, 1)]);
    for (path, text, code) in [
        (
            "jumpgate.yaml",
            format!(
                "{config}logins:\n  App: {{ accounts: [a], protocols: [ssh], actions: [connect] }}\n"
            ),
            Code::InvalidName,
        ),
        ("jumpgate.yaml", format!("{config}logins: {{}}\n"), Code::Empty),
        ("jumpgate.yaml", format!("{config}levels: {{}}\n"), Code::Empty),
        ("jumpgate.yaml", format!("{config}levels: {{ R: [SELECT] }}\n"), Code::InvalidName),
        ("policy.yaml", policy.replace("[prod, test]", "[Prod]"), Code::InvalidName),
        ("policy.yaml", policy.replace("[prod, test]", "[]"), Code::Empty),
        ("inventory/servers.yaml", servers.replace("prod\n", "prd\n"), Code::UnknownName),
        ("inventory/servers.yaml", servers.replace("[app, root]", "[ap, root]"), Code::UnknownName),
        (INSTANCE, format!("{}levels: [x]\n", text(INSTANCE)), Code::UnknownName),
    ] {
        let found = places(&with(&[(path, Some(&text))]));
        assert!(found.iter().all(|(file, ..)| file == path), "{text}: {found:?}");
        assert!(found.iter().any(|(_, found, _)| *found == code), "{text}: {found:?}");
    }
    for path in ["people/liwei.yaml", INSTANCE, "policy.yaml", "inventory/servers.yaml"] {
        let mut tree = with(&[(path, None)]);
        tree.faults = vec![(path.into(), Fault::Nowhere)];
        assert_eq!(places(&tree), [(path.to_owned(), Code::File, 1)]);
    }
}

#[test]
fn a_missing_folder_is_said_once_and_names_are_not_blamed() {
    let people = [("people/fanlichun.yaml", None), ("people/liwei.yaml", None)];
    let error = one(&people, "people/", Code::File, 1);
    assert!(error.message.contains("missing"), "{}", error.message);
    one(&[(INSTANCE, None)], "inventory/databases/", Code::File, 1);
    one(&[("teams/payments.yaml", None)], "teams/", Code::File, 1);
    let error = one(&[("inventory/servers.yaml", None)], "inventory/servers.yaml", Code::File, 1);
    assert_eq!(error.message, "the file is missing");
}

#[test]
fn both_endings_are_read_and_one_name_is_one_file() {
    let tree = with(&[]);
    for stem in ["jumpgate", "policy", "inventory/servers"] {
        let (yaml, yml) = (format!("{stem}.yaml"), format!("{stem}.yml"));
        let text = std::str::from_utf8(&tree.files[&*yaml]).expect("text").to_owned();
        let moved = with(&[(&yaml, None), (&yml, Some(&text))]);
        assert!(load(&moved, now()).is_ok(), "{yml}");
        one(&[(&yml, Some(&text))], &yml, Code::File, 1);
    }
    let text = request("servers: [{login: app, assets: [pay-web-01]}]\nuntil: 2026-12-20");
    let files = [("requests/a.yaml", Some(text.as_str())), ("requests/A.yml", Some(&text))];
    let error = one(&files, "requests/a.yaml", Code::File, 1);
    assert_eq!(error.message, "the name of requests/A.yml differs only by case");
}

#[test]
fn a_file_that_nothing_reads_is_a_hole() {
    for path in ["inventory/server.yaml", "inventory/database/x.yml", "people/x.txt"] {
        one(&[(path, Some("x: y\n"))], path, Code::File, 1);
    }
    assert!(load(&with(&[("inventory/databases/ca.pem", Some("x"))]), now()).is_ok());
    let mut tree = with(&[]);
    for fault in
        [Fault::Outside, Fault::Nowhere, Fault::Circle, Fault::Deep, Fault::Submodule, Fault::Name]
    {
        tree.faults = vec![("requests/x.yaml".into(), fault)];
        assert_eq!(places(&tree), [("requests/x.yaml".to_owned(), Code::File, 1)]);
    }
}

#[test]
fn a_number_is_no_name() {
    let servers = "servers: [{login: app, assets: [pay-web-01]}]";
    for (text, line) in [
        (format!("for: 1234\nreason: x\n{servers}\n"), 1),
        (format!("for: [fanlichun, 1234]\nreason: x\n{servers}\n"), 1),
        (format!("for: true\nreason: x\n{servers}\n"), 1),
        (format!("for: fanlichun\nreason: 1e3\n{servers}\n"), 2),
        (request("servers: [{login: app, assets: [007]}]"), 3),
        (request("databases: [{instance: 1.10, level: r, tables: [orders.*]}]"), 3),
    ] {
        one(&[(REQUEST, Some(&text))], REQUEST, Code::WrongKind, line);
    }
    let quoted = request("servers: [{login: app, assets: [\"007\"]}]");
    let servers = "servers: [{environment: test, logins: [app], assets: [\"007\"]}]\n";
    let tree = with(&[(REQUEST, Some(&quoted)), ("inventory/servers.yaml", Some(servers))]);
    assert!(load(&tree, now()).is_ok());
}

#[test]
fn what_becomes_of_sessions_is_set_by_environment() {
    let set = |value: &str| format!("environments: [prod, test]\nsessions:\n  {value}\n");
    for (value, code) in [
        ("prdo: disconnect", Code::UnknownName),
        ("prod: disconect", Code::InvalidValue),
        ("prod: disconnect after 30", Code::InvalidValue),
        ("prod: 30", Code::WrongKind),
        ("prod:", Code::NoValue),
        ("prod: [report]", Code::WrongKind),
    ] {
        let text = set(value);
        one(&[("policy.yaml", Some(&text))], "policy.yaml", code, 3);
    }
    let twice = set("prod: report\n  prod: disconnect");
    one(&[("policy.yaml", Some(&twice))], "policy.yaml", Code::DuplicateKey, 4);
    let tree = with(&[("policy.yaml", Some(&set("test: disconnect after 30m")))]);
    let policy = load(&tree, now()).expect("a valid repo").policy;
    let of = |name: &str| policy.on_end(&name.parse().expect("a name"));
    assert_eq!((of("prod"), of("test")), (OnEnd::Disconnect, OnEnd::After(30)));
}

#[test]
fn a_word_or_a_number_is_written_plainly() {
    for (path, line) in [
        (INSTANCE, "state: { retired: }"),
        (INSTANCE, "state: { retired: false }"),
        (INSTANCE, "state: [retired]"),
        (INSTANCE, "tls: { mode: { off: } }"),
        ("policy.yaml", "exposed-accounts: { allow: ~ }"),
        ("policy.yaml", "exposed-accounts: [refuse]"),
        ("policy.yaml", "provenance: { off: }"),
        ("policy.yaml", "  - { when: {}, end: { required: ~ } }"),
        ("policy.yaml", "  - { when: { scope: { table: } }, deny: x }"),
        ("policy.yaml", "  - { when: {}, approvals: \"2\" }"),
        ("policy.yaml", "  - { when: {}, approvals: 1_000 }"),
        ("jumpgate.yaml", "people: { source: { repo: } }"),
        ("jumpgate.yaml", "guard: { removals: '1' }"),
        ("jumpgate.yaml", "guard: { percent: 1_0 }"),
        (REQUEST, "release: \"true\""),
    ] {
        let before = text(path);
        let wrong = format!("{before}{line}\n");
        let last = u32::try_from(wrong.lines().count()).expect("few");
        one(&[(path, Some(&wrong))], path, Code::WrongKind, last);
    }
    let wrong = format!("{}exposed-accounts: refused\n", text("policy.yaml"));
    let error = one(&[("policy.yaml", Some(&wrong))], "policy.yaml", Code::WrongKind, 6);
    assert_eq!((error.site.column, &wrong[error.span]), (19, "refused"));
    assert_eq!(error.expected, "expected one of `refuse`, `allow`");
    assert_eq!(error.help.as_deref(), Some("did you mean `refuse`?"));
    let wrong = text("policy.yaml").replace("approvals: 1", "approvals: '1'");
    let error = one(&[("policy.yaml", Some(&wrong))], "policy.yaml", Code::WrongKind, 3);
    assert_eq!(&wrong[error.span], "'1'");
}

#[test]
fn what_a_schema_refuses_check_does_not_take() {
    let config = text("jumpgate.yaml");
    let url = |url: &str| config.replace("https://jump.acme.example", url);
    let id = "4c64c864-e2e5-4403-a1cf-5f868df27fb6";
    for (path, wrong, line) in [
        ("jumpgate.yaml", url("HTTPS://jump.acme.example"), 5),
        ("jumpgate.yaml", url("https:jump.acme.example"), 5),
        ("policy.yaml", text("policy.yaml").replace("90d", "+90d"), 3),
        ("policy.yaml", text("policy.yaml").replace("90d", "000090d"), 3),
        ("people/liwei.yaml", format!("name: x\njumpserver-id: '{{{id}}}'\n"), 2),
        ("people/liwei.yaml", format!("name: x\njumpserver-id: {}\n", id.replace('-', "")), 2),
    ] {
        one(&[(path, Some(&wrong))], path, Code::InvalidValue, line);
    }
    let days = "days: []\nchannels: { ops: { kind: slack } }\n";
    one(&[("notify.yaml", Some(days))], "notify.yaml", Code::Empty, 1);
    let right = format!("name: x\njumpserver-id: {}\n", id.to_uppercase());
    assert!(load(&with(&[("people/liwei.yaml", Some(&right))]), now()).is_ok());
}

#[test]
fn a_null_is_never_taken_for_a_missing_key() {
    for (path, text, line) in [
        ("people/liwei.yaml", "name: x\nforge: ~\n", 2),
        ("people/liwei.yaml", "name: x\nleft:\n", 2),
        ("policy.yaml", "environments: [prod, test]\nexposed-accounts:\n", 2),
        ("policy.yaml", "environments: [prod, test]\nsessions:\n", 2),
        (INSTANCE, "address: a\nasset: b\nenvironment: prod\naccount-host: h\ndatabases:\n", 5),
        (INSTANCE, "address: a\nasset: b\nenvironment: prod\naccount-host: h\ntls: null\n", 5),
        ("jumpgate.yaml", "version: 1\nowner: a\nlevels:\n", 3),
        (REQUEST, "for: fanlichun\nreason: x\nuntil:\n", 3),
        (REQUEST, "for:\nreason: x\n", 1),
    ] {
        let found = places(&with(&[(path, Some(text))]));
        assert!(found.contains(&(path.to_owned(), Code::NoValue, line)), "{text}: {found:?}");
    }
}

#[test]
fn an_empty_list_is_never_taken_for_everything() {
    for (path, text, line) in [
        ("teams/payments.yaml", "members: []\n", 1),
        ("policy.yaml", "environments: []\n", 1),
        ("inventory/servers.yaml", "servers: []\n", 1),
        (INSTANCE, "address: a\nasset: b\nenvironment: prod\naccount-host: h\nowners: []\n", 5),
        (INSTANCE, "address: a\nasset: b\nenvironment: prod\naccount-host: h\nlevels: []\n", 5),
        (INSTANCE, "address: a\nasset: \"\"\nenvironment: prod\naccount-host: h\n", 2),
        ("people/liwei.yaml", "name: \" \"\n", 1),
    ] {
        let found = places(&with(&[(path, Some(text))]));
        assert!(found.contains(&(path.to_owned(), Code::Empty, line)), "{text}: {found:?}");
    }
}

#[test]
fn two_people_are_not_one_user() {
    for line in ["jumpserver: FanLichun", "email: Fanlichun@acme.example"] {
        let text = format!("name: x\n{line}\n");
        one(&[("people/liwei.yaml", Some(&text))], "people/liwei.yaml", Code::Twice, 2);
    }
    let (a, b) = ("name: x\nforge: fanlc\n", "name: x\nforge: FANLC\n");
    let files = [("people/fanlichun.yaml", Some(a)), ("people/liwei.yaml", Some(b))];
    one(&files, "people/liwei.yaml", Code::Twice, 2);
    let text = "name: x\nemail: liwei at acme\n";
    one(&[("people/liwei.yaml", Some(text))], "people/liwei.yaml", Code::InvalidValue, 2);
}

#[test]
fn two_instances_are_not_on_one_asset() {
    let text = "address: b\nasset: Orders-Prod\nenvironment: prod\naccount-host: h\nsame-accounts-as: orders-prod\n";
    let path = "inventory/databases/replica.yaml";
    let error = one(&[(path, Some(text))], path, Code::Twice, 2);
    assert_eq!(error.message, "instance orders-prod has this asset too");
}

#[test]
fn a_limit_that_limits_nothing_is_no_limit() {
    for limit in ["when: {environment: prod}", "when: {login: app, scope: table}, end: required"] {
        let text = format!("environments: [prod, test]\nlimits:\n  - {{{limit}}}\n");
        one(&[("policy.yaml", Some(&text))], "policy.yaml", Code::IdleLimit, 3);
    }
}

#[test]
fn a_request_names_single_things_once() {
    let text = request("servers: [{login: app, assets: ['pay-web-*']}]");
    one(&[(REQUEST, Some(&text))], REQUEST, Code::InvalidValue, 3);
    let text =
        request("databases: [{instance: orders-prod, level: r, tables: [orders.*, '`orders`.*']}]");
    one(&[(REQUEST, Some(&text))], REQUEST, Code::Twice, 3);
    let text = "members: [fanlichun, team/payments]\n";
    one(&[("teams/payments.yaml", Some(text))], "teams/payments.yaml", Code::InvalidValue, 1);
    let servers = "servers:\n  - {environment: prod, logins: [app], nodes: [/Default/payments/prod]}\n  - {environment: test, logins: [app], nodes: [/Default/payments/prod], assets: [pay-web-*]}\n";
    let error =
        one(&[("inventory/servers.yaml", Some(servers))], "inventory/servers.yaml", Code::Twice, 3);
    assert_eq!(error.message, "this is offered twice (line 2 too)");
}

#[test]
fn o29_what_differs_only_by_case_is_shown_right() {
    for (ask, help) in [
        (
            "nodes: [/default/Payments/prod/web]",
            "`/Default/payments/prod/web` is offered, which differs only by case",
        ),
        ("assets: [PAY-WIN-01]", "`pay-win-01` is offered, which differs only by case"),
        ("assets: [Pay-web-01]", "`pay-web-*` is offered, which differs only by case"),
        ("assets: [pay-win-02]", "did you mean `pay-win-01`?"),
    ] {
        let text = request(&format!("servers: [{{login: app, {ask}}}]"));
        let error = one(&[(REQUEST, Some(&text))], REQUEST, Code::NotOffered, 3);
        assert_eq!(error.help.as_deref(), Some(help));
    }
}

#[test]
fn a_path_without_its_form_is_one_error() {
    let text = request("servers: [{login: app, nodes: [Default/payments/prod]}]");
    let error = one(&[(REQUEST, Some(&text))], REQUEST, Code::InvalidValue, 3);
    assert_eq!(error.message, "this is no path of a node");
}

#[test]
fn a_risk_is_a_notice_and_no_error() {
    let settings = "version: 1
owner: acme
time-zone: Asia/Shanghai
jumpserver: {url: 'https://jump.acme.example'}
levels:
  r: [SELECT]
  rw: [SELECT]
  ddl: [CREATE VIEW, TRIGGER]
";
    let instance = "address: a
asset: b
environment: prod
account-host: \"%\"
databases: [orders, billing]
tls: { mode: require }
state: retired
";
    let tree = with(&[("jumpgate.yaml", Some(settings)), (INSTANCE, Some(instance))]);
    let access = load(&tree, now()).expect("no error");
    let found: Vec<_> = access
        .notices
        .iter()
        .map(|notice| (&*notice.site.file, notice.code, notice.site.line, notice.code.severity()))
        .collect();
    let warning = Severity::Warning;
    assert_eq!(
        found,
        [
            (INSTANCE, Code::OpenHost, 4, warning),
            (INSTANCE, Code::WeakTls, 6, warning),
            ("jumpgate.yaml", Code::Definers, 8, warning),
            ("jumpgate.yaml", Code::Definers, 8, warning),
            (REQUEST, Code::Retired, 11, warning),
        ]
    );
}

#[test]
fn an_owner_whom_the_forge_does_not_know_is_a_notice_where_it_is_asked() {
    let liwei = "people/liwei.yaml";
    let of = |files: &[(&str, Option<&str>)]| {
        let access = load(&with(files), now()).expect("no error");
        let notices = access.notices.into_iter();
        notices.map(|notice| (notice.code, notice.site.file.to_string())).collect::<Vec<_>>()
    };
    let told = |path: &str| vec![(Code::NoForgeName, path.to_owned())];
    assert_eq!(of(&[]), []);
    let nameless = (liwei, Some("name: x\n"));
    assert_eq!(of(&[nameless]), told(liwei));
    assert_eq!(of(&[(liwei, Some("name: x\nleft: 2026-12-01\n"))]), []);
    // Where nobody has such a name, the forge is not asked, unless policy says that it is.
    let nobody = [nameless, ("people/fanlichun.yaml", Some("name: x\n"))];
    assert_eq!(of(&nobody), []);
    let forge = format!("{}provenance: forge\n", text("policy.yaml"));
    let both = [told("people/fanlichun.yaml"), told(liwei)].concat();
    assert_eq!(of(&[&nobody[..], &[("policy.yaml", Some(&forge))]].concat()), both);
    // Nor where nothing needs an approval.
    let free = ("policy.yaml", Some("environments: [prod, test]\n"));
    assert_eq!(of(&[nameless, free]), []);
    // Who owns nothing approves nothing.
    let alone = [nameless, ("teams/payments.yaml", Some("members: [fanlichun]\n"))];
    let owned = text(INSTANCE).replace(", liwei", "");
    assert_eq!(of(&[&alone[..], &[(INSTANCE, Some(&owned))]].concat()), []);
    let rules = format!("{}owners: [liwei]\n", text("policy.yaml"));
    let rules = [(INSTANCE, Some(owned.as_str())), ("policy.yaml", Some(&rules))];
    assert_eq!(of(&[&alone[..], &rules].concat()), told(liwei));
}

#[test]
fn what_is_no_beginning_is_told_as_one() {
    let servers = "servers: [{login: app, assets: [pay-web-01]}]";
    for (key, what) in [("from", "beginning"), ("until", "end")] {
        let text = request(&format!("{key}: tomorrow\n{servers}"));
        let error = one(&[(REQUEST, Some(&text))], REQUEST, Code::InvalidPeriod, 3);
        assert_eq!(error.message, format!("this is no {what} of a period"));
    }
}

#[test]
fn an_address_of_jumpserver_in_clear_text_is_a_notice() {
    let of = |url: &str| {
        let config = text("jumpgate.yaml").replace("https://jump.acme.example", url);
        let access = load(&with(&[("jumpgate.yaml", Some(&config))]), now()).expect("no error");
        access.notices.iter().map(|notice| (notice.code, notice.site.line)).collect::<Vec<_>>()
    };
    for url in ["http://jump.acme.example", "http://10.8.0.1:8080/core", "http://localhost.x"] {
        assert_eq!(of(url), [(Code::PlainHttp, 5)], "{url}");
    }
    for url in ["https://x", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:80"] {
        assert_eq!(of(url), [], "{url}");
    }
}
