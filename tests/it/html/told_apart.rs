//! What looks alike is told apart: names that meet, what is held and what policy refuses, a
//! target without ways past git and one that was not read.

use std::collections::BTreeMap;
use std::sync::Arc;

use jumpgate::access;
use jumpgate::audit::{self, Observed, Terms};
use jumpgate::grants;
use jumpgate::repo::Tree;
use jumpgate::report::html::{self, Input};

use super::moment;
use crate::support::browser::Browser;
use crate::support::company::folded;
use crate::support::crowd::Crowd;

/// A person whose user has another name, while a stranger's has his; an asset and an instance
/// of one name, and a replica of it.
const FILES: [(&str, &str); 8] = [
    (
        "jumpgate.yaml",
        "version: 1\nowner: acme\ntime-zone: UTC\njumpserver: { url: 'https://jump.acme.example' }\n",
    ),
    (
        "policy.yaml",
        "environments: [prod]\nlimits:\n  - { when: { level: rw, scope: database }, deny: name the tables }\n  - { \
         when: { environment: prod }, longest: 30d }\nemergency: { mergers: [fanlichun], longest: 4h }\n",
    ),
    ("people/fanlichun.yaml", "name: 范立春\njumpserver: fanlichun@acme.example\n"),
    (
        "inventory/databases/orders.yaml",
        "address: db:3306\nasset: orders-db\nenvironment: prod\nowners: [fanlichun]\naccount-host: 10.8.0.%\n",
    ),
    (
        "inventory/databases/orders-replica.yaml",
        "address: replica:3306\nasset: orders-replica\nenvironment: prod\nowners: [fanlichun]\naccount-host: 10.8.0.%\n\
         same-accounts-as: orders\n",
    ),
    (
        "inventory/servers.yaml",
        "servers:\n  - { environment: prod, owners: [fanlichun], logins: [app], nodes: [/Default/orders/prod], \
         assets: [orders] }\n",
    ),
    (
        "requests/R-1.yaml",
        "for: fanlichun\nreason: refunds\nuntil: 2026-12-20\nservers:\n  - login: app\n    assets: [orders]\ndatabases:\n  - \
         instance: orders\n    level: rw\n    tables: [shop.items]\n  - instance: orders\n    level: rw\n    tables: [shop.*]\n",
    ),
    (
        "requests/INC-1.yaml",
        "for: fanlichun\nreason: INC-1\nemergency: payments are down\nfrom: 2026-11-28 10:00\nuntil: 2026-11-28 \
         12:00\nservers:\n  - login: app\n    assets: [orders]\n",
    ),
];

/// Its page, with what a crowd's JumpServer lets in, and servers that could not be read.
fn open(fragment: &str) -> Browser {
    let files: BTreeMap<Arc<str>, Arc<[u8]>> =
        FILES.iter().map(|(path, text)| ((*path).into(), text.as_bytes().into())).collect();
    let now = moment();
    let access = access::load(&Tree { files, ..Tree::default() }, now).expect("the files are good");
    let observed = Observed {
        jumpserver: Crowd::new(20, 8, now).observed.jumpserver,
        instances: BTreeMap::from([(
            "orders".parse().expect("a name"),
            Err("cannot connect to db:3306: nothing listens there".to_owned()),
        )]),
    };
    let audit = audit::find(&access, &observed, &Terms::default(), now, None);
    let page = html::report(&Input {
        access: &access,
        grants: &grants::of(&access),
        moment: now,
        commit: None,
        live: Some((&observed, &audit)),
        language: None,
    });
    Browser::open(&page, fragment, (1400, 900))
}

#[test]
fn a_click_opens_the_row_and_the_column_that_was_meant() {
    let mut browser = open("");
    browser.click(".who.person");
    let person = browser.text("#detail");
    assert!(person.contains("refunds") && person.contains("范立春"), "{person}");
    browser.click(".who.stranger");
    let stranger = browser.text("#detail");
    assert!(stranger.contains("a user of JumpServer whom git does not know"), "{stranger}");
    assert!(stranger.contains("fanlichun-superuser"), "{stranger}");
    let kinds = "[...document.querySelectorAll('.target')].map(target => { target.click(); \
                 return document.querySelector('#detail dl').innerText; }).join('|')";
    let kinds = browser.value(kinds).to_string();
    for kind in ["database instance", "asset", "node, with everything below it"] {
        assert!(kinds.contains(kind), "{kind}: {kinds}");
    }
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn what_policy_refuses_is_not_shown_as_held() {
    let mut browser = open("#what=instance:orders");
    assert_eq!(browser.texts(".cell .pill:not(.foreign) b"), ["app", "rw", "rw"]);
    assert_eq!(browser.texts(".cell .pill.refused b"), ["rw"]);
    let said = browser.text("#detail");
    let refused = "shop.*\nnothing new comes of it: policy does not allow this: name the tables";
    assert!(folded(&said).contains(&folded(refused)), "{said}");
    assert_eq!(said.matches("nothing new comes of it").count(), 1, "{said}");
    assert!(browser.texts(".legend li").concat().contains("refused by policy"));
    assert_eq!(browser.complaints, [""; 0]);
    let mut browser = open("#lang=zh&what=instance:orders");
    let said = browser.text("#detail");
    assert!(said.contains("不会据此授予新权限：策略不允许：name the tables"), "{said}");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_replica_is_not_read_when_the_one_whose_accounts_it_shows_is_not() {
    let mut browser = open("#q=orders");
    let mut unread = browser.texts(".target.unread");
    unread.sort();
    assert_eq!(unread, ["orders", "orders-replica"]);
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn an_emergency_stands_before_the_doors_until_somebody_approves_it() {
    let mut browser = open("#view=doors&q=nothing-of-this-name");
    let said = folded(&browser.text(".emergency"));
    for words in [
        "Emergency: JG253 an emergency was merged for fanlichun without the usual approvals",
        "payments are down requests/INC-1.yaml:1 Next: fanlichun, and nobody who got it,",
        "jumpgate approve-emergency INC-1",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(browser.complaints, [""; 0]);
    let mut browser = open("#view=doors&lang=zh");
    let said = browser.text(".emergency");
    assert!(said.starts_with("紧急申请：") && said.contains("尚无负责人事后批准"), "{said}");
    assert!(said.contains("不能是获得权限的人"), "{said}");
}
