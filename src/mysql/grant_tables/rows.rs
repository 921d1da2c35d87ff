//! The rows of the grant tables become accounts.

use indexmap::IndexMap;
use jiff::Timestamp;
use mysql_async::Value;

use super::query::{
    ACCOUNT, COLUMN, Columns, DATABASE, DYNAMIC, PROXY, ROLE, ROUTINE, SEPARATOR, TABLE,
};
use super::words::{Meaning, of_bit, of_column, of_member};
use crate::mysql::facts::text;
use crate::mysql::spec::{
    AccountName, Evidence, Held, Routine, SeenAccount, TableName, is_password_plugin,
};

/// What the tables hold under one name. A name can have grants without an account:
/// rows that were left behind.
#[derive(Debug, Default)]
pub(in crate::mysql) struct Found {
    account: Option<Account>,
    /// What it holds.
    pub(in crate::mysql) held: Held,
}

#[derive(Debug)]
struct Account {
    plugin: String,
    locked: bool,
    /// With a password plugin an empty hash lets everybody in; others do not use it.
    no_password: bool,
    old_password: bool,
    is_role: bool,
    changed: Option<Timestamp>,
    evidence: Option<Evidence>,
}

impl Found {
    /// The account, when there is one.
    pub(in crate::mysql) fn seen(self, name: AccountName) -> Option<SeenAccount> {
        let account = self.account?;
        Some(SeenAccount {
            name,
            locked: account.locked,
            is_role: account.is_role,
            no_password: account.no_password && !account.is_role,
            plugin: account.plugin,
            old_password: account.old_password,
            password_changed: account.changed,
            evidence: account.evidence,
            held: self.held,
        })
    }
}

/// Rows on their way to accounts.
#[derive(Debug)]
pub(super) struct Collector {
    /// What the flags of mysql.user stand for; nothing where it keeps a number instead.
    user: Vec<Meaning>,
    /// What the flags of mysql.db stand for.
    db: Vec<Meaning>,
    found: IndexMap<AccountName, Found>,
    /// Whose row was the last one: that of the next is mostly the same.
    last: usize,
}

impl Collector {
    /// `columns` are those that the rows were asked with.
    pub(super) fn new(columns: &Columns) -> Self {
        let meanings = |columns: &[String]| -> Vec<Meaning> {
            columns.iter().filter_map(|column| of_column(column)).collect()
        };
        let (user, db) = (meanings(&columns.user), meanings(&columns.db));
        Self { user, db, found: IndexMap::new(), last: 0 }
    }

    /// Takes the values of a row; `None` when it is not of the form that was asked for.
    pub(super) fn take(&mut self, row: Vec<Value>) -> Option<()> {
        let [user, host, a, b, says] = <[Value; 5]>::try_from(row).ok()?;
        self.last = self.place(AccountName { user: text(user)?, host: text(host)? });
        let (_, into) = self.found.get_index_mut(self.last)?;
        let held = &mut into.held;
        let [a, b, says] = [text(a)?, text(b)?, text(says)?];
        let mut chars = says.chars();
        let kind = chars.next()?;
        let says = chars.as_str();
        match kind {
            ACCOUNT => {
                into.account = Some(if self.user.is_empty() {
                    let found: Priv = serde_json::from_str(says).ok()?;
                    add_bits(held, found.access()?);
                    found.account()?
                } else {
                    let (flags, says) = says.split_at_checked(3)?;
                    let (global, changed) = says.split_at_checked(self.user.len())?;
                    add_flags(held, global, &self.user)?;
                    account(a, flags, &b, changed)?
                });
            }
            DATABASE => database(held, a, says, &self.db)?,
            TABLE => table(held, TableName { database: a, table: b }, says),
            COLUMN => {
                let (privileges, name) = says.split_once(SEPARATOR)?;
                column(held, TableName { database: a, table: b }, name.to_owned(), privileges);
            }
            ROUTINE => {
                let (privileges, kind) = says.split_once(SEPARATOR)?;
                let kind = kind.to_owned();
                routine(held, Routine { database: a, name: b, kind }, privileges);
            }
            PROXY => {
                held.proxies.insert(AccountName { user: a, host: b });
            }
            ROLE => {
                held.roles.insert(AccountName { user: a, host: b }, says == "Y");
            }
            DYNAMIC => {
                held.global.insert(a.to_ascii_uppercase());
            }
            _ => return None,
        }
        Some(())
    }

