//! What an account keeps of what it holds while it gets nothing new.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::one::One;
use super::{over, recorded};
use crate::desired::{AccountSpec, Wanted, earlier, later};
use crate::handover::Seen;
use crate::mysql::spec::{Grants, Held};
use crate::names::RequestName;
use crate::plan::{hold, scopes};

impl<'a> One<'_, '_, 'a> {
    /// What some of the requests that want an account ask for.
    pub(super) fn asked(
        &self,
        wanted: &Wanted<'a, AccountSpec>,
        these: impl Fn(&RequestName) -> bool,
    ) -> Grants {
        let grants = wanted.because.iter().filter(|grant| these(grant.because.request));
        scopes::grants(self.inputs.access, grants.copied())
    }

    /// What is given, with what is held of what is asked for, in whatever form.
    pub(super) fn kept(&self, asked: &Grants, held: &Held, given: Option<Grants>) -> Grants {
        let naming = self.live.server.dialect.naming();
        let kept = hold::grants(asked, held, naming);
        let grants = hold::union(given.unwrap_or_default(), kept);
        let inner = hold::inner(asked, held, naming, &grants);
        hold::union(grants, inner)
    }

    /// The requests that keep what the account holds by now, each with its end: what breaks
    /// policy, or gets nothing new for another reason, until the end that is recorded.
    pub(super) fn keeping(
        &self,
        wanted: &Wanted<'a, AccountSpec>,
        seen: &Seen<'_>,
        blocked: bool,
    ) -> BTreeMap<RequestName, Option<Timestamp>> {
        let moment = self.inputs.moment;
        let mark = self.mark(seen);
        let mut keeping = BTreeMap::new();
        for request in wanted.requests().into_keys() {
            if let Some(end) = mark.and_then(|mark| recorded(mark, &request, moment)) {
                keeping.insert(request, end);
            }
        }
        if blocked {
            let others = self.in_place_of_others(wanted, seen, &keeping);
            keeping.extend(others);
        }
        keeping
    }

    /// Requests that were approved and that no mark names, as their account gets nothing new:
    /// what it holds beside what `keeping` keep is theirs by now, when it was another one's that
    /// asks no more. They have it for no longer than that one would.
    fn in_place_of_others(
        &self,
        wanted: &Wanted<'a, AccountSpec>,
        seen: &Seen<'_>,
        keeping: &BTreeMap<RequestName, Option<Timestamp>>,
    ) -> BTreeMap<RequestName, Option<Timestamp>> {
        let moment = self.inputs.moment;
        let mark = self.mark(seen);
        let longest = match mark {
            // Another hand took it out of JumpServer: nothing is recorded, so git's ends count.
            None => Some(None),
            // Who is missing, or another one, has nothing but what is recorded.
            Some(_) if self.inputs.people.blocked.contains(wanted.person) => None,
            Some(mark) => {
                mark.requests.values().copied().filter(|end| !over(*end, moment)).reduce(later)
            }
        };
        let approved = self.inputs.allowed.account(self.instance, self.user, wanted);
        let (Some(longest), Some(approved)) = (longest, approved) else { return BTreeMap::new() };
        let Some(server) = self.on_server(seen) else { return BTreeMap::new() };
        let kept = |request: Option<&RequestName>| {
            let asked = self.asked(wanted, |one| keeping.contains_key(one) || Some(one) == request);
            self.kept(&asked, &server.held, None)
        };
        let without = kept(None);
        let known =
            |request: &RequestName| mark.is_some_and(|mark| mark.requests.contains_key(request));
        let mut requests = approved.requests();
        requests.retain(|request, _| !known(request) && kept(Some(request)) != without);
        requests.into_iter().map(|(request, end)| (request, earlier(end, longest))).collect()
    }
}
