//! Permissions and accounts.

use std::collections::BTreeSet;

use super::world::{World, account, database, held, moment, permission, texts};
use super::{Options, files, import, left};
use crate::import::Found;
use crate::jumpserver::spec::PermissionSpec;
use crate::mysql::privilege::Privilege::{Delete, Insert, Select, Update};
use crate::mysql::spec::{AccountName, Row, TableName};

fn at(text: &str) -> jiff::Timestamp {
    text.parse().expect("a moment")
}

/// The files of one permission, or why it is left alone.
fn one(spec: PermissionSpec) -> String {
    let mut world = World::new();
    world.permit(spec);
    told(&import(&world, &Options::default()))
}

fn told(found: &Found) -> String {
    files(found) + &left(found)
}

#[test]
fn a_permission_that_is_a_login_becomes_a_request() {
    insta::assert_snapshot!(one(permission("fanlichun-regularusers")));
    let ends = PermissionSpec {
        end: at("2027-02-28T16:00:00Z"),
        nodes: BTreeSet::new(),
        assets: texts(&["pay-web-01"]),
        ..permission("a name that tells nothing")
    };
    insta::assert_snapshot!(one(ends));
    // Every protocol, where the hosts speak no others; JumpServer's end after seventy years.
    let all = PermissionSpec { protocols: texts(&["all"]), ..permission("fanlichun-regularusers") };
    assert_eq!(one(all), one(permission("fanlichun-regularusers")));
    let later = PermissionSpec {
        start: at("2027-01-01T02:30:00Z"),
        end: at("2027-02-01T10:00:00Z"),
        ..permission("later")
    };
    insta::assert_snapshot!(one(later));
}

