//! Requests that the branch makes adopt what exists, or give back what they have.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::access::model::{Access, Party, Request};
use crate::names::RequestName;
use crate::plan::finding::{Finding, Kind};

/// So many names are listed.
const LISTED: usize = 10;

/// The requests that are released in the branch and were not in the base, nor are over.
pub(super) fn released<'a>(
    base: &Access,
    head: &'a Access,
    moment: Timestamp,
) -> BTreeSet<&'a RequestName> {
    let before = |name: &RequestName, new: &Request| {
        origin(base, head, name, new).is_some_and(|(_, old)| old.release)
    };
    let requests = head.requests.iter();
    requests
        .filter(|(name, new)| new.release && !new.period.is_over(moment) && !before(name, new))
        .map(|(name, _)| name)
        .collect()
}

/// The request in the base: of the same name, or, where the file moved, one that is gone, for the
/// same people and time, which adopts or gives back the same.
pub(super) fn origin<'b>(
    base: &'b Access,
    head: &Access,
    name: &RequestName,
    new: &Request,
) -> Option<(&'b RequestName, &'b Request)> {
    let parties = |request: &Request| -> Vec<Party> {
        request.parties.iter().map(|(party, _)| party.clone()).collect()
    };
    base.requests.get_key_value(name).or_else(|| {
        let gone = base.requests.iter().filter(|(name, _)| !head.requests.contains_key(*name));
        let mut alike = gone.filter(|(_, old)| {
            old.period == new.period && parties(old) == parties(new) && old.handed() == new.handed()
        });
        alike.next()
    })
}

/// The request in the base that a request of the head comes from: the one of the same name, or
/// the one whose file moved. None when that one is over: renewed, it takes in hand anew.
pub fn handed_before<'b>(
    base: &'b Access,
    head: &Access,
    name: &RequestName,
    new: &Request,
    moment: Timestamp,
) -> Option<(&'b RequestName, &'b Request)> {
    origin(base, head, name, new).filter(|(_, old)| !old.period.is_over(moment))
}

/// The requests that the branch makes adopt something, or give back what they have, and that
/// are not over: what of it, in the words of [`Request::handed`].
pub(super) fn handed<'a>(
    base: &Access,
    head: &'a Access,
    moment: Timestamp,
) -> BTreeMap<&'a RequestName, BTreeSet<String>> {
    let requests = head.requests.iter().filter(|(_, request)| !request.period.is_over(moment));
    let new = requests.map(|(name, request)| {
        let mut what = request.handed();
        if what.is_empty() {
            return (name, what);
        }
        if let Some((_, old)) = handed_before(base, head, name, request, moment) {
            let before = old.handed();
            what.retain(|one| !before.contains(one));
        }
        (name, what)
    });
    new.filter(|(_, what)| !what.is_empty()).collect()
}

/// What there is to tell of them.
pub(super) fn findings(base: &Access, head: &Access, moment: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let released = released(base, head, moment);
    for (name, request) in &head.requests {
        if released.contains(name) {
            let text = format!(
                "{name} releases what it has: it stays as it is, and nobody gains or loses \
                 anything now. jumpgate looks after it no more, so nothing ends it when the \
                 request would have"
            );
            findings.push(Finding::new(Kind::Releases, text).at(&request.site));
        }
        let old = origin(base, head, name, request).map(|(_, old)| old);
        let new = new_names(request, old);
        if new.is_empty() || request.period.is_over(moment) {
            continue;
        }
        let more = new.len().saturating_sub(LISTED);
        let mut names = new.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
        if more > 0 {
            names.push_str(&format!(" and {more} more"));
        }
        let text = format!(
            "{name} adopts {names}: by that nobody gains or loses anything now. What differs from \
             the request is in the plan, and what is adopted ends with the request"
        );
        findings.push(Finding::new(Kind::Adopts, text).at(&request.site));
    }
    findings
}

/// What a request adopts and did not adopt before.
fn new_names<'a>(new: &'a Request, old: Option<&Request>) -> BTreeSet<&'a str> {
    let before: BTreeSet<&str> =
        old.into_iter().flat_map(Request::adopted).map(|(n, _)| n).collect();
    new.adopted().map(|(name, _)| name).filter(|name| !before.contains(name)).collect()
}
