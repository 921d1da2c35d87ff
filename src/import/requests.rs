//! Permissions and accounts become request files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::accounts::{self, Accounts};
use super::permissions::{Context, Judged, Kind};
use super::person::People;
use super::{Covered, File, Found, Kind as Of, Left, Options, Reason, Seen, Thing, Why, write};
use crate::access::model::{Access, Scope};
use crate::adoption::{self, Adoptions};
use crate::audit::Ours;
use crate::grants::{self, Offers, ServerTarget, Want};
use crate::jumpserver::everything::Everything;
use crate::jumpserver::spec::{PermissionSpec, SeenPermission};
use crate::names::{InstanceName, LevelName, LoginName, PersonName};
use crate::naming;
use crate::period::Period;

/// The folder of the requests that an import writes.
pub const FOLDER: &str = "requests/imported";

/// Writes a request for each permission that is asked for and is exactly what a request gives,
/// on databases together with its account.
pub fn find(access: &Access, seen: &Seen, options: &Options, moment: Timestamp) -> Found {
    let everything = &seen.observed.jumpserver;
    let people = People::new(access, options);
    let context = Context::new(access, &people, everything, moment);
    let ours = Ours::new(access, everything);
    // All accounts are judged: one may belong to a permission whose name is asked for.
    let accounts = accounts::all(access, &people, seen, &ours);
    let mut writer = Writer {
        access,
        seen,
        offers: Offers::new(&access.servers),
        taken: Taken::by_git(access, moment),
        context: &context,
        accounts: &accounts,
        adopted: Adopted::of(access),
        used: BTreeSet::new(),
        found: Found::default(),
    };
    for permission in foreign(access, everything, &ours) {
        let judged = context.judge(permission);
        if wanted(options, &context, &judged) {
            writer.permission(judged);
        }
    }
    writer.rest(options);
    writer.found
}

/// The permissions of other hands; those that only hold a text of jumpgate's are none.
pub(super) fn foreign<'a>(
    access: &'a Access,
    everything: &'a Everything,
    ours: &Ours<'_>,
) -> impl Iterator<Item = &'a SeenPermission> {
    let config = &access.config;
    let anchor = naming::anchor(&config.prefix, &config.owner);
    everything.permissions.iter().filter(move |seen| {
        let name = &seen.spec.name;
        let holds_text = *name == anchor || naming::lease_number(&config.owner, name).is_some();
        !holds_text && !ours.permission(seen)
    })
}

/// Whether a permission is asked for.
pub(super) fn wanted(options: &Options, context: &Context<'_>, judged: &Judged<'_>) -> bool {
    let mut users = judged.spec.users.iter();
    asked(options, context, judged)
        && (options.people.is_empty() || users.any(|user| options.of(context.people.user(user))))
}

/// Whether a permission is asked for, whosever it is: by its own name or the name of its account,
/// and by where it reaches.
pub(super) fn asked(options: &Options, context: &Context<'_>, judged: &Judged<'_>) -> bool {
    let spec = judged.spec;
    let named = || match &judged.kind {
        Kind::Databases { accounts } => accounts.iter().any(|account| options.named(account)),
        Kind::Hosts(_) => false,
    };
    let places = spec.assets.iter().chain(&spec.nodes).map(String::as_str);
    let instances = spec.assets.iter().filter_map(|asset| context.instances.get(asset.as_str()));
    (options.named(&spec.name) || named())
        && options.on(places.chain(instances.map(|name| name.as_str())))
}

/// What one permission or account can stand for only once: by name, what stands there.
struct Taken<'a> {
    permissions: BTreeMap<String, String>,
    accounts: BTreeMap<(&'a PersonName, &'a LevelName, &'a InstanceName), String>,
}

impl<'a> Taken<'a> {
    /// What requests give already.
    fn by_git(access: &'a Access, moment: Timestamp) -> Self {
        let mut taken = Self { permissions: BTreeMap::new(), accounts: BTreeMap::new() };
        let adoptions = Adoptions::of(access);
        let all = grants::of(access);
        for grant in all.iter().filter(|grant| !grant.period.is_over(moment)) {
            let person = grant.person;
            let request = format!("requests/{}.yaml", grant.because.request);
            let user;
            let kind = match grant.want {
                Want::Server { login, .. } => naming::Kind::Login(login),
                Want::Database { instance, level, .. } => {
                    let Some(holder) = adoption::holder(access, instance) else { continue };
                    taken
                        .accounts
                        .entry((person, level, holder))
                        .or_insert_with(|| request.clone());
                    user = adoptions.user(access, holder, person, level);
                    adoption::kind(access, person, level, &user)
                }
            };
            let name = naming::permission(&access.config.prefix, kind, person, &grant.period);
            taken.permissions.entry(name).or_insert(request);
        }
        taken
    }
}

