//! One permission of JumpServer: whose it is, and whether a request says exactly that.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::person::People;
use super::{Reason, Why};
use crate::access::model::{Access, Person};
use crate::audit::{day, listed};
use crate::desired::{CONNECT, DATABASE_PROTOCOLS};
use crate::jumpserver::everything::{Everything, User};
use crate::jumpserver::spec::{ALL, PermissionSpec, SeenAsset, SeenPermission};
use crate::names::{InstanceName, LoginName, PersonName};
use crate::period::{Edge, Period};
use crate::plan::{NO_END, same_meaning};
use crate::plural::count;

/// A permission that was judged.
pub(super) struct Judged<'a> {
    pub(super) spec: &'a PermissionSpec,
    pub(super) person: Option<&'a PersonName>,
    pub(super) period: Period,
    pub(super) kind: Kind<'a>,
    /// Why no request says exactly this; what the inventory offers is not looked at yet.
    pub(super) reasons: Vec<Reason>,
}

/// What a permission opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// Hosts, as one login; none when no login fits.
    Hosts(Option<&'a LoginName>),
    /// Databases, with the account names that it opens and the assets.
    Databases { accounts: BTreeSet<&'a str> },
}

/// What judging needs to know.
pub(super) struct Context<'a> {
    pub(super) access: &'a Access,
    pub(super) people: &'a People<'a>,
    users: BTreeMap<&'a str, &'a User>,
    assets: BTreeMap<&'a str, &'a SeenAsset>,
    /// Instances by the name of their asset.
    pub(super) instances: BTreeMap<&'a str, &'a InstanceName>,
    moment: Timestamp,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        access: &'a Access,
        people: &'a People<'a>,
        everything: &'a Everything,
        moment: Timestamp,
    ) -> Self {
        let users = everything.users.iter().map(|user| (user.seen.username.as_str(), user));
        let assets = everything.assets.iter().map(|asset| (asset.name.as_str(), asset));
        let instances = access.instances.iter().map(|(name, one)| (one.asset.as_str(), name));
        Self {
            access,
            people,
            users: users.collect(),
            assets: assets.collect(),
            instances: instances.collect(),
            moment,
        }
    }

    /// An asset by its name.
    pub(super) fn asset(&self, name: &str) -> Option<&'a SeenAsset> {
        self.assets.get(name).copied()
    }

    /// Judges a permission that is not this repo's.
    pub(super) fn judge(&self, seen: &'a SeenPermission) -> Judged<'a> {
        let spec = &seen.spec;
        let mut reasons = Vec::new();
        self.shut(spec, &mut reasons);
        if !reasons.is_empty() {
            // What else it would give says nothing about a door that is shut.
            let period = Period::default();
            return Judged { spec, person: None, period, kind: Kind::Hosts(None), reasons };
        }
        if seen.labelled || seen.mark.is_some() {
            let owner = seen.mark.as_ref().map(|mark| &mark.owner);
            reasons.push(match owner.filter(|owner| **owner != self.access.config.owner) {
                Some(other) => Reason::new(Why::Marked, format!("belongs to access repo {other}")),
                None => Reason::new(Why::Marked, "carries this repo's label or mark as a copy"),
            });
        }
        let person = self.person(spec, &mut reasons);
        let mut ends = Vec::new();
        let period = self.period(spec, person.map(|(_, person)| person), &mut ends);
        let databases = spec.assets.iter().filter(|asset| self.is_database(asset)).count();
        let kind = if databases > 0 && (databases == spec.assets.len()) {
            self.databases(spec, &period, &mut reasons)
        } else {
            if databases > 0 {
                let text = format!(
                    "opens hosts and databases ({}): a permission of jumpgate opens one of both",
                    count(databases, "database")
                );
                reasons.push(Reason::new(Why::NotALogin, text));
            }
            Kind::Hosts(self.login(spec, &period, &mut reasons))
        };
        reasons.extend(ends);
        for name in spec.assets.iter().filter(|name| name.contains('*')) {
            let text = format!("asset {name}: a request takes `*` for a pattern");
            reasons.push(Reason::new(Why::File, text));
        }
        Judged { spec, person: person.map(|(name, _)| name), period, kind, reasons }
    }

    /// Whether an asset is a MySQL or MariaDB server.
    fn is_database(&self, asset: &str) -> bool {
        self.instances.contains_key(asset) || self.asset(asset).is_some_and(is_mysql)
    }

    fn shut(&self, spec: &PermissionSpec, reasons: &mut Vec<Reason>) {
        let mut shut = |text: String| reasons.push(Reason::new(Why::Shut, text));
        if !spec.active {
            shut("is switched off".to_owned());
        }
        if spec.end <= self.moment {
            shut(format!("ended on {}", day(spec.end)));
        }
        if spec.assets.is_empty() && spec.nodes.is_empty() {
            shut("names no assets and no nodes".to_owned());
        }
        if spec.accounts.is_empty() {
            shut("names no accounts".to_owned());
        }
    }

    /// The one person whom it lets in.
    fn person(
        &self,
        spec: &PermissionSpec,
        reasons: &mut Vec<Reason>,
    ) -> Option<(&'a PersonName, &'a Person)> {
        let mut add = |why, text: String| reasons.push(Reason::new(why, text));
        if !spec.groups.is_empty() {
            let names = listed(spec.groups.iter().map(String::as_str));
            let s = if spec.groups.len() == 1 { "" } else { "s" };
            add(Why::NotOnePerson, format!("uses user group{s} {names}"));
        }
        let mut users = spec.users.iter();
        let user = match (users.next(), users.next()) {
            (Some(user), None) => user,
            (Some(_), Some(_)) => {
                let text = format!(
                    "{}: a permission of jumpgate is for one person",
                    count(spec.users.len(), "user")
                );
                add(Why::NotOnePerson, text);
                return None;
            }
            (None, _) => {
                if spec.groups.is_empty() {
                    add(Why::Shut, "names no users".to_owned());
                }
                return None;
            }
        };
        if self.users.get(user.as_str()).is_some_and(|user| !user.seen.active) {
            add(Why::Shut, format!("user {user} is switched off"));
        }
        let Some(name) = self.people.user(user) else {
            add(Why::UnknownPerson, format!("user {user} is nobody's in people/"));
            return None;
        };
        let person = self.access.people.get(name)?;
        if person.has_left(self.moment) {
            add(Why::UnknownPerson, format!("{name} has left"));
        }
        Some((name, person))
    }

    /// The login that gives what the permission gives.
    fn login(
        &self,
        spec: &'a PermissionSpec,
        period: &Period,
        reasons: &mut Vec<Reason>,
    ) -> Option<&'a LoginName> {
        let told = self.people.told(&spec.name).and_then(|told| told.means);
        let logins = &self.access.config.logins;
        let differing = logins.iter().map(|(name, login)| {
            let want = PermissionSpec {
                accounts: login.accounts.iter().cloned().collect(),
                protocols: login.protocols.iter().cloned().collect(),
                actions: login.actions.clone(),
                ..in_period(spec, period)
            };
            let same = same_meaning(spec, &want, false, &self.assets, self.moment);
            (name, differences(&same, &format!("login {name}"), &want, Why::NotALogin))
        });
        let differing: Vec<(&LoginName, Vec<Reason>)> = differing.collect();
        // Of several that are the same the one that the name says; else the first.
        let exact = || differing.iter().filter(|(_, differences)| differences.is_empty());
        let said = exact().find(|(name, _)| told == Some(name.as_str()));
        if let Some((name, _)) = said.or_else(|| exact().next()) {
            return Some(name);
        }
        // The nearest one tells best what is different.
        let near = differing
            .into_iter()
            .min_by_key(|(name, differences)| (told != Some(name.as_str()), differences.len()));
        reasons.extend(near.into_iter().flat_map(|(_, differences)| differences));
        None
    }

    /// Judges a permission that opens databases.
    fn databases(
        &self,
        spec: &'a PermissionSpec,
        period: &Period,
        reasons: &mut Vec<Reason>,
    ) -> Kind<'a> {
        let accounts: BTreeSet<&str> = named(spec).collect();
        let want = PermissionSpec {
            accounts: accounts.iter().take(1).map(|account| (*account).to_owned()).collect(),
            protocols: DATABASE_PROTOCOLS.map(str::to_owned).into(),
            actions: BTreeSet::from([CONNECT.to_owned()]),
            ..in_period(spec, period)
        };
        let same = same_meaning(spec, &want, true, &self.assets, self.moment);
        reasons.extend(differences(&same, "a request for a database", &want, Why::NotAnAccount));
        if !spec.nodes.is_empty() {
            let nodes = listed(spec.nodes.iter().map(String::as_str));
            let text = format!("names {nodes}: a permission for databases names their assets");
            reasons.push(Reason::new(Why::NotAnAccount, text));
        }
        for asset in spec.assets.iter().filter(|asset| !self.instances.contains_key(asset.as_str()))
        {
            let text = format!("no file in inventory/databases/ names asset {asset}");
            reasons.push(Reason::new(Why::NotOffered, text));
        }
        Kind::Databases { accounts }
    }

    /// From when until when, as a request can say it.
    fn period(
        &self,
        spec: &PermissionSpec,
        person: Option<&Person>,
        reasons: &mut Vec<Reason>,
    ) -> Period {
        let zone = &self.access.config.zone;
        let mut add = |text: String| reasons.push(Reason::new(Why::Period, text));
        let whole =
            |at: Timestamp| at.as_second().rem_euclid(60) == 0 && at.subsec_nanosecond() == 0;
        let mut period = Period::default();
        if spec.start > self.moment {
            if whole(spec.start) {
                period.from = Some(first(spec.start, zone));
            } else {
                let at = second(spec.start, zone);
                add(format!("starts {at}: a request starts on a whole minute"));
            }
        }
        if spec.end.as_second() < NO_END {
            if whole(spec.end) {
                period.until = Some(Edge::end(spec.end, zone));
            } else {
                let at = second(spec.end, zone);
                add(format!("ends {at}: a request ends on a whole minute"));
            }
        }
        if let Some(left) = person.and_then(|person| person.left.as_ref())
            && left.at > self.moment
            && left.at < period.end()
        {
            add(format!("its person leaves {}, before it ends", left.text));
        }
        period
    }
}

