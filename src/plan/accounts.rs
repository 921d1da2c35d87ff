//! The database accounts of a plan: what each should hold, and the steps to it on both
//! sides.

mod renew;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use uuid::Uuid;

use super::finding::{Finding, Kind};
use super::hold;
use super::people::People;
use super::scopes;
use super::servers::Servers;
use super::sessions::{self, Told};
use crate::access::model::{Access, ExposedAccounts};
use crate::access::sessions::OnEnd;
use crate::desired::{AccountSpec, Desired, Wanted};
use crate::handover::{self, Conflict, Note, Seen, Step};
use crate::jumpserver::spec::{ForeignPermission, Live, SeenAssetAccount};
use crate::mark::{HandoverState, Mark};
use crate::mysql;
use crate::mysql::difference::{difference, narrows};
use crate::mysql::spec::{AccountName, Change, Grants, Held, SeenAccount};
use crate::names::{InstanceName, PersonName, RequestName};
use crate::naming;

pub(super) use renew::renew;

/// One step about an account: the handover's, with its grants spelled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum AccountStep {
    /// A step of the handover.
    Handover(Step),
    /// A grant or a revoke.
    Grants {
        /// What is granted or revoked.
        change: Change,
    },
    /// The mark in JumpServer: the requests or their ends changed.
    Mark {
        /// The asset.
        asset: String,
        /// The account there.
        account: Uuid,
    },
}

/// What the marks of an account say when its steps are done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct AccountMark {
    /// The user in JumpServer.
    pub user: Option<Uuid>,
    /// The requests, each with its end.
    #[schemars(with = "BTreeMap<String, Option<String>>")]
    pub requests: BTreeMap<RequestName, Option<Timestamp>>,
}

impl AccountMark {
    /// When the last request ends; `None` is no end.
    pub fn end(&self) -> Option<Timestamp> {
        let ends: Option<Vec<Timestamp>> = self.requests.values().copied().collect();
        ends.and_then(|ends| ends.into_iter().max())
    }
}

/// What has to be done about one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct AccountChange {
    /// The instance that holds it.
    pub instance: InstanceName,
    /// The account.
    pub account: AccountName,
    /// The steps, in order; each only after all before it.
    pub steps: Vec<AccountStep>,
    /// What its marks say then.
    pub mark: AccountMark,
}

/// A change with what a plan needs to put it in order.
pub(super) struct Planned<'a> {
    pub(super) change: AccountChange,
    pub(super) person: Option<&'a PersonName>,
    /// It can give something that was not given before.
    pub(super) grows: bool,
    /// It takes something away before the end that its mark records.
    pub(super) early_end: bool,
    /// It takes something away.
    pub(super) shrinks: bool,
}

/// What was found about accounts.
#[derive(Default)]
pub(super) struct Accounts<'a> {
    pub(super) planned: Vec<Planned<'a>>,
    /// Accounts that get nothing new: by the instance that holds them and the user name.
    pub(super) blocked: BTreeSet<(&'a InstanceName, String)>,
    /// How many accounts are ours.
    pub(super) owned: usize,
    pub(super) findings: Vec<Finding>,
}

/// Everything that the work on accounts reads.
pub(super) struct Inputs<'i, 'a> {
    pub(super) access: &'a Access,
    pub(super) live: &'a Live,
    pub(super) servers: &'i Servers<'a>,
    pub(super) people: &'i People<'a>,
    /// What all grants ask for, and what those ask for that keep policy.
    pub(super) all: &'i Desired<'a>,
    pub(super) allowed: &'i Desired<'a>,
    pub(super) moment: Timestamp,
}

