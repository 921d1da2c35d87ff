//! What a server refuses to take from an account or to give it, and what may still be done to
//! it then.
//!
//! Another hand may have given what this login cannot take back. That stops nothing else
//! from ending: all that narrows is still sent, sessions are ended and the password is
//! replaced, and what was refused is told at the end. Nothing that widens is sent then. A
//! lock of ours stays, and with it the mark that says that it is ours. After a refused grant
//! all goes on but what would take away what it was to replace.

use anyhow::anyhow;

use super::sessions::Carried;
use crate::handover::Step;
use crate::mysql::Error;
use crate::mysql::difference::{gives_back, narrows};
use crate::mysql::spec::Change;
use crate::plan::accounts::AccountStep;

/// What was refused on the way of one account.
#[derive(Default)]
pub(super) struct Refusals<'c> {
    refused: Vec<Error>,
    /// Something that should be gone is still held.
    stays: bool,
    /// Something was not given: what it was to replace comes behind it, and stays.
    lacks: bool,
    /// Something was taken away.
    taken: bool,
    /// The last change, when it was carried out.
    before: Option<&'c Change>,
    /// The mark says since this run, and not since one that was cut, that sessions are to end.
    marked: bool,
    /// A lock of ours was not lifted.
    locked: bool,
}

impl<'c> Refusals<'c> {
    /// Whether anything was refused.
    pub(super) fn any(&self) -> bool {
        !self.refused.is_empty()
    }

    /// Whether a step is left out.
    pub(super) fn leave_out(&mut self, step: &AccountStep) -> bool {
        match step {
            _ if self.refused.is_empty() => false,
            AccountStep::Grants { change } if narrows(change) => self.lacks,
            AccountStep::Grants { change } => self.stays && !self.is_given_back(change),
            AccountStep::Handover(Step::Unlock) => {
                self.locked = true;
                true
            }
            AccountStep::Handover(Step::MarkDone { .. }) => self.locked,
            // They use nothing that went: otherwise each run would end them anew.
            AccountStep::Handover(
                Step::KillSessions | Step::LeaveSessions | Step::AwaitSessions,
            ) => self.marked && !self.taken,
            _ => false,
        }
    }

    /// Whether a grant gives back what the change before it took, too.
    fn is_given_back(&self, change: &Change) -> bool {
        self.before.is_some_and(|before| gives_back(before, change))
    }

    /// Notes a change that was carried out, or that the server refused.
    ///
    /// # Errors
    /// What is more than a refusal.
    pub(super) fn change(
        &mut self,
        change: &'c Change,
        sent: Result<(), Error>,
    ) -> Result<(), Error> {
        let given_back = self.is_given_back(change);
        self.before = sent.is_ok().then_some(change);
        if narrows(change) {
            return self.narrowed(sent);
        }
        match sent {
            Err(error) if error.is_refusal() => {
                self.lacks |= !given_back;
                self.refused.push(error);
                Ok(())
            }
            sent => sent,
        }
    }

