//! The privileges of MySQL and MariaDB that can be held on databases, tables or columns.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::access::model::ScopeKind;

/// Some privileges: a copy costs nothing, and they come in the order of the variants.
pub type Privileges = enumset::EnumSet<Privilege>;

macro_rules! privileges {
    ($($variant:ident = $sql:literal, $table:literal, $column:literal;)*) => {
        /// A privilege that can be held on a database.
        ///
        /// The order of the variants is the order in which statements and plans name them.
        #[derive(Debug, PartialOrd, Ord, Hash, enumset::EnumSetType)]
        #[enumset(serialize_repr = "list")]
        pub enum Privilege {
            $(
                #[doc = concat!("`", $sql, "`")]
                $variant,
            )*
        }

        impl schemars::JsonSchema for Privilege {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                "Privilege".into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": [$($sql),*] })
            }
        }

        impl Privilege {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The words of a GRANT statement.
            pub fn sql(self) -> &'static str {
                match self {
                    $(Self::$variant => $sql,)*
                }
            }

            /// Whether it can be held at this kind of scope
            /// (MySQL reference manual, "Privileges Provided by MySQL").
            pub fn fits(self, kind: ScopeKind) -> bool {
                match kind {
                    ScopeKind::Database => true,
                    ScopeKind::Table => match self { $(Self::$variant => $table,)* },
                    ScopeKind::Columns => match self { $(Self::$variant => $column,)* },
                }
            }
        }
    };
}

privileges! {
    // name = words, on a table?, on a column?
    Select = "SELECT", true, true;
    Insert = "INSERT", true, true;
    Update = "UPDATE", true, true;
    Delete = "DELETE", true, false;
    Create = "CREATE", true, false;
    Drop = "DROP", true, false;
    References = "REFERENCES", true, true;
    Index = "INDEX", true, false;
    Alter = "ALTER", true, false;
    CreateTemporaryTables = "CREATE TEMPORARY TABLES", false, false;
    LockTables = "LOCK TABLES", false, false;
    CreateView = "CREATE VIEW", true, false;
    ShowView = "SHOW VIEW", true, false;
    CreateRoutine = "CREATE ROUTINE", false, false;
    AlterRoutine = "ALTER ROUTINE", false, false;
    Execute = "EXECUTE", false, false;
    Event = "EVENT", false, false;
    Trigger = "TRIGGER", true, false;
    DeleteHistory = "DELETE HISTORY", true, false;
    ShowCreateRoutine = "SHOW CREATE ROUTINE", false, false;
}

impl Privilege {
    /// The privilege with these words, whatever their case.
    pub fn parse(words: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|privilege| privilege.sql().eq_ignore_ascii_case(words))
    }

    /// Whether it lets its holder leave something behind that runs with his rights
    /// (a view, routine, trigger or event with a definer).
    pub fn leaves_definers(self) -> bool {
        matches!(
            self,
            Self::CreateView
                | Self::CreateRoutine
                | Self::AlterRoutine
                | Self::Trigger
                | Self::Event
        )
    }

    /// Whether it changes data or structure.
    pub fn writes(self) -> bool {
        !matches!(
            self,
            Self::Select
                | Self::ShowView
                | Self::References
                | Self::LockTables
                | Self::ShowCreateRoutine
        )
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}

impl Serialize for Privilege {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.sql())
    }
}

impl<'de> Deserialize<'de> for Privilege {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = String::deserialize(deserializer)?;
        Self::parse(&words).ok_or_else(|| {
            serde::de::Error::custom(format_args!("there is no privilege {words} on databases"))
        })
    }
}
