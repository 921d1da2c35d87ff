//! Plans for people whose file named another human's user before: what he has goes at once,
//! whatever becomes of what the right one gets.

use super::*;
use crate::jumpserver::spec::PermissionSpec;

const WRONG: [(&str, &str); 1] = [("people/fanlichun.yaml", "name: 范立春\njumpserver: wrong\n")];
const WEI: (&str, &str) = ("people/wei.yaml", "name: 魏\njumpserver: wrong\n");
const LIMIT: &str =
    "environments: [prod, test]\nlimits:\n  - { when: { environment: prod }, longest: 120d }\n";

/// A host and a table, each in a permission of its own.
const BOTH: &str = "for: fanlichun
reason: web
until: 2027-02-28
servers:
  - { login: app, assets: [pay-web-01] }
databases:
  - { instance: orders-prod, level: r, tables: [billing.invoices] }
";

impl World {
    /// What the requests give the wrong user, since the file named him.
    fn given_to_wrong(requests: &[(&str, &str)]) -> Self {
        let mut world = Self::new();
        world.user("wrong");
        world.apply(&repo(requests, &WRONG), NOW);
        assert_eq!(world.users(), BTreeSet::from(["wrong"]));
        world
    }

    /// The person's file, with the right user and his id.
    fn corrected(&self) -> String {
        let id = self.observed.jumpserver.users["fanlichun"].id;
        format!("name: 范立春\njumpserver-id: {id}\n")
    }

    fn unreadable(&mut self) {
        let broken = crate::observed::Instance::Unreadable("nothing listens there".to_owned());
        self.observed.instances.insert("orders-prod".parse().expect("a name"), broken);
    }

    /// What the one permission says.
    fn spec(&self) -> &PermissionSpec {
        let mut all = self.observed.jumpserver.permissions.values();
        let (Some(seen), None) = (all.next(), all.next()) else { panic!("one permission") };
        &seen.spec
    }
}

fn until(text: &str, day: &str) -> String {
    text.replace("2027-02-28", day)
}

#[test]
fn a_corrected_user_is_taken_out_though_what_the_right_one_gets_waits_for_its_server() {
    for after in [TABLE.to_owned(), until(TABLE, "2027-03-31")] {
        let mut world = World::given_to_wrong(&[("r", TABLE)]);
        let file = world.corrected();
        let server = world.observed.instances.clone();
        world.unreadable();
        let access = repo(&[("r", &after)], &[("people/fanlichun.yaml", &file)]);
        world.apply(&access, NOW);
        assert_eq!(world.users(), BTreeSet::new(), "{after}");
        world.observed.instances = server;
        world.apply(&access, NOW);
        assert_eq!(world.users(), BTreeSet::from(["fanlichun"]), "{after}");
        assert_eq!(world.live().permissions.len(), 1);
    }
}

#[test]
fn a_corrected_user_is_taken_out_though_the_renewal_breaks_policy() {
    let mut world = World::given_to_wrong(&[("r", BOTH)]);
    let file = world.corrected();
    let longer = until(BOTH, "2027-12-31");
    let files = [("people/fanlichun.yaml", file.as_str()), ("policy.yaml", LIMIT)];
    let plan = world.apply(&repo(&[("r", &longer)], &files), NOW);
    assert!(plan.breaks_policy());
    assert!(plan.items.iter().all(|item| !item.what.gives()), "{:#?}", plan.items);
    assert_eq!(world.users(), BTreeSet::new());
    world.apply(&repo(&[("r", &longer)], &files[..1]), NOW);
    assert_eq!(world.users(), BTreeSet::from(["fanlichun"]));
}

#[test]
fn what_a_wrong_user_has_waits_for_nothing_that_the_right_one_gets() {
    for after in [BOTH.to_owned(), until(BOTH, "2027-03-31"), BOTH.replace("web-01", "web-02")] {
        let mut world = World::given_to_wrong(&[("r", BOTH)]);
        let file = world.corrected();
        let access = repo(&[("r", &after)], &[("people/fanlichun.yaml", &file)]);
        let plan = world.plan(&access, NOW);
        let out: Vec<&Item> = plan.items.iter().filter(|item| item.what.takes()).collect();
        assert_eq!(out.len(), 2, "{:#?}", plan.items);
        for item in out {
            assert!(!item.what.gives() && item.early_end, "{item:#?}");
            assert_eq!((item.phase, item.needs.as_slice()), (Phase::Ends, &[][..]), "{after}");
        }
        // Cut before anything is given, it goes on.
        let mut ends = plan.clone();
        ends.items.retain(|item| item.phase == Phase::Ends);
        world.carry_out(&ends);
        assert_eq!(world.users(), BTreeSet::new(), "{after}");
        world.apply(&access, NOW);
        assert_eq!(world.users(), BTreeSet::from(["fanlichun"]), "{after}");
    }
}

