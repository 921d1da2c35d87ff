//! A list written, answered as people answer, and read.

use std::sync::Arc;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::entries;
use crate::grants;
use crate::plan::tests::world::{DATABASE, at, repo};

const REQUEST: &str = "for: [fanlichun, team/payments]
reason: \"PAY-1234: reconcile refunds\"
from: 2026-12-01
until: 2027-02-28
servers:
  - login: app
    assets: [pay-web-01]
databases:
  - { instance: orders-prod, level: r, tables: ['orders.*', 'billing.cards(id, last4)'] }
";

const TEAM: (&str, &str) = ("teams/payments.yaml", "members: [liwei]\n");
const NOW: &str = "2026-12-02T02:00:00Z";

fn repo_with(request: &str) -> Access {
    repo(&[("2026/PAY-1234-refunds", request)], &[TEAM])
}

fn list(access: &Access, scope: &Scope, used: Option<&str>) -> String {
    let grants = grants::of(access);
    let offers = Offers::new(&access.servers);
    let facts = Facts {
        since: "2026-12-01 00:00 +08:00".to_owned(),
        approved: "merged by 李伟 <liwei@acme.example>, #12".to_owned(),
        used: used.map(str::to_owned),
    };
    let lines: Vec<_> = entries::of(&grants, at(NOW))
        .into_iter()
        .filter(|entry| scope.has(access, &offers, entry))
        .map(|entry| (entry, facts.clone()))
        .collect();
    render(&List { access, scope, commit: None, day: "2026-12-02".to_owned(), lines: &lines })
}

/// What comes of the answers: what is removed, how many are kept, what is gone.
fn taken(
    access: &Access,
    text: &str,
) -> Result<(Vec<String>, usize, Vec<String>), Vec<Diagnostic>> {
    let grants = grants::of(access);
    let entries = entries::of(&grants, at(NOW));
    let file: Arc<str> = "review.yaml".into();
    let answers = read(&file, text.as_bytes(), access, &entries)?;
    let remove = answers.remove.iter().map(|(_, person, opens)| format!("{person} {opens}"));
    Ok((remove.collect(), answers.kept, answers.gone))
}

fn answered(list: &str, answer: &str, by: &str) -> String {
    list.replace("answer: \"?\"", &format!("answer: {answer}"))
        .replace("by: \"?\"", &format!("by: {by}"))
}

#[track_caller]
fn codes(access: &Access, text: &str) -> Vec<(Code, String)> {
    let errors = taken(access, text).expect_err("errors");
    errors.into_iter().map(|error| (error.code, error.message)).collect()
}

#[test]
fn a_list_reads_well() {
    let access = repo_with(REQUEST);
    let team = Scope { team: Some("payments".parse().expect("a team")), ..Scope::default() };
    insta::assert_snapshot!(list(&access, &team, Some("last used 2026-12-01 10:00 +08:00")));
}

#[test]
fn a_scope_takes_people_targets_and_environments() {
    let access = repo_with(REQUEST);
    let count =
        |scope: Scope| list(&access, &scope, None).lines().filter(|l| l.contains("who:")).count();
    assert_eq!(count(Scope::default()), 4);
    let person = |name: &str| Some(name.parse().expect("a person"));
    assert_eq!(count(Scope { person: person("fanlichun"), ..Scope::default() }), 2);
    let environment = |name: &str| Some(name.parse().expect("an environment"));
    assert_eq!(count(Scope { environment: environment("prod"), ..Scope::default() }), 4);
    assert_eq!(count(Scope { environment: environment("test"), ..Scope::default() }), 0);
    let owner = |name: &str| Some(Party::Person(name.parse().expect("a person")));
    assert_eq!(count(Scope { owner: owner("liwei"), ..Scope::default() }), 4);
    assert_eq!(count(Scope { owner: owner("fanlichun"), ..Scope::default() }), 0);
}

