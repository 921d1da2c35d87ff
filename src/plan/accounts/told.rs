//! What a handover has to tell, in words.

use super::Accounts;
use super::one::One;
use crate::desired::{AccountSpec, Wanted};
use crate::handover::{Conflict, Note};
use crate::mysql::spec::AccountName;
use crate::names::PersonName;
use crate::plan::finding::{Finding, Kind, Severity};

impl<'a> One<'_, '_, 'a> {
    pub(super) fn conflict(
        &self,
        conflict: &Conflict,
        name: &AccountName,
        wanted: &Wanted<'_, AccountSpec>,
    ) -> Finding {
        let kind = match conflict {
            Conflict::Copy { .. } => Kind::Copy,
            Conflict::OnServer | Conflict::AtNewHost { .. } | Conflict::OnAsset { .. } => {
                Kind::InTheWay
            }
        };
        let text = format!("{name} on {}: {conflict}", self.instance);
        let mut finding = Finding::new(kind, text)
            .as_bad_as(Severity::Error)
            .about(wanted.person)
            .help("rename or remove it by hand, after finding out who uses it");
        finding.site = wanted.because.first().map(|grant| grant.because.site.clone());
        finding
    }

    pub(super) fn tell(
        &self,
        notes: &[Note],
        name: &AccountName,
        person: Option<&PersonName>,
        accounts: &mut Accounts<'a>,
    ) {
        let on = self.instance;
        for note in notes {
            let (kind, text) = match note {
                Note::PasswordChanged => (
                    Kind::ChangedByHand,
                    format!(
                        "the password of {name} on {on} was changed by another hand: it is replaced"
                    ),
                ),
                Note::OldPassword => (
                    Kind::ChangedByHand,
                    format!("an old password of {name} on {on} still works: it is discarded"),
                ),
                Note::RenewalCut => (
                    Kind::RenewalCut,
                    format!(
                        "a run that renewed the password of {name} on {on} was cut: this leads it \
                         to its end"
                    ),
                ),
                Note::GoneFromServer => (
                    Kind::ChangedByHand,
                    format!("{name} is gone from {on} by another hand: it is made again"),
                ),
                Note::GoneFromAsset { asset } => (
                    Kind::ChangedByHand,
                    format!(
                        "the account of {name} is gone from asset {asset}, or was made anew there: \
                         it gets a new password"
                    ),
                ),
                Note::Locked => (
                    Kind::Locked,
                    format!("{name} on {on} is locked by another hand: the lock stays"),
                ),
                Note::LabelStripped { asset } => (
                    Kind::LabelStripped,
                    format!(
                        "the account {} on asset {asset} has lost its label: it is put back",
                        name.user
                    ),
                ),
                Note::SwitchedOff { asset } => (
                    Kind::SwitchedOff,
                    format!(
                        "the account {} on asset {asset} is switched off in JumpServer: it stays so",
                        name.user
                    ),
                ),
            };
            let mut finding = Finding::new(kind, text);
            finding.person = person.cloned();
            accounts.findings.push(finding);
        }
    }
}
