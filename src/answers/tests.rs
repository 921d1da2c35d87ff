//! What the example's people have, and what they may ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use insta::{assert_json_snapshot, assert_snapshot};
use jiff::Timestamp;

use super::*;
use crate::grants;
use crate::import::tests::world::{account, server};
use crate::jumpserver::everything::Everything;
use crate::jumpserver::spec::SeenAsset;
use crate::mysql::privilege::Privilege;
use crate::mysql::spec::{AccountName, Held, Row};
use crate::policy::Terms;
use crate::repo::Tree;
use crate::report::{self, Look};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn example(moment: Timestamp) -> Access {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo");
    crate::access::load(&Tree::folder(&folder).expect("the example"), moment).expect("it is right")
}

fn of_fanlichun(moment: &str, ended: bool) -> Mine {
    let moment = at(moment);
    let access = example(moment);
    let person = "fanlichun".parse().expect("a name");
    mine(&access, &grants::of(&access), &person, (moment, ended), |_| None)
}

#[test]
fn a_person_sees_each_request_once_with_what_it_opens() {
    let found = of_fanlichun("2026-12-10T00:00:00Z", false);
    assert_json_snapshot!(found);
}

#[test]
fn an_adopted_account_has_the_name_that_it_keeps() {
    let request = "for: fanlichun
reason: as it is today
databases:
  - { instance: orders-prod, level: r, tables: ['orders.*'], adopts: { account: fan_ro } }
";
    let access = crate::plan::tests::world::repo(&[("as-it-is", request)], &[]);
    let person = "fanlichun".parse().expect("a name");
    let moment = at("2026-12-10T00:00:00Z");
    let found = mine(&access, &grants::of(&access), &person, (moment, false), |_| None);
    assert_eq!(found.access[0].things[0].accounts, ["fan_ro"]);
}

#[test]
fn it_reads_well_in_a_terminal() {
    let mut found = of_fanlichun("2027-02-20T00:00:00Z", false);
    let waiting = of_fanlichun("2026-11-01T00:00:00Z", false).access;
    found.waiting =
        vec![Waiting { branch: "origin/jumpgate/request/x".to_owned(), access: waiting }];
    assert_snapshot!(report::mine(&found, Look::default()));
}

#[test]
fn a_list_reads_well_in_a_terminal() {
    let moment = at("2026-12-10T00:00:00Z");
    let access = example(moment);
    let grants = grants::of(&access);
    let person = "fanlichun".parse().expect("a name");
    let mine: Vec<_> = grants.iter().filter(|grant| *grant.person == person).collect();
    let mut offers = servers(&access, &mine, moment);
    offers.extend(databases((&access, None), &mine, moment));
    let list = List { schema: LIST_SCHEMA, commit: None, person: Some(person), offers };
    assert_snapshot!(report::list(&list, Look::default()));
}

#[test]
fn what_has_not_begun_nobody_has() {
    let moment = at("2026-12-10T00:00:00Z");
    let said = |period: &str| {
        let request = format!(
            "for: fanlichun\nreason: x\n{period}databases:\n  - {{ instance: orders-prod, level: r, \
             tables: ['orders.*'] }}\n"
        );
        let access = crate::plan::tests::world::repo(&[("x", &request)], &[]);
        let grants = grants::of(&access);
        let mine: Vec<_> = grants.iter().collect();
        let offers = databases((&access, None), &mine, moment);
        let person = "fanlichun".parse().ok();
        let list = List { schema: LIST_SCHEMA, commit: None, person, offers };
        let text = report::list(&list, Look { width: 200, colours: false });
        text.lines().last().unwrap_or_default().trim().to_owned()
    };
    let on = "level r on orders-prod: orders.*";
    let start = "from 2027-03-01 00:00 +08:00";
    for (period, words) in [
        ("from: 2027-03-01\n", format!("will have {on}, {start}, WITHOUT END (x)")),
        (
            "from: 2027-03-01\nuntil: 2027-03-31\n",
            format!("will have {on}, {start} until 2027-03-31 24:00 +08:00 (x)"),
        ),
        ("from: 2026-12-01\n", format!("has {on}, WITHOUT END (x)")),
    ] {
        assert_eq!(said(period), format!("fanlichun {words}"));
    }
}

#[test]
fn an_end_within_two_weeks_is_told_and_what_is_over_goes() {
    // It ends at 2027-02-28T16:00Z.
    let days = |moment: &str| of_fanlichun(moment, false).access[0].ends_in_days;
    assert_eq!(days("2027-02-14T15:59:00Z"), None);
    assert_eq!(days("2027-02-14T16:01:00Z"), Some(13));
    assert_eq!(days("2027-02-28T15:00:00Z"), Some(0));
    let over = of_fanlichun("2027-02-28T16:00:00Z", false);
    assert!(over.access.is_empty() && over.connect.is_none());
    assert_eq!(of_fanlichun("2027-02-28T16:00:00Z", true).access[0].state, State::Ended);
    let before = of_fanlichun("2026-11-01T00:00:00Z", false);
    assert_eq!(before.access[0].state, State::Upcoming);
    assert_eq!((before.active(), before.connect), (0, None));
}

