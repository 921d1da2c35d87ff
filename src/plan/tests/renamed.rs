//! Assets and nodes that somebody renames in JumpServer: git asks for the old name, and nothing
//! says that access is to go.

use super::*;

const BOTH: &str = "for: fanlichun
reason: logs
until: 2027-02-28
servers:
  - login: app
    nodes: [/Default/payments/prod]
    assets: [pay-web-01, pay-web-02]
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*]
";

fn rename(names: &mut BTreeSet<String>, from: &str, to: &str) {
    if names.remove(from) {
        names.insert(to.to_owned());
    }
}

impl World {
    /// As JumpServer shows it after a rename: permissions and accounts follow the object.
    fn renamed(&mut self, from: &str, to: &str) {
        let live = self.live();
        if let Some(mut node) = live.nodes.remove(from) {
            node.path = to.to_owned();
            live.nodes.insert(to.to_owned(), node);
        }
        for asset in live.assets.values_mut() {
            rename(&mut asset.nodes, from, to);
        }
        if let Some(mut asset) = live.assets.remove(from) {
            asset.name = to.to_owned();
            live.assets.insert(to.to_owned(), asset);
        }
        if let Some(accounts) = live.login_accounts.remove(from) {
            live.login_accounts.insert(to.to_owned(), accounts);
        }
        for permission in live.permissions.values_mut() {
            rename(&mut permission.spec.assets, from, to);
            rename(&mut permission.spec.nodes, from, to);
        }
        for account in live.accounts.values_mut().filter(|account| account.asset == from) {
            account.asset = to.to_owned();
        }
    }
}

#[test]
fn what_was_renamed_takes_nothing_away() {
    for (from, to, missing) in [
        ("/Default/payments/prod", "/Default/payments/prd", Kind::NodeMissing),
        // A pattern of the inventory is no name.
        ("pay-web-01", "pay-web-01x", Kind::AssetMissing),
        ("orders-prod", "orders", Kind::AssetMissing),
    ] {
        let access = repo(&[("r", BOTH)], &[]);
        let mut world = World::new();
        world.apply(&access, NOW);
        world.renamed(from, to);
        let plan = world.plan(&access, NOW);
        assert!(plan.items.is_empty(), "{to}: {:#?}", plan.items);
        assert!(kinds(&plan).contains(&missing) && kinds(&plan).contains(&Kind::Renamed), "{to}");
        world.renamed(to, from);
        let plan = world.plan(&access, NOW);
        assert!(plan.items.is_empty() && !kinds(&plan).contains(&Kind::Renamed), "{to}");
    }
}

