//! A company whose every request and statement goes over one wire, and that can be put
//! back to where it was.

use std::fs::File;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jumpgate_sandbox::{Kept, NewAsset, NewPermission, NewUser, Version};
use uuid::Uuid;

use super::scenarios::{APPLY, BY_HAND, BY_HAND_ACCOUNT};
use super::wire::{Cut, Event, Wire};
use super::{http, sql};
use crate::support::company::Company;
use crate::support::servers::{ADMIN, Kind, Server};

/// A database server of the company.
pub(super) struct Database {
    /// The name of the instance, and of its asset.
    pub(super) name: &'static str,
    /// Its server, when it is not the company's own.
    own: Option<Server>,
    /// The port of the proxy in front of it.
    pub(super) proxy: u16,
}

/// The company.
pub(super) struct World {
    pub(super) company: Company,
    pub(super) wire: Arc<Wire>,
    pub(super) databases: Vec<Database>,
    /// The id of [`OTHER_USER`].
    other_user: Uuid,
    kept: Option<Kept>,
    soon: Timestamp,
    output: tempfile::TempDir,
}

/// How one apply went.
pub(super) struct Ran {
    /// The exit code; none when it was killed.
    pub(super) code: Option<i32>,
    /// Both of its outputs.
    pub(super) output: String,
    /// What went over the wire.
    pub(super) events: Vec<Event>,
    /// What met the cut, when it was reached.
    pub(super) met: Option<Event>,
}

impl Ran {
    /// How many of its requests and statements can change something.
    pub(super) fn writes(&self) -> usize {
        self.events.iter().filter(|event| event.writes).count()
    }
}

/// What every database of these tests holds, beside what the company's own has.
const TABLES: &str = "CREATE DATABASE pay_roll;\nCREATE TABLE pay_roll.t (id INT);\n\
    CREATE DATABASE payXroll;\nCREATE TABLE payXroll.t (id INT)";

/// The same for further servers.
const COMPANY_TABLES: &str = "CREATE DATABASE orders;\n\
    CREATE TABLE orders.items (id INT, note TEXT);\n\
    CREATE DATABASE billing;\nCREATE TABLE billing.invoices (id INT);\n\
    CREATE TABLE billing.cards (id INT, last4 CHAR(4), secret TEXT)";

/// A user of JumpServer whom no file names at first.
pub(super) const OTHER_USER: &str = "zhaomin";

/// The names of further instances.
const FURTHER: [&str; 2] = ["orders-eu", "orders-us"];

impl World {
    /// A company with a server, and an instance on each of `further`.
    pub(super) async fn new(version: Version, kind: Kind, further: &[Kind]) -> Self {
        let company = Company::with_database(version, kind).await;
        let wire = Arc::new(Wire::default());
        let port = http::start(Arc::clone(&wire), company.jumpserver.port()).await;
        company.write(
            "jumpgate.yaml",
            &format!(
                "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\n\
                 jumpserver:\n  url: http://127.0.0.1:{port}\n"
            ),
        );
        let own = company.server.as_ref().expect("a server");
        own.run(TABLES).await;
        let proxy = sql::start(Arc::clone(&wire), own.port).await;
        let mut databases = vec![Database { name: "orders-prod", own: None, proxy }];
        for (name, kind) in FURTHER.into_iter().zip(further) {
            let server = Server::start(*kind).await;
            server.run(&format!("{COMPANY_TABLES};\n{TABLES}")).await;
            let proxy = sql::start(Arc::clone(&wire), server.port).await;
            company.jumpserver.add_asset(NewAsset::mysql(name, "127.0.0.1", server.port));
            databases.push(Database { name, own: Some(server), proxy });
        }
        company.jumpserver.add_asset(NewAsset::mysql("orders-new", "127.0.0.1", own.port));
        let other_user = company.jumpserver.add_user(NewUser::named(OTHER_USER));
        let output = tempfile::tempdir().expect("a folder");
        let soon = Timestamp::now();
        let world = Self { company, wire, databases, other_user, kept: None, soon, output };
        for database in &world.databases {
            let path = format!("inventory/databases/{}.yaml", database.name);
            world.company.write(&path, &instance(database.proxy, database.name));
        }
        world.company.merge("the proxies");
        world
    }

    /// The server of a database.
    pub(super) fn server<'a>(&'a self, database: &'a Database) -> &'a Server {
        database.own.as_ref().or(self.company.server.as_ref()).expect("a server")
    }

    /// The text of a file, with what only this company knows filled in.
    pub(super) fn fill(&self, text: &str) -> String {
        let port = self.databases[0].proxy;
        let soon = self.soon.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        text.replace("PORT", &port.to_string())
            .replace("SOON", &soon)
            .replace("ZHAOMIN", &self.other_user.to_string())
    }

    /// Makes `SOON` the next whole minute that leaves time for an apply.
    pub(super) fn come_soon(&mut self) {
        let seconds = (Timestamp::now().as_second() + 15) / 60 * 60 + 60;
        self.soon = Timestamp::from_second(seconds).expect("a moment");
    }

