//! Events and who is told of them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::access::model::Access;
use crate::access::notify::{Language, What};
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
    deliveries(access, notify, events, state, &links, noon())
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
            { "number": 0, "sign": "end", "takes": true, "target": "jumpserver", "title": "permission old", "words": ["ends"], "because": [] },
            { "number": 1, "sign": "add", "gives": true, "target": { "instance": "orders-prod" }, "title": "account new", "words": ["may"],
              "because": [{ "request": "PAY-1", "state": "asks", "reason": "PAY-1: refunds", "until": "2027-01-31 24:00 +08:00" }] },
            { "number": 2, "sign": "add", "gives": true, "target": "jumpserver", "title": "permission new", "words": ["opens"],
              "because": [{ "request": "PAY-1", "state": "asks", "reason": "PAY-1: refunds", "until": "2027-01-31 24:00 +08:00" }] },
            { "number": 3, "sign": "add", "gives": true, "target": { "instance": "orders-prod" }, "title": "account other", "words": [], "because": [] },
            { "number": 4, "sign": "add", "gives": true, "target": "jumpserver", "title": "permission other", "words": [], "because": [] }
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

/// What is told of an apply that carried out these steps of one person.
fn told(steps: &[(&str, &str)]) -> String {
    let entries = steps.iter().enumerate().map(|(number, (entry, _))| {
        format!(
            "{{ \"number\": {number}, \"target\": {{ \"instance\": \"orders-prod\" }}, {entry} }}"
        )
    });
    let entries: Vec<String> = entries.collect();
    let outcomes = steps.iter().enumerate().map(|(number, (_, outcome))| {
        format!("{{ \"number\": {number}, \"name\": \"x\", \"outcome\": \"done\"{outcome} }}")
    });
    let outcomes: Vec<String> = outcomes.collect();
    let text = format!(
        "{{ \"schema\": \"jumpgate.apply/1\", \"plan\": {{ \"owner\": \"acme\", \"at\": \"now\", \
         \"people\": [{{ \"person\": \"fanlichun\", \"steps\": [{}] }}] }}, \"steps\": [{}] }}",
        entries.join(", "),
        outcomes.join(", "),
    );
    let applied = Applied::parse(&text, "acme").expect("an apply");
    let access = access(&[]);
    let events = found(&access, noon(), Some(&applied));
    let links = Links::default();
    let lines = events.iter().map(|one| words::entry(Language::English, one, &links));
    lines.collect::<Vec<_>>().join("\n")
}

