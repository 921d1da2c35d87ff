//! Plans for people whose user in JumpServer is another one than the one that access was made
//! for.

use super::*;
use crate::plan::overdue;

const DATABASE_ALONE: &str = "for: fanlichun
reason: invoices
until: 2027-02-28
databases:
  - { instance: orders-prod, level: r, tables: [billing.invoices] }
";

impl World {
    /// Somebody deletes the user and makes one of the same name: JumpServer takes a user who is
    /// deleted out of his permissions.
    pub(super) fn make_anew(&mut self, name: &str) -> Uuid {
        let old = self.live().users[name].id;
        for seen in self.live().permissions.values_mut() {
            if seen.user_ids.remove(&old).is_some() {
                seen.spec.users.remove(name);
            }
        }
        self.user(name)
    }

    /// The users of all permissions.
    pub(super) fn users(&self) -> BTreeSet<&str> {
        let permissions = self.observed.jumpserver.permissions.values();
        permissions.flat_map(|seen| &seen.spec.users).map(String::as_str).collect()
    }
}

/// Carries a plan out in which nobody gets anything, since a user is another one than before.
fn gives_nothing(world: &mut World, access: &Access, moment: &str, what: &str) {
    let plan = world.plan(access, moment);
    assert!(kinds(&plan).contains(&Kind::UserMadeAnew), "{what}: {:#?}", plan.findings);
    assert!(plan.items.iter().all(|item| !item.what.gives()), "{what}: {:#?}", plan.items);
    world.carry_out(&plan);
}

#[test]
fn no_edit_of_a_request_gives_a_user_made_anew_anything() {
    let longer = HOST.replace("2027-02-28", "2027-03-31");
    let other = HOST.replace("2027-02-28", "2027-01-31").replace("pay-web-01", "pay-web-02");
    let root = HOST.replace("login: app", "login: root");
    let writes = DATABASE_ALONE.replace("level: r,", "level: rw,");
    for (what, before, after) in [
        ("a longer period", HOST, ("r", longer.as_str())),
        ("another request in its place", HOST, ("s", other.as_str())),
        ("another login", HOST, ("r", root.as_str())),
        ("another level", DATABASE_ALONE, ("r", writes.as_str())),
    ] {
        let mut world = World::new();
        world.apply(&repo(&[("r", before)], &[]), NOW);
        let id = world.make_anew("fanlichun");
        let access = repo(&[after], &[]);
        // Neither now, nor when the first apply has taken away what git does not ask for, nor
        // when what there was has ended.
        for moment in [NOW, NOW, "2027-01-15T02:00:00Z"] {
            gives_nothing(&mut world, &access, moment, what);
            assert!(world.plan(&access, moment).items.is_empty(), "{what} {moment}");
            assert_eq!(world.users(), BTreeSet::new(), "{what} {moment}");
        }
        let file = format!("name: 范立春\njumpserver-id: {id}\n");
        let access = repo(&[after], &[("people/fanlichun.yaml", &file)]);
        world.apply(&access, NOW);
        let permissions = &world.live().permissions;
        assert_eq!(permissions.len(), 1, "{what}: {permissions:#?}");
        assert!(permissions.values().all(|seen| seen.user_ids.contains_key(&id)), "{what}");
    }
}

#[test]
fn the_end_of_what_there_was_gives_a_user_made_anew_nothing() {
    let mut world = World::new();
    world.apply(&repo(&[("r", HOST)], &[]), NOW);
    world.make_anew("fanlichun");
    let access = repo(&[("r", &HOST.replace("2027-02-28", "2027-03-31"))], &[]);
    for moment in [NOW, "2027-03-02T02:00:00Z", "2027-03-03T02:00:00Z"] {
        gives_nothing(&mut world, &access, moment, moment);
    }
    // When nothing is asked for any more, nothing stays to tell of him.
    world.apply(&access, "2027-04-02T02:00:00Z");
    assert!(world.live().permissions.is_empty());
}