/// When he cannot be taken out, nobody else is put in beside him.
#[test]
fn the_right_user_gets_in_after_the_wrong_one_is_out() {
    let world = World::given_to_wrong(&[("r", HOST)]);
    let file = world.corrected();
    let plan = world.plan(&repo(&[("r", HOST)], &[("people/fanlichun.yaml", &file)]), NOW);
    let [out, new] = plan.items.as_slice() else { panic!("{:#?}", plan.items) };
    assert_eq!((out.phase, new.phase, new.needs.as_slice()), (Phase::Ends, Phase::New, &[0][..]));
    assert_eq!(plan.removals.counted, 1);
}

/// Merged against the rules, with a file that was corrected since: he has not had it yet.
#[test]
fn what_was_merged_against_the_rules_gives_a_corrected_user_nothing() {
    for request in [HOST, TABLE] {
        let mut world = World::given_to_wrong(&[("r", request)]);
        let file = world.corrected();
        let files = [("people/fanlichun.yaml", file.as_str())];
        let access = repo(&[("r", request)], &files);
        let plan = world.plan_unproven(&access, NOW, &["r"]);
        assert!(plan.items.iter().all(|item| !item.what.gives()), "{:#?}", plan.items);
        world.carry_out(&plan);
        assert_eq!(world.users(), BTreeSet::new());
        assert!(!world.spec().active, "what tells of the user of before stays");
        let again = world.plan_unproven(&access, NOW, &["r"]);
        assert_eq!(again.items, []);
        // Renewed meanwhile, he gets nothing either.
        let mut renewed = World::new();
        renewed.observed = world.observed.clone();
        let longer = repo(&[("r", &until(request, "2027-03-31"))], &files);
        let plan = renewed.plan_unproven(&longer, NOW, &["r"]);
        renewed.carry_out(&plan);
        assert_eq!(renewed.users(), BTreeSet::new());
        assert_eq!(renewed.plan_unproven(&longer, NOW, &["r"]).items, []);
        renewed.apply(&longer, NOW);
        assert_eq!(renewed.users(), BTreeSet::from(["fanlichun"]));
        // Once it is approved he gets it without a further word.
        world.apply(&access, NOW);
        assert_eq!(world.users(), BTreeSet::from(["fanlichun"]));
        assert!(world.spec().active && world.live().permissions.len() == 1);
        // And when it ends instead, nothing is left.
        renewed.apply(&longer, "2027-03-31T16:00:00Z");
        assert!(renewed.live().permissions.is_empty());
    }
}

#[test]
fn what_breaks_policy_gives_a_corrected_user_nothing() {
    let mut world = World::given_to_wrong(&[("r", BOTH)]);
    let file = world.corrected();
    let tight = LIMIT.replace("120d", "7d");
    let files = [("people/fanlichun.yaml", file.as_str()), ("policy.yaml", &tight)];
    let plan = world.apply(&repo(&[("r", BOTH)], &files), NOW);
    assert!(plan.items.iter().all(|item| !item.what.gives()), "{:#?}", plan.items);
    assert_eq!(world.users(), BTreeSet::new());
    world.apply(&repo(&[("r", BOTH)], &files[..1]), NOW);
    assert_eq!(world.users(), BTreeSet::from(["fanlichun"]));
}

/// In one permission, what is approved and what is not.
#[test]
fn a_corrected_user_gets_what_is_approved_and_nothing_beside_it() {
    let other = HOST.replace("pay-web-01", "pay-web-02");
    let requests = [("a", HOST), ("b", other.as_str())];
    let mut world = World::given_to_wrong(&requests);
    let file = world.corrected();
    let access = repo(&requests, &[("people/fanlichun.yaml", &file)]);
    let plan = world.plan_unproven(&access, NOW, &["b"]);
    world.carry_out(&plan);
    let gets = |world: &World, assets: &[&str]| {
        let spec = world.spec();
        let assets: BTreeSet<String> = assets.iter().map(|asset| (*asset).to_owned()).collect();
        assert_eq!((&spec.users, &spec.assets), (&["fanlichun".to_owned()].into(), &assets));
        assert!(spec.active);
    };
    gets(&world, &["pay-web-01"]);
    assert_eq!(world.plan_unproven(&access, NOW, &["b"]).items, []);
    world.apply(&access, NOW);
    gets(&world, &["pay-web-01", "pay-web-02"]);
}