#[test]
fn what_is_offered_stands_with_the_terms_of_policy() {
    let moment = at("2026-12-10T00:00:00Z");
    let access = example(moment);
    let terms = |offers: Vec<Offer>| -> Vec<String> {
        let kinds = offers.into_iter().flat_map(|offer| offer.kinds);
        let words = kinds.flat_map(|kind| {
            kind.terms.into_iter().map(move |on| {
                let Terms { end, longest_days, approvals, denied } = on.terms;
                format!(
                    "{} {:?}: {end} {longest_days:?} {approvals} {denied:?}",
                    kind.name, on.scopes
                )
            })
        });
        words.collect()
    };
    assert_eq!(
        terms(servers(&access, &[], moment)),
        ["app None: true Some(90) 1 []", "root None: true Some(7) 2 []"]
    );
    assert_eq!(
        terms(databases((&access, None), &[], moment)),
        [
            "r None: true Some(90) 1 []",
            "rw Some([Database]): true Some(90) 1 [\"name the tables\"]",
            "rw Some([Table]): true Some(90) 1 []",
        ]
    );
}

#[test]
fn an_offer_tells_what_a_person_has_of_it_and_of_nothing_else() {
    let moment = at("2026-12-10T00:00:00Z");
    let access = example(moment);
    let grants = grants::of(&access);
    let mine: Vec<_> = grants.iter().collect();
    let hosts = servers(&access, &mine, moment);
    let on: Vec<_> = hosts[0].has[0].things.iter().map(|thing| thing.on.as_str()).collect();
    assert_eq!(on, ["/Default/payments/prod and everything below it", "pay-web-01"]);
    let databases = databases((&access, None), &mine, moment);
    assert_eq!(databases[0].has[0].things.len(), 1);
}

#[test]
fn who_can_give_himself_everything_reaches_every_table() {
    let row = |stored: &str, privilege: Privilege| {
        let row = Row { privileges: privilege.into(), grant_option: false };
        Held { databases: [(stored.to_owned(), row)].into(), ..Held::default() }
    };
    let global = |name: &str| Held { global: [name.to_owned()].into(), ..Held::default() };
    let name = |user: &str| AccountName { user: user.to_owned(), host: "10.8.0.%".to_owned() };
    let acts = |user: &str| Held { proxies: [name(user)].into(), ..Held::default() };
    let mut live = server();
    for (user, held) in [
        ("root", global("SUPER")),
        ("as-root", acts("root")),
        ("maker", global("CREATE USER")),
        ("editor", row("mysql", Privilege::Update)),
        ("both", Held { global: ["FILE".to_owned()].into(), ..row("billing", Privilege::Select) }),
        ("reader", row("billing", Privilege::Select)),
        ("as-reader", acts("reader")),
        ("other", row("orders", Privilege::Select)),
        ("as-other", acts("other")),
        ("watcher", global("PROCESS")),
    ] {
        live.accounts.insert(name(user), account(user, held));
    }
    let access = crate::plan::tests::world::repo(&[], &[("requests/.keep", "")]);
    let instance = "orders-prod".parse().expect("an instance");
    let observed = crate::audit::Observed {
        jumpserver: Everything::default(),
        instances: [(instance, Ok(Box::new(live)))].into(),
    };
    let moment = at("2026-12-10T00:00:00Z");
    for target in ["orders-prod.billing.cards", "orders-prod.billing"] {
        let target = Target::parse(&access, target).expect("a target");
        let found = ways(&access, &observed, &target, None, moment);
        let told: Vec<String> = found
            .iter()
            .map(|way| {
                let accounts: Vec<&str> =
                    way.accounts.iter().filter_map(|account| account.split('@').next()).collect();
                format!("{}: {} {:?}", accounts.join(" "), way.may, way.notes)
            })
            .collect();
        assert_eq!(
            told,
            [
                "as-reader: SELECT [\"by acting as reader@10.8.0.%\"]",
                "as-root: can give itself everything []",
                "both: SELECT [\"can give itself everything\"]",
                "editor: can give itself everything []",
                "maker: can give itself everything []",
                "reader: SELECT []",
                "root: can give itself everything []",
            ]
        );
    }
}