/// `billing.cards` has ended, and `orders.*` of another request goes on in the same account.
#[test]
fn what_a_change_takes_away_is_told_as_removed() {
    let asks = r#"{ "request": "PAY-2", "state": "asks", "reason": "orders", "until": "2027-02-28 24:00 +08:00" }"#;
    let ended = r#"{ "request": "PAY-1", "state": "ended", "reason": "cards", "until": "2026-12-31 24:00 +08:00" }"#;
    let account = |rest: &str| {
        format!(
            "\"sign\": \"change\", \"title\": \"orders-prod: account x\", {rest}, \"because\": [{asks}, {ended}]"
        )
    };
    let loses = account(r#""takes": true, "words": ["loses SELECT on billing.cards"]"#);
    // A request that still asks is no reason for what goes.
    let by_hand = loses.replace(&format!(", {ended}"), "");
    let both = account(
        r#""gives": true, "takes": true, "words": ["may SELECT on orders.*", "loses SELECT on billing.cards"]"#,
    );
    // Nobody has more or less by it.
    let neither = account(r#""words": ["gets a new password in both places"]"#);
    let all = [
        told(&[(&loses, "")]),
        told(&[(&by_hand, "")]),
        told(&[(&both, "")]),
        told(&[(&neither, "")]),
        told(&[(&loses, ", \"differs\": true")]),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    fanlichun: removed: orders-prod: account x (loses SELECT on billing.cards)
      PAY-1: cards
    fanlichun: removed: orders-prod: account x (loses SELECT on billing.cards)
    fanlichun: granted until 2027-02-28 24:00 +08:00: orders-prod: account x (may SELECT on orders.*; loses SELECT on billing.cards)
      PAY-2: orders
    fanlichun: removed: orders-prod: account x (may SELECT on orders.*; loses SELECT on billing.cards)
      PAY-1: cards
    fanlichun: changed: orders-prod: account x (gets a new password in both places)
    fanlichun: failed: orders-prod: account x
      it was written, and a new look shows that it does not stand
    ");
}

#[test]
fn of_several_requests_none_speaks_for_all() {
    let step = |because: &str| {
        format!(
            "\"sign\": \"add\", \"gives\": true, \"title\": \"permission x\", \"words\": [], \"because\": [{because}]"
        )
    };
    let asks = |request: &str, until: &str| {
        format!(
            "{{ \"request\": \"{request}\", \"state\": \"asks\", \"reason\": \"for {request}\", \"until\": \"{until}\" }}"
        )
    };
    let two = [asks("PAY-1", "2027-01-31"), asks("PAY-2", "2027-02-28")].join(", ");
    assert_eq!(told(&[(&step(&two), "")]), "fanlichun: granted: permission x");
    // The end that all of them have is the end.
    let alike = two.replace("2027-02-28", "2027-01-31");
    assert_eq!(told(&[(&step(&alike), "")]), "fanlichun: granted until 2027-01-31: permission x");
    let one = step(&asks("PAY-1", "2027-01-31"));
    let expected =
        "fanlichun: granted until 2027-01-31: permission x, permission x\n  PAY-1: for PAY-1";
    assert_eq!(told(&[(&one, ""), (&one, "")]), expected);
}

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
fn an_emergency_is_told_to_its_people_and_their_channels() {
    let asked = "for: [fanlichun, team/payments]\nreason: INC-77\nemergency: payments are down\nfrom: 2026-11-01 11:50\nuntil: 2026-11-01 15:50\nservers:\n  - { login: app, nodes: [/Default/payments/prod] }\n";
    let channels = "channels:\n  mail: { kind: mail, from: jumpgate@acme.example, to: [people], events: [emergency] }\n  team: { kind: slack, about: [team/payments], events: [emergency] }\n  others: { kind: slack, about: [zhangsan], events: [emergency] }\n";
    let access = access(&[
        (NOTIFY, channels),
        ("requests/INC-77.yaml", asked),
        ("people/zhangsan.yaml", "name: 张三\n"),
    ]);
    let round = round(&access, &found(&access, noon(), None), &State::default());
    assert_eq!(to(&round), ["mail fanlichun@acme.example", "mail liwei@acme.example", "team -"]);
}

#[test]
fn an_end_because_somebody_leaves_is_not_carried_on_by_a_renewal() {
    let leaver = "name: 范立春\nemail: fanlichun@acme.example\nleft: 2027-01-25\n";
    let access = access(&[("people/fanlichun.yaml", leaver)]);
    let round = round(&access, &found(&access, at(SOON), None), &State::default());
    insta::assert_snapshot!(round.deliveries[0].message.text, @r"
    fanlichun: orders-prod (r): billing.invoices, billing.cards ends 2027-01-25 24:00 +08:00
      PAY-1: PAY-1: refunds
    ");
}

#[test]
fn a_place_is_told_whole() {
    let request = "for: fanlichun\nreason: \"PAY-1: refunds\"\nuntil: 2027-01-31\ndatabases:\n  - instance: orders-prod\n    level: r\n    tables:\n      - orders.*\n      - billing.cards(id, last4, a, b, c)\n";
    let events = found(&access(&[("requests/PAY-1.yaml", request)]), at(SOON), None);
    assert_eq!(events[0].things, ["orders-prod (r): orders.*, billing.cards(a, b, c, id, last4)"]);
}

/// Of a group at the forge nobody here knows the people.
#[test]
fn what_a_group_owns_is_told_to_the_owners_of_the_rules() {
    let instance = |owners: &str| {
        format!(
            "address: orders-prod.db.acme.example:3306\nasset: orders-prod\nenvironment: prod\nowners: [{owners}]\naccount-host: 10.8.0.%\n"
        )
    };
    let channels = "channels:\n  mail: { kind: mail, from: jumpgate@acme.example, to: [owners], events: [ending] }\n";
    let told = |owners: &str, more: &[(&str, &str)]| {
        let instance = instance(owners);
        let files = [
            (NOTIFY, channels),
            ("policy.yaml", "environments: [prod, test]\nowners: [zhangsan]\n"),
            ("people/zhangsan.yaml", "name: 张三\nemail: zhangsan@acme.example\n"),
            ("inventory/databases/orders-prod.yaml", &instance),
        ];
        let access = access(&[&files[..], more].concat());
        let round = round(&access, &found(&access, at(SOON), None), &State::default());
        let groups: Vec<String> = round.groups.iter().map(ToString::to_string).collect();
        (to(&round), groups)
    };
    let told = |owners: &str, more: &[(&str, &str)]| {
        let (to, groups) = told(owners, more);
        format!("{} {}", to.join(" "), groups.join(" "))
    };
    assert_eq!(told("forge/dba", &[]), "mail zhangsan@acme.example forge/dba");
    assert_eq!(told("forge/dba, liwei", &[]), "mail liwei@acme.example forge/dba");
    // Whoever has left answers for nothing.
    let left = [("people/liwei.yaml", "name: 李伟\nemail: liwei@acme.example\nleft: 2026-11-20\n")];
    assert_eq!(told("liwei", &left), "mail zhangsan@acme.example ");
}

#[test]
fn much_at_once_becomes_some_messages_and_a_number() {
    let event = |number: usize| Event {
        what: What::Granted,
        key: format!("granted/{number}"),
        people: BTreeSet::from(["fanlichun".parse().expect("a name")]),
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

/// What would be cut off counts as told.
#[test]
fn signs_that_become_longer_are_measured_as_they_are_sent() {
    let channels = "language: zh\nchannels:\n  slack: { kind: slack }\n  feishu: { kind: feishu }\n  ding: { kind: dingtalk }\n  wecom: { kind: wecom }\n";
    let access = access(&[(NOTIFY, channels)]);
    let notify = access.notify.as_ref().expect("settings");
    for length in [3, 100, 790, 3_000] {
        let event = |number: usize| Event {
            what: What::ALL[number % What::ALL.len()],
            key: format!("x/{number}"),
            people: BTreeSet::from(["fanlichun".parse().expect("a name")]),
            owners: BTreeSet::new(),
            things: vec![["@", "<", ">"][number % 3].repeat(length)],
            until: Some("2027-01-31 24:00 +08:00".to_owned()),
            why: Some("&".repeat(length)),
            request: Some("PAY-1".to_owned()),
            file: None,
        };
        let events: Vec<Event> = (0..400).map(event).collect();
        for delivery in round(&access, &events, &State::default()).deliveries {
            let kind = &notify.channels[&delivery.channel].kind;
            let owner = "o".repeat(40);
            let title = delivery.message.title.replace("acme", &owner);
            let message = Message { title, ..delivery.message };
            let post = body::post(kind, &message, &owner, None, noon());
            assert!(post.is_ok(), "{length} {} {post:?}", delivery.channel);
        }
    }
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

proptest! {
    /// Whatever an author or a server writes, it stays in its entry and hides nothing.
    #[test]
    fn texts_stay_in_their_entry(why in any::<String>(), thing in any::<String>()) {
        let event = Event {
            what: What::Failed,
            key: "failed/x".to_owned(),
            people: BTreeSet::from(["fanlichun".parse().expect("a name")]),
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
