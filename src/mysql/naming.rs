//! How names of databases stand in the grant tables.

use std::borrow::Cow;

use super::spec::TableName;

/// The settings of a server that decide what a name in a grant means.
///
/// Tried on MySQL 9.7 and MariaDB 10.11 and 11.8: in a grant on a database `_` and `%`
/// are wildcards, and a backslash takes the meaning from the character behind it. With
/// `partial_revokes` MySQL takes every character as it is. Names of tables and columns are
/// always literal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Naming {
    /// Database names are literal (`partial_revokes`).
    pub literal: bool,
    /// Database and table names are kept in lower case (`lower_case_table_names`).
    pub lower: bool,
}

impl Naming {
    /// A database or table name in the case in which the server keeps it.
    pub fn fold(self, name: &str) -> Cow<'_, str> {
        if self.lower { Cow::Owned(name.to_lowercase()) } else { Cow::Borrowed(name) }
    }

    /// A table's name in the case in which the server keeps it.
    pub fn table(self, name: &TableName) -> Cow<'_, TableName> {
        match (self.fold(&name.database), self.fold(&name.table)) {
            (Cow::Borrowed(_), Cow::Borrowed(_)) => Cow::Borrowed(name),
            (database, table) => {
                Cow::Owned(TableName { database: database.into_owned(), table: table.into_owned() })
            }
        }
    }

    /// The form in which a grant on exactly this database is stored.
    pub fn stored(self, database: &str) -> Cow<'_, str> {
        let name = self.fold(database);
        let special = |c| matches!(c, '_' | '%' | '\\');
        if self.literal || !name.contains(special) {
            return name;
        }
        let mut stored = String::with_capacity(name.len() + 4);
        for c in name.chars() {
            if special(c) {
                stored.push('\\');
            }
            stored.push(c);
        }
        Cow::Owned(stored)
    }

    /// Whether a grant on exactly this database can be stored: the grant tables hold names of 64
    /// characters, and an escape is one. Tried on MySQL 9.7 and MariaDB 11.8, which refuse a
    /// longer one, and on MariaDB 10.11, which stores its beginning.
    pub fn fits(self, database: &str) -> bool {
        self.stored(database).chars().count() <= 64
    }

    /// The one database that a stored name stands for, when it is in the form that
    /// [`Naming::stored`] gives; `None` for patterns and for other spellings.
    pub fn database(self, stored: &str) -> Option<String> {
        if self.literal {
            return Some(stored.to_owned());
        }
        let mut name = String::with_capacity(stored.len());
        let mut chars = stored.chars();
        while let Some(c) = chars.next() {
            match c {
                '_' | '%' => return None,
                '\\' => match chars.next() {
                    Some(c @ ('_' | '%' | '\\')) => name.push(c),
                    _ => return None,
                },
                _ => name.push(c),
            }
        }
        Some(name)
    }

    /// Whether a stored name covers a database.
    pub fn covers(self, stored: &str, database: &str) -> bool {
        let database = self.fold(database);
        if self.literal {
            return stored == database;
        }
        let stored: Vec<char> = stored.chars().collect();
        let database: Vec<char> = database.chars().collect();
        matches(&stored, &database)
    }

    /// How special a stored pattern is, for ordering: the place of the first wildcard, then
    /// the count of characters that are none. Servers choose the more special one of
    /// several in ways of their own, but agree on `pay%` being less special than `pay_eu`
    /// and `pay\_%`.
    pub(super) fn special(self, stored: &str) -> (usize, usize) {
        let (mut first, mut literal, mut place) = (None, 0, 0);
        let mut chars = stored.chars();
        while let Some(c) = chars.next() {
            match c {
                '_' | '%' => {
                    first.get_or_insert(place);
                }
                '\\' => {
                    let _ = chars.next();
                    literal += 1;
                }
                _ => literal += 1,
            }
            place += 1;
        }
        (first.unwrap_or(usize::MAX), literal)
    }
}

/// A match as the servers do it: `%` any characters, `_` one, `\x` the character x.
fn matches(pattern: &[char], name: &[char]) -> bool {
    // Where to go on after the last `%`: pattern behind it, and how much of the name it took.
    let mut retry: Option<(usize, usize)> = None;
    let (mut p, mut n) = (0, 0);
    loop {
        let step = match pattern.get(p) {
            Some('%') => {
                retry = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some('_') if n < name.len() => Some(1),
            // A backslash at the very end stands for itself.
            Some('\\') if p + 1 < pattern.len() => (name.get(n) == pattern.get(p + 1)).then_some(2),
            Some(c) => (name.get(n) == Some(c)).then_some(1),
            None if n == name.len() => return true,
            None => None,
        };
        match (step, &mut retry) {
            (Some(width), _) => {
                p += width;
                n += 1;
            }
            (None, Some((behind, taken))) if *taken < name.len() => {
                *taken += 1;
                (p, n) = (*behind, *taken);
            }
            (None, _) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_unless_literal() {
        let plain = Naming::default();
        assert_eq!(plain.stored("a_b"), r"a\_b");
        assert_eq!(plain.stored("50%"), r"50\%");
        assert_eq!(plain.stored(r"one\slash"), r"one\\slash");
        assert_eq!(plain.stored("Shop"), "Shop");
        assert_eq!(Naming { literal: true, lower: false }.stored("a_b"), "a_b");
        assert_eq!(Naming { literal: false, lower: true }.stored("A_B"), r"a\_b");
    }

    #[test]
    fn only_the_stored_form_names_a_database() {
        let plain = Naming::default();
        for name in ["a_b", "50%", r"one\slash", "we`ird", "数据库", ""] {
            assert_eq!(plain.database(&plain.stored(name)).as_deref(), Some(name));
            assert!(plain.covers(&plain.stored(name), name));
        }
        for stored in ["a_b", "pay%", r"sh\op", r"end\"] {
            assert_eq!(plain.database(stored), None);
        }
        assert_eq!(Naming { literal: true, lower: false }.database("a_b").as_deref(), Some("a_b"));
    }

    #[test]
    fn patterns_cover_what_the_server_opens() {
        let plain = Naming::default();
        for (stored, name, covered) in [
            ("a_b", "axb", true),
            ("a_b", "a_b", true),
            (r"a\_b", "axb", false),
            ("a_b", "ab", false),
            ("pay%", "pay", true),
            ("pay%", "pay_eu", true),
            ("%", "", true),
            ("%a%b", "xaayb", true),
            ("%a%b", "xaayc", false),
            (r"p\%", "p%", true),
            (r"p\%", "px", false),
            (r"sh\op", "shop", true),
            (r"end\", r"end\", true),
            ("_", "", false),
        ] {
            assert_eq!(plain.covers(stored, name), covered, "{stored} on {name}");
        }
        assert!(!Naming { literal: true, lower: false }.covers("a_b", "axb"));
        assert!(Naming { literal: false, lower: true }.covers("shop", "Shop"));
    }
}
