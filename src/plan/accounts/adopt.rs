//! Accounts that another hand made and that a request adopts.

use uuid::Uuid;

use super::one::One;
use super::{Accounts, evident};
use crate::desired::{AccountSpec, Wanted};
use crate::handover::{self, Seen, Step, Unfit, Way};
use crate::mark::HandoverState;
use crate::mysql;
use crate::mysql::spec::AccountName;
use crate::plan::finding::{Finding, Kind};

impl<'a> One<'_, '_, 'a> {
    /// The way to an account whose name a request adopts: it is taken over as it is, or it is
    /// ours already, or there is nothing to take over.
    pub(super) fn adopted(
        &self,
        name: &AccountName,
        wanted: &Wanted<'a, AccountSpec>,
        seen: &Seen<'_>,
        blocked: bool,
        accounts: &mut Accounts<'a>,
    ) {
        let attribute = self.live.server.dialect.has_attribute();
        let owner = &self.inputs.access.config.owner;
        let unfit = match handover::adoption(owner, seen, attribute) {
            Ok(None) => match self.at_another_host(name, seen) {
                Some(why) => why,
                None => {
                    self.nothing_there(name, wanted, seen, accounts);
                    return self.toward(name, wanted, seen, blocked, accounts);
                }
            },
            // What gets nothing new adopts nothing; why is told where it is found.
            Ok(Some(_)) if blocked => return,
            Ok(Some(way)) => {
                let why = self.own_login(name).or_else(|| self.at_former_host(name));
                match why.or_else(|| self.on_closed_asset(wanted)) {
                    None => return self.follow(way, name, wanted, seen, blocked, accounts),
                    Some(why) => why,
                }
            }
            Err(Unfit::NotOnServer) => {
                self.at_another_host(name, seen).unwrap_or_else(|| Unfit::NotOnServer.to_string())
            }
            Err(unfit) => unfit.to_string(),
        };
        accounts.block(self.instance, self.user);
        let text =
            format!("{name} on {} cannot be adopted: {unfit}. It is left as it is", self.instance);
        let mut finding = Finding::new(Kind::NotAdopted, text).about(wanted.person).help(
            "put right what stands there, or take `account` out of the `adopts`: then an account \
             of jumpgate's own is made",
        );
        finding.site = self.line(wanted);
        accounts.findings.push(finding);
    }

    /// The account in JumpServer whose mark the server's ATTRIBUTE does not repeat yet, as a
    /// run that took the account over was cut.
    pub(super) fn lacks_evidence(&self, way: &Way, seen: &Seen<'_>) -> Option<Uuid> {
        let written = way.steps.iter().any(|step| {
            matches!(step, Step::WriteEvidence { .. } | Step::SetPassword | Step::CreateAccount)
        });
        let server = seen.server?;
        if written || server.evidence.is_some() || !self.live.server.dialect.has_attribute() {
            return None;
        }
        let (_, own) = seen.assets.first()?;
        let own = (*own)?;
        let handover = own.mark.as_ref()?.handover.as_ref()?;
        matches!(handover.state, HandoverState::Done | HandoverState::Narrowing).then_some(own.id)
    }

    /// Why an account is not there under the host of the instance, when it is under another.
    fn at_another_host(&self, name: &AccountName, seen: &Seen<'_>) -> Option<String> {
        if seen.server.is_some() || self.mark(seen).is_some() {
            return None;
        }
        let first = AccountName { user: name.user.clone(), host: String::new() };
        let (other, _) = self.live.accounts.range(first..).next()?;
        (other.user == name.user).then(|| {
            format!(
                "the server has {other}, and `account-host` of {} is {}",
                self.instance, name.host
            )
        })
    }

    /// Why an account waits, when the host of the instance changes in this run and the user name
    /// is another hand's at the host of before. What is ours is looked for there, too, until a
    /// run has come to its end: that one would pass for ours, and be dropped.
    pub(super) fn at_former_host(&self, name: &AccountName) -> Option<String> {
        let host = self.former_host(name)?.to_owned();
        let other = AccountName { user: name.user.clone(), host };
        let there = self.live.accounts.get(&other)?;
        (!evident(self.inputs, there)).then(|| {
            format!(
                "{other} stands at the `account-host` of the last apply, so it waits for the next \
                 one"
            )
        })
    }

    /// Why an account waits that is to be taken over on the asset of an alias, too: what stands
    /// there now would be in the way once the asset can be opened.
    fn on_closed_asset(&self, wanted: &Wanted<'a, AccountSpec>) -> Option<String> {
        let closed = &self.inputs.servers.closed;
        let asset = wanted.spec.assets.iter().find(|asset| closed.contains(asset.as_str()))?;
        Some(format!("asset {asset}, which is to have it too, cannot be opened now"))
    }

    /// Why an account is never taken over, when jumpgate itself uses it.
    fn own_login(&self, name: &AccountName) -> Option<String> {
        let login = &self.live.server.login.user;
        (login.eq_ignore_ascii_case(&name.user) || mysql::is_protected(&name.user))
            .then(|| "it is on the list of accounts that jumpgate never touches".to_owned())
    }

    /// Tells that nothing has the name, on either side: an account is made under it.
    fn nothing_there(
        &self,
        name: &AccountName,
        wanted: &Wanted<'a, AccountSpec>,
        seen: &Seen<'_>,
        accounts: &mut Accounts<'a>,
    ) {
        if seen.server.is_some() || self.mark(seen).is_some() {
            return;
        }
        let text = format!(
            "neither {} nor JumpServer has an account {}: {name} is made anew",
            self.instance, name.user
        );
        let mut finding = Finding::new(Kind::NothingToAdopt, text).about(wanted.person);
        finding.site = self.line(wanted);
        accounts.findings.push(finding);
    }

    /// Where the request names what it adopts.
    fn line(&self, wanted: &Wanted<'a, AccountSpec>) -> Option<crate::access::model::Site> {
        let level = wanted.because.first()?.want.level()?;
        let line = self.inputs.all.adoptions.account(self.instance, wanted.person, level)?;
        Some(line.site.clone())
    }
}
