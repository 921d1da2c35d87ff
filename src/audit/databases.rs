//! Accounts and roles of database servers that are not git's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::grants::{Patterns, faults};
use super::ours::Ours;
use super::power::{self, Power};
use super::reach::{Names, Reach};
use super::{Door, DoorKind, Fault, Kind, Next, Risk, Terms, day, listed, listed_of, who, worst};
use crate::access::model::Access;
use crate::mysql::everything::Everything;
use crate::mysql::spec::{AccountName, Held, SeenAccount, is_password_plugin};
use crate::names::InstanceName;

/// One server and what is known around it.
pub(super) struct Here<'a> {
    pub(super) access: &'a Access,
    pub(super) name: &'a InstanceName,
    pub(super) live: &'a Everything,
    pub(super) reach: &'a Reach<'a>,
    pub(super) ours: &'a Ours<'a>,
    /// The assets on which JumpServer shows its accounts: the instance's own, and those of
    /// its aliases.
    pub(super) assets: Vec<&'a str>,
}

impl<'a> Here<'a> {
    pub(super) fn new(
        access: &'a Access,
        name: &'a InstanceName,
        live: &'a Everything,
        reach: &'a Reach<'a>,
        ours: &'a Ours<'a>,
    ) -> Self {
        let shows = access.instances.iter().filter(|(other, instance)| {
            *other == name || instance.same_accounts_as.as_ref() == Some(name)
        });
        let assets = shows.map(|(_, instance)| instance.asset.as_str()).collect();
        Self { access, name, live, reach, ours, assets }
    }
}

/// What of a server could not be seen, in words.
pub(super) fn unseen(live: &Everything) -> Vec<String> {
    let mut unseen = Vec::new();
    if live.databases.is_none() {
        unseen.push("the names of all databases: what patterns match is not known".to_owned());
    }
    if live.default_roles.is_none() {
        unseen.push("default roles (mysql.default_roles)".to_owned());
    }
    if !live.definers_unseen.is_empty() {
        unseen.push(format!("definers of all {}", live.definers_unseen.join(", ")));
    }
    unseen
}

/// Finds the accounts, the roles with faults of their own, what everybody holds, and grants
/// of accounts that are gone.
pub(super) fn find(here: &Here<'_>, terms: &Terms, moment: Timestamp) -> Vec<Door> {
    let live = here.live;
    let patterns = Patterns::new(live);
    let mut members: BTreeMap<&AccountName, Vec<&AccountName>> = BTreeMap::new();
    for (name, account) in &live.accounts {
        for role in account.held.roles.keys() {
            members.entry(role).or_default().push(name);
        }
    }
    let is_role = |account: &SeenAccount| {
        account.is_role || account.locked && members.contains_key(&account.name)
    };
    let mut names: BTreeMap<&str, Vec<&AccountName>> = BTreeMap::new();
    for (name, account) in &live.accounts {
        if !account.locked && !account.is_role {
            names.entry(&name.user).or_default().push(name);
        }
    }
    let mut doors = Vec::new();
    for (name, account) in &live.accounts {
        if name.user.is_empty() && account.locked {
            doors.extend(nameless(here, &patterns, account));
        } else if is_role(account) {
            let members = members.get(name).map_or(&[][..], Vec::as_slice);
            doors.extend(role(here, &patterns, account, members));
        } else if !account.locked && !here.ours.database_account(here.name, &live.accounts, name) {
            let same = names.get(name.user.as_str()).map_or(&[][..], Vec::as_slice);
            doors.push(self::account(here, &patterns, terms, moment, account, same));
        }
    }
    for name in &live.mandatory_roles {
        if let Some(account) = live.accounts.get(name) {
            doors.extend(everybody(
                here,
                &patterns,
                &format!("the mandatory role {name}"),
                &account.held,
            ));
        }
    }
    if let Some(held) = &live.public {
        doors.extend(everybody(here, &patterns, "PUBLIC", held));
    }
    for (name, held) in &live.leftovers {
        doors.push(leftover(here, &patterns, name, held));
    }
    doors
}

/// Whether an account works on the server's own machine alone.
fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

