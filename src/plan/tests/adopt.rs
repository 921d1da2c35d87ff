//! What others made becomes a request's: nobody gains or loses anything by that.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{World, at, repo};
use super::{HOST, NOW, TABLE, kinds, text};
use crate::jumpserver::spec::{PermissionSpec, SeenAssetAccount, SeenPermission};
use crate::mysql::privilege::Privilege;
use crate::mysql::spec::{AccountName, Held, Row, SeenAccount};
use crate::plan::finding::Kind;
use crate::plan::guard::Removals;
use crate::plan::permissions::Action;
use crate::plan::{Phase, What};

const SERVERS: &str = "for: fanlichun
reason: as it is today
servers:
  - login: app
    nodes: [/Default/payments/prod]
    adopts: fanlichun-regularusers
";

const DATABASES: &str = "for: fanlichun
reason: as it is today
databases:
  - instance: orders-prod
    level: r
    tables: [orders.*]
    adopts: { account: jump_md_fanlichun_r, permission: fanlichun-db }
";

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A permission as JumpServer makes one by hand: any protocol, and no end by seventy years.
fn by_hand(name: &str, accounts: &[&str]) -> PermissionSpec {
    PermissionSpec {
        name: name.to_owned(),
        users: texts(&["fanlichun"]),
        groups: BTreeSet::new(),
        assets: BTreeSet::new(),
        nodes: texts(&["/Default/payments/prod"]),
        accounts: texts(accounts),
        protocols: texts(&["all"]),
        actions: texts(&["connect", "upload", "download", "copy", "paste"]),
        start: at("2024-05-06T07:08:09Z"),
        end: at("2094-04-19T07:08:09Z"),
        active: true,
    }
}

impl World {
    fn permission_by_hand(&mut self, spec: PermissionSpec) -> uuid::Uuid {
        let id = self.id();
        let named = |user: &String| (self.observed.jumpserver.users[user].id, user.clone());
        let user_ids = spec.users.iter().map(named).collect();
        let (labelled, mark, comment) = (false, None, "by hand".to_owned());
        let seen = SeenPermission { id, spec, user_ids, labelled, mark, comment };
        self.live().permissions.insert(id, seen);
        id
    }

    /// An account on the server and in JumpServer, with SELECT on orders.
    fn account_by_hand(&mut self, user: &str) -> AccountName {
        let name = AccountName { user: user.to_owned(), host: "10.8.0.%".to_owned() };
        let row = Row { privileges: Privilege::Select.into(), grant_option: false };
        let held =
            Held { databases: BTreeMap::from([("orders".to_owned(), row)]), ..Held::default() };
        let account = SeenAccount {
            name: name.clone(),
            locked: false,
            is_role: false,
            plugin: "caching_sha2_password".to_owned(),
            no_password: false,
            old_password: false,
            password_changed: Some(at("2025-01-02T03:04:05Z")),
            evidence: None,
            held,
        };
        self.server().accounts.insert(name.clone(), account);
        self.server().users.insert(user.to_owned());
        let (id, asset_id) = (self.id(), self.live().assets["orders-prod"].id);
        let seen = SeenAssetAccount {
            id,
            asset: "orders-prod".to_owned(),
            asset_id,
            name: user.to_owned(),
            username: user.to_owned(),
            secret_type: "password".to_owned(),
            has_secret: Some(true),
            active: true,
            labelled: false,
            mark: None,
            comment: String::new(),
        };
        self.live().accounts.insert(id, seen);
        name
    }
}

/// Everything that the person can do through permissions now, in JumpServer's own words.
fn gives(world: &mut World) -> Vec<(BTreeSet<String>, BTreeSet<String>, BTreeSet<String>)> {
    let all = world.live().permissions.values();
    all.map(|seen| {
        let spec = &seen.spec;
        (
            spec.users.clone(),
            spec.nodes.union(&spec.assets).cloned().collect(),
            spec.accounts.clone(),
        )
    })
    .collect()
}

