//! Who may open what in JumpServer: every permission with the users and assets that it
//! really means, through groups and nodes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::access::model::{Access, Site};
use crate::grants::Offers;
use crate::jumpserver::everything::{Everything, User};
use crate::jumpserver::spec::{ALL, PermissionSpec, SeenAsset, SeenPermission};
use crate::names::PersonName;
use crate::node_path::with_parents;

/// The account text that opens the account of a user's own name, where JumpServer holds one for
/// the asset (by the source of both versions, `map_alias_to_accounts`).
const OWN: &str = "@USER";

/// All actions that JumpServer knows, in the order of its bits (both versions).
pub const ACTIONS: [&str; 7] =
    ["connect", "upload", "download", "copy", "paste", "delete", "share"];

/// Account texts that let people in with what JumpServer does not hold.
pub const VIRTUAL: [&str; 3] = ["@ANON", "@INPUT", OWN];

/// Whether an account text lets people in with what JumpServer does not hold.
pub fn is_virtual(text: &str) -> bool {
    VIRTUAL.contains(&text)
}

/// Who may open what.
pub struct Reach<'a> {
    /// The id of the organization.
    pub organization: &'a str,
    /// The permissions that open something now or later: active, not ended, with accounts,
    /// actions, protocols, users and assets.
    pub ways: Vec<Way<'a>>,
    /// The permissions that take an account away, now or later, whatever else they do.
    shutting: Vec<Way<'a>>,
    /// All users, by user name.
    pub users: BTreeMap<&'a str, &'a User>,
    people: HashMap<&'a str, &'a PersonName>,
    assets: HashMap<&'a str, &'a SeenAsset>,
    /// The user names of active accounts that JumpServer holds, by asset, those of its directory
    /// services too: a permission opens nothing else, whatever it names (tried on both versions).
    held: HashMap<&'a str, BTreeSet<&'a str>>,
    /// The assets of the access repo, each with its place there.
    repo: BTreeMap<&'a str, Site>,
    /// How many assets are in and below a node.
    below: HashMap<&'a str, usize>,
    /// Those of the repo among them.
    repo_below: HashMap<&'a str, BTreeSet<&'a str>>,
    /// Where the ways are that reach an asset, and where what takes accounts away.
    to_ways: Index<'a>,
    to_shutting: Index<'a>,
    /// Whether `!name` takes an account away (4.10) or is a text like any other (3.10).
    excludes: bool,
    moment: Timestamp,
    /// The users that the same ways let in, for all accounts that they open: on an asset
    /// with many accounts these are the same again and again.
    known: RefCell<HashMap<Meeting, Names<'a>>>,
}

/// Names that many share.
pub type Names<'a> = Rc<BTreeSet<&'a str>>;

/// Ways that open an account, and ways that take it away.
type Meeting = (Vec<usize>, Vec<usize>);

/// A permission that opens something.
pub struct Way<'a> {
    /// The permission.
    pub seen: &'a SeenPermission,
    /// The users that it lets in, through groups too; disabled ones are not among them.
    pub users: Names<'a>,
    /// The assets of the access repo that it reaches.
    pub assets: Names<'a>,
    /// The bits of its actions.
    bits: i32,
}

/// Places in a list of permissions, by what these name.
#[derive(Default)]
struct Index<'a> {
    by_asset: HashMap<&'a str, Vec<usize>>,
    by_node: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn add(&mut self, spec: &'a PermissionSpec, place: usize) {
        for asset in &spec.assets {
            self.by_asset.entry(asset).or_default().push(place);
        }
        for node in &spec.nodes {
            self.by_node.entry(node).or_default().push(place);
        }
    }

    /// Those that name an asset, or one of the nodes that it is in or below.
    fn reaching(&self, asset: &str, nodes: &BTreeSet<&str>) -> BTreeSet<usize> {
        let by_node = nodes.iter().filter_map(|node| self.by_node.get(node)).flatten();
        let named = self.by_asset.get(asset).into_iter().flatten();
        named.chain(by_node).copied().collect()
    }
}

