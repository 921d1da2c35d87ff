//! What people and accounts can do at a moment, tried out and not looked up, and the whole
//! state in lines that compare.

use std::collections::{BTreeMap, BTreeSet};

use jumpgate::mark::Mark;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError};

use super::world::{Database, OTHER_USER, World};
use crate::support::servers::{Kind, code};

/// The users of the company.
const PEOPLE: [&str; 3] = ["fanlichun", "liwei", OTHER_USER];

/// What is tried: a word for it, and a statement that changes nothing.
const TRIES: &[(&str, &str)] = &[
    ("read orders.items", "SELECT * FROM orders.items"),
    ("add to orders.items", "INSERT INTO orders.items SELECT 1, '' FROM DUAL WHERE FALSE"),
    ("change orders.items", "UPDATE orders.items SET id = 1 WHERE FALSE"),
    ("delete from orders.items", "DELETE FROM orders.items WHERE FALSE"),
    ("read billing.invoices", "SELECT * FROM billing.invoices"),
    ("delete from billing.invoices", "DELETE FROM billing.invoices WHERE FALSE"),
    ("read billing.cards(last4)", "SELECT last4 FROM billing.cards"),
    ("read billing.cards(secret)", "SELECT secret FROM billing.cards"),
    ("read pay_roll.t", "SELECT * FROM pay_roll.t"),
    ("read payXroll.t", "SELECT * FROM payXroll.t"),
    ("read mysql.db", "SELECT 1 FROM mysql.db LIMIT 0"),
];

/// The databases that a session can stand in.
const DATABASES: [&str; 3] = ["orders", "billing", "pay_roll"];

/// What can be done, a line each.
pub(super) type Powers = BTreeSet<String>;

/// What everybody can do now: which account a person can open on which asset, what each
/// account can do with a password that is known anywhere, and both together.
pub(super) async fn powers(world: &World, known: &[&str]) -> Powers {
    // A password that is replaced while it is tried says nothing about the new one.
    let secrets = || -> Vec<Option<String>> {
        world.company.jumpserver.accounts().into_iter().map(|account| account.secret).collect()
    };
    for _ in 0..20 {
        let before = secrets();
        let powers = tried(world, known).await;
        if secrets() == before {
            return powers;
        }
    }
    panic!("the passwords change all the time");
}

async fn tried(world: &World, known: &[&str]) -> Powers {
    let jumpserver = &world.company.jumpserver;
    let mut powers = Powers::new();
    let assets: Vec<&str> = ["pay-web-01", "pay-web-02", "orders-new"]
        .into_iter()
        .chain(world.databases.iter().map(|database| database.name))
        .collect();
    let mut opens: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
    for person in PEOPLE {
        for asset in &assets {
            for account in jumpserver.usable_accounts(person, asset) {
                powers.insert(format!("{person} opens {account} on {asset}"));
                opens.entry((account, asset)).or_default().push(person);
            }
        }
    }
    let stored = jumpserver.accounts();
    for (place, database) in world.databases.iter().enumerate() {
        for account in accounts(world, database).await {
            let mut held = BTreeSet::new();
            for row in stored.iter().filter(|row| row.username == account) {
                // The new asset leads to the first server.
                let leads = row.asset == database.name || (row.asset == "orders-new" && place == 0);
                let Some(secret) = row.secret.as_deref().filter(|_| leads) else { continue };
                let can = can(world, database, &account, secret).await;
                for person in
                    opens.get(&(account.clone(), row.asset.as_str())).into_iter().flatten()
                {
                    powers.extend(
                        can.iter()
                            .map(|what| format!("{person} by {account}@{}: {what}", row.asset)),
                    );
                }
                held.extend(can);
            }
            for password in known {
                held.extend(can(world, database, &account, password).await);
            }
            powers.extend(held.iter().map(|what| format!("{account}@{}: {what}", database.name)));
        }
    }
    powers
}

/// The accounts of ours that a server has.
async fn accounts(world: &World, database: &Database) -> Vec<String> {
    let rows =
        world.server(database).rows(r"SELECT User FROM mysql.user WHERE User LIKE 'jump\_%'");
    rows.await.into_iter().map(|mut row| row.remove(0)).collect()
}

/// What an account can do with a password; nothing when it does not let it in.
async fn can(
    world: &World,
    database: &Database,
    account: &str,
    password: &str,
) -> Vec<&'static str> {
    // A session may be ended while it tries: that is no answer.
    let mut last = String::new();
    for _ in 0..5 {
        let tried = match world.server(database).login(account, password).await {
            Ok(mut conn) => {
                let tried = tries(&mut conn).await;
                let _ = conn.disconnect().await;
                tried
            }
            Err(error) if code(&error) != 0 => return Vec::new(),
            // MySQL names one at random for an account that it does not have.
            Err(mysql_async::Error::Driver(DriverError::UnknownAuthPlugin { .. })) => {
                return Vec::new();
            }
            Err(error) => Err(error),
        };
        match tried {
            Ok(can) => return can,
            Err(error) => last = error.to_string(),
        }
    }
    panic!("{account} is thrown out again and again: {last}");
}