#[test]
fn a_permission_is_taken_over_as_it_is() {
    let access = repo(&[("2026/as-it-is", SERVERS)], &[]);
    let mut world = World::new();
    // No database below the node: all that is there speaks the login's protocols.
    world.live().assets.get_mut("orders-prod").expect("an asset").nodes.clear();
    let id = world.permission_by_hand(by_hand("fanlichun-regularusers", &["app"]));
    let before = gives(&mut world);
    let plan = world.apply(&access, NOW);
    assert_eq!(plan.removals, Removals { counted: 0, ended: 0, owned: 1 });
    assert_eq!(plan.items.len(), 1, "one request");
    assert_eq!(gives(&mut world), before);
    let seen = &world.live().permissions[&id];
    assert_eq!(seen.spec.name, "jump_app_fanlichun");
    assert_eq!(seen.mark.as_ref().map(|mark| mark.id), Some(id));
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
    // The line says nothing more, also when another one of that name comes.
    world.permission_by_hand(by_hand("fanlichun-regularusers", &["app"]));
    let again = world.plan(&access, NOW);
    assert!(again.items.is_empty());
    assert!(kinds(&again).contains(&Kind::AdoptedBeside));
    // It ends as any other of ours.
    let plan = world.apply(&repo(&[], &[("requests/.keep", "")]), NOW);
    assert!(matches!(&plan.items[0].what, What::Permission { id: gone, .. } if *gone == id));
    assert_eq!(world.live().permissions.len(), 1, "the foreign one stays");
}

#[test]
fn what_it_holds_beyond_the_request_and_below_it_is_a_change() {
    let access = repo(&[("2026/as-it-is", &SERVERS.replace("app", "root"))], &[]);
    let mut world = World::new();
    let mut spec = by_hand("fanlichun-regularusers", &["root", "mysql"]);
    spec.assets = texts(&["pay-web-01"]);
    spec.actions.insert("delete".to_owned());
    spec.end = at("2027-01-01T00:00:00Z");
    let id = world.permission_by_hand(spec);
    let plan = world.apply(&access, NOW);
    let phases: Vec<Phase> = plan.items.iter().map(|item| item.phase).collect();
    assert_eq!(phases, [Phase::New, Phase::New], "{:#?}", plan.items);
    assert_eq!(plan.items[1].needs, [0], "it is changed only when it is ours");
    assert_eq!((plan.removals.counted, plan.removals.owned), (1, 1));
    assert_eq!(world.live().permissions[&id].spec.accounts, texts(&["root", "Administrator"]));
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
}

#[test]
fn what_it_loses_waits_for_what_takes_its_place() {
    let both = format!("{SERVERS}  - login: root\n    nodes: [/Default/payments/prod]\n");
    let access = repo(&[("2026/as-it-is", &both)], &[]);
    let mut world = World::new();
    let spec = by_hand("fanlichun-regularusers", &["app", "root", "Administrator"]);
    world.permission_by_hand(spec);
    let plan = world.apply(&access, NOW);
    let last = plan.items.last().expect("a step");
    assert_eq!((last.phase, last.name.as_str()), (Phase::Replaced, "jump_app_fanlichun"));
    assert_eq!(last.needs, [0, 1], "the other login's permission stands before");
    assert!(matches!(&plan.items[0].what, What::Permission { action, .. }
        if matches!(**action, Action::Adopt { whole: false, .. })));
}

#[test]
fn what_others_would_lose_is_not_adopted_and_not_made_twice() {
    let access = repo(&[("2026/as-it-is", SERVERS)], &[]);
    type Edit = fn(&mut PermissionSpec);
    let broken: [(&str, Edit); 5] = [
        ("liwei would lose", |spec| {
            spec.users.insert("liwei".to_owned());
        }),
        ("the people of ops would lose", |spec| {
            spec.groups.insert("ops".to_owned());
        }),
        ("accounts @ALL", |spec| {
            spec.accounts.insert("@ALL".to_owned());
        }),
        ("accounts !root", |spec| {
            spec.accounts.insert("!root".to_owned());
        }),
        ("accounts @INPUT", |spec| {
            spec.accounts.insert("@INPUT".to_owned());
        }),
    ];
    for (why, edit) in broken {
        let mut world = World::new();
        let mut spec = by_hand("fanlichun-regularusers", &["app"]);
        edit(&mut spec);
        world.permission_by_hand(spec);
        let plan = world.apply(&access, NOW);
        assert!(plan.items.is_empty(), "{why}: {:#?}", plan.items);
        assert!(plan.is_partial());
        let finding = plan.findings.iter().find(|finding| finding.code == Kind::NotAdopted);
        let finding = finding.unwrap_or_else(|| panic!("{why}"));
        assert!(finding.message.contains(why), "{}", finding.message);
        assert_eq!(finding.site.as_ref().map(|site| site.line), Some(6));
    }
}

