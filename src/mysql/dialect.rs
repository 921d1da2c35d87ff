//! How servers differ. Everything that depends on the kind or the version of a server is
//! decided here.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::difference::Naming;
use super::privilege::{Privilege, Privileges};

/// The family of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavor {
    /// MySQL, and servers that say they are.
    Mysql,
    /// MariaDB.
    Mariadb,
}

/// A version: major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Version(pub u16, pub u16, pub u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What a server is, and the settings that change the meaning of grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// The family.
    pub flavor: Flavor,
    /// The version.
    pub version: Version,
    /// The version in the server's own words.
    pub text: String,
    /// Whether `partial_revokes` makes database names in grants literal (MySQL 8.0.16).
    pub partial_revokes: bool,
    /// `lower_case_table_names`: 0, 1 or 2.
    pub lower_case_table_names: u8,
}

/// The form of a password hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashKind {
    /// `caching_sha2_password`: the default of MySQL 8.
    CachingSha2,
    /// `mysql_native_password`: MariaDB and MySQL 5.7.
    Native,
}

/// The variables of a server that are read first.
pub(super) const VARIABLES: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN \
    ('version', 'version_comment', 'server_uuid', 'hostname', 'port', 'server_id', 'read_only', \
    'super_read_only', 'innodb_read_only', 'partial_revokes', 'lower_case_table_names', \
    'mandatory_roles', 'activate_all_roles_on_login', 'tidb_server_memory_limit')";

impl Dialect {
    /// What the server with these variables is; in error, what was expected of it.
    pub fn detect(variables: &BTreeMap<String, String>) -> Result<Self, String> {
        let get = |name: &str| variables.get(name).map_or("", String::as_str);
        let text = get("version").to_owned();
        let said = format!("{text} {}", get("version_comment")).to_lowercase();
        if said.contains("tidb") || variables.contains_key("tidb_server_memory_limit") {
            return Err("TiDB keeps its grants in another way: expected MySQL or MariaDB".into());
        }
        let flavor = if said.contains("mariadb") { Flavor::Mariadb } else { Flavor::Mysql };
        // Old MariaDB servers put this in front for the sake of old clients.
        let numbers = text.strip_prefix("5.5.5-").unwrap_or(&text);
        let Some(version) = parse(numbers) else {
            return Err("its version has no numbers: expected MySQL or MariaDB".into());
        };
        let least = match flavor {
            Flavor::Mysql => Version(5, 7, 6),
            Flavor::Mariadb => Version(10, 5, 0),
        };
        if version < least {
            return Err("too old: expected MySQL 5.7.6 or MariaDB 10.5 or later".into());
        }
        Ok(Self {
            flavor,
            version,
            partial_revokes: is_on(get("partial_revokes")),
            lower_case_table_names: get("lower_case_table_names").parse().unwrap_or(0),
            text,
        })
    }

    /// Whether it is MariaDB.
    pub fn is_mariadb(&self) -> bool {
        self.flavor == Flavor::Mariadb
    }

    fn mysql_since(&self, major: u16, minor: u16, patch: u16) -> bool {
        self.flavor == Flavor::Mysql && self.version >= Version(major, minor, patch)
    }

    /// What a person should know of this version, if anything.
    pub fn warning(&self) -> Option<String> {
        let newest = match self.flavor {
            Flavor::Mysql => 9,
            Flavor::Mariadb => 12,
        };
        if self.version.0 > newest {
            return Some(format!(
                "version {} is newer than this jumpgate knows: what it adds is reported, not compared",
                self.version
            ));
        }
        (self.flavor == Flavor::Mysql && !self.has_attribute()).then(|| {
            format!(
                "version {} has no ATTRIBUTE (MySQL 8.0.21): accounts carry no mark of their own",
                self.version
            )
        })
    }

    /// Whether accounts have an ATTRIBUTE (MySQL 8.0.21).
    pub fn has_attribute(&self) -> bool {
        self.mysql_since(8, 0, 21)
    }

    /// Whether an account can have an old password beside the new one (MySQL 8.0.14).
    pub fn has_dual_passwords(&self) -> bool {
        self.mysql_since(8, 0, 14)
    }

    /// Whether `mysql.user` has the column `User_attributes` (MySQL 8.0.14).
    pub fn has_user_attributes(&self) -> bool {
        self.mysql_since(8, 0, 14)
    }

    /// Whether an account can be made to give its password to change it (MySQL 8.0.13).
    pub fn has_require_current(&self) -> bool {
        self.mysql_since(8, 0, 13)
    }

    /// Whether there are roles (MySQL 8.0; all MariaDB that are supported).
    pub fn has_roles(&self) -> bool {
        self.is_mariadb() || self.mysql_since(8, 0, 0)
    }

    /// Whether there are dynamic privileges, kept in `mysql.global_grants` (MySQL 8.0).
    pub fn has_dynamic_privileges(&self) -> bool {
        self.mysql_since(8, 0, 0)
    }

    /// Of privileges on databases those that the server knows.
    pub fn knows(&self, privileges: Privileges) -> Privileges {
        match self.flavor {
            Flavor::Mysql => privileges - (Privilege::DeleteHistory | Privilege::ShowCreateRoutine),
            Flavor::Mariadb if self.version < Version(11, 3, 0) => {
                privileges - Privilege::ShowCreateRoutine
            }
            Flavor::Mariadb => privileges,
        }
    }

    /// The form in which a password is sent.
    pub fn hash_kind(&self) -> HashKind {
        if self.mysql_since(8, 0, 0) { HashKind::CachingSha2 } else { HashKind::Native }
    }