fn account(
    here: &Here<'_>,
    patterns: &Patterns<'_>,
    terms: &Terms,
    moment: Timestamp,
    account: &SeenAccount,
    same: &[&AccountName],
) -> Door {
    let live = here.live;
    let name = &account.name;
    let naming = live.server.dialect.naming();
    let power = power::of_account(live, account);
    let local = is_local(&name.host);
    let near = |risk: Risk| if local { risk.less() } else { risk };
    let mut found = vec![Fault::new(
        Kind::Account,
        near(match power {
            Power::Nothing | Power::Watches => Risk::Low,
            Power::Reads | Power::Writes => Risk::Medium,
            Power::ReadsAll | Power::WritesAll | Power::TakesOver => Risk::High,
        }),
        "git did not make it",
    )];
    for mut fault in faults(live, patterns, &account.held) {
        fault.risk = near(fault.risk);
        if fault.code == Kind::Global {
            fault.risk = near(fault.risk);
        }
        found.push(fault);
    }
    let mut add = |kind, risk, what: String| found.push(Fault::new(kind, risk, what));
    if !account.held.roles.is_empty() {
        add(Kind::Roles, Risk::Low, role_words(live, account));
    }
    if name.user.is_empty() {
        let holds = account.held != Held::default();
        let risk = if holds { Risk::Critical } else { Risk::High };
        add(Kind::Anonymous, near(risk), "has no user name".into());
    }
    if account.no_password {
        let risk = if power == Power::Nothing { Risk::High } else { Risk::Critical };
        add(Kind::NoPassword, near(risk), "needs no password".into());
    }
    if matches!(name.host.as_str(), "%" | "") {
        let risk = match power {
            Power::Nothing | Power::Watches => Risk::Low,
            Power::Reads | Power::Writes => Risk::Medium,
            Power::ReadsAll | Power::WritesAll | Power::TakesOver => Risk::High,
        };
        add(Kind::AnyHost, risk, format!("its host is `{}`", name.host));
    }
    if is_outdated(live, &account.plugin) {
        add(Kind::OldPlugin, Risk::Medium, format!("uses {}", account.plugin));
    }
    if account.old_password {
        add(Kind::OldPassword, Risk::Medium, "two passwords work".into());
    }
    if !account.held.proxies.is_empty() {
        let others: Vec<String> = account
            .held
            .proxies
            .iter()
            .map(|one| format!("'{}'@'{}'", one.user, one.host))
            .collect();
        let what = format!("holds PROXY on {}", listed(others.iter().map(String::as_str)));
        add(Kind::Proxy, near(Risk::Medium), what);
    }
    if same.len() > 1 && !name.user.is_empty() {
        let git = here.ours.user_name(here.name, &name.user);
        let hosts = same.iter().filter(|other| **other != name).map(|other| other.host.as_str());
        let of = if git { ", of which git made one" } else { "" };
        let what = format!("also at {}{of}", listed_of(hosts, same.len() - 1));
        add(Kind::SameName, if git { Risk::High } else { Risk::Low }, what);
    }
    if let Some(changed) = account.password_changed
        && is_password_plugin(&account.plugin)
        && !account.no_password
        && moment.duration_since(changed) > terms.secret
    {
        add(Kind::StaleSecret, Risk::Low, format!("has its password since {}", day(changed)));
    }
    // The account that JumpServer holds under git's name is git's, and not this one.
    let users = match here.ours.user_name(here.name, &name.user) {
        true => Names::default(),
        false => users(here, &name.user),
    };
    let (people, people_count) = who(here.reach, &users);
    let reads = if *name == live.me { " (jumpgate reads with it)" } else { "" };
    let next = if name.user.is_empty() {
        Next::drop("drop it: nothing that is meant needs it", name)
    } else if local || *name == live.me || power == Power::TakesOver {
        Next::show_grants(name)
    } else {
        Next::lock(name)
    };
    let opens = opens(power, power::all_of_account(live, &account.held), naming);
    door(here, DoorKind::DatabaseAccount, name.to_string(), opens + reads, found, next)
        .with(people, people_count)
}

/// Plugins whose use ends: MySQL dropped mysql_native_password in 9.0 and calls
/// sha256_password deprecated; mysql_old_password is broken on both. On MariaDB
/// mysql_native_password is the default.
fn is_outdated(live: &Everything, plugin: &str) -> bool {
    plugin == "mysql_old_password"
        || !live.server.dialect.is_mariadb()
            && live.server.dialect.has_roles()
            && matches!(plugin, "mysql_native_password" | "sha256_password")
}

fn role_words(live: &Everything, account: &SeenAccount) -> String {
    let names: Vec<&str> = account.held.roles.keys().map(|role| role.user.as_str()).collect();
    let Some(defaults) = &live.default_roles else {
        return format!("has {}, and which are active after a login is not known", listed(names));
    };
    let defaults = defaults.get(&account.name);
    let active: Vec<&str> = defaults.into_iter().flatten().map(|role| role.user.as_str()).collect();
    let active = if live.activates_all_roles {
        "all active after a login".to_owned()
    } else if active.is_empty() {
        "none active after a login".to_owned()
    } else {
        format!("{} active after a login", listed(active))
    };
    format!("has {} ({active})", listed(names))
}

