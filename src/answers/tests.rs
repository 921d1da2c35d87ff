//! What the example's people have, and what they may ask for.

use std::path::Path;

use insta::{assert_json_snapshot, assert_snapshot};
use jiff::Timestamp;

use super::*;
use crate::grants;
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
