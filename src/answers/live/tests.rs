//! The ways that do not show in the grants of an account.

use jiff::Timestamp;

use super::*;
use crate::import::tests::world::{account, server};
use crate::jumpserver::everything::Everything;
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
