//! The judge is not the judged: what the base's policy says of the branch's grants.
//!
//! An edit of the inventory, a login or a level does not change how a grant is judged. What
//! is new in the branch is judged as everything of the base that it resembles.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Reached;
use super::holding::Holding;
use super::row::Danger;
use crate::access::model::{Access, Instance, Party, ScopeKind};
use crate::grants::{Grant, Offers, Want};
use crate::names::{Environment, InstanceName, LevelName, LoginName};
use crate::policy::{self, Violation};

/// Accounts on hosts that may do everything, in lower case.
const SUPERUSERS: [&str; 2] = ["root", "administrator"];

/// How names of production environments begin.
const PRODUCTION: [&str; 4] = ["prod", "prd", "live", "online"];

/// Judges grants of the branch by the base.
pub(super) struct Judge<'a> {
    base: &'a Access,
    head: &'a Access,
    offers: Offers<'a>,
    moment: Timestamp,
}

impl<'a> Judge<'a> {
    pub(super) fn new(base: &'a Access, head: &'a Access, moment: Timestamp) -> Self {
        Self { base, head, offers: Offers::new(&base.servers), moment }
    }

    /// The limits of the base that a grant breaks.
    pub(super) fn violations(&self, grant: &Grant<'_>) -> Vec<Violation> {
        let mut found: Vec<Violation> = Vec::new();
        for likeness in self.likenesses(grant) {
            for violation in policy::judge(self.base, &likeness, self.moment) {
                if !found.contains(&violation) {
                    found.push(violation);
                }
            }
        }
        found
    }

    /// The most approvals that a limit of the base asks for.
    pub(super) fn approvals(&self, grant: &Grant<'_>) -> u32 {
        let likenesses = self.likenesses(grant);
        let approvals = likenesses.iter().map(|one| policy::approvals(&self.base.policy, one));
        approvals.max().unwrap_or(0)
    }

    /// Whether the base allows a grant as an emergency.
    pub(super) fn is_emergency(&self, grant: &Grant<'_>) -> bool {
        policy::is_emergency(&self.base.policy, grant, self.moment)
    }

    /// The targets of the base that a grant reaches, and who answers for each.
    pub(super) fn reached(&self, grant: &Grant<'_>) -> Vec<(Reached, &[Party])> {
        match grant.want {
            Want::Server { target, .. } => {
                let entry = self.offers.find(target);
                let site = entry.map(|entry| entry.site.clone());
                vec![(Reached::Servers(site), entry.map_or(&[], |entry| &entry.owners))]
            }
            Want::Database { instance, .. } => {
                let known: Vec<_> = self
                    .known(instance)
                    .into_iter()
                    .map(|(name, known)| (Reached::Instance(name.clone()), &known.owners[..]))
                    .collect();
                if known.is_empty() {
                    return vec![(Reached::Instance(instance.clone()), &[])];
                }
                known
            }
        }
    }

    /// Why to look twice at what somebody gets; beyond policy is told by the violations.
    pub(super) fn dangers(
        &self,
        after: &Holding<'_>,
        before: Option<&Holding<'_>>,
    ) -> BTreeSet<Danger> {
        let mut dangers = BTreeSet::new();
        let mut when = |danger, holds: bool| {
            if holds {
                dangers.insert(danger);
            }
        };
        let accounts = after.accounts().iter().map(|account| account.to_lowercase());
        let login = |grant: &&&Grant<'_>| grant.want.login().map(LoginName::as_str) == Some("root");
        when(
            Danger::Superuser,
            accounts.into_iter().any(|account| SUPERUSERS.contains(&account.as_str()))
                || after.grants.iter().any(|grant| login(&grant)),
        );
        when(Danger::Writes, after.privileges().any(|privilege| privilege.writes()));
        when(Danger::NoEnd, after.is_endless());
        when(Danger::OtherUser, before.is_some_and(|before| before.user() != after.user()));
        for grant in &after.grants {
            when(Danger::WholeDatabase, grant.want.scope() == Some(ScopeKind::Database));
            when(Danger::Production, self.environments(grant).into_iter().any(is_production));
            when(Danger::NewHere, self.is_new(grant));
        }
        dangers
    }

