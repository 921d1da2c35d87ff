//! What the policy of the base refuses gives nothing: an edit that makes it pass is new access.

use super::tests::{FILES, between};
use super::{Effect, Kind};

const POLICY: (&str, &str) = (
    "policy.yaml",
    "environments: [prod, test]\nlimits:\n  - { when: { environment: prod }, approvals: 2, longest: 90d }\n",
);
const PATH: &str = "requests/PAY-1.yaml";

/// Without an end the policy refuses it, with one it does not.
fn request(until: &str) -> String {
    let until = match until {
        "" => String::new(),
        day => format!("until: {day}\n"),
    };
    FILES[8].1.replace("until: 2027-01-31\n", &until)
}

/// The first row, and how many approvals it needs.
fn row(effect: &Effect) -> (Kind, Option<&str>, bool, u32) {
    let [row] = &effect.rows[..] else { panic!("one row: {:#?}", effect.rows) };
    let before = row.before.as_ref().and_then(|before| before.periods[0].until.as_deref());
    (row.kind, before, row.refused, effect.approvals)
}

#[test]
fn a_request_that_was_refused_is_new_when_an_edit_makes_it_pass() {
    let (endless, ends) = (request(""), request("2027-01-15"));
    let base = [POLICY, (PATH, endless.as_str())];
    let edits: [&[(&str, &str)]; 3] = [
        &[(PATH, &ends)],
        // In a file that moved, or beside the one that is refused.
        &[(PATH, ""), ("requests/2026/PAY-1.yaml", &ends)],
        &[("requests/PAY-2.yaml", &ends)],
    ];
    for edit in edits {
        let found = between(&base, &[&base[..], edit].concat());
        assert_eq!(row(&found), (Kind::Added, None, false, 2), "{edit:?}");
        assert!(!found.reached.is_empty() && found.rows[0].by.is_empty(), "{edit:?}");
    }
}

#[test]
fn what_stays_refused_is_less_and_needs_nobody() {
    let (endless, far) = (request(""), request("2027-12-31"));
    let base = [POLICY, (PATH, endless.as_str())];
    let found = between(&base, &[POLICY, (PATH, &far)]);
    assert_eq!(row(&found), (Kind::Narrowed, None, true, 0));
}

#[test]
fn a_request_that_is_allowed_does_not_cover_one_that_is_not() {
    let (short, endless, longer) = (request("2026-12-31"), request(""), request("2027-01-15"));
    let base = [POLICY, (PATH, short.as_str()), ("requests/PAY-2.yaml", endless.as_str())];
    let found = between(&base, &[POLICY, base[1], ("requests/PAY-2.yaml", &longer)]);
    let (kind, before, refused, approvals) = row(&found);
    assert_eq!((kind, refused, approvals), (Kind::Renewed, false, 2));
    assert!(before.is_some_and(|before| before.starts_with("2026-12-31")), "{before:?}");
    // Softer rules make it pass, too.
    let soft = ("policy.yaml", "environments: [prod, test]\nlimits: []\n");
    let found = between(&base, &[soft, base[1], base[2]]);
    assert_eq!(found.approvals, 2);
    assert!(found.rows.iter().all(|row| row.kind.widens() && row.by.contains("policy.yaml")));
}
