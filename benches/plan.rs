//! How long a plan takes on one instance with many accounts, beside a bare client that
//! reads the same grant tables. `make bench` runs it on MySQL and MariaDB.

#![allow(clippy::print_stdout, reason = "it prints its result")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jumpgate::access::model::Access;
use jumpgate::desired::{self, Desired};
use jumpgate::grants::{self, Grant};
use jumpgate::jumpserver::spec::{
    Anchor, Live, SeenAsset, SeenAssetAccount, SeenPermission, SeenUser,
};
use jumpgate::mark::{Handover, HandoverState, Mark};
use jumpgate::names::InstanceName;
use jumpgate::observed::{Instance, Observed};
use jumpgate::plan::{self, ask};
use jumpgate::repo::Tree;
use jumpgate::{access, mysql, naming};
use mysql_async::prelude::Queryable;
use secrecy::SecretString;
use uuid::Uuid;

#[path = "../tests/support/servers.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod servers;

use servers::{Kind, Server};

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many accounts the instance has.
const ACCOUNTS: usize = 10_000;
/// How many of them are ours, one for each person, and how many requests each comes from: those
/// of others alone; the people and the requests of the repo that `check` is timed with; all.
const CASES: [(usize, usize); 3] = [(0, 0), (2_000, 5), (ACCOUNTS, 1)];
/// What everybody may read.
const TABLES: [&str; 6] = ["'d0.*'", "'d1.*'", "'d2.*'", "d0.t", "d1.t", "d2.t"];
/// How often all are timed, one after the other. What counts is the middle one of the ratios
/// of a round, as a machine is not equally fast all the time.
const ROUNDS: usize = 11;
/// The organization.
const ORGANIZATION: &str = "00000000-0000-0000-0000-000000000002";

#[tokio::main]
async fn main() {
    // `cargo bench --bench plan -- MARIADB` measures on that one alone.
    let only = std::env::args().nth(1).filter(|only| !only.starts_with('-'));
    for kind in [Kind::Mysql9, Kind::Mariadb118] {
        let name = format!("{kind:?}").to_lowercase();
        if only.as_ref().is_none_or(|only| name.contains(&only.to_lowercase())) {
            measure(kind).await;
        }
    }
}

async fn measure(kind: Kind) {
    for (ours, requests) in CASES {
        let server = Server::start(kind).await;
        fill(&server, kind, ours).await;
        with(&server, kind, ours, requests).await;
    }
}

/// Measures with so many of the accounts ours, each from so many requests.
async fn with(server: &Server, kind: Kind, ours: usize, requests: usize) {
    let now = Timestamp::now();
    let access = repo(server, ours, requests);
    let grants = grants::of(&access);
    let desired = desired::at(&access, &grants, now);
    let instance: InstanceName = "main".parse().expect("an instance");
    let asked = ask::server(&access, &desired, &instance, None);
    let target = mysql::Target::of(&access.instances[&instance]);
    let credentials = mysql::Credentials {
        user: servers::ADMIN.to_owned(),
        password: SecretString::from(servers::ADMIN_PASSWORD),
    };

    let mut rounds = Vec::new();
    let mut jumpserver = None;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut conn =
            server.login(servers::ADMIN, servers::ADMIN_PASSWORD).await.expect("a login");
        let rows = tables(&mut conn, kind).await;
        conn.disconnect().await.expect("an orderly end");
        let bare = start.elapsed();
        assert!(rows > 7 * ACCOUNTS, "{rows} rows");

        let start = Instant::now();
        let mut reader = mysql::Reader::connect(&target, &credentials, mysql::Limits::default())
            .await
            .expect("a connection");
        let live = reader.observe(&asked).await.expect("the accounts");
        reader.close().await;
        let reading = start.elapsed();
        assert_eq!(live.accounts.len(), ours);
        let known = jumpserver.get_or_insert_with(|| jumpserver_of(&access, &desired, &live));
        let mut observed = Observed { jumpserver: known.clone(), ..Observed::default() };
        observed.instances.insert(instance.clone(), Instance::Read(Box::new(live)));

        let start = Instant::now();
        let desired = desired::at(&access, &grants, now);
        let plan = make(&access, &grants, &desired, &observed, now);
        let making = start.elapsed();
        assert!(plan.items.is_empty(), "nothing is to be done: {:?}", plan.items.first());
        rounds.push([bare, reading, reading + making]);
    }
    let middle = |of: &dyn Fn(&[Duration; 3]) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let milliseconds = |which: usize| middle(&|round| round[which].as_secs_f64() * 1e3);
    let ratio = |which: usize| middle(&|round| round[which].as_secs_f64() / round[0].as_secs_f64());
    println!(
        "{kind:?}, {ACCOUNTS} accounts with 3 database and 3 table grants each, {ours} of them \
         ours from {} requests: a bare client {:.0} ms, read {:.0} ms ({:.2} times), read and planned {:.0} ms \
         ({:.2} times)",
        access.requests.len(),
        milliseconds(0),
        milliseconds(1),
        ratio(1),
        milliseconds(2),
        ratio(2),
    );
}

