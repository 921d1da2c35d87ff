//! People whose approvals are asked for, and whom the forge would not know.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::load::whole;
use super::model::{Access, Party, Provenance};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::PersonName;

/// Warns of everybody who approves something by the files of a valid repo and has no name at the
/// forge, once for each person. Nothing where the forge is not asked: approvals are only a number
/// there, or nobody has such a name.
pub(super) fn nameless(access: &Access, now: Timestamp) -> Vec<Diagnostic> {
    let policy = &access.policy;
    let counted = policy.limits.iter().any(|limit| limit.approvals.is_some_and(|count| count > 0));
    let named = access.people.values().any(|person| person.forge.is_some());
    if policy.provenance != Provenance::Forge && !(counted && named) {
        return Vec::new();
    }
    let mut found: BTreeMap<&PersonName, String> = BTreeMap::new();
    for (what, owners) in asked(access) {
        for name in owners.iter().flat_map(|party| party.people(access)) {
            let nameless = access.people.get(name).is_some_and(|person| person.forge.is_none());
            if nameless && access.is_here(name, now) {
                found.entry(name).or_insert_with(|| what.clone());
            }
        }
    }
    let warnings = found.into_iter().filter_map(|(name, what)| {
        let person = access.people.get(name)?;
        let message = format!("{name} approves {what} and has no name at the forge");
        let expected = "expected `forge:` too: without it no approval there counts as theirs";
        Some(whole(&person.site.file, Code::NoForgeName, &message, expected))
    });
    warnings.collect()
}

/// What somebody approves, in words, and who.
fn asked(access: &Access) -> Vec<(String, &[Party])> {
    let instances = access.instances.iter().filter(|(_, instance)| !instance.retired);
    let instances =
        instances.map(|(name, instance)| (format!("requests for {name}"), &instance.owners[..]));
    let servers = access.servers.iter().map(|entry| {
        let place = entry.nodes.iter().chain(&entry.assets).next();
        let place = place.map_or("servers", String::as_str);
        (format!("requests for {place}"), &entry.owners[..])
    });
    let policy = &access.policy;
    let rules = ("edits of the rules".to_owned(), &policy.owners[..]);
    let mergers = policy.emergency.iter();
    let mergers = mergers.map(|rule| ("emergencies".to_owned(), &rule.mergers[..]));
    instances.chain(servers).chain([rules]).chain(mergers).collect()
}
