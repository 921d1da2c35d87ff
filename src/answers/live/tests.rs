//! The ways that do not show in the grants of an account, and those that begin later.

use std::collections::BTreeSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::import::tests::world::{account, host, permission, server, texts, user};
use crate::jumpserver::everything::{Account, Everything};
use crate::jumpserver::spec::{PermissionSpec, SeenAsset, SeenAssetAccount};
use crate::mysql::everything::Everything as Database;
use crate::mysql::privilege::Privilege;
use crate::mysql::spec::{AccountName, Held, Row, TableName};

const NOW: &str = "2026-12-10T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// SELECT on a database.
fn rows(database: &str) -> Held {
    let row = Row { privileges: Privilege::Select.into(), grant_option: false };
    Held { databases: [(database.to_owned(), row)].into(), ..Held::default() }
}

fn name(user: &str, host: &str) -> AccountName {
    AccountName { user: user.to_owned(), host: host.to_owned() }
}

/// A server with an account of each of some users that holds nothing.
fn with_accounts(users: &[&str]) -> Database {
    let mut live = server();
    for user in users {
        let account = account(user, Held::default());
        live.accounts.insert(account.name.clone(), account);
    }
    live
}

fn told(jumpserver: Everything, live: Database, target: &str) -> Vec<WayIn> {
    let access = crate::plan::tests::world::repo(&[], &[("requests/.keep", "")]);
    let instance = "orders-prod".parse().expect("an instance");
    let observed = Observed { jumpserver, instances: [(instance, Ok(Box::new(live)))].into() };
    let target = Target::parse(&access, target).expect("a target");
    ways(&access, &observed, &target, None, at(NOW))
}

/// The ways to a table of orders-prod by its server alone: account, what, notes.
fn on_server(live: Database) -> Vec<(String, String, String)> {
    let ways = told(Everything::default(), live, "orders-prod.billing.cards");
    let told = ways.into_iter().map(|way| {
        let accounts = way.accounts.into_iter().collect::<Vec<_>>().join(" ");
        (accounts, way.may, way.notes.join("; "))
    });
    told.collect()
}

fn way(account: &str, may: &str, notes: &str) -> (String, String, String) {
    (account.to_owned(), may.to_owned(), notes.to_owned())
}

#[test]
fn rows_without_a_user_name_let_everybody_in_also_when_their_account_is_locked_or_gone() {
    let by_all = [way("watcher@10.8.0.%", "SELECT", "also by what everybody holds")];
    let mut locked = with_accounts(&["watcher"]);
    let mut anonymous = account("", rows("billing"));
    (anonymous.name, anonymous.locked) = (name("", "%"), true);
    locked.accounts.insert(anonymous.name.clone(), anonymous);
    assert_eq!(on_server(locked), by_all);
    let mut gone = with_accounts(&["watcher"]);
    gone.leftovers.insert(name("", "%"), rows("billing"));
    assert_eq!(on_server(gone), by_all);
    // Grants on a table are of the one whose name they carry.
    let table = TableName { database: "billing".to_owned(), table: "cards".to_owned() };
    let row = Row { privileges: Privilege::Select.into(), grant_option: false };
    let mut on_table = with_accounts(&["watcher"]);
    let held = Held { tables: [(table, row)].into(), ..Held::default() };
    on_table.leftovers.insert(name("", "%"), held);
    assert_eq!(on_server(on_table), []);
}

#[test]
fn grants_of_the_same_user_name_count_though_nobody_logs_in_by_their_own_account() {
    let notes = "grants of fan@% count too for who comes from an address that both match";
    let only = [way("fan@10.8.0.%", "SELECT", notes)];
    let mut gone = with_accounts(&["fan", "watcher"]);
    gone.leftovers.insert(name("fan", "%"), rows("billing"));
    assert_eq!(on_server(gone.clone()), only);
    let mut locked = with_accounts(&["fan", "watcher"]);
    let mut other = account("fan", rows("billing"));
    (other.name, other.locked) = (name("fan", "%"), true);
    locked.accounts.insert(other.name.clone(), other.clone());
    assert_eq!(on_server(locked), only);
    // Of an account by which somebody logs in it is a way of its own.
    let mut open = with_accounts(&["fan", "watcher"]);
    other.locked = false;
    open.accounts.insert(other.name.clone(), other);
    assert_eq!(on_server(open), [way("fan@%", "SELECT", "")]);
    // What the account holds itself stands before them.
    let own = account("fan", rows("billing"));
    gone.accounts.insert(own.name.clone(), own);
    assert_eq!(on_server(gone), only);
}

