//! Compare, then carry out on a model: it arrives, and never gives too much on the way.

mod fields;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::naming;

fn owner() -> Owner {
    "acme".parse().expect("an owner")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a moment")
}

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn spec(name: &str, assets: BTreeSet<String>, end: i64) -> PermissionSpec {
    PermissionSpec {
        name: name.to_owned(),
        users: texts(&["fanlichun"]),
        groups: BTreeSet::new(),
        assets,
        nodes: BTreeSet::new(),
        accounts: texts(&["app"]),
        protocols: texts(&["ssh"]),
        actions: texts(&["connect"]),
        start: at(0),
        end: at(end),
        active: true,
    }
}

fn mark(name: &str, end: i64) -> Mark {
    let id = naming::permission_id(&owner(), "org", name);
    let end = Some(at(end));
    Mark {
        owner: owner(),
        id,
        user: None,
        requests: Default::default(),
        end,
        handover: None,
        left: None,
    }
}

fn want(spec: PermissionSpec) -> (Uuid, Want<'static>) {
    let mark = mark(&spec.name, spec.end.as_second());
    (mark.id, Want { spec: Cow::Owned(spec), mark, group: "app/fanlichun", adopts: None })
}

fn seen(spec: PermissionSpec, mark: Option<Mark>) -> (Uuid, SeenPermission) {
    let id = naming::permission_id(&owner(), "org", &spec.name);
    let labelled = mark.is_some();
    let user_ids = BTreeMap::new();
    (id, SeenPermission { id, spec, user_ids, labelled, mark, comment: String::new() })
}

fn ours(spec: PermissionSpec) -> (Uuid, SeenPermission) {
    let mark = mark(&spec.name, spec.end.as_second());
    seen(spec, Some(mark))
}

type Permissions = BTreeMap<Uuid, SeenPermission>;

fn steps(wanted: &BTreeMap<Uuid, Want>, live: &Permissions) -> (Vec<Step>, Vec<Conflict>) {
    let is_settled = |id: &Uuid, want: &Want| {
        live.get(id).is_some_and(|seen| is_ours(&owner(), seen) && is_settled(seen, want))
    };
    let (settled, wanted): (BTreeMap<_, _>, BTreeMap<_, _>) =
        wanted.clone().into_iter().partition(|(id, want)| is_settled(id, want));
    let settled = settled.into_keys().collect();
    let read = Live { permissions: live.clone(), ..Live::default() };
    let (steps, conflicts, _) = compare(
        &There::new(&owner(), &read),
        &wanted,
        &settled,
        &BTreeMap::new(),
        |_| "app/fanlichun".to_owned(),
        at(50),
    );
    (steps, conflicts)
}

/// Carries out one step as JumpServer would.
fn carry_out(live: &mut Permissions, wanted: &BTreeMap<Uuid, Want>, step: &Step) {
    match &step.action {
        Action::Create { spec } => {
            let (id, seen) = seen(spec.clone(), Some(wanted[&step.id].mark.clone()));
            assert_eq!(id, step.id);
            live.insert(id, seen);
        }
        Action::Update { from, to, mark } => {
            let seen = live.get_mut(&step.id).expect("a permission");
            assert_eq!(seen.spec, **from, "a step starts from what is there");
            seen.spec = (**to).clone();
            if *mark {
                (seen.labelled, seen.mark) = (true, Some(wanted[&step.id].mark.clone()));
            }
        }
        Action::Adopt { from, to, .. } => {
            let seen = live.get_mut(&step.id).expect("a permission");
            assert_eq!(seen.spec, **from, "a step starts from what is there");
            seen.spec = (**to).clone();
            (seen.labelled, seen.mark) = (true, Some(wanted[&step.id].mark.clone()));
        }
        Action::Release { .. } => {
            let seen = live.get_mut(&step.id).expect("a permission");
            (seen.labelled, seen.mark) = (false, None);
        }
        Action::Delete { .. } => {
            live.remove(&step.id).expect("a permission");
        }
    }
}

type Door = (String, String, String, String);

/// Every door that stands open at a moment: user, asset, account, action.
fn open<'a>(specs: impl Iterator<Item = &'a PermissionSpec>, moment: i64) -> BTreeSet<Door> {
    let mut doors = BTreeSet::new();
    for spec in
        specs.filter(|spec| spec.active && spec.start <= at(moment) && at(moment) < spec.end)
    {
        for user in &spec.users {
            for asset in &spec.assets {
                for account in &spec.accounts {
                    for action in &spec.actions {
                        let door = (user, asset, account, action);
                        doors.insert((
                            door.0.clone(),
                            door.1.clone(),
                            door.2.clone(),
                            door.3.clone(),
                        ));
                    }
                }
            }
        }
    }
    doors
}

/// Permissions of one person that differ in period, each with some assets.
fn any_wanted() -> impl Strategy<Value = BTreeMap<Uuid, Want<'static>>> {
    let assets = proptest::collection::btree_set("[abc]", 1..4);
    proptest::collection::btree_map(0..3_i64, assets, 0..4).prop_map(|periods| {
        periods
            .into_iter()
            .map(|(n, assets)| want(spec(&format!("p{n}"), assets, 60 + 20 * n)))
            .collect()
    })
}

