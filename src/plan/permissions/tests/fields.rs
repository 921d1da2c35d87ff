//! Each part of a permission by itself: what of it gives and what takes.

use super::*;

/// Two of everything that a permission says.
fn two() -> PermissionSpec {
    PermissionSpec {
        users: texts(&["fanlichun", "liwei"]),
        groups: texts(&["dba", "ops"]),
        assets: texts(&["a", "b"]),
        nodes: texts(&["/Default/x", "/Default/y"]),
        accounts: texts(&["app", "root"]),
        protocols: texts(&["rdp", "ssh"]),
        actions: texts(&["connect", "upload"]),
        ..spec("p", BTreeSet::new(), 100)
    }
}

type Part = (&'static str, fn(&mut PermissionSpec) -> &mut BTreeSet<String>);

const PARTS: [Part; 7] = [
    ("users", |spec| &mut spec.users),
    ("groups", |spec| &mut spec.groups),
    ("assets", |spec| &mut spec.assets),
    ("nodes", |spec| &mut spec.nodes),
    ("accounts", |spec| &mut spec.accounts),
    ("protocols", |spec| &mut spec.protocols),
    ("actions", |spec| &mut spec.actions),
];

/// Whether a change from one to the other gives, and whether it takes.
fn sides(from: &PermissionSpec, to: &PermissionSpec) -> (bool, bool) {
    let (from, to) = (Box::new(from.clone()), Box::new(to.clone()));
    let action = Action::Update { from, to, mark: false };
    (action.gives(), action.takes())
}

#[test]
fn whoever_and_whatever_comes_gives_and_what_goes_takes() {
    for (name, part) in PARTS {
        let mut one = two();
        part(&mut one).pop_last();
        assert_eq!(sides(&two(), &one), (false, true), "less {name}");
        assert_eq!(sides(&one, &two()), (true, false), "more {name}");
        let mut other = one.clone();
        part(&mut other).insert("another".to_owned());
        assert_eq!(sides(&two(), &other), (true, true), "other {name}");
    }
    assert_eq!(sides(&two(), &two()), (false, false));
    let called = PermissionSpec { name: "q".to_owned(), ..two() };
    assert_eq!(sides(&two(), &called), (false, false), "a name opens nothing");
}

#[test]
fn a_longer_period_gives_and_a_shorter_one_takes() {
    let period = |start, end| PermissionSpec { start: at(start), end: at(end), ..two() };
    for (from, to, expected) in [
        (period(10, 100), period(20, 100), (false, true)),
        (period(10, 100), period(10, 90), (false, true)),
        (period(10, 100), period(5, 100), (true, false)),
        (period(10, 100), period(10, 110), (true, false)),
        (period(10, 100), period(20, 110), (true, true)),
        (period(10, 100), period(5, 90), (true, true)),
    ] {
        assert_eq!(sides(&from, &to), expected, "{from:?} {to:?}");
    }
}

#[test]
fn one_that_is_switched_off_gives_nothing() {
    let off = |spec: PermissionSpec| PermissionSpec { active: false, ..spec };
    let mut less = two();
    less.users.pop_last();
    assert_eq!(sides(&two(), &off(two())), (false, true));
    assert_eq!(sides(&off(two()), &two()), (true, false));
    assert_eq!(sides(&off(two()), &off(less)), (false, false));
}

#[test]
fn any_protocol_is_more_than_some() {
    let any = PermissionSpec { protocols: texts(&["all"]), ..two() };
    assert_eq!(sides(&any, &two()), (false, true));
    assert_eq!(sides(&two(), &any), (true, false));
}