/// JumpServer with the user fanlichun, who may open fan_ro on the database orders-prod and app on
/// the host pay-web-01, as a permission of some texts that begins later says.
fn later(accounts: &[&str]) -> Everything {
    let spec = PermissionSpec {
        assets: texts(&["orders-prod", "pay-web-01"]),
        nodes: BTreeSet::new(),
        accounts: texts(accounts),
        protocols: texts(&["mysql", "ssh"]),
        actions: texts(&["connect"]),
        start: at("2027-01-01T00:00:00Z"),
        ..permission("later")
    };
    let mut found = Everything {
        excludes: true,
        users: vec![user("fanlichun")],
        assets: vec![
            SeenAsset {
                category: "database".to_owned(),
                kind: "mysql".to_owned(),
                ..host("orders-prod", "/Default")
            },
            host("pay-web-01", "/Default"),
        ],
        ..Everything::default()
    };
    for (number, (asset, name)) in
        [("orders-prod", "fan_ro"), ("orders-prod", "fanlichun"), ("pay-web-01", "app")]
            .into_iter()
            .enumerate()
    {
        let seen = SeenAssetAccount {
            id: Uuid::from_u128(number as u128),
            asset: asset.to_owned(),
            asset_id: Uuid::nil(),
            name: name.to_owned(),
            username: name.to_owned(),
            secret_type: "password".to_owned(),
            has_secret: None,
            active: true,
            labelled: false,
            mark: None,
            comment: String::new(),
        };
        found.accounts.push(Account { seen, saved: at(NOW) });
    }
    permit(&mut found, spec);
    found
}

fn permit(everything: &mut Everything, spec: PermissionSpec) {
    everything.permissions.push(SeenPermission {
        id: Uuid::from_u128(100 + everything.permissions.len() as u128),
        spec,
        user_ids: BTreeMap::new(),
        labelled: false,
        mark: None,
        comment: String::new(),
    });
}

/// Who comes to a target by a permission: user, accounts, and by what.
fn comes(jumpserver: Everything, target: &str) -> Vec<(String, String, String)> {
    let mut live = server();
    for user in ["fan_ro", "fanlichun"] {
        let account = account(user, rows("billing"));
        live.accounts.insert(account.name.clone(), account);
    }
    let found = told(jumpserver, live, target).into_iter().filter_map(|way| {
        let accounts = way.accounts.into_iter().collect::<Vec<_>>().join(" ");
        Some((way.user?, accounts, way.by))
    });
    found.collect()
}

#[test]
fn what_begins_later_is_told_on_hosts_and_on_databases() {
    let by = "permission later, from 2027-01-01";
    let database = |everything| comes(everything, "orders-prod.billing.cards");
    let on_host = |everything| comes(everything, "pay-web-01");
    let fan_ro = [way("fanlichun", "fan_ro@10.8.0.%", by)];
    let app = [way("fanlichun", "app", by)];
    assert_eq!(database(later(&["fan_ro"])), fan_ro);
    assert_eq!(on_host(later(&["app"])), app);
    // Of several texts those that say it there, and who is called like the account.
    let both = [fan_ro[0].clone(), way("fanlichun", "fanlichun@10.8.0.%", by)];
    assert_eq!(database(later(&["@ALL"])), both);
    assert_eq!(database(later(&["@USER"])), both[1..]);
    assert_eq!(database(later(&["@ALL", "!fanlichun"])), fan_ro);
    assert_eq!(on_host(later(&["@ALL", "!root"])), app);
}

#[test]
fn what_is_taken_away_by_then_is_not_told() {
    let shut = |start: &str, end: &str| {
        let mut found = later(&["fan_ro"]);
        let spec = PermissionSpec {
            accounts: texts(&["!fan_ro"]),
            start: at(start),
            end: at(end),
            ..found.permissions[0].spec.clone()
        };
        permit(&mut found, spec);
        comes(found, "orders-prod.billing.cards").len()
    };
    assert_eq!(shut("2026-01-01T00:00:00Z", "2094-01-01T00:00:00Z"), 0);
    assert_eq!(shut("2026-12-20T00:00:00Z", "2094-01-01T00:00:00Z"), 0);
    // Over before, and begun after.
    assert_eq!(shut("2026-01-01T00:00:00Z", "2026-12-20T00:00:00Z"), 1);
    assert_eq!(shut("2027-02-01T00:00:00Z", "2094-01-01T00:00:00Z"), 1);
}