    /// Notes something else that narrows.
    ///
    /// # Errors
    /// What is more than a refusal.
    pub(super) fn narrowed(&mut self, sent: Result<(), Error>) -> Result<(), Error> {
        match sent {
            Ok(()) => self.taken = true,
            // Trouble that passes is no refusal: the next run takes it away before anything else.
            Err(error) if error.is_for_want_of_rights() => {
                self.stays = true;
                self.refused.push(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Notes what was refused of all that an account holds.
    pub(super) fn revoked_all(&mut self, refused: Vec<Error>) {
        self.taken = true;
        self.stays |= !refused.is_empty();
        self.refused.extend(refused);
    }

    /// Notes that the mark says now that sessions are to end.
    pub(super) fn marked(&mut self) {
        self.marked = true;
    }

    /// Notes that the account is gone, and with it all that it held.
    pub(super) fn gone(&mut self) {
        self.refused.clear();
    }

    /// The end of the way.
    ///
    /// # Errors
    /// When anything was refused.
    pub(super) fn end(self, carried: Carried) -> anyhow::Result<Carried> {
        if self.refused.is_empty() {
            return Ok(carried);
        }
        Err(anyhow!(self.words(carried.note.as_deref())))
    }

    /// An error that ends the way, with what was refused before it.
    pub(super) fn with(self, error: anyhow::Error) -> anyhow::Error {
        if self.refused.is_empty() {
            return error;
        }
        let words = self.words(Some(&error.to_string()));
        error.context(words)
    }

    fn words(&self, last: Option<&str>) -> String {
        let mut words: Vec<String> = self.refused.iter().map(ToString::to_string).collect();
        if self.stays {
            words.push("an administrator has to take that back".to_owned());
        }
        words.extend(last.map(ToOwned::to_owned));
        words.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql::privilege::Privilege::Select;
    use crate::mysql::spec::{Object, TableName};

    fn table() -> TableName {
        TableName { database: "shop".into(), table: "t".into() }
    }

    fn whole() -> Change {
        let privileges = Select.into();
        Change::Revoke(Object::Table { table: table(), privileges, grant_option: false })
    }

    fn part() -> Change {
        let privileges = [(Select, ["id".to_owned()].into())].into();
        Change::Grant(Object::Columns { table: table(), privileges })
    }

    fn refusal() -> Result<(), Error> {
        Err(Error::Forbidden { what: "no".into() })
    }

    fn grants(change: Change) -> AccountStep {
        AccountStep::Grants { change }
    }

    #[test]
    fn after_a_refusal_nothing_widens_and_the_rest_goes_on() {
        let whole = whole();
        let done = AccountStep::Handover(Step::MarkDone { asset: "orders-prod".into() });
        let mut refusals = Refusals::default();
        assert!(!refusals.leave_out(&grants(part())));
        refusals.change(&whole, refusal()).expect("it is noted");
        assert!(refusals.any());
        assert!(refusals.leave_out(&grants(part())), "the whole table is still held");
        for step in [Step::SetPassword, Step::Lock, Step::KillSessions, Step::DiscardOldPassword] {
            assert!(!refusals.leave_out(&AccountStep::Handover(step)));
        }
        assert!(!refusals.leave_out(&grants(whole.clone())));
        assert!(!refusals.leave_out(&done));
        assert!(refusals.leave_out(&AccountStep::Handover(Step::Unlock)));
        assert!(refusals.leave_out(&done), "the mark says whose the lock is");
        assert!(refusals.end(Carried::default()).is_err());
    }

    #[test]
    fn what_a_revoke_took_too_is_given_back() {
        let (whole, other) =
            (whole(), Change::Revoke(Object::Global { privileges: ["PROCESS".to_owned()].into() }));
        let mut refusals = Refusals::default();
        refusals.change(&other, refusal()).expect("it is noted");
        refusals.change(&whole, Ok(())).expect("it is noted");
        assert!(!refusals.leave_out(&grants(part())));
        refusals.change(&other, refusal()).expect("it is noted");
        assert!(refusals.leave_out(&grants(part())));
    }

    #[test]
    fn sessions_stay_when_nothing_was_taken_away() {
        let whole = whole();
        let kill = AccountStep::Handover(Step::KillSessions);
        let mut refusals = Refusals::default();
        refusals.change(&whole, refusal()).expect("it is noted");
        assert!(!refusals.leave_out(&kill), "a run that was cut may have taken something away");
        refusals.marked();
        assert!(refusals.leave_out(&kill));
        refusals.change(&whole, Ok(())).expect("it is noted");
        assert!(!refusals.leave_out(&kill));
    }

    #[test]
    fn what_is_more_than_a_refusal_stops_at_once() {
        let lost = || Error::LockLost { server: "orders".into() };
        let (whole, part) = (whole(), part());
        let mut refusals = Refusals::default();
        assert!(refusals.change(&whole, Err(lost())).is_err());
        assert!(refusals.change(&part, Err(lost())).is_err());
        assert!(!refusals.any());
    }

    #[test]
    fn what_a_refused_grant_was_to_replace_stays_and_the_rest_goes_on() {
        let (whole, part) = (whole(), part());
        let mut refusals = Refusals::default();
        refusals.change(&whole, Ok(())).expect("it is noted");
        refusals.change(&part, refusal()).expect("it is noted");
        assert!(!refusals.leave_out(&grants(whole.clone())), "it replaces nothing");
        refusals.change(&part, refusal()).expect("it is noted");
        assert!(
            refusals.leave_out(&grants(whole.clone())),
            "it comes behind what was to replace it"
        );
        for step in [Step::KillSessions, Step::MarkDone { asset: "orders-prod".into() }] {
            assert!(!refusals.leave_out(&AccountStep::Handover(step)));
        }
        assert!(!refusals.leave_out(&grants(part.clone())), "another grant");
        assert!(refusals.end(Carried::default()).is_err());
    }
}
