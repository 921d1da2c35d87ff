//! The permissions of JumpServer: one for each person, login or level, and period.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

use super::{Permissions, Wanted, end_of, later};
use crate::access::model::Access;
use crate::adoption::{self, Adoptions};
use crate::grants::{self, Grant, ServerTarget, Want};
use crate::jumpserver::spec::PermissionSpec;
use crate::naming::{self, Kind};
use crate::period::Period;

/// The one action that databases know.
pub(crate) const CONNECT: &str = "connect";
/// The one protocol of both kinds of servers: JumpServer calls MariaDB's its own name on
/// the platform, but speaks MySQL to it.
pub(crate) const DATABASE_PROTOCOLS: [&str; 2] = ["mysql", "mariadb"];

/// The permissions that the grants ask for at `moment`.
pub(super) fn wanted<'a>(
    adoptions: &Adoptions<'a>,
    access: &'a Access,
    grants: &'a [Grant<'a>],
    moment: Timestamp,
) -> Permissions<'a> {
    let mut permissions = Permissions::new();
    for group in grants::groups(grants) {
        let [grant, ..] = group else { continue };
        if grant.period.is_over(moment) {
            continue;
        }
        let Some(person) = access.people.get(grant.person) else { continue };
        let prefix = &access.config.prefix;
        let name = |kind| naming::permission(prefix, kind, grant.person, &grant.period);
        match grant.want {
            Want::Server { login, .. } => {
                let Some(kind) = access.config.logins.get(login) else { continue };
                let wanted = entry(&mut permissions, name(Kind::Login(login)), group, |name| {
                    PermissionSpec {
                        accounts: kind.accounts.iter().cloned().collect(),
                        protocols: kind.protocols.iter().cloned().collect(),
                        actions: kind.actions.clone(),
                        ..empty(name, &person.jumpserver, &grant.period)
                    }
                });
                for grant in group {
                    let Want::Server { target, .. } = grant.want else { continue };
                    match target {
                        ServerTarget::Node(path) => wanted.spec.nodes.insert(path.to_owned()),
                        ServerTarget::Asset(asset) => wanted.spec.assets.insert(asset.to_owned()),
                    };
                }
            }
            Want::Database { instance, level, .. } => {
                let Some(asked) = access.instances.get(instance) else { continue };
                let Some(holder) = adoption::holder(access, instance) else { continue };
                if !grant.period.has_started(moment) {
                    continue;
                }
                let account = adoptions.user(access, holder, grant.person, level);
                let adopted = adoptions.account(holder, grant.person, level).is_some();
                let name = match adopted {
                    true => name(adoption::kind(access, grant.person, level, &account)),
                    false => name(Kind::Level(level)),
                };
                let wanted = entry(&mut permissions, name, group, |name| PermissionSpec {
                    accounts: BTreeSet::from([account]),
                    protocols: DATABASE_PROTOCOLS.map(str::to_owned).into(),
                    actions: BTreeSet::from([CONNECT.to_owned()]),
                    ..empty(name, &person.jumpserver, &grant.period)
                });
                wanted.spec.assets.insert(asked.asset.clone());
            }
        }
    }
    permissions
}

/// A permission for one user in one period that opens nothing yet.
fn empty(name: String, user: &str, period: &Period) -> PermissionSpec {
    PermissionSpec {
        name,
        users: BTreeSet::from([user.to_owned()]),
        groups: BTreeSet::new(),
        assets: BTreeSet::new(),
        nodes: BTreeSet::new(),
        accounts: BTreeSet::new(),
        protocols: BTreeSet::new(),
        actions: BTreeSet::new(),
        start: period.start(),
        end: period.end(),
        active: true,
    }
}

/// The permission with this name, which the grants of a group, never empty, are now also a
/// cause of.
fn entry<'d, 'a>(
    permissions: &'d mut Permissions<'a>,
    name: String,
    group: &'a [Grant<'a>],
    make: impl FnOnce(String) -> PermissionSpec,
) -> &'d mut Wanted<'a, PermissionSpec> {
    let grant = &group[0];
    let wanted = match permissions.entry(name) {
        Entry::Occupied(entry) => {
            let wanted = entry.into_mut();
            wanted.end = later(wanted.end, end_of(grant));
            wanted
        }
        Entry::Vacant(entry) => {
            let spec = make(entry.key().clone());
            let (person, because, end) = (grant.person, Vec::new(), end_of(grant));
            entry.insert(Wanted { spec, person, because, end })
        }
    };
    wanted.because.extend(group);
    wanted
}
