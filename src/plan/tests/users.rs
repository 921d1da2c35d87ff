//! Plans where the people files make the users.

use super::*;
use crate::mark::Mark;
use crate::plan::guard::Stop;
use crate::plan::people::UserChange;

/// The last day of those who leave by their file, and a moment after it.
const LEFT: (&str, &str) = ("2026-12-10", "2026-12-10T16:00:00Z");

impl World {
    /// Carries out one step about a user.
    pub(super) fn change_user(&mut self, change: &UserChange) {
        let mark = |id: Uuid, end: Option<Timestamp>| Mark {
            owner: "acme".parse().expect("an owner"),
            id,
            user: None,
            requests: BTreeMap::new(),
            end,
            handover: None,
            left: None,
        };
        match change {
            UserChange::Create { username, name, email } => {
                assert!(!self.live().users.contains_key(username), "it was not there");
                let id = self.user(username);
                let user = self.live().users.get_mut(username).expect("a user");
                (user.name, user.email) = (name.clone(), email.clone());
                (user.labelled, user.mark) = (true, Some(mark(id, None)));
            }
            UserChange::Update { id, username, name, email, enable } => {
                let user = self.live().users.get_mut(username).expect("a user");
                user.name = name.clone().unwrap_or_else(|| user.name.clone());
                user.email = email.clone().unwrap_or_else(|| user.email.clone());
                if *enable {
                    (user.active, user.mark) = (true, Some(mark(*id, None)));
                }
            }
            UserChange::Disable { id, username } => {
                let user = self.live().users.get_mut(username).expect("a user");
                let end = Some(Timestamp::UNIX_EPOCH);
                (user.active, user.mark) = (false, Some(mark(*id, end)));
            }
        }
    }
}

/// A repo that makes its users: the two of every repo, and these with what their files say.
fn staff(people: &[(String, &str)], requests: &[(&str, &str)]) -> Access {
    let jumpgate = format!("{JUMPGATE}people: {{ source: repo }}\n");
    let file = |name: &str, more: &str| {
        let text = format!("name: {name}\nemail: {name}@acme.example\n{more}");
        (format!("people/{name}.yaml"), text)
    };
    let mut files: Vec<(String, String)> =
        people.iter().map(|(name, more)| file(name, more)).collect();
    files.extend([file("fanlichun", ""), file("liwei", "")]);
    files.push(("jumpgate.yaml".to_owned(), jumpgate));
    files.push(("requests/.keep".to_owned(), String::new()));
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    repo(requests, &files)
}

/// So many people, with the same in each file.
fn people(count: usize, more: &str) -> Vec<(String, &str)> {
    (1..=count).map(|number| (format!("person{number}"), more)).collect()
}

/// A world in which nobody is before the first apply.
fn empty() -> World {
    let mut world = World::new();
    world.live().users.clear();
    world
}

#[test]
fn users_whose_files_are_gone_count_for_the_guard() {
    let mut world = empty();
    world.apply(&staff(&people(60, ""), &[("r", REFUNDS)]), NOW);
    let gone = staff(&[], &[("r", REFUNDS)]);
    let plan = world.plan(&gone, NOW);
    assert_eq!(plan.items.len(), 60);
    assert!(plan.items.iter().all(|item| item.early_end && item.phase == Phase::Ends));
    // 62 users, two permissions and one account.
    assert_eq!(plan.removals, Removals { counted: 60, ended: 0, owned: 65 });
    assert_eq!(plan.stop, Some(Stop::Count { counted: 60, most: 10 }));
    world.apply(&gone, NOW);
    assert_eq!(world.plan(&gone, NOW).removals, Removals { counted: 0, ended: 0, owned: 3 });
}

/// People make no share of access smaller, and what is switched off is no share at all.
#[test]
fn a_share_is_of_access_or_of_all_where_users_go() {
    let mut world = empty();
    let all = people(60, "");
    world.apply(&staff(&all, &[("r", REFUNDS)]), NOW);
    let plan = world.plan(&staff(&all, &[]), NOW);
    assert_eq!(plan.removals, Removals { counted: 3, ended: 0, owned: 3 });
    assert_eq!(plan.stop, Some(Stop::Percent { counted: 3, owned: 3, most: 20 }));
    let few = staff(&all[..2], &[("r", REFUNDS)]);
    world.apply(&few, NOW);
    let plan = world.plan(&staff(&[], &[("r", REFUNDS)]), NOW);
    assert_eq!(plan.stop, Some(Stop::Percent { counted: 2, owned: 7, most: 20 }));
}

