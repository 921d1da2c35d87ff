//! Whose something is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::pattern::Told;
use super::{Options, Pattern, Reason, Why};
use crate::access::model::Access;
use crate::names::PersonName;

/// The people of the access repo, by what names call them.
pub(super) struct People<'a> {
    users: HashMap<&'a str, &'a PersonName>,
    called: BTreeMap<String, BTreeSet<&'a PersonName>>,
    patterns: Vec<Pattern>,
}

impl<'a> People<'a> {
    pub(super) fn new(access: &'a Access, options: &Options) -> Self {
        let mut called: BTreeMap<String, BTreeSet<&PersonName>> = BTreeMap::new();
        for (name, person) in &access.people {
            let local = person.jumpserver.split('@').next().unwrap_or_default();
            for text in [name.as_str(), &person.jumpserver, local] {
                called.entry(text.to_lowercase()).or_default().insert(name);
            }
        }
        let users = access.people.iter().map(|(name, person)| (person.jumpserver.as_str(), name));
        let patterns = options.patterns.iter().cloned().chain(Pattern::known());
        Self { users: users.collect(), called, patterns: patterns.collect() }
    }

    /// The person whose user of JumpServer this is.
    pub(super) fn user(&self, username: &str) -> Option<&'a PersonName> {
        self.users.get(username).copied()
    }

    /// What a name tells by the first pattern that it follows.
    pub(super) fn told<'n>(&'n self, name: &'n str) -> Option<Told<'n>> {
        self.patterns.iter().find_map(|pattern| pattern.told(name))
    }

    /// The person whom a name calls so.
    pub(super) fn called(&self, text: &str) -> Result<&'a PersonName, Reason> {
        let found = self.called.get(&text.to_lowercase());
        let mut found = found.into_iter().flatten();
        match (found.next(), found.next()) {
            (Some(person), None) => Ok(person),
            (Some(one), Some(other)) => {
                Err(Reason::new(Why::UnknownPerson, format!("{text} may be {one} or {other}")))
            }
            _ => Err(Reason::new(
                Why::UnknownPerson,
                format!("its name says {text}, and nobody in people/ is called so"),
            )),
        }
    }
}
