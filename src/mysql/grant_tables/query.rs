//! The one query that reads all grant tables.
//!
//! It is one UNION ALL: a single statement sees all tables at one moment, on MySQL by its
//! snapshot, on MariaDB and MySQL 5.7 by the locks that it takes on all tables at once. Privileges that
//! have columns of their own come joined into one text, which is also what makes it
//! cheaper than reading the tables as they are; so does the kind of the row, since a UNION
//! copies every column of every row. No hash of a password leaves the server.

use std::fmt::Write as _;

use crate::mysql::dialect::Dialect;
use crate::mysql::error::Error;
use crate::mysql::spec::AccountName;
use crate::mysql::statement::literal;

/// Which accounts to read.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// All whose user name begins so.
    pub(super) prefix: Option<String>,
    /// All with one of these user names.
    pub(super) users: Vec<String>,
    /// Accounts without a user name.
    pub(super) anonymous: bool,
    /// These.
    pub(super) names: Vec<AccountName>,
    /// Every one.
    pub(super) all: bool,
}

/// A text compared byte by byte, whatever the collation of the column.
fn bytes(text: &str) -> String {
    format!("CAST({} AS BINARY)", literal(text))
}

impl Filter {
    /// The condition on two columns.
    fn on(&self, user: &str, host: &str) -> String {
        if self.all {
            return "TRUE".to_owned();
        }
        let mut parts = Vec::new();
        if let Some(prefix) = &self.prefix {
            // No LIKE: `_` and `%` are no patterns here.
            parts.push(format!(
                "LEFT(CAST({user} AS BINARY), {}) = {}",
                prefix.len(),
                bytes(prefix)
            ));
        }
        if self.anonymous {
            parts.push(format!("{user} = ''"));
        }
        if !self.users.is_empty() {
            // One list: a server goes through conditions one by one, for every row.
            let users: Vec<String> = self.users.iter().map(|name| bytes(name)).collect();
            parts.push(format!("CAST({user} AS BINARY) IN ({})", users.join(", ")));
        }
        for name in &self.names {
            parts.push(format!(
                "(CAST({user} AS BINARY) = {} AND CAST({host} AS BINARY) = {})",
                bytes(&name.user),
                bytes(&name.host)
            ));
        }
        if parts.is_empty() { "FALSE".to_owned() } else { parts.join(" OR ") }
    }
}

/// The kinds of rows: what the last column begins with.
pub(super) const ACCOUNT: char = 'A';
pub(super) const DATABASE: char = 'D';
pub(super) const TABLE: char = 'T';
pub(super) const COLUMN: char = 'C';
pub(super) const ROUTINE: char = 'R';
pub(super) const PROXY: char = 'P';
pub(super) const ROLE: char = 'G';
pub(super) const DYNAMIC: char = 'Y';

/// Behind the privileges in the last column, where a name follows: no privilege has it.
pub(super) const SEPARATOR: char = '/';

/// The columns with privileges of the tables that have one for each.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    /// mysql.user; empty on MariaDB, which keeps a number in place of columns.
    pub(super) user: Vec<String>,
    /// mysql.db.
    pub(super) db: Vec<String>,
}

fn joined(columns: &[String]) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if columns.is_empty() || !columns.iter().all(|column| column.chars().all(plain)) {
        return Err(Error::Forbidden { what: "a grant table without known columns".into() });
    }
    Ok(columns.join(", "))
}