#[test]
fn with_the_servers_a_target_is_one_that_there_is() {
    let access = crate::plan::tests::world::repo(&[], &[("requests/.keep", "")]);
    let asset = |name: &str| SeenAsset {
        id: uuid::Uuid::nil(),
        name: name.to_owned(),
        address: String::new(),
        category: "host".to_owned(),
        kind: "linux".to_owned(),
        protocols: BTreeMap::new(),
        nodes: BTreeSet::new(),
        active: true,
        directories: BTreeSet::new(),
    };
    let jumpserver = Everything {
        nodes: ["/Default", "/Default/payments", "/Default/payments/prod"]
            .map(str::to_owned)
            .into(),
        assets: vec![asset("ops-01"), asset("pay-web-01")],
        ..Everything::default()
    };
    let live =
        |text: &str| Target::live(&access, &jumpserver, text).map_err(|error| error.to_string());
    let node = |path: &str| Ok(Target::Node(path.to_owned()));
    assert_eq!(live("/Default/payments/"), node("/Default/payments"));
    assert_eq!(live("/"), node("/Default"));
    assert_eq!(
        live("/DEFAULT/payments"),
        Err("JumpServer has no node /DEFAULT/payments; did you mean /Default/payments?".to_owned())
    );
    assert_eq!(live("/other"), Err("JumpServer has no node /other".to_owned()));
    // Offered by no name, and by its node at most.
    assert_eq!(live("ops-01"), Ok(Target::Asset("ops-01".to_owned())));
    assert_eq!(
        live("pay-web-99"),
        Err("JumpServer has no asset pay-web-99; did you mean pay-web-01?".to_owned())
    );
    assert!(matches!(live("orders-prod.orders"), Ok(Target::Instance { .. })));
    let alone = Target::parse(&access, "ops-01").map_err(|error| error.to_string());
    assert!(alone.is_err_and(|told| told.contains("with `--live` an asset")));
}

#[test]
fn a_node_that_the_inventory_does_not_have_is_told() {
    let access = crate::plan::tests::world::repo(&[], &[("requests/.keep", "")]);
    let off = |path: &str| {
        let target = Target::parse(&access, path).expect("a node");
        target.off_inventory(&access)
    };
    for known in ["/", "/Default", "/Default/payments/prod", "/Default/payments/prod/eu"] {
        assert_eq!(off(known), None, "{known}");
    }
    let right = "; it has /Default/payments/prod";
    assert_eq!(off("/DEFAULT/payments/prod/eu").as_deref(), Some(right));
    let near = "; did you mean /Default/payments/prod?";
    assert_eq!(off("/Default/payment/prod").as_deref(), Some(near));
    assert_eq!(off("/Default/hr").as_deref(), Some(""));
}

#[test]
fn the_asset_of_an_instance_is_asked_about_as_the_instance() {
    let file = |asset: &str, more: &str| {
        format!(
            "address: {asset}.acme.example:3306\nasset: {asset}\nenvironment: prod\n\
             account-host: 10.8.0.%\n{more}"
        )
    };
    let alias = "same-accounts-as: main\n";
    let access = crate::plan::tests::world::repo(
        &[],
        &[
            ("requests/.keep", ""),
            ("inventory/databases/main.yaml", &file("mysql-main-01", "")),
            ("inventory/databases/reports.yaml", &file("mysql-main-02", alias)),
        ],
    );
    let named = |text: &str| match Target::parse(&access, text) {
        Ok(Target::Instance { name, database, table }) => {
            format!("{name} {} {}", database.unwrap_or_default(), table.unwrap_or_default())
        }
        other => format!("{other:?}"),
    };
    assert_eq!(named("mysql-main-01"), "main  ");
    assert_eq!(named("mysql-main-02"), "reports  ");
    assert_eq!(named("mysql-main-01.orders"), "main orders ");
    assert_eq!(named("mysql-main-01.orders.items"), "main orders items");
    assert!(named("mysql-main-0").contains("did you mean mysql-main-01?"));
    // The servers agree, but for an asset whose name goes on behind a dot.
    let database = |name: &str| SeenAsset {
        category: "database".to_owned(),
        kind: "mysql".to_owned(),
        ..crate::import::tests::world::host(name, "/Default")
    };
    let host = crate::import::tests::world::host("mysql-main-01.old", "/Default");
    let jumpserver = Everything {
        assets: vec![database("mysql-main-01"), database("mysql-main-02"), host],
        ..Everything::default()
    };
    for text in ["mysql-main-01", "mysql-main-02", "mysql-main-01.orders.items"] {
        let found = Target::live(&access, &jumpserver, text).expect("a target");
        assert_eq!(Ok(found), Target::parse(&access, text));
    }
    let old = Target::live(&access, &jumpserver, "mysql-main-01.old").expect("a target");
    assert_eq!(old, Target::Asset("mysql-main-01.old".to_owned()));
}