#[test]
fn what_does_not_exist_is_made() {
    let access = repo(&[("2026/as-it-is", SERVERS), ("2026/db", DATABASES)], &[]);
    let mut world = World::new();
    world.server().users.insert("jump_md_fanlichun_r".to_owned());
    let plan = world.apply(&access, NOW);
    let told = kinds(&plan).into_iter().filter(|kind| *kind == Kind::NothingToAdopt).count();
    assert_eq!(told, 3, "{:#?}", plan.findings);
    let names: Vec<&str> = plan.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(
        names,
        ["jump_md_fanlichun_r", "jump_app_fanlichun", "jump_db_fanlichun_r@jump_md_fanlichun_r"]
    );
}

#[test]
fn an_account_is_taken_over_with_its_permission() {
    let access = repo(&[("2026/as-it-is", DATABASES)], &[]);
    let mut world = World::new();
    let name = world.account_by_hand("jump_md_fanlichun_r");
    let mut spec = by_hand("fanlichun-db", &["jump_md_fanlichun_r"]);
    (spec.nodes, spec.assets) = (BTreeSet::new(), texts(&["orders-prod"]));
    world.permission_by_hand(spec);
    let before = (gives(&mut world), world.server().accounts[&name].clone());
    let plan = world.apply(&access, NOW);
    let after = world.server().accounts[&name].clone();
    assert_eq!(gives(&mut world), before.0);
    assert_eq!(SeenAccount { evidence: None, ..after }, before.1);
    assert_eq!(plan.removals, Removals { counted: 0, ended: 0, owned: 2 });
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
    // What a request adds later is granted to the same account.
    let more = DATABASES.replace("[orders.*]", "[orders.*, billing.*]");
    let plan = world.apply(&repo(&[("2026/as-it-is", &more)], &[]), NOW);
    assert_eq!(plan.items.len(), 1);
    assert_eq!(world.server().accounts[&name].held.databases.len(), 2);
    // It goes when nobody asks for it any more, also when no line names it.
    world.apply(&repo(&[], &[("requests/.keep", "")]), NOW);
    assert!(world.server().accounts.is_empty() && world.live().accounts.is_empty());
}

#[test]
fn an_account_that_cannot_be_kept_is_left_alone() {
    let access = repo(&[("2026/as-it-is", DATABASES)], &[]);
    type Edit = fn(&mut World, &AccountName);
    let broken: [(&str, Edit); 7] = [
        ("holds no password", |world, _| {
            let account = world.live().accounts.values_mut().next().expect("an account");
            account.has_secret = Some(false);
        }),
        ("has no account of this name in JumpServer", |world, _| {
            world.live().accounts.clear();
        }),
        ("locked", |world, name| {
            world.server().accounts.get_mut(name).expect("an account").locked = true;
        }),
        ("PROCESS on *.*", |world, name| {
            let account = world.server().accounts.get_mut(name).expect("an account");
            account.held.global.insert("PROCESS".to_owned());
        }),
        ("the role ops@%", |world, name| {
            let role = AccountName { user: "ops".to_owned(), host: "%".to_owned() };
            let account = world.server().accounts.get_mut(name).expect("an account");
            account.held.roles.insert(role, false);
        }),
        ("the server has jump_md_fanlichun_r@%", |world, name| {
            let mut account = world.server().accounts.remove(name).expect("an account");
            account.name.host = "%".to_owned();
            world.server().accounts.insert(account.name.clone(), account);
        }),
        ("the server does not have it", |world, _| world.server().accounts.clear()),
    ];
    for (why, edit) in broken {
        let mut world = World::new();
        let name = world.account_by_hand("jump_md_fanlichun_r");
        edit(&mut world, &name);
        let plan = world.apply(&access, NOW);
        assert!(plan.items.is_empty(), "{why}: {:#?}", plan.items);
        let finding = plan.findings.iter().find(|finding| finding.code == Kind::NotAdopted);
        let finding = finding.unwrap_or_else(|| panic!("{why}: {:#?}", plan.findings));
        assert!(finding.message.contains(why), "{}", finding.message);
    }
}