/// The users of JumpServer who may open an account of this name on the instance's assets.
pub(super) fn users<'a>(here: &Here<'a>, user: &str) -> Names<'a> {
    let mut found = Names::default();
    for asset in &here.assets {
        let users = here.reach.users_of(asset, user);
        if found.is_empty() {
            found = users;
        } else if !users.is_empty() {
            found = found.union(&users).copied().collect::<BTreeSet<_>>().into();
        }
    }
    found
}

/// What is opened, in words: the power, and on which databases.
fn opens<'a>(
    power: Power,
    held: impl Iterator<Item = &'a Held>,
    naming: crate::mysql::naming::Naming,
) -> String {
    if !matches!(power, Power::Reads | Power::Writes) {
        return power.words().to_owned();
    }
    let mut places: BTreeSet<String> = BTreeSet::new();
    for held in held {
        places.extend(
            held.databases
                .keys()
                .map(|stored| naming.database(stored).unwrap_or_else(|| format!("`{stored}`"))),
        );
        let tables = held.tables.keys().chain(held.columns.keys());
        places.extend(tables.map(|table| format!("{}.{}", table.database, table.table)));
        places.extend(held.routines.keys().map(|one| format!("{}.{}", one.database, one.name)));
    }
    format!("{} {}", power.words(), listed(places.iter().map(String::as_str)))
}

/// A role with something wrong in itself that somebody holds.
fn role(
    here: &Here<'_>,
    patterns: &Patterns<'_>,
    account: &SeenAccount,
    members: &[&AccountName],
) -> Option<Door> {
    let found = faults(here.live, patterns, &account.held);
    if found.is_empty() || members.is_empty() {
        return None;
    }
    let naming = here.live.server.dialect.naming();
    let power = power::of_roles(here.live, &account.held);
    let names: Vec<String> = members.iter().map(ToString::to_string).collect();
    let opens = format!(
        "{}; granted to {}",
        opens(power, power::with_roles(here.live, &account.held), naming),
        listed(names.iter().map(String::as_str))
    );
    let next = Next::show_grants(&account.name);
    Some(door(here, DoorKind::Role, account.name.user.clone(), opens, found, next))
}

/// What everybody holds, with the roles behind it.
fn everybody(here: &Here<'_>, patterns: &Patterns<'_>, name: &str, held: &Held) -> Option<Door> {
    let naming = here.live.server.dialect.naming();
    let power = power::of_roles(here.live, held);
    if power == Power::Nothing && held.roles.is_empty() {
        return None;
    }
    let risk = match power {
        Power::Nothing | Power::Watches => Risk::Low,
        Power::Reads => Risk::Medium,
        Power::Writes => Risk::High,
        Power::ReadsAll | Power::WritesAll | Power::TakesOver => Risk::Critical,
    };
    let opens = opens(power, power::with_roles(here.live, held), naming);
    let mut found = vec![Fault::new(Kind::Everybody, risk, "holds for every account")];
    found.extend(faults(here.live, patterns, held));
    let statement = match name {
        "PUBLIC" => "SHOW GRANTS FOR PUBLIC;",
        _ => "SELECT @@mandatory_roles;",
    };
    let next = Next::sql("see what everybody holds, and take it back", statement.into());
    Some(door(here, DoorKind::Everybody, name.to_owned(), opens, found, next))
}

/// An account without a user name that is locked: nobody logs in by it, and its grants on
/// databases work for every account that comes from its host ([`Held::on_databases`]). What else
/// it holds works for nobody.
fn nameless(here: &Here<'_>, patterns: &Patterns<'_>, account: &SeenAccount) -> Option<Door> {
    let naming = here.live.server.dialect.naming();
    let name = &account.name;
    let held = account.held.on_databases();
    if held.databases.is_empty() {
        return None;
    }
    let power = power::of_held(&held, naming);
    let what = "is locked, and its grants on databases work for everybody";
    let mut found = vec![Fault::new(Kind::Everybody, risk_to_all(name, power), what)];
    found.extend(faults(here.live, patterns, &held));
    let next = Next::drop("drop it: nothing that is meant needs it", name);
    let opens = opens(power, std::iter::once(&held), naming);
    Some(door(here, DoorKind::DatabaseAccount, name.to_string(), opens, found, next))
}

