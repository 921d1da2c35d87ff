//! Instances on which nothing can be planned, as what they lead to is not what it should be.

use super::world::DATABASE;
use super::*;

const BOTH: &str = "for: fanlichun
reason: orders
until: 2027-02-28
servers:
  - { login: app, assets: [pay-web-01] }
databases:
  - { instance: [orders-prod, orders-copy], level: r, tables: ['orders.*'] }
";

/// The names of the items that are about a database.
fn on_databases(plan: &Plan) -> Vec<&str> {
    let hosts = |item: &&Item| match &item.what {
        What::Permission { action, .. } => {
            let permissions::Action::Create { spec } = &**action else { return false };
            spec.assets.contains("pay-web-01")
        }
        _ => false,
    };
    let others = plan.items.iter().filter(|item| !hosts(item));
    let others: Vec<&str> = others.map(|item| item.name.as_str()).collect();
    assert_eq!(others.len() + 1, plan.items.len(), "the hosts go on: {:#?}", plan.items);
    others
}

#[test]
fn two_instances_that_lead_to_one_server_both_wait() {
    let copy = DATABASE.replace("orders-prod", "orders-copy");
    let access = repo(&[("r", BOTH)], &[("inventory/databases/orders-copy.yaml", &copy)]);
    let mut world = World::new();
    world.asset("orders-copy", "database", "mysql", "mysql");
    let mut server = world.server().clone();
    server.server.label = "orders-copy.db.acme.example:3306".to_owned();
    let mut beside = |identity: &str| {
        server.server.identity = identity.to_owned();
        let read = crate::observed::Instance::Read(Box::new(server.clone()));
        let name = "orders-copy".parse().expect("an instance");
        world.observed.instances.insert(name, read);
        world.plan(&access, NOW)
    };
    let plan = beside("8f2b1c6e-0000-11ef-9a44-0242ac120002");
    let told = kinds(&plan).into_iter().filter(|kind| *kind == Kind::OneServerTwice);
    assert_eq!(told.count(), 2, "{:#?}", plan.findings);
    assert!(plan.is_partial() && on_databases(&plan).is_empty(), "{:#?}", plan.items);
    let plan = beside("8f2b1c6e-0000-11ef-9a44-0242ac120003");
    assert!(!kinds(&plan).contains(&Kind::OneServerTwice) && !plan.is_partial());
    assert!(on_databases(&plan).len() >= 3, "{:#?}", plan.items);
}

#[test]
fn an_asset_that_is_no_mysql_or_mariadb_is_not_worked_on() {
    let request = BOTH.replace("[orders-prod, orders-copy]", "orders-prod");
    let access = repo(&[("r", &request)], &[]);
    for (category, kind, fits) in [
        ("database", "mysql", true),
        ("database", "mariadb", true),
        ("database", "postgresql", false),
        ("database", "redis", false),
        ("host", "linux", false),
        ("host", "mysql", false),
    ] {
        let mut world = World::new();
        world.asset("orders-prod", category, kind, kind);
        let plan = world.plan(&access, NOW);
        let told = kinds(&plan).contains(&Kind::AssetWrongKind);
        assert_eq!((told, plan.is_partial()), (!fits, !fits), "{category} {kind}");
        assert_eq!(on_databases(&plan).is_empty(), !fits, "{category} {kind}: {:#?}", plan.items);
    }
}
