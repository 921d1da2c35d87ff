//! The file as a catalogue. It reads what `text` writes and nothing else: a general
//! YAML reader would take a hundred times as long for a large company's tables.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::str::Lines;

use jiff::civil::Date;

use super::{Catalog, FILE_MAX, Names, Part, Places, Tables};

/// Why a text is no catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected {expected}")]
pub struct Wrong {
    /// The line, from 1.
    pub line: u32,
    /// What was expected there, in words.
    pub expected: &'static str,
}

/// Reads a catalogue.
///
/// # Errors
/// The first line that is not as it would have been written.
pub fn parse(bytes: &[u8]) -> Result<Catalog, Wrong> {
    if bytes.len() > FILE_MAX {
        return Err(Wrong { line: 1, expected: "at most 64 MiB" });
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Wrong { line: 1, expected: "text in UTF-8" });
    };
    let mut reader = Reader { lines: text.lines().peekable(), line: 1 };
    while reader.lines.peek().is_some_and(|line| line.starts_with('#')) {
        reader.step();
    }
    if !reader.begins("version: 1") {
        return reader.wrong("`version: 1`");
    }
    let Some(read) = reader.day("read")? else { return reader.wrong("`read:` and a day") };
    let jumpserver = match reader.begins("jumpserver:") {
        true => Some(reader.jumpserver()?),
        false => None,
    };
    let instances = match reader.begins("instances: {}") {
        true => BTreeMap::new(),
        false if reader.begins("instances:") => reader.instances()?,
        false => return reader.wrong("`instances:`"),
    };
    match reader.lines.peek() {
        None => Ok(Catalog { read, jumpserver, instances }),
        Some(_) => reader.wrong("the end"),
    }
}

struct Reader<'t> {
    lines: Peekable<Lines<'t>>,
    line: u32,
}

impl<'t> Reader<'t> {
    fn step(&mut self) {
        self.lines.next();
        self.line = self.line.saturating_add(1);
    }

    fn wrong<T>(&self, expected: &'static str) -> Result<T, Wrong> {
        Err(Wrong { line: self.line, expected })
    }

    /// Takes a line that is exactly this.
    fn begins(&mut self, whole: &str) -> bool {
        let is = self.lines.peek() == Some(&whole);
        if is {
            self.step();
        }
        is
    }

    /// Takes a line `KEY: DAY`, with the indent in the key.
    fn day(&mut self, key: &str) -> Result<Option<Date>, Wrong> {
        let line = self.lines.peek().copied().unwrap_or_default();
        let Some(text) = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(day) => {
                self.step();
                Ok(Some(day))
            }
            Err(_) => self.wrong("a day, such as 2026-12-01"),
        }
    }

    fn jumpserver(&mut self) -> Result<Part<Places>, Wrong> {
        let kept_from = self.day("  kept-from")?;
        let nodes = self.names("  nodes")?;
        let assets = self.names("  assets")?;
        Ok(Part { kept_from, holds: Places { nodes, assets } })
    }

    /// A list of names below a key.
    fn names(&mut self, key: &str) -> Result<BTreeSet<String>, Wrong> {
        let mut names = BTreeSet::new();
        if self.begins(&format!("{key}: []")) {
            return Ok(names);
        }
        if !self.begins(&format!("{key}:")) {
            return self.wrong("`nodes:`, then `assets:`");
        }
        while let Some(rest) = self.lines.peek().and_then(|line| line.strip_prefix("  - ")) {
            match name(rest) {
                Some((name, "")) => names.insert(name),
                _ => return self.wrong("`- ` and a name"),
            };
            self.step();
        }
        Ok(names)
    }

    fn instances(&mut self) -> Result<BTreeMap<crate::names::InstanceName, Part<Tables>>, Wrong> {
        let mut instances = BTreeMap::new();
        while let Some(rest) = self.lines.peek().and_then(|line| line.strip_prefix("  ")) {
            let instance = match name(rest) {
                Some((name, ":")) => name.parse().ok(),
                _ => None,
            };
            let Some(instance) = instance else { return self.wrong("an instance and `:`") };
            self.step();
            let kept_from = self.day("    kept-from")?;
            let any_case = self.begins("    any-case: true");
            let partial = self.begins("    partial: true");
            let databases = match self.begins("    databases: {}") {
                true => Names::new(),
                false if self.begins("    databases:") => self.databases()?,
                false => return self.wrong("`databases:`"),
            };
            let holds = Tables { any_case, partial, databases };
            instances.insert(instance, Part { kept_from, holds });
        }
        Ok(instances)
    }

    fn databases(&mut self) -> Result<Names, Wrong> {
        let mut databases = Names::new();
        while let Some(rest) = self.lines.peek().and_then(|line| line.strip_prefix("      ")) {
            let (database, empty) = match name(rest) {
                Some((name, ":")) => (name, false),
                Some((name, ": []")) => (name, true),
                _ => return self.wrong("a database and `:`"),
            };
            self.step();
            let tables = if empty { BTreeMap::new() } else { self.tables()? };
            databases.insert(database, tables);
        }
        Ok(databases)
    }

    fn tables(&mut self) -> Result<BTreeMap<String, Vec<String>>, Wrong> {
        let mut tables = BTreeMap::new();
        while let Some(rest) = self.lines.peek().and_then(|line| line.strip_prefix("      - ")) {
            let read = name(rest).and_then(|(table, rest)| Some((table, columns(rest)?)));
            let Some((table, columns)) = read else {
                return self.wrong("`- ` and a table");
            };
            tables.insert(table, columns);
            self.step();
        }
        Ok(tables)
    }
}

/// The columns behind a table: nothing, or `: [a, b]`.
fn columns(rest: &str) -> Option<Vec<String>> {
    let mut columns = Vec::new();
    if rest.is_empty() {
        return Some(columns);
    }
    let mut rest = rest.strip_prefix(": [")?;
    loop {
        let (column, behind) = name(rest)?;
        columns.push(column);
        match behind {
            "]" => return Some(columns),
            more => rest = more.strip_prefix(", ")?,
        }
    }
}

/// The name that a text begins with, plain or in double quotes, and what stands behind it.
fn name(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return unquoted(quoted);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let mut end = text.find(|c| !plain(c)).unwrap_or(text.len());
    // A colon within a name: one that ends a key has a blank or nothing behind it.
    while text[end..].starts_with(':') && text[end + 1..].starts_with(|c| plain(c) || c == ':') {
        end += 1;
        end += text[end..].find(|c| !plain(c)).unwrap_or(text.len() - end);
    }
    (end > 0).then(|| (text[..end].to_owned(), &text[end..]))
}

/// A text in double quotes, behind the first of them.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let special = rest.find(['"', '\\'])?;
        out.push_str(&rest[..special]);
        let behind = &rest[special + 1..];
        if rest[special..].starts_with('"') {
            return (!out.is_empty()).then_some((out, behind));
        }
        rest = match behind.chars().next()? {
            c @ ('"' | '\\') => {
                out.push(c);
                &behind[1..]
            }
            'u' => {
                let code = behind.get(1..5)?;
                out.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
                &behind[5..]
            }
            _ => return None,
        };
    }
}
