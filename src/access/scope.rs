//! The text of a `tables:` entry: `database.*`, `database.table`,
//! `database.table(column, ...)`, with names bare or in back-ticks as in SQL.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use super::model::Scope;

/// Databases that can never be asked for, whatever their case.
pub const SYSTEM_DATABASES: [&str; 4] =
    ["mysql", "sys", "performance_schema", "information_schema"];

/// The longest name of a database, table or column (MySQL and MariaDB), in characters.
const NAME_MAX: usize = 64;

/// Why a text is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidScope {
    /// What is wrong and what to do, for a person.
    pub message: String,
    /// Where in the text, counted in characters from 0.
    pub at: usize,
}

/// Reads a `tables:` entry. Names are literal: `_` and `%` are never patterns.
///
/// # Errors
/// An [`InvalidScope`] that says what was expected.
///
/// ```
/// use jumpgate::access::{model::Scope, scope};
///
/// let table = Scope::Table("a.b".to_owned(), "t".to_owned());
/// assert_eq!(scope::parse("`a.b`.`t`"), Ok(table));
/// assert!(scope::parse("orders").is_err());
/// ```
pub fn parse(text: &str) -> Result<Scope, InvalidScope> {
    Parser { rest: text.chars().peekable(), at: 0 }.scope()
}

/// A scope as requests write it; names that need it stand in back-ticks.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(database) => write!(f, "{}.*", quoted(database)),
            Self::Table(database, table) => write!(f, "{}.{}", quoted(database), quoted(table)),
            Self::Columns(database, table, columns) => {
                let columns: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
                let (database, table) = (quoted(database), quoted(table));
                write!(f, "{database}.{table}({})", columns.join(", "))
            }
        }
    }
}

