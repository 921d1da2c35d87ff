//! The way to an account that is wanted: what it should hold, and the handover's steps with
//! the grants in their place.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::ends::ended;
use super::one::One;
use super::{AccountChange, AccountMark, AccountStep, Accounts, Planned};
use crate::access::sessions::OnEnd;
use crate::desired::{AccountSpec, Wanted};
use crate::grants::{self, Want};
use crate::handover::{self, Note, Seen, Step};
use crate::jumpserver::spec::SeenAssetAccount;
use crate::mark::{HandoverState, Mark};
use crate::mysql::difference::{difference, narrows};
use crate::mysql::spec::{AccountName, Change, Grants, Held};
use crate::names::RequestName;
use crate::plan::finding::{Finding, Kind};
use crate::plan::{hold, scopes, sessions};

impl<'a> One<'_, '_, 'a> {
    pub(super) fn toward(
        &self,
        name: &AccountName,
        wanted: &Wanted<'a, AccountSpec>,
        seen: &Seen<'_>,
        blocked: bool,
        accounts: &mut Accounts<'a>,
    ) {
        match handover::toward(&self.inputs.access.config.owner, seen) {
            Ok(way) => self.follow(way, name, wanted, seen, blocked, accounts),
            Err(conflict) => {
                accounts.block(self.instance, self.user);
                accounts.findings.push(self.conflict(&conflict, name, wanted));
            }
        }
    }

    /// The handover's way with what else differs.
    pub(super) fn follow(
        &self,
        mut way: handover::Way,
        name: &AccountName,
        wanted: &Wanted<'a, AccountSpec>,
        seen: &Seen<'_>,
        blocked: bool,
        accounts: &mut Accounts<'a>,
    ) {
        let person = wanted.person;
        let adopts = way.steps.iter().any(|step| matches!(step, Step::Adopt { .. }));
        let (grants, mark) = self.wanted(wanted, seen, blocked);
        if mark.requests.is_empty() {
            accounts.block(self.instance, self.user);
            // What breaks policy adopts nothing, and nothing is taken away. Else nothing of all
            // that asks for it may be given, and what was held has ended.
            if !adopts {
                self.away(name, Some(person), seen, accounts);
            }
            return;
        }
        if seen.server.is_none() && (blocked || hold::is_nothing(&grants)) {
            // A permission would open an account that is not there.
            accounts.block(self.instance, self.user);
            return;
        }
        if seen.server.is_none()
            && self.mark(seen).is_none()
            && let Some(why) = self.at_former_host(name)
        {
            accounts.block(self.instance, self.user);
            let text = format!("{name} on {} is not made yet: {why}", self.instance);
            let finding = Finding::new(Kind::InTheWay, text).about(person);
            accounts.findings.push(finding.help(
                "the next apply makes it, as the new `account-host` is the one of before then",
            ));
            return;
        }
        let nothing = Held::default();
        let held = seen.server.map_or(&nothing, |server| &server.held);
        let naming = self.live.server.dialect.naming();
        let changes = match difference(held, &grants, naming) {
            Ok(changes) => changes,
            Err(unknown) => {
                accounts.block(self.instance, self.user);
                let text = format!("{name} on {} {unknown}: it is left as it is", self.instance);
                let finding = Finding::new(Kind::UnknownPrivilege, text).about(person);
                accounts.findings.push(finding.help("a newer version of jumpgate may know them"));
                return;
            }
        };
        self.tell(&way.notes, name, Some(person), accounts);
        if wanted.spec.adopted
            && let Some(place) = way.steps.iter().position(|step| *step == Step::Grants)
            && let Some(account) = self.lacks_evidence(&way, seen)
        {
            way.steps.insert(place, Step::WriteEvidence { account });
        }
        let passed = changes.iter().any(narrows)
            && self.mark(seen).is_some_and(|live| {
                ended(live, &mark.requests, self.inputs.moment)
                    && self.gave(wanted, live, &mark, (held, &*grants))
            });
        let changed = way.notes.contains(&Note::PasswordChanged);
        let mut steps = self.steps(way, changes, seen, &mark);
        let (on_end, told) = (self.on_end(), self.told(name));
        let (state, moment) = (HandoverState::Narrowing, self.inputs.moment);
        if changed {
            let at = seen.server.and_then(|server| server.password_changed);
            self.found(told.direct(at, self.zone()), Some(person), accounts);
        } else if let Some(until) = sessions::left_until(on_end, state, seen, &told, moment)
            && steps.contains(&AccountStep::Handover(Step::AwaitSessions))
        {
            steps = sessions::while_left_narrowed(steps);
            self.found(told.left(until, self.zone()), Some(person), accounts);
        } else if let Some(step) = steps.iter().find_map(sessions::about_sessions) {
            self.found(told.ends(step, on_end), Some(person), accounts);
        }
        if steps.is_empty() {
            return;
        }
        let change =
            AccountChange { instance: self.instance.clone(), account: name.clone(), steps, mark };
        self.beyond(&change, accounts);
        let shrinks = change.narrows();
        let gives = |step: &Step| {
            matches!(step, Step::StoreSecret { .. } | Step::HandOver { .. } | Step::Adopt { .. })
        };
        let grows = seen.server.is_none()
            || change.grants().any(|change| !narrows(change))
            || change.has(gives);
        accounts.planned.push(Planned {
            change,
            person: Some(person),
            grows,
            early_end: shrinks && !passed,
            shrinks,
            replaced: false,
        });
    }