/// What requests adopt already, each with its file.
struct Adopted<'a> {
    permissions: BTreeMap<&'a str, String>,
    accounts: BTreeMap<(&'a InstanceName, &'a str), String>,
}

impl<'a> Adopted<'a> {
    fn of(access: &'a Access) -> Self {
        let mut adopted = Self { permissions: BTreeMap::new(), accounts: BTreeMap::new() };
        for request in access.requests.values() {
            let file = request.site.file.to_string();
            for want in &request.servers {
                if let Some((name, _)) = &want.adopts {
                    adopted.permissions.insert(name, file.clone());
                }
            }
            for want in &request.databases {
                if let Some((name, _)) = &want.adopts.permission {
                    adopted.permissions.insert(name, file.clone());
                }
                if let Some((user, _)) = &want.adopts.account {
                    let instances = want.instances.iter();
                    let holders = instances.filter_map(|(name, _)| adoption::holder(access, name));
                    let accounts = holders.map(|holder| ((holder, user.as_str()), file.clone()));
                    adopted.accounts.extend(accounts);
                }
            }
        }
        adopted
    }
}

struct Writer<'a, 'c> {
    access: &'a Access,
    seen: &'a Seen,
    offers: Offers<'a>,
    taken: Taken<'a>,
    context: &'c Context<'a>,
    accounts: &'c Accounts<'a>,
    adopted: Adopted<'a>,
    /// The accounts that a request was written for.
    used: BTreeSet<(&'a InstanceName, &'a str)>,
    found: Found,
}

/// What a permission gives, as a request says it.
enum Gives<'a> {
    /// A login on hosts.
    Login(&'a LoginName),
    /// An account on instances, and the first of them.
    Accounts { first: OnInstance<'a>, parts: Vec<OnInstance<'a>> },
}

/// One instance of a request for databases.
#[derive(Clone, Copy)]
pub(super) struct OnInstance<'a> {
    pub(super) instance: &'a InstanceName,
    pub(super) holder: &'a InstanceName,
    pub(super) account: &'a str,
    pub(super) level: &'a LevelName,
    pub(super) scopes: &'a [Scope],
}

