//! Accounts that are given back as they stand.

use super::one::One;
use super::{AccountChange, AccountMark, AccountStep, Accounts, Planned};
use crate::desired::{AccountSpec, Wanted};
use crate::handover::{self, Seen};
use crate::mark::Mark;
use crate::mysql::difference::{difference, narrows};
use crate::mysql::spec::AccountName;
use crate::names::PersonName;
use crate::plan::hold;
use crate::plan::release::Fate;

impl<'a> One<'_, '_, 'a> {
    /// Gives the account back when only released requests ask for it; whether there is nothing
    /// else to do about it. One that is on its way somewhere comes to its end first.
    pub(super) fn release(
        &self,
        name: &AccountName,
        person: Option<&'a PersonName>,
        wanted: Option<&Wanted<'a, AccountSpec>>,
        seen: &Seen<'_>,
        accounts: &mut Accounts<'a>,
    ) -> bool {
        let mark = self.mark(seen);
        let fate = self.inputs.released.fate(wanted, mark);
        if let (Some(wanted), Some(_)) = (wanted, mark) {
            let what = || format!("{name} on {}", self.instance);
            accounts.findings.extend(self.inputs.released.shared(fate, what, wanted));
        }
        if fate != Fate::Released {
            return false;
        }
        // It is foreign, or was never made: nothing is made for what is released.
        let Some(mark) = mark else { return true };
        if !self.holds_no_more(wanted, mark, seen) {
            // What goes beyond it goes first, or all of it when nothing released asks for it.
            return false;
        }
        let owner = &self.inputs.access.config.owner;
        let attribute = self.live.server.dialect.has_attribute();
        let Some(steps) = handover::release(owner, seen, attribute) else { return false };
        accounts.planned.push(Planned {
            change: AccountChange {
                instance: self.instance.clone(),
                account: name.clone(),
                steps: steps.into_iter().map(AccountStep::Handover).collect(),
                mark: AccountMark { user: mark.user, requests: mark.requests.clone() },
            },
            person,
            grows: false,
            early_end: false,
            shrinks: false,
            replaced: false,
        });
        true
    }

    /// Whether the account holds nothing but what released requests ask for: only that was
    /// approved to stay. What nobody wants under this name may be wanted under another, as when
    /// the line `adopts` went together with the release.
    fn holds_no_more(
        &self,
        wanted: Option<&Wanted<'a, AccountSpec>>,
        mark: &Mark,
        seen: &Seen<'_>,
    ) -> bool {
        let Some(server) = seen.server else { return true };
        let naming = self.live.server.dialect.naming();
        let within = |wanted: &Wanted<'a, AccountSpec>| {
            let asked = &wanted.spec.grants;
            // Of a table that is asked for its columns may be held, of a database its tables:
            // beside the whole they are named for nothing.
            let given = hold::grants(asked, &server.held, naming);
            let parts = hold::inner(asked, &server.held, naming, &given);
            difference(&server.held, &hold::union(parts, asked.clone()), naming)
                .is_ok_and(|changes| !changes.iter().any(narrows))
        };
        if let Some(wanted) = wanted {
            return within(wanted);
        }
        let mut others = self.inputs.all.accounts_on(self.instance).map(|(_, wanted)| wanted);
        others.any(|other| {
            self.inputs.released.fate(Some(other), None) == Fate::Released
                && other.requests().keys().any(|request| mark.requests.contains_key(request))
                && self.inputs.people.users.get(other.person).copied() == mark.user
                && within(other)
        })
    }
}
