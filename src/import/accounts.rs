//! One account of a database server: whose it is, and whether a level says what it holds.

use std::collections::{BTreeMap, BTreeSet};

use super::person::People;
use super::{Kind, Reason, Seen, Thing, Why};
use crate::access::model::{Access, Instance, Scope};
use crate::access::scope;
use crate::audit::{Ours, listed};
use crate::jumpserver::everything::Account;
use crate::mysql::everything::Everything;
use crate::mysql::live::Known;
use crate::mysql::privilege::Privileges;
use crate::mysql::spec::{AccountName, SeenAccount, is_password_plugin};
use crate::mysql::{everything, is_protected};
use crate::names::{InstanceName, LevelName, PersonName};

/// An account that was judged.
pub(super) struct Judged<'a> {
    pub(super) thing: Thing,
    pub(super) person: Option<&'a PersonName>,
    pub(super) level: Option<&'a LevelName>,
    pub(super) scopes: Vec<Scope>,
    /// Why no request says exactly this.
    pub(super) reasons: Vec<Reason>,
}

/// The accounts of all instances that were read, by instance and user name. Of several with
/// one user name the one at the instance's host stands for it.
pub(super) struct Accounts<'a> {
    pub(super) by_user: BTreeMap<(&'a InstanceName, &'a str), Judged<'a>>,
    /// Accounts at other hosts, and roles.
    pub(super) others: Vec<Judged<'a>>,
}

/// What judging needs to know of one instance.
struct Here<'a, 'h> {
    access: &'a Access,
    people: &'a People<'a>,
    name: &'a InstanceName,
    instance: &'a Instance,
    live: &'a Everything,
    /// Accounts that JumpServer holds, by asset and user name.
    held: &'h BTreeMap<(&'a str, &'a str), Vec<&'a Account>>,
    /// The assets that hold the instance's accounts: its own, and those of its aliases.
    assets: Vec<&'a str>,
    seen: &'a Seen,
}

/// Judges all accounts that are not this repo's.
pub(super) fn all<'a>(
    access: &'a Access,
    people: &'a People<'a>,
    seen: &'a Seen,
    ours: &Ours<'_>,
) -> Accounts<'a> {
    let mut held: BTreeMap<(&str, &str), Vec<&Account>> = BTreeMap::new();
    for account in &seen.observed.jumpserver.accounts {
        held.entry((&account.seen.asset, &account.seen.username)).or_default().push(account);
    }
    let mut accounts = Accounts { by_user: BTreeMap::new(), others: Vec::new() };
    for (name, read) in &seen.observed.instances {
        let (Ok(live), Some((name, instance))) = (read, access.instances.get_key_value(name))
        else {
            continue;
        };
        let aliases = access
            .instances
            .values()
            .filter(|one| !one.retired && one.same_accounts_as.as_ref() == Some(name));
        let assets = std::iter::once(instance).chain(aliases).map(|one| one.asset.as_str());
        let here = Here {
            access,
            people,
            name,
            instance,
            live,
            held: &held,
            assets: assets.collect(),
            seen,
        };
        let roles: BTreeSet<&AccountName> =
            live.accounts.values().flat_map(|account| account.held.roles.keys()).collect();
        for account in live.accounts.values() {
            if ours.database_account(name, &live.accounts, &account.name) {
                continue;
            }
            // On MySQL a role is an account that is locked and has no password.
            let granted = || roles.contains(&account.name);
            let is_role = !is_protected(&account.name.user)
                && (account.is_role
                    || live.mandatory_roles.contains(&account.name)
                    || account.locked && (account.no_password || granted()));
            let judged = here.judge(account, is_role);
            if is_role || account.name.host != instance.account_host {
                accounts.others.push(judged);
            } else {
                accounts.by_user.insert((name, &account.name.user), judged);
            }
        }
    }
    accounts
}

