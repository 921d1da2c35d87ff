//! What goes out of a request so that just some of its access goes.

use super::*;
use crate::edit::take_out;
use crate::grants;
use crate::plan::tests::world::{at, repo};

const REQUEST: &str = "# who
for: [fanlichun, team/payments]
reason: x
servers:
  - login: app
    nodes: [/Default/payments/prod] # all of them
    assets: [pay-web-01, pay-web-02]
databases:
  - { instance: orders-prod, level: r, tables: ['orders.*'] }
";

const TEAM: (&str, &str) = ("teams/payments.yaml", "members: [liwei]\n");

/// The file without the access that `out` names, and what stays.
fn without(request: &str, out: &[(&str, &str)]) -> (Option<String>, Vec<String>) {
    let access = repo(&[("r", request)], &[TEAM]);
    let grants = grants::of(&access);
    let entries = of(&grants, at("2026-12-01T02:00:00Z"));
    let all: Vec<&Entry<'_>> = entries.iter().collect();
    let request_of = access.requests.values().next().expect("the request");
    let goes = |entry: &Entry<'_>| {
        let opens = entry.opens.to_string();
        out.iter().any(|(person, what)| {
            (*person == "*" || entry.person.as_str() == *person) && (*what == "*" || opens == *what)
        })
    };
    let removal = removal(&access, request_of, &all, goes);
    let left = removal.left.iter().map(|(person, opens)| format!("{person} {opens}")).collect();
    if removal.whole {
        return (None, left);
    }
    let text = take_out(request, &removal.parts).expect("it goes");
    // What is left of the file asks for just what was to stay.
    let after = repo(&[("r", &text)], &[TEAM]);
    let grants = grants::of(&after);
    let stays: Vec<String> = of(&grants, at("2026-12-01T02:00:00Z"))
        .iter()
        .map(|entry| format!("{} {}", entry.person, entry.opens))
        .collect();
    let kept = all
        .iter()
        .filter(|entry| !goes(entry) || removal.left.contains(&(entry.person, entry.opens)));
    let kept: Vec<String> = kept.map(|entry| format!("{} {}", entry.person, entry.opens)).collect();
    assert_eq!(stays, kept);
    (Some(text), left)
}

#[test]
fn accesses_are_named_by_person_and_target() {
    let access = repo(&[("r", REQUEST)], &[TEAM]);
    let grants = grants::of(&access);
    let entries = of(&grants, at("2026-12-01T02:00:00Z"));
    let words: Vec<String> = entries
        .iter()
        .filter(|entry| entry.team.is_some())
        .map(|entry| format!("{}: {}", entry.person, entry.words()))
        .collect();
    assert_eq!(
        words,
        [
            "liwei: app on /Default/payments/prod",
            "liwei: app on pay-web-01",
            "liwei: app on pay-web-02",
            "liwei: r on orders-prod: orders.*",
        ]
    );
    assert!(of(&grants, at("1999-01-01T00:00:00Z")).is_empty());
}

#[test]
fn a_target_that_nobody_keeps_goes() {
    let (text, left) = without(REQUEST, &[("*", "app on pay-web-01")]);
    assert_eq!(text, Some(REQUEST.replace("pay-web-01, ", "")));
    assert!(left.is_empty());
    let node = without(REQUEST, &[("*", "app on /Default/payments/prod")]).0.expect("a file");
    assert!(node.contains("  - login: app\n    assets: [pay-web-01"), "{node}");
    let database = without(REQUEST, &[("*", "r on orders-prod")]).0.expect("a file");
    assert!(database.ends_with("assets: [pay-web-01, pay-web-02]\n"), "{database}");
}

#[test]
fn somebody_who_keeps_nothing_goes_and_a_team_when_all_its_members_do() {
    let (text, left) = without(REQUEST, &[("fanlichun", "*")]);
    assert_eq!(text, Some(REQUEST.replace("fanlichun, ", "")));
    assert!(left.is_empty());
    let (text, _) = without(REQUEST, &[("liwei", "*")]);
    assert_eq!(text, Some(REQUEST.replace(", team/payments", "")));
}

#[test]
fn one_person_on_one_target_of_several_stays_and_is_told() {
    let (text, left) = without(REQUEST, &[("fanlichun", "app on pay-web-01")]);
    assert_eq!(text.as_deref(), Some(REQUEST));
    assert_eq!(left, ["fanlichun app on pay-web-01"]);
}

#[test]
fn a_request_of_which_nothing_is_left_goes_whole() {
    assert_eq!(without(REQUEST, &[("*", "*")]), (None, Vec::new()));
    let both = [("fanlichun", "*"), ("liwei", "*")];
    assert_eq!(without(REQUEST, &both), (None, Vec::new()));
}

#[test]
fn what_was_given_back_is_nobody_s_to_take_away() {
    let released =
        format!("{REQUEST}release: true\n").replace("[fanlichun, team/payments]", "liwei");
    let access = repo(&[("r", &released)], &[TEAM]);
    assert!(of(&grants::of(&access), at("2026-12-01T02:00:00Z")).is_empty());
}