fn make(
    access: &Access,
    grants: &[Grant<'_>],
    desired: &Desired<'_>,
    observed: &Observed,
    moment: Timestamp,
) -> plan::Plan {
    let new_servers = BTreeSet::new();
    plan::make(&plan::Inputs {
        access,
        grants,
        desired,
        observed,
        moment,
        new_servers: &new_servers,
        unproven: &Default::default(),
    })
}

fn person(number: usize) -> String {
    format!("person{number:05}")
}

/// Makes one account by statements, and the others as copies of its rows: the first ones with
/// names of ours.
async fn fill(server: &Server, kind: Kind, ours: usize) {
    let numbers: Vec<String> = (0..ACCOUNTS).map(|number| format!("({number})")).collect();
    let mut statements = vec![
        "CREATE DATABASE bench".to_owned(),
        "CREATE TABLE bench.numbers (n INT)".to_owned(),
        format!("INSERT INTO bench.numbers VALUES {}", numbers.join(", ")),
        "CREATE USER first@'10.8.0.%'".to_owned(),
    ];
    for number in 0..3 {
        statements.push(format!("CREATE DATABASE d{number}"));
        statements.push(format!("CREATE TABLE d{number}.t (id INT)"));
        statements.push(format!("GRANT SELECT ON d{number}.* TO first@'10.8.0.%'"));
        statements.push(format!("GRANT SELECT ON d{number}.t TO first@'10.8.0.%'"));
    }
    let mut conn = server.admin().await;
    for statement in statements {
        conn.query_drop(statement).await.expect("databases and an account");
    }
    for table in [accounts(kind), "db", "tables_priv"] {
        let columns: Vec<mysql_async::Row> =
            conn.query(format!("SHOW COLUMNS FROM mysql.{table}")).await.expect("columns");
        let columns: Vec<String> = columns.iter().filter_map(|row| row.get("Field")).collect();
        let values: Vec<String> = columns
            .iter()
            .map(|column| match column.as_str() {
                "User" => format!(
                    "CONCAT(IF(n < {ours}, 'jump_db_', 'other_'), 'person', LPAD(n, 5, '0'), '_r')"
                ),
                other => format!("`{other}`"),
            })
            .collect();
        let copies = format!(
            "INSERT INTO mysql.{table} (`{}`) SELECT {} FROM mysql.{table}, bench.numbers \
             WHERE User = 'first'",
            columns.join("`, `"),
            values.join(", ")
        );
        conn.query_drop(copies).await.expect("copies of the account");
    }
    for statement in ["FLUSH PRIVILEGES", "DROP USER first@'10.8.0.%'", "DROP DATABASE bench"] {
        conn.query_drop(statement).await.expect("only the copies stay");
    }
    conn.disconnect().await.expect("an orderly end");
}

/// The grant table that has the accounts.
fn accounts(kind: Kind) -> &'static str {
    if kind.is_mysql() { "user" } else { "global_priv" }
}

/// Reads the grant tables whole, as any client would.
async fn tables(conn: &mut mysql_async::Conn, kind: Kind) -> usize {
    let mut rows = 0;
    for table in [accounts(kind), "db", "tables_priv", "columns_priv", "procs_priv", "proxies_priv"]
    {
        let found: Vec<mysql_async::Row> =
            conn.query(format!("SELECT * FROM mysql.{table}")).await.expect("rows");
        rows += found.len();
    }
    rows
}

