//! One account as it was seen on both sides.

use jiff::tz::TimeZone;

use super::{Accounts, Inputs, Owned};
use crate::access::sessions::OnEnd;
use crate::desired::{AccountSpec, Wanted};
use crate::handover::Seen;
use crate::mark::Mark;
use crate::mysql;
use crate::mysql::spec::{AccountName, SeenAccount};
use crate::names::{InstanceName, PersonName};
use crate::plan::finding::Finding;
use crate::plan::sessions::Told;

/// The work on one account.
pub(super) struct One<'o, 'i, 'a> {
    pub(super) inputs: &'o Inputs<'i, 'a>,
    pub(super) owned: &'o Owned<'a>,
    pub(super) instance: &'a InstanceName,
    pub(super) live: &'a mysql::live::Live,
    /// Whether anything that was asked for on the server does not exist.
    pub(super) missing: bool,
    pub(super) user: &'o str,
}

impl<'a> One<'_, '_, 'a> {
    pub(super) fn plan(
        &self,
        whose: impl FnOnce() -> Option<&'a PersonName>,
        exposed: bool,
        accounts: &mut Accounts<'a>,
    ) {
        let key = (self.instance, self.user.to_owned());
        let Some(instance) = self.inputs.access.instances.get(self.instance) else { return };
        let name = AccountName { user: self.user.to_owned(), host: instance.account_host.clone() };
        let server = self.live.accounts.get(&name);
        let wanted = self.inputs.all.accounts.get(&key);
        let person = wanted.map(|wanted| wanted.person).or_else(whose);
        self.others(&name, person, accounts);
        let seen = self.seen(&instance.asset, wanted, server);
        if self.release(&name, person, wanted, &seen, accounts) {
            return;
        }
        match wanted {
            None => self.away(&name, person, &seen, accounts),
            Some(wanted) => {
                let blocked = exposed || self.inputs.people.blocked.contains(wanted.person);
                if blocked {
                    accounts.blocked.insert(key);
                }
                if wanted.spec.adopted {
                    self.adopted(&name, wanted, &seen, blocked, accounts);
                } else {
                    self.toward(&name, wanted, &seen, blocked, accounts);
                }
            }
        }
    }

    /// The account on both sides, as it was read.
    pub(super) fn seen<'s>(
        &self,
        own: &'s str,
        wanted: Option<&'s Wanted<'a, AccountSpec>>,
        server: Option<&'s SeenAccount>,
    ) -> Seen<'s>
    where
        'a: 's,
    {
        let assets: Vec<&str> = match wanted {
            Some(wanted) => wanted.spec.assets.iter().map(String::as_str).collect(),
            None => vec![own],
        };
        let ours = self.owned.of_user(self.instance, self.user);
        let dialect = &self.live.server.dialect;
        Seen {
            server,
            assets: assets
                .iter()
                .map(|asset| (*asset, self.owned.on_asset.get(&(*asset, self.user)).copied()))
                .collect(),
            former: ours
                .iter()
                .copied()
                .filter(|account| !assets.contains(&account.asset.as_str()))
                .collect(),
            // It keeps none where the kind of the password changes.
            keeps_old: dialect.has_dual_passwords()
                && server.is_some_and(|server| server.plugin == dialect.plugin()),
            renew: false,
        }
    }

    /// The mark on the instance's own asset, when the account there is ours.
    pub(super) fn mark<'s>(&self, seen: &Seen<'s>) -> Option<&'s Mark> {
        let owner = &self.inputs.access.config.owner;
        let here = seen.assets.iter().filter_map(|(_, account)| *account);
        here.chain(seen.former.iter().copied())
            .filter_map(|account| account.mark.as_ref().filter(|mark| mark.id == account.id))
            .find(|mark| mark.owner == *owner)
    }

    /// What becomes of sessions here when access ends.
    pub(super) fn on_end(&self) -> OnEnd {
        let instance = self.inputs.access.instances.get(self.instance);
        let policy = &self.inputs.access.policy;
        instance.map(|instance| policy.on_end(&instance.environment)).unwrap_or_default()
    }

    pub(super) fn zone(&self) -> &TimeZone {
        &self.inputs.access.config.zone
    }

    pub(super) fn told<'t>(&'t self, name: &'t AccountName) -> Told<'t> {
        Told { instance: self.instance, name, live: self.live }
    }

    pub(super) fn found(
        &self,
        finding: Option<Finding>,
        person: Option<&PersonName>,
        accounts: &mut Accounts<'a>,
    ) {
        accounts.findings.extend(finding.map(|finding| match person {
            Some(person) => finding.about(person),
            None => finding,
        }));
    }
}
