//! Logins on hosts that cannot be as they are asked for.

use super::*;

const DATABASE_AS_HOST: &str = "for: fanlichun
reason: look at it
until: 2027-02-28
servers:
  - { login: app, assets: [pay-web-pg] }
";

#[test]
fn a_login_of_the_wrong_kind_stops_no_other_login() {
    let mut world = World::new();
    world.asset("pay-web-pg", "database", "postgresql", "postgresql");
    let logins = "logins:
  app: { accounts: [app], protocols: [ssh], actions: [connect] }
  pg: { accounts: [app], protocols: [postgresql], actions: [connect] }
  web: { accounts: [app], protocols: [http], actions: [connect] }
";
    let jumpgate = format!("{JUMPGATE}{logins}");
    let servers = SERVERS.replace("[app, root]", "[app, pg, web]");
    let files =
        [("jumpgate.yaml", jumpgate.as_str()), ("inventory/servers.yaml", servers.as_str())];
    let right = DATABASE_AS_HOST.replace("login: app", "login: pg").replace("fanlichun", "liwei");
    // In the order of the names, the right one stands between two that are not.
    let web = DATABASE_AS_HOST.replace("login: app", "login: web");
    let access = repo(&[("a", DATABASE_AS_HOST), ("b", &right), ("c", &web)], &files);
    let plan = world.apply(&access, NOW);
    let names: Vec<&str> = plan.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["jump_pg_liwei_20270228"]);
    let wrong: Vec<_> =
        plan.findings.iter().filter(|one| one.code == Kind::AssetWrongKind).collect();
    let files: Vec<&str> =
        wrong.iter().filter_map(|one| one.site.as_ref()).map(|site| &*site.file).collect();
    assert_eq!(files, ["requests/a.yaml", "requests/c.yaml"]);
}

#[test]
fn who_leaves_before_it_begins_gets_nothing() {
    let later = REFUNDS.replace("from: 2026-12-01", "from: 2026-12-20");
    for (left, comes) in [("2026-12-19", false), ("2026-12-20", true)] {
        let file = format!("name: 范立春\nleft: {left}\n");
        let access = repo(&[("r", &later)], &[("people/fanlichun.yaml", &file)]);
        let plan = World::new().plan(&access, NOW);
        assert_eq!(!plan.items.is_empty(), comes, "{left}: {:#?}", plan.items);
    }
}
