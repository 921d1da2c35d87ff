//! What is given back: requests that say `release: true`, and what of ours only they need.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Unproven;
use super::finding::{Finding, Kind};
use crate::access::model::{Access, Site};
use crate::desired::Wanted;
use crate::mark::Mark;
use crate::names::RequestName;

/// The requests that are released and not over: what is over ends, as it would in any case.
pub(super) struct Released<'a> {
    requests: BTreeMap<&'a RequestName, &'a Site>,
}

/// What becomes of an object by the requests that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate<'a> {
    /// It stays ours.
    Stays,
    /// It is given back, as all that asks for it is released.
    Released,
    /// It stays ours, though the request at this place is released: another one needs it.
    Shared(&'a Site, &'a RequestName),
}

impl<'a> Released<'a> {
    /// `unproven` are requests of which it is not known that they were merged properly: these
    /// give nothing back.
    pub(super) fn of(access: &'a Access, moment: Timestamp, unproven: &Unproven) -> Self {
        let released = access.requests.iter().filter(|(name, request)| {
            request.release && !request.period.is_over(moment) && !unproven.contains_key(*name)
        });
        Self { requests: released.map(|(name, request)| (name, &request.site)).collect() }
    }

    /// Whether a request is released.
    pub(super) fn has(&self, request: &RequestName) -> bool {
        self.requests.contains_key(request)
    }

    /// What becomes of something that is wanted, or of something that has this mark and that
    /// nobody wants.
    pub(super) fn fate<S>(&self, wanted: Option<&Wanted<'_, S>>, mark: Option<&Mark>) -> Fate<'a> {
        if self.requests.is_empty() {
            return Fate::Stays;
        }
        let asking: BTreeSet<&RequestName> = match (wanted, mark) {
            (Some(wanted), _) => wanted.because.iter().map(|grant| grant.because.request).collect(),
            // What does not ask any more needs nothing, and what is released may ask for it under
            // another name: whoever gives it back looks.
            (None, Some(mark)) => mark.requests.keys().filter(|name| self.has(name)).collect(),
            (None, None) => BTreeSet::new(),
        };
        let released = asking.iter().filter_map(|name| self.requests.get_key_value(*name));
        match released.clone().next() {
            None => Fate::Stays,
            Some(_) if asking.iter().all(|name| self.has(name)) => Fate::Released,
            Some((name, site)) => Fate::Shared(site, name),
        }
    }

    /// Tells that something is not released, when another request needs it too.
    pub(super) fn shared<S>(
        &self,
        fate: Fate<'_>,
        what: impl FnOnce() -> String,
        wanted: &Wanted<'_, S>,
    ) -> Option<Finding> {
        let Fate::Shared(site, name) = fate else { return None };
        let others = wanted.because.iter().map(|grant| grant.because.request);
        let others: BTreeSet<&str> =
            others.filter(|other| !self.has(other)).map(RequestName::as_str).collect();
        let text = format!(
            "{} is not released with {name}: it serves {} too, and stays as it is",
            what(),
            others.into_iter().collect::<Vec<_>>().join(", ")
        );
        let finding = Finding::new(Kind::NotReleased, text).at(site);
        Some(finding.help("release these too, or wait until they have ended"))
    }
}