#[test]
fn what_is_kept_ends_as_ever() {
    let access = repo(&[("r", BOTH)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    for (from, to) in [("/Default/payments/prod", "/Default/prd"), ("orders-prod", "orders")] {
        world.renamed(from, to);
    }
    // Another period is another permission: what it cannot have yet, the old one keeps.
    let renewed = repo(&[("r", &BOTH.replace("2027-02-28", "2027-03-31"))], &[]);
    let mut later = World::new();
    later.observed = world.observed.clone();
    later.apply(&renewed, NOW);
    let open = |world: &World| -> BTreeSet<String> {
        let permissions = world.observed.jumpserver.permissions.values();
        permissions
            .flat_map(|seen| seen.spec.assets.iter().chain(&seen.spec.nodes).cloned())
            .collect()
    };
    let all = ["/Default/prd", "orders", "pay-web-01", "pay-web-02"].map(str::to_owned);
    assert_eq!(open(&later), BTreeSet::from(all));
    // The recorded end of the old ones, and the end of the request.
    later.apply(&renewed, "2027-03-02T02:00:00Z");
    assert_eq!(open(&later), BTreeSet::from(["pay-web-01", "pay-web-02"].map(str::to_owned)));
    world.apply(&access, "2027-03-02T02:00:00Z");
    assert_eq!(open(&world), BTreeSet::new());
}

#[test]
fn what_git_took_out_goes_though_something_else_is_missing() {
    let access = repo(&[("r", BOTH)], &[]);
    let mut world = World::new();
    world.apply(&access, NOW);
    world.live().nodes.insert(
        "/Default/payments/test".to_owned(),
        crate::jumpserver::spec::SeenNode {
            ids: [uuid::Uuid::from_u128(7)].into(),
            path: "/Default/payments/test".to_owned(),
        },
    );
    // The inventory names the old node: this is an edit, with a slip in the new path.
    let edited = BOTH.replace("payments/prod]", "payments/prod/slip]");
    let edited = repo(&[("r", &edited)], &[]);
    let plan = world.plan(&edited, NOW);
    assert!(kinds(&plan).contains(&Kind::NodeMissing) && !kinds(&plan).contains(&Kind::Renamed));
    let What::Permission { action, .. } = &plan.items[0].what else { panic!("a permission") };
    let permissions::Action::Update { to, .. } = &**action else { panic!("an update") };
    assert_eq!(to.nodes, BTreeSet::new());
}

#[test]
fn no_permission_is_made_for_an_account_that_is_not() {
    let request = BOTH.replace("[orders.*]", "[billing.slip]");
    let access = repo(&[("r", &request)], &[]);
    let mut world = World::new();
    let slip = crate::mysql::spec::TableName { database: "billing".into(), table: "slip".into() };
    let missing = crate::mysql::live::Known::Missing { near: Vec::new() };
    world.server().existing.tables.insert(slip, missing);
    let plan = world.apply(&access, NOW);
    assert!(kinds(&plan).contains(&Kind::ScopeMissing));
    let names: Vec<&str> = plan.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["jump_app_fanlichun_20270228"]);
}

/// Renames permissions as JumpServer does: their ids stay.
fn call(world: &mut World, names: &[(&str, &str)]) {
    let permissions = &mut world.live().permissions;
    for seen in permissions.values_mut() {
        if let Some((_, name)) = names.iter().find(|(from, _)| *from == seen.spec.name) {
            seen.spec.name = (*name).to_owned();
        }
    }
}

#[test]
fn a_permission_with_the_name_of_another_gives_it_back() {
    const APP: &str = "jump_app_fanlichun_20270228";
    const ROOT: &str = "jump_root_liwei_20270228";
    let root = BOTH.replace("for: fanlichun", "for: liwei").replace("login: app", "login: root");
    let root = root.split("databases:").next().expect("the hosts");
    let access = repo(&[("r", BOTH), ("root", root)], &[]);
    for theirs in [None, Some("something else")] {
        let mut world = World::new();
        world.apply(&access, NOW);
        let before = world.observed.jumpserver.permissions.clone();
        match theirs {
            None => world.live().permissions.retain(|_, seen| seen.spec.name != ROOT),
            Some(name) => call(&mut world, &[(ROOT, name)]),
        }
        call(&mut world, &[(APP, ROOT)]);
        let plan = world.plan(&access, NOW);
        assert!(kinds(&plan).contains(&Kind::Misnamed), "{theirs:?}: {:#?}", plan.findings);
        // Nobody is taken for somebody else, and nothing goes.
        assert!(!kinds(&plan).contains(&Kind::UserMadeAnew), "{theirs:?}");
        assert_eq!(plan.items.len(), 1, "{theirs:?}: {:#?}", plan.items);
        world.carry_out(&plan);
        let plan = world.apply(&access, NOW);
        assert!(!kinds(&plan).contains(&Kind::Misnamed), "{theirs:?}");
        assert_eq!(plan.items.len(), 1, "{theirs:?}: {:#?}", plan.items);
        assert_eq!(world.observed.jumpserver.permissions, before, "{theirs:?}");
    }
}

#[test]
fn what_waits_for_its_name_is_replaced_by_nothing_yet() {
    let root = BOTH.replace("for: fanlichun", "for: liwei").replace("login: app", "login: root");
    let root = root.split("databases:").next().expect("the hosts");
    let later = root.replace("2027-02-28", "2027-03-31");
    let (access, renewed) =
        (repo(&[("r", BOTH), ("root", root)], &[]), repo(&[("r", BOTH), ("root", &later)], &[]));
    let mut world = World::new();
    world.apply(&access, NOW);
    call(&mut world, &[("jump_app_fanlichun_20270228", "jump_root_liwei_20270331")]);
    let plan = world.plan(&renewed, NOW);
    assert!(kinds(&plan).contains(&Kind::Misnamed), "{:#?}", plan.findings);
    world.carry_out(&plan);
    let names = |world: &World| -> Vec<String> {
        let permissions = world.observed.jumpserver.permissions.values();
        let hosts = permissions.filter(|seen| !seen.spec.nodes.is_empty());
        let mut names: Vec<_> = hosts.map(|seen| seen.spec.name.clone()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&world), ["jump_app_fanlichun_20270228", "jump_root_liwei_20270228"]);
    world.apply(&renewed, NOW);
    assert_eq!(names(&world), ["jump_app_fanlichun_20270228", "jump_root_liwei_20270331"]);
}
