//! Database servers, hosts and nodes.

use super::world::{World, account, held, moment, mysql, permission, server};
use super::{Options, files, left, settled};
use crate::access;
use crate::import::Found;
use crate::import::inventory::{Given, databases, servers};
use crate::jumpserver::spec::PermissionSpec;
use crate::mysql::privilege::Privilege::Select;
use crate::names::Environment;

fn prod() -> Environment {
    "prod".parse().expect("an environment")
}

/// What an import of hosts and nodes finds.
fn hosts(world: &World, given: &Given) -> Found {
    let access = world.access();
    let (missing, mut found) = servers::find(&access, &world.seen, &Options::default(), moment());
    if !missing.is_empty() {
        found.files.push(missing.file(&world.tree, given, &prod()));
    }
    settled(world, found)
}

fn ops(name: &str, accounts: &[&str]) -> PermissionSpec {
    PermissionSpec {
        nodes: ["/Default/ops".to_owned()].into(),
        assets: ["ops-01".to_owned()].into(),
        accounts: accounts.iter().map(|one| (*one).to_owned()).collect(),
        ..permission(name)
    }
}

#[test]
fn new_hosts_stand_behind_those_that_there_are() {
    let mut world = World::new();
    world.permit(ops("a", &["app"]));
    world.permit(PermissionSpec {
        assets: Default::default(),
        ..ops("b", &["root", "Administrator"])
    });
    // What no request can say brings nothing in.
    world.permit(PermissionSpec { nodes: ["/Default".to_owned()].into(), ..ops("c", &["@ALL"]) });
    // Offered already, and offered without the login.
    world.permit(permission("d"));
    world.permit(PermissionSpec {
        accounts: ["root".to_owned(), "Administrator".to_owned()].into(),
        ..permission("e")
    });
    let given = Given { owners: vec!["team/ops".to_owned()], ..Given::default() };
    world.write("teams/ops.yaml", "members: [liwei]\n");
    let found = hosts(&world, &given);
    insta::assert_snapshot!(files(&found) + &left(&found));
}

#[test]
fn a_list_of_another_form_keeps_its_form() {
    let mut world = World::new();
    world.permit(ops("a", &["app"]));
    world.write(
        "inventory/servers.yaml",
        "servers:\n# payments\n- environment: prod\n  logins: [app]\n  assets: [pay-web-*] # all",
    );
    let found = hosts(&world, &Given::default());
    insta::assert_snapshot!(files(&found));
    // One that cannot be added to is left to a person.
    world.write(
        "inventory/servers.yaml",
        "servers: [{ environment: prod, logins: [app], assets: [pay-web-*] }]\n",
    );
    let found = hosts(&world, &Given::default());
    assert_eq!(files(&found), "");
    assert!(left(&found).contains("node /Default/ops\n  file: inventory/servers.yaml would not"));
}

#[test]
fn a_database_server_gets_a_file_when_all_is_known() {
    let mut world = World::new();
    let jumpserver = &mut world.seen.observed.jumpserver;
    jumpserver.assets.push(mysql("Billing Prod", "10.9.0.2", 3307));
    jumpserver.assets.push(mysql("billing-copy", "10.9.0.2", 3307));
    jumpserver.assets.push(mysql("订单", "10.9.0.3", 3306));
    jumpserver.assets.push(mysql("nowhere", "", 3306));
    jumpserver.assets.push(mysql("Orders-Prod", "10.9.0.4", 3306));
    let access = world.access();
    let (proposed, mut found) =
        databases::find(&access, &world.seen.observed.jumpserver, &Options::default());
    let given = Given { ca: None, owners: vec!["liwei".to_owned()], account_host: None };
    for one in proposed {
        found.files.push(one.file(&given, &prod(), "10.8.0.%"));
    }
    let found = settled(&world, found);
    insta::assert_snapshot!(files(&found) + &left(&found));
}

#[test]
fn the_account_host_is_the_one_that_accounts_of_people_have() {
    let mut world = World::new();
    let jumpserver = &mut world.seen.observed.jumpserver;
    jumpserver.assets.push(mysql("billing", "10.9.0.2", 3307));
    for user in ["jump_db_liwei_r", "jump_md_fanlichun_r", "backend"] {
        world.in_jumpserver("billing", user);
    }
    let access = access::load(&world.tree, moment()).expect("good");
    let options = Options::default();
    let jumpserver = &world.seen.observed.jumpserver;
    let (proposed, _) = databases::find(&access, jumpserver, &options);
    let billing = proposed.first().expect("billing");
    let mut live = server();
    let mut add = |user: &str, host: &str| {
        let mut one = account(user, held(&[("orders", &[Select])]));
        one.name.host = host.to_owned();
        live.accounts.insert(one.name.clone(), one);
        let told = billing.account_host(&access, &live, jumpserver, &options);
        told.map_err(|reason| reason.text)
    };
    let none = "account-host: JumpServer opens no account there that would tell it; say \
                --account-host";
    assert_eq!(add("jump_db_other_r", "%"), Err(none.to_owned()));
    assert_eq!(add("backend", "10.%"), Ok("10.%".to_owned()));
    assert_eq!(add("jump_db_liwei_r", "10.8.0.%"), Ok("10.8.0.%".to_owned()));
    let differ = "account-host: accounts there have % (1 account), 10.8.0.% (1 account); say \
                  --account-host";
    assert_eq!(add("jump_md_fanlichun_r", "%"), Err(differ.to_owned()));
}