/// Plans the accounts of all instances that can be worked on.
pub(super) fn plan<'a>(inputs: &Inputs<'_, 'a>) -> Accounts<'a> {
    let mut accounts = Accounts::default();
    let owned = Owned::of(inputs, &mut accounts.findings);
    accounts.owned = owned.count;
    let people = everybody(inputs.access);
    for (holder, user) in inputs.all.accounts.keys() {
        if !inputs.servers.usable.contains_key(holder) {
            accounts.blocked.insert((*holder, user.clone()));
        }
    }
    let exposed = exposed(inputs, &mut accounts.findings);
    for (&instance, &(live, _)) in &inputs.servers.usable {
        scopes::find(inputs.access, inputs.all, instance, live, &mut accounts.findings);
        let missing = scopes::any_missing(&live.existing);
        accounts.findings.extend(sessions::of_gone_accounts(instance, live));
        let from_evidence = live.accounts.values().filter(|account| evident(inputs, account));
        let mut users: BTreeSet<&str> =
            from_evidence.map(|account| account.name.user.as_str()).collect();
        users.extend(owned.users(instance));
        let wanted = inputs.all.accounts.keys().filter(|(holder, _)| *holder == instance);
        users.extend(wanted.map(|(_, user)| user.as_str()));
        for user in users {
            let one = One { inputs, owned: &owned, instance, live, missing, user };
            let person = people.get(user).copied();
            let exposed = exposed.contains(&(instance, user));
            one.plan(person, exposed, &mut accounts);
        }
    }
    accounts
}

/// Whose account a user name is: of everybody in the repo.
fn everybody(access: &Access) -> BTreeMap<String, &PersonName> {
    let config = &access.config;
    let names = access.people.keys().flat_map(|person| {
        config.levels.keys().map(move |level| {
            (naming::account(&config.owner, &config.prefix, person, level), person)
        })
    });
    names.collect()
}

fn evident(inputs: &Inputs<'_, '_>, account: &SeenAccount) -> bool {
    let owner = inputs.access.config.owner.as_str();
    account.evidence.as_ref().is_some_and(|evidence| evidence.owner == owner)
}

/// The accounts on assets that carry our mark, by instance and user name.
struct Owned<'a> {
    by_instance: BTreeMap<&'a InstanceName, BTreeMap<&'a str, Vec<&'a SeenAssetAccount>>>,
    /// Everything on assets that a plan may have to look at, by asset and user name.
    on_asset: BTreeMap<(&'a str, &'a str), &'a SeenAssetAccount>,
    count: usize,
}

impl<'a> Owned<'a> {
    fn of(inputs: &Inputs<'_, 'a>, findings: &mut Vec<Finding>) -> Self {
        let access = inputs.access;
        let mut by_asset: BTreeMap<&str, &InstanceName> = BTreeMap::new();
        for (name, instance) in &access.instances {
            by_asset.insert(&instance.asset, instance.same_accounts_as.as_ref().unwrap_or(name));
        }
        let anchor = inputs.live.anchor.as_ref();
        let anchored = |asset: Uuid| {
            let (name, _) = anchor?.instances.iter().find(|(_, known)| known.asset == asset)?;
            access.instances.keys().find(|instance| instance.as_str() == name)
        };
        let mut owned = Self { by_instance: BTreeMap::new(), on_asset: BTreeMap::new(), count: 0 };
        let mut orphans: BTreeMap<&str, usize> = BTreeMap::new();
        for account in inputs.live.accounts.values() {
            owned.on_asset.insert((&account.asset, &account.username), account);
            let ours = account.mark.as_ref().is_some_and(|mark| {
                mark.owner == access.config.owner
                    && mark.id == account.id
                    && mark.handover.is_some()
            });
            if !ours {
                continue;
            }
            owned.count += 1;
            let instance = by_asset.get(account.asset.as_str()).copied();
            match instance.or_else(|| anchored(account.asset_id)) {
                Some(instance) => owned
                    .by_instance
                    .entry(instance)
                    .or_default()
                    .entry(&account.username)
                    .or_default()
                    .push(account),
                None => *orphans.entry(&account.asset).or_default() += 1,
            }
        }
        for (asset, count) in orphans {
            let text = format!(
                "asset {asset} has {count} database account{} of ours, and no instance of the \
                 inventory has this asset: nothing changes there",
                if count == 1 { "" } else { "s" }
            );
            let finding = Finding::new(Kind::Orphan, text);
            findings.push(finding.help(
                "put the instance's file back with `state: retired`, apply, and then take it away",
            ));
        }
        owned
    }

    fn users(&self, instance: &InstanceName) -> impl Iterator<Item = &'a str> {
        self.by_instance.get(instance).into_iter().flat_map(|users| users.keys().copied())
    }

    fn of_user(&self, instance: &InstanceName, user: &str) -> &[&'a SeenAssetAccount] {
        self.by_instance.get(instance).and_then(|users| users.get(user)).map_or(&[], Vec::as_slice)
    }
}

