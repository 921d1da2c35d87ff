//! Requests that the branch makes adopt what exists, or give back what they have.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::access::model::{Access, Request};
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
    let before = |name: &RequestName| base.requests.get(name).is_some_and(|old| old.release);
    let head = head.requests.iter();
    head.filter(|(name, new)| new.release && !before(name) && !new.period.is_over(moment))
        .map(|(name, _)| name)
        .collect()
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
        if let Some(old) = base.requests.get(name) {
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
        let new = new_names(request, base.requests.get(name));
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
