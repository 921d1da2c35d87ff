//! A catalogue as the file: one name a line, always in the same order, and YAML for whoever
//! reads it otherwise.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Catalog, Part, Tables};
use crate::yaml::scalar;

/// What stands above it.
const HEAD: &str = "# Written by `jumpgate catalog`: run it again in place of editing this file.\n";

/// The text of the file.
pub fn text(catalog: &Catalog) -> String {
    let mut out = format!("{HEAD}version: 1\nread: {}\n", catalog.read);
    if let Some(part) = &catalog.jumpserver {
        out.push_str("jumpserver:\n");
        kept(&mut out, "  ", part);
        list(&mut out, "nodes", &part.holds.nodes);
        list(&mut out, "assets", &part.holds.assets);
    }
    if catalog.instances.is_empty() {
        out.push_str("instances: {}\n");
        return out;
    }
    out.push_str("instances:\n");
    for (name, part) in &catalog.instances {
        out.push_str(&format!("  {}:\n", plain(name.as_str())));
        kept(&mut out, "    ", part);
        tables(&mut out, &part.holds);
    }
    out
}

/// A name as YAML: like any other text, and a path without quotes where that means the same.
fn plain(name: &str) -> Cow<'_, str> {
    match name.strip_prefix('/').map(scalar) {
        Some(Cow::Borrowed(_)) => Cow::Borrowed(name),
        _ => scalar(name),
    }
}

fn kept<T>(out: &mut String, indent: &str, part: &Part<T>) {
    if let Some(day) = part.kept_from {
        out.push_str(&format!("{indent}kept-from: {day}\n"));
    }
}

fn list(out: &mut String, key: &str, names: &BTreeSet<String>) {
    if names.is_empty() {
        out.push_str(&format!("  {key}: []\n"));
        return;
    }
    out.push_str(&format!("  {key}:\n"));
    for name in names {
        out.push_str("  - ");
        out.push_str(&plain(name));
        out.push('\n');
    }
}

fn tables(out: &mut String, tables: &Tables) {
    if tables.any_case {
        out.push_str("    any-case: true\n");
    }
    if tables.partial {
        out.push_str("    partial: true\n");
    }
    if tables.databases.is_empty() {
        out.push_str("    databases: {}\n");
        return;
    }
    out.push_str("    databases:\n");
    for (database, tables) in &tables.databases {
        let end = if tables.is_empty() { ": []\n" } else { ":\n" };
        out.push_str("      ");
        out.push_str(&plain(database));
        out.push_str(end);
        for (table, columns) in tables {
            out.push_str("      - ");
            out.push_str(&plain(table));
            if !columns.is_empty() {
                let columns: Vec<_> = columns.iter().map(|column| plain(column)).collect();
                out.push_str(&format!(": [{}]", columns.join(", ")));
            }
            out.push('\n');
        }
    }
}