/// The query: user, host, two columns for what the row is about, and one that holds the kind
/// of the row and what it says.
pub(super) fn all(dialect: &Dialect, columns: &Columns, filter: &Filter) -> Result<String, Error> {
    let mut query = accounts(dialect, columns)?;
    let own = filter.on("User", "Host");
    let _ = write!(query, " WHERE {own}");
    let mut add = |kind: char, about: &str, says: &str, table: &str, condition: &str| {
        let _ = write!(
            query,
            " UNION ALL SELECT {about}, CONCAT('{kind}', {says}) FROM mysql.{table} WHERE {condition}"
        );
    };
    add(DATABASE, "User, Host, Db, ''", &joined(&columns.db)?, "db", &own);
    add(TABLE, "User, Host, Db, Table_name", "Table_priv", "tables_priv", &own);
    let says = format!("Column_priv, '{SEPARATOR}', Column_name");
    add(COLUMN, "User, Host, Db, Table_name", &says, "columns_priv", &own);
    let says = format!("Proc_priv, '{SEPARATOR}', Routine_type");
    add(ROUTINE, "User, Host, Db, Routine_name", &says, "procs_priv", &own);
    add(PROXY, "User, Host, Proxied_user, Proxied_host", "''", "proxies_priv", &own);
    if dialect.is_mariadb() {
        add(ROLE, "User, Host, Role, ''", "Admin_option", "roles_mapping", &own);
    } else if dialect.has_roles() {
        let about = "TO_USER, TO_HOST, FROM_USER, FROM_HOST";
        let to = filter.on("TO_USER", "TO_HOST");
        add(ROLE, about, "WITH_ADMIN_OPTION", "role_edges", &to);
        add(DYNAMIC, "USER, HOST, PRIV, ''", "WITH_GRANT_OPTION", "global_grants", &own);
    }
    Ok(query)
}

/// A hash in the JSON of mysql.global_priv, also within `auth_or`, with the key before it and
/// the quote behind it. A JSON string ends at the first quote that has no backslash before it;
/// with the quote in it, the pattern means the same whatever `default_regex_flags` says.
const HASH: &str = r#"("authentication_string"\s*:\s*")(?:[^"\\]|\\.)+""#;

/// Accounts. On MariaDB its JSON, with `x` in place of every hash: one pass over it costs a
/// third of asking for each of its values. On MySQL the plugin and the evidence; locked, no hash
/// and old password as Y or N, the global privileges, and when the password changed.
fn accounts(dialect: &Dialect, columns: &Columns) -> Result<String, Error> {
    if dialect.is_mariadb() {
        return Ok(format!(
            "SELECT User AS user, Host AS host, '' AS a, '' AS b, \
             CONCAT('{ACCOUNT}', REGEXP_REPLACE(Priv, {}, {})) AS says FROM mysql.global_priv",
            literal(HASH),
            literal(r#"\1x""#)
        ));
    }
    let (old, evidence) = if dialect.has_user_attributes() {
        (
            "IF(JSON_CONTAINS_PATH(User_attributes, 'one', '$.additional_password'), 'Y', 'N')",
            "IFNULL(CAST(JSON_EXTRACT(User_attributes, '$.metadata.jumpgate') AS CHAR), '')",
        )
    } else {
        ("'N'", "''")
    };
    Ok(format!(
        "SELECT User AS user, Host AS host, IFNULL(plugin, '') AS a, {evidence} AS b, \
         CONCAT('{ACCOUNT}', account_locked, IF(IFNULL(authentication_string, '') = '', 'Y', 'N'), \
         {old}, {}, IFNULL(CAST(FLOOR(UNIX_TIMESTAMP(password_last_changed)) AS CHAR), '')) \
         AS says FROM mysql.user",
        joined(&columns.user)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql::old_tests::{dialect, known};

    /// The columns that MySQL 5.7 has, by its manual.
    #[test]
    fn mysql_5_7_is_asked_for_its_own_tables_and_columns() {
        let columns = Columns {
            user: vec!["Select_priv".into(), "Create_tablespace_priv".into()],
            db: vec!["Select_priv".into()],
        };
        let filter =
            Filter { prefix: Some("jump_db_".into()), anonymous: true, ..Filter::default() };
        let query = all(&dialect("5.7.44"), &columns, &filter).expect("a query");
        let parts: Vec<&str> = known(&query).split(" UNION ALL ").collect();
        assert_eq!(parts.len(), 6);
        insta::assert_snapshot!(parts[0], @"SELECT User AS user, Host AS host, IFNULL(plugin, '') AS a, '' AS b, CONCAT('A', account_locked, IF(IFNULL(authentication_string, '') = '', 'Y', 'N'), 'N', Select_priv, Create_tablespace_priv, IFNULL(CAST(FLOOR(UNIX_TIMESTAMP(password_last_changed)) AS CHAR), '')) AS says FROM mysql.user WHERE LEFT(CAST(User AS BINARY), 8) = CAST('jump_db_' AS BINARY) OR User = ''");
        // No roles behind them.
        assert!(parts[5].contains("FROM mysql.proxies_priv"), "{}", parts[5]);
    }
}