/// The accounts that a foreign permission would open, told once for each permission.
fn exposed<'i, 'a>(
    inputs: &'i Inputs<'_, 'a>,
    findings: &mut Vec<Finding>,
) -> BTreeSet<(&'a InstanceName, &'i str)> {
    let mut exposed = BTreeSet::new();
    let refuse = inputs.access.policy.exposed_accounts == ExposedAccounts::Refuse;
    for foreign in &inputs.live.foreign {
        let mut touched = Vec::new();
        for ((instance, user), wanted) in &inputs.all.accounts {
            if !wanted.spec.assets.contains(&foreign.asset) || !foreign.valid {
                continue;
            }
            if opens(foreign, user) {
                exposed.insert((*instance, user.as_str()));
                touched.push(user.as_str());
            } else if foreign.accounts.contains(&format!("!{user}")) {
                let text = format!(
                    "the permission {} takes {user} on asset {} away from everybody whom it names",
                    foreign.name, foreign.asset
                );
                let finding = Finding::new(Kind::ForeignExcludes, text).about(wanted.person);
                findings.push(finding.help("take the `!` entry out of it in JumpServer"));
            }
        }
        if touched.is_empty() {
            continue;
        }
        let accounts: Vec<&str> = foreign.accounts.iter().map(String::as_str).collect();
        let text = format!(
            "the permission {} opens {} of ours on asset {} to its own people (accounts: {}){}",
            foreign.name,
            match touched.as_slice() {
                [one] => format!("the account {one}"),
                more => format!("{} accounts", more.len()),
            },
            foreign.asset,
            accounts.join(", "),
            if refuse { ": nothing new is granted to them" } else { "" },
        );
        let mut finding = Finding::new(Kind::ForeignOpens, text).help(
            "name the accounts in that permission in place of @ALL, or set \
             `exposed-accounts: allow` in policy.yaml",
        );
        if !refuse {
            finding = finding.as_bad_as(super::finding::Severity::Risk);
        }
        findings.push(finding);
    }
    if refuse { exposed } else { BTreeSet::new() }
}

fn opens(foreign: &ForeignPermission, user: &str) -> bool {
    let excluded = foreign.accounts.iter().any(|text| {
        text.strip_prefix('!').is_some_and(|name| name.to_lowercase() == user.to_lowercase())
    });
    !excluded
        && foreign
            .accounts
            .iter()
            .any(|text| text == "@ALL" || text.to_lowercase() == user.to_lowercase())
}

/// The work on one account.
struct One<'o, 'i, 'a> {
    inputs: &'o Inputs<'i, 'a>,
    owned: &'o Owned<'a>,
    instance: &'a InstanceName,
    live: &'a mysql::live::Live,
    /// Whether anything that was asked for on the server does not exist.
    missing: bool,
    user: &'o str,
}

impl<'a> One<'_, '_, 'a> {
    fn plan(&self, person: Option<&'a PersonName>, exposed: bool, accounts: &mut Accounts<'a>) {
        let key = (self.instance, self.user.to_owned());
        let Some(instance) = self.inputs.access.instances.get(self.instance) else { return };
        let name = AccountName { user: self.user.to_owned(), host: instance.account_host.clone() };
        let server = self.live.accounts.get(&name);
        self.others(&name, person, accounts);
        let wanted = self.inputs.all.accounts.get(&key);
        let seen = self.seen(&instance.asset, wanted, server);
        match wanted {
            None => self.away(&name, person, &seen, accounts),
            Some(wanted) => {
                let blocked = exposed || self.inputs.people.blocked.contains(wanted.person);
                if blocked {
                    accounts.blocked.insert(key);
                }
                self.toward(&name, wanted, &seen, blocked, accounts);
            }
        }
    }