    fn place(&mut self, name: AccountName) -> usize {
        if self.found.get_index(self.last).is_some_and(|(last, _)| *last == name) {
            return self.last;
        }
        let entry = self.found.entry(name);
        let place = entry.index();
        entry.or_default();
        place
    }

    /// What was found, by account, in the order of the tables.
    pub(super) fn found(self) -> IndexMap<AccountName, Found> {
        self.found
    }
}

/// What MariaDB keeps of an account, in the JSON of mysql.global_priv (read with `x` in place
/// of hashes): its `sql/sql_acl.cc` reads these keys.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Priv {
    access: Scalar,
    plugin: Scalar,
    authentication_string: Scalar,
    /// Ways to log in, of which each is enough. An empty one stands for the two keys above.
    auth_or: Ways,
    account_locked: Scalar,
    is_role: Scalar,
    password_last_changed: Scalar,
}

/// A way to log in.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
struct Way {
    plugin: Scalar,
    authentication_string: Scalar,
}

impl Way {
    /// Whether it lets everybody in.
    fn is_open(&self) -> bool {
        is_password_plugin(&self.plugin.0) && self.authentication_string.0.is_empty()
    }
}

/// Ways to log in; none for what is no list.
#[derive(Default, serde::Deserialize)]
#[serde(from = "serde_json::Value")]
struct Ways(Vec<Way>);

impl From<serde_json::Value> for Ways {
    fn from(value: serde_json::Value) -> Self {
        Self(serde_json::from_value(value).unwrap_or_default())
    }
}

/// A value as a text, as JSON_VALUE gives it; nothing for none, and for what is no scalar.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(from = "serde_json::Value")]
struct Scalar(String);

impl From<serde_json::Value> for Scalar {
    fn from(value: serde_json::Value) -> Self {
        Self(match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(flag) => flag.to_string(),
            _ => String::new(),
        })
    }
}

impl Scalar {
    fn is_set(&self) -> bool {
        matches!(self.0.as_str(), "1" | "true")
    }
}

impl Priv {
    /// The global privileges, one bit each.
    fn access(&self) -> Option<u64> {
        if self.access.0.is_empty() { Some(0) } else { self.access.0.parse().ok() }
    }

    fn account(self) -> Option<Account> {
        let own = Way { plugin: self.plugin, authentication_string: self.authentication_string };
        let mut ways = self.auth_or.0;
        for way in ways.iter_mut().filter(|way| way.plugin.0.is_empty()) {
            way.clone_from(&own);
        }
        if ways.is_empty() {
            ways.push(own);
        }
        let no_password = ways.iter().any(Way::is_open);
        let plugin = match <[Way; 1]>::try_from(ways) {
            Ok([way]) => way.plugin.0,
            Err(_) => "several".to_owned(),
        };
        Some(Account {
            plugin,
            locked: self.account_locked.is_set(),
            no_password,
            old_password: false,
            is_role: self.is_role.is_set(),
            changed: changed(&self.password_last_changed.0)?,
            evidence: None,
        })
    }
}

/// When a password changed; 0 is MariaDB's word for "expired by hand".
fn changed(seconds: &str) -> Option<Option<Timestamp>> {
    match seconds {
        "" | "0" => Some(None),
        seconds => Timestamp::from_second(seconds.parse().ok()?).ok().map(Some),
    }
}

/// An account of MySQL.
fn account(plugin: String, flags: &str, evidence: &str, changed: &str) -> Option<Account> {
    let [locked, no_hash, old_password] =
        <[u8; 3]>::try_from(flags.as_bytes()).ok()?.map(|flag| flag == b'Y');
    let changed = self::changed(changed)?;
    let no_password = no_hash && is_password_plugin(&plugin);
    // Its roles are accounts.
    let is_role = false;
    let evidence = serde_json::from_str(evidence).ok();
    Some(Account { plugin, locked, no_password, old_password, is_role, changed, evidence })
}

