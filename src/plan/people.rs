//! The people of a plan: who stands in JumpServer, who is missing, who was made anew.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::finding::{Finding, Kind};
use super::ours::Ours;
use crate::access::model::{Access, PeopleSource};
use crate::desired::Desired;
use crate::jumpserver::spec::{Live, SeenUser};
use crate::mark::Mark;
use crate::names::{Owner, PersonName};

/// What was found about people.
#[derive(Debug, Default)]
pub(super) struct People<'a> {
    /// The user in JumpServer of everybody who may get something.
    pub(super) users: HashMap<&'a PersonName, Uuid>,
    /// Those who get nothing new, for a reason that a finding tells.
    pub(super) blocked: BTreeSet<&'a PersonName>,
    /// What to tell.
    pub(super) findings: Vec<Finding>,
}

/// Finds the users of everybody whom the desired state gives something.
pub(super) fn find<'a>(
    access: &'a Access,
    ours: &Ours<'_>,
    desired: &Desired<'a>,
    live: &Live,
) -> People<'a> {
    let owned = owned_by(access, ours, desired, live);
    let users = HashMap::with_capacity(owned.len());
    let mut found = People { users, ..People::default() };
    for (name, person) in &access.people {
        let Some(owned) = owned.get(name) else { continue };
        let mut block = |finding: Finding| {
            found.blocked.insert(name);
            found.findings.push(finding.at(&person.site).about(name));
        };
        let Some(user) = live.users.get(&person.jumpserver) else {
            if access.config.source == PeopleSource::JumpServer {
                let near = live.near.users.get(&person.jumpserver);
                block(missing(name, &person.jumpserver, near.map_or(&[][..], Vec::as_slice)));
            }
            continue;
        };
        if let Some(id) = person.jumpserver_id
            && id != user.id
        {
            block(
                Finding::new(
                    Kind::UserMadeAnew,
                    format!(
                        "{} has the id {} in JumpServer, and the file of {name} says {id}: {name} \
                         gets nothing new",
                        user.username, user.id
                    ),
                )
                .help(format!("when this is the same human, write `jumpserver-id: {}`", user.id)),
            );
            continue;
        }
        let before = owned.iter().filter(|id| **id != user.id).min();
        if let (Some(before), None) = (before, person.jumpserver_id) {
            block(
                Finding::new(
                    Kind::UserMadeAnew,
                    format!(
                        "the user {} was made anew in JumpServer (id {}; access was made for id \
                         {before}), so {name} gets nothing new",
                        user.username, user.id
                    ),
                )
                .help(format!(
                    "make sure that it is the same human, then write `jumpserver-id: {}` into the \
                     file",
                    user.id
                )),
            );
            continue;
        }
        found.users.insert(name, user.id);
        if !user.active || user.expired {
            let state = if user.active { "expired" } else { "switched off" };
            found.findings.push(
                Finding::new(
                    Kind::UserDisabled,
                    format!(
                        "the user {} is {state} in JumpServer: nothing opens for {name}",
                        user.username
                    ),
                )
                .at(&person.site)
                .about(name),
            );
        }
    }
    found
}

/// Everybody whom the desired state gives something, with the users in the marks of what he
/// holds already: by it a user made anew is found.
fn owned_by<'a>(
    access: &'a Access,
    ours: &Ours<'_>,
    all: &Desired<'a>,
    live: &Live,
) -> HashMap<&'a PersonName, Vec<Uuid>> {
    let owner = &access.config.owner;
    let mut owned: HashMap<&PersonName, Vec<Uuid>> = HashMap::with_capacity(access.people.len());
    let mut put = |person, user: Option<Uuid>| {
        let users = owned.entry(person).or_default();
        users.extend(user.filter(|user| !users.contains(user)));
    };
    for (name, wanted) in &all.permissions {
        put(wanted.person, ours.find(name).and_then(|seen| seen.mark.as_ref()?.user));
    }
    let mut people: HashMap<&str, &PersonName> = HashMap::with_capacity(all.accounts.len());
    for ((_, user), wanted) in &all.accounts {
        put(wanted.person, None);
        people.insert(user, wanted.person);
    }
    for account in live.accounts.values() {
        let mark = account.mark.as_ref();
        let mark = mark.filter(|mark| mark.owner == *owner && mark.id == account.id);
        if let Some(user) = mark.and_then(|mark| mark.user)
            && let Some(person) = people.get(account.username.as_str())
        {
            put(person, Some(user));
        }
    }
    owned
}