proptest! {
    #[test]
    fn it_arrives_and_never_gives_more_nor_less_on_the_way(
        old in any_wanted(), new in any_wanted(), drift in 0..4_u8,
    ) {
        let mut live: Permissions = old.values().map(|want| ours(want.spec.clone().into_owned())).collect();
        if let Some(first) = live.values_mut().next() {
            match drift {
                1 => first.spec.actions = texts(&["connect", "upload"]),
                2 => first.spec.active = false,
                3 => first.labelled = false,
                _ => {}
            }
        }
        let moments = [10, 65, 85, 99];
        let doors = |live: &Permissions| moments.map(|m| open(live.values().map(|seen| &seen.spec), m));
        let before = doors(&live);
        let after = moments.map(|m| open(new.values().map(|want| &*want.spec), m));

        let (steps_to, conflicts) = steps(&new, &live);
        prop_assert!(conflicts.is_empty());
        for step in &steps_to {
            carry_out(&mut live, &new, step);
            for ((now, before), after) in doors(&live).iter().zip(&before).zip(&after) {
                prop_assert!(now.iter().all(|door| before.contains(door) || after.contains(door)));
                if matches!(drift, 0 | 3) {
                    prop_assert!(before.intersection(after).all(|door| now.contains(door)));
                }
            }
        }
        let reached: BTreeMap<_, _> = live.iter().map(|(id, seen)| (*id, &seen.spec)).collect();
        let target: BTreeMap<_, _> = new.iter().map(|(id, want)| (*id, &*want.spec)).collect();
        prop_assert_eq!(reached, target);
        prop_assert_eq!(steps(&new, &live), (Vec::new(), Vec::new()), "a second run does nothing");
    }

    #[test]
    fn what_a_step_needs_stands_before_it(old in any_wanted(), new in any_wanted()) {
        let live: Permissions = old.values().map(|want| ours(want.spec.clone().into_owned())).collect();
        let (steps, _) = steps(&new, &live);
        for (position, step) in steps.iter().enumerate() {
            prop_assert!(step.needs.iter().all(|need| *need < position));
            let new_before = steps.iter().any(|other| other.phase == Phase::New);
            prop_assert_eq!(step.phase == Phase::Replaced, !step.needs.is_empty());
            prop_assert!(step.phase != Phase::Replaced || new_before);
        }
        prop_assert!(steps.is_sorted_by_key(|step| step.phase));
    }
}

#[test]
fn o34_what_nobody_asks_for_goes() {
    let live = BTreeMap::from([ours(spec("p", texts(&["a", "b", "c"]), 100))]);
    let wanted = BTreeMap::from([want(spec("p", texts(&["a"]), 100))]);
    let (steps, _) = steps(&wanted, &live);
    let [step] = &steps[..] else { panic!("one step: {steps:?}") };
    assert_eq!((step.phase, step.early_end), (Phase::Ends, true));
    let Action::Update { to, .. } = &step.action else { panic!("an update: {step:?}") };
    assert_eq!(to.assets, texts(&["a"]));
}

#[test]
fn o25_a_foreign_permission_of_that_name_is_a_conflict() {
    let wanted = BTreeMap::from([want(spec("p", texts(&["a"]), 100))]);
    let id = Uuid::from_u128(9);
    let (_, mut foreign) = seen(spec("p", texts(&["z"]), 100), None);
    foreign.id = id;
    let live = BTreeMap::from([(id, foreign)]);
    let expected = Conflict::NameTaken { name: "p".to_owned(), id };
    assert_eq!(steps(&wanted, &live), (Vec::new(), vec![expected]));
}

#[test]
fn a_copy_is_reported_and_left() {
    let id = Uuid::from_u128(9);
    let (_, mut copy) = ours(spec("p", texts(&["a"]), 100));
    copy.id = id;
    let live = BTreeMap::from([(id, copy)]);
    let expected = Conflict::Copy { name: "p".to_owned(), id };
    assert_eq!(steps(&BTreeMap::new(), &live), (Vec::new(), vec![expected]));
}

#[test]
fn o27_an_end_that_the_mark_records_as_passed_is_no_early_end() {
    let passed = BTreeMap::from([ours(spec("p", texts(&["a"]), 40))]);
    let running = BTreeMap::from([ours(spec("p", texts(&["a"]), 60))]);
    assert!(!steps(&BTreeMap::new(), &passed).0[0].early_end);
    assert!(steps(&BTreeMap::new(), &running).0[0].early_end);
}

#[test]
fn a_renewed_permission_is_replaced_after_its_successor_stands() {
    let live = BTreeMap::from([ours(spec("p1", texts(&["a"]), 60))]);
    let wanted = BTreeMap::from([want(spec("p2", texts(&["a"]), 90))]);
    let (steps, _) = steps(&wanted, &live);
    let phases: Vec<_> = steps.iter().map(|step| (step.phase, step.needs.clone())).collect();
    assert_eq!(phases, [(Phase::New, vec![]), (Phase::Replaced, vec![0])]);
}
