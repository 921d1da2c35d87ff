//! What a handover has to tell, in words.

use std::collections::BTreeSet;

use super::one::One;
use super::{AccountChange, Accounts};
use crate::desired::{AccountSpec, Wanted};
use crate::handover::{Conflict, Note};
use crate::mysql::rights;
use crate::mysql::spec::{AccountName, Change};
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

    /// Tells what is to be revoked and cannot be by a login with the printed grants.
    pub(super) fn beyond(&self, change: &AccountChange, accounts: &mut Accounts<'a>) {
        let (on, access) = (self.instance, self.inputs.access);
        let Some(instance) = access.instances.get(on) else { return };
        let privileges = rights::of_levels(access, instance);
        let nothing = BTreeSet::new();
        let databases = instance.databases.as_ref().unwrap_or(&nothing);
        let dialect = &self.live.server.dialect;
        let beyond: Vec<String> = change
            .grants()
            .filter_map(|change| match change {
                Change::Revoke(what) => Some(what),
                Change::Grant(_) => None,
            })
            .filter(|what| rights::beyond(dialect, privileges, databases, what))
            .map(ToString::to_string)
            .collect();
        if beyond.is_empty() {
            return;
        }
        let text = format!(
            "{} on {on} loses {}: with the grants that `jumpgate grants-needed {on}` prints, apply \
             cannot revoke that",
            change.account,
            beyond.join("; ")
        );
        accounts.findings.push(Finding::new(Kind::BeyondLogin, text).help(
            "revoke it as an administrator, or give the login of apply these privileges there WITH \
             GRANT OPTION; until then apply ends with 5",
        ));
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