fn quoted(name: &str) -> Cow<'_, str> {
    if name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-')) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("`{}`", name.replace('`', "``")))
    }
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    at: usize,
}

impl Parser<'_> {
    fn scope(&mut self) -> Result<Scope, InvalidScope> {
        if self.rest.peek() == Some(&'*') {
            return self
                .wrong("a scope begins with the name of one database; `*` is not possible here");
        }
        let database = self.name("a database")?;
        if SYSTEM_DATABASES.iter().any(|system| system.eq_ignore_ascii_case(&database)) {
            self.at = 0;
            return self
                .wrong(format!("{database} is the server's own: it can never be asked for"));
        }
        if !self.skip('.') {
            return self.wrong(format!(
                "expected `.` behind the database: write `{database}.*` for all of it, or \
                 `{database}.table`"
            ));
        }
        if self.skip('*') {
            return match self.rest.peek() {
                None => Ok(Scope::Database(database)),
                Some(_) => self.wrong(
                    "nothing can stand behind `.*`: there are no patterns, name the tables instead",
                ),
            };
        }
        let table = self.name("a table")?;
        self.blanks();
        match self.rest.peek() {
            None => Ok(Scope::Table(database, table)),
            Some('(') => self.columns().map(|columns| Scope::Columns(database, table, columns)),
            Some('.') => self.wrong("a name with a dot stands in back-ticks, as in `a.b`.`t`"),
            Some(_) => self.wrong("expected the end, or columns in round brackets"),
        }
    }

    fn columns(&mut self) -> Result<BTreeSet<String>, InvalidScope> {
        self.skip('(');
        let mut columns: BTreeSet<String> = BTreeSet::new();
        loop {
            self.blanks();
            if self.rest.peek().is_none() {
                return self.wrong(
                    "the round bracket is not closed: in a list like [a, b] the comma splits the \
                     entry, so write it on a line of its own behind `- `, or in quotes",
                );
            }
            let start = self.at;
            let column = self.name("a column")?;
            // Both servers compare names of columns without their case.
            if columns.iter().any(|other| other.to_lowercase() == column.to_lowercase()) {
                self.at = start;
                return self.wrong(format!("column {column} is there twice"));
            }
            columns.insert(column);
            self.blanks();
            if self.skip(')') {
                break;
            }
            if !self.skip(',') && self.rest.peek().is_some() {
                return self.wrong("expected `,` or `)` behind a column");
            }
        }
        self.blanks();
        match self.rest.peek() {
            None => Ok(columns),
            Some(_) => self.wrong("nothing can stand behind the columns"),
        }
    }

    /// One name, bare or in back-ticks.
    fn name(&mut self, what: &str) -> Result<String, InvalidScope> {
        let start = self.at;
        let name = if self.skip('`') { self.quoted(what)? } else { self.bare(what)? };
        let problem = if name.chars().count() > NAME_MAX {
            Some(format!("the name of {what} has at most {NAME_MAX} characters"))
        } else if name.ends_with(' ') {
            Some(format!("the name of {what} cannot end with a blank"))
        } else if name.chars().any(|c| c.is_control() || u32::from(c) > 0xFFFF) {
            Some(format!("the name of {what} holds a character that no server keeps in names"))
        } else {
            None
        };
        match problem {
            None => Ok(name),
            Some(problem) => {
                self.at = start;
                self.wrong(problem)
            }
        }
    }

    fn bare(&mut self, what: &str) -> Result<String, InvalidScope> {
        let mut name = String::new();
        while let Some(&c) = self.rest.peek() {
            if !(c.is_alphanumeric() || matches!(c, '_' | '$' | '-')) {
                break;
            }
            name.push(c);
            self.step();
        }
        match (name.is_empty(), self.rest.peek()) {
            (false, None | Some('.' | '(' | ')' | ',' | ' ')) => Ok(name),
            (true, None) => self.wrong(format!("expected the name of {what}")),
            (_, Some('*' | '%')) => self.wrong(format!(
                "`*` and `%` are no patterns here: name {what}, or write `database.*` for all tables"
            )),
            _ => self.wrong(format!(
                "a bare name of {what} has letters, digits, `_`, `$` and `-`; anything else stands \
                 in back-ticks"
            )),
        }
    }

    /// The rest of a name in back-ticks; a doubled back-tick stands for one.
    fn quoted(&mut self, what: &str) -> Result<String, InvalidScope> {
        let mut name = String::new();
        loop {
            match self.step() {
                None => {
                    return self
                        .wrong(format!("the back-tick around the name of {what} is not closed"));
                }
                Some('`') if self.skip('`') => name.push('`'),
                Some('`') if name.is_empty() => {
                    return self
                        .wrong(format!("expected the name of {what} between the back-ticks"));
                }
                Some('`') => return Ok(name),
                Some(c) => name.push(c),
            }
        }
    }

    fn step(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.at += 1;
        Some(c)
    }

    fn skip(&mut self, c: char) -> bool {
        let there = self.rest.peek() == Some(&c);
        if there {
            self.step();
        }
        there
    }

    fn blanks(&mut self) {
        while self.skip(' ') {}
    }

    fn wrong<T>(&self, message: impl Into<String>) -> Result<T, InvalidScope> {
        Err(InvalidScope { message: message.into(), at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn database(name: &str) -> Scope {
        Scope::Database(name.to_owned())
    }

    fn table(database: &str, table: &str) -> Scope {
        Scope::Table(database.to_owned(), table.to_owned())
    }

    #[test]
    fn the_designs_examples() {
        let columns = BTreeSet::from(["id".to_owned(), "last4".to_owned()]);
        assert_eq!(parse("orders.*"), Ok(database("orders")));
        assert_eq!(parse("billing.invoices"), Ok(table("billing", "invoices")));
        assert_eq!(
            parse("billing.cards(id, last4)"),
            Ok(Scope::Columns("billing".to_owned(), "cards".to_owned(), columns))
        );
        assert_eq!(parse("`a.b`.`t`"), Ok(table("a.b", "t")));
    }

    #[test]
    fn o16_awkward_database_names() {
        assert_eq!(parse("grafana-on-call.*"), Ok(database("grafana-on-call")));
        assert_eq!(parse("`we``ird`.*"), Ok(database("we`ird")));
        assert_eq!(parse("数据库.order-items"), Ok(table("数据库", "order-items")));
        assert_eq!(parse("select.*"), Ok(database("select")));
        assert_eq!(parse("a_b.*"), Ok(database("a_b")));
        assert_eq!(parse("`a%b`.*"), Ok(database("a%b")));
    }

    #[test]
    fn o19_injection_from_yaml() {
        for text in ["x`.* TO 'root'@'%'; DROP DATABASE y; -- ", "shop.t` (id) ; ", "shop.t; DROP"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        // In back-ticks it is a name, however odd, and stays one.
        assert_eq!(parse("`x``.* TO 'root'`.*"), Ok(database("x`.* TO 'root'")));
    }

    #[test]
    fn what_is_wrong_is_said_where_it_is() {
        for (text, at, words) in [
            ("", 0, "expected the name of a database"),
            ("orders", 6, "write `orders.*`"),
            ("*.*", 0, "one database"),
            ("MySQL.user", 0, "the server's own"),
            ("pay%.*", 3, "no patterns"),
            ("pay.inv*", 7, "no patterns"),
            ("pay.*x", 5, "no patterns"),
            ("a.b.c", 3, "back-ticks"),
            ("a.b(", 4, "is not closed"),
            ("a.b(id", 6, "is not closed"),
            ("a.b()", 4, "a bare name of a column"),
            ("a.b(id, ID)", 8, "twice"),
            ("a.b(id) x", 8, "behind the columns"),
            ("`a.b", 4, "is not closed"),
            ("``.*", 2, "between the back-ticks"),
            ("a. b", 2, "a bare name of a table"),
            ("a.😀", 2, "a bare name of a table"),
            ("a.`😀`", 2, "no server keeps"),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_scope_or_an_error_inside_it(text in any::<String>()) {
            if let Err(error) = parse(&text) {
                prop_assert!(error.at <= text.chars().count());
            }
        }

        #[test]
        fn a_quoted_name_comes_back_whole(name in "[a-z`.()*, 数据é_%$'\"-]{0,18}[a-z数`]", sub in "[a-z`.()*,]{1,9}") {
            prop_assume!(!SYSTEM_DATABASES.iter().any(|system| system.eq_ignore_ascii_case(&name)));
            let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
            let text = format!("{}.{}", quote(&name), quote(&sub));
            prop_assert_eq!(parse(&text), Ok(table(&name, &sub)));
            prop_assert_eq!(parse(&table(&name, &sub).to_string()), Ok(table(&name, &sub)));
        }
    }
}