/// How bad it is that everybody who comes from a host has something.
fn risk_to_all(name: &AccountName, power: Power) -> Risk {
    let risk = if power >= Power::ReadsAll { Risk::Critical } else { Risk::High };
    if is_local(&name.host) { risk.less() } else { risk }
}

/// Grants of an account that is gone.
fn leftover(here: &Here<'_>, patterns: &Patterns<'_>, name: &AccountName, held: &Held) -> Door {
    let naming = here.live.server.dialect.naming();
    let power = power::of_roles(here.live, held);
    let risk = if power >= Power::Reads { Risk::Medium } else { Risk::Low };
    let opens = opens(power, power::with_roles(here.live, held), naming);
    // Without a user name those on databases work for every account that comes from the host.
    let (risk, what) = match name.user.is_empty() && !held.databases.is_empty() {
        true => (
            risk_to_all(name, power),
            "has grants and no account, and those on databases work for everybody",
        ),
        false => (risk, "has grants and no account"),
    };
    let mut found = vec![Fault::new(Kind::Leftover, risk, what)];
    found.extend(faults(here.live, patterns, held));
    let next = Next::drop("drop what is left under the name", name);
    door(here, DoorKind::Leftover, name.to_string(), opens, found, next)
}

/// A door of this server.
pub(super) fn door(
    here: &Here<'_>,
    kind: DoorKind,
    name: String,
    opens: String,
    faults: Vec<Fault>,
    next: Next,
) -> Door {
    Door {
        risk: worst(&faults),
        target: here.name.to_string(),
        kind,
        name,
        id: None,
        opens,
        people: Vec::new(),
        people_count: 0,
        faults,
        next,
        site: here.access.instances.get(here.name).map(|instance| instance.site.clone()),
    }
}

impl Door {
    /// With who goes through it.
    fn with(mut self, people: Vec<super::Who>, count: usize) -> Self {
        self.people = people;
        self.people_count = count;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::tests::world;
    use crate::mysql::privilege::Privilege;
    use crate::mysql::spec::Row;
    use crate::plan::tests::world::{at, repo};

    /// The doors of a server, by name, with their risks.
    fn doors(live: Everything) -> Vec<(String, Risk)> {
        let access = repo(&[], &[("requests/.keep", "")]);
        let instance = "orders-prod".parse().expect("an instance");
        let observed = crate::audit::Observed {
            jumpserver: Default::default(),
            instances: [(instance, Ok(Box::new(live)))].into(),
        };
        let moment = at("2026-12-01T00:00:00Z");
        let found = crate::audit::find(&access, &observed, &Terms::default(), moment, None);
        found.doors.into_iter().map(|door| (door.name, door.risk)).collect()
    }

    fn rows(stored: &str) -> Held {
        let row = Row { privileges: Privilege::Select.into(), grant_option: false };
        Held { databases: [(stored.to_owned(), row)].into(), ..Held::default() }
    }

    /// A server with a locked account without a user name.
    fn with_locked(host: &str, held: Held) -> Everything {
        let mut live = world::server();
        let name = AccountName { user: String::new(), host: host.to_owned() };
        let account = SeenAccount { name: name.clone(), locked: true, ..world::account("", held) };
        live.accounts.insert(name, account);
        live
    }

    #[test]
    fn rows_without_a_user_name_work_for_everybody_whether_their_account_is_gone_or_locked() {
        let nobody = AccountName { user: String::new(), host: "%".to_owned() };
        let mut left = world::server();
        left.leftovers.insert(nobody.clone(), rows("billing"));
        let expected = [(nobody.to_string(), Risk::High)];
        assert_eq!(doors(left), expected);
        assert_eq!(doors(with_locked("%", rows("billing"))), expected);
        // Those with all hashes, and those that work on the server's own machine alone.
        assert_eq!(doors(with_locked("%", rows("%"))), [(nobody.to_string(), Risk::Critical)]);
        let local = AccountName { host: "localhost".to_owned(), ..nobody };
        let found = doors(with_locked("localhost", rows("billing")));
        assert_eq!(found, [(local.to_string(), Risk::Medium)]);
    }

    #[test]
    fn what_else_a_locked_account_without_a_user_name_holds_works_for_nobody() {
        let global = ["SELECT".to_owned()].into();
        assert_eq!(doors(with_locked("%", Held { global, ..Held::default() })), []);
        assert_eq!(doors(with_locked("%", Held::default())), []);
    }
}
