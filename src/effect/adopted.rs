//! Requests that the branch makes adopt what exists, or give back what they have.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::access::model::{Access, Party, Request};
use crate::names::RequestName;
use crate::period::Period;
use crate::plan::finding::{Finding, Kind};
use crate::plural::listed;

/// So many names are listed.
const LISTED: usize = 10;

/// The requests of the base, to find those that a branch's come from.
pub(super) struct Before<'a> {
    base: &'a Access,
    head: &'a Access,
    /// Those that are gone, by what a file that moved keeps: people, time, and what it hands over.
    /// Made when the first one is looked for.
    gone: OnceCell<BTreeMap<Kept<'a>, (&'a RequestName, &'a Request)>>,
}

/// What a file that moved keeps.
type Kept<'a> = (Vec<&'a Party>, &'a Period, BTreeSet<String>);

fn kept(request: &Request) -> Kept<'_> {
    let parties = request.parties.iter().map(|(party, _)| party).collect();
    (parties, &request.period, request.handed())
}

impl<'a> Before<'a> {
    pub(super) fn new(base: &'a Access, head: &'a Access) -> Self {
        Self { base, head, gone: OnceCell::new() }
    }

    fn gone(&self) -> BTreeMap<Kept<'a>, (&'a RequestName, &'a Request)> {
        let mut gone = BTreeMap::new();
        for (name, request) in &self.base.requests {
            if !self.head.requests.contains_key(name) {
                gone.entry(kept(request)).or_insert((name, request));
            }
        }
        gone
    }

    /// The request in the base: of the same name, or, where the file moved, one that is gone,
    /// for the same people and time, which adopts or gives back the same.
    fn of(&self, name: &RequestName, new: &Request) -> Option<(&'a RequestName, &'a Request)> {
        let same = self.base.requests.get_key_value(name);
        same.or_else(|| self.gone.get_or_init(|| self.gone()).get(&kept(new)).copied())
    }
}

/// The requests of the branch that are released in it and were so in the base.
pub(super) fn still_released<'h>(
    before: &Before<'_>,
    head: &'h Access,
) -> BTreeSet<&'h RequestName> {
    let released = head.requests.iter().filter(|(_, new)| new.release);
    let old = |name, new| before.of(name, new).is_some_and(|(_, old)| old.release);
    released.filter(|(name, new)| old(name, new)).map(|(name, _)| name).collect()
}

/// The request in the base that a request of the head comes from: the one of the same name, or
/// the one whose file moved. None when that one is over: renewed, it takes in hand anew.
pub fn handed_before<'b>(
    base: &'b Access,
    head: &'b Access,
    name: &RequestName,
    new: &Request,
    moment: Timestamp,
) -> Option<(&'b RequestName, &'b Request)> {
    in_hand(&Before::new(base, head), name, new, moment)
}

fn in_hand<'b>(
    before: &Before<'b>,
    name: &RequestName,
    new: &Request,
    moment: Timestamp,
) -> Option<(&'b RequestName, &'b Request)> {
    before.of(name, new).filter(|(_, old)| !old.period.is_over(moment))
}

/// The requests that the branch makes adopt something, or give back what they have, and that
/// are not over: what of it, in the words of [`Request::handed`].
pub(super) fn handed<'a>(
    before: &Before<'_>,
    head: &'a Access,
    moment: Timestamp,
) -> BTreeMap<&'a RequestName, BTreeSet<String>> {
    let requests = head.requests.iter().filter(|(_, request)| !request.period.is_over(moment));
    let new = requests.map(|(name, request)| {
        let mut what = request.handed();
        if what.is_empty() {
            return (name, what);
        }
        if let Some((_, old)) = in_hand(before, name, request, moment) {
            let old = old.handed();
            what.retain(|one| !old.contains(one));
        }
        (name, what)
    });
    new.filter(|(_, what)| !what.is_empty()).collect()
}

/// What there is to tell of them.
pub(super) fn findings(
    before: &Before<'_>,
    still_released: &BTreeSet<&RequestName>,
    head: &Access,
    moment: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, request) in &head.requests {
        if request.period.is_over(moment) {
            continue;
        }
        if request.release && !still_released.contains(name) {
            let text = format!(
                "{name} releases what it has: it stays as it is, and nobody gains or loses \
                 anything now. jumpgate looks after it no more, so nothing ends it when the \
                 request would have"
            );
            findings.push(Finding::new(Kind::Releases, text).at(&request.site));
        }
        let new = new_names(name, request, before);
        if new.is_empty() {
            continue;
        }
        let names = listed(new.iter().copied(), LISTED);
        let text = format!(
            "{name} adopts {names}: by that nobody gains or loses anything now. What differs from \
             the request is in the plan, and what is adopted ends with the request"
        );
        findings.push(Finding::new(Kind::Adopts, text).at(&request.site));
    }
    findings
}

/// What a request adopts and did not adopt before.
fn new_names<'a>(
    name: &RequestName,
    request: &'a Request,
    before: &Before<'_>,
) -> BTreeSet<&'a str> {
    let mut names: BTreeSet<&str> = request.adopted().map(|(name, _)| name).collect();
    if !names.is_empty()
        && let Some((_, old)) = before.of(name, request)
    {
        for (name, _) in old.adopted() {
            names.remove(name);
        }
    }
    names
}