#[test]
fn grants_that_the_request_does_not_ask_for_are_taken_away_in_sight() {
    let access = repo(&[("2026/as-it-is", DATABASES)], &[]);
    let mut world = World::new();
    let name = world.account_by_hand("jump_md_fanlichun_r");
    let account = world.server().accounts.get_mut(&name).expect("an account");
    let row = Row { privileges: Privilege::Delete.into(), grant_option: true };
    account.held.databases.insert("billing".to_owned(), row);
    let plan = world.apply(&access, NOW);
    assert_eq!(plan.removals.counted, 1);
    insta::assert_snapshot!(text(&plan, &access, &world, NOW));
}

#[test]
fn adopted_and_released_it_is_as_it_was() {
    let mut world = World::new();
    let name = world.account_by_hand("jump_md_fanlichun_r");
    let mut spec = by_hand("fanlichun-db", &["jump_md_fanlichun_r"]);
    (spec.nodes, spec.assets) = (BTreeSet::new(), texts(&["orders-prod"]));
    let id = world.permission_by_hand(spec);
    let before = world.server().accounts[&name].clone();
    world.apply(&repo(&[("2026/as-it-is", DATABASES)], &[]), NOW);
    let released = format!("{DATABASES}release: true\n");
    let plan = world.apply(&repo(&[("2026/as-it-is", &released)], &[]), NOW);
    assert_eq!(plan.items.len(), 2);
    assert_eq!(world.server().accounts[&name], before);
    assert_eq!(world.live().permissions[&id].spec.name, "fanlichun-db");
    assert!(kinds(&world.plan(&repo(&[("2026/as-it-is", &released)], &[]), NOW)).is_empty());
}

#[test]
fn what_was_not_looked_for_is_not_gone() {
    let mut world = World::new();
    world.account_by_hand("jump_md_fanlichun_r");
    world.apply(&repo(&[("2026/as-it-is", DATABASES)], &[]), NOW);
    world.server().accounts.retain(|name, _| !name.user.starts_with("jump_md_"));
    world.server().users.clear();
    let plan = world.plan(&repo(&[], &[("requests/.keep", "")]), NOW);
    let touched = plan.items.iter().any(|item| matches!(item.what, What::Account { .. }));
    assert!(!touched, "{:#?}", plan.items);
}

#[test]
fn an_account_of_the_same_name_at_the_host_of_before_stays_foreign() {
    let moved = super::world::DATABASE.replace("10.8.0.%", "10.9.0.%");
    let files = [("inventory/databases/orders-prod.yaml", moved.as_str())];
    let access = repo(&[("2026/as-it-is", DATABASES)], &files);
    let mut world = World::new();
    let old = world.account_by_hand("jump_md_fanlichun_r");
    let name = AccountName { host: "10.9.0.%".to_owned(), ..old.clone() };
    let new = SeenAccount { name: name.clone(), ..world.server().accounts[&old].clone() };
    world.server().accounts.insert(name.clone(), new);
    let spec = PermissionSpec {
        nodes: BTreeSet::new(),
        assets: texts(&["orders-prod"]),
        ..by_hand("fanlichun-db", &["jump_md_fanlichun_r"])
    };
    world.permission_by_hand(spec);
    world.anchored_at("10.8.0.%");
    // A run that is cut leaves the anchor as it was.
    for _ in 0..2 {
        let plan = world.plan(&access, NOW);
        world.carry_out(&plan);
        assert!(world.server().accounts.contains_key(&old), "{:#?}", plan.items);
        assert!(kinds(&plan).contains(&Kind::NotAdopted));
    }
    world.anchored_at("10.9.0.%");
    let plan = world.plan(&access, NOW);
    assert!(plan.items.iter().any(|item| item.what.adopts()), "{:#?}", plan.findings);
    world.carry_out(&plan);
    assert!(world.server().accounts.contains_key(&old));
}

