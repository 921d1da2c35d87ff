//! Instances that show the accounts of another one: what holds there holds here.

use super::*;

const REPLICA: &str = "inventory/databases/orders-replica.yaml";
const REQUEST: &str = "for: fanlichun
reason: invoices
until: 2027-02-28
databases:
  - { instance: orders-replica, level: rw, tables: [billing.invoices] }
";

/// A replica of orders-prod, in this environment.
fn replica(environment: &str) -> String {
    DATABASE
        .replace("orders-prod", "orders-replica")
        .replace("environment: prod", &format!("environment: {environment}"))
        + "same-accounts-as: orders-prod\n"
}

fn world() -> World {
    let mut world = World::new();
    world.asset("orders-replica", "database", "mysql", "mysql");
    world
}

#[test]
fn an_alias_keeps_the_limits_of_the_instance_whose_accounts_it_shows() {
    for (environment, is_refused) in [("prod", true), ("test", false)] {
        let policy = format!(
            "environments: [prod, test, other]\nlimits:\n  - {{ when: {{ environment: \
             {environment}, level: rw }}, deny: nobody writes }}\n"
        );
        let other = replica("other");
        let files = [(REPLICA, other.as_str()), ("policy.yaml", &policy)];
        let access = repo(&[("r", REQUEST)], &files);
        let plan = world().plan(&access, NOW);
        assert_eq!(plan.items.is_empty(), is_refused, "{environment}: {:#?}", plan.items);
        assert_eq!(kinds(&plan).contains(&Kind::AgainstPolicy), is_refused, "{environment}");
    }
}

#[test]
fn an_alias_of_a_retired_instance_gives_nothing() {
    let (prod, retired) = (replica("prod"), format!("{DATABASE}state: retired\n"));
    let mut world = world();
    world.apply(&repo(&[("r", REQUEST)], &[(REPLICA, &prod)]), NOW);
    assert_eq!(world.server().accounts.len(), 1);
    let holder = ("inventory/databases/orders-prod.yaml", retired.as_str());
    let access = repo(&[("r", REQUEST)], &[(REPLICA, &prod), holder]);
    assert_eq!(access.notices.len(), 1, "check says so: {:#?}", access.notices);
    world.apply(&access, NOW);
    assert!(world.server().accounts.is_empty() && world.live().permissions.is_empty());
}