fn missing(name: &PersonName, user: &str, near: &[String]) -> Finding {
    let finding = Finding::new(
        Kind::UserMissing,
        format!("JumpServer has no user {user}: {name} gets nothing new until it has"),
    );
    let differs_by_case = near.iter().find(|near| near.to_lowercase() == user.to_lowercase());
    match (differs_by_case, near) {
        (Some(right), _) => finding.help(format!(
            "there is {right}, which differs only by case: write `jumpserver: {right}`"
        )),
        (None, []) => finding.help(
            "the user appears at the first login when users come from LDAP or SSO; where the user \
             name differs, write `jumpserver: NAME` into the file",
        ),
        (None, near) => finding.help(format!("there is: {}", near.join(", "))),
    }
}

/// What to do about users where the people files make them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum UserChange {
    /// Make the user.
    Create {
        /// The user name.
        username: String,
        /// The name for people.
        name: String,
        /// The e-mail address.
        email: String,
    },
    /// Change what differs of a user that we made.
    Update {
        /// The user's id.
        id: Uuid,
        /// The user name.
        username: String,
        /// The new name for people.
        name: Option<String>,
        /// The new address.
        email: Option<String>,
        /// Switch on again.
        enable: bool,
    },
    /// Switch off a user that we made and that the repo has no more.
    Disable {
        /// The user's id.
        id: Uuid,
        /// The user name.
        username: String,
    },
}

/// The changes of users, in the order of their names: none unless people come from the
/// repo. Users that we did not make are never changed.
pub(super) fn changes(access: &Access, desired: &Desired<'_>, live: &Live) -> Vec<UserChange> {
    if access.config.source != PeopleSource::Repo {
        return Vec::new();
    }
    let owner = &access.config.owner;
    let mut changes = Vec::new();
    for (username, spec) in &desired.users {
        match live.users.get(*username) {
            None => changes.push(UserChange::Create {
                username: spec.username.clone(),
                name: spec.name.clone(),
                email: spec.email.clone(),
            }),
            Some(user) if is_ours(owner, user) => {
                let name = (user.name != spec.name).then(|| spec.name.clone());
                let email = (user.email != spec.email).then(|| spec.email.clone());
                // Switched off without our end in the mark: someone's decision, which stays.
                let by_us = user.mark.as_ref().is_some_and(|mark| mark.end.is_some());
                let enable = !user.active && by_us;
                if name.is_some() || email.is_some() || enable {
                    let (id, username) = (user.id, spec.username.clone());
                    changes.push(UserChange::Update { id, username, name, email, enable });
                }
            }
            Some(_) => {}
        }
    }
    for user in active(access, live) {
        if !desired.users.contains_key(&*user.username) {
            changes.push(UserChange::Disable { id: user.id, username: user.username.clone() });
        }
    }
    changes
}

/// Tells of users to change whom only an administrator may change: JumpServer shields its
/// administrators from all others (by the source of both versions, `UserObjectPermission`).
pub(super) fn shielded(changes: &[UserChange], live: &Live) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in changes {
        let (username, what) = match change {
            UserChange::Create { .. } => continue,
            UserChange::Update { username, .. } => (username, "change"),
            UserChange::Disable { username, .. } => (username, "switch off"),
        };
        if !live.users.get(username).is_some_and(|user| user.administrator) {
            continue;
        }
        let text = format!(
            "the user {username} became an administrator of JumpServer, whom only another one can \
             {what}: apply cannot, unless its token is an administrator's"
        );
        findings.push(Finding::new(Kind::Shielded, text).help(format!(
            "take the system role off {username} in JumpServer by hand, and the next apply does it"
        )));
    }
    findings
}

/// The users that we made and that are switched on.
pub(super) fn active<'a>(access: &'a Access, live: &'a Live) -> impl Iterator<Item = &'a SeenUser> {
    let owner = &access.config.owner;
    live.users.values().filter(move |user| user.active && is_ours(owner, user))
}

fn is_ours(owner: &Owner, user: &SeenUser) -> bool {
    let mine = |mark: &Mark| mark.owner == *owner && mark.id == user.id;
    user.mark.as_ref().is_some_and(mine)
}
