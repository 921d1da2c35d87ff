//! Databases, tables and columns that grants name: whether they exist and the server can take a
//! grant on them, and the grants without those where that is not so.

use std::collections::BTreeSet;
use std::fmt;

use super::finding::{Finding, Kind};
use crate::access::model::{Access, Scope};
use crate::desired::{self, Desired};
use crate::grants::{Grant, Want};
use crate::mysql::live::{Existing, Known, Live};
use crate::mysql::privilege::{Privilege, Privileges};
use crate::mysql::spec::{Grants, TableName};
use crate::names::InstanceName;

/// The union of what these grants give on their instance.
pub(super) fn grants<'g, 'a: 'g>(
    access: &Access,
    because: impl Iterator<Item = &'g Grant<'a>>,
) -> Grants {
    let mut grants = Grants::default();
    for grant in because {
        if let Want::Database { level, scope, .. } = grant.want
            && let Some(privileges) = access.config.levels.get(level)
        {
            desired::include(&mut grants, scope, *privileges);
        }
    }
    grants
}

/// The grants without those on what does not exist, as no server refuses a grant on a
/// database that is not there, and without what the server can never take.
pub(super) fn existing(wanted: &Grants, live: &Live) -> Grants {
    let existing = &live.existing;
    let missing = |known: Option<&Known>| matches!(known, Some(Known::Missing { .. }));
    let gone = |table: &TableName| {
        missing(existing.databases.get(&table.database)) || missing(existing.tables.get(table))
    };
    let dialect = &live.server.dialect;
    let naming = dialect.naming();
    let known = |privileges: &mut Privileges| {
        *privileges = dialect.knows(*privileges);
        !privileges.is_empty()
    };
    let mut grants = wanted.clone();
    grants.databases.retain(|database, privileges| {
        !missing(existing.databases.get(database)) && naming.fits(database) && known(privileges)
    });
    grants.tables.retain(|table, privileges| !gone(table) && known(privileges));
    for (table, columns) in &mut grants.columns {
        let there = existing.columns.get(table);
        columns.retain(|column, privileges| {
            !missing(there.and_then(|there| there.get(column))) && known(privileges)
        });
    }
    grants.columns.retain(|table, columns| !gone(table) && !columns.is_empty());
    grants
}

/// Whether the server can never take something that is asked for; tells what.
pub(super) fn find_impossible(
    access: &Access,
    desired: &Desired<'_>,
    instance: &InstanceName,
    live: &Live,
    findings: &mut Vec<Finding>,
) -> bool {
    let (dialect, before) = (&live.server.dialect, findings.len());
    let mut told = BTreeSet::new();
    let mut levels = BTreeSet::new();
    for grant in desired.accounts_on(instance).flat_map(|(_, wanted)| &wanted.because) {
        let Want::Database { level, scope, .. } = grant.want else { continue };
        if let Scope::Database(database) = scope
            && !dialect.naming().fits(database)
            && told.insert((grant.because.site, database))
        {
            let text = format!(
                "no grant on {database}.* can be stored on {instance}: with a backslash before each \
                 `_`, `%` and backslash the name is longer than 64 characters"
            );
            let finding = Finding::new(Kind::NotGrantable, text).at(grant.because.site);
            findings.push(finding.help("ask for its tables by name"));
        }
        if levels.insert(level)
            && let Some(privileges) = access.config.levels.get(level)
            && let lacks = *privileges - dialect.knows(*privileges)
            && !lacks.is_empty()
        {
            let lacks: Vec<&str> = lacks.iter().map(Privilege::sql).collect();
            let text = format!(
                "{instance} ({}) does not know {}, which the level {level} holds: it is not \
                 granted there",
                dialect.text,
                lacks.join(", ")
            );
            let finding = Finding::new(Kind::NotGrantable, text).at(grant.because.site);
            let help = format!("leave {level} out of `levels:` of {instance}, or change the level");
            findings.push(finding.help(help));
        }
    }
    findings.len() > before
}

