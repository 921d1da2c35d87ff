//! The desired state of small repos, and what holds for all of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::access::model::{
    Config, DatabaseWant, ExposedAccounts, Guard, Instance, Login, Party, Person, Policy,
    Provenance, Request, Scope, ServerEntry, ServerWant, Site, Tls, TlsMode,
};
use crate::grants;
use crate::mysql::privilege::Privilege;
use crate::period::{Edge, Period};

fn name<T: std::str::FromStr<Err = crate::names::InvalidName>>(text: &str) -> T {
    text.parse().expect("a good name")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn site() -> Site {
    Site { file: "requests/r.yaml".into(), line: 1, column: 1 }
}

fn day(text: &str) -> jiff::civil::Date {
    text.parse().expect("a day")
}

fn period(from: Option<&str>, until: Option<&str>) -> Period {
    Period {
        from: from.map(|text| Edge::first_of(day(text), &TimeZone::UTC).expect("an edge")),
        until: until.map(|text| Edge::last_of(day(text), &TimeZone::UTC).expect("an edge")),
    }
}

fn instance(asset: &str, alias_of: Option<&str>) -> Instance {
    Instance {
        site: site(),
        host: format!("{asset}.db.acme.example"),
        port: 3306,
        asset: asset.to_owned(),
        environment: name("prod"),
        owners: Vec::new(),
        account_host: "10.8.0.%".to_owned(),
        levels: std::sync::Arc::new(BTreeSet::from([name("r"), name("rw")])),
        databases: None,
        tls: Tls { mode: TlsMode::Verify, ca: None },
        same_accounts_as: alias_of.map(name),
        retired: false,
    }
}

/// A repo with two people, one instance and its replica, one node of hosts, no request.
fn repo() -> Access {
    let person = |user: &str| Person {
        site: site(),
        display: user.to_owned(),
        email: None,
        jumpserver: user.to_owned(),
        jumpserver_id: None,
        forge: None,
        left: None,
    };
    let login = Login {
        accounts: vec!["app".to_owned()],
        protocols: vec!["ssh".to_owned(), "sftp".to_owned()],
        actions: BTreeSet::from(["connect".to_owned()]),
    };
    Access {
        config: Config {
            owner: name("acme"),
            zone: TimeZone::UTC,
            url: url::Url::parse("https://jump.acme.example").expect("a URL"),
            organization: "Default".to_owned(),
            source: PeopleSource::JumpServer,
            logins: BTreeMap::from([(name("app"), login)]),
            levels: BTreeMap::from([
                (name("r"), Privilege::Select.into()),
                (name("rw"), Privilege::Select | Privilege::Update),
            ]),
            prefix: name("jump"),
            guard: Guard { removals: 10, percent: 20 },
        },
        policy: Policy {
            environments: vec![name("prod")],
            limits: Vec::new(),
            exposed_accounts: ExposedAccounts::Refuse,
            owners: Vec::new(),
            provenance: Provenance::Off,
            sessions: BTreeMap::new(),
            emergency: None,
        },
        people: ["fanlichun", "liwei"].map(|user| (name(user), person(user))).into(),
        teams: BTreeMap::new(),
        instances: BTreeMap::from([
            (name("orders-prod"), instance("orders-prod", None)),
            (name("orders-replica"), instance("orders-replica", Some("orders-prod"))),
        ]),
        servers: vec![ServerEntry {
            site: site(),
            environment: name("prod"),
            owners: Vec::new(),
            logins: BTreeSet::from([name("app")]),
            nodes: vec!["/Default/payments".to_owned()],
            assets: vec!["pay-*".to_owned()],
        }],
        requests: BTreeMap::new(),
        notify: None,
        notices: Vec::new(),
    }
}

fn request(person: &str, period: Period) -> Request {
    Request {
        site: site(),
        parties: vec![(Party::Person(name(person)), site())],
        reason: "reconcile refunds".to_owned(),
        period,
        emergency: None,
        servers: Vec::new(),
        databases: Vec::new(),
        release: false,
    }
}

fn database(instance: &str, level: &str, scope: Scope) -> DatabaseWant {
    DatabaseWant {
        instances: vec![(name(instance), site())],
        level: name(level),
        tables: vec![(scope, site())],
        adopts: Default::default(),
    }
}

fn table(table: &str) -> Scope {
    Scope::Table("shop".to_owned(), table.to_owned())
}

#[test]
fn o04_one_of_two_requests_expires() {
    let mut access = repo();
    let mut first = request("fanlichun", period(None, Some("2030-01-01")));
    first.databases.push(database("orders-prod", "r", Scope::Database("shop".to_owned())));
    let mut second = request("fanlichun", period(None, Some("2026-12-01")));
    second.databases.push(database("orders-prod", "r", table("orders")));
    access.requests = BTreeMap::from([(name("r1"), first), (name("r2"), second)]);
    let grants = grants::of(&access);

    let both = super::at(&access, &grants, at("2026-12-01T12:00:00Z"));
    let one = super::at(&access, &grants, at("2026-12-02T00:00:00Z"));
    let key = (&name("orders-prod"), "jump_db_fanlichun_r".to_owned());
    assert_eq!(
        both.accounts[&key].requests().into_keys().collect::<Vec<_>>(),
        [name("r1"), name("r2")]
    );
    assert_eq!(one.accounts[&key].requests().into_keys().collect::<Vec<_>>(), [name("r1")]);
    assert_eq!(
        both.accounts[&key].spec.grants.databases, one.accounts[&key].spec.grants.databases,
        "what the first request asks never changes"
    );
    assert!(one.accounts[&key].spec.grants.tables.is_empty());
    // What differs in period never shares a permission.
    assert_eq!(
        both.permissions.keys().collect::<Vec<_>>(),
        ["jump_db_fanlichun_r_20261201", "jump_db_fanlichun_r_20300101"]
    );
}

#[test]
fn an_alias_shares_the_accounts_of_its_instance() {
    let mut access = repo();
    let mut asked = request("fanlichun", Period::default());
    asked.databases.push(database("orders-replica", "r", table("orders")));
    access.requests = BTreeMap::from([(name("r1"), asked)]);
    let grants = grants::of(&access);
    let desired = super::at(&access, &grants, at("2026-12-01T12:00:00Z"));

    let (key, account) = desired.accounts.first_key_value().expect("one account");
    assert_eq!(key.0.as_str(), "orders-prod");
    assert_eq!(account.spec.assets, ["orders-prod", "orders-replica"]);
    let permission = &desired.permissions["jump_db_fanlichun_r"].spec;
    assert_eq!(permission.assets, BTreeSet::from(["orders-replica".to_owned()]));
}

#[test]
fn hosts_are_ready_before_the_start_and_databases_are_not() {
    let mut access = repo();
    let mut asked = request("liwei", period(Some("2026-12-10"), Some("2026-12-20")));
    asked.databases.push(database("orders-prod", "rw", table("orders")));
    asked.servers.push(ServerWant {
        login: name("app"),
        nodes: vec![("/Default/payments/prod".to_owned(), site())],
        assets: vec![("pay-web-01".to_owned(), site())],
        adopts: None,
    });
    access.requests = BTreeMap::from([(name("r1"), asked)]);
    let grants = grants::of(&access);

    let before = super::at(&access, &grants, at("2026-12-01T00:00:00Z"));
    assert_eq!(before.permissions.keys().collect::<Vec<_>>(), ["jump_app_liwei_20261210-20261220"]);
    assert!(before.accounts.is_empty());
    let during = super::at(&access, &grants, at("2026-12-10T00:00:00Z"));
    assert_eq!((during.permissions.len(), during.accounts.len()), (2, 1));
    let after = super::at(&access, &grants, at("2026-12-21T00:00:00Z"));
    assert_eq!(after, Desired::default());
}

#[test]
fn a_leaver_keeps_nothing_after_the_last_day() {
    let mut access = repo();
    let mut asked = request("liwei", period(None, Some("2027-12-31")));
    asked.databases.push(database("orders-prod", "r", table("orders")));
    access.requests = BTreeMap::from([(name("r1"), asked)]);
    let left = Edge::last_of(day("2026-12-15"), &TimeZone::UTC).expect("an edge");
    access.people.get_mut(&name("liwei")).expect("a person").left = Some(left);
    let grants = grants::of(&access);

    let last_day = super::at(&access, &grants, at("2026-12-15T23:59:00Z"));
    let (_, permission) = last_day.permissions.first_key_value().expect("a permission");
    assert_eq!(permission.spec.end, at("2026-12-16T00:00:00Z"), "it ends without an apply");
    assert_eq!(super::at(&access, &grants, at("2026-12-16T00:00:00Z")), Desired::default());
}

/// Any request for one of the two people, on databases and hosts.
fn any_request() -> impl Strategy<Value = Request> {
    let scope = prop_oneof![
        "[ab]".prop_map(Scope::Database),
        ("[ab]", "[tu]").prop_map(|(database, table)| Scope::Table(database, table)),
        ("[ab]", "[tu]", proptest::collection::btree_set("[cd]", 1..3))
            .prop_map(|(database, table, columns)| Scope::Columns(database, table, columns)),
    ];
    let parts = (any::<bool>(), 1..28_u8, 0..20_u8, any::<bool>(), any::<bool>(), scope);
    parts.prop_map(|(who, from, length, write, replica, scope)| {
        let from = format!("2027-01-{from:02}");
        let until = day(&from).checked_add(jiff::Span::new().days(i64::from(length)));
        let until = until.expect("a day").to_string();
        let person = if who { "fanlichun" } else { "liwei" };
        let mut request = request(person, period(Some(&from), Some(&until)));
        let instance = if replica { "orders-replica" } else { "orders-prod" };
        request.databases.push(database(instance, if write { "rw" } else { "r" }, scope));
        request
    })
}

proptest! {
    /// More requests never take anything away, and every part answers for itself.
    #[test]
    fn requests_add_up(
        requests in proptest::collection::vec(any_request(), 1..8),
        hour in 0..1_400_i64,
    ) {
        let moment = at("2027-01-01T00:00:00Z") + jiff::SignedDuration::from_hours(hour);
        let mut all = repo();
        all.requests =
            requests.into_iter().enumerate().map(|(n, r)| (name(&format!("r{n}")), r)).collect();
        let mut fewer = all.clone();
        fewer.requests.pop_last();
        let (all_grants, fewer_grants) = (grants::of(&all), grants::of(&fewer));
        let most = super::at(&all, &all_grants, moment);
        let less = super::at(&fewer, &fewer_grants, moment);

        for (key, account) in &less.accounts {
            let more = &most.accounts[key].spec.grants;
            for (database, privileges) in &account.spec.grants.databases {
                prop_assert!(privileges.is_subset(more.databases[database]));
            }
            for (table, privileges) in &account.spec.grants.tables {
                prop_assert!(privileges.is_subset(more.tables[table]));
            }
            for (table, columns) in &account.spec.grants.columns {
                for (column, privileges) in columns {
                    prop_assert!(privileges.is_subset(more.columns[table][column]));
                }
            }
        }
        for (name, permission) in &less.permissions {
            prop_assert!(permission.spec.assets.is_subset(&most.permissions[name].spec.assets));
        }
        for wanted in most.accounts.values() {
            prop_assert!(!wanted.because.is_empty());
            prop_assert!(wanted.because.iter().all(|grant| grant.period.contains(moment)));
            prop_assert!(wanted.end.is_some_and(|end| end > moment));
        }
    }
}