/// What works in a session; an error when it was ended.
async fn tries(conn: &mut Conn) -> Result<Vec<&'static str>, mysql_async::Error> {
    let mut can = Vec::new();
    for (what, statement) in TRIES {
        match conn.query_drop(*statement).await {
            Ok(()) => can.push(*what),
            Err(error) if refusal(code(&error)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(can)
}

/// Whether an error says that something is not allowed.
fn refusal(code: u16) -> bool {
    matches!(code, 1142 | 1143 | 1044 | 1227 | 1356)
}

/// Open sessions, each standing in a database.
pub(super) struct Sessions(Vec<(String, Conn)>);

impl Sessions {
    /// Opens a session in every database that an account may enter.
    pub(super) async fn open(world: &World) -> Self {
        let mut sessions = Vec::new();
        for database in &world.databases {
            for account in accounts(world, database).await {
                let Some(secret) = world.company.jumpserver.secret(database.name, &account) else {
                    continue;
                };
                for name in DATABASES {
                    let conn = world.server(database).login(&account, &secret).await;
                    let Ok(mut conn) = conn else { continue };
                    if conn.query_drop(format!("USE {name}")).await.is_ok() {
                        sessions.push((format!("{account}@{}", database.name), conn));
                    }
                }
            }
        }
        Self(sessions)
    }

    /// What they can still do, as `powers` has it.
    pub(super) async fn powers(self) -> Powers {
        let mut powers = Powers::new();
        for (account, mut conn) in self.0 {
            let can = tries(&mut conn).await.unwrap_or_default();
            powers.extend(can.iter().map(|what| format!("{account}: {what}")));
        }
        powers
    }
}

/// Everything that a run leaves behind, without what is random or passes by itself.
pub(super) async fn state(world: &World, known: &[&str]) -> BTreeSet<String> {
    let jumpserver = &world.company.jumpserver;
    let mut lines = powers(world, known).await;
    for row in jumpserver.permissions() {
        if row.name.contains("-lease-") {
            continue;
        }
        lines.insert(format!(
            "permission {}: {:?} {:?} {:?} {:?} {:?} {:?} {}..{} active {} {:?} {}",
            row.name,
            row.users,
            row.assets,
            row.nodes,
            row.accounts,
            row.protocols,
            row.actions,
            row.date_start,
            row.date_expired,
            row.is_active,
            row.labels,
            row.comment
        ));
    }
    for row in jumpserver.accounts() {
        let mark = Mark::parse(&row.comment);
        let mark = mark.map(|mut mark| {
            let handover = mark.handover.take().map(|handover| handover.state);
            (mark, handover)
        });
        lines.insert(format!(
            "account {} on {}: active {} {:?} {mark:?}",
            row.username, row.asset, row.is_active, row.labels
        ));
    }
    for (place, database) in world.databases.iter().enumerate() {
        for account in accounts(world, database).await {
            lines.extend(on_server(world, database, &account).await);
            for row in jumpserver.accounts() {
                let leads = row.asset == database.name || (row.asset == "orders-new" && place == 0);
                if row.username != account || !leads {
                    continue;
                }
                let secret = row.secret.unwrap_or_default();
                let login = world.server(database).login(&account, &secret).await;
                let word = if login.is_ok() { "is the server's" } else { "DIFFERS" };
                lines.insert(format!("password of {account} on {}: {word}", row.asset));
            }
        }
    }
    lines
}

/// What a server keeps of an account, without its password.
async fn on_server(world: &World, database: &Database, account: &str) -> Vec<String> {
    let server = world.server(database);
    let at = format!("{account}@{}", database.name);
    let grants = server.rows(&format!("SHOW GRANTS FOR '{account}'@'127.0.0.1'")).await;
    let without = |line: &str| match line.split_once(" IDENTIFIED ") {
        Some((grant, _)) => grant.to_owned(),
        None => line.to_owned(),
    };
    let mut lines: Vec<String> =
        grants.iter().map(|row| format!("{at} holds {}", without(&row[0]))).collect();
    let more = match server.kind {
        Kind::Mysql9 => format!(
            "SELECT account_locked, User_attributes LIKE '%additional_password%', \
             JSON_EXTRACT(User_attributes, '$.metadata.jumpgate.owner') FROM mysql.user WHERE User = '{account}'"
        ),
        _ => format!(
            "SELECT JSON_VALUE(Priv, '$.account_locked'), 0 FROM mysql.global_priv \
             WHERE User = '{account}'"
        ),
    };
    lines.extend(server.rows(&more).await.iter().map(|row| format!("{at} locked, old: {row:?}")));
    lines
}
