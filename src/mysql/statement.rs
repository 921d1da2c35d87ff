//! Changes as SQL. Nothing here depends on the session's `sql_mode`: identifiers stand in
//! back-ticks, strings in single quotes without a backslash.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::dialect::{Dialect, Flavor, HashKind};
use super::error::Error;
use super::password::Hash;
use super::privilege::Privileges;
use super::spec::{AccountName, Change, Evidence, Object};

/// An identifier in back-ticks.
pub(super) fn identifier(name: &str) -> Result<String, Error> {
    if name.contains('\0') {
        return Err(forbidden("a name with a zero byte".into()));
    }
    Ok(format!("`{}`", name.replace('`', "``")))
}

/// An account, as statements name it.
fn account(name: &AccountName) -> Result<String, Error> {
    Ok(format!("{}@{}", identifier(&name.user)?, identifier(&name.host)?))
}

/// A string literal that means the same in every `sql_mode`.
pub(crate) fn literal(text: &str) -> String {
    let plain = |c: char| !c.is_control() && !matches!(c, '\'' | '\\');
    if text.chars().all(plain) {
        return format!("'{text}'");
    }
    let mut hex = String::from("_utf8mb4 x'");
    for byte in text.bytes() {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex.push('\'');
    hex
}

fn forbidden(what: String) -> Error {
    Error::Forbidden { what }
}

/// The statement of a change.
///
/// # Errors
///
/// [`Error::Forbidden`] for what jumpgate never grants, and for names that no server has.
pub fn statement(change: &Change, name: &AccountName, dialect: &Dialect) -> Result<String, Error> {
    let (verb, link, object) = match change {
        Change::Grant(object) => ("GRANT", "TO", object),
        Change::Revoke(object) => ("REVOKE", "FROM", object),
    };
    let account = account(name)?;
    if matches!(change, Change::Grant(_)) {
        may_be_granted(object)?;
    }
    let what = match object {
        Object::Global { privileges } => format!("{} ON *.*", words(privileges)?),
        Object::Database { stored, privileges, grant_option } => {
            format!("{} ON {}.*", list(*privileges, *grant_option)?, identifier(stored)?)
        }
        Object::Table { table, privileges, grant_option } => format!(
            "{} ON {}.{}",
            list(*privileges, *grant_option)?,
            identifier(&table.database)?,
            identifier(&table.table)?
        ),
        Object::Columns { table, privileges } => {
            let mut parts = Vec::new();
            for (privilege, columns) in privileges {
                let columns: Result<Vec<_>, _> = columns.iter().map(|c| identifier(c)).collect();
                parts.push(format!("{privilege} ({})", columns?.join(", ")));
            }
            let (database, table) = (identifier(&table.database)?, identifier(&table.table)?);
            format!("{} ON {database}.{table}", some(parts)?)
        }
        Object::Routine { routine, privileges } => {
            let kinds = ["PROCEDURE", "FUNCTION", "PACKAGE", "PACKAGE BODY", "LIBRARY"];
            if !kinds.contains(&routine.kind.as_str()) {
                return Err(forbidden(format!("unknown kind of routine: {}", routine.kind)));
            }
            let (database, routine_name) =
                (identifier(&routine.database)?, identifier(&routine.name)?);
            format!("{} ON {} {database}.{routine_name}", words(privileges)?, routine.kind)
        }
        Object::Role { role } => match dialect.flavor {
            Flavor::Mariadb => identifier(&role.user)?,
            Flavor::Mysql => self::account(role)?,
        },
        Object::Proxy { account } => format!("PROXY ON {}", self::account(account)?),
    };
    Ok(format!("{verb} {what} {link} {account}"))
}

fn may_be_granted(object: &Object) -> Result<(), Error> {
    match object {
        Object::Database { grant_option: false, .. }
        | Object::Table { grant_option: false, .. }
        | Object::Columns { .. } => Ok(()),
        _ => Err(forbidden("only privileges on databases, tables and columns are granted".into())),
    }
}

fn list(privileges: Privileges, grant_option: bool) -> Result<String, Error> {
    let option = grant_option.then(|| "GRANT OPTION".to_owned());
    some(privileges.iter().map(|p| p.sql().to_owned()).chain(option).collect())
}

/// Privileges by the names that the server gave: only words pass.
fn words(privileges: &BTreeSet<String>) -> Result<String, Error> {
    for name in privileges {
        let word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_ ".contains(c);
        if name.is_empty() || !name.chars().all(word) {
            return Err(forbidden(format!("{name:?} is not the name of a privilege")));
        }
    }
    some(privileges.iter().cloned().collect())
}

fn some(parts: Vec<String>) -> Result<String, Error> {
    if parts.is_empty() {
        return Err(forbidden("a change of nothing".into()));
    }
    Ok(parts.join(", "))
}

/// `IDENTIFIED ...` with a hash; clear text would stand in logs.
fn identified(hash: &Hash, dialect: &Dialect) -> Result<String, Error> {
    let expected = dialect.hash_kind();
    if hash.kind() != expected {
        return Err(forbidden(format!("a hash of another kind than {}", dialect.plugin())));
    }
    let hash = literal(hash.expose());
    Ok(match (dialect.flavor, expected) {
        (Flavor::Mariadb, _) => format!("IDENTIFIED VIA {} USING {hash}", dialect.plugin()),
        (Flavor::Mysql, HashKind::CachingSha2 | HashKind::Native) => {
            format!("IDENTIFIED WITH '{}' AS {hash}", dialect.plugin())
        }
    })
}

/// ` ATTRIBUTE '...'`, or nothing where there is none.
fn attribute(evidence: Option<&Evidence>, dialect: &Dialect) -> Result<String, Error> {
    let Some(evidence) = evidence.filter(|_| dialect.has_attribute()) else {
        return Ok(String::new());
    };
    let word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if !word(&evidence.owner) || !word(&evidence.generation) {
        return Err(forbidden("an owner or a generation that is not one word".into()));
    }
    Ok(format!(
        " ATTRIBUTE '{{\"jumpgate\": {{\"owner\": \"{}\", \"generation\": \"{}\"}}}}'",
        evidence.owner, evidence.generation
    ))
}

/// Makes an account without privileges, unlocked.
pub(super) fn create(
    name: &AccountName,
    hash: &Hash,
    evidence: Option<&Evidence>,
    dialect: &Dialect,
) -> Result<String, Error> {
    Ok(format!(
        "CREATE USER {} {} PASSWORD EXPIRE NEVER{} ACCOUNT UNLOCK{}",
        account(name)?,
        identified(hash, dialect)?,
        if dialect.has_require_current() { " PASSWORD REQUIRE CURRENT" } else { "" },
        attribute(evidence, dialect)?
    ))
}

/// Sets a password.
pub(super) fn set_password(
    name: &AccountName,
    hash: &Hash,
    evidence: Option<&Evidence>,
    retain_current: bool,
    dialect: &Dialect,
) -> Result<String, Error> {
    if retain_current && !dialect.has_dual_passwords() {
        return Err(forbidden("this server keeps no old password beside a new one".into()));
    }
    Ok(format!(
        "ALTER USER {} {}{} PASSWORD EXPIRE NEVER{}{}",
        account(name)?,
        identified(hash, dialect)?,
        if retain_current { " RETAIN CURRENT PASSWORD" } else { "" },
        if dialect.has_require_current() { " PASSWORD REQUIRE CURRENT" } else { "" },
        attribute(evidence, dialect)?
    ))
}

/// Sets or removes our words in an account's ATTRIBUTE; none where the server has none. The
/// server merges it as a JSON merge patch does: what others wrote stays.
pub(super) fn set_evidence(
    name: &AccountName,
    evidence: Option<&Evidence>,
    dialect: &Dialect,
) -> Result<Option<String>, Error> {
    if !dialect.has_attribute() {
        return Ok(None);
    }
    let attribute = match evidence {
        Some(_) => attribute(evidence, dialect)?,
        None => " ATTRIBUTE '{\"jumpgate\": null}'".to_owned(),
    };
    Ok(Some(format!("ALTER USER {}{attribute}", account(name)?)))
}

/// Forgets the old password.
pub(super) fn discard_old_password(name: &AccountName) -> Result<String, Error> {
    Ok(format!("ALTER USER {} DISCARD OLD PASSWORD", account(name)?))
}

/// Locks or unlocks.
pub(super) fn set_lock(name: &AccountName, locked: bool) -> Result<String, Error> {
    let word = if locked { "LOCK" } else { "UNLOCK" };
    Ok(format!("ALTER USER {} ACCOUNT {word}", account(name)?))
}

/// Takes away every privilege, known or not; needs no right but CREATE USER.
pub(super) fn revoke_all(name: &AccountName) -> Result<String, Error> {
    Ok(format!("REVOKE ALL PRIVILEGES, GRANT OPTION FROM {}", account(name)?))
}

/// Drops an account.
pub(super) fn drop_account(name: &AccountName) -> Result<String, Error> {
    Ok(format!("DROP USER {}", account(name)?))
}
