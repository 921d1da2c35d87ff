//! The people of a plan: who stands in JumpServer, who is missing, who was made anew.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::access::group;
use super::finding::{Finding, Kind};
use super::ours::Ours;
use crate::access::model::{Access, PeopleSource};
use crate::desired::Desired;
use crate::jumpserver::spec::{Live, PermissionSpec, SeenPermission, SeenUser};
use crate::mark::Mark;
use crate::names::{Owner, PersonName};
use crate::naming;

/// What was found about people.
#[derive(Debug, Default)]
pub(super) struct People<'a> {
    /// The user in JumpServer of everybody who may get something.
    pub(super) users: HashMap<&'a PersonName, Uuid>,
    /// Those who get nothing new, for a reason that a finding tells.
    pub(super) blocked: BTreeSet<&'a PersonName>,
    /// The permissions that were made for another user than JumpServer has under the name in
    /// the person's file, by id: each with that user's name, when he keeps what it gives.
    formerly: HashMap<Uuid, Option<&'a str>>,
    /// Those of people who get nothing new that nothing else tells of another user.
    telling: HashSet<Uuid>,
    /// What to tell.
    pub(super) findings: Vec<Finding>,
}

impl People<'_> {
    /// Whether a permission names in its mark another user than its person has now. As long as
    /// the person is blocked it must not go: nothing else tells that user from this one.
    pub(super) fn tells_of_another(&self, permission: Uuid) -> bool {
        self.telling.contains(&permission)
    }

    /// Whether a permission was made for another user than the one whom the file names.
    pub(super) fn is_anothers(&self, permission: Uuid) -> bool {
        self.formerly.contains_key(&permission)
    }

    /// Who keeps what a permission of ours gives, when `wanted` are the users whom it should
    /// have: whoever it was made for, and nobody else, whoever stands in it now.
    pub(super) fn who_keep(
        &self,
        seen: &SeenPermission,
        wanted: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        match self.formerly.get(&seen.id) {
            Some(user) => user.iter().map(|user| (*user).to_owned()).collect(),
            None => wanted.intersection(&seen.spec.users).cloned().collect(),
        }
    }
}

/// What stays of a permission that goes and tells of another user: nothing but its mark.
pub(crate) fn emptied(seen: &SeenPermission, mark: &Mark) -> (PermissionSpec, Mark) {
    let spec = PermissionSpec {
        users: BTreeSet::new(),
        groups: BTreeSet::new(),
        assets: BTreeSet::new(),
        nodes: BTreeSet::new(),
        active: false,
        ..seen.spec.clone()
    };
    let requests = Default::default();
    (spec, Mark { requests, ..mark.clone() })
}

