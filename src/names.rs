//! The names of things, each a type of its own so that one cannot be taken for another.
//!
//! A name is checked once, when it is made from text; everything behind that point can
//! rely on its form. Copies share their text: names stand everywhere in a plan.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::visible::is_hidden;

/// Why a text is no name of the kind asked for: says what was expected, for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct InvalidName {
    /// The expected form, as words that fit behind "expected".
    pub expected: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// The expected form, in words.
            pub const EXPECTED: &'static str = $expected;

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName { expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.as_ref().to_owned()
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $expected })
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn lower_or_digit(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn dotted(text: &str, most: usize) -> bool {
    text.len() <= most
        && text.starts_with(lower_or_digit)
        && text.chars().all(|c| lower_or_digit(c) || matches!(c, '.' | '_' | '-'))
}

fn short(text: &str, most: usize) -> bool {
    !text.is_empty() && text.len() <= most && text.chars().all(lower_or_digit)
}

name!(
    /// The name of an access repo, the mark on everything that it owns.
    Owner,
    "1 to 40 lower-case letters, digits and `-`",
    |text| {
        !text.is_empty() && text.len() <= 40 && text.chars().all(|c| lower_or_digit(c) || c == '-')
    }
);

name!(
    /// The first part of every name that jumpgate gives (`prefix:` in jumpgate.yaml).
    Prefix,
    "1 to 12 lower-case letters and digits",
    |text| short(text, 12)
);

name!(
    /// A person: the name of the file in `people/`.
    PersonName,
    "a lower-case letter or digit, then at most 63 of `a-z 0-9 . _ -`",
    |text| dotted(text, 64)
);

name!(
    /// A team: the name of the file in `teams/`.
    TeamName,
    "a lower-case letter or digit, then at most 63 of `a-z 0-9 . _ -`",
    |text| dotted(text, 64)
);

name!(
    /// A kind of account on hosts, such as `app` or `root`. `db` is taken by databases.
    LoginName,
    "1 to 20 lower-case letters and digits, not `db`",
    |text| short(text, 20) && text != "db"
);

name!(
    /// A named set of privileges on databases, such as `r` or `rw`.
    LevelName,
    "1 to 20 lower-case letters and digits",
    |text| short(text, 20)
);

name!(
    /// A MySQL or MariaDB server: the name of the file in `inventory/databases/`.
    InstanceName,
    "a lower-case letter or digit, then at most 63 of `a-z 0-9 . _ -`",
    |text| dotted(text, 64)
);

name!(
    /// An environment of policy.yaml, such as `prod`.
    Environment,
    "a lower-case letter or digit, then at most 63 of `a-z 0-9 . _ -`",
    |text| dotted(text, 64)
);

name!(
    /// A group at the git forge by its path there: `acme/dba` (a team of an organization), or
    /// `acme/ops/dba` (a group in groups).
    ForgeGroup,
    "the path of a group, such as `acme/dba`: letters, digits, `.`, `_`, `-` and `/`",
    |text| {
        text.len() <= 200
            && text.split('/').all(|part| {
                part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                    && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
            })
    }
);

name!(
    /// A request: the path of its file below `requests/`, without the extension
    /// (`2026/PAY-1234-refunds`).
    RequestName,
    "a path of letters, digits, `.`, `_` and `-`",
    |text| {
        !text.is_empty()
            && text.len() <= 200
            && text.split('/').all(|part| {
                !part.is_empty()
                    && part != "."
                    && part != ".."
                    && part.chars().all(|c| {
                        // Some letters take no room.
                        (c.is_alphanumeric() && !is_hidden(c)) || matches!(c, '.' | '_' | '-')
                    })
            })
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_lower_case_and_ascii() {
        for good in ["fanlichun", "li.wei", "0a", "a_b-c"] {
            assert!(good.parse::<PersonName>().is_ok(), "{good}");
        }
        for bad in ["", "Zhang.San", "张三", "\u{feff}zhang.san", "zhang.san ", ".a", "a'@'%"] {
            assert!(bad.parse::<PersonName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn db_is_no_login() {
        assert!("db".parse::<LoginName>().is_err());
        assert!("app".parse::<LoginName>().is_ok());
    }

    #[test]
    fn a_group_of_the_forge_is_a_path() {
        for good in ["acme", "acme/dba", "Acme/ops/db_a.1"] {
            assert!(good.parse::<ForgeGroup>().is_ok(), "{good}");
        }
        for bad in ["", "/acme", "acme/", "acme//dba", "acme/../dba", "@acme", "acme/d b", "-a"] {
            assert!(bad.parse::<ForgeGroup>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_request_stays_in_its_folder() {
        assert!("2026/PAY-1234-refunds".parse::<RequestName>().is_ok());
        for bad in ["../x", "a//b", "/a", "a/./b", "a\u{3164}", "\u{1160}b", "\u{ffa0}", "\u{115f}"]
        {
            assert!(bad.parse::<RequestName>().is_err(), "{bad}");
        }
    }
}
