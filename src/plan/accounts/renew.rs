//! New passwords for accounts that stand, and nothing else about them.

use super::{AccountChange, AccountMark, AccountStep, Accounts, Inputs, One, Planned, everybody};
use crate::desired::{AccountSpec, Wanted};
use crate::handover::{self, Step};
use crate::mysql::dialect::Dialect;
use crate::mysql::spec::AccountName;
use crate::names::{InstanceName, PersonName};
use crate::plan::finding::{Finding, Kind, Severity};
use crate::plan::renew::Which;

/// Plans new passwords. What is chosen and cannot be renewed is told and left.
pub(in crate::plan) fn renew<'a>(inputs: &Inputs<'_, 'a>, which: &Which) -> Accounts<'a> {
    let mut accounts = Accounts::default();
    // What is odd about other accounts is for an apply to tell.
    let owned = inputs.owned;
    accounts.owned = owned.count;
    let people = everybody(inputs.access, inputs.all);
    for (&instance, &(live, _)) in &inputs.servers.usable {
        if !which.has_instance(instance) {
            continue;
        }
        let mut apart = 0;
        for (user, wanted) in inputs.all.accounts_on(instance) {
            if which.has_person(Some(wanted.person)) {
                let one = One { inputs, owned, instance, live, missing: false, user };
                apart += usize::from(one.renew(which, wanted, &mut accounts));
            }
        }
        for user in owned.users(instance) {
            let person = people.get(user).copied();
            let asked = inputs.all.accounts.contains_key(&(instance, user.to_owned()));
            if !asked && which.has_person(person) {
                let text = format!(
                    "{user} on {instance} gets no new password: nobody asks for it any more"
                );
                let mut finding = Finding::new(Kind::NotRenewed, text)
                    .as_bad_as(Severity::Warning)
                    .help("`jumpgate apply` ends it");
                finding.person = person.cloned();
                accounts.findings.push(finding);
            }
        }
        if apart > 0 {
            accounts.findings.push(interruption(instance, apart, &live.server.dialect));
        }
    }
    accounts
}

/// Announces that logins fail for a moment.
fn interruption(instance: &InstanceName, count: usize, dialect: &Dialect) -> Finding {
    let (kind, help) = match dialect.has_dual_passwords() {
        true => (" of another kind", "renew them when few people work"),
        false => ("", "renew them when few people work; MySQL 8.0.14 and later has no such moment"),
    };
    let version = &dialect.text;
    let text = format!(
        "{instance} ({version}) keeps no old password beside a new one{kind}: a login through \
         JumpServer with {} fails in the moment between JumpServer and the server; open sessions \
         stay",
        match count {
            1 => "the account".to_owned(),
            count => format!("one of {count} accounts"),
        }
    );
    Finding::new(Kind::Interruption, text).help(help)
}

impl<'a> One<'_, '_, 'a> {
    /// Plans a new password; whether there is a moment in which no login works: also on a
    /// server that can keep an old one, where the kind of the password changes.
    fn renew(
        &self,
        which: &Which,
        wanted: &Wanted<'a, AccountSpec>,
        accounts: &mut Accounts<'a>,
    ) -> bool {
        let Some(instance) = self.inputs.access.instances.get(self.instance) else { return false };
        let person = wanted.person;
        let name = &wanted.spec.name;
        let seen = self.seen(&instance.asset, Some(wanted), name);
        let server = seen.server;
        let mark = self.mark(&seen);
        if server.is_none() && mark.is_none() {
            // It was never made: there is no password to renew.
            return false;
        }
        let recorded = mark.and_then(|mark| mark.handover.as_ref()?.changed);
        let changed = server.and_then(|server| server.password_changed).or(recorded);
        if !which.is_due(changed) {
            return false;
        }
        if self.inputs.people.blocked.contains(person) {
            let why = "its user in JumpServer is missing, or another one";
            accounts.findings.push(self.left(name, person, &why));
            return false;
        }
        let way = match handover::renewal(&self.inputs.access.config.owner, &seen) {
            Ok(way) => way,
            Err(why) => {
                accounts.findings.push(self.left(name, person, &why));
                return false;
            }
        };
        self.tell(&way.notes, name, Some(person), accounts);
        let mut steps = Vec::new();
        for step in way.steps {
            match step {
                Step::Grants if way.ends_sessions => {
                    steps.push(AccountStep::Handover(Step::KillSessions));
                }
                Step::Grants => {}
                step => steps.push(AccountStep::Handover(step)),
            }
        }
        accounts.planned.push(Planned {
            change: AccountChange {
                instance: self.instance.clone(),
                account: name.clone(),
                steps,
                // As it stands: what else git asks for by now is for an apply.
                mark: AccountMark {
                    user: mark.and_then(|mark| mark.user),
                    requests: mark.map(|mark| mark.requests.clone()).unwrap_or_default(),
                },
            },
            person: Some(person),
            grows: true,
            early_end: false,
            shrinks: false,
            replaced: false,
        });
        !seen.keeps_old
    }

    /// Says that an account is left as it is.
    fn left(
        &self,
        name: &AccountName,
        person: &PersonName,
        why: &dyn std::fmt::Display,
    ) -> Finding {
        let text = format!("{name} on {} gets no new password: {why}", self.instance);
        Finding::new(Kind::NotRenewed, text)
            .about(person)
            .help("`jumpgate plan` tells more, `jumpgate apply` puts right what it can")
    }
}