#[test]
fn what_is_newly_opened_has_lost_what_it_is_to_lose() {
    let opened_alone = DATABASES.replace(
        "account: jump_md_fanlichun_r, permission: fanlichun-db",
        "account: jump_md_fanlichun_r",
    );
    let access = repo(&[("2026/as-it-is", &opened_alone)], &[]);
    let mut world = World::new();
    let name = world.account_by_hand("jump_md_fanlichun_r");
    let row = Row { privileges: Privilege::Drop.into(), grant_option: false };
    let account = world.server().accounts.get_mut(&name).expect("an account");
    account.held.databases.insert("billing".to_owned(), row);
    let plan = world.apply(&access, NOW);
    assert_eq!(plan.items.len(), 2, "{:#?}", plan.items);
    assert_eq!(plan.items[1].needs, [0], "a server that refuses to revoke opens nothing");

    // It is ours, and another hand gave it more: only what is opened newly waits.
    let account = world.server().accounts.get_mut(&name).expect("an account");
    account.held.databases.insert("billing".to_owned(), row);
    let longer = format!("{opened_alone}until: 2027-03-01\n");
    let plan = world.plan(&repo(&[("2026/as-it-is", &longer)], &[]), NOW);
    let needs: Vec<_> = plan.items.iter().map(|item| (item.phase, &*item.needs)).collect();
    assert_eq!(needs, [(Phase::Ends, &[][..]), (Phase::New, &[0]), (Phase::Replaced, &[1])]);
    let plan = world.plan(&repo(&[("2026/as-it-is", &opened_alone)], &[]), NOW);
    assert_eq!(plan.items.len(), 1);
    let plan = world.plan(&repo(&[], &[("requests/.keep", "")]), NOW);
    assert!(plan.items.iter().all(|item| item.needs.is_empty()), "ends wait for nothing");
}

/// What is taken over beside what gets nothing new: nothing of it was recorded, so all of it that
/// nobody may have goes in the first plan, and the second one is empty.
#[test]
fn what_gets_nothing_new_keeps_nothing_of_what_another_request_adopts() {
    let adopts = HOST.replace("[pay-web-01]", "[pay-web-01], adopts: fanlichun-regularusers");
    let other = HOST.replace("pay-web-01", "pay-web-02");
    let policy = "environments: [prod]
limits:
  - { when: { environment: prod }, longest: 120d }
";
    let long = other.replace("2027-02-28", "2027-12-31");
    for (beside, unproven) in [(&other, &["b"][..]), (&long, &[])] {
        let access = repo(&[("a", &adopts), ("b", beside)], &[("policy.yaml", policy)]);
        let mut world = World::new();
        let mut spec = by_hand("fanlichun-regularusers", &["app"]);
        (spec.nodes, spec.assets) = (BTreeSet::new(), texts(&["pay-web-01", "pay-web-02"]));
        let id = world.permission_by_hand(spec);
        let plan = world.plan_unproven(&access, NOW, unproven);
        assert!(plan.items.iter().any(|item| item.what.adopts()), "{:#?}", plan.items);
        assert_eq!(plan.removals.counted, 1, "in sight, and the guard counts it");
        world.carry_out(&plan);
        assert_eq!(world.live().permissions[&id].spec.assets, texts(&["pay-web-01"]));
        let again = world.plan_unproven(&access, NOW, unproven);
        assert_eq!(again.items, []);
    }
}

#[test]
fn what_gets_nothing_new_keeps_nothing_of_the_account_that_another_request_adopts() {
    let other = TABLE.replace("2027-02-28", "2027-12-31");
    let access = repo(&[("2026/as-it-is", DATABASES), ("b", &other)], &[]);
    let mut world = World::new();
    let name = world.account_by_hand("jump_md_fanlichun_r");
    let account = world.server().accounts.get_mut(&name).expect("an account");
    let row = Row { privileges: Privilege::Select.into(), grant_option: false };
    account.held.databases.insert("billing".to_owned(), row);
    let mut spec = by_hand("fanlichun-db", &["jump_md_fanlichun_r"]);
    (spec.nodes, spec.assets) = (BTreeSet::new(), texts(&["orders-prod"]));
    world.permission_by_hand(spec);
    let plan = world.plan_unproven(&access, NOW, &["b"]);
    assert!(plan.items.iter().any(|item| item.what.adopts()), "{:#?}", plan.items);
    world.carry_out(&plan);
    let held = &world.server().accounts[&name].held;
    assert_eq!(held.databases.keys().collect::<Vec<_>>(), ["orders"]);
    assert!(held.tables.is_empty(), "{held:?}");
    assert_eq!(world.plan_unproven(&access, NOW, &["b"]).items, []);
}