/// Whether an asset of JumpServer is a MySQL or MariaDB server.
pub(super) fn is_mysql(asset: &SeenAsset) -> bool {
    asset.category == "database" && matches!(asset.kind.as_str(), "mysql" | "mariadb")
}

/// The beginning of a period: a day where it is one in `zone`.
fn first(at: Timestamp, zone: &TimeZone) -> Edge {
    let date = at.to_zoned_datetime(zone.clone()).date();
    let day = Edge::first_of(date, zone).ok().filter(|edge| edge.at == at);
    day.unwrap_or_else(|| Edge::moment(at, zone))
}

/// A moment to the second, as people of the zone read it.
fn second(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// The accounts that a permission names one by one.
fn named(spec: &PermissionSpec) -> impl Iterator<Item = &str> {
    spec.accounts.iter().map(String::as_str).filter(|account| !account.starts_with(['@', '!']))
}

/// Account texts that mean more or less than one account.
fn wide(spec: &PermissionSpec, why: Why, add: &mut impl FnMut(String)) {
    let what = if why == Why::NotALogin { "login" } else { "request for a database" };
    if spec.accounts.contains(ALL) {
        add(format!("gives {ALL} accounts: no {what} says that"));
    }
    // Those that no known JumpServer has, too.
    let texts = spec.accounts.iter().map(String::as_str);
    let virtual_: Vec<&str> = texts.filter(|text| text.starts_with('@') && *text != ALL).collect();
    if !virtual_.is_empty() {
        add(format!("gives {}: no {what} says that", virtual_.join(", ")));
    }
    let taken: Vec<&str> =
        spec.accounts.iter().map(String::as_str).filter(|text| text.starts_with('!')).collect();
    if !taken.is_empty() {
        add(format!("takes accounts away ({}): no {what} says that", taken.join(", ")));
    }
}

/// Where a permission differs from what a request, in words `what`, would have; nothing when
/// it gives the same.
fn differences(spec: &PermissionSpec, what: &str, want: &PermissionSpec, why: Why) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut add = |text: String| reasons.push(Reason::new(why, text));
    wide(spec, why, &mut add);
    let accounts: BTreeSet<String> = named(spec).map(str::to_owned).collect();
    // With everything open what else is named tells nothing.
    if !spec.accounts.contains(ALL) {
        if why == Why::NotAnAccount && accounts.len() > 1 {
            let names = listed(accounts.iter().map(String::as_str));
            let many = count(accounts.len(), "account");
            add(format!("{many} ({names}): a permission of jumpgate opens one"));
        } else {
            compare("accounts", &accounts, &want.accounts, what, &mut add);
        }
    }
    compare("protocols", &spec.protocols, &want.protocols, what, &mut add);
    compare("actions", &spec.actions, &want.actions, what, &mut add);
    reasons
}

/// The permission as it would be in a period that a request can say.
fn in_period(spec: &PermissionSpec, period: &Period) -> PermissionSpec {
    PermissionSpec { start: period.start(), end: period.end(), ..spec.clone() }
}

/// Says how a list differs from the one that `what` has.
fn compare(
    list: &str,
    here: &BTreeSet<String>,
    there: &BTreeSet<String>,
    what: &str,
    add: &mut impl FnMut(String),
) {
    let all = |words: &BTreeSet<String>| words.iter().cloned().collect::<Vec<_>>().join(", ");
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
        a.difference(b).cloned().collect::<Vec<_>>().join(", ")
    };
    let (more, less) = (only(here, there), only(there, here));
    match (more.is_empty(), less.is_empty()) {
        (true, true) => {}
        (false, true) => add(format!("{list} also: {more}")),
        (true, false) => add(format!("{list} lack: {less}")),
        (false, false) => add(format!("{list} {}: {what} has {}", all(here), all(there))),
    }
}