#[test]
fn what_no_request_says_is_left_with_its_reasons() {
    let app = || permission("p");
    let cases = [
        PermissionSpec { active: false, ..app() },
        PermissionSpec { end: at("2026-11-01T00:00:00Z"), ..app() },
        PermissionSpec { accounts: BTreeSet::new(), ..app() },
        PermissionSpec { users: texts(&["fanlichun", "liwei@acme.example"]), ..app() },
        PermissionSpec { groups: texts(&["dba"]), ..app() },
        PermissionSpec { users: texts(&["stranger"]), ..app() },
        PermissionSpec { accounts: texts(&["@ALL"]), ..app() },
        PermissionSpec { accounts: texts(&["app", "@INPUT", "!root"]), ..app() },
        PermissionSpec { accounts: texts(&["app", "oracle"]), ..app() },
        PermissionSpec { protocols: texts(&["all"]), nodes: texts(&["/Default/lab"]), ..app() },
        PermissionSpec { protocols: texts(&["ssh"]), ..app() },
        PermissionSpec {
            actions: texts(&["connect", "upload", "download", "copy", "paste", "delete"]),
            ..app()
        },
        PermissionSpec { end: at("2027-02-01T10:00:07Z"), ..app() },
        PermissionSpec { assets: texts(&["pay-web-01", "orders-prod"]), ..app() },
        PermissionSpec { nodes: texts(&["/Default/ops"]), ..app() },
        PermissionSpec { accounts: texts(&["root"]), ..permission("fanlichun-superuser") },
        PermissionSpec {
            accounts: texts(&["root", "Administrator"]),
            ..permission("fanlichun-superuser")
        },
    ];
    let told: Vec<String> = cases.into_iter().map(one).collect();
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn a_mark_of_jumpgate_is_never_adopted() {
    let mut world = World::new();
    world.permit(permission("copied")).labelled = true;
    let found = import(&world, &Options::default());
    assert_eq!(
        left(&found),
        "permission copied\n  marked: carries this repo's label or mark as a copy\n"
    );
}

#[test]
fn an_account_and_its_permission_become_one_request() {
    let mut world = World::new();
    let mut rights = held(&[("orders", &[Select]), (r"pay\_eu", &[Select])]);
    let invoices = TableName { database: "billing".into(), table: "invoices".into() };
    let row = Row { privileges: [Select].into(), grant_option: false };
    rights.tables.insert(invoices, row);
    let cards = TableName { database: "billing".into(), table: "cards".into() };
    let columns = ["id", "last4"].map(|column| (column.to_owned(), [Select].into()));
    rights.columns.insert(cards, columns.into());
    world.both(account("jump_md_fanlichun_r", rights));
    world.permit(database("fanlichun-db", "fanlichun", "jump_md_fanlichun_r"));
    // Of a database every protocol and action is the one that there is.
    let all = ["connect", "upload", "download", "copy", "paste", "delete", "share"];
    let last = world.seen.observed.jumpserver.permissions.last_mut().expect("a permission");
    (last.spec.protocols, last.spec.actions) = (texts(&["all"]), texts(&all));
    // The level is what is held; the user name of JumpServer is the person's.
    world.both(account("ro-liwei", held(&[("orders", &[Select, Insert, Update, Delete])])));
    world.permit(database("liwei-db", "liwei@acme.example", "ro-liwei"));
    let patterns = vec!["ro-{person}".parse().expect("a pattern")];
    let found = import(&world, &Options { patterns, ..Options::default() });
    insta::assert_snapshot!(told(&found));
}

#[test]
fn a_permission_over_several_servers_is_adopted_once() {
    let mut world = World::new();
    let reads = || account("jump_md_fanlichun_r", held(&[("orders", &[Select])]));
    // A replica, which sorts before its instance, and another server.
    world.instance("a-replica", "same-accounts-as: orders-prod\n");
    world.instance("payments-prod", "");
    world.both(reads());
    for asset in ["a-replica", "payments-prod"] {
        world.in_jumpserver(asset, "jump_md_fanlichun_r");
    }
    let mut other = super::world::server();
    other.accounts.insert(reads().name, reads());
    let name = "payments-prod".parse().expect("an instance");
    world.seen.observed.instances.insert(name, Ok(Box::new(other)));
    let assets = texts(&["a-replica", "orders-prod", "payments-prod"]);
    let spec = database("fanlichun-db", "fanlichun", "jump_md_fanlichun_r");
    world.permit(PermissionSpec { assets, ..spec });
    insta::assert_snapshot!(told(&import(&world, &Options::default())));
}

#[test]
fn accounts_that_no_request_says_are_left_with_their_reasons() {
    let mut world = World::new();
    let read = || held(&[("orders", &[Select])]);
    let name = |who: &str| format!("jump_db_{who}_r");
    let mut add = |user: &str, change: &dyn Fn(&mut crate::mysql::spec::SeenAccount)| {
        let mut one = account(user, read());
        change(&mut one);
        world.both(one);
    };
    add("backend", &|_| {});
    add("root", &|_| {});
    add(&name("stranger"), &|_| {});
    add(&name("fanlichun"), &|one| {
        one.locked = true;
        one.plugin = "auth_socket".into();
        one.old_password = true;
    });
    add(&name("liwei"), &|one| {
        one.held.global = texts(&["PROCESS"]);
        one.held.roles.insert(AccountName { user: "ops".into(), host: "%".into() }, false);
        one.held.databases.values_mut().for_each(|row| row.grant_option = true);
    });
    add("jump_md_fanlichun_r", &|one| one.held = held(&[("pay_eu", &[Select])]));
    add("jump_md_liwei_r", &|one| {
        one.held = held(&[("orders", &[Select]), ("billing", &[Select, Insert])]);
    });
    add("jump_db_fanlichun_x", &|one| one.held = held(&[("orders", &[Insert])]));
    add("jump_md_fanlichun_rw", &|_| {});
    add("jump_db_liwei_rw", &|one| one.held = held(&[("mysql", &[Select])]));
    let mut other = account("jump_db_fanlichun_rw", read());
    other.name.host = "%".into();
    world.both(other);
    // One that the database has and JumpServer opens for nobody, and one without a password.
    world.both(account("jump_md_liwei_rw", held(&[("orders", &[Select, Insert, Update, Delete])])));
    world.on_server(account("jump_md_liwei_x", read()));
    let empty = world.in_jumpserver("orders-prod", "jump_md_liwei_x");
    world.seen.without_secret.insert(empty);
    let mut role = account("ops", read());
    role.is_role = true;
    world.on_server(role);
    let mut mine = account("planner", read());
    mine.name.host = "%".into();
    world.on_server(mine);
    let found = import(&world, &Options::default());
    assert_eq!(files(&found), "");
    insta::assert_snapshot!(left(&found));
}

#[test]
fn one_login_of_a_person_in_one_period_is_one_permission() {
    let mut world = World::new();
    world.permit(permission("a"));
    world.permit(permission("b"));
    world.permit(PermissionSpec { end: at("2027-02-28T16:00:00Z"), ..permission("c") });
    world.write(
        "requests/2026/PAY-1.yaml",
        "for: liwei\nreason: refunds\nservers:\n  - login: app\n    assets: [pay-web-01]\n",
    );
    let liwei = texts(&["liwei@acme.example"]);
    world.permit(PermissionSpec { users: liwei, ..permission("d") });
    let found = import(&world, &Options::default());
    let paths: Vec<&str> = found.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        ["requests/imported/fanlichun-app.yaml", "requests/imported/fanlichun-app_20270228.yaml"]
    );
    assert_eq!(
        left(&found),
        "permission b\n  taken: permission a stands for login app of fanlichun in the same period \
         already\npermission d\n  taken: requests/2026/PAY-1.yaml stands for login app of liwei \
         in the same period already\n"
    );
}

