//! Events and who is told of them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::access::model::Access;
use crate::effect::tests::{load, noon, tree};
use crate::grants;

const NOTIFY: &str = "notify.yaml";
const CHANNELS: &str = "days: [14, 3]\nedit-link: https://git.acme.example/acme/access/edit/main/{path}\nchannels:\n  ops: { kind: feishu }\n  mail: { kind: mail, from: jumpgate@acme.example, to: [people, owners, ops@acme.example], events: [ending, failed] }\n  team: { kind: slack, about: [team/payments] }\n";

/// fanlichun's access to two tables ends on the last of January.
fn access(more: &[(&str, &str)]) -> Access {
    let people = [
        (NOTIFY, CHANNELS),
        ("people/fanlichun.yaml", "name: 范立春\nemail: fanlichun@acme.example\n"),
        ("people/liwei.yaml", "name: 李伟\nemail: liwei@acme.example\n"),
    ];
    load(&tree(&[&people[..], more].concat()))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn found(access: &Access, moment: Timestamp, applied: Option<&Applied>) -> Vec<Event> {
    let grants = grants::of(access);
    let days = access.notify.as_ref().map(|notify| notify.days.clone()).unwrap_or_default();
    events(&Inputs { access, grants: &grants, moment, days: &days, applied })
}

fn round(access: &Access, events: &[Event], state: &State) -> Round {
    let notify = access.notify.as_ref().expect("settings");
    let links = Links { edit: notify.edit_link.clone(), folder: String::new() };
    deliveries(access, notify, events, state, &links)
}

fn to(round: &Round) -> Vec<String> {
    let all = round.deliveries.iter();
    all.map(|one| format!("{} {}", one.channel, one.to.as_deref().unwrap_or("-"))).collect()
}

const SOON: &str = "2027-01-20T00:00:00Z";

#[test]
fn an_end_is_told_to_whom_it_is_about_and_to_the_owners() {
    let access = access(&[]);
    assert!(found(&access, noon(), None).is_empty());
    let events = found(&access, at(SOON), None);
    let round = round(&access, &events, &State::default());
    assert_eq!(
        to(&round),
        [
            "mail fanlichun@acme.example",
            "mail liwei@acme.example",
            "mail ops@acme.example",
            "ops -"
        ]
    );
    let Message { title, text } = &round.deliveries[0].message;
    assert_eq!(title, "jumpgate acme: 1 access ends soon");
    insta::assert_snapshot!(text, @r"
    fanlichun: orders-prod (r): billing.invoices, billing.cards ends 2027-01-31 24:00 +08:00
      PAY-1: PAY-1: refunds
      jumpgate renew PAY-1 --until DATE --pull-request
      https://git.acme.example/acme/access/edit/main/requests/PAY-1.yaml
    ");
    let chinese = self::access(&[(NOTIFY, &format!("language: zh\n{CHANNELS}"))]);
    let message = &self::round(&chinese, &events, &State::default()).deliveries[0].message;
    assert_eq!(message.title, "jumpgate acme：1 项访问即将到期");
    assert!(message.text.starts_with("fanlichun：orders-prod (r): billing.invoices"));
    assert!(message.text.contains(" 于 2027-01-31 24:00 +08:00 到期\n"));
}

#[test]
fn each_number_of_days_is_one_reminder_and_what_failed_comes_again() {
    let access = access(&[]);
    let mut state = State::default();
    let first = round(&access, &found(&access, at(SOON), None), &state);
    // One did not arrive.
    for delivery in first.deliveries.iter().skip(1) {
        state.note(&delivery.keys, at(SOON));
    }
    let again = round(&access, &found(&access, at("2027-01-21T00:00:00Z"), None), &state);
    assert_eq!(to(&again), ["mail fanlichun@acme.example"]);
    state.note(&again.deliveries[0].keys, at(SOON));
    let again = round(&access, &found(&access, at("2027-01-25T00:00:00Z"), None), &state);
    assert_eq!(to(&again), [""; 0]);
    let near = round(&access, &found(&access, at("2027-01-29T00:00:00Z"), None), &state);
    assert_eq!(near.deliveries.len(), 4);
    // Over is over.
    assert!(found(&access, at("2027-02-01T00:00:00Z"), None).is_empty());
    // The state is read as it was written, and nothing else is one.
    assert_eq!(State::parse(&state.json()), Ok(state));
    assert!(State::parse("{}").is_err() && State::parse("").is_err());
}

#[test]
fn what_another_request_carries_on_does_not_end() {
    let rest = "for: fanlichun\nreason: more\nfrom: 2027-01-31\nuntil: 2027-03-01\ndatabases:\n  - { instance: orders-prod, level: r, tables: [billing.invoices] }\n";
    let events = found(&access(&[("requests/more.yaml", rest)]), at(SOON), None);
    assert_eq!(events[0].things, ["orders-prod (r): billing.cards"]);
    // One that begins later leaves a hole.
    let later = rest.replace("2027-01-31", "2027-02-05");
    let events = found(&access(&[("requests/more.yaml", &later)]), at(SOON), None);
    assert_eq!(events[0].things, ["orders-prod (r): billing.invoices, billing.cards"]);
    // What was given back carries nothing on, and does not end itself.
    let released = format!("{rest}release: true\n");
    let both = access(&[("requests/more.yaml", &released)]);
    let events = found(&both, at(SOON), None);
    assert_eq!(events[0].things, ["orders-prod (r): billing.invoices, billing.cards"]);
    assert!(found(&both, at("2027-02-26T04:00:00Z"), None).is_empty());
}

#[test]
fn a_person_without_an_address_is_named_and_a_team_s_channel_hears_of_its_team() {
    let liwei = "for: liwei\nreason: logs\nuntil: 2027-01-25\nservers:\n  - { login: app, nodes: [/Default/payments/prod] }\n";
    let access = access(&[("people/liwei.yaml", "name: 李伟\n"), ("requests/logs.yaml", liwei)]);
    let round = round(&access, &found(&access, at(SOON), None), &State::default());
    let unreachable: Vec<String> = round.unreachable.iter().map(ToString::to_string).collect();
    assert_eq!(unreachable, ["liwei"]);
    let team = round.deliveries.iter().find(|one| one.channel == "team").expect("a message");
    assert!(team.message.text.starts_with("liwei: app: /Default/payments/prod ends"));
    assert!(!team.message.text.contains("fanlichun"));
}

const APPLIED: &str = r#"{
    "schema": "jumpgate.apply/1",
    "plan": {
        "owner": "acme", "at": "2026-12-01 12:00 +08:00",
        "people": [{ "person": "fanlichun", "steps": [
            { "number": 0, "sign": "end", "target": "jumpserver", "title": "permission old", "because": [] },
            { "number": 1, "sign": "add", "target": { "instance": "orders-prod" }, "title": "account new",
              "because": [{ "request": "PAY-1", "reason": "PAY-1: refunds", "until": "2027-01-31 24:00 +08:00" }] },
            { "number": 2, "sign": "add", "target": "jumpserver", "title": "permission new",
              "because": [{ "request": "PAY-1", "reason": "PAY-1: refunds", "until": "2027-01-31 24:00 +08:00" }] },
            { "number": 3, "sign": "add", "target": { "instance": "orders-prod" }, "title": "account other", "because": [] },
            { "number": 4, "sign": "add", "target": "jumpserver", "title": "permission other", "because": [] }
        ] }]
    },
    "steps": [
        { "number": 0, "name": "a", "outcome": "done" }, { "number": 1, "name": "b", "outcome": "done" },
        { "number": 2, "name": "c", "outcome": "done" },
        { "number": 3, "name": "d", "outcome": "failed", "why": "it said \u001b[31m<!channel>" },
        { "number": 4, "name": "e", "outcome": "skipped", "why": "x" }
    ],
    "oldest_overdue_end": "2026-11-30T16:00:00Z"
}"#;

#[test]
fn what_an_apply_did_is_told_in_one_message() {
    let access = access(&[]);
    let applied = Applied::parse(APPLIED, "acme").expect("an apply");
    let events = found(&access, noon(), Some(&applied));
    let round = round(&access, &events, &State::default());
    let ops = round.deliveries.iter().find(|one| one.channel == "ops").expect("a message");
    assert_eq!(ops.message.title, "jumpgate acme: 1 failed, 1 end overdue, 1 granted, 1 removed");
    insta::assert_snapshot!(ops.message.text, @r"
    fanlichun: failed: account other
      it said \u{1b}[31m<!channel>
    an end has passed and still stands: 2026-11-30 24:00 +08:00; see `jumpgate plan`
    fanlichun: granted until 2027-01-31 24:00 +08:00: account new, permission new
      PAY-1: PAY-1: refunds
    fanlichun: removed: permission old
    ");
    assert!(Applied::parse(APPLIED, "other").is_err());
    assert!(Applied::parse(&APPLIED.replace("apply/1", "apply/2"), "acme").is_err());
    assert!(Applied::parse("[]", "acme").is_err());
}

/// A failure that goes and comes again is told again; one that stays is told once.
#[test]
fn what_stands_no_more_is_forgotten() {
    let access = access(&[]);
    let applied = Applied::parse(APPLIED, "acme").expect("an apply");
    let mut state = State::default();
    let first = round(&access, &found(&access, noon(), Some(&applied)), &state);
    for delivery in &first.deliveries {
        state.note(&delivery.keys, noon());
    }
    let second = APPLIED.replace("2026-12-01 12:00", "2026-12-01 12:10");
    let second = Applied::parse(&second, "acme").expect("an apply");
    let events = found(&access, at("2026-12-01T04:10:00Z"), Some(&second));
    let told = round(&access, &events, &state);
    let ops = told.deliveries.iter().find(|one| one.channel == "ops").expect("a message");
    assert_eq!(ops.message.title, "jumpgate acme: 1 granted, 1 removed");
    state.forget(noon(), |key| key.contains("/failed/"));
    let told = round(&access, &events, &state);
    let mail = told.deliveries.iter().find(|one| one.channel == "mail").expect("a message");
    assert_eq!(mail.message.title, "jumpgate acme: 1 failed");
}

#[test]
fn an_open_emergency_is_told_with_what_to_do() {
    let asked = "for: fanlichun\nreason: INC-77\nemergency: \"payments are down @all\"\nfrom: 2026-11-01 11:50\nuntil: 2026-11-01 15:50\nservers:\n  - { login: app, nodes: [/Default/payments/prod] }\n";
    let access = access(&[("requests/INC-77.yaml", asked)]);
    let events = found(&access, noon(), None);
    let round = round(&access, &events, &State::default());
    insta::assert_snapshot!(round.deliveries[0].message.text, @r"
    emergency for fanlichun until 2026-11-01 15:50 +08:00: no owner has approved it yet
      INC-77: payments are down @all
      jumpgate approve-emergency INC-77 --by OWNER --pull-request
    ");
    assert!(events[0].owners.iter().any(|party| party.to_string() == "team/payments"));
}

#[test]
fn much_at_once_becomes_some_messages_and_a_number() {
    let event = |number: usize| Event {
        what: What::Granted,
        key: format!("granted/{number}"),
        person: "fanlichun".parse().ok(),
        owners: BTreeSet::new(),
        things: vec![format!("{number} {}", "x".repeat(200))],
        until: None,
        why: None,
        request: None,
        file: None,
    };
    let access = access(&[(NOTIFY, "channels:\n  ops: { kind: wecom }\n")]);
    let events: Vec<Event> = (0..200).map(event).collect();
    let round = round(&access, &events, &State::default());
    assert_eq!(round.deliveries.len(), 5);
    let last = &round.deliveries[4].message.text;
    assert!(last.contains(" more; see `jumpgate plan`"), "{last}");
    // All of them count as told.
    let keys: BTreeSet<&String> = round.deliveries.iter().flat_map(|one| &one.keys).collect();
    assert_eq!(keys.len(), 200);
}

#[test]
fn an_edit_link_is_found_in_ci() {
    let of = |pairs: &'static [(&str, &str)]| {
        Links::edit_of(&|name: &str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    };
    let links = Links {
        edit: of(&[
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/access"),
            ("GITHUB_REF_NAME", "main"),
        ]),
        folder: "ops/access".to_owned(),
    };
    assert_eq!(
        links.to("requests/2026/付款 1.yaml").as_deref(),
        Some(
            "https://github.com/acme/access/edit/main/ops/access/requests/2026/%E4%BB%98%E6%AC%BE%201.yaml"
        )
    );
    let gitlab =
        of(&[("CI_PROJECT_URL", "https://git.acme.example/x"), ("CI_DEFAULT_BRANCH", "m")]);
    assert_eq!(gitlab.as_deref(), Some("https://git.acme.example/x/-/edit/m/{path}"));
    assert_eq!(of(&[]), None);
}

use crate::access::notify::What;

proptest! {
    /// Whatever an author or a server writes, it stays in its entry and hides nothing.
    #[test]
    fn texts_stay_in_their_entry(why in any::<String>(), thing in any::<String>()) {
        let event = Event {
            what: What::Failed,
            key: "failed/x".to_owned(),
            person: "fanlichun".parse().ok(),
            owners: BTreeSet::new(),
            things: vec![thing],
            until: None,
            why: Some(why),
            request: None,
            file: None,
        };
        let access = access(&[(NOTIFY, "channels:\n  ops: { kind: slack }\n")]);
        let round = round(&access, &[event], &State::default());
        let text = &round.deliveries[0].message.text;
        prop_assert_eq!(text.lines().count(), 2);
        prop_assert!(!text.chars().any(|c| c != '\n' && crate::visible::is_hidden(c)));
    }
}
