//! The file, what is checked by it, and how it changes.

use std::path::Path;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::access;
use crate::diagnostic::{Code, render};

const REQUEST: &str = "requests/2026/PAY-1234-refunds.yaml";

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn table(name: &str, columns: &[&str]) -> (String, Vec<String>) {
    (name.to_owned(), columns.iter().map(|column| (*column).to_owned()).collect())
}

fn tables(databases: &[(&str, &[&str])]) -> Tables {
    let databases = databases.iter().map(|(database, all)| {
        ((*database).to_owned(), all.iter().map(|name| table(name, &[])).collect())
    });
    Tables { databases: databases.collect(), ..Tables::default() }
}

/// What the example's servers hold.
fn known() -> Read {
    let nodes = set(&["/Default/payments/prod", "/Default/payments/prod/eu"]);
    let assets = set(&["pay-web-01", "pay-web-02"]);
    let tables = tables(&[("billing", &["cards", "invoices"]), ("orders", &["items"])]);
    Read {
        jumpserver: Ok(Places { nodes, assets }),
        instances: [("orders-prod".parse().expect("a name"), Ok(tables))].into(),
    }
}

fn catalog() -> Catalog {
    renew(None, known(), day("2026-12-01"))
}

fn example(catalog: Option<&str>, request: Option<&str>) -> Tree {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    let mut tree = Tree::folder(&folder).expect("the example");
    if let Some(catalog) = catalog {
        tree.files.insert(PATH.into(), catalog.as_bytes().into());
    }
    if let Some(request) = request {
        tree.files.insert(REQUEST.into(), request.as_bytes().into());
    }
    tree
}

/// What is told of the example with these files, as people read it.
fn told(catalog: Option<&str>, request: Option<&str>) -> String {
    let tree = example(catalog, request);
    let now = "2026-12-10T00:00:00Z".parse().expect("a moment");
    let access = access::load(&tree, now).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let found = check(&tree, &access, now);
    let source =
        |file: &str| tree.files.get(file).and_then(|bytes| std::str::from_utf8(bytes).ok());
    render(&found, source, false)
}

#[test]
fn the_file_has_a_name_a_line_and_reads_back_the_same() {
    let mut read = known();
    let odd = Tables {
        any_case: true,
        partial: true,
        databases: [
            ("empty".to_owned(), BTreeMap::new()),
            ("a: b".to_owned(), [table("we\"ird\n", &["id", "last, 4"]), table("a:b", &[])].into()),
        ]
        .into(),
    };
    read.instances.insert("crm".parse().expect("a name"), Ok(odd));
    let catalog = renew(None, read, day("2026-12-01"));
    let text = text(&catalog);
    assert_snapshot!(text);
    assert_eq!(parse(text.as_bytes()), Ok(catalog.clone()));
    // A checkout on Windows.
    assert_eq!(parse(text.replace('\n', "\r\n").as_bytes()), Ok(catalog));
    // Other tools read it as YAML.
    let yaml: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
    assert_eq!(yaml["instances"]["orders-prod"]["databases"]["billing"][1], "invoices");
    assert_eq!(yaml["instances"]["crm"]["databases"]["a: b"][1]["we\"ird\n"][1], "last, 4");
}

#[test]
fn what_is_no_catalogue_is_told_by_its_line() {
    let good = text(&catalog());
    for (from, to, line, words) in [
        ("version: 1", "version: 2", 2, "version: 1"),
        ("read: 2026-12-01", "read: yesterday", 3, "a day"),
        ("  nodes:", "  node:", 5, "nodes:"),
        ("  - pay-web-01", "  - pay web", 9, "a name"),
        ("      - cards", "      - cards: [id", 15, "a table"),
        ("      billing:", "      billing: x", 14, "a database"),
        ("  orders-prod:", "  orders prod:", 12, "an instance"),
        ("      - items\n", "      - items\nmore: 1\n", 19, "the end"),
    ] {
        let wrong = parse(good.replacen(from, to, 1).as_bytes()).expect_err(to);
        assert_eq!(wrong.line, line, "{to}: {wrong}");
        assert!(wrong.expected.contains(words), "{to}: {wrong}");
    }
    assert!(parse(b"").is_err() && parse(b"\xff").is_err());
}

#[test]
fn a_repo_without_a_catalogue_and_one_that_knows_all_say_nothing() {
    assert_eq!(told(None, None), "");
    assert_eq!(told(Some(&text(&catalog())), None), "");
}

#[test]
fn names_that_it_does_not_know_are_warnings_with_their_age() {
    let request = "for: fanlichun\nreason: x\nuntil: 2027-02-28\nservers:\n  - login: app\n    \
                   nodes: [/Default/payments/prod/us]\n    assets: [pay-web-3]\ndatabases:\n  - \
                   instance: orders-prod\n    level: r\n    tables:\n      - billing.invoces\n      - \
                   orders.*\n      - billing.cards(id)\n";
    assert_snapshot!(told(Some(&text(&catalog())), Some(request)));
    assert!(Code::ALL.contains(&Code::NotInCatalog));
    let ended = request.replace("2027-02-28", "2026-12-02");
    assert_eq!(told(Some(&text(&catalog())), Some(&ended)), "");
}

