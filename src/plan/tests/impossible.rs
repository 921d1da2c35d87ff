//! What a server can never take: it is told, and all else is done.

use super::*;
use crate::mysql::live::Known;
use crate::mysql::privilege::{Privilege, Privileges};

const BESIDE: &str = "for: fanlichun
reason: refunds
until: 2027-02-28
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*, NAME.*]
";

/// A name that fits, and does not with a backslash before each `_`.
fn long() -> String {
    "a_".repeat(22)
}

fn held(world: &mut World) -> BTreeMap<String, Privileges> {
    let accounts = world.server().accounts.values();
    let rows = accounts.flat_map(|account| &account.held.databases);
    rows.map(|(name, row)| (name.clone(), row.privileges)).collect()
}

#[test]
fn a_name_that_is_too_long_with_its_backslashes_is_not_granted() {
    let mut world = World::new();
    world.server().existing.databases.insert(long(), Known::Exists);
    let plan = world.apply(&repo(&[("r", &BESIDE.replace("NAME", &long()))], &[]), NOW);
    assert!(kinds(&plan).contains(&Kind::NotGrantable));
    assert_eq!(held(&mut world).into_keys().collect::<Vec<_>>(), ["orders"]);
    // For it alone no account is made, and no permission.
    let mut world = World::new();
    world.server().existing.databases.insert(long(), Known::Exists);
    let alone = BESIDE.replace("orders.*, NAME", &long());
    let plan = world.apply(&repo(&[("r", &alone)], &[]), NOW);
    assert!(plan.items.is_empty() && kinds(&plan).contains(&Kind::NotGrantable));
    // Where names are literal, nothing stands before a `_`.
    let mut world = World::new();
    world.server().existing.databases.insert(long(), Known::Exists);
    world.server().server.dialect.partial_revokes = true;
    let plan = world.apply(&repo(&[("r", &alone)], &[]), NOW);
    assert!(!kinds(&plan).contains(&Kind::NotGrantable));
    assert_eq!(held(&mut world).into_keys().collect::<Vec<_>>(), [long()]);
}

#[test]
fn a_privilege_that_the_server_does_not_know_is_not_granted() {
    let settings = format!("{JUMPGATE}levels:\n  r: [SELECT, DELETE HISTORY]\n");
    let request = BESIDE.replace(", NAME.*", "");
    let access = repo(&[("r", &request)], &[("jumpgate.yaml", &settings)]);
    let mut world = World::new();
    world.apply(&repo(&[("r", &request)], &[]), NOW);
    let plan = world.apply(&access, NOW);
    assert!(plan.items.is_empty(), "what it knows stays as it is: {:#?}", plan.items);
    let told = plan.findings.iter().find(|finding| finding.code == Kind::NotGrantable);
    let told = &told.expect("it is told").message;
    assert!(told.contains("does not know DELETE HISTORY, which the level r holds"), "{told}");
    assert_eq!(held(&mut world), BTreeMap::from([("orders".to_owned(), Privilege::Select.into())]));
}
