//! The text of a request file, as `docs/format.md` shows it.

use std::fmt::Write as _;

use super::{Ask, External};
use crate::yaml::{line, scalar};

/// The file of a request. The same answers always give the same text; `hours` must have
/// become an end already (see [`Ask::timed`]).
pub fn text(ask: &Ask, external: Option<&External>) -> String {
    let mut text = String::new();
    if let Some(external) = external {
        let _ = writeln!(text, "{external}");
    }
    let _ = writeln!(text, "for: {}", one_or_list(&ask.people));
    let _ = writeln!(text, "reason: {}", line(&ask.reason));
    if let Some(emergency) = &ask.emergency {
        let _ = writeln!(text, "emergency: {}", line(emergency));
    }
    for (key, value) in [("from", &ask.from), ("until", &ask.until)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{key}: {}", time(value));
        }
    }
    if !ask.servers.is_empty() {
        text.push_str("servers:\n");
    }
    for server in &ask.servers {
        let _ = writeln!(text, "  - login: {}", scalar(&server.login));
        list(&mut text, "nodes", server.nodes.iter().map(String::as_str));
        list(&mut text, "assets", server.assets.iter().map(String::as_str));
    }
    if !ask.databases.is_empty() {
        text.push_str("databases:\n");
    }
    for database in &ask.databases {
        let _ = writeln!(text, "  - instance: {}", one_or_list(&database.instances));
        let _ = writeln!(text, "    level: {}", scalar(&database.level));
        list(&mut text, "tables", database.tables.iter().map(String::as_str));
    }
    text
}

/// One name, or names in brackets.
fn one_or_list(names: &[String]) -> String {
    match names {
        [name] => scalar(name).into_owned(),
        names => {
            let names: Vec<_> = names.iter().map(|name| scalar(name)).collect();
            format!("[{}]", names.join(", "))
        }
    }
}

/// An entry of a block, when it holds anything.
pub(crate) fn list<'t>(text: &mut String, key: &str, entries: impl IntoIterator<Item = &'t str>) {
    let mut entries = entries.into_iter().peekable();
    if entries.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "    {key}:");
    for entry in entries {
        let _ = writeln!(text, "      - {}", line(entry));
    }
}

/// One end of a period: a day or a moment stands without quotes.
fn time(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "-T:+Z ".contains(c))
        && !text.ends_with([':', ' '])
        && !text.contains(": ");
    if plain { text.to_owned() } else { scalar(text).into_owned() }
}
