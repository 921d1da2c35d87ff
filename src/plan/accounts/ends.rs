//! The way out of accounts that nobody asks for any more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::one::One;
use super::{AccountChange, AccountMark, AccountStep, Accounts, Planned, evident, over};
use crate::access::sessions::OnEnd;
use crate::handover::{self, Seen, Step};
use crate::mark::{HandoverState, Mark};
use crate::mysql::spec::AccountName;
use crate::names::{PersonName, RequestName};
use crate::plan::finding::{Finding, Kind};
use crate::plan::sessions;

impl<'a> One<'_, '_, 'a> {
    pub(super) fn away(
        &self,
        name: &AccountName,
        person: Option<&'a PersonName>,
        seen: &Seen<'_>,
        accounts: &mut Accounts<'a>,
    ) {
        let way = handover::away(&self.inputs.access.config.owner, seen);
        self.tell(&way.notes, name, person, accounts);
        let mut steps = way.steps;
        let (on_end, told) = (self.on_end(), self.told(name));
        for step in steps.iter_mut().filter(|step| **step == Step::KillSessions) {
            *step = sessions::step(on_end);
            self.found(told.ends(step, on_end), person, accounts);
        }
        let (state, moment) = (HandoverState::Ending, self.inputs.moment);
        if let Some(until) = sessions::left_until(on_end, state, seen, &told, moment) {
            steps = sessions::while_left(steps);
            self.found(told.left(until, self.zone()), person, accounts);
        }
        if steps.is_empty() {
            return;
        }
        let mark = self.mark(seen);
        let early_end = !mark.is_some_and(|mark| {
            over(mark.end, self.inputs.moment)
                || ended(mark, &BTreeMap::new(), self.inputs.moment)
                || sessions::is_over(mark, seen)
        });
        accounts.planned.push(Planned {
            change: AccountChange {
                instance: self.instance.clone(),
                account: name.clone(),
                steps: steps.into_iter().map(AccountStep::Handover).collect(),
                mark: AccountMark {
                    user: mark.and_then(|mark| mark.user),
                    requests: mark.map(|mark| mark.requests.clone()).unwrap_or_default(),
                },
            },
            person,
            grows: false,
            early_end,
            shrinks: true,
            replaced: false,
        });
    }

    /// Accounts of the same user name at other hosts: ours from before the host changed,
    /// or another hand's. Ours go, unless they stay since nothing takes their place; where
    /// something comes that does, they go after it.
    pub(super) fn others(
        &self,
        name: &AccountName,
        person: Option<&'a PersonName>,
        (stays, replaced): (bool, bool),
        accounts: &mut Accounts<'a>,
    ) {
        let anchored = self.former_host(name);
        let ours = !self.owned.of_user(self.instance, self.user).is_empty();
        let first = AccountName { user: self.user.to_owned(), host: String::new() };
        let left = self.live.leftovers.range(&first..).take_while(|left| left.user == self.user);
        for left in left.filter(|left| left.host != name.host) {
            let text = format!(
                "grants stand on {} under {left}, and there is no such account: where a client \
                 matches both hosts, they hold for our account too",
                self.instance
            );
            let mut finding = Finding::new(Kind::LookAlike, text);
            finding.person = person.cloned();
            accounts.findings.push(finding.help("DROP USER of that name clears them away"));
        }
        let alike = self
            .live
            .accounts
            .range(first..)
            .map(|(_, other)| other)
            .take_while(|other| other.name.user == self.user)
            .filter(|other| other.name.host != name.host);
        for other in alike {
            let former =
                evident(self.inputs, other) || (ours && anchored == Some(other.name.host.as_str()));
            if !former {
                let text = format!(
                    "{} on {} has the name of an account of ours at another host, and jumpgate \
                     did not make it: it is left as it is. Where a client matches both hosts, its \
                     grants on databases hold for our account too",
                    other.name, self.instance
                );
                let mut finding = Finding::new(Kind::LookAlike, text);
                finding.person = person.cloned();
                accounts.findings.push(finding.help(
                    "the server lets the more specific host win: drop it, if nobody needs it",
                ));
                continue;
            }
            if stays {
                continue;
            }
            // No mark of its own can say since when sessions are left.
            let about_sessions = match self.on_end() {
                OnEnd::Report => Step::LeaveSessions,
                OnEnd::Disconnect | OnEnd::After(_) => Step::KillSessions,
            };
            let mut steps = Vec::new();
            if !other.locked {
                steps.push(Step::Lock);
            }
            if !handover::is_empty(other) {
                steps.push(Step::RevokeAll);
            }
            steps.extend([about_sessions, Step::Drop]);
            accounts.planned.push(Planned {
                change: AccountChange {
                    instance: self.instance.clone(),
                    account: other.name.clone(),
                    steps: steps.into_iter().map(AccountStep::Handover).collect(),
                    mark: AccountMark::default(),
                },
                person,
                grows: false,
                early_end: true,
                shrinks: true,
                replaced,
            });
        }
    }
}

/// Whether all that went from a mark went because its recorded end has passed.
pub(super) fn ended(
    live: &Mark,
    now: &BTreeMap<RequestName, Option<Timestamp>>,
    moment: Timestamp,
) -> bool {
    let mut gone =
        live.requests.iter().filter(|(request, _)| !now.contains_key(*request)).peekable();
    gone.peek().is_some() && gone.all(|(_, end)| over(*end, moment))
}