impl<'a> Here<'a, '_> {
    fn judge(&self, account: &'a SeenAccount, is_role: bool) -> Judged<'a> {
        let thing = Thing {
            kind: if is_role { Kind::Role } else { Kind::Account },
            target: self.name.to_string(),
            name: if is_role { account.name.user.clone() } else { account.name.to_string() },
        };
        let mut judged =
            Judged { thing, person: None, level: None, scopes: Vec::new(), reasons: Vec::new() };
        let user = account.name.user.as_str();
        let server = if is_role {
            Some("a role: a request gives privileges to one person")
        } else if is_protected(user) {
            Some("an administrator's, or the server's own")
        } else if account.name == self.live.me {
            Some("jumpgate logs in with it")
        } else {
            None
        };
        if let Some(text) = server {
            judged.reasons.push(Reason::new(Why::Server, text));
            return judged;
        }
        let Some(told) = self.people.told(user) else {
            let text = match user.is_empty() {
                true => "has no user name: it lets everybody in",
                false => "no pattern tells whose it is",
            };
            judged.reasons.push(Reason::new(Why::NoPattern, text));
            return judged;
        };
        match self.people.called(told.person) {
            Ok(person) => judged.person = Some(person),
            Err(reason) => judged.reasons.push(reason),
        }
        self.login(account, &mut judged.reasons);
        self.beyond(account, &mut judged.reasons);
        if let Some(rows) = self.rows(account, &mut judged.reasons) {
            judged.level = self.level(&rows, told.means, &mut judged.reasons);
            judged.scopes = rows.into_keys().collect();
        }
        self.in_jumpserver(user, &mut judged.reasons);
        judged
    }

    /// How it logs in.
    fn login(&self, account: &SeenAccount, reasons: &mut Vec<Reason>) {
        let host = &self.instance.account_host;
        if account.name.host != *host {
            let text =
                format!("its host is {}: accounts of {} have {host}", account.name.host, self.name);
            reasons.push(Reason::new(Why::Host, text));
        }
        let owner = self.access.config.owner.as_str();
        if let Some(other) = account.evidence.as_ref().filter(|other| other.owner != owner) {
            let text = format!("belongs to access repo {}", other.owner);
            reasons.push(Reason::new(Why::Marked, text));
        }
        let mut add = |text: String| reasons.push(Reason::new(Why::Login, text));
        if account.locked {
            add("is locked: a lock is a decision, which nothing here lifts".to_owned());
        }
        if !is_password_plugin(&account.plugin) {
            add(format!("logs in by {}, not by a password", account.plugin));
        }
        if account.no_password {
            add("has no password".to_owned());
        }
        if account.old_password {
            add("an old password still works beside the present one".to_owned());
        }
    }

    /// What it holds besides privileges on databases.
    fn beyond(&self, account: &SeenAccount, reasons: &mut Vec<Reason>) {
        let held = &account.held;
        let mut add = |text: String| reasons.push(Reason::new(Why::Beyond, text));
        if !held.global.is_empty() {
            let names = listed(held.global.iter().map(String::as_str));
            add(format!("holds {names} on the whole server"));
        }
        let options = held.databases.iter().filter(|(_, row)| row.grant_option);
        let mut options: Vec<String> = options.map(|(stored, _)| format!("`{stored}`")).collect();
        let tables = held.tables.iter().filter(|(_, row)| row.grant_option);
        options.extend(tables.map(|(table, _)| format!("{}.{}", table.database, table.table)));
        if !options.is_empty() {
            let names = listed(options.iter().map(String::as_str));
            add(format!("has GRANT OPTION on {names}"));
        }
        if !held.roles.is_empty() {
            let s = if held.roles.len() == 1 { "" } else { "s" };
            let names = listed(held.roles.keys().map(|role| role.user.as_str()));
            add(format!("has the role{s} {names}"));
        }
        if !held.routines.is_empty() {
            let names: Vec<String> =
                held.routines.keys().map(|one| format!("{}.{}", one.database, one.name)).collect();
            add(format!("holds routines ({})", listed(names.iter().map(String::as_str))));
        }
        if !held.proxies.is_empty() {
            let names: Vec<String> = held.proxies.iter().map(ToString::to_string).collect();
            add(format!("may act as {}", listed(names.iter().map(String::as_str))));
        }
        if !held.unknown.is_empty() {
            let names = listed(held.unknown.iter().map(String::as_str));
            add(format!("holds what this version does not know ({names})"));
        }
    }

    /// The scopes with what is held on each; none when one of them cannot be said.
    fn rows(
        &self,
        account: &SeenAccount,
        reasons: &mut Vec<Reason>,
    ) -> Option<BTreeMap<Scope, Privileges>> {
        let held = &account.held;
        let naming = self.live.server.dialect.naming();
        let mut rows: BTreeMap<Scope, Privileges> = BTreeMap::new();
        let mut good = true;
        for (stored, row) in &held.databases {
            match naming.database(stored) {
                Some(database) => {
                    rows.insert(Scope::Database(database), row.privileges);
                }
                None => {
                    good = false;
                    reasons.push(Reason::new(Why::Wildcard, self.pattern(stored)));
                }
            }
        }
        for (table, row) in held.tables.iter().filter(|(_, row)| !row.privileges.is_empty()) {
            let scope = Scope::Table(table.database.clone(), table.table.clone());
            rows.insert(scope, row.privileges);
        }
        for (table, columns) in &held.columns {
            let mut alike: BTreeMap<Privileges, BTreeSet<String>> = BTreeMap::new();
            for (column, privileges) in columns {
                alike.entry(*privileges).or_default().insert(column.clone());
            }
            for (privileges, columns) in alike {
                let scope = Scope::Columns(table.database.clone(), table.table.clone(), columns);
                rows.insert(scope, privileges);
            }
        }
        for scope in rows.keys() {
            // A name may be one that no request can write.
            if let Err(error) = scope::parse(&scope.to_string()) {
                good = false;
                reasons.push(Reason::new(Why::Beyond, format!("{scope}: {error}")));
            } else if let Some(gone) = self.gone(scope) {
                good = false;
                reasons.push(Reason::new(Why::Gone, format!("{gone} does not exist")));
            }
            let offered = self.instance.databases.as_ref();
            if offered.is_some_and(|offered| !offered.contains(scope.database())) {
                good = false;
                let text = format!("{} does not offer database {}", self.name, scope.database());
                reasons.push(Reason::new(Why::NotOffered, text));
            }
        }
        if rows.is_empty() && good {
            reasons.push(Reason::new(Why::NotALevel, "holds nothing"));
            good = false;
        }
        good.then_some(rows)
    }

    /// A pattern, and what it matches today.
    fn pattern(&self, stored: &str) -> String {
        let naming = self.live.server.dialect.naming();
        let Some(databases) = &self.live.databases else {
            return format!("`{stored}` is a pattern: a request names each database");
        };
        let databases = databases.iter().map(String::as_str);
        let data = databases.filter(|name| !everything::SYSTEM.contains(name));
        let matched: Vec<&str> = data.filter(|name| naming.covers(stored, name)).collect();
        let matched = if matched.is_empty() { "nothing".to_owned() } else { listed(matched) };
        format!("`{stored}` is a pattern (matches {matched} today): a request names each database")
    }

    /// What of a scope is known not to exist.
    fn gone(&self, scope: &Scope) -> Option<String> {
        let database = scope.database();
        if self.live.is_database_gone(database) {
            return Some(format!("database {database}"));
        }
        let (Scope::Table(_, table) | Scope::Columns(_, table, _)) = scope else { return None };
        let name =
            crate::mysql::spec::TableName { database: database.to_owned(), table: table.clone() };
        if self.live.is_table_gone(&name) {
            return Some(format!("table {database}.{table}"));
        }
        let Scope::Columns(_, _, columns) = scope else { return None };
        let known = self.live.existing.columns.get(&name)?;
        let gone = columns
            .iter()
            .find(|column| matches!(known.get(*column), Some(Known::Missing { .. })))?;
        Some(format!("column {database}.{table}.{gone}"))
    }

    /// The level that is exactly what is held everywhere.
    fn level(
        &self,
        rows: &BTreeMap<Scope, Privileges>,
        told: Option<&str>,
        reasons: &mut Vec<Reason>,
    ) -> Option<&'a LevelName> {
        let mut add = |why, text: String| reasons.push(Reason::new(why, text));
        let mut sets = rows.values();
        let first = sets.next()?;
        if sets.any(|set| set != first) {
            let held: Vec<String> =
                rows.iter().map(|(scope, set)| format!("{} on {scope}", words(*set))).collect();
            let held = held.iter().take(4).cloned().collect::<Vec<_>>().join("; ");
            add(Why::NotALevel, format!("holds {held}: an account has one level everywhere"));
            return None;
        }
        let levels = &self.access.config.levels;
        let fitting: Vec<&LevelName> =
            levels.iter().filter(|(_, set)| *set == first).map(|(name, _)| name).collect();
        let Some(level) =
            fitting.iter().find(|name| told == Some(name.as_str())).or(fitting.first())
        else {
            let known: Vec<String> =
                levels.iter().map(|(name, set)| format!("{name} is {}", words(*set))).collect();
            let known = listed(known.iter().map(String::as_str));
            add(Why::NotALevel, format!("holds {}: no level is that ({known})", words(*first)));
            return None;
        };
        if let Some(told) = told.filter(|told| *told != level.as_str()) {
            let text = format!("its name says {told}, and what it holds is level {level}");
            add(Why::NotALevel, text);
        }
        if !self.instance.levels.contains(*level) {
            add(Why::NotOffered, format!("{} does not offer level {level}", self.name));
        }
        Some(level)
    }

    /// Whether JumpServer opens it on every asset that holds the instance's accounts.
    fn in_jumpserver(&self, user: &str, reasons: &mut Vec<Reason>) {
        for asset in &self.assets {
            let mut add = |text: String| reasons.push(Reason::new(Why::NotHeld, text));
            let there = self.held.get(&(*asset, user)).map_or(&[][..], Vec::as_slice);
            let [account] = there else {
                add(match there.len() {
                    0 => format!("JumpServer has no such account on {asset}"),
                    many => format!("JumpServer has {many} such accounts on {asset}"),
                });
                continue;
            };
            if account.seen.labelled || account.seen.mark.is_some() {
                let text = format!("the account on {asset} carries a mark of jumpgate");
                reasons.push(Reason::new(Why::Marked, text));
            } else if account.seen.secret_type != "password" {
                add(format!("JumpServer holds no password of it on {asset}, but another secret"));
            } else if self.seen.without_secret.contains(&account.seen.id) {
                add(format!("JumpServer holds no password of it on {asset}"));
            } else if !account.seen.active {
                add(format!("the account on {asset} is switched off in JumpServer"));
            }
        }
    }
}

/// Privileges in words.
fn words(privileges: Privileges) -> String {
    if privileges.is_empty() {
        return "nothing".to_owned();
    }
    privileges.iter().map(|privilege| privilege.sql()).collect::<Vec<_>>().join(", ")
}