/// Tells what does not exist, at the line that asks for it, and what was not checked.
pub(super) fn find(
    access: &Access,
    desired: &Desired<'_>,
    instance: &InstanceName,
    live: &Live,
    findings: &mut Vec<Finding>,
) {
    if all_there(&live.existing) {
        return;
    }
    let mut told = BTreeSet::new();
    let mut unchecked = BTreeSet::new();
    for grant in desired.accounts_on(instance).flat_map(|(_, wanted)| &wanted.because) {
        let Want::Database { scope, .. } = grant.want else { continue };
        if exists(scope, &live.existing) || !told.insert((grant.because.site, scope)) {
            continue;
        }
        for (what, known) in parts(scope, &live.existing) {
            match known {
                Known::Exists => {}
                Known::NotChecked => {
                    unchecked.insert(scope.database());
                }
                Known::Missing { near } => {
                    let finding = Finding::new(
                        Kind::ScopeMissing,
                        format!("{instance} has no {what}: nothing is granted on it"),
                    )
                    .at(grant.because.site);
                    findings.push(match near.as_slice() {
                        [] => finding,
                        near => finding.help(format!("there is: {}", near.join(", "))),
                    });
                    break;
                }
            }
        }
    }
    if !unchecked.is_empty() {
        let names: Vec<&str> = unchecked.into_iter().collect();
        let mut finding = Finding::new(
            Kind::ScopeNotChecked,
            format!(
                "whether everything asked for on {instance} exists was not checked, since the \
                 account of this run may not see it: {}",
                names.join(", ")
            ),
        );
        finding.site = access.instances.get(instance).map(|instance| instance.site.clone());
        findings.push(finding.help(format!(
            "`jumpgate grants-needed {instance}` prints the grants that let it look"
        )));
    }
}

/// Whether everything that was asked about exists.
fn all_there(existing: &Existing) -> bool {
    !any(existing, |known| *known != Known::Exists)
}

/// Whether anything that was asked about does not exist.
pub(super) fn any_missing(existing: &Existing) -> bool {
    any(existing, |known| matches!(known, Known::Missing { .. }))
}

fn any(existing: &Existing, is: impl Fn(&Known) -> bool) -> bool {
    existing.databases.values().any(&is)
        || existing.tables.values().any(&is)
        || existing.columns.values().flat_map(|columns| columns.values()).any(&is)
}

/// Whether a scope exists, with all its columns: the usual case, told without a copy.
fn exists(scope: &Scope, existing: &Existing) -> bool {
    let there = |known: Option<&Known>| known == Some(&Known::Exists);
    if let Scope::Database(database) = scope {
        return there(existing.databases.get(database));
    }
    parts(scope, existing).all(|(_, known)| *known == Known::Exists)
}

/// A part of a scope.
#[derive(Clone, Copy)]
enum Part<'s> {
    Database(&'s str),
    Table(&'s str, &'s str),
    Column(&'s str, &'s str, &'s str),
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(database) => write!(f, "database {database}"),
            Self::Table(database, table) => write!(f, "table {database}.{table}"),
            Self::Column(database, table, column) => {
                write!(f, "column {database}.{table}.{column}")
            }
        }
    }
}

/// The parts of a scope that were asked about, from the outside in.
fn parts<'s>(
    scope: &'s Scope,
    existing: &'s Existing,
) -> impl Iterator<Item = (Part<'s>, &'s Known)> {
    let database = scope.database();
    let known = existing.databases.get(database);
    let outer = known.map(|known| (Part::Database(database), known));
    let (table, columns) = match scope {
        Scope::Database(_) => (None, None),
        Scope::Table(_, table) => (Some(table), None),
        Scope::Columns(_, table, columns) => (Some(table), Some(columns)),
    };
    let inner = table.into_iter().flat_map(move |table| {
        let name = TableName { database: database.to_owned(), table: table.clone() };
        let known = existing.tables.get(&name);
        let there = existing.columns.get(&name);
        let columns = columns.into_iter().flatten().filter_map(move |column| {
            Some((Part::Column(database, table, column), there?.get(column)?))
        });
        known.map(|known| (Part::Table(database, table), known)).into_iter().chain(columns)
    });
    outer.into_iter().chain(inner)
}
