//! One account as it was seen on both sides.

use jiff::tz::TimeZone;

use super::{Accounts, Inputs, Owned, evident};
use crate::access::sessions::OnEnd;
use crate::desired::{AccountSpec, Wanted};
use crate::handover::Seen;
use crate::jumpserver::spec::SeenAssetAccount;
use crate::mark::Mark;
use crate::mysql;
use crate::mysql::spec::{AccountName, SeenAccount};
use crate::names::{InstanceName, PersonName};
use crate::plan::finding::Finding;
use crate::plan::release::Fate;
use crate::plan::sessions::Told;

/// The work on one account.
pub(super) struct One<'o, 'i, 'a> {
    pub(super) inputs: &'o Inputs<'i, 'a>,
    pub(super) owned: &'o Owned<'a>,
    pub(super) instance: &'a InstanceName,
    pub(super) live: &'a mysql::live::Live,
    /// Whether anything that was asked for on the server does not exist, or cannot be granted.
    pub(super) missing: bool,
    pub(super) user: &'o str,
}

impl<'a> One<'_, '_, 'a> {
    pub(super) fn plan(
        &self,
        wanted: Option<&Wanted<'a, AccountSpec>>,
        whose: impl FnOnce() -> Option<&'a PersonName>,
        exposed: bool,
        accounts: &mut Accounts<'a>,
    ) {
        let Some(instance) = self.inputs.access.instances.get(self.instance) else { return };
        let person = wanted.map(|wanted| wanted.person).or_else(whose);
        let mut name =
            AccountName { user: self.user.to_owned(), host: instance.account_host.clone() };
        let mut seen = self.seen(&instance.asset, wanted, &name);
        let blocked =
            wanted.is_some_and(|one| exposed || self.inputs.people.blocked.contains(one.person));
        if let Some(former) = self.former_host(&name)
            && (seen.server.is_none() || seen.moved_from.is_some())
            && self.goes(wanted, &seen, blocked)
        {
            // Nothing at the new host is ours: what goes is the account where it stands.
            name.host = former.to_owned();
            seen = self.seen(&instance.asset, wanted, &name);
        }
        let before = accounts.planned.len();
        if !self.release(&name, person, wanted, &seen, accounts) {
            match wanted {
                None => self.away(&name, person, &seen, accounts),
                Some(wanted) => {
                    if blocked {
                        accounts.block(self.instance, self.user);
                    }
                    if wanted.spec.adopted {
                        self.adopted(&name, wanted, &seen, blocked, accounts);
                    } else {
                        self.toward(&name, wanted, &seen, blocked, accounts);
                    }
                }
            }
        }
        // What is replaced goes only when something of ours takes its place.
        let stands = seen.server.is_some() && seen.moved_from.is_none();
        let planned = accounts.planned.get(before..).unwrap_or_default();
        let comes = planned.iter().any(|planned| planned.grows && planned.change.account == name);
        let stays = match wanted {
            Some(wanted) if !stands && !comes => self.holds(wanted, &seen, blocked),
            _ => false,
        };
        self.others(&name, person, (stays, comes && !stands), accounts);
    }

    /// Whether anything of what is wanted may be given, or is kept until its recorded end.
    fn holds(&self, wanted: &Wanted<'a, AccountSpec>, seen: &Seen<'_>, blocked: bool) -> bool {
        let allowed = || self.inputs.allowed.account(self.instance, self.user, wanted);
        (!blocked && allowed().is_some()) || !self.keeping(wanted, seen, blocked).is_empty()
    }

    /// Whether nobody wants the account any more, nothing of what is wanted may be given or
    /// kept, or it is given back.
    fn goes(
        &self,
        wanted: Option<&Wanted<'a, AccountSpec>>,
        seen: &Seen<'_>,
        blocked: bool,
    ) -> bool {
        let Some(mark) = self.mark(seen) else { return false };
        let Some(one) = wanted else { return true };
        self.inputs.released.fate(wanted, Some(mark)) == Fate::Released
            || !self.holds(one, seen, blocked)
    }

    /// The host of the accounts at the last apply, when it was another one.
    pub(super) fn former_host(&self, name: &AccountName) -> Option<&'a str> {
        let anchor = self.inputs.live.anchor.as_ref()?;
        let former = anchor.instances.get(self.instance.as_str())?.account_host.as_deref()?;
        (former != name.host).then_some(former)
    }

    /// The account on the server: where nothing of ours stands at the host of the instance, at
    /// that of the last apply.
    pub(super) fn on_server<'s>(&self, seen: &Seen<'s>) -> Option<&'s SeenAccount>
    where
        'a: 's,
    {
        let instance = self.inputs.access.instances.get(self.instance)?;
        let at = |host: &str| AccountName { user: self.user.to_owned(), host: host.to_owned() };
        let former = || self.former_host(&at(&instance.account_host));
        let here = seen.server.filter(|_| seen.moved_from.is_none());
        here.or_else(|| self.live.accounts.get(&at(former()?)))
    }

    /// The account on both sides, as it was read.
    pub(super) fn seen<'s>(
        &self,
        own: &'s str,
        wanted: Option<&'s Wanted<'a, AccountSpec>>,
        name: &AccountName,
    ) -> Seen<'s>
    where
        'a: 's,
    {
        let server = self.live.accounts.get(name);
        let is_closed = |asset: &&str| self.inputs.servers.closed.contains(asset);
        let assets: Vec<&str> = match wanted {
            Some(wanted) => wanted.spec.assets.iter().map(String::as_str).collect(),
            None => vec![own],
        };
        let (closed, assets): (Vec<&str>, Vec<&str>) = assets.into_iter().partition(is_closed);
        let ours = self.owned.of_user(self.instance, self.user);
        let dialect = &self.live.server.dialect;
        let others = ours.iter().copied().filter(|account| !assets.contains(&&*account.asset));
        let (closed, former): (Vec<&SeenAssetAccount>, Vec<_>) =
            others.partition(|account| closed.contains(&&*account.asset));
        let assets: Vec<(&str, Option<&SeenAssetAccount>)> = assets
            .into_iter()
            .map(|asset| (asset, self.owned.on_asset.get(&(asset, self.user)).copied()))
            .collect();
        // A mark alone does not say at which host its account stands.
        let is_here = |server: &SeenAccount| {
            let others = former.iter().chain(&closed);
            let marked = others.chain(assets.iter().filter_map(|(_, one)| one.as_ref()));
            let mut handovers = marked.filter_map(|one| one.mark.as_ref()?.handover.as_ref());
            evident(self.inputs, server)
                || handovers.any(|one| one.is_of(&name.host, server.password_changed))
        };
        Seen {
            server,
            moved_from: self
                .former_host(name)
                .filter(|_| server.is_some_and(|server| !is_here(server))),
            assets,
            former,
            closed,
            // It keeps none where the kind of the password changes.
            keeps_old: dialect.has_dual_passwords()
                && server.is_some_and(|server| server.plugin == dialect.plugin()),
            renew: false,
        }
    }

    /// The mark on the instance's own asset; where the account there is not ours, that on the
    /// first other asset with one of ours.
    pub(super) fn mark<'s>(&self, seen: &Seen<'s>) -> Option<&'s Mark> {
        let owner = &self.inputs.access.config.owner;
        let here = seen.assets.iter().filter_map(|(_, account)| *account);
        here.chain(seen.former.iter().chain(&seen.closed).copied())
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
