//! The names of privileges in the grant tables.

use crate::mysql::privilege::Privilege;

/// What a `..._priv` column of mysql.user or mysql.db stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A privilege that can be held on databases.
    Known(Privilege),
    /// One that is only held globally, by its SQL name.
    Global(&'static str),
    /// GRANT OPTION.
    GrantOption,
    /// One that this version does not know, by the words that it may have in SQL.
    Unknown(String),
}

/// Privileges that are only held globally and have a column of their own in mysql.user.
const GLOBAL: &[&str] = &[
    "RELOAD",
    "SHUTDOWN",
    "PROCESS",
    "FILE",
    "SHOW DATABASES",
    "SUPER",
    "REPLICATION SLAVE",
    "REPLICATION CLIENT",
    "CREATE USER",
    "CREATE TABLESPACE",
    "CREATE ROLE",
    "DROP ROLE",
];

/// The privilege of a column; `None` when the column holds none.
pub(super) fn of_column(column: &str) -> Option<Meaning> {
    let lower = column.to_ascii_lowercase();
    let words = match lower.strip_suffix("_priv")? {
        "grant" => return Some(Meaning::GrantOption),
        "create_tmp_table" => "CREATE TEMPORARY TABLES".to_owned(),
        "show_db" => "SHOW DATABASES".to_owned(),
        "repl_slave" => "REPLICATION SLAVE".to_owned(),
        "repl_client" => "REPLICATION CLIENT".to_owned(),
        other => other.replace('_', " ").to_ascii_uppercase(),
    };
    Some(of_words(&words))
}

fn of_words(words: &str) -> Meaning {
    if let Some(privilege) = Privilege::parse(words) {
        return Meaning::Known(privilege);
    }
    match GLOBAL.iter().find(|global| **global == words) {
        Some(global) => Meaning::Global(global),
        None => Meaning::Unknown(words.to_owned()),
    }
}

/// The privilege of a member of `Table_priv`, `Column_priv` or `Proc_priv`.
pub(super) fn of_member(member: &str) -> Meaning {
    if member.eq_ignore_ascii_case("Grant") {
        return Meaning::GrantOption;
    }
    // MariaDB's older word.
    if member.eq_ignore_ascii_case("Delete versioning rows") {
        return Meaning::Known(Privilege::DeleteHistory);
    }
    of_words(&member.to_ascii_uppercase())
}

/// The global privileges of MariaDB by their bit in `access` (its sql/privilege.h; each
/// tried with a GRANT on 10.11 and 11.8).
const BITS: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "RELOAD",
    "SHUTDOWN",
    "PROCESS",
    "FILE",
    "GRANT OPTION",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "SHOW DATABASES",
    "SUPER",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "EXECUTE",
    "REPLICATION SLAVE",
    "BINLOG MONITOR",
    "CREATE VIEW",
    "SHOW VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "CREATE USER",
    "EVENT",
    "TRIGGER",
    "CREATE TABLESPACE",
    "DELETE HISTORY",
    "SET USER",
    "FEDERATED ADMIN",
    "CONNECTION ADMIN",
    "READ_ONLY ADMIN",
    "REPLICATION SLAVE ADMIN",
    "REPLICATION MASTER ADMIN",
    "BINLOG ADMIN",
    "BINLOG REPLAY",
    "SLAVE MONITOR",
    "SHOW CREATE ROUTINE",
];

/// What a bit of `access` stands for; in error, what to call one that is not known.
pub(super) fn of_bit(bit: u32) -> Result<&'static str, String> {
    usize::try_from(bit)
        .ok()
        .and_then(|bit| BITS.get(bit))
        .copied()
        .ok_or_else(|| format!("bit {bit} of access"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_their_sql_names() {
        let known = |privilege| Some(Meaning::Known(privilege));
        assert_eq!(of_column("Select_priv"), known(Privilege::Select));
        assert_eq!(of_column("Create_tmp_table_priv"), known(Privilege::CreateTemporaryTables));
        assert_eq!(of_column("Show_view_priv"), known(Privilege::ShowView));
        assert_eq!(of_column("Show_create_routine_priv"), known(Privilege::ShowCreateRoutine));
        assert_eq!(of_column("Grant_priv"), Some(Meaning::GrantOption));
        assert_eq!(of_column("Repl_client_priv"), Some(Meaning::Global("REPLICATION CLIENT")));
        assert_eq!(of_column("Fly_priv"), Some(Meaning::Unknown("FLY".into())));
        assert_eq!(of_column("plugin"), None);
    }

    #[test]
    fn members_have_their_sql_names() {
        assert_eq!(of_member("Create View"), Meaning::Known(Privilege::CreateView));
        assert_eq!(of_member("Show view"), Meaning::Known(Privilege::ShowView));
        assert_eq!(of_member("Delete versioning rows"), Meaning::Known(Privilege::DeleteHistory));
        assert_eq!(of_member("Grant"), Meaning::GrantOption);
        assert_eq!(of_member("Fly"), Meaning::Unknown("FLY".into()));
    }

    #[test]
    fn bits_beyond_the_known_are_named() {
        assert_eq!(of_bit(0), Ok("SELECT"));
        assert_eq!(of_bit(38), Ok("SLAVE MONITOR"));
        assert!(of_bit(63).is_err());
    }
}
