//! Only what passes the checks is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Found, Left, Reason, Why};
use crate::access::model::{Access, ServerEntry};
use crate::access::{self};
use crate::diagnostic::Diagnostic;
use crate::repo::Tree;
use crate::{grants, policy};

/// Takes out the files that are there already or would not pass the checks, and lists what
/// they stand for; notes what policy says of the rest. Gives the repo with the new files.
///
/// # Errors
/// When the repo does not pass its checks without them.
pub fn settle(
    tree: &Tree,
    base: &Access,
    mut found: Found,
    now: Timestamp,
) -> Result<(Found, Tree, Access), Vec<Diagnostic>> {
    let there = |path: &str| {
        let stem = path.strip_suffix(".yaml").unwrap_or(path);
        let both = [format!("{stem}.yaml"), format!("{stem}.yml")];
        both.into_iter().find(|path| tree.files.contains_key(&**path))
    };
    found = take_out(found, |file| {
        let path = there(&file.path).filter(|_| !file.added_to)?;
        Some(format!("{path} is there, and stays as it is"))
    });
    loop {
        let head = with(tree, &found.files);
        let wrong: BTreeMap<String, String> = match access::load(&head, now) {
            Ok(access) if keeps(&base.servers, &access.servers) => {
                note_policy(&mut found, &access, now);
                return Ok((found, head, access));
            }
            Ok(_) => {
                let text = "what is in it would mean something else".to_owned();
                found
                    .files
                    .iter()
                    .filter(|file| file.added_to)
                    .map(|file| (file.path.clone(), text.clone()))
                    .collect()
            }
            Err(errors) => {
                let ours = |error: &&Diagnostic| {
                    found.files.iter().any(|file| *file.path == *error.site.file)
                };
                let wrong: BTreeMap<_, _> = errors
                    .iter()
                    .filter(ours)
                    .map(|error| {
                        let text = format!("{}; {}", error.message, error.expected);
                        (error.site.file.to_string(), text)
                    })
                    .collect();
                match wrong.is_empty() {
                    true => blame(tree, &found.files, now)?,
                    false => wrong,
                }
            }
        };
        if wrong.is_empty() {
            return Err(Vec::new());
        }
        found = take_out(found, |file| {
            let why = wrong.get(&file.path)?;
            Some(format!("{} would not pass the checks: {why}", file.path))
        });
    }
}

/// The files that a repo cannot have beside its own and those that come before them, each with
/// why, where the errors do not stand in the new files themselves.
///
/// # Errors
/// When the repo does not pass its checks without any of them.
fn blame(
    tree: &Tree,
    files: &[super::File],
    now: Timestamp,
) -> Result<BTreeMap<String, String>, Vec<Diagnostic>> {
    access::load(tree, now)?;
    let mut wrong = BTreeMap::new();
    let mut good = tree.clone();
    // Halves that are good are taken whole: few of many files are in the way.
    let mut ahead = vec![files];
    while let Some(some) = ahead.pop() {
        let head = with(&good, some);
        match (access::load(&head, now), some) {
            (Ok(_), _) => good = head,
            (Err(errors), [file]) => {
                let words = |error: &Diagnostic| {
                    let site = &error.site;
                    format!("{}:{}: {}; {}", site.file, site.line, error.message, error.expected)
                };
                let why = errors.first().map(words).unwrap_or_default();
                wrong.insert(file.path.clone(), why);
            }
            (Err(_), _) => {
                let (first, second) = some.split_at(some.len() / 2);
                ahead.extend([second, first]);
            }
        }
    }
    Ok(wrong)
}

/// A repo with more files.
fn with(tree: &Tree, files: &[super::File]) -> Tree {
    let mut head = tree.clone();
    for file in files {
        head.files.insert(Arc::from(&*file.path), file.text.as_bytes().into());
    }
    head
}

/// Takes out the files for which there is a reason, and lists what they stand for.
fn take_out(found: Found, why: impl Fn(&super::File) -> Option<String>) -> Found {
    let Found { files, covered, mut left } = found;
    let mut kept = Vec::new();
    for file in files {
        match why(&file) {
            None => kept.push(file),
            Some(text) => {
                left.extend(file.stands_for.into_iter().map(|thing| Left {
                    thing,
                    reasons: vec![Reason::new(Why::File, text.clone())],
                }))
            }
        }
    }
    Found { files: kept, covered, left }
}

/// Whether the entries that there were are there still.
fn keeps(before: &[ServerEntry], after: &[ServerEntry]) -> bool {
    before.len() <= after.len()
        && before.iter().zip(after).all(|(a, b)| {
            (&a.environment, &a.owners, &a.logins, &a.nodes, &a.assets)
                == (&b.environment, &b.owners, &b.logins, &b.nodes, &b.assets)
        })
}

/// Notes at the new requests which limits of policy they break: the plan refuses them until
/// they keep them.
fn note_policy(found: &mut Found, access: &Access, now: Timestamp) {
    let mut broken: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let all = grants::of(access);
    for grant in &all {
        let violations = policy::judge(access, grant, now);
        if violations.is_empty() {
            continue;
        }
        let notes = broken.entry(&grant.because.site.file).or_default();
        for violation in violations {
            let site = &violation.limit;
            let text = format!("{} ({}:{})", violation.message, site.file, site.line);
            if !notes.contains(&text) {
                notes.push(text);
            }
        }
    }
    for file in &mut found.files {
        if let Some(notes) = broken.get(&*file.path) {
            file.notes.extend(notes.iter().cloned());
        }
    }
}