#[test]
fn a_part_that_was_seen_in_part_calls_nothing_unknown() {
    let mut catalog = catalog();
    for part in catalog.instances.values_mut() {
        part.holds.databases.clear();
    }
    assert!(told(Some(&text(&catalog)), None).contains("has no database billing"));
    for part in catalog.instances.values_mut() {
        part.holds.partial = true;
    }
    assert_eq!(told(Some(&text(&catalog)), None), "");
}

#[test]
fn names_are_compared_as_the_server_does() {
    let request = "for: fanlichun\nreason: x\nuntil: 2027-02-28\ndatabases:\n  - instance: \
                   orders-prod\n    level: r\n    tables: [orders.Items, 'billing.cards(ID)']\n";
    let mut catalog = catalog();
    assert!(told(Some(&text(&catalog)), Some(request)).contains("has no table orders.Items"));
    for part in catalog.instances.values_mut() {
        part.holds.any_case = true;
        for tables in part.holds.databases.values_mut() {
            tables.entry("cards".to_owned()).and_modify(|columns| columns.push("Id".to_owned()));
        }
    }
    assert_eq!(told(Some(&text(&catalog)), Some(request)), "");
    let other = request.replace("ID", "pin");
    assert!(told(Some(&text(&catalog)), Some(&other)).contains("has no column pin"));
}

#[test]
fn a_broken_catalogue_is_a_warning_and_harms_nothing() {
    let broken = text(&catalog()).replace("  nodes:", "  nodes: &a [*a]");
    assert_snapshot!(told(Some(&broken), None));
}

#[test]
fn what_a_hostile_file_holds_is_spelled_out() {
    let mut catalog = catalog();
    for part in catalog.instances.values_mut() {
        let tables = part.holds.databases.entry("billing".to_owned()).or_default();
        tables.remove("invoices");
        tables.insert("invoice\u{1b}".to_owned(), Vec::new());
    }
    let text = text(&catalog);
    assert!(!text.contains('\u{1b}'));
    let told = told(Some(&text), None);
    assert!(told.contains("did you mean `billing.`invoice\\u{1b}``?"), "{told}");
    let tree = example(Some(&text), None);
    let now = "2026-12-10T00:00:00Z".parse().expect("a moment");
    let access = access::load(&tree, now).expect("it is right");
    let schema = crate::visible::json(&request(&access, Some(&catalog)));
    assert!(!schema.contains("invoice"), "{schema}");
}

#[test]
fn a_part_that_cannot_be_read_stays_with_its_day() {
    let old = catalog();
    let mut read = known();
    read.jumpserver = Err("it does not answer".to_owned());
    read.instances.insert("new".parse().expect("a name"), Err("refused".to_owned()));
    let new = renew(Some(&old), read, day("2026-12-20"));
    let places = new.jumpserver.as_ref().expect("it stays");
    assert_eq!(places.kept_from, Some(day("2026-12-01")));
    assert_eq!(new.day(places), day("2026-12-01"));
    assert_eq!(new.instances.len(), 1);
    // The day stays the day on which it was read, however often it fails.
    let mut read = known();
    read.jumpserver = Err("it does not answer".to_owned());
    let again = renew(Some(&new), read, day("2026-12-30"));
    assert_eq!(again.jumpserver.expect("it stays").kept_from, Some(day("2026-12-01")));
    let gone = renew(Some(&new), Read { instances: BTreeMap::new(), ..known() }, day("2026-12-30"));
    assert!(gone.instances.is_empty());
}

#[test]
fn the_day_alone_is_no_change_until_a_week_is_over() {
    let old = catalog();
    let later = |text: &str| settled(Some(&old), renew(Some(&old), known(), day(text))).read;
    assert_eq!(later("2026-12-07"), day("2026-12-01"));
    assert_eq!(later("2026-12-08"), day("2026-12-08"));
    assert_eq!(differences(Some(&old), &renew(Some(&old), known(), day("2026-12-08"))), []);
    let mut read = known();
    let more = tables(&[("billing", &["cards"]), ("orders", &["items", "notes"])]);
    read.instances.insert("orders-prod".parse().expect("a name"), Ok(more));
    let new = settled(Some(&old), renew(Some(&old), read, day("2026-12-02")));
    assert_eq!(new.read, day("2026-12-02"));
    let found = differences(Some(&old), &new);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].came, found[0].went), (1, 1));
    assert_eq!(found[0].some, ["+orders.notes", "-billing.invoices"]);
}