impl<'a, 'c: 'a> Writer<'a, 'c> {
    fn permission(&mut self, judged: Judged<'a>) {
        let Judged { spec, person, period, kind, mut reasons } = judged;
        let thing = Thing::jumpserver(Of::Permission, &spec.name);
        if let Some(file) = self.adopted.permissions.get(spec.name.as_str()) {
            self.found.covered.push(Covered { thing, file: file.clone() });
            return;
        }
        let gives = match (&kind, person) {
            (Kind::Hosts(Some(login)), Some(person)) => {
                reasons.extend(offered(self.access, self.context, &self.offers, spec, login));
                self.in_place(naming::Kind::Login(login), person, &period, &mut reasons);
                Some((person, Gives::Login(login)))
            }
            (Kind::Databases { accounts }, Some(person)) if accounts.len() == 1 => {
                let account = accounts.first().copied().unwrap_or_default();
                let parts = self.instances(&spec.assets, account, person, &mut reasons);
                if let Some(part) = parts.first() {
                    let kind = adoption::kind(self.access, person, part.level, account);
                    self.in_place(kind, person, &period, &mut reasons);
                }
                parts.first().copied().map(|first| (person, Gives::Accounts { first, parts }))
            }
            _ => None,
        };
        match gives.filter(|_| reasons.is_empty()) {
            Some((person, gives)) => self.request(thing, spec, person, &period, &gives),
            None => {
                if reasons.is_empty() {
                    let why = match kind {
                        Kind::Hosts(_) => Why::NotALogin,
                        Kind::Databases { .. } => Why::NotAnAccount,
                    };
                    reasons.push(Reason::new(why, "no request says what it gives"));
                }
                self.found.left.push(Left { thing, reasons });
            }
        }
    }

    /// Writes the request that gives exactly what a permission gives.
    fn request(
        &mut self,
        thing: Thing,
        spec: &'a PermissionSpec,
        person: &'a PersonName,
        period: &Period,
        gives: &Gives<'a>,
    ) {
        let mut stands_for = vec![thing];
        let (kind, (path, text)) = match gives {
            Gives::Login(login) => {
                let file = write::hosts(self.access, person, period, login, spec);
                (naming::Kind::Login(login), file)
            }
            Gives::Accounts { first, parts } => {
                for part in parts {
                    let key = (person, part.level, part.holder);
                    self.taken.accounts.insert(key, format!("account {}", part.account));
                    self.used.insert((part.holder, part.account));
                    if let Some(account) = self.accounts.by_user.get(&(part.holder, part.account)) {
                        stands_for.push(account.thing.clone());
                    }
                }
                let file = write::databases(self.access, person, period, parts, &spec.name);
                (adoption::kind(self.access, person, first.level, first.account), file)
            }
        };
        self.taken.permissions.insert(self.name(kind, person, period), title(&spec.name));
        stands_for.dedup();
        if self.found.files.iter().any(|file| file.path == path) {
            let text = format!("{path} would be the file of something else too");
            let reasons = vec![Reason::new(Why::File, text)];
            let left = |thing| Left { thing, reasons: reasons.clone() };
            self.found.left.extend(stands_for.into_iter().map(left));
            return;
        }
        self.found.files.push(File { path, added_to: false, text, stands_for, notes: Vec::new() });
    }

    /// The name that the permission would have if jumpgate had made it.
    fn name(&self, kind: naming::Kind<'_>, person: &PersonName, period: &Period) -> String {
        naming::permission(&self.access.config.prefix, kind, person, period)
    }

    /// Whether nothing else stands for the same person, login or level, and period.
    fn in_place(
        &self,
        kind: naming::Kind<'_>,
        person: &PersonName,
        period: &Period,
        reasons: &mut Vec<Reason>,
    ) {
        if let Some(other) = self.taken.permissions.get(&self.name(kind, person, period)) {
            let what = match kind {
                naming::Kind::Login(login) => format!("login {login}"),
                naming::Kind::Level(level) | naming::Kind::Adopted(level, _) => {
                    format!("level {level}")
                }
            };
            let text = format!("{other} stands for {what} of {person} in the same period already");
            reasons.push(Reason::new(Why::Taken, text));
        }
    }

    /// What of each instance a permission on databases opens with one account.
    fn instances(
        &self,
        assets: &'a BTreeSet<String>,
        user: &'a str,
        person: &'a PersonName,
        reasons: &mut Vec<Reason>,
    ) -> Vec<OnInstance<'a>> {
        let mut parts: Vec<OnInstance<'a>> = Vec::new();
        for asset in assets {
            let Some(instance) = self.context.instances.get(asset.as_str()).copied() else {
                continue;
            };
            let Some(holder) = adoption::holder(self.access, instance) else { continue };
            let mut add = |why, text: String| reasons.push(Reason::new(why, text));
            if self.access.is_retired(instance) {
                add(Why::NotOffered, format!("{instance} is retired"));
                continue;
            }
            let Some(account) = self.accounts.by_user.get(&(holder, user)) else {
                add(Why::Pair, self.no_account(holder, user));
                continue;
            };
            if let Some(reason) = account.reasons.first() {
                let text = format!("its account on {holder} is left alone: {}", reason.text);
                add(Why::Pair, text);
                continue;
            }
            let (Some(owner), Some(level)) = (account.person, account.level) else { continue };
            if owner != person {
                let text = format!("account {user} is {owner}'s by its name, not {person}'s");
                add(Why::Pair, text);
                continue;
            }
            if let Some(first) = parts.first().filter(|first| first.level != level) {
                let text = format!(
                    "account {user} has level {} on {} and {level} on {holder}: one permission \
                     has one level",
                    first.level, first.holder
                );
                add(Why::Pair, text);
                continue;
            }
            // An instance and its replica show one account.
            let here = parts.iter().any(|part| part.holder == holder);
            if let Some(other) = self.taken.accounts.get(&(person, level, holder)).filter(|_| !here)
            {
                let text =
                    format!("{other} stands for level {level} of {person} on {holder} already");
                add(Why::Taken, text);
                continue;
            }
            let scopes = account.scopes.as_slice();
            parts.push(OnInstance { instance, holder, account: user, level, scopes });
        }
        parts
    }

    /// Why an instance does not show an account that a permission opens.
    fn no_account(&self, holder: &InstanceName, user: &str) -> String {
        match self.seen.observed.instances.get(holder) {
            Some(Ok(_)) => {
                let host = self.access.instances.get(holder).map(|one| one.account_host.as_str());
                format!("{holder} has no account {user}@{}", host.unwrap_or_default())
            }
            Some(Err(_)) => format!("{holder} could not be read"),
            None => format!("{holder} was not read"),
        }
    }

    /// The accounts that no request was written for.
    fn rest(&mut self, options: &Options) {
        let asked = |account: &accounts::Judged<'_>, user: &str, instance: &str| {
            options.named(user) && options.on([instance]) && options.of(account.person)
        };
        for ((instance, user), account) in &self.accounts.by_user {
            if self.used.contains(&(*instance, *user)) || !asked(account, user, instance.as_str()) {
                continue;
            }
            let thing = account.thing.clone();
            if let Some(file) = self.adopted.accounts.get(&(*instance, *user)) {
                self.found.covered.push(Covered { thing, file: file.clone() });
                continue;
            }
            let mut reasons = account.reasons.clone();
            if reasons.is_empty() {
                reasons.push(Reason::new(Why::Pair, self.no_permission(instance, user)));
            }
            self.found.left.push(Left { thing, reasons });
        }
        for account in &self.accounts.others {
            let user = account.thing.name.rsplit_once('@').map(|(user, _)| user);
            let user = user.unwrap_or(&account.thing.name);
            if asked(account, user, &account.thing.target) {
                let (thing, reasons) = (account.thing.clone(), account.reasons.clone());
                self.found.left.push(Left { thing, reasons });
            }
        }
    }

    /// Why an account has no permission that goes with it.
    fn no_permission(&self, instance: &InstanceName, user: &str) -> String {
        let asset = self.access.instances.get(instance).map(|one| one.asset.as_str());
        let open = self.seen.observed.jumpserver.permissions.iter().filter(|seen| {
            seen.spec.active
                && seen.spec.accounts.contains(user)
                && asset.is_some_and(|asset| seen.spec.assets.contains(asset))
        });
        let names: Vec<&str> = open.map(|seen| seen.spec.name.as_str()).collect();
        match names.as_slice() {
            [] => "no permission of JumpServer names it with its asset".to_owned(),
            [name] => format!("permission {name}, which names it, is left alone"),
            names => {
                let names = crate::audit::listed(names.iter().copied());
                format!("permissions {names}, which name it, are left alone")
            }
        }
    }
}