impl<'a> Reach<'a> {
    /// Works out who may open what. What is over by the moment is left out.
    pub fn new(access: &'a Access, everything: &'a Everything, moment: Timestamp) -> Self {
        let offers = Offers::new(&access.servers);
        let mut repo: BTreeMap<&str, Site> = BTreeMap::new();
        let mut below: HashMap<&str, usize> = HashMap::new();
        let mut repo_below: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        let databases: HashMap<&str, &Site> = access
            .instances
            .values()
            .map(|instance| (instance.asset.as_str(), &instance.site))
            .collect();
        for asset in &everything.assets {
            let name = asset.name.as_str();
            let offered = || {
                let named = offers.matching(name).into_iter().next();
                named.or_else(|| asset.nodes.iter().find_map(|node| offers.node(node)))
            };
            let site = match databases.get(name) {
                Some(site) => Some((*site).clone()),
                None => offered().map(|entry| entry.site.clone()),
            };
            let nodes: BTreeSet<&str> =
                asset.nodes.iter().flat_map(|node| with_parents(node)).collect();
            for node in nodes {
                *below.entry(node).or_default() += 1;
                if site.is_some() {
                    repo_below.entry(node).or_default().insert(name);
                }
            }
            if let Some(site) = site {
                repo.insert(name, site);
            }
        }
        let mut reach = Self {
            organization: &everything.organization.0,
            ways: Vec::new(),
            shutting: Vec::new(),
            users: everything
                .users
                .iter()
                .map(|user| (user.seen.username.as_str(), user))
                .collect(),
            people: access
                .people
                .iter()
                .map(|(name, person)| (person.jumpserver.as_str(), name))
                .collect(),
            assets: everything.assets.iter().map(|asset| (asset.name.as_str(), asset)).collect(),
            held: HashMap::new(),
            repo,
            below,
            repo_below,
            to_ways: Index::default(),
            to_shutting: Index::default(),
            excludes: everything.excludes,
            moment,
            known: RefCell::default(),
        };
        for account in everything.accounts.iter().filter(|account| account.seen.active) {
            reach.held.entry(&account.seen.asset).or_default().insert(&account.seen.username);
        }
        reach.add_directories(everything);
        reach.add_ways(everything);
        reach
    }

    /// Counts the accounts of a directory service on the assets that joined it.
    fn add_directories(&mut self, everything: &'a Everything) {
        let joined = everything.assets.iter().filter(|asset| !asset.directories.is_empty());
        let joined: Vec<&SeenAsset> = joined.collect();
        if joined.is_empty() {
            return;
        }
        let names: HashMap<Uuid, &str> =
            everything.assets.iter().map(|asset| (asset.id, asset.name.as_str())).collect();
        for asset in joined {
            let directories = asset.directories.iter().filter_map(|id| names.get(id));
            let theirs: Vec<&str> =
                directories.filter_map(|name| self.held.get(name)).flatten().copied().collect();
            self.held.entry(&asset.name).or_default().extend(theirs);
        }
    }