    /// Waits until `SOON` has passed.
    pub(super) async fn let_it_end(&self) {
        while Timestamp::now() <= self.soon {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Keeps everything as it is now, on both sides.
    pub(super) async fn keep(&mut self) {
        self.kept = Some(self.company.jumpserver.keep());
        for database in &self.databases {
            let server = self.server(database);
            let mut sql = "DROP DATABASE IF EXISTS kept;\nCREATE DATABASE kept".to_owned();
            for (table, ours) in tables(server.kind) {
                sql.push_str(&format!(
                    ";\nCREATE TABLE kept.{table} AS SELECT * FROM mysql.{table} WHERE {ours}"
                ));
            }
            server.run(&sql).await;
        }
    }

    /// Puts everything back to where it was kept.
    pub(super) async fn put_back(&self) {
        let kept = self.kept.as_ref().expect("it was kept");
        self.company.jumpserver.put_back(kept);
        self.company.jumpserver.clear_requests();
        for database in &self.databases {
            let server = self.server(database);
            let mut sql = String::new();
            for (table, ours) in tables(server.kind) {
                sql.push_str(&format!(
                    "DELETE FROM mysql.{table} WHERE {ours};\n\
                     INSERT INTO mysql.{table} SELECT * FROM kept.{table};\n"
                ));
            }
            server.run(&format!("{sql}FLUSH PRIVILEGES")).await;
        }
    }

    /// Runs `apply` over the wire, until it ends or is cut off.
    pub(super) async fn apply(&self, flags: &[&str], cut: Option<Cut>) -> Ran {
        self.run(APPLY, flags, cut).await
    }

    /// Runs a command over the wire, until it ends or is cut off.
    pub(super) async fn run(&self, command: &[&str], flags: &[&str], cut: Option<Cut>) -> Ran {
        let mut args = command.to_vec();
        args.extend(flags);
        let path = self.output.path().join("output");
        let file = File::create(&path).expect("a file");
        let mut command = self.company.command(&args);
        command.stdout(Stdio::from(file.try_clone().expect("a file"))).stderr(Stdio::from(file));
        self.wire.begin(cut, || command.spawn().expect("the command starts"));
        let mut code = None;
        for round in 0.. {
            if let Some(ended) = self.wire.ended() {
                code = ended;
                break;
            }
            assert!(round < 100_000, "the command does not end");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        self.wire.quiet().await;
        self.alone().await;
        let output = std::fs::read_to_string(&path).expect("the output");
        Ran { code, output, events: self.wire.events(), met: self.wire.met() }
    }

    /// Waits until no server has a connection of a run any more.
    async fn alone(&self) {
        for database in &self.databases {
            let server = self.server(database);
            for round in 0.. {
                let sessions = server.rows("SHOW PROCESSLIST").await;
                if sessions.iter().all(|session| session[1] != ADMIN) {
                    break;
                }
                assert!(round < 2_000, "a connection stays: {sessions:?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// Makes in JumpServer what a person would have by the account that another hand made.
    pub(super) fn by_hand(&self) {
        let jumpserver = &self.company.jumpserver;
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        jumpserver.add_account("orders-prod", BY_HAND_ACCOUNT, Some(BY_HAND));
        let permission = |name: &str, assets: &[&str], accounts: &[&str]| NewPermission {
            name: name.to_owned(),
            users: texts(&["fanlichun"]),
            assets: texts(assets),
            accounts: texts(accounts),
            ..NewPermission::default()
        };
        jumpserver.add_permission(permission(
            "fanlichun-regularusers",
            &["pay-web-01", "pay-web-02"],
            &["app"],
        ));
        jumpserver.add_permission(permission("fanlichun-db", &["orders-prod"], &[BY_HAND_ACCOUNT]));
    }

    /// Takes everything of ours away, for another scenario to begin.
    pub(super) async fn clear(&self) {
        let jumpserver = &self.company.jumpserver;
        for permission in jumpserver.permissions() {
            jumpserver.delete_permission(permission.id);
        }
        for account in jumpserver.accounts() {
            if account.username.starts_with("jump_") {
                jumpserver.delete_account(account.id);
            }
        }
        for database in &self.databases {
            let server = self.server(database);
            let mut sql = String::new();
            for (table, ours) in tables(server.kind) {
                sql.push_str(&format!("DELETE FROM mysql.{table} WHERE {ours};\n"));
            }
            server.run(&format!("{sql}FLUSH PRIVILEGES")).await;
        }
    }

    /// Lets the time pass after which a lease without a holder ends.
    pub(super) fn let_leases_end(&self) {
        let jumpserver = &self.company.jumpserver;
        let past = Timestamp::now() - SignedDuration::from_secs(5);
        for permission in jumpserver.permissions() {
            if permission.name.contains("-lease-") && permission.date_expired > past {
                jumpserver.end_permission(permission.id, past);
            }
        }
    }
}

/// The file of an instance behind a proxy.
fn instance(port: u16, name: &str) -> String {
    format!(
        "address: 127.0.0.1:{port}\nasset: {name}\nenvironment: prod\nowners: [liwei]\n\
         account-host: 127.0.0.1\ntls: {{ mode: off }}\n"
    )
}

/// The tables that say who may do what, and which rows of them are ours.
fn tables(kind: Kind) -> impl Iterator<Item = (&'static str, &'static str)> {
    let users = if kind.is_mysql() { "user" } else { "global_priv" };
    [users, "db", "tables_priv", "columns_priv"]
        .into_iter()
        .map(|table| (table, r"User LIKE 'jump\_%'"))
}