    /// Whether the base does not have what a grant names.
    fn is_new(&self, grant: &Grant<'_>) -> bool {
        let config = &self.base.config;
        match grant.want {
            Want::Server { login, target, .. } => {
                !config.logins.contains_key(login) || self.offers.find(target).is_none()
            }
            Want::Database { instance, level, .. } => {
                !config.levels.contains_key(level) || !self.base.instances.contains_key(instance)
            }
        }
    }

    /// The grant as the base may see it: in each environment, with each login or level
    /// that it resembles.
    fn likenesses<'g>(&'g self, grant: &'g Grant<'g>) -> Vec<Grant<'g>> {
        let mut likenesses = Vec::new();
        for environment in self.environments(grant) {
            match grant.want {
                Want::Server { login, target, .. } => {
                    for login in self.logins(login) {
                        let want = Want::Server { login, target, environment };
                        likenesses.push(Grant { want, ..grant.clone() });
                    }
                }
                Want::Database { instance, level, scope, .. } => {
                    for level in self.levels(level) {
                        let holder = environment;
                        let want = Want::Database { instance, level, scope, environment, holder };
                        likenesses.push(Grant { want, ..grant.clone() });
                    }
                }
            }
        }
        likenesses
    }

    /// The environments that the base knows the target by; the branch's own for one that
    /// the base does not have.
    fn environments<'g>(&'g self, grant: &'g Grant<'g>) -> Vec<&'g Environment> {
        let mut found: Vec<&Environment> = Vec::new();
        match grant.want {
            Want::Server { target, .. } => {
                found.extend(self.offers.find(target).map(|entry| &entry.environment));
            }
            Want::Database { instance, .. } => {
                found.extend(self.known(instance).into_iter().map(|(_, known)| &known.environment));
                found.sort();
                found.dedup();
            }
        }
        if found.is_empty() {
            found.extend(grant.want.environments());
        }
        found
    }

    /// The instances of the base that an instance of the branch is or leads to: by name,
    /// by the one whose accounts it shows, by address.
    fn known(&self, name: &InstanceName) -> Vec<(&InstanceName, &Instance)> {
        let mut names: BTreeSet<&InstanceName> = BTreeSet::from([name]);
        let head = self.head.instances.get(name);
        names.extend(head.and_then(|instance| instance.same_accounts_as.as_ref()));
        let addresses: Vec<(String, u16)> = names
            .iter()
            .filter_map(|name| self.head.instances.get(*name))
            .map(|instance| (instance.host.to_lowercase(), instance.port))
            .collect();
        self.base
            .instances
            .iter()
            .filter(|(name, instance)| {
                names.contains(name)
                    || addresses.contains(&(instance.host.to_lowercase(), instance.port))
                    || head.is_some_and(|head| head.asset == instance.asset)
            })
            .collect()
    }

    /// The login, and when the branch widens or adds it, those of the base that share an
    /// account with it.
    fn logins<'g>(&'g self, name: &'g LoginName) -> BTreeSet<&'g LoginName> {
        let mut found = BTreeSet::from([name]);
        let (base, head) = (&self.base.config.logins, self.head.config.logins.get(name));
        let Some(head) = head else { return found };
        let as_before = base
            .get(name)
            .is_some_and(|old| head.accounts.iter().all(|account| old.accounts.contains(account)));
        if !as_before {
            let like = base.iter().filter(|(_, login)| {
                login.accounts.iter().any(|account| head.accounts.contains(account))
            });
            found.extend(like.map(|(name, _)| name));
        }
        found
    }

    /// The level, and when the branch widens or adds it, those of the base that share a
    /// privilege with it.
    fn levels<'g>(&'g self, name: &'g LevelName) -> BTreeSet<&'g LevelName> {
        let mut found = BTreeSet::from([name]);
        let (base, head) = (&self.base.config.levels, self.head.config.levels.get(name));
        let Some(head) = head else { return found };
        if !base.get(name).is_some_and(|old| head.is_subset(*old)) {
            let like = base.iter().filter(|(_, privileges)| !privileges.is_disjoint(*head));
            found.extend(like.map(|(name, _)| name));
        }
        found
    }
}

/// Whether an environment's name is one of production: it begins with `prod`, `prd`, `live`
/// or `online`.
pub fn is_production(environment: &Environment) -> bool {
    let name = environment.as_str().to_lowercase();
    PRODUCTION.iter().any(|start| name.starts_with(start))
}