#[test]
fn answers_are_taken_line_by_line() {
    let access = repo_with(REQUEST);
    let text = list(&access, &Scope::default(), None);
    assert_eq!(taken(&access, &answered(&text, "remove", "liwei")).expect("good").0.len(), 4);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        let his = line.contains("who: fanlichun") && line.contains("app on");
        let by = if line.contains("who: liwei") { "fanlichun" } else { "liwei" };
        *line = answered(line, if his { "remove" } else { "keep" }, by);
    }
    let (remove, kept, gone) = taken(&access, &lines.join("\n")).expect("good");
    assert_eq!((remove, kept, gone.len()), (vec!["fanlichun app on pay-web-01".to_owned()], 3, 0));
}

#[test]
fn a_line_without_an_answer_or_a_known_name_is_an_error_at_its_place() {
    let access = repo_with(REQUEST);
    let text = list(&access, &Scope::default(), None);
    let errors = codes(&access, &text);
    assert_eq!(errors.len(), 8, "{errors:?}");
    assert!(errors[0].1.contains("no answer yet") && errors[1].1.contains("nobody stands behind"));
    let errors = codes(&access, &answered(&text, "keep", "fanlichum"));
    assert!(errors.iter().all(|(code, _)| *code == Code::UnknownName), "{errors:?}");
    let errors = codes(&access, &answered(&text, "maybe", "liwei"));
    assert!(errors.iter().all(|(code, _)| *code == Code::InvalidValue), "{errors:?}");
    // Nobody keeps access for himself; giving it back is fine.
    let errors = codes(&access, &answered(&text, "keep", "liwei"));
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].1.contains("for himself"), "{errors:?}");
}

#[test]
fn an_edited_line_and_an_access_that_changed_are_told_apart_from_one_that_is_gone() {
    let access = repo_with(REQUEST);
    let text = answered(&list(&access, &Scope::default(), None), "remove", "liwei");
    let edited = text.replacen("who: fanlichun", "who: liwei", 1);
    assert!(codes(&access, &edited)[0].1.contains("was edited"));
    let longer = repo_with(&REQUEST.replace("2027-02-28", "2027-03-31"));
    let errors = codes(&longer, &text);
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert!(errors[0].1.contains("changed since the list was written"), "{errors:?}");
    let more = repo_with(&REQUEST.replace("'orders.*', ", "'orders.*', 'hr.*', "));
    assert_eq!(codes(&more, &text).len(), 2);
    let without = repo_with(&REQUEST.replace("[fanlichun, team/payments]", "fanlichun"));
    let (remove, _, gone) = taken(&without, &text).expect("good");
    assert_eq!((remove.len(), gone.len()), (2, 2), "{gone:?}");
    assert!(gone[0].contains("liwei, "), "{gone:?}");
    let twice = format!("{text}{}\n", text.lines().last().expect("a line"));
    assert_eq!(codes(&access, &twice)[0].0, Code::Twice);
    let other = text.replace("owner: acme", "owner: other");
    assert!(codes(&access, &other)[0].1.contains("another access repo"));
    assert_eq!(codes(&access, "answers: yes\n")[0].0, Code::UnknownKey);
}

/// What an alias opens is also of the environment of the instance whose accounts it shows.
#[test]
fn a_review_of_an_environment_has_what_is_opened_by_an_alias_in_another() {
    let replica = DATABASE
        .replace("orders-prod", "orders-replica")
        .replace("environment: prod", "environment: test")
        + "same-accounts-as: orders-prod\n";
    let request = "for: fanlichun
reason: invoices
until: 2027-02-28
databases: [{ instance: orders-replica, level: r, tables: [billing.invoices] }]
";
    let access = repo(&[("r", request)], &[("inventory/databases/orders-replica.yaml", &replica)]);
    let (grants, offers) = (grants::of(&access), Offers::new(&access.servers));
    let entries = entries::of(&grants, at(NOW));
    for environment in ["prod", "test"] {
        let environment = Some(environment.parse().expect("an environment"));
        let scope = Scope { environment, ..Scope::default() };
        assert!(scope.has(&access, &offers, &entries[0]), "{scope:?}");
    }
}
