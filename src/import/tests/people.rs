//! People, and what would break the repo.

use super::world::{World, database, moment, permission, texts, user};
use super::{Found, Options, files, left, settled};
use crate::asset_pattern::AssetPattern;
use crate::import::{File, Kind, Thing, people};
use crate::jumpserver::spec::{PermissionSpec, SeenUser};

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

#[test]
fn who_has_what_is_asked_for_by_instance_or_account_gets_a_file_too() {
    let mut world = World::new();
    // An instance whose asset has another name.
    world.instance("mysql-main-01", "");
    let file = world.tree.files.remove("inventory/databases/mysql-main-01.yaml").expect("a file");
    world.tree.files.insert("inventory/databases/main.yaml".into(), file);
    world.permit(PermissionSpec {
        assets: texts(&["mysql-main-01"]),
        ..database("eng01-db", "eng01", "jump_db_eng01_r")
    });
    world.permit(PermissionSpec { users: texts(&["eng02"]), ..permission("eng02-app") });
    let everything = &world.seen.observed.jumpserver;
    let named = |options: Options| {
        let named = people::named(&world.access(), everything, &options, moment());
        named.map(|named| named.into_iter().collect::<Vec<_>>().join(" "))
    };
    let on = |target: &str| Options { targets: texts(&[target]), ..Options::default() };
    let called =
        |name: &str| Options { names: vec![AssetPattern::new(name)], ..Options::default() };
    for options in [on("main"), on("mysql-main-01"), called("jump_db_eng01_*"), called("eng01-*")] {
        assert_eq!(named(options.clone()).as_deref(), Some("eng01"), "{options:?}");
        // The requests go by the same: they take the permission for asked for.
        let found = left(&super::import(&world, &options));
        assert!(found.contains("user eng01 is nobody's in people/"), "{found}");
        // Whose files are asked for is not known before there are any.
        let people = ["eng01".parse().expect("a person")].into();
        assert_eq!(named(Options { people, ..options }).as_deref(), Some("eng01"));
    }
    assert_eq!(named(on("/Default/payments/prod")).as_deref(), Some("eng02"));
    assert_eq!(named(on("orders-prod")).as_deref(), Some(""));
    assert_eq!(named(Options::default()), None);
}