/// A repo in which everybody asks for what the accounts hold, in so many requests.
fn repo(server: &Server, ours: usize, requests: usize) -> Access {
    let mut files: BTreeMap<Arc<str>, Arc<[u8]>> = BTreeMap::new();
    let mut put = |path: String, text: String| {
        files.insert(path.into(), text.into_bytes().into());
    };
    put(
        "jumpgate.yaml".into(),
        "version: 1\nowner: acme\ntime-zone: UTC\njumpserver: { url: 'https://jump.example' }\n"
            .into(),
    );
    put("policy.yaml".into(), "environments: [prod]\nlimits: []\n".into());
    put(
        "inventory/databases/main.yaml".into(),
        format!(
            "address: 127.0.0.1:{}\nasset: main\nenvironment: prod\nowners: [{}]\n\
             account-host: 10.8.0.%\ntls: {{ mode: off }}\n",
            server.port,
            person(0)
        ),
    );
    put("requests/.gitkeep".into(), String::new());
    put(format!("people/{}.yaml", person(0)), format!("name: {}\n", person(0)));
    for number in 0..ours {
        let person = person(number);
        put(format!("people/{person}.yaml"), format!("name: {person}\n"));
        for number in 0..requests {
            let tables: Vec<&str> = TABLES.into_iter().skip(number).step_by(requests).collect();
            put(
                format!("requests/{person}-{number}.yaml"),
                format!(
                    "for: {person}\nreason: bench\nuntil: 2090-01-01\ndatabases:\n  \
                     - instance: main\n    level: r\n    tables: [{}]\n",
                    tables.join(", ")
                ),
            );
        }
    }
    let tree = Tree { files, ..Tree::default() };
    access::load(&tree, Timestamp::now()).expect("the files are good")
}

/// JumpServer as an apply would have left it.
fn jumpserver_of(access: &Access, desired: &Desired<'_>, server: &mysql::live::Live) -> Live {
    let owner = &access.config.owner;
    let asset = Uuid::from_u128(1);
    let mut live =
        Live { organization: (ORGANIZATION.to_owned(), "Default".to_owned()), ..Live::default() };
    live.anchor = Some(Anchor::default());
    live.assets.insert(
        "main".to_owned(),
        SeenAsset {
            id: asset,
            name: "main".to_owned(),
            address: "127.0.0.1".to_owned(),
            category: "database".to_owned(),
            kind: "mysql".to_owned(),
            protocols: BTreeMap::from([("mysql".to_owned(), 3306)]),
            nodes: BTreeSet::new(),
            active: true,
            directories: BTreeSet::new(),
        },
    );
    for (number, name) in access.people.keys().enumerate() {
        let user = SeenUser {
            id: Uuid::from_u128(1_000_000 + number as u128),
            username: name.to_string(),
            name: name.to_string(),
            email: String::new(),
            active: true,
            expired: false,
            administrator: false,
            groups: BTreeSet::new(),
            labelled: false,
            mark: None,
            comment: String::new(),
        };
        live.users.insert(name.to_string(), user);
    }
    for wanted in desired.accounts.values() {
        let user = &wanted.spec.name.user;
        let id = naming::account_id(owner, ORGANIZATION, asset, user);
        let changed = server.accounts[&wanted.spec.name].password_changed;
        let generation = "bench".to_owned();
        let mark = Mark {
            owner: owner.clone(),
            id,
            user: Some(live.users[wanted.person.as_str()].id),
            requests: wanted.requests(),
            end: wanted.end,
            handover: Some(Handover {
                state: HandoverState::Done,
                generation,
                changed,
                host: Some(wanted.spec.name.host.clone()),
                ended: None,
                locked_before: false,
            }),
            left: None,
        };
        live.accounts.insert(
            id,
            SeenAssetAccount {
                id,
                asset: "main".to_owned(),
                asset_id: asset,
                name: user.clone(),
                username: user.clone(),
                secret_type: "password".to_owned(),
                has_secret: None,
                active: true,
                labelled: true,
                mark: Some(mark),
                comment: String::new(),
            },
        );
    }
    for (name, wanted) in &desired.permissions {
        let id = naming::permission_id(owner, ORGANIZATION, name);
        let user = live.users[wanted.person.as_str()].id;
        let mark = Mark {
            owner: owner.clone(),
            id,
            user: Some(user),
            requests: wanted.requests(),
            end: wanted.end,
            handover: None,
            left: None,
        };
        let seen = SeenPermission {
            id,
            spec: wanted.spec.clone(),
            user_ids: BTreeMap::from([(user, wanted.person.to_string())]),
            labelled: true,
            mark: Some(mark),
            comment: String::new(),
        };
        live.permissions.insert(id, seen);
    }
    live
}