    /// Whether all that goes is what the requests gave that a mark named and names no more: when
    /// with theirs nothing would go. Of a request that the repo has no more nobody can tell.
    fn gave(
        &self,
        wanted: &Wanted<'a, AccountSpec>,
        before: &Mark,
        now: &AccountMark,
        (held, stays): (&Held, &Grants),
    ) -> bool {
        let access = self.inputs.access;
        let gone = before.requests.keys().filter(|request| !now.requests.contains_key(*request));
        let theirs = gone.flat_map(|request| grants::of_request(self.inputs.grants, request));
        let levels: BTreeSet<_> = wanted.because.iter().filter_map(|g| g.want.level()).collect();
        let theirs = theirs.filter(|grant| match grant.want {
            Want::Database { instance, level, .. } => {
                grant.person == wanted.person
                    && access.holder(instance) == self.instance
                    && levels.contains(level)
            }
            Want::Server { .. } => false,
        });
        let all = hold::union(scopes::grants(access, theirs), stays.clone());
        let changes = difference(held, &all, self.live.server.dialect.naming());
        changes.is_ok_and(|changes| !changes.iter().any(narrows))
    }

    /// What the account should hold now, and what its marks say then.
    fn wanted<'w>(
        &'w self,
        wanted: &'w Wanted<'a, AccountSpec>,
        seen: &Seen<'_>,
        blocked: bool,
    ) -> (Cow<'w, Grants>, AccountMark) {
        let allowed = match blocked {
            true => None,
            false => self.inputs.allowed.account(self.instance, self.user, wanted),
        };
        if let Some(allowed) = allowed
            && allowed.because.len() == wanted.because.len()
            && !self.missing
        {
            // The usual case: everything may be given, so nothing has to be held back.
            let user = self.inputs.people.users.get(wanted.person).copied();
            return (
                Cow::Borrowed(&allowed.spec.grants),
                AccountMark { user, requests: allowed.requests() },
            );
        }
        let kept_by_policy: BTreeSet<&RequestName> = allowed
            .map(|allowed| allowed.because.iter().map(|grant| grant.because.request).collect())
            .unwrap_or_default();
        let keeping = self.keeping(wanted, seen, blocked);
        let holdable = self.asked(wanted, |request| {
            kept_by_policy.contains(request) || keeping.contains_key(request)
        });
        let nothing = Held::default();
        let held = seen.server.map_or(&nothing, |server| &server.held);
        let given = allowed.map(|allowed| scopes::existing(&allowed.spec.grants, self.live));
        let grants = self.kept(&holdable, held, given);
        let mut requests = allowed.map(Wanted::requests).unwrap_or_default();
        for (request, end) in keeping {
            requests.entry(request).or_insert(end);
        }
        let user = match blocked {
            true => self.mark(seen).and_then(|mark| mark.user),
            false => self.inputs.people.users.get(wanted.person).copied(),
        };
        (Cow::Owned(grants), AccountMark { user, requests })
    }

    /// The handover's steps with the grants in their place, sessions ended after anything
    /// was taken away, and the marks brought up to date.
    fn steps(
        &self,
        way: handover::Way,
        changes: Vec<Change>,
        seen: &Seen<'_>,
        mark: &AccountMark,
    ) -> Vec<AccountStep> {
        let narrowed = changes.iter().any(narrows);
        let place = |wanted: Step| way.steps.iter().position(|step| *step == wanted);
        // A new password may open the account again: what it must not hold goes first.
        let opens = place(Step::SetPassword)
            .is_some_and(|password| place(Step::Grants).is_some_and(|grants| password < grants));
        let (early, changes): (Vec<Change>, Vec<Change>) = match opens {
            true => changes.into_iter().partition(narrows),
            false => (Vec::new(), changes),
        };
        let mut early = Some(early);
        let mut changes = Some(changes);
        let mut steps = Vec::new();
        let pending = way.steps.iter().any(|step| matches!(step, Step::MarkDone { .. }));
        let marks = pending || way.steps.iter().any(|step| matches!(step, Step::HandOver { .. }));
        let adopts = way.steps.iter().any(|step| matches!(step, Step::Adopt { .. }));
        let on_end = self.on_end();
        let about_sessions = sessions::step_of_stay(on_end, &way, marks);
        let own = seen.assets.first().and_then(|(asset, account)| Some((*asset, (*account)?)));
        for step in way.steps {
            if step == Step::Grants {
                // A run that is cut before the sessions are ended leaves this behind.
                if let Some((asset, account)) = own
                    && narrowed
                    && !pending
                    && on_end != OnEnd::Report
                    && !ends_sessions(account)
                {
                    let (asset, account) = (asset.to_owned(), account.id);
                    steps.push(AccountStep::Handover(Step::MarkNarrowing { asset, account }));
                }
                let changes = changes.take().into_iter().flatten();
                steps.extend(changes.map(|change| AccountStep::Grants { change }));
                if seen.server.is_some() && (narrowed || way.ends_sessions) {
                    steps.push(AccountStep::Handover(about_sessions.clone()));
                }
            } else {
                if step == Step::SetPassword {
                    let early = early.take().into_iter().flatten();
                    steps.extend(early.map(|change| AccountStep::Grants { change }));
                }
                steps.push(AccountStep::Handover(step));
            }
        }
        if !marks {
            for (asset, account) in &seen.assets {
                let Some(account) = account else { continue };
                // One that is taken over has just got it.
                let same = adopts
                    || account.mark.as_ref().is_some_and(|live| {
                        live.requests == mark.requests
                            && live.user == mark.user
                            && live.end == mark.end()
                    });
                let narrowing = ends_sessions(account)
                    || (narrowed && own.is_some_and(|(_, own)| own.id == account.id));
                if !same || narrowing || !(account.labelled || adopts) {
                    let asset = (*asset).to_owned();
                    steps.push(AccountStep::Mark { asset, account: account.id });
                }
            }
        }
        steps
    }
}

/// Whether the mark makes the next run end the account's sessions: a run has begun to take
/// something away, or to renew the password.
fn ends_sessions(account: &SeenAssetAccount) -> bool {
    let handover = account.mark.as_ref().and_then(|mark| mark.handover.as_ref());
    handover.is_some_and(|handover| {
        matches!(handover.state, HandoverState::Narrowing | HandoverState::Rotating)
    })
}