    /// The account on both sides, as it was read.
    fn seen<'s>(
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
    fn mark<'s>(&self, seen: &Seen<'s>) -> Option<&'s Mark> {
        let owner = &self.inputs.access.config.owner;
        let here = seen.assets.iter().filter_map(|(_, account)| *account);
        here.chain(seen.former.iter().copied())
            .filter_map(|account| account.mark.as_ref().filter(|mark| mark.id == account.id))
            .find(|mark| mark.owner == *owner)
    }

    fn away(
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
            steps = sessions::while_left(steps, seen);
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
        });
    }

    fn toward(
        &self,
        name: &AccountName,
        wanted: &Wanted<'a, AccountSpec>,
        seen: &Seen<'_>,
        blocked: bool,
        accounts: &mut Accounts<'a>,
    ) {
        let person = wanted.person;
        let way = match handover::toward(&self.inputs.access.config.owner, seen) {
            Ok(way) => way,
            Err(conflict) => {
                accounts.blocked.insert((self.instance, self.user.to_owned()));
                accounts.findings.push(self.conflict(&conflict, name, wanted));
                return;
            }
        };
        let (grants, mark) = self.wanted(wanted, seen, blocked);
        if seen.server.is_none() && (blocked || hold::is_nothing(&grants)) {
            return;
        }
        if !blocked && mark.requests.is_empty() {
            // All that asks for it breaks policy, and what was held has ended.
            return self.away(name, Some(person), seen, accounts);
        }
        let nothing = Held::default();
        let held = seen.server.map_or(&nothing, |server| &server.held);
        let naming = self.live.server.dialect.naming();
        let changes = match difference(held, &grants, naming) {
            Ok(changes) => changes,
            Err(unknown) => {
                accounts.blocked.insert((self.instance, self.user.to_owned()));
                let text = format!("{name} on {} {unknown}: it is left as it is", self.instance);
                let finding = Finding::new(Kind::UnknownPrivilege, text).about(person);
                accounts.findings.push(finding.help("a newer version of jumpgate may know them"));
                return;
            }
        };
        self.tell(&way.notes, name, Some(person), accounts);
        let live_mark = self.mark(seen);
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
        let narrowing = |step: &AccountStep| match step {
            AccountStep::Grants { change } => narrows(change),
            _ => false,
        };
        let shrinks = steps.iter().any(narrowing);
        let grows = seen.server.is_none()
            || steps.iter().any(|step| match step {
                AccountStep::Grants { change } => !narrows(change),
                AccountStep::Handover(step) => {
                    matches!(step, Step::StoreSecret { .. } | Step::HandOver { .. })
                }
                AccountStep::Mark { .. } => false,
            });
        let passed = live_mark.is_some_and(|live| ended(live, &mark.requests, self.inputs.moment));
        accounts.planned.push(Planned {
            change: AccountChange {
                instance: self.instance.clone(),
                account: name.clone(),
                steps,
                mark,
            },
            person: Some(person),
            grows,
            early_end: shrinks && !passed,
            shrinks,
        });
    }

    /// What becomes of sessions here when access ends.
    fn on_end(&self) -> OnEnd {
        let instance = self.inputs.access.instances.get(self.instance);
        let policy = &self.inputs.access.policy;
        instance.map(|instance| policy.on_end(&instance.environment)).unwrap_or_default()
    }

    fn zone(&self) -> &TimeZone {
        &self.inputs.access.config.zone
    }

    fn told<'t>(&'t self, name: &'t AccountName) -> Told<'t> {
        Told { instance: self.instance, name, live: self.live }
    }

    fn found(
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

    /// What the account should hold now, and what its marks say then.
    fn wanted(
        &self,
        wanted: &Wanted<'a, AccountSpec>,
        seen: &Seen<'_>,
        blocked: bool,
    ) -> (Grants, AccountMark) {
        let key = (self.instance, self.user.to_owned());
        let moment = self.inputs.moment;
        let live_mark = self.mark(seen);
        let recorded = |request: &RequestName| {
            let end = *live_mark?.requests.get(request)?;
            (!over(end, moment)).then_some(end)
        };
        let allowed = self.inputs.allowed.accounts.get(&key).filter(|_| !blocked);
        if let Some(allowed) = allowed
            && allowed.because.len() == wanted.because.len()
            && !self.missing
        {
            // The usual case: everything may be given, so nothing has to be held back.
            let user = self.inputs.people.users.get(wanted.person).copied();
            return (
                allowed.spec.grants.clone(),
                AccountMark { user, requests: allowed.requests() },
            );
        }
        let kept_by_policy: BTreeSet<&RequestName> = allowed
            .map(|allowed| allowed.because.iter().map(|grant| grant.because.request).collect())
            .unwrap_or_default();
        // What breaks policy keeps what it has until the end that is recorded.
        let holdable = wanted.because.iter().filter(|grant| {
            let request = grant.because.request;
            kept_by_policy.contains(request) || recorded(request).is_some() || blocked
        });
        let holdable = scopes::grants(self.inputs.access, holdable.copied());
        let nothing = Held::default();
        let held = seen.server.map_or(&nothing, |server| &server.held);
        let kept = hold::grants(&holdable, held, self.live.server.dialect.naming());
        let grants = match allowed {
            Some(allowed) => {
                hold::union(scopes::existing(&allowed.spec.grants, &self.live.existing), kept)
            }
            None => kept,
        };
        let mut requests = allowed.map(Wanted::requests).unwrap_or_default();
        for request in wanted.requests().into_keys() {
            if let Some(end) = recorded(&request)
                && !requests.contains_key(&request)
            {
                requests.insert(request, end);
            }
        }
        let user = match blocked {
            true => live_mark.and_then(|mark| mark.user),
            false => self.inputs.people.users.get(wanted.person).copied(),
        };
        (grants, AccountMark { user, requests })
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
                let same = account.mark.as_ref().is_some_and(|live| {
                    live.requests == mark.requests
                        && live.user == mark.user
                        && live.end == mark.end()
                });
                let narrowing = ends_sessions(account)
                    || (narrowed && own.is_some_and(|(_, own)| own.id == account.id));
                if !same || narrowing || !account.labelled {
                    let asset = (*asset).to_owned();
                    steps.push(AccountStep::Mark { asset, account: account.id });
                }
            }
        }
        steps
    }

    /// Accounts of the same user name at other hosts: ours from before the host changed,
    /// or another hand's.
    fn others(
        &self,
        name: &AccountName,
        person: Option<&'a PersonName>,
        accounts: &mut Accounts<'a>,
    ) {
        let anchored = self
            .inputs
            .live
            .anchor
            .as_ref()
            .and_then(|anchor| anchor.instances.get(self.instance.as_str()))
            .and_then(|known| known.account_host.as_deref());
        let ours = !self.owned.of_user(self.instance, self.user).is_empty();
        let first = AccountName { user: self.user.to_owned(), host: String::new() };
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
            // No mark of its own can say since when sessions are left.
            let about_sessions = match self.on_end() {
                OnEnd::Report => Step::LeaveSessions,
                OnEnd::Disconnect | OnEnd::After(_) => Step::KillSessions,
            };
            let mut steps = vec![Step::RevokeAll, about_sessions, Step::Drop];
            if !other.locked {
                steps.insert(0, Step::Lock);
            }
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
            });
        }
    }

    fn conflict(
        &self,
        conflict: &Conflict,
        name: &AccountName,
        wanted: &Wanted<'_, AccountSpec>,
    ) -> Finding {
        let kind = match conflict {
            Conflict::Copy { .. } => Kind::Copy,
            Conflict::OnServer | Conflict::OnAsset { .. } => Kind::InTheWay,
        };
        let text = format!("{name} on {}: {conflict}", self.instance);
        let mut finding = Finding::new(kind, text)
            .as_bad_as(super::finding::Severity::Error)
            .about(wanted.person)
            .help("rename or remove it by hand, after finding out who uses it");
        finding.site = wanted.because.first().map(|grant| grant.because.site.clone());
        finding
    }

    fn tell(
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

/// Whether the mark makes the next run end the account's sessions: a run has begun to take
/// something away, or to renew the password.
fn ends_sessions(account: &SeenAssetAccount) -> bool {
    let handover = account.mark.as_ref().and_then(|mark| mark.handover.as_ref());
    handover.is_some_and(|handover| {
        matches!(handover.state, HandoverState::Narrowing | HandoverState::Rotating)
    })
}

/// Whether a recorded end has passed.
pub(super) fn over(end: Option<Timestamp>, moment: Timestamp) -> bool {
    end.is_some_and(|end| end <= moment)
}

/// Whether all that went from a mark went because its recorded end has passed.
fn ended(live: &Mark, now: &BTreeMap<RequestName, Option<Timestamp>>, moment: Timestamp) -> bool {
    let mut gone =
        live.requests.iter().filter(|(request, _)| !now.contains_key(*request)).peekable();
    gone.peek().is_some() && gone.all(|(_, end)| over(*end, moment))
}
