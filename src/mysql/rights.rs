//! The rights that jumpgate's own logins need on a server, as statements to copy.
//!
//! Each was tried on MySQL 9.7, MariaDB 10.11 and 11.8: with exactly these, everything
//! works, and a login for plans cannot change anything.

use std::collections::BTreeSet;

use super::dialect::{Dialect, Flavor};
use super::error::Error;
use super::grant_tables::unreadable;
use super::privilege::{Privilege, Privileges};
use super::reader::Reader;
use super::sessions;
use super::spec::{AccountName, Held, Object};
use crate::access::model::{Access, Instance};

/// What a login is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To plan: it reads, and cannot write.
    Plan,
    /// To apply.
    Apply,
}

/// The statements that give a login what it needs, to be run by an administrator.
///
/// `privileges` are those of all levels that may be asked for on the server. With
/// `databases` the login may hand them out there and nowhere else; with none, everywhere,
/// and then its grant option covers everything that it holds globally (a property of both
/// servers), CREATE USER among it.
///
/// - To read: SELECT on the grant tables, which hold the hashes of passwords (jumpgate
///   does not fetch them); the right to see from where a server replicates; REFERENCES,
///   the least right that shows which databases, tables and columns exist, and no data.
/// - To apply, also: CREATE USER, which makes, locks, drops and revokes; PROCESS and the
///   right to end sessions of others; the levels' privileges WITH GRANT OPTION, as a server
///   lets nobody hand out or take away what he does not hold.
///
/// Not among them: what it takes to revoke what somebody else gave to an account of ours
/// beyond these privileges and databases ([`beyond`]). Such a change is refused and reported,
/// and nothing else that ends waits for it; an account that ends is dropped with all of it.
pub fn grants_needed(
    dialect: &Dialect,
    purpose: Purpose,
    login: &AccountName,
    privileges: Privileges,
    databases: &BTreeSet<String>,
) -> Vec<String> {
    let rights = needed(dialect, purpose, privileges, databases);
    rights.iter().map(|right| right.statement(dialect, login)).collect()
}

/// What the levels of an instance can give.
pub fn of_levels(access: &Access, instance: &Instance) -> Privileges {
    let levels = instance.levels.iter().filter_map(|level| access.config.levels.get(level));
    levels.fold(Privileges::new(), |all, some| all | *some)
}

/// Whether a server refuses a revoke to an apply login that has what [`grants_needed`] gives
/// and no more. A server lets nobody take away what he may not hand out; of a statement that
/// takes several things, all or nothing (tried on MySQL 9.7, MariaDB 10.11 and 11.8).
pub fn beyond(
    dialect: &Dialect,
    privileges: Privileges,
    databases: &BTreeSet<String>,
    object: &Object,
) -> bool {
    let naming = dialect.naming();
    // The grant option of a row covers everything in it.
    let mine = dialect.knows(privileges) | Privilege::References;
    let has = |asked: Privileges| !privileges.is_empty() && mine.is_superset(asked);
    let there = |database: &str| {
        databases.is_empty()
            || databases.iter().any(|one| naming.fold(one) == naming.fold(database))
    };
    let row = |stored: &String| {
        let mut mine = databases.iter().map(|one| naming.stored(one));
        databases.is_empty() || mine.any(|one| *one == **stored || naming.covers(&one, stored))
    };
    let known = |names: &BTreeSet<String>| {
        let mut named = names.iter().filter(|name| *name != "GRANT OPTION");
        let asked: Option<Privileges> =
            named.try_fold(Privileges::new(), |all, name| Some(all | Privilege::parse(name)?));
        asked.is_some_and(has)
    };
    !match object {
        Object::Global { .. } | Object::Role { .. } | Object::Proxy { .. } => false,
        Object::Database { stored, privileges, .. } => row(stored) && has(*privileges),
        Object::Table { table, privileges, .. } => there(&table.database) && has(*privileges),
        Object::Columns { table, privileges } => {
            there(&table.database) && has(privileges.keys().copied().collect())
        }
        Object::Routine { routine, privileges } => there(&routine.database) && known(privileges),
    }
}