/// Global privileges of MySQL, one letter a column.
fn add_flags(held: &mut Held, flags: &str, meanings: &[Meaning]) -> Option<()> {
    for meaning in set(flags, meanings)? {
        match meaning {
            Meaning::Known(privilege) => held.global.insert(privilege.sql().to_owned()),
            Meaning::Global(words) => held.global.insert((*words).to_owned()),
            Meaning::GrantOption => held.global.insert("GRANT OPTION".to_owned()),
            Meaning::Unknown(words) => held.unknown.insert(format!("*.{words}")),
        };
    }
    Some(())
}

/// Global privileges of MariaDB, one bit each.
fn add_bits(held: &mut Held, access: u64) {
    for bit in (0..u64::BITS).filter(|bit| access >> bit & 1 == 1) {
        match of_bit(bit) {
            Ok(words) => held.global.insert(words.to_owned()),
            Err(name) => held.unknown.insert(format!("*.{name}")),
        };
    }
}

/// The meanings whose flag is `Y`; `None` when there are not as many of both.
fn set<'a>(flags: &'a str, meanings: &'a [Meaning]) -> Option<impl Iterator<Item = &'a Meaning>> {
    (flags.len() == meanings.len()).then(|| {
        flags.bytes().zip(meanings).filter(|(flag, _)| *flag == b'Y').map(|(_, meaning)| meaning)
    })
}

fn database(held: &mut Held, stored: String, flags: &str, meanings: &[Meaning]) -> Option<()> {
    let mut row = crate::mysql::spec::Row::default();
    for meaning in set(flags, meanings)? {
        match meaning {
            Meaning::Known(privilege) => {
                row.privileges.insert(*privilege);
            }
            Meaning::GrantOption => row.grant_option = true,
            Meaning::Global(words) => unknown(held, &stored, words),
            Meaning::Unknown(words) => unknown(held, &stored, words),
        }
    }
    held.databases.insert(stored, row);
    Some(())
}

fn unknown(held: &mut Held, database: &str, words: &str) {
    held.unknown.insert(format!("{database}.{words}"));
}

fn members(text: &str) -> impl Iterator<Item = Meaning> {
    text.split(',').filter(|member| !member.is_empty()).map(of_member)
}

fn table(held: &mut Held, table: TableName, text: &str) {
    let mut row = crate::mysql::spec::Row::default();
    for meaning in members(text) {
        match meaning {
            Meaning::Known(privilege) => {
                row.privileges.insert(privilege);
            }
            Meaning::GrantOption => row.grant_option = true,
            Meaning::Global(words) => unknown(held, &table.database, words),
            Meaning::Unknown(words) => unknown(held, &table.database, &words),
        }
    }
    // A table with grants on columns alone has a row without privileges too.
    if row.grant_option || !row.privileges.is_empty() {
        held.tables.insert(table, row);
    }
}

fn column(held: &mut Held, table: TableName, column: String, text: &str) {
    for meaning in members(text) {
        match meaning {
            Meaning::Known(privilege) => {
                let columns = held.columns.entry(table.clone()).or_default();
                columns.entry(column.clone()).or_default().insert(privilege);
            }
            Meaning::GrantOption => unknown(held, &table.database, "GRANT OPTION on a column"),
            Meaning::Global(words) => unknown(held, &table.database, words),
            Meaning::Unknown(words) => unknown(held, &table.database, &words),
        }
    }
}

fn routine(held: &mut Held, routine: Routine, text: &str) {
    let words: std::collections::BTreeSet<String> = members(text)
        .map(|meaning| match meaning {
            Meaning::Known(privilege) => privilege.sql().to_owned(),
            Meaning::Global(words) => words.to_owned(),
            Meaning::GrantOption => "GRANT OPTION".to_owned(),
            Meaning::Unknown(words) => words,
        })
        .collect();
    if !words.is_empty() {
        held.routines.insert(routine, words);
    }
}