#[test]
fn only_what_may_be_asked_for_is_in_it() {
    let tree = example(None, None);
    let now = "2026-12-10T00:00:00Z".parse().expect("a moment");
    let access = access::load(&tree, now).expect("it is right");
    let nodes =
        ["/Default", "/Default/payments/prod/eu", "/Default/hr", "/Default/payments/production"];
    let (inside, outside) = (set(&["/Default/payments/prod/eu"]), set(&["/Default/hr"]));
    let assets = [
        ("pay-web-77", &outside),
        ("queue-1", &inside),
        ("hr-1", &outside),
        ("orders-prod", &inside),
    ];
    let found = places(&access, nodes.into_iter(), assets.into_iter());
    assert_eq!(found.nodes, set(&["/Default/payments/prod/eu"]));
    assert_eq!(found.assets, set(&["pay-web-77", "queue-1"]));
    let offered = offered(&access, &"orders-prod".parse().expect("a name"));
    assert_eq!(offered, Some(set(&["billing", "orders"])));
}

#[test]
fn names_to_choose_from_are_those_of_all_instances_and_what_one_sees() {
    let tree = example(None, None);
    let now = "2026-12-10T00:00:00Z".parse().expect("a moment");
    let access = access::load(&tree, now).expect("it is right");
    let mut read = known();
    let odd = tables(&[
        ("billing", &["cards", "a\u{202e}b", "we`ird"]),
        ("hidden", &["t"]),
        ("orders", &[]),
    ]);
    let name: InstanceName = "orders-prod".parse().expect("a name");
    read.instances.insert(name.clone(), Ok(odd));
    let catalog = renew(None, read, day("2026-12-01"));
    assert_eq!(
        catalog.scopes(&access, &[&name], 100),
        ["billing.*", "orders.*", "billing.cards", "billing.`we``ird`"]
    );
    assert_eq!(catalog.scopes(&access, &[&name], 1), ["billing.*"]);
    assert_eq!(catalog.databases(&access, &name), ["billing", "orders"]);
    assert_eq!(
        catalog.servers(&access),
        ["/Default/payments/prod", "/Default/payments/prod/eu", "pay-web-01", "pay-web-02"]
    );
}

#[test]
fn a_hundred_thousand_tables_read_back_and_one_more_is_a_line_more() {
    let mut read = known();
    let many = |count: usize| {
        let databases = (0..100).map(|number| {
            let tables =
                (0..count / 100).map(|number| table(&format!("invoices_{number:05}"), &[]));
            (format!("shop_{number:03}"), tables.collect())
        });
        Tables { databases: databases.collect(), ..Tables::default() }
    };
    let name: InstanceName = "orders-prod".parse().expect("a name");
    read.instances.insert(name.clone(), Ok(many(100_000)));
    let catalog = renew(None, read, day("2026-12-01"));
    let before = text(&catalog);
    assert!(before.len() < 3 * 1024 * 1024, "{}", before.len());
    assert_eq!(parse(before.as_bytes()).as_ref(), Ok(&catalog));
    let mut more = catalog.clone();
    let part = more.instances.get_mut(&name).expect("the instance");
    let shop = part.holds.databases.get_mut("shop_050").expect("a database");
    shop.insert("refunds".to_owned(), Vec::new());
    let after = text(&more);
    let lines: BTreeSet<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().filter(|line| !lines.contains(line)).collect();
    assert_eq!(new, ["      - refunds"]);
    let request = "for: fanlichun\nreason: x\nuntil: 2027-02-28\ndatabases:\n  - instance: \
                   orders-prod\n    level: r\n    tables: [shop_007.invoices_0099]\n";
    let instance = "inventory/databases/orders-prod.yaml";
    let mut tree = example(Some(&after), Some(request));
    let text = String::from_utf8_lossy(&tree.files[instance]).replace("databases: ", "# ");
    tree.files.insert(instance.into(), text.as_bytes().into());
    let now = "2026-12-10T00:00:00Z".parse().expect("a moment");
    let access = access::load(&tree, now).expect("it is right");
    let found = check(&tree, &access, now);
    assert_eq!(found.len(), 1);
    assert!(found[0].help.as_ref().is_some_and(|help| help.contains("invoices_0")), "{found:?}");
}

proptest! {
    #[test]
    fn any_names_read_back(names in proptest::collection::btree_map(
        "\\PC{1,12}|[a-z:./\"\\\\ ,\\]\\[-]{1,8}",
        proptest::collection::btree_map(
            "\\PC{1,8}|[:\"\\\\\n\t,#-]{1,5}",
            proptest::collection::vec("\\PC{1,5}", 0..3),
            0..4,
        ),
        0..4,
    )) {
        let mut read = known();
        let nodes = names.keys().cloned().collect();
        read.jumpserver = Ok(Places { nodes, assets: BTreeSet::new() });
        let holds = Tables { databases: names, ..Tables::default() };
        read.instances.insert("odd".parse().expect("a name"), Ok(holds));
        let catalog = renew(None, read, day("2026-12-01"));
        prop_assert_eq!(parse(text(&catalog).as_bytes()), Ok(catalog));
    }

    #[test]
    fn fuzz_any_text_is_a_catalogue_or_told(text in "(version: 1\nread: 2026-12-01\n)?(\\PC|\n| ){0,80}") {
        let _ = parse(text.as_bytes());
    }
}