#[test]
fn somebody_else_is_taken_out_when_the_file_names_another_user() {
    let requests = [("r", HOST), ("d", DATABASE_ALONE)];
    let longer = HOST.replace("2027-02-28", "2027-03-31");
    let renewed = [("r", longer.as_str()), ("d", DATABASE_ALONE)];
    let wrong = [("people/fanlichun.yaml", "name: 范立春\njumpserver: wrong\n")];
    for requests_then in [&requests, &renewed] {
        let mut world = World::new();
        world.user("wrong");
        world.apply(&repo(&requests, &wrong), NOW);
        assert_eq!(world.users(), BTreeSet::from(["wrong"]));
        let access = repo(requests_then, &[]);
        let plan = world.plan(&access, NOW);
        let told = plan.findings.iter().find(|one| one.code == Kind::UserMadeAnew);
        assert!(told.expect("a finding").message.contains("wrong is taken out"), "{told:?}");
        let out = plan.items.iter().filter(|item| item.what.takes());
        assert!(out.clone().count() == 2 && out.clone().all(|item| item.person.is_some()));
        gives_nothing(&mut world, &access, NOW, "corrected");
        assert_eq!(world.users(), BTreeSet::new());
        gives_nothing(&mut world, &access, NOW, "corrected before");
        let id = world.live().users["fanlichun"].id;
        let file = format!("name: 范立春\njumpserver-id: {id}\n");
        world.apply(&repo(requests_then, &[("people/fanlichun.yaml", &file)]), NOW);
        assert_eq!(world.users(), BTreeSet::from(["fanlichun"]));
    }
}

#[test]
fn a_correction_with_its_id_takes_effect_at_once() {
    let wrong = [("people/fanlichun.yaml", "name: 范立春\njumpserver: wrong\n")];
    let mut world = World::new();
    world.user("wrong");
    world.apply(&repo(&[("r", HOST), ("d", DATABASE_ALONE)], &wrong), NOW);
    let id = world.live().users["fanlichun"].id;
    let file = format!("name: 范立春\njumpserver-id: {id}\n");
    let access = repo(&[("r", HOST), ("d", DATABASE_ALONE)], &[("people/fanlichun.yaml", &file)]);
    world.apply(&access, NOW);
    assert_eq!(world.users(), BTreeSet::from(["fanlichun"]));
}

/// The name alone gives nothing: the new user stands in for the old one for nobody but git.
#[test]
fn a_user_made_anew_whom_another_hand_puts_back_is_taken_out() {
    for after in [HOST.to_owned(), HOST.replace("2027-02-28", "2027-03-31")] {
        let mut world = World::new();
        world.apply(&repo(&[("r", HOST)], &[]), NOW);
        let id = world.make_anew("fanlichun");
        for seen in world.live().permissions.values_mut() {
            seen.spec.users.insert("fanlichun".to_owned());
            seen.user_ids.insert(id, "fanlichun".to_owned());
        }
        let access = repo(&[("r", &after)], &[]);
        gives_nothing(&mut world, &access, NOW, "put back");
        assert_eq!(world.users(), BTreeSet::new());
        gives_nothing(&mut world, &access, NOW, "taken out");
        assert!(world.plan(&access, NOW).items.is_empty());
    }
}

#[test]
fn what_is_emptied_and_stays_is_no_end_that_is_overdue() {
    let later = "2027-03-02T02:00:00Z";
    let longer = HOST.replace("2027-02-28", "2027-12-31");
    let mut world = World::new();
    world.apply(&repo(&[("r", HOST)], &[]), NOW);
    let overdue = |world: &mut World| {
        let owner = "acme".parse().expect("an owner");
        overdue::oldest(&owner, world.live(), at(later))
    };
    assert_eq!(overdue(&mut world), Some(at("2027-02-28T16:00:00Z")));
    world.make_anew("fanlichun");
    let access = repo(&[("r", &longer)], &[]);
    world.apply(&access, NOW);
    world.apply(&access, later);
    assert_eq!(world.live().permissions.len(), 1);
    assert_eq!(overdue(&mut world), None);
    // With sessions that are to be ended yet it is one.
    for seen in world.live().permissions.values_mut() {
        seen.mark.as_mut().expect("a mark").left = Some(Left::default());
    }
    assert!(overdue(&mut world).is_some());
}