/// Finds the users of everybody whom the desired state gives something.
pub(super) fn find<'a, 'l: 'a>(
    access: &'a Access,
    ours: &Ours<'l>,
    desired: &Desired<'a>,
    live: &'l Live,
) -> People<'a> {
    let whose = Whose::find(ours, desired, live);
    let owned = owned_by(access, &whose, desired, live);
    let users = HashMap::with_capacity(owned.len());
    let formerly = formerly(access, &whose, live);
    let mut found = People { users, formerly, ..People::default() };
    for (name, person) in &access.people {
        let Some(owned) = owned.get(name) else { continue };
        let mut block = |finding: Finding| {
            found.blocked.insert(name);
            found.findings.push(finding.at(&person.site).about(name));
        };
        let Some(user) = live.users.get(&person.jumpserver) else {
            if access.config.source == PeopleSource::JumpServer {
                let near = live.near.users.get(&person.jumpserver);
                let near = near.map_or(&[][..], Vec::as_slice);
                let kept = whose.of(name).iter().filter_map(|seen| found.formerly.get(&seen.id));
                let kept =
                    kept.copied().flatten().filter(|kept| *kept != person.jumpserver).collect();
                block(missing(name, &person.jumpserver, near, &kept));
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
        // Whom jumpgate made, it made for the person of the file.
        let made_by_us =
            access.config.source == PeopleSource::Repo && is_ours(&access.config.owner, user);
        let before = owned.iter().filter(|id| **id != user.id).min();
        if let (Some(before), None, false) = (before, person.jumpserver_id, made_by_us) {
            block(another(name, user, *before, whose.of(name)));
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
    found.telling = telling(access, &found.blocked, &whose, live);
    found
}

/// The permissions that are ours of everybody whom the desired state gives something: those that
/// are wanted, and those that are on their way out.
struct Whose<'l, 'a>(HashMap<&'a PersonName, Vec<&'l SeenPermission>>);

impl<'l, 'a> Whose<'l, 'a> {
    fn find(ours: &Ours<'l>, all: &Desired<'a>, live: &'l Live) -> Self {
        let permissions = all.permissions.values().map(|wanted| wanted.person);
        let accounts = all.accounts.values().map(|wanted| wanted.person);
        // Mostly all that is there is wanted.
        let people = LazyCell::new(|| -> HashMap<&str, &PersonName> {
            permissions.chain(accounts).map(|person| (person.as_str(), person)).collect()
        });
        let mut wanted = HashMap::with_capacity(all.permissions.len());
        for (name, one) in &all.permissions {
            wanted.extend(ours.find(name).map(|seen| (seen.id, one.person)));
        }
        let mut whose: HashMap<&PersonName, Vec<&SeenPermission>> = HashMap::new();
        for seen in live.permissions.values().filter(|seen| ours.has(seen)) {
            let named = || people.get(naming::person(group(&seen.spec.name))?).copied();
            if let Some(person) = wanted.get(&seen.id).copied().or_else(named) {
                whose.entry(person).or_default().push(seen);
            }
        }
        Self(whose)
    }

    fn of(&self, person: &PersonName) -> &[&'l SeenPermission] {
        self.0.get(person).map_or(&[], Vec::as_slice)
    }
}

/// The user for whom a permission was made, as its mark says it.
fn made_for(seen: &SeenPermission) -> Option<Uuid> {
    seen.mark.as_ref()?.user
}

/// The permissions whose marks name another user than JumpServer has under the name in the
/// person's file, each with that user's name when he keeps them. Where JumpServer has nobody
/// of the name in the file he may only have been renamed, unless a file says who he is.
fn formerly<'l>(
    access: &Access,
    whose: &Whose<'l, '_>,
    live: &Live,
) -> HashMap<Uuid, Option<&'l str>> {
    let named = LazyCell::new(|| -> HashSet<&str> {
        access.people.values().map(|person| person.jumpserver.as_str()).collect()
    });
    let mut formerly = HashMap::new();
    for (person, permissions) in &whose.0 {
        let Some(person) = access.people.get(*person) else { continue };
        let user = live.users.get(&person.jumpserver).map(|user| user.id);
        for seen in permissions {
            let Some(made_for) = made_for(seen).filter(|made_for| user != Some(*made_for)) else {
                continue;
            };
            // Where people come from the files, he is made by then.
            let renamed = user.is_none()
                && access.config.source == PeopleSource::JumpServer
                && person.jumpserver_id.is_none_or(|his| his == made_for);
            let name = seen.user_ids.get(&made_for).map(String::as_str);
            let keeps = name
                .filter(|name| *name == person.jumpserver || (renamed && !named.contains(name)));
            formerly.insert(seen.id, keeps);
        }
    }
    formerly
}

/// The permissions of people who are blocked that tell of another user than the right one.
fn telling(
    access: &Access,
    blocked: &BTreeSet<&PersonName>,
    whose: &Whose<'_, '_>,
    live: &Live,
) -> HashSet<Uuid> {
    let of_another = blocked.iter().flat_map(|name| {
        let person = access.people.get(*name);
        let his = person.and_then(|person| {
            let user = live.users.get(&person.jumpserver).map(|user| user.id);
            person.jumpserver_id.or(user)
        });
        whose.of(name).iter().filter(move |seen| {
            let made_for = made_for(seen);
            made_for.is_some() && made_for != his
        })
    });
    of_another.map(|seen| seen.id).collect()
}

/// Says that access was made for another user than the one whom the file names.
fn another(
    name: &PersonName,
    user: &SeenUser,
    before: Uuid,
    permissions: &[&SeenPermission],
) -> Finding {
    let users: BTreeSet<&String> = permissions.iter().flat_map(|seen| &seen.spec.users).collect();
    let others: Vec<&str> =
        users.into_iter().map(String::as_str).filter(|one| *one != user.username).collect();
    let out = match others.as_slice() {
        [] => String::new(),
        [one] => format!(", {one} is taken out of it"),
        more => format!(", {} are taken out of it", more.join(" and ")),
    };
    let text = format!(
        "the user {} has the id {} in JumpServer, and the access of {name} was made for the id \
         {before}{out}: {name} gets nothing new",
        user.username, user.id
    );
    Finding::new(Kind::UserMadeAnew, text).help(format!(
        "somebody made the user anew, or the file names another one than before: make sure that it \
         is the right human, then write `jumpserver-id: {}` into the file",
        user.id
    ))
}

/// Everybody whom the desired state gives something, with the users in the marks of what he
/// holds already: by it a user made anew is found.
fn owned_by<'a>(
    access: &'a Access,
    whose: &Whose<'_, 'a>,
    all: &Desired<'a>,
    live: &Live,
) -> HashMap<&'a PersonName, Vec<Uuid>> {
    let owner = &access.config.owner;
    let mut owned: HashMap<&PersonName, Vec<Uuid>> = HashMap::with_capacity(access.people.len());
    let mut put = |person, user: Option<Uuid>| {
        let users = owned.entry(person).or_default();
        users.extend(user.filter(|user| !users.contains(user)));
    };
    for wanted in all.permissions.values() {
        put(wanted.person, None);
    }
    for (person, permissions) in &whose.0 {
        permissions.iter().for_each(|seen| put(person, made_for(seen)));
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

/// Says that JumpServer does not have somebody's user; `kept` are those who have his access.
fn missing(name: &PersonName, user: &str, near: &[String], kept: &BTreeSet<&str>) -> Finding {
    let mut text = format!("JumpServer has no user {user}: {name} gets nothing new until it has");
    let differs_by_case = near.iter().find(|near| near.to_lowercase() == user.to_lowercase());
    let mut help = match (differs_by_case, near) {
        (Some(right), _) => {
            format!("there is {right}, which differs only by case: write `jumpserver: {right}`")
        }
        (None, []) => {
            "the user appears at the first login when users come from LDAP or SSO; where \
                       the user name differs, write `jumpserver: NAME` into the file"
                .to_owned()
        }
        (None, near) => format!("there is: {}", near.join(", ")),
    };
    if !kept.is_empty() {
        let kept = kept.iter().copied().collect::<Vec<_>>().join(" and ");
        text += &format!(", and until then {kept} keeps the access of {name}, made for that user");
        help += &format!(
            "; when {kept} is another human, take {kept} out of the permissions of {name} in \
             JumpServer by hand"
        );
    }
    Finding::new(Kind::UserMissing, text).help(help)
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