#[test]
fn an_import_that_is_repeated_finds_what_it_wrote() {
    let mut world = World::new();
    world.both(account("jump_db_fanlichun_r", held(&[("orders", &[Select])])));
    world.permit(database("fanlichun-db", "fanlichun", "jump_db_fanlichun_r"));
    world.permit(permission("fanlichun-regularusers"));
    let found = import(&world, &Options::default());
    assert_eq!((found.files.len(), found.left.len()), (2, 0), "{}", told(&found));
    for file in &found.files {
        world.write(&file.path, &file.text);
    }
    let again = import(&world, &Options::default());
    assert_eq!(told(&again), "");
    assert_eq!(again.covered.len(), 3, "{again:?}");
    // A file of another content stays as it is.
    world.write(
        "requests/imported/fanlichun-app.yaml",
        "for: liwei\nreason: other\nservers:\n  - login: app\n    assets: [pay-web-01]\n",
    );
    let third = import(&world, &Options::default());
    assert_eq!(
        left(&third),
        "permission fanlichun-regularusers\n  file: requests/imported/fanlichun-app.yaml is \
         there, and stays as it is\n"
    );
}

#[test]
fn policy_is_told_and_the_request_is_written() {
    let mut world = World::new();
    world.write(
        "policy.yaml",
        "environments: [prod]\nlimits:\n  - { when: { environment: prod }, end: required }\n",
    );
    world.permit(permission("fanlichun-regularusers"));
    let found = import(&world, &Options::default());
    let notes: Vec<&String> = found.files.iter().flat_map(|file| &file.notes).collect();
    assert_eq!(notes, ["policy wants an end here: add `until:` (policy.yaml:3)"]);
}

#[test]
fn people_targets_and_names_narrow_it() {
    let mut world = World::new();
    world.both(account("jump_db_fanlichun_r", held(&[("orders", &[Select])])));
    world.permit(database("fanlichun-db", "fanlichun", "jump_db_fanlichun_r"));
    world.permit(permission("fanlichun-regularusers"));
    let liwei = texts(&["liwei@acme.example"]);
    world.permit(PermissionSpec { users: liwei, ..permission("liwei-regularusers") });
    world.both(account("backend", held(&[("orders", &[Select])])));
    let things = |options: &Options| {
        let found = import(&world, options);
        let files = found.files.iter().flat_map(|file| &file.stands_for).cloned();
        let all = files.chain(found.left.iter().map(|left| left.thing.clone()));
        let mut names: Vec<String> = all.map(|thing| thing.name).collect();
        names.sort();
        names.join(" ")
    };
    let none = Options::default;
    assert_eq!(
        things(&none()),
        "backend@10.8.0.% fanlichun-db fanlichun-regularusers jump_db_fanlichun_r@10.8.0.% \
         liwei-regularusers"
    );
    let people = ["liwei".parse().expect("a person")].into();
    assert_eq!(things(&Options { people, ..none() }), "liwei-regularusers");
    let targets = texts(&["/Default/payments/prod"]);
    assert_eq!(things(&Options { targets, ..none() }), "fanlichun-regularusers liwei-regularusers");
    let targets = texts(&["orders-prod"]);
    assert_eq!(
        things(&Options { targets, ..none() }),
        "backend@10.8.0.% fanlichun-db jump_db_fanlichun_r@10.8.0.%"
    );
    // By the account's name too, and both go together.
    for pattern in ["jump_db_*", "fanlichun-d*"] {
        let names = vec![crate::asset_pattern::AssetPattern::new(pattern)];
        assert_eq!(
            things(&Options { names, ..none() }),
            "fanlichun-db jump_db_fanlichun_r@10.8.0.%",
            "{pattern}"
        );
    }
}

#[test]
fn a_name_that_no_file_may_hold_is_left() {
    let found = one(permission("turned\u{202e}name"));
    assert!(found.contains("would not pass the checks"), "{found}");
    assert!(moment() < at("2027-01-01T00:00:00Z"));
}

#[test]
fn a_permission_with_a_text_that_nobody_knows_is_told() {
    let mut world = World::new();
    world.both(account("jump_db_fanlichun_r", held(&[("orders", &[Select])])));
    let with = |name: &str, accounts: &[&str]| PermissionSpec {
        accounts: texts(accounts),
        ..database(name, "fanlichun", "")
    };
    world.permit(with("nothing", &[]));
    // No text that any known JumpServer has.
    world.permit(with("alone", &["@NEW"]));
    world.permit(with("beside", &["@NEW", "jump_db_fanlichun_r"]));
    world.permit(PermissionSpec { accounts: texts(&["app", "@NEW"]), ..permission("on-hosts") });
    insta::assert_snapshot!(told(&import(&world, &Options::default())));
}