    fn add_ways(&mut self, everything: &'a Everything) {
        let mut groups: HashMap<&str, Vec<&str>> = HashMap::new();
        for user in everything.users.iter().filter(|user| user.seen.active) {
            for group in &user.seen.groups {
                groups.entry(group).or_default().push(&user.seen.username);
            }
        }
        // Many permissions mean the same people or the same places: each is worked out once.
        let mut people: HashMap<(&BTreeSet<String>, &BTreeSet<String>), Names<'a>> = HashMap::new();
        let mut places: HashMap<(&BTreeSet<String>, &BTreeSet<String>), Names<'a>> = HashMap::new();
        for seen in &everything.permissions {
            let spec = &seen.spec;
            let gives = !spec.protocols.is_empty()
                && spec.accounts.iter().any(|text| !text.starts_with('!') && text != "@SPEC");
            let shuts = self.excludes && spec.accounts.iter().any(|text| text.starts_with('!'));
            let stands = spec.active && spec.end > self.moment && !spec.actions.is_empty();
            if !stands || !gives && !shuts {
                continue;
            }
            let users = people.entry((&spec.users, &spec.groups)).or_insert_with(|| {
                let direct = spec.users.iter().filter_map(|name| {
                    let (name, user) = self.users.get_key_value(name.as_str())?;
                    user.seen.active.then_some(*name)
                });
                let grouped = spec.groups.iter().filter_map(|name| groups.get(name.as_str()));
                Rc::new(direct.chain(grouped.flatten().copied()).collect())
            });
            let any = spec.assets.iter().any(|name| self.assets.contains_key(name.as_str()))
                || spec.nodes.iter().any(|node| self.assets_below(node) > 0);
            if users.is_empty() || !any {
                continue;
            }
            let assets = places.entry((&spec.assets, &spec.nodes)).or_insert_with(|| {
                let named = spec.assets.iter().filter_map(|name| {
                    self.repo.get_key_value(name.as_str()).map(|(name, _)| *name)
                });
                let inside =
                    spec.nodes.iter().filter_map(|node| self.repo_below.get(node.as_str()));
                Rc::new(named.chain(inside.flatten().copied()).collect())
            });
            let way = || Way {
                seen,
                users: Rc::clone(users),
                assets: Rc::clone(assets),
                bits: bits(spec),
            };
            if gives {
                self.to_ways.add(spec, self.ways.len());
                self.ways.push(way());
            }
            if shuts {
                self.to_shutting.add(spec, self.shutting.len());
                self.shutting.push(way());
            }
        }
    }