#[test]
fn who_leaves_by_his_file_does_not_count() {
    let (day, after) = LEFT;
    let mut world = empty();
    world.apply(&staff(&people(12, ""), &[]), NOW);
    let left = format!("left: {day}\n");
    let leaving = staff(&people(12, &left), &[]);
    assert!(world.plan(&leaving, NOW).is_empty());
    let plan = world.apply(&leaving, after);
    assert_eq!(plan.removals, Removals { counted: 0, ended: 12, owned: 0 });
    assert_eq!(plan.stop, None);
    // Back again: the same users are switched on.
    let plan = world.apply(&staff(&people(12, ""), &[]), after);
    let enabled = |item: &Item| {
        matches!(&item.what, What::User { change: UserChange::Update { enable: true, .. } })
    };
    assert!(plan.items.len() == 12 && plan.items.iter().all(enabled), "{:#?}", plan.items);
}

#[test]
fn a_person_and_his_access_come_with_one_apply() {
    let mut world = empty();
    let plan = world.apply(&staff(&[], &[("r", REFUNDS)]), NOW);
    let made = |item: &Item| matches!(&item.what, What::User { change: UserChange::Create { .. } });
    assert_eq!(plan.items.iter().filter(|item| made(item)).count(), 2);
    assert!(world.live().permissions.values().all(|seen| seen.user_ids.len() == 1));
}

#[test]
fn who_became_an_administrator_is_told_before_he_cannot_be_switched_off() {
    let (day, after) = LEFT;
    let left = format!("left: {day}\n");
    let mut world = empty();
    world.apply(&staff(&people(2, ""), &[]), NOW);
    let leaving = staff(&people(2, &left), &[]);
    assert!(!kinds(&world.plan(&leaving, after)).contains(&Kind::Shielded));
    world.live().users.get_mut("person1").expect("a user").administrator = true;
    let plan = world.plan(&leaving, after);
    assert_eq!(plan.items.len(), 2, "it is tried all the same");
    let told: Vec<&Finding> =
        plan.findings.iter().filter(|finding| finding.code == Kind::Shielded).collect();
    let [told] = told.as_slice() else { panic!("{told:#?}") };
    assert!(told.message.contains("person1") && told.message.contains("switch off"), "{told:?}");
    assert!(told.help.as_ref().is_some_and(|help| help.contains("by hand")), "{told:?}");
    // Who stays as he is needs nothing.
    assert!(!kinds(&world.plan(&staff(&people(2, ""), &[]), NOW)).contains(&Kind::Shielded));
}

/// A user that jumpgate made anew is for whom the file says: no human has to tell.
#[test]
fn a_run_that_is_cut_after_it_made_a_user_anew_goes_on() {
    let access = staff(&[], &[("r", REFUNDS)]);
    let mut world = empty();
    world.apply(&access, NOW);
    world.live().users.remove("fanlichun");
    for seen in world.live().permissions.values_mut() {
        (seen.spec.users, seen.user_ids) = Default::default();
    }
    let mut plan = world.plan(&access, NOW);
    let made = plan.items.iter().position(|item| matches!(item.what, What::User { .. }));
    plan.items.truncate(made.expect("a user") + 1);
    world.carry_out(&plan);
    let plan = world.apply(&access, NOW);
    assert!(!kinds(&plan).contains(&Kind::UserMadeAnew), "{:#?}", plan.findings);
    let id = world.live().users["fanlichun"].id;
    assert!(world.live().permissions.values().all(|seen| seen.user_ids.contains_key(&id)));
    // Of another hand he may be another human.
    world.user("fanlichun");
    assert!(kinds(&world.plan(&access, NOW)).contains(&Kind::UserMadeAnew));
}
