//! People, and what would break the repo.

use super::world::{World, user};
use super::{Found, files, left, settled};
use crate::import::{File, Kind, Thing, people};
use crate::jumpserver::spec::SeenUser;

fn with_mail(name: &str, email: &str) -> SeenUser {
    SeenUser { email: email.to_owned(), ..user(name).seen }
}

#[test]
fn an_address_that_somebody_has_is_left_out() {
    let mut world = World::new();
    world.write("people/zz.yaml", "name: Zoe\nemail: Good@acme.example\n");
    let users = [
        with_mail("good", "good@acme.example"),
        with_mail("one", "both@acme.example"),
        with_mail("two", "BOTH@acme.example"),
        with_mail("none", "-"),
    ];
    let found = settled(&world, people::find(&world.access(), &users));
    assert_eq!(left(&found), "");
    insta::assert_snapshot!(files(&found));
    // A file that has to have one is not written.
    let config = &world.tree.files["jumpgate.yaml"];
    let config = format!("{}people: {{ source: repo }}\n", String::from_utf8_lossy(config));
    world.write("jumpgate.yaml", &config);
    for (person, text) in [("fanlichun", "范立春"), ("liwei", "李伟")] {
        let text = format!("name: {text}\nemail: {person}@acme.example\n");
        world.write(&format!("people/{person}.yaml"), &text);
    }
    let found = settled(&world, people::find(&world.access(), &users));
    assert_eq!(found.files.len(), 1, "{}", files(&found));
    assert!(left(&found).starts_with(
        "user good\n  file: person zz has the e-mail address good@acme.example too; write it by \
         hand\n"
    ));
}

#[test]
fn new_files_that_break_older_ones_are_left_alone() {
    let mut world = World::new();
    world.write("people/zz.yaml", "name: Zoe\nforge: zoe\n");
    let file = |name: &str, text: &str| File {
        path: format!("people/{name}.yaml"),
        added_to: false,
        text: format!("name: {name}\n{text}"),
        stands_for: vec![Thing::jumpserver(Kind::User, name)],
        notes: Vec::new(),
    };
    let mut new: Vec<File> = (0..9).map(|number| file(&format!("new{number}"), "")).collect();
    new[5] = file("new5", "forge: ZOE\n");
    let found = settled(&world, Found { files: new, ..Found::default() });
    assert_eq!(found.files.len(), 8);
    assert_eq!(
        left(&found),
        "user new5\n  file: people/new5.yaml would not pass the checks: people/zz.yaml:2: person \
         new5 has this user name at the forge too; expected one file for a person, and names that \
         differ, also without case\n"
    );
}