    /// The person whose user this is.
    pub fn person(&self, user: &str) -> Option<&'a PersonName> {
        self.people.get(user).copied()
    }

    /// Where the access repo names an asset; none for others.
    pub fn site(&self, asset: &str) -> Option<&Site> {
        self.repo.get(asset)
    }

    /// An asset by its name.
    pub fn asset(&self, name: &str) -> Option<&'a SeenAsset> {
        self.assets.get(name).copied()
    }

    /// The user names of the active accounts that JumpServer holds for an asset.
    pub fn accounts_on(&self, asset: &str) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        self.held.get(asset).into_iter().flatten().copied()
    }

    /// How many assets are in and below a node.
    pub fn assets_below(&self, node: &str) -> usize {
        self.below.get(node).copied().unwrap_or(0)
    }

    /// The ways that reach an asset, each once, directly or by a node at or above it.
    pub fn to_asset(&self, asset: &str) -> impl Iterator<Item = &Way<'a>> {
        let places = self.to_ways.reaching(asset, &self.above(asset));
        places.into_iter().filter_map(|place| self.ways.get(place))
    }

    /// The nodes that an asset is in or below.
    fn above(&self, asset: &str) -> BTreeSet<&'a str> {
        let nodes = self.assets.get(asset).into_iter().flat_map(|asset| &asset.nodes);
        nodes.flat_map(|node| with_parents(node)).collect()
    }

    /// From when on a way lets in: today, or its start where it begins later.
    pub fn begins(&self, way: &Way<'_>) -> Timestamp {
        way.seen.spec.start.max(self.moment)
    }

    /// Whether a way opens an account of this user name while it runs, by itself.
    pub fn opens(&self, way: &Way<'_>, account: &str) -> bool {
        names(way, account) && !self.excludes_account(way, account)
    }

    /// The users to whom a way opens an account while it runs, by itself: all of its users, or
    /// him whose own name the account has.
    pub fn opens_to(&self, way: &Way<'a>, account: &str) -> Names<'a> {
        if self.opens(way, account) {
            return Rc::clone(&way.users);
        }
        let own = way.users.get(account).filter(|_| way.seen.spec.accounts.contains(OWN));
        Rc::new(own.copied().into_iter().collect())
    }

    /// Whether a way takes the account away, from its users and in all permissions.
    fn excludes_account(&self, way: &Way<'_>, account: &str) -> bool {
        let is_it =
            |text: &String| text.starts_with('!') && text.trim_start_matches('!') == account;
        self.excludes && way.seen.spec.accounts.iter().any(is_it)
    }

    /// The users who may open an account on an asset today; nobody where JumpServer does not
    /// hold the account.
    pub fn users_of(&self, asset: &str, account: &str) -> Names<'a> {
        self.users_at(asset, account, self.moment)
    }

    /// The same at a later moment, by the permissions and accounts of today.
    pub fn users_at(&self, asset: &str, account: &str, at: Timestamp) -> Names<'a> {
        if !self.held.get(asset).is_some_and(|held| held.contains(account)) {
            return Names::default();
        }
        let above = self.above(asset);
        let ways = self.to_ways.reaching(asset, &above);
        let shutting = self.to_shutting.reaching(asset, &above);
        let named = |place: &usize| {
            self.ways.get(*place).is_some_and(|way| runs(way, at) && names(way, account))
        };
        let shut = |text: &str| {
            let shuts = |place: &usize| {
                let way = self.shutting.get(*place).filter(|way| runs(way, at));
                way.is_some_and(|way| self.excludes_account(way, text))
            };
            shutting.iter().copied().filter(shuts).collect::<Vec<usize>>()
        };
        let users = self.meeting((ways.iter().copied().filter(named).collect(), shut(account)));
        let Some((own, _)) = self.users.get_key_value(account).filter(|_| !users.contains(account))
        else {
            return users;
        };
        let by_own = |place: &usize| {
            let way = self.ways.get(*place).filter(|way| runs(way, at));
            way.is_some_and(|way| way.seen.spec.accounts.contains(OWN) && way.users.contains(own))
        };
        let by_own: Vec<usize> = ways.iter().copied().filter(by_own).collect();
        if !self.meeting((by_own, shut(OWN))).contains(own) {
            return users;
        }
        Rc::new(users.iter().chain([own]).copied().collect())
    }

    /// The users to whom ways that open an account leave something of it beside what takes it
    /// away. The actions of all are added up, and what is taken away is subtracted as a number
    /// (4.10, by its source `parse_alias_action_date_expire`): what is left above zero opens.
    fn meeting(&self, meeting: Meeting) -> Names<'a> {
        let mut known = self.known.borrow_mut();
        let users = known.entry(meeting).or_insert_with_key(|(open, shut)| {
            let mut sums: BTreeMap<&'a str, (i32, i32)> = BTreeMap::new();
            for way in open.iter().filter_map(|place| self.ways.get(*place)) {
                for user in way.users.iter() {
                    sums.entry(user).or_default().0 |= way.bits;
                }
            }
            for way in shut.iter().filter_map(|place| self.shutting.get(*place)) {
                for user in way.users.iter() {
                    sums.entry(user).or_default().1 |= way.bits;
                }
            }
            let left = sums.into_iter().filter(|(_, (open, shut))| open > shut);
            Rc::new(left.map(|(user, _)| user).collect())
        });
        Rc::clone(users)
    }
}

/// Whether a way lets in at a moment.
fn runs(way: &Way<'_>, at: Timestamp) -> bool {
    way.seen.spec.start <= at && at < way.seen.spec.end
}

/// Whether a way names an account, by itself or with all.
fn names(way: &Way<'_>, account: &str) -> bool {
    way.seen.spec.accounts.contains(ALL) || way.seen.spec.accounts.contains(account)
}

/// The actions of a permission as the number that JumpServer keeps; one that is not known is
/// above all.
fn bits(spec: &PermissionSpec) -> i32 {
    let place = |action: &String| ACTIONS.iter().position(|known| known == action);
    let bit = |action| 1 << place(action).unwrap_or(ACTIONS.len());
    spec.actions.iter().map(bit).fold(0, |bits, bit| bits | bit)
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
