//! Checks of a repo as a whole: what no single file can tell.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::load::whole;
use super::model::{Access, Site};
use crate::adoption::{self, Adoptions};
use crate::credentials;
use crate::diagnostic::{Code, Diagnostic};
use crate::grants::{self, Want};
use crate::names::{InstanceName, PersonName};
use crate::naming::{self, Kind};
use crate::repo::Tree;

/// The greatest length of a permission's name in JumpServer (3.10 and 4.10).
const PERMISSION_NAME_MAX: usize = 128;

/// So many clashes of names are looked for: each grant may be one.
const MOST_CLASHES: usize = 10_000;

/// The checks of what could be read of a repo.
pub(super) fn all(tree: &Tree, access: &Access, now: Timestamp) -> Vec<Diagnostic> {
    let mut errors = credential_names(access);
    errors.extend(given_names(access, now));
    errors.extend(super::adopts::checks(access, now));
    // A list that is cut behind these needs no more.
    for error in errors.iter_mut().take(super::limits::ERRORS) {
        error.span = span(tree, &error.site);
    }
    errors
}

/// The bytes from a place to the end of its line.
fn span(tree: &Tree, site: &Site) -> Range<usize> {
    let bytes = tree.files.get(&site.file).map_or(&[][..], |bytes| bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut start = 0;
    for line in text.split_inclusive('\n').take(site.line.saturating_sub(1) as usize) {
        start += line.len();
    }
    let line = text[start..].lines().next().unwrap_or_default();
    let column: usize =
        line.chars().take(site.column.saturating_sub(1) as usize).map(char::len_utf8).sum();
    start + column..start + line.len()
}

/// Without the folder nobody knows whether there are no requests or they were lost.
pub(super) fn requests_folder(tree: &Tree) -> Option<Diagnostic> {
    if tree.files.keys().any(|path| path.starts_with("requests/")) {
        return None;
    }
    let mut error = whole(
        &Arc::from("requests/"),
        Code::File,
        "the folder requests/ is missing or empty",
        "expected it to be there, also when nobody asks for anything",
    );
    error.help =
        Some("a repo without requests keeps the folder by a file requests/.gitkeep".into());
    Some(error)
}

/// Two instances whose credentials would be read from the same variables.
fn credential_names(access: &Access) -> Vec<Diagnostic> {
    let mut parts: BTreeMap<String, Vec<&InstanceName>> = BTreeMap::new();
    for name in access.instances.keys() {
        parts.entry(credentials::instance_part(name)).or_default().push(name);
    }
    let mut errors = Vec::new();
    for (part, names) in parts {
        let Some((first, others)) = names.split_first() else { continue };
        for other in others {
            let Some(instance) = access.instances.get(*other) else { continue };
            errors.push(at(
                &instance.site,
                Code::SameName,
                format!("{other} and {first} read their credentials from the same variables"),
                format!("expected a name that does not become {part}, as {first} does"),
            ));
        }
    }
    errors
}

/// Two different things that would get one name, also when it differs only by case, and
/// names that JumpServer cannot hold.
fn given_names(access: &Access, now: Timestamp) -> Vec<Diagnostic> {
    let config = &access.config;
    let mut permissions: BTreeMap<String, (String, &PersonName, &Site)> = BTreeMap::new();
    let mut accounts: BTreeMap<String, (String, &PersonName, &Site)> = BTreeMap::new();
    let mut errors = Vec::new();
    let adoptions = Adoptions::of(access);
    let adopts = adoptions.accounts().next().is_some();
    let all = grants::of(access);
    for grant in all.iter().filter(|grant| !grant.period.is_over(now)) {
        if errors.len() > MOST_CLASHES {
            break;
        }
        let (person, site) = (grant.person, grant.because.site);
        let user = match grant.want {
            Want::Server { .. } => None,
            Want::Database { instance, level, .. } => adoption::holder(access, instance)
                .map(|holder| (holder, adoptions.user(access, holder, person, level))),
        };
        let (kind, what) = match (grant.want, &user) {
            (Want::Server { login, .. }, _) => (Kind::Login(login), format!("login {login}")),
            (Want::Database { level, .. }, Some((holder, user))) => {
                let kind = match adoptions.account(holder, person, level) {
                    None => Kind::Level(level),
                    Some(_) => adoption::kind(access, person, level, user),
                };
                (kind, format!("level {level}"))
            }
            (Want::Database { .. }, None) => continue,
        };
        if let Some((holder, user)) = &user {
            let mut take = |key: String| {
                let taken = accounts.entry(key).or_insert_with(|| (what.clone(), person, site));
                if taken.0 != what || taken.1 != person {
                    errors.push(clash(site, user, person, &what, taken));
                }
            };
            if let Kind::Level(_) = kind {
                take(user.to_lowercase());
            }
            // An adopted name is taken on its own instance alone.
            if adopts {
                take(format!("{holder}\n{}", user.to_lowercase()));
            }
        }
        let name = naming::permission(&config.prefix, kind, person, &grant.period);
        if name.len() > PERMISSION_NAME_MAX {
            errors.push(at(
                site,
                Code::SameName,
                format!("the permission would be called {name}, which JumpServer cannot hold"),
                format!("expected at most {PERMISSION_NAME_MAX} characters: shorten the person's file name"),
            ));
        }
        let what = format!("{what} {}", grant.period.suffix());
        let taken =
            permissions.entry(name.to_lowercase()).or_insert_with(|| (what.clone(), person, site));
        if taken.0 != what || taken.1 != person {
            errors.push(clash(site, &name, person, &what, taken));
        }
    }
    errors.sort_by(|a, b| a.site.cmp(&b.site));
    errors.dedup();
    errors
}

fn clash(
    site: &Site,
    name: &str,
    person: &PersonName,
    what: &str,
    taken: &(String, &PersonName, &Site),
) -> Diagnostic {
    let (other_what, other, other_site) = taken;
    at(
        site,
        Code::SameName,
        format!("two different things would be called {name}"),
        format!(
            "expected names that differ: {person} ({}) and {other} ({}, {}:{}) meet in it",
            what.trim_end(),
            other_what.trim_end(),
            other_site.file,
            other_site.line
        ),
    )
}

fn at(site: &Site, code: Code, message: String, expected: String) -> Diagnostic {
    Diagnostic { code, site: site.clone(), span: 0..0, message, expected, help: None }
}
