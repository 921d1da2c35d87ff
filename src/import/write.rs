//! The texts of request files.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::requests::{FOLDER, OnInstance};
use crate::access::model::Access;
use crate::adoption;
use crate::jumpserver::spec::PermissionSpec;
use crate::names::{LoginName, PersonName};
use crate::naming;
use crate::period::{Edge, Period};
use crate::request::list;
use crate::yaml::{line, scalar};

/// Path and text of a request for hosts that adopts a permission.
pub(super) fn hosts(
    access: &Access,
    person: &PersonName,
    period: &Period,
    login: &LoginName,
    spec: &PermissionSpec,
) -> (String, String) {
    let mut text = head(access, person, period, &spec.name);
    let _ = writeln!(text, "servers:\n  - login: {}", scalar(login.as_str()));
    list(&mut text, "nodes", spec.nodes.iter().map(String::as_str));
    list(&mut text, "assets", spec.assets.iter().map(String::as_str));
    let _ = writeln!(text, "    adopts: {}", line(&spec.name));
    (path(person, login.as_str(), period), text)
}

/// Path and text of a request for databases that adopts a permission and its accounts, each
/// where it is named first; `parts` is never empty, and has one level.
pub(super) fn databases(
    access: &Access,
    person: &PersonName,
    period: &Period,
    parts: &[OnInstance<'_>],
    permission: &str,
) -> (String, String) {
    let mut text = head(access, person, period, permission);
    text.push_str("databases:\n");
    let mut level = "";
    let mut holders = BTreeSet::new();
    for part in parts {
        level = part.level.as_str();
        let _ = writeln!(text, "  - instance: {}", scalar(part.instance.as_str()));
        let _ = writeln!(text, "    level: {}", scalar(level));
        let tables: Vec<String> = part.scopes.iter().map(ToString::to_string).collect();
        list(&mut text, "tables", tables.iter().map(String::as_str));
        let first = holders.is_empty();
        // A replica shows the account that its instance holds.
        if holders.insert(part.holder) {
            text.push_str("    adopts:\n");
            let _ = writeln!(text, "      account: {}", line(part.account));
        }
        if first {
            let _ = writeln!(text, "      permission: {}", line(permission));
        }
    }
    let account = parts.first().map_or("", |part| part.account);
    let derived = parts.first().is_some_and(|part| {
        matches!(adoption::kind(access, person, part.level, account), naming::Kind::Level(_))
    });
    let what = if derived { format!("db_{level}") } else { slug(account) };
    (path(person, &what, period), text)
}

/// A user name as a part of a path.
fn slug(user: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    user.chars().map(|c| if plain(c) { c } else { '-' }).collect()
}

/// The path of a request: the same in every import. An account whose name is not the one that
/// jumpgate gives is named in it, since it has a permission of its own.
fn path(person: &PersonName, what: &str, period: &Period) -> String {
    format!("{FOLDER}/{person}-{what}{}.yaml", period.suffix())
}

fn head(access: &Access, person: &PersonName, period: &Period, permission: &str) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "for: {}", scalar(person.as_str()));
    let reason = format!("imported from JumpServer: {permission}");
    let _ = writeln!(text, "reason: {}", line(&reason));
    for (key, edge) in [("from", &period.from), ("until", &period.until)] {
        if let Some(edge) = edge {
            let _ = writeln!(text, "{key}: {}", time(access, edge));
        }
    }
    text
}

/// One end of a period as a request writes it.
fn time(access: &Access, edge: &Edge) -> String {
    match (edge.tag.get(..4), edge.tag.get(4..6), edge.tag.get(6..)) {
        (Some(year), Some(month), Some(day)) if day.len() == 2 => format!("{year}-{month}-{day}"),
        _ => {
            let local = edge.at.to_zoned_datetime(access.config.zone.clone());
            local.strftime("%Y-%m-%dT%H:%M:00%:z").to_string()
        }
    }
}