/// The same for who was only taken out by another hand.
#[test]
fn what_was_merged_against_the_rules_gives_nobody_back_what_another_hand_took() {
    let mut world = World::new();
    let access = repo(&[("r", HOST)], &[]);
    world.apply(&access, NOW);
    for seen in world.live().permissions.values_mut() {
        seen.spec.users.clear();
        seen.user_ids.clear();
    }
    assert_eq!(world.plan_unproven(&access, NOW, &["r"]).items, []);
    world.apply(&access, NOW);
    assert_eq!(world.users(), BTreeSet::from(["fanlichun"]));
}

/// The right one has not logged in yet, and the wrong one has a file of his own by now.
#[test]
fn a_wrong_user_whom_another_file_names_was_not_renamed() {
    for after in [BOTH.to_owned(), until(BOTH, "2027-03-31")] {
        for known in [true, false] {
            let mut world = World::given_to_wrong(&[("r", BOTH)]);
            let right = world.live().users.remove("fanlichun").expect("a user");
            let mut wrong = None;
            if !known {
                // Whom nothing is asked for is not read.
                wrong = world.live().users.remove("wrong");
            }
            let access = repo(&[("r", &after)], &[WEI]);
            let plan = world.apply(&access, NOW);
            assert!(plan.items.iter().all(|item| !item.what.gives()), "{:#?}", plan.items);
            assert_eq!(world.users(), BTreeSet::new(), "he is somebody else for certain");
            // The right one is another user than the one of before: somebody has to tell.
            world.live().users.insert("fanlichun".to_owned(), right);
            world.live().users.extend(wrong.map(|wrong| ("wrong".to_owned(), wrong)));
            assert!(kinds(&world.apply(&access, NOW)).contains(&Kind::UserMadeAnew));
            let file = world.corrected();
            world.apply(&repo(&[("r", &after)], &[WEI, ("people/fanlichun.yaml", &file)]), NOW);
            assert_eq!(world.users(), BTreeSet::from(["fanlichun"]));
        }
    }
}

#[test]
fn that_a_wrong_user_keeps_something_is_told() {
    let told = |world: &World, access: &Access| {
        let plan = world.plan(access, NOW);
        assert!(plan.items.is_empty(), "{:#?}", plan.items);
        let told = plan.findings.iter().find(|one| one.code == Kind::UserMissing).cloned();
        let told = told.expect("a finding");
        (told.message, told.help.unwrap_or_default())
    };
    let mut world = World::given_to_wrong(&[("r", HOST)]);
    world.live().users.remove("fanlichun");
    let (message, help) = told(&world, &repo(&[("r", HOST)], &[]));
    assert!(message.contains("until then wrong keeps"), "{message}");
    assert!(help.contains("take wrong out of"), "{help}");
    // Nobody has anything yet.
    let mut world = World::new();
    world.live().users.remove("fanlichun");
    let (message, help) = told(&world, &repo(&[("r", HOST)], &[]));
    assert!(!message.contains("keeps") && !help.contains("out of"), "{message} {help}");
}

/// The file says by the id that whoever has it is another.
#[test]
fn a_wrong_user_whose_id_the_file_does_not_say_was_not_renamed() {
    let mut world = World::given_to_wrong(&[("r", HOST)]);
    let file = world.corrected();
    world.live().users.remove("fanlichun");
    world.apply(&repo(&[("r", HOST)], &[("people/fanlichun.yaml", &file)]), NOW);
    assert_eq!(world.users(), BTreeSet::new());
}

#[test]
fn who_loses_what_another_one_had_by_mistake_is_shown_for_both() {
    for after in [HOST.to_owned(), until(HOST, "2027-03-31")] {
        let world = World::given_to_wrong(&[("r", HOST)]);
        let file = world.corrected();
        let files = [("people/fanlichun.yaml", file.as_str()), WEI];
        let plan = world.plan(&repo(&[("r", &after)], &files), NOW);
        let shown = |name: &str| {
            let people = [name.parse().expect("a name")].into();
            let narrow = Focus { people, ..Focus::default() }.narrow(plan.clone());
            let sides = |item: &Item| (item.what.takes(), item.what.gives());
            narrow.items.iter().map(sides).collect::<Vec<_>>()
        };
        let out = plan.items.iter().find(|item| item.what.takes()).expect("he is taken out");
        assert_eq!(out.person.as_ref().map(AsRef::as_ref), Some("fanlichun"));
        assert_eq!(shown("wei"), [(true, false)], "{after}");
        assert_eq!(shown("fanlichun"), [(true, false), (false, true)], "{after}");
        assert_eq!(shown("liwei"), [], "{after}");
    }
}