/// The statements that let a login for plans see how often each account connected: optional,
/// `unused` and `review --live` tell more with it.
pub fn to_count(dialect: &Dialect, login: &AccountName) -> Vec<String> {
    let mut needs =
        vec![format!("GRANT SELECT ON performance_schema.accounts TO {}", account(login))];
    if dialect.flavor == Flavor::Mariadb {
        // For information_schema.USER_STATISTICS.
        needs.push(global(&["PROCESS"], login));
    }
    needs
}

/// One right.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Right {
    Table(&'static str),
    SeeReplication,
    Global(&'static str),
    /// On one database, or on all of them.
    On {
        database: Option<String>,
        privileges: Privileges,
        grant_option: bool,
    },
}

fn needed(
    dialect: &Dialect,
    purpose: Purpose,
    privileges: Privileges,
    databases: &BTreeSet<String>,
) -> Vec<Right> {
    let privileges = dialect.knows(privileges);
    let mut rights: Vec<_> =
        dialect.grant_tables().iter().map(|table| Right::Table(table)).collect();
    rights.push(Right::SeeReplication);
    if purpose == Purpose::Apply {
        rights.extend(["CREATE USER", "PROCESS", dialect.kill_privilege()].map(Right::Global));
    }
    let places: Vec<Option<String>> = if databases.is_empty() {
        vec![None]
    } else {
        databases.iter().cloned().map(Some).collect()
    };
    for database in places {
        let mut on = |privileges: Privileges, grant_option| {
            rights.push(Right::On { database: database.clone(), privileges, grant_option });
        };
        on(Privilege::References.into(), false);
        if purpose == Purpose::Apply && !privileges.is_empty() {
            on(privileges, true);
        }
    }
    rights
}

impl Right {
    fn statement(&self, dialect: &Dialect, login: &AccountName) -> String {
        match self {
            Self::Table(table) => read_table(table, login),
            Self::SeeReplication => see_replication(dialect, login),
            Self::Global(privilege) => global(&[privilege], login),
            Self::On { database, privileges, grant_option } => {
                let words: Vec<_> = privileges.iter().map(|privilege| privilege.sql()).collect();
                let place = match database {
                    Some(database) => quoted(&dialect.naming().stored(database)),
                    None => "*".to_owned(),
                };
                let option = if *grant_option { " WITH GRANT OPTION" } else { "" };
                format!("GRANT {} ON {place}.* TO {}{option}", words.join(", "), account(login))
            }
        }
    }

    /// Whether somebody who holds all this has the right; for those that cannot be tried.
    fn is_held(&self, dialect: &Dialect, mine: &[Held]) -> bool {
        let globally = |words: &str| mine.iter().any(|held| held.global.contains(words));
        match self {
            Self::Table(_) | Self::SeeReplication => true,
            // On MySQL SUPER ends sessions of others, too; it makes no accounts.
            Self::Global(words) => {
                let ends = *words == dialect.kill_privilege();
                globally(words) || (ends && dialect.flavor == Flavor::Mysql && globally("SUPER"))
            }
            Self::On { database, privileges, grant_option } => {
                let everywhere = privileges.iter().all(|privilege| globally(privilege.sql()))
                    && (!grant_option || globally("GRANT OPTION"));
                let Some(database) = database.as_ref().filter(|_| !everywhere) else {
                    return everywhere;
                };
                let stored = dialect.naming().stored(database);
                let rows = || mine.iter().filter_map(|held| held.databases.get(&*stored));
                privileges.iter().all(|privilege| {
                    globally(privilege.sql())
                        || rows().any(|row| row.privileges.contains(privilege))
                }) && (!grant_option || rows().any(|row| row.grant_option))
            }
        }
    }
}

/// Of the statements of [`grants_needed`], those whose right the reader's own login lacks.
///
/// Rights that come by a role that is active at the login count, those of roles in roles
/// do not. While the grant tables cannot be read, what else is held is not known, and all
/// of it is listed.
///
/// # Errors
/// What stops a connection.
pub async fn missing(
    reader: &mut Reader,
    purpose: Purpose,
    privileges: Privileges,
    databases: &BTreeSet<String>,
) -> Result<Vec<String>, Error> {
    let dialect = reader.facts.server.dialect.clone();
    let me = reader.facts.me.clone();
    let mut missing = unreadable(&mut reader.session, &reader.facts).await?;
    let mine = if missing.is_empty() {
        reader.tables.mine(&mut reader.session, &reader.facts).await?
    } else {
        Vec::new()
    };
    let sees_sessions = match sessions::require_sight(&mut reader.session, &reader.facts).await {
        Ok(()) => true,
        Err(Error::Unreadable { .. }) => false,
        Err(error) => return Err(error),
    };
    for right in needed(&dialect, purpose, privileges, databases) {
        let held = match &right {
            Right::Table(_) => true,
            Right::SeeReplication => !reader.facts.replication_unseen,
            Right::Global("PROCESS") => sees_sessions,
            other => other.is_held(&dialect, &mine),
        };
        if !held {
            missing.push(right.statement(&dialect, &me));
        }
    }
    Ok(missing)
}

/// Makes one grant table readable.
pub(super) fn read_table(table: &str, login: &AccountName) -> String {
    format!("GRANT SELECT ON mysql.{table} TO {}", account(login))
}

/// Shows from where the server replicates.
pub(super) fn see_replication(dialect: &Dialect, login: &AccountName) -> String {
    match dialect.flavor {
        Flavor::Mysql => global(&["REPLICATION CLIENT"], login),
        Flavor::Mariadb => global(&["SLAVE MONITOR"], login),
    }
}

/// Gives global privileges.
pub(super) fn global(privileges: &[&str], login: &AccountName) -> String {
    format!("GRANT {} ON *.* TO {}", privileges.join(", "), account(login))
}

/// A name as a statement names it.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// An account as a statement names it.
pub(crate) fn account(name: &AccountName) -> String {
    format!("{}@{}", quoted(&name.user), quoted(&name.host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql::dialect::Version;
    use crate::mysql::spec::{Routine, TableName};
    use Privilege::{Drop, Execute, Insert, References, Select};

    #[test]
    fn what_the_printed_grants_cannot_take_back_is_known() {
        let dialect = Dialect {
            flavor: Flavor::Mysql,
            version: Version(9, 7, 0),
            text: String::new(),
            partial_revokes: false,
            lower_case_table_names: 0,
        };
        let row = |stored: &str, privileges: Privileges| Object::Database {
            stored: stored.to_owned(),
            privileges,
            grant_option: true,
        };
        let name = |database: &str| TableName { database: database.into(), table: "t".into() };
        let table = |database: &str, privileges: Privileges| Object::Table {
            table: name(database),
            privileges,
            grant_option: false,
        };
        let columns = |privilege: Privilege| Object::Columns {
            table: name("pay_eu"),
            privileges: [(privilege, ["id".to_owned()].into())].into(),
        };
        let routine = |privileges: &[&str]| Object::Routine {
            routine: Routine {
                database: "pay_eu".into(),
                name: "p".into(),
                kind: "PROCEDURE".into(),
            },
            privileges: privileges.iter().map(|one| (*one).to_owned()).collect(),
        };
        let level = Select | Insert;
        let some: BTreeSet<String> = ["pay_eu".to_owned()].into();
        for (object, some_beyond, all_beyond) in [
            (row(r"pay\_eu", level | References), false, false),
            (row("pay_eu", level), false, false),
            (row("pay%", Select.into()), true, false),
            (row("hr", Select.into()), true, false),
            (row(r"pay\_eu", Select | Drop), true, true),
            (table("pay_eu", Select.into()), false, false),
            (table("hr", Select.into()), true, false),
            (table("pay_eu", Drop.into()), true, true),
            (columns(Insert), false, false),
            (routine(&["EXECUTE"]), true, true),
            (Object::Global { privileges: ["SELECT".to_owned()].into() }, true, true),
        ] {
            let is = |databases: &BTreeSet<String>| beyond(&dialect, level, databases, &object);
            assert_eq!((is(&some), is(&BTreeSet::new())), (some_beyond, all_beyond), "{object}");
        }
        let runs = |level| beyond(&dialect, level, &some, &routine(&["EXECUTE", "GRANT OPTION"]));
        assert!(!runs(level | Execute));
    }
}
