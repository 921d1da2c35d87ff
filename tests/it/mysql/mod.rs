//! MySQL and MariaDB, on real servers.

mod facts;
mod granting;
mod locking;
mod on_the_way;
mod passwords;
mod powers;
mod reading;
mod rights;
mod sessions;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jumpgate::access::model::{Tls, TlsMode};
use jumpgate::mysql::difference::difference;
use jumpgate::mysql::live::{Ask, Live};
use jumpgate::mysql::password::{generate, generation};
use jumpgate::mysql::privilege::{Privilege, Privileges};
use jumpgate::mysql::spec::{AccountName, Evidence, Grants, SeenAccount, TableName};
use jumpgate::mysql::{Credentials, Error, Limits, Reader, Target, Writer};

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use secrecy::{ExposeSecret, SecretString};

use crate::support::servers::{ADMIN, ADMIN_PASSWORD, Kind, Server, code, refused};

/// How the accounts of the tests begin.
const PREFIX: &str = "jump_db_";

/// Where a test server answers, with its certificate checked where it can be.
fn target(server: &Server) -> Target {
    let tls = match server.kind.speaks_tls() {
        true => {
            Tls { mode: TlsMode::Verify, ca: Some((Arc::from("ca.pem"), Arc::from(server.ca()))) }
        }
        false => Tls { mode: TlsMode::Off, ca: None },
    };
    Target { host: "127.0.0.1".into(), port: server.port, tls }
}

fn as_admin() -> Credentials {
    as_user(ADMIN, ADMIN_PASSWORD)
}

fn as_user(user: &str, password: &str) -> Credentials {
    Credentials { user: user.into(), password: password.into() }
}

fn limits() -> Limits {
    Limits { connect: Duration::from_secs(20), statement: Duration::from_secs(60) }
}

fn ask() -> Ask {
    Ask { account_prefix: PREFIX.into(), ..Ask::default() }
}

async fn reader(server: &Server) -> Reader {
    Reader::connect(&target(server), &as_admin(), limits()).await.expect("a reader")
}

async fn observe(server: &Server) -> Live {
    let mut reader = reader(server).await;
    let live = reader.observe(&ask()).await.expect("an observation");
    reader.close().await;
    live
}

async fn lock(server: &Server, credentials: &Credentials) -> Result<Writer, Error> {
    let owner = "acme".parse().expect("an owner");
    Writer::lock(&target(server), credentials, limits(), &owner, PREFIX, Duration::ZERO).await
}

async fn writer(server: &Server) -> Writer {
    lock(server, &as_admin()).await.expect("a writer")
}

/// `user` at any host.
fn anywhere(user: &str) -> AccountName {
    AccountName { user: user.into(), host: "%".into() }
}

fn table(database: &str, table: &str) -> TableName {
    TableName { database: database.into(), table: table.into() }
}

fn set(privileges: &[Privilege]) -> Privileges {
    privileges.iter().copied().collect()
}

fn texts(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

/// Privileges on databases, tables and columns, to be filled in.
fn grants(databases: &[(&str, &[Privilege])], tables: &[(TableName, &[Privilege])]) -> Grants {
    Grants {
        databases: databases.iter().map(|(name, p)| ((*name).to_owned(), set(p))).collect(),
        tables: tables.iter().map(|(name, p)| (name.clone(), set(p))).collect(),
        columns: BTreeMap::new(),
    }
}

fn with_columns(mut grants: Grants, of: TableName, columns: &[(&str, &[Privilege])]) -> Grants {
    let held = columns.iter().map(|(name, p)| ((*name).to_owned(), set(p))).collect();
    grants.columns.insert(of, held);
    grants
}

async fn seen(writer: &mut Writer, name: &AccountName) -> SeenAccount {
    writer.account(name).await.expect("an answer").expect("the account")
}

/// Makes an account hold exactly this, checks that it does, and gives the number of
/// changes that it took.
async fn converge(writer: &mut Writer, name: &AccountName, want: &Grants) -> usize {
    let naming = writer.server().dialect.naming();
    let account = seen(writer, name).await;
    let changes = difference(&account.held, want, naming).expect("known privileges");
    for change in &changes {
        if let Err(error) = writer.apply(name, change).await {
            panic!("{change:?}: {error}");
        }
    }
    let account = seen(writer, name).await;
    assert_eq!(difference(&account.held, want, naming), Ok(Vec::new()), "{want:?}");
    changes.len()
}

fn secret() -> SecretString {
    generate().expect("randomness")
}

fn evidence() -> Evidence {
    Evidence { owner: "acme".into(), generation: generation().expect("randomness") }
}

async fn login(server: &Server, name: &AccountName, password: &SecretString) -> Conn {
    server.login(&name.user, password.expose_secret()).await.expect("the password opens it")
}

/// Access denied: to a database, a table, a column.
const DENIED: [u16; 3] = [1044, 1142, 1143];

#[tokio::test]
async fn servers_start_and_answer() {
    for kind in Kind::ALL {
        let server = Server::start(kind).await;
        let rows = server.rows("SELECT VERSION()").await;
        let version = rows.first().expect("a row").join("");
        assert!(version.starts_with(&kind.version()), "{kind:?} says {version}");
    }
}
