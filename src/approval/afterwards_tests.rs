//! An approval afterwards is that of whom the file names.

use super::Pull;
use super::State::Approved;
use super::tests::{World, pull, world};

const POLICY: (&str, &str) = (
    "policy.yaml",
    "environments: [prod, test]\nowners: [zhaomin]\nlimits: []\nemergency:\n  mergers: [zhaomin]\n  longest: 4h\n",
);
const PATH: &str = "requests/INC-77.yaml";
const ASKED: &str = "for: fanlichun\nreason: INC-77\nemergency: payments are down\nfrom: 2026-12-01 11:50\nuntil: 2026-12-01 15:50\ndatabases:\n  - { instance: orders-prod, level: rw, tables: [billing.invoices] }\n";
const BY_LIWEI: &str = "for: fanlichun\nreason: INC-77\nemergency: payments are down\napproved-afterwards: liwei\nfrom: 2026-12-01 11:50\nuntil: 2026-12-01 15:50\ndatabases:\n  - { instance: orders-prod, level: rw, tables: [billing.invoices] }\n";

/// liwei and wangfang own what it reached, and the file says that liwei approved.
fn named() -> World {
    world(&[POLICY, (PATH, ASKED)], &[(PATH, BY_LIWEI)], &[])
}

#[test]
fn no_other_owner_approves_in_the_name_of_one() {
    let world = named();
    assert_eq!(world.needs(), ["1 approval of liwei for the emergency INC-77"]);
    let by_another = world.judge(&pull("fanlc", &[("wangfang", Approved, "head")]));
    let wanted = "1 approval of liwei for the emergency INC-77";
    assert_eq!(by_another.missing().as_deref(), Some(wanted));
    assert_eq!(by_another.passed_over[0].why, "is none of those who are asked");
    let by_him = world.judge(&pull("fanlc", &[("liwei", Approved, "head")]));
    assert_eq!(by_him.missing(), None);
    let stale = world.judge(&pull("fanlc", &[("liwei", Approved, "older")]));
    assert_eq!(stale.missing().as_deref(), Some(wanted));
}

#[test]
fn who_opened_it_has_said_so_and_another_owner_approves() {
    let world = named();
    let alone = world.judge(&pull("LIWEI", &[]));
    let wanted = "1 approval of team/payments for the emergency INC-77";
    assert_eq!(alone.missing().as_deref(), Some(wanted));
    let with_another = world.judge(&pull("LIWEI", &[("wangfang", Approved, "head")]));
    assert_eq!(with_another.missing(), None);
    // Who wrote in what somebody else opened says so by his approval.
    let wrote = |reviews: &[(&str, super::State, &str)]| Pull {
        writers: ["liwei".to_owned()].into(),
        ..pull("a-bot", reviews)
    };
    let without_his = world.judge(&wrote(&[("wangfang", Approved, "head")]));
    assert_eq!(
        without_his.missing().as_deref(),
        Some("1 approval of liwei for the emergency INC-77")
    );
    let both = [("wangfang", Approved, "head"), ("liwei", Approved, "head")];
    assert_eq!(world.judge(&wrote(&both)).missing(), None);
}

#[test]
fn nobody_steps_in_for_somebody_who_cannot_approve() {
    // He has no name at the forge, so nothing can show that it was he.
    let nameless = ("people/liwei.yaml", "name: 李伟\n");
    let world = world(&[POLICY, nameless, (PATH, ASKED)], &[(PATH, BY_LIWEI)], &[]);
    let reviews = [("zhaomin", Approved, "head"), ("wangfang", Approved, "head")];
    let verdict = world.judge(&pull("fanlc", &reviews));
    assert!(verdict.is_hopeless() && !verdict.needs[0].stepped_in);
    assert_eq!(verdict.missing().as_deref(), Some("1 approval of liwei for the emergency INC-77"));
}

#[test]
fn the_one_who_is_named_must_be_an_owner() {
    let by_zhaomin = BY_LIWEI.replace("afterwards: liwei", "afterwards: zhaomin");
    let edit: &'static str = by_zhaomin.leak();
    let world = world(&[POLICY, (PATH, ASKED)], &[(PATH, edit)], &[]);
    for reviewer in ["zhaomin", "liwei"] {
        let verdict = world.judge(&pull("fanlc", &[(reviewer, Approved, "head")]));
        assert!(!verdict.is_satisfied(), "{reviewer}");
    }
}