/// A permission as what stands in the way of another.
fn title(name: &str) -> String {
    format!("permission {name}")
}

/// Why the inventory does not offer what a permission reaches.
pub(super) fn offered(
    access: &Access,
    context: &Context<'_>,
    offers: &Offers<'_>,
    spec: &crate::jumpserver::spec::PermissionSpec,
    login: &LoginName,
) -> Vec<Reason> {
    let nodes = spec.nodes.iter().map(|node| ServerTarget::Node(node));
    let assets = spec.assets.iter().map(|asset| ServerTarget::Asset(asset));
    let mut reasons = Vec::new();
    for target in nodes.chain(assets) {
        let words = words(target);
        let mut add = |why, text: String| reasons.push(Reason::new(why, text));
        let Some(entry) = offers.find(target) else {
            add(Why::NotOffered, format!("inventory/servers.yaml does not offer {words}"));
            continue;
        };
        let place = format!("{}:{}", entry.site.file, entry.site.line);
        if !entry.logins.contains(login) {
            add(Why::NotOffered, format!("{place} offers {words} without login {login}"));
        }
        let ServerTarget::Asset(name) = target else { continue };
        if offers.matching(name).len() > 1 {
            add(Why::NotOffered, format!("two entries of inventory/servers.yaml match {words}"));
        }
        let Some(asset) = context.asset(name) else { continue };
        let mut above = asset.nodes.iter().filter_map(|node| offers.node(node));
        if let Some(other) = above.find(|other| other.environment != entry.environment) {
            let text = format!(
                "{words} is {} by {place}, and its node is {} by {}:{}",
                entry.environment, other.environment, other.site.file, other.site.line
            );
            add(Why::NotOffered, text);
        }
        let spoken = access.config.logins.get(login).is_some_and(|login| {
            login.protocols.iter().any(|protocol| asset.protocols.contains_key(protocol))
        });
        if asset.category == "database" && !spoken {
            let text = format!("{words} is a database ({}), not a host", asset.kind);
            add(Why::NotALogin, text);
        }
    }
    reasons
}

/// A target in words.
pub(super) fn words(target: ServerTarget<'_>) -> String {
    match target {
        ServerTarget::Node(path) => format!("node {path}"),
        ServerTarget::Asset(name) => format!("asset {name}"),
    }
}