    /// The authentication plugin of accounts that jumpgate makes.
    pub fn plugin(&self) -> &'static str {
        match self.hash_kind() {
            HashKind::CachingSha2 => "caching_sha2_password",
            HashKind::Native => "mysql_native_password",
        }
    }

    /// How names stand in grants.
    pub fn naming(&self) -> Naming {
        Naming { literal: self.partial_revokes, lower: self.lower_case_table_names != 0 }
    }

    /// The host part of every role.
    pub fn role_host(&self) -> &'static str {
        if self.is_mariadb() { "" } else { "%" }
    }

    /// The grant tables that a reader needs, in the order in which they are read.
    pub fn grant_tables(&self) -> &'static [&'static str] {
        if self.is_mariadb() {
            &[
                "roles_mapping",
                "global_priv",
                "db",
                "tables_priv",
                "columns_priv",
                "procs_priv",
                "proxies_priv",
            ]
        } else if self.has_roles() {
            &[
                "role_edges",
                "user",
                "db",
                "tables_priv",
                "columns_priv",
                "procs_priv",
                "proxies_priv",
                "global_grants",
            ]
        } else {
            &["user", "db", "tables_priv", "columns_priv", "procs_priv", "proxies_priv"]
        }
    }

    /// The global privilege that ends sessions of others.
    pub fn kill_privilege(&self) -> &'static str {
        match self.flavor {
            Flavor::Mariadb => "CONNECTION ADMIN",
            Flavor::Mysql if self.has_dynamic_privileges() => "CONNECTION_ADMIN",
            Flavor::Mysql => "SUPER",
        }
    }

    /// The query that shows from where the server replicates.
    pub(super) fn replica_query(&self) -> &'static str {
        if self.is_mariadb() {
            "SHOW ALL SLAVES STATUS"
        } else if self.mysql_since(8, 0, 22) {
            "SHOW REPLICA STATUS"
        } else {
            "SHOW SLAVE STATUS"
        }
    }

    /// The query for the login's account, its active roles, and the time in milliseconds.
    pub(super) fn login_query(&self) -> &'static str {
        if self.has_roles() {
            "SELECT CURRENT_USER(), CURRENT_ROLE(), \
             CAST(ROUND(UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) * 1000) AS SIGNED)"
        } else {
            "SELECT CURRENT_USER(), NULL, \
             CAST(ROUND(UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) * 1000) AS SIGNED)"
        }
    }

    /// Whether DROP USER refuses an account that is the definer of something
    /// (MySQL 8.0.22); elsewhere the objects stay and stop to work.
    pub fn drop_refuses_definers(&self) -> bool {
        self.mysql_since(8, 0, 22)
    }
}

/// Whether the text of a variable says yes.
pub(super) fn is_on(value: &str) -> bool {
    !matches!(value, "" | "0") && !value.eq_ignore_ascii_case("off")
}

fn parse(text: &str) -> Option<Version> {
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()?
        .split('.')
        .map(|part| part.parse::<u16>().ok());
    let mut next = || numbers.next().flatten();
    Some(Version(next()?, next()?, next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(version: &str, comment: &str) -> Result<Dialect, String> {
        let variables = [("version", version), ("version_comment", comment)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Dialect::detect(&variables.into())
    }

    #[test]
    fn servers_are_told_apart() {
        let known = |version, comment| {
            let dialect = detect(version, comment).expect("a supported server");
            (dialect.flavor, dialect.version)
        };
        assert_eq!(known("9.7.4-2", "(Debian)"), (Flavor::Mysql, Version(9, 7, 4)));
        assert_eq!(known("8.0.36", "Source distribution"), (Flavor::Mysql, Version(8, 0, 36)));
        assert_eq!(
            known("10.11.18-MariaDB-0+deb12u1", "Debian 12"),
            (Flavor::Mariadb, Version(10, 11, 18))
        );
        assert_eq!(
            known("5.5.5-10.6.16-MariaDB", "managed by x"),
            (Flavor::Mariadb, Version(10, 6, 16))
        );
        assert_eq!(known("12.0.2-MariaDB", ""), (Flavor::Mariadb, Version(12, 0, 2)));
        assert!(detect("5.6.51", "MySQL Community Server").is_err());
        assert!(detect("10.4.34-MariaDB", "").is_err());
        assert!(detect("8.0.11-TiDB-v8.5.0", "TiDB Server").is_err());
        assert!(detect("", "").is_err());
        assert!(detect("unknown", "").is_err());
    }

    #[test]
    fn abilities_follow_the_version() {
        let of = |version| detect(version, "").expect("a supported server");
        assert!(of("8.0.21").has_attribute() && !of("8.0.20").has_attribute());
        assert!(of("8.0.14").has_dual_passwords() && !of("8.0.13").has_dual_passwords());
        assert!(of("8.0.13").has_require_current() && !of("8.0.12").has_require_current());
        assert_eq!(of("5.7.44").hash_kind(), HashKind::Native);
        assert!(!of("5.7.44").has_roles() && !of("5.7.44").has_dynamic_privileges());
        let mariadb = of("11.8.9-MariaDB");
        assert!(!mariadb.has_attribute() && !mariadb.has_dual_passwords());
        assert_eq!(mariadb.hash_kind(), HashKind::Native);
        assert!(of("9.7.4").warning().is_none() && mariadb.warning().is_none());
        assert!(of("10.0.0").warning().is_some() && of("8.0.20").warning().is_some());
    }

    #[test]
    fn settings_are_read() {
        let variables =
            [("version", "8.4.0"), ("partial_revokes", "ON"), ("lower_case_table_names", "1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let dialect = Dialect::detect(&variables.into()).expect("a supported server");
        assert_eq!(dialect.naming(), Naming { literal: true, lower: true });
    }
}
